/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums over windows of a row, and local response normalisation, which divides by them:
 *
 *     s_c = x_{c - radius} + .. + x_{c + radius}, of what there is in the row
 *     y_c = x_c (bias + alpha s_c)^-beta, s of the squares
 */
#ifndef TARE_SRC_KERNEL_LRN_H
#define TARE_SRC_KERNEL_LRN_H

#include "base/threads.h"

typedef struct tare_lrn {
    int64_t rows, count, radius; /* rows of count numbers */
    double bias, alpha, beta;    /* of tare_lrn_f32, tare_lrn_f64 */
} tare_lrn;

void tare_window_sum_f32(const tare_lrn *l, const float *x, float *s, tare_pool *pool);
void tare_window_sum_f64(const tare_lrn *l, const double *x, double *s, tare_pool *pool);
void tare_lrn_f32(const tare_lrn *l, const float *x, float *y, tare_pool *pool);
void tare_lrn_f64(const tare_lrn *l, const double *x, double *y, tare_pool *pool);

#endif
