/* SPDX-License-Identifier: Apache-2.0 */
/* What the normalisation ops share: data by channel, the steps of plans, gradients by composites.
 */
#ifndef TARE_SRC_OP_NORMALISATION_H
#define TARE_SRC_OP_NORMALISATION_H

#include "graph/op.h"
#include "kernel/normalisation.h"

/* ------------------------------------------------------------------------------ axes */

/* Axes of x that statistics are kept for, as a mask; the others are reduced. */
typedef uint32_t tare_axis_mask;

/*
 * The shape of statistics: [C] for one kept axis and keep_dims false, else the kept extents; with
 * keep_dims x's rank, 1 where reduced. Unknown extents stay unknown.
 */
tare_shape tare_statistics_shape(tare_shape x, tare_axis_mask kept, bool keep_dims);

/* The form in which tf.layers keeps its variables: [C] for one axis, x's rank for several. */
tare_shape tare_parameter_shape(tare_shape x, tare_axis_mask kept);

/* The shape of x with 1 where reduced, by which statistics broadcast against x. */
tare_shape tare_broadcast_shape(tare_shape x, tare_axis_mask kept);

/* All axes but those of mask. */
tare_axis_mask tare_other_axes(int rank, tare_axis_mask mask);
tare_list tare_axes_list(int rank, tare_axis_mask mask);
/* Listed axes, which must be sound, as a mask. */
tare_axis_mask tare_axes_mask(int rank, tare_list axes);
/* The kept axes where the others are listed as tare_moments has them; they must be sound. */
tare_axis_mask tare_kept_axes(tare_list reduced, int rank);

/* ------------------------------------------------------------------- the plan's steps */

/*
 * Options of the steps that normalisations lower to: the view of x, the shape of statistics, and
 * what the kernel wants to know. Not every step reads every field.
 *
 *     channel_moments           x -> mean, variance, low, unbiased
 *     weighted_channel_moments  x, weights -> mean, variance
 *     shifted_sums              x, shift? -> N, sum, sum of squares
 *     select_statistics         training, the batch's mean, variance, low, the moving mean,
 * variance
 *                               -> mean, variance, low
 *     normalise                 x, mean, variance, low?, gamma?, beta? -> y
 *     normalise_affine          mean, variance, gamma?, beta? -> scale, shift
 *     gradient_sums             dy, x?, mean, variance, low? -> dgamma, dbeta, low
 *     normalise_gradient        dy, x?, mean, variance, low?, gamma?, dgamma?, dbeta?, their
 *                               low?, training? -> dx
 *     zero_low                  mean -> low
 *
 * activation: normalise gives that function of y.
 * rectified: normalise gives max(y, 0), and the gradients' dy is that of max(y, 0).
 * low: the digits that rounding took from mean and variance, or from dgamma and dbeta, as one
 * vector of twice the channels.
 */
#define TARE_NORMALISATION_STEP_FIELDS(field)                                                      \
    field(integer, outer, 0, "rows before the channels") field(integer, channels, 0, "channels")   \
        field(integer, inner, 0, "numbers of a row after the channels")                            \
            field(shape, shape, TARE_ANY_SHAPE, "of statistics") field(                            \
                integer, kept, 0, "axes of x that the channels are, a bit each; 0: not told")      \
                field(real, epsilon, 0, "added to the variance") field(                            \
                    real, extra, 0, "added to the sum of weights")                                 \
                    field(boolean, rectified, false, "max(y, 0) stands for y") field(              \
                        integer, activation, 0, "that stands for y: 1 + a tare_unary; 0: none")    \
                        field(list, channel_steps, TARE_NO_LIST, "by axis, when weighing")         \
                            field(list, weight_steps, TARE_NO_LIST, "by axis, when weighing")      \
                                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_normalisation_step_options, TARE_NORMALISATION_STEP_FIELDS);
#define TARE_NORMALISATION_STEP_DEFAULTS                                                           \
    TARE_DEFAULTS(tare_normalisation_step_options, TARE_NORMALISATION_STEP_FIELDS)

enum {
    TARE_MOMENTS_MEAN,
    TARE_MOMENTS_VARIANCE,
    TARE_MOMENTS_LOW,
    TARE_MOMENTS_UNBIASED,
    TARE_MOMENTS_OUTPUTS
};

/* Inputs of normalise, gradient_sums and normalise_gradient. */
enum {
    TARE_NORMALISE_X,
    TARE_NORMALISE_MEAN,
    TARE_NORMALISE_VARIANCE,
    TARE_NORMALISE_LOW,
    TARE_NORMALISE_GAMMA,
    TARE_NORMALISE_BETA,
    TARE_NORMALISE_INPUTS
};
enum {
    TARE_SUMS_DY,
    TARE_SUMS_X,
    TARE_SUMS_MEAN,
    TARE_SUMS_VARIANCE,
    TARE_SUMS_LOW,
    TARE_SUMS_GAMMA, /* this and beta: when rectified */
    TARE_SUMS_BETA,
    TARE_SUMS_INPUTS
};
enum {
    TARE_GRADIENT_DY,
    TARE_GRADIENT_X,
    TARE_GRADIENT_MEAN,
    TARE_GRADIENT_VARIANCE,
    TARE_GRADIENT_LOW,
    TARE_GRADIENT_GAMMA,
    TARE_GRADIENT_DGAMMA,
    TARE_GRADIENT_DBETA,
    TARE_GRADIENT_SUMS_LOW,
    TARE_GRADIENT_TRAINING,
    TARE_GRADIENT_BETA, /* when rectified */
    TARE_GRADIENT_INPUTS
};

/* Whether sums count, in normalise_gradient, because the statistics are the batch's: always when
 * given, or when training says so. */
bool tare_counts_sums(const tare_run *run);

/* Whether an input of a step is float32 and its last axis the channels, whole, as riders need it:
 * they are told of such pixels. */
bool tare_rides_by_pixel(const tare_lower *node, int32_t input);

/* channel_moments riding on what makes x, normalise on what reads y. */
extern const tare_rider tare_channel_moments_rider, tare_normalise_rider;
/* normalise carrying what follows it. */
extern const tare_host tare_normalise_host;
/* gradient_sums riding on what makes dy, normalise_gradient on what reads dx. */
extern const tare_rider tare_gradient_sums_rider, tare_normalise_gradient_rider;

/* ----------------------------------------------------------------------- lowering */

/*
 * x as the kernels see it. When the kept axes do not lie together, x is transposed first (kept axes
 * last) and results of x's shape are transposed back.
 */
typedef struct tare_channel_view {
    tare_normalisation_step_options options; /* outer, channels, inner set; the rest defaults */
    bool transposed;
    tare_list forth, back; /* permutations */
} tare_channel_view;

tare_channel_view tare_view_by_channel(tare_shape x, tare_axis_mask kept);
/* A value of x's shape as the kernels see it, and back. */
tare_status tare_emit_into_view(tare_lower *lower, const tare_channel_view *view, tare_value value,
                                tare_value *seen);
tare_status tare_emit_out_of_view(tare_lower *lower, const tare_channel_view *view, tare_value seen,
                                  tare_value *value);

/* Options of the op "weighted_moments", inputs x and weights: those of tare_moments, and extra. */
#define TARE_WEIGHTED_MOMENTS_FIELDS(field)                                                        \
    field(list, axes, TARE_NO_LIST, "axes to reduce")                                              \
        field(boolean, keep_dims, false, "keep reduced axes with extent 1")                        \
            field(real, extra, 0, "added to the sum of weights")                                   \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_weighted_moments_options, TARE_WEIGHTED_MOMENTS_FIELDS);
#define TARE_WEIGHTED_MOMENTS_DEFAULTS                                                             \
    TARE_DEFAULTS(tare_weighted_moments_options, TARE_WEIGHTED_MOMENTS_FIELDS)

/* ----------------------------------------------------------------------- gradients */

/* Builds the outputs of an op from its inputs by ops that can be differentiated. */
typedef void (*tare_composite)(const tare_gradient *gradient, const tare_tensor *inputs,
                               tare_tensor *outputs);

/*
 * The gradient of an op through a composite that computes the same: right to any order. Inputs are
 * taken through identities, so that what one input is made of counts for that input alone. Outputs
 * that the composite leaves null do not count.
 */
tare_status tare_gradient_by_composite(tare_gradient *gradient, tare_composite composite);

/* x reduced over all axes but kept, in the form that broadcasts against x. */
tare_tensor tare_mean_of_channels(tare_tensor x, tare_axis_mask kept);
/* Statistics or parameters, in tf.layers' form or of x's rank, as they broadcast against x of that
 * shape. */
tare_tensor tare_against_channels(tare_tensor statistics, tare_shape x, tare_axis_mask kept);

/* ---------------------------------------------------------------- moving averages */

/*
 * Op "assign_moving_average": inputs variable, value, training?, biased?, local step?, batch?;
 * output the new value. What is written is so when training is true or not given. batch: what the
 * value is a statistic of; only its shape matters, which tells N for the counts of the variable.
 *
 *     variable -= (variable - value) (1 - momentum)
 *
 * With a local step alone, the mean of all values so far:
 *
 *     step += 1;  variable += (value - variable) / step
 *
 * With both, without the bias of the first value:
 *
 *     step += 1;  biased -= (biased - value) (1 - momentum);  variable = biased / (1 -
 * momentum^step)
 */
#define TARE_DECAY_ROUNDING_WORDS "last,first"
#define TARE_MOVING_AVERAGE_FIELDS(field)                                                          \
    field(real, momentum, 0.99, "weight of the old value")                                         \
        field(choice, rounding, TARE_DECAY_ROUNDED_LAST,                                           \
              "1 - momentum rounded last, or momentum first (fused)")                              \
            field(integer, samples, 0, "of the batch, that a statistic is of; 0: all of them")     \
                field(real, epsilon, 1e-3, "of the variance that a deviation stands for")          \
                    field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_moving_average_options, TARE_MOVING_AVERAGE_FIELDS);
#define TARE_MOVING_AVERAGE_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_moving_average_options, TARE_MOVING_AVERAGE_FIELDS)

enum {
    TARE_MOVING_VARIABLE,
    TARE_MOVING_VALUE,
    TARE_MOVING_TRAINING,
    TARE_MOVING_BIASED,
    TARE_MOVING_STEP,
    TARE_MOVING_BATCH,
    TARE_MOVING_INPUTS
};

/*
 * Op "assign_moving_deviation": inputs moving variance, moving stddev, stddev of the batch,
 * training?, batch? as above; output the new moving variance. Batch renormalisation's:
 *
 *     moving stddev -= (moving stddev - stddev) (1 - momentum)
 *     moving variance = max(moving stddev^2 - epsilon, 0)
 */
enum {
    TARE_DEVIATION_VARIANCE,
    TARE_DEVIATION_STDDEV,
    TARE_DEVIATION_VALUE,
    TARE_DEVIATION_TRAINING,
    TARE_DEVIATION_BATCH,
    TARE_DEVIATION_INPUTS
};

#endif
