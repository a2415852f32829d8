/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data gradient of a convolution whose input has few channels.
 *
 *     shares [output pixel][tap, channel] = dy [output pixel][filter] w'      a strip of pixels at
 * a time dx [pixel under the tap][channel] += shares
 *
 * A slice takes whole samples, so nobody else writes their dx, and pixels are scattered in order.
 */
#include "kernel/convolution_scatter.h"

#include <string.h>

#include "base/memory.h"
#include "kernel/buffers.h"
#include "kernel/convolution_gather.h"
#include "kernel/convolution_geometry.h"

enum {
    STRIP = 16 * 1024,    /* numbers in the shares of a strip, about */
    LEAST_SAMPLES = 4,    /* below, samples alone keep too few threads busy */
    LEAST_FILTERS = 4,    /* below, scattering outweighs the product */
    SLICE_WORK = 1 << 18, /* least multiply-adds of a slice */
    ALIGNED = 16
};

typedef struct scatter_job {
    const tare_gemm_kernel *kernel;
    const tare_convolution *c;
    tare_gather gather; /* of the forward pass */
    const float *dy;
    float *dx, *packed;
    tare_buffers buffers;    /* one strip in each */
    int64_t columns, stride; /* taps x channels; from one pixel's shares to the next's */
    int64_t panel_width, panels, strip_pixels;
    int64_t slices;
} scatter_job;

bool tare_scatter_takes(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    return c->groups == 1 && c->channels > 0 && c->channels < kernel->lanes &&
           c->batch >= LEAST_SAMPLES && c->filters >= LEAST_FILTERS && tare_pixels(c->out) > 0;
}

static scatter_job make_job(const tare_gemm_kernel *kernel, const tare_convolution *c,
                            tare_tap *taps) {
    scatter_job job = {.kernel = kernel, .c = c, .panel_width = 2 * (int64_t)kernel->lanes};
    job.gather = tare_gather_forward(kernel, c, taps);
    job.columns = job.gather.taps * c->channels;
    job.panels = tare_quotient_up(job.columns, job.panel_width);
    job.stride = (tare_round_up(job.columns, ALIGNED) / ALIGNED | 1) * ALIGNED;
    const int64_t fit = tare_greatest(STRIP / job.stride / kernel->rows, 1) * kernel->rows;
    job.strip_pixels = tare_least(fit, tare_pixels(c->out));
    job.slices =
        tare_slice_count(c->batch, tare_pixels(c->out) * job.columns * c->filters, SLICE_WORK);
    job.buffers.size = tare_round_up(job.strip_pixels * job.stride, ALIGNED);
    return job;
}

/* w is [tap, channel][filter]: its rows become the columns of the panels. */
static void pack_filter(const scatter_job *job, const float *w) {
    for (int64_t panel = 0; panel < job->panels; panel++) {
        const int64_t first = panel * job->panel_width, filters = job->c->filters;
        const int64_t columns = tare_least(job->panel_width, job->columns - first);
        const int64_t width = columns <= job->kernel->lanes ? job->kernel->lanes : job->panel_width;
        job->kernel->pack_transposed(job->packed + first * filters, width, w + first * filters,
                                     filters, columns, filters);
    }
}

static void find_shares(const scatter_job *job, const float *dy, int64_t pixels, float *shares) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t filters = job->c->filters, tiles = tare_quotient_up(pixels, kernel->rows);
    tare_gemm_tile tile = {.k = filters, .a_stride = filters, .ldc = job->stride};
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t begin = tare_slice_begin(pixels, tiles, t),
                      end = tare_slice_begin(pixels, tiles, t + 1);
        tile.a = dy + begin * filters;
        for (int64_t first = 0; first < job->columns; first += job->panel_width) {
            const bool wide = job->columns - first > kernel->lanes;
            /* Rows of shares end at whole vectors, or nearly: what lies beyond the columns is never
             * read. */
            tile.columns = tare_least(wide ? job->panel_width : kernel->lanes, job->stride - first);
            tile.b = job->packed + first * filters;
            tile.b_stride = wide ? job->panel_width : kernel->lanes;
            tile.c = shares + begin * job->stride + first;
            kernel->by_rows[wide][end - begin - 1](&tile);
        }
    }
}

static void scatter_slice(void *context, int64_t slice) {
    scatter_job *job = context;
    const tare_convolution *c = job->c;
    const int buffer = tare_buffers_take(&job->buffers);
    const int64_t in_size = tare_pixels(c->in) * c->channels, out_pixels = tare_pixels(c->out);
    float *shares = tare_buffer(&job->buffers, buffer);
    const int64_t end = tare_slice_begin(c->batch, job->slices, slice + 1);
    for (int64_t n = tare_slice_begin(c->batch, job->slices, slice); n < end; n++) {
        float *image = job->dx + n * in_size;
        if (in_size > 0) memset(image, 0, (size_t)in_size * sizeof *image);
        for (int64_t first = 0; first < out_pixels; first += job->strip_pixels) {
            const int64_t pixels = tare_least(job->strip_pixels, out_pixels - first);
            find_shares(job, job->dy + (n * out_pixels + first) * c->filters, pixels, shares);
            tare_scatter_rows(&job->gather, shares, job->stride, first, pixels, image);
        }
    }
    tare_buffers_give(&job->buffers, buffer);
}

/* The taps stand at the head of the scratch. */
static int64_t tap_bytes(const tare_convolution *c) {
    return tare_round_up(tare_pixels(c->kernel) * (int64_t)sizeof(tare_tap), TARE_ALIGNMENT);
}

static int64_t packed_numbers(const scatter_job *job) {
    return tare_round_up(job->panels * job->panel_width * job->c->filters, ALIGNED);
}

int64_t tare_scatter_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    const scatter_job job = make_job(kernel, c, NULL);
    return tap_bytes(c) +
           (packed_numbers(&job) + job.slices * job.buffers.size) * (int64_t)sizeof(float);
}

void tare_scatter_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                       const float *w, float *dx, void *scratch, tare_pool *pool) {
    scatter_job job = make_job(kernel, c, scratch);
    job.dy = dy;
    job.dx = dx;
    job.packed = (float *)(void *)((char *)scratch + tap_bytes(c));
    job.buffers.first = job.packed + packed_numbers(&job);
    pack_filter(&job, w);
    tare_pool_run(pool, job.slices, scatter_slice, &job);
}
