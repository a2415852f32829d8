/* SPDX-License-Identifier: Apache-2.0 */
/* Which pixel meets which: small helpers over the three spatial extents, shared by convolution and
 * pooling. */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_GEOMETRY_H
#define TARE_SRC_KERNEL_CONVOLUTION_GEOMETRY_H

#include "kernel/convolution.h"

static inline int64_t tare_pixels(const int64_t extent[TARE_SPATIAL]) {
    return extent[0] * extent[1] * extent[2];
}

/* Operations of each of the three, a multiply and an add counted as two, padding counted as if it
 * were pixels. */
static inline double tare_convolution_flops(const tare_convolution *c) {
    return 2.0 * (double)(c->batch * tare_pixels(c->out) * c->filters) *
           (double)(tare_pixels(c->kernel) * (c->channels / c->groups));
}

/* Row-major position and back. */
static inline int64_t tare_pixel_index(const int64_t extent[TARE_SPATIAL],
                                       const int64_t at[TARE_SPATIAL]) {
    return (at[0] * extent[1] + at[1]) * extent[2] + at[2];
}
static inline void tare_pixel_at(const int64_t extent[TARE_SPATIAL], int64_t index,
                                 int64_t at[TARE_SPATIAL]) {
    at[2] = index % extent[2];
    at[1] = index / extent[2] % extent[1];
    at[0] = index / extent[2] / extent[1];
}

/* The input pixel that an output pixel reads through a tap; false: it lies in the padding. */
static inline bool tare_convolution_source(const tare_convolution *c,
                                           const int64_t out[TARE_SPATIAL],
                                           const int64_t tap[TARE_SPATIAL],
                                           int64_t in[TARE_SPATIAL]) {
    for (int d = 0; d < TARE_SPATIAL; d++) {
        in[d] = out[d] * c->stride[d] + tap[d] * c->dilation[d] - c->before[d];
        if (in[d] < 0 || in[d] >= c->in[d]) return false;
    }
    return true;
}

/* The output pixel that reads an input pixel through a tap; false: there is none. */
static inline bool tare_convolution_target(const tare_convolution *c,
                                           const int64_t in[TARE_SPATIAL],
                                           const int64_t tap[TARE_SPATIAL],
                                           int64_t out[TARE_SPATIAL]) {
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int64_t distance = in[d] + c->before[d] - tap[d] * c->dilation[d];
        if (distance < 0 || distance % c->stride[d] != 0) return false;
        out[d] = distance / c->stride[d];
        if (out[d] >= c->out[d]) return false;
    }
    return true;
}

#endif
