/* SPDX-License-Identifier: Apache-2.0 */
/* Where nodes are kept, at addresses that never change, and what tensors tell about them. */
#include "graph/state.h"

int64_t tare_graph_node_count(const tare_graph *graph) { return graph->node_count; }

int64_t tare_graph_size(const tare_graph *graph) { return graph ? graph->node_count : 0; }

static tare_node *node_at(const tare_graph *graph, int64_t index) {
    return graph->chunks.items[index / TARE_NODES_PER_CHUNK] + index % TARE_NODES_PER_CHUNK;
}

const tare_node *tare_graph_node(const tare_graph *graph, int32_t id) {
    return node_at(graph, id - 1);
}

tare_node *tare_node_reserve(tare_graph *graph) {
    const int64_t index = graph->node_count;
    if (index >= INT32_MAX - 1) return NULL;
    if (index / TARE_NODES_PER_CHUNK >= graph->chunks.count) {
        if (!tare_vector_reserve(&graph->allocator, &graph->chunks, 1)) return NULL;
        tare_node *chunk =
            tare_allocate(&graph->allocator, TARE_NODES_PER_CHUNK * sizeof(tare_node));
        if (!chunk) return NULL;
        graph->chunks.items[graph->chunks.count++] = chunk;
    }
    tare_node *node = node_at(graph, index);
    *node = (tare_node){.id = (int32_t)index + 1};
    return node;
}

void tare_node_commit(tare_graph *graph) {
    graph->node_count++;
    graph->revision++;
}

void tare_nodes_drop(tare_graph *graph, int64_t nodes, int64_t arrays, tare_arena_mark memory) {
    while (graph->arrays.count > arrays)
        tare_array_free(graph->arrays.items[--graph->arrays.count]);
    while (graph->variables.count &&
           graph->variables.items[graph->variables.count - 1] > (int32_t)nodes)
        graph->variables.count--;
    if (graph->node_count != nodes) graph->revision++;
    graph->node_count = nodes;
    tare_arena_rewind(graph->memory, memory);
}

bool tare_graph_keep_array(tare_graph *graph, const tare_array *array) {
    if (!array) return true;
    if (!tare_vector_reserve(&graph->allocator, &graph->arrays, 1)) return false;
    /* The count of references is not part of the numbers that const protects. */
    graph->arrays.items[graph->arrays.count++] = tare_array_retain((tare_array *)array);
    return true;
}

/* ---- tensors */

tare_tensor tare_graph_tensor(const tare_graph *graph, int32_t node, int32_t output) {
    return (tare_tensor){.graph = (tare_graph *)graph, .node = node, .output = output};
}

const tare_node *tare_tensor_node(tare_tensor tensor) {
    if (!tensor.graph || tensor.node < 1 || tensor.node > tensor.graph->node_count) return NULL;
    return tare_graph_node(tensor.graph, tensor.node);
}

bool tare_tensor_is_valid(tare_tensor tensor) {
    const tare_node *node = tare_tensor_node(tensor);
    if (!node || tensor.output < 0) return false;
    return tensor.output < node->output_count || (tensor.output == 0 && node->output_count == 0);
}

static const tare_type *type_of(tare_tensor tensor) {
    const tare_node *node = tare_tensor_node(tensor);
    if (!node || tensor.output < 0 || tensor.output >= node->output_count) return NULL;
    return &node->outputs[tensor.output];
}

tare_dtype tare_tensor_dtype(tare_tensor tensor) {
    const tare_type *type = type_of(tensor);
    return type ? type->dtype : TARE_DTYPE_NONE;
}

tare_shape tare_tensor_shape(tare_tensor tensor) {
    const tare_type *type = type_of(tensor);
    return type ? type->shape : TARE_ANY_SHAPE;
}

const char *tare_tensor_name(tare_tensor tensor) {
    if (!tare_tensor_is_valid(tensor)) return "";
    const tare_node *node = tare_tensor_node(tensor);
    return node->output_count ? node->output_names[tensor.output] : node->name;
}

tare_tensor tare_output(tare_tensor tensor, int index) {
    tare_tensor output = {.graph = tensor.graph, .node = tensor.node, .output = index};
    if (!tare_tensor_is_valid(output)) output.node = output.output = 0;
    return output;
}
