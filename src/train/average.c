/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponential moving averages of variables and other tensors. An average stands in its graph as a
 * hidden node that never runs: its inputs are the decay and the number of updates. Shadows are
 * found again as the first input of the update of their value.
 *
 * Source: TensorFlow r1.15, python/training/moving_averages.py.
 */
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "graph/graph.h"
#include "op/update.h"
#include "train/optimizer.h"
#include "train/slot.h"

#define LABEL "ExponentialMovingAverage"

/* clang-format off */
#define TARE_AVERAGE_NODE_FIELDS(field)                                                            \
    field(text, label, NULL, "of the update and the shadows")                                      \
    field(boolean, zero_debias, false, "whether averages of tensors are debiased")
/* clang-format on */
TARE_OPTIONS(average_node_options, TARE_AVERAGE_NODE_FIELDS);

#define TARE_TABLE_STRUCT average_node_options
TARE_OPTION_TABLE(static, node_table, TARE_AVERAGE_NODE_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_exponential_moving_average_options
TARE_OPTION_TABLE(static, average_table, TARE_EXPONENTIAL_MOVING_AVERAGE_FIELDS);
#undef TARE_TABLE_STRUCT

enum { DECAY, UPDATES }; /* inputs of the node */

static tare_status average_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, DECAY, "decay"));
    TARE_TRY(tare_infer_rank(infer, DECAY, 0, "decay"));
    return tare_infer_rank(infer, UPDATES, 0, "number of updates");
}

static tare_status average_run(const tare_run *run) {
    (void)run;
    return TARE_OK;
}

static const tare_op_def average_def = {.name = "average",
                                        .node_name = LABEL,
                                        .table = &node_table,
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .optional = 1u << UPDATES,
                                        .infer = average_infer,
                                        .run = average_run};

/* ---- making one */

static tare_tensor updates_tensor(tare_graph *graph, tare_tensor updates) {
    if (!updates.graph && !updates.immediate) return updates;
    return tare_train_number(graph, updates, LABEL, "number of updates");
}

tare_average
tare_exponential_moving_average_with(tare_graph *graph, tare_tensor decay,
                                     const tare_exponential_moving_average_options *options) {
    tare_average average = {.graph = graph};
    if (!graph || tare_graph_status(graph)) return average;
    tare_exponential_moving_average_options given;
    tare_options_adopt(&average_table, options, &given);
    const average_node_options node = {.struct_size = sizeof node,
                                       .label = given.name ? given.name : LABEL,
                                       .zero_debias = given.zero_debias};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    const tare_tensor inputs[] = {
        [DECAY] = tare_train_number(graph, decay, LABEL, "decay"),
        [UPDATES] = updates_tensor(graph, given.num_updates),
    };
    average.node = tare_build_node(graph, &average_def, node.label, inputs, 2, &node).node;
    tare_graph_hidden_end(graph);
    tare_graph_attempt_end(graph, &attempt);
    if (tare_graph_status(graph)) average.node = 0;
    return average;
}

static const tare_node *node_of(tare_average average) {
    const tare_tensor tensor = {.graph = average.graph, .node = average.node};
    const tare_node *node = tare_tensor_node(tensor);
    return node && node->def == &average_def ? node : NULL;
}

/* ---- shadows */

/* The update of a tensor's average; NULL: there is none yet. */
static const tare_node *find_update(tare_average average, tare_tensor tensor) {
    const tare_graph *graph = average.graph;
    const int64_t count = tare_graph_node_count(graph);
    for (int64_t id = (int64_t)average.node + 1; id <= count; id++) {
        const tare_node *node = tare_graph_node(graph, (int32_t)id);
        if (node->def != tare_update_average_ops) continue;
        const tare_update_average_options *options = node->options;
        const tare_edge value = node->inputs[TARE_AVERAGE_VALUE];
        if (options->owner == average.node && value.node == tensor.node &&
            value.output == tensor.output)
            return node;
    }
    return NULL;
}

static tare_tensor input_of(const tare_graph *graph, const tare_node *node, int input) {
    if (input >= node->input_count || !node->inputs[input].node) return TARE_NULL;
    return tare_graph_tensor(graph, node->inputs[input].node, node->inputs[input].output);
}

tare_tensor tare_average_of(tare_average average, tare_tensor tensor) {
    const tare_tensor none = {.graph = average.graph};
    if (!node_of(average) || !tensor.node) return none;
    const tare_node *update = find_update(average, tensor);
    return update ? input_of(average.graph, update, TARE_AVERAGE_SHADOW) : none;
}

const char *tare_average_name(tare_average average, tare_tensor tensor) {
    const tare_node *node = node_of(average);
    if (!node || !tare_tensor_node(tensor)) return "";
    const tare_node *shadow = tare_tensor_node(tare_average_of(average, tensor));
    if (shadow) return shadow->name;
    const char *name =
        tare_slot_name(average.graph, tensor, ((const average_node_options *)node->options)->label);
    return name ? name : "";
}

/* biased and local_step beside a shadow (_zero_debias). */
static void make_debias(tare_graph *graph, tare_tensor shadow, tare_tensor *inputs) {
    const tare_dtype dtype = tare_tensor_dtype(shadow);
    tare_graph_hidden_begin(graph);
    tare_variable_scope_begin(graph, tare_tensor_node(shadow)->name, NULL, TARE_REUSE_INHERIT);
    inputs[TARE_AVERAGE_BIASED] =
        tare_get_variable(graph, "biased", tare_tensor_shape(shadow), .dtype = dtype,
                          .initializer = TARE_ZEROS, .trainable = false);
    inputs[TARE_AVERAGE_STEPS] = tare_get_variable(graph, "local_step", TARE_SCALAR, .dtype = dtype,
                                                   .initializer = TARE_ZEROS, .trainable = false);
    tare_variable_scope_end(graph);
    tare_graph_hidden_end(graph);
}

/* A variable's shadow starts at its first value; another tensor's at 0, when it may be debiased. */
static void make_shadow(tare_graph *graph, const average_node_options *options, tare_tensor tensor,
                        tare_tensor *inputs) {
    tare_initializer first = TARE_ZEROS;
    if (tare_is_variable(graph, tensor)) {
        first.kind = TARE_INITIALIZER_VARIABLE;
        first.variable = tensor;
        tare_add_to_collection(graph, TARE_MOVING_AVERAGE_VARIABLES, tensor);
    }
    const tare_tensor shadow = tare_slot_make(graph, tensor, options->label, first);
    inputs[TARE_AVERAGE_SHADOW] = shadow;
    if (!tare_is_variable(graph, tensor) && options->zero_debias && shadow.node)
        make_debias(graph, shadow, inputs);
}

/* ---- applying */

static tare_tensor update(tare_average average, const tare_node *node, tare_tensor tensor) {
    tare_graph *graph = average.graph;
    tare_tensor inputs[TARE_AVERAGE_INPUTS] = {
        [TARE_AVERAGE_VALUE] = tensor,
        [TARE_AVERAGE_DECAY] = input_of(graph, node, DECAY),
        [TARE_AVERAGE_UPDATES] = input_of(graph, node, UPDATES),
    };
    const tare_node *earlier = find_update(average, tensor);
    if (earlier) {
        inputs[TARE_AVERAGE_SHADOW] = input_of(graph, earlier, TARE_AVERAGE_SHADOW);
        inputs[TARE_AVERAGE_BIASED] = input_of(graph, earlier, TARE_AVERAGE_BIASED);
        inputs[TARE_AVERAGE_STEPS] = input_of(graph, earlier, TARE_AVERAGE_STEPS);
    } else {
        make_shadow(graph, node->options, tensor, inputs);
    }
    const tare_update_average_options options = {
        .struct_size = sizeof options,
        .owner = average.node,
        .name = tare_slot_name(graph, tensor, "update_average"),
    };
    return tare_build(graph, "update_average", inputs, TARE_AVERAGE_INPUTS, &options);
}

static tare_tensor tensor_at(const tare_graph *graph, const tare_tensor *tensors, size_t i) {
    return tensors ? tensors[i] : tare_collection_item(graph, TARE_TRAINABLE_VARIABLES, NULL, i);
}

static tare_tensor apply(tare_average average, const tare_node *node, const tare_tensor *tensors,
                         size_t count, tare_tensor *updates) {
    tare_graph *graph = average.graph;
    const average_node_options *options = node->options;
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    for (size_t i = 0; i < count && !tare_graph_status(graph); i++) {
        const tare_tensor tensor = tensor_at(graph, tensors, i);
        if (tensor.graph != graph || !tare_tensor_node(tensor))
            tare_build_fail(graph, TARE_ERROR_ARGUMENT, options->label, "",
                            "no tensor of this graph to average", "tensors of the graph");
        else
            updates[i] = update(average, node, tensor);
    }
    tare_graph_hidden_end(graph);
    const tare_tensor all = tare_group(graph, updates, count, .name = options->label);
    tare_graph_attempt_end(graph, &attempt);
    return tare_graph_status(graph) ? (tare_tensor){.graph = graph} : all;
}

tare_tensor tare_average_apply(tare_average average, const tare_tensor *tensors, size_t count) {
    tare_graph *graph = average.graph;
    const tare_node *node = node_of(average);
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    if (!node)
        return tare_build_fail(graph, TARE_ERROR_ARGUMENT, LABEL, "",
                               "an average that failed or belongs to another graph",
                               "an average of this graph");
    if (!tensors) count = tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL);
    const tare_allocator *allocator = tare_graph_allocator(graph);
    tare_tensor *updates =
        count > INT32_MAX ? NULL : tare_allocate_array(allocator, (int64_t)count, sizeof *updates);
    if (!updates) return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    const tare_tensor all = apply(average, node, tensors, count, updates);
    tare_release(allocator, updates, count * sizeof *updates);
    return all;
}
