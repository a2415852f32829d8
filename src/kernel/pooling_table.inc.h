/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling for one instruction set; the including file is compiled for it and defines
 *     KERNEL   the table's name
 *     BYTES    of its vectors
 */
#include "kernel/pooling_kernel.h"

#include <math.h>
#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

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

#define NUMBER   float
#define INTEGER  int32_t
#define NAMED(f) f##_f32
#include "kernel/pooling.inc.h"

#define SLICES(T)                                                                                  \
    {                                                                                              \
        max_slice_##T, pick_slice_##T, average_slice_##T, max_gradient_slice_##T,                  \
            average_gradient_slice_##T                                                             \
    }
const tare_pooling_kernel KERNEL = {BYTES, SLICES(f32)};
