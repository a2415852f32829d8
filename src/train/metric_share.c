/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precision and recall: of what was predicted, or of what is there, the share that was right.
 *
 *     precision = true positives / (true positives + false positives)
 *     recall    = true positives / (true positives + false negatives)
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (precision, recall).
 */
#include "train/metric.h"

static tare_metric count_in_scope(const tare_metric_job *job, const tare_metric_cell *cell) {
    tare_graph *graph = job->blame.graph;
    tare_variable_scope_begin(graph, NULL, cell->name, TARE_REUSE_INHERIT);
    const tare_metric count = tare_metric_count(job, cell);
    tare_variable_scope_end(graph);
    return count;
}

static tare_tensor share(tare_tensor first, tare_tensor second) {
    const tare_tensor sum = tare_add(first, second);
    return tare_where(tare_greater(sum, tare_number(0)), tare_div(first, sum),
                      tare_zeros_like(sum));
}

tare_metric tare_metric_share(const tare_metric_def *def, const tare_metric_cell *first,
                              const tare_metric_cell *second, tare_tensor labels,
                              tare_tensor predictions, const tare_metrics_options *options) {
    tare_metrics_options given;
    tare_options_adopt(&tare_metrics_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, def, labels, predictions, TARE_METRIC_COMMON(given)) &&
        tare_metric_take_truths(&job)) {
        const tare_metric a = count_in_scope(&job, first), b = count_in_scope(&job, second);
        made = (tare_metric){share(a.value, b.value), share(a.update_op, b.update_op)};
    }
    return tare_metric_end(&job, made, "value", "update_op");
}
