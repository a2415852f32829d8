/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution in strips of gathered rows.
 *
 *     pack the filter into panels [group][panel of columns][depth of the sum][width]
 *     for each strip of pixels, for each group: gather the rows, then for each tile of rows and
 * each panel one micro-kernel call; results go straight to their place, or by way of a buffer where
 * pixels are not neighbours
 *
 * Strips are cut by shape alone and each result is added up in the order of the taps, so no bit
 * depends on threads. The data gradient with stride runs once per residue of the input position,
 * each with its own share of the taps.
 */
#include "kernel/convolution_strip.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"

enum {
    STRIP = 32 * 1024,    /* numbers in a strip, about: fits the second-level cache */
    SLICE_WORK = 1 << 18, /* least multiply-adds of a slice */
    PACK_WORK = 1 << 15,  /* least numbers packed by a slice */
    ALIGNED = 16          /* numbers in 64 bytes */
};

/* Where results go: those of grid pixel j to pixel first + spread * j of the destination. */
typedef struct placement {
    int64_t extent[TARE_SPATIAL], first[TARE_SPATIAL], spread[TARE_SPATIAL];
    int64_t channels;
    bool neighbours; /* grid and destination are the same pixels */
} placement;

typedef struct strip_job {
    const tare_gemm_kernel *kernel;
    const tare_convolution *c;
    tare_gather gather;
    placement place;
    bool is_data; /* the filter is read transposed */
    const float *source, *w, *bias;
    float *destination, *packed;
    tare_buffers buffers;        /* one strip in each */
    int64_t depth, columns;      /* of one group: channels gathered per tap, results per pixel */
    int64_t sum, stride;         /* terms of a result; from one gathered row to the next */
    int64_t panels, panel_width; /* of one group */
    int64_t pixels, strip_pixels, strips, slices;
    int64_t pack_slices;
} strip_job;

/* ---- cutting */

static void cut_job(strip_job *job) {
    const tare_gemm_kernel *kernel = job->kernel;
    job->panel_width = 2 * (int64_t)kernel->lanes;
    job->panels = tare_quotient_up(job->columns, job->panel_width);
    job->sum = job->gather.taps * job->depth;
    /* An odd number of cache lines, so that the rows of a tile do not meet in the same sets. */
    job->stride = (tare_round_up(job->sum, ALIGNED) / ALIGNED | 1) * ALIGNED;
    job->pixels = job->c->batch * tare_pixels(job->gather.grid);
    const int64_t fit = tare_greatest(STRIP / job->stride / kernel->rows, 1) * kernel->rows;
    job->strip_pixels =
        tare_greatest(tare_least(fit, tare_round_up(job->pixels, kernel->rows)), kernel->rows);
    job->strips = tare_quotient_up(job->pixels, job->strip_pixels);
    const int64_t work =
        job->strip_pixels * job->sum * job->panels * job->panel_width * job->c->groups;
    job->slices = tare_slice_count(job->strips, work, SLICE_WORK);
    const int64_t staged = job->place.neighbours ? 0 : job->strip_pixels * job->columns;
    job->buffers.size = tare_round_up(job->strip_pixels * job->stride + staged, ALIGNED);
}

static int64_t packed_numbers(const strip_job *job) {
    return job->c->groups * job->panels * job->panel_width * job->sum;
}

/* ---- the filter */

static void pack_panel(const strip_job *job, int64_t group, int64_t panel) {
    const tare_gemm_kernel *kernel = job->kernel;
    const tare_convolution *c = job->c;
    const int64_t rows_per_tap = c->channels / c->groups, first = panel * job->panel_width;
    const int64_t columns = tare_least(job->panel_width, job->columns - first);
    const int64_t width = columns <= kernel->lanes ? kernel->lanes : job->panel_width;
    float *packed = job->packed + (group * job->panels + panel) * job->panel_width * job->sum;
    for (int64_t t = 0; t < job->gather.taps; t++, packed += width * job->depth) {
        const float *tap = job->w + job->gather.tap[t].filter * rows_per_tap * c->filters;
        if (job->is_data)
            kernel->pack_transposed(packed, width, tap + first * c->filters + group * job->depth,
                                    c->filters, columns, job->depth);
        else
            kernel->pack(packed, width, tap + group * job->columns + first, c->filters, columns,
                         job->depth);
    }
}

static void pack_slice(void *context, int64_t slice) {
    const strip_job *job = context;
    const int64_t items = job->c->groups * job->panels;
    const int64_t end = tare_slice_begin(items, job->pack_slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->pack_slices, slice); item < end; item++)
        pack_panel(job, item / job->panels, item % job->panels);
}

/* ---- strips */

/* rows: gathered; results go to `to`, `pixel` numbers apart. */
static void multiply_panel(const strip_job *job, const float *rows, int64_t pixels, int64_t group,
                           int64_t panel, float *to, int64_t pixel) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t first = panel * job->panel_width;
    tare_gemm_tile tile = {.k = job->sum, .a_stride = job->stride, .ldc = pixel};
    tile.columns = tare_least(job->panel_width, job->columns - first);
    const bool wide = tile.columns > kernel->lanes;
    tile.b = job->packed + (group * job->panels + panel) * job->panel_width * job->sum;
    tile.b_stride = wide ? job->panel_width : kernel->lanes;
    tile.bias = job->bias ? job->bias + group * job->columns + first : NULL;
    const int64_t tiles = tare_quotient_up(pixels, kernel->rows);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t begin = tare_slice_begin(pixels, tiles, t),
                      end = tare_slice_begin(pixels, tiles, t + 1);
        tile.a = rows + begin * job->stride;
        tile.c = to + begin * pixel + first;
        kernel->by_rows[wide][end - begin - 1](&tile);
    }
}

/* Takes staged results [count][columns] to their pixels. */
static void place_results(const strip_job *job, const float *staged, int64_t first, int64_t count,
                          int64_t group) {
    const placement *place = &job->place;
    const int64_t grid_pixels = tare_pixels(job->gather.grid),
                  place_pixels = tare_pixels(place->extent);
    for (int64_t i = 0; i < count; i++) {
        int64_t at[TARE_SPATIAL];
        tare_pixel_at(job->gather.grid, (first + i) % grid_pixels, at);
        for (int d = 0; d < TARE_SPATIAL; d++) at[d] = place->first[d] + place->spread[d] * at[d];
        const int64_t pixel =
            (first + i) / grid_pixels * place_pixels + tare_pixel_index(place->extent, at);
        memcpy(job->destination + pixel * place->channels + group * job->columns,
               staged + i * job->columns, (size_t)job->columns * sizeof *staged);
    }
}

static void run_strip(const strip_job *job, int64_t strip, float *scratch) {
    const int64_t first = strip * job->strip_pixels,
                  count = tare_least(job->strip_pixels, job->pixels - first);
    float *staged = scratch + job->strip_pixels * job->stride;
    for (int64_t group = 0; group < job->c->groups; group++) {
        const tare_gather_part part = {
            .taps = job->gather.taps, .first_channel = group * job->depth, .channels = job->depth};
        tare_gather_rows(&job->gather, part, job->source, first, count, scratch, job->stride);
        float *to = staged;
        int64_t pixel = job->columns;
        if (job->place.neighbours) {
            pixel = job->place.channels;
            to = job->destination + first * pixel + group * job->columns;
        }
        for (int64_t panel = 0; panel < job->panels; panel++)
            multiply_panel(job, scratch, count, group, panel, to, pixel);
        if (!job->place.neighbours) place_results(job, staged, first, count, group);
    }
}

static void strip_slice(void *context, int64_t slice) {
    strip_job *job = context;
    const int buffer = tare_buffers_take(&job->buffers);
    const int64_t end = tare_slice_begin(job->strips, job->slices, slice + 1);
    for (int64_t strip = tare_slice_begin(job->strips, job->slices, slice); strip < end; strip++)
        run_strip(job, strip, tare_buffer(&job->buffers, buffer));
    tare_buffers_give(&job->buffers, buffer);
}

static void run_job(strip_job *job, float *scratch, tare_pool *pool) {
    if (job->pixels == 0 || job->columns == 0) return;
    job->packed = scratch;
    job->buffers.first = scratch + tare_round_up(packed_numbers(job), ALIGNED);
    const int64_t panels = job->c->groups * job->panels;
    job->pack_slices = tare_slice_count(panels, job->panel_width * job->sum, PACK_WORK);
    tare_pool_run(pool, job->pack_slices, pack_slice, job);
    tare_pool_run(pool, job->slices, strip_slice, job);
}

/* The taps stand at the head of the scratch, packed filter and slices behind them. */
static int64_t tap_bytes(const tare_convolution *c) {
    return tare_round_up(tare_pixels(c->kernel) * (int64_t)sizeof(tare_tap), TARE_ALIGNMENT);
}

static int64_t job_bytes(const strip_job *job) {
    const int64_t numbers =
        tare_round_up(packed_numbers(job), ALIGNED) + job->slices * job->buffers.size;
    return numbers * (int64_t)sizeof(float);
}

/* ---- forward */

static strip_job forward_job(const tare_gemm_kernel *kernel, const tare_convolution *c,
                             tare_tap *taps) {
    strip_job job = {.kernel = kernel, .c = c};
    job.depth = c->channels / c->groups;
    job.columns = c->filters / c->groups;
    job.gather = tare_gather_forward(kernel, c, taps);
    job.place.channels = c->filters;
    job.place.neighbours = true;
    cut_job(&job);
    return job;
}

int64_t tare_strip_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    const strip_job job = forward_job(kernel, c, NULL);
    return tap_bytes(c) + job_bytes(&job);
}

void tare_strip_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                        const float *w, const float *bias, float *y, void *scratch,
                        tare_pool *pool) {
    strip_job job = forward_job(kernel, c, scratch);
    job.source = x;
    job.w = w;
    job.bias = bias;
    job.destination = y;
    run_job(&job, (float *)(void *)((char *)scratch + tap_bytes(c)), pool);
}

/* ---- data gradient */

static strip_job data_job(const tare_gemm_kernel *kernel, const tare_convolution *c,
                          const int64_t residue[TARE_SPATIAL], tare_tap *taps) {
    strip_job job = {.kernel = kernel, .c = c, .is_data = true};
    job.depth = c->filters / c->groups;
    job.columns = c->channels / c->groups;
    job.gather = tare_gather_data(kernel, c, residue, taps);
    job.place.channels = c->channels;
    job.place.neighbours = tare_pixels(c->stride) == 1;
    for (int d = 0; d < TARE_SPATIAL; d++) {
        job.place.extent[d] = c->in[d];
        job.place.first[d] = residue[d];
        job.place.spread[d] = c->stride[d];
    }
    cut_job(&job);
    return job;
}

/* Residues that have pixels: a stride longer than the image has none for its last ones. */
static void count_residues(const tare_convolution *c, int64_t residues[TARE_SPATIAL]) {
    for (int d = 0; d < TARE_SPATIAL; d++) residues[d] = tare_least(c->stride[d], c->in[d]);
}

int64_t tare_strip_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    int64_t residues[TARE_SPATIAL], residue[TARE_SPATIAL], most = 0;
    count_residues(c, residues);
    for (int64_t r = 0; r < tare_pixels(residues); r++) {
        tare_pixel_at(residues, r, residue);
        const strip_job job = data_job(kernel, c, residue, NULL);
        most = tare_greatest(most, job_bytes(&job));
    }
    return tap_bytes(c) + most;
}

void tare_strip_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                     const float *w, float *dx, void *scratch, tare_pool *pool) {
    int64_t residues[TARE_SPATIAL], residue[TARE_SPATIAL];
    count_residues(c, residues);
    for (int64_t r = 0; r < tare_pixels(residues); r++) {
        tare_pixel_at(residues, r, residue);
        strip_job job = data_job(kernel, c, residue, scratch);
        job.source = dy;
        job.w = w;
        job.destination = dx;
        run_job(&job, (float *)(void *)((char *)scratch + tap_bytes(c)), pool);
    }
}
