/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions of whole numbers to time: those of the floating ones' shapes that are flat. */
#include "cli/bench_family.h"
#include "kernel/convolution_geometry.h"
#include "kernel/fixed_point.h"
#include "kernel/int8_product.h"

#include <math.h>

typedef struct bench {
    tare_int8_product p;
    int8_t *x, *y;
    void *packed, *scratch;
} bench;

static bool is_flat(const tare_convolution *c) { return c->in[0] == 1; }

/* -128..127 in a fixed order; NULL: no memory. */
static int8_t *make_bytes(tare_arena *arena, int64_t count) {
    int8_t *bytes = tare_bench_scratch(arena, count);
    uint32_t state = 1;
    for (int64_t i = 0; bytes && i < count; i++) {
        state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
        bytes[i] = (int8_t)((int32_t)(state >> 24) + INT8_MIN);
    }
    return bytes;
}

static tare_int8_product product_of(const tare_convolution *c) {
    const int64_t taps = tare_pixels(c->kernel), depth = c->channels / c->groups;
    const bool depthwise = depth == 1 && c->groups > 1;
    return (tare_int8_product){.c = *c,
                               .filter_step = depthwise ? 1 : taps * depth,
                               .tap_step = depthwise ? c->filters : depth,
                               .x_zero = -128,
                               .y_zero = -128,
                               .least = INT8_MIN,
                               .most = INT8_MAX};
}

/* Factors that leave results all over int8's range. */
static bool pack(bench *b, tare_arena *arena) {
    const tare_convolution *c = &b->p.c;
    const int64_t terms = tare_pixels(c->kernel) * (c->channels / c->groups);
    const tare_multiplier by = tare_multiplier_of(1 / (128 * sqrt((double)terms)));
    const int8_t *w = make_bytes(arena, terms * c->filters);
    int32_t *multipliers = tare_bench_scratch(arena, 2 * c->filters * (int64_t)sizeof *multipliers);
    b->packed = tare_bench_scratch(arena, tare_int8_packed_bytes(&b->p));
    if (w == NULL || multipliers == NULL || b->packed == NULL) return false;
    for (int64_t f = 0; f < c->filters; f++) {
        multipliers[f] = by.multiplier;
        multipliers[c->filters + f] = by.shift;
    }
    tare_int8_pack(&b->p, &(tare_int8_weights){.w = w, .multipliers = multipliers}, b->packed);
    return true;
}

static void *open(int64_t index, int64_t batch, tare_arena *arena) {
    bench *b = tare_arena_allocate(arena, sizeof *b);
    if (b == NULL) return NULL;
    const tare_convolution c = tare_bench_convolution_of(index, batch);
    *b = (bench){.p = product_of(&c)};
    if (!is_flat(&c)) return b;
    b->x = make_bytes(arena, c.batch * tare_pixels(c.in) * c.channels);
    b->y = make_bytes(arena, c.batch * tare_pixels(c.out) * c.filters);
    b->scratch = tare_bench_scratch(arena, tare_int8_product_scratch(&b->p));
    return b->x && b->y && b->scratch && pack(b, arena) ? b : NULL;
}

static double work(const void *state, int pass) {
    const bench *b = state;
    (void)pass;
    return is_flat(&b->p.c) ? tare_convolution_flops(&b->p.c) : 0;
}

static void run(void *state, int pass, tare_pool *pool) {
    bench *b = state;
    (void)pass;
    tare_int8_product_run(&b->p, b->x, b->packed, b->y, b->scratch, pool);
}

const tare_bench_family tare_bench_int8 = {
    .name = "int8 convolution",
    .passes = {"forward"},
    .is_whole = true,
    .shapes = TARE_BENCH_CONVOLUTIONS,
    .describe = tare_bench_describe_convolution,
    .open = open,
    .work = work,
    .run = run,
};
