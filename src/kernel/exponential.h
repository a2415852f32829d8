/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponential, sigmoid and hyperbolic tangent of float32 without branches or tables, so that a
 * compiler makes vectors of them.
 *
 *     e^x        = 2^n e^r,  n = round(x / log 2),  r = x - n log 2 in two parts,  |r| <= .35
 *     sigmoid(x) = 1 / (1 + e^-|x|), for x < 0 e^-|x| / (1 + e^-|x|)
 *     tanh(x)    = x + x^3 P(x^2) up to .625, beyond that 1 - 2 / (e^2|x| + 1) with the sign of x
 *
 * Within 1, 2.5 and 1.5 units in the last place (tests/unit/test_kernel_elementwise.c); overflow to
 * infinity, down to the smallest denormals and NaN as they should be.
 *
 * Source: polynomials and the split of log 2 from the Cephes library (Moshier 1984-2000, expf.c,
 * tanhf.c).
 */
#ifndef TARE_SRC_KERNEL_EXPONENTIAL_H
#define TARE_SRC_KERNEL_EXPONENTIAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t tare_bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline float tare_float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Beyond these bounds e^x is 0 or infinity; NaN passes both comparisons. */
static inline float tare_exp_kept_above(float x) { return x < -104.0F ? -104.0F : x; }
static inline float tare_exp_kept_below(float x) { return x > 89.0F ? 89.0F : x; }

/* e^c of a c within both bounds, or NaN. */
static inline float tare_exp_between(float c) {
    /* Adding 1.5 2^23 rounds to a whole number, which then stands in the low bits. */
    const float magic = 12582912.0F, shifted = c * 1.44269504088896341F + magic;
    const float n = shifted - magic;
    const uint32_t whole = tare_bits_of(shifted) - 0x4B400000U; /* n, modulo 2^32 */
    const float r = (c - n * 0.693359375F) - n * -2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    const float y = (p * (r * r) + r) + 1.0F;
    /* 2^n in two factors, since n goes from -150 to 128. */
    const uint32_t half = (uint32_t)((int32_t)whole >> 1);
    return y * tare_float_of((half + 127U) << 23) * tare_float_of((whole - half + 127U) << 23);
}

static inline float tare_exp_f32(float x) {
    return tare_exp_between(tare_exp_kept_below(tare_exp_kept_above(x)));
}

static inline float tare_sigmoid_f32(float x) {
    const float e = tare_exp_between(tare_exp_kept_above(-fabsf(x)));
    return (x < 0 ? e : 1.0F) / (1.0F + e);
}

static inline float tare_tanh_f32(float x) {
    const float size = fabsf(x), square = x * x;
    float p = -5.70498872745e-3F;
    p = p * square + 2.06390887954e-2F;
    p = p * square + -5.37397155531e-2F;
    p = p * square + 1.33314422036e-1F;
    p = p * square + -3.33332819422e-1F;
    const float small = p * square * x + x;
    const float large = 1.0F - 2.0F / (tare_exp_f32(2.0F * size) + 1.0F);
    return size < 0.625F ? small : x < 0 ? -large : large;
}

static inline double tare_sigmoid_f64(double x) {
    const double e = exp(-fabs(x));
    return (x < 0 ? e : 1.0) / (1.0 + e);
}

/* The derivative of x sigmoid(x): s (1 + x (1 - s)), 1 - s without cancellation. */
static inline float tare_swish_slope_f32(float x) {
    const float e = tare_exp_f32(-fabsf(x)), large = 1.0F / (1.0F + e), small = e * large;
    return (x < 0 ? small : large) * (1.0F + x * (x < 0 ? large : small));
}
static inline double tare_swish_slope_f64(double x) {
    const double e = exp(-fabs(x)), large = 1.0 / (1.0 + e), small = e * large;
    return (x < 0 ? small : large) * (1.0 + x * (x < 0 ? large : small));
}

#endif
