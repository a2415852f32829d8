/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products to time: dense layers forward and backward. */
#include "cli/bench_family.h"
#include "kernel/gemm.h"
#include "kernel/slices.h"

#include <inttypes.h>

/* A dense layer: y [batch, out] = x [batch, in] w [in, out]. */
typedef struct shape {
    int64_t batch, in, out;
} shape;
static const shape shapes[] = {
    {128, 784, 256}, {128, 256, 256}, {128, 256, 10}, {16, 2048, 1000}, {1024, 1024, 1024},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

enum { FORWARD, DATA, FILTER, PASSES };

typedef struct bench {
    tare_gemm products[PASSES];
    float *x, *w, *dy, *result;
    void *scratch;
} bench;

static void describe(int64_t index, int64_t batch, tare_text *text) {
    const shape *s = &shapes[index];
    tare_text_format(text, "%" PRId64 " x %" PRId64 " -> %" PRId64, batch > 0 ? batch : s->batch,
                     s->in, s->out);
}

static void *open(int64_t index, int64_t batch, tare_arena *arena) {
    bench *b = tare_arena_allocate(arena, sizeof *b);
    if (b == NULL) return NULL;
    const shape *s = &shapes[index];
    const int64_t n = batch > 0 ? batch : s->batch;
    b->products[FORWARD] =
        (tare_gemm){.m = n, .n = s->out, .k = s->in, .lda = s->in, .ldb = s->out, .ldc = s->out};
    b->products[DATA] = (tare_gemm){.m = n,
                                    .n = s->in,
                                    .k = s->out,
                                    .transpose_b = true,
                                    .lda = s->out,
                                    .ldb = s->out,
                                    .ldc = s->in};
    b->products[FILTER] = (tare_gemm){.m = s->in,
                                      .n = s->out,
                                      .k = n,
                                      .transpose_a = true,
                                      .lda = s->in,
                                      .ldb = s->out,
                                      .ldc = s->out};
    int64_t bytes = 0;
    for (int pass = 0; pass < PASSES; pass++)
        bytes = tare_greatest(bytes, tare_gemm_scratch(&b->products[pass]));
    b->x = tare_bench_numbers(arena, n * s->in);
    b->w = tare_bench_numbers(arena, s->in * s->out);
    b->dy = tare_bench_numbers(arena, n * s->out);
    b->result =
        tare_bench_numbers(arena, tare_greatest(n * tare_greatest(s->in, s->out), s->in * s->out));
    b->scratch = tare_bench_scratch(arena, bytes);
    return b->x && b->w && b->dy && b->result && b->scratch ? b : NULL;
}

static double work(const void *state, int pass) {
    return tare_gemm_flops(&((const bench *)state)->products[pass]);
}

static void run(void *state, int pass, tare_pool *pool) {
    const bench *b = state;
    tare_gemm_f32(&b->products[pass], pass == DATA ? b->dy : b->x, pass == FILTER ? b->dy : b->w,
                  NULL, b->result, b->scratch, pool);
}

const tare_bench_family tare_bench_gemm = {
    .name = "dense",
    .passes = {[FORWARD] = "forward", [DATA] = "data gradient", [FILTER] = "weight gradient"},
    .shapes = SHAPES,
    .describe = describe,
    .open = open,
    .work = work,
    .run = run,
};
