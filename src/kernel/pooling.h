/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Max and average pooling over NHWC data with 1 to 3 spatial dimensions stored as three. Padding
 * never counts: not in a maximum, not in an average's divisor.
 */
#ifndef TARE_SRC_KERNEL_POOLING_H
#define TARE_SRC_KERNEL_POOLING_H

#include "base/threads.h"
#include "kernel/convolution.h"

typedef struct tare_pooling {
    int64_t batch, channels;
    int64_t in[TARE_SPATIAL], out[TARE_SPATIAL];
    int64_t window[TARE_SPATIAL], stride[TARE_SPATIAL], before[TARE_SPATIAL];
} tare_pooling;

void tare_pool_max_f32(const tare_pooling *p, const float *x, float *y, tare_pool *pool);
/* TensorFlow's CPU rule: the whole gradient goes to the first maximum of the window in row-major
 * order; NaN in x: see the source. */
void tare_pool_max_gradient_f32(const tare_pooling *p, const float *x, const float *dy, float *dx,
                                tare_pool *pool);
void tare_pool_average_f32(const tare_pooling *p, const float *x, float *y, tare_pool *pool);
void tare_pool_average_gradient_f32(const tare_pooling *p, const float *dy, float *dx,
                                    tare_pool *pool);
/* The gradient of max pooling's gradient for dy: picks dy's second-order cotangent u at each
 * window's maximum. */
void tare_pool_max_pick_f32(const tare_pooling *p, const float *x, const float *u, float *picked,
                            tare_pool *pool);

void tare_pool_max_f64(const tare_pooling *p, const double *x, double *y, tare_pool *pool);
void tare_pool_max_gradient_f64(const tare_pooling *p, const double *x, const double *dy,
                                double *dx, tare_pool *pool);
void tare_pool_average_f64(const tare_pooling *p, const double *x, double *y, tare_pool *pool);
void tare_pool_average_gradient_f64(const tare_pooling *p, const double *dy, double *dx,
                                    tare_pool *pool);
void tare_pool_max_pick_f64(const tare_pooling *p, const double *x, const double *u, double *picked,
                            tare_pool *pool);

#endif
