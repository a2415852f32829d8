/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_k: the k greatest numbers along the last axis (output 0), greatest first, and where they
 * stand (output 1, int32); of equals the first one leads, NaN leads all. in_top_k: whether a target
 * is among the k greatest.
 *
 *     y[.., j] = x[.., index[.., j]]
 *     dx = top_k_gradient(dy, index, x): dy at the indices, 0 elsewhere
 *          its gradient for dy picks at the indices: top_k_pick(u, index)
 *
 * Source: TensorFlow r1.15, core/kernels/topk_op.cc, in_topk_op.h, python/ops/nn_grad.py.
 */
#include "kernel/top_k.h"

#include "kernel/gather.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_top_k_ops[];
enum { TOP_K, TOP_K_GRADIENT, TOP_K_PICK, IN_TOP_K };

#define TOP_K_FIELDS(field)                                                                        \
    field(integer, k, 1, "how many") field(text, name, NULL, "name of the node")
TARE_OPTIONS(top_k_options, TOP_K_FIELDS);
#define TARE_TABLE_STRUCT top_k_options
TARE_OPTION_TABLE(static, top_k_table, TOP_K_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static bool orderable(tare_dtype dtype, const void *unused) {
    return tare_dtype_is_number(dtype, unused) || dtype == TARE_UINT8;
}

static tare_status check_k(const tare_infer *infer) {
    const top_k_options *options = infer->options;
    if (options->k >= 0 && options->k <= INT32_MAX) return TARE_OK;
    char got[64];
    tare_print(got, sizeof got, "k %lld", (long long)options->k);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "k in 0..2147483647");
}

static tare_status top_k_infer(tare_infer *infer) {
    const top_k_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "x", orderable, NULL));
    TARE_TRY(check_k(infer));
    TARE_TRY(tare_infer_rank_at_least(infer, 0, 1, "x"));
    tare_shape y = infer->inputs[0].shape;
    if (y.rank > 0) {
        const int64_t count = y.extents[y.rank - 1];
        if (count >= 0 && count < options->k)
            return tare_infer_refuse_shape(infer, 0, "x", "a last axis of k numbers at least");
        if (count > INT32_MAX)
            return tare_infer_refuse_shape(infer, 0, "x", "a last axis that int32 can count");
        y.extents[y.rank - 1] = options->k;
    }
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, y};
    infer->outputs[1] = (tare_type){TARE_INT32, y};
    return TARE_OK;
}

/* An index for every number of `small`, which is `large` but for the last axis. */
static tare_status check_rows(const tare_infer *infer, int small, int large) {
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    if (infer->inputs[1].dtype != TARE_INT32) {
        char got[96];
        tare_print(got, sizeof got, "indices of dtype %s", tare_dtype_name(infer->inputs[1].dtype));
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, "int32");
    }
    if (!tare_shape_compatible(infer->inputs[small].shape, infer->inputs[1].shape))
        return tare_infer_refuse_shapes(infer, small, 1, "an index for every number");
    tare_shape rows = infer->inputs[large].shape;
    const tare_shape picked = infer->inputs[1].shape;
    if (rows.rank > 0) rows.extents[rows.rank - 1] = TARE_ANY;
    if (rows.rank != 0 && tare_shape_compatible(rows, picked)) return TARE_OK;
    return tare_infer_refuse_shapes(infer, large, 1, "shapes that differ in the last axis alone");
}

/* dy, indices, x for its shape */
static tare_status top_k_gradient_infer(tare_infer *infer) {
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[2].shape};
    return check_rows(infer, 0, 2);
}

/* u, indices */
static tare_status top_k_pick_infer(tare_infer *infer) {
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
    return check_rows(infer, 1, 0);
}

static tare_status in_top_k_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "predictions"));
    TARE_TRY(tare_infer_dtype(infer, 1, "targets", tare_dtype_is_index, NULL));
    TARE_TRY(check_k(infer));
    TARE_TRY(tare_infer_rank(infer, 0, 2, "predictions"));
    TARE_TRY(tare_infer_rank(infer, 1, 1, "targets"));
    const tare_shape x = infer->inputs[0].shape, targets = infer->inputs[1].shape;
    tare_shape rows = TARE_SHAPE(x.rank < 0 ? TARE_ANY : x.extents[0]);
    if (!tare_shape_merge(rows, targets, &rows))
        return tare_infer_refuse_shapes(infer, 0, 1, "a target for every row");
    infer->outputs[0] = (tare_type){TARE_BOOL, rows};
    return TARE_OK;
}

/* ---- steps */

typedef struct top_k {
    tare_top_k rows;
    tare_dtype dtype;
    size_t index_size;
    const char *op, *node;
} top_k;

static tare_status prepare_rows(tare_prepare *prepare, tare_shape x, int64_t k) {
    const top_k state = {
        .rows = {.rows = tare_extents_product(x, 0, x.rank - 1),
                 .count = x.extents[x.rank - 1],
                 .k = k},
        .dtype = prepare->inputs[0].dtype,
        .index_size = prepare->input_count < 2 ? 0 : tare_dtype_size(prepare->inputs[1].dtype),
        .op = prepare->op,
        .node = tare_arena_text(prepare->arena, prepare->node)};
    if (!state.node) return tare_fail_memory(prepare->error);
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* Indices are made also when nobody reads them. */
static tare_status top_k_step(const tare_run *run) {
    const top_k *state = run->state;
    tare_top_k_run(&state->rows, state->dtype, run->inputs[0], run->outputs[0],
                   run->outputs[1] ? run->outputs[1] : run->scratch, run->pool);
    return TARE_OK;
}

static tare_status top_k_prepare(tare_prepare *prepare) {
    const top_k_options *options = prepare->options;
    if (!prepare->wanted[1])
        prepare->scratch_bytes = tare_output_count(prepare, 1) * (int64_t)sizeof(int32_t);
    return prepare_rows(prepare, prepare->inputs[0].shape, options->k);
}

static tare_status check_indices(const top_k *state, const tare_run *run) {
    const tare_top_k *t = &state->rows;
    const int64_t at = tare_index_check(run->inputs[1], sizeof(int32_t), t->rows * t->k, t->count);
    if (at < 0) return TARE_OK;
    char got[96], need[64];
    tare_print(got, sizeof got, "index %lld at position %lld",
               (long long)tare_index_at(run->inputs[1], sizeof(int32_t), at), (long long)at);
    tare_print(need, sizeof need, "indices in 0..%lld", (long long)t->count - 1);
    return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, state->op, state->node, got, need);
}

static tare_status top_k_gradient_step(const tare_run *run) {
    const top_k *state = run->state;
    TARE_TRY(check_indices(state, run));
    tare_row_put(&state->rows, state->dtype, run->inputs[0], run->inputs[1], run->outputs[0]);
    return TARE_OK;
}

static tare_status top_k_pick_step(const tare_run *run) {
    const top_k *state = run->state;
    TARE_TRY(check_indices(state, run));
    tare_row_pick(&state->rows, tare_dtype_size(state->dtype), run->inputs[0], run->inputs[1],
                  run->outputs[0]);
    return TARE_OK;
}

static int64_t last_extent(tare_shape shape) { return shape.extents[shape.rank - 1]; }

static tare_status top_k_gradient_prepare(tare_prepare *prepare) {
    return prepare_rows(prepare, prepare->outputs[0].shape, last_extent(prepare->inputs[1].shape));
}
static tare_status top_k_pick_prepare(tare_prepare *prepare) {
    return prepare_rows(prepare, prepare->inputs[0].shape, last_extent(prepare->inputs[1].shape));
}

static tare_status in_top_k_step(const tare_run *run) {
    const top_k *state = run->state;
    if (state->dtype == TARE_FLOAT64)
        tare_in_top_k_f64(&state->rows, run->inputs[0], run->inputs[1], state->index_size,
                          run->outputs[0]);
    else
        tare_in_top_k_f32(&state->rows, run->inputs[0], run->inputs[1], state->index_size,
                          run->outputs[0]);
    return TARE_OK;
}

static tare_status in_top_k_prepare(tare_prepare *prepare) {
    const top_k_options *options = prepare->options;
    return prepare_rows(prepare, prepare->inputs[0].shape, options->k);
}

/* ---- gradients */

static tare_tensor put(tare_tensor dy, tare_tensor indices, tare_tensor like) {
    const tare_tensor inputs[] = {dy, indices, like};
    return tare_build_node(NULL, &tare_top_k_ops[TOP_K_GRADIENT], NULL, inputs, 3, NULL);
}

static tare_tensor pick(tare_tensor u, tare_tensor indices) {
    const tare_tensor inputs[] = {u, indices};
    return tare_build_node(NULL, &tare_top_k_ops[TOP_K_PICK], NULL, inputs, 2, NULL);
}

static tare_status top_k_gradient(tare_gradient *g) {
    if (g->output_gradients[0].node)
        g->input_gradients[0] = put(g->output_gradients[0], g->outputs[1], g->inputs[0]);
    return TARE_OK;
}

static tare_status top_k_gradient_gradient(tare_gradient *g) {
    if (g->wanted[0]) g->input_gradients[0] = pick(g->output_gradients[0], g->inputs[1]);
    return TARE_OK;
}

static tare_status top_k_pick_gradient(tare_gradient *g) {
    if (g->wanted[0])
        g->input_gradients[0] = put(g->output_gradients[0], g->inputs[1], g->inputs[0]);
    return TARE_OK;
}

/* ---- the family */

enum { LOSES = TARE_EXAMPLE_NO_NAN, TEST = TARE_EXAMPLE_NO_GRADIENT | LOSES };
static const tare_example top_k_examples[] = {
    {"[3,6]", "k=2", 0, 0, NULL, 0},         {"[2,2,4]", "k=4", 0, 0, NULL, 0},
    {"[5]", "k=1", 0, 0, NULL, 0},           {"[2,3]", "k=0", 0, 0, NULL, 0},
    {"[0,3]", "k=2", 0, 0, NULL, 0},         {"int32[3,6]", "k=3", 0, 4, NULL, TEST},
    {"uint8[9]", "k=3", 0, 9, NULL, TEST},   {"[3,2]", "k=3", 0, 0, "k numbers at least", 0},
    {"[3,2]", "k=-1", 0, 0, "k -1", 0},      {"[]", "k=1", 0, 0, "at least rank 1", 0},
    {"bool[3]", "k=1", 0, 0, "of dtype", 0}, {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example top_k_gradient_examples[] = {
    {"[3,2] int32[3,2] [3,6]", "", 0, 6, NULL, 0},
    {"[3,2] int32[3,3] [3,6]", "", 0, 6, "every number", 0},
    {"[3,2] int32[3,2] [2,6]", "", 0, 6, "last axis alone", 0},
    {"[3,2] int64[3,2] [3,6]", "", 0, 6, "int32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example top_k_pick_examples[] = {
    {"[3,6] int32[3,2]", "", 0, 6, NULL, LOSES},
    {"[2,6] int32[3,2]", "", 0, 6, "last axis alone", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example in_top_k_examples[] = {{"[4,5] int32[4]", "k=2", 0, 5, NULL, TEST},
                                                 {"[4,5] int64[4]", "k=1", 0, 9, NULL, TEST},
                                                 {"[4,5] int32[4]", "k=0", 0, 5, NULL, TEST},
                                                 {"[0,5] int32[0]", "k=2", 0, 5, NULL, TEST},
                                                 {"[4,5] int32[3]", "k=2", 0, 0, "every row", 0},
                                                 {"[4,5] [4]", "k=2", 0, 0, "of dtype", 0},
                                                 {"[5] int32[1]", "k=2", 0, 0, "rank 2", 0},
                                                 {"int32[4,5] int32[4]", "k=2", 0, 0, "float32", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_top_k_ops[] = {
    [TOP_K] = {.name = "top_k",
               .node_name = "TopKV2",
               .table = &top_k_table,
               .min_inputs = 1,
               .max_inputs = 1,
               .output_count = 2,
               .infer = top_k_infer,
               .gradient = top_k_gradient,
               .prepare = top_k_prepare,
               .run = top_k_step,
               .examples = top_k_examples},
    [TOP_K_GRADIENT] = {.name = "top_k_gradient",
                        .node_name = "TopKGrad",
                        .min_inputs = 3,
                        .max_inputs = 3,
                        .output_count = 1,
                        .flags = TARE_OP_CAN_FAIL,
                        .shape_only = 1u << 2,
                        .infer = top_k_gradient_infer,
                        .gradient = top_k_gradient_gradient,
                        .prepare = top_k_gradient_prepare,
                        .run = top_k_gradient_step,
                        .examples = top_k_gradient_examples},
    [TOP_K_PICK] = {.name = "top_k_pick",
                    .node_name = "TopKPick",
                    .min_inputs = 2,
                    .max_inputs = 2,
                    .output_count = 1,
                    .flags = TARE_OP_CAN_FAIL,
                    .infer = top_k_pick_infer,
                    .gradient = top_k_pick_gradient,
                    .prepare = top_k_pick_prepare,
                    .run = top_k_pick_step,
                    .examples = top_k_pick_examples},
    [IN_TOP_K] = {.name = "in_top_k",
                  .node_name = "in_top_k/InTopKV2",
                  .table = &top_k_table,
                  .min_inputs = 2,
                  .max_inputs = 2,
                  .output_count = 1,
                  .infer = in_top_k_infer,
                  .prepare = in_top_k_prepare,
                  .run = in_top_k_step,
                  .examples = in_top_k_examples},
    {.name = NULL},
};

static top_k_options with_k(int64_t k, const tare_op_options *options) {
    top_k_options all = {TARE_DEFAULTS(top_k_options, TOP_K_FIELDS)};
    all.k = k;
    if (options) all.name = options->name;
    return all;
}

tare_tensor tare_top_k_with(tare_tensor x, int64_t k, const tare_op_options *options) {
    const top_k_options all = with_k(k, options);
    return tare_build_node(NULL, &tare_top_k_ops[TOP_K], NULL, &x, 1, &all);
}

tare_tensor tare_in_top_k_with(tare_tensor predictions, tare_tensor targets, int64_t k,
                               const tare_op_options *options) {
    const top_k_options all = with_k(k, options);
    const tare_tensor inputs[] = {predictions, targets};
    return tare_build_node(NULL, &tare_top_k_ops[IN_TOP_K], NULL, inputs, 2, &all);
}
