/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking and adding slices by index, along the middle axis of [outer, count, inner]:
 *
 *     gather        y[o, k, i] = x[o, index[k], i]
 *     scatter add   x[o, j, i] = sum of y[o, k, i] over the k with index[k] = j, in order of k
 *     one hot       y[o, j, i] = on where index[o, i] = j, else off
 *
 * Indices have 4 or 8 bytes. Gather and scatter need them below count: look with tare_index_check.
 * Those below 0 stand for nothing: gather gives 0 there, scatter adds nothing.
 */
#ifndef TARE_SRC_KERNEL_GATHER_H
#define TARE_SRC_KERNEL_GATHER_H

#include "base/threads.h"
#include <tare/array.h>

typedef struct tare_gather {
    int64_t outer, count, inner; /* of x */
    int64_t indices;             /* how many */
    size_t index_size;           /* 4 or 8 */
    size_t size;                 /* of an element */
} tare_gather;

/* The position of the first index outside 0..limit-1; -1: all are within. */
int64_t tare_index_check(const void *indices, size_t index_size, int64_t count, int64_t limit);
int64_t tare_index_at(const void *indices, size_t index_size, int64_t position);

void tare_gather_run(const tare_gather *g, const void *x, const void *indices, void *y,
                     tare_pool *pool);
/* dtype: float32, float64, int32 or int64. */
void tare_scatter_add(const tare_gather *g, tare_dtype dtype, const void *y, const void *indices,
                      void *x, tare_pool *pool);
/* on, off: elements of g->size bytes; g->count is the depth. */
void tare_one_hot_run(const tare_gather *g, const void *indices, const void *on, const void *off,
                      void *y);

#endif
