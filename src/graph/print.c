/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph as text, a node a line in order of creation, and in Graphviz' language.
 *
 *     hidden1/dense/MatMul = matmul(x, hidden1/dense/kernel) transpose_b=true -> float32 [?, 1]
 * after update if training
 */
#include "graph/state.h"

#include "array/shape.h"

#include <string.h>

/* ---- parts of a line */

static void add_edge(tare_text *text, const tare_graph *graph, tare_edge edge) {
    if (!edge.node) {
        tare_text_add(text, "-");
        return;
    }
    const tare_node *node = tare_graph_node(graph, edge.node);
    tare_text_add(text, node->output_count == 1 ? node->name : node->output_names[edge.output]);
}

static void add_inputs(tare_text *text, const tare_graph *graph, const tare_node *node) {
    for (int32_t i = 0; i < node->input_count; i++) {
        if (i) tare_text_add(text, ", ");
        add_edge(text, graph, node->inputs[i]);
    }
}

/* " name=value" unless the value is the default's. */
static void add_option(tare_text *text, const tare_option *option, const void *options,
                       const void *defaults) {
    tare_text value = {.allocator = text->allocator}, initial = {.allocator = text->allocator};
    tare_option_text(&value, option, options);
    tare_option_text(&initial, option, defaults);
    if (value.failed || initial.failed)
        text->failed = true;
    else if (!tare_same_text(value.data, initial.data))
        tare_text_format(text, " %s=%s", option->name, value.data);
    tare_text_clear(&value);
    tare_text_clear(&initial);
}

static void add_options(tare_text *text, const tare_node *node) {
    const tare_option_table *table = tare_op_table(node->def);
    void *defaults = tare_allocate_zeroed(text->allocator, table->size);
    if (!defaults) {
        text->failed = true;
        return;
    }
    table->set_defaults(defaults);
    for (const tare_option *option = table->options; option->name; option++)
        add_option(text, option, node->options, defaults);
    tare_release(text->allocator, defaults, table->size);
}

static void add_types(tare_text *text, const tare_node *node, const char *separator) {
    char shape[TARE_SHAPE_TEXT];
    for (int32_t i = 0; i < node->output_count; i++)
        tare_text_format(text, "%s%s %s", i ? separator : "",
                         tare_dtype_name(node->outputs[i].dtype),
                         tare_shape_text(shape, node->outputs[i].shape));
}

static void add_controls(tare_text *text, const tare_graph *graph, const tare_node *node) {
    for (int32_t i = 0; i < node->control_count; i++)
        tare_text_format(text, "%s%s", i ? ", " : " after ",
                         tare_graph_node(graph, node->controls[i])->name);
}

static void add_branch(tare_text *text, const tare_graph *graph, int32_t branch) {
    for (const char *word = " if "; branch; word = " and ") {
        const tare_branch_side *side = tare_graph_branch(graph, branch);
        tare_text_format(text, "%s%s", word, side->side ? "" : "not ");
        add_edge(text, graph, side->predicate);
        branch = side->parent;
    }
}

static void add_line(tare_text *text, const tare_graph *graph, const tare_node *node) {
    tare_text_format(text, "%s = %s(", node->name, node->def->name);
    add_inputs(text, graph, node);
    tare_text_add(text, ")");
    add_options(text, node);
    if (node->output_count) tare_text_add(text, " -> ");
    add_types(text, node, ", ");
    add_controls(text, graph, node);
    add_branch(text, graph, node->branch);
    tare_text_add(text, "\n");
}

/* ---- Graphviz */

static const char *dot_shape(const tare_node *node) {
    if (node->def->flags & TARE_OP_VARIABLE) return "cylinder";
    if (node->def->flags & TARE_OP_PLACEHOLDER) return "invhouse";
    return node->def->flags & TARE_OP_CONSTANT ? "plaintext" : "box";
}

static void add_dot_node(tare_text *text, const tare_graph *graph, const tare_node *node) {
    /* Names hold no quotes or backslashes, so nothing need be escaped. */
    tare_text_format(text, "  n%d [shape=%s, label=\"%s\\n%s\\n", node->id, dot_shape(node),
                     node->name, node->def->name);
    add_types(text, node, "\\n");
    add_branch(text, graph, node->branch);
    tare_text_add(text, "\"];\n");
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i].node)
            tare_text_format(text, "  n%d -> n%d;\n", node->inputs[i].node, node->id);
    for (int32_t i = 0; i < node->control_count; i++)
        tare_text_format(text, "  n%d -> n%d [style=dashed];\n", node->controls[i], node->id);
}

char *tare_graph_text(const tare_graph *graph) {
    if (!graph) return NULL;
    tare_text text = {.allocator = &graph->allocator};
    for (int64_t id = 1; id <= graph->node_count && !text.failed; id++)
        add_line(&text, graph, tare_graph_node(graph, (int32_t)id));
    return tare_text_hand_out(&text);
}

char *tare_graph_dot(const tare_graph *graph) {
    if (!graph) return NULL;
    tare_text text = {.allocator = &graph->allocator};
    tare_text_add(&text, "digraph tare {\n");
    for (int64_t id = 1; id <= graph->node_count && !text.failed; id++)
        add_dot_node(&text, graph, tare_graph_node(graph, (int32_t)id));
    tare_text_add(&text, "}\n");
    return tare_text_hand_out(&text);
}
