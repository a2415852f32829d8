/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of a normalisation's gradient taken by row kernels (normalisation_rows.h) from results as
 * they come, and its dx made row by row.
 *
 * Few channels: several pixels make a row. Each slice of the host has float columns, which are
 * added to its sums in double after some rows; those merge in a fixed tree.
 */
#include "kernel/gradient_riders.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/normalisation_columns.h"
#include "kernel/normalisation_rows.h"
#include "kernel/slices.h"

enum {
    ROW = 128, /* numbers of a row of several pixels, at most */
    ROWS = 64, /* added in float before they join a sum in double */
    LINE = 16  /* numbers in 64 bytes */
};

/* How pixels are taken: `repeat` of them to a row of `width` numbers. */
typedef struct rows_of {
    const tare_row_kernels_f32 *kernel;
    int64_t channels, repeat, width;
    float *columns[TARE_ROW_COLUMNS]; /* [width] each */
} rows_of;

static int64_t repeat_of(int64_t channels) {
    int64_t repeat = 1;
    while (2 * repeat * channels <= ROW) repeat *= 2;
    return repeat;
}

static int64_t width_of(int64_t channels) {
    return tare_round_up(repeat_of(channels) * channels, LINE);
}

/* columns: room for `count` of them, each of width_of(channels) numbers. */
static void begin_rows(rows_of *rows, int64_t channels, bool rectified, float *columns, int count) {
    const tare_normalisation_rows *table = tare_normalisation_rows_of(tare_isa_used());
    rows->kernel = rectified ? &table->rectified_f32 : &table->f32;
    rows->channels = channels;
    rows->repeat = repeat_of(channels);
    rows->width = rows->repeat * channels;
    for (int k = 0; k < count; k++) rows->columns[k] = columns + k * width_of(channels);
}

/* Each column's first numbers, one for each channel, are repeated. */
static void spread(const rows_of *rows, int count) {
    for (int k = 0; k < count; k++)
        for (int64_t j = rows->channels; j < rows->width; j++)
            rows->columns[k][j] = rows->columns[k][j - rows->channels];
}

static void begin_columns(const rows_of *rows, const tare_normalisation_f32 *by) {
    memcpy(rows->columns[TARE_ROW_CENTRE], by->mean, (size_t)rows->channels * sizeof(float));
    tare_normalisation_columns_f32(rows->channels, by, rows->columns[TARE_ROW_SCALE],
                                   rows->columns[TARE_ROW_SHIFT]);
}

/* Pixels side by side as whole rows, and what is left over. */
static tare_rows whole_rows(const rows_of *rows, int64_t pixels) {
    return (tare_rows){pixels / rows->repeat, rows->width, rows->width};
}
static tare_rows rest_row(const rows_of *rows, int64_t pixels) {
    return (tare_rows){1, rows->width, pixels % rows->repeat * rows->channels};
}

/* ---- sums */

enum { SUMS_COLUMNS = TARE_ROW_SHIFT + 1 };

typedef struct sums_ride {
    rows_of rows;
    tare_normalisation_f32 by;
    const float *dy, *x;
    int64_t slices;
    int64_t held[TARE_MOST_SLICES]; /* rows in each slice's columns */
    float *partials;                /* two columns for each slice */
    double *sums;                   /* [slice][2][channels] */
} sums_ride;

static int64_t head_bytes(size_t size) { return tare_round_up((int64_t)size, TARE_ALIGNMENT); }

int64_t tare_sums_rider_scratch(int64_t channels, int64_t slices) {
    const int64_t numbers = (SUMS_COLUMNS + 2 * slices) * width_of(channels);
    return head_bytes(sizeof(sums_ride)) + numbers * (int64_t)sizeof(float) +
           slices * 2 * channels * (int64_t)sizeof(double);
}

/* One of a slice's two columns. */
static float *partial(const sums_ride *ride, int64_t slice, int which) {
    return ride->partials + (2 * slice + which) * width_of(ride->rows.channels);
}

/* A slice's columns join its sums and begin again. */
static void join(sums_ride *ride, int64_t slice) {
    const int64_t channels = ride->rows.channels;
    for (int k = 0; k < 2; k++) {
        float *column = partial(ride, slice, k);
        tare_fold_columns_f32(ride->rows.repeat, channels, column,
                              ride->sums + (2 * slice + k) * channels);
        memset(column, 0, (size_t)ride->rows.width * sizeof *column);
    }
    ride->held[slice] = 0;
}

static void add_rows(sums_ride *ride, int64_t slice, const tare_rows *r, int64_t offset) {
    ride->rows.kernel->gradient_sums(r, ride->dy + offset, ride->x + offset,
                                     (const float *const *)ride->rows.columns,
                                     partial(ride, slice, 0), partial(ride, slice, 1));
    ride->held[slice] += r->rows;
    if (ride->held[slice] >= ROWS) join(ride, slice);
}

static void add_results(void *context, const tare_finished *f) {
    sums_ride *ride = context;
    const rows_of *rows = &ride->rows;
    if (f->stride != rows->channels) {
        const tare_rows apart = {f->pixels, f->stride, rows->channels};
        add_rows(ride, f->slice, &apart, f->offset);
        return;
    }
    const tare_rows whole = whole_rows(rows, f->pixels), rest = rest_row(rows, f->pixels);
    if (whole.rows) add_rows(ride, f->slice, &whole, f->offset);
    if (rest.width) add_rows(ride, f->slice, &rest, f->offset + whole.rows * rows->width);
}

tare_finisher tare_sums_rider_begin(int64_t channels, int64_t slices,
                                    const tare_normalisation_f32 *by, const float *dy,
                                    const float *x, void *scratch) {
    sums_ride *ride = scratch;
    float *columns = (float *)(void *)((char *)scratch + head_bytes(sizeof *ride));
    *ride = (sums_ride){.by = *by, .dy = dy, .x = x, .slices = slices};
    begin_rows(&ride->rows, channels, by->rectified, columns, SUMS_COLUMNS);
    begin_columns(&ride->rows, by);
    spread(&ride->rows, SUMS_COLUMNS);
    ride->partials = columns + SUMS_COLUMNS * width_of(channels);
    ride->sums = (double *)(void *)partial(ride, slices, 0);
    const char *end = (char *)(ride->sums + slices * 2 * channels);
    memset(ride->partials, 0, (size_t)(end - (char *)ride->partials));
    return (tare_finisher){add_results, ride, {x}};
}

void tare_sums_rider_end(void *scratch, const tare_sums_f32 *sums) {
    sums_ride *ride = scratch;
    const int64_t channels = ride->rows.channels;
    for (int64_t slice = 0; slice < ride->slices; slice++) join(ride, slice);
    tare_merge_sums(ride->sums, ride->slices, 2 * channels);
    tare_keep_sums_f32(channels, &ride->by, ride->sums, ride->sums + channels, sums);
}

/* ---- dx */

typedef struct gradient_ride {
    rows_of rows;
    bool frozen;
    const float *dy, *x;
} gradient_ride;

int64_t tare_gradient_rider_scratch(int64_t channels) {
    return head_bytes(sizeof(gradient_ride)) +
           TARE_ROW_COLUMNS * width_of(channels) * (int64_t)sizeof(float);
}

static void read_rows(const gradient_ride *ride, const tare_rows *r, int64_t offset, float *to) {
    const rows_of *rows = &ride->rows;
    const float *x = ride->x ? ride->x + offset : NULL;
    (ride->frozen ? rows->kernel->multiply : rows->kernel->gradient)(
        r, ride->dy + offset, x, (const float *const *)rows->columns, to);
}

static void read_gradient(const void *context, int64_t offset, int64_t pixels, float *to,
                          int64_t stride) {
    const gradient_ride *ride = context;
    const rows_of *rows = &ride->rows;
    if (stride == rows->channels) {
        const tare_rows whole = whole_rows(rows, pixels), rest = rest_row(rows, pixels);
        const int64_t at = whole.rows * rows->width;
        if (whole.rows) read_rows(ride, &whole, offset, to);
        if (rest.width) read_rows(ride, &rest, offset + at, to + at);
        return;
    }
    const tare_rows one = {1, rows->channels, rows->channels};
    for (int64_t i = 0; i < pixels; i++)
        read_rows(ride, &one, offset + i * rows->channels, to + i * stride);
}

tare_reader tare_gradient_rider_begin(const tare_channels *view, const tare_normalisation_f32 *by,
                                      const float *dy, const float *x, const tare_sums_f32 *sums,
                                      void *scratch) {
    gradient_ride *ride = scratch;
    float *columns = (float *)(void *)((char *)scratch + head_bytes(sizeof *ride));
    const int count = sums ? TARE_ROW_COLUMNS : TARE_ROW_SHIFT + 1;
    *ride = (gradient_ride){.frozen = !sums, .dy = dy, .x = x};
    begin_rows(&ride->rows, view->channels, by->rectified, columns, count);
    begin_columns(&ride->rows, by);
    if (sums)
        tare_gradient_columns_f32(view->channels, (double)view->outer, by, sums,
                                  ride->rows.columns[TARE_ROW_OFFSET],
                                  ride->rows.columns[TARE_ROW_SLOPE]);
    spread(&ride->rows, count);
    return (tare_reader){read_gradient, ride, sums || by->rectified ? x : NULL};
}
