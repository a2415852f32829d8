/* SPDX-License-Identifier: Apache-2.0 */
/* Partial sums of arrays, added in a binary tree whose form depends on their number alone. */
#ifndef TARE_SRC_KERNEL_PARTIAL_SUMS_H
#define TARE_SRC_KERNEL_PARTIAL_SUMS_H

#include "base/threads.h"

typedef struct tare_partial_sums {
    float *total;  /* partial sum 0, and in the end the sum of all */
    float *others; /* partial sums 1, 2, .., each of `size` numbers */
    int64_t size, count;
} tare_partial_sums;

static inline float *tare_partial_sum(const tare_partial_sums *sums, int64_t i) {
    return i == 0 ? sums->total : sums->others + (i - 1) * sums->size;
}

/* total = ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)) and so on; the others are overwritten. */
void tare_partial_sums_merge(const tare_partial_sums *sums, tare_pool *pool);

#endif
