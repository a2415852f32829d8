/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precision and recall of the k highest predictions of each row against the row's labels.
 *
 *     recall_at_k     labels that are among the k    / labels
 *     precision_at_k  those of the k that are labels / k
 *
 * Sums in float64, as in TensorFlow; 0 / 0 is NaN.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (recall_at_top_k, precision_at_top_k).
 */
#include "base/text.h"
#include "train/metric.h"

#define TARE_TABLE_STRUCT tare_metrics_at_k_options
TARE_OPTION_TABLE(static, table, TARE_METRICS_AT_K_FIELDS);
#undef TARE_TABLE_STRUCT

/* What the two differ in. */
typedef struct at_k {
    const tare_metric_def *def;
    const char *scope, *missed; /* "recall", "false_negative" */
    int found_along;            /* axis of [.., labels, k] over which one hit is enough */
} at_k;

/* [.., labels, k]: whether that label is that one of the k. */
static tare_tensor hits(const tare_metric_job *job, int64_t k) {
    tare_tensor labels = job->labels;
    const int rank = tare_tensor_shape(job->predictions).rank;
    if (tare_tensor_shape(labels).rank == rank - 1) labels = tare_expand_dims(labels, -1);
    const tare_tensor indices = tare_output(tare_top_k(job->predictions, k), 1);
    const tare_tensor highest = tare_operand_as(indices, tare_tensor_dtype(labels));
    return tare_equal(tare_expand_dims(labels, -1), tare_expand_dims(highest, -2));
}

static tare_tensor sum_last(tare_tensor truths) {
    return tare_reduce_sum(tare_cast(truths, TARE_FLOAT64), .axis = TARE_LIST(-1));
}

/* A variable NAME_at_K that grows by the weighed sum of counts per row. */
static tare_metric accumulate(const tare_metric_job *job, const char *name, int64_t k,
                              tare_tensor rows) {
    char full[64];
    tare_print(full, sizeof full, "%s_at_%lld", name, (long long)k);
    const tare_tensor total = tare_metric_variable(job, full, TARE_SCALAR, TARE_FLOAT64);
    const tare_tensor weights = tare_metric_weights(job, rows);
    const tare_tensor weighed =
        weights.graph ? tare_mul(rows, tare_operand_as(weights, TARE_FLOAT64)) : rows;
    return (tare_metric){total, tare_assign_add(total, tare_reduce_sum(weighed))};
}

static tare_tensor share(tare_tensor found, tare_tensor missed) {
    return tare_div(found, tare_add(found, missed));
}

static tare_metric build(tare_metric_job *job, const at_k *kind, int64_t k) {
    const tare_tensor found = tare_reduce_any(hits(job, k), .axis = TARE_LIST(kind->found_along));
    const tare_tensor rows = sum_last(found);
    tare_metric_fit_weights(job, tare_tensor_shape(rows).rank);
    const tare_metric right = accumulate(job, "true_positive", k, rows);
    const tare_metric wrong = accumulate(job, kind->missed, k, sum_last(tare_logical_not(found)));
    return (tare_metric){share(right.value, wrong.value), share(right.update_op, wrong.update_op)};
}

static bool refuse(const tare_metric_job *job, tare_status status, const char *got,
                   const char *need) {
    tare_build_fail(job->blame.graph, status, job->blame.op, job->blame.node, got, need);
    return false;
}

/* Labels are whole numbers, of the predictions' rank or of one less. */
static bool has_labels(const tare_metric_job *job) {
    const tare_dtype dtype = tare_tensor_dtype(job->labels);
    const int labels = tare_tensor_shape(job->labels).rank;
    const int predictions = tare_tensor_shape(job->predictions).rank;
    char got[96];
    if (dtype != TARE_INT32 && dtype != TARE_INT64) {
        tare_print(got, sizeof got, "labels of dtype %s", tare_dtype_name(dtype));
        return refuse(job, TARE_ERROR_TYPE, got, "int32 or int64");
    }
    if (labels >= 0 && predictions >= 1 && predictions < TARE_MAX_RANK &&
        (labels == predictions || labels == predictions - 1))
        return true;
    tare_print(got, sizeof got, "labels of rank %d and predictions of rank %d", labels,
               predictions);
    return refuse(job, TARE_ERROR_SHAPE, got,
                  "predictions [.., C] and labels [..] or [.., L], of known rank");
}

static tare_metric make_at_k(const at_k *kind, tare_tensor labels, tare_tensor predictions,
                             const tare_metrics_at_k_options *options) {
    tare_metrics_at_k_options given;
    tare_options_adopt(&table, options, &given);
    char scope[64];
    tare_print(scope, sizeof scope, "%s_at_%lld", kind->scope,
               (long long)(given.k < 0 ? 0 : given.k)); /* no name has a minus */
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin_in(&job, kind->def, scope, labels, predictions,
                             TARE_METRIC_COMMON(given)) &&
        tare_metric_option_positive(&job, "k", given.k) && has_labels(&job))
        made = build(&job, kind, given.k);
    return tare_metric_end(&job, made, "value", "update_op");
}

static tare_metric make_recall(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_metrics_recall_at_k_with(labels, predictions, options);
}
static tare_metric make_precision(tare_tensor labels, tare_tensor predictions,
                                  const void *options) {
    return tare_metrics_precision_at_k_with(labels, predictions, options);
}

const tare_metric_def tare_recall_at_k_metric = {"recall_at_k", "recall_at_k", "labels",
                                                 "predictions", &table,        make_recall};
const tare_metric_def tare_precision_at_k_metric = {
    "precision_at_k", "precision_at_k", "labels", "predictions", &table, make_precision};

tare_metric tare_metrics_recall_at_k_with(tare_tensor labels, tare_tensor predictions,
                                          const tare_metrics_at_k_options *options) {
    static const at_k kind = {&tare_recall_at_k_metric, "recall", "false_negative", -1};
    return make_at_k(&kind, labels, predictions, options);
}
tare_metric tare_metrics_precision_at_k_with(tare_tensor labels, tare_tensor predictions,
                                             const tare_metrics_at_k_options *options) {
    static const at_k kind = {&tare_precision_at_k_metric, "precision", "false_positive", -2};
    return make_at_k(&kind, labels, predictions, options);
}
