/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a depthwise convolution needs from an instruction set: sums of products, channel by channel.
 * One table per instruction set, all compiled from depthwise_rows.inc.h.
 */
#ifndef TARE_SRC_KERNEL_DEPTHWISE_ROWS_H
#define TARE_SRC_KERNEL_DEPTHWISE_ROWS_H

#include "kernel/isa.h"

#include <stdint.h>

typedef struct tare_depthwise_rows {
    tare_isa isa;
    /* y[c] = bias[c] + sum over i < count of x[i][c] w[i][c], in order of i; bias NULL: 0. */
    void (*sum)(int64_t channels, int64_t count, const float *const *x, const float *const *w,
                const float *bias, float *y);
    /* dw[c] += sum over i < count of x[i step + c] dy[i channels + c], in order of i. */
    void (*add_products)(int64_t channels, int64_t count, const float *x, int64_t step,
                         const float *dy, float *dw);
} tare_depthwise_rows;

extern const tare_depthwise_rows tare_depthwise_rows_baseline;
#if defined(__x86_64__)
extern const tare_depthwise_rows tare_depthwise_rows_avx2, tare_depthwise_rows_avx512;
#endif

#endif
