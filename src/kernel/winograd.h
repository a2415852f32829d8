/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Winograd's minimal filtering F(2x2, 3x3): four results of a 3x3 convolution by 16 products for
 * each pair of channels instead of 36. With tiles d of 4x4 source pixels, two pixels apart,
 *
 *     V = B'dB        U = GgG'       y = A'(sum over channels of U * V, point by point)A
 *
 *          1  0 -1  0           1   0   0
 *     B' = 0  1  1  0      G = .5  .5  .5      A' = 1  1  1  0
 *          0 -1  1  0          .5 -.5  .5           0  1 -1 -1
 *          0  1  0 -1           0   0   1
 *
 * The filter's gradient takes as few, F(3x3, 2x2): with tiles dy of 2x2 results and the V above,
 *
 *     dU = sum over tiles of V * (A dy A'), point by point       dg = G'dUG
 *
 * S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms
 * for Convolutional Neural Networks, 2015, section 4.1. All factors are 1 or 1/2, so a transform
 * rounds no more than the few additions it is made of.
 *
 * Points stand apart: number c of point p of tile t is at first[p point + t tile + c]. Counts of
 * channels, columns and numbers are multiples of 16. One table per instruction set, all compiled
 * from winograd.inc.h.
 */
#ifndef TARE_SRC_KERNEL_WINOGRAD_H
#define TARE_SRC_KERNEL_WINOGRAD_H

#include <stdint.h>

#include "kernel/ending.h"
#include "kernel/isa.h"

enum { TARE_WINOGRAD_POINTS = 16, TARE_WINOGRAD_TAPS = 9, TARE_WINOGRAD_UNIT = 16 };

/* Sums, and where the results of `tiles` tiles side by side go. */
typedef struct tare_winograd_result {
    const float *sums;
    int64_t point, tile;
    int64_t columns, tiles;
    float *row[2]; /* results of the upper and of the lower pixels; NULL: none are wanted */
    const float *addend[2];    /* the ending's, for the same rows */
    int64_t pixel;             /* numbers from one result pixel to the next */
    int64_t width;             /* pixels of a row: two for each tile, or one fewer */
    const float *bias;         /* NULL or [columns] */
    const tare_ending *ending; /* NULL: none */
} tare_winograd_result;

typedef struct tare_winograd_kernel {
    /* V of `tiles` tiles side by side. row[i]: row i of the first tile, its pixels `pixel` numbers
     * apart. */
    void (*source)(float *v, int64_t point, int64_t tile, const float *const row[4], int64_t pixel,
                   int64_t channels, int64_t tiles);
    /* u[p point + i] = U of the 3x3 numbers g[t tap + i], i < count; with a negative `tap` the
     * filter is turned half round. */
    void (*filter)(float *u, int64_t point, const float *g, int64_t tap, int64_t count);
    void (*result)(const tare_winograd_result *result);
    /* A dy A' of the tiles of a run of `width` pixels, two to a tile; row[1] NULL, or a last pixel
     * without a neighbour: zeros. */
    void (*gradient)(float *d, int64_t point, int64_t tile, const float *const row[2],
                     int64_t pixel, int64_t columns, int64_t width);
    /* g[t tap + i] = G'dUG of the 4x4 numbers u[p point + i], i < count. */
    void (*filter_gradient)(float *g, int64_t tap, const float *u, int64_t point, int64_t count);
} tare_winograd_kernel;

extern const tare_winograd_kernel tare_winograd_kernel_baseline;
#if defined(__x86_64__)
extern const tare_winograd_kernel tare_winograd_kernel_avx2, tare_winograd_kernel_avx512;
#endif

/* The table of an instruction set that the processor has. */
const tare_winograd_kernel *tare_winograd_kernel_of(tare_isa isa);

#endif
