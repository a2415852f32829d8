/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient of a convolution.
 *
 *     dw[t, c, f] = sum over pixels o of x[o's source through tap t, c] dy[o, f]
 *
 * The pixels are cut into a fixed number of ranges, each with a partial sum of its own; the rows
 * (t, c) of dw into chunks. A slice takes one range and some chunks: strip by strip it gathers the
 * chunk's columns and adds their transpose times dy to its partial sum. At last the partial sums
 * are added in a binary tree,
 *
 *     ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7))
 *
 * All numbers of ranges, chunks and slices depend on the shape alone.
 */
#include "kernel/convolution_filter.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"
#include "kernel/convolution_view.h"
#include "kernel/partial_sums.h"

enum {
    STRIP = 56 * 1024,       /* numbers gathered at a time, about */
    CHUNK_COLUMNS = 256,     /* of the gathered matrix, about: leaves a strip 200 pixels or more */
    MOST_STRIP_PIXELS = 256, /* added in one go: short float32 sums stay accurate */
    MOST_RANGES = 16,
    PARTIAL_SUMS = 2 << 20, /* numbers in all partial sums together */
    SLICE_WORK = 1 << 18,   /* least multiply-adds of a slice */
    ALIGNED = 16
};

typedef struct filter_job {
    const tare_gemm_kernel *kernel;
    const tare_convolution *c;
    tare_gather gather;
    const float *x, *dy;
    tare_partial_sums sums; /* one per range of pixels */
    tare_buffers buffers;
    int64_t size;           /* numbers of dw */
    int64_t depth, columns; /* of one group: rows of dw per tap, columns */
    int64_t width;          /* of a whole panel of columns */
    /* A chunk is some whole taps, or some channels of one tap. */
    int64_t tap_groups, taps_per_chunk, channel_groups, channels_per_chunk;
    int64_t chunks, chunk_slices; /* of all groups; slices of one range */
    int64_t pixels, ranges, strip_pixels;
    int64_t stride; /* from one gathered row to the next */
} filter_job;

/* ---- cutting */

static void cut_chunks(filter_job *job) {
    job->channels_per_chunk = tare_least(job->depth, CHUNK_COLUMNS);
    job->channel_groups =
        job->depth > 0 ? tare_quotient_up(job->depth, job->channels_per_chunk) : 0;
    const int64_t fit = job->channel_groups == 1 ? CHUNK_COLUMNS / job->depth : 1;
    job->tap_groups = tare_quotient_up(job->gather.taps, fit);
    job->taps_per_chunk = tare_quotient_up(job->gather.taps, job->tap_groups);
    job->tap_groups = tare_quotient_up(job->gather.taps, job->taps_per_chunk);
    job->chunks = job->c->groups * job->tap_groups * job->channel_groups;
}

static filter_job make_job(const tare_gemm_kernel *kernel, const tare_convolution *c,
                           tare_tap *taps) {
    filter_job job = {.kernel = kernel, .c = c, .width = 2 * (int64_t)kernel->lanes};
    job.depth = c->channels / c->groups;
    job.columns = c->filters / c->groups;
    job.gather = tare_gather_forward(kernel, c, taps);
    job.pixels = c->batch * tare_pixels(c->out);
    job.size = job.gather.taps * job.depth * c->filters;
    if (job.size == 0 || job.pixels == 0) return job;
    cut_chunks(&job);
    const int64_t chunk_columns = job.taps_per_chunk * job.channels_per_chunk;
    job.stride = (tare_round_up(chunk_columns, ALIGNED) / ALIGNED | 1) * ALIGNED;
    job.strip_pixels = tare_least(tare_greatest(STRIP / job.stride, 1), MOST_STRIP_PIXELS);
    const int64_t strip_work = job.strip_pixels * job.size / c->groups;
    const int64_t strips = tare_quotient_up(job.pixels, job.strip_pixels);
    job.ranges = tare_least(tare_slice_count(strips, strip_work, SLICE_WORK), MOST_RANGES);
    job.ranges = tare_greatest(tare_least(job.ranges, PARTIAL_SUMS / job.size), 1);
    const int64_t chunk_work = job.pixels / job.ranges * chunk_columns * job.columns;
    job.chunk_slices = tare_least(tare_slice_count(job.chunks, chunk_work, SLICE_WORK),
                                  TARE_MOST_SLICES / job.ranges);
    job.buffers.size = tare_round_up(job.strip_pixels * (job.stride + job.width), ALIGNED);
    return job;
}

/* ---- one slice */

/* A chunk of the rows of dw: which group, and which part of its taps and channels. */
static tare_gather_part chunk_part(const filter_job *job, int64_t chunk, int64_t *group) {
    const int64_t in_group = chunk % (job->tap_groups * job->channel_groups);
    *group = chunk / (job->tap_groups * job->channel_groups);
    tare_gather_part part = {.first_tap = in_group / job->channel_groups * job->taps_per_chunk};
    part.taps = tare_least(job->taps_per_chunk, job->gather.taps - part.first_tap);
    part.first_channel = in_group % job->channel_groups * job->channels_per_chunk;
    part.channels = tare_least(job->channels_per_chunk, job->depth - part.first_channel);
    part.first_channel += *group * job->depth;
    return part;
}

typedef struct strip {
    const float *rows, *dy; /* gathered; of the strip's first pixel */
    float *spare;           /* a packed panel of dy */
    float *sums; /* the chunk's first row of dw or of a partial sum, at its group's first column */
    int64_t pixels, columns_of_rows;
    bool adds;
    tare_ahead ahead;       /* for the next strip */
    const float *x, *x_end; /* channels of its first pixel that are yet to be fetched */
} strip;

/* What a tile fetches for the next strip: some channels of x, one pixel with each step, while there
 * are any. */
static void fetch_share(const filter_job *job, strip *s, tare_gemm_tile *tile) {
    if (s->x < s->x_end) {
        tile->fetch = (const char *)s->x;
        tile->fetch_step = job->c->channels * (int64_t)sizeof(float);
        s->x += TARE_GEMM_FETCHED;
    } else {
        tare_ahead_share(&s->ahead, tile->k, tile);
    }
}

/* Adds rows' x dy to one panel of columns, which is packed since all tiles of rows read it. */
static void add_panel(const filter_job *job, strip *s, int64_t first) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t filters = job->c->filters;
    tare_gemm_tile tile = {
        .k = s->pixels, .a_stride = job->stride, .ldc = filters, .accumulate = s->adds};
    tile.columns = tare_least(job->width, job->columns - first);
    const bool wide = tile.columns > kernel->lanes;
    const int64_t width = wide ? job->width : kernel->lanes;
    kernel->pack(s->spare, width, s->dy + first, filters, tile.columns, s->pixels);
    tile.b = s->spare;
    tile.b_stride = width;
    const int64_t tiles = tare_quotient_up(s->columns_of_rows, kernel->rows);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t begin = tare_slice_begin(s->columns_of_rows, tiles, t);
        const int64_t end = tare_slice_begin(s->columns_of_rows, tiles, t + 1);
        tile.a = s->rows + begin;
        tile.c = s->sums + begin * filters + first;
        fetch_share(job, s, &tile);
        kernel->by_panel[wide][end - begin - 1](&tile);
    }
}

/* What the next strip reads: of x about, where pixels of x and dy correspond; by channels where it
 * reads some of them, which lie apart. */
static void plan_ahead(const filter_job *job, const tare_gather_part *part, strip *s, int64_t next,
                       int64_t end) {
    const tare_convolution *c = job->c;
    const int64_t pixels = tare_least(job->strip_pixels, end - next);
    const int64_t tiles = tare_quotient_up(s->columns_of_rows, job->kernel->rows) *
                          tare_quotient_up(job->columns, job->width);
    s->ahead = (tare_ahead){.arrays = 0};
    s->x = s->x_end = NULL;
    if (pixels <= 0 || c->groups > 1) return;
    tare_ahead_add(&s->ahead, job->dy + next * c->filters, pixels * c->filters);
    if (tare_pixels(c->in) == tare_pixels(c->out)) {
        const float *x = job->x + next * c->channels;
        if (job->channel_groups == 1) {
            tare_ahead_add(&s->ahead, x, pixels * c->channels);
        } else {
            s->x = x + part->first_channel;
            s->x_end = s->x + part->channels;
        }
    }
    tare_ahead_pace(&s->ahead, tiles * s->pixels);
}

static void run_chunk(const filter_job *job, int64_t range, int64_t chunk, float *scratch) {
    int64_t group;
    const tare_gather_part part = chunk_part(job, chunk, &group);
    const int64_t filters = job->c->filters;
    const int64_t row = part.first_tap * job->depth + part.first_channel - group * job->depth;
    strip s = {.rows = scratch, .spare = scratch + job->strip_pixels * job->stride};
    s.sums = tare_partial_sum(&job->sums, range) + row * filters + group * job->columns;
    s.columns_of_rows = part.taps * part.channels;
    const int64_t begin = tare_slice_begin(job->pixels, job->ranges, range);
    const int64_t end = tare_slice_begin(job->pixels, job->ranges, range + 1);
    for (int64_t first = begin; first < end; first += job->strip_pixels) {
        s.pixels = tare_least(job->strip_pixels, end - first);
        s.dy = job->dy + first * filters + group * job->columns;
        tare_gather_rows(&job->gather, part, job->x, first, s.pixels, scratch, job->stride);
        plan_ahead(job, &part, &s, first + s.pixels, end);
        for (int64_t column = 0; column < job->columns; column += job->width)
            add_panel(job, &s, column);
        s.adds = true;
    }
}

static void filter_slice(void *context, int64_t slice) {
    filter_job *job = context;
    const int buffer = tare_buffers_take(&job->buffers);
    const int64_t range = slice / job->chunk_slices, part = slice % job->chunk_slices;
    const int64_t end = tare_slice_begin(job->chunks, job->chunk_slices, part + 1);
    for (int64_t chunk = tare_slice_begin(job->chunks, job->chunk_slices, part); chunk < end;
         chunk++)
        run_chunk(job, range, chunk, tare_buffer(&job->buffers, buffer));
    tare_buffers_give(&job->buffers, buffer);
}

/* ---- the call */

static int64_t tap_bytes(const tare_convolution *c) {
    return tare_round_up(tare_pixels(c->kernel) * (int64_t)sizeof(tare_tap), TARE_ALIGNMENT);
}

static int64_t partial_numbers(const filter_job *job) {
    return job->ranges > 1 ? tare_round_up((job->ranges - 1) * job->size, ALIGNED) : 0;
}

int64_t tare_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    const filter_job job = make_job(kernel, c, NULL);
    const int64_t numbers =
        partial_numbers(&job) + job.ranges * job.chunk_slices * job.buffers.size;
    return tap_bytes(c) + numbers * (int64_t)sizeof(float);
}

void tare_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                 const float *dy, float *dw, void *scratch, tare_pool *pool) {
    filter_job job = make_job(kernel, c, scratch);
    if (job.size == 0) return;
    if (job.pixels == 0) {
        memset(dw, 0, (size_t)job.size * sizeof *dw);
        return;
    }
    job.x = x;
    job.dy = dy;
    float *partials = (float *)(void *)((char *)scratch + tap_bytes(c));
    job.sums =
        (tare_partial_sums){.total = dw, .others = partials, .size = job.size, .count = job.ranges};
    job.buffers.first = partials + partial_numbers(&job);
    tare_pool_run(pool, job.ranges * job.chunk_slices, filter_slice, &job);
    tare_partial_sums_merge(&job.sums, pool);
}
