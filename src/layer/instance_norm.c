/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer instance_norm: moments over all axes but the first and the channels.
 *
 * Source: tf.contrib.layers.instance_norm (TensorFlow r1.15,
 * contrib/layers/python/layers/normalization.py).
 */
#include "layer/layers.h"
#include "layer/sample_norm.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT      tare_instance_norm_options
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
#define TARE_WORDS_activation  TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse       TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_instance_norm_table, TARE_INSTANCE_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "instance_norm"

static bool format_fits(tare_graph *graph, int data_format) {
    if (data_format == TARE_NHWC || data_format == TARE_NCHW) return true;
    return tare_layer_refuse(graph, LAYER, TARE_ERROR_ARGUMENT, "another data_format",
                             "TARE_NHWC or TARE_NCHW");
}

static bool resolve(tare_tensor x, const tare_instance_norm_options *o, tare_sample_norm *norm) {
    if (!tare_sample_norm_takes(x, LAYER, 2, o->epsilon) || !format_fits(x.graph, o->data_format))
        return false;
    const tare_shape shape = tare_tensor_shape(x);
    const int channels = o->data_format == TARE_NCHW ? 1 : shape.rank - 1;
    const tare_axis_mask own = 1U << channels;
    *norm = (tare_sample_norm){
        .layer = LAYER,
        .result = "instancenorm/add_1",
        .activation = o->activation,
        .epsilon = o->epsilon,
        .affine = TARE_GAMMA_BETA_OF(o, .beta_first = true, .collection = TARE_MODEL_VARIABLES),
        .seen = shape,
        .reduced = tare_other_axes(shape.rank, 1U | own),
        .parameter = TARE_SHAPE(shape.extents[channels]),
        .against = tare_broadcast_shape(shape, own)};
    return tare_layer_extents_are_known(x.graph, LAYER, shape, own);
}

tare_tensor tare_instance_norm_with(tare_tensor x, const tare_instance_norm_options *options) {
    tare_instance_norm_options given;
    tare_options_adopt(&tare_instance_norm_table, options, &given);
    tare_layer layer;
    tare_sample_norm norm;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, "InstanceNorm", given.scope, (tare_reuse)given.reuse, &layer) ==
            TARE_OK &&
        resolve(x, &given, &norm))
        y = tare_sample_norm_build(x, &norm);
    return tare_layer_end(&layer, y);
}
