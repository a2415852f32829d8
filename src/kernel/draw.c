/* SPDX-License-Identifier: Apache-2.0 */
/* Filling arrays with random numbers, a block of 256 at a time. */
#include "kernel/draw.h"

#include <math.h>

#include "kernel/draw_blocks.h"
#include "kernel/isa.h"
#include "kernel/slices.h"

enum { BLOCK = 256, SLICE_BLOCKS = 16 };

typedef struct draw_job {
    tare_draw which;
    const tare_random *random;
    tare_dtype dtype;
    int64_t count, slices;
    double low, high, rate;
    const void *x;
    void *y, *mask;
} draw_job;

static int64_t blocks_of(int64_t count) { return (count + BLOCK - 1) / BLOCK; }

/* NULL: no vectors for it. */
static tare_draw_blocks blocks_for(tare_isa isa) {
#if defined(__x86_64__)
    if (isa >= TARE_ISA_AVX512) return tare_draw_blocks_avx512;
    if (isa >= TARE_ISA_AVX2) return tare_draw_blocks_avx2;
#endif
    (void)isa;
    return NULL;
}

/* first is even: it begins a block. */
static void draw_uniform(tare_draw_blocks blocks, const tare_random *random, int64_t first,
                         int64_t count, double low, double high, double *out) {
    const double below = nextafter(high, low);
    uint64_t numbers[2][TARE_DRAW_BLOCKS];
    for (int64_t from = 0; from < count; from += 2 * TARE_DRAW_BLOCKS) {
        const int64_t left = tare_least(count - from, 2 * TARE_DRAW_BLOCKS);
        blocks(random, (uint64_t)(first + from) / 2, numbers);
        for (int64_t i = 0; i < left; i++)
            out[from + i] = tare_random_between(numbers[i % 2][i / 2], low, high, below);
    }
}

void tare_draw_numbers(tare_draw which, const tare_random *random, int64_t first, int64_t count,
                       double low, double high, double *out) {
    static void (*const draws[])(const tare_random *, int64_t, int64_t, double, double,
                                 double *) = {tare_random_fill_uniform, tare_random_fill_normal,
                                              tare_random_fill_truncated_normal};
    const tare_draw_blocks blocks = blocks_for(tare_isa_used());
    if (which == TARE_DRAW_UNIFORM && blocks && first % 2 == 0)
        draw_uniform(blocks, random, first, count, low, high, out);
    else
        draws[which](random, first, count, low, high, out);
}

static void draw_block(const draw_job *job, int64_t first, int64_t count) {
    double numbers[BLOCK];
    tare_draw_numbers(job->which, job->random, first, count, job->low, job->high, numbers);
    if (job->dtype == TARE_FLOAT64) {
        double *y = (double *)job->y + first;
        for (int64_t i = 0; i < count; i++) y[i] = numbers[i];
        return;
    }
    float *y = (float *)job->y + first;
    for (int64_t i = 0; i < count; i++) y[i] = (float)numbers[i];
    const float high = (float)job->high;
    for (int64_t i = 0; i < count && job->which == TARE_DRAW_UNIFORM; i++)
        if (y[i] >= high && job->low < job->high) y[i] = nextafterf(high, -INFINITY);
}

static void draw_slice(void *context, int64_t slice) {
    const draw_job *job = context;
    const int64_t blocks = blocks_of(job->count);
    const int64_t end = tare_slice_begin(blocks, job->slices, slice + 1);
    for (int64_t b = tare_slice_begin(blocks, job->slices, slice); b < end; b++) {
        const int64_t left = job->count - b * BLOCK;
        draw_block(job, b * BLOCK, left < BLOCK ? left : BLOCK);
    }
}

void tare_draw_run(tare_draw which, const tare_random *random, tare_dtype dtype, int64_t count,
                   double low, double high, void *y, tare_pool *pool) {
    draw_job job = {.which = which,
                    .random = random,
                    .dtype = dtype,
                    .count = count,
                    .low = low,
                    .high = high,
                    .y = y};
    job.slices = tare_slice_count(blocks_of(count), 1, SLICE_BLOCKS);
    tare_pool_run(pool, job.slices, draw_slice, &job);
}

/* Four elements from a block of four words. An element is dropped when its word lies below the
 * rate's share of all words. */
#define DROP(TYPE)                                                                                 \
    do {                                                                                           \
        const TYPE *x = job->x;                                                                    \
        TYPE *y = job->y, *mask = job->mask;                                                       \
        for (int64_t i = first; i < first + count; i++) {                                          \
            if (i % 4 == 0) tare_random_block(job->random, (uint64_t)(i / 4), words);              \
            const TYPE kept = words[i % 4] >= dropped ? (TYPE)scale : 0;                           \
            if (mask) mask[i] = kept;                                                              \
            if (y) y[i] = kept != 0 ? x[i] * kept : 0;                                             \
        }                                                                                          \
    } while (0)

static void drop_block(const draw_job *job, int64_t first, int64_t count) {
    const uint64_t dropped = (uint64_t)(job->rate * 4294967296.0);
    const double scale = 1.0 / (1.0 - job->rate);
    uint32_t words[4];
    if (job->dtype == TARE_FLOAT64)
        DROP(double);
    else
        DROP(float);
}

static void drop_slice(void *context, int64_t slice) {
    const draw_job *job = context;
    const int64_t blocks = blocks_of(job->count);
    const int64_t end = tare_slice_begin(blocks, job->slices, slice + 1);
    for (int64_t b = tare_slice_begin(blocks, job->slices, slice); b < end; b++) {
        const int64_t left = job->count - b * BLOCK;
        drop_block(job, b * BLOCK, left < BLOCK ? left : BLOCK);
    }
}

void tare_dropout_run(const tare_random *random, tare_dtype dtype, int64_t count, double rate,
                      const void *x, void *y, void *mask, tare_pool *pool) {
    draw_job job = {.random = random,
                    .dtype = dtype,
                    .count = count,
                    .rate = rate,
                    .x = x,
                    .y = y,
                    .mask = mask};
    job.slices = tare_slice_count(blocks_of(count), 1, SLICE_BLOCKS);
    tare_pool_run(pool, job.slices, drop_slice, &job);
}
