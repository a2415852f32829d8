/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums: every column on its own, floats added in float64. An item is one outer index. */
#include "kernel/cumsum.h"

#include "kernel/slices.h"

enum { SLICE_ELEMENTS = 32768 };

#define COLUMN(name, TYPE, SUM)                                                                    \
    static void name(const tare_cumsum_pass *c, const void *from, void *to) {                      \
        const TYPE *x = from;                                                                      \
        TYPE *y = to;                                                                              \
        SUM sum = 0;                                                                               \
        for (int64_t i = 0; i < c->count; i++) {                                                   \
            const int64_t at = (c->reverse ? c->count - 1 - i : i) * c->inner;                     \
            const TYPE v = x[at];                                                                  \
            y[at] = (TYPE)(c->exclusive ? sum : sum + (SUM)v);                                     \
            sum += (SUM)v;                                                                         \
        }                                                                                          \
    }
COLUMN(column_f32, float, double)
COLUMN(column_f64, double, double)
COLUMN(column_i32, int32_t, uint32_t)
COLUMN(column_i64, int64_t, uint64_t)

typedef void (*column_function)(const tare_cumsum_pass *c, const void *x, void *y);

typedef struct cumsum_job {
    const tare_cumsum_pass *c;
    column_function column;
    size_t size;
    int64_t slices;
    const char *x;
    char *y;
} cumsum_job;

static void cumsum_slice(void *context, int64_t slice) {
    const cumsum_job *job = context;
    const tare_cumsum_pass *c = job->c;
    const int64_t items = c->outer * c->inner;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->slices, slice); item < end; item++) {
        const int64_t at = item / c->inner * c->count * c->inner + item % c->inner;
        job->column(c, job->x + (size_t)at * job->size, job->y + (size_t)at * job->size);
    }
}

bool tare_cumsum_run(const tare_cumsum_pass *c, tare_dtype dtype, const void *x, void *y,
                     tare_pool *pool) {
    static const column_function columns[] = {
        [TARE_FLOAT32] = column_f32,
        [TARE_FLOAT64] = column_f64,
        [TARE_INT32] = column_i32,
        [TARE_INT64] = column_i64,
    };
    if ((unsigned)dtype >= sizeof columns / sizeof *columns || !columns[dtype]) return false;
    cumsum_job job = {
        .c = c, .column = columns[dtype], .size = tare_dtype_size(dtype), .x = x, .y = y};
    job.slices = tare_slice_count(c->outer * c->inner, c->count * 2, SLICE_ELEMENTS);
    if (c->outer * c->inner > 0) tare_pool_run(pool, job.slices, cumsum_slice, &job);
    return true;
}
