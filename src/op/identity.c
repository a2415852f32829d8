/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity and stop_gradient: y = x, the same bytes.
 *
 *     identity   dx = dy        stop_gradient   no gradient flows
 */
#include "op/order.h"
#include "op/rules.h"
#include <tare/op.h>

static tare_status identity_gradient(tare_gradient *g) {
    g->input_gradients[0] = g->output_gradients[0];
    return TARE_OK;
}

enum { IDENTITY, STOP_GRADIENT };

static const tare_example identity_examples[] = {
    {"[2,3]", "", 0, 0, NULL, 0},
    {"[]", "", 0, 0, NULL, 0},
    {"[0,3]", "", 0, 0, NULL, 0},
    {"int32[4]", "", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"bool[4]", "", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example stop_gradient_examples[] = {
    {"[2,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT}, {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_identity_ops[] = {
    [IDENTITY] = {.name = "identity",
                  .node_name = "Identity",
                  .min_inputs = 1,
                  .max_inputs = 1,
                  .output_count = 1,
                  .infer = tare_infer_like_first,
                  .gradient = identity_gradient,
                  .prepare = tare_alias_prepare,
                  .run = tare_alias_step,
                  .can = &tare_pointwise_can,
                  .examples = identity_examples},
    [STOP_GRADIENT] = {.name = "stop_gradient",
                       .node_name = "StopGradient",
                       .min_inputs = 1,
                       .max_inputs = 1,
                       .output_count = 1,
                       .infer = tare_infer_like_first,
                       .prepare = tare_alias_prepare,
                       .run = tare_alias_step,
                       .can = &tare_pointwise_can,
                       .examples = stop_gradient_examples},
    {.name = NULL},
};

tare_tensor tare_identity_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_identity_ops[IDENTITY], NULL, &x, 1, options);
}

tare_tensor tare_stop_gradient_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_identity_ops[STOP_GRADIENT], NULL, &x, 1, options);
}
