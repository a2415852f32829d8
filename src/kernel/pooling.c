/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Max and average pooling over NHWC data and their gradients.
 *
 *     max:      y = the largest x of the window        dx = dy at the first place where x is that
 *     average:  y = (sum of x in the window) / count   dx = sum of dy / count over the windows that
 * hold x
 *
 * count is the number of pixels of the window inside the image. A NaN in a window is its maximum
 * (the first one, which also takes the gradient), so that it is not lost: TensorFlow's CPU kernel
 * keeps it in the gradient only when it comes first. A window that lies in the padding altogether
 * (TensorFlow's padding rules allow none) has maximum -infinity and average 0, and passes no
 * gradient.
 *
 * Source: TensorFlow r1.15, core/kernels/maxpooling_op.cc and avgpooling_op.cc.
 */
#include "kernel/pooling.h"

#include <math.h>
#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

enum {
    SLICE_OPERATIONS = 32768, /* a slice shorter than some ten microseconds is not worth a thread */
    CHANNEL_BLOCK = 64        /* channels whose maxima are searched together, on the stack */
};

/* The part of a window inside the image. */
typedef struct window {
    int64_t low[TARE_SPATIAL], high[TARE_SPATIAL];
} window;

static window window_at(const tare_pooling *p, int64_t out_pixel) {
    int64_t out[TARE_SPATIAL];
    tare_pixel_at(p->out, out_pixel, out);
    window w;
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int64_t begin = out[d] * p->stride[d] - p->before[d], end = begin + p->window[d];
        w.low[d] = begin > 0 ? begin : 0;
        w.high[d] = end < p->in[d] ? end : p->in[d];
        if (w.high[d] < w.low[d]) w.high[d] = w.low[d];
    }
    return w;
}

static int64_t window_pixels(const window *w) {
    return (w->high[0] - w->low[0]) * (w->high[1] - w->low[1]) * (w->high[2] - w->low[2]);
}

/* The first pixel of the window's row h of plane d, and how many stand side by side from there. */
static int64_t row_begin(const tare_pooling *p, const window *w, int64_t d, int64_t h) {
    return (d * p->in[1] + h) * p->in[2] + w->low[2];
}
static int64_t row_length(const window *w) { return w->high[2] - w->low[2]; }

/* One call, cut into slices over samples (gradients add into their sample) or output pixels (the
 * rest). */
typedef struct pooling_job {
    const tare_pooling *p;
    const void *x, *dy;
    void *out;
    int64_t items, slices;
} pooling_job;

static pooling_job job_over(const tare_pooling *p, int64_t items, const void *x, const void *dy,
                            void *out) {
    const int64_t work = p->batch * tare_pixels(p->out) * tare_pixels(p->window) * p->channels;
    const int64_t slices = tare_slice_count(items, items > 0 ? work / items : 0, SLICE_OPERATIONS);
    return (pooling_job){.p = p, .x = x, .dy = dy, .out = out, .items = items, .slices = slices};
}

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/pooling.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/pooling.inc.h"
