/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing between two arrays. */
#include "kernel/select.h"

#include <string.h>

#include "kernel/slices.h"

enum { SLICE_ELEMENTS = 32768 };

typedef struct select_job {
    const tare_select *s;
    int64_t slices;
    const uint8_t *condition;
    const char *a, *b;
    char *y;
} select_job;

#define CHOOSE(TYPE)                                                                               \
    do {                                                                                           \
        const TYPE *a = (const TYPE *)job->a, *b = (const TYPE *)job->b;                           \
        TYPE *y = (TYPE *)job->y;                                                                  \
        for (int64_t i = begin; i < end; i++) y[i] = job->condition[i] ? a[i] : b[i];              \
    } while (0)

static void choose_elements(const select_job *job, int64_t begin, int64_t end) {
    if (job->s->size == 4)
        CHOOSE(uint32_t);
    else if (job->s->size == 8)
        CHOOSE(uint64_t);
    else if (job->s->size == 2)
        CHOOSE(uint16_t);
    else
        CHOOSE(uint8_t);
}

static void select_slice(void *context, int64_t slice) {
    const select_job *job = context;
    const tare_select *s = job->s;
    const int64_t begin = tare_slice_begin(s->rows, job->slices, slice),
                  end = tare_slice_begin(s->rows, job->slices, slice + 1);
    if (s->inner == 1) {
        choose_elements(job, begin, end);
        return;
    }
    const size_t bytes = (size_t)s->inner * s->size;
    for (int64_t row = begin; row < end; row++)
        memmove(job->y + (size_t)row * bytes,
                (job->condition[row] ? job->a : job->b) + (size_t)row * bytes, bytes);
}

void tare_select_run(const tare_select *s, const uint8_t *condition, const void *a, const void *b,
                     void *y, tare_pool *pool) {
    if (s->rows == 0 || s->inner == 0) return;
    select_job job = {.s = s, .condition = condition, .a = a, .b = b, .y = y};
    job.slices = tare_slice_count(s->rows, s->inner, SLICE_ELEMENTS);
    tare_pool_run(pool, job.slices, select_slice, &job);
}
