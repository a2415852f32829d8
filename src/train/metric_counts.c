/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four cells of the table of two classes: true and false positives and negatives.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (true_positives and its kin,
 * _count_condition).
 */
#include "train/metric.h"

const tare_metric_cell tare_true_positives = {"true_positives", true, true},
                       tare_false_positives = {"false_positives", false, true},
                       tare_true_negatives = {"true_negatives", false, false},
                       tare_false_negatives = {"false_negatives", true, false};

bool tare_metric_take_truths(tare_metric_job *job) {
    job->labels = tare_operand_as(job->labels, TARE_BOOL);
    job->predictions = tare_operand_as(job->predictions, TARE_BOOL);
    return tare_metric_align(job);
}

static tare_tensor is(tare_tensor truth, bool wanted) {
    return wanted ? truth : tare_logical_not(truth);
}

tare_metric tare_metric_count(const tare_metric_job *job, const tare_metric_cell *cell) {
    const tare_tensor within =
        tare_logical_and(is(job->labels, cell->label), is(job->predictions, cell->prediction));
    const tare_tensor count = tare_metric_variable(job, "count", TARE_SCALAR, TARE_FLOAT32);
    const tare_tensor weighed = tare_metric_weigh(job, tare_cast(within, TARE_FLOAT32));
    return (tare_metric){count, tare_assign_add(count, tare_reduce_sum(weighed))};
}

static tare_metric build(const tare_metric_def *def, const tare_metric_cell *cell,
                         tare_tensor labels, tare_tensor predictions,
                         const tare_metrics_options *options) {
    tare_metrics_options given;
    tare_options_adopt(&tare_metrics_table, options, &given);
    tare_metric_job job;
    tare_metric made = {.value = TARE_NULL};
    if (tare_metric_begin(&job, def, labels, predictions, TARE_METRIC_COMMON(given)) &&
        tare_metric_take_truths(&job))
        made = tare_metric_count(&job, cell);
    return tare_metric_end(&job, made, "Identity", "AssignAdd");
}

/* The kind of one cell, and its builder. */
#define CELL(cell)                                                                                 \
    static tare_metric make_##cell(tare_tensor labels, tare_tensor predictions,                    \
                                   const void *options) {                                          \
        return tare_metrics_##cell##_with(labels, predictions, options);                           \
    }                                                                                              \
    const tare_metric_def tare_##cell##_metric = {                                                 \
        #cell, #cell, "labels", "predictions", &tare_metrics_table, make_##cell};                  \
    tare_metric tare_metrics_##cell##_with(tare_tensor labels, tare_tensor predictions,            \
                                           const tare_metrics_options *options) {                  \
        return build(&tare_##cell##_metric, &tare_##cell, labels, predictions, options);           \
    }
CELL(true_positives)
CELL(false_positives)
CELL(true_negatives)
CELL(false_negatives)
