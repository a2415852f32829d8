/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Losses: tf.losses, with weights and reductions. tf.losses.NAME is tare_losses_NAME here.
 *
 *     tare_tensor loss = tare_losses_mean_squared_error(y, prediction, .weights = per_sample);
 *     tare_tensor total = tare_losses_get_total_loss(graph);
 *
 * A loss has one number per element (per row for the softmax kinds and the cosine distance). Each
 * is multiplied by its weight and the products are reduced:
 *
 *     none                             the products themselves
 *     weighted_sum                     their sum
 *     weighted_sum_over_batch_size     their sum / how many losses there are
 *     weighted_mean                    their sum / the sum of the weights, one counted per loss
 *     weighted_sum_by_nonzero_weights  their sum / how many losses have a weight that is not 0
 *
 * A division by 0 gives 0. The result is added to the collection `losses`.
 *
 * Weights    a number; or a tensor that is a scalar, or has as many axes as the losses, each of
 *            extent 1 or the losses'. Extents that are open when building are held against this
 *            rule in every run.
 * Dtypes     labels become the predictions' dtype; predictions that are not floating float32.
 * Names      nodes lie in a name scope of the loss's name, or `scope`; the result is its `value`,
 *            `Sum` or `Mul`, after the op that reduces.
 * Errors     labels and predictions of shapes that cannot be one; weights against the rule.
 * Elsewhere  TensorFlow rounds float64 to float32 on the way; float64 stays float64 here. Its
 *            scopes of losses are regular expressions; here a prefix by path component.
 * Source     TensorFlow r1.15, python/ops/losses/losses_impl.py, util.py.
 */
#ifndef TARE_LOSS_H
#define TARE_LOSS_H

#include <tare/op.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How weighted losses become one number. The values are fixed. */
typedef enum tare_reduction {
    TARE_REDUCTION_NONE = 0,
    TARE_REDUCTION_SUM = 1,
    TARE_REDUCTION_SUM_OVER_BATCH_SIZE = 2,
    TARE_REDUCTION_MEAN = 3,
    TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS = 4,
    TARE_REDUCTION_SUM_OVER_NONZERO_WEIGHTS = 4 /* TensorFlow's older name of the same */
} tare_reduction;
#define TARE_REDUCTION_WORDS                                                                       \
    "none,weighted_sum,weighted_sum_over_batch_size,weighted_mean,weighted_sum_by_nonzero_weights"

/* clang-format off */
#define TARE_LOSSES_FIELDS(field)                                                                  \
    field(tensor, weights, tare_number(1), "what each loss is multiplied by")                      \
    field(choice, reduction, TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS, "how they become one number")  \
    field(text, loss_collection, TARE_LOSSES, "that the result is added to; NULL or \"\": none")   \
    field(text, scope, NULL, "name scope of the nodes; by default the loss's name")
/* clang-format on */
TARE_OPTIONS(tare_losses_options, TARE_LOSSES_FIELDS);
#define TARE_LOSSES_DEFAULTS TARE_DEFAULTS(tare_losses_options, TARE_LOSSES_FIELDS)

/* ----------------------------------------------------------------- differences of numbers */

/** |predictions - labels|. Gradients  predictions, labels. */
TARE_API tare_tensor tare_losses_absolute_difference_with(tare_tensor labels,
                                                          tare_tensor predictions,
                                                          const tare_losses_options *options);
#define tare_losses_absolute_difference(...)                                                       \
    TARE_KW2(tare_losses_absolute_difference_with, tare_losses_options, TARE_LOSSES_DEFAULTS,      \
             __VA_ARGS__, .reserved = 0)

/** (predictions - labels)^2. Gradients  predictions, labels. */
TARE_API tare_tensor tare_losses_mean_squared_error_with(tare_tensor labels,
                                                         tare_tensor predictions,
                                                         const tare_losses_options *options);
#define tare_losses_mean_squared_error(...)                                                        \
    TARE_KW2(tare_losses_mean_squared_error_with, tare_losses_options, TARE_LOSSES_DEFAULTS,       \
             __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_LOSSES_PAIRWISE_FIELDS(field)                                                         \
    field(tensor, weights, tare_number(1), "what the loss of a sample is multiplied by")           \
    field(text, loss_collection, TARE_LOSSES, "that the result is added to; NULL or \"\": none")   \
    field(text, scope, NULL, "name scope of the nodes; by default the loss's name")
/* clang-format on */
TARE_OPTIONS(tare_losses_pairwise_options, TARE_LOSSES_PAIRWISE_FIELDS);
#define TARE_LOSSES_PAIRWISE_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_losses_pairwise_options, TARE_LOSSES_PAIRWISE_FIELDS)
/**
 * Squared differences between pairs of errors: with e = predictions - labels and n the elements of
 * a sample whose weight is not 0,
 *
 *     sum over samples of 2 w (sum e^2 / (n - 1) - (sum e)^2 / (n (n - 1)))
 *
 * a sample's mean over all its pairs of (e[i] - e[j])^2. A sample with fewer than two elements
 * counts nothing. There is no reduction to choose.
 * Shapes     labels, predictions [N, ..]; weights as above, of the labels' rank.
 * Gradients  predictions, labels, weights.
 */
TARE_API tare_tensor tare_losses_mean_pairwise_squared_error_with(
    tare_tensor labels, tare_tensor predictions, const tare_losses_pairwise_options *options);
#define tare_losses_mean_pairwise_squared_error(...)                                               \
    TARE_KW2(tare_losses_mean_pairwise_squared_error_with, tare_losses_pairwise_options,           \
             TARE_LOSSES_PAIRWISE_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_LOSSES_HUBER_FIELDS(field)                                                            \
    TARE_LOSSES_FIELDS(field)                                                                      \
    field(real, delta, 1, "the error at which the square becomes a line")
/* clang-format on */
TARE_OPTIONS(tare_losses_huber_options, TARE_LOSSES_HUBER_FIELDS);
#define TARE_LOSSES_HUBER_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_losses_huber_options, TARE_LOSSES_HUBER_FIELDS)
/**
 * With e = |predictions - labels|: e^2 / 2 up to delta, delta e - delta^2 / 2 beyond.
 * Gradients  predictions, labels.
 * Errors     delta that is not 0 or more.
 * Source     Huber 1964.
 */
TARE_API tare_tensor tare_losses_huber_loss_with(tare_tensor labels, tare_tensor predictions,
                                                 const tare_losses_huber_options *options);
#define tare_losses_huber_loss(...)                                                                \
    TARE_KW2(tare_losses_huber_loss_with, tare_losses_huber_options, TARE_LOSSES_HUBER_DEFAULTS,   \
             __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_LOSSES_COSINE_FIELDS(field)                                                           \
    TARE_LOSSES_FIELDS(field)                                                                      \
    field(integer, axis, -1, "of a vector's numbers; negative: from the end")
/* clang-format on */
TARE_OPTIONS(tare_losses_cosine_options, TARE_LOSSES_COSINE_FIELDS);
#define TARE_LOSSES_COSINE_DEFAULTS                                                                \
    TARE_DEFAULTS(tare_losses_cosine_options, TARE_LOSSES_COSINE_FIELDS)
/**
 * 1 - the sum along axis of labels predictions, both of length 1 along it already
 * (tare_l2_normalize).
 * Shapes     losses: as the labels, but of extent 1 along axis.
 * Gradients  predictions, labels.
 * Elsewhere  TensorFlow wants the axis to be given.
 */
TARE_API tare_tensor tare_losses_cosine_distance_with(tare_tensor labels, tare_tensor predictions,
                                                      const tare_losses_cosine_options *options);
#define tare_losses_cosine_distance(...)                                                           \
    TARE_KW2(tare_losses_cosine_distance_with, tare_losses_cosine_options,                         \
             TARE_LOSSES_COSINE_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* --------------------------------------------------------------------------- two classes */

/** max(0, 1 - (2 labels - 1) logits), labels 0 or 1. Gradients  logits, labels that are floating.
 */
TARE_API tare_tensor tare_losses_hinge_loss_with(tare_tensor labels, tare_tensor logits,
                                                 const tare_losses_options *options);
#define tare_losses_hinge_loss(...)                                                                \
    TARE_KW2(tare_losses_hinge_loss_with, tare_losses_options, TARE_LOSSES_DEFAULTS, __VA_ARGS__,  \
             .reserved = 0)

/* clang-format off */
#define TARE_LOSSES_LOG_FIELDS(field)                                                              \
    TARE_LOSSES_FIELDS(field)                                                                      \
    field(real, epsilon, 1e-7, "added to what a logarithm is taken of")
/* clang-format on */
TARE_OPTIONS(tare_losses_log_options, TARE_LOSSES_LOG_FIELDS);
#define TARE_LOSSES_LOG_DEFAULTS TARE_DEFAULTS(tare_losses_log_options, TARE_LOSSES_LOG_FIELDS)
/**
 * -labels log(predictions + epsilon) - (1 - labels) log(1 - predictions + epsilon): the
 * cross-entropy of probabilities. Of logits take the sigmoid cross-entropy, which loses no digits.
 * Gradients  predictions, labels that are floating.
 * Errors     epsilon that is not 0 or more.
 */
TARE_API tare_tensor tare_losses_log_loss_with(tare_tensor labels, tare_tensor predictions,
                                               const tare_losses_log_options *options);
#define tare_losses_log_loss(...)                                                                  \
    TARE_KW2(tare_losses_log_loss_with, tare_losses_log_options, TARE_LOSSES_LOG_DEFAULTS,         \
             __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_LOSSES_SMOOTHED_FIELDS(field)                                                         \
    TARE_LOSSES_FIELDS(field)                                                                      \
    field(real, label_smoothing, 0, "share of each label that is spread evenly, 0 to 1")
/* clang-format on */
TARE_OPTIONS(tare_losses_smoothed_options, TARE_LOSSES_SMOOTHED_FIELDS);
#define TARE_LOSSES_SMOOTHED_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_losses_smoothed_options, TARE_LOSSES_SMOOTHED_FIELDS)
/**
 * max(x, 0) - x z + log(1 + e^-|x|), x logits, z = labels (1 - s) + s / 2, s the label smoothing:
 * independent yes-or-no questions.
 * Gradients  logits, labels that are floating.
 * Errors     label_smoothing outside 0..1.
 */
TARE_API tare_tensor
tare_losses_sigmoid_cross_entropy_with(tare_tensor multi_class_labels, tare_tensor logits,
                                       const tare_losses_smoothed_options *options);
#define tare_losses_sigmoid_cross_entropy(...)                                                     \
    TARE_KW2(tare_losses_sigmoid_cross_entropy_with, tare_losses_smoothed_options,                 \
             TARE_LOSSES_SMOOTHED_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* -------------------------------------------------------------------------- many classes */

/**
 * -sum z log softmax(logits) over the last axis, z = labels (1 - s) + s / C, s the label smoothing.
 * Shapes     onehot_labels, logits [.., C] -> losses [..].
 * Gradients  logits. None flows to the labels.
 * Errors     label_smoothing outside 0..1; rank 0.
 */
TARE_API tare_tensor tare_losses_softmax_cross_entropy_with(
    tare_tensor onehot_labels, tare_tensor logits, const tare_losses_smoothed_options *options);
#define tare_losses_softmax_cross_entropy(...)                                                     \
    TARE_KW2(tare_losses_softmax_cross_entropy_with, tare_losses_smoothed_options,                 \
             TARE_LOSSES_SMOOTHED_DEFAULTS, __VA_ARGS__, .reserved = 0)

/**
 * -log softmax(logits)[label]: labels are class numbers.
 * Shapes     labels [..] or [.., 1], int32 or int64; logits [.., C] -> losses [..]; weights [..] or
 *            [.., 1] too.
 * Gradients  logits.
 * Errors     labels that are not whole numbers, or not one for every row.
 */
TARE_API tare_tensor tare_losses_sparse_softmax_cross_entropy_with(
    tare_tensor labels, tare_tensor logits, const tare_losses_options *options);
#define tare_losses_sparse_softmax_cross_entropy(...)                                              \
    TARE_KW2(tare_losses_sparse_softmax_cross_entropy_with, tare_losses_options,                   \
             TARE_LOSSES_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------------------------------ losses of one's own */

/** Weighs and reduces losses of one's own as those above are. Gradients  losses, weights. The
 * result has the losses' dtype, whole numbers too. */
TARE_API tare_tensor tare_losses_compute_weighted_loss_with(tare_tensor losses,
                                                            const tare_losses_options *options);
#define tare_losses_compute_weighted_loss(...)                                                     \
    TARE_KW1(tare_losses_compute_weighted_loss_with, tare_losses_options, TARE_LOSSES_DEFAULTS,    \
             __VA_ARGS__, .reserved = 0)

/** Adds a loss to a collection; NULL: `losses`. */
TARE_API tare_status tare_losses_add_loss(tare_tensor loss, const char *loss_collection);
/** Copies up to capacity members of `losses` that lie in scope (NULL: all) and returns how many
 * there are. */
TARE_API size_t tare_losses_get_losses(const tare_graph *graph, const char *scope,
                                       tare_tensor *losses, size_t capacity);
/** The same of regularization_losses; their sum is tare_regularization_loss. */
TARE_API size_t tare_losses_get_regularization_losses(const tare_graph *graph, const char *scope,
                                                      tare_tensor *losses, size_t capacity);

/* clang-format off */
#define TARE_LOSSES_TOTAL_FIELDS(field)                                                            \
    field(boolean, add_regularization_losses, true, "regularization_losses too")                   \
    field(text, scope, NULL, "of the losses; NULL: all")                                           \
    field(text, name, NULL, "name of the sum; total_loss")
/* clang-format on */
TARE_OPTIONS(tare_losses_total_options, TARE_LOSSES_TOTAL_FIELDS);
#define TARE_LOSSES_TOTAL_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_losses_total_options, TARE_LOSSES_TOTAL_FIELDS)
/** The sum of `losses`, and of regularization_losses unless told otherwise. Errors  there is none;
 * losses of different shapes (reduction none). */
TARE_API tare_tensor tare_losses_get_total_loss_with(tare_graph *graph,
                                                     const tare_losses_total_options *options);
#define tare_losses_get_total_loss(...)                                                            \
    TARE_KW1(tare_losses_get_total_loss_with, tare_losses_total_options,                           \
             TARE_LOSSES_TOTAL_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ---------------------------------------------------------------------------- losses by name */

/** Kinds of losses, "huber_loss", in order; NULL beyond the last. */
TARE_API const char *tare_losses_kind(size_t i);
/** The table of a kind's options; NULL: there is no such kind. */
TARE_API const tare_option_table *tare_losses_option_table(const char *kind);
/** A loss by the name of its kind; options: its struct, NULL for defaults. */
TARE_API tare_tensor tare_losses_of_kind(const char *kind, tare_tensor labels,
                                         tare_tensor predictions, const void *options);

#ifdef __cplusplus
}
#endif

#endif
