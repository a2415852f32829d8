/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Streaming metrics: tf.metrics. tf.metrics.NAME is tare_metrics_NAME here.
 *
 *     tare_metric accuracy = tare_metrics_accuracy(labels, predicted);
 *     tare_session_initialize_collection(session, TARE_LOCAL_VARIABLES);
 *     for every batch: tare_session_run(session, feeds, n, TARE_FETCHES(accuracy.update_op), NULL);
 *     tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(accuracy.value), results);
 *
 * A metric keeps sums over all batches in variables of its own. Running `update_op` adds the batch
 * that is fed and gives the metric with it; `value` is the metric of what was added so far and
 * needs no feeds. Fetched in one run, value does not see that run's batch. The variables are in the
 * collections local_variables and metric_variables, so they are neither trained nor saved, and
 * tare_session_initialize_collection begins anew between two epochs.
 *
 * Weights    multiply what is counted: a number, a scalar, or a tensor with the values' axes, each
 *            of extent 1 or the values'; one with an axis less, or one more of extent 1, will do.
 * Shapes     labels and predictions have one shape; either may have a last axis of extent 1 more
 *            than the other. Variables are float32 where nothing else is said.
 * Names      variables and results lie in a scope of the metric's name, or `name`, made unique.
 * Gradients  none.
 * Errors     labels and predictions of shapes that cannot be one; weights against the rule.
 * Source     TensorFlow r1.15, python/ops/metrics_impl.py.
 */
#ifndef TARE_METRIC_H
#define TARE_METRIC_H

#include <tare/op.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a metric is so far, and the operation that adds a batch. Null tensors: a failed one. */
typedef struct tare_metric {
    tare_tensor value, update_op;
} tare_metric;

/* clang-format off */
#define TARE_METRICS_FIELDS(field)                                                                 \
    field(tensor, weights, TARE_NULL, "what each element counts; 1 when not given")                \
    field(text, metrics_collection, NULL, "that value is added to")                                \
    field(text, updates_collection, NULL, "that update_op is added to")                            \
    field(text, name, NULL, "scope of variables and results; by default the metric's name")
/* clang-format on */
TARE_OPTIONS(tare_metrics_options, TARE_METRICS_FIELDS);
#define TARE_METRICS_DEFAULTS TARE_DEFAULTS(tare_metrics_options, TARE_METRICS_FIELDS)
#define TARE_METRIC1(f, ...)                                                                       \
    TARE_KW1(f, tare_metrics_options, TARE_METRICS_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_METRIC2(f, ...)                                                                       \
    TARE_KW2(f, tare_metrics_options, TARE_METRICS_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ----------------------------------------------------------------------------------- means */

/** sum w values / sum w; 0 of nothing. Variables total, count. */
TARE_API tare_metric tare_metrics_mean_with(tare_tensor values,
                                            const tare_metrics_options *options);
#define tare_metrics_mean(...) TARE_METRIC1(tare_metrics_mean_with, __VA_ARGS__)

/** The same for every element by itself. Variables total_tensor, count_tensor, of the values'
 * shape. Errors  a shape that is not known when building. */
TARE_API tare_metric tare_metrics_mean_tensor_with(tare_tensor values,
                                                   const tare_metrics_options *options);
#define tare_metrics_mean_tensor(...) TARE_METRIC1(tare_metrics_mean_tensor_with, __VA_ARGS__)

/** How often predictions equal labels. Variables total, count. */
TARE_API tare_metric tare_metrics_accuracy_with(tare_tensor labels, tare_tensor predictions,
                                                const tare_metrics_options *options);
#define tare_metrics_accuracy(...) TARE_METRIC2(tare_metrics_accuracy_with, __VA_ARGS__)

/** Mean of |predictions - labels|. Variables total, count. */
TARE_API tare_metric tare_metrics_mean_absolute_error_with(tare_tensor labels,
                                                           tare_tensor predictions,
                                                           const tare_metrics_options *options);
#define tare_metrics_mean_absolute_error(...)                                                      \
    TARE_METRIC2(tare_metrics_mean_absolute_error_with, __VA_ARGS__)

/** Mean of (predictions - labels)^2. Variables total, count. */
TARE_API tare_metric tare_metrics_mean_squared_error_with(tare_tensor labels,
                                                          tare_tensor predictions,
                                                          const tare_metrics_options *options);
#define tare_metrics_mean_squared_error(...)                                                       \
    TARE_METRIC2(tare_metrics_mean_squared_error_with, __VA_ARGS__)

/** The root of the mean of (predictions - labels)^2. Variables total, count. */
TARE_API tare_metric tare_metrics_root_mean_squared_error_with(tare_tensor labels,
                                                               tare_tensor predictions,
                                                               const tare_metrics_options *options);
#define tare_metrics_root_mean_squared_error(...)                                                  \
    TARE_METRIC2(tare_metrics_root_mean_squared_error_with, __VA_ARGS__)

/* clang-format off */
#define TARE_METRICS_PERCENTAGE_FIELDS(field)                                                      \
    TARE_METRICS_FIELDS(field)                                                                     \
    field(tensor, threshold, TARE_NULL, "what values are to be below; must be given")
/* clang-format on */
TARE_OPTIONS(tare_metrics_percentage_options, TARE_METRICS_PERCENTAGE_FIELDS);
#define TARE_METRICS_PERCENTAGE_DEFAULTS                                                           \
    TARE_DEFAULTS(tare_metrics_percentage_options, TARE_METRICS_PERCENTAGE_FIELDS)
/** The share, 0 to 1, of values below threshold. Variables total, count. */
TARE_API tare_metric tare_metrics_percentage_below_with(
    tare_tensor values, const tare_metrics_percentage_options *options);
#define tare_metrics_percentage_below(...)                                                         \
    TARE_KW1(tare_metrics_percentage_below_with, tare_metrics_percentage_options,                  \
             TARE_METRICS_PERCENTAGE_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------------------------------ two classes */

/** How many labels and predictions are true. Variable count. Labels and predictions of these and
 * of precision and recall: booleans, or numbers of which all but 0 are true. */
TARE_API tare_metric tare_metrics_true_positives_with(tare_tensor labels, tare_tensor predictions,
                                                      const tare_metrics_options *options);
#define tare_metrics_true_positives(...) TARE_METRIC2(tare_metrics_true_positives_with, __VA_ARGS__)
/** How many predictions are true and labels false. Variable count. */
TARE_API tare_metric tare_metrics_false_positives_with(tare_tensor labels, tare_tensor predictions,
                                                       const tare_metrics_options *options);
#define tare_metrics_false_positives(...)                                                          \
    TARE_METRIC2(tare_metrics_false_positives_with, __VA_ARGS__)
/** How many labels and predictions are false. Variable count. */
TARE_API tare_metric tare_metrics_true_negatives_with(tare_tensor labels, tare_tensor predictions,
                                                      const tare_metrics_options *options);
#define tare_metrics_true_negatives(...) TARE_METRIC2(tare_metrics_true_negatives_with, __VA_ARGS__)
/** How many labels are true and predictions false. Variable count. */
TARE_API tare_metric tare_metrics_false_negatives_with(tare_tensor labels, tare_tensor predictions,
                                                       const tare_metrics_options *options);
#define tare_metrics_false_negatives(...)                                                          \
    TARE_METRIC2(tare_metrics_false_negatives_with, __VA_ARGS__)

/** true positives / (true positives + false positives); 0 while there is none. Variables
 * true_positives/count, false_positives/count. */
TARE_API tare_metric tare_metrics_precision_with(tare_tensor labels, tare_tensor predictions,
                                                 const tare_metrics_options *options);
#define tare_metrics_precision(...) TARE_METRIC2(tare_metrics_precision_with, __VA_ARGS__)
/** true positives / (true positives + false negatives); 0 while there is none. Variables
 * true_positives/count, false_negatives/count. */
TARE_API tare_metric tare_metrics_recall_with(tare_tensor labels, tare_tensor predictions,
                                              const tare_metrics_options *options);
#define tare_metrics_recall(...) TARE_METRIC2(tare_metrics_recall_with, __VA_ARGS__)

/* ----------------------------------------------------------- two classes, many thresholds */

/* Of these, predictions are probabilities, and positive where they lie above a threshold. A run
 * with a prediction outside 0..1 fails. */

/* clang-format off */
#define TARE_METRICS_THRESHOLDS_FIELDS(field)                                                      \
    TARE_METRICS_FIELDS(field)                                                                     \
    field(array, thresholds, NULL, "one number or several, rank 1; must be given")
/* clang-format on */
TARE_OPTIONS(tare_metrics_thresholds_options, TARE_METRICS_THRESHOLDS_FIELDS);
#define TARE_METRICS_THRESHOLDS_DEFAULTS                                                           \
    TARE_DEFAULTS(tare_metrics_thresholds_options, TARE_METRICS_THRESHOLDS_FIELDS)
/** Precision at each threshold: true positives / (1e-7 + true positives + false positives).
 * Variables true_positives, false_positives, a number for each. */
TARE_API tare_metric tare_metrics_precision_at_thresholds_with(
    tare_tensor labels, tare_tensor predictions, const tare_metrics_thresholds_options *options);
#define tare_metrics_precision_at_thresholds(...)                                                  \
    TARE_KW2(tare_metrics_precision_at_thresholds_with, tare_metrics_thresholds_options,           \
             TARE_METRICS_THRESHOLDS_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** Recall at each threshold: true positives / (1e-7 + true positives + false negatives).
 * Variables true_positives, false_negatives, a number for each. */
TARE_API tare_metric tare_metrics_recall_at_thresholds_with(
    tare_tensor labels, tare_tensor predictions, const tare_metrics_thresholds_options *options);
#define tare_metrics_recall_at_thresholds(...)                                                     \
    TARE_KW2(tare_metrics_recall_at_thresholds_with, tare_metrics_thresholds_options,              \
             TARE_METRICS_THRESHOLDS_DEFAULTS, __VA_ARGS__, .reserved = 0)

/** The curve whose area is taken. The values are fixed. */
typedef enum tare_curve { TARE_CURVE_ROC = 0, TARE_CURVE_PR = 1 } tare_curve;
#define TARE_CURVE_WORDS "ROC,PR"
/** How it is taken between two thresholds. The values are fixed. */
typedef enum tare_summation_method {
    TARE_SUMMATION_TRAPEZOIDAL = 0,
    TARE_SUMMATION_CAREFUL_INTERPOLATION = 1, /* Davis and Goadrich 2006; of ROC trapezoidal */
    TARE_SUMMATION_MINORING = 2,              /* rectangles under the curve */
    TARE_SUMMATION_MAJORING = 3               /* rectangles over it */
} tare_summation_method;
#define TARE_SUMMATION_METHOD_WORDS "trapezoidal,careful_interpolation,minoring,majoring"

/* clang-format off */
#define TARE_METRICS_AUC_FIELDS(field)                                                             \
    TARE_METRICS_FIELDS(field)                                                                     \
    field(integer, num_thresholds, 200, "evenly from just below 0 to just above 1; at least 2")    \
    field(choice, curve, TARE_CURVE_ROC, "ROC, or PR: precision over recall")                      \
    field(choice, summation_method, TARE_SUMMATION_TRAPEZOIDAL, "of the area")                     \
    field(array, thresholds, NULL, "rising within 0..1, rank 1; instead of num_thresholds")
/* clang-format on */
TARE_OPTIONS(tare_metrics_auc_options, TARE_METRICS_AUC_FIELDS);
#define TARE_METRICS_AUC_DEFAULTS TARE_DEFAULTS(tare_metrics_auc_options, TARE_METRICS_AUC_FIELDS)
/**
 * The area under the curve of true positive rate over false positive rate (ROC), or of precision
 * over recall (PR), from its points at the thresholds. The trapezoidal rule is wrong for PR: take
 * careful interpolation there. Variables true_positives, false_negatives, true_negatives,
 * false_positives.
 * Errors     fewer than 2 thresholds; thresholds that fall, or lie outside 0..1.
 * Source     Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves".
 */
TARE_API tare_metric tare_metrics_auc_with(tare_tensor labels, tare_tensor predictions,
                                           const tare_metrics_auc_options *options);
#define tare_metrics_auc(...)                                                                      \
    TARE_KW2(tare_metrics_auc_with, tare_metrics_auc_options, TARE_METRICS_AUC_DEFAULTS,           \
             __VA_ARGS__, .reserved = 0)

/* -------------------------------------------------------------------------- many classes */

/* clang-format off */
#define TARE_METRICS_CLASSES_FIELDS(field)                                                         \
    TARE_METRICS_FIELDS(field)                                                                     \
    field(integer, num_classes, 0, "how many classes there are; must be given")
/* clang-format on */
TARE_OPTIONS(tare_metrics_classes_options, TARE_METRICS_CLASSES_FIELDS);
#define TARE_METRICS_CLASSES_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_metrics_classes_options, TARE_METRICS_CLASSES_FIELDS)
/**
 * How often each prediction (column) was made for each label (row): value and update_op are the
 * matrix, float64. Variable total_confusion_matrix. A run with a class number out of range fails.
 * Elsewhere  TensorFlow has it inside of mean_iou only.
 */
TARE_API tare_metric tare_metrics_confusion_matrix_with(
    tare_tensor labels, tare_tensor predictions, const tare_metrics_classes_options *options);
#define tare_metrics_confusion_matrix(...)                                                         \
    TARE_KW2(tare_metrics_confusion_matrix_with, tare_metrics_classes_options,                     \
             TARE_METRICS_CLASSES_DEFAULTS, __VA_ARGS__, .reserved = 0)

/** The mean, over the classes that were seen, of intersection / union: true positives / (labels +
 * predictions - true positives). update_op gives the confusion matrix. Variable
 * total_confusion_matrix, float64. */
TARE_API tare_metric tare_metrics_mean_iou_with(tare_tensor labels, tare_tensor predictions,
                                                const tare_metrics_classes_options *options);
#define tare_metrics_mean_iou(...)                                                                 \
    TARE_KW2(tare_metrics_mean_iou_with, tare_metrics_classes_options,                             \
             TARE_METRICS_CLASSES_DEFAULTS, __VA_ARGS__, .reserved = 0)

/** The mean over all classes of each one's accuracy, 0 for one that was not seen; update_op gives
 * every class's. Variables total, count. A run with a label of num_classes or more fails; one below
 * 0 counts nowhere. */
TARE_API tare_metric tare_metrics_mean_per_class_accuracy_with(
    tare_tensor labels, tare_tensor predictions, const tare_metrics_classes_options *options);
#define tare_metrics_mean_per_class_accuracy(...)                                                  \
    TARE_KW2(tare_metrics_mean_per_class_accuracy_with, tare_metrics_classes_options,              \
             TARE_METRICS_CLASSES_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_METRICS_AT_K_FIELDS(field)                                                            \
    TARE_METRICS_FIELDS(field)                                                                     \
    field(integer, k, 0, "how many of the highest predictions count; must be given")
/* clang-format on */
TARE_OPTIONS(tare_metrics_at_k_options, TARE_METRICS_AT_K_FIELDS);
#define TARE_METRICS_AT_K_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_metrics_at_k_options, TARE_METRICS_AT_K_FIELDS)
/**
 * The share of labels that are among the k highest predictions of their row; of one label per row
 * this is the top-k accuracy. NaN of nothing. float64. Variables true_positive_at_K,
 * false_negative_at_K.
 * Shapes     predictions [.., C]; labels [..], or [.., L] for several that differ; int32 or int64;
 *            weights as [..].
 * Elsewhere  TensorFlow can look at one class alone (class_id); its results are named after the
 *            scope, recall_at_K and recall_at_K/update.
 */
TARE_API tare_metric tare_metrics_recall_at_k_with(tare_tensor labels, tare_tensor predictions,
                                                   const tare_metrics_at_k_options *options);
#define tare_metrics_recall_at_k(...)                                                              \
    TARE_KW2(tare_metrics_recall_at_k_with, tare_metrics_at_k_options, TARE_METRICS_AT_K_DEFAULTS, \
             __VA_ARGS__, .reserved = 0)
/** The share of the k highest predictions of each row that are among its labels; as above, with
 * variables true_positive_at_K, false_positive_at_K. */
TARE_API tare_metric tare_metrics_precision_at_k_with(tare_tensor labels, tare_tensor predictions,
                                                      const tare_metrics_at_k_options *options);
#define tare_metrics_precision_at_k(...)                                                           \
    TARE_KW2(tare_metrics_precision_at_k_with, tare_metrics_at_k_options,                          \
             TARE_METRICS_AT_K_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* --------------------------------------------------------------------------- metrics by name */

/** Kinds of metrics, "accuracy", in order; NULL beyond the last. */
TARE_API const char *tare_metrics_kind(size_t i);
/** The table of a kind's options; NULL: there is no such kind. */
TARE_API const tare_option_table *tare_metrics_option_table(const char *kind);
/** A metric by the name of its kind; options: its struct, NULL for defaults. Kinds without labels
 * (mean, mean_tensor, percentage_below) take their values as predictions. */
TARE_API tare_metric tare_metrics_of_kind(const char *kind, tare_tensor labels,
                                          tare_tensor predictions, const void *options);

#ifdef __cplusplus
}
#endif

#endif
