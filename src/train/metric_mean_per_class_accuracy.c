/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mean accuracy per class: total[c] += the weight of the labels c, count[c] += that of those
 * predicted right, value = the mean over all classes of count / total, 0 where total is 0.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (mean_per_class_accuracy).
 */
#include "train/metric.h"

static tare_metric build(const tare_metric_job *job, int64_t classes) {
    const tare_shape shape = TARE_SHAPE(classes);
    const tare_tensor labels = tare_operand_as(job->labels, TARE_INT64);
    const tare_tensor predictions = tare_operand_as(job->predictions, TARE_INT64);
    const tare_tensor right = tare_cast(tare_equal(predictions, labels), TARE_FLOAT32);
    const tare_tensor total = tare_metric_variable(job, "total", shape, TARE_FLOAT32);
    const tare_tensor count = tare_metric_variable(job, "count", shape, TARE_FLOAT32);
    const tare_tensor ones = tare_metric_weigh(job, tare_ones_like(right));
    const tare_tensor new_total =
        tare_assign_add(total, tare_unsorted_segment_sum(ones, labels, classes));
    const tare_tensor new_count = tare_assign_add(
        count, tare_unsorted_segment_sum(tare_metric_weigh(job, right), labels, classes));
    return (tare_metric){tare_reduce_mean(tare_metric_ratio(count, total)),
                         tare_metric_ratio(new_count, new_total)};
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_mean_per_class_accuracy_with(labels, predictions, options);
}

const tare_metric_def tare_mean_per_class_accuracy_metric = {"mean_per_class_accuracy",
                                                             "mean_accuracy",
                                                             "labels",
                                                             "predictions",
                                                             &tare_metrics_classes_table,
                                                             make};

tare_metric tare_metrics_mean_per_class_accuracy_with(tare_tensor labels, tare_tensor predictions,
                                                      const tare_metrics_classes_options *options) {
    tare_metrics_classes_options given;
    tare_options_adopt(&tare_metrics_classes_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, &tare_mean_per_class_accuracy_metric, labels, predictions,
                          TARE_METRIC_COMMON(given)) &&
        tare_metric_option_positive(&job, "num_classes", given.num_classes) &&
        tare_metric_align(&job))
        made = build(&job, given.num_classes);
    return tare_metric_end(&job, made, "mean_accuracy", "update_op");
}
