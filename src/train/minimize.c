/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Minimising a loss: its gradients, one training step from them, and beside it the updates of the
 * layers that the loss depends on. Those updates are part of the train op alone: no gradient waits
 * for them, so the numbers are those of a program that fetches update_ops beside it.
 *
 * Source: TensorFlow r1.15, python/training/optimizer.py (minimize, compute_gradients).
 */
#include "base/memory.h"
#include "base/text.h"
#include "layer/update.h"
#include "train/apply.h"

#define TARE_TABLE_STRUCT  tare_minimize_options
#define TARE_WORDS_updates TARE_UPDATES_WORDS
TARE_OPTION_TABLE(static, minimize_table, TARE_MINIMIZE_FIELDS);
#undef TARE_TABLE_STRUCT

/* The lists that a step is made of, in one block of memory. */
typedef struct lists {
    tare_tensor *variables, *gradients, *updates;
    size_t variable_count, update_count, bytes;
} lists;

static tare_tensor fail_memory(tare_graph *graph) {
    return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
}

static bool make_lists(tare_graph *graph, const tare_minimize_options *options, lists *l) {
    const size_t updates = tare_collection_count(graph, TARE_UPDATE_OPS, NULL);
    l->variable_count = options->var_list
                            ? options->var_count
                            : tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL);
    if (l->variable_count > INT32_MAX) return false;
    const size_t count = 2 * l->variable_count + updates;
    l->variables =
        tare_allocate_array(tare_graph_allocator(graph), (int64_t)count, sizeof *l->variables);
    if (!l->variables) return false;
    l->bytes = count * sizeof *l->variables;
    l->gradients = l->variables + l->variable_count;
    l->updates = l->gradients + l->variable_count;
    for (size_t i = 0; i < l->variable_count; i++)
        l->variables[i] = options->var_list
                              ? options->var_list[i]
                              : tare_collection_item(graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    return true;
}

/* ---- which updates */

/* Marks what the loss is computed from: inputs, what it waits for, what decides its branches. */
static void mark_ancestors(const tare_graph *graph, int32_t loss, bool *marks) {
    marks[loss] = true;
    for (int32_t id = loss; id >= 1; id--) {
        if (!marks[id]) continue;
        const tare_node *node = tare_graph_node(graph, id);
        for (int32_t i = 0; i < node->input_count; i++) marks[node->inputs[i].node] = true;
        for (int32_t i = 0; i < node->control_count; i++) marks[node->controls[i]] = true;
        for (int32_t b = node->branch; b; b = tare_graph_branch(graph, b)->parent)
            marks[tare_graph_branch(graph, b)->predicate.node] = true;
    }
}

static bool choose_updates(tare_graph *graph, tare_tensor loss, tare_updates which, lists *l) {
    const size_t count = tare_collection_count(graph, TARE_UPDATE_OPS, NULL);
    const size_t bytes = (size_t)tare_graph_node_count(graph) + 1; /* edge 0: not given */
    if (which == TARE_UPDATES_MANUAL || count == 0) return true;
    bool *marks = tare_allocate_zeroed(tare_graph_allocator(graph), bytes * sizeof *marks);
    if (!marks) return false;
    mark_ancestors(graph, loss.node, marks);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor update = tare_collection_item(graph, TARE_UPDATE_OPS, NULL, i);
        const tare_tensor output = tare_layer_update_output(graph, update);
        if (which == TARE_UPDATES_ALL || !output.node || marks[output.node])
            l->updates[l->update_count++] = update;
    }
    tare_release(tare_graph_allocator(graph), marks, bytes * sizeof *marks);
    return true;
}

/* ---- gradients */

static bool any_gradient(const lists *l) {
    for (size_t i = 0; i < l->variable_count; i++)
        if (l->gradients[i].node) return true;
    return false;
}

static tare_status differentiate(tare_graph *graph, tare_tensor loss, const lists *l) {
    const char *name = tare_tensor_name(loss);
    if (l->variable_count == 0)
        tare_build_fail(graph, TARE_ERROR_GRADIENT, "minimize", name, "no variable to change",
                        "a trainable variable, or a list of variables");
    if (tare_graph_status(graph)) return tare_graph_status(graph);
    if (tare_gradients(&loss, 1, l->variables, l->variable_count, NULL, l->gradients))
        return tare_graph_status(graph);
    if (!any_gradient(l)) {
        char got[96];
        tare_print(got, sizeof got, "a loss that depends on none of the %zu variables",
                   l->variable_count);
        tare_build_fail(graph, TARE_ERROR_GRADIENT, "minimize", name, got,
                        "a loss computed from one of them by ops with gradients");
    }
    return tare_graph_status(graph);
}

tare_status tare_compute_gradients(tare_optimizer optimizer, tare_tensor loss,
                                   const tare_tensor *variables, size_t count,
                                   tare_tensor *gradients) {
    if (!optimizer.graph) return TARE_ERROR_ARGUMENT;
    return tare_gradients(&loss, 1, variables, count, NULL, gradients);
}

/* ---- the whole */

static tare_tensor minimize(tare_optimizer optimizer, tare_tensor loss,
                            const tare_minimize_options *options, lists *l) {
    tare_graph *graph = optimizer.graph;
    if (differentiate(graph, loss, l)) return (tare_tensor){.graph = graph};
    if (!choose_updates(graph, loss, (tare_updates)options->updates, l)) return fail_memory(graph);
    const tare_training_step step = {.optimizer = optimizer,
                                     .gradients = l->gradients,
                                     .variables = l->variables,
                                     .count = l->variable_count,
                                     .others = l->updates,
                                     .other_count = l->update_count,
                                     .global_step = options->global_step,
                                     .name = options->name};
    return tare_training_step_build(&step);
}

tare_tensor tare_minimize_with(tare_optimizer optimizer, tare_tensor loss,
                               const tare_minimize_options *options) {
    tare_graph *graph = optimizer.graph;
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    if (loss.graph != graph || !tare_tensor_node(loss))
        return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "minimize", "",
                               "no tensor of the optimiser's graph as loss", "a loss");
    tare_minimize_options given = {.struct_size = 0};
    tare_options_adopt(&minimize_table, options, &given);
    if (options) {
        given.var_list = options->var_list;
        given.var_count = options->var_count;
    }
    lists l = {.variables = NULL};
    if (!make_lists(graph, &given, &l)) return fail_memory(graph);
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    const tare_tensor train = minimize(optimizer, loss, &given, &l);
    tare_graph_attempt_end(graph, &attempt);
    tare_release(tare_graph_allocator(graph), l.variables, l.bytes);
    return tare_graph_status(graph) ? (tare_tensor){.graph = graph} : train;
}
