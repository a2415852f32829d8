/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depthwise convolution, one filter for each channel.
 *
 *     forward   y[o, c]  = bias[c] + sum over taps k of x[source(o, k), c] w[k, c]
 *     data      dx[i, c] = sum over taps k of dy[target(i, k), c] w[k, c]
 *     filter    dw[k, c] = sum over pixels o of x[source(o, k), c] dy[o, c]
 *
 * The first two are one walk: every pixel of a grid (output, or input) reads a source pixel through
 * each tap, or none. Which one is looked up per axis in tables made at the start. A slice takes
 * rows of the grid. The filter's rows are cut into ranges with a partial sum each, added in a fixed
 * tree.
 */
#include "kernel/convolution_depthwise.h"

#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/depthwise_rows.h"
#include "kernel/partial_sums.h"
#include "kernel/slices.h"

enum {
    MOST_TAPS = 128,     /* pointers to their rows stand on the stack */
    MOST_RANGES = 16,    /* partial sums of the filter */
    SLICE_WORK = 1 << 16 /* least multiply-adds of a slice */
};

bool tare_depthwise_takes(const tare_convolution *c) {
    return c->groups > 1 && c->groups == c->channels && c->filters == c->channels &&
           tare_pixels(c->kernel) <= MOST_TAPS;
}

static const tare_depthwise_rows *rows_of(tare_isa isa) {
#if defined(__x86_64__)
    if (isa == TARE_ISA_AVX512) return &tare_depthwise_rows_avx512;
    if (isa == TARE_ISA_AVX2) return &tare_depthwise_rows_avx2;
#endif
    (void)isa;
    return &tare_depthwise_rows_baseline;
}

/* ---- which pixel meets which */

typedef struct walk {
    const tare_depthwise_rows *rows;
    int64_t channels;
    int64_t grid[TARE_SPATIAL], source[TARE_SPATIAL], kernel[TARE_SPATIAL];
    const int64_t *at[TARE_SPATIAL]; /* [grid position][tap] of an axis: where it reads; -1: none */
    const float *from, *w, *bias;    /* filter: from is x, w is dy */
    float *to;
    int64_t lines, slices; /* rows of the grid, through all samples */
} walk;

static int64_t table_size(const int64_t grid[TARE_SPATIAL], const tare_convolution *c) {
    int64_t size = 0;
    for (int d = 0; d < TARE_SPATIAL; d++) size += grid[d] * c->kernel[d];
    return tare_round_up(size * (int64_t)sizeof(int64_t), 64);
}

static int64_t forward_source(const tare_convolution *c, int d, int64_t out, int64_t tap) {
    const int64_t in = out * c->stride[d] + tap * c->dilation[d] - c->before[d];
    return in >= 0 && in < c->in[d] ? in : -1;
}

static int64_t data_source(const tare_convolution *c, int d, int64_t in, int64_t tap) {
    const int64_t distance = in + c->before[d] - tap * c->dilation[d];
    if (distance < 0 || distance % c->stride[d] != 0) return -1;
    return distance / c->stride[d] < c->out[d] ? distance / c->stride[d] : -1;
}

static walk start(tare_isa isa, const tare_convolution *c, bool data, int64_t *tables) {
    walk w = {.rows = rows_of(isa), .channels = c->channels};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        w.grid[d] = data ? c->in[d] : c->out[d];
        w.source[d] = data ? c->out[d] : c->in[d];
        w.kernel[d] = c->kernel[d];
        w.at[d] = tables;
        for (int64_t g = 0; g < w.grid[d]; g++)
            for (int64_t k = 0; k < c->kernel[d]; k++)
                *tables++ = data ? data_source(c, d, g, k) : forward_source(c, d, g, k);
    }
    w.lines = c->batch * w.grid[0] * w.grid[1];
    return w;
}

/* Where a row of the grid begins to read through the tap (i, j, ..): the number of the source row,
 * or -1. */
static int64_t source_row(const walk *w, int64_t line, int64_t i, int64_t j) {
    const int64_t plane = line / w->grid[1], sample = plane / w->grid[0];
    const int64_t at = w->at[0][plane % w->grid[0] * w->kernel[0] + i],
                  row = w->at[1][line % w->grid[1] * w->kernel[1] + j];
    return at < 0 || row < 0 ? -1 : (sample * w->source[0] + at) * w->source[1] + row;
}

/* ---- forward and data: pixels of the grid, one after the other */

/* What the taps of a row of the grid read: first numbers of a source row and of a filter row. */
typedef struct tap_rows {
    const float *from[MOST_TAPS], *w[MOST_TAPS];
    int64_t count;
} tap_rows;

static void find_rows(const walk *w, int64_t line, tap_rows *found) {
    found->count = 0;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            const int64_t row = source_row(w, line, i, j);
            if (row < 0) continue;
            found->from[found->count] = w->from + row * w->source[2] * w->channels;
            found->w[found->count++] = w->w + (i * w->kernel[1] + j) * w->kernel[2] * w->channels;
        }
}

static void walk_line(const walk *w, int64_t line) {
    tap_rows rows, taps;
    find_rows(w, line, &rows);
    float *to = w->to + line * w->grid[2] * w->channels;
    for (int64_t g = 0; g < w->grid[2]; g++, to += w->channels) {
        const int64_t *at = w->at[2] + g * w->kernel[2];
        taps.count = 0;
        for (int64_t r = 0; r < rows.count; r++)
            for (int64_t k = 0; k < w->kernel[2]; k++) {
                if (at[k] < 0) continue;
                taps.from[taps.count] = rows.from[r] + at[k] * w->channels;
                taps.w[taps.count++] = rows.w[r] + k * w->channels;
            }
        w->rows->sum(w->channels, taps.count, taps.from, taps.w, w->bias, to);
    }
}

static void walk_slice(void *context, int64_t slice) {
    const walk *w = context;
    const int64_t end = tare_slice_begin(w->lines, w->slices, slice + 1);
    for (int64_t line = tare_slice_begin(w->lines, w->slices, slice); line < end; line++)
        walk_line(w, line);
}

static int64_t line_work(const walk *w) {
    return w->grid[2] * w->channels * tare_pixels(w->kernel);
}

static void run_walk(walk *w, tare_pool *pool) {
    w->slices = tare_slice_count(w->lines, line_work(w), SLICE_WORK);
    if (w->lines > 0) tare_pool_run(pool, w->slices, walk_slice, w);
}

int64_t tare_depthwise_forward_scratch(const tare_convolution *c) { return table_size(c->out, c); }

void tare_depthwise_forward(tare_isa isa, const tare_convolution *c, const float *x, const float *w,
                            const float *bias, float *y, void *scratch, tare_pool *pool) {
    walk pass = start(isa, c, false, scratch);
    pass.from = x;
    pass.w = w;
    pass.bias = bias;
    pass.to = y;
    run_walk(&pass, pool);
}

int64_t tare_depthwise_data_scratch(const tare_convolution *c) { return table_size(c->in, c); }

void tare_depthwise_data(tare_isa isa, const tare_convolution *c, const float *dy, const float *w,
                         float *dx, void *scratch, tare_pool *pool) {
    walk pass = start(isa, c, true, scratch);
    pass.from = dy;
    pass.w = w;
    pass.to = dx;
    run_walk(&pass, pool);
}

/* ---- filter: taps of a row of the grid, one after the other */

typedef struct filter_job {
    walk w;
    tare_partial_sums sums; /* one for every slice */
} filter_job;

/* Columns of the grid that read the source through tap k lie side by side. */
static void add_tap(const walk *w, const float *x, const float *dy, int64_t k, float *dw) {
    int64_t first = 0, end = w->grid[2];
    while (first < end && w->at[2][first * w->kernel[2] + k] < 0) first++;
    while (end > first && w->at[2][(end - 1) * w->kernel[2] + k] < 0) end--;
    if (first == end) return;
    const int64_t from = w->at[2][first * w->kernel[2] + k];
    const int64_t step = end - first > 1 ? w->at[2][(first + 1) * w->kernel[2] + k] - from : 0;
    w->rows->add_products(w->channels, end - first, x + from * w->channels, step * w->channels,
                          dy + first * w->channels, dw);
}

static void add_line(const walk *w, int64_t line, float *dw) {
    const float *dy = w->w + line * w->grid[2] * w->channels;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            const int64_t row = source_row(w, line, i, j);
            if (row < 0) continue;
            const float *x = w->from + row * w->source[2] * w->channels;
            float *taps = dw + (i * w->kernel[1] + j) * w->kernel[2] * w->channels;
            for (int64_t k = 0; k < w->kernel[2]; k++) add_tap(w, x, dy, k, taps + k * w->channels);
        }
}

static void filter_slice(void *context, int64_t slice) {
    const filter_job *job = context;
    const walk *w = &job->w;
    float *dw = tare_partial_sum(&job->sums, slice);
    memset(dw, 0, (size_t)(tare_pixels(w->kernel) * w->channels) * sizeof *dw);
    const int64_t end = tare_slice_begin(w->lines, w->slices, slice + 1);
    for (int64_t line = tare_slice_begin(w->lines, w->slices, slice); line < end; line++)
        add_line(w, line, dw);
}

/* How many partial sums there are, by the shape alone. */
static int64_t count_ranges(const tare_convolution *c) {
    const int64_t lines = c->batch * c->out[0] * c->out[1];
    const int64_t work = c->out[2] * c->channels * tare_pixels(c->kernel);
    return tare_least(tare_slice_count(lines, work, SLICE_WORK), MOST_RANGES);
}

static int64_t filter_size(const tare_convolution *c) {
    return tare_pixels(c->kernel) * c->channels;
}

int64_t tare_depthwise_filter_scratch(const tare_convolution *c) {
    return table_size(c->out, c) + (count_ranges(c) - 1) * filter_size(c) * (int64_t)sizeof(float);
}

void tare_depthwise_filter(tare_isa isa, const tare_convolution *c, const float *x, const float *dy,
                           float *dw, void *scratch, tare_pool *pool) {
    filter_job job = {.w = start(isa, c, false, scratch)};
    job.w.from = x;
    job.w.w = dy;
    job.w.slices = count_ranges(c);
    job.sums.total = dw;
    job.sums.others = (float *)(void *)((char *)scratch + table_size(c->out, c));
    job.sums.size = filter_size(c);
    job.sums.count = job.w.slices;
    tare_pool_run(pool, job.w.slices, filter_slice, &job);
    tare_partial_sums_merge(&job.sums, pool);
}
