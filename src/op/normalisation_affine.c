/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops "batch_normalization" and "batch_norm_with_global_normalization": normalising by statistics
 * that are given, each broadcast against x.
 *
 *     y = (x - mean) / sqrt(variance + epsilon) scale + offset
 *
 * Gradients flow to all five inputs, through the same formula made of elementary ops.
 *
 * Source: TensorFlow r1.15, python/ops/nn_impl.py (batch_normalization,
 * batch_norm_with_global_normalization).
 */
#include "array/shape.h"
#include "base/status.h"
#include "op/normalisation.h"
#include "op/rules.h"
#include <tare/op.h>

enum { X, MEAN, VARIANCE, OFFSET, SCALE, INPUTS };

#define TARE_TABLE_STRUCT tare_batch_normalization_options
TARE_OPTION_TABLE(static, plain_table, TARE_BATCH_NORMALIZATION_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_batch_norm_with_global_normalization_options
TARE_OPTION_TABLE(static, global_table, TARE_BATCH_NORM_WITH_GLOBAL_NORMALIZATION_FIELDS);
#undef TARE_TABLE_STRUCT

/* --------------------------------------------------------------------------------- infer */

static tare_status infer_with(tare_infer *infer) {
    tare_shape shape = infer->inputs[X].shape;
    TARE_TRY(tare_infer_floating(infer, X, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    for (int i = MEAN; i < infer->input_count; i++)
        if (infer->inputs[i].dtype != TARE_DTYPE_NONE &&
            !tare_shape_broadcast(shape, infer->inputs[i].shape, &shape))
            return tare_infer_refuse_shapes(infer, X, i, "statistics that broadcast against x");
    infer->outputs[0] = (tare_type){infer->inputs[X].dtype, shape};
    return TARE_OK;
}

static tare_status global_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_rank(infer, X, 4, "t"));
    return infer_with(infer);
}

/* ------------------------------------------------------------------------------ gradient */

static tare_tensor build_y(const tare_tensor *inputs, int32_t count, double epsilon, bool scaled) {
    tare_tensor factor = tare_rsqrt(tare_add(inputs[VARIANCE], tare_number(epsilon)));
    if (scaled && count > SCALE && inputs[SCALE].graph) factor = tare_mul(factor, inputs[SCALE]);
    const tare_tensor y = tare_mul(tare_sub(inputs[X], inputs[MEAN]), factor);
    return count > OFFSET && inputs[OFFSET].graph ? tare_add(y, inputs[OFFSET]) : y;
}

static void plain_composite(const tare_gradient *gradient, const tare_tensor *inputs,
                            tare_tensor *outputs) {
    const tare_batch_normalization_options *options = gradient->options;
    outputs[0] = build_y(inputs, gradient->input_count, options->variance_epsilon, true);
}

static void global_composite(const tare_gradient *gradient, const tare_tensor *inputs,
                             tare_tensor *outputs) {
    const tare_batch_norm_with_global_normalization_options *options = gradient->options;
    outputs[0] = build_y(inputs, gradient->input_count, options->variance_epsilon,
                         options->scale_after_normalization);
}

static tare_status plain_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, plain_composite);
}

static tare_status global_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, global_composite);
}

/* --------------------------------------------------------------------------------- lower */

static tare_status emit_sum(tare_lower *lower, tare_value a, tare_value b, tare_value *sum) {
    const tare_value inputs[] = {a, b};
    return lower->emit(lower, "add", NULL, inputs, 2, sum, 1);
}

static bool all_alike(const tare_lower *lower, const tare_value *inputs) {
    const tare_shape first = lower->type(lower, inputs[MEAN])->shape;
    for (int i = VARIANCE; i < INPUTS; i++)
        if (inputs[i] != TARE_NO_VALUE &&
            !tare_shape_same(lower->type(lower, inputs[i])->shape, first))
            return false;
    return true;
}

/* Zeros of the shape that all statistics broadcast to. */
static tare_status emit_base(tare_lower *lower, const tare_value *inputs, tare_value *base) {
    TARE_TRY(lower->emit(lower, "zeros_like", NULL, &inputs[MEAN], 1, base, 1));
    for (int i = VARIANCE; i < INPUTS; i++) {
        tare_value zeros;
        if (inputs[i] == TARE_NO_VALUE) continue;
        TARE_TRY(lower->emit(lower, "zeros_like", NULL, &inputs[i], 1, &zeros, 1));
        TARE_TRY(emit_sum(lower, *base, zeros, base));
    }
    return TARE_OK;
}

/* Statistics of one shape, and x of y's; rarely anything to do. */
static tare_status emit_alike(tare_lower *lower, tare_value *inputs) {
    tare_value base = inputs[MEAN];
    const tare_shape x = lower->type(lower, inputs[X])->shape;
    tare_shape y;
    if (!all_alike(lower, inputs)) {
        TARE_TRY(emit_base(lower, inputs, &base));
        for (int i = MEAN; i < INPUTS; i++)
            if (inputs[i] != TARE_NO_VALUE) TARE_TRY(emit_sum(lower, inputs[i], base, &inputs[i]));
    }
    tare_shape_broadcast(x, lower->type(lower, base)->shape, &y);
    if (tare_shape_same(x, y)) return TARE_OK;
    tare_value zeros;
    TARE_TRY(lower->emit(lower, "zeros_like", NULL, &base, 1, &zeros, 1));
    return emit_sum(lower, inputs[X], zeros, &inputs[X]);
}

/* Axes of x along which statistics of that shape differ. */
static tare_axis_mask axes_of(tare_shape statistics, int rank) {
    tare_axis_mask kept = 0;
    for (int axis = 0; axis < statistics.rank; axis++)
        if (statistics.extents[axis] != 1) kept |= 1U << (axis + rank - statistics.rank);
    return kept;
}

static tare_status lower_with(tare_lower *lower, double epsilon, bool scaled) {
    tare_value inputs[INPUTS], y;
    for (int i = 0; i < INPUTS; i++) inputs[i] = tare_given_value(lower, i);
    if (!scaled) inputs[SCALE] = TARE_NO_VALUE;
    TARE_TRY(emit_alike(lower, inputs));
    const tare_shape x = lower->type(lower, inputs[X])->shape;
    const tare_shape statistics = lower->type(lower, inputs[MEAN])->shape;
    tare_channel_view view = tare_view_by_channel(x, axes_of(statistics, x.rank));
    view.options.shape = statistics;
    view.options.epsilon = epsilon;
    TARE_TRY(tare_emit_into_view(lower, &view, inputs[X], &inputs[X]));
    const tare_value all[] = {inputs[X],     inputs[MEAN],  inputs[VARIANCE],
                              TARE_NO_VALUE, inputs[SCALE], inputs[OFFSET]};
    TARE_TRY(lower->emit(lower, "normalise", &view.options, all, sizeof all / sizeof *all, &y, 1));
    return tare_emit_out_of_view(lower, &view, y, &lower->outputs[0]);
}

static tare_status plain_lower(tare_lower *lower) {
    const tare_batch_normalization_options *options = lower->options;
    return lower_with(lower, options->variance_epsilon, true);
}

static tare_status global_lower(tare_lower *lower) {
    const tare_batch_norm_with_global_normalization_options *options = lower->options;
    return lower_with(lower, options->variance_epsilon, options->scale_after_normalization);
}

/* ------------------------------------------------------------------------------- the ops */

static const tare_example plain_examples[] = {
    {.shapes = "[4,3] [3] [3] [3] [3]", .low = .2, .high = 2},
    {.shapes = "[4,3] [3] [3]", .low = .2, .high = 2},
    {.shapes = "[4,3] [3] [3] - [3]", .low = .2, .high = 2},
    {.shapes = "[2,3,4] [1,3,1] [1,3,1] [1,3,1] [1,3,1]", .low = .2, .high = 2},
    {.shapes = "[2,3,4] [3,1] [4] []", .low = .2, .high = 2},
    {.shapes = "[2,3,2,4] [1,3,1,4] [1,3,1,4]", .low = .2, .high = 2},
    {.shapes = "[1,3] [4,1] [3]", .low = .2, .high = 2},
    {.shapes = "[0,3] [3] [3]", .low = .2, .high = 2, .flags = TARE_EXAMPLE_NO_GRADIENT},
    {.shapes = "[4,3] [2] [3]", .refused = "broadcast"},
    {.shapes = NULL},
};

static const tare_example global_examples[] = {
    {.shapes = "[2,3,2,3] [3] [3] [3] [3]", .low = .2, .high = 2},
    {.shapes = "[2,3,2,3] [3] [3] [3] [3]",
     .options = "scale_after_normalization=false",
     .low = .2,
     .high = 2,
     .flags = TARE_EXAMPLE_NO_NAN}, /* of gamma, which is not used */
    {.shapes = "[2,3] [3] [3] [3] [3]", .refused = "rank 4"},
    {.shapes = NULL},
};

const tare_op_def tare_batch_normalization_ops[] = {
    {.name = "batch_normalization",
     .node_name = "batchnorm",
     .table = &plain_table,
     .min_inputs = 3,
     .max_inputs = INPUTS,
     .output_count = 1,
     .optional = 1U << OFFSET | 1U << SCALE,
     .infer = infer_with,
     .gradient = plain_gradient,
     .lower = plain_lower,
     .examples = plain_examples},
    {.name = "batch_norm_with_global_normalization",
     .node_name = "batchnorm",
     .table = &global_table,
     .min_inputs = INPUTS,
     .max_inputs = INPUTS,
     .output_count = 1,
     .infer = global_infer,
     .gradient = global_gradient,
     .lower = global_lower,
     .examples = global_examples},
    {.name = NULL},
};

tare_tensor tare_batch_normalization_with(tare_tensor x, tare_tensor mean, tare_tensor variance,
                                          tare_tensor offset, tare_tensor scale,
                                          const tare_batch_normalization_options *options) {
    const tare_tensor inputs[] = {x, mean, variance, offset, scale};
    return tare_build_node(NULL, &tare_batch_normalization_ops[0], NULL, inputs, INPUTS, options);
}

tare_tensor tare_batch_norm_with_global_normalization_with(
    tare_tensor t, tare_tensor m, tare_tensor v, tare_tensor beta, tare_tensor gamma,
    const tare_batch_norm_with_global_normalization_options *options) {
    const tare_tensor inputs[] = {t, m, v, beta, gamma};
    return tare_build_node(NULL, &tare_batch_normalization_ops[1], NULL, inputs, INPUTS, options);
}
