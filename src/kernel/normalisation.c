/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalisation in slices. A slice is a range of outer rows times a range of channels. In it, the
 * numbers of one channel range lie in items, and `repeat` items stand side by side in a row that
 * the row kernels take at once:
 *
 *     NHWC  an item is the channels of one pixel; few channels: several pixels make a row
 *     NCHW  an item is one number of one channel; a row is a run of an image
 *
 * so column j of a row always belongs to channel j mod period. Of many channels, a slice sums a
 * strip after the other, some rows at a time, so that memory is read in order nevertheless. Where
 * every channel is one short line, as when each sample is normalised over its features, a slice
 * walks its lines instead.
 */
#include "kernel/normalisation_riders.h"

#include "base/memory.h"
#include "kernel/normalisation_columns.h"
#include "kernel/normalisation_rows.h"
#include "kernel/slices.h"
#include "kernel/stream.h"

#include <string.h>

enum {
    ROW_BYTES = 512,  /* columns of a row; nested functions keep a dozen such arrays on the stack */
    RUN = 64,         /* columns of a row of NCHW data */
    BLOCK = 8192,     /* numbers per two-pass block: stay in the first cache */
    SLICE = 32768,    /* numbers worth a slice of their own */
    ACTIVATED = 1024, /* numbers that are normalised before they go through an activation */
    STAGE = 4096,     /* bytes of results that are made before they are streamed */
    TINY = 256,       /* numbers for which plain loops are as fast */
    LINE = 4096,      /* numbers of a channel up to which one line at a time is faster */
    ENOUGH = 16       /* slices of rows, so that all channels may be in one */
};

/* How a view is cut. */
typedef struct grid {
    tare_channels view;
    int64_t row_slices, channel_slices;
    int64_t strip; /* channels of NHWC data that are summed together */
} grid;

static bool is_lines(const tare_channels *view) {
    return view->outer == 1 && view->inner > 1 && view->inner <= LINE && view->channels > 1;
}

static grid make_grid(const tare_channels *view, size_t size) {
    const int64_t widest = ROW_BYTES / (int64_t)size;
    grid g = {.view = *view};
    if (is_lines(view)) {
        g.row_slices = 1;
        g.channel_slices = tare_slice_count(view->channels, view->inner, SLICE);
        return g;
    }
    if (view->channels == 1) {
        g.view.outer = view->outer * view->inner;
        g.view.inner = 1;
    }
    const int64_t plane = g.view.outer * g.view.inner;
    const int64_t fit = g.view.inner == 1 ? widest : SLICE / (plane > 0 ? plane : 1);
    const int64_t chunk = fit < 1 ? 1 : fit > widest ? widest : fit;
    g.channel_slices = (g.view.channels + chunk - 1) / chunk;
    if (g.channel_slices < 1) g.channel_slices = 1;
    const int64_t channels = (g.view.channels + g.channel_slices - 1) / g.channel_slices;
    g.strip = channels;
    g.row_slices = tare_slice_count(g.view.outer, channels * g.view.inner, SLICE);
    const int64_t whole = tare_slice_count(g.view.outer, g.view.channels, SLICE);
    if (g.view.inner == 1 && whole >= ENOUGH) {
        g.channel_slices = 1;
        g.row_slices = whole;
    }
    return g;
}

static bool is_tiny(const tare_channels *view) {
    return view->outer * view->inner * view->channels <= TINY;
}

int64_t tare_normalisation_scratch(const tare_channels *view, size_t size) {
    if (is_tiny(view)) return 0;
    /* Two sums per slice in double and two columns, or the four columns of a map. */
    const grid g = make_grid(view, size);
    const int64_t doubles = 2 * g.row_slices + 2;
    return view->channels * doubles * (int64_t)sizeof(double);
}

/* One slice's share. */
typedef struct part {
    int64_t row_slice, row, row_end, channel, channel_end;
} part;

static part part_of(const grid *g, int64_t slice) {
    const int64_t r = slice / g->channel_slices, c = slice % g->channel_slices;
    return (part){r, tare_slice_begin(g->view.outer, g->row_slices, r),
                  tare_slice_begin(g->view.outer, g->row_slices, r + 1),
                  tare_slice_begin(g->view.channels, g->channel_slices, c),
                  tare_slice_begin(g->view.channels, g->channel_slices, c + 1)};
}

/* Whether a part's rows hold several strips side by side. */
static bool has_strips(const grid *g, const part *p) {
    return g->view.inner == 1 && p->channel_end - p->channel > g->strip;
}

/* The rows of a part after those of *some, as many as a block of a strip has; false: none left. */
static bool next_rows(const grid *g, const part *p, part *some) {
    const int64_t most = has_strips(g, p) ? BLOCK / g->strip + 1 : p->row_end - p->row;
    some->row = some->row_end;
    some->row_end = tare_least(some->row + most, p->row_end);
    return some->row < p->row_end;
}

/* Channels that are walked together: items of `period` numbers, `repeat` of them to a row. */
typedef struct strip {
    int64_t channel, period, repeat, stride;
} strip;

/* The strip of a part that begins at `channel`. */
static strip strip_at(const grid *g, const part *p, int64_t channel, size_t size) {
    if (g->view.inner > 1) return (strip){channel, 1, RUN, RUN};
    const int64_t period = tare_least(g->strip, p->channel_end - channel);
    strip s = {channel, period, 1, g->view.channels};
    if (period < g->view.channels) return s;
    while (2 * s.repeat * period <= ROW_BYTES / (int64_t)size) s.repeat *= 2;
    s.stride = s.repeat * period;
    return s;
}

/*
 * Some of a strip's numbers: `lines` lines of `items` items each, `step` from one line's begin to
 * the next one's. NHWC data are one line, NCHW data have a line per outer row.
 */
typedef struct block {
    int64_t at, lines, step, items;
    tare_rows full, rest; /* of a line: whole rows, and a last one that is not full */
    int64_t rest_at;      /* from the line's begin */
} block;

static block block_of(const strip *s, int64_t at, int64_t lines, int64_t step, int64_t items) {
    const int64_t rows = items / s->repeat;
    return (block){at,
                   lines,
                   step,
                   items,
                   {rows, s->stride, s->repeat * s->period},
                   {1, s->stride, items % s->repeat * s->period},
                   rows * s->stride};
}

/* A part's whole share of a strip. */
static block all_of(const grid *g, const part *p, const strip *s) {
    const int64_t rows = p->row_end - p->row, inner = g->view.inner;
    const int64_t at = (p->row * g->view.channels + s->channel) * inner;
    if (inner > 1) return block_of(s, at, rows, g->view.channels * inner, inner);
    return block_of(s, at, 1, 0, rows);
}

/*
 * Cuts the next block of about BLOCK numbers off a strip's share: several short lines, or a piece
 * of a long one. line and item say where the share's next number is; false when there is none.
 */
static bool next_block(const strip *s, const block *all, int64_t *line, int64_t *item,
                       block *next) {
    const int64_t most = (BLOCK / (s->repeat * s->period) + 1) * s->repeat;
    if (*line >= all->lines || all->items == 0) return false;
    const int64_t at = all->at + *line * all->step + *item / s->repeat * s->stride;
    int64_t lines = 1, items = all->items - *item;
    if (all->items > most) {
        if (items > most) items = most;
        *item += items;
        if (*item == all->items) *item = 0, *line += 1;
    } else {
        lines = most / all->items;
        if (lines > all->lines - *line) lines = all->lines - *line;
        *line += lines;
    }
    *next = block_of(s, at, lines, all->step, items);
    return true;
}

/* ---------------------------------------------------------------- partial sums, in double */

/* Moments of count numbers: sums of squares are about the mean. */
static void merge_moments(double *mean, double *squares, double count, const double *other_mean,
                          const double *other_squares, double other_count, int64_t channels) {
    const double all = count + other_count;
    if (!(all > 0) || !(other_count > 0)) return;
    const double share = other_count / all, weight = count * share;
    for (int64_t c = 0; c < channels; c++) {
        const double delta = other_mean[c] - mean[c];
        mean[c] = count > 0 ? mean[c] + delta * share : other_mean[c];
        squares[c] =
            count > 0 ? squares[c] + other_squares[c] + delta * delta * weight : other_squares[c];
    }
}

/* The two sums of a row slice: [row_slices][2][channels]. */
static double *sums_of(const grid *g, double *scratch, int64_t row_slice, int which) {
    return scratch + (2 * row_slice + which) * g->view.channels;
}

static int64_t numbers_of(const grid *g, int64_t row_slice) {
    return (tare_slice_begin(g->view.outer, g->row_slices, row_slice + 1) -
            tare_slice_begin(g->view.outer, g->row_slices, row_slice)) *
           g->view.inner;
}

/* Slices s and s + step merge into s: a binary tree that the number of slices alone shapes. sums:
 * [slices][mean, squares][channels], each of so many numbers. */
static void merge_all_moments(int64_t slices, int64_t channels, int64_t *counts, double *sums) {
    for (int64_t step = 1; step < slices; step *= 2) {
        for (int64_t s = 0; s + step < slices; s += 2 * step) {
            double *into = sums + 2 * s * channels;
            const double *from = sums + 2 * (s + step) * channels;
            merge_moments(into, into + channels, (double)counts[s], from, from + channels,
                          (double)counts[s + step], channels);
            counts[s] += counts[s + step];
        }
    }
}

void tare_merge_sums(double *sums, int64_t slices, int64_t numbers) {
    for (int64_t step = 1; step < slices; step *= 2)
        for (int64_t s = 0; s + step < slices; s += 2 * step)
            for (int64_t c = 0; c < numbers; c++)
                sums[s * numbers + c] += sums[(s + step) * numbers + c];
}

static void merge_all_sums(const grid *g, double *scratch) {
    tare_merge_sums(scratch, g->row_slices, 2 * g->view.channels);
}

static const tare_row_kernels_f32 *row_kernels_f32(bool rectified) {
    const tare_normalisation_rows *rows = tare_normalisation_rows_of(tare_isa_used());
    return rectified ? &rows->rectified_f32 : &rows->f32;
}

static const tare_row_kernels_f64 *row_kernels_f64(bool rectified) {
    const tare_normalisation_rows_doubles *rows = &tare_normalisation_doubles;
    return rectified ? &rows->rectified_f64 : &rows->f64;
}

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/normalisation.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/normalisation.inc.h"

/* ------------------------------------------------------------------- riders on convolutions */

bool tare_normalisation_rides(const tare_channels *view) {
    return view->inner == 1 && !is_tiny(view);
}

/* Channels from `channel` on of pixels that stand `stride` apart, as a row takes them. */
static strip ridden_strip(int64_t channels, int64_t channel, int64_t stride) {
    const int64_t widest = ROW_BYTES / (int64_t)sizeof(float);
    strip s = {channel, tare_least(channels - channel, widest), 1, stride};
    if (s.period < stride) return s;
    while (2 * s.repeat * s.period <= widest) s.repeat *= 2;
    s.stride = s.repeat * s.period;
    return s;
}

static int64_t head_bytes(size_t size) { return tare_round_up((int64_t)size, TARE_ALIGNMENT); }

typedef struct moments_ride {
    job_f32 job; /* of x alone */
    int64_t channels, slices;
    double *sums; /* [slices][mean, squares][channels] */
    int64_t counts[TARE_MOST_SLICES];
} moments_ride;

int64_t tare_moments_rider_scratch(int64_t channels, int64_t slices) {
    return head_bytes(sizeof(moments_ride)) + 2 * slices * channels * (int64_t)sizeof(double);
}

static void ride_strip(moments_ride *ride, const tare_finished *f, const strip *s) {
    enum { WIDTH = ROW_BYTES / sizeof(float) };
    const block b = block_of(s, f->offset + s->channel, 1, 0, f->pixels);
    const int64_t before = ride->counts[f->slice];
    double mean[WIDTH], squares[WIDTH];
    double *all_mean = ride->sums + 2 * f->slice * ride->channels + s->channel;
    float centre[WIDTH], known[WIDTH];
    if (before == 0) {
        find_centre_f32(&ride->job, s, &b, centre);
    } else {
        for (int64_t c = 0; c < s->period; c++) known[c] = (float)all_mean[c];
        spread_f32(s, known, centre);
    }
    moments_about_f32(&ride->job, s, &b, centre, mean, squares);
    merge_moments(all_mean, all_mean + ride->channels, (double)before, mean, squares,
                  (double)f->pixels, s->period);
}

static void add_results(void *context, const tare_finished *f) {
    moments_ride *ride = context;
    strip s;
    for (int64_t channel = 0; channel < ride->channels; channel += s.period) {
        s = ridden_strip(ride->channels, channel, f->stride);
        ride_strip(ride, f, &s);
    }
    ride->counts[f->slice] += f->pixels;
}

tare_finisher tare_moments_rider_begin(int64_t channels, int64_t slices, const float *x,
                                       void *scratch) {
    moments_ride *ride = scratch;
    *ride = (moments_ride){.channels = channels, .slices = slices};
    ride->job.rows = row_kernels_f32(false);
    ride->job.x = x;
    ride->sums = (double *)(void *)((char *)scratch + head_bytes(sizeof *ride));
    return (tare_finisher){.finish = add_results, .context = ride};
}

void tare_moments_rider_end(void *scratch, const tare_moments_f32 *moments) {
    moments_ride *ride = scratch;
    merge_all_moments(ride->slices, ride->channels, ride->counts, ride->sums);
    keep_moments_f32(ride->channels, (double)ride->counts[0], ride->sums,
                     ride->sums + ride->channels, moments);
}

typedef struct normalise_ride {
    const tare_row_kernels_f32 *rows;
    int64_t channels, repeat; /* so many pixels make a row */
    const float *x, *columns[TARE_ROW_COLUMNS];
} normalise_ride;

/* Two columns as tare_normalise makes them, three as rows take them. */
int64_t tare_normalise_rider_scratch(int64_t channels) {
    const int64_t widest = ROW_BYTES / (int64_t)sizeof(float);
    return head_bytes(sizeof(normalise_ride)) +
           (2 * channels + 3 * tare_greatest(channels, widest)) * (int64_t)sizeof(float);
}

static void read_normalised(const void *context, int64_t offset, int64_t pixels, float *to,
                            int64_t stride) {
    const normalise_ride *ride = context;
    const int64_t repeat = stride == ride->channels ? ride->repeat : 1;
    const int64_t step = repeat * ride->channels, rows = pixels / repeat;
    const tare_rows whole = {rows, step, step}, one = {1, step, step};
    const tare_rows rest = {1, step, pixels % repeat * ride->channels};
    const float *x = ride->x + offset;
    if (stride == ride->channels) {
        if (rows) ride->rows->normalise(&whole, x, ride->columns, to);
        if (rest.width)
            ride->rows->normalise(&rest, x + rows * step, ride->columns, to + rows * step);
        return;
    }
    for (int64_t i = 0; i < pixels; i++)
        ride->rows->normalise(&one, x + i * step, ride->columns, to + i * stride);
}

tare_reader tare_normalise_rider_begin(int64_t channels, const tare_normalisation_f32 *by,
                                       const float *x, void *scratch) {
    normalise_ride *ride = scratch;
    const strip s = ridden_strip(channels, 0, channels);
    float *scale = (float *)(void *)((char *)scratch + head_bytes(sizeof *ride));
    float *shift = scale + channels, *spread = shift + channels;
    const float *columns[] = {by->mean, scale, shift};
    tare_normalisation_columns_f32(channels, by, scale, shift);
    *ride = (normalise_ride){row_kernels_f32(by->rectified),
                             channels,
                             s.repeat,
                             x,
                             {columns[0], columns[1], columns[2]}};
    for (int k = 0; k <= TARE_ROW_SHIFT && s.repeat > 1; k++) {
        spread_f32(&s, columns[k], spread);
        ride->columns[k] = spread;
        spread += s.repeat * channels;
    }
    return (tare_reader){.read = read_normalised, .context = ride};
}

const tare_normalisation_rows *tare_normalisation_rows_of(tare_isa isa) {
#if defined(__x86_64__)
    if (isa == TARE_ISA_AVX512) return &tare_normalisation_rows_avx512;
    if (isa == TARE_ISA_AVX2) return &tare_normalisation_rows_avx2;
#endif
    (void)isa;
    return &tare_normalisation_rows_baseline;
}
