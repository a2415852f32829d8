/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditionals: blocks whose nodes run on one side of a predicate only, and the op "merge" that
 * ends one.
 *
 *     merge(predicate, true_value, false_value) = predicate ? true_value : false_value
 *     d true_value = merge(predicate, dy, 0);  d false_value = merge(predicate, 0, dy)
 *
 * Source: TensorFlow 1, ops/control_flow_ops.py (cond), layers/utils.py (smart_cond: what is known
 * is decided when building).
 */
#include "graph/state.h"

#include "array/shape.h"
#include "base/status.h"

#include <string.h>

/* ---- blocks */

/* The truth of a constant or an immediate; -1: known only when running. */
static int32_t decided_truth(tare_tensor predicate) {
    if (predicate.immediate) return predicate.number != 0;
    const tare_node *node = tare_tensor_node(predicate);
    if (!node || !(node->def->flags & TARE_OP_CONSTANT)) return -1;
    const tare_constant_node_options *options = node->options;
    return tare_array_number(options->array, 0) != 0;
}

static bool is_scalar_bool(tare_tensor predicate) {
    return tare_tensor_dtype(predicate) == TARE_BOOL &&
           tare_shape_compatible(tare_tensor_shape(predicate), TARE_SCALAR);
}

static tare_status check_predicate(tare_graph *graph, tare_tensor predicate) {
    const char *need = "a scalar bool tensor of this graph, TARE_TRUE or TARE_FALSE";
    if (predicate.immediate == 2) return TARE_OK;
    if (predicate.immediate)
        return tare_graph_fail(graph, TARE_ERROR_TYPE, "cond", "", "a number as predicate", need);
    if (predicate.graph != graph || !tare_tensor_is_valid(predicate))
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "cond", "", "no predicate of this graph",
                               need);
    if (is_scalar_bool(predicate)) return TARE_OK;
    char shape[TARE_SHAPE_TEXT], got[224];
    tare_print(got, sizeof got, "predicate %s %s", tare_dtype_name(tare_tensor_dtype(predicate)),
               tare_shape_text(shape, tare_tensor_shape(predicate)));
    return tare_graph_fail(graph, TARE_ERROR_TYPE, "cond", tare_tensor_name(predicate), got, need);
}

/* Puts the scope's next nodes on a side; a side taken for certain is no branch at all. */
static tare_status enter_side(tare_graph *graph, tare_scope *scope, bool side) {
    const int32_t outside = scope[-1].branch;
    scope->branch = outside;
    if (scope->conditional.decided == (int32_t)side) return TARE_OK;
    const int32_t branch =
        tare_branch_add(graph, (tare_branch_side){scope->conditional.predicate, side, outside});
    if (branch < 0) return tare_graph_fail_memory(graph);
    scope->branch = branch;
    return TARE_OK;
}

static tare_status begin(tare_graph *graph, tare_scope *scope, tare_tensor predicate) {
    if (check_predicate(graph, predicate)) return graph->error.status;
    const int32_t decided = decided_truth(predicate);
    if (predicate.immediate) predicate = tare_build_immediate(graph, predicate, TARE_BOOL);
    if (!predicate.node) return graph->error.status;
    scope->conditional =
        (tare_conditional){{predicate.node, predicate.output}, decided, scope->name_scope};
    if (decided < 0 && tare_scope_enter_name(graph, scope, "cond")) return graph->error.status;
    scope->conditional.name_scope = scope->name_scope;
    return enter_side(graph, scope, true);
}

tare_status tare_cond_begin(tare_graph *graph, tare_tensor predicate) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    tare_scope *scope = tare_scope_push(graph, TARE_SCOPE_CONDITIONAL);
    if (graph->error.status) return graph->error.status;
    scope->conditional = (tare_conditional){.decided = -1};
    return begin(graph, scope, predicate);
}

tare_status tare_cond_otherwise(tare_graph *graph) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    if (graph->error.status) return graph->error.status;
    tare_scope *scope = tare_scope_now(graph);
    if (scope->kind != TARE_SCOPE_CONDITIONAL || scope->otherwise)
        return tare_graph_fail(graph, TARE_ERROR_STATE, "cond", "",
                               scope->otherwise
                                   ? "a second tare_cond_otherwise"
                                   : "tare_cond_otherwise without an open tare_cond_begin",
                               "begin, otherwise, end in this order, with inner scopes ended");
    scope->otherwise = true;
    return enter_side(graph, scope, false);
}

tare_status tare_cond_end(tare_graph *graph) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    const tare_scope *scope = tare_scope_now(graph);
    if (scope->kind == TARE_SCOPE_CONDITIONAL && !graph->lost_scopes)
        graph->ended = scope->conditional;
    return tare_scope_end(graph, TARE_SCOPE_CONDITIONAL);
}

/* ---- merging */

static bool is_operation(tare_tensor value) {
    const tare_node *node = tare_tensor_node(value);
    return node && node->output_count == 0;
}

/* Both sides are operations: an operation after whichever ran. */
static tare_tensor merge_operations(tare_graph *graph, const tare_placement *placement,
                                    const tare_tensor operations[2]) {
    tare_tensor merged = tare_graph_null(graph);
    if (tare_control_dependencies_begin(graph, operations, 2) == TARE_OK)
        merged = tare_build_placed(graph, &tare_graph_ops[TARE_GRAPH_OP_MERGE_OPERATIONS],
                                   placement, NULL, 0, NULL);
    tare_control_dependencies_end(graph);
    return merged;
}

static tare_tensor merge_at_run(tare_graph *graph, tare_tensor true_value,
                                tare_tensor false_value) {
    const tare_conditional *ended = &graph->ended;
    const tare_placement placement = {.scope = ended->name_scope};
    const tare_tensor inputs[3] = {
        tare_graph_tensor(graph, ended->predicate.node, ended->predicate.output), true_value,
        false_value};
    if (is_operation(true_value) && is_operation(false_value))
        return merge_operations(graph, &placement, inputs + 1);
    return tare_build_placed(graph, &tare_graph_ops[TARE_GRAPH_OP_MERGE], &placement, inputs, 3,
                             NULL);
}

tare_tensor tare_cond_merge(tare_graph *graph, tare_tensor true_value, tare_tensor false_value) {
    if (!graph || graph->error.status) return tare_graph_null(graph);
    if (!graph->ended.predicate.node)
        return tare_build_fail(graph, TARE_ERROR_STATE, "merge", "",
                               "no conditional that has ended",
                               "tare_cond_begin, tare_cond_otherwise and tare_cond_end before");
    if (graph->ended.decided < 0) return merge_at_run(graph, true_value, false_value);
    const tare_tensor taken = graph->ended.decided ? true_value : false_value;
    if (taken.immediate) return tare_build_immediate(graph, taken, TARE_FLOAT32);
    if (taken.graph == graph && tare_tensor_is_valid(taken)) return taken;
    return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "merge", "",
                           "no value of this graph for the side taken",
                           "a tensor or an operation that was built");
}

static tare_tensor build_blocks(tare_graph *graph, tare_tensor predicate, tare_branch true_branch,
                                tare_branch false_branch, void *user) {
    tare_cond_begin(graph, predicate);
    const tare_tensor true_value = true_branch(graph, user);
    tare_cond_otherwise(graph);
    const tare_tensor false_value = false_branch(graph, user);
    tare_cond_end(graph);
    return tare_cond_merge(graph, true_value, false_value);
}

tare_tensor tare_cond(tare_graph *graph, tare_tensor predicate, tare_branch true_branch,
                      tare_branch false_branch, void *user) {
    if (!graph || graph->error.status) return tare_graph_null(graph);
    if (!true_branch || !false_branch)
        return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "cond", "", "NULL for a branch",
                               "a function for each branch");
    if (check_predicate(graph, predicate)) return tare_graph_null(graph);
    const int32_t decided = decided_truth(predicate);
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_tensor value = tare_graph_null(graph);
    if (decided < 0)
        value = build_blocks(graph, predicate, true_branch, false_branch, user);
    else /* the function of the other side is not called at all */
        value = decided ? true_branch(graph, user) : false_branch(graph, user);
    tare_graph_attempt_end(graph, &attempt);
    return graph->error.status ? tare_graph_null(graph) : value;
}

/* ---- the op */

/* What is true of both shapes. */
static tare_shape common_shape(tare_shape a, tare_shape b) {
    if (a.rank != b.rank || a.rank < 0) return TARE_ANY_SHAPE;
    for (int i = 0; i < a.rank; i++)
        if (a.extents[i] != b.extents[i]) a.extents[i] = TARE_ANY;
    return a;
}

tare_status tare_merge_infer(tare_infer *infer) {
    const tare_type *predicate = &infer->inputs[0], *yes = &infer->inputs[1],
                    *no = &infer->inputs[2];
    if (predicate->dtype != TARE_BOOL || !tare_shape_compatible(predicate->shape, TARE_SCALAR))
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, "another predicate",
                                 "a scalar bool predicate");
    if (yes->dtype != no->dtype) {
        char got[96];
        tare_print(got, sizeof got, "%s on one side and %s on the other",
                   tare_dtype_name(yes->dtype), tare_dtype_name(no->dtype));
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, "one dtype on both sides");
    }
    infer->outputs[0] = (tare_type){yes->dtype, common_shape(yes->shape, no->shape)};
    return TARE_OK;
}

tare_status tare_merge_gradient(tare_gradient *gradient) {
    const tare_tensor dy = gradient->output_gradients[0];
    const tare_op_def *merge = &tare_graph_ops[TARE_GRAPH_OP_MERGE];
    /* Like dy, not like the input: that lies inside its branch. */
    const tare_tensor zeros = tare_build_named(gradient->graph, "zeros_like", NULL, &dy, 1);
    for (int side = 1; side <= 2; side++) {
        if (!gradient->wanted[side]) continue;
        const tare_tensor inputs[3] = {gradient->inputs[0], side == 1 ? dy : zeros,
                                       side == 1 ? zeros : dy};
        gradient->input_gradients[side] =
            tare_build_node(gradient->graph, merge, NULL, inputs, 3, NULL);
    }
    return tare_graph_status(gradient->graph);
}

tare_status tare_merge_prepare(tare_prepare *prepare) {
    const tare_type *type = &prepare->outputs[0];
    const int64_t count = tare_shape_count(type->shape);
    int64_t *bytes = tare_arena_allocate(prepare->arena, sizeof *bytes);
    if (!bytes) return tare_fail_memory(prepare->error);
    if (count < 0 || !tare_multiply_sizes(count, (int64_t)tare_dtype_size(type->dtype), bytes))
        return tare_fail_at(prepare->error, TARE_ERROR_SHAPE, prepare->op, prepare->node,
                            "sides of different shapes", "the same shape whichever side is taken");
    prepare->state = bytes;
    return TARE_OK;
}

/* Only the side that was taken has been computed, so only that one is read. */
tare_status tare_merge_run(const tare_run *run) {
    const bool *predicate = run->inputs[0];
    const int64_t *bytes = run->state;
    memcpy(run->outputs[0], run->inputs[*predicate ? 1 : 2], (size_t)*bytes);
    return TARE_OK;
}

tare_status tare_merge_operations_infer(tare_infer *infer) {
    infer->output_count = 0;
    return TARE_OK;
}

tare_status tare_merge_operations_run(const tare_run *run) {
    (void)run;
    return TARE_OK;
}
