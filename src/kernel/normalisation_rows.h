/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What normalisation needs from an instruction set: sums and maps over rows of numbers in which
 * column j always belongs to the same channel. One table per instruction set, all compiled from
 * normalisation_rows.inc.h.
 */
#ifndef TARE_SRC_KERNEL_NORMALISATION_ROWS_H
#define TARE_SRC_KERNEL_NORMALISATION_ROWS_H

#include "kernel/isa.h"

#include <stdint.h>

/* rows of width numbers, each stride after the one before. */
typedef struct tare_rows {
    int64_t rows, stride, width;
} tare_rows;

/*
 * Per column j, over all rows:
 *     sum            sums[j]  += x
 *     deviations     first[j] += x - centre[j],   second[j] += (x - centre[j])^2
 *     gradient_sums  first[j] += dy,              second[j] += dy (x - centre[j])
 *     normalise      y  = (x - centre[j]) scale[j] + shift[j]
 *     gradient       dx = (dy - offset[j] - (x - centre[j]) slope[j]) scale[j]
 *     multiply       dx = dy scale[j]
 * y may be x, dx may be dy. The rectified ones have max(y, 0) for y, and dy only where y > 0.
 *
 * Of one line of n numbers that all belong to one channel, with sums in double:
 *     line_moments   mean, and the sum of squares of deviations from it
 *     line_sums      first = sum dy,              second = sum dy (x - centre)
 *     line_normalise, line_gradient, line_multiply   as above, each column a number: columns[k][at]
 */
#define TARE_ROW_KERNELS(NUMBER, T)                                                                \
    typedef struct tare_row_kernels_##T {                                                          \
        void (*sum)(const tare_rows *r, const NUMBER *x, NUMBER *sums);                            \
        void (*deviations)(const tare_rows *r, const NUMBER *x, const NUMBER *centre,              \
                           NUMBER *first, NUMBER *second);                                         \
        void (*gradient_sums)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,               \
                              const NUMBER *const *columns, NUMBER *first, NUMBER *second);        \
        void (*normalise)(const tare_rows *r, const NUMBER *x, const NUMBER *const *columns,       \
                          NUMBER *y);                                                              \
        void (*gradient)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,                    \
                         const NUMBER *const *columns, NUMBER *dx);                                \
        void (*multiply)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,                    \
                         const NUMBER *const *columns, NUMBER *dx);                                \
        void (*line_moments)(const NUMBER *x, int64_t n, double *mean, double *squares);           \
        void (*line_sums)(const NUMBER *dy, const NUMBER *x, int64_t n, NUMBER centre,             \
                          double *first, double *second);                                          \
        void (*line_normalise)(const NUMBER *x, int64_t n, const NUMBER *const *columns,           \
                               int64_t at, NUMBER *y);                                             \
        void (*line_gradient)(const NUMBER *dy, const NUMBER *x, int64_t n,                        \
                              const NUMBER *const *columns, int64_t at, NUMBER *dx);               \
        void (*line_multiply)(const NUMBER *dy, int64_t n, NUMBER scale, NUMBER *dx);              \
    } tare_row_kernels_##T
TARE_ROW_KERNELS(float, f32);
TARE_ROW_KERNELS(double, f64);

/* Places in `columns`. */
enum {
    TARE_ROW_CENTRE,
    TARE_ROW_SCALE,
    TARE_ROW_SHIFT,
    TARE_ROW_OFFSET,
    TARE_ROW_SLOPE,
    TARE_ROW_COLUMNS
};

typedef struct tare_normalisation_rows {
    tare_isa isa;
    tare_row_kernels_f32 f32, rectified_f32;
} tare_normalisation_rows;

/* Doubles are there for their digits, not for speed: the baseline's serve every processor. */
typedef struct tare_normalisation_rows_doubles {
    tare_row_kernels_f64 f64, rectified_f64;
} tare_normalisation_rows_doubles;

extern const tare_normalisation_rows_doubles tare_normalisation_doubles;
extern const tare_normalisation_rows tare_normalisation_rows_baseline;
#if defined(__x86_64__)
extern const tare_normalisation_rows tare_normalisation_rows_avx2, tare_normalisation_rows_avx512;
#endif

/* The table of an instruction set that the processor has; the baseline's when there is no other. */
const tare_normalisation_rows *tare_normalisation_rows_of(tare_isa isa);

#endif
