/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient of a convolution with few filters.
 *
 *     y[o] = sum over t of x[o + t dilation - before] w[t]             a convolution,
 *     x'[i] = sum over t of y'[i - t dilation + before] w[t]'          and the way back:
 *
 * with stride 1 the latter is a convolution too, of y', with the taps in reverse order. Both have
 * the same gradient for w, so where filters are few, dw is found as the mirror's, whose channels
 * are few: x is then read in whole vectors, once.
 */
#include "kernel/convolution_mirror.h"

#include "kernel/convolution_geometry.h"
#include "kernel/convolution_plane.h"
#include "kernel/slices.h"

static tare_convolution mirror_of(const tare_convolution *c) {
    tare_convolution m = *c;
    m.channels = c->filters;
    m.filters = c->channels;
    for (int d = 0; d < TARE_SPATIAL; d++) {
        m.in[d] = c->out[d];
        m.out[d] = c->in[d];
        m.before[d] = (c->kernel[d] - 1) * c->dilation[d] - c->before[d];
    }
    return m;
}

bool tare_mirror_takes(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    if (tare_pixels(c->stride) != 1 || c->filters >= c->channels || c->channels < kernel->lanes)
        return false;
    const tare_convolution m = mirror_of(c);
    return tare_plane_filter_takes(&m);
}

static int64_t filter_bytes(const tare_convolution *c) {
    const int64_t numbers = tare_pixels(c->kernel) * c->channels * c->filters;
    return tare_round_up(numbers * (int64_t)sizeof(float), 64);
}

int64_t tare_mirror_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                   bool reads_x) {
    const tare_convolution m = mirror_of(c);
    return filter_bytes(c) + tare_plane_filter_scratch(kernel, &m, reads_x);
}

void tare_mirror_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                        const float *dy, float *dw, const tare_reader *x_reader, void *scratch,
                        tare_pool *pool) {
    const tare_convolution m = mirror_of(c);
    float *mirrored = scratch; /* [tap from the last][filter][channel] */
    tare_plane_filter(kernel, &m, dy, x, mirrored, x_reader, (char *)scratch + filter_bytes(c),
                      pool);
    for (int64_t t = tare_pixels(c->kernel) - 1; t >= 0; t--)
        for (int64_t f = 0; f < c->filters; f++)
            for (int64_t i = 0; i < c->channels; i++)
                dw[(t * c->channels + i) * c->filters + f] = *mirrored++;
}
