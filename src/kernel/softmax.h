/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softmax, its logarithm, their gradients, and the cross-entropies that end a classifier.
 *
 *     softmax        y = e^(x - max) / sum e^(x - max)
 *     log softmax    y = x - max - log sum e^(x - max)
 *     gradients      dx = (dy - sum dy y) y             and dx = dy - e^y sum dy
 *     cross-entropy  loss = sum over classes of labels (log sum e^(x - max) - (x - max))
 *                    backprop = softmax(x) - labels
 *
 * over the middle axis of [outer, count, inner]; cross-entropies over the last of [rows, classes].
 *
 * Source: TensorFlow r1.15, core/kernels/softmax_op_functor.h, xent_op.h, sparse_xent_op.h.
 */
#ifndef TARE_SRC_KERNEL_SOFTMAX_H
#define TARE_SRC_KERNEL_SOFTMAX_H

#include "base/threads.h"

typedef struct tare_softmax {
    int64_t outer, count, inner;
} tare_softmax;

void tare_softmax_f32(const tare_softmax *s, const float *x, float *y, tare_pool *pool);
void tare_softmax_f64(const tare_softmax *s, const double *x, double *y, tare_pool *pool);
void tare_log_softmax_f32(const tare_softmax *s, const float *x, float *y, tare_pool *pool);
void tare_log_softmax_f64(const tare_softmax *s, const double *x, double *y, tare_pool *pool);
void tare_softmax_gradient_f32(const tare_softmax *s, const float *dy, const float *y, float *dx,
                               tare_pool *pool);
void tare_softmax_gradient_f64(const tare_softmax *s, const double *dy, const double *y, double *dx,
                               tare_pool *pool);
void tare_log_softmax_gradient_f32(const tare_softmax *s, const float *dy, const float *y,
                                   float *dx, tare_pool *pool);
void tare_log_softmax_gradient_f64(const tare_softmax *s, const double *dy, const double *y,
                                   double *dx, tare_pool *pool);

/* labels: an array of the logits' shape, or class numbers of 4 or 8 bytes. A class number out of
 * range makes its row NaN. loss or backprop may be NULL. */
typedef struct tare_cross_entropy {
    int64_t rows, classes;
    size_t label_size; /* 0: labels are an array like the logits */
} tare_cross_entropy;
void tare_cross_entropy_f32(const tare_cross_entropy *c, const void *labels, const float *logits,
                            float *loss, float *backprop, tare_pool *pool);
void tare_cross_entropy_f64(const tare_cross_entropy *c, const void *labels, const double *logits,
                            double *loss, double *backprop, tare_pool *pool);

#endif
