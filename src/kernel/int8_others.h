/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What networks of whole numbers need beside products. A number q stands for
 * (q - zero) scale.
 *
 *     maximum    greatest of a window, within least..most
 *     average    sum / count of a window, halves away from 0, or up; as many as lie inside the
 *                image count
 *     mean       over the axis in the middle, in fixed point
 *     add        both to 20 more bits, scaled, added, scaled back
 *     softmax    e^(x - max) / sum in fixed point; y has scale 1/256 and zero -128
 *     resize     the four numbers around a place, weighed by 1024ths
 *     lookup     y = table[x + 128]
 *     shift      y = x - 128 of uint8 numbers as int8 ones, or x + 128 back: the same bytes
 *     quantise   zero + round(x / scale), halves away from 0, within -128..127
 *
 * Source  TensorFlow Lite, kernels/internal/reference/integer_ops/pooling.h, add.h,
 *         reference/softmax.h, reduce.h, quantize.h.
 */
#ifndef TARE_SRC_KERNEL_INT8_OTHERS_H
#define TARE_SRC_KERNEL_INT8_OTHERS_H

#include "kernel/convolution.h"
#include "kernel/fixed_point.h"

#include <stdbool.h>

/* c: geometry, as of a convolution with as many filters as channels. */
typedef struct tare_int8_pool {
    tare_convolution c;
    bool averages, halves_up;
    int32_t least, most;
} tare_int8_pool;
void tare_int8_pool_run(const tare_int8_pool *p, const int8_t *x, int8_t *y, tare_pool *pool);
void tare_int8_pool_reference(const tare_int8_pool *p, const int8_t *x, int8_t *y);
/* Of a window whose sum and size are known. */
int8_t tare_int8_average_of(const tare_int8_pool *p, int64_t sum, int64_t count);

/* [outer, count, inner] -> [outer, inner]. */
typedef struct tare_int8_mean {
    int64_t outer, count, inner;
    tare_multiplier by; /* of x's scale over y's */
    int32_t x_zero, y_zero;
} tare_int8_mean;
void tare_int8_mean_run(const tare_int8_mean *m, const int8_t *x, int8_t *y, tare_pool *pool);
void tare_int8_mean_reference(const tare_int8_mean *m, const int8_t *x, int8_t *y);
/* The factor of sums of x - x_zero, and the mean of such a sum. */
tare_multiplier tare_int8_mean_factor(const tare_int8_mean *m);
int8_t tare_int8_mean_of(const tare_int8_mean *m, tare_multiplier by, int64_t sum);

#define TARE_INT8_ADD_BITS 20
typedef struct tare_int8_add {
    int64_t count;
    int32_t a_zero, b_zero, y_zero, least, most;
    tare_multiplier a_by, b_by, y_by;
} tare_int8_add;
tare_int8_add tare_int8_add_of(double a_scale, double b_scale, double y_scale);
/* y may be x or z. */
void tare_int8_add_run(const tare_int8_add *a, const int8_t *x, const int8_t *z, int8_t *y,
                       tare_pool *pool);
void tare_int8_add_reference(const tare_int8_add *a, const int8_t *x, const int8_t *z, int8_t *y);

typedef struct tare_int8_softmax {
    int64_t rows, count;
    tare_multiplier by;
    int32_t least_difference; /* from the row's greatest; what is further away counts as 0 */
} tare_int8_softmax;
tare_int8_softmax tare_int8_softmax_of(double scale, double beta);
void tare_int8_softmax_reference(const tare_int8_softmax *s, const int8_t *x, int8_t *y);

/* [batch, in, channels] -> [batch, out, channels]; sides of 1..TARE_INT8_MOST_SIDE pixels. */
#define TARE_INT8_MOST_SIDE 100000
typedef struct tare_int8_resize {
    int64_t batch, channels, in[2], out[2]; /* height, width */
    bool align_corners, half_pixel_centers;
} tare_int8_resize;
void tare_int8_resize_bilinear(const tare_int8_resize *r, const int8_t *x, int8_t *y);

void tare_int8_lookup(int64_t count, const int8_t *x, const int8_t *table, int8_t *y,
                      tare_pool *pool);

/* In place where y is x. */
void tare_int8_shift(int64_t count, const void *x, void *y);

void tare_int8_quantise(int64_t count, const float *x, float scale, int32_t zero, int8_t *y);
void tare_int8_dequantise(int64_t count, const int8_t *x, float scale, int32_t zero, float *y);

#endif
