/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NHWC images in another size, by the nearest pixel or by two weighed pixels along each axis, and
 * the sums that are the gradients. Which pixels those are is worked out once, per row and column.
 */
#ifndef TARE_SRC_KERNEL_RESIZE_H
#define TARE_SRC_KERNEL_RESIZE_H

#include "base/threads.h"
#include <tare/array.h>

/* What a row or column of the result reads: (1 - share) x[lower] + share x[upper]. */
typedef struct tare_resize_point {
    int64_t lower, upper;
    float share;
} tare_resize_point;

typedef struct tare_resize_rule {
    bool nearest, align_corners, half_pixel_centers;
} tare_resize_rule;

/* The points of an axis that goes from `in` to `out` pixels, both at least 1. */
void tare_resize_points(tare_resize_rule rule, int64_t in, int64_t out, tare_resize_point *points);

typedef struct tare_resizing {
    int64_t batch, channels;
    int64_t in[2], out[2];                   /* height, width */
    const tare_resize_point *rows, *columns; /* one for every row and column of the result */
} tare_resizing;

/* size: of an element. */
void tare_resize_nearest(const tare_resizing *r, size_t size, const void *x, void *y,
                         tare_pool *pool);
void tare_resize_bilinear_f32(const tare_resizing *r, const float *x, float *y, tare_pool *pool);
void tare_resize_bilinear_f64(const tare_resizing *r, const double *x, double *y, tare_pool *pool);

/* dx of the shape of x from dy of the shape of y. */
void tare_resize_nearest_gradient_f32(const tare_resizing *r, const float *dy, float *dx,
                                      tare_pool *pool);
void tare_resize_nearest_gradient_f64(const tare_resizing *r, const double *dy, double *dx,
                                      tare_pool *pool);
void tare_resize_bilinear_gradient_f32(const tare_resizing *r, const float *dy, float *dx,
                                       tare_pool *pool);
void tare_resize_bilinear_gradient_f64(const tare_resizing *r, const double *dy, double *dx,
                                       tare_pool *pool);

#endif
