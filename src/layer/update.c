/* SPDX-License-Identifier: Apache-2.0 */
/* Updates of layers. A second collection, of pairs, tells which output each of them belongs to. */
#include "layer/update.h"

#include "base/status.h"

#define PAIRS "~update_ops_and_outputs"

tare_status tare_layer_add_update(tare_graph *graph, tare_tensor update, tare_tensor output) {
    TARE_TRY(tare_add_to_collection(graph, TARE_UPDATE_OPS, update));
    TARE_TRY(tare_add_to_collection(graph, PAIRS, update));
    return tare_add_to_collection(graph, PAIRS, output);
}

bool tare_layer_replace_update(tare_graph *graph, tare_tensor update, tare_tensor by,
                               tare_tensor output) {
    return tare_graph_replace_in_collection(graph, TARE_UPDATE_OPS, update, by) &&
           tare_add_to_collection(graph, PAIRS, by) == TARE_OK &&
           tare_add_to_collection(graph, PAIRS, output) == TARE_OK;
}

tare_tensor tare_layer_update_output(const tare_graph *graph, tare_tensor update) {
    const size_t count = tare_collection_count(graph, PAIRS, NULL);
    for (size_t i = 0; i + 1 < count; i += 2)
        if (tare_collection_item(graph, PAIRS, NULL, i).node == update.node)
            return tare_collection_item(graph, PAIRS, NULL, i + 1);
    return TARE_NULL;
}
