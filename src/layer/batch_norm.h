/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of a batch normalisation layer while it is built, and the stages it goes through: sound
 * arguments, variables, result, updates. tf.layers' form and slim's differ in what they fill in.
 */
#ifndef TARE_SRC_LAYER_BATCH_NORM_H
#define TARE_SRC_LAYER_BATCH_NORM_H

#include "layer/scope.h"
#include "op/batch_norm.h"
#include <tare/batch_norm.h>

/* What slim's own code does otherwise than tf.layers. */
typedef struct tare_norm_habits {
    const char *layer;             /* "batch_norm", for messages */
    int activation;                /* applied to the result */
    bool beta_first;               /* variables: beta before gamma */
    bool fused;                    /* fused at rank 2 as well */
    bool never_fused;              /* whatever the options say */
    bool exact_epsilon;            /* also when fused */
    bool rounds_decay_last;        /* also when fused */
    bool debiases_mean_only;       /* zero_debias leaves the variance alone */
    bool updates_untrainable;      /* updates also when not trainable */
    const char *collection;        /* of all variables, beside the usual ones */
    const char *updates;           /* collection of updates; NULL: in place */
    bool shadows_by_variable_name; /* shadows of averages: SCOPE/SCOPE/moving_mean/biased */
} tare_norm_habits;

/* How x is normalised, known while building. */
typedef enum tare_norm_mode {
    TARE_NORM_INFERENCE,
    TARE_NORM_TRAINING,
    TARE_NORM_EITHER /* the tensor `training` decides */
} tare_norm_mode;

typedef struct tare_norm {
    tare_graph *graph;
    const tare_batch_norm_options *options;
    const tare_norm_habits *habits;
    tare_tensor x;
    tare_shape shape; /* of x, its rank known */
    tare_dtype dtype;
    tare_axis_mask kept;
    bool fused, ghosts, weighted, adjusted;
    double epsilon; /* as it is added */
    tare_norm_mode mode;
    tare_tensor training; /* null unless either */
    tare_shape parameter; /* shape of the variables */
    tare_tensor gamma, beta, moving_mean, moving_variance;
    tare_tensor moving_stddev, renorm_mean, renorm_stddev;
    tare_tensor renorm_mean_weight, renorm_stddev_weight; /* of TARE_RENORM_R1_12 */
    tare_tensor adjustment_scale, adjustment_bias;
    /* Moments of the batch for the moving averages; with renorm the stddev too. */
    tare_tensor mean, variance, stddev;
} tare_norm;

/* batch_norm_checks.c: fills the struct up to `parameter`; false: refused (sticky). */
bool tare_norm_resolve(tare_norm *norm, tare_tensor x, const tare_batch_norm_options *options,
                       const tare_norm_habits *habits);
bool tare_norm_refuse(const tare_norm *norm, tare_status status, const char *got, const char *need);

/* batch_norm_variables.c: gamma, beta, moving_mean, ... */
bool tare_norm_make_variables(tare_norm *norm);
/* The shadow of a moving average: "biased" (like it) or "local_step" (a scalar). */
tare_tensor tare_norm_shadow(const tare_norm *norm, tare_tensor average, const char *kind);

/* batch_norm_forward.c: the normalised, scaled and shifted x under its public name; sets the
 * moments. */
tare_tensor tare_norm_forward(tare_norm *norm);

/* The inputs of a batch_norm node, or of one that begins as it does: gamma and beta where affine,
 * moving statistics and what decides where the mode asks for them. */
void tare_norm_inputs(const tare_norm *norm, tare_tensor x, tare_norm_mode mode, bool affine,
                      tare_tensor inputs[TARE_BATCH_NORM_INPUTS]);
/* Moments for the moving averages, from such a node. */
void tare_norm_take_moments(tare_norm *norm, tare_tensor y);

/* batch_norm_updates.c: the moving averages' updates go to their collection, or run before what is
 * returned: y, or y after them. */
tare_tensor tare_norm_update(const tare_norm *norm, tare_tensor y);

/* a when training, b when not; decided while building where that can be. */
tare_tensor tare_norm_choose(const tare_norm *norm, tare_tensor a, tare_tensor b);

/* All stages inside the layer's scope. */
tare_tensor tare_norm_build(tare_tensor x, const tare_batch_norm_options *options,
                            const tare_norm_habits *habits, const char *base_name);

#endif
