/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise arithmetic of two arguments with NumPy's broadcasting.
 *
 *     y = f(a, b)       da = sum_like(dy df/da, a),  db = sum_like(dy df/db, b)
 *
 * sum_like undoes the broadcasting, in one place (like.c). A maximum's gradient goes to a where
 * a >= b, a minimum's where a <= b, else to b. Whole numbers wrap; dividing them by 0 fails.
 *
 * Source: TensorFlow r1.15, core/kernels/cwise_ops.h and python/ops/math_grad.py.
 */
#include "op/affine.h"
#include "op/elementwise.h"
#include "op/like.h"
#include "op/order.h"
#include "op/pointwise_riding.h"
#include <tare/op.h>

/* ---- gradients */

/* Sets both gradients, each summed down to its input's shape. */
static void flow(tare_gradient *g, int input, tare_tensor gradient) {
    g->input_gradients[input] = tare_sum_like(gradient, g->inputs[input]);
}

static tare_status add_gradient(tare_gradient *g) {
    if (g->wanted[0]) flow(g, 0, g->output_gradients[0]);
    if (g->wanted[1]) flow(g, 1, g->output_gradients[0]);
    return TARE_OK;
}

static tare_status sub_gradient(tare_gradient *g) {
    if (g->wanted[0]) flow(g, 0, g->output_gradients[0]);
    if (g->wanted[1])
        g->input_gradients[1] = tare_negative(tare_sum_like(g->output_gradients[0], g->inputs[1]));
    return TARE_OK;
}

static tare_status mul_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], a = g->inputs[0], b = g->inputs[1];
    if (g->wanted[0]) flow(g, 0, tare_mul(dy, b));
    if (g->wanted[1]) flow(g, 1, tare_mul(dy, a));
    return TARE_OK;
}

static tare_status div_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], a = g->inputs[0], b = g->inputs[1];
    if (g->wanted[0]) flow(g, 0, tare_div(dy, b));
    if (g->wanted[1]) flow(g, 1, tare_mul(dy, tare_div(tare_div(tare_negative(a), b), b)));
    return TARE_OK;
}

static tare_status div_no_nan_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], a = g->inputs[0], b = g->inputs[1];
    if (g->wanted[0]) flow(g, 0, tare_div_no_nan(dy, b));
    if (g->wanted[1])
        flow(g, 1, tare_mul(dy, tare_div_no_nan(tare_div_no_nan(tare_negative(a), b), b)));
    return TARE_OK;
}

/* dy where first holds goes to a, the rest to b. */
static tare_status choice_gradient(tare_gradient *g, tare_tensor first) {
    const tare_tensor dy = g->output_gradients[0], zeros = tare_zeros_like(dy);
    if (g->wanted[0]) flow(g, 0, tare_where(first, dy, zeros));
    if (g->wanted[1]) flow(g, 1, tare_where(first, zeros, dy));
    return TARE_OK;
}

static tare_status maximum_gradient(tare_gradient *g) {
    return choice_gradient(g, tare_greater_equal(g->inputs[0], g->inputs[1]));
}

static tare_status minimum_gradient(tare_gradient *g) {
    return choice_gradient(g, tare_less_equal(g->inputs[0], g->inputs[1]));
}

static tare_status squared_difference_gradient(tare_gradient *g) {
    const tare_tensor slope =
        tare_square_gradient(g->output_gradients[0], tare_sub(g->inputs[0], g->inputs[1]));
    if (g->wanted[0]) flow(g, 0, slope);
    if (g->wanted[1]) g->input_gradients[1] = tare_negative(tare_sum_like(slope, g->inputs[1]));
    return TARE_OK;
}

/* The logarithm counts as 0 where a is not positive. */
static tare_status pow_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], a = g->inputs[0], b = g->inputs[1];
    if (g->wanted[0])
        flow(g, 0, tare_mul(tare_mul(dy, b), tare_pow(a, tare_sub(b, tare_number(1)))));
    if (g->wanted[1]) {
        const tare_tensor positive = tare_greater(a, tare_number(0));
        const tare_tensor safe = tare_where(positive, a, tare_ones_like(a));
        flow(g, 1, tare_mul(tare_mul(dy, g->outputs[0]), tare_log(safe)));
    }
    return TARE_OK;
}

static tare_status floormod_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0];
    if (g->wanted[0]) flow(g, 0, dy);
    if (g->wanted[1])
        flow(g, 1, tare_mul(dy, tare_negative(tare_floordiv(g->inputs[0], g->inputs[1]))));
    return TARE_OK;
}

/* The whole part of a / b is (a - remainder) / b. */
static tare_status truncatemod_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], a = g->inputs[0], b = g->inputs[1];
    if (g->wanted[0]) flow(g, 0, dy);
    if (g->wanted[1]) {
        const tare_tensor whole = tare_round(tare_div(tare_sub(g->outputs[0], a), b));
        flow(g, 1, tare_mul(dy, whole));
    }
    return TARE_OK;
}

static tare_status atan2_gradient(tare_gradient *g) {
    const tare_tensor a = g->inputs[0], b = g->inputs[1];
    const tare_tensor share =
        tare_div(g->output_gradients[0], tare_add(tare_square(a), tare_square(b)));
    if (g->wanted[0]) flow(g, 0, tare_mul(b, share));
    if (g->wanted[1]) flow(g, 1, tare_mul(tare_negative(a), share));
    return TARE_OK;
}

/* ---- whole quotients: a divisor of 0 fails when running */

typedef struct division {
    tare_binary_pass pass; /* first, so that the binary step runs over it */
    int64_t divisors;
    bool wide;
    const char *op, *node;
} division;

static tare_status division_step(const tare_run *run) {
    const division *state = run->state;
    for (int64_t i = 0; i < state->divisors; i++) {
        const int64_t divisor = state->wide ? ((const int64_t *)run->inputs[1])[i]
                                            : ((const int32_t *)run->inputs[1])[i];
        if (divisor == 0)
            return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, state->op, state->node,
                                "a divisor of 0", "divisors other than 0 for whole numbers");
    }
    return tare_binary_step(run);
}

static tare_status prepare_division(tare_prepare *prepare, tare_binary which) {
    TARE_TRY(tare_prepare_binary(prepare, which, 0));
    if (tare_dtype_is_floating(prepare->inputs[0].dtype, NULL)) return TARE_OK;
    const division state = {.pass = *(const tare_binary_pass *)prepare->state,
                            .divisors = tare_input_count(prepare, 1),
                            .wide = prepare->inputs[1].dtype == TARE_INT64,
                            .op = prepare->op,
                            .node = tare_arena_text(prepare->arena, prepare->node)};
    prepare->run = division_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- affine maps along the last axis */

bool tare_is_per_channel(const tare_lower *node) {
    const tare_type *x = node->type(node, node->inputs[0]), *v = node->type(node, node->inputs[1]);
    if (x->dtype != TARE_FLOAT32 && x->dtype != TARE_FLOAT64) return false;
    return v->shape.rank == 1 && x->shape.rank >= 1 &&
           v->shape.extents[0] == x->shape.extents[x->shape.rank - 1];
}

static tare_status add_make_affine(tare_lower *node, tare_affine *affine) {
    *affine = (tare_affine){.scale = TARE_NO_VALUE, .shift = node->inputs[1]};
    return TARE_OK;
}

static tare_status mul_make_affine(tare_lower *node, tare_affine *affine) {
    *affine = (tare_affine){.scale = node->inputs[1], .shift = TARE_NO_VALUE};
    return TARE_OK;
}

static tare_status sub_make_affine(tare_lower *node, tare_affine *affine) {
    affine->scale = TARE_NO_VALUE;
    return node->emit(node, "negative", NULL, &node->inputs[1], 1, &affine->shift, 1);
}

static const tare_capabilities add_can = {.rider = &tare_either_rider,
                                          .as_affine = tare_is_per_channel,
                                          .make_affine = add_make_affine,
                                          .is_sum = true,
                                          .any_order = UINT32_MAX,
                                          .reorder = tare_reorder_freely,
                                          .is_elementwise = tare_is_elementwise};
static const tare_capabilities sub_can = {.as_affine = tare_is_per_channel,
                                          .make_affine = sub_make_affine,
                                          .any_order = UINT32_MAX,
                                          .reorder = tare_reorder_freely,
                                          .is_elementwise = tare_is_elementwise};
static const tare_capabilities mul_can = {.as_affine = tare_is_per_channel,
                                          .make_affine = mul_make_affine,
                                          .any_order = UINT32_MAX,
                                          .reorder = tare_reorder_freely,
                                          .is_elementwise = tare_is_elementwise};

/* ---- examples */

#define BROADCASTS(low, high, flags)                                                               \
    {"[3,4] [3,4]", "", low, high, NULL, flags}, {"[3,4] [4]", "", low, high, NULL, flags},        \
        {"[3,1] [1,4]", "", low, high, NULL, flags}, {"[] [2,3]", "", low, high, NULL, flags},     \
        {"[2,1,4] [5,1]", "", low, high, NULL, flags}, {"[0,3] [3]", "", low, high, NULL, flags},  \
        {"[17,3] [3]", "", low, high, NULL, flags}, {                                              \
        "[3] [17,3]", "", low, high, NULL, flags                                                   \
    }
#define REFUSED                                                                                    \
    {"[3,4] [3]", "", 0, 0, "shapes that broadcast", 0},                                           \
        {"[3] int32[3]", "", 0, 0, "one dtype", 0}, {"bool[2] bool[2]", "", 0, 0, "of dtype", 0},  \
    {                                                                                              \
        NULL, NULL, 0, 0, NULL, 0                                                                  \
    }
#define WHOLES                                                                                     \
    {"int32[3,4] int32[4]", "", 1, 9, NULL, 0}, { "int64[3] int64[3]", "", 1, 9, NULL, 0 }
enum { STEPS = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example anywhere[] = {BROADCASTS(-2, 2, 0), WHOLES, REFUSED};
static const tare_example positive[] = {BROADCASTS(0.3, 3, 0), REFUSED};
static const tare_example positive_or_whole[] = {BROADCASTS(0.3, 3, 0), WHOLES, REFUSED};
static const tare_example steps[] = {BROADCASTS(0.3, 3, STEPS), WHOLES, REFUSED};
static const tare_example wholes[] = {
    WHOLES, {"[2] [2]", "", 0, 0, "of dtype", 0}, {NULL, NULL, 0, 0, NULL, 0}};

/* ---- the family: op(name, node name, kernel, gradient, prepare, capabilities, flags, examples) */

#define any_can       tare_elementwise_can
#define prepare_plain tare_prepare_plain_binary
/* clang-format off */
#define BINARY_OPS(op)                                                                     \
    op(add, "Add", ADD, add_gradient, plain, add_can, 0, anywhere)                         \
    op(sub, "Sub", SUB, sub_gradient, plain, sub_can, 0, anywhere)                         \
    op(mul, "Mul", MUL, mul_gradient, plain, mul_can, 0, anywhere)                         \
    op(div, "truediv", DIV, div_gradient, plain, any_can, 0, positive_or_whole)            \
    op(maximum, "Maximum", MAXIMUM, maximum_gradient, plain, any_can, 0, anywhere)         \
    op(minimum, "Minimum", MINIMUM, minimum_gradient, plain, any_can, 0, anywhere)         \
    op(squared_difference, "SquaredDifference", SQUARED_DIFFERENCE,                        \
       squared_difference_gradient, plain, any_can, 0, anywhere)                           \
    op(pow, "Pow", POW, pow_gradient, plain, any_can, 0, positive)                         \
    op(floordiv, "floordiv", FLOORDIV, NULL, division, any_can, TARE_OP_CAN_FAIL, steps)   \
    op(floormod, "FloorMod", FLOORMOD, floormod_gradient, division, any_can,               \
       TARE_OP_CAN_FAIL, steps)                                                            \
    op(truncatediv, "TruncateDiv", TRUNCATEDIV, NULL, division, any_can, TARE_OP_CAN_FAIL, \
       wholes)                                                                             \
    op(truncatemod, "TruncateMod", TRUNCATEMOD, truncatemod_gradient, division, any_can,   \
       TARE_OP_CAN_FAIL, steps)                                                            \
    op(atan2, "Atan2", ATAN2, atan2_gradient, plain, any_can, 0, positive)                 \
    op(div_no_nan, "div_no_nan", DIV_NO_NAN, div_no_nan_gradient, plain, any_can, 0,       \
       positive)
/* clang-format on */

extern const tare_op_def tare_binary_ops[];

#define PLACE(name, node, which, gradient, prepare, can, flags, examples) AT_##name,
enum { BINARY_OPS(PLACE) AT_END };
#define FUNCTIONS(name, node, which, gradient, how, can, flags, examples)                          \
    TARE_BINARY_FUNCTIONS(name, which, tare_binary_ops, prepare_##how)
BINARY_OPS(FUNCTIONS)
#define DEF(name_, node, which, gradient_, how, can_, flags_, examples_)                           \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .min_inputs = 2,                                                               \
                    .max_inputs = 2,                                                               \
                    .output_count = 1,                                                             \
                    .flags = flags_,                                                               \
                    .infer = name_##_infer,                                                        \
                    .gradient = gradient_,                                                         \
                    .prepare = name_##_prepare,                                                    \
                    .run = tare_binary_step,                                                       \
                    .can = &can_,                                                                  \
                    .examples = examples_},
const tare_op_def tare_binary_ops[] = {BINARY_OPS(DEF)[AT_END] = {.name = NULL}};
