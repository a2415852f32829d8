/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precision and recall at several thresholds, and the counts under them and under the areas of
 * metric_auc.c.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (_confusion_matrix_at_thresholds,
 * precision_at_thresholds, recall_at_thresholds).
 */
#include "op/measure.h"
#include "train/metric.h"

#define TARE_TABLE_STRUCT tare_metrics_thresholds_options
TARE_OPTION_TABLE(static, table, TARE_METRICS_THRESHOLDS_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- counts */

tare_array *tare_metric_take_thresholds(const tare_metric_job *job, const tare_array *given) {
    const tare_blame *blame = &job->blame;
    tare_array *copy = NULL;
    if (!given || tare_array_shape(given).rank != 1 || tare_array_count(given) == 0) {
        tare_build_fail(blame->graph, TARE_ERROR_ARGUMENT, blame->op, blame->node,
                        given ? "thresholds that are no list of numbers" : "no thresholds",
                        "an array of rank 1 with a number or more");
        return NULL;
    }
    if (tare_array_new(TARE_FLOAT32, tare_array_shape(given), tare_graph_allocator(blame->graph),
                       &copy) != TARE_OK) {
        tare_build_fail(blame->graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
        return NULL;
    }
    for (int64_t i = 0; i < tare_array_count(given); i++)
        tare_array_set_number(copy, i, tare_array_number(given, i));
    return copy;
}

bool tare_metric_count_at_thresholds(tare_metric_job *job, const tare_array *thresholds,
                                     unsigned wanted, tare_metric_counts *counts) {
    static const char *const names[] = {[TARE_COUNT_TRUE_POSITIVES] = "true_positives",
                                        [TARE_COUNT_FALSE_NEGATIVES] = "false_negatives",
                                        [TARE_COUNT_TRUE_NEGATIVES] = "true_negatives",
                                        [TARE_COUNT_FALSE_POSITIVES] = "false_positives"};
    job->labels = tare_operand_as(job->labels, TARE_BOOL);
    job->predictions = tare_operand_as(job->predictions, TARE_FLOAT32);
    if (!tare_metric_align(job)) return false;
    const tare_tensor all = tare_threshold_counts(job->labels, job->predictions,
                                                  tare_constant(job->blame.graph, thresholds),
                                                  tare_metric_weights(job, job->predictions));
    const tare_shape shape = tare_array_shape(thresholds);
    for (int i = 0; i < TARE_COUNT_OUTPUTS; i++) {
        counts->values[i] = counts->updates[i] = TARE_NULL;
        if (!(wanted >> i & 1)) continue;
        counts->values[i] = tare_metric_variable(job, names[i], shape, TARE_FLOAT32);
        counts->updates[i] = tare_assign_add(counts->values[i], tare_output(all, i));
    }
    return tare_graph_status(job->blame.graph) == TARE_OK;
}

/* ---- the two metrics */

/* first / (epsilon + first + second), where nothing was counted 0. */
static tare_tensor share(tare_tensor first, tare_tensor second) {
    return tare_div(first, tare_add(tare_add(first, tare_number(1e-7)), second));
}

/* other: the count that shares the divisor with the true positives. */
static tare_metric build(const tare_metric_def *def, int other, tare_tensor labels,
                         tare_tensor predictions, const tare_metrics_thresholds_options *options,
                         const char *value_name, const char *update_name) {
    tare_metrics_thresholds_options given;
    tare_options_adopt(&table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    tare_array *thresholds = NULL;
    if (tare_metric_begin(&job, def, labels, predictions, TARE_METRIC_COMMON(given)))
        thresholds = tare_metric_take_thresholds(&job, given.thresholds);
    const int tp = TARE_COUNT_TRUE_POSITIVES;
    tare_metric_counts counts;
    if (thresholds &&
        tare_metric_count_at_thresholds(&job, thresholds, 1u << tp | 1u << other, &counts))
        made = (tare_metric){share(counts.values[tp], counts.values[other]),
                             share(counts.updates[tp], counts.updates[other])};
    tare_array_free(thresholds);
    return tare_metric_end(&job, made, value_name, update_name);
}

#define AT_THRESHOLDS(kind, other)                                                                 \
    static tare_metric make_##kind(tare_tensor labels, tare_tensor predictions,                    \
                                   const void *options) {                                          \
        return tare_metrics_##kind##_at_thresholds_with(labels, predictions, options);             \
    }                                                                                              \
    const tare_metric_def tare_##kind##_at_thresholds_metric = {#kind "_at_thresholds",            \
                                                                #kind "_at_thresholds",            \
                                                                "labels",                          \
                                                                "predictions",                     \
                                                                &table,                            \
                                                                make_##kind};                      \
    tare_metric tare_metrics_##kind##_at_thresholds_with(                                          \
        tare_tensor labels, tare_tensor predictions,                                               \
        const tare_metrics_thresholds_options *options) {                                          \
        return build(&tare_##kind##_at_thresholds_metric, other, labels, predictions, options,     \
                     #kind "_value", #kind "_update_op");                                          \
    }
AT_THRESHOLDS(precision, TARE_COUNT_FALSE_POSITIVES)
AT_THRESHOLDS(recall, TARE_COUNT_FALSE_NEGATIVES)
