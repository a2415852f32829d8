/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient of layers whose gradient fits the second-level cache.
 *
 *     dw[t, c, f] = sum over pixels o of x[o's source through tap t, c] dy[o, f]
 *
 * The forward pass's view (convolution_view.h) is cut into strips of a few rows of pixels. For each
 * strip: read x with zeros beside it; for each panel of columns f and each kernel row, the
 * stretches of a tile's sum are the rows of pixels, and the tile's rows are the channels of the
 * taps side by side. Tiles are added to the partial sum of a fixed range of strips; partial sums
 * merge in a fixed tree. Ranges depend on the shape alone.
 */
#include "kernel/convolution_sums.h"

#include "base/memory.h"
#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"
#include "kernel/convolution_view.h"
#include "kernel/partial_sums.h"

enum {
    STRIP = 32 * 1024,       /* pixels of a strip times rows of dw, about */
    MOST_STRIP_PIXELS = 256, /* added in one go: short float32 sums stay accurate */
    MOST_RANGES = 16,
    MOST_SUMS = 96 * 1024, /* numbers of dw */
    LEAST_PIXELS = 48,     /* of a map: a strip holds no two samples */
    LEAST_CHANNELS = 3,    /* below, tiles are too low */
    SLICE_WORK = 1 << 18,  /* least multiply-adds of a slice */
    ALIGNED = 16           /* numbers in 64 bytes */
};

typedef struct sums_job {
    const tare_gemm_kernel *kernel;
    const tare_convolution *c;
    const float *x, *dy;
    tare_filter_readers readers;
    tare_view view;
    tare_partial_sums sums;          /* one per range of strips */
    tare_buffers buffers;            /* segments, the copy of a strip, a packed panel of dy, a
                                        strip's dy when it is read by a reader */
    int64_t segment_numbers, pixels; /* of a buffer; pixels of a strip at most */
    int64_t width, ranges;
} sums_job;

static int64_t rows_of(const tare_convolution *c) { return tare_pixels(c->kernel) * c->channels; }
static int64_t size_of(const tare_convolution *c) { return rows_of(c) * c->filters; }

/* Pixels of a strip. */
static int64_t most_pixels(const tare_convolution *c) {
    return tare_least(STRIP / rows_of(c), MOST_STRIP_PIXELS);
}

bool tare_sums_takes(const tare_convolution *c) {
    return c->groups == 1 && c->batch > 0 && tare_pixels(c->in) > 0 &&
           c->channels >= LEAST_CHANNELS && size_of(c) > 0 && size_of(c) <= MOST_SUMS &&
           tare_pixels(c->out) >= LEAST_PIXELS && most_pixels(c) >= LEAST_PIXELS;
}

static sums_job make_job(const tare_gemm_kernel *kernel, const tare_convolution *c, bool reads_x,
                         bool reads_dy) {
    sums_job job = {.kernel = kernel, .c = c, .width = 2 * (int64_t)kernel->lanes};
    job.view = tare_view_of(c, false, 0, kernel->rows, reads_x);
    tare_view *v = &job.view;
    tare_view_cut(v, most_pixels(c));
    job.pixels = v->axis[0].cut * v->axis[1].cut * v->axis[2].cut;
    const int64_t rows = v->axis[0].cut * v->axis[1].cut;
    const int64_t each = (int64_t)(sizeof(tare_gemm_segment) / sizeof(float));
    job.segment_numbers = tare_round_up(rows * each, ALIGNED);
    job.buffers.size = job.segment_numbers + tare_round_up(v->copy, ALIGNED) +
                       tare_round_up(job.pixels * job.width, ALIGNED);
    if (reads_dy) job.buffers.size += tare_round_up(job.pixels * c->filters, ALIGNED);
    job.ranges =
        tare_least(tare_slice_count(v->strips, job.pixels * size_of(c), SLICE_WORK), MOST_RANGES);
    return job;
}

/* ---- one strip */

typedef struct strip {
    tare_strip at;
    tare_strip_source source;
    tare_gemm_segment *segments;
    const float *dy; /* of the strip's first pixel; the others follow */
    int64_t dy_row;  /* from one row of pixels to the next, of a panel */
    int64_t panel;   /* first column */
    float *sums;     /* of the range */
    bool adds;
    tare_ahead ahead; /* for the next strip */
} strip;

/* The rows of pixels that meet source rows through kernel row (t0, t1). */
static int64_t find_rows(const sums_job *job, const strip *s, int64_t t0, int64_t t1) {
    const tare_view *v = &job->view;
    const tare_axis *a0 = &v->axis[0], *a1 = &v->axis[1];
    int64_t count = 0;
    for (int64_t g0 = 0; g0 < s->at.count[0]; g0++) {
        const int64_t at0 = (s->at.begin[0] + g0) * a0->step + a0->first + t0 * a0->spacing;
        for (int64_t g1 = 0; g1 < s->at.count[1]; g1++) {
            const int64_t at1 = (s->at.begin[1] + g1) * a1->step + a1->first + t1 * a1->spacing;
            if (at0 < 0 || at0 >= a0->source || at1 < 0 || at1 >= a1->source) continue;
            s->segments[count++] = (tare_gemm_segment){
                .a = (at0 - s->source.origin[0]) * v->plane + (at1 - s->source.origin[1]) * v->row,
                .b = (g0 * s->at.count[1] + g1) * s->dy_row};
        }
    }
    return count;
}

/* Adds one stretch of side by side channels, v->run of them, to the rows of dw from `row` on. */
static void add_run(const sums_job *job, strip *s, tare_gemm_tile *tile, int64_t row,
                    int64_t offset) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t run = job->view.run, tiles = tare_quotient_up(run, kernel->rows);
    const bool wide = tile->columns > kernel->lanes;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t begin = tare_slice_begin(run, tiles, t);
        const int64_t end = tare_slice_begin(run, tiles, t + 1);
        tile->a = s->source.base + offset + begin;
        tile->c = s->sums + (row + begin) * job->c->filters + s->panel;
        tare_ahead_share(&s->ahead, tile->segment_count * tile->k, tile);
        kernel->by_panel[wide][end - begin - 1](tile);
    }
}

static void add_panel(const sums_job *job, strip *s, tare_gemm_tile *tile) {
    const tare_view *v = &job->view;
    const tare_axis *a = v->axis;
    const int64_t columns = v->merged ? 1 : a[2].taps;
    for (int64_t t0 = 0; t0 < a[0].taps; t0++) {
        for (int64_t t1 = 0; t1 < a[1].taps; t1++) {
            tile->segment_count = find_rows(job, s, t0, t1);
            for (int64_t t2 = 0; t2 < columns; t2++)
                add_run(job, s, tile, ((t0 * a[1].taps + t1) * a[2].taps + t2) * v->depth,
                        t2 * a[2].spacing * v->pixel);
        }
    }
}

/* More than one row means whole ones, more than one plane whole planes: pixels follow each other.
 */
static int64_t first_pixel(const sums_job *job, const tare_strip *s) {
    const tare_axis *a = job->view.axis;
    const int64_t plane = s->sample * a[0].grid + s->begin[0];
    return (plane * a[1].grid + s->begin[1]) * a[2].grid + s->begin[2];
}
static int64_t pixels_of(const tare_strip *s) { return s->count[0] * s->count[1] * s->count[2]; }

static const float *read_dy(const sums_job *job, const strip *s, float *made) {
    const tare_reader *reader = &job->readers.dy;
    const tare_maker *maker = &job->readers.dy_maker;
    const int64_t filters = job->c->filters, offset = first_pixel(job, &s->at) * filters;
    if (maker->make) maker->make(maker->context, offset, pixels_of(&s->at));
    if (!reader->read) return job->dy + offset;
    reader->read(reader->context, offset, pixels_of(&s->at), made, filters);
    return made;
}

static void plan_ahead(const sums_job *job, strip *s, int64_t next) {
    const tare_view *v = &job->view;
    const tare_strip after = tare_strip_at(v, next);
    const float *x = job->readers.x.beside, *dy = job->readers.dy.beside;
    const int64_t panels = tare_quotient_up(job->c->filters, job->width);
    const int64_t tiles =
        tare_quotient_up(v->run, job->kernel->rows) * (v->taps * v->depth / v->run);
    const int64_t dy_at = first_pixel(job, &after) * job->c->filters;
    const int64_t dy_count = pixels_of(&after) * job->c->filters;
    int64_t count;
    const int64_t x_at = tare_strip_extent(v, &after, &count);
    tare_ahead_add(&s->ahead, job->x + x_at, count);
    tare_ahead_add(&s->ahead, x ? x + x_at : NULL, count);
    tare_ahead_add(&s->ahead, job->dy + dy_at, dy_count);
    tare_ahead_add(&s->ahead, dy ? dy + dy_at : NULL, dy_count);
    tare_ahead_add_beside(&s->ahead, &job->readers.dy_maker, dy_at, dy_count, job->dy);
    tare_ahead_pace(&s->ahead, panels * tiles * pixels_of(&s->at));
}

/* The panel's columns of the strip's pixels: where they lie when a tile can read them there, packed
 * otherwise. */
static void read_panel(const sums_job *job, strip *s, tare_gemm_tile *tile, float *packed) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t filters = job->c->filters;
    tile->columns = tare_least(job->width, filters - s->panel);
    const int64_t width = tile->columns > kernel->lanes ? job->width : kernel->lanes;
    const bool whole = tile->columns == width;
    tile->b = s->dy + s->panel;
    tile->b_stride = filters;
    if (!whole) {
        kernel->pack(packed, width, tile->b, filters, tile->columns, pixels_of(&s->at));
        tile->b = packed;
        tile->b_stride = width;
    }
    s->dy_row = s->at.count[2] * tile->b_stride;
}

/* goes_on: the next strip is this range's too. */
static void run_strip(const sums_job *job, int64_t number, bool adds, bool goes_on, float *buffer,
                      float *sums) {
    const tare_view *v = &job->view;
    float *copy = buffer + job->segment_numbers;
    float *packed = copy + tare_round_up(v->copy, ALIGNED);
    float *made = packed + tare_round_up(job->pixels * job->width, ALIGNED);
    strip s = {.at = tare_strip_at(v, number), .segments = (void *)buffer, .sums = sums};
    s.source = tare_strip_read(job->kernel, v, &s.at, &job->readers.x, job->x, copy);
    s.dy = read_dy(job, &s, made);
    if (goes_on) plan_ahead(job, &s, number + 1);
    tare_gemm_tile tile = {.k = s.at.count[2], .ldc = job->c->filters, .accumulate = adds};
    tile.a_stride = v->axis[2].step * v->pixel;
    tile.segments = s.segments;
    for (s.panel = 0; s.panel < job->c->filters; s.panel += job->width) {
        read_panel(job, &s, &tile, packed);
        add_panel(job, &s, &tile);
    }
}

static void range_slice(void *context, int64_t range) {
    sums_job *job = context;
    const int buffer = tare_buffers_take(&job->buffers);
    const int64_t begin = tare_slice_begin(job->view.strips, job->ranges, range);
    const int64_t end = tare_slice_begin(job->view.strips, job->ranges, range + 1);
    for (int64_t number = begin; number < end; number++)
        run_strip(job, number, number > begin, number + 1 < end, tare_buffer(&job->buffers, buffer),
                  tare_partial_sum(&job->sums, range));
    tare_buffers_give(&job->buffers, buffer);
}

/* ---- the call */

static int64_t partial_numbers(const sums_job *job) {
    return tare_round_up((job->ranges - 1) * size_of(job->c), ALIGNED);
}

int64_t tare_sums_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                 bool reads_x, bool reads_dy) {
    const sums_job job = make_job(kernel, c, reads_x, reads_dy);
    const int64_t numbers = partial_numbers(&job) + job.ranges * job.buffers.size;
    return numbers * (int64_t)sizeof(float);
}

void tare_sums_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                      const float *dy, float *dw, const tare_filter_readers *readers, void *scratch,
                      tare_pool *pool) {
    const tare_filter_readers none = {.x = {.read = NULL}};
    if (!readers) readers = &none;
    sums_job job = make_job(kernel, c, readers->x.read != NULL, readers->dy.read != NULL);
    job.readers = *readers;
    job.x = x;
    job.dy = dy;
    job.sums = (tare_partial_sums){
        .total = dw, .others = scratch, .size = size_of(c), .count = job.ranges};
    job.buffers.first = (float *)scratch + partial_numbers(&job);
    tare_pool_run(pool, job.ranges, range_slice, &job);
    tare_partial_sums_merge(&job.sums, pool);
}
