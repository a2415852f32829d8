/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution of images with few channels.
 *
 *     planes [channel][plane][row][padded width]   a part of one sample, zeros around it
 *     taps   [tap, channel][pixel]                 copied from the planes row by row
 *
 *     filter gradient    dw = taps dy      one partial sum for each of a few ranges of strips
 *
 * With few filters only the taps of one kernel row are copied, from all rows of the planes: as many
 * pixels lie in a row of any tap, those of the next kernel row begin a row further on.
 *
 *     forward            y' = w' taps      filters are the rows of tiles, pixels their lanes
 *     filter gradient    dw = taps dy''    sums over pixels in the lanes of vectors
 *
 * A strip is some output rows of one plane of one sample; strips, ranges and slices depend on the
 * shape alone.
 */
#include "kernel/convolution_plane.h"

#include <string.h>

#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"
#include "kernel/partial_sums.h"
#include "kernel/transpose.h"

enum {
    MOST_CHANNELS = 4,
    LEAST_WIDTH = 6,         /* of an output row that is worth a copy of its own */
    STRIP = 16 * 1024,       /* numbers of taps in a strip, about */
    MOST_STRIP_PIXELS = 128, /* summed in one number: short float32 sums stay accurate */
    MOST_PLANES = 64 * 1024,
    SLICE_WORK = 1 << 17, /* least multiply-adds of a slice */
    MOST_RANGES = 16,
    ALIGNED = 16
};

typedef float loose_pair __attribute__((vector_size(8), aligned(4), may_alias));

typedef struct plane_job {
    const tare_gemm_kernel *kernel;
    const tare_convolution *c;
    const float *x, *w, *bias, *dy;
    const tare_reader *dy_reader; /* of the filter gradient; NULL: none */
    float *y;
    tare_buffers buffers; /* one strip in each */
    tare_partial_sums sums;
    int64_t sum;                       /* taps x channels: terms of a result, rows of dw */
    int64_t rows, row_groups, strips;  /* rows of a strip; strips of an output plane, and of all */
    int64_t planes, plane_rows, width; /* what a strip reads: depth, rows, padded width */
    int64_t copied, stride;            /* rows of copied taps; from one's pixels to the next's */
    int64_t panel_width, result_stride;
    int64_t made_dy; /* numbers of dy in a strip, when a reader makes them */
    bool few_filters;
    int64_t slices;
} plane_job;

/* What `outputs` results read of the source along one dimension. */
static int64_t span(const tare_convolution *c, int d, int64_t outputs) {
    return (outputs - 1) * c->stride[d] + (c->kernel[d] - 1) * c->dilation[d] + 1;
}

/* So that one tile holds them all, and vectors of them would be half empty. */
static bool has_few_filters(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    return c->filters <= kernel->rows && c->filters < kernel->lanes && c->stride[1] == 1;
}

static int64_t kernel_rows(const tare_convolution *c) { return c->kernel[0] * c->kernel[1]; }

/* Room for whole vectors; an odd number of cache lines keeps rows out of each other's sets. */
static int64_t row_stride(const plane_job *job, int64_t pixels) {
    const int64_t lines = tare_quotient_up(tare_round_up(pixels, job->panel_width), ALIGNED);
    return (lines | 1) * ALIGNED;
}

/* most_pixels: of a strip, when a row has fewer. */
static plane_job make_job(const tare_gemm_kernel *kernel, const tare_convolution *c,
                          int64_t most_pixels) {
    plane_job job = {.kernel = kernel, .c = c, .panel_width = 2 * (int64_t)kernel->lanes};
    job.sum = tare_pixels(c->kernel) * c->channels;
    const int64_t fit = tare_least(STRIP / (job.sum * c->out[2]), most_pixels / c->out[2]);
    job.rows = tare_least(tare_greatest(fit, 1), c->out[1]);
    job.row_groups = tare_quotient_up(c->out[1], job.rows);
    job.rows = tare_quotient_up(c->out[1], job.row_groups);
    job.row_groups = tare_quotient_up(c->out[1], job.rows);
    job.strips = c->batch * c->out[0] * job.row_groups;
    job.planes = span(c, 0, 1);
    job.plane_rows = span(c, 1, job.rows);
    job.width = span(c, 2, c->out[2]);
    job.few_filters = has_few_filters(kernel, c);
    job.copied = job.few_filters ? c->kernel[2] * c->channels : job.sum;
    job.result_stride = row_stride(&job, job.rows * c->out[2]);
    job.stride = job.few_filters
                     ? row_stride(&job, job.planes * job.plane_rows * c->out[2] + job.panel_width)
                     : job.result_stride;
    job.slices =
        tare_slice_count(job.strips, job.rows * c->out[2] * job.sum * c->filters, SLICE_WORK);
    return job;
}

static int64_t plane_numbers(const plane_job *job) {
    return tare_round_up(job->c->channels * job->planes * job->plane_rows * job->width, ALIGNED);
}

bool tare_plane_filter_takes(const tare_convolution *c) {
    if (c->groups != 1 || c->stride[2] != 1 || c->channels < 1 || c->channels > MOST_CHANNELS)
        return false;
    if (c->out[2] < LEAST_WIDTH || c->out[1] < 1 || c->out[0] < 1 || c->batch < 1 || c->filters < 1)
        return false;
    const plane_job job = make_job(tare_gemm_kernel_of(TARE_ISA_BASELINE), c, STRIP);
    return job.sum * c->out[2] <= STRIP && plane_numbers(&job) <= MOST_PLANES;
}

bool tare_plane_forward_takes(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    return has_few_filters(kernel, c) && tare_plane_filter_takes(c);
}

/* ---- from the source to taps */

typedef struct strip_place {
    int64_t sample, plane, first_row, rows;
} strip_place;

static strip_place strip_at(const plane_job *job, int64_t strip) {
    strip_place place = {.first_row = strip % job->row_groups * job->rows};
    place.plane = strip / job->row_groups % job->c->out[0];
    place.sample = strip / job->row_groups / job->c->out[0];
    place.rows = tare_least(job->rows, job->c->out[1] - place.first_row);
    return place;
}

/* One row of one channel with zeros around it; from: the source row's first pixel, NULL outside the
 * image. */
static void fill_row(const plane_job *job, const float *from, float *row) {
    const tare_convolution *c = job->c;
    const int64_t before = c->before[2];
    const int64_t begin = tare_least(tare_greatest(before, 0), job->width);
    const int64_t end =
        from ? tare_greatest(tare_least(c->in[2] + before, job->width), begin) : begin;
    for (int64_t j = 0; j < begin; j++) row[j] = 0;
    if (c->channels == 1 && begin < end)
        memcpy(row + begin, from + (begin - before), (size_t)(end - begin) * sizeof *row);
    else
        for (int64_t j = begin; j < end; j++) row[j] = from[(j - before) * c->channels];
    for (int64_t j = end; j < job->width; j++) row[j] = 0;
}

static void fill_planes(const plane_job *job, const strip_place *place, float *planes) {
    const tare_convolution *c = job->c;
    const float *image = job->x + place->sample * tare_pixels(c->in) * c->channels;
    for (int64_t channel = 0; channel < c->channels; channel++) {
        for (int64_t d = 0; d < job->planes; d++) {
            for (int64_t r = 0; r < job->plane_rows; r++, planes += job->width) {
                const int64_t in_plane = place->plane * c->stride[0] - c->before[0] + d;
                const int64_t in_row = place->first_row * c->stride[1] - c->before[1] + r;
                const bool inside =
                    in_plane >= 0 && in_plane < c->in[0] && in_row >= 0 && in_row < c->in[1];
                const int64_t pixel = (in_plane * c->in[1] + in_row) * c->in[2];
                fill_row(job, inside ? image + pixel * c->channels + channel : NULL, planes);
            }
        }
    }
}

/* taps[(tap, channel) * stride + pixel of the strip] */
static void fill_taps(const plane_job *job, const strip_place *place, const float *planes,
                      float *taps) {
    const tare_convolution *c = job->c;
    for (int64_t t = 0; t < tare_pixels(c->kernel); t++) {
        int64_t tap[TARE_SPATIAL];
        tare_pixel_at(c->kernel, t, tap);
        const int64_t row = tap[0] * c->dilation[0] * job->plane_rows + tap[1] * c->dilation[1];
        const float *from = planes + row * job->width + tap[2] * c->dilation[2];
        for (int64_t channel = 0; channel < c->channels; channel++, taps += job->stride) {
            job->kernel->copy_block(taps, c->out[2], from, c->stride[1] * job->width, place->rows,
                                    c->out[2]);
            from += job->planes * job->plane_rows * job->width;
        }
    }
}

/* The same of the taps of one kernel row, but for all rows of the planes. */
static void fill_kernel_row(const plane_job *job, const float *planes, float *taps) {
    const tare_convolution *c = job->c;
    const int64_t rows = job->planes * job->plane_rows;
    for (int64_t t = 0; t < c->kernel[2]; t++) {
        const float *from = planes + t * c->dilation[2];
        for (int64_t channel = 0; channel < c->channels; channel++, taps += job->stride) {
            job->kernel->copy_block(taps, c->out[2], from, job->width, rows, c->out[2]);
            from += rows * job->width;
        }
    }
}

/* How far behind the first kernel row's pixels those of kernel row `row` begin. */
static int64_t kernel_row_at(const plane_job *job, int64_t row) {
    const tare_convolution *c = job->c;
    const int64_t d = row / c->kernel[1] * c->dilation[0], h = row % c->kernel[1] * c->dilation[1];
    return (d * job->plane_rows + h) * c->out[2];
}

/* ---- forward */

/* y[p * filters + f] = results[f * stride + p] + bias[f] for four p and the two or four f from f
 * on. */
static inline void interleave_four(const float *rows, int64_t stride, const float *bias,
                                   int64_t filters, float *y) {
    const float *const row[4] = {rows, rows + stride, rows + 2 * stride, rows + 3 * stride};
    tare_quad shift = {0}, column[4];
    if (bias) shift = *(const tare_loose_quad *)bias;
    tare_transpose_block(row, column);
    for (int64_t i = 0; i < 4; i++) *(tare_loose_quad *)(y + i * filters) = column[i] + shift;
}
static inline void interleave_two(const float *rows, int64_t stride, const float *bias,
                                  int64_t filters, float *y) {
    const tare_quad r0 = *(const tare_loose_quad *)rows,
                    r1 = *(const tare_loose_quad *)(rows + stride);
    const float b0 = bias ? bias[0] : 0, b1 = bias ? bias[1] : 0;
    const tare_quad shift = {b0, b1, b0, b1};
    const tare_quad low = __builtin_shufflevector(r0, r1, 0, 4, 1, 5) + shift;
    const tare_quad high = __builtin_shufflevector(r0, r1, 2, 6, 3, 7) + shift;
    *(loose_pair *)y = __builtin_shufflevector(low, low, 0, 1);
    *(loose_pair *)(y + filters) = __builtin_shufflevector(low, low, 2, 3);
    *(loose_pair *)(y + 2 * filters) = __builtin_shufflevector(high, high, 0, 1);
    *(loose_pair *)(y + 3 * filters) = __builtin_shufflevector(high, high, 2, 3);
}

/* The last filters may overlap the ones before. */
static void interleave(const float *results, int64_t stride, int64_t pixels, int64_t filters,
                       const float *bias, float *y) {
    int64_t p = 0;
    for (; filters >= 4 && p + 4 <= pixels; p += 4) {
        for (int64_t done = 0; done < filters; done += 4) {
            const bool two = filters - done <= 2;
            const int64_t f = tare_least(done, filters - (two ? 2 : 4));
            const float *rows = results + f * stride + p, *shift = bias ? bias + f : NULL;
            if (two)
                interleave_two(rows, stride, shift, filters, y + p * filters + f);
            else
                interleave_four(rows, stride, shift, filters, y + p * filters + f);
        }
    }
    for (; p < pixels; p++)
        for (int64_t f = 0; f < filters; f++)
            y[p * filters + f] = results[f * stride + p] + (bias ? bias[f] : 0);
}

/* A stretch of a tile's sum for each kernel row. */
static void find_segments(const plane_job *job, tare_gemm_segment *segments) {
    for (int64_t row = 0; row < kernel_rows(job->c); row++)
        segments[row] = (tare_gemm_segment){.a = row * job->copied * job->c->filters,
                                            .b = kernel_row_at(job, row)};
}

static void multiply_few_filters(const plane_job *job, const tare_gemm_segment *segments,
                                 const float *taps, int64_t pixels, float *results, float *y) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t filters = job->c->filters;
    tare_gemm_tile tile = {.a = job->w,
                           .k = job->copied,
                           .a_stride = filters,
                           .b_stride = job->stride,
                           .ldc = job->result_stride,
                           .segments = segments,
                           .segment_count = kernel_rows(job->c)};
    for (int64_t first = 0; first < pixels; first += job->panel_width) {
        const bool wide = pixels - first > kernel->lanes;
        tile.columns = wide ? job->panel_width : kernel->lanes;
        tile.b = taps + first;
        tile.c = results + first;
        kernel->by_panel[wide][filters - 1](&tile);
    }
    interleave(results, job->result_stride, pixels, filters, job->bias, y);
}

static int64_t segment_numbers(const plane_job *job) {
    const int64_t each = (int64_t)(sizeof(tare_gemm_segment) / sizeof(float));
    return tare_round_up(kernel_rows(job->c) * each, ALIGNED);
}

static void forward_slice(void *context, int64_t slice) {
    plane_job *job = context;
    const tare_convolution *c = job->c;
    const int buffer = tare_buffers_take(&job->buffers);
    float *taps = tare_buffer(&job->buffers, buffer);
    float *results = taps + job->copied * job->stride;
    tare_gemm_segment *segments = (void *)(results + c->filters * job->result_stride);
    float *planes = (float *)(void *)segments + segment_numbers(job);
    find_segments(job, segments);
    const int64_t end = tare_slice_begin(job->strips, job->slices, slice + 1);
    for (int64_t strip = tare_slice_begin(job->strips, job->slices, slice); strip < end; strip++) {
        const strip_place place = strip_at(job, strip);
        const int64_t row = (place.sample * c->out[0] + place.plane) * c->out[1] + place.first_row;
        float *y = job->y + row * c->out[2] * c->filters;
        fill_planes(job, &place, planes);
        fill_kernel_row(job, planes, taps);
        multiply_few_filters(job, segments, taps, place.rows * c->out[2], results, y);
    }
    tare_buffers_give(&job->buffers, buffer);
}

static plane_job forward_job(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    plane_job job = make_job(kernel, c, STRIP);
    job.buffers.size = job.copied * job.stride + c->filters * job.result_stride +
                       segment_numbers(&job) + plane_numbers(&job);
    return job;
}

int64_t tare_plane_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    const plane_job job = forward_job(kernel, c);
    return job.slices * job.buffers.size * (int64_t)sizeof(float);
}

void tare_plane_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                        const float *w, const float *bias, float *y, void *scratch,
                        tare_pool *pool) {
    plane_job job = forward_job(kernel, c);
    job.x = x;
    job.w = w;
    job.bias = bias;
    job.y = y;
    job.buffers.first = scratch;
    tare_pool_run(pool, job.slices, forward_slice, &job);
}

/* ---- filter gradient */

/* Adds taps x dy of one strip to a partial sum; spare: a packed panel of dy. */
static void add_strip(const plane_job *job, const float *taps, const float *dy, int64_t pixels,
                      bool adds, float *spare, float *sums) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t filters = job->c->filters, tiles = tare_quotient_up(job->sum, kernel->rows);
    for (int64_t first = 0; first < filters; first += job->panel_width) {
        tare_gemm_tile tile = {
            .k = pixels, .a_stride = job->stride, .ldc = filters, .accumulate = adds};
        tile.columns = tare_least(job->panel_width, filters - first);
        const bool wide = tile.columns > kernel->lanes;
        const int64_t width = wide ? job->panel_width : kernel->lanes;
        tile.b = dy + first;
        tile.b_stride = filters;
        if (tile.columns < width) {
            kernel->pack(spare, width, dy + first, filters, tile.columns, pixels);
            tile.b = spare;
            tile.b_stride = width;
        }
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t begin = tare_slice_begin(job->sum, tiles, t),
                          end = tare_slice_begin(job->sum, tiles, t + 1);
            tile.a = taps + begin * job->stride;
            tile.c = sums + begin * filters + first;
            kernel->by_rows[wide][end - begin - 1](&tile);
        }
    }
}

/* The same with few filters; spare: dy of one filter after the other. */
static void add_strip_few_filters(const plane_job *job, const float *taps, const float *dy,
                                  int64_t pixels, bool adds, float *spare, float *sums) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t filters = job->c->filters;
    tare_gemm_tile tile = {.b = spare,
                           .k = pixels,
                           .a_stride = job->stride,
                           .b_stride = tare_round_up(pixels, 4),
                           .ldc = filters,
                           .columns = filters,
                           .accumulate = adds};
    kernel->pack_transposed(spare, tile.b_stride, dy, filters, pixels, filters);
    const int64_t tiles = tare_quotient_up(job->copied, TARE_GEMM_DOT_ROWS);
    for (int64_t row = 0; row < kernel_rows(job->c); row++, sums += job->copied * filters) {
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t begin = tare_slice_begin(job->copied, tiles, t),
                          end = tare_slice_begin(job->copied, tiles, t + 1);
            tile.a = taps + begin * job->stride + kernel_row_at(job, row);
            tile.c = sums + begin * filters;
            kernel->by_dot[end - begin - 1](&tile);
        }
    }
}

static int64_t spare_numbers(const plane_job *job) {
    const int64_t width = job->few_filters ? job->c->filters : job->panel_width;
    return tare_round_up(tare_round_up(job->rows * job->c->out[2], 4) * width, ALIGNED);
}

/* dy of a strip, whose pixels follow each other. */
static const float *read_dy(const plane_job *job, const strip_place *place, float *made) {
    const tare_convolution *c = job->c;
    const int64_t row = (place->sample * c->out[0] + place->plane) * c->out[1] + place->first_row;
    const int64_t offset = row * c->out[2] * c->filters;
    const tare_reader *reader = job->dy_reader;
    if (!reader) return job->dy + offset;
    reader->read(reader->context, offset, place->rows * c->out[2], made, c->filters);
    return made;
}

static void filter_slice(void *context, int64_t range) {
    plane_job *job = context;
    const tare_convolution *c = job->c;
    const int buffer = tare_buffers_take(&job->buffers);
    float *taps = tare_buffer(&job->buffers, buffer);
    float *spare = taps + job->copied * job->stride;
    float *made = spare + spare_numbers(job);
    float *planes = made + job->made_dy;
    const int64_t begin = tare_slice_begin(job->strips, job->slices, range);
    const int64_t end = tare_slice_begin(job->strips, job->slices, range + 1);
    for (int64_t strip = begin; strip < end; strip++) {
        const strip_place place = strip_at(job, strip);
        fill_planes(job, &place, planes);
        if (job->few_filters)
            fill_kernel_row(job, planes, taps);
        else
            fill_taps(job, &place, planes, taps);
        (job->few_filters ? add_strip_few_filters : add_strip)(
            job, taps, read_dy(job, &place, made), place.rows * c->out[2], strip > begin, spare,
            tare_partial_sum(&job->sums, range));
    }
    tare_buffers_give(&job->buffers, buffer);
}

static plane_job filter_job(const tare_gemm_kernel *kernel, const tare_convolution *c,
                            bool reads_dy) {
    const bool in_lanes = has_few_filters(kernel, c);
    plane_job job = make_job(kernel, c, MOST_STRIP_PIXELS * (in_lanes ? kernel->lanes : 1));
    job.made_dy = reads_dy ? tare_round_up(job.rows * c->out[2] * c->filters, ALIGNED) : 0;
    job.slices = tare_least(job.slices, MOST_RANGES);
    job.buffers.size = tare_round_up(
        job.copied * job.stride + spare_numbers(&job) + job.made_dy + plane_numbers(&job), ALIGNED);
    return job;
}

static int64_t partial_numbers(const plane_job *job) {
    return tare_round_up((job->slices - 1) * job->sum * job->c->filters, ALIGNED);
}

int64_t tare_plane_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                  bool reads_dy) {
    const plane_job job = filter_job(kernel, c, reads_dy);
    return (partial_numbers(&job) + job.slices * job.buffers.size) * (int64_t)sizeof(float);
}

void tare_plane_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                       const float *dy, float *dw, const tare_reader *dy_reader, void *scratch,
                       tare_pool *pool) {
    plane_job job = filter_job(kernel, c, dy_reader != NULL);
    const int64_t size = job.sum * c->filters;
    float *partials = scratch;
    job.x = x;
    job.dy = dy;
    job.dy_reader = dy_reader;
    job.sums =
        (tare_partial_sums){.total = dw, .others = partials, .size = size, .count = job.slices};
    job.buffers.first = partials + partial_numbers(&job);
    tare_pool_run(pool, job.slices, filter_slice, &job);
    tare_partial_sums_merge(&job.sums, pool);
}
