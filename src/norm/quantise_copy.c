/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes built anew on what their inputs have become, and what they are called. */
#include "base/text.h"
#include "norm/quantising.h"

#include <string.h>

tare_tensor tare_quantising_input(const tare_quantising *q, const tare_node *node, int32_t i) {
    const tare_edge edge = i < node->input_count ? node->inputs[i] : (tare_edge){0, 0};
    if (edge.node == 0) return TARE_NULL;
    const tare_tensor copy = q->copies[edge.node];
    if (copy.graph) return edge.output == 0 ? copy : tare_output(copy, edge.output);
    return tare_graph_tensor(q->graph, edge.node, edge.output);
}

const char *tare_quantising_name(const tare_node *node, const char *tail, char *buffer,
                                 size_t size) {
    if (strchr(node->name, '~')) return NULL;
    return tare_print(buffer, size, "%s%s", node->name, tail);
}

tare_tensor tare_quantising_copy(const tare_quantising *q, const tare_node *node,
                                 const tare_tensor *inputs, size_t count) {
    tare_tensor *own = NULL;
    const char *name = strchr(node->name, '~') ? NULL : node->name;
    if (!inputs) {
        count = (size_t)node->input_count;
        own = tare_arena_allocate_array(q->found.arena, node->input_count + 1, sizeof *own);
        if (!own) return tare_build_fail(q->graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
        for (int32_t i = 0; i < node->input_count; i++) own[i] = tare_quantising_input(q, node, i);
    }
    return tare_build_node(q->graph, node->def, name, inputs ? inputs : own, count, node->options);
}
