/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution over NHWC data, 1 to 3 spatial dimensions stored as three (leading ones of extent 1),
 * filter [kd, kh, kw, in / groups, out]:
 *
 *     y[n, o.., f] = bias[f] + sum over k.., c of x[n, i.., c] w[k.., c, f]
 *     i = o * stride + k * dilation - before; x is 0 outside the image
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_H
#define TARE_SRC_KERNEL_CONVOLUTION_H

#include "base/threads.h"

#define TARE_SPATIAL 3 /* depth, height, width */

typedef struct tare_convolution {
    int64_t batch, channels, filters, groups;
    int64_t in[TARE_SPATIAL], out[TARE_SPATIAL], kernel[TARE_SPATIAL];
    int64_t stride[TARE_SPATIAL], dilation[TARE_SPATIAL];
    int64_t
        before[TARE_SPATIAL]; /* zeros in front; how many stand behind follows from in and out */
} tare_convolution;

/* Scratch bytes for each of the three (f32), aligned to 64; from the shape and instruction set
 * only. */
int64_t tare_convolution_forward_scratch(const tare_convolution *c);
int64_t tare_convolution_data_scratch(const tare_convolution *c);
int64_t tare_convolution_filter_scratch(const tare_convolution *c);

/* bias: NULL or [filters]. */
void tare_convolution_forward_f32(const tare_convolution *c, const float *x, const float *w,
                                  const float *bias, float *y, void *scratch, tare_pool *pool);
/* dx = gradient for x of sum(y dy). */
void tare_convolution_data_f32(const tare_convolution *c, const float *dy, const float *w,
                               float *dx, void *scratch, tare_pool *pool);
/* dw = gradient for w. Partial sums merge in a fixed tree. */
void tare_convolution_filter_f32(const tare_convolution *c, const float *x, const float *dy,
                                 float *dw, void *scratch, tare_pool *pool);

/* Plain loops. */
void tare_convolution_forward_reference_f32(const tare_convolution *c, const float *x,
                                            const float *w, const float *bias, float *y);
void tare_convolution_data_reference_f32(const tare_convolution *c, const float *dy, const float *w,
                                         float *dx);
void tare_convolution_filter_reference_f32(const tare_convolution *c, const float *x,
                                           const float *dy, float *dw);
void tare_convolution_forward_reference_f64(const tare_convolution *c, const double *x,
                                            const double *w, const double *bias, double *y);
void tare_convolution_data_reference_f64(const tare_convolution *c, const double *dy,
                                         const double *w, double *dx);
void tare_convolution_filter_reference_f64(const tare_convolution *c, const double *x,
                                           const double *dy, double *dw);

#endif
