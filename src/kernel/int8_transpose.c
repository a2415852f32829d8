/* SPDX-License-Identifier: Apache-2.0 */
/* Transposed convolutions in whole numbers: slices of output pixels, each number a plain sum. */
#include "kernel/int8_transpose.h"

#include "kernel/convolution_geometry.h"
#include "kernel/fixed_point.h"
#include "kernel/slices.h"

enum { SLICE_PRODUCTS = 65536 };

typedef struct int8_transpose_job {
    const tare_int8_transpose *t;
    const int8_t *x, *w;
    const int32_t *multipliers, *bias;
    int8_t *y;
    int64_t pixels, slices;
} int8_transpose_job;

/* One channel of the result at pixel `at` of an image. */
static uint32_t spread_sum(const tare_int8_transpose *t, const int8_t *image, const int8_t *w,
                           const int64_t at[TARE_SPATIAL]) {
    const int64_t depth = t->c.filters, taps = tare_pixels(t->c.kernel);
    uint32_t sum = 0;
    for (int64_t k = 0; k < taps; k++) {
        int64_t tap[TARE_SPATIAL], from[TARE_SPATIAL];
        tare_pixel_at(t->c.kernel, k, tap);
        if (!tare_convolution_target(&t->c, at, tap, from)) continue;
        const int8_t *x = image + tare_pixel_index(t->c.out, from) * depth;
        for (int64_t i = 0; i < depth; i++)
            sum += (uint32_t)((x[i] - t->x_zero) * (w[k * depth + i] - t->w_zero));
    }
    return sum;
}

static void make_slice(void *context, int64_t slice) {
    const int8_transpose_job *job = context;
    const tare_int8_transpose *t = job->t;
    const int64_t places = tare_pixels(t->c.in), channels = t->c.channels;
    const int64_t step = tare_pixels(t->c.kernel) * t->c.filters;
    const int64_t end = tare_slice_begin(job->pixels, job->slices, slice + 1);
    for (int64_t i = tare_slice_begin(job->pixels, job->slices, slice); i < end; i++) {
        const int8_t *image = job->x + i / places * tare_pixels(t->c.out) * t->c.filters;
        int64_t at[TARE_SPATIAL];
        tare_pixel_at(t->c.in, i % places, at);
        for (int64_t f = 0; f < channels; f++) {
            const tare_multiplier by = {job->multipliers[f], job->multipliers[channels + f]};
            const uint32_t bias = job->bias ? (uint32_t)job->bias[f] : 0;
            const uint32_t sum = spread_sum(t, image, job->w + f * step, at);
            const int64_t y = (int64_t)tare_scaled((int32_t)(sum + bias), by) + t->y_zero;
            job->y[i * channels + f] =
                (int8_t)tare_clamp_32(tare_saturate_32(y), t->least, t->most);
        }
    }
}

void tare_int8_transpose_reference(const tare_int8_transpose *t, const int8_t *x, const int8_t *w,
                                   const int32_t *multipliers, const int32_t *bias, int8_t *y,
                                   tare_pool *pool) {
    int8_transpose_job job = {
        .t = t, .x = x, .w = w, .multipliers = multipliers, .bias = bias, .y = y};
    const int64_t cost = tare_pixels(t->c.kernel) * t->c.filters * t->c.channels;
    job.pixels = t->c.batch * tare_pixels(t->c.in);
    if (job.pixels == 0 || t->c.channels == 0) return;
    job.slices = tare_slice_count(job.pixels, cost, SLICE_PRODUCTS);
    tare_pool_run(pool, job.slices, make_slice, &job);
}
