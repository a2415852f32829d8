/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a product's sum, its bias included, on the way from registers to memory:
 *
 *     y = clamp(sum + addend)      clamp(v) = v < low ? low : v > high ? high : v
 *
 * the arithmetic of an addition and of relu or relu6 behind the product, so that no bit changes. A
 * NaN stays one.
 */
#ifndef TARE_SRC_KERNEL_ENDING_H
#define TARE_SRC_KERNEL_ENDING_H

typedef struct tare_ending {
    const float *addend; /* NULL: none; else shaped as the result, whose own memory it may be */
    float low, high;     /* infinite where nothing bounds it */
} tare_ending;

static inline float tare_clamp(const tare_ending *ending, float sum) {
    return sum < ending->low ? ending->low : sum > ending->high ? ending->high : sum;
}

#endif
