/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers of up to 4096 bits, by the schoolbook. */
#include "base/big.h"

#include <assert.h>
#include <string.h>

static void trim(tare_big *big) {
    while (big->count > 0 && big->words[big->count - 1] == 0) big->count--;
}

static void push(tare_big *big, uint32_t word) {
    assert(big->count < TARE_BIG_WORDS);
    big->words[big->count++] = word;
}

void tare_big_set(tare_big *big, uint64_t value) {
    big->count = 2;
    big->words[0] = (uint32_t)value;
    big->words[1] = (uint32_t)(value >> 32);
    trim(big);
}

void tare_big_multiply_add(tare_big *big, uint32_t factor, uint32_t summand) {
    uint64_t carry = summand;
    for (int i = 0; i < big->count; i++) {
        carry += (uint64_t)big->words[i] * factor;
        big->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) push(big, (uint32_t)carry);
    trim(big);
}

void tare_big_multiply(tare_big *big, uint32_t factor) { tare_big_multiply_add(big, factor, 0); }

void tare_big_add(tare_big *big, const tare_big *summand) {
    uint64_t carry = 0;
    for (int i = 0; i < summand->count || (carry != 0 && i < big->count); i++) {
        if (i == big->count) push(big, 0);
        carry += big->words[i];
        if (i < summand->count) carry += summand->words[i];
        big->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) push(big, (uint32_t)carry);
}

void tare_big_subtract(tare_big *big, const tare_big *less) {
    uint32_t borrow = 0;
    for (int i = 0; i < big->count; i++) {
        const uint64_t taken = (uint64_t)(i < less->count ? less->words[i] : 0) + borrow;
        borrow = big->words[i] < taken;
        big->words[i] = (uint32_t)(big->words[i] - taken);
    }
    assert(borrow == 0);
    trim(big);
}

void tare_big_multiply_power_of_ten(tare_big *big, int exponent) {
    for (; exponent >= 9; exponent -= 9) tare_big_multiply(big, 1000000000);
    uint32_t rest = 1;
    for (; exponent > 0; exponent--) rest *= 10;
    if (rest != 1) tare_big_multiply(big, rest);
}

void tare_big_shift_left(tare_big *big, int bits) {
    if (big->count == 0) return;
    const int words = bits / 32;
    tare_big_multiply(big, UINT32_C(1) << bits % 32);
    if (words == 0) return;
    assert(big->count + words <= TARE_BIG_WORDS);
    memmove(big->words + words, big->words, (size_t)big->count * sizeof *big->words);
    memset(big->words, 0, (size_t)words * sizeof *big->words);
    big->count += words;
}

static bool bit(const tare_big *big, int at) {
    return at / 32 < big->count && (big->words[at / 32] >> at % 32 & 1) != 0;
}

static bool any_bit_below(const tare_big *big, int end) {
    for (int at = 0; at < end && at / 32 < big->count; at++)
        if (bit(big, at)) return true;
    return false;
}

void tare_big_shift_right_rounded(tare_big *big, int bits) {
    if (bits == 0) return;
    const bool half = bit(big, bits - 1);
    const bool up = half && (bit(big, bits) || any_bit_below(big, bits - 1));
    const int words = bits / 32;
    if (words >= big->count) {
        big->count = 0;
    } else {
        big->count -= words;
        memmove(big->words, big->words + words, (size_t)big->count * sizeof *big->words);
        (void)tare_big_divide(big, UINT32_C(1) << bits % 32);
    }
    if (up) tare_big_add(big, &(tare_big){.count = 1, .words = {1}});
}

uint32_t tare_big_divide(tare_big *big, uint32_t divisor) {
    uint64_t rest = 0;
    for (int i = big->count - 1; i >= 0; i--) {
        rest = rest << 32 | big->words[i];
        big->words[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    trim(big);
    return (uint32_t)rest;
}

int tare_big_compare(const tare_big *a, const tare_big *b) {
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--)
        if (a->words[i] != b->words[i]) return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

bool tare_big_is_zero(const tare_big *big) { return big->count == 0; }

int tare_big_length(const tare_big *big) {
    if (big->count == 0) return 0;
    int length = 32 * big->count;
    for (uint32_t top = big->words[big->count - 1]; (top & UINT32_C(0x80000000)) == 0; top <<= 1)
        length--;
    return length;
}
