/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch normalisation's arithmetic over data seen as [outer, channels, inner]: NHWC has inner 1,
 * NCHW has outer N and inner H W. N = outer * inner numbers are reduced per channel.
 *
 *     mean    = sum x / N                    variance = sum (x - mean)^2 / N
 *     inverse = 1 / sqrt(variance + epsilon)
 *     y       = (x - mean) inverse gamma + beta
 *     dbeta   = sum dy                       dgamma = sum dy (x - mean) inverse
 *     dx      = gamma inverse (dy - dbeta / N - (x - mean) inverse dgamma / N)
 *     dx      = gamma inverse dy             when the statistics are frozen
 *
 * Source  Ioffe and Szegedy 2015, arXiv:1502.03167, section 3; merging of partial moments: Chan,
 * Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample
 * variances".
 *
 * Every function exists for float (_f32) and double (_f64). Large data are cut into slices whose
 * bounds depend on shapes alone; partial sums are doubles and merge in a fixed binary tree, so no
 * thread count changes a bit. scratch: tare_normalisation_scratch bytes, aligned to 64.
 */
#ifndef TARE_SRC_KERNEL_NORMALISATION_H
#define TARE_SRC_KERNEL_NORMALISATION_H

#include "base/threads.h"
#include "kernel/elementwise.h"

#include <math.h>

typedef struct tare_channels {
    int64_t outer, channels, inner;
} tare_channels;

/* Bytes of scratch that any function below may want for this view of numbers of `size` bytes. */
int64_t tare_normalisation_scratch(const tare_channels *view, size_t size);

/* How the share of the new value in a moving average is rounded to the variable's type. */
typedef enum tare_decay_rounding {
    TARE_DECAY_ROUNDED_LAST = 0, /* (T)(1 - momentum): TensorFlow where it is not fused */
    TARE_DECAY_ROUNDED_FIRST = 1 /* 1 - (float)momentum: TensorFlow's fused path */
} tare_decay_rounding;

/*
 * 1 / sqrt(variance + epsilon): the one place where it is computed, for training, inference,
 * folding and quantising, float or double.
 */
static inline double tare_inverse_deviation(double variance, double epsilon) {
    return 1.0 / sqrt(variance + epsilon);
}

/* Which channel and which weight each number of an array belongs to: strides by axis, 0 where an
 * axis is reduced or the weights repeat. */
typedef struct tare_weighing {
    int rank;
    int64_t extents[8], channel_steps[8], weight_steps[8], channels;
} tare_weighing;

/*
 * For each type T:
 *
 * tare_moments_T              where moments go, [channels] each; any may be NULL.
 *                             low: [2][channels], the digits that mean and variance lost when they
 *                             were rounded to T. With them x near 1e4 with deviation .05 keeps its
 *                             digits, and so do gradients that all but cancel.
 *                             unbiased: variance N / max(N - 1, 1). N = 0: all NaN.
 * tare_normalisation_T        what normalises; low, gamma, beta may be NULL: 0, 1, 0. rectified:
 *                             y is max(0, of that), and gradients take dy only where y > 0, which
 *                             they find from x by the same arithmetic; inner must be 1, and
 *                             gradients then read x, gamma and beta always. activation: y is
 *                             that function of it; gradients do not know of it.
 * tare_sums_T                 sums for gradients, [channels] each, and their low digits
 *                             [2][channels].
 *
 * tare_channel_moments_T      in two passes over blocks that stay in the cache.
 * tare_weighted_moments_T     mean = sum w x / S, variance = sum w (x - mean)^2 / S,
 *                             S = sum w + extra, over any axes; mean, variance may be NULL.
 *                             Plain loops; scratch: 3 doubles per channel.
 * tare_shifted_sums_T         sum (x - shift), sum (x - shift)^2; shift: one number, NULL: 0;
 *                             sum, squares may be NULL. Plain loops.
 * tare_normalise_T            y; y may be x.
 * tare_gradient_sums_T        all but one of dgamma, dbeta may be NULL; without dgamma and low x is
 *                             not read.
 * tare_normalise_gradient_T   dx; sums NULL: frozen statistics, x is not read. dx may be dy.
 * tare_scale_and_shift_T      y = scale x + shift says the same as normalise; for folding.
 *                             Either may be NULL.
 * tare_decay_T                1 - momentum, rounded as TensorFlow does.
 * tare_moving_average_T       variable -= (variable - value) decay.
 *
 * ..._reference_T             plain loops with sums in double: the truth the others are held
 *                             against, and what tiny data use.
 */
#define TARE_NORMALISATION_KERNELS(NUMBER, T)                                                      \
    typedef struct tare_moments_##T {                                                              \
        NUMBER *mean, *variance, *low, *unbiased;                                                  \
    } tare_moments_##T;                                                                            \
    typedef struct tare_normalisation_##T {                                                        \
        const NUMBER *mean, *variance, *low, *gamma, *beta;                                        \
        double epsilon;                                                                            \
        bool rectified;                                                                            \
        tare_unary_loop activation; /* NULL: none */                                               \
    } tare_normalisation_##T;                                                                      \
    typedef struct tare_sums_##T {                                                                 \
        NUMBER *dgamma, *dbeta, *low;                                                              \
    } tare_sums_##T;                                                                               \
    void tare_channel_moments_##T(const tare_channels *view, const NUMBER *x,                      \
                                  const tare_moments_##T *moments, void *scratch,                  \
                                  tare_pool *pool);                                                \
    void tare_weighted_moments_##T(const tare_weighing *how, const NUMBER *x,                      \
                                   const NUMBER *weights, double extra, NUMBER *mean,              \
                                   NUMBER *variance, double *scratch);                             \
    void tare_shifted_sums_##T(const tare_channels *view, const NUMBER *x, const NUMBER *shift,    \
                               NUMBER *sum, NUMBER *squares);                                      \
    void tare_normalise_##T(const tare_channels *view, const tare_normalisation_##T *by,           \
                            const NUMBER *x, NUMBER *y, void *scratch, tare_pool *pool);           \
    void tare_gradient_sums_##T(const tare_channels *view, const tare_normalisation_##T *by,       \
                                const NUMBER *dy, const NUMBER *x, const tare_sums_##T *sums,      \
                                void *scratch, tare_pool *pool);                                   \
    void tare_normalise_gradient_##T(const tare_channels *view, const tare_normalisation_##T *by,  \
                                     const NUMBER *dy, const NUMBER *x, const tare_sums_##T *sums, \
                                     NUMBER *dx, void *scratch, tare_pool *pool);                  \
    void tare_scale_and_shift_##T(int64_t channels, const tare_normalisation_##T *by,              \
                                  NUMBER *scale, NUMBER *shift);                                   \
    NUMBER tare_decay_##T(double momentum, tare_decay_rounding rounding);                          \
    void tare_moving_average_##T(int64_t count, NUMBER *variable, const NUMBER *value,             \
                                 NUMBER decay);                                                    \
    void tare_channel_moments_reference_##T(const tare_channels *view, const NUMBER *x,            \
                                            const tare_moments_##T *moments);                      \
    void tare_normalise_reference_##T(const tare_channels *view, const tare_normalisation_##T *by, \
                                      const NUMBER *x, NUMBER *y);                                 \
    void tare_gradient_sums_reference_##T(const tare_channels *view,                               \
                                          const tare_normalisation_##T *by, const NUMBER *dy,      \
                                          const NUMBER *x, const tare_sums_##T *sums);             \
    void tare_normalise_gradient_reference_##T(                                                    \
        const tare_channels *view, const tare_normalisation_##T *by, const NUMBER *dy,             \
        const NUMBER *x, const tare_sums_##T *sums, NUMBER *dx)

TARE_NORMALISATION_KERNELS(float, f32);
TARE_NORMALISATION_KERNELS(double, f64);

#endif
