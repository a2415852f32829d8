/* SPDX-License-Identifier: Apache-2.0 */
/* Products in whole numbers: slices of output pixels, each number a plain sum. */
#include "kernel/int8_product.h"

#include "kernel/convolution_geometry.h"
#include "kernel/fixed_point.h"
#include "kernel/slices.h"

enum { SLICE_PRODUCTS = 65536 };

typedef struct int8_product_job {
    const tare_int8_product *p;
    const int8_t *x;
    const tare_int8_weights *weights;
    int8_t *y;
    int64_t pixels, slices;
} int8_product_job;

/* (x - x_zero) (w - w_zero) over one filter's window at output pixel `out` of an image. */
static uint32_t window_sum(const tare_int8_product *p, const int8_t *image, const int8_t *w,
                           const int64_t out[TARE_SPATIAL], int64_t first_channel) {
    const int64_t depth = p->c.channels / p->c.groups, taps = tare_pixels(p->c.kernel);
    uint32_t sum = 0;
    for (int64_t k = 0; k < taps; k++) {
        int64_t tap[TARE_SPATIAL], in[TARE_SPATIAL];
        tare_pixel_at(p->c.kernel, k, tap);
        if (!tare_convolution_source(&p->c, out, tap, in)) continue;
        const int8_t *x = image + tare_pixel_index(p->c.in, in) * p->c.channels + first_channel;
        for (int64_t c = 0; c < depth; c++)
            sum += (uint32_t)((x[c] - p->x_zero) * (w[k * p->tap_step + c] - p->w_zero));
    }
    return sum;
}

static void make_pixel(const int8_product_job *job, int64_t pixel) {
    const tare_int8_product *p = job->p;
    const tare_int8_weights *given = job->weights;
    const int64_t places = tare_pixels(p->c.out), filters = p->c.filters;
    const int64_t of_group = filters / p->c.groups, depth = p->c.channels / p->c.groups;
    const int8_t *image = job->x + pixel / places * tare_pixels(p->c.in) * p->c.channels;
    int8_t *y = job->y + pixel * filters;
    int64_t out[TARE_SPATIAL];
    tare_pixel_at(p->c.out, pixel % places, out);
    for (int64_t f = 0; f < filters; f++) {
        const uint32_t sum =
            window_sum(p, image, given->w + f * p->filter_step, out, f / of_group * depth);
        const tare_multiplier by = {given->multipliers[f], given->multipliers[filters + f]};
        const uint32_t bias = given->bias ? (uint32_t)given->bias[f] : 0;
        const int32_t all = (int32_t)(sum + bias);
        const int32_t scaled = p->halves_up ? tare_scaled_up(all, by) : tare_scaled(all, by);
        y[f] =
            (int8_t)tare_clamp_32(tare_saturate_32((int64_t)scaled + p->y_zero), p->least, p->most);
    }
}

static void make_slice(void *context, int64_t slice) {
    const int8_product_job *job = context;
    const int64_t end = tare_slice_begin(job->pixels, job->slices, slice + 1);
    for (int64_t i = tare_slice_begin(job->pixels, job->slices, slice); i < end; i++)
        make_pixel(job, i);
}

void tare_int8_product_reference(const tare_int8_product *p, const int8_t *x,
                                 const tare_int8_weights *weights, int8_t *y, tare_pool *pool) {
    int8_product_job job = {.p = p, .x = x, .weights = weights, .y = y};
    const int64_t cost = tare_pixels(p->c.kernel) * (p->c.channels / p->c.groups) * p->c.filters;
    job.pixels = p->c.batch * tare_pixels(p->c.out);
    if (job.pixels == 0 || p->c.filters == 0) return;
    job.slices = tare_slice_count(job.pixels, cost, SLICE_PRODUCTS);
    tare_pool_run(pool, job.slices, make_slice, &job);
}
