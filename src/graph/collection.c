/* SPDX-License-Identifier: Apache-2.0 */
/* Collections: named lists of tensors and operations, asked for whole or by scope. */
#include "graph/state.h"

#include <regex.h>
#include <string.h>

static const tare_collection *find(const tare_graph *graph, const char *key) {
    if (!graph || !key) return NULL;
    const int64_t index = tare_map_get(graph->collection_keys, key, -1);
    return index < 0 ? NULL : &graph->collections.items[index];
}

/* Index of the collection, made when it is new; -1: no memory. An empty collection may stay behind.
 */
static int64_t find_or_make(tare_graph *graph, const char *key) {
    const int64_t found = tare_map_get(graph->collection_keys, key, -1);
    if (found >= 0) return found;
    if (!tare_vector_reserve(&graph->allocator, &graph->collections, 1)) return -1;
    const char *kept = tare_arena_text(graph->texts, key);
    const int64_t index = graph->collections.count;
    if (!kept || !tare_map_set(graph->collection_keys, key, index)) return -1;
    graph->collections.items[graph->collections.count++] = (tare_collection){.key = kept};
    return index;
}

bool tare_collection_add(tare_graph *graph, const char *key, tare_edge item) {
    const int64_t index = find_or_make(graph, key);
    if (index < 0) return false;
    tare_collection *collection = &graph->collections.items[index];
    if (!tare_vector_reserve(&graph->allocator, &collection->items, 1)) return false;
    if (!tare_vector_reserve(&graph->allocator, &graph->collection_order, 1)) return false;
    collection->items.items[collection->items.count++] = item;
    graph->collection_order.items[graph->collection_order.count++] = (int32_t)index;
    graph->revision++;
    return true;
}

void tare_collections_drop(tare_graph *graph, int64_t items) {
    while (graph->collection_order.count > items) {
        const int32_t index = graph->collection_order.items[--graph->collection_order.count];
        graph->collections.items[index].items.count--;
        graph->revision++;
    }
}

tare_status tare_add_to_collection(tare_graph *graph, const char *key, tare_tensor item) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    if (graph->error.status) return graph->error.status;
    if (!key || !key[0])
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "collection", "", "no key",
                               "the key of a collection");
    if (item.graph != graph || !tare_tensor_is_valid(item))
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "collection", key,
                               item.graph && item.graph != graph ? "a tensor of another graph"
                                                                 : "a tensor that no builder made",
                               "a tensor or an operation of this graph");
    if (!tare_collection_add(graph, key, (tare_edge){item.node, item.output}))
        return tare_graph_fail_memory(graph);
    return TARE_OK;
}

bool tare_graph_replace_in_collection(tare_graph *graph, const char *key, tare_tensor item,
                                      tare_tensor by) {
    const int64_t index = tare_map_get(graph->collection_keys, key, -1);
    tare_collection *collection = index < 0 ? NULL : &graph->collections.items[index];
    for (int64_t i = 0; collection && i < collection->items.count; i++) {
        tare_edge *at = &collection->items.items[i];
        if (at->node != item.node || at->output != item.output) continue;
        *at = (tare_edge){by.node, by.output};
        graph->revision++;
        return true;
    }
    return false;
}

/* ---- asking */

static tare_tensor member(const tare_graph *graph, const tare_collection *collection, int64_t i) {
    const tare_edge item = collection->items.items[i];
    return tare_graph_tensor(graph, item.node, item.output);
}

/* Whether the name lies in the scope, "hidden1" or "hidden1/": whole components count. */
static bool lies_in(const char *name, const char *scope) {
    const size_t length = strlen(scope);
    if (strncmp(name, scope, length) != 0) return false;
    if (length == 0 || scope[length - 1] == '/') return true;
    return name[length] == '/' || name[length] == ':' || name[length] == '\0';
}

size_t tare_collection_count(const tare_graph *graph, const char *key, const char *scope) {
    const tare_collection *collection = find(graph, key);
    if (!collection) return 0;
    if (!scope) return (size_t)collection->items.count;
    size_t count = 0;
    for (int64_t i = 0; i < collection->items.count; i++)
        if (lies_in(tare_tensor_name(member(graph, collection, i)), scope)) count++;
    return count;
}

tare_tensor tare_collection_item(const tare_graph *graph, const char *key, const char *scope,
                                 size_t i) {
    const tare_collection *collection = find(graph, key);
    const size_t count = collection ? (size_t)collection->items.count : 0;
    if (!scope) return i < count ? member(graph, collection, (int64_t)i) : TARE_NULL;
    for (size_t at = 0; at < count; at++) {
        const tare_tensor item = member(graph, collection, (int64_t)at);
        if (lies_in(tare_tensor_name(item), scope) && i-- == 0) return item;
    }
    return TARE_NULL;
}

/* "^(expression)", compiled; false: not an expression, or no memory. */
static bool compile(const tare_graph *graph, const char *expression, regex_t *compiled) {
    tare_text anchored = {.allocator = &graph->allocator};
    tare_text_add(&anchored, "^(");
    tare_text_add(&anchored, expression);
    tare_text_add(&anchored, ")");
    const bool done =
        !anchored.failed && regcomp(compiled, anchored.data, REG_EXTENDED | REG_NOSUB) == 0;
    tare_text_clear(&anchored);
    return done;
}

size_t tare_collection_matching(const tare_graph *graph, const char *key, const char *expression,
                                tare_tensor *items, size_t capacity) {
    const tare_collection *collection = find(graph, key);
    regex_t compiled;
    if (!collection || !expression || !compile(graph, expression, &compiled)) return 0;
    size_t count = 0;
    for (int64_t i = 0; i < collection->items.count; i++) {
        const tare_tensor item = member(graph, collection, i);
        if (regexec(&compiled, tare_tensor_name(item), 0, NULL, 0) != 0) continue;
        if (items && count < capacity) items[count] = item;
        count++;
    }
    regfree(&compiled);
    return count;
}
