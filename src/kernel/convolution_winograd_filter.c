/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient of a 3x3 convolution by Winograd's F(3x3, 2x2).
 *
 *     for each chunk of channels and filters, each range of tiles, as one item:
 *         dU = 0
 *         for each block of tiles, each plane of dy:
 *             V = the transform of the source planes that depth taps reach and no plane before
 *                 reached; D = the transform of dy
 *             dU[tap, point] += V' D, channels by filters, over the block's tiles
 *         the range's partial sum of dw = the transform of dU
 *     dw = the partial sums, added in a fixed tree
 *
 * A chunk is all channels and filters where its dU fits the second-level cache, beside V and D of a
 * block; then every pixel of dy is read once, so that it may be made there. Chunks, ranges and
 * blocks are cut by shape alone and each number is added up in one order, so no bit depends on
 * threads.
 */
#include "kernel/convolution_winograd_filter.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"
#include "kernel/convolution_view.h"
#include "kernel/partial_sums.h"
#include "kernel/winograd.h"

enum {
    POINTS = TARE_WINOGRAD_POINTS,
    SOURCE_ROWS = 4,
    LEAST_EXTENT = 2, /* of dy: below, half of each tile is padding */
    LEAST_TILES = 16, /* for which the last transform pays */
    CHUNK = 8 * 1024, /* numbers of dU at one point, of all depth taps: 512 KB at all points */
    MOST_WHOLE = 10 * 1024, /* the same where there is but one chunk */
    BLOCK = 160 * 1024,     /* numbers of V and D, about */
    LEAST_BLOCK_TILES = 48, /* below, reading and writing dU costs too much */
    MOST_BLOCK_TILES = 96,
    MOST_SLICES = 16,     /* each has room for dU and a block */
    SLICE_WORK = 1 << 18, /* least multiply-adds of a slice */
    ALIGNED = 16          /* numbers in 64 bytes */
};

typedef struct filter_job {
    const tare_gemm_kernel *kernel;
    const tare_winograd_kernel *transforms;
    const tare_convolution *c;
    const float *x, *dy;
    tare_filter_readers readers;
    int64_t samples; /* stacks of planes that depth taps join; single planes without such taps */
    int64_t in[TARE_SPATIAL], out[TARE_SPATIAL];
    int64_t taps;                                          /* in depth */
    int64_t channels, filters;                             /* of a chunk, at most */
    int64_t channel_chunks, filter_chunks, ranges, slices; /* chunks times ranges: items */
    int64_t down, across;                                  /* tiles of a plane */
    int64_t run, pieces;                                   /* tiles of a run, runs side by side */
    int64_t runs, together;                                /* of all samples; of a block, at most */
    int64_t row, dy_row;                                   /* numbers of a row's copy */
    int64_t v_point, plane, d_point, u_point;              /* from one point of V on, .. */
    tare_partial_sums sums;                                /* of dw, one for each range */
    tare_buffers buffers;
} filter_job;

bool tare_winograd_filter_takes(const tare_convolution *c) {
    const int64_t unit = TARE_WINOGRAD_UNIT;
    if (c->groups != 1 || c->kernel[1] != 3 || c->kernel[2] != 3) return false;
    if (c->channels < unit || c->filters < unit || c->channels % unit || c->filters % unit)
        return false;
    for (int d = 0; d < TARE_SPATIAL; d++)
        if (c->stride[d] != 1 || c->dilation[d] != 1 || c->in[d] < 1) return false;
    if (c->out[1] < LEAST_EXTENT || c->out[2] < LEAST_EXTENT || c->kernel[0] < 1) return false;
    if (c->kernel[0] * unit * unit > CHUNK) return false;
    return c->batch * c->out[0] * ((c->out[1] + 1) / 2) * ((c->out[2] + 1) / 2) >= LEAST_TILES;
}

/* Whether one chunk is all. */
static bool is_whole(const tare_convolution *c) {
    return c->kernel[0] * c->channels * c->filters <= MOST_WHOLE;
}

/* ---- blocks */

/* Tiles side by side. */
typedef struct run {
    int64_t sample, down, first, tiles;
} run;

static run run_at(const filter_job *job, int64_t number) {
    const int64_t first = number % job->pieces * job->run, above = number / job->pieces;
    return (run){above / job->down, above % job->down, first,
                 tare_least(job->run, job->across - first)};
}

/* Some runs at work in one chunk, and what lies in a thread's buffer. */
typedef struct block {
    int64_t channel, channels, filter, filters; /* the chunk */
    int64_t first, count, tiles;
    float *zeros, *rows, *dy_rows, *v, *d, *u;
    int64_t held[SOURCE_ROWS]; /* the pixel whose row stands in each of `rows`; -1: none */
    tare_ahead ahead;          /* for the next block */
} block;

/* Pixel (plane, row, 0) of a sample of x, of dy. */
static int64_t x_pixel(const filter_job *job, int64_t sample, int64_t plane, int64_t row) {
    return ((sample * job->in[0] + plane) * job->in[1] + row) * job->in[2];
}
static int64_t dy_pixel(const filter_job *job, int64_t sample, int64_t plane, int64_t row) {
    return ((sample * job->out[0] + plane) * job->out[1] + row) * job->out[2];
}

/* ---- V */

/* The chunk's channels of some pixels side by side, number `offset` of x the first one's first. */
static void copy_pixels(const filter_job *job, const block *b, int64_t offset, int64_t pixels,
                        float *to) {
    const int64_t channels = b->channels, all = job->c->channels;
    const tare_reader *reader = &job->readers.x;
    if (reader->read)
        reader->read(reader->context, offset, pixels, to, channels);
    else if (channels == all)
        job->kernel->copy_block(to, 0, job->x + offset, 0, 1, pixels * channels);
    else
        job->kernel->copy_block(to, channels, job->x + offset + b->channel, all, pixels, channels);
}

/* A row of x from the column on that the run's first tile begins at, zeros outside. */
static void copy_row(const filter_job *job, const block *b, const run *r, int64_t pixel,
                     float *to) {
    const int64_t origin = 2 * r->first - job->c->before[2], width = 2 * r->tiles + 2;
    const int64_t begin = tare_least(tare_greatest(-origin, 0), width);
    const int64_t end = tare_greatest(tare_least(job->in[2] - origin, width), begin);
    const int64_t each = b->channels;
    memset(to, 0, (size_t)(begin * each) * sizeof *to);
    if (end > begin)
        copy_pixels(job, b, (pixel + origin + begin) * job->c->channels, end - begin,
                    to + begin * each);
    memset(to + end * each, 0, (size_t)((width - end) * each) * sizeof *to);
}

/* Tiles below one another share two rows, which are copied once. */
static void transform_x_run(const filter_job *job, block *b, const run *r, int64_t plane,
                            float *v) {
    const float *row[SOURCE_ROWS];
    for (int64_t i = 0; i < SOURCE_ROWS; i++) {
        const int64_t at = 2 * r->down - job->c->before[1] + i;
        row[i] = b->zeros;
        if (at < 0 || at >= job->in[1]) continue;
        float *to = b->rows + at % SOURCE_ROWS * job->row;
        const int64_t pixel = x_pixel(job, r->sample, plane, at);
        if (b->held[at % SOURCE_ROWS] != pixel || job->pieces > 1) copy_row(job, b, r, pixel, to);
        b->held[at % SOURCE_ROWS] = pixel;
        row[i] = to;
    }
    job->transforms->source(v, job->v_point, b->channels, row, b->channels, b->channels, r->tiles);
}

/* V of a plane of x, one of as many as there are taps. */
static float *plane_at(const filter_job *job, const block *b, int64_t plane) {
    return b->v + plane % job->taps * job->plane;
}

static void transform_x(const filter_job *job, block *b, int64_t plane) {
    float *v = plane_at(job, b, plane);
    for (int64_t i = 0; i < b->count; i++) {
        const run r = run_at(job, b->first + i);
        transform_x_run(job, b, &r, plane, v);
        v += r.tiles * b->channels;
    }
}

/* ---- D */

/* Pixels of a row of dy: where they lie, or what a reader makes of them. */
static const float *read_dy(const filter_job *job, const block *b, int64_t pixel, int64_t pixels,
                            float *made) {
    const tare_reader *reader = &job->readers.dy;
    const int64_t filters = job->c->filters;
    if (!reader->read) return job->dy + pixel * filters + b->filter;
    reader->read(reader->context, pixel * filters, pixels, made, filters);
    return made;
}

static void transform_dy_run(const filter_job *job, const block *b, const run *r, int64_t plane,
                             float *d) {
    const tare_maker *maker = &job->readers.dy_maker;
    const int64_t filters = job->c->filters, top = 2 * r->down;
    const int64_t width = tare_least(2 * r->tiles, job->out[2] - 2 * r->first);
    const int64_t rows = tare_least(2, job->out[1] - top);
    const int64_t first = dy_pixel(job, r->sample, plane, top) + 2 * r->first;
    const float *row[2] = {NULL, NULL};
    if (maker->make && job->pieces == 1) maker->make(maker->context, first * filters, rows * width);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t pixel = first + i * job->out[2];
        if (maker->make && job->pieces > 1) maker->make(maker->context, pixel * filters, width);
        row[i] = read_dy(job, b, pixel, width, b->dy_rows + i * job->dy_row);
    }
    job->transforms->gradient(d, job->d_point, b->filters, row, filters, b->filters, width);
}

static void transform_dy(const filter_job *job, const block *b, int64_t plane) {
    float *d = b->d;
    for (int64_t i = 0; i < b->count; i++) {
        const run r = run_at(job, b->first + i);
        transform_dy_run(job, b, &r, plane, d);
        d += r.tiles * b->filters;
    }
}

/* ---- products */

/* u += v' d. */
static void add_products(const filter_job *job, block *b, const float *v, const float *d,
                         float *u) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t width = 2 * (int64_t)kernel->lanes;
    const int64_t tiles = tare_quotient_up(b->channels, kernel->rows);
    tare_gemm_tile tile = {.k = b->tiles, .a_stride = b->channels, .b_stride = b->filters};
    tile.ldc = b->filters;
    tile.accumulate = true;
    for (int64_t first = 0; first < b->filters; first += width) {
        tile.columns = tare_least(width, b->filters - first);
        tile.b = d + first;
        const bool wide = tile.columns > kernel->lanes;
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t begin = tare_slice_begin(b->channels, tiles, t);
            const int64_t end = tare_slice_begin(b->channels, tiles, t + 1);
            tile.a = v + begin;
            tile.c = u + begin * b->filters + first;
            tare_ahead_share(&b->ahead, tile.k, &tile);
            kernel->by_panel[wide][end - begin - 1](&tile);
        }
    }
}

static void multiply(const filter_job *job, block *b, int64_t plane) {
    for (int64_t p = 0; p < POINTS; p++) {
        for (int64_t t = 0; t < job->taps; t++) {
            const int64_t source = plane - job->c->before[0] + t;
            if (source < 0 || source >= job->in[0]) continue;
            add_products(job, b, plane_at(job, b, source) + p * job->v_point,
                         b->d + p * job->d_point, b->u + (t * POINTS + p) * job->u_point);
        }
    }
}

/* ---- items */

/* What the next runs read, where it stands in one piece. */
static void plan_ahead(const filter_job *job, block *b, int64_t next, int64_t count) {
    b->ahead = (tare_ahead){.arrays = 0};
    if (count <= 0 || job->out[0] > 1 || job->pieces > 1 || !is_whole(job->c)) return;
    const float *x = job->readers.x.beside, *dy = job->readers.dy.beside;
    const run from = run_at(job, next), to = run_at(job, next + count - 1);
    const int64_t channels = job->c->channels, filters = job->c->filters;
    const int64_t top = 2 * from.down - job->c->before[1],
                  bottom = 2 * to.down - job->c->before[1] + SOURCE_ROWS;
    const int64_t begin = tare_least(tare_greatest(top, 0), job->in[1] - 1);
    const int64_t end = tare_least(tare_greatest(bottom, 1), job->in[1]);
    const int64_t x_at = x_pixel(job, from.sample, 0, begin) * channels;
    const int64_t x_count = x_pixel(job, to.sample, 0, end) * channels - x_at;
    const int64_t dy_at = dy_pixel(job, from.sample, 0, 2 * from.down) * filters;
    const int64_t last = tare_least(2 * to.down + 2, job->out[1]);
    const int64_t dy_count = dy_pixel(job, to.sample, 0, last) * filters - dy_at;
    if (x_count > 0) {
        tare_ahead_add(&b->ahead, job->x + x_at, x_count);
        tare_ahead_add(&b->ahead, x ? x + x_at : NULL, x_count);
    }
    tare_ahead_add(&b->ahead, job->dy + dy_at, dy_count);
    tare_ahead_add(&b->ahead, dy ? dy + dy_at : NULL, dy_count);
    tare_ahead_add_beside(&b->ahead, &job->readers.dy_maker, dy_at, dy_count, job->dy);
    const int64_t tiles = tare_quotient_up(b->channels, job->kernel->rows) *
                          tare_quotient_up(b->filters, 2 * (int64_t)job->kernel->lanes);
    tare_ahead_pace(&b->ahead, POINTS * tiles * b->tiles);
}

static void run_block(const filter_job *job, block *b) {
    int64_t next = 0; /* the first plane that is not transformed */
    b->tiles = job->pieces > 1 ? run_at(job, b->first).tiles : b->count * job->across;
    for (int64_t plane = 0; plane < job->out[0]; plane++) {
        const int64_t first = plane - job->c->before[0];
        const int64_t reach = tare_least(first + job->taps, job->in[0]);
        for (next = tare_greatest(next, first); next < reach; next++) transform_x(job, b, next);
        transform_dy(job, b, plane);
        multiply(job, b, plane);
    }
}

/* The chunk's part of dw, or of a partial sum. */
static void put_gradient(const filter_job *job, const block *b, float *dw) {
    const int64_t all = job->c->filters, tap = job->c->channels * all;
    for (int64_t t = 0; t < job->taps; t++)
        for (int64_t i = 0; i < b->channels; i++)
            job->transforms->filter_gradient(
                dw + t * TARE_WINOGRAD_TAPS * tap + (b->channel + i) * all + b->filter, tap,
                b->u + t * POINTS * job->u_point + i * b->filters, job->u_point, b->filters);
}

static void run_item(const filter_job *job, int64_t item, block *b) {
    const int64_t range = item % job->ranges, chunk = item / job->ranges;
    b->channel = chunk / job->filter_chunks * job->channels;
    b->channels = tare_least(job->channels, job->c->channels - b->channel);
    b->filter = chunk % job->filter_chunks * job->filters;
    b->filters = tare_least(job->filters, job->c->filters - b->filter);
    for (int i = 0; i < SOURCE_ROWS; i++) b->held[i] = -1;
    memset(b->u, 0, (size_t)(job->taps * POINTS * job->u_point) * sizeof *b->u);
    const int64_t begin = tare_slice_begin(job->runs, job->ranges, range);
    const int64_t count = tare_slice_begin(job->runs, job->ranges, range + 1) - begin;
    const int64_t blocks = tare_quotient_up(count, job->together);
    for (int64_t i = 0; i < blocks; i++) {
        const int64_t next = tare_slice_begin(count, blocks, i + 1);
        b->first = begin + tare_slice_begin(count, blocks, i);
        b->count = begin + next - b->first;
        const int64_t after = i + 1 < blocks ? tare_slice_begin(count, blocks, i + 2) - next : 0;
        plan_ahead(job, b, begin + next, after);
        run_block(job, b);
    }
    put_gradient(job, b, tare_partial_sum(&job->sums, range));
}

static void item_slice(void *context, int64_t slice) {
    filter_job *job = context;
    const int buffer = tare_buffers_take(&job->buffers);
    block b = {.zeros = tare_buffer(&job->buffers, buffer)};
    b.rows = b.zeros + job->row;
    b.dy_rows = b.rows + SOURCE_ROWS * job->row;
    b.v = b.dy_rows + 2 * job->dy_row;
    b.d = b.v + job->taps * job->plane;
    b.u = b.d + POINTS * job->d_point;
    memset(b.zeros, 0, (size_t)job->row * sizeof *b.zeros);
    const int64_t items = job->channel_chunks * job->filter_chunks * job->ranges;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t i = tare_slice_begin(items, job->slices, slice); i < end; i++)
        run_item(job, i, &b);
    tare_buffers_give(&job->buffers, buffer);
}

/* ---- the call: partial sums stand at the head of the scratch, buffers behind */

static int64_t size_of(const tare_convolution *c) {
    return tare_pixels(c->kernel) * c->channels * c->filters;
}

/* An extent cut evenly into pieces of whole units, at most so long. */
static int64_t cut_evenly(int64_t extent, int64_t most) {
    const int64_t pieces = tare_quotient_up(extent, most);
    return tare_round_up(tare_quotient_up(extent, pieces), TARE_WINOGRAD_UNIT);
}

/* Twice as many filters as channels, where there are so many: V costs more than D. */
static void cut_chunks(filter_job *job) {
    const int64_t channels = job->c->channels, filters = job->c->filters;
    const int64_t unit = TARE_WINOGRAD_UNIT, fit = CHUNK / job->taps;
    int64_t wide = unit;
    job->channels = channels;
    job->filters = filters;
    job->channel_chunks = job->filter_chunks = 1;
    if (is_whole(job->c)) return;
    while (wide < filters && (wide + unit) * (wide + unit) / 2 <= fit) wide += unit;
    job->channels = cut_evenly(channels, tare_greatest(fit / wide / unit, 1) * unit);
    job->channel_chunks = tare_quotient_up(channels, job->channels);
    job->filters = cut_evenly(filters, tare_greatest(fit / job->channels / unit, 1) * unit);
    job->filter_chunks = tare_quotient_up(filters, job->filters);
}

static void cut_blocks(filter_job *job) {
    const int64_t each = POINTS * (job->taps * job->channels + job->filters);
    const int64_t fit =
        tare_least(tare_greatest(BLOCK / each, LEAST_BLOCK_TILES), MOST_BLOCK_TILES);
    job->pieces = tare_quotient_up(job->across, fit);
    job->run = tare_quotient_up(job->across, job->pieces);
    job->pieces = tare_quotient_up(job->across, job->run);
    job->runs = job->samples * job->down * job->pieces;
    job->together = job->pieces > 1 ? 1 : tare_least(fit / job->across, job->runs);
}

static void cut_items(filter_job *job) {
    const int64_t chunks = job->channel_chunks * job->filter_chunks;
    const int64_t blocks = tare_quotient_up(job->runs, job->together);
    const int64_t work =
        job->together * job->run * job->out[0] * POINTS * job->taps * job->channels * job->filters;
    job->ranges = tare_least(tare_slice_count(blocks, work, SLICE_WORK),
                             tare_greatest(MOST_SLICES / chunks, 1));
    job->slices = tare_least(chunks * job->ranges, MOST_SLICES);
}

static void measure(filter_job *job) {
    const int64_t tiles = job->together * job->run;
    job->row = (2 * job->run + 2) * job->channels;
    job->dy_row = 2 * job->run * job->c->filters;
    /* A line more than the numbers: points a power of two apart would share few lines of a cache.
     */
    job->v_point = tiles * job->channels + ALIGNED;
    job->d_point = tiles * job->filters + ALIGNED;
    job->u_point = job->channels * job->filters + ALIGNED;
    job->plane = POINTS * job->v_point;
    job->buffers.size = (1 + SOURCE_ROWS) * job->row + 2 * job->dy_row + job->taps * job->plane +
                        POINTS * (job->d_point + job->taps * job->u_point);
}

static filter_job make_job(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    filter_job job = {.kernel = kernel, .c = c, .samples = c->batch, .taps = c->kernel[0]};
    job.transforms = tare_winograd_kernel_of(kernel->isa);
    memcpy(job.in, c->in, sizeof job.in);
    memcpy(job.out, c->out, sizeof job.out);
    if (job.taps == 1 && c->before[0] == 0 && job.in[0] == job.out[0]) {
        job.samples *= job.in[0];
        job.in[0] = job.out[0] = 1;
    }
    job.down = (job.out[1] + 1) / 2;
    job.across = (job.out[2] + 1) / 2;
    cut_chunks(&job);
    cut_blocks(&job);
    cut_items(&job);
    measure(&job);
    return job;
}

static int64_t partial_numbers(const filter_job *job) {
    return (job->ranges - 1) * size_of(job->c); /* whole lines: channels and filters are */
}

bool tare_winograd_filter_carries(const tare_convolution *c) { return is_whole(c); }

int64_t tare_winograd_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    const filter_job job = make_job(kernel, c);
    const int64_t numbers = partial_numbers(&job) + job.slices * job.buffers.size;
    return numbers * (int64_t)sizeof(float);
}

void tare_winograd_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                          const float *dy, float *dw, const tare_filter_readers *readers,
                          void *scratch, tare_pool *pool) {
    filter_job job = make_job(kernel, c);
    if (readers) job.readers = *readers;
    job.x = x;
    job.dy = dy;
    job.sums = (tare_partial_sums){
        .total = dw, .others = scratch, .size = size_of(c), .count = job.ranges};
    job.buffers.first = (float *)scratch + partial_numbers(&job);
    tare_pool_run(pool, job.slices, item_slice, &job);
    tare_partial_sums_merge(&job.sums, pool);
}
