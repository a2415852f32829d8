/* SPDX-License-Identifier: Apache-2.0 */
/* Mean squared error: the mean of (predictions - labels)^2. */
#include "train/metric.h"

tare_tensor tare_metric_squared_error(tare_tensor labels, tare_tensor predictions) {
    return tare_squared_difference(tare_operand_as(predictions, TARE_FLOAT32),
                                   tare_operand_as(labels, TARE_FLOAT32));
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_mean_squared_error_with(labels, predictions, options);
}

const tare_metric_def tare_mean_squared_error_metric = {
    "mean_squared_error", "mean_squared_error", "labels", "predictions", &tare_metrics_table, make};

tare_metric tare_metrics_mean_squared_error_with(tare_tensor labels, tare_tensor predictions,
                                                 const tare_metrics_options *options) {
    return tare_metric_mean_of_pairs(&tare_mean_squared_error_metric, tare_metric_squared_error,
                                     labels, predictions, options);
}
