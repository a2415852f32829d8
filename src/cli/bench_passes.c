/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that memory bounds, to time: elementwise passes, reductions, batch normalisation. */
#include "cli/bench_family.h"
#include "kernel/elementwise.h"
#include "kernel/normalisation.h"
#include "kernel/reduction.h"
#include "kernel/slices.h"

#include <inttypes.h>

/* Images, channels last. */
typedef struct shape {
    int64_t batch, size, channels;
} shape;
static const shape shapes[] = {{1, 32, 16}, {128, 32, 16}, {32, 56, 64}, {16, 56, 256}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct bench {
    int64_t count; /* numbers in an array */
    tare_channels view;
    float *x, *dy, *y, *channel; /* channel: [6][channels] */
    tare_unary_pass relu;
    tare_binary_pass add;
    tare_reduction sum, sum_channels;
    void *scratch;
} bench;

static void describe(int64_t index, int64_t batch, tare_text *text) {
    const shape *s = &shapes[index];
    tare_text_format(text, "%" PRId64 " x %" PRId64 "x%" PRId64 "x%" PRId64,
                     batch > 0 ? batch : s->batch, s->size, s->size, s->channels);
}

static void plan(bench *b) {
    const int64_t extents[] = {b->view.outer, b->view.channels};
    const tare_shape flat = TARE_SHAPE(b->count);
    tare_unary_plan(&b->relu, TARE_UNARY_RELU, TARE_FLOAT32, b->count, 0);
    tare_binary_plan(&b->add, TARE_BINARY_ADD, TARE_FLOAT32, flat, flat, 0);
    tare_reduction_plan(&b->sum, TARE_REDUCE_SUM, TARE_FLOAT32, 2, extents, 3, 1);
    tare_reduction_plan(&b->sum_channels, TARE_REDUCE_SUM, TARE_FLOAT32, 2, extents, 1, 1);
}

static void *open(int64_t index, int64_t batch, tare_arena *arena) {
    bench *b = tare_arena_allocate(arena, sizeof *b);
    if (b == NULL) return NULL;
    const shape *s = &shapes[index];
    b->view.outer = (batch > 0 ? batch : s->batch) * s->size * s->size;
    b->view.channels = s->channels;
    b->view.inner = 1;
    b->count = b->view.outer * s->channels;
    plan(b);
    b->x = tare_bench_numbers(arena, b->count);
    b->dy = tare_bench_numbers(arena, b->count);
    b->y = tare_bench_numbers(arena, b->count);
    b->channel = tare_bench_numbers(arena, 6 * s->channels);
    const int64_t sums = tare_greatest(b->sum.scratch_bytes, b->sum_channels.scratch_bytes);
    const int64_t norm = tare_normalisation_scratch(&b->view, sizeof(float));
    b->scratch = tare_bench_scratch(
        arena, tare_greatest(sums, tare_greatest(norm, tare_binary_scratch(&b->add))));
    return b->x && b->dy && b->y && b->channel && b->scratch ? b : NULL;
}

static double arrays(const void *state, int count) {
    return (double)((const bench *)state)->count * count * (double)sizeof(float);
}

/* ---- elementwise */

enum { RELU, ADD };

static double elementwise_work(const void *state, int pass) {
    return arrays(state, pass == RELU ? 2 : 3);
}
static void elementwise_run(void *state, int pass, tare_pool *pool) {
    bench *b = state;
    if (pass == RELU)
        tare_unary_run(&b->relu, b->x, b->y, pool);
    else
        tare_binary_run(&b->add, b->x, b->dy, b->y, b->scratch, pool);
}

const tare_bench_family tare_bench_elementwise = {
    .name = "elementwise",
    .passes = {[RELU] = "relu", [ADD] = "add"},
    .is_memory_bound = true,
    .shapes = SHAPES,
    .describe = describe,
    .open = open,
    .work = elementwise_work,
    .run = elementwise_run,
};

/* ---- reductions */

enum { SUM, SUM_CHANNELS };

static double reduction_work(const void *state, int pass) {
    (void)pass;
    return arrays(state, 1);
}
static void reduction_run(void *state, int pass, tare_pool *pool) {
    bench *b = state;
    tare_reduction_run(pass == SUM ? &b->sum : &b->sum_channels, b->x, b->channel, b->scratch,
                       pool);
}

const tare_bench_family tare_bench_reduction = {
    .name = "reduction",
    .passes = {[SUM] = "sum of all", [SUM_CHANNELS] = "sum per channel"},
    .is_memory_bound = true,
    .shapes = SHAPES,
    .describe = describe,
    .open = open,
    .work = reduction_work,
    .run = reduction_run,
};

/* ---- batch normalisation */

enum { MOMENTS, NORMALISE, SUMS, GRADIENT };

static double normalisation_work(const void *state, int pass) {
    static const int touched[] = {[MOMENTS] = 1, [NORMALISE] = 2, [SUMS] = 2, [GRADIENT] = 3};
    return arrays(state, touched[pass]);
}
static void normalisation_run(void *state, int pass, tare_pool *pool) {
    bench *b = state;
    float *mean = b->channel, *variance = mean + b->view.channels,
          *dgamma = variance + b->view.channels, *dbeta = dgamma + b->view.channels,
          *gamma = dbeta + b->view.channels, *beta = gamma + b->view.channels;
    const tare_normalisation_f32 by = {
        .mean = mean, .variance = variance, .gamma = gamma, .beta = beta, .epsilon = 1e-3};
    const tare_sums_f32 sums = {.dgamma = dgamma, .dbeta = dbeta};
    if (pass == MOMENTS)
        tare_channel_moments_f32(&b->view, b->x,
                                 &(tare_moments_f32){.mean = mean, .variance = variance},
                                 b->scratch, pool);
    else if (pass == NORMALISE)
        tare_normalise_f32(&b->view, &by, b->x, b->y, b->scratch, pool);
    else if (pass == SUMS)
        tare_gradient_sums_f32(&b->view, &by, b->dy, b->x, &sums, b->scratch, pool);
    else
        tare_normalise_gradient_f32(&b->view, &by, b->dy, b->x, &sums, b->y, b->scratch, pool);
}

const tare_bench_family tare_bench_normalisation = {
    .name = "batch normalisation",
    .passes = {[MOMENTS] = "moments",
               [NORMALISE] = "normalise",
               [SUMS] = "gradient sums",
               [GRADIENT] = "gradient"},
    .is_memory_bound = true,
    .shapes = SHAPES,
    .describe = describe,
    .open = open,
    .work = normalisation_work,
    .run = normalisation_run,
};
