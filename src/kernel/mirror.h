/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Padding by reflection: row -1 is row 1 (reflect) or row 0 (symmetric), and so on; and the sum
 * that undoes it, which is its gradient.
 */
#ifndef TARE_SRC_KERNEL_MIRROR_H
#define TARE_SRC_KERNEL_MIRROR_H

#include <tare/array.h>

typedef struct tare_mirror {
    int rank;
    int64_t small[TARE_MAX_RANK], large[TARE_MAX_RANK]; /* extents without and with padding */
    int64_t before[TARE_MAX_RANK];
    bool symmetric;
} tare_mirror;

/* large[...] from small[...]: any element of size bytes. */
void tare_mirror_run(const tare_mirror *m, size_t size, const void *x, void *y);
/* small[...] = sums of large[...]; dtype float32 or float64. */
void tare_mirror_sum(const tare_mirror *m, tare_dtype dtype, const void *y, void *x);

#endif
