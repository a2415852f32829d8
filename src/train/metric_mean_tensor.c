/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mean over batches of every element by itself: total += w x, count += w.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (mean_tensor).
 */
#include "train/metric.h"

static tare_metric build(const tare_metric_job *job, tare_tensor values) {
    const tare_tensor x = tare_operand_as(values, TARE_FLOAT32), ones = tare_ones_like(x);
    const tare_shape shape = tare_tensor_shape(x);
    const tare_tensor total = tare_metric_variable(job, "total_tensor", shape, TARE_FLOAT32);
    const tare_tensor count = tare_metric_variable(job, "count_tensor", shape, TARE_FLOAT32);
    const tare_tensor new_total = tare_assign_add(total, tare_metric_weigh(job, x));
    const tare_tensor new_count = tare_assign_add(count, tare_metric_weigh(job, ones));
    return (tare_metric){tare_metric_ratio(total, count), tare_metric_ratio(new_total, new_count)};
}

static tare_metric make(tare_tensor labels, tare_tensor values, const void *options) {
    (void)labels;
    return tare_metrics_mean_tensor_with(values, options);
}

const tare_metric_def tare_mean_tensor_metric = {"mean_tensor",       "mean", NULL, "values",
                                                 &tare_metrics_table, make};

tare_metric tare_metrics_mean_tensor_with(tare_tensor values, const tare_metrics_options *options) {
    tare_metrics_options given;
    tare_options_adopt(&tare_metrics_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, &tare_mean_tensor_metric, TARE_NULL, values,
                          TARE_METRIC_COMMON(given))) {
        tare_metric_fit_weights(&job, tare_tensor_shape(values).rank);
        made = build(&job, values);
    }
    return tare_metric_end(&job, made, "value", "update_op");
}
