/* SPDX-License-Identifier: Apache-2.0 */
/* Searching for the greatest or smallest number along an axis; one item is one result. */
#include "kernel/argmax.h"

#include "kernel/slices.h"

enum { SLICE_ELEMENTS = 32768 };

/* One search for one type. The first number that is not NaN begins; `better` is strict, so the
 * first of several equals stays. */
#define SEARCH(name, TYPE)                                                                         \
    static int64_t name(const void *from, int64_t count, int64_t stride, bool smallest) {          \
        const TYPE *x = from;                                                                      \
        int64_t best = 0;                                                                          \
        while (best < count - 1 && x[best * stride] != x[best * stride]) best++;                   \
        if (x[best * stride] != x[best * stride]) return 0;                                        \
        for (int64_t i = best + 1; i < count; i++) {                                               \
            const TYPE v = x[i * stride], b = x[best * stride];                                    \
            if (smallest ? v < b : v > b) best = i;                                                \
        }                                                                                          \
        return best;                                                                               \
    }
SEARCH(search_f32, float)
SEARCH(search_f64, double)
SEARCH(search_i32, int32_t)
SEARCH(search_i64, int64_t)
SEARCH(search_u8, uint8_t)

typedef int64_t (*search_function)(const void *x, int64_t count, int64_t stride, bool smallest);

typedef struct argmax_job {
    const tare_argmax_search *a;
    search_function search;
    size_t size;
    int64_t slices;
    const char *x;
    void *y;
} argmax_job;

static void argmax_slice(void *context, int64_t slice) {
    const argmax_job *job = context;
    const tare_argmax_search *a = job->a;
    const int64_t items = a->outer * a->inner;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->slices, slice); item < end; item++) {
        const int64_t at = item / a->inner * a->count * a->inner + item % a->inner;
        const int64_t best =
            job->search(job->x + (size_t)at * job->size, a->count, a->inner, a->smallest);
        if (a->index_size == sizeof(int32_t))
            ((int32_t *)job->y)[item] = (int32_t)best;
        else
            ((int64_t *)job->y)[item] = best;
    }
}

bool tare_argmax_run(const tare_argmax_search *a, tare_dtype dtype, const void *x, void *y,
                     tare_pool *pool) {
    static const search_function searches[] = {
        [TARE_FLOAT32] = search_f32, [TARE_FLOAT64] = search_f64, [TARE_INT32] = search_i32,
        [TARE_INT64] = search_i64,   [TARE_UINT8] = search_u8,
    };
    if ((unsigned)dtype >= sizeof searches / sizeof *searches || !searches[dtype]) return false;
    argmax_job job = {
        .a = a, .search = searches[dtype], .size = tare_dtype_size(dtype), .x = x, .y = y};
    job.slices = tare_slice_count(a->outer * a->inner, a->count * 2, SLICE_ELEMENTS);
    if (a->outer * a->inner > 0) tare_pool_run(pool, job.slices, argmax_slice, &job);
    return true;
}
