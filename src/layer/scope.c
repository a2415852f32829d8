/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes of layers. TensorFlow's Layer captures variable_scope(name, default_name = base name) when
 * it is made, variable_scope(name or base name) when it reuses, and builds inside it under the
 * scope's own name scope (r1.15, python/layers/base.py, _set_scope and _name_scope).
 */
#include "layer/scope.h"

#include "array/array.h"
#include "base/status.h"

tare_status tare_layer_begin(tare_graph *graph, const char *base_name, const char *given_name,
                             tare_reuse reuse, tare_layer *layer) {
    *layer = (tare_layer){.graph = graph};
    if (!graph) return TARE_ERROR_ARGUMENT;
    TARE_TRY(tare_graph_status(graph));
    layer->attempt = tare_graph_attempt_begin(graph);
    layer->begun = true;
    const bool reuses = reuse == TARE_REUSE_TRUE || reuse == TARE_REUSE_AUTO;
    const char *name = given_name ? given_name : reuses ? base_name : NULL;
    TARE_TRY(tare_variable_scope_begin(graph, name, base_name, reuse));
    layer->open = true;
    return TARE_OK;
}

tare_tensor tare_layer_end(tare_layer *layer, tare_tensor result) {
    if (layer->open) tare_variable_scope_end(layer->graph);
    if (layer->begun) tare_graph_attempt_end(layer->graph, &layer->attempt);
    layer->open = layer->begun = false;
    const bool failed = !layer->graph || tare_graph_status(layer->graph) != TARE_OK;
    return failed ? (tare_tensor){.graph = layer->graph} : result;
}

void tare_layer_keep(tare_layer *layer) {
    if (!layer->begun || tare_graph_status(layer->graph) != TARE_OK) return;
    tare_graph_attempt_end(layer->graph, &layer->attempt);
    layer->attempt = tare_graph_attempt_begin(layer->graph);
}

bool tare_layer_mode_known(tare_tensor training, bool *truth) {
    const tare_node *node = tare_tensor_node(training);
    if (training.immediate) {
        *truth = training.number != 0;
        return true;
    }
    if (!node || !(node->def->flags & TARE_OP_CONSTANT)) return false;
    const tare_constant_node_options *constant = node->options;
    if (tare_array_count(constant->array) != 1) return false;
    *truth = tare_array_number(constant->array, 0) != 0;
    return true;
}
