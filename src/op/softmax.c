/* SPDX-License-Identifier: Apache-2.0 */
/*
 * softmax and log_softmax along an axis.
 *
 *     softmax       y = e^x / sum e^x        dx = (dy - sum dy y) y     softmax_gradient
 *     log_softmax   y = x - log sum e^x      dx = dy - e^y sum dy       log_softmax_gradient
 *
 * The gradients are ops of their own, linear in dy, and can be differentiated again.
 *
 * Source: TensorFlow r1.15, core/kernels/softmax_op_functor.h, python/ops/nn_grad.py.
 */
#include "kernel/softmax.h"

#include "op/rules.h"
#include <tare/op.h>

extern const tare_op_def tare_softmax_ops[];
enum { SOFTMAX, LOG_SOFTMAX, SOFTMAX_GRADIENT, LOG_SOFTMAX_GRADIENT };

#define TARE_TABLE_STRUCT tare_softmax_options
TARE_OPTION_TABLE(static, softmax_table, TARE_SOFTMAX_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status softmax_infer(tare_infer *infer) {
    const tare_softmax_options *options = infer->options;
    TARE_TRY(tare_infer_floating(infer, 0, "logits"));
    TARE_TRY(tare_infer_all_alike(infer));
    int axis = 0;
    if (infer->outputs[0].shape.rank < 0) return TARE_OK;
    return tare_infer_axis(infer, options->axis, infer->outputs[0].shape.rank, &axis);
}

/* ---- steps */

#define ONE(name, type)                                                                            \
    static tare_status name##_step(const tare_run *run) {                                          \
        tare_##name(run->state, run->inputs[0], run->outputs[0], run->pool);                       \
        return TARE_OK;                                                                            \
    }
#define TWO(name, type)                                                                            \
    static tare_status name##_step(const tare_run *run) {                                          \
        tare_##name(run->state, run->inputs[0], run->inputs[1], run->outputs[0], run->pool);       \
        return TARE_OK;                                                                            \
    }
ONE(softmax_f32, float)
ONE(softmax_f64, double)
ONE(log_softmax_f32, float)
ONE(log_softmax_f64, double)
TWO(softmax_gradient_f32, float)
TWO(softmax_gradient_f64, double)
TWO(log_softmax_gradient_f32, float)
TWO(log_softmax_gradient_f64, double)

static tare_status prepare_as(tare_prepare *prepare, tare_step_function f32,
                              tare_step_function f64) {
    const tare_softmax_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const tare_middle m = tare_shape_around(x, tare_shape_axis(options->axis, x.rank));
    const tare_softmax state = {.outer = m.outer, .count = m.count, .inner = m.inner};
    prepare->run = prepare->inputs[0].dtype == TARE_FLOAT64 ? f64 : f32;
    prepare->in_place = 0;
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define PREPARE(name)                                                                              \
    static tare_status name##_prepare(tare_prepare *prepare) {                                     \
        return prepare_as(prepare, name##_f32_step, name##_f64_step);                              \
    }
PREPARE(softmax)
PREPARE(log_softmax)
PREPARE(softmax_gradient)
PREPARE(log_softmax_gradient)

/* ---- gradients */

static tare_tensor build_pair(int op, tare_tensor dy, tare_tensor y, const void *options) {
    const tare_tensor inputs[] = {dy, y};
    return tare_build_node(NULL, &tare_softmax_ops[op], NULL, inputs, 2, options);
}

static tare_status softmax_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        build_pair(SOFTMAX_GRADIENT, g->output_gradients[0], g->outputs[0], g->options);
    return TARE_OK;
}

static tare_status log_softmax_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        build_pair(LOG_SOFTMAX_GRADIENT, g->output_gradients[0], g->outputs[0], g->options);
    return TARE_OK;
}

/* Sum along the axis, which stays with extent 1. */
static tare_tensor sum_along(const tare_gradient *g, tare_tensor x) {
    const tare_softmax_options *options = g->options;
    return tare_reduce_sum(x, .axis = TARE_LIST(options->axis), .keepdims = true);
}

/* g = (dy - s) y with s = sum dy y:  for dy the same of u,  for y  u (dy - s) - dy sum u y. */
static tare_status softmax_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], y = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = build_pair(SOFTMAX_GRADIENT, u, y, g->options);
    if (g->wanted[1]) {
        const tare_tensor centred = tare_sub(dy, sum_along(g, tare_mul(dy, y)));
        const tare_tensor share = sum_along(g, tare_mul(u, y));
        g->input_gradients[1] = tare_sub(tare_mul(u, centred), tare_mul(dy, share));
    }
    return TARE_OK;
}

/* g = dy - e^y sum dy:  for dy  u - sum e^y u,  for y  -u e^y sum dy. */
static tare_status log_softmax_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0];
    const tare_tensor weighted = tare_mul(u, tare_exp(g->inputs[1]));
    if (g->wanted[0]) g->input_gradients[0] = tare_sub(u, sum_along(g, weighted));
    if (g->wanted[1]) g->input_gradients[1] = tare_negative(tare_mul(weighted, sum_along(g, dy)));
    return TARE_OK;
}

/* ---- the family */

static const tare_example softmax_examples[] = {
    {"[3,4]", "", 0, 0, NULL, 0},
    {"[3,5]", "axis=0", 0, 0, NULL, 0},
    {"[2,3,4]", "axis=1", 0, 0, NULL, 0},
    {"[5]", "axis=0", 0, 0, NULL, 0},
    {"[2,1]", "", 0, 0, NULL, 0},
    {"[3,40]", "", -8, 8, NULL, TARE_EXAMPLE_NO_SECOND_GRADIENT},
    {"[0,4]", "", 0, 0, NULL, 0},
    {"[4,0]", "", 0, 0, NULL, 0},
    {"[3,4]", "axis=2", 0, 0, "axis 2", 0},
    {"[]", "", 0, 0, "no axis", 0},
    {"int32[3]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example pair_examples[] = {{"[3,4] [3,4]", "", 0, 0, NULL, 0},
                                             {"[2,3,4] [2,3,4]", "axis=1", 0, 0, NULL, 0},
                                             {"[0,4] [0,4]", "", 0, 0, NULL, 0},
                                             {"[3,4] [3,5]", "", 0, 0, "one shape", 0},
                                             {NULL, NULL, 0, 0, NULL, 0}};

#define SOFTMAX_OP(function, node, inputs, examples_)                                              \
    {                                                                                              \
        .name = #function, .node_name = node, .table = &softmax_table, .min_inputs = inputs,       \
        .max_inputs = inputs, .output_count = 1, .infer = softmax_infer,                           \
        .gradient = function##_gradient, .prepare = function##_prepare,                            \
        .run = function##_f32_step, .examples = examples_                                          \
    }

const tare_op_def tare_softmax_ops[] = {
    [SOFTMAX] = SOFTMAX_OP(softmax, "Softmax", 1, softmax_examples),
    [LOG_SOFTMAX] = SOFTMAX_OP(log_softmax, "LogSoftmax", 1, softmax_examples),
    [SOFTMAX_GRADIENT] = SOFTMAX_OP(softmax_gradient, "SoftmaxGrad", 2, pair_examples),
    [LOG_SOFTMAX_GRADIENT] = SOFTMAX_OP(log_softmax_gradient, "LogSoftmaxGrad", 2, pair_examples),
    {.name = NULL},
};

tare_tensor tare_softmax_with(tare_tensor logits, const tare_softmax_options *options) {
    return tare_build_node(NULL, &tare_softmax_ops[SOFTMAX], NULL, &logits, 1, options);
}

tare_tensor tare_log_softmax_with(tare_tensor logits, const tare_softmax_options *options) {
    return tare_build_node(NULL, &tare_softmax_ops[LOG_SOFTMAX], NULL, &logits, 1, options);
}
