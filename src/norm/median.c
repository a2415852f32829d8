/* SPDX-License-Identifier: Apache-2.0 */
/* The middle of some numbers. */
#include "norm/median.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double tare_median(tare_arena *arena, const double *numbers, int64_t count) {
    double *sorted = tare_arena_allocate_array(arena, count + 1, sizeof *sorted);
    if (!sorted || count < 1) return (double)NAN;
    memcpy(sorted, numbers, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_size);
    return sorted[count / 2];
}
