/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-point arithmetic of whole-number networks, to the bit of TensorFlow Lite's reference
 * kernels. A real factor is a multiplier in 2^30..2^31 and a power of two:
 *
 *     factor = multiplier 2^(shift - 31)
 *     scaled(x) = x 2^max(shift, 0) multiplier / 2^31 / 2^max(-shift, 0), rounded after each
 * division
 *
 * Source  Jacob et al. 2018, arXiv:1712.05877, section 2.2; gemmlowp, fixedpoint/fixedpoint.h;
 *         TensorFlow Lite, kernels/internal/quantization_util.cc, common.h.
 */
#ifndef TARE_SRC_KERNEL_FIXED_POINT_H
#define TARE_SRC_KERNEL_FIXED_POINT_H

#include <stdint.h>

typedef struct tare_multiplier {
    int32_t multiplier, shift;
} tare_multiplier;

/* The nearest; 0 for what lies outside 2^-32..2^31. */
tare_multiplier tare_multiplier_of(double factor);

static inline int32_t tare_saturate_32(int64_t x) {
    if (x > INT32_MAX) return INT32_MAX;
    return x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* a b / 2^31, halves away from 0; -2^31 -2^31 gives 2^31 - 1. */
static inline int32_t tare_high_product(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    const int64_t product = (int64_t)a * b;
    const int64_t nudge = product >= 0 ? INT64_C(1) << 30 : 1 - (INT64_C(1) << 30);
    return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

/* x / 2^exponent, halves away from 0; exponent 0..62. */
static inline int32_t tare_divide_by_power(int32_t x, int exponent) {
    const int64_t mask = (INT64_C(1) << exponent) - 1;
    const int64_t remainder = x & mask, threshold = (mask >> 1) + (x < 0);
    return (int32_t)((x >> exponent) + (remainder > threshold));
}

/* x 2^exponent, no further than int32 reaches; exponent 0..31. */
static inline int32_t tare_multiply_by_power(int32_t x, int exponent) {
    return tare_saturate_32((int64_t)x * (INT64_C(1) << exponent));
}

static inline int32_t tare_scaled(int32_t x, tare_multiplier by) {
    const int left = by.shift > 0 ? by.shift : 0, right = by.shift > 0 ? 0 : -by.shift;
    return tare_divide_by_power(tare_high_product(tare_multiply_by_power(x, left), by.multiplier),
                                right);
}

/* The same, halves of the last division up. */
static inline int32_t tare_scaled_up(int32_t x, tare_multiplier by) {
    const int left = by.shift > 0 ? by.shift : 0, right = by.shift > 0 ? 0 : -by.shift;
    const int64_t high = tare_high_product(tare_multiply_by_power(x, left), by.multiplier);
    return (int32_t)((high + ((INT64_C(1) << right) >> 1)) >> right);
}

static inline int32_t tare_clamp_32(int32_t x, int32_t least, int32_t most) {
    if (x < least) return least;
    return x > most ? most : x;
}

/*
 * e^x for x <= 0 with 5 bits before the point (raw: x 2^26), and 1 / (1 + x) for 0 <= x < 1 (raw: x
 * 2^31); results have none before it (raw: y 2^31).
 */
int32_t tare_fixed_exp(int32_t x);
int32_t tare_fixed_inverse(int32_t x);

#endif
