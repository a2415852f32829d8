/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the random numbers: published vectors, splits, ranges, distributions. */
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_philox_gives_the_published_numbers(void **state) {
    (void)state;
    /* Random123's known answers for philox4x32 with ten rounds. */
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint32_t *c = cases[i].counter, *k = cases[i].key;
        const tare_random random = {.key = (uint64_t)k[1] << 32 | k[0],
                                    .stream = (uint64_t)c[3] << 32 | c[2]};
        uint32_t words[4];
        tare_random_block(&random, (uint64_t)c[1] << 32 | c[0], words);
        assert_memory_equal(words, cases[i].expected, sizeof words);
    }
}

static void test_keys_depend_on_both_seeds_and_their_order(void **state) {
    (void)state;
    const uint64_t key = tare_random_key(1, 2);
    assert_true(key == tare_random_key(1, 2));
    assert_true(key != tare_random_key(2, 1));
    assert_true(key != tare_random_key(1, 3));
    assert_true(key != tare_random_key(0, 2));
    assert_true(tare_random_key(0, 0) != 0);
}

typedef void (*fill_function)(const tare_random *random, int64_t first, int64_t count, double a,
                              double b, double *out);

static const fill_function fills[] = {tare_random_fill_uniform, tare_random_fill_normal,
                                      tare_random_fill_truncated_normal};

static void test_any_split_gives_the_same_numbers(void **state) {
    (void)state;
    const tare_random random = {.key = 77, .stream = 5};
    enum { COUNT = 40 };
    for (size_t f = 0; f < sizeof fills / sizeof *fills; f++) {
        double whole[COUNT], pieces[COUNT];
        fills[f](&random, 0, COUNT, -1, 3, whole);
        for (int64_t step = 1; step <= 7; step++) {
            memset(pieces, 0, sizeof pieces);
            for (int64_t first = (COUNT - 1) / step * step; first >= 0; first -= step) {
                const int64_t count = step < COUNT - first ? step : COUNT - first;
                fills[f](&random, first, count, -1, 3, pieces + first);
            }
            assert_memory_equal(pieces, whole, sizeof whole);
        }
        fills[f](&random, 11, 0, -1, 3, pieces); /* none */
        assert_memory_equal(pieces, whole, sizeof whole);
    }
}

static void test_streams_and_keys_differ(void **state) {
    (void)state;
    const tare_random a = {1, 1}, b = {1, 2}, c = {2, 1};
    double from_a[8], from_b[8], from_c[8];
    tare_random_fill_uniform(&a, 0, 8, 0, 1, from_a);
    tare_random_fill_uniform(&b, 0, 8, 0, 1, from_b);
    tare_random_fill_uniform(&c, 0, 8, 0, 1, from_c);
    for (int i = 0; i < 8; i++) {
        assert_true(from_a[i] != from_b[i]);
        assert_true(from_a[i] != from_c[i]);
    }
}

enum { SAMPLES = 200000 };

/* Mean and standard deviation. */
static void moments(const double *numbers, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    for (int i = 0; i < SAMPLES; i++) sum += numbers[i];
    *mean = sum / SAMPLES;
    for (int i = 0; i < SAMPLES; i++) squares += (numbers[i] - *mean) * (numbers[i] - *mean);
    *deviation = sqrt(squares / SAMPLES);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Largest distance between the distribution of the samples and F (Kolmogorov and Smirnov). */
static double farthest(double *numbers, double (*distribution)(double)) {
    double worst = 0;
    qsort(numbers, SAMPLES, sizeof *numbers, ascending);
    for (int i = 0; i < SAMPLES; i++) {
        const double expected = distribution(numbers[i]);
        worst = fmax(worst, fabs(expected - (double)i / SAMPLES));
        worst = fmax(worst, fabs(expected - (double)(i + 1) / SAMPLES));
    }
    return worst;
}

static double uniform_distribution(double x) { return (x + 2) / 5; }

static double normal_distribution(double x) { return 0.5 * erfc(-x / sqrt(2.0)); }

static double truncated_distribution(double x) {
    const double low = normal_distribution(-2), high = normal_distribution(2);
    return (normal_distribution(x) - low) / (high - low);
}

/* The chance of a distance above 1.95 / sqrt(n) is one in a thousand; the numbers never change. */
#define FARTHEST_ALLOWED (1.95 / 447.2)

static double *new_samples(fill_function fill, double a, double b) {
    const tare_random random = {.key = tare_random_key(12, 34), .stream = 0};
    double *numbers = malloc(SAMPLES * sizeof *numbers);
    assert_non_null(numbers);
    fill(&random, 0, SAMPLES, a, b, numbers);
    return numbers;
}

static void test_uniform_numbers_are_uniform_and_in_range(void **state) {
    (void)state;
    double *numbers = new_samples(tare_random_fill_uniform, -2, 3);
    for (int i = 0; i < SAMPLES; i++) assert_true(numbers[i] >= -2 && numbers[i] < 3);
    assert_true(farthest(numbers, uniform_distribution) < FARTHEST_ALLOWED);
    free(numbers);
}

static void test_uniform_numbers_never_reach_the_upper_end(void **state) {
    (void)state;
    const tare_random random = {3, 4};
    const double low = 1, high = nextafter(nextafter(1, 2), 2); /* two numbers to choose from */
    double numbers[1000];
    bool seen[2] = {false, false};
    tare_random_fill_uniform(&random, 0, 1000, low, high, numbers);
    for (int i = 0; i < 1000; i++) {
        assert_true(numbers[i] >= low && numbers[i] < high);
        seen[numbers[i] > low] = true;
    }
    assert_true(seen[0] && seen[1]);
    tare_random_fill_uniform(&random, 0, 10, 5, 5, numbers);
    for (int i = 0; i < 10; i++) assert_true(numbers[i] == 5);
}

static void test_normal_numbers_are_normal(void **state) {
    (void)state;
    double mean, deviation;
    double *numbers = new_samples(tare_random_fill_normal, 0, 1);
    assert_true(farthest(numbers, normal_distribution) < FARTHEST_ALLOWED);
    free(numbers);
    numbers = new_samples(tare_random_fill_normal, 10, 0.5);
    moments(numbers, &mean, &deviation);
    assert_true(fabs(mean - 10) < 0.005);
    assert_true(fabs(deviation - 0.5) < 0.005);
    free(numbers);
}

static void test_truncated_normal_numbers_stay_within_two_deviations(void **state) {
    (void)state;
    double *numbers = new_samples(tare_random_fill_truncated_normal, 0, 1);
    for (int i = 0; i < SAMPLES; i++) assert_true(fabs(numbers[i]) < 2);
    assert_true(farthest(numbers, truncated_distribution) < FARTHEST_ALLOWED);
    free(numbers);
    numbers = new_samples(tare_random_fill_truncated_normal, 10, 3);
    for (int i = 0; i < SAMPLES; i++) assert_true(numbers[i] > 4 && numbers[i] < 16);
    free(numbers);
}

static void test_whole_numbers_are_below_their_limit_and_even(void **state) {
    (void)state;
    const tare_random random = {9, 9};
    assert_int_equal(tare_random_below(&random, 0, 0), 0);
    assert_int_equal(tare_random_below(&random, 0, 1), 0);
    int counts[6] = {0};
    for (uint64_t i = 0; i < 60000; i++) counts[tare_random_below(&random, i, 6)]++;
    for (int i = 0; i < 6; i++) assert_true(abs(counts[i] - 10000) < 400);

    /* Two thirds of 2^64: without redrawing, the lower half would come up twice as often. */
    const uint64_t limit = UINT64_C(0xAAAAAAAAAAAAAAAA);
    int lower = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t number = tare_random_below(&random, i, limit);
        assert_true(number < limit);
        lower += number < limit / 2;
    }
    assert_true(abs(lower - 10000) < 300);
}

static void test_a_permutation_has_every_number_once_and_every_order_alike(void **state) {
    (void)state;
    int64_t order[1000];
    bool seen[1000] = {false};
    const tare_random random = {1, 0};
    tare_random_permutation(&random, 1000, order);
    int fixed = 0;
    for (int i = 0; i < 1000; i++) {
        assert_in_range(order[i], 0, 999);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        fixed += order[i] == i;
    }
    assert_true(fixed < 20);
    tare_random_permutation(&random, 0, order);

    int counts[6] = {0}; /* orders of three */
    for (uint64_t stream = 0; stream < 6000; stream++) {
        const tare_random draw = {1, stream};
        tare_random_permutation(&draw, 3, order);
        counts[order[0] * 2 + (order[1] > order[2])]++;
    }
    for (int i = 0; i < 6; i++) assert_true(abs(counts[i] - 1000) < 130);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_gives_the_published_numbers),
        cmocka_unit_test(test_keys_depend_on_both_seeds_and_their_order),
        cmocka_unit_test(test_any_split_gives_the_same_numbers),
        cmocka_unit_test(test_streams_and_keys_differ),
        cmocka_unit_test(test_uniform_numbers_are_uniform_and_in_range),
        cmocka_unit_test(test_uniform_numbers_never_reach_the_upper_end),
        cmocka_unit_test(test_normal_numbers_are_normal),
        cmocka_unit_test(test_truncated_normal_numbers_stay_within_two_deviations),
        cmocka_unit_test(test_whole_numbers_are_below_their_limit_and_even),
        cmocka_unit_test(test_a_permutation_has_every_number_once_and_every_order_alike),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
