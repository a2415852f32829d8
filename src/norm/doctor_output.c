/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the network's answer is made of: from it backwards through what only scales or reshapes, to
 * the last layer.
 */
#include "array/array.h"
#include "norm/doctor.h"
#include "op/batch_norm.h"

#include <string.h>

#define FARTHEST 64

static const tare_node *input_node(const tare_patient *patient, const tare_node *node, int input) {
    return tare_graph_node(patient->graph, node->inputs[input].node);
}

static bool is_any_of(const tare_node *node, const char *const *names) {
    for (; *names; names++)
        if (strcmp(node->def->name, *names) == 0) return true;
    return false;
}

/* A number that is known while building. */
static bool is_number(const tare_node *node, double *number) {
    if (!(node->def->flags & TARE_OP_CONSTANT)) return false;
    const tare_array *array = ((const tare_constant_node_options *)node->options)->array;
    if (array->count != 1) return false;
    *number = tare_array_number(array, 0);
    return true;
}

static tare_patient_layer *layer_of(const tare_patient *patient, const tare_node *node) {
    const bool is_norm = strcmp(node->def->name, "batch_norm") == 0;
    for (size_t i = 0; i < patient->layer_count; i++) {
        tare_patient_layer *layer = &patient->layers[i];
        const size_t length = strlen(layer->name);
        if (strncmp(node->name, layer->name, length) == 0 && node->name[length] == '/')
            return layer;
        if (is_norm &&
            (layer->batch_variance.node == node->id ||
             node->inputs[TARE_BATCH_NORM_MOVING_VARIANCE].node == layer->variables.variance->id))
            return layer;
    }
    return NULL;
}

/* The node before one that only scales or reshapes; NULL: this one does more. */
static const tare_node *step_back(const tare_patient *patient, const tare_node *node,
                                  double *factor) {
    static const char *const shaping[] = {"identity",  "reshape", "squeeze", "expand_dims",
                                          "transpose", "cast",    NULL};
    double number = 0;
    if (is_any_of(node, shaping)) return input_node(patient, node, 0);
    if (node->input_count != 2) return NULL;
    const tare_node *a = input_node(patient, node, 0), *b = input_node(patient, node, 1);
    if (strcmp(node->def->name, "div") == 0 && is_number(b, &number) && number != 0) {
        *factor /= number;
        return a;
    }
    if (strcmp(node->def->name, "mul") != 0) return NULL;
    const tare_node *other = is_number(b, &number) ? a : is_number(a, &number) ? b : NULL;
    if (other) *factor *= number;
    return other;
}

void tare_patient_find_output(tare_patient *patient) {
    tare_output_path *output = &patient->output;
    output->factor = 1;
    if (!patient->network) return;
    output->node = tare_tensor_node(patient->network->logits);
    for (int step = 0; output->node && step < FARTHEST; step++) {
        output->layer = layer_of(patient, output->node);
        if (output->layer) return;
        const tare_node *before = step_back(patient, output->node, &output->factor);
        if (!before) return;
        output->node = before;
    }
}
