/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations.
 *
 *     sigmoid     1 / (1 + e^-x)           dx = dy y (1 - y)
 *     tanh                                 dx = dy (1 - y^2)
 *     relu        max(x, 0)                dx = dy where y > 0
 *     relu6       min(max(x, 0), 6)        dx = dy where 0 < y < 6
 *     leaky relu  x, alpha x below 0       dx = dy where x > 0, else alpha dy
 *     elu         x, e^x - 1 below 0       dx = dy, dy (y + 1) where y < 0
 *     selu        scale (x, alpha (e^x - 1) below 0)
 *     softplus    log(1 + e^x)             dx = dy sigmoid(x)
 *     softsign    x / (1 + |x|)            dx = dy / (1 + |x|)^2
 *     swish       x s, s = sigmoid(x)      dx = dy s (1 + x (1 - s))
 *
 * alpha is rounded to float32 whatever the dtype, as TensorFlow's attribute is.
 *
 * Source: TensorFlow r1.15, core/kernels/relu_op_functor.h, softplus_op.h, softsign_op.h,
 * python/ops/nn_grad.py and nn_impl.py; selu: Klambauer, Unterthiner, Mayr and Hochreiter 2017.
 */
#include "op/elementwise.h"
#include "op/like.h"
#include "op/order.h"
#include "op/pointwise_riding.h"
#include <tare/op.h>

#include <math.h>

/* ---- gradients */

#define FROM_OUTPUT(name)                                                                          \
    static tare_status name##_gradient(tare_gradient *g) {                                         \
        g->input_gradients[0] = tare_##name##_gradient(g->output_gradients[0], g->outputs[0]);     \
        return TARE_OK;                                                                            \
    }
FROM_OUTPUT(sigmoid)
FROM_OUTPUT(tanh)
FROM_OUTPUT(relu)
FROM_OUTPUT(relu6)
FROM_OUTPUT(elu)
FROM_OUTPUT(selu)

static tare_status softplus_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_mul(g->output_gradients[0], tare_sigmoid(g->inputs[0]));
    return TARE_OK;
}

static tare_status softsign_gradient(tare_gradient *g) {
    const tare_tensor width = tare_add(tare_abs(g->inputs[0]), tare_number(1));
    g->input_gradients[0] = tare_div(g->output_gradients[0], tare_square(width));
    return TARE_OK;
}

static tare_status swish_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_swish_gradient(g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

/* ---- leaky relu, which has an option */

#define TARE_TABLE_STRUCT tare_leaky_relu_options
TARE_OPTION_TABLE(static, leaky_relu_table, TARE_LEAKY_RELU_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status leaky_relu_infer(tare_infer *infer) {
    return tare_infer_unary(infer, TARE_UNARY_LEAKY_RELU);
}

static tare_status leaky_relu_prepare(tare_prepare *prepare) {
    const tare_leaky_relu_options *options = prepare->options;
    return tare_prepare_unary(prepare, TARE_UNARY_LEAKY_RELU, (float)options->alpha);
}

static tare_status leaky_relu_gradient(tare_gradient *g) {
    const tare_leaky_relu_options *options = g->options;
    g->input_gradients[0] =
        tare_leaky_relu_gradient(g->output_gradients[0], g->inputs[0], options->alpha);
    return TARE_OK;
}

/* ---- examples */

#define REFUSED                                                                                    \
    {"bool[2]", "", 0, 0, "of dtype", 0}, { NULL, NULL, 0, 0, NULL, 0 }
static const tare_example smooth[] = {{"[3,5]", "", -3, 3, NULL, 0},
                                      {"[]", "", -3, 3, NULL, 0},
                                      {"[0,3]", "", -3, 3, NULL, 0},
                                      {"[2,1,7]", "", -8, 8, NULL, 0},
                                      REFUSED};
/* On either side of the kinks. */
static const tare_example kinked[] = {{"[3,5]", "", 0.1, 4, NULL, 0},
                                      {"[4,2]", "", -4, -0.1, NULL, 0},
                                      {"[5]", "", 6.2, 9, NULL, 0},
                                      {"[0,3]", "", 0, 0, NULL, 0},
                                      REFUSED};
static const tare_example leaky_relu_examples[] = {{"[3,5]", "", 0.1, 4, NULL, 0},
                                                   {"[3,5]", "", -4, -0.1, NULL, 0},
                                                   {"[4]", "alpha=0.01", -4, -0.1, NULL, 0},
                                                   {"[0]", "", 0, 0, NULL, 0},
                                                   REFUSED};

/* ---- the family: op(name, node name, kernel, examples, capabilities) */

static const double above_0[] = {0, INFINITY}, from_0_to_6[] = {0, 6};
static const tare_capabilities rectifier_can = {.rider = &tare_unary_rider,
                                                .any_order = UINT32_MAX,
                                                .reorder = tare_reorder_freely,
                                                .is_rectifier = true,
                                                .is_elementwise = tare_is_elementwise,
                                                .clamps = above_0};
static const tare_capabilities clamp_can = {.rider = &tare_unary_rider,
                                            .any_order = UINT32_MAX,
                                            .reorder = tare_reorder_freely,
                                            .clamps = from_0_to_6,
                                            .is_elementwise = tare_is_elementwise};
#define ACTIVATION(name, which)                                                                    \
    static const tare_unary name##_function = TARE_UNARY_##which;                                  \
    static const tare_capabilities name##_can = {.any_order = UINT32_MAX,                          \
                                                 .reorder = tare_reorder_freely,                   \
                                                 .is_elementwise = tare_is_elementwise,            \
                                                 .activation = &name##_function};
ACTIVATION(sigmoid, SIGMOID)
ACTIVATION(tanh, TANH)
#define pointwise_can tare_elementwise_can

/* clang-format off */
#define ACTIVATIONS(op)                                  \
    op(sigmoid, "Sigmoid", SIGMOID, smooth, sigmoid)     \
    op(tanh, "Tanh", TANH, smooth, tanh)                 \
    op(relu, "Relu", RELU, kinked, rectifier)            \
    op(relu6, "Relu6", RELU6, kinked, clamp)             \
    op(elu, "Elu", ELU, kinked, pointwise)               \
    op(selu, "Selu", SELU, kinked, pointwise)            \
    op(softplus, "Softplus", SOFTPLUS, smooth, pointwise) \
    op(softsign, "Softsign", SOFTSIGN, kinked, pointwise) \
    op(swish, "swish", SWISH, smooth, pointwise)
/* clang-format on */

extern const tare_op_def tare_activation_ops[];

#define PLACE(name, node, which, examples, may) AT_##name,
enum { ACTIVATIONS(PLACE) AT_leaky_relu, AT_END };
#define FUNCTIONS(name, node, which, examples, may)                                                \
    TARE_UNARY_FUNCTIONS(name, which, tare_activation_ops)
ACTIVATIONS(FUNCTIONS)

tare_tensor tare_leaky_relu_with(tare_tensor x, const tare_leaky_relu_options *options) {
    return tare_build_node(NULL, &tare_activation_ops[AT_leaky_relu], NULL, &x, 1, options);
}

#define DEF(name_, node, which, examples_, may)                                                    \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .min_inputs = 1,                                                               \
                    .max_inputs = 1,                                                               \
                    .output_count = 1,                                                             \
                    .infer = name_##_infer,                                                        \
                    .gradient = name_##_gradient,                                                  \
                    .prepare = name_##_prepare,                                                    \
                    .run = tare_unary_step,                                                        \
                    .can = &may##_can,                                                             \
                    .examples = examples_},
const tare_op_def tare_activation_ops[] = {
    ACTIVATIONS(DEF)[AT_leaky_relu] = {.name = "leaky_relu",
                                       .node_name = "LeakyRelu",
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
    [AT_END] = {.name = NULL}};
