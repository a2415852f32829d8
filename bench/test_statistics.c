/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the median and of the interval that covers it, against tables of the sign test. */
#include "statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_median_is_the_middle_or_the_mean_of_the_two(void **state) {
    (void)state;
    double odd[] = {5, -1, 3}, even[] = {10, 1, 4, 2}, one[] = {7};
    assert_true(bench_median(odd, 3) == 3);
    assert_true(bench_median(even, 4) == 3);
    assert_true(bench_median(one, 1) == 7);
}

/* values 1..count, the largest first: an end of the interval tells its own rank. */
static bool interval_of(int count, bench_interval *interval) {
    static double values[BENCH_MOST_VALUES + 1];
    for (int i = 0; i < count; i++) values[i] = count - i;
    return bench_median_interval(values, count, interval);
}

/* Ranks and coverages as tables of the binomial distribution give them. */
static void the_interval_has_the_ranks_of_the_sign_test(void **state) {
    (void)state;
    static const struct {
        int count, low, high;
        double coverage;
    } cases[] = {
        {6, 1, 6, .96875},      {7, 1, 7, .984375},      {8, 1, 8, .9921875},
        {9, 2, 8, .9609375},    {10, 2, 9, .9785156},    {11, 2, 10, .9882812},
        {12, 3, 10, .9614258},  {15, 4, 12, .9648438},   {17, 5, 13, .9509583},
        {20, 6, 15, .9586105},  {25, 8, 18, .9567147},   {30, 10, 21, .9572261},
        {50, 18, 33, .9671609}, {100, 40, 61, .9647998},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench_interval interval;
        assert_true(interval_of(cases[i].count, &interval));
        assert_true(interval.low == cases[i].low);
        assert_true(interval.high == cases[i].high);
        assert_true(interval.median == (cases[i].count + 1) / 2.);
        assert_true(fabs(interval.coverage - cases[i].coverage) < 1e-7);
    }
}

static void too_few_values_have_no_interval(void **state) {
    (void)state;
    bench_interval interval;
    for (int count = 0; count < BENCH_LEAST_VALUES; count++)
        assert_false(interval_of(count, &interval));
    assert_true(interval_of(BENCH_LEAST_VALUES, &interval));
}

/* 2^-n is still a double, and the interval narrows as the normal distribution says. */
static void the_most_values_have_an_interval(void **state) {
    (void)state;
    bench_interval interval;
    assert_true(interval_of(BENCH_MOST_VALUES, &interval));
    assert_true(interval.low == 469 && interval.high == 532);
    assert_true(interval.coverage > .95 && interval.coverage < .96);
    assert_false(interval_of(BENCH_MOST_VALUES + 1, &interval));
}

/* Drawn again and again, the interval misses the distribution's median as seldom as it says, also
 * where the distribution leans to one side. */
static void the_interval_covers_a_leaning_distribution(void **state) {
    (void)state;
    enum { DRAWS = 4000, PAIRS = 30 };
    uint32_t random = 1;
    int missed = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        double values[PAIRS];
        bench_interval interval;
        for (int i = 0; i < PAIRS; i++) {
            random = random * UINT32_C(1664525) + UINT32_C(1013904223);
            values[i] = -log((random + 1.) / 4294967297.); /* exponential, its median log 2 */
        }
        assert_true(bench_median_interval(values, PAIRS, &interval));
        if (interval.low > log(2) || interval.high < log(2)) missed++;
    }
    assert_in_range(missed, DRAWS * 33 / 1000, DRAWS * 53 / 1000); /* 1 - .9572 of them */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_is_the_middle_or_the_mean_of_the_two),
        cmocka_unit_test(the_interval_has_the_ranks_of_the_sign_test),
        cmocka_unit_test(too_few_values_have_no_interval),
        cmocka_unit_test(the_most_values_have_an_interval),
        cmocka_unit_test(the_interval_covers_a_leaning_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
