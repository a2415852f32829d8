/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers for cutting work into slices by its size alone, so that no thread count can change
 * a bit. */
#ifndef TARE_SRC_KERNEL_SLICES_H
#define TARE_SRC_KERNEL_SLICES_H

#include "base/threads.h"

#define TARE_MOST_SLICES                                                                           \
    64 /* enough for any thread to find a next one; bounds scratch kept per slice */

static inline int64_t tare_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t tare_greatest(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t tare_quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t tare_round_up(int64_t a, int64_t unit) {
    return tare_quotient_up(a, unit) * unit;
}

/* How many slices `items` items deserve when each costs `cost` operations and a slice should cost
 * at least `least`. */
static inline int64_t tare_slice_count(int64_t items, int64_t cost, int64_t least) {
    const int64_t per_slice = cost >= least ? 1 : least / (cost > 0 ? cost : 1);
    int64_t slices = items / (per_slice > 0 ? per_slice : 1);
    if (slices > TARE_MOST_SLICES) slices = TARE_MOST_SLICES;
    return slices > 0 ? slices : 1;
}

/* Where slice `slice` of `slices` begins among `items`; the last one ends at items (ask for slice =
 * slices). */
static inline int64_t tare_slice_begin(int64_t items, int64_t slices, int64_t slice) {
    const int64_t base = items / slices, longer = items % slices;
    return slice * base + (slice < longer ? slice : longer);
}

#endif
