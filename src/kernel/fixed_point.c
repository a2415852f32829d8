/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multipliers of real factors; exponential and inverse in fixed point.
 *
 *     e^x   on -1/4..0 by four terms around -1/8, then times e^-(2^k) for each bit of what is left
 *     1 / (1 + x)   three steps of Newton's from 48/17 - 32/17 (1 + x) / 2
 */
#include "kernel/fixed_point.h"

#include <math.h>

tare_multiplier tare_multiplier_of(double factor) {
    int shift = 0;
    if (!(factor > 0) || !isfinite(factor)) return (tare_multiplier){0, 0};
    int64_t fixed = (int64_t)round(frexp(factor, &shift) * 0x1p31);
    if (fixed == INT64_C(1) << 31) {
        fixed /= 2;
        shift++;
    }
    if (shift < -31 || shift > 31) return (tare_multiplier){0, 0};
    return (tare_multiplier){(int32_t)fixed, shift};
}

/* ------------------------------------------------------------------------------- exponential */

enum { INPUT_FRACTION = 26 }; /* bits behind the point of what e^x is taken of */

/* e^x for -1/4 <= x < 0, raw x 2^31. */
static int32_t exp_near_zero(int32_t x) {
    const int32_t exp_of_eighth = 1895147668; /* e^(-1/8) 2^31 */
    const int32_t third = 715827883;          /* 2^31 / 3 */
    const int32_t t = x + (1 << 28);          /* x + 1/8 */
    const int32_t t2 = tare_high_product(t, t), t3 = tare_high_product(t2, t);
    const int32_t t4_over_4 = tare_divide_by_power(tare_high_product(t2, t2), 2);
    const int32_t rest =
        tare_divide_by_power(tare_high_product(t4_over_4 + t3, third) + t2, 1); /* t^2/2 + .. */
    return exp_of_eighth + tare_high_product(exp_of_eighth, t + rest);
}

int32_t tare_fixed_exp(int32_t x) {
    /* e^-(2^k) 2^31 for k = -2..4 */
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308,
                                     39332535,   720401,     242};
    const int32_t quarter = 1 << (INPUT_FRACTION - 2);
    if (x == 0) return INT32_MAX;
    const int32_t near = (x & (quarter - 1)) - quarter;
    const int32_t left = near - x;
    int32_t y = exp_near_zero(tare_multiply_by_power(near, 31 - INPUT_FRACTION));
    for (int k = 0; k < (int)(sizeof powers / sizeof *powers); k++)
        if (left & (1 << (INPUT_FRACTION - 2 + k))) y = tare_high_product(y, powers[k]);
    return y;
}

/* ----------------------------------------------------------------------------------- inverse */

int32_t tare_fixed_inverse(int32_t x) {
    const int32_t one = 1 << 29;                           /* with 2 bits before the point */
    const int32_t first = 1515870810, slope = -1010580540; /* 48/17, -32/17, likewise */
    const int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2); /* (1 + x) / 2 */
    int32_t y = first + tare_high_product(half, slope);
    for (int step = 0; step < 3; step++) {
        const int32_t error = one - tare_high_product(half, y);
        y += tare_multiply_by_power(tare_high_product(y, error), 2);
    }
    return tare_multiply_by_power(y, 1);
}
