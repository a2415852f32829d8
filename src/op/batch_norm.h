/* SPDX-License-Identifier: Apache-2.0 */
/* The op batch_norm and its gradient: their options, inputs and outputs, as ops and layers use
 * them. */
#ifndef TARE_SRC_OP_BATCH_NORM_H
#define TARE_SRC_OP_BATCH_NORM_H

#include "op/normalisation.h"

/*
 * Op "batch_norm". Inputs x, gamma?, beta?, moving mean?, moving variance?, training?; outputs y,
 * the mean and (for the moving average) the variance of the batch or the moving ones, the variance
 * that normalised, and what rounding took from both (low digits). training: a bool scalar; not
 * given: the option.
 */
#define TARE_BATCH_NORM_NODE_FIELDS(field)                                                         \
    field(list, axis, TARE_LIST(-1), "axes that are normalised each by itself")                    \
        field(real, epsilon, 1e-3, "added to the variance")                                        \
            field(boolean, training, true, "batch statistics, when no input says it")              \
                field(boolean, unbiased, false, "output 2 divides by N - 1")                       \
                    field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_batch_norm_node_options, TARE_BATCH_NORM_NODE_FIELDS);
#define TARE_BATCH_NORM_NODE_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_batch_norm_node_options, TARE_BATCH_NORM_NODE_FIELDS)

enum {
    TARE_BATCH_NORM_X,
    TARE_BATCH_NORM_GAMMA,
    TARE_BATCH_NORM_BETA,
    TARE_BATCH_NORM_MOVING_MEAN,
    TARE_BATCH_NORM_MOVING_VARIANCE,
    TARE_BATCH_NORM_TRAINING,
    TARE_BATCH_NORM_INPUTS
};
enum {
    TARE_BATCH_NORM_Y,
    TARE_BATCH_NORM_MEAN,
    TARE_BATCH_NORM_UPDATE_VARIANCE,
    TARE_BATCH_NORM_VARIANCE,
    TARE_BATCH_NORM_LOW,
    TARE_BATCH_NORM_OUTPUTS
};

/* Op "batch_norm_gradient": inputs dy, x, gamma?, mean, variance, low?, training?; outputs dx,
 * dgamma, dbeta. */
enum {
    TARE_BATCH_NORM_GRADIENT_DY,
    TARE_BATCH_NORM_GRADIENT_X,
    TARE_BATCH_NORM_GRADIENT_GAMMA,
    TARE_BATCH_NORM_GRADIENT_MEAN,
    TARE_BATCH_NORM_GRADIENT_VARIANCE,
    TARE_BATCH_NORM_GRADIENT_LOW,
    TARE_BATCH_NORM_GRADIENT_TRAINING,
    TARE_BATCH_NORM_GRADIENT_INPUTS
};

/* tf.nn.fused_batch_norm raises epsilon to this (nn_impl.py). */
#define TARE_FUSED_LEAST_EPSILON 1.001e-5

/* What a plan knows of the mode. */
typedef enum tare_batch_mode {
    TARE_MODE_INFERENCE,
    TARE_MODE_TRAINING,
    TARE_MODE_EITHER /* a run decides */
} tare_batch_mode;

/* From the input `training` when there is one, else from the option. */
tare_batch_mode tare_batch_mode_of(const tare_lower *lower, int training, bool otherwise);

/* The kept axes of input x, whose rank must be known. */
tare_status tare_batch_norm_axes(const tare_infer *infer, int x, tare_list axis,
                                 tare_axis_mask *kept);

/* Infer and lower of an op that begins with batch_norm's inputs and outputs. */
tare_status tare_batch_norm_infer(tare_infer *infer, const tare_batch_norm_node_options *settings);
tare_status tare_batch_norm_lower(tare_lower *lower, const tare_batch_norm_node_options *settings);

/*
 * Infer of a gradient whose inputs 0 and 1 (x or what became of it) must be alike and whose input
 * VARIANCE has the form of all statistics: outputs dx, dgamma, dbeta. got: what to say when the two
 * are not alike; need: what they are.
 */
tare_status tare_batch_norm_gradient_infer(tare_infer *infer, tare_list axis, const char *got,
                                           const char *need);

/*
 * What flows back through a normalisation of x by mean, variance and gamma, in two steps; outputs
 * dx, dgamma, dbeta. low and gamma may be no value; training counts in mode either.
 */
typedef struct tare_batch_norm_flow {
    tare_value dy, x, mean, variance, low, gamma, training;
    tare_batch_mode mode;
} tare_batch_norm_flow;
tare_status tare_batch_norm_emit_flow(tare_lower *lower, const tare_channel_view *view,
                                      const tare_batch_norm_flow *flow, tare_value outputs[3]);

/* The same made of nodes that can be differentiated, from xhat and scale = gamma / deviation. */
typedef struct tare_batch_norm_slopes {
    tare_tensor dy, hat, scale;
    tare_tensor like;     /* in the shape that dgamma and dbeta are to have */
    tare_tensor training; /* null: `trains` says it */
    bool trains;
    tare_axis_mask kept;
} tare_batch_norm_slopes;
void tare_batch_norm_build_slopes(const tare_batch_norm_slopes *by, tare_tensor outputs[3]);

/* The view of a value by these settings, with statistics of that shape. */
tare_channel_view tare_batch_norm_view(const tare_lower *lower, tare_value x,
                                       const tare_batch_norm_node_options *settings,
                                       tare_shape statistics);

#endif
