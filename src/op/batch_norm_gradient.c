/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "batch_norm_gradient": what flows from dy to x, gamma and beta.
 *
 *     dbeta  = sum dy             dgamma = sum dy xhat             xhat = (x - mean) /
 * sqrt(variance + epsilon) dx     = gamma / sqrt(variance + epsilon) (dy - dbeta / N - xhat dgamma
 * / N)     training dx     = gamma / sqrt(variance + epsilon) dy inference
 *
 * It is lowered to two steps, gradient_sums and normalise_gradient. Its own gradient is that of the
 * same formulas made of elementary ops, moments included, so second and third gradients are the
 * true ones; TensorFlow's own stop at the mean where it is not fused (nn_impl.py, moments:
 * stop_gradient).
 *
 * Source: TensorFlow r1.15, python/ops/nn_grad.py (_FusedBatchNormGrad, _BatchNormGrad).
 */
#include "array/shape.h"
#include "base/status.h"
#include "op/batch_norm.h"
#include "op/like.h"
#include <tare/op.h>

enum { DX, DGAMMA, DBETA, OUTPUTS };
enum {
    DY = TARE_BATCH_NORM_GRADIENT_DY,
    X = TARE_BATCH_NORM_GRADIENT_X,
    GAMMA = TARE_BATCH_NORM_GRADIENT_GAMMA,
    MEAN = TARE_BATCH_NORM_GRADIENT_MEAN,
    VARIANCE = TARE_BATCH_NORM_GRADIENT_VARIANCE,
    LOW = TARE_BATCH_NORM_GRADIENT_LOW,
    TRAINING = TARE_BATCH_NORM_GRADIENT_TRAINING
};

#define TARE_TABLE_STRUCT tare_batch_norm_node_options
TARE_OPTION_TABLE(static, gradient_table, TARE_BATCH_NORM_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status gradient_infer(tare_infer *infer) {
    const tare_batch_norm_node_options *options = infer->options;
    tare_axis_mask kept = 0;
    TARE_TRY(tare_batch_norm_axes(infer, X, options->axis, &kept));
    if (infer->inputs[DY].dtype != infer->inputs[X].dtype ||
        !tare_shape_compatible(infer->inputs[DY].shape, infer->inputs[X].shape))
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "dy unlike x", "dy and x alike");
    infer->outputs[DX] = infer->inputs[X];
    infer->outputs[DGAMMA] = infer->outputs[DBETA] = infer->inputs[MEAN];
    return TARE_OK;
}

/* ------------------------------------------------------------------------------ gradient */

/* Statistics against x: the batch's own as functions of x, or the given ones, or by the run's mode.
 */
static void build_statistics(const tare_gradient *gradient, const tare_tensor *inputs,
                             tare_axis_mask kept, tare_tensor *centred, tare_tensor *variance) {
    const tare_batch_norm_node_options *options = gradient->options;
    const tare_shape shape = tare_tensor_shape(inputs[X]);
    const bool asked = gradient->input_count > TRAINING && inputs[TRAINING].graph;
    tare_tensor mean = tare_against_channels(inputs[MEAN], shape, kept);
    *variance = tare_against_channels(inputs[VARIANCE], shape, kept);
    if (asked || options->training) {
        const tare_tensor own = tare_mean_of_channels(inputs[X], kept);
        const tare_tensor squares = tare_square(tare_sub(inputs[X], own));
        const tare_tensor own_variance = tare_mean_of_channels(squares, kept);
        if (asked) {
            const tare_tensor means[] = {inputs[TRAINING], own, tare_reshape_like(mean, own)};
            const tare_tensor variances[] = {inputs[TRAINING], own_variance,
                                             tare_reshape_like(*variance, own)};
            mean = tare_build(gradient->graph, "merge", means, 3, NULL);
            *variance = tare_build(gradient->graph, "merge", variances, 3, NULL);
        } else {
            mean = own;
            *variance = own_variance;
        }
    }
    *centred = tare_sub(inputs[X], mean);
}

static tare_tensor sum_of_channels(tare_tensor x, tare_axis_mask kept) {
    const int rank = tare_tensor_shape(x).rank;
    const tare_list axes = tare_axes_list(rank, tare_other_axes(rank, kept));
    return tare_reduce_sum(x, .axis = axes, .keepdims = true);
}

/* dx in training: dy less its mean and less xhat times the mean of dy xhat, all scaled. */
static tare_tensor build_dx(const tare_gradient *gradient, const tare_tensor *inputs,
                            tare_tensor hat, tare_tensor scale, tare_axis_mask kept) {
    const tare_batch_norm_node_options *options = gradient->options;
    const bool asked = gradient->input_count > TRAINING && inputs[TRAINING].graph;
    const tare_tensor dy = inputs[DY], frozen = tare_mul(dy, scale);
    if (!asked && !options->training) return frozen;
    const tare_tensor dot = tare_mean_of_channels(tare_mul(dy, hat), kept);
    const tare_tensor less = tare_sub(dy, tare_mean_of_channels(dy, kept));
    const tare_tensor batch = tare_mul(tare_sub(less, tare_mul(hat, dot)), scale);
    const tare_tensor both[] = {inputs[TRAINING], batch, frozen};
    return asked ? tare_build(gradient->graph, "merge", both, 3, NULL) : batch;
}

static void composite(const tare_gradient *gradient, const tare_tensor *inputs,
                      tare_tensor *outputs) {
    const tare_batch_norm_node_options *options = gradient->options;
    const tare_shape x = tare_tensor_shape(inputs[X]);
    tare_axis_mask kept = 0;
    for (int32_t i = 0; i < options->axis.count; i++)
        kept |= 1U << tare_shape_axis(options->axis.values[i], x.rank);
    tare_tensor centred, variance;
    build_statistics(gradient, inputs, kept, &centred, &variance);
    const tare_tensor inverse = tare_rsqrt(tare_add(variance, tare_number(options->epsilon)));
    const tare_tensor hat = tare_mul(centred, inverse);
    const tare_tensor scale = inputs[GAMMA].graph
                                  ? tare_mul(tare_against_channels(inputs[GAMMA], x, kept), inverse)
                                  : inverse;
    outputs[DX] = build_dx(gradient, inputs, hat, scale, kept);
    outputs[DGAMMA] =
        tare_reshape_like(sum_of_channels(tare_mul(inputs[DY], hat), kept), inputs[MEAN]);
    outputs[DBETA] = tare_reshape_like(sum_of_channels(inputs[DY], kept), inputs[MEAN]);
}

static tare_status gradient_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, composite);
}

/* --------------------------------------------------------------------------------- lower */

static tare_value input_of(const tare_lower *lower, int input) {
    return input < lower->input_count ? lower->inputs[input] : TARE_NO_VALUE;
}

/* What both steps read; x where it is not needed and low digits where there are none: no value. */
typedef struct operands {
    tare_value dy, x, low;
    tare_value sums[3]; /* dgamma, dbeta, their low digits */
} operands;

static tare_status emit_sums(tare_lower *lower, const tare_channel_view *view, operands *o) {
    TARE_TRY(tare_emit_into_view(lower, view, lower->inputs[X], &o->x));
    const tare_value inputs[] = {o->dy, o->x, lower->inputs[MEAN], lower->inputs[VARIANCE], o->low};
    return lower->emit(lower, "gradient_sums", &view->options, inputs,
                       sizeof inputs / sizeof *inputs, o->sums, 3);
}

static tare_status emit_dx(tare_lower *lower, const tare_channel_view *view, const operands *o,
                           tare_batch_mode mode) {
    const bool batch = mode != TARE_MODE_INFERENCE;
    const tare_value none = TARE_NO_VALUE;
    const tare_value inputs[] = {o->dy,
                                 batch ? o->x : none,
                                 lower->inputs[MEAN],
                                 lower->inputs[VARIANCE],
                                 o->low,
                                 input_of(lower, GAMMA),
                                 batch ? o->sums[0] : none,
                                 batch ? o->sums[1] : none,
                                 batch ? o->sums[2] : none,
                                 mode == TARE_MODE_EITHER ? lower->inputs[TRAINING] : none};
    tare_value dx;
    TARE_TRY(lower->emit(lower, "normalise_gradient", &view->options, inputs,
                         sizeof inputs / sizeof *inputs, &dx, 1));
    return tare_emit_out_of_view(lower, view, dx, &lower->outputs[DX]);
}

/* All outputs are made, wanted or not; pruning drops what nobody reads. */
static tare_status gradient_lower(tare_lower *lower) {
    const tare_batch_norm_node_options *options = lower->options;
    const tare_batch_mode mode = tare_batch_mode_of(lower, TRAINING, options->training);
    const bool batch = mode != TARE_MODE_INFERENCE;
    const tare_shape form = lower->type(lower, lower->inputs[MEAN])->shape;
    const tare_channel_view view = tare_batch_norm_view(lower, lower->inputs[X], options, form);
    operands o = {TARE_NO_VALUE,
                  TARE_NO_VALUE,
                  batch ? input_of(lower, LOW) : TARE_NO_VALUE,
                  {TARE_NO_VALUE, TARE_NO_VALUE, TARE_NO_VALUE}};
    TARE_TRY(tare_emit_into_view(lower, &view, lower->inputs[DY], &o.dy));
    TARE_TRY(emit_sums(lower, &view, &o));
    lower->outputs[DGAMMA] = o.sums[0];
    lower->outputs[DBETA] = o.sums[1];
    return emit_dx(lower, &view, &o, mode);
}

/* Mean and variance count as functions of x, which differences do not know: see the unit tests. */
static const tare_example gradient_examples[] = {
    {.shapes = "[6,3] [6,3] [3] [3] [3] [6]",
     .low = .2,
     .high = 2,
     .flags = TARE_EXAMPLE_NO_GRADIENT},
    {.shapes = "[2,3,2,4] [2,3,2,4] - [1,3,1,4] [1,3,1,4]",
     .options = "axis=1,3,training=false",
     .low = .2,
     .high = 2,
     .flags = TARE_EXAMPLE_NO_GRADIENT},
    {.shapes = "[6,3] [6,4] [3] [3] [3]", .refused = "dy unlike x"},
    {.shapes = NULL},
};

const tare_op_def tare_batch_norm_gradient_ops[] = {
    {.name = "batch_norm_gradient",
     .node_name = "BatchNormGrad",
     .table = &gradient_table,
     .min_inputs = LOW,
     .max_inputs = TARE_BATCH_NORM_GRADIENT_INPUTS,
     .output_count = OUTPUTS,
     .optional = 1U << GAMMA | 1U << LOW | 1U << TRAINING,
     .infer = gradient_infer,
     .gradient = gradient_gradient,
     .lower = gradient_lower,
     .examples = gradient_examples},
    {.name = NULL},
};
