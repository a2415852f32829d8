/* SPDX-License-Identifier: Apache-2.0 */
/*
 * l2_loss: y = sum(x^2) / 2, dx = x dy.
 *
 * Source: TensorFlow r1.15, core/kernels/l2loss_op.h.
 */
#include "op/reduction.h"
#include <tare/op.h>

static tare_status l2_loss_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_SCALAR};
    return TARE_OK;
}

static tare_status l2_loss_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_mul(g->inputs[0], g->output_gradients[0]);
    return TARE_OK;
}

static tare_status l2_loss_prepare(tare_prepare *prepare) {
    const int64_t count = tare_input_count(prepare, 0);
    return tare_prepare_reduction(prepare, TARE_REDUCE_SUM_OF_SQUARES, 1, &count, 1, 2);
}

static bool l2_loss_reorder(const tare_lower *node, tare_reordering *to) {
    (void)node;
    to->outputs = 0;
    return true;
}

static const tare_capabilities l2_loss_can = {.any_order = 1, .reorder = l2_loss_reorder};

static const tare_example l2_loss_examples[] = {
    {"[3,4]", "", 0, 0, NULL, 0},         {"[]", "", 0, 0, NULL, 0},
    {"[0]", "", 0, 0, NULL, 0},           {"[2,3,40]", "", 0, 0, NULL, 0},
    {"int32[2]", "", 0, 0, "float32", 0}, {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_l2_loss_ops[] = {
    {.name = "l2_loss",
     .node_name = "L2Loss",
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = l2_loss_infer,
     .gradient = l2_loss_gradient,
     .prepare = l2_loss_prepare,
     .run = tare_reduction_step,
     .can = &l2_loss_can,
     .examples = l2_loss_examples},
    {.name = NULL},
};

tare_tensor tare_l2_loss_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_l2_loss_ops[0], NULL, &x, 1, options);
}
