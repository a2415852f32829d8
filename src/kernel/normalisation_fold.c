/* SPDX-License-Identifier: Apache-2.0 */
/* Folding of affine maps into weights and biases, once per element type. */
#include "kernel/normalisation_fold.h"

#define FOLD(NUMBER, T)                                                                            \
    void tare_fold_weights_##T(const NUMBER *weights, const NUMBER *scale, int64_t rows,           \
                               int64_t columns, bool columns_are_outputs, NUMBER *out) {           \
        for (int64_t r = 0; r < rows; r++) {                                                       \
            for (int64_t c = 0; c < columns; c++) {                                                \
                const NUMBER by = scale ? scale[columns_are_outputs ? c : r] : 1;                  \
                out[r * columns + c] = weights[r * columns + c] * by;                              \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void tare_fold_bias_##T(const NUMBER *bias, const NUMBER *scale, const NUMBER *shift,          \
                            int64_t n, NUMBER *out) {                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            out[i] = (bias ? bias[i] : 0) * (scale ? scale[i] : 1) + (shift ? shift[i] : 0);       \
    }

FOLD(float, f32)
FOLD(double, f64)
