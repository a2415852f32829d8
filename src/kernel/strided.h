/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving numbers of any kind by shape: every element of a box is copied from where one set of
 * strides finds it to where another wants it. Transposes, slices, repeats (stride 0) and reversals
 * (negative strides) are all this.
 */
#ifndef TARE_SRC_KERNEL_STRIDED_H
#define TARE_SRC_KERNEL_STRIDED_H

#include "base/threads.h"

#define TARE_STRIDED_RANK 16 /* twice an array's: tiles split every axis in two */

typedef struct tare_strided {
    size_t size; /* of an element: 1, 2, 4 or 8 bytes */
    int rank;
    int64_t extents[TARE_STRIDED_RANK];
    int64_t from[TARE_STRIDED_RANK], to[TARE_STRIDED_RANK]; /* strides in elements */
    int64_t from_start, to_start;
    int64_t rows, slices;
    bool transposes; /* the last two axes are walked in blocks */
} tare_strided;

/* Fills in what follows from size, rank, extents, strides and starts: joins axes and cuts slices.
 */
void tare_strided_plan(tare_strided *copy);
void tare_strided_run(const tare_strided *copy, const void *x, void *y, tare_pool *pool);

/* C-order strides of extents, in elements. */
void tare_strided_contiguous(int rank, const int64_t *extents, int64_t *strides);

/* Writes count elements of size bytes, all the same. */
void tare_fill(void *y, const void *element, size_t size, int64_t count);

#endif
