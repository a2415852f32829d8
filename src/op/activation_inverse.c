/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inverses of activations: ops "elu_inverse" and "leaky_relu_inverse", the number whose activation
 * is y.
 *
 *     elu          x = log(1 + y) below 0, y from 0 on      dy = dx e^-x below 0, dx from 0 on
 *     leaky relu   x = y / alpha below 0, y from 0 on       dy = dx / alpha below 0, dx from 0 on
 *
 * Where elu has rounded to -1, what it was of is lost: -16.6 is told for all of them. alpha is the
 * float32 number that leaky_relu takes, and its inverse is not rounded to one.
 */
#include "op/elementwise.h"
#include "op/order.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_leaky_relu_options
TARE_OPTION_TABLE(static, leaky_relu_table, TARE_LEAKY_RELU_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- elu */

static tare_status elu_infer(tare_infer *infer) {
    return tare_infer_unary(infer, TARE_UNARY_ELU_INVERSE);
}

static tare_status elu_prepare(tare_prepare *prepare) {
    return tare_prepare_unary(prepare, TARE_UNARY_ELU_INVERSE, 0);
}

static tare_status elu_gradient(tare_gradient *g) {
    const tare_tensor x = g->outputs[0];
    const tare_tensor steep = tare_exp(tare_maximum(tare_negative(x), tare_number(0)));
    g->input_gradients[0] = tare_mul(g->output_gradients[0], steep);
    return TARE_OK;
}

/* ---- leaky relu */

static double inverse_slope(const tare_leaky_relu_options *options) {
    return 1 / (double)(float)options->alpha;
}

static tare_status leaky_relu_infer(tare_infer *infer) {
    const tare_leaky_relu_options *options = infer->options;
    if (!((float)options->alpha > 0))
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a slope alpha that cannot be undone",
                                 "alpha above 0");
    return tare_infer_unary(infer, TARE_UNARY_LEAKY_RELU);
}

/* The inverse of a slope is the slope of the inverse. */
static tare_status leaky_relu_prepare(tare_prepare *prepare) {
    return tare_prepare_unary(prepare, TARE_UNARY_LEAKY_RELU, inverse_slope(prepare->options));
}

static tare_status leaky_relu_gradient(tare_gradient *g) {
    const tare_tensor dx = g->output_gradients[0];
    const tare_tensor steep = tare_mul(dx, tare_number(inverse_slope(g->options)));
    g->input_gradients[0] = tare_where(tare_greater(g->inputs[0], tare_number(0)), dx, steep);
    return TARE_OK;
}

/* ---- the ops */

/* On either side of 0, where the derivative or its own jumps. */
static const tare_example elu_examples[] = {
    {.shapes = "[3,5]", .low = .1, .high = 4},
    {.shapes = "[4,2]", .low = -.9, .high = -.1},
    {.shapes = "[0,3]"},
    {.shapes = "bool[2]", .refused = "of dtype"},
    {.shapes = NULL},
};
static const tare_example leaky_relu_examples[] = {
    {.shapes = "[3,5]", .low = .1, .high = 4},
    {.shapes = "[3,5]", .options = "alpha=0.01", .low = -4, .high = -.1},
    {.shapes = "[0,3]"},
    {.shapes = "[2]", .options = "alpha=0", .refused = "alpha above 0"},
    {.shapes = "bool[2]", .refused = "of dtype"},
    {.shapes = NULL},
};

const tare_op_def tare_activation_inverse_ops[] = {
    {.name = "elu_inverse",
     .node_name = "elu_inverse",
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = elu_infer,
     .gradient = elu_gradient,
     .prepare = elu_prepare,
     .run = tare_unary_step,
     .can = &tare_elementwise_can,
     .examples = elu_examples},
    {.name = "leaky_relu_inverse",
     .node_name = "leaky_relu_inverse",
     .table = &leaky_relu_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = leaky_relu_infer,
     .gradient = leaky_relu_gradient,
     .prepare = leaky_relu_prepare,
     .run = tare_unary_step,
     .can = &tare_elementwise_can,
     .examples = leaky_relu_examples},
    {.name = NULL},
};
