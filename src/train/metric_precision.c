/* SPDX-License-Identifier: Apache-2.0 */
/* Precision: of the elements predicted to be positive, the share that is. */
#include "train/metric.h"

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_precision_with(labels, predictions, options);
}

const tare_metric_def tare_precision_metric = {"precision",   "precision",         "labels",
                                               "predictions", &tare_metrics_table, make};

tare_metric tare_metrics_precision_with(tare_tensor labels, tare_tensor predictions,
                                        const tare_metrics_options *options) {
    return tare_metric_share(&tare_precision_metric, &tare_true_positives, &tare_false_positives,
                             labels, predictions, options);
}
