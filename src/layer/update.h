/* SPDX-License-Identifier: Apache-2.0 */
/* Updates of layers: operations in update_ops, each with the output whose use calls for it. */
#ifndef TARE_SRC_LAYER_UPDATE_H
#define TARE_SRC_LAYER_UPDATE_H

#include "graph/graph.h"

/*
 * Adds an update to update_ops. output: the layer's result; a train op whose loss depends on it
 * runs the update, another one does not.
 */
tare_status tare_layer_add_update(tare_graph *graph, tare_tensor update, tare_tensor output);

/* Puts another update into the place of one in update_ops, called for by that output. False: it is
 * not in there, or the graph has an error. */
bool tare_layer_replace_update(tare_graph *graph, tare_tensor update, tare_tensor by,
                               tare_tensor output);

/* The output that calls for an update; a null tensor when none was told, as for what users add. */
tare_tensor tare_layer_update_output(const tare_graph *graph, tare_tensor update);

#endif
