/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histograms with TensorFlow's buckets. Their limits grow by a tenth from 1e-12 to 1e20 on either
 * side of 0:
 *
 *     limits = -greatest, .., -1.1e-12, -1e-12, 0, 1e-12, 1.1e-12, .., greatest
 *
 * greatest being the greatest double. Bucket i counts limits[i - 1] <= x < limits[i].
 *
 * Source: TensorFlow r1.15, core/lib/histogram/histogram.cc.
 */
#ifndef TARE_SRC_KERNEL_HISTOGRAM_H
#define TARE_SRC_KERNEL_HISTOGRAM_H

#include <tare/array.h>

#define TARE_HISTOGRAM_SIDE    775 /* limits above 0 */
#define TARE_HISTOGRAM_BUCKETS (2 * TARE_HISTOGRAM_SIDE + 1)

typedef struct tare_histogram {
    double least, greatest; /* the greatest double and its negative when nothing was counted */
    double count, sum, sum_squares;
    double buckets[TARE_HISTOGRAM_BUCKETS];
} tare_histogram;

void tare_histogram_limits(double limits[TARE_HISTOGRAM_BUCKETS]);
void tare_histogram_clear(tare_histogram *histogram);
/* True for the dtypes whose numbers can be counted: float32, float64, int8, uint8, int32, int64. */
bool tare_histogram_counts(tare_dtype dtype);
/*
 * Counts numbers, in their order, so that the sums have TensorFlow's bits. Stops before the first
 * one that is not finite and returns its place; count when there is none.
 */
int64_t tare_histogram_add(tare_histogram *histogram, const double *limits, tare_dtype dtype,
                           const void *numbers, int64_t count);

#endif
