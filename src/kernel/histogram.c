/* SPDX-License-Identifier: Apache-2.0 */
/* Histograms with TensorFlow's buckets; histogram.h says which. */
#include "kernel/histogram.h"
#include "kernel/cast.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define PIECE 256 /* numbers made doubles at once */

void tare_histogram_limits(double limits[TARE_HISTOGRAM_BUCKETS]) {
    double *const zero = limits + TARE_HISTOGRAM_SIDE;
    double limit = 1e-12;
    *zero = 0;
    for (int i = 1; i < TARE_HISTOGRAM_SIDE; i++) {
        zero[i] = limit;
        zero[-i] = -limit;
        limit *= 1.1;
    }
    zero[TARE_HISTOGRAM_SIDE] = DBL_MAX;
    zero[-TARE_HISTOGRAM_SIDE] = -DBL_MAX;
}

void tare_histogram_clear(tare_histogram *histogram) {
    *histogram = (tare_histogram){.least = DBL_MAX, .greatest = -DBL_MAX};
}

bool tare_histogram_counts(tare_dtype dtype) {
    return dtype == TARE_FLOAT64 ||
           (dtype != TARE_BOOL && tare_cast_loop_of(dtype, TARE_FLOAT64) != NULL);
}

/* The first limit above x; the last one's bucket takes the greatest double too. */
static int bucket_of(const double *limits, double x) {
    int low = 0, high = TARE_HISTOGRAM_BUCKETS - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (limits[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* How many were counted: all, or those before the first that is not finite. */
static int64_t add_doubles(tare_histogram *histogram, const double *limits, const double *x,
                           int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) return i;
        histogram->buckets[bucket_of(limits, x[i])] += 1;
        if (x[i] < histogram->least) histogram->least = x[i];
        if (x[i] > histogram->greatest) histogram->greatest = x[i];
        histogram->count += 1;
        histogram->sum += x[i];
        histogram->sum_squares += x[i] * x[i];
    }
    return count;
}

int64_t tare_histogram_add(tare_histogram *histogram, const double *limits, tare_dtype dtype,
                           const void *numbers, int64_t count) {
    if (dtype == TARE_FLOAT64) return add_doubles(histogram, limits, numbers, count);
    const tare_unary_loop widen = tare_cast_loop_of(dtype, TARE_FLOAT64);
    const size_t size = tare_dtype_size(dtype);
    double piece[PIECE];
    for (int64_t i = 0; i < count; i += PIECE) {
        const int64_t n = count - i < PIECE ? count - i : PIECE;
        widen((const char *)numbers + (size_t)i * size, piece, n, 0);
        const int64_t counted = add_doubles(histogram, limits, piece, n);
        if (counted < n) return i + counted;
    }
    return count;
}
