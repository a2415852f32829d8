/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions over any axes: sums, sums of squares, products, maxima, minima, any, all.
 *
 * Float32 is summed in columns of at most 16 numbers, whose sums are merged as float64; every other
 * type in a type wide enough. Where work is cut depends on the shape alone and partial results
 * merge in a fixed binary tree, so the number of threads changes no bit. NaN wins over every
 * maximum and minimum; nothing at all gives 0, 1, -infinity or infinity (the ends of the range for
 * whole numbers).
 */
#ifndef TARE_SRC_KERNEL_REDUCTION_H
#define TARE_SRC_KERNEL_REDUCTION_H

#include "base/threads.h"
#include <tare/array.h>

typedef enum tare_reduce {
    TARE_REDUCE_SUM,
    TARE_REDUCE_SUM_OF_SQUARES,
    TARE_REDUCE_PROD,
    TARE_REDUCE_MAX,
    TARE_REDUCE_MIN,
    TARE_REDUCE_ANY,
    TARE_REDUCE_ALL,
    TARE_REDUCE_COUNT
} tare_reduce;

#define TARE_REDUCTION_RANK   16 /* of what is reduced; twice an array's */
#define TARE_REDUCTION_PASSES 8

typedef struct tare_reduction_kernel tare_reduction_kernel;

/* One pass: [outer, reduce, inner] -> [outer, inner]. */
typedef struct tare_reduction_pass {
    int64_t outer, reduce, inner;
    int64_t parts; /* that the reduced axis is cut into; above 1, partial results wait in scratch */
    int64_t tiles; /* of columns */
    int64_t slices;
} tare_reduction_pass;

typedef struct tare_reduction {
    const tare_reduction_kernel *first, *rest; /* a sum of squares goes on as a sum */
    tare_reduction_pass pass[TARE_REDUCTION_PASSES];
    int passes;
    bool is_short;                     /* one pass over so few numbers that nothing is cut */
    double divisor;                    /* what the last pass divides by */
    size_t size;                       /* of an element */
    int64_t scratch_bytes, kept_bytes; /* of which kept_bytes between two passes, twice */
} tare_reduction;

/*
 * Axis d of extents is reduced when bit d of mask is set. divisor: 1, or what the result is divided
 * by (a mean's count; 0 makes NaN of floats and 0 of whole numbers). False: not defined for dtype.
 */
bool tare_reduction_plan(tare_reduction *reduction, tare_reduce which, tare_dtype dtype, int rank,
                         const int64_t *extents, uint32_t mask, double divisor);
void tare_reduction_run(const tare_reduction *reduction, const void *x, void *y, void *scratch,
                        tare_pool *pool);

#endif
