/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root mean squared error: the roots of what a mean squared error in a scope of another name gives.
 * As in TensorFlow the roots stand outside that scope.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (root_mean_squared_error).
 */
#include "train/metric.h"

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_root_mean_squared_error_with(labels, predictions, options);
}

const tare_metric_def tare_root_mean_squared_error_metric = {"root_mean_squared_error",
                                                             "root_mean_squared_error",
                                                             "labels",
                                                             "predictions",
                                                             &tare_metrics_table,
                                                             make};

static tare_tensor root(tare_tensor square, const char *collection) {
    const tare_tensor result = tare_sqrt(square);
    if (result.node && collection && collection[0])
        tare_add_to_collection(result.graph, collection, result);
    return result;
}

tare_metric tare_metrics_root_mean_squared_error_with(tare_tensor labels, tare_tensor predictions,
                                                      const tare_metrics_options *options) {
    tare_metrics_options given;
    tare_options_adopt(&tare_metrics_table, options, &given);
    tare_metrics_options inner = given;
    inner.metrics_collection = inner.updates_collection = NULL;
    const tare_tensor operands[] = {predictions, labels};
    tare_graph *graph = tare_graph_of(operands, sizeof operands / sizeof *operands);
    if (!graph || tare_graph_status(graph))
        return (tare_metric){{.graph = graph}, {.graph = graph}};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_metric made =
        tare_metric_mean_of_pairs(&tare_root_mean_squared_error_metric, tare_metric_squared_error,
                                  labels, predictions, &inner);
    made.value = root(made.value, given.metrics_collection);
    made.update_op = root(made.update_op, given.updates_collection);
    tare_graph_attempt_end(graph, &attempt);
    if (tare_graph_status(graph)) return (tare_metric){{.graph = graph}, {.graph = graph}};
    return made;
}
