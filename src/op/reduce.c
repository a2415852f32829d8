/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions over axes.
 *
 *     sum, mean       dx = dy (/ count), repeated
 *     max, min        dx = dy / (number of equals), where x is the extreme
 *     prod            dx = dy times the product of all the others, exact with zeros
 *     logsumexp       y = max + log sum e^(x - max)        dx = dy e^(x - y)
 *     any, all        of booleans
 *
 * A sum over no elements is 0, a product 1, a maximum -infinity, a mean NaN; the mean of whole
 * numbers is their sum divided towards 0.
 *
 * Source: TensorFlow r1.15, core/kernels/reduction_ops_common.h, python/ops/math_grad.py and
 * math_ops.py.
 */
#include "kernel/elementwise.h"
#include "kernel/others.h"
#include "kernel/strided.h"
#include "op/like.h"
#include "op/order.h"
#include "op/reduction.h"
#include <tare/op.h>

#include <math.h>
#include <string.h>

#define TARE_TABLE_STRUCT tare_reduce_options
TARE_OPTION_TABLE(static, reduce_table, TARE_REDUCE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static tare_status infer_shape(tare_infer *infer) {
    const tare_reduce_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0].dtype = infer->inputs[0].dtype;
    if (x.rank == TARE_UNKNOWN_RANK) {
        const bool all = options->axis.count == 0 && !options->keepdims;
        infer->outputs[0].shape = all ? TARE_SCALAR : TARE_ANY_SHAPE;
        return TARE_OK;
    }
    uint32_t mask = 0;
    TARE_TRY(tare_infer_axes(infer, options->axis, x.rank, &mask));
    infer->outputs[0].shape = tare_reduced_shape(x, mask, options->keepdims);
    return TARE_OK;
}

static tare_status number_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_number, NULL));
    return infer_shape(infer);
}
static tare_status floating_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_floating, NULL));
    return infer_shape(infer);
}
static tare_status bool_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_bool, NULL));
    return infer_shape(infer);
}

/* The axes as a mask; infer has looked at them. */
static uint32_t mask_of(tare_list axes, int rank) {
    if (axes.count == 0) return (1u << rank) - 1;
    uint32_t mask = 0;
    for (int i = 0; i < axes.count; i++) mask |= 1u << tare_shape_axis(axes.values[i], rank);
    return mask;
}

/* ---- steps */

static tare_status prepare_as(tare_prepare *prepare, tare_reduce which, bool mean) {
    const tare_reduce_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const uint32_t mask = mask_of(options->axis, x.rank);
    int64_t count = 1;
    bool reduces = false;
    for (int d = 0; d < x.rank; d++) {
        if (!(mask >> d & 1)) continue;
        count *= x.extents[d];
        reduces = reduces || x.extents[d] != 1;
    }
    if (!reduces && which != TARE_REDUCE_ANY && which != TARE_REDUCE_ALL)
        return tare_alias_prepare(prepare);
    return tare_prepare_reduction(prepare, which, x.rank, x.extents, mask,
                                  mean ? (double)count : 1);
}

/* log sum e^(x - max): a maximum, powers in scratch, a sum. */
typedef struct logsumexp {
    tare_reduction max, sum;
    tare_binary_pass shift, back;
    tare_unary_pass exp, log;
    int64_t count, powers_at, shift_at, reduce_at; /* of results; offsets in scratch */
    bool wide;
} logsumexp;

/* A maximum that is not finite is not subtracted. */
static void make_finite(const logsumexp *state, void *max) {
    for (int64_t i = 0; i < state->count; i++) {
        if (state->wide && !isfinite(((double *)max)[i])) ((double *)max)[i] = 0;
        if (!state->wide && !isfinite(((float *)max)[i])) ((float *)max)[i] = 0;
    }
}

static tare_status logsumexp_step(const tare_run *run) {
    const logsumexp *state = run->state;
    char *scratch = run->scratch;
    char *powers = scratch + state->powers_at, *shift = scratch + state->shift_at,
         *rest = scratch + state->reduce_at;
    void *y = run->outputs[0];
    tare_reduction_run(&state->max, run->inputs[0], scratch, rest, run->pool);
    make_finite(state, scratch);
    tare_binary_run(&state->shift, run->inputs[0], scratch, powers, shift, run->pool);
    tare_unary_run(&state->exp, powers, powers, run->pool);
    tare_reduction_run(&state->sum, powers, y, rest, run->pool);
    tare_unary_run(&state->log, y, y, run->pool);
    tare_binary_run(&state->back, y, scratch, y, NULL, run->pool);
    return TARE_OK;
}

static int64_t aligned(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

static tare_status logsumexp_prepare(tare_prepare *prepare) {
    const tare_reduce_options *options = prepare->options;
    const tare_type *x = &prepare->inputs[0];
    const uint32_t mask = mask_of(options->axis, x->shape.rank);
    const tare_shape kept = tare_reduced_shape(x->shape, mask, true);
    const int64_t count = tare_shape_count(kept), all = tare_shape_count(x->shape);
    logsumexp state = {.count = count, .wide = x->dtype == TARE_FLOAT64};
    tare_reduction_plan(&state.max, TARE_REDUCE_MAX, x->dtype, x->shape.rank, x->shape.extents,
                        mask, 1);
    tare_reduction_plan(&state.sum, TARE_REDUCE_SUM, x->dtype, x->shape.rank, x->shape.extents,
                        mask, 1);
    tare_binary_plan(&state.shift, TARE_BINARY_SUB, x->dtype, x->shape, kept, 0);
    tare_binary_plan(&state.back, TARE_BINARY_ADD, x->dtype, TARE_SHAPE(count), TARE_SHAPE(count),
                     0);
    tare_unary_plan(&state.exp, TARE_UNARY_EXP, x->dtype, all, 0);
    tare_unary_plan(&state.log, TARE_UNARY_LOG, x->dtype, count, 0);
    const int64_t size = (int64_t)tare_dtype_size(x->dtype);
    state.powers_at = aligned(count * size + 1); /* there is scratch even for nothing */
    state.shift_at = state.powers_at + aligned(all * size);
    state.reduce_at = state.shift_at + aligned(tare_binary_scratch(&state.shift));
    prepare->scratch_bytes = state.reduce_at + (state.max.scratch_bytes > state.sum.scratch_bytes
                                                    ? state.max.scratch_bytes
                                                    : state.sum.scratch_bytes);
    prepare->run = logsumexp_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- gradients */

/* A reduction's result, or what flows into it, in the shape of x. */
static tare_tensor spread(const tare_gradient *g, tare_tensor y, bool mean) {
    const tare_reduce_options *options = g->options;
    return tare_broadcast_like(y, g->inputs[0], options->axis, mean);
}

static tare_status sum_gradient(tare_gradient *g) {
    g->input_gradients[0] = spread(g, g->output_gradients[0], false);
    return TARE_OK;
}

static tare_status mean_gradient(tare_gradient *g) {
    g->input_gradients[0] = spread(g, g->output_gradients[0], true);
    return TARE_OK;
}

static tare_status extreme_gradient(tare_gradient *g) {
    const tare_reduce_options *options = g->options;
    const tare_tensor x = g->inputs[0], chosen = tare_equal(x, spread(g, g->outputs[0], false));
    const tare_tensor is_extreme = tare_cast(chosen, tare_tensor_dtype(x));
    const tare_tensor equals = tare_reduce_sum(is_extreme, .axis = options->axis, .keepdims = true);
    g->input_gradients[0] =
        tare_mul(tare_div(is_extreme, equals), spread(g, g->output_gradients[0], false));
    return TARE_OK;
}

static tare_tensor build_others(int op, const tare_tensor *inputs, size_t count, tare_list axis);
enum { OTHERS, OTHERS_GRADIENT };

static tare_status prod_gradient(tare_gradient *g) {
    const tare_reduce_options *options = g->options;
    const tare_tensor others = build_others(OTHERS, g->inputs, 1, options->axis);
    g->input_gradients[0] = tare_mul(others, spread(g, g->output_gradients[0], false));
    return TARE_OK;
}

static tare_status logsumexp_gradient(tare_gradient *g) {
    const tare_tensor share = tare_exp(tare_sub(g->inputs[0], spread(g, g->outputs[0], false)));
    g->input_gradients[0] = tare_mul(spread(g, g->output_gradients[0], false), share);
    return TARE_OK;
}

/* ---- the order of axes */

/* What is left must come out in the order that it had. */
static bool reduce_reorder(const tare_lower *node, tare_reordering *to) {
    tare_reduce_options *options = to->options;
    const int rank = node->type(node, node->inputs[0])->shape.rank;
    uint32_t kept = 0;
    if (!options->keepdims) {
        to->outputs = 0;
        if (!tare_reordered_mask(to, ~mask_of(options->axis, rank) & ((1u << rank) - 1), &kept))
            return false;
    }
    options->axis = tare_reordered_axes(to, options->axis);
    return true;
}

static const tare_capabilities reduce_can = {.any_order = 1, .reorder = reduce_reorder};

/* ---- products of all the others, in the shape of x */

#define OTHERS_FIELDS(field)                                                                       \
    field(list, axis, TARE_NO_LIST, "axes of a group; none given: all")                            \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(others_options, OTHERS_FIELDS);
#define TARE_TABLE_STRUCT others_options
TARE_OPTION_TABLE(static, others_table, OTHERS_FIELDS);
#undef TARE_TABLE_STRUCT

typedef struct others {
    tare_others others;
    bool wide, derived;
} others;

static tare_status others_step(const tare_run *run) {
    const others *state = run->state;
    const void *u = state->derived ? run->inputs[1] : NULL;
    if (state->wide)
        tare_others_f64(&state->others, run->inputs[0], u, run->outputs[0], run->scratch);
    else
        tare_others_f32(&state->others, run->inputs[0], u, run->outputs[0], run->scratch);
    return TARE_OK;
}

static tare_status others_infer(tare_infer *infer) {
    const others_options *options = infer->options;
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    TARE_TRY(tare_infer_all_alike(infer));
    uint32_t mask = 0;
    if (infer->outputs[0].shape.rank < 0) return TARE_OK;
    return tare_infer_axes(infer, options->axis, infer->outputs[0].shape.rank, &mask);
}

static tare_status others_prepare(tare_prepare *prepare) {
    const others_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    others state = {.wide = prepare->inputs[0].dtype == TARE_FLOAT64,
                    .derived = prepare->input_count == 2};
    state.others = (tare_others){.rank = x.rank, .mask = mask_of(options->axis, x.rank)};
    memcpy(state.others.extents, x.extents, sizeof x.extents);
    prepare->scratch_bytes = tare_others_scratch(&state.others);
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status others_gradient(tare_gradient *g) {
    const others_options *options = g->options;
    const tare_tensor inputs[] = {g->inputs[0], g->output_gradients[0]};
    g->input_gradients[0] = build_others(OTHERS_GRADIENT, inputs, 2, options->axis);
    return TARE_OK;
}

extern const tare_op_def tare_others_ops[];
static tare_tensor build_others(int op, const tare_tensor *inputs, size_t count, tare_list axis) {
    others_options options = {TARE_DEFAULTS(others_options, OTHERS_FIELDS)};
    options.axis = axis;
    return tare_build_node(NULL, &tare_others_ops[op], NULL, inputs, count, &options);
}

/* A third gradient of reduce_prod, which is the second of these, is refused. */
enum { ONCE = TARE_EXAMPLE_NO_SECOND_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example others_examples[] = {{"[3,4]", "axis=1", 0.5, 1.5, NULL, ONCE},
                                               {"[2,3,2]", "axis=0,2", -1, 1, NULL, ONCE},
                                               {"[4]", "", -1, 1, NULL, ONCE},
                                               {"[0,3]", "axis=0", 0, 0, NULL, ONCE},
                                               {"[3]", "axis=1", 0, 0, "axis 1", 0},
                                               {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example others_gradient_examples[] = {
    {"[3,4] [3,4]", "axis=1", 0.5, 1.5, NULL, TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN},
    {"[3,4] [3]", "axis=1", 0, 0, "one shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_others_ops[] = {
    [OTHERS] = {.name = "prod_of_others",
                .node_name = "ProdOfOthers",
                .table = &others_table,
                .min_inputs = 1,
                .max_inputs = 1,
                .output_count = 1,
                .infer = others_infer,
                .gradient = others_gradient,
                .prepare = others_prepare,
                .run = others_step,
                .examples = others_examples},
    [OTHERS_GRADIENT] = {.name = "prod_of_others_gradient",
                         .node_name = "ProdOfOthersGrad",
                         .table = &others_table,
                         .min_inputs = 2,
                         .max_inputs = 2,
                         .output_count = 1,
                         .infer = others_infer,
                         .no_gradient = "at most two gradients through reduce_prod",
                         .prepare = others_prepare,
                         .run = others_step,
                         .examples = others_gradient_examples},
    {.name = NULL},
};

/* ---- examples */

#define AXES(dtype, low, high, flags)                                                              \
    {dtype "[3,4]", "", low, high, NULL, flags},                                                   \
        {dtype "[3,4]", "axis=0", low, high, NULL, flags},                                         \
        {dtype "[3,4]", "axis=-1,keepdims=true", low, high, NULL, flags},                          \
        {dtype "[2,3,4]", "axis=0,2", low, high, NULL, flags},                                     \
        {dtype "[2,3,2,2]", "axis=-2,1,keepdims=true", low, high, NULL, flags},                    \
        {dtype "[2,3]", "axis=[]", low, high, NULL, flags},                                        \
        {dtype "[]", "", low, high, NULL, flags}, {                                                \
        dtype "[0,3]", "axis=1", low, high, NULL, flags                                            \
    }
#define REFUSED                                                                                    \
    {"[3,4]", "axis=2", 0, 0, "axis 2", 0}, { "[3,4]", "axis=1,-1", 0, 0, "axes that differ", 0 }
#define END                                                                                        \
    { NULL, NULL, 0, 0, NULL, 0 }
enum {
    TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN,
    FIRST = TARE_EXAMPLE_NO_SECOND_GRADIENT
};
static const tare_example number_examples[] = {AXES("", -2, 2, 0),
                                               {"int32[3,4]", "axis=0", 0, 9, NULL, TEST},
                                               {"int64[3,4]", "axis=1", 0, 9, NULL, TEST},
                                               {"[70,3]", "axis=0", -2, 2, NULL, FIRST},
                                               REFUSED,
                                               {"bool[2]", "", 0, 0, "of dtype", 0},
                                               END};
static const tare_example extreme_examples[] = {AXES("", -2, 2, 0),
                                                {"int32[3,4]", "axis=0", 0, 9, NULL, TEST},
                                                REFUSED,
                                                {"bool[2]", "", 0, 0, "of dtype", 0},
                                                END};
static const tare_example prod_examples[] = {AXES("", 0.5, 1.5, 0),
                                             {"int32[3,4]", "axis=0", 0, 9, NULL, TEST},
                                             REFUSED,
                                             {"bool[2]", "", 0, 0, "of dtype", 0},
                                             END};
static const tare_example logsumexp_examples[] = {
    AXES("", -2, 2, 0), REFUSED, {"int32[2]", "", 0, 0, "of dtype", 0}, END};
static const tare_example bool_examples[] = {
    AXES("bool", 0, 0, TEST), {"[2]", "", 0, 0, "needs bool", 0}, END};

/* ---- the family: op(name, node name, kernel, mean, infer, gradient, examples) */

/* clang-format off */
#define REDUCTIONS(op)                                                            \
    op(reduce_sum, "Sum", SUM, false, number, sum_gradient, number_examples)      \
    op(reduce_mean, "Mean", SUM, true, number, mean_gradient, number_examples)    \
    op(reduce_max, "Max", MAX, false, number, extreme_gradient, extreme_examples) \
    op(reduce_min, "Min", MIN, false, number, extreme_gradient, extreme_examples) \
    op(reduce_prod, "Prod", PROD, false, number, prod_gradient, prod_examples)    \
    op(reduce_any, "Any", ANY, false, bool, NULL, bool_examples)                  \
    op(reduce_all, "All", ALL, false, bool, NULL, bool_examples)
/* clang-format on */

extern const tare_op_def tare_reduce_ops[];

#define PLACE(name, node, which, mean, infer, gradient, examples) AT_##name,
enum { REDUCTIONS(PLACE) AT_reduce_logsumexp, AT_END };
#define BUILDER(name)                                                                              \
    tare_tensor tare_##name##_with(tare_tensor x, const tare_reduce_options *options) {            \
        return tare_build_node(NULL, &tare_reduce_ops[AT_##name], NULL, &x, 1, options);           \
    }
#define FUNCTIONS(name, node, which, mean, infer, gradient, examples)                              \
    static tare_status name##_prepare(tare_prepare *prepare) {                                     \
        return prepare_as(prepare, TARE_REDUCE_##which, mean);                                     \
    }                                                                                              \
    BUILDER(name)
REDUCTIONS(FUNCTIONS)
BUILDER(reduce_logsumexp)
#define DEF(name_, node, which, mean, infer_, gradient_, examples_)                                \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .table = &reduce_table,                                                        \
                    .min_inputs = 1,                                                               \
                    .max_inputs = 1,                                                               \
                    .output_count = 1,                                                             \
                    .infer = infer_##_infer,                                                       \
                    .gradient = gradient_,                                                         \
                    .prepare = name_##_prepare,                                                    \
                    .run = tare_reduction_step,                                                    \
                    .can = &reduce_can,                                                            \
                    .examples = examples_},
const tare_op_def tare_reduce_ops[] = {
    REDUCTIONS(DEF)[AT_reduce_logsumexp] = {.name = "reduce_logsumexp",
                                            .node_name = "ReduceLogSumExp",
                                            .table = &reduce_table,
                                            .min_inputs = 1,
                                            .max_inputs = 1,
                                            .output_count = 1,
                                            .infer = floating_infer,
                                            .gradient = logsumexp_gradient,
                                            .prepare = logsumexp_prepare,
                                            .run = logsumexp_step,
                                            .can = &reduce_can,
                                            .examples = logsumexp_examples},
    [AT_END] = {.name = NULL}};
