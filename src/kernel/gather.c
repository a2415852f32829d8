/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, scatter add and one hot. Sums of a scatter run in the order of the indices, whatever
 * thread makes them: a slice owns whole outer indices, or whole columns. */
#include "kernel/gather.h"

#include <string.h>

#include "kernel/slices.h"
#include "kernel/strided.h"

enum { SLICE_ELEMENTS = 32768, COLUMNS = 64 };

int64_t tare_index_at(const void *indices, size_t index_size, int64_t position) {
    return index_size == sizeof(int32_t) ? ((const int32_t *)indices)[position]
                                         : ((const int64_t *)indices)[position];
}

int64_t tare_index_check(const void *indices, size_t index_size, int64_t count, int64_t limit) {
    for (int64_t i = 0; i < count; i++) {
        const int64_t index = tare_index_at(indices, index_size, i);
        if (index < 0 || index >= limit) return i;
    }
    return -1;
}

typedef struct gather_job {
    const tare_gather *g;
    int64_t slices, tiles;
    tare_dtype dtype;
    const char *x;
    const void *indices;
    char *y;
} gather_job;

static void gather_slice(void *context, int64_t slice) {
    const gather_job *job = context;
    const tare_gather *g = job->g;
    const int64_t items = g->outer * g->indices;
    const size_t bytes = (size_t)g->inner * g->size;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->slices, slice); item < end; item++) {
        const int64_t outer = item / g->indices, k = item % g->indices;
        const int64_t index = tare_index_at(job->indices, g->index_size, k);
        const int64_t from = outer * g->count + index;
        if (index < 0)
            memset(job->y + (size_t)item * bytes, 0, bytes);
        else
            memcpy(job->y + (size_t)item * bytes, job->x + (size_t)from * bytes, bytes);
    }
}

void tare_gather_run(const tare_gather *g, const void *x, const void *indices, void *y,
                     tare_pool *pool) {
    if (g->outer * g->indices == 0 || g->inner == 0) return;
    gather_job job = {.g = g, .x = x, .indices = indices, .y = y};
    job.slices = tare_slice_count(g->outer * g->indices, g->inner + 4, SLICE_ELEMENTS);
    tare_pool_run(pool, job.slices, gather_slice, &job);
}

#define ADD(TYPE)                                                                                  \
    do {                                                                                           \
        TYPE *into = (TYPE *)to;                                                                   \
        const TYPE *more = (const TYPE *)from;                                                     \
        for (int64_t i = 0; i < n; i++) into[i] += more[i];                                        \
    } while (0)

/* Whole numbers wrap. */
static void add_row(tare_dtype dtype, char *to, const char *from, int64_t n) {
    if (dtype == TARE_FLOAT32)
        ADD(float);
    else if (dtype == TARE_FLOAT64)
        ADD(double);
    else if (dtype == TARE_INT32)
        ADD(uint32_t);
    else
        ADD(uint64_t);
}

/* An item is one outer index and one tile of columns. */
static void scatter_slice(void *context, int64_t slice) {
    const gather_job *job = context;
    const tare_gather *g = job->g;
    const int64_t items = g->outer * job->tiles;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->slices, slice); item < end; item++) {
        const int64_t outer = item / job->tiles, column = item % job->tiles * COLUMNS;
        const int64_t left = g->inner - column, width = left < COLUMNS ? left : COLUMNS;
        for (int64_t k = 0; k < g->indices; k++) {
            const int64_t index = tare_index_at(job->indices, g->index_size, k);
            const int64_t to = outer * g->count + index, from = outer * g->indices + k;
            if (index < 0) continue;
            add_row(job->dtype, job->y + (size_t)(to * g->inner + column) * g->size,
                    job->x + (size_t)(from * g->inner + column) * g->size, width);
        }
    }
}

void tare_scatter_add(const tare_gather *g, tare_dtype dtype, const void *y, const void *indices,
                      void *x, tare_pool *pool) {
    const int64_t count = g->outer * g->count * g->inner;
    if (count == 0) return;
    memset(x, 0, (size_t)count * g->size);
    gather_job job = {.g = g,
                      .tiles = (g->inner + COLUMNS - 1) / COLUMNS,
                      .dtype = dtype,
                      .x = y,
                      .indices = indices,
                      .y = x};
    const int64_t width = g->inner < COLUMNS ? g->inner : COLUMNS;
    job.slices = tare_slice_count(g->outer * job.tiles, g->indices * (width + 4), SLICE_ELEMENTS);
    tare_pool_run(pool, job.slices, scatter_slice, &job);
}

void tare_one_hot_run(const tare_gather *g, const void *indices, const void *on, const void *off,
                      void *y) {
    tare_fill(y, off, g->size, g->outer * g->count * g->inner);
    for (int64_t o = 0; o < g->outer; o++)
        for (int64_t i = 0; i < g->inner; i++) {
            const int64_t index = tare_index_at(indices, g->index_size, o * g->inner + i);
            if (index < 0 || index >= g->count) continue;
            const size_t at = (size_t)((o * g->count + index) * g->inner + i);
            memcpy((char *)y + at * g->size, on, g->size);
        }
}
