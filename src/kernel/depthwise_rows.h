/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a depthwise convolution needs from an instruction set: sums of products, channel by channel,
 * for pixels side by side that read through the same taps. One table per instruction set, all
 * compiled from depthwise_rows.inc.h.
 */
#ifndef TARE_SRC_KERNEL_DEPTHWISE_ROWS_H
#define TARE_SRC_KERNEL_DEPTHWISE_ROWS_H

#include "kernel/isa.h"

#include <stdint.h>

#define TARE_DEPTHWISE_MOST_TAPS 128

/*
 * Pixel p of y meets, through tap t, the `channels` numbers of pixel p * x_step behind x[t]; its
 * own are those of pixel p * y_step behind y, and the tap's begin at w[t] or dw[t].
 */
typedef struct tare_depthwise_run {
    int64_t channels, taps, pixels;
    int64_t x_step, y_step;
    const float *x[TARE_DEPTHWISE_MOST_TAPS];
    const float *w[TARE_DEPTHWISE_MOST_TAPS]; /* for sum */
    float *dw[TARE_DEPTHWISE_MOST_TAPS];      /* for add_products */
    const float *bias;                        /* for sum; NULL: 0 */
    /* What is read next, as long as what this run reads; it may lie behind the end of an array,
     * since it is only fetched ahead. y_ahead is for add_products. */
    const float *x_ahead, *y_ahead;
} tare_depthwise_run;

typedef struct tare_depthwise_rows {
    tare_isa isa;
    /* y = bias + sum over t of x w, in order of t. */
    void (*sum)(const tare_depthwise_run *run, float *y);
    /* dw[t] += sum over pixels of x dy, in order of pixels. */
    void (*add_products)(const tare_depthwise_run *run, const float *dy);
} tare_depthwise_rows;

extern const tare_depthwise_rows tare_depthwise_rows_baseline;
#if defined(__x86_64__)
extern const tare_depthwise_rows tare_depthwise_rows_avx2, tare_depthwise_rows_avx512;
#endif

#endif
