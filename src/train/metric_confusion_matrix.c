/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The confusion matrix over batches: total_confusion_matrix += the batch's.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (_streaming_confusion_matrix).
 */
#include "train/metric.h"

#define TARE_TABLE_STRUCT tare_metrics_classes_options
TARE_OPTION_TABLE(, tare_metrics_classes_table, TARE_METRICS_CLASSES_FIELDS);
#undef TARE_TABLE_STRUCT

tare_metric tare_metric_matrix(const tare_metric_job *job, int64_t num_classes) {
    const tare_tensor batch = tare_confusion_matrix(
        tare_operand_as(job->labels, TARE_INT64), tare_operand_as(job->predictions, TARE_INT64),
        num_classes, .weights = tare_metric_weights(job, job->labels), .dtype = TARE_FLOAT64);
    const tare_tensor total = tare_metric_variable(
        job, "total_confusion_matrix", TARE_SHAPE(num_classes, num_classes), TARE_FLOAT64);
    return (tare_metric){total, tare_assign_add(total, batch)};
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_confusion_matrix_with(labels, predictions, options);
}

const tare_metric_def tare_confusion_matrix_metric = {
    "confusion_matrix", "confusion_matrix",          "labels",
    "predictions",      &tare_metrics_classes_table, make};

tare_metric tare_metrics_confusion_matrix_with(tare_tensor labels, tare_tensor predictions,
                                               const tare_metrics_classes_options *options) {
    tare_metrics_classes_options given;
    tare_options_adopt(&tare_metrics_classes_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, &tare_confusion_matrix_metric, labels, predictions,
                          TARE_METRIC_COMMON(given)) &&
        tare_metric_option_positive(&job, "num_classes", given.num_classes) &&
        tare_metric_align(&job))
        made = tare_metric_matrix(&job, given.num_classes);
    return tare_metric_end(&job, made, "value", "update_op");
}
