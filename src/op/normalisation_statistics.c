/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops "sufficient_statistics" and "normalize_moments": moments by way of sums.
 *
 *     count = N     sum = sum (x - shift)     squares = sum (x - shift)^2
 *     mean = sum / count + shift              variance = squares / count - (sum / count)^2
 *
 * Source: TensorFlow r1.15, python/ops/nn_impl.py (sufficient_statistics, normalize_moments).
 */
#include "array/shape.h"
#include "base/status.h"
#include "op/normalisation.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_sufficient_statistics_options
TARE_OPTION_TABLE(static, statistics_table, TARE_SUFFICIENT_STATISTICS_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_normalize_moments_options
TARE_OPTION_TABLE(static, normalize_table, TARE_NORMALIZE_MOMENTS_FIELDS);
#undef TARE_TABLE_STRUCT

/* ----------------------------------------------------------------- sufficient_statistics */

enum { X, X_SHIFT };
enum { COUNT, SUM, SQUARES, SHIFT_BACK };

static bool infer_has(const tare_infer *infer, int input) {
    return input < infer->input_count && infer->inputs[input].dtype != TARE_DTYPE_NONE;
}

static tare_status statistics_infer(tare_infer *infer) {
    const tare_sufficient_statistics_options *options = infer->options;
    const tare_type *x = &infer->inputs[X];
    tare_axis_mask reduced = 0;
    TARE_TRY(tare_infer_floating(infer, X, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    if (x->shape.rank == TARE_UNKNOWN_RANK)
        return tare_infer_refuse_shape(infer, X, "x", "a known rank");
    TARE_TRY(tare_infer_axes(infer, options->axes, x->shape.rank, &reduced));
    const tare_axis_mask kept = tare_other_axes(x->shape.rank, reduced);
    const tare_shape shape = tare_statistics_shape(x->shape, kept, options->keep_dims);
    infer->outputs[COUNT] = (tare_type){x->dtype, TARE_SCALAR};
    infer->outputs[SUM] = infer->outputs[SQUARES] = (tare_type){x->dtype, shape};
    if (!infer_has(infer, X_SHIFT)) return TARE_OK;
    tare_shape both;
    if (!tare_shape_broadcast(x->shape, infer->inputs[X_SHIFT].shape, &both) ||
        !tare_shape_compatible(both, x->shape))
        return tare_infer_refuse_shapes(infer, X, X_SHIFT, "a shift that broadcasts to x");
    infer->outputs[SHIFT_BACK] = infer->inputs[X_SHIFT];
    infer->output_count = SHIFT_BACK + 1;
    return TARE_OK;
}

static tare_axis_mask reduced_axes(const tare_sufficient_statistics_options *options, int rank) {
    return tare_other_axes(rank, tare_kept_axes(options->axes, rank));
}

static void statistics_composite(const tare_gradient *gradient, const tare_tensor *inputs,
                                 tare_tensor *outputs) {
    const tare_sufficient_statistics_options *options = gradient->options;
    const int rank = tare_tensor_shape(inputs[X]).rank;
    const tare_list axes = tare_axes_list(rank, reduced_axes(options, rank));
    const bool shifted = gradient->input_count > X_SHIFT && inputs[X_SHIFT].graph;
    const tare_tensor x = shifted ? tare_sub(inputs[X], inputs[X_SHIFT]) : inputs[X];
    outputs[SUM] = tare_reduce_sum(x, .axis = axes, .keepdims = options->keep_dims);
    outputs[SQUARES] =
        tare_reduce_sum(tare_square(x), .axis = axes, .keepdims = options->keep_dims);
    if (shifted) outputs[SHIFT_BACK] = tare_identity(inputs[X_SHIFT]);
}

static tare_status statistics_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, statistics_composite);
}

static tare_status statistics_lower(tare_lower *lower) {
    const tare_sufficient_statistics_options *options = lower->options;
    const tare_shape x = lower->type(lower, lower->inputs[X])->shape;
    const tare_axis_mask kept = tare_other_axes(x.rank, reduced_axes(options, x.rank));
    const tare_value shift = lower->input_count > X_SHIFT ? lower->inputs[X_SHIFT] : TARE_NO_VALUE;
    tare_channel_view view = tare_view_by_channel(x, kept);
    tare_value inputs[] = {lower->inputs[X], shift};
    view.options.shape = tare_statistics_shape(x, kept, options->keep_dims);
    /* The step takes one number off; whatever else a shift is goes first. */
    if (shift != TARE_NO_VALUE && lower->type(lower, shift)->shape.rank != 0) {
        tare_value rest;
        TARE_TRY(lower->emit(lower, "sub", NULL, inputs, 2, &rest, 1));
        inputs[X] = rest;
        inputs[X_SHIFT] = TARE_NO_VALUE;
    }
    TARE_TRY(tare_emit_into_view(lower, &view, inputs[X], &inputs[X]));
    if (lower->output_count > SHIFT_BACK) lower->outputs[SHIFT_BACK] = shift;
    return lower->emit(lower, "shifted_sums", &view.options, inputs, 2, lower->outputs, 3);
}

/* --------------------------------------------------------------------- normalize_moments */

enum { COUNTS, MEAN_SS, VARIANCE_SS, SHIFT };

static tare_status normalize_infer(tare_infer *infer) {
    const tare_shape given[] = {infer->inputs[MEAN_SS].shape, infer->inputs[VARIANCE_SS].shape,
                                infer_has(infer, SHIFT) ? infer->inputs[SHIFT].shape : TARE_SCALAR};
    TARE_TRY(tare_infer_floating(infer, COUNTS, "counts"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    tare_shape shifted, mean, variance;
    if (!tare_shape_broadcast(given[0], infer->inputs[COUNTS].shape, &shifted) ||
        !tare_shape_broadcast(shifted, given[2], &mean) ||
        !tare_shape_broadcast(given[1], shifted, &variance))
        return tare_infer_refuse_shapes(infer, MEAN_SS, VARIANCE_SS,
                                        "statistics that broadcast together");
    infer->outputs[0] = (tare_type){infer->inputs[COUNTS].dtype, mean};
    infer->outputs[1] = (tare_type){infer->inputs[COUNTS].dtype, variance};
    return TARE_OK;
}

static void normalize_composite(const tare_gradient *gradient, const tare_tensor *inputs,
                                tare_tensor *outputs) {
    const bool shifted = gradient->input_count > SHIFT && inputs[SHIFT].graph;
    const tare_tensor mean = tare_div(inputs[MEAN_SS], inputs[COUNTS]);
    const tare_tensor squares = tare_div(inputs[VARIANCE_SS], inputs[COUNTS]);
    outputs[0] = shifted ? tare_add(mean, inputs[SHIFT]) : mean;
    outputs[1] = tare_sub(squares, tare_square(mean));
}

static tare_status normalize_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, normalize_composite);
}

static tare_status emit_pair(tare_lower *lower, const char *op, tare_value a, tare_value b,
                             tare_value *result) {
    const tare_value inputs[] = {a, b};
    return lower->emit(lower, op, NULL, inputs, 2, result, 1);
}

static tare_status normalize_lower(tare_lower *lower) {
    const tare_value counts = lower->inputs[COUNTS];
    const tare_value shift = lower->input_count > SHIFT ? lower->inputs[SHIFT] : TARE_NO_VALUE;
    tare_value mean, squares, square;
    TARE_TRY(emit_pair(lower, "div", lower->inputs[MEAN_SS], counts, &mean));
    TARE_TRY(emit_pair(lower, "div", lower->inputs[VARIANCE_SS], counts, &squares));
    TARE_TRY(lower->emit(lower, "square", NULL, &mean, 1, &square, 1));
    TARE_TRY(emit_pair(lower, "sub", squares, square, &lower->outputs[1]));
    lower->outputs[0] = mean;
    if (shift == TARE_NO_VALUE) return TARE_OK;
    return emit_pair(lower, "add", mean, shift, &lower->outputs[0]);
}

/* ------------------------------------------------------------------------------- the ops */

static const tare_example statistics_examples[] = {
    {.shapes = "[4,3]", .options = "axes=0"},
    {.shapes = "[3,2,4]", .options = "axes=0,2,keep_dims=true"},
    {.shapes = "[3,2,4] []", .options = "axes=0,2"},
    {.shapes = "[3,2,4] [1,2,1]", .options = "axes=0,2"},
    {.shapes = "[0,3]", .options = "axes=0", .flags = TARE_EXAMPLE_NO_GRADIENT},
    {.shapes = "[4,3] [2]", .options = "axes=0", .refused = "broadcasts"},
    {.shapes = NULL},
};

static const tare_example normalize_examples[] = {
    {.shapes = "[] [3] [3]", .low = 1, .high = 4},
    {.shapes = "[] [3] [3] []", .low = 1, .high = 4},
    {.shapes = "[] [3] [4]", .refused = "broadcast"},
    {.shapes = NULL},
};

const tare_op_def tare_statistics_ops[] = {
    {.name = "sufficient_statistics",
     .node_name = "sufficient_statistics",
     .table = &statistics_table,
     .min_inputs = 1,
     .max_inputs = 2,
     .output_count = 3,
     .optional = 1U << X_SHIFT,
     .infer = statistics_infer,
     .gradient = statistics_gradient,
     .lower = statistics_lower,
     .examples = statistics_examples},
    {.name = "normalize_moments",
     .node_name = "normalize",
     .table = &normalize_table,
     .min_inputs = 3,
     .max_inputs = 4,
     .output_count = 2,
     .optional = 1U << SHIFT,
     .infer = normalize_infer,
     .gradient = normalize_gradient,
     .lower = normalize_lower,
     .examples = normalize_examples},
    {.name = NULL},
};

tare_tensor tare_sufficient_statistics_with(tare_tensor x,
                                            const tare_sufficient_statistics_options *options) {
    tare_sufficient_statistics_options given;
    tare_options_adopt(&statistics_table, options, &given);
    const tare_tensor inputs[] = {x, given.shift};
    given.shift = TARE_NULL;
    return tare_build_node(NULL, &tare_statistics_ops[0], NULL, inputs, 2, &given);
}

tare_tensor tare_normalize_moments_with(tare_tensor counts, tare_tensor mean_ss,
                                        tare_tensor variance_ss,
                                        const tare_normalize_moments_options *options) {
    tare_normalize_moments_options given;
    tare_options_adopt(&normalize_table, options, &given);
    const tare_tensor inputs[] = {counts, mean_ss, variance_ss, given.shift};
    given.shift = TARE_NULL;
    return tare_build_node(NULL, &tare_statistics_ops[1], NULL, inputs, 4, &given);
}
