/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a patient: variables by their names, and how the graph updates them. */
#include "array/array.h"
#include "base/status.h"
#include "norm/doctor.h"
#include "norm/quantising.h"
#include "op/batch_norm.h"
#include "session/initialize.h"

#include <math.h>
#include <string.h>

static bool is_op(const tare_node *node, const char *name) {
    return strcmp(node->def->name, name) == 0;
}

static tare_edge input_of(const tare_node *node, int input) {
    return input < node->input_count ? node->inputs[input] : (tare_edge){0, 0};
}

/* ------------------------------------------------------------------------------- numbers */

static tare_status numbers_of(tare_patient *patient, const tare_node *variable,
                              const tare_array **array) {
    const tare_session *session = patient->session;
    *array = NULL;
    if (!variable) return TARE_OK;
    if (variable->id >= session->variables.count ||
        !session->variables.items[variable->id].initialized)
        return tare_fail_at(patient->error, TARE_ERROR_UNINITIALIZED, "variable", variable->name,
                            "a variable without a value",
                            "tare_session_initialize or a checkpoint first");
    *array = session->variables.items[variable->id].array;
    return TARE_OK;
}

/* Whether a variable is what its initialiser made of it. */
static tare_status is_first_value(tare_patient *patient, const tare_node *variable,
                                  const tare_array *now, bool *is) {
    tare_array *first = NULL;
    *is = false;
    if (tare_array_new(now->dtype, now->shape, &patient->session->given, &first) != TARE_OK)
        return tare_fail_memory(patient->error);
    const tare_status status =
        tare_initial_value(patient->graph, variable, NULL, first, patient->error);
    if (status == TARE_OK) *is = memcmp(first->data, now->data, now->bytes) == 0;
    tare_array_free(first);
    return status;
}

static tare_status find_numbers(tare_patient *patient, tare_patient_layer *layer) {
    const tare_norm_statistics *variables = &layer->variables;
    bool same_mean = false, same_variance = false;
    TARE_TRY(numbers_of(patient, variables->mean, &layer->mean));
    TARE_TRY(numbers_of(patient, variables->variance, &layer->variance));
    TARE_TRY(
        numbers_of(patient, tare_norm_variable(patient->graph, variables, "gamma"), &layer->gamma));
    TARE_TRY(
        numbers_of(patient, tare_norm_variable(patient->graph, variables, "beta"), &layer->beta));
    TARE_TRY(is_first_value(patient, variables->mean, layer->mean, &same_mean));
    TARE_TRY(is_first_value(patient, variables->variance, layer->variance, &same_variance));
    layer->initial = same_mean && same_variance;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- updates */

static void take_variance_update(tare_patient_layer *layer, const tare_node *node) {
    const tare_moving_average_options *options = node->options;
    layer->calls++;
    if (layer->update) return;
    layer->update = node;
    layer->momentum = options->momentum;
    layer->is_deviation = is_op(node, "assign_moving_deviation");
    if (layer->is_deviation) {
        layer->epsilon = options->epsilon;
        layer->batch_variance = input_of(node, TARE_DEVIATION_VALUE);
        layer->x = input_of(node, TARE_DEVIATION_BATCH);
        return;
    }
    layer->batch_variance = input_of(node, TARE_MOVING_VALUE);
    layer->x = input_of(node, TARE_MOVING_BATCH);
    layer->debiased = input_of(node, TARE_MOVING_STEP).node != 0;
    if (layer->debiased && input_of(node, TARE_MOVING_BIASED).node == 0)
        layer->momentum = TARE_UNKNOWN;
}

static void take_node(tare_patient_layer *layer, const tare_node *node) {
    const int32_t mean = layer->variables.mean->id, variance = layer->variables.variance->id;
    if (is_op(node, "batch_norm")) {
        const tare_batch_norm_node_options *options = node->options;
        const tare_edge stored = input_of(node, TARE_BATCH_NORM_MOVING_VARIANCE);
        const bool is_its = stored.node == variance || layer->batch_variance.node == node->id;
        if (is_its) layer->epsilon = options->epsilon;
        if (is_its && !layer->x.node) layer->x = input_of(node, TARE_BATCH_NORM_X);
        return;
    }
    if (!(node->def->flags & TARE_OP_COUNTS)) return;
    if (node->inputs[0].node == variance) take_variance_update(layer, node);
    if (node->inputs[0].node == mean && !layer->batch_mean.node)
        layer->batch_mean = input_of(node, TARE_MOVING_VALUE);
}

/* An update that another does the work of since the network was quantised. */
static bool is_superseded(const tare_graph *graph, int32_t node) {
    const size_t count = tare_collection_count(graph, TARE_QUANTISED_UPDATES, NULL);
    for (size_t i = 0; i < count; i++)
        if (tare_collection_item(graph, TARE_QUANTISED_UPDATES, NULL, i).node == node) return true;
    return false;
}

static void find_updates(const tare_patient *patient, tare_patient_layer *layer) {
    const int32_t nodes = (int32_t)tare_graph_node_count(patient->graph);
    layer->momentum = layer->spread = TARE_UNKNOWN;
    for (int32_t id = 1; id <= nodes; id++)
        if (!is_superseded(patient->graph, id))
            take_node(layer, tare_graph_node(patient->graph, id));
    if (layer->epsilon > 0 || !layer->batch_variance.node) return;
    /* The layer's own node comes before its updates: with both at hand it is looked at again. */
    take_node(layer, tare_graph_node(patient->graph, layer->batch_variance.node));
}

/* --------------------------------------------------------------------------------- layers */

static tare_status find_layer(tare_patient *patient, const tare_norm_statistics *variables,
                              tare_patient_layer *layer) {
    char *name = tare_arena_allocate(patient->arena, (size_t)variables->name_length + 1);
    if (!name) return tare_fail_memory(patient->error);
    memcpy(name, variables->name, (size_t)variables->name_length);
    layer->name = name;
    layer->variables = *variables;
    layer->counters = tare_norm_counters_of(patient->session, variables);
    find_updates(patient, layer);
    return find_numbers(patient, layer);
}

tare_status tare_patient_find_layers(tare_patient *patient) {
    tare_norm_statistics found;
    int64_t position = 0, count = 0;
    while (tare_norm_layer_at(patient->graph, &position, &found)) count++;
    patient->layers = tare_arena_allocate_array(patient->arena, count + 1, sizeof *patient->layers);
    if (!patient->layers) return tare_fail_memory(patient->error);
    position = 0;
    while (tare_norm_layer_at(patient->graph, &position, &found))
        TARE_TRY(find_layer(patient, &found, &patient->layers[patient->layer_count++]));
    return TARE_OK;
}
