/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "standardize": x less its mean, by its deviation, over some axes.
 *
 *     y = (x - mean) / sqrt(variance + epsilon)         moments over the axes, the others apart
 *
 * Layer, group and instance normalisation and weight standardisation are made of it. It lowers to
 * channel_moments and normalise, batch normalisation's steps, with the axes that are not reduced in
 * the place of channels; its gradient is op "batch_norm_gradient". Outputs 1 to 3, mean, variance
 * and what rounding took from both, are for that gradient and are not differentiated.
 *
 * Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450, equation 3; TensorFlow r1.15,
 * python/ops/nn_impl.py (moments, batch_normalization).
 */
#include "array/shape.h"
#include "base/status.h"
#include "op/batch_norm.h"
#include <tare/op.h>

enum { Y, MEAN, VARIANCE, LOW, OUTPUTS };

#define TARE_TABLE_STRUCT tare_standardize_options
TARE_OPTION_TABLE(static, standardize_table, TARE_STANDARDIZE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status standardize_infer(tare_infer *infer) {
    const tare_standardize_options *options = infer->options;
    const tare_type *x = &infer->inputs[0];
    tare_axis_mask reduced = 0;
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    if (x->shape.rank == TARE_UNKNOWN_RANK)
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "x of unknown rank", "a known rank");
    TARE_TRY(tare_infer_axes(infer, options->axes, x->shape.rank, &reduced));
    if (!(options->epsilon >= 0))
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a negative epsilon",
                                 "epsilon of at least 0");
    const tare_shape statistics =
        tare_broadcast_shape(x->shape, tare_other_axes(x->shape.rank, reduced));
    const int64_t count = tare_shape_count(statistics);
    infer->outputs[Y] = *x;
    infer->outputs[MEAN] = infer->outputs[VARIANCE] = (tare_type){x->dtype, statistics};
    infer->outputs[LOW] = (tare_type){x->dtype, TARE_SHAPE(count < 0 ? TARE_ANY : 2 * count)};
    return TARE_OK;
}

static tare_status standardize_gradient(tare_gradient *gradient) {
    const tare_standardize_options *options = gradient->options;
    const tare_tensor none = TARE_NULL, x = gradient->inputs[0];
    const int rank = tare_tensor_shape(x).rank;
    if (!gradient->output_gradients[Y].node) return TARE_OK;
    tare_batch_norm_node_options same = {TARE_BATCH_NORM_NODE_DEFAULTS};
    same.axis = tare_axes_list(rank, tare_kept_axes(options->axes, rank));
    same.epsilon = options->epsilon;
    const tare_tensor inputs[TARE_BATCH_NORM_GRADIENT_TRAINING] = {gradient->output_gradients[Y],
                                                                   x,
                                                                   none,
                                                                   gradient->outputs[MEAN],
                                                                   gradient->outputs[VARIANCE],
                                                                   gradient->outputs[LOW]};
    gradient->input_gradients[0] = tare_build(gradient->graph, "batch_norm_gradient", inputs,
                                              TARE_BATCH_NORM_GRADIENT_TRAINING, &same);
    return tare_graph_status(gradient->graph);
}

static tare_status standardize_lower(tare_lower *lower) {
    const tare_standardize_options *options = lower->options;
    const tare_shape shape = lower->type(lower, lower->inputs[0])->shape;
    const tare_axis_mask kept = tare_kept_axes(options->axes, shape.rank);
    tare_channel_view view = tare_view_by_channel(shape, kept);
    tare_value x, moments[TARE_MOMENTS_OUTPUTS], y;
    view.options.shape = tare_broadcast_shape(shape, kept);
    view.options.epsilon = options->epsilon;
    TARE_TRY(tare_emit_into_view(lower, &view, lower->inputs[0], &x));
    TARE_TRY(
        lower->emit(lower, "channel_moments", &view.options, &x, 1, moments, TARE_MOMENTS_OUTPUTS));
    lower->outputs[MEAN] = moments[TARE_MOMENTS_MEAN];
    lower->outputs[VARIANCE] = moments[TARE_MOMENTS_VARIANCE];
    lower->outputs[LOW] = moments[TARE_MOMENTS_LOW];
    const tare_value none = TARE_NO_VALUE; /* gamma and beta */
    const tare_value inputs[] = {
        x, lower->outputs[MEAN], lower->outputs[VARIANCE], lower->outputs[LOW], none, none};
    TARE_TRY(lower->emit(lower, "normalise", &view.options, inputs, sizeof inputs / sizeof *inputs,
                         &y, 1));
    return tare_emit_out_of_view(lower, &view, y, &lower->outputs[Y]);
}

/* Of y alone: the moments that are told beside are not differentiated. */
enum { Y_ONLY = TARE_EXAMPLE_FIRST_OUTPUT, NONE = TARE_EXAMPLE_NO_GRADIENT };

static const tare_example standardize_examples[] = {
    {.shapes = "[4,6]", .options = "axes=1,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[4,6]", .options = "axes=0,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[3,4]", .options = "epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[7]", .options = "epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[2,3,4,2]", .options = "axes=1,2,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[2,3,2,3]", .options = "axes=1,-1,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[2,2,3,2,2]", .options = "axes=1,2,4,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[3,1]", .options = "axes=1,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[1,1,1]", .options = "axes=1,2,epsilon=0.1", .flags = Y_ONLY},
    {.shapes = "[0,3]", .options = "axes=1", .flags = NONE},
    {.shapes = "[3,0]", .options = "axes=1", .flags = NONE},
    {.shapes = "[4,3]", .options = "axes=2", .refused = "axis 2"},
    {.shapes = "[4,3]", .options = "axes=1,-1", .refused = "axes that differ"},
    {.shapes = "[4,3]", .options = "axes=1,epsilon=-1", .refused = "negative epsilon"},
    {.shapes = "int32[4,3]", .options = "axes=1", .refused = "float32 or float64"},
    {.shapes = NULL},
};

const tare_op_def tare_standardize_ops[] = {
    {.name = "standardize",
     .node_name = "standardize",
     .table = &standardize_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = OUTPUTS,
     .infer = standardize_infer,
     .gradient = standardize_gradient,
     .lower = standardize_lower,
     .examples = standardize_examples},
    {.name = NULL},
};

tare_tensor tare_standardize_with(tare_tensor x, const tare_standardize_options *options) {
    return tare_build_node(NULL, &tare_standardize_ops[0], NULL, &x, 1, options);
}
