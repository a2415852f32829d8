/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts: a builder of several nodes that fails half way leaves the graph as it was. */
#include "graph/state.h"

tare_graph_attempt tare_graph_attempt_begin(tare_graph *graph) {
    graph->attempts++;
    return (tare_graph_attempt){
        .nodes = graph->node_count,
        .names = graph->changes.count,
        .collection_items = graph->collection_order.count,
        .scopes = graph->scopes.count,
        .lost_scopes = graph->lost_scopes,
        .branches = graph->branches.count,
        .arrays = graph->arrays.count,
        .memory = tare_arena_where(graph->memory),
    };
}

void tare_graph_attempt_end(tare_graph *graph, const tare_graph_attempt *attempt) {
    if (graph->error.status) {
        tare_scopes_drop(graph, attempt->scopes);
        graph->lost_scopes = attempt->lost_scopes;
        tare_map_changes_drop(graph, attempt->names);
        tare_collections_drop(graph, attempt->collection_items);
        graph->branches.count = attempt->branches;
        tare_nodes_drop(graph, attempt->nodes, attempt->arrays, attempt->memory);
        if (graph->ended.predicate.node > attempt->nodes) graph->ended = (tare_conditional){0};
    }
    if (--graph->attempts == 0) graph->changes.count = 0;
}
