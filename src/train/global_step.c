/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global step: one int64 variable that counts training steps.
 *
 * Source: TensorFlow r1.15, python/training/training_util.py (get_or_create_global_step).
 */
#include "graph/graph.h"

#include <tare/train.h>

tare_tensor tare_global_step(tare_graph *graph) {
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const tare_tensor found = tare_collection_item(graph, TARE_GLOBAL_STEP, NULL, 0);
    if (found.node) return found;
    return tare_get_variable(graph, "global_step", TARE_SCALAR, .dtype = TARE_INT64,
                             .initializer = TARE_ZEROS, .trainable = false,
                             .collection = TARE_GLOBAL_STEP);
}
