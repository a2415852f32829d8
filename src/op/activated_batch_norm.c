/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "activated_batch_norm": batch normalisation and an activation that can be undone, of which
 * only the result needs to be kept for the gradient.
 *
 *     z = activation(u)      u = gamma xhat + beta      xhat = (x - mean) / sqrt(variance +
 * epsilon)
 *
 * It lowers to what batch_norm lowers to, and the activation. The gradient is op
 * "activated_batch_norm_gradient", which reads z, gamma, beta and the variance, and not x, so that
 * x's memory is free as soon as z is there; normalise and the activation may work in it.
 *
 * The variance, output 3, is differentiated as well, because second gradients come by it:
 * dx = dvariance 2 (x - mean) / N, and x - mean = xhat sqrt(variance + epsilon).
 *
 * Source: Rota Bulo, Porzi and Kontschieder 2018, arXiv:1712.02616, section 3 (InPlace-ABN I).
 */
#include "op/activated_batch_norm.h"

#include "array/shape.h"
#include "base/status.h"
#include "op/like.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT     tare_activated_batch_norm_node_options
#define TARE_WORDS_activation TARE_UNDOABLE_WORDS
TARE_OPTION_TABLE(static, activated_table, TARE_ACTIVATED_BATCH_NORM_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

tare_batch_norm_node_options
tare_activated_settings(const tare_activated_batch_norm_node_options *options) {
    tare_batch_norm_node_options settings = {TARE_BATCH_NORM_NODE_DEFAULTS};
    settings.axis = options->axis;
    settings.epsilon = options->epsilon;
    settings.training = options->training;
    settings.unbiased = options->unbiased;
    return settings;
}

static tare_status activated_infer(tare_infer *infer) {
    const tare_activated_batch_norm_node_options *options = infer->options;
    const tare_batch_norm_node_options settings = tare_activated_settings(options);
    TARE_TRY(tare_batch_norm_infer(infer, &settings));
    if ((float)options->alpha > 0) return TARE_OK;
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a slope alpha that cannot be undone",
                             "alpha above 0");
}

/* ------------------------------------------------------------------------------ gradient */

static tare_tensor undo(const tare_activated_batch_norm_node_options *options, tare_tensor z) {
    tare_leaky_relu_options leaky = {TARE_LEAKY_RELU_DEFAULTS};
    leaky.alpha = options->alpha;
    if (options->activation == TARE_UNDOABLE_ELU)
        return tare_build(z.graph, "elu_inverse", &z, 1, NULL);
    if (options->activation == TARE_UNDOABLE_LEAKY_RELU)
        return tare_build(z.graph, "leaky_relu_inverse", &z, 1, &leaky);
    return z;
}

tare_tensor tare_activated_hat(const tare_activated_batch_norm_node_options *options, tare_tensor z,
                               tare_tensor gamma, tare_tensor beta) {
    const tare_shape shape = tare_tensor_shape(z);
    const tare_axis_mask kept = tare_axes_mask(shape.rank, options->axis);
    tare_tensor u = undo(options, z);
    if (beta.graph) u = tare_sub(u, tare_against_channels(beta, shape, kept));
    return gamma.graph ? tare_div(u, tare_against_channels(gamma, shape, kept)) : u;
}

static tare_tensor input_of(const tare_gradient *gradient, int input) {
    return input < gradient->input_count ? gradient->inputs[input] : TARE_NULL;
}

/* What flows to x through the variance of the batch; a null tensor in inference. */
static tare_tensor flow_of_variance(const tare_gradient *gradient) {
    const tare_activated_batch_norm_node_options *options = gradient->options;
    const tare_tensor training = input_of(gradient, TARE_BATCH_NORM_TRAINING);
    const tare_tensor z = gradient->outputs[TARE_BATCH_NORM_Y];
    if (!training.graph && !options->training) return TARE_NULL;
    const tare_shape shape = tare_tensor_shape(z);
    const tare_axis_mask kept = tare_axes_mask(shape.rank, options->axis);
    const tare_list reduced = tare_axes_list(shape.rank, tare_other_axes(shape.rank, kept));
    const tare_tensor hat =
        tare_activated_hat(options, z, input_of(gradient, TARE_BATCH_NORM_GAMMA),
                           input_of(gradient, TARE_BATCH_NORM_BETA));
    const tare_tensor deviation = tare_sqrt(
        tare_add(gradient->outputs[TARE_BATCH_NORM_VARIANCE], tare_number(options->epsilon)));
    const tare_tensor slope = tare_mul(
        tare_mul(gradient->output_gradients[TARE_BATCH_NORM_VARIANCE], deviation), tare_number(2));
    const tare_tensor each =
        tare_broadcast_like(tare_against_channels(slope, shape, kept), z, reduced, true);
    const tare_tensor flow = tare_mul(each, hat);
    const tare_tensor both[] = {training, flow, tare_zeros_like(flow)};
    return training.graph ? tare_build(gradient->graph, "merge", both, 3, NULL) : flow;
}

static void flow_of_result(tare_gradient *gradient) {
    const tare_tensor inputs[TARE_ACTIVATED_INPUTS] = {
        [TARE_ACTIVATED_DZ] = gradient->output_gradients[TARE_BATCH_NORM_Y],
        [TARE_ACTIVATED_Z] = gradient->outputs[TARE_BATCH_NORM_Y],
        [TARE_ACTIVATED_GAMMA] = input_of(gradient, TARE_BATCH_NORM_GAMMA),
        [TARE_ACTIVATED_BETA] = input_of(gradient, TARE_BATCH_NORM_BETA),
        [TARE_ACTIVATED_VARIANCE] = gradient->outputs[TARE_BATCH_NORM_VARIANCE],
        [TARE_ACTIVATED_TRAINING] = input_of(gradient, TARE_BATCH_NORM_TRAINING)};
    const tare_tensor dx = tare_build(gradient->graph, "activated_batch_norm_gradient", inputs,
                                      TARE_ACTIVATED_INPUTS, gradient->options);
    for (int i = TARE_BATCH_NORM_X; i <= TARE_BATCH_NORM_BETA && i < gradient->input_count; i++)
        if (gradient->wanted[i]) gradient->input_gradients[i] = tare_output(dx, i);
}

static tare_status activated_gradient(tare_gradient *gradient) {
    tare_tensor *dx = &gradient->input_gradients[TARE_BATCH_NORM_X];
    if (gradient->output_gradients[TARE_BATCH_NORM_Y].node) flow_of_result(gradient);
    if (!gradient->output_gradients[TARE_BATCH_NORM_VARIANCE].node ||
        !gradient->wanted[TARE_BATCH_NORM_X])
        return tare_graph_status(gradient->graph);
    const tare_tensor more = flow_of_variance(gradient);
    if (more.node) *dx = dx->node ? tare_add(*dx, more) : more;
    return tare_graph_status(gradient->graph);
}

/* --------------------------------------------------------------------------------- lower */

static tare_status activated_lower(tare_lower *lower) {
    const tare_activated_batch_norm_node_options *options = lower->options;
    const tare_batch_norm_node_options settings = tare_activated_settings(options);
    tare_value *z = &lower->outputs[TARE_BATCH_NORM_Y];
    TARE_TRY(tare_batch_norm_lower(lower, &settings));
    const tare_value u = *z;
    if (options->activation == TARE_UNDOABLE_ELU)
        return lower->emit(lower, "elu", NULL, &u, 1, z, 1);
    if (options->activation != TARE_UNDOABLE_LEAKY_RELU) return TARE_OK;
    tare_leaky_relu_options leaky = {TARE_LEAKY_RELU_DEFAULTS};
    leaky.alpha = options->alpha;
    return lower->emit(lower, "leaky_relu", &leaky, &u, 1, z, 1);
}

/* Of z alone: the moments that are told beside are not differentiated by users. */
enum { Z_ONLY = TARE_EXAMPLE_FIRST_OUTPUT, NONE = TARE_EXAMPLE_NO_GRADIENT };

static const tare_example activated_examples[] = {
    {.shapes = "[6,3]", .options = "activation=elu,epsilon=0.1", .flags = Z_ONLY},
    {.shapes = "[6,3] [3] [3]",
     .options = "activation=elu,epsilon=0.1",
     .low = .2,
     .high = 2,
     .flags = Z_ONLY},
    {.shapes = "[2,3,2,4] [3] -",
     .options = "axis=1,activation=identity,epsilon=0.1",
     .low = .2,
     .high = 2,
     .flags = Z_ONLY},
    {.shapes = "[2,3,2,2] [1,3,1,2] [1,3,1,2]",
     .options = "axis=1,3,alpha=0.3,epsilon=0.1",
     .low = .2,
     .high = 2,
     .flags = Z_ONLY},
    {.shapes = "[1,3] [3] [3]", .low = .2, .high = 2, .flags = NONE},
    {.shapes = "[0,3] [3] [3]", .low = .2, .high = 2, .flags = NONE},
    {.shapes = "[6,3]", .options = "alpha=0", .refused = "alpha above 0"},
    {.shapes = "[6,3] [4]", .refused = "gamma"},
    {.shapes = "[6,3]", .options = "training=false", .refused = "no mean"},
    {.shapes = "int32[6,3]", .refused = "float32 or float64"},
    {.shapes = NULL},
};

const tare_op_def tare_activated_batch_norm_ops[] = {
    {.name = "activated_batch_norm",
     .node_name = "activated_batch_norm",
     .table = &activated_table,
     .min_inputs = 1,
     .max_inputs = TARE_BATCH_NORM_INPUTS,
     .output_count = TARE_BATCH_NORM_OUTPUTS,
     .optional = 1U << TARE_BATCH_NORM_GAMMA | 1U << TARE_BATCH_NORM_BETA |
                 1U << TARE_BATCH_NORM_MOVING_MEAN | 1U << TARE_BATCH_NORM_MOVING_VARIANCE |
                 1U << TARE_BATCH_NORM_TRAINING,
     .infer = activated_infer,
     .gradient = activated_gradient,
     .lower = activated_lower,
     .examples = activated_examples},
    {.name = NULL},
};
