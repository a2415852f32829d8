/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bias_add: y = x + bias along the channels. dx = dy, dbias = dy summed over the other axes.
 *
 * Source: TensorFlow r1.15, core/kernels/bias_op.cc.
 */
#include "op/affine.h"
#include "op/data_format.h"
#include "op/elementwise.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT      tare_bias_add_options
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, bias_add_table, TARE_BIAS_ADD_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status bias_add_infer_last(tare_infer *infer) {
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_number, NULL));
    TARE_TRY(tare_infer_rank_at_least(infer, 0, 2, "x"));
    TARE_TRY(tare_infer_rank(infer, 1, 1, "bias"));
    const tare_shape x = infer->inputs[0].shape, bias = infer->inputs[1].shape;
    if (x.rank > 0) {
        const tare_shape last = {.rank = 1, .extents = {x.extents[x.rank - 1]}};
        if (!tare_shape_compatible(last, bias))
            return tare_infer_refuse_shapes(infer, 0, 1, "a bias for every entry of the last axis");
    }
    return tare_infer_like_first(infer);
}

static tare_status bias_add_infer(tare_infer *infer) {
    const tare_bias_add_options *options = infer->options;
    return tare_infer_formatted(infer, options->data_format, 1, true, bias_add_infer_last);
}

static tare_status bias_add_lower(tare_lower *lower) {
    tare_bias_add_options options = *(const tare_bias_add_options *)lower->options;
    if (options.data_format == TARE_NHWC) return TARE_OK;
    options.data_format = TARE_NHWC;
    return tare_lower_channels_first(lower, "bias_add", &options, 1, true);
}

static tare_status bias_add_gradient(tare_gradient *g) {
    const tare_bias_add_options *options = g->options;
    const tare_tensor dy = g->output_gradients[0];
    if (g->wanted[0]) g->input_gradients[0] = dy;
    if (!g->wanted[1]) return TARE_OK;
    return tare_sum_of_channels(g, options->data_format, dy, g->inputs[1], &g->input_gradients[1]);
}

static tare_status bias_add_prepare(tare_prepare *prepare) {
    return tare_prepare_binary(prepare, TARE_BINARY_ADD, 0);
}

static tare_status bias_add_make_affine(tare_lower *node, tare_affine *affine) {
    *affine = (tare_affine){.scale = TARE_NO_VALUE, .shift = node->inputs[1]};
    return TARE_OK;
}

static const tare_capabilities bias_add_can = {.as_affine = tare_is_per_channel,
                                               .make_affine = bias_add_make_affine};

static const tare_example bias_add_examples[] = {
    {"[3,4] [4]", "", 0, 0, NULL, 0},
    {"[2,3,3,4] [4]", "", 0, 0, NULL, 0},
    {"[3,1] [1]", "", 0, 0, NULL, 0},
    {"[2,3] [3]", "data_format=nchw", 0, 0, NULL, 0},
    {"[2,3,4] [3]", "data_format=nchw", 0, 0, NULL, 0},
    {"[2,3,2,4] [3]", "data_format=nchw", 0, 0, NULL, 0},
    {"[2,3,2,4] [4]", "data_format=nchw", 0, 0, "last axis", 0},
    {"[0,4] [4]", "", 0, 0, NULL, 0},
    {"int32[3,4] int32[4]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[3,4] [3]", "", 0, 0, "last axis", 0},
    {"[4] [4]", "", 0, 0, "rank 2", 0},
    {"[3,4] [1,4]", "", 0, 0, "rank 1", 0},
    {"[3,4] int32[4]", "", 0, 0, "one dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_bias_ops[] = {
    {.name = "bias_add",
     .node_name = "BiasAdd",
     .table = &bias_add_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .infer = bias_add_infer,
     .gradient = bias_add_gradient,
     .lower = bias_add_lower,
     .prepare = bias_add_prepare,
     .run = tare_binary_step,
     .can = &bias_add_can,
     .examples = bias_add_examples},
    {.name = NULL},
};

tare_tensor tare_bias_add_with(tare_tensor x, tare_tensor bias,
                               const tare_bias_add_options *options) {
    const tare_tensor inputs[] = {x, bias};
    return tare_build_node(NULL, &tare_bias_ops[0], NULL, inputs, 2, options);
}
