/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions to time: layers of residual networks, of small networks, and of three dimensions. */
#include "cli/bench_family.h"
#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

#include <inttypes.h>

typedef struct shape {
    int64_t batch, in[TARE_SPATIAL], channels, filters, kernel[TARE_SPATIAL], stride, groups;
    bool valid; /* no padding; otherwise as much as TensorFlow's SAME */
} shape;

#define PLANE(n, size, c, f, k, s)                                                                 \
    { n, {1, size, size}, c, f, {1, k, k}, s, 1, false }
#define SPACE(n, depth, size, c, f)                                                                \
    { n, {depth, size, size}, c, f, {3, 3, 3}, 1, 1, false }
#define CHANNELWISE(n, size, c, k, s)                                                              \
    { n, {1, size, size}, c, c, {1, k, k}, s, c, false }
/* clang-format off */
static const shape shapes[] = {
    /* 3x3 */
    PLANE(128, 32, 16, 16, 3, 1), PLANE(128, 16, 32, 32, 3, 1), PLANE(128, 8, 64, 64, 3, 1),
    PLANE(16, 56, 64, 64, 3, 1), PLANE(16, 28, 128, 128, 3, 1), PLANE(16, 14, 256, 256, 3, 1),
    PLANE(16, 7, 512, 512, 3, 1),
    /* 3x3 between different widths */
    PLANE(32, 32, 32, 64, 3, 1), PLANE(32, 16, 64, 128, 3, 1), PLANE(32, 32, 128, 64, 3, 1),
    PLANE(32, 64, 64, 32, 3, 1), PLANE(32, 64, 32, 1, 3, 1),
    /* 3x3x3 */
    SPACE(8, 8, 28, 16, 16), SPACE(8, 16, 28, 32, 64), SPACE(8, 8, 14, 64, 128),
    SPACE(8, 4, 7, 128, 128), SPACE(4, 4, 14, 256, 256), SPACE(4, 2, 7, 512, 512),
    /* 1x1 */
    PLANE(16, 56, 64, 64, 1, 1), PLANE(16, 56, 64, 256, 1, 1), PLANE(16, 56, 256, 64, 1, 1),
    PLANE(16, 28, 512, 128, 1, 1), PLANE(16, 14, 1024, 256, 1, 1), PLANE(16, 7, 512, 2048, 1, 1),
    /* stride 2 */
    PLANE(128, 32, 16, 32, 3, 2), PLANE(128, 16, 32, 64, 3, 2), PLANE(16, 56, 128, 128, 3, 2),
    PLANE(16, 28, 256, 256, 3, 2), PLANE(16, 14, 512, 512, 3, 2), PLANE(128, 32, 16, 32, 1, 2),
    PLANE(16, 56, 256, 512, 1, 2),
    /* first layers, whose data gradient nobody wants */
    {256, {1, 28, 28}, 1, 6, {1, 5, 5}, 1, 1, true}, PLANE(32, 64, 1, 32, 3, 1),
    PLANE(128, 32, 3, 16, 3, 1), PLANE(16, 224, 3, 64, 7, 2), SPACE(8, 16, 56, 3, 32),
    /* a second layer of a small network */
    {256, {1, 12, 12}, 6, 16, {1, 5, 5}, 1, 1, true},
    /* one filter per channel */
    CHANNELWISE(16, 56, 64, 3, 1), CHANNELWISE(16, 56, 128, 3, 2), CHANNELWISE(16, 28, 128, 5, 1),
    CHANNELWISE(16, 14, 512, 3, 1), CHANNELWISE(16, 7, 1024, 3, 1), CHANNELWISE(64, 32, 24, 3, 1),
};
/* clang-format on */
_Static_assert(sizeof shapes / sizeof *shapes == TARE_BENCH_CONVOLUTIONS, "all are counted");
enum { FIRST_LAYER_CHANNELS = 4 };

enum { FORWARD, DATA, FILTER };

typedef struct bench {
    tare_convolution c;
    float *x, *w, *dy, *y, *dx, *dw; /* what is read and what is written */
    void *scratch;
} bench;

tare_convolution tare_bench_convolution_of(int64_t i, int64_t batch) {
    const shape *s = &shapes[i];
    tare_convolution c = {.batch = batch > 0 ? batch : s->batch,
                          .channels = s->channels,
                          .filters = s->filters,
                          .groups = s->groups};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        c.in[d] = s->in[d];
        c.kernel[d] = s->kernel[d];
        c.stride[d] = d == 0 ? 1 : s->stride;
        c.dilation[d] = 1;
        const int64_t reach = s->valid ? c.in[d] - c.kernel[d] + 1 : c.in[d];
        c.out[d] = tare_quotient_up(reach, c.stride[d]);
        const int64_t missing = (c.out[d] - 1) * c.stride[d] + c.kernel[d] - c.in[d];
        c.before[d] = s->valid ? 0 : tare_greatest(missing, 0) / 2;
    }
    return c;
}

static void add_extents(const int64_t extent[TARE_SPATIAL], bool deep, tare_text *text) {
    if (deep) tare_text_format(text, "%" PRId64 "x", extent[0]);
    tare_text_format(text, "%" PRId64 "x%" PRId64, extent[1], extent[2]);
}

/* "128 x 32x32x16 3x3 -> 16", "16 x 56x56x128 3x3/2 -> 128" */
void tare_bench_describe_convolution(int64_t i, int64_t batch, tare_text *text) {
    const shape *s = &shapes[i];
    const bool deep = s->in[0] > 1;
    tare_text_format(text, "%" PRId64 " x ", batch > 0 ? batch : s->batch);
    add_extents(s->in, deep, text);
    tare_text_format(text, "x%" PRId64 " ", s->channels);
    add_extents(s->kernel, deep, text);
    if (s->stride > 1) tare_text_format(text, "/%" PRId64, s->stride);
    tare_text_format(text, " -> %" PRId64, s->filters);
    if (s->groups > 1) tare_text_format(text, ", %" PRId64 " groups", s->groups);
}

static void *open(int64_t index, int64_t batch, tare_arena *arena) {
    bench *b = tare_arena_allocate(arena, sizeof *b);
    if (b == NULL) return NULL;
    b->c = tare_bench_convolution_of(index, batch);
    const tare_convolution *c = &b->c;
    const int64_t weights = tare_pixels(c->kernel) * (c->channels / c->groups) * c->filters;
    b->x = tare_bench_numbers(arena, c->batch * tare_pixels(c->in) * c->channels);
    b->w = tare_bench_numbers(arena, weights);
    b->dy = tare_bench_numbers(arena, c->batch * tare_pixels(c->out) * c->filters);
    b->y = tare_bench_numbers(arena, c->batch * tare_pixels(c->out) * c->filters);
    b->dx = tare_bench_numbers(arena, c->batch * tare_pixels(c->in) * c->channels);
    b->dw = tare_bench_numbers(arena, weights);
    b->scratch =
        tare_bench_scratch(arena, tare_greatest(tare_convolution_forward_scratch(c),
                                                tare_greatest(tare_convolution_data_scratch(c),
                                                              tare_convolution_filter_scratch(c))));
    return b->x && b->w && b->dy && b->y && b->dx && b->dw && b->scratch ? b : NULL;
}

static double work(const void *state, int pass) {
    const tare_convolution *c = &((const bench *)state)->c;
    if (pass == DATA && c->channels <= FIRST_LAYER_CHANNELS) return 0;
    return tare_convolution_flops(c);
}

static void run(void *state, int pass, tare_pool *pool) {
    bench *b = state;
    if (pass == FORWARD)
        tare_convolution_forward_f32(&b->c, b->x, b->w, NULL, b->y, b->scratch, pool);
    else if (pass == DATA)
        tare_convolution_data_f32(&b->c, b->dy, b->w, b->dx, b->scratch, pool);
    else
        tare_convolution_filter_f32(&b->c, b->x, b->dy, b->dw, b->scratch, pool);
}

const tare_bench_family tare_bench_convolution = {
    .name = "convolution",
    .passes = {[FORWARD] = "forward", [DATA] = "data gradient", [FILTER] = "filter gradient"},
    .shapes = TARE_BENCH_CONVOLUTIONS,
    .describe = tare_bench_describe_convolution,
    .open = open,
    .work = work,
    .run = run,
};
