/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise functions of one argument (activations are in activation.c).
 *
 *     y = -x, |x|, e^x, ...       dx = dy times the derivative, written out of x or y
 *
 * Source: TensorFlow r1.15, core/kernels/cwise_ops.h and python/ops/math_grad.py.
 */
#include "op/elementwise.h"
#include "op/like.h"
#include "op/order.h"
#include <tare/op.h>

/* ---- gradients */

static tare_status negative_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_negative(g->output_gradients[0]);
    return TARE_OK;
}

static tare_status abs_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_mul(g->output_gradients[0], tare_sign(g->inputs[0]));
    return TARE_OK;
}

static tare_status exp_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_mul(g->output_gradients[0], g->outputs[0]);
    return TARE_OK;
}

/* y + 1 would lose e^x where it is small. */
static tare_status expm1_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_mul(g->output_gradients[0], tare_exp(g->inputs[0]));
    return TARE_OK;
}

static tare_status log_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_div(g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

static tare_status log1p_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        tare_div(g->output_gradients[0], tare_add(g->inputs[0], tare_number(1)));
    return TARE_OK;
}

static tare_status sqrt_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        tare_div(tare_mul(g->output_gradients[0], tare_number(0.5)), g->outputs[0]);
    return TARE_OK;
}

static tare_status rsqrt_gradient(tare_gradient *g) {
    const tare_tensor y = g->outputs[0];
    const tare_tensor slope = tare_mul(tare_mul(g->output_gradients[0], y), tare_number(-0.5));
    g->input_gradients[0] = tare_mul(slope, tare_square(y));
    return TARE_OK;
}

static tare_status square_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_square_gradient(g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

static tare_status reciprocal_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        tare_negative(tare_mul(g->output_gradients[0], tare_square(g->outputs[0])));
    return TARE_OK;
}

static tare_status sin_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_mul(g->output_gradients[0], tare_cos(g->inputs[0]));
    return TARE_OK;
}

static tare_status cos_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_negative(tare_mul(g->output_gradients[0], tare_sin(g->inputs[0])));
    return TARE_OK;
}

/* 2 / sqrt(pi) e^(-x^2) */
static tare_status erf_gradient(tare_gradient *g) {
    const tare_tensor scaled =
        tare_mul(g->output_gradients[0], tare_number(1.1283791670955125738961589));
    g->input_gradients[0] = tare_mul(scaled, tare_exp(tare_negative(tare_square(g->inputs[0]))));
    return TARE_OK;
}

/* A gradient of zeros, not none: TensorFlow's. */
static tare_status sign_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_zeros_like(g->inputs[0]);
    return TARE_OK;
}

/* ---- examples: ranges keep away from kinks and singular points */

#define SHAPES(low, high, flags)                                                                   \
    {"[3,5]", "", low, high, NULL, flags}, {"[]", "", low, high, NULL, flags},                     \
        {"[0,3]", "", low, high, NULL, flags}, {                                                   \
        "[2,1,7]", "", low, high, NULL, flags                                                      \
    }
#define REFUSED(got)                                                                               \
    {got "[2]", "", 0, 0, "of dtype", 0}, { NULL, NULL, 0, 0, NULL, 0 }
enum { STEPS = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example around_zero[] = {SHAPES(-3, 3, 0), REFUSED("bool")};
static const tare_example above_zero[] = {SHAPES(0.2, 4, 0), REFUSED("int32")};
static const tare_example floating[] = {SHAPES(-3, 3, 0), REFUSED("int64")};
static const tare_example above_minus_one[] = {SHAPES(-0.8, 3, 0), REFUSED("bool")};
static const tare_example steps[] = {SHAPES(-3, 3, STEPS), REFUSED("bool")};
static const tare_example tests[] = {SHAPES(-3, 3, STEPS | TARE_EXAMPLE_NO_NAN), REFUSED("int32")};
static const tare_example booleans[] = {
    {"bool[3,5]", "", 0, 0, NULL, STEPS}, {"bool[0]", "", 0, 0, NULL, STEPS}, REFUSED("float32")};

/* ---- the family: op(name, node name, kernel, gradient, examples) */

/* clang-format off */
#define UNARY_OPS(op)                                                         \
    op(negative, "Neg", NEGATIVE, negative_gradient, around_zero)             \
    op(abs, "Abs", ABS, abs_gradient, above_zero_or_whole)                    \
    op(exp, "Exp", EXP, exp_gradient, floating)                               \
    op(expm1, "Expm1", EXPM1, expm1_gradient, floating)                       \
    op(log, "Log", LOG, log_gradient, above_zero)                             \
    op(log1p, "Log1p", LOG1P, log1p_gradient, above_minus_one)                \
    op(sqrt, "Sqrt", SQRT, sqrt_gradient, above_zero)                         \
    op(rsqrt, "Rsqrt", RSQRT, rsqrt_gradient, above_zero)                     \
    op(square, "Square", SQUARE, square_gradient, around_zero)                \
    op(reciprocal, "Reciprocal", RECIPROCAL, reciprocal_gradient, above_zero) \
    op(sin, "Sin", SIN, sin_gradient, floating)                               \
    op(cos, "Cos", COS, cos_gradient, floating)                               \
    op(erf, "Erf", ERF, erf_gradient, floating)                               \
    op(sign, "Sign", SIGN, sign_gradient, above_zero_or_whole)                \
    op(floor, "Floor", FLOOR, NULL, steps)                                    \
    op(ceil, "Ceil", CEIL, NULL, steps)                                       \
    op(round, "Round", ROUND, NULL, steps)                                    \
    op(logical_not, "LogicalNot", LOGICAL_NOT, NULL, booleans)                \
    op(is_nan, "IsNan", IS_NAN, NULL, tests)                                  \
    op(is_finite, "IsFinite", IS_FINITE, NULL, tests)
/* clang-format on */
static const tare_example above_zero_or_whole[] = {SHAPES(0.2, 4, 0), REFUSED("bool")};

extern const tare_op_def tare_unary_ops[];

#define PLACE(name, node, which, gradient, examples) AT_##name,
enum { UNARY_OPS(PLACE) AT_END };
#define FUNCTIONS(name, node, which, gradient, examples)                                           \
    TARE_UNARY_FUNCTIONS(name, which, tare_unary_ops)
UNARY_OPS(FUNCTIONS)
#define DEF(name_, node, which, gradient_, examples_)                                              \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .min_inputs = 1,                                                               \
                    .max_inputs = 1,                                                               \
                    .output_count = 1,                                                             \
                    .infer = name_##_infer,                                                        \
                    .gradient = gradient_,                                                         \
                    .prepare = name_##_prepare,                                                    \
                    .run = tare_unary_step,                                                        \
                    .can = &tare_elementwise_can,                                                  \
                    .examples = examples_},
const tare_op_def tare_unary_ops[] = {UNARY_OPS(DEF)[AT_END] = {.name = NULL}};
