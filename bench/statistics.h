/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of repeats: the median, and between what it lies for certain enough. */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include <stdbool.h>

enum { BENCH_LEAST_VALUES = 6, BENCH_MOST_VALUES = 1000 }; /* of an interval */

/* Sorts the values. count: 1 or more. */
double bench_median(double *values, int count);

typedef struct bench_interval {
    double low, median, high;
    double coverage; /* how probably the median of what the values are drawn from is in it */
} bench_interval;

/*
 * Sorts the values and finds the interval between the k-th smallest and the k-th largest, with the
 * largest k for which it covers the median of the values' distribution with a probability of .95 or
 * more. How many of n independent values fall below that median is binomial(n, 1/2) whatever they
 * are distributed like, so
 *
 *     coverage = 1 - 2 P(binomial(n, 1/2) < k)
 *
 * False: fewer than BENCH_LEAST_VALUES, which cannot reach .95, or more than BENCH_MOST_VALUES.
 * Source  Conover, Practical Nonparametric Statistics, chapter 3.2; a sign test turned round.
 */
bool bench_median_interval(double *values, int count, bench_interval *interval);

#endif
