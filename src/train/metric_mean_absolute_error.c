/* SPDX-License-Identifier: Apache-2.0 */
/* Mean absolute error: the mean of |predictions - labels|. */
#include "train/metric.h"

static tare_tensor formula(tare_tensor labels, tare_tensor predictions) {
    return tare_abs(tare_sub(tare_operand_as(predictions, TARE_FLOAT32),
                             tare_operand_as(labels, TARE_FLOAT32)));
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_mean_absolute_error_with(labels, predictions, options);
}

const tare_metric_def tare_mean_absolute_error_metric = {
    "mean_absolute_error", "mean_absolute_error", "labels",
    "predictions",         &tare_metrics_table,   make};

tare_metric tare_metrics_mean_absolute_error_with(tare_tensor labels, tare_tensor predictions,
                                                  const tare_metrics_options *options) {
    return tare_metric_mean_of_pairs(&tare_mean_absolute_error_metric, formula, labels, predictions,
                                     options);
}
