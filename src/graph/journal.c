/* SPDX-License-Identifier: Apache-2.0 */
/* The maps of a graph, and the journal of their changes, so that an attempt that fails can take
 * them back. */
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
