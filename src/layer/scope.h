/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scope of a layer: a variable scope and a name scope as tf.layers opens them, and a graph left
 * as it was when the layer fails.
 *
 *     tare_layer layer;
 *     if (tare_layer_begin(graph, "dense", options->name, options->reuse, &layer) != TARE_OK)
 *         return tare_layer_end(&layer, TARE_NULL);
 *     ... tare_get_variable, builders ...
 *     return tare_layer_end(&layer, y);
 */
#ifndef TARE_SRC_LAYER_SCOPE_H
#define TARE_SRC_LAYER_SCOPE_H

#include "graph/graph.h"

/* A layer being built; to be ended once it was begun, however that went. */
typedef struct tare_layer {
    tare_graph *graph;
    tare_graph_attempt attempt;
    bool begun, open; /* open: its variable scope is */
} tare_layer;

/*
 * Opens the layer's scope. given_name NULL: base_name ("dense"), made unique among the scopes of
 * the enclosing variable scope (dense, dense_1), but taken as it is when the layer reuses
 * variables. Name scopes are made unique by themselves: a second call of one layer makes its nodes
 * in dense_1. graph NULL, or with an error: TARE_ERROR_ARGUMENT or the error; nothing is opened.
 */
tare_status tare_layer_begin(tare_graph *graph, const char *base_name, const char *given_name,
                             tare_reuse reuse, tare_layer *layer);

/*
 * Closes it and returns result, or a null tensor of the graph after an error: nodes, names,
 * variables and collections are then those of before.
 */
tare_tensor tare_layer_end(tare_layer *layer, tare_tensor result);

/* What was built so far stays when the layer fails later: TensorFlow keeps the variables of a layer
 * whose call was refused. */
void tare_layer_keep(tare_layer *layer);

/* The value of `training` when it is known while building: an immediate or a constant. */
bool tare_layer_mode_known(tare_tensor training, bool *truth);

#endif
