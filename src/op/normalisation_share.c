/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "share_of_sum": inputs weights w and their sum S along some axes, to which a constant may have
 * been added; each weight's share of it.
 *
 *     y = w / S          dw = (dy - sum (dy y)) / S, in which S counts as a function of w
 *
 * One weight alone is the whole whatever it is, and this form of the gradient says so exactly and
 * at any order: dy - dy 1 is 0, where dy / S - dy w / S^2 would leave a rounding error.
 */
#include "base/status.h"
#include "op/normalisation.h"
#include "op/rules.h"
#include <tare/op.h>

enum { WEIGHTS, SUM };

#define TARE_TABLE_STRUCT tare_weighted_moments_options
TARE_OPTION_TABLE(static, share_table, TARE_WEIGHTED_MOMENTS_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status share_infer(tare_infer *infer) {
    const tare_shape weights = infer->inputs[WEIGHTS].shape, sum = infer->inputs[SUM].shape;
    tare_shape both;
    TARE_TRY(tare_infer_floating(infer, WEIGHTS, "weights"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    if (!tare_shape_broadcast(weights, sum, &both) || !tare_shape_compatible(both, weights))
        return tare_infer_refuse_shapes(infer, WEIGHTS, SUM, "a sum along axes of the weights");
    infer->outputs[0] = infer->inputs[WEIGHTS];
    return TARE_OK;
}

static tare_status share_gradient(tare_gradient *gradient) {
    const tare_weighted_moments_options *options = gradient->options;
    const tare_tensor dy = gradient->output_gradients[0];
    const tare_tensor whole = tare_reduce_sum(tare_mul(dy, gradient->outputs[0]),
                                              .axis = options->axes, .keepdims = true);
    gradient->input_gradients[WEIGHTS] = tare_div(tare_sub(dy, whole), gradient->inputs[SUM]);
    return tare_graph_status(gradient->graph);
}

static tare_status share_lower(tare_lower *lower) {
    return lower->emit(lower, "div", NULL, lower->inputs, 2, lower->outputs, 1);
}

/* Differences know the sum as an input of its own, so the sweep cannot judge this gradient. */
static const tare_example share_examples[] = {
    {.shapes = "[4,3] [1,3]",
     .options = "axes=0",
     .low = .5,
     .high = 2,
     .flags = TARE_EXAMPLE_NO_GRADIENT},
    {.shapes = "[4,3] [2,3]", .options = "axes=0", .refused = "a sum along axes"},
    {.shapes = NULL},
};

const tare_op_def tare_share_ops[] = {
    {.name = "share_of_sum",
     .node_name = "share_of_sum",
     .table = &share_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .infer = share_infer,
     .gradient = share_gradient,
     .lower = share_lower,
     .examples = share_examples},
    {.name = NULL},
};
