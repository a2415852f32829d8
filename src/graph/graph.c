/* SPDX-License-Identifier: Apache-2.0 */
/* A graph's life, its building error, and the small questions asked of it. */
#include "graph/state.h"

#include "base/status.h"

static bool make_parts(tare_graph *graph) {
    const tare_allocator *allocator = &graph->allocator;
    graph->memory = tare_arena_new(allocator);
    graph->texts = tare_arena_new(allocator);
    graph->ops = tare_map_new(allocator);
    graph->collection_keys = tare_map_new(allocator);
    graph->ranges = tare_allocate_zeroed(allocator, sizeof *graph->ranges);
    if (!graph->memory || !graph->texts || !graph->ops || !graph->collection_keys || !graph->ranges)
        return false;
    for (int i = 0; i < TARE_MAP_COUNT; i++) {
        graph->maps[i] = tare_map_new(allocator);
        if (!graph->maps[i]) return false;
    }
    if (!tare_vector_reserve(allocator, &graph->scopes, 8)) return false;
    if (!tare_vector_reserve(allocator, &graph->branches, 1)) return false;
    graph->scopes.items[graph->scopes.count++] = (tare_scope){
        .kind = TARE_SCOPE_ROOT, .name_scope = "", .variable_scope = "", .reuse = TARE_REUSE_FALSE};
    graph->branches.items[graph->branches.count++] = (tare_branch_side){.parent = 0};
    return true;
}

tare_graph *tare_graph_new_with(const tare_allocator *allocator) {
    if (!allocator) allocator = &tare_default_allocator;
    tare_graph *graph = tare_allocate_zeroed(allocator, sizeof *graph);
    if (!graph) return NULL;
    graph->allocator = *allocator;
    graph->name.allocator = &graph->allocator;
    graph->key.allocator = &graph->allocator;
    if (!make_parts(graph)) {
        tare_graph_free(graph);
        return NULL;
    }
    return graph;
}

tare_graph *tare_graph_new(void) { return tare_graph_new_with(NULL); }

void tare_graph_free(tare_graph *graph) {
    if (!graph) return;
    const tare_allocator allocator = graph->allocator;
    for (int64_t i = 0; i < graph->arrays.count; i++) tare_array_free(graph->arrays.items[i]);
    for (int64_t i = 0; i < graph->chunks.count; i++)
        tare_release(&allocator, graph->chunks.items[i], TARE_NODES_PER_CHUNK * sizeof(tare_node));
    for (int64_t i = 0; i < graph->collections.count; i++)
        tare_vector_free(&allocator, &graph->collections.items[i].items);
    for (int i = 0; i < TARE_MAP_COUNT; i++) tare_map_free(graph->maps[i]);
    tare_map_free(graph->ops);
    tare_map_free(graph->collection_keys);
    tare_vector_free(&allocator, &graph->chunks);
    tare_vector_free(&allocator, &graph->changes);
    tare_vector_free(&allocator, &graph->variables);
    tare_vector_free(&allocator, &graph->arrays);
    tare_vector_free(&allocator, &graph->collections);
    tare_vector_free(&allocator, &graph->collection_order);
    tare_vector_free(&allocator, &graph->scopes);
    tare_vector_free(&allocator, &graph->controls);
    tare_vector_free(&allocator, &graph->branches);
    tare_vector_free(&allocator, &graph->input_types);
    if (graph->ranges) tare_vector_free(&allocator, &graph->ranges->known);
    tare_release(&allocator, graph->ranges, sizeof *graph->ranges);
    tare_text_clear(&graph->name);
    tare_text_clear(&graph->key);
    tare_arena_free(graph->memory);
    tare_arena_free(graph->texts);
    tare_release(&allocator, graph, sizeof *graph);
}

/* ---- the building error */

tare_status tare_graph_status(const tare_graph *graph) {
    return graph ? graph->error.status : TARE_ERROR_ARGUMENT;
}

const char *tare_message(const tare_graph *graph) { return graph ? graph->error.message : ""; }

const tare_error *tare_graph_error(const tare_graph *graph) {
    return graph && graph->error.status ? &graph->error : NULL;
}

void tare_graph_clear_error(tare_graph *graph) {
    if (graph) tare_error_clear(&graph->error);
}

tare_status tare_graph_fail(tare_graph *graph, tare_status status, const char *op, const char *node,
                            const char *got, const char *need) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    if (!graph->error.status) tare_fail_at(&graph->error, status, op, node, got, need);
    return graph->error.status;
}

tare_status tare_graph_fail_memory(tare_graph *graph) {
    if (!graph->error.status) tare_fail_memory(&graph->error);
    return graph->error.status;
}

tare_tensor tare_graph_null(tare_graph *graph) { return (tare_tensor){.graph = graph}; }

tare_tensor tare_build_fail(tare_graph *graph, tare_status status, const char *op, const char *node,
                            const char *got, const char *need) {
    tare_graph_fail(graph, status, op, node, got, need);
    return tare_graph_null(graph);
}

/* ---- small questions */

void tare_graph_set_seed(tare_graph *graph, uint64_t seed) {
    if (!graph) return;
    graph->seed = seed;
    graph->revision++;
}

const tare_allocator *tare_graph_allocator(const tare_graph *graph) { return &graph->allocator; }

uint64_t tare_graph_revision(const tare_graph *graph) { return graph->revision; }

int64_t tare_graph_variable_count(const tare_graph *graph) { return graph->variables.count; }

int32_t tare_graph_variable(const tare_graph *graph, int64_t i) {
    return graph->variables.items[i];
}

const char *tare_graph_keep_text(tare_graph *graph, const char *text) {
    if (!text) return NULL;
    const char *kept = tare_arena_text(graph->texts, text);
    if (!kept) tare_graph_fail_memory(graph);
    return kept;
}

void tare_graph_hidden_begin(tare_graph *graph) {
    if (graph) graph->hidden++;
}

void tare_graph_hidden_end(tare_graph *graph) {
    if (graph && graph->hidden) graph->hidden--;
}

tare_graph *tare_graph_of(const tare_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count && tensors; i++)
        if (tensors[i].graph) return tensors[i].graph;
    return NULL;
}
