/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lrn, local response normalisation over the last axis, and window_sum, of which its gradient is
 * made:
 *
 *     W(x)_c = x_{c - r} + .. + x_{c + r}                     dx = W(dy): the window is symmetric
 *     y = x n^-beta,  n = bias + alpha W(x^2)
 *     dx = dy n^-beta - 2 alpha beta x W(dy x n^(-beta - 1))
 *
 * Source: Krizhevsky et al. 2012, section 3.3; TensorFlow r1.15, core/kernels/lrn_op.cc.
 */
#include "kernel/lrn.h"

#include "op/rules.h"
#include <tare/op.h>

extern const tare_op_def tare_lrn_ops[];
enum { LRN, WINDOW_SUM };

#define TARE_TABLE_STRUCT tare_lrn_options
TARE_OPTION_TABLE(static, lrn_table, TARE_LRN_FIELDS);
#undef TARE_TABLE_STRUCT

#define WINDOW_SUM_FIELDS(field)                                                                   \
    field(integer, radius, 1, "half the window") field(text, name, NULL, "name of the node")
TARE_OPTIONS(window_sum_options, WINDOW_SUM_FIELDS);
#define TARE_TABLE_STRUCT window_sum_options
TARE_OPTION_TABLE(static, window_sum_table, WINDOW_SUM_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static tare_status infer_rows(tare_infer *infer, const char *name, int64_t radius) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    TARE_TRY(tare_infer_rank_at_least(infer, 0, 1, "x"));
    if (radius >= 0) return tare_infer_like_first(infer);
    char got[64];
    tare_print(got, sizeof got, "%s %lld", name, (long long)radius);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "0 or more");
}

static tare_status lrn_infer(tare_infer *infer) {
    const tare_lrn_options *options = infer->options;
    TARE_TRY(tare_infer_rank(infer, 0, 4, "x"));
    return infer_rows(infer, "depth_radius", options->depth_radius);
}

static tare_status window_sum_infer(tare_infer *infer) {
    const window_sum_options *options = infer->options;
    return infer_rows(infer, "radius", options->radius);
}

/* ---- steps */

#define LRN_STEP(name)                                                                             \
    static tare_status name##_step(const tare_run *run) {                                          \
        tare_##name(run->state, run->inputs[0], run->outputs[0], run->pool);                       \
        return TARE_OK;                                                                            \
    }
LRN_STEP(lrn_f32)
LRN_STEP(lrn_f64)
LRN_STEP(window_sum_f32)
LRN_STEP(window_sum_f64)

static tare_status prepare_rows(tare_prepare *prepare, tare_lrn state, tare_step_function f64) {
    const tare_shape x = prepare->inputs[0].shape;
    state.rows = tare_extents_product(x, 0, x.rank - 1);
    state.count = x.extents[x.rank - 1];
    if (prepare->inputs[0].dtype == TARE_FLOAT64) prepare->run = f64;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status lrn_prepare(tare_prepare *prepare) {
    const tare_lrn_options *options = prepare->options;
    const tare_lrn state = {.radius = options->depth_radius,
                            .bias = options->bias,
                            .alpha = options->alpha,
                            .beta = options->beta};
    return prepare_rows(prepare, state, lrn_f64_step);
}

static tare_status window_sum_prepare(tare_prepare *prepare) {
    const window_sum_options *options = prepare->options;
    return prepare_rows(prepare, (tare_lrn){.radius = options->radius}, window_sum_f64_step);
}

/* ---- gradients */

static tare_tensor window_sum(tare_tensor x, int64_t radius) {
    window_sum_options options = {TARE_DEFAULTS(window_sum_options, WINDOW_SUM_FIELDS)};
    options.radius = radius;
    return tare_build_node(NULL, &tare_lrn_ops[WINDOW_SUM], NULL, &x, 1, &options);
}

static tare_status lrn_gradient(tare_gradient *g) {
    const tare_lrn_options *o = g->options;
    const tare_tensor x = g->inputs[0], dy = g->output_gradients[0];
    const tare_tensor sums = window_sum(tare_square(x), o->depth_radius);
    const tare_tensor n = tare_add(tare_mul(sums, tare_number(o->alpha)), tare_number(o->bias));
    const tare_tensor direct = tare_mul(dy, tare_pow(n, tare_number(-o->beta)));
    const tare_tensor through = window_sum(tare_div(tare_mul(direct, x), n), o->depth_radius);
    const tare_tensor factor = tare_number(2 * o->alpha * o->beta);
    g->input_gradients[0] = tare_sub(direct, tare_mul(tare_mul(x, through), factor));
    return TARE_OK;
}

static tare_status window_sum_gradient(tare_gradient *g) {
    const window_sum_options *options = g->options;
    g->input_gradients[0] = window_sum(g->output_gradients[0], options->radius);
    return TARE_OK;
}

/* ---- the family */

static const tare_example lrn_examples[] = {
    {"[1,2,2,7]", "", 0, 0, NULL, 0},
    {"[2,1,3,4]", "depth_radius=2,bias=2,alpha=0.01,beta=0.75", 0, 0, NULL, 0},
    {"[1,1,2,3]", "depth_radius=0", 0, 0, NULL, 0},
    {"[1,1,2,1]", "alpha=0.5,beta=1.5", 0, 0, NULL, 0},
    {"[0,2,2,3]", "", 0, 0, NULL, 0},
    {"[2,3]", "", 0, 0, "rank 4", 0},
    {"[1,2,2,7]", "depth_radius=-1", 0, 0, "depth_radius -1", 0},
    {"int32[1,2,2,7]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example window_sum_examples[] = {
    {"[2,5]", "radius=1", 0, 0, NULL, 0},         {"[3]", "radius=9", 0, 0, NULL, 0},
    {"[2,0]", "radius=1", 0, 0, NULL, 0},         {"[]", "", 0, 0, "at least rank 1", 0},
    {"[2,5]", "radius=-1", 0, 0, "radius -1", 0}, {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_lrn_ops[] = {
    [LRN] = {.name = "lrn",
             .node_name = "LRN",
             .table = &lrn_table,
             .min_inputs = 1,
             .max_inputs = 1,
             .output_count = 1,
             .infer = lrn_infer,
             .gradient = lrn_gradient,
             .prepare = lrn_prepare,
             .run = lrn_f32_step,
             .examples = lrn_examples},
    [WINDOW_SUM] = {.name = "window_sum",
                    .node_name = "WindowSum",
                    .table = &window_sum_table,
                    .min_inputs = 1,
                    .max_inputs = 1,
                    .output_count = 1,
                    .infer = window_sum_infer,
                    .gradient = window_sum_gradient,
                    .prepare = window_sum_prepare,
                    .run = window_sum_f32_step,
                    .examples = window_sum_examples},
    {.name = NULL},
};

tare_tensor tare_lrn_with(tare_tensor x, const tare_lrn_options *options) {
    return tare_build_node(NULL, &tare_lrn_ops[LRN], NULL, &x, 1, options);
}
