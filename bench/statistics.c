/* SPDX-License-Identifier: Apache-2.0 */
/* The median, and the interval of order statistics that covers it. */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

#define OUTSIDE .025 /* at most, on either side */

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(const double *sorted, int count) {
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double bench_median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_size);
    return middle(values, count);
}

bool bench_median_interval(double *values, int count, bench_interval *interval) {
    if (count < BENCH_LEAST_VALUES || count > BENCH_MOST_VALUES) return false;
    interval->median = bench_median(values, count);
    int k = 0;
    double below = 0, exactly = ldexp(1, -count); /* P(binomial < k), P(binomial = k) */
    while (below + exactly <= OUTSIDE) {
        below += exactly;
        exactly *= (double)(count - k) / (double)(k + 1);
        k++;
    }
    interval->low = values[k - 1];
    interval->high = values[count - k];
    interval->coverage = 1 - 2 * below;
    return true;
}
