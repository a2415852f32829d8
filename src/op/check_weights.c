/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_weights: weights as they are, if losses and metrics can take them for these values: a
 * scalar, or as many axes, each of extent 1 or the values'. dweights = dy.
 *
 * Source: TensorFlow r1.15, python/ops/weights_broadcast_ops.py.
 */
#include "op/measure.h"
#include "op/rules.h"

enum { WEIGHTS, VALUES };

static bool fits(tare_shape weights, tare_shape values) {
    if (weights.rank <= 0 || values.rank < 0) return true;
    if (weights.rank != values.rank) return false;
    for (int d = 0; d < weights.rank; d++) {
        const int64_t w = weights.extents[d], v = values.extents[d];
        if (w != v && w != 1 && w >= 0 && v >= 0) return false;
    }
    return true;
}

static tare_status weights_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, WEIGHTS, "weights", tare_dtype_is_number, NULL));
    if (!fits(infer->inputs[WEIGHTS].shape, infer->inputs[VALUES].shape))
        return tare_infer_refuse_shapes(
            infer, WEIGHTS, VALUES,
            "weights that are a scalar, or have the values' axes, each of extent 1 or the values'");
    return tare_infer_like_first(infer);
}

static tare_status weights_gradient(tare_gradient *g) {
    if (g->wanted[WEIGHTS]) g->input_gradients[WEIGHTS] = g->output_gradients[0];
    return TARE_OK;
}

static const tare_example weights_examples[] = {
    {"[] [3,4]", "", 0, 0, NULL, 0},
    {"[3,1] [3,4]", "", 0, 0, NULL, 0},
    {"[2,1,4] [2,3,4]", "", 0, 0, NULL, 0},
    {"[3,4] [3,4]", "", 0, 0, NULL, 0},
    {"[1] [0]", "", 0, 0, NULL, 0},
    {"int32[1,4] [3,4]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[4] [3,4]", "", 0, 0, "the values' axes", 0},
    {"[3] [3,4]", "", 0, 0, "the values' axes", 0},
    {"[3,4] [4]", "", 0, 0, "the values' axes", 0},
    {"[3,2] [3,4]", "", 0, 0, "the values' axes", 0},
    {"[3,4] [3,1]", "", 0, 0, "the values' axes", 0},
    {"bool[3] [3]", "", 0, 0, "of dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_check_weights_ops[] = {
    {.name = "check_weights",
     .node_name = "check_weights",
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .shape_only = 1u << VALUES,
     .infer = weights_infer,
     .gradient = weights_gradient,
     .prepare = tare_alias_prepare,
     .run = tare_alias_step,
     .examples = weights_examples},
    {.name = NULL},
};

tare_tensor tare_check_weights(tare_tensor weights, tare_tensor values) {
    const tare_tensor inputs[] = {[WEIGHTS] = weights, [VALUES] = values};
    return tare_build_node(NULL, tare_check_weights_ops, NULL, inputs, 2, NULL);
}
