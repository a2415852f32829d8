/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "batch_norm_gradient": what flows from dy to x, gamma and beta. With
 * xhat = (x - mean) / sqrt(variance + epsilon) and scale = gamma / sqrt(variance + epsilon)
 *
 *     dbeta  = sum dy
 *     dgamma = sum dy xhat
 *     dx     = scale (dy - dbeta / N - xhat dgamma / N)      training
 *     dx     = scale dy                                      inference
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
#include "op/rules.h"
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

tare_status tare_batch_norm_gradient_infer(tare_infer *infer, tare_list axis, const char *got,
                                           const char *need) {
    tare_axis_mask kept = 0;
    TARE_TRY(tare_batch_norm_axes(infer, X, axis, &kept));
    if (infer->inputs[DY].dtype != infer->inputs[X].dtype ||
        !tare_shape_compatible(infer->inputs[DY].shape, infer->inputs[X].shape))
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
    infer->outputs[DX] = infer->inputs[X];
    infer->outputs[DGAMMA] = infer->outputs[DBETA] = infer->inputs[VARIANCE];
    return TARE_OK;
}

static tare_status gradient_infer(tare_infer *infer) {
    const tare_batch_norm_node_options *options = infer->options;
    return tare_batch_norm_gradient_infer(infer, options->axis, "dy unlike x", "dy and x alike");
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
static tare_tensor build_dx(const tare_batch_norm_slopes *by) {
    const tare_tensor frozen = tare_mul(by->dy, by->scale);
    if (!by->training.graph && !by->trains) return frozen;
    const tare_tensor dot = tare_mean_of_channels(tare_mul(by->dy, by->hat), by->kept);
    const tare_tensor less = tare_sub(by->dy, tare_mean_of_channels(by->dy, by->kept));
    const tare_tensor batch = tare_mul(tare_sub(less, tare_mul(by->hat, dot)), by->scale);
    const tare_tensor both[] = {by->training, batch, frozen};
    return by->training.graph ? tare_build(batch.graph, "merge", both, 3, NULL) : batch;
}

void tare_batch_norm_build_slopes(const tare_batch_norm_slopes *by, tare_tensor outputs[3]) {
    outputs[DX] = build_dx(by);
    outputs[DGAMMA] =
        tare_reshape_like(sum_of_channels(tare_mul(by->dy, by->hat), by->kept), by->like);
    outputs[DBETA] = tare_reshape_like(sum_of_channels(by->dy, by->kept), by->like);
}

static void composite(const tare_gradient *gradient, const tare_tensor *inputs,
                      tare_tensor *outputs) {
    const tare_batch_norm_node_options *options = gradient->options;
    const tare_shape x = tare_tensor_shape(inputs[X]);
    const tare_axis_mask kept = tare_axes_mask(x.rank, options->axis);
    tare_tensor centred, variance;
    build_statistics(gradient, inputs, kept, &centred, &variance);
    const tare_tensor inverse = tare_rsqrt(tare_add(variance, tare_number(options->epsilon)));
    const tare_tensor hat = tare_mul(centred, inverse);
    const tare_tensor scale = inputs[GAMMA].graph
                                  ? tare_mul(tare_against_channels(inputs[GAMMA], x, kept), inverse)
                                  : inverse;
    const tare_batch_norm_slopes slopes = {
        .dy = inputs[DY],
        .hat = hat,
        .scale = scale,
        .like = inputs[MEAN],
        .training = gradient->input_count > TRAINING ? inputs[TRAINING] : TARE_NULL,
        .trains = options->training,
        .kept = kept};
    tare_batch_norm_build_slopes(&slopes, outputs);
}

static tare_status gradient_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, composite);
}

/* --------------------------------------------------------------------------------- lower */

tare_status tare_batch_norm_emit_flow(tare_lower *lower, const tare_channel_view *view,
                                      const tare_batch_norm_flow *flow, tare_value outputs[3]) {
    const bool batch = flow->mode != TARE_MODE_INFERENCE;
    const tare_value none = TARE_NO_VALUE, low = batch ? flow->low : none;
    tare_value dy, x, sums[3], dx; /* sums: dgamma, dbeta, their low digits */
    TARE_TRY(tare_emit_into_view(lower, view, flow->dy, &dy));
    TARE_TRY(tare_emit_into_view(lower, view, flow->x, &x));
    const tare_value first[] = {dy, x, flow->mean, flow->variance, low};
    TARE_TRY(lower->emit(lower, "gradient_sums", &view->options, first,
                         sizeof first / sizeof *first, sums, 3));
    const tare_value second[] = {dy,
                                 batch ? x : none,
                                 flow->mean,
                                 flow->variance,
                                 low,
                                 flow->gamma,
                                 batch ? sums[0] : none,
                                 batch ? sums[1] : none,
                                 batch ? sums[2] : none,
                                 flow->mode == TARE_MODE_EITHER ? flow->training : none};
    TARE_TRY(lower->emit(lower, "normalise_gradient", &view->options, second,
                         sizeof second / sizeof *second, &dx, 1));
    outputs[DGAMMA] = sums[0];
    outputs[DBETA] = sums[1];
    return tare_emit_out_of_view(lower, view, dx, &outputs[DX]);
}

/* All outputs are made, wanted or not; pruning drops what nobody reads. */
static tare_status gradient_lower(tare_lower *lower) {
    const tare_batch_norm_node_options *options = lower->options;
    const tare_shape form = lower->type(lower, lower->inputs[MEAN])->shape;
    const tare_channel_view view = tare_batch_norm_view(lower, lower->inputs[X], options, form);
    const tare_batch_norm_flow flow = {.dy = lower->inputs[DY],
                                       .x = lower->inputs[X],
                                       .mean = lower->inputs[MEAN],
                                       .variance = lower->inputs[VARIANCE],
                                       .low = tare_given_value(lower, LOW),
                                       .gamma = tare_given_value(lower, GAMMA),
                                       .training = tare_given_value(lower, TRAINING),
                                       .mode =
                                           tare_batch_mode_of(lower, TRAINING, options->training)};
    return tare_batch_norm_emit_flow(lower, &view, &flow, lower->outputs);
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
