/* SPDX-License-Identifier: Apache-2.0 */
/* Sums over windows of rows and local response normalisation. Every window is added on its own, in
 * float64, so that a large number leaves nothing behind in the windows after it. */
#include "kernel/lrn.h"

#include <math.h>

#include "kernel/slices.h"

enum { SLICE_ELEMENTS = 8192 };

typedef struct lrn_job {
    const tare_lrn *l;
    void (*row)(const tare_lrn *l, const void *x, void *y);
    int64_t bytes, slices; /* of a row */
    const char *x;
    char *y;
} lrn_job;

static int64_t window_begin(const tare_lrn *l, int64_t c) {
    return c > l->radius ? c - l->radius : 0;
}
static int64_t window_end(const tare_lrn *l, int64_t c) {
    return l->count - c > l->radius ? c + l->radius + 1 : l->count;
}

#define ROWS(NAME, TYPE)                                                                           \
    static void sum_row_##NAME(const tare_lrn *l, const void *from, void *to) {                    \
        const TYPE *x = from;                                                                      \
        TYPE *s = to;                                                                              \
        for (int64_t c = 0; c < l->count; c++) {                                                   \
            const int64_t end = window_end(l, c);                                                  \
            double sum = 0;                                                                        \
            for (int64_t i = window_begin(l, c); i < end; i++) sum += (double)x[i];                \
            s[c] = (TYPE)sum;                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void lrn_row_##NAME(const tare_lrn *l, const void *from, void *to) {                    \
        const TYPE *x = from;                                                                      \
        TYPE *y = to;                                                                              \
        for (int64_t c = 0; c < l->count; c++) {                                                   \
            const int64_t end = window_end(l, c);                                                  \
            double sum = 0;                                                                        \
            for (int64_t i = window_begin(l, c); i < end; i++) sum += (double)x[i] * (double)x[i]; \
            y[c] = (TYPE)((double)x[c] * pow(l->bias + l->alpha * sum, -l->beta));                 \
        }                                                                                          \
    }
ROWS(f32, float)
ROWS(f64, double)

static void run_slice(void *context, int64_t slice) {
    const lrn_job *job = context;
    const int64_t end = tare_slice_begin(job->l->rows, job->slices, slice + 1);
    for (int64_t row = tare_slice_begin(job->l->rows, job->slices, slice); row < end; row++)
        job->row(job->l, job->x + row * job->bytes, job->y + row * job->bytes);
}

static void run(lrn_job job, int64_t size, int64_t cost, tare_pool *pool) {
    const tare_lrn *l = job.l;
    const int64_t window = tare_least(2 * tare_least(l->radius, l->count) + 1, l->count);
    job.bytes = l->count * size;
    job.slices = tare_slice_count(l->rows, l->count * (window + cost), SLICE_ELEMENTS);
    if (l->rows > 0 && l->count > 0) tare_pool_run(pool, job.slices, run_slice, &job);
}

enum { SUM_COST = 1, POWER_COST = 50 };

#define CALLS(NAME, TYPE)                                                                          \
    void tare_window_sum_##NAME(const tare_lrn *l, const TYPE *x, TYPE *s, tare_pool *pool) {      \
        run((lrn_job){.l = l, .row = sum_row_##NAME, .x = (const char *)x, .y = (char *)s},        \
            sizeof(TYPE), SUM_COST, pool);                                                         \
    }                                                                                              \
    void tare_lrn_##NAME(const tare_lrn *l, const TYPE *x, TYPE *y, tare_pool *pool) {             \
        run((lrn_job){.l = l, .row = lrn_row_##NAME, .x = (const char *)x, .y = (char *)y},        \
            sizeof(TYPE), POWER_COST, pool);                                                       \
    }
CALLS(f32, float)
CALLS(f64, double)
