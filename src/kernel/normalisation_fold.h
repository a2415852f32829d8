/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folding: an affine map after a product goes into its weights and bias,
 *
 *     (x W + b) scale + shift  =  x (W scale) + (b scale + shift)
 *
 * with scale and shift per output, made by tare_scale_and_shift_T of kernel/normalisation.h.
 */
#ifndef TARE_SRC_KERNEL_NORMALISATION_FOLD_H
#define TARE_SRC_KERNEL_NORMALISATION_FOLD_H

#include <stdbool.h>
#include <stdint.h>

/* Weights [rows, columns] times scale: by column when the columns are the outputs (dense,
 * convolution), by row when the rows are. scale NULL: ones. out may be weights. */
void tare_fold_weights_f32(const float *weights, const float *scale, int64_t rows, int64_t columns,
                           bool columns_are_outputs, float *out);
void tare_fold_weights_f64(const double *weights, const double *scale, int64_t rows,
                           int64_t columns, bool columns_are_outputs, double *out);

/* out = bias scale + shift, n of each. NULL: zeros, ones, zeros. */
void tare_fold_bias_f32(const float *bias, const float *scale, const float *shift, int64_t n,
                        float *out);
void tare_fold_bias_f64(const double *bias, const double *scale, const double *shift, int64_t n,
                        double *out);

#endif
