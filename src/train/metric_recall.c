/* SPDX-License-Identifier: Apache-2.0 */
/* Recall: of the elements that are positive, the share predicted to be. */
#include "train/metric.h"

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_recall_with(labels, predictions, options);
}

const tare_metric_def tare_recall_metric = {
    "recall", "recall", "labels", "predictions", &tare_metrics_table, make};

tare_metric tare_metrics_recall_with(tare_tensor labels, tare_tensor predictions,
                                     const tare_metrics_options *options) {
    return tare_metric_share(&tare_recall_metric, &tare_true_positives, &tare_false_negatives,
                             labels, predictions, options);
}
