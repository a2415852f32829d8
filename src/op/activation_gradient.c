/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients of activations as ops of their own, so that each is one pass over memory and can be
 * differentiated again: f(dy, y) = dy times the derivative at the output y (at the input x for
 * leaky_relu, swish and square). All are linear in dy:
 *
 *     for dy   f(u, y)
 *     for y    u dy f''   (0 where the derivative is made of steps)
 */
#include "op/elementwise.h"
#include "op/like.h"
#include "op/order.h"
#include "op/pointwise_riding.h"
#include <tare/op.h>

extern const tare_op_def tare_activation_gradient_ops[];

/* ---- gradients of gradients: for dy first, then for y */

#define STEPS_GRADIENT(name)                                                                       \
    static tare_status name##_gradient_gradient(tare_gradient *g) {                                \
        g->input_gradients[0] = tare_##name##_gradient(g->output_gradients[0], g->inputs[1]);      \
        return TARE_OK;                                                                            \
    }
STEPS_GRADIENT(relu)
STEPS_GRADIENT(relu6)

static tare_status leaky_relu_gradient_gradient(tare_gradient *g) {
    const tare_leaky_relu_options *options = g->options;
    g->input_gradients[0] =
        tare_leaky_relu_gradient(g->output_gradients[0], g->inputs[1], options->alpha);
    return TARE_OK;
}

/* Both are dy (y + constant) where y < 0. */
static tare_tensor where_negative(tare_tensor u, tare_tensor dy, tare_tensor y) {
    return tare_where(tare_less(y, tare_number(0)), tare_mul(u, dy), tare_zeros_like(dy));
}

static tare_status elu_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], y = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_elu_gradient(u, y);
    if (g->wanted[1]) g->input_gradients[1] = where_negative(u, dy, y);
    return TARE_OK;
}

static tare_status selu_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], y = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_selu_gradient(u, y);
    if (g->wanted[1]) g->input_gradients[1] = where_negative(u, dy, y);
    return TARE_OK;
}

static tare_status sigmoid_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], y = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_sigmoid_gradient(u, y);
    if (g->wanted[1])
        g->input_gradients[1] =
            tare_mul(tare_mul(u, dy), tare_sub(tare_number(1), tare_mul(y, tare_number(2))));
    return TARE_OK;
}

static tare_status tanh_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], y = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_tanh_gradient(u, y);
    if (g->wanted[1])
        g->input_gradients[1] = tare_mul(tare_mul(u, dy), tare_mul(y, tare_number(-2)));
    return TARE_OK;
}

/* With s = sigmoid(x) and t = sigmoid(-x) the second derivative is s t (2 + x (t - s)). */
static tare_status swish_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], x = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_swish_gradient(u, x);
    if (g->wanted[1]) {
        const tare_tensor s = tare_sigmoid(x), t = tare_sigmoid(tare_negative(x));
        const tare_tensor bend = tare_add(tare_mul(x, tare_sub(t, s)), tare_number(2));
        g->input_gradients[1] = tare_mul(tare_mul(u, dy), tare_mul(tare_mul(s, t), bend));
    }
    return TARE_OK;
}

static tare_status square_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], x = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_square_gradient(u, x);
    if (g->wanted[1]) g->input_gradients[1] = tare_square_gradient(u, dy);
    return TARE_OK;
}

/* ---- leaky relu, which has an option */

#define TARE_TABLE_STRUCT tare_leaky_relu_options
TARE_OPTION_TABLE(static, leaky_relu_table, TARE_LEAKY_RELU_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status leaky_relu_gradient_infer(tare_infer *infer) {
    return tare_infer_pair(infer, TARE_BINARY_LEAKY_RELU_GRADIENT);
}

static tare_status leaky_relu_gradient_prepare(tare_prepare *prepare) {
    const tare_leaky_relu_options *options = prepare->options;
    return tare_prepare_binary(prepare, TARE_BINARY_LEAKY_RELU_GRADIENT, (float)options->alpha);
}

/* ---- examples */

#define REFUSED                                                                                    \
    {"[2] [3]", "", 0, 0, "inputs of one shape", 0}, {"[2] float64[2]", "", 0, 0, "one dtype", 0}, \
        {"bool[2] bool[2]", "", 0, 0, "of dtype", 0}, {                                            \
        NULL, NULL, 0, 0, NULL, 0                                                                  \
    }
static const tare_example smooth[] = {
    {"[3,5] [3,5]", "", -2, 2, NULL, 0}, {"[0,2] [0,2]", "", 0, 0, NULL, 0}, REFUSED};
static const tare_example kinked[] = {{"[3,5] [3,5]", "", 0.2, 4, NULL, TARE_EXAMPLE_NO_NAN},
                                      {"[3,5] [3,5]", "", -1, -0.2, NULL, TARE_EXAMPLE_NO_NAN},
                                      {"[0,2] [0,2]", "", 0, 0, NULL, 0},
                                      REFUSED};

/* ---- the family: op(function, node name, kernel, examples, capabilities) */

static const tare_capabilities gate_can = {.host = &tare_binary_host,
                                           .rider = &tare_first_rider,
                                           .any_order = UINT32_MAX,
                                           .reorder = tare_reorder_freely,
                                           .is_gate = true,
                                           .is_elementwise = tare_is_elementwise};
static const tare_capabilities clamp_gate_can = {.host = &tare_binary_host,
                                                 .rider = &tare_first_rider,
                                                 .any_order = UINT32_MAX,
                                                 .reorder = tare_reorder_freely,
                                                 .is_elementwise = tare_is_elementwise};
#define pointwise_can tare_elementwise_can

/* clang-format off */
#define PAIRS(op)                                          \
    op(relu, "ReluGrad", RELU, kinked, gate)               \
    op(relu6, "Relu6Grad", RELU6, kinked, clamp_gate)      \
    op(elu, "EluGrad", ELU, kinked, pointwise)             \
    op(selu, "SeluGrad", SELU, kinked, pointwise)          \
    op(sigmoid, "SigmoidGrad", SIGMOID, smooth, pointwise) \
    op(tanh, "TanhGrad", TANH, smooth, pointwise)          \
    op(swish, "SwishGrad", SWISH, smooth, pointwise)       \
    op(square, "SquareGrad", SQUARE, smooth, pointwise)
/* clang-format on */

#define PLACE(name, node, which, examples, may) AT_##name,
enum { PAIRS(PLACE) AT_leaky_relu, AT_END };
#define FUNCTIONS(name, node, which, examples, may)                                                \
    static tare_status name##_gradient_infer(tare_infer *infer) {                                  \
        return tare_infer_pair(infer, TARE_BINARY_##which##_GRADIENT);                             \
    }                                                                                              \
    static tare_status name##_gradient_prepare(tare_prepare *prepare) {                            \
        return tare_prepare_binary(prepare, TARE_BINARY_##which##_GRADIENT, 0);                    \
    }                                                                                              \
    tare_tensor tare_##name##_gradient(tare_tensor dy, tare_tensor y) {                            \
        const tare_tensor inputs[] = {dy, y};                                                      \
        return tare_build_node(NULL, &tare_activation_gradient_ops[AT_##name], NULL, inputs, 2,    \
                               NULL);                                                              \
    }
PAIRS(FUNCTIONS)

tare_tensor tare_leaky_relu_gradient(tare_tensor dy, tare_tensor x, double alpha) {
    const tare_tensor inputs[] = {dy, x};
    tare_leaky_relu_options options = {TARE_LEAKY_RELU_DEFAULTS};
    options.alpha = alpha;
    return tare_build_node(NULL, &tare_activation_gradient_ops[AT_leaky_relu], NULL, inputs, 2,
                           &options);
}

#define DEF(name_, node, which, examples_, may)                                                    \
    [AT_##name_] = {.name = #name_ "_gradient",                                                    \
                    .node_name = node,                                                             \
                    .min_inputs = 2,                                                               \
                    .max_inputs = 2,                                                               \
                    .output_count = 1,                                                             \
                    .infer = name_##_gradient_infer,                                               \
                    .gradient = name_##_gradient_gradient,                                         \
                    .prepare = name_##_gradient_prepare,                                           \
                    .run = tare_binary_step,                                                       \
                    .can = &may##_can,                                                             \
                    .examples = examples_},
const tare_op_def tare_activation_gradient_ops[] = {
    PAIRS(DEF)[AT_leaky_relu] = {.name = "leaky_relu_gradient",
                                 .node_name = "LeakyReluGrad",
                                 .table = &leaky_relu_table,
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .output_count = 1,
                                 .infer = leaky_relu_gradient_infer,
                                 .gradient = leaky_relu_gradient_gradient,
                                 .prepare = leaky_relu_gradient_prepare,
                                 .run = tare_binary_step,
                                 .can = &tare_elementwise_can,
                                 .examples = kinked},
    [AT_END] = {.name = NULL}};
