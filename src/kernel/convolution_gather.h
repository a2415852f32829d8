/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution as a matrix product: every output pixel gathers, tap by tap, the channels of an input
 * pixel into one row of a matrix ("im2col"). The filter gradient is its transpose times dy.
 *
 *     tap k of output pixel o reads input pixel  o * stride + k * dilation - before
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_GATHER_H
#define TARE_SRC_KERNEL_CONVOLUTION_GATHER_H

#include "kernel/convolution.h"
#include "kernel/gemm_kernel.h"

typedef struct tare_tap {
    int64_t at[TARE_SPATIAL]; /* the source pixel it reads, from grid position * step */
    int64_t shift;            /* the same in row-major order */
    int64_t filter;           /* its position in the filter */
    int64_t run;              /* how many taps from this one on read side by side */
    int64_t alike, spacing;   /* how many runs from this one on are as long and lie evenly spaced,
                                 and how far apart in row-major order */
} tare_tap;

typedef struct tare_gather {
    const tare_gemm_kernel *kernel;
    int64_t source[TARE_SPATIAL], channels; /* extents; numbers in a source pixel */
    int64_t grid[TARE_SPATIAL], step[TARE_SPATIAL];
    int64_t taps;
    const tare_tap *tap;
    int64_t low[TARE_SPATIAL], high[TARE_SPATIAL]; /* least and greatest tap[].at */
} tare_gather;

/* Describes a gathering; taps: room for as many as the filter has, or NULL to have them counted
 * only. */
tare_gather tare_gather_forward(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                tare_tap *taps);

/* Which columns of the gathered matrix: for each of some taps, some channels. */
typedef struct tare_gather_part {
    int64_t first_tap, taps, first_channel, channels;
} tare_gather_part;

/*
 * rows[r * stride + ..] = the part of grid pixel first + r, r < count; 0 where a tap reads outside
 * the source. Grid pixels are numbered through all samples. source: sample 0.
 */
void tare_gather_rows(const tare_gather *gather, tare_gather_part part, const float *source,
                      int64_t first, int64_t count, float *rows, int64_t stride);

/*
 * The way back, within one sample: adds rows[r * stride + ..], all taps and channels of grid pixel
 * first + r, to the source pixels they were read from.
 */
void tare_scatter_rows(const tare_gather *gather, const float *rows, int64_t stride, int64_t first,
                       int64_t count, float *image);

#endif
