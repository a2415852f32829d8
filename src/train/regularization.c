/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sum of all penalties on weights.
 *
 * Source: TensorFlow r1.15, python/ops/losses/util.py (get_regularization_loss).
 */
#include "base/memory.h"
#include "train/optimizer.h"

#define NAME "total_regularization_loss"

static tare_tensor zero(tare_graph *graph) {
    return tare_identity(tare_train_number(graph, tare_number(0), NAME, "penalty"), .name = NAME);
}

tare_tensor tare_regularization_loss(tare_graph *graph, const char *scope) {
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const size_t count = tare_collection_count(graph, TARE_REGULARIZATION_LOSSES, scope);
    if (count == 0) return zero(graph);
    const tare_allocator *allocator = tare_graph_allocator(graph);
    tare_tensor *losses = tare_allocate_array(allocator, (int64_t)count, sizeof *losses);
    if (!losses) return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    for (size_t i = 0; i < count; i++)
        losses[i] = tare_collection_item(graph, TARE_REGULARIZATION_LOSSES, scope, i);
    const tare_tensor sum = tare_add_n(losses, count, .name = NAME);
    tare_release(allocator, losses, count * sizeof *losses);
    return sum;
}
