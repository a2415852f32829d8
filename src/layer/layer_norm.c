/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers layer_norm and slim_layer_norm, which differ in how axes are told, in epsilon and in
 * names.
 *
 * Source: tf.keras.layers.LayerNormalization (TensorFlow r1.15,
 * python/keras/layers/normalization.py); tf.contrib.layers.layer_norm (r1.15,
 * contrib/layers/python/layers/layers.py).
 */
#include "layer/layers.h"
#include "layer/sample_norm.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT tare_layer_norm_options
#define TARE_WORDS_reuse  TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_layer_norm_table, TARE_LAYER_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT     tare_slim_layer_norm_options
#define TARE_WORDS_activation TARE_ACTIVATION_WORDS
TARE_OPTION_TABLE(, tare_slim_layer_norm_table, TARE_SLIM_LAYER_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "layer_norm"
#define SLIM  "slim_layer_norm"

/* Gamma and beta have the extents of these axes of x. */
static bool find_parameters(tare_tensor x, tare_axis_mask axes, tare_sample_norm *norm) {
    norm->seen = tare_tensor_shape(x);
    norm->parameter = tare_statistics_shape(norm->seen, axes, false);
    norm->against = tare_broadcast_shape(norm->seen, axes);
    return tare_layer_extents_are_known(x.graph, norm->layer, norm->seen, axes);
}

/* ---- Keras' form */

static bool resolve(tare_tensor x, const tare_layer_norm_options *o, tare_sample_norm *norm) {
    *norm = (tare_sample_norm){.layer = LAYER,
                               .result = "batchnorm/add_1",
                               .epsilon = o->epsilon,
                               .affine = TARE_GAMMA_BETA_OF(o, .beta_first = false)};
    return tare_sample_norm_takes(x, LAYER, 1, o->epsilon) &&
           tare_layer_axes(x.graph, LAYER, o->axis, tare_tensor_shape(x).rank, &norm->reduced) &&
           find_parameters(x, norm->reduced, norm);
}

tare_tensor tare_layer_norm_with(tare_tensor x, const tare_layer_norm_options *options) {
    tare_layer_norm_options given;
    tare_options_adopt(&tare_layer_norm_table, options, &given);
    tare_layer layer;
    tare_sample_norm norm;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, "layer_normalization", given.name, (tare_reuse)given.reuse,
                         &layer) == TARE_OK &&
        resolve(x, &given, &norm))
        y = tare_sample_norm_build(x, &norm);
    return tare_layer_end(&layer, y);
}

/* ---- slim's form */

/* This axis and all after it. */
static bool axes_from(tare_tensor x, int64_t begin, tare_axis_mask *axes) {
    const int rank = tare_tensor_shape(x).rank;
    int axis;
    if (!tare_layer_axis(x.graph, SLIM, begin, rank, &axis)) return false;
    *axes = tare_other_axes(rank, (1U << axis) - 1);
    return true;
}

static bool resolve_slim(tare_tensor x, const tare_slim_layer_norm_options *o,
                         tare_sample_norm *norm) {
    tare_axis_mask parameters;
    *norm = (tare_sample_norm){
        .layer = SLIM,
        .result = "batchnorm/add_1",
        .activation = o->activation,
        .epsilon = o->epsilon,
        .affine = TARE_GAMMA_BETA_OF(o, .beta_first = true, .collection = TARE_MODEL_VARIABLES)};
    return tare_sample_norm_takes(x, SLIM, 1, o->epsilon) &&
           axes_from(x, o->begin_norm_axis, &norm->reduced) &&
           axes_from(x, o->begin_params_axis, &parameters) && find_parameters(x, parameters, norm);
}

tare_tensor tare_slim_layer_norm_with(tare_tensor x, const tare_slim_layer_norm_options *options) {
    tare_slim_layer_norm_options given;
    tare_options_adopt(&tare_slim_layer_norm_table, options, &given);
    tare_layer layer;
    tare_sample_norm norm;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, "LayerNorm", given.scope, (tare_reuse)given.reuse, &layer) ==
            TARE_OK &&
        resolve_slim(x, &given, &norm))
        y = tare_sample_norm_build(x, &norm);
    return tare_layer_end(&layer, y);
}
