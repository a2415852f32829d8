/* SPDX-License-Identifier: Apache-2.0 */
/* Accuracy: the mean of predictions == labels. */
#include "train/metric.h"

static tare_tensor formula(tare_tensor labels, tare_tensor predictions) {
    return tare_equal(tare_operand_as(predictions, tare_tensor_dtype(labels)), labels);
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_accuracy_with(labels, predictions, options);
}

const tare_metric_def tare_accuracy_metric = {"accuracy",    "accuracy",          "labels",
                                              "predictions", &tare_metrics_table, make};

tare_metric tare_metrics_accuracy_with(tare_tensor labels, tare_tensor predictions,
                                       const tare_metrics_options *options) {
    return tare_metric_mean_of_pairs(&tare_accuracy_metric, formula, labels, predictions, options);
}
