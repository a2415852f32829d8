/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the kernels share: arrays of exactly their size (so that a sanitizer sees one
 * element too many), guards, numbers of a fixed sequence, and thread counts.
 */
#ifndef TARE_TESTS_KERNEL_CHECK_H
#define TARE_TESTS_KERNEL_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"

/* Numbers in (-1, 1) that depend on seed and position alone (splitmix64). */
static inline double check_number(uint64_t seed, int64_t i) {
    uint64_t z = seed * 0x100000001B3u + (uint64_t)i * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) / 4503599627370496.0 - 1;
}

/*
 * An array of floats between guards: `values` holds exactly `count` of them, with guard bytes
 * around it that check_release compares. Filled with bytes 0xFF (NaN) at first.
 */
enum { CHECK_GUARD = 64 };

static inline float *check_array(int64_t count) {
    const size_t bytes = (size_t)count * sizeof(float);
    unsigned char *block = malloc(bytes + 2 * CHECK_GUARD + sizeof(size_t) + CHECK_GUARD);
    assert_non_null(block);
    /* The size stands in front; the values are as badly aligned as floats may be. */
    memcpy(block, &bytes, sizeof bytes);
    memset(block + sizeof bytes, 0xA5, CHECK_GUARD - sizeof bytes + 4);
    unsigned char *values = block + CHECK_GUARD + 4;
    memset(values, 0xFF, bytes);
    memset(values + bytes, 0xA5, CHECK_GUARD);
    return (float *)(void *)values;
}

static inline void check_release(float *values) {
    unsigned char *start = (unsigned char *)values, *block = start - CHECK_GUARD - 4;
    size_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    for (size_t i = sizeof bytes; i < CHECK_GUARD + 4; i++) assert_int_equal(block[i], 0xA5);
    for (size_t i = 0; i < CHECK_GUARD; i++) assert_int_equal(start[bytes + i], 0xA5);
    free(block);
}

static inline float *check_random(uint64_t seed, int64_t count) {
    float *values = check_array(count);
    for (int64_t i = 0; i < count; i++) values[i] = (float)check_number(seed, i);
    return values;
}

/* An exact copy without guards: the sanitizer then sees any read beyond its ends. */
static inline float *check_exact_copy(const float *values, int64_t count) {
    float *copy = malloc((size_t)count * sizeof(float) + (count == 0));
    assert_non_null(copy);
    if (count > 0) memcpy(copy, values, (size_t)count * sizeof(float));
    return copy;
}

/* Scratch of exactly so many bytes, aligned to 64, every float a NaN. */
static inline void *check_scratch(int64_t bytes) {
    void *scratch = NULL;
    assert_true(bytes >= 0);
    assert_int_equal(posix_memalign(&scratch, 64, (size_t)bytes + (bytes == 0)), 0);
    memset(scratch, 0xFF, (size_t)bytes);
    return scratch;
}

static inline bool check_same_bits(const float *a, const float *b, int64_t count) {
    return count == 0 || memcmp(a, b, (size_t)count * sizeof(float)) == 0;
}

/* The thread counts that every promise about bits is tested with; pools[0] is NULL. */
enum { CHECK_POOLS = 5 };
static inline void check_make_pools(tare_pool *pools[CHECK_POOLS]) {
    static const int threads[CHECK_POOLS] = {1, 2, 3, 4, 7};
    pools[0] = NULL;
    for (int i = 1; i < CHECK_POOLS; i++)
        assert_int_equal(tare_pool_new(NULL, threads[i], NULL, NULL, &pools[i], NULL), TARE_OK);
}
static inline void check_free_pools(tare_pool *pools[CHECK_POOLS]) {
    for (int i = 1; i < CHECK_POOLS; i++) tare_pool_free(pools[i]);
}

#endif
