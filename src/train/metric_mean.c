/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mean over batches, which most metrics are: total += sum w x, count += sum w,
 * value = total / max(count, 0), 0 where that is 0.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (mean).
 */
#include "train/metric.h"

tare_tensor tare_metric_ratio(tare_tensor total, tare_tensor count) {
    return tare_div_no_nan(total, tare_maximum(count, tare_number(0)));
}

tare_metric tare_metric_mean_of(const tare_metric_job *job, tare_tensor values) {
    const tare_tensor x = tare_operand_as(values, TARE_FLOAT32);
    const tare_tensor weights = tare_metric_weights(job, x);
    const tare_tensor total = tare_metric_variable(job, "total", TARE_SCALAR, TARE_FLOAT32);
    const tare_tensor count = tare_metric_variable(job, "count", TARE_SCALAR, TARE_FLOAT32);
    const tare_tensor sum = tare_reduce_sum(weights.graph ? tare_mul(x, weights) : x);
    const tare_tensor number =
        weights.graph ? tare_reduce_sum(weights) : tare_cast(tare_size_of(x), TARE_FLOAT32);
    return (tare_metric){.value = tare_metric_ratio(total, count),
                         .update_op = tare_metric_ratio(tare_assign_add(total, sum),
                                                        tare_assign_add(count, number))};
}

tare_metric tare_metric_mean_of_pairs(const tare_metric_def *def, tare_metric_formula formula,
                                      tare_tensor labels, tare_tensor predictions,
                                      const tare_metrics_options *options) {
    tare_metrics_options given;
    tare_options_adopt(&tare_metrics_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, def, labels, predictions, TARE_METRIC_COMMON(given)) &&
        tare_metric_align(&job))
        made = tare_metric_mean_of(&job, formula(job.labels, job.predictions));
    return tare_metric_end(&job, made, "value", "update_op");
}

static tare_metric make(tare_tensor labels, tare_tensor values, const void *options) {
    (void)labels;
    return tare_metrics_mean_with(values, options);
}

const tare_metric_def tare_mean_metric = {"mean", "mean", NULL, "values", &tare_metrics_table,
                                          make};

tare_metric tare_metrics_mean_with(tare_tensor values, const tare_metrics_options *options) {
    tare_metrics_options given;
    tare_options_adopt(&tare_metrics_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, &tare_mean_metric, TARE_NULL, values, TARE_METRIC_COMMON(given))) {
        tare_metric_fit_weights(&job, tare_tensor_shape(values).rank);
        made = tare_metric_mean_of(&job, values);
    }
    return tare_metric_end(&job, made, "value", "update_op");
}
