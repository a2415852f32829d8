/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depthwise convolution, one filter for each channel.
 *
 *     forward   y[o, c]  = bias[c] + sum over taps k of x[source(o, k), c] w[k, c]
 *     data      dx[i, c] = sum over taps k of dy[target(i, k), c] w[k, c]
 *     filter    dw[k, c] = sum over pixels o of x[source(o, k), c] dy[o, c]
 *
 * All are one walk: every pixel of a grid (output, or input) reads a source pixel through each tap,
 * or none. Which one is looked up per axis in tables made at the start. Columns that read through
 * the same taps, as nearly all of a row do, make a run and are summed together; in the data
 * gradient of stride s only every s-th column can. A slice takes rows of the grid. The filter's
 * rows are cut into ranges with a partial sum each, added in a fixed tree.
 */
#include "kernel/convolution_depthwise.h"

#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/depthwise_rows.h"
#include "kernel/partial_sums.h"
#include "kernel/slices.h"

enum {
    MOST_RANGES = 16,    /* partial sums of the filter */
    SLICE_WORK = 1 << 16 /* least multiply-adds of a slice */
};

bool tare_depthwise_takes(const tare_convolution *c) {
    return c->groups > 1 && c->groups == c->channels && c->filters == c->channels &&
           tare_pixels(c->kernel) <= TARE_DEPTHWISE_MOST_TAPS;
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

/* Columns first, first + step, .. of the grid, `count` of them. */
typedef struct column_run {
    int64_t first, count;
} column_run;

typedef struct walk {
    const tare_depthwise_rows *rows;
    int64_t channels;
    int64_t grid[TARE_SPATIAL], source[TARE_SPATIAL], kernel[TARE_SPATIAL];
    const int64_t *at[TARE_SPATIAL]; /* [grid position][tap] of an axis: where it reads; -1: none */
    const column_run *runs;
    int64_t run_count, column_step, source_step; /* from one column of a run to the next */
    const float *from, *w, *bias;                /* filter: from is x, w is dy */
    float *to;
    int64_t lines, slices; /* rows of the grid, through all samples */
} walk;

/* Bytes of the runs, at most one per column, and the tables behind them. */
static int64_t run_bytes(int64_t columns) { return columns * (int64_t)sizeof(column_run); }

static int64_t table_size(const int64_t grid[TARE_SPATIAL], const tare_convolution *c) {
    int64_t size = 0;
    for (int d = 0; d < TARE_SPATIAL; d++) size += grid[d] * c->kernel[d];
    return tare_round_up(size * (int64_t)sizeof(int64_t) + run_bytes(grid[2]), 64);
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

/* Whether two columns read through the same taps. */
static bool alike(const walk *w, int64_t a, int64_t b) {
    const int64_t *of_a = w->at[2] + a * w->kernel[2], *of_b = w->at[2] + b * w->kernel[2];
    for (int64_t k = 0; k < w->kernel[2]; k++)
        if ((of_a[k] < 0) != (of_b[k] < 0)) return false;
    return true;
}

static void find_runs(walk *w, column_run *runs) {
    w->runs = runs;
    for (int64_t phase = 0; phase < w->column_step; phase++)
        for (int64_t g = phase; g < w->grid[2]; g += w->column_step) {
            if (g > phase && alike(w, g - w->column_step, g))
                runs[w->run_count - 1].count++;
            else
                runs[w->run_count++] = (column_run){.first = g, .count = 1};
        }
}

static walk start(tare_isa isa, const tare_convolution *c, bool data, void *scratch) {
    walk w = {.rows = rows_of(isa),
              .channels = c->channels,
              .column_step = data ? c->stride[2] : 1,
              .source_step = data ? 1 : c->stride[2]};
    int64_t *tables = (int64_t *)(void *)((char *)scratch + run_bytes(data ? c->in[2] : c->out[2]));
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
    find_runs(&w, scratch);
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

/* The kernel rows through which a row of the grid reads, and which source rows. */
typedef struct kernel_rows {
    int64_t kernel[TARE_DEPTHWISE_MOST_TAPS], source[TARE_DEPTHWISE_MOST_TAPS];
    int64_t count, next; /* next: the source row behind all of them */
} kernel_rows;

static void find_rows(const walk *w, int64_t line, kernel_rows *found) {
    found->count = found->next = 0;
    for (int64_t i = 0; i < w->kernel[0]; i++)
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            const int64_t row = source_row(w, line, i, j);
            if (row < 0) continue;
            found->kernel[found->count] = i * w->kernel[1] + j;
            found->source[found->count++] = row;
            found->next = tare_greatest(found->next, row + 1);
        }
}

/* The taps of a run's columns, and what its first column reads through them; dw: NULL or the
 * filter's gradient. */
static void find_taps(const walk *w, const kernel_rows *rows, const column_run *columns, float *dw,
                      tare_depthwise_run *run) {
    const int64_t *at = w->at[2] + columns->first * w->kernel[2];
    run->pixels = columns->count;
    run->x_ahead = w->from + (rows->next * w->source[2] + tare_greatest(at[0], 0)) * w->channels;
    run->taps = 0;
    for (int64_t r = 0; r < rows->count; r++)
        for (int64_t k = 0; k < w->kernel[2]; k++) {
            if (at[k] < 0) continue;
            const int64_t tap = (rows->kernel[r] * w->kernel[2] + k) * w->channels;
            const int64_t pixel = rows->source[r] * w->source[2] + at[k];
            run->x[run->taps] = w->from + pixel * w->channels;
            if (dw)
                run->dw[run->taps++] = dw + tap;
            else
                run->w[run->taps++] = w->w + tap;
        }
}

static tare_depthwise_run run_of(const walk *w) {
    return (tare_depthwise_run){.channels = w->channels,
                                .x_step = w->source_step,
                                .y_step = w->column_step,
                                .bias = w->bias};
}

/* ---- forward and data */

static void walk_slice(void *context, int64_t slice) {
    const walk *w = context;
    kernel_rows rows;
    tare_depthwise_run run = run_of(w);
    const int64_t end = tare_slice_begin(w->lines, w->slices, slice + 1);
    for (int64_t line = tare_slice_begin(w->lines, w->slices, slice); line < end; line++) {
        find_rows(w, line, &rows);
        float *to = w->to + line * w->grid[2] * w->channels;
        for (int64_t i = 0; i < w->run_count; i++) {
            find_taps(w, &rows, &w->runs[i], NULL, &run);
            w->rows->sum(&run, to + w->runs[i].first * w->channels);
        }
    }
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

/* ---- filter */

typedef struct filter_job {
    walk w;
    tare_partial_sums sums; /* one for every slice */
} filter_job;

static void filter_slice(void *context, int64_t slice) {
    const filter_job *job = context;
    const walk *w = &job->w;
    float *dw = tare_partial_sum(&job->sums, slice);
    memset(dw, 0, (size_t)(tare_pixels(w->kernel) * w->channels) * sizeof *dw);
    const int64_t end = tare_slice_begin(w->lines, w->slices, slice + 1);
    kernel_rows rows;
    tare_depthwise_run run = run_of(w);
    for (int64_t line = tare_slice_begin(w->lines, w->slices, slice); line < end; line++) {
        find_rows(w, line, &rows);
        const float *dy = w->w + line * w->grid[2] * w->channels;
        for (int64_t i = 0; i < w->run_count; i++) {
            find_taps(w, &rows, &w->runs[i], dw, &run);
            run.y_ahead = dy + (w->grid[2] + w->runs[i].first) * w->channels;
            w->rows->add_products(&run, dy + w->runs[i].first * w->channels);
        }
    }
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
