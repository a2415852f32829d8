/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resizing NHWC images. Where pixel o of the result reads, in pixels of x, in float32 whatever the
 * numbers are:
 *
 *                 scale                     bilinear                   nearest
 *     default     in / out                  o scale                    floor(o scale)
 *     corners     (in - 1) / (out - 1)      o scale                    round(o scale)
 *     centers     in / out                  (o + .5) scale - .5        floor((o + .5) scale)
 *
 * Source: TensorFlow r1.15, core/kernels/image_resizer_state.h, resize_bilinear_op.cc,
 * resize_nearest_neighbor_op.cc.
 */
#include "kernel/resize.h"

#include <math.h>
#include <string.h>

#include "kernel/slices.h"

enum { SLICE_NUMBERS = 16384 };

static float scale_of(tare_resize_rule rule, int64_t in, int64_t out) {
    return rule.align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1)
                                         : (float)in / (float)out;
}

static int64_t within(float at, int64_t extent) {
    return at < 0 ? 0 : tare_least((int64_t)at, extent - 1);
}

void tare_resize_points(tare_resize_rule rule, int64_t in, int64_t out, tare_resize_point *points) {
    const float scale = scale_of(rule, in, out), half = rule.half_pixel_centers ? .5f : 0;
    for (int64_t o = 0; o < out; o++) {
        const float at = ((float)o + half) * scale;
        if (rule.nearest) {
            points[o].lower = points[o].upper = within(rule.align_corners ? roundf(at) : at, in);
            points[o].share = 0;
            continue;
        }
        const float from = at - half;
        points[o].lower = within(floorf(from), in);
        points[o].upper = within(ceilf(from), in);
        points[o].share = from - floorf(from);
    }
}

typedef struct resize_job {
    const tare_resizing *r;
    size_t size;
    int64_t items, slices;
    const void *from;
    void *to;
} resize_job;

static void run_job(resize_job job, int64_t items, tare_slice_function function, tare_pool *pool) {
    const tare_resizing *r = job.r;
    const int64_t numbers = r->batch * r->out[0] * r->out[1] * r->channels;
    if (numbers == 0 || items == 0) return;
    job.items = items;
    job.slices = tare_slice_count(items, numbers / items + 8, SLICE_NUMBERS);
    tare_pool_run(pool, job.slices, function, &job);
}

/* An item is one row of the result. */
static void nearest_slice(void *context, int64_t slice) {
    const resize_job *job = context;
    const tare_resizing *r = job->r;
    const size_t pixel = (size_t)r->channels * job->size;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(job->items, job->slices, slice); item < end; item++) {
        const int64_t row = item / r->out[0] * r->in[0] + r->rows[item % r->out[0]].lower;
        const char *x = (const char *)job->from + (size_t)(row * r->in[1]) * pixel;
        char *y = (char *)job->to + (size_t)(item * r->out[1]) * pixel;
        for (int64_t o = 0; o < r->out[1]; o++, y += pixel)
            memcpy(y, x + (size_t)r->columns[o].lower * pixel, pixel);
    }
}

void tare_resize_nearest(const tare_resizing *r, size_t size, const void *x, void *y,
                         tare_pool *pool) {
    run_job((resize_job){.r = r, .size = size, .from = x, .to = y}, r->batch * r->out[0],
            nearest_slice, pool);
}

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/resize.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/resize.inc.h"
