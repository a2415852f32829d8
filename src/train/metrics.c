/* SPDX-License-Identifier: Apache-2.0 */
/* Every metric there is: one line each. */
#include "train/metric.h"

#include <string.h>

/* clang-format off */
#define METRICS(metric) \
    metric(tare_mean_metric) \
    metric(tare_mean_tensor_metric) \
    metric(tare_accuracy_metric) \
    metric(tare_mean_absolute_error_metric) \
    metric(tare_mean_squared_error_metric) \
    metric(tare_root_mean_squared_error_metric) \
    metric(tare_percentage_below_metric) \
    metric(tare_true_positives_metric) \
    metric(tare_false_positives_metric) \
    metric(tare_true_negatives_metric) \
    metric(tare_false_negatives_metric) \
    metric(tare_precision_metric) \
    metric(tare_recall_metric) \
    metric(tare_precision_at_thresholds_metric) \
    metric(tare_recall_at_thresholds_metric) \
    metric(tare_auc_metric) \
    metric(tare_confusion_matrix_metric) \
    metric(tare_mean_iou_metric) \
    metric(tare_mean_per_class_accuracy_metric) \
    metric(tare_recall_at_k_metric) \
    metric(tare_precision_at_k_metric)
/* clang-format on */

#define DECLARE(metric) extern const tare_metric_def metric;
METRICS(DECLARE)

#define ENTER(metric) &metric,
static const tare_metric_def *const kinds[] = {METRICS(ENTER)};

static const tare_metric_def *find(const char *kind) {
    for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, kind) == 0) return kinds[i];
    return NULL;
}

const char *tare_metrics_kind(size_t i) {
    return i < sizeof kinds / sizeof *kinds ? kinds[i]->name : NULL;
}

const tare_option_table *tare_metrics_option_table(const char *kind) {
    const tare_metric_def *def = find(kind);
    return def ? def->table : NULL;
}

tare_metric tare_metrics_of_kind(const char *kind, tare_tensor labels, tare_tensor predictions,
                                 const void *options) {
    const tare_metric_def *def = find(kind);
    if (def) return def->make(labels, predictions, options);
    const tare_tensor operands[] = {predictions, labels};
    const tare_tensor failed =
        tare_build_fail(tare_graph_of(operands, 2), TARE_ERROR_NAME, "metric", kind,
                        "a kind that does not exist", "one that tare_metrics_kind lists");
    return (tare_metric){failed, failed};
}
