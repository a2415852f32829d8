/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collections that losses go to, and their sum.
 *
 * Source: TensorFlow r1.15, python/ops/losses/util.py.
 */
#include "base/memory.h"
#include "train/loss.h"

#define TARE_TABLE_STRUCT tare_losses_total_options
TARE_OPTION_TABLE(static, total_table, TARE_LOSSES_TOTAL_FIELDS);
#undef TARE_TABLE_STRUCT

tare_status tare_losses_add_loss(tare_tensor loss, const char *loss_collection) {
    return tare_add_to_collection(loss.graph, loss_collection ? loss_collection : TARE_LOSSES,
                                  loss);
}

static size_t get(const tare_graph *graph, const char *key, const char *scope, tare_tensor *losses,
                  size_t capacity) {
    const size_t count = tare_collection_count(graph, key, scope);
    for (size_t i = 0; losses && i < count && i < capacity; i++)
        losses[i] = tare_collection_item(graph, key, scope, i);
    return count;
}

size_t tare_losses_get_losses(const tare_graph *graph, const char *scope, tare_tensor *losses,
                              size_t capacity) {
    return get(graph, TARE_LOSSES, scope, losses, capacity);
}

size_t tare_losses_get_regularization_losses(const tare_graph *graph, const char *scope,
                                             tare_tensor *losses, size_t capacity) {
    return get(graph, TARE_REGULARIZATION_LOSSES, scope, losses, capacity);
}

tare_tensor tare_losses_get_total_loss_with(tare_graph *graph,
                                            const tare_losses_total_options *options) {
    tare_losses_total_options given;
    tare_options_adopt(&total_table, options, &given);
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const char *name = given.name ? given.name : "total_loss";
    const size_t of_data = get(graph, TARE_LOSSES, given.scope, NULL, 0);
    const size_t of_weights = given.add_regularization_losses
                                  ? get(graph, TARE_REGULARIZATION_LOSSES, given.scope, NULL, 0)
                                  : 0;
    const size_t count = of_data + of_weights;
    if (count == 0)
        return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "get_total_loss", name,
                               "no loss in the collections", "one loss or more");
    const tare_allocator *allocator = tare_graph_allocator(graph);
    tare_tensor *losses = tare_allocate_array(allocator, (int64_t)count, sizeof *losses);
    if (!losses) return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    get(graph, TARE_LOSSES, given.scope, losses, of_data);
    get(graph, TARE_REGULARIZATION_LOSSES, given.scope, losses + of_data, of_weights);
    const tare_tensor sum = tare_add_n(losses, count, .name = name);
    tare_release(allocator, losses, count * sizeof *losses);
    return sum;
}
