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

#include <stdint.h>

/*
 * Weights as [outer, minor, major, inner], whose output is minor + minors * major:
 *
 *     dense, convolution          [inputs, 1, outputs, 1]
 *     dense, weights transposed   [1, 1, outputs, inputs]
 *     depthwise convolution       [taps, 1, channels * multiplier, 1]
 *     transposed convolution      [taps, outputs, 1, inputs]
 *     the same in groups          [taps, outputs of a group, groups, inputs of a group]
 */
typedef struct tare_weights_view {
    int64_t outer, minor, major, inner;
} tare_weights_view;

/* The output of the number at `at` of weights in that view. */
static inline int64_t tare_weights_output(const tare_weights_view *view, int64_t at) {
    const int64_t major = at / view->inner % view->major;
    return major * view->minor + at / (view->inner * view->major) % view->minor;
}

/* Weights times the scale of their output. scale NULL: ones. out may be weights. */
void tare_fold_weights_f32(const float *weights, const float *scale, const tare_weights_view *view,
                           float *out);
void tare_fold_weights_f64(const double *weights, const double *scale,
                           const tare_weights_view *view, double *out);

/*
 * An affine map before a product goes into it as well, where every output sees all taps:
 *
 *     (x scale + shift) W + b  =  x (scale W) + (b + sum over inputs and taps of shift W)
 *
 * with scale and shift per input: fold_weights by a view that tells inputs apart, and
 *
 * sums: of weights times the factor of their input, by output; in double. sums [minors * majors]
 * of by_output. Both views are of the same weights.
 */
void tare_fold_sums_f32(const float *weights, const float *factor,
                        const tare_weights_view *by_input, const tare_weights_view *by_output,
                        double *sums);
void tare_fold_sums_f64(const double *weights, const double *factor,
                        const tare_weights_view *by_input, const tare_weights_view *by_output,
                        double *sums);

/* out = bias scale + shift, n of each. NULL: zeros, ones, zeros. */
void tare_fold_bias_f32(const float *bias, const float *scale, const float *shift, int64_t n,
                        float *out);
void tare_fold_bias_f64(const double *bias, const double *scale, const double *shift, int64_t n,
                        double *out);

#endif
