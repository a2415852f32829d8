/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every metric goes through: a variable scope, its operands checked and brought to one shape,
 * its local variables, named and collected results, and a graph left as it was when something is
 * refused.
 *
 *     tare_metric_job job;
 *     tare_metric made = {0};
 *     if (tare_metric_begin(&job, &def, labels, predictions, TARE_METRIC_COMMON(options)) &&
 *         tare_metric_align(&job))
 *         made = ... of job.labels, job.predictions and tare_metric_weights ...
 *     return tare_metric_end(&job, made, "value", "update_op");
 */
#ifndef TARE_SRC_TRAIN_METRIC_H
#define TARE_SRC_TRAIN_METRIC_H

#include "layer/scope.h"
#include "train/operand.h"

#include <tare/metric.h>

/* One kind of metric, as tables see it. */
typedef struct tare_metric_def {
    const char *name;  /* "percentage_below" */
    const char *scope; /* TensorFlow's scope: "percentage_below_threshold" */
    const char *labels,
        *predictions; /* what the operands are called; labels NULL: there are none */
    const tare_option_table *table;
    tare_metric (*make)(tare_tensor labels, tare_tensor predictions, const void *options);
} tare_metric_def;

/* The options that all metrics have. */
typedef struct tare_metric_common {
    tare_tensor weights;
    const char *metrics_collection, *updates_collection, *name;
} tare_metric_common;
#define TARE_METRIC_COMMON(options)                                                                \
    ((tare_metric_common){(options).weights, (options).metrics_collection,                         \
                          (options).updates_collection, (options).name})

/* A metric being built; to be ended once it was begun, however that went. */
typedef struct tare_metric_job {
    tare_blame blame; /* its graph, and whom errors blame */
    tare_metric_common common;
    tare_tensor labels, predictions; /* predictions are the values where there are no labels */
    tare_layer layer;
    bool hidden; /* nodes made now take no names */
} tare_metric_job;

/* Opens the scope; false after an error. Operands must be tensors; labels are not looked at when
 * the def has none. */
bool tare_metric_begin(tare_metric_job *job, const tare_metric_def *def, tare_tensor labels,
                       tare_tensor predictions, tare_metric_common common);
/* The same in a scope of another default name. */
bool tare_metric_begin_in(tare_metric_job *job, const tare_metric_def *def, const char *scope,
                          tare_tensor labels, tare_tensor predictions, tare_metric_common common);
/* Labels and predictions in one shape, weights with as many axes; false after an error. */
bool tare_metric_align(tare_metric_job *job);
/* Weights with so many axes: one of extent 1 is added or taken away at the end. */
void tare_metric_fit_weights(tare_metric_job *job, int rank);
/* "NAME 'SCOPE': got WHAT NUMBER; needs NEED": false, unless the number is 1 or more. */
bool tare_metric_option_positive(const tare_metric_job *job, const char *what, int64_t number);
/* The weights as float32 in the shape of `values`; a null tensor when none were given. */
tare_tensor tare_metric_weights(const tare_metric_job *job, tare_tensor values);
/* A local variable that starts at 0. */
tare_tensor tare_metric_variable(const tare_metric_job *job, const char *name, tare_shape shape,
                                 tare_dtype dtype);
/* Names the results, adds them to their collections and closes. */
tare_metric tare_metric_end(tare_metric_job *job, tare_metric made, const char *value_name,
                            const char *update_name);

/* x times its weights; x itself without weights. */
tare_tensor tare_metric_weigh(const tare_metric_job *job, tare_tensor x);
/* total / max(count, 0), with 0 / 0 = 0. */
tare_tensor tare_metric_ratio(tare_tensor total, tare_tensor count);
/* Total and count of values, and their ratio. */
tare_metric tare_metric_mean_of(const tare_metric_job *job, tare_tensor values);
/* What a metric of one pair of operands takes the mean of; operands have one shape. */
typedef tare_tensor (*tare_metric_formula)(tare_tensor labels, tare_tensor predictions);
tare_metric tare_metric_mean_of_pairs(const tare_metric_def *def, tare_metric_formula formula,
                                      tare_tensor labels, tare_tensor predictions,
                                      const tare_metrics_options *options);
/* Of float32 labels and predictions (metric_mean_squared_error.c). */
tare_tensor tare_metric_squared_error(tare_tensor labels, tare_tensor predictions);

/* The cells of a table of two classes. */
typedef struct tare_metric_cell {
    const char *name; /* "false_positives": prediction positive, label not */
    bool label, prediction;
} tare_metric_cell;
extern const tare_metric_cell tare_true_positives, tare_false_positives, tare_true_negatives,
    tare_false_negatives;
/* Labels and predictions as booleans of one shape; false after an error. */
bool tare_metric_take_truths(tare_metric_job *job);
/* The weight of the elements in that cell, in a variable `count`. */
tare_metric tare_metric_count(const tare_metric_job *job, const tare_metric_cell *cell);
/* first / (first + second) of two cells, each counted in a scope of its name; 0 of nothing. */
tare_metric tare_metric_share(const tare_metric_def *def, const tare_metric_cell *first,
                              const tare_metric_cell *second, tare_tensor labels,
                              tare_tensor predictions, const tare_metrics_options *options);

/* The counts of op/measure.h at every threshold, by its outputs: in variables, and after the
 * update. Outputs that `wanted` has no bit of stay null tensors. */
typedef struct tare_metric_counts {
    tare_tensor values[4], updates[4];
} tare_metric_counts;
/* thresholds: float32, rank 1. False after an error. */
bool tare_metric_count_at_thresholds(tare_metric_job *job, const tare_array *thresholds,
                                     unsigned wanted, tare_metric_counts *counts);
/* A float32 copy, owned by the caller; NULL, with an error, when it is no list of numbers. */
tare_array *tare_metric_take_thresholds(const tare_metric_job *job, const tare_array *given);

/* The confusion matrix so far, and after the update. */
tare_metric tare_metric_matrix(const tare_metric_job *job, int64_t num_classes);

extern const tare_option_table tare_metrics_table, tare_metrics_classes_table;

#endif
