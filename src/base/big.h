/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers of up to 4096 bits: just what reading and printing floating-point numbers exactly
 * needs. */
#ifndef TARE_SRC_BASE_BIG_H
#define TARE_SRC_BASE_BIG_H

#include <stdbool.h>
#include <stdint.h>

#define TARE_BIG_WORDS 128

/* Value: sum over i < count of words[i] 2^(32 i); the highest word is not 0. */
typedef struct tare_big {
    int count;
    uint32_t words[TARE_BIG_WORDS];
} tare_big;

/* Callers bound their numbers; a result beyond 4096 bits is a mistake of theirs and asserted. */
void tare_big_set(tare_big *big, uint64_t value);
void tare_big_multiply(tare_big *big, uint32_t factor);
void tare_big_multiply_add(tare_big *big, uint32_t factor, uint32_t summand);
void tare_big_add(tare_big *big, const tare_big *summand);
void tare_big_subtract(tare_big *big, const tare_big *less); /* less <= big */
void tare_big_multiply_power_of_ten(tare_big *big, int exponent);
void tare_big_shift_left(tare_big *big, int bits);
/* Drops the lowest bits, rounding to the nearest whole number, ties to even. */
void tare_big_shift_right_rounded(tare_big *big, int bits);
/* Divides in place and returns the remainder. */
uint32_t tare_big_divide(tare_big *big, uint32_t divisor);
int tare_big_compare(const tare_big *a, const tare_big *b); /* -1, 0 or 1 */
bool tare_big_is_zero(const tare_big *big);
/* Bits up to the highest one that is set; 0 for 0. */
int tare_big_length(const tare_big *big);

#endif
