/* SPDX-License-Identifier: Apache-2.0 */
/* Percentage below: the mean of values < threshold. */
#include "train/metric.h"

#define TARE_TABLE_STRUCT tare_metrics_percentage_options
TARE_OPTION_TABLE(static, table, TARE_METRICS_PERCENTAGE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_metric make(tare_tensor labels, tare_tensor values, const void *options) {
    (void)labels;
    return tare_metrics_percentage_below_with(values, options);
}

const tare_metric_def tare_percentage_below_metric = {
    "percentage_below", "percentage_below_threshold", NULL, "values", &table, make};

static bool has_threshold(const tare_metric_job *job, tare_tensor threshold) {
    return threshold.immediate == 1 || tare_operand_given(&job->blame, threshold, "threshold");
}

tare_metric tare_metrics_percentage_below_with(tare_tensor values,
                                               const tare_metrics_percentage_options *options) {
    tare_metrics_percentage_options given;
    tare_options_adopt(&table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, &tare_percentage_below_metric, TARE_NULL, values,
                          TARE_METRIC_COMMON(given)) &&
        has_threshold(&job, given.threshold)) {
        tare_metric_fit_weights(&job, tare_tensor_shape(values).rank);
        made = tare_metric_mean_of(&job, tare_less(values, given.threshold));
    }
    return tare_metric_end(&job, made, "value", "update_op");
}
