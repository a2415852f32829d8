/* SPDX-License-Identifier: Apache-2.0 */
/* Folding of affine maps into weights and biases, once per element type. */
#include "kernel/normalisation_fold.h"

#include <string.h>

#define FOLD(NUMBER, T)                                                                            \
    void tare_fold_weights_##T(const NUMBER *weights, const NUMBER *scale,                         \
                               const tare_weights_view *view, NUMBER *out) {                       \
        int64_t at = 0;                                                                            \
        for (int64_t row = 0; row < view->outer * view->minor; row++) {                            \
            const int64_t minor = row % view->minor;                                               \
            for (int64_t major = 0; major < view->major; major++) {                                \
                const NUMBER by = scale ? scale[major * view->minor + minor] : 1;                  \
                for (int64_t i = 0; i < view->inner; i++, at++) out[at] = weights[at] * by;        \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void tare_fold_sums_##T(const NUMBER *weights, const NUMBER *factor,                           \
                            const tare_weights_view *by_input, const tare_weights_view *by_output, \
                            double *sums) {                                                        \
        const int64_t outputs = by_output->minor * by_output->major;                               \
        const int64_t count = by_output->outer * outputs * by_output->inner;                       \
        memset(sums, 0, (size_t)outputs * sizeof *sums);                                           \
        for (int64_t at = 0; at < count; at++)                                                     \
            sums[tare_weights_output(by_output, at)] +=                                            \
                (double)weights[at] * (double)factor[tare_weights_output(by_input, at)];           \
    }                                                                                              \
    void tare_fold_bias_##T(const NUMBER *bias, const NUMBER *scale, const NUMBER *shift,          \
                            int64_t n, NUMBER *out) {                                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            out[i] = (bias ? bias[i] : 0) * (scale ? scale[i] : 1) + (shift ? shift[i] : 0);       \
    }

FOLD(float, f32)
FOLD(double, f64)
