/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mean intersection over union, from the confusion matrix over batches: with l and p the sums of a
 * class's row and column and d its diagonal element, the mean of d / (l + p - d) over the classes
 * where that divisor is not 0.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (mean_iou).
 */
#include "train/metric.h"

static tare_tensor narrow(tare_tensor x) { return tare_cast(x, TARE_FLOAT32); }

static tare_tensor mean_of(tare_tensor matrix) {
    const tare_tensor zero = tare_number(0), both = narrow(tare_diag_part(matrix));
    const tare_tensor predicted = narrow(tare_reduce_sum(matrix, .axis = TARE_LIST(0)));
    const tare_tensor labelled = narrow(tare_reduce_sum(matrix, .axis = TARE_LIST(1)));
    const tare_tensor either = tare_sub(tare_add(predicted, labelled), both);
    const tare_tensor seen = tare_reduce_sum(narrow(tare_not_equal(either, zero)));
    const tare_tensor divisor =
        tare_where(tare_greater(either, zero), either, tare_ones_like(either));
    const tare_tensor sum = tare_reduce_sum(tare_div(both, divisor));
    return tare_where(tare_greater(seen, zero), tare_div(sum, seen), tare_zeros_like(seen));
}

static tare_metric make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_mean_iou_with(labels, predictions, options);
}

const tare_metric_def tare_mean_iou_metric = {
    "mean_iou", "mean_iou", "labels", "predictions", &tare_metrics_classes_table, make};

tare_metric tare_metrics_mean_iou_with(tare_tensor labels, tare_tensor predictions,
                                       const tare_metrics_classes_options *options) {
    tare_metrics_classes_options given;
    tare_options_adopt(&tare_metrics_classes_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, &tare_mean_iou_metric, labels, predictions,
                          TARE_METRIC_COMMON(given)) &&
        tare_metric_option_positive(&job, "num_classes", given.num_classes) &&
        tare_metric_align(&job)) {
        made = tare_metric_matrix(&job, given.num_classes);
        made.value = mean_of(made.value);
    }
    return tare_metric_end(&job, made, "Select_1", "AssignAdd");
}
