/* SPDX-License-Identifier: Apache-2.0 */
/* Variables beside another tensor, in a variable scope that bears their name. */
#include "train/slot.h"

#include "base/text.h"

bool tare_is_variable(const tare_graph *graph, tare_tensor tensor) {
    const tare_node *node = tensor.graph == graph ? tare_tensor_node(tensor) : NULL;
    return node && (node->def->flags & TARE_OP_VARIABLE);
}

const char *tare_slot_name(tare_graph *graph, tare_tensor primary, const char *label) {
    tare_text text = {.allocator = tare_graph_allocator(graph)};
    /* '~' marks nodes on the way and is no letter of a variable's name. */
    for (const char *c = tare_tensor_node(primary)->name; *c; c++)
        if (*c != '~') tare_text_add_bytes(&text, c, 1);
    tare_text_format(&text, "/%s", label);
    const char *kept = NULL;
    if (text.failed)
        tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    else
        kept = tare_graph_keep_text(graph, text.data);
    tare_text_clear(&text);
    return kept;
}

tare_tensor tare_slot_make(tare_graph *graph, tare_tensor primary, const char *label,
                           tare_initializer first) {
    const char *name = tare_slot_name(graph, primary, label);
    if (!name) return (tare_tensor){.graph = graph};
    tare_graph_hidden_begin(graph);
    tare_variable_scope_begin(graph, NULL, name, TARE_REUSE_INHERIT);
    const tare_tensor slot = tare_get_variable(graph, "", tare_tensor_shape(primary),
                                               .dtype = tare_tensor_dtype(primary),
                                               .initializer = first, .trainable = false);
    tare_variable_scope_end(graph);
    tare_graph_hidden_end(graph);
    return slot;
}
