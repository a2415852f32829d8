/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What normalisation makes of statistics before it meets the data, and of sums after: one number
 * for each channel, the columns that row kernels (normalisation_rows.h) read.
 */
#ifndef TARE_SRC_KERNEL_NORMALISATION_COLUMNS_H
#define TARE_SRC_KERNEL_NORMALISATION_COLUMNS_H

#include "kernel/normalisation.h"

/*
 * For each type T, [channels] each:
 *
 * tare_normalisation_columns_T   y = (x - mean) scale + shift; the mean's low digits are within
 *                                shift.
 * tare_gradient_columns_T        dx = (dy - offset - (x - mean) slope) scale; the mean's low digits
 *                                are within offset. n: numbers of a channel.
 * tare_keep_sums_T               sums from dbeta = sum dy and products = sum dy (x - mean).
 * tare_fold_columns_T            adds the repeats of each of `period` channels up, halves first,
 *                                which keeps the error small, and to the channel's sum. Spoils
 *                                columns.
 */
#define TARE_NORMALISATION_COLUMNS(NUMBER, T)                                                      \
    void tare_normalisation_columns_##T(int64_t channels, const tare_normalisation_##T *by,        \
                                        NUMBER *scale, NUMBER *shift);                             \
    void tare_gradient_columns_##T(int64_t channels, double n, const tare_normalisation_##T *by,   \
                                   const tare_sums_##T *sums, NUMBER *offset, NUMBER *slope);      \
    void tare_keep_sums_##T(int64_t channels, const tare_normalisation_##T *by,                    \
                            const double *dbeta, const double *products,                           \
                            const tare_sums_##T *sums);                                            \
    void tare_fold_columns_##T(int64_t repeat, int64_t period, NUMBER *columns, double *sums)

TARE_NORMALISATION_COLUMNS(float, f32);
TARE_NORMALISATION_COLUMNS(double, f64);

/* Adds sums [slices][numbers] up into the first slice's, in a binary tree that the number of slices
 * alone shapes. */
void tare_merge_sums(double *sums, int64_t slices, int64_t numbers);

#endif
