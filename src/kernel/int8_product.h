/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions and dense layers in whole numbers:
 *
 *     y = y_zero + scaled(bias[f] + sum over taps and channels of (x - x_zero) (w - w_zero)),
 *         within least..most
 *
 * Padding stands for x_zero, which adds nothing. Plain loops; sums of more than int32 holds wrap.
 *
 * Source  TensorFlow Lite, kernels/internal/reference/integer_ops/conv.h, depthwise_conv.h,
 *         fully_connected.h.
 */
#ifndef TARE_SRC_KERNEL_INT8_PRODUCT_H
#define TARE_SRC_KERNEL_INT8_PRODUCT_H

#include "kernel/convolution.h"

typedef struct tare_int8_product {
    tare_convolution c;
    /* Where weight (filter f, tap k, channel c of its group) lies: f filter_step + k tap_step + c.
     */
    int64_t filter_step, tap_step;
    int32_t x_zero, w_zero, y_zero, least, most;
    bool halves_up; /* where the factor is applied; else away from 0 */
} tare_int8_product;

/* multipliers: [2][filters], factors' multipliers and shifts; bias NULL or [filters]. */
void tare_int8_product_reference(const tare_int8_product *p, const int8_t *x, const int8_t *w,
                                 const int32_t *multipliers, const int32_t *bias, int8_t *y,
                                 tare_pool *pool);

#endif
