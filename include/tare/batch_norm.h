/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Batch normalisation as a layer: TensorFlow 1's tf.layers.batch_normalization and slim's
 * batch_norm, with their defaults, names and update ops. docs/batch-norm.md has every mode in
 * tables. As single ops, see tare_moments, tare_batch_normalization and tare_fused_batch_norm.
 */
#ifndef TARE_BATCH_NORM_H
#define TARE_BATCH_NORM_H

#include <math.h>
#include <tare/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Whether TensorFlow's fused kernel is imitated, which decides the variance that is averaged, the
 * least epsilon and the rounding of the decay; the arithmetic of y is one and the same. Fused is
 * possible for float32 of rank 4 with one axis, 1 or the last, and without renorm, virtual batches,
 * adjustment, weights and mask; where it is not, the layer is not fused, whatever is asked for.
 * TARE_FUSED_TF2: TensorFlow 2's choice, which fuses rank 5 too. The values are fixed.
 */
typedef enum tare_fused {
    TARE_FUSED_AUTO = 0, /* TensorFlow 1's default: where possible */
    TARE_FUSED_TRUE = 1,
    TARE_FUSED_FALSE = 2,
    TARE_FUSED_TF2 = 3
} tare_fused;
#define TARE_FUSED_WORDS "auto,true,false,tf2"

/** Which variance of the batch the moving average takes. The values are fixed. */
typedef enum tare_moving_variance {
    TARE_MOVING_VARIANCE_BY_FUSED = 0, /* TensorFlow's: unbiased when fused, else biased */
    TARE_MOVING_VARIANCE_BIASED = 1,   /* divides by N */
    TARE_MOVING_VARIANCE_UNBIASED = 2  /* divides by max(N - 1, 1) */
} tare_moving_variance;
#define TARE_MOVING_VARIANCE_WORDS "by_fused,biased,unbiased"

/**
 * TensorFlow's two formulas of batch renormalisation, which differ in the averages that correct,
 * in what the moving averages take, and in the variables of a checkpoint. The values are fixed.
 */
typedef enum tare_renorm_formula {
    TARE_RENORM_R1_15 = 0, /* r1.15: corrects by renorm_mean and renorm_stddev as they are, which
                              begin as the moving averages do; those take the batch's moments */
    TARE_RENORM_R1_12 = 1  /* to r1.12: they begin at 0, each with its weight, which the batch's
                              share makes up to 1; the moving averages take the two by weight */
} tare_renorm_formula;
#define TARE_RENORM_FORMULA_WORDS "r1_15,r1_12"

/** Which samples of B make up ghost batch j of virtual_batch_size. The values are fixed. */
typedef enum tare_virtual_batch_order {
    TARE_VIRTUAL_BATCH_STRIDED = 0,   /* j, j + G, j + 2 G, ..., G = B / size: TensorFlow's */
    TARE_VIRTUAL_BATCH_CONTIGUOUS = 1 /* size neighbours, from j size on: PyTorch programs' chunk */
} tare_virtual_batch_order;
#define TARE_VIRTUAL_BATCH_ORDER_WORDS "strided,contiguous"

/**
 * Scale and bias of normalised values in training, made anew for each call from the shape of x (a
 * tensor): y = (xhat scale + bias) gamma + beta. They broadcast against x. Returns what the layer's
 * call is to fail with, TARE_OK when all is well.
 */
typedef tare_status (*tare_adjustment)(void *user, tare_tensor shape, tare_tensor *scale,
                                       tare_tensor *bias);

/* clang-format off */
#define TARE_BATCH_NORM_FIELDS(field)                                                              \
    field(list, axis, TARE_LIST(-1), "axes that are normalised each by itself: the channels")      \
    field(real, momentum, 0.99, "weight of the old value in the moving averages")                  \
    field(real, epsilon, 1e-3, "added to the variance; at least 1.001e-5 when fused")              \
    field(boolean, center, true, "add beta")                                                       \
    field(boolean, scale, true, "multiply by gamma")                                               \
    field(initializer, beta_initializer, TARE_ZEROS, "first value of beta")                        \
    field(initializer, gamma_initializer, TARE_ONES, "first value of gamma")                       \
    field(initializer, moving_mean_initializer, TARE_ZEROS, "first value of moving_mean")          \
    field(initializer, moving_variance_initializer, TARE_ONES, "first value of moving_variance")   \
    field(regularizer, beta_regularizer, TARE_NO_REGULARIZER, "penalty on beta")                   \
    field(regularizer, gamma_regularizer, TARE_NO_REGULARIZER, "penalty on gamma")                 \
    field(constraint, beta_constraint, TARE_NO_CONSTRAINT, "on beta after an update")              \
    field(constraint, gamma_constraint, TARE_NO_CONSTRAINT, "on gamma after an update")            \
    field(tensor, training, TARE_FALSE, "batch statistics; a truth or a boolean scalar")           \
    field(boolean, trainable, true, "train gamma and beta, update the moving averages")            \
    field(boolean, frozen, false, "use the moving averages whatever training says, keep them")     \
    field(boolean, renorm, false, "batch renormalisation")                                         \
    field(real, renorm_rmin, 0, "least correction r")                                              \
    field(real, renorm_rmax, (double)INFINITY, "greatest correction r")                            \
    field(real, renorm_dmax, (double)INFINITY, "greatest size of the correction d")                \
    field(real, renorm_momentum, 0.99, "weight of the old value in renorm_mean, renorm_stddev")    \
    field(choice, renorm_formula, TARE_RENORM_R1_15, "r1_15 or r1_12, TensorFlow's before")        \
    field(choice, fused, TARE_FUSED_AUTO, "auto, true, false or tf2")                              \
    field(choice, moving_variance, TARE_MOVING_VARIANCE_BY_FUSED, "biased, unbiased or by_fused")  \
    field(integer, virtual_batch_size, 0, "samples of a ghost batch; 0: the whole batch is one")   \
    field(choice, virtual_batch_order, TARE_VIRTUAL_BATCH_STRIDED,                                 \
          "of a ghost's samples: strided or contiguous")                                           \
    field(tensor, adjustment_scale, TARE_NULL, "multiplies the normalised values in training")     \
    field(tensor, adjustment_bias, TARE_NULL, "added to the normalised values in training")        \
    field(boolean, cumulative, false, "moving averages are means of all batches so far")           \
    field(boolean, zero_debias, false, "moving averages without the bias of their first value")    \
    field(tensor, batch_weights, TARE_NULL, "weight of each sample in the moments")                \
    field(tensor, mask, TARE_NULL, "which positions count: shape of x without the channels")       \
    field(text, name, NULL, "of the layer's scope")                                                \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that name")
/* clang-format on */
#ifdef __cplusplus
struct tare_batch_norm_options {
    size_t struct_size = sizeof(tare_batch_norm_options);
    TARE_BATCH_NORM_FIELDS(TARE_FIELD_MEMBER)
    tare_adjustment adjustment = nullptr;
    void *adjustment_user = nullptr;
    int reserved = 0;
};
#else
typedef struct tare_batch_norm_options {
    size_t struct_size;
    TARE_BATCH_NORM_FIELDS(TARE_FIELD_MEMBER)
    tare_adjustment adjustment; /* instead of adjustment_scale and adjustment_bias; NULL: none */
    void *adjustment_user;
    int reserved;
} tare_batch_norm_options;
#endif
#define TARE_BATCH_NORM_DEFAULTS TARE_DEFAULTS(tare_batch_norm_options, TARE_BATCH_NORM_FIELDS)

/**
 * Normalises every channel of x over the batch, then scales and shifts it.
 *
 *     y = gamma (x - mean) / sqrt(variance + epsilon) + beta
 *
 * Training   mean, variance: of the N values of the channel in this batch; variance divides by N.
 *            Two update ops go to the collection update_ops:
 *              moving_mean     -= (moving_mean - mean) (1 - momentum)
 *              moving_variance -= (moving_variance - v) (1 - momentum)
 *            v = variance, or variance N / max(N - 1, 1) when fused (see tare_fused). With
 *            trainable false there are none, though the batch's statistics normalise.
 * Inference  mean = moving_mean, variance = moving_variance; nothing is written.
 * Renorm     y = (xhat r + d) gamma + beta with r = stddev / renorm_stddev and d = (mean -
 *            renorm_mean) / renorm_stddev, clipped and held constant; stddev = sqrt(variance +
 *            epsilon). renorm_formula: TensorFlow's earlier one, see tare_renorm_formula.
 * Ghosts     virtual_batch_size n of a batch of B: ghost batch j is the samples j, j + B/n, j +
 *            2B/n, ..., or n neighbours (tare_virtual_batch_order), normalised by their own
 *            moments; the moving averages take the mean of the ghosts' moments.
 * Weights    moments weighted by batch_weights and mask; a batch without weight has mean and
 *            variance 0.
 *
 * Shapes     x [N.., C] -> as x. Variables gamma, beta, moving_mean, moving_variance: [C] for one
 *            axis, of x's rank with 1 elsewhere for several; with virtual batches one 1 more at 1.
 * Units      epsilon and moving_variance: (unit of x) squared; gamma and beta: unit of y.
 * Gradients  x, gamma, beta; to any order the true ones, through the moments of the batch.
 * Errors     x of rank below 2, not floating; an axis out of range, repeated or of unknown extent;
 *            epsilon < 0; a momentum outside 0..1; a batch that virtual_batch_size does not divide;
 *            virtual batches over axis 0 or with adjustment, weights or mask; renorm with weights,
 *            mask, cumulative or zero_debias.
 * Elsewhere  momentum is the weight of the old value, as in Keras and ONNX; PyTorch's is 1 - ours.
 *            trainable false with training true normalises by the moving averages in Keras; that is
 *            frozen here.
 * Source     Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2; Ioffe 2017,
 *            arXiv:1702.03275; tf.layers.batch_normalization (r1.15).
 */
TARE_API tare_tensor tare_batch_norm_with(tare_tensor x, const tare_batch_norm_options *options);
#define tare_batch_norm(...)                                                                       \
    TARE_KW1(tare_batch_norm_with, tare_batch_norm_options, TARE_BATCH_NORM_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)

/* ---------------------------------------------------------------------------------- slim */

/* clang-format off */
#define TARE_SLIM_BATCH_NORM_FIELDS(field)                                                         \
    field(real, decay, 0.999, "weight of the old value in the moving averages")                    \
    field(boolean, center, true, "add beta")                                                       \
    field(boolean, scale, false, "multiply by gamma")                                              \
    field(real, epsilon, 1e-3, "added to the variance; at least 1.001e-5 when fused")              \
    field(choice, activation, TARE_ACTIVATION_NONE, "applied to the result")                       \
    field(initializer, beta_initializer, TARE_ZEROS, "first value of beta")                        \
    field(initializer, gamma_initializer, TARE_ONES, "first value of gamma")                       \
    field(initializer, moving_mean_initializer, TARE_ZEROS, "first value of moving_mean")          \
    field(initializer, moving_variance_initializer, TARE_ONES, "first value of moving_variance")   \
    field(regularizer, beta_regularizer, TARE_NO_REGULARIZER, "penalty on beta")                   \
    field(regularizer, gamma_regularizer, TARE_NO_REGULARIZER, "penalty on gamma")                 \
    field(text, updates_collections, TARE_UPDATE_OPS,                                              \
          "collection of the updates; NULL: they run before the result is read")                   \
    field(tensor, is_training, TARE_TRUE, "batch statistics; a truth or a boolean scalar")         \
    field(boolean, trainable, true, "train gamma and beta")                                        \
    field(tensor, batch_weights, TARE_NULL, "weight of each sample in the moments")                \
    field(choice, fused, TARE_FUSED_AUTO, "auto, true, false or tf2")                              \
    field(choice, data_format, TARE_NHWC, "nhwc or nchw")                                          \
    field(boolean, zero_debias_moving_mean, false, "moving_mean without its first value's bias")   \
    field(boolean, renorm, false, "batch renormalisation")                                         \
    field(real, renorm_rmin, 0, "least correction r")                                              \
    field(real, renorm_rmax, (double)INFINITY, "greatest correction r")                            \
    field(real, renorm_dmax, (double)INFINITY, "greatest size of the correction d")                \
    field(real, renorm_decay, 0.99, "weight of the old value in renorm_mean, renorm_stddev")       \
    field(choice, renorm_formula, TARE_RENORM_R1_15, "r1_15 or r1_12, TensorFlow's before")        \
    field(tensor, adjustment_scale, TARE_NULL, "multiplies the normalised values in training")     \
    field(tensor, adjustment_bias, TARE_NULL, "added to the normalised values in training")        \
    field(text, scope, NULL, "of the layer; by default BatchNorm, made unique")                    \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that scope")
/* clang-format on */
TARE_OPTIONS(tare_slim_batch_norm_options, TARE_SLIM_BATCH_NORM_FIELDS);
#define TARE_SLIM_BATCH_NORM_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_slim_batch_norm_options, TARE_SLIM_BATCH_NORM_FIELDS)

/**
 * Batch normalisation as slim (tf.contrib.layers) has it: decay .999, no gamma, variables in
 * BatchNorm and in model_variables. Three ways inside, chosen as slim does:
 *
 *     its own fused one   rank 2 or 4 where fused is possible, when rank is 2, zero_debias or
 *                         updates_collections is not the default: variance averaged unbiased, even
 *                         at rank 2; updates also when not trainable
 *     tf.layers'          without weights, zero_debias and with the default updates_collections
 *     its own plain one   the rest: variance averaged biased
 *
 * Shapes, units, gradients as tare_batch_norm.
 * Errors  as tare_batch_norm; renorm or adjustment where slim's own plain way is taken.
 * Source  tf.contrib.layers.batch_norm (r1.15), tf_slim.batch_norm.
 */
TARE_API tare_tensor tare_slim_batch_norm_with(tare_tensor x,
                                               const tare_slim_batch_norm_options *options);
#define tare_slim_batch_norm(...)                                                                  \
    TARE_KW1(tare_slim_batch_norm_with, tare_slim_batch_norm_options,                              \
             TARE_SLIM_BATCH_NORM_DEFAULTS, __VA_ARGS__, .reserved = 0)

#ifdef __cplusplus
}
#endif

#endif
