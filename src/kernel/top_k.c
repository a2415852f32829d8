/* SPDX-License-Identifier: Apache-2.0 */
/* The k greatest of every row by a heap of their indices, the least of them at its root: each
 * further number that beats the root takes its place. An item is one row. */
#include "kernel/top_k.h"

#include <math.h>
#include <string.h>

#include "kernel/gather.h"
#include "kernel/slices.h"

enum { SLICE_ELEMENTS = 16384 };

/* The rows of one type: leads(a, b) says that x[a] stands before x[b] in the result. */
#define TOP_K(NAME, TYPE)                                                                          \
    static bool leads_##NAME(const TYPE *x, int32_t a, int32_t b) {                                \
        const bool a_nan = x[a] != x[a], b_nan = x[b] != x[b];                                     \
        if (a_nan != b_nan) return a_nan;                                                          \
        if (!a_nan && x[a] != x[b]) return x[a] > x[b];                                            \
        return a < b;                                                                              \
    }                                                                                              \
    /* Lets heap[at] sink below whatever it leads. */                                              \
    static void sink_##NAME(const TYPE *x, int32_t *heap, int64_t size, int64_t at) {              \
        const int32_t moving = heap[at];                                                           \
        for (int64_t child; (child = 2 * at + 1) < size; at = child) {                             \
            if (child + 1 < size && leads_##NAME(x, heap[child], heap[child + 1])) child++;        \
            if (!leads_##NAME(x, moving, heap[child])) break;                                      \
            heap[at] = heap[child];                                                                \
        }                                                                                          \
        heap[at] = moving;                                                                         \
    }                                                                                              \
    static void row_##NAME(const tare_top_k *t, const void *row, void *values, int32_t *heap) {    \
        const TYPE *x = row;                                                                       \
        TYPE *y = values;                                                                          \
        for (int64_t i = 0; i < t->k; i++) heap[i] = (int32_t)i;                                   \
        for (int64_t i = t->k / 2; i-- > 0;) sink_##NAME(x, heap, t->k, i);                        \
        for (int64_t i = t->k; i < t->count && t->k > 0; i++) {                                    \
            if (!leads_##NAME(x, (int32_t)i, heap[0])) continue;                                   \
            heap[0] = (int32_t)i;                                                                  \
            sink_##NAME(x, heap, t->k, 0);                                                         \
        }                                                                                          \
        for (int64_t last = t->k - 1; last > 0; last--) {                                          \
            const int32_t least = heap[0];                                                         \
            heap[0] = heap[last];                                                                  \
            sink_##NAME(x, heap, last, 0);                                                         \
            heap[last] = least;                                                                    \
        }                                                                                          \
        for (int64_t i = 0; i < t->k && y; i++) y[i] = x[heap[i]];                                 \
    }
TOP_K(f32, float)
TOP_K(f64, double)
TOP_K(i32, int32_t)
TOP_K(i64, int64_t)
TOP_K(u8, uint8_t)

typedef void (*row_function)(const tare_top_k *t, const void *row, void *values, int32_t *heap);

typedef struct top_k_job {
    const tare_top_k *t;
    row_function row;
    int64_t size, slices;
    const char *x;
    char *values;
    int32_t *indices;
} top_k_job;

static void top_k_slice(void *context, int64_t slice) {
    const top_k_job *job = context;
    const tare_top_k *t = job->t;
    const int64_t end = tare_slice_begin(t->rows, job->slices, slice + 1);
    for (int64_t row = tare_slice_begin(t->rows, job->slices, slice); row < end; row++)
        job->row(t, job->x + row * t->count * job->size,
                 job->values ? job->values + row * t->k * job->size : NULL,
                 job->indices + row * t->k);
}

bool tare_top_k_run(const tare_top_k *t, tare_dtype dtype, const void *x, void *values,
                    int32_t *indices, tare_pool *pool) {
    static const row_function rows[] = {
        [TARE_FLOAT32] = row_f32, [TARE_FLOAT64] = row_f64, [TARE_INT32] = row_i32,
        [TARE_INT64] = row_i64,   [TARE_UINT8] = row_u8,
    };
    if ((unsigned)dtype >= sizeof rows / sizeof *rows || !rows[dtype]) return false;
    top_k_job job = {.t = t,
                     .row = rows[dtype],
                     .size = (int64_t)tare_dtype_size(dtype),
                     .x = x,
                     .values = values,
                     .indices = indices};
    job.slices = tare_slice_count(t->rows, t->count * 2, SLICE_ELEMENTS);
    if (t->rows > 0 && t->k > 0) tare_pool_run(pool, job.slices, top_k_slice, &job);
    return true;
}

/* ---- along rows by index */

void tare_row_pick(const tare_top_k *t, size_t size, const void *x, const int32_t *indices,
                   void *picked) {
    for (int64_t i = 0; i < t->rows * t->k; i++) {
        const int64_t from = i / t->k * t->count + indices[i];
        memcpy((char *)picked + (size_t)i * size, (const char *)x + (size_t)from * size, size);
    }
}

#define PUT(TYPE)                                                                                  \
    do {                                                                                           \
        const TYPE *from = dy;                                                                     \
        TYPE *to = x;                                                                              \
        for (int64_t i = 0; i < t->rows * t->k; i++)                                               \
            to[i / t->k * t->count + indices[i]] += from[i];                                       \
    } while (0)

void tare_row_put(const tare_top_k *t, tare_dtype dtype, const void *dy, const int32_t *indices,
                  void *x) {
    memset(x, 0, (size_t)(t->rows * t->count) * tare_dtype_size(dtype));
    if (dtype == TARE_FLOAT32)
        PUT(float);
    else
        PUT(double);
}

/* ---- in_top_k */

#define IN_TOP_K(NAME, TYPE)                                                                       \
    static bool is_in_##NAME(const tare_top_k *t, const TYPE *x, int64_t target) {                 \
        int64_t greater = 0;                                                                       \
        if (target < 0 || target >= t->count) return false;                                        \
        for (int64_t i = 0; i < t->count; i++) {                                                   \
            if (!isfinite(x[i])) return false;                                                     \
            greater += x[i] > x[target];                                                           \
        }                                                                                          \
        return greater < t->k;                                                                     \
    }                                                                                              \
    void tare_in_top_k_##NAME(const tare_top_k *t, const TYPE *x, const void *targets,             \
                              size_t index_size, bool *in) {                                       \
        for (int64_t row = 0; row < t->rows; row++)                                                \
            in[row] =                                                                              \
                is_in_##NAME(t, x + row * t->count, tare_index_at(targets, index_size, row));      \
    }
IN_TOP_K(f32, float)
IN_TOP_K(f64, double)
