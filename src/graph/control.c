/* SPDX-License-Identifier: Apache-2.0 */
/* Control dependencies: operations that must have run before whatever is built inside the block. */
#include "graph/state.h"

static bool in_force(const tare_graph *graph, const tare_scope *scope, int32_t node) {
    for (int64_t i = scope->control_first; i < scope->control_end; i++)
        if (graph->controls.items[i] == node) return true;
    return false;
}

static tare_status add_control(tare_graph *graph, tare_scope *scope, tare_tensor operation) {
    if (operation.graph != graph || !tare_tensor_is_valid(operation))
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "control_dependencies", "",
                               operation.graph && operation.graph != graph
                                   ? "a tensor of another graph"
                                   : "a tensor that no builder made",
                               "operations or tensors of this graph");
    if (in_force(graph, scope, operation.node)) return TARE_OK;
    if (!tare_vector_reserve(&graph->allocator, &graph->controls, 1))
        return tare_graph_fail_memory(graph);
    graph->controls.items[graph->controls.count++] = operation.node;
    scope->control_end = graph->controls.count;
    return TARE_OK;
}

tare_status tare_control_dependencies_begin(tare_graph *graph, const tare_tensor *operations,
                                            size_t count) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    tare_scope *scope = tare_scope_push(graph, TARE_SCOPE_CONTROL);
    if (graph->error.status) return graph->error.status;
    if (!operations && count)
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "control_dependencies", "", "NULL",
                               "an array of operations");
    for (size_t i = 0; i < count; i++)
        if (add_control(graph, scope, operations[i])) break;
    return graph->error.status;
}

tare_status tare_control_dependencies_end(tare_graph *graph) {
    return tare_scope_end(graph, TARE_SCOPE_CONTROL);
}
