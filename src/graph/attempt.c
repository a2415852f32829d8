/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts: a builder of several nodes that fails half way leaves the graph as it was. */
#include "graph/state.h"

/* The change is noted before it is made, so that whatever fails, what was changed is known. */
static bool note_change(tare_graph *graph, tare_graph_map map, const char *key) {
    if (!graph->attempts) return true;
    if (!tare_vector_reserve(&graph->allocator, &graph->changes, 1)) return false;
    const char *copy = tare_arena_text(graph->memory, key);
    if (!copy) return false;
    graph->changes.items[graph->changes.count++] =
        (tare_map_change){copy, tare_map_get(graph->maps[map], key, TARE_MAP_ABSENT), map};
    return true;
}

bool tare_graph_map_set(tare_graph *graph, tare_graph_map map, const char *key, int64_t value) {
    return note_change(graph, map, key) && tare_map_set(graph->maps[map], key, value);
}

/* Setting an entry that exists and removing one need no memory, so this cannot fail. */
void tare_map_changes_drop(tare_graph *graph, int64_t count) {
    while (graph->changes.count > count) {
        const tare_map_change *change = &graph->changes.items[--graph->changes.count];
        if (change->previous == TARE_MAP_ABSENT)
            tare_map_remove(graph->maps[change->map], change->key);
        else
            tare_map_set(graph->maps[change->map], change->key, change->previous);
    }
}

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
