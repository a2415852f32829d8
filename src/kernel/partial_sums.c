/* SPDX-License-Identifier: Apache-2.0 */
/* Adding partial sums in a fixed binary tree. */
#include "kernel/partial_sums.h"

#include "kernel/slices.h"

enum {
    BLOCK = 1024, /* numbers merged together: all partial sums of a block stay in the first-level
                     cache */
    SLICE_WORK = 1 << 16 /* least additions of a slice */
};

typedef struct merge_job {
    const tare_partial_sums *sums;
    int64_t blocks, slices;
} merge_job;

static void merge_block(const tare_partial_sums *sums, int64_t first, int64_t count) {
    for (int64_t distance = 1; distance < sums->count; distance *= 2) {
        for (int64_t i = 0; i + distance < sums->count; i += 2 * distance) {
            float *to = tare_partial_sum(sums, i) + first;
            const float *from = tare_partial_sum(sums, i + distance) + first;
            for (int64_t j = 0; j < count; j++) to[j] += from[j];
        }
    }
}

static void merge_slice(void *context, int64_t slice) {
    const merge_job *job = context;
    const int64_t end = tare_slice_begin(job->blocks, job->slices, slice + 1);
    for (int64_t b = tare_slice_begin(job->blocks, job->slices, slice); b < end; b++)
        merge_block(job->sums, b * BLOCK, tare_least(BLOCK, job->sums->size - b * BLOCK));
}

void tare_partial_sums_merge(const tare_partial_sums *sums, tare_pool *pool) {
    if (sums->count <= 1 || sums->size == 0) return;
    merge_job job = {.sums = sums, .blocks = tare_quotient_up(sums->size, BLOCK)};
    job.slices = tare_slice_count(job.blocks, sums->count * BLOCK, SLICE_WORK);
    tare_pool_run(pool, job.slices, merge_slice, &job);
}
