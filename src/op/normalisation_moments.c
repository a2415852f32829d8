/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops "moments" and "weighted_moments".
 *
 *     mean = sum x / N          variance = sum (x - mean)^2 / N
 *     mean = sum w x / S        variance = sum w (x - mean)^2 / S       S = sum w
 *
 * Gradient of moments: dx = dmean / N + dvariance 2 (x - mean) / N. TensorFlow's stops at the mean
 * inside the variance, so its second gradient lacks the mean's share; here it is the true one.
 *
 * Source: TensorFlow r1.15, python/ops/nn_impl.py (moments, weighted_moments).
 */
#include "array/shape.h"
#include "base/status.h"
#include "op/like.h"
#include "op/normalisation.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_moments_options
TARE_OPTION_TABLE(static, moments_table, TARE_MOMENTS_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_weighted_moments_options
TARE_OPTION_TABLE(static, weighted_table, TARE_WEIGHTED_MOMENTS_FIELDS);
#undef TARE_TABLE_STRUCT

/* Two statistics of x, input 0, over these axes. */
static tare_status infer_moments(tare_infer *infer, tare_list axes, bool keep_dims) {
    const tare_type *x = &infer->inputs[0];
    tare_axis_mask reduced = 0;
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    if (x->shape.rank == TARE_UNKNOWN_RANK)
        return tare_infer_refuse_shape(infer, 0, "x", "a known rank");
    TARE_TRY(tare_infer_axes(infer, axes, x->shape.rank, &reduced));
    const tare_axis_mask kept = tare_other_axes(x->shape.rank, reduced);
    const tare_shape shape = tare_statistics_shape(x->shape, kept, keep_dims);
    infer->outputs[0] = infer->outputs[1] = (tare_type){x->dtype, shape};
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- moments */

static tare_status moments_infer(tare_infer *infer) {
    const tare_moments_options *options = infer->options;
    return infer_moments(infer, options->axes, options->keep_dims);
}

static tare_status moments_gradient(tare_gradient *gradient) {
    const tare_moments_options *options = gradient->options;
    const tare_tensor x = gradient->inputs[0], *flow = gradient->output_gradients;
    const int rank = tare_tensor_shape(x).rank;
    const tare_list axes =
        tare_axes_list(rank, tare_other_axes(rank, tare_kept_axes(options->axes, rank)));
    tare_tensor dx = TARE_NULL;
    if (flow[0].node) dx = tare_broadcast_like(flow[0], x, axes, true);
    if (flow[1].node) {
        const tare_tensor mean = tare_broadcast_like(gradient->outputs[0], x, axes, false);
        const tare_tensor slope = tare_broadcast_like(flow[1], x, axes, true);
        const tare_tensor part = tare_mul(tare_mul(tare_sub(x, mean), slope), tare_number(2));
        dx = dx.node ? tare_add(dx, part) : part;
    }
    gradient->input_gradients[0] = dx;
    return tare_graph_status(gradient->graph);
}

static tare_status moments_lower(tare_lower *lower) {
    const tare_moments_options *options = lower->options;
    const tare_shape x = lower->type(lower, lower->inputs[0])->shape;
    const tare_axis_mask kept = tare_kept_axes(options->axes, x.rank);
    tare_channel_view view = tare_view_by_channel(x, kept);
    view.options.shape = tare_statistics_shape(x, kept, options->keep_dims);
    tare_value seen, made[TARE_MOMENTS_OUTPUTS];
    TARE_TRY(tare_emit_into_view(lower, &view, lower->inputs[0], &seen));
    TARE_TRY(
        lower->emit(lower, "channel_moments", &view.options, &seen, 1, made, TARE_MOMENTS_OUTPUTS));
    lower->outputs[0] = made[TARE_MOMENTS_MEAN];
    lower->outputs[1] = made[TARE_MOMENTS_VARIANCE];
    return TARE_OK;
}

/* ---------------------------------------------------------------------- weighted_moments */

enum { X, WEIGHTS };

static tare_status weighted_infer(tare_infer *infer) {
    const tare_weighted_moments_options *options = infer->options;
    TARE_TRY(infer_moments(infer, options->axes, options->keep_dims));
    TARE_TRY(tare_infer_same_dtypes(infer));
    tare_shape both;
    const tare_shape x = infer->inputs[X].shape, weights = infer->inputs[WEIGHTS].shape;
    if (weights.rank != TARE_UNKNOWN_RANK &&
        (!tare_shape_broadcast(x, weights, &both) || !tare_shape_compatible(both, x)))
        return tare_infer_refuse_shapes(infer, X, WEIGHTS, "weights that broadcast to x");
    return TARE_OK;
}

/*
 * dx = share (dmean + 2 dvariance e),  dw = (dmean e + dvariance (e^2 - variance)) / S,
 * e = x - mean, share = w / S. What extra adds to the slope of the variance is left out: it is
 * extra / S of it.
 */
static tare_status weighted_gradient(tare_gradient *gradient) {
    const tare_weighted_moments_options *options = gradient->options;
    const tare_tensor x = gradient->inputs[X], weights = gradient->inputs[WEIGHTS];
    const tare_tensor *flow = gradient->output_gradients;
    const int rank = tare_tensor_shape(x).rank;
    const tare_list axes =
        tare_axes_list(rank, tare_other_axes(rank, tare_kept_axes(options->axes, rank)));
    const tare_tensor each = tare_broadcast_like(weights, x, TARE_NO_LIST, false);
    const tare_tensor sum = tare_reduce_sum(each, .axis = axes, .keepdims = true);
    const tare_tensor total = tare_add(sum, tare_number(options->extra));
    const tare_tensor e = tare_sub(x, tare_broadcast_like(gradient->outputs[0], x, axes, false));
    tare_tensor slope = TARE_NULL, lever = TARE_NULL;
    if (flow[0].node) {
        slope = tare_broadcast_like(flow[0], x, axes, false);
        lever = tare_mul(slope, e);
    }
    if (flow[1].node) {
        const tare_tensor dv = tare_broadcast_like(flow[1], x, axes, false);
        const tare_tensor variance = tare_broadcast_like(gradient->outputs[1], x, axes, false);
        const tare_tensor more = tare_mul(tare_mul(dv, e), tare_number(2));
        const tare_tensor excess = tare_mul(dv, tare_sub(tare_square(e), variance));
        slope = slope.node ? tare_add(slope, more) : more;
        lever = lever.node ? tare_add(lever, excess) : excess;
    }
    tare_weighted_moments_options by = {TARE_WEIGHTED_MOMENTS_DEFAULTS};
    by.axes = axes;
    const tare_tensor shared[] = {each, total};
    const tare_tensor share = tare_build(gradient->graph, "share_of_sum", shared, 2, &by);
    if (gradient->wanted[X]) gradient->input_gradients[X] = tare_mul(share, slope);
    if (gradient->wanted[WEIGHTS])
        gradient->input_gradients[WEIGHTS] = tare_sum_like(tare_div(lever, total), weights);
    return tare_graph_status(gradient->graph);
}

/* Strides of an array of `shape`, broadcast to x's axes: 0 where it repeats. */
static tare_list broadcast_steps(tare_shape shape, int rank) {
    tare_list steps = {.count = rank};
    int64_t step = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        const int own = axis - (rank - shape.rank);
        const int64_t extent = own >= 0 ? shape.extents[own] : 1;
        steps.values[axis] = extent == 1 ? 0 : step;
        step *= extent;
    }
    return steps;
}

static tare_status weighted_lower(tare_lower *lower) {
    const tare_weighted_moments_options *options = lower->options;
    const tare_shape x = lower->type(lower, lower->inputs[X])->shape;
    const tare_shape weights = lower->type(lower, lower->inputs[WEIGHTS])->shape;
    const tare_axis_mask kept = tare_kept_axes(options->axes, x.rank);
    const tare_shape channels = tare_broadcast_shape(x, kept);
    tare_normalisation_step_options step = {TARE_NORMALISATION_STEP_DEFAULTS};
    step.shape = tare_statistics_shape(x, kept, options->keep_dims);
    step.extra = options->extra;
    step.channels = tare_shape_count(channels);
    step.channel_steps = broadcast_steps(channels, x.rank);
    step.weight_steps = broadcast_steps(weights, x.rank);
    return lower->emit(lower, "weighted_channel_moments", &step, lower->inputs, 2, lower->outputs,
                       2);
}

/* ------------------------------------------------------------------------------ the ops */

static const tare_example moments_examples[] = {
    {.shapes = "[4,3]", .options = "axes=0"},
    {.shapes = "[2,3,3,4]", .options = "axes=0,1,2,keep_dims=true"},
    {.shapes = "[3,2,4]", .options = "axes=0,2"},
    {.shapes = "[6,5]", .options = "axes=1"},
    {.shapes = "[2,3,4,5]", .options = "axes=0,2"},
    {.shapes = "[5]"},
    {.shapes = "[1,3]", .options = "axes=0"},
    {.shapes = "[0,3]", .options = "axes=0", .flags = TARE_EXAMPLE_NO_GRADIENT},
    {.shapes = "[4,3]", .options = "axes=2", .refused = "axis 2"},
    {.shapes = "int32[4,3]", .options = "axes=0", .refused = "float32 or float64"},
    {.shapes = NULL},
};

static const tare_example weighted_examples[] = {
    {.shapes = "[4,3] [4,1]", .options = "axes=0", .low = .2, .high = 2},
    {.shapes = "[6,5] [5]", .options = "axes=1,keep_dims=true", .low = .2, .high = 2},
    {.shapes = "[2,3,3,4] [2,1,1,1]", .options = "axes=0,1,2", .low = .2, .high = 2},
    {.shapes = "[4,3] [4,3]", .options = "axes=0", .low = .2, .high = 2},
    {.shapes = "[4,3] [2,1]", .options = "axes=0", .refused = "broadcast"},
    {.shapes = NULL},
};

const tare_op_def tare_moments_ops[] = {
    {.name = "moments",
     .node_name = "moments",
     .table = &moments_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 2,
     .infer = moments_infer,
     .gradient = moments_gradient,
     .lower = moments_lower,
     .examples = moments_examples},
    {.name = "weighted_moments",
     .node_name = "weighted_moments",
     .table = &weighted_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 2,
     .infer = weighted_infer,
     .gradient = weighted_gradient,
     .lower = weighted_lower,
     .examples = weighted_examples},
    {.name = NULL},
};

tare_tensor tare_moments_with(tare_tensor x, const tare_moments_options *options) {
    return tare_build_node(NULL, &tare_moments_ops[0], NULL, &x, 1, options);
}

tare_tensor tare_weighted_moments_with(tare_tensor x, tare_tensor frequency_weights,
                                       const tare_moments_options *options) {
    const tare_tensor inputs[] = {x, frequency_weights};
    tare_weighted_moments_options all = {TARE_WEIGHTED_MOMENTS_DEFAULTS};
    tare_moments_options given;
    tare_options_adopt(&moments_table, options, &given);
    all.axes = given.axes;
    all.keep_dims = given.keep_dims;
    all.name = given.name;
    return tare_build_node(NULL, &tare_moments_ops[1], NULL, inputs, 2, &all);
}
