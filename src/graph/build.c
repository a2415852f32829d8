/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a node: options are copied, inputs checked, the name chosen, the outputs inferred, and
 * only then the node is appended and the name taken; whatever fails before leaves the graph as it
 * was.
 */
#include "graph/state.h"

#include "array/shape.h"
#include "base/random.h"

#include <string.h>

/* A node on its way. */
typedef struct builder {
    tare_graph *graph;
    const tare_op_def *def;
    const tare_placement *placement;
    const char *scope, *wished; /* of its name */
    bool hidden, named;         /* named: graph->name holds the chosen name */
    tare_name_choice choice;
    void *options;
    tare_edge *inputs;
    int32_t input_count, output_count;
} builder;

/* ---- its name */

static bool choose_name(builder *b) {
    tare_graph *graph = b->graph;
    bool chosen = false;
    if (b->hidden)
        chosen = tare_name_choose_hidden(graph, b->scope, b->wished, graph->node_count + 1);
    else if (b->placement->of_scope)
        chosen = tare_name_choose_of_scope(graph, b->wished, &b->choice);
    else
        chosen = tare_name_choose(graph, b->scope, b->wished, &b->choice);
    b->named = chosen;
    if (!chosen) tare_graph_fail_memory(graph);
    return chosen;
}

static bool refuse(builder *b, tare_status status, const char *got, const char *need) {
    if (b->named || choose_name(b))
        tare_graph_fail(b->graph, status, b->def->name, b->graph->name.data, got, need);
    return false;
}

static bool refuse_memory(builder *b) {
    tare_graph_fail_memory(b->graph);
    return false;
}

/* ---- its options */

static bool wish_name(builder *b, const char *name) {
    b->wished = name ? name : b->def->node_name;
    if (tare_name_is_valid(b->scope, b->wished)) return true;
    tare_graph_fail(
        b->graph, TARE_ERROR_NAME, b->def->name, name, "a name with other characters",
        "letters, digits, '_', '.', '-' and '/', beginning with a letter, a digit or '.'");
    return false;
}

static bool take_options(builder *b, const void *user) {
    const tare_option_table *table = tare_op_table(b->def);
    b->options = tare_arena_allocate(b->graph->memory, table->size);
    if (!b->options) return refuse_memory(b);
    tare_options_adopt(table, user, b->options);
    if (!tare_options_own(b->graph, table, b->options)) return refuse_memory(b);
    const char *name = b->placement->name;
    if (!name) name = tare_options_name(table, b->options);
    if (!wish_name(b, name)) return false;
    tare_options_forget_name(table, b->options);
    return true;
}

/* ---- its inputs */

static bool has_bit(uint32_t mask, size_t i) { return i < 32 && (mask >> i & 1); }

/* The dtype that numbers among the inputs take: that of the first tensor that is not boolean. */
static tare_dtype dtype_of_numbers(const tare_tensor *inputs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const tare_dtype dtype = tare_tensor_dtype(inputs[i]);
        if (dtype != TARE_DTYPE_NONE && dtype != TARE_BOOL) return dtype;
    }
    return TARE_FLOAT32;
}

static bool refuse_input(builder *b, tare_status status, size_t i, const char *got,
                         const char *need) {
    char text[224];
    tare_print(text, sizeof text, "input %zu, %s", i, got);
    return refuse(b, status, text, need);
}

/* Values from inside a branch are there for that branch alone, and for the merge that ends it. */
static bool check_branch(builder *b, size_t i, const tare_node *made) {
    const tare_graph *graph = b->graph;
    const int32_t used = tare_scope_now(graph)->branch;
    if (made->branch == 0 || made->branch == used) return true;
    tare_branch_side side = {.side = i == 1};
    const bool merges = (b->def->flags & TARE_OP_MERGE) && i > 0;
    if (merges) side.predicate = b->inputs[0];
    if (tare_branch_visible(graph, made->branch, used, merges ? &side : NULL)) return true;
    char got[200];
    tare_print(got, sizeof got, "'%s', of a branch that may not be taken", made->name);
    return refuse_input(b, TARE_ERROR_STATE, i, got,
                        "the result of tare_cond_merge outside the branch");
}

static bool check_input(builder *b, size_t i, tare_tensor input) {
    char got[200];
    if (input.graph && input.graph != b->graph)
        return refuse_input(b, TARE_ERROR_ARGUMENT, i, "a tensor of another graph",
                            "tensors of one graph");
    const tare_node *node = tare_tensor_node(input);
    if (!node || !tare_tensor_is_valid(input))
        return refuse_input(b, TARE_ERROR_ARGUMENT, i, "a tensor that no builder made",
                            "a tensor of the graph");
    if (node->output_count == 0) {
        tare_print(got, sizeof got, "the operation '%s', which has no value", node->name);
        return refuse_input(b, TARE_ERROR_TYPE, i, got, "a tensor");
    }
    if (has_bit(b->def->writes, i) && !(node->def->flags & TARE_OP_VARIABLE)) {
        tare_print(got, sizeof got, "'%s', which is no variable", node->name);
        return refuse_input(b, TARE_ERROR_TYPE, i, got, "a variable, because it is written");
    }
    return check_branch(b, i, node);
}

static bool take_input(builder *b, size_t i, tare_tensor input, tare_dtype number_dtype) {
    if (!input.graph && !input.immediate) {
        if (has_bit(b->def->optional, i)) return true;
        return refuse_input(b, TARE_ERROR_ARGUMENT, i, "not given", "a tensor");
    }
    if (!input.graph) {
        input = tare_build_immediate(b->graph, input, number_dtype);
        if (!input.node) return false;
    }
    b->inputs[i] = (tare_edge){input.node, input.output};
    return check_input(b, i, input);
}

static bool check_input_count(builder *b, size_t count) {
    const size_t least = (size_t)b->def->min_inputs;
    const bool bounded = b->def->max_inputs >= 0;
    if (count >= least && (!bounded || count <= (size_t)b->def->max_inputs) && count < INT32_MAX)
        return true;
    char got[64], need[96];
    tare_print(got, sizeof got, "%zu inputs", count);
    if (!bounded)
        tare_print(need, sizeof need, "at least %zu", least);
    else if (b->def->min_inputs == b->def->max_inputs)
        tare_print(need, sizeof need, "%zu", least);
    else
        tare_print(need, sizeof need, "%zu to %d", least, b->def->max_inputs);
    return refuse(b, TARE_ERROR_ARGUMENT, got, need);
}

static bool take_inputs(builder *b, const tare_tensor *inputs, size_t count) {
    if (!inputs) count = 0;
    if (!check_input_count(b, count)) return false;
    if (count == 0) return true;
    b->inputs = tare_arena_allocate_array(b->graph->memory, (int64_t)count, sizeof *b->inputs);
    if (!b->inputs) return refuse_memory(b);
    b->input_count = (int32_t)count;
    const tare_dtype number_dtype = dtype_of_numbers(inputs, count);
    for (size_t i = 0; i < count; i++)
        if (!take_input(b, i, inputs[i], number_dtype)) return false;
    return true;
}

/* ---- its outputs */

static bool fill_input_types(builder *b) {
    tare_graph *graph = b->graph;
    if (!tare_vector_reserve(&graph->allocator, &graph->input_types, b->input_count))
        return refuse_memory(b);
    for (int32_t i = 0; i < b->input_count; i++) {
        const tare_edge edge = b->inputs[i];
        graph->input_types.items[i] = edge.node
                                          ? tare_graph_node(graph, edge.node)->outputs[edge.output]
                                          : (tare_type){TARE_DTYPE_NONE, TARE_ANY_SHAPE};
    }
    return true;
}

static bool infer_outputs(builder *b) {
    tare_graph *graph = b->graph;
    if (!fill_input_types(b)) return false;
    memset(graph->output_types, 0, (size_t)b->def->output_count * sizeof *graph->output_types);
    tare_error error = {.status = TARE_OK};
    tare_infer infer = {.op = b->def->name,
                        .node = graph->name.data,
                        .options = b->options,
                        .input_count = b->input_count,
                        .inputs = graph->input_types.items,
                        .output_count = b->def->output_count,
                        .outputs = graph->output_types,
                        .error = &error};
    const tare_status status = b->def->infer(&infer);
    if (status) {
        if (!error.status) return refuse(b, status, "something it cannot take", "");
        if (!graph->error.status) graph->error = error;
        return false;
    }
    b->output_count = infer.output_count;
    for (int32_t i = 0; i < b->output_count; i++)
        if (graph->output_types[i].dtype == TARE_DTYPE_NONE)
            return refuse(b, TARE_ERROR_TYPE, "an output without a dtype",
                          "infer to give every output one");
    return true;
}

/* ---- appending */

/* "name:0", "name:1"... beside the name. */
static bool write_names(builder *b, tare_node *node) {
    tare_arena *memory = b->graph->memory;
    const size_t length = b->graph->name.length, room = length + 13; /* ':', ten digits, the end */
    char *name = tare_arena_text(memory, b->graph->name.data);
    const char **names = NULL;
    if (b->output_count) names = tare_arena_allocate_array(memory, b->output_count, sizeof *names);
    if (!name || (b->output_count && !names)) return false;
    for (int32_t i = 0; i < b->output_count; i++) {
        char *text = tare_arena_allocate(memory, room);
        if (!text) return false;
        names[i] = tare_print(text, room, "%s:%d", name, i);
    }
    node->name = name;
    node->output_names = names;
    return true;
}

static bool copy_types(builder *b, tare_node *node) {
    if (!b->output_count) return true;
    tare_type *types = tare_arena_allocate_array(b->graph->memory, b->output_count, sizeof *types);
    if (!types) return false;
    memcpy(types, b->graph->output_types, (size_t)b->output_count * sizeof *types);
    node->outputs = types;
    return true;
}

/* A variable is there whatever runs; everything else belongs to the branch and waits for the
 * control dependencies. */
static bool place(builder *b, tare_node *node) {
    if (b->def->flags & TARE_OP_VARIABLE) return true;
    const tare_scope *scope = tare_scope_now(b->graph);
    node->branch = scope->branch;
    const int64_t count = scope->control_end - scope->control_first;
    if (count == 0 || b->placement->free_of_controls) return true;
    int32_t *controls = tare_arena_allocate_array(b->graph->memory, count, sizeof *controls);
    if (!controls) return false;
    memcpy(controls, b->graph->controls.items + scope->control_first,
           (size_t)count * sizeof *controls);
    node->controls = controls;
    node->control_count = (int32_t)count;
    return true;
}

static bool append(builder *b) {
    tare_graph *graph = b->graph;
    tare_node *node = tare_node_reserve(graph);
    if (!node || !write_names(b, node) || !copy_types(b, node) || !place(b, node))
        return refuse_memory(b);
    node->def = b->def;
    node->options = b->options;
    node->inputs = b->inputs;
    node->input_count = b->input_count;
    node->output_count = b->output_count;
    node->gradient_of = graph->gradient_of;
    node->seed = tare_random_key(graph->seed, (uint64_t)node->id);
    if (b->def->flags & TARE_OP_VARIABLE) {
        if (!tare_vector_reserve(&graph->allocator, &graph->variables, 1)) return refuse_memory(b);
        graph->variables.items[graph->variables.count] = node->id;
    }
    if (!b->hidden && !tare_name_take(graph, &b->choice, node->id)) return refuse_memory(b);
    if (b->def->flags & TARE_OP_VARIABLE) graph->variables.count++;
    tare_node_commit(graph);
    return true;
}

/* ---- the way in */

static bool is_hidden(const tare_graph *graph, const tare_op_def *def,
                      const tare_placement *placement) {
    if (placement->hidden) return true;
    return graph->hidden > 0 && !(def->flags & TARE_OP_VARIABLE);
}

/* The result of a builder that failed; its error stands unless it was cleared, so that nothing
 * fails silently. */
static bool failed_before(tare_graph *graph, const tare_op_def *def, const tare_tensor *inputs,
                          size_t count) {
    for (size_t i = 0; inputs && i < count; i++) {
        if (!inputs[i].graph || inputs[i].node) continue;
        tare_graph_fail(graph, TARE_ERROR_ARGUMENT, def->name, "",
                        "the result of a builder that failed", "tensors that were built");
        return true;
    }
    return graph->error.status != TARE_OK;
}

tare_tensor tare_build_placed(tare_graph *graph, const tare_op_def *def,
                              const tare_placement *placement, const tare_tensor *inputs,
                              size_t count, const void *options) {
    if (!graph || failed_before(graph, def, inputs, count)) return tare_graph_null(graph);
    const int64_t nodes = graph->node_count, arrays = graph->arrays.count;
    const tare_arena_mark memory = tare_arena_where(graph->memory);
    builder b = {.graph = graph,
                 .def = def,
                 .placement = placement,
                 .scope = placement->scope ? placement->scope : tare_graph_name_scope(graph),
                 .wished = def->node_name,
                 .hidden = is_hidden(graph, def, placement)};
    if (take_options(&b, options) && take_inputs(&b, inputs, count) && choose_name(&b) &&
        infer_outputs(&b) && append(&b))
        return tare_graph_tensor(graph, (int32_t)graph->node_count, 0);
    tare_nodes_drop(graph, nodes, arrays, memory);
    return tare_graph_null(graph);
}

tare_tensor tare_build_node(tare_graph *graph, const tare_op_def *def, const char *name,
                            const tare_tensor *inputs, size_t count, const void *options) {
    if (!graph) graph = tare_graph_of(inputs, count);
    if (!graph || graph->error.status) return tare_graph_null(graph);
    if (!def)
        return tare_build_fail(graph, TARE_ERROR_NAME, "", "", "an op that does not exist",
                               "the name of an op");
    const tare_placement placement = {.name = name};
    return tare_build_placed(graph, def, &placement, inputs, count, options);
}
