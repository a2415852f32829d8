/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions and dense layers in whole numbers:
 *
 *     y = y_zero + scaled(bias[f] + sum over taps and channels of (x - x_zero) (w - w_zero)),
 *         within least..most
 *
 * Padding stands for x_zero, which adds nothing. Sums of more than int32 holds wrap.
 *
 * Source  TensorFlow Lite, kernels/internal/reference/integer_ops/conv.h, depthwise_conv.h,
 *         fully_connected.h; reference/conv.h for weights with a zero point.
 */
#ifndef TARE_SRC_KERNEL_INT8_PRODUCT_H
#define TARE_SRC_KERNEL_INT8_PRODUCT_H

#include "kernel/convolution.h"

#include <stdbool.h>

typedef struct tare_int8_product {
    tare_convolution c; /* of images: of extent 1 along the first dimension */
    /* Where weight (filter f, tap k, channel c of its group) lies: f filter_step + k tap_step + c.
     */
    int64_t filter_step, tap_step;
    int32_t x_zero, w_zero, y_zero, least, most;
    bool halves_up; /* where the factor is applied; else away from 0 */
} tare_int8_product;

/* What the weights have to do with a product: the images may be of any extent. */
typedef struct tare_int8_weights {
    const int8_t *w;
    const int32_t *multipliers; /* [2][filters]: factors' multipliers and shifts */
    const int32_t *bias;        /* NULL or [filters] */
} tare_int8_weights;

/* Weights as the kernels of this processor read them, with what follows from them alone: so many
 * bytes, aligned to 64. Of p's geometry only channels, filters, groups, kernel and dilation matter.
 */
int64_t tare_int8_packed_bytes(const tare_int8_product *p);
void tare_int8_pack(const tare_int8_product *p, const tare_int8_weights *weights, void *packed);

/* Scratch bytes, aligned to 64; from shapes and instruction set only. */
int64_t tare_int8_product_scratch(const tare_int8_product *p);
void tare_int8_product_run(const tare_int8_product *p, const int8_t *x, const void *packed,
                           int8_t *y, void *scratch, tare_pool *pool);

/* Plain loops, to the same bits. */
void tare_int8_product_reference(const tare_int8_product *p, const int8_t *x,
                                 const tare_int8_weights *weights, int8_t *y, tare_pool *pool);

#endif
