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
    SLICE_OPERATIONS = 32768
}; /* a slice shorter than some ten microseconds is not worth a thread */

/* A range of pixels along each dimension. */
typedef struct box {
    int64_t low[TARE_SPATIAL], high[TARE_SPATIAL];
} box;

/* The part of window `out` inside the image, along dimension d. */
static inline void clip_window(const tare_pooling *p, int d, int64_t out, box *window) {
    const int64_t begin = out * p->stride[d] - p->before[d];
    window->low[d] = tare_least(tare_greatest(begin, 0), p->in[d]);
    window->high[d] = tare_greatest(tare_least(begin + p->window[d], p->in[d]), window->low[d]);
}

static int64_t box_pixels(const box *b) {
    return (b->high[0] - b->low[0]) * (b->high[1] - b->low[1]) * (b->high[2] - b->low[2]);
}

/* How many slices a call's items deserve: samples or rows of the output. */
static int64_t count_slices(const tare_pooling *p, int64_t items) {
    const int64_t work = p->batch * tare_pixels(p->out) * tare_pixels(p->window) * p->channels;
    return tare_slice_count(items, items > 0 ? work / items : 0, SLICE_OPERATIONS);
}

#define NUMBER   float
#define INTEGER  int32_t
#define NAMED(f) f##_f32
#include "kernel/pooling.inc.h"

#define NUMBER   double
#define INTEGER  int64_t
#define NAMED(f) f##_f64
#include "kernel/pooling.inc.h"
