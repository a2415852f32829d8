/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "activated_batch_norm_gradient": what flows from dz to x, gamma and beta, recomputed from the
 * result z.
 *
 *     u    = the inverse of the activation at z        du = dz times its slope there
 *     xhat = (u - beta) / gamma
 *     dbeta = sum du      dgamma = sum du xhat
 *     dx = gamma / sqrt(variance + epsilon) (du - dbeta / N - xhat dgamma / N)
 *
 * That is batch normalisation's gradient of a normalisation of u by mean beta and variance gamma^2,
 * without epsilon and with the scale gamma^2 / sqrt(variance + epsilon), and lowers to its steps.
 * Its own gradient is that of the same formulas made of elementary ops, as functions of dz, z,
 * gamma, beta and the variance.
 *
 * Source: Rota Bulo, Porzi and Kontschieder 2018, arXiv:1712.02616, section 3.1.
 */
#include "array/shape.h"
#include "base/status.h"
#include "op/activated_batch_norm.h"
#include "op/like.h"
#include "op/rules.h"
#include <tare/op.h>

enum {
    DZ = TARE_ACTIVATED_DZ,
    Z = TARE_ACTIVATED_Z,
    GAMMA = TARE_ACTIVATED_GAMMA,
    BETA = TARE_ACTIVATED_BETA,
    VARIANCE = TARE_ACTIVATED_VARIANCE,
    TRAINING = TARE_ACTIVATED_TRAINING
};
enum { DX, DGAMMA, DBETA, OUTPUTS };
/* Where batch_norm's gradient has its own, so that one infer serves both. */
_Static_assert((int)DZ == TARE_BATCH_NORM_GRADIENT_DY && (int)Z == TARE_BATCH_NORM_GRADIENT_X &&
                   (int)VARIANCE == TARE_BATCH_NORM_GRADIENT_VARIANCE,
               "inputs of both gradients");

#define TARE_TABLE_STRUCT     tare_activated_batch_norm_node_options
#define TARE_WORDS_activation TARE_UNDOABLE_WORDS
TARE_OPTION_TABLE(static, activated_table, TARE_ACTIVATED_BATCH_NORM_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status gradient_infer(tare_infer *infer) {
    const tare_activated_batch_norm_node_options *options = infer->options;
    return tare_batch_norm_gradient_infer(infer, options->axis, "dz unlike z", "dz and z alike");
}

/* ------------------------------------------------------------------------------ gradient */

static tare_tensor slope_at(const tare_activated_batch_norm_node_options *options, tare_tensor dz,
                            tare_tensor z) {
    if (options->activation == TARE_UNDOABLE_ELU) return tare_elu_gradient(dz, z);
    if (options->activation == TARE_UNDOABLE_LEAKY_RELU)
        return tare_leaky_relu_gradient(dz, z, options->alpha);
    return dz;
}

static void composite(const tare_gradient *gradient, const tare_tensor *inputs,
                      tare_tensor *outputs) {
    const tare_activated_batch_norm_node_options *options = gradient->options;
    const tare_shape z = tare_tensor_shape(inputs[Z]);
    const tare_axis_mask kept = tare_axes_mask(z.rank, options->axis);
    tare_tensor scale = tare_rsqrt(tare_add(inputs[VARIANCE], tare_number(options->epsilon)));
    if (inputs[GAMMA].graph) scale = tare_mul(scale, inputs[GAMMA]);
    const tare_batch_norm_slopes slopes = {
        .dy = slope_at(options, inputs[DZ], inputs[Z]),
        .hat = tare_activated_hat(options, inputs[Z], inputs[GAMMA], inputs[BETA]),
        .scale = tare_against_channels(scale, z, kept),
        .like = inputs[VARIANCE],
        .training = gradient->input_count > TRAINING ? inputs[TRAINING] : TARE_NULL,
        .trains = options->training,
        .kept = kept};
    tare_batch_norm_build_slopes(&slopes, outputs);
}

static tare_status gradient_gradient(tare_gradient *gradient) {
    return tare_gradient_by_composite(gradient, composite);
}

/* --------------------------------------------------------------------------------- lower */

/* u and du. */
static tare_status emit_undoing(tare_lower *lower, tare_value *u, tare_value *du) {
    const tare_activated_batch_norm_node_options *options = lower->options;
    const tare_value z = lower->inputs[Z], pair[] = {lower->inputs[DZ], z};
    *u = z;
    *du = lower->inputs[DZ];
    if (options->activation == TARE_UNDOABLE_ELU) {
        TARE_TRY(lower->emit(lower, "elu_inverse", NULL, &z, 1, u, 1));
        return lower->emit(lower, "elu_gradient", NULL, pair, 2, du, 1);
    }
    if (options->activation != TARE_UNDOABLE_LEAKY_RELU) return TARE_OK;
    tare_leaky_relu_options leaky = {TARE_LEAKY_RELU_DEFAULTS};
    leaky.alpha = options->alpha;
    TARE_TRY(lower->emit(lower, "leaky_relu_gradient", &leaky, pair, 2, du, 1));
    return lower->emit(lower, "leaky_relu_inverse", &leaky, &z, 1, u, 1);
}

/* What normalises u: beta, gamma^2 and the scale gamma^2 / sqrt(variance + epsilon). */
static tare_status emit_target(tare_lower *lower, const tare_channel_view *view,
                               tare_batch_norm_flow *flow) {
    const tare_value gamma = tare_given_value(lower, GAMMA), variance = lower->inputs[VARIANCE];
    tare_value square = TARE_NO_VALUE, affine[2];
    flow->mean = tare_given_value(lower, BETA);
    if (flow->mean == TARE_NO_VALUE)
        TARE_TRY(lower->emit(lower, "zeros_like", NULL, &variance, 1, &flow->mean, 1));
    if (gamma != TARE_NO_VALUE) TARE_TRY(lower->emit(lower, "square", NULL, &gamma, 1, &square, 1));
    flow->variance = square;
    if (square == TARE_NO_VALUE)
        TARE_TRY(lower->emit(lower, "ones_like", NULL, &variance, 1, &flow->variance, 1));
    const tare_value inputs[] = {flow->mean, variance, square, TARE_NO_VALUE};
    TARE_TRY(lower->emit(lower, "normalise_affine", &view->options, inputs, 4, affine, 2));
    flow->gamma = affine[0];
    return TARE_OK;
}

static tare_status gradient_lower(tare_lower *lower) {
    const tare_activated_batch_norm_node_options *options = lower->options;
    const tare_batch_norm_node_options settings = tare_activated_settings(options);
    const tare_shape form = lower->type(lower, lower->inputs[VARIANCE])->shape;
    tare_channel_view view = tare_batch_norm_view(lower, lower->inputs[Z], &settings, form);
    tare_batch_norm_flow flow = {.low = TARE_NO_VALUE,
                                 .training = tare_given_value(lower, TRAINING),
                                 .mode = tare_batch_mode_of(lower, TRAINING, options->training)};
    TARE_TRY(emit_undoing(lower, &flow.x, &flow.dy));
    TARE_TRY(emit_target(lower, &view, &flow));
    view.options.epsilon = 0; /* gamma is above 0 */
    return tare_batch_norm_emit_flow(lower, &view, &flow, lower->outputs);
}

static const tare_example gradient_examples[] = {
    {.shapes = "[6,3] [6,3] [3] [3] [3]",
     .options = "activation=elu,epsilon=0.1",
     .low = .2,
     .high = 2},
    {.shapes = "[6,3] [6,3] - - [3]",
     .options = "activation=elu,epsilon=0.1",
     .low = .2,
     .high = 2},
    {.shapes = "[4,3] [4,3] [3] [3] [3]",
     .options = "alpha=0.3,epsilon=0.1,training=false",
     .low = .2,
     .high = 2},
    {.shapes = "[2,3,2,2] [2,3,2,2] [1,3,1,2] - [1,3,1,2]",
     .options = "axis=1,3,activation=identity,epsilon=0.1",
     .low = .2,
     .high = 2},
    {.shapes = "[6,3] [6,4] [3] [3] [3]", .refused = "dz unlike z"},
    {.shapes = "[6,3] [6,3] [3] [3] [3]", .options = "axis=2", .refused = "axis 2"},
    {.shapes = NULL},
};

const tare_op_def tare_activated_batch_norm_gradient_ops[] = {
    {.name = "activated_batch_norm_gradient",
     .node_name = "activated_batch_norm_grad",
     .table = &activated_table,
     .min_inputs = VARIANCE + 1,
     .max_inputs = TARE_ACTIVATED_INPUTS,
     .output_count = OUTPUTS,
     .optional = 1U << GAMMA | 1U << BETA | 1U << TRAINING,
     .infer = gradient_infer,
     .gradient = gradient_gradient,
     .lower = gradient_lower,
     .examples = gradient_examples},
    {.name = NULL},
};
