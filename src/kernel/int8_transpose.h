/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transposed convolutions in whole numbers:
 *
 *     y = y_zero + scaled(bias[f] + sum over taps and channels of (x - x_zero) (w - w_zero)),
 *         within least..most
 *
 * over the x that a convolution of the same windows would make of y's pixel. Plain loops; sums of
 * more than int32 holds wrap.
 *
 * Source  TensorFlow Lite, kernels/internal/reference/integer_ops/transpose_conv.h.
 */
#ifndef TARE_SRC_KERNEL_INT8_TRANSPOSE_H
#define TARE_SRC_KERNEL_INT8_TRANSPOSE_H

#include "kernel/convolution.h"

/* c: the convolution that takes y's shape to x's; its channels are y's, its filters x's. */
typedef struct tare_int8_transpose {
    tare_convolution c;
    int32_t x_zero, w_zero, y_zero, least, most;
} tare_int8_transpose;

/* w [channels, taps, filters]; multipliers: [2][channels], factors' multipliers and shifts; bias
 * NULL or [channels]. */
void tare_int8_transpose_reference(const tare_int8_transpose *t, const int8_t *x, const int8_t *w,
                                   const int32_t *multipliers, const int32_t *bias, int8_t *y,
                                   tare_pool *pool);

#endif
