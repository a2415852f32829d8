/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Normalisation's kin: layers that normalise by statistics of each sample's own (layer, group and
 * instance normalisation), batch normalisation that keeps its output alone, and kernels made anew
 * from what is trained (weight normalisation, weight standardisation). docs/normalisation.md has
 * them in tables. Batch normalisation itself, with renorm and ghost batches, is in batch_norm.h.
 */
#ifndef TARE_NORMALIZATION_H
#define TARE_NORMALIZATION_H

#include <tare/layer.h>
#include <tare/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What gamma and beta of a layer are. */
/* clang-format off */
#define TARE_GAMMA_BETA_FIELDS(field)                                                              \
    field(boolean, center, true, "add beta")                                                       \
    field(boolean, scale, true, "multiply by gamma")                                               \
    field(initializer, beta_initializer, TARE_ZEROS, "first value of beta")                        \
    field(initializer, gamma_initializer, TARE_ONES, "first value of gamma")                       \
    field(regularizer, beta_regularizer, TARE_NO_REGULARIZER, "penalty on beta")                   \
    field(regularizer, gamma_regularizer, TARE_NO_REGULARIZER, "penalty on gamma")                 \
    field(constraint, beta_constraint, TARE_NO_CONSTRAINT, "on beta after an update")              \
    field(constraint, gamma_constraint, TARE_NO_CONSTRAINT, "on gamma after an update")            \
    field(boolean, trainable, true, "train gamma and beta")
/* clang-format on */

/* ------------------------------------------------------------------------ layer normalisation */

/* clang-format off */
#define TARE_LAYER_NORM_FIELDS(field)                                                              \
    field(list, axis, TARE_LIST(-1), "axes normalised together, which gamma and beta have too")    \
    field(real, epsilon, 1e-3, "added to the variance")                                            \
    TARE_GAMMA_BETA_FIELDS(field)                                                                  \
    field(text, name, NULL, "of the layer's scope")                                                \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that name")
/* clang-format on */
TARE_OPTIONS(tare_layer_norm_options, TARE_LAYER_NORM_FIELDS);
#define TARE_LAYER_NORM_DEFAULTS TARE_DEFAULTS(tare_layer_norm_options, TARE_LAYER_NORM_FIELDS)
/**
 * Normalises each sample over its own features, the same in training and inference.
 *
 *     y = gamma (x - mean) / sqrt(variance + epsilon) + beta
 *
 * mean, variance: over `axis`, for every place of the other axes; variance divides by their number.
 *
 * Shapes     x [.., F] -> as x; gamma, beta: the extents of `axis`, in the order of x's axes.
 * Units      epsilon: (unit of x) squared; gamma and beta: unit of y.
 * Gradients  x, gamma, beta; to any order.
 * Errors     an unknown rank, an axis out of range, repeated or of unknown extent; epsilon < 0.
 * Elsewhere  Keras' LayerNormalization; in PyTorch epsilon is 1e-5; tare_slim_layer_norm is slim's.
 * Source     Ba, Kiros and Hinton 2016, arXiv:1607.06450; tf.keras.layers.LayerNormalization.
 */
TARE_API tare_tensor tare_layer_norm_with(tare_tensor x, const tare_layer_norm_options *options);
#define tare_layer_norm(...)                                                                       \
    TARE_KW1(tare_layer_norm_with, tare_layer_norm_options, TARE_LAYER_NORM_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)

/* clang-format off */
#define TARE_SLIM_LAYER_NORM_FIELDS(field)                                                         \
    field(integer, begin_norm_axis, 1, "this axis and all after it are normalised together")       \
    field(integer, begin_params_axis, -1, "gamma and beta have the extents from this axis on")     \
    field(real, epsilon, 1e-12, "added to the variance")                                           \
    field(choice, activation, TARE_ACTIVATION_NONE, "applied to the result")                       \
    TARE_GAMMA_BETA_FIELDS(field)                                                                  \
    field(text, scope, NULL, "of the layer; by default LayerNorm, made unique")                    \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that scope")
/* clang-format on */
TARE_OPTIONS(tare_slim_layer_norm_options, TARE_SLIM_LAYER_NORM_FIELDS);
#define TARE_SLIM_LAYER_NORM_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_slim_layer_norm_options, TARE_SLIM_LAYER_NORM_FIELDS)
/**
 * Layer normalisation as slim has it: moments over the axes from begin_norm_axis on, all of a
 * sample by default, gamma and beta of the axes from begin_params_axis on, the channels by default.
 * Variables LayerNorm/beta and LayerNorm/gamma, in model_variables too.
 *
 * Shapes  x of rank 1 or more -> as x.
 * Errors  as tare_layer_norm; an extent from begin_params_axis on that is unknown.
 * Source  tf.contrib.layers.layer_norm (r1.15).
 */
TARE_API tare_tensor tare_slim_layer_norm_with(tare_tensor x,
                                               const tare_slim_layer_norm_options *options);
#define tare_slim_layer_norm(...)                                                                  \
    TARE_KW1(tare_slim_layer_norm_with, tare_slim_layer_norm_options,                              \
             TARE_SLIM_LAYER_NORM_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------------------------------ group normalisation */

/* clang-format off */
#define TARE_GROUP_NORM_FIELDS(field)                                                              \
    field(integer, groups, 32, "parts that the channels are divided into")                         \
    field(integer, channels_axis, -1, "axis of the channels")                                      \
    field(list, reduction_axes, TARE_LIST(-3, -2), "axes normalised together with a group")        \
    field(real, epsilon, 1e-6, "added to the variance")                                            \
    field(choice, activation, TARE_ACTIVATION_NONE, "applied to the result")                       \
    TARE_GAMMA_BETA_FIELDS(field)                                                                  \
    field(text, scope, NULL, "of the layer; by default GroupNorm, made unique")                    \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that scope")
/* clang-format on */
TARE_OPTIONS(tare_group_norm_options, TARE_GROUP_NORM_FIELDS);
#define TARE_GROUP_NORM_DEFAULTS TARE_DEFAULTS(tare_group_norm_options, TARE_GROUP_NORM_FIELDS)
/**
 * Normalises groups of neighbouring channels of each sample: moments over reduction_axes and the
 * channels of a group, gamma and beta per channel. One group is layer normalisation over a sample,
 * as many groups as channels are instance normalisation. Channels first:
 * .channels_axis = -3, .reduction_axes = TARE_LIST(-2, -1).
 *
 * Shapes     x [N, H, W, C] by default, any rank up to 7 with other axes -> as x; gamma, beta [C].
 * Gradients  x, gamma, beta; to any order.
 * Errors     C that is unknown or that groups do not divide; an axis out of range or repeated; more
 *            than one unknown extent; epsilon < 0.
 * Elsewhere  epsilon is 1e-3 in Keras and 1e-5 in PyTorch.
 * Source     Wu and He 2018, arXiv:1803.08494; tf.contrib.layers.group_norm (r1.15): variables
 *            GroupNorm/beta, GroupNorm/gamma, in model_variables too.
 */
TARE_API tare_tensor tare_group_norm_with(tare_tensor x, const tare_group_norm_options *options);
#define tare_group_norm(...)                                                                       \
    TARE_KW1(tare_group_norm_with, tare_group_norm_options, TARE_GROUP_NORM_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)

/* --------------------------------------------------------------------- instance normalisation */

/* clang-format off */
#define TARE_INSTANCE_NORM_FIELDS(field)                                                           \
    field(real, epsilon, 1e-6, "added to the variance")                                            \
    field(choice, data_format, TARE_NHWC, "nhwc: channels are the last axis; nchw: axis 1")        \
    field(choice, activation, TARE_ACTIVATION_NONE, "applied to the result")                       \
    TARE_GAMMA_BETA_FIELDS(field)                                                                  \
    field(text, scope, NULL, "of the layer; by default InstanceNorm, made unique")                 \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that scope")
/* clang-format on */
TARE_OPTIONS(tare_instance_norm_options, TARE_INSTANCE_NORM_FIELDS);
#define TARE_INSTANCE_NORM_DEFAULTS                                                                \
    TARE_DEFAULTS(tare_instance_norm_options, TARE_INSTANCE_NORM_FIELDS)
/**
 * Normalises every channel of every sample over its own places: moments over all axes but the first
 * and the channels, gamma and beta per channel.
 *
 * Shapes     x [N, .., C], or [N, C, ..] with nchw -> as x; gamma, beta [C]. Rank 2 has no places:
 *            each number is its own mean, and y is beta.
 * Gradients  x, gamma, beta; to any order.
 * Errors     a rank below 2; C unknown; epsilon < 0.
 * Elsewhere  epsilon is 1e-5 in PyTorch, whose layer has no gamma and beta by default.
 * Source     Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022; tf.contrib.layers.instance_norm
 *            (r1.15): variables InstanceNorm/beta, InstanceNorm/gamma, in model_variables too.
 */
TARE_API tare_tensor tare_instance_norm_with(tare_tensor x,
                                             const tare_instance_norm_options *options);
#define tare_instance_norm(...)                                                                    \
    TARE_KW1(tare_instance_norm_with, tare_instance_norm_options, TARE_INSTANCE_NORM_DEFAULTS,     \
             __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------- batch normalisation that keeps its output */

/* clang-format off */
#define TARE_ACTIVATED_BATCH_NORM_FIELDS(field)                                                    \
    field(list, axis, TARE_LIST(-1), "axes that are normalised each by itself: the channels")      \
    field(real, momentum, 0.9, "weight of the old value in the moving averages")                   \
    field(real, epsilon, 1e-5, "added to the variance, and to |gamma|")                            \
    field(choice, activation, TARE_ACTIVATION_LEAKY_RELU, "leaky_relu, elu or none")               \
    field(real, alpha, 0.01, "slope of leaky_relu below 0; above 0")                               \
    TARE_GAMMA_BETA_FIELDS(field)                                                                  \
    field(initializer, moving_mean_initializer, TARE_ZEROS, "first value of moving_mean")          \
    field(initializer, moving_variance_initializer, TARE_ONES, "first value of moving_variance")   \
    field(tensor, training, TARE_FALSE, "batch statistics; a truth or a boolean scalar")           \
    field(boolean, frozen, false, "use the moving averages whatever training says, keep them")     \
    field(text, name, NULL, "of the layer's scope")                                                \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that name")
/* clang-format on */
TARE_OPTIONS(tare_activated_batch_norm_options, TARE_ACTIVATED_BATCH_NORM_FIELDS);
#define TARE_ACTIVATED_BATCH_NORM_DEFAULTS                                                         \
    TARE_DEFAULTS(tare_activated_batch_norm_options, TARE_ACTIVATED_BATCH_NORM_FIELDS)
/**
 * In-place activated batch normalisation: batch normalisation and its activation as one, of which
 * the gradient needs the result alone, so that x's memory is free once the result is there.
 *
 *     z = activation((|gamma| + epsilon) (x - mean) / sqrt(variance + epsilon) + beta)
 *
 * What is kept is z. Its gradient undoes the activation, log(1 + z) below 0 for elu, z / alpha for
 * leaky_relu, and takes (x - mean) / sqrt(variance + epsilon) to be (that - beta) / (|gamma| +
 * epsilon), which is why gamma is guarded and why alpha must be above 0. Rounding in z counts for
 * 1 / alpha as much below 0, and for 1 / (|gamma| + epsilon) as much where gamma is small.
 *
 * Modes      as tare_batch_norm; moving_variance takes variance N / max(N - 1, 1).
 * Shapes     as tare_batch_norm, whose variables it has.
 * Gradients  x, gamma, beta; to any order.
 * Errors     as tare_batch_norm; another activation; alpha not above 0.
 * Elsewhere  the authors' InPlaceABN; momentum is the weight of the old value, theirs is .1. A
 *            checkpoint of batch normalisation with gammas below 0 does not mean the same here.
 * Source     Rota Bulo, Porzi and Kontschieder 2018, arXiv:1712.02616; their program, inplace_abn.
 */
TARE_API tare_tensor
tare_activated_batch_norm_with(tare_tensor x, const tare_activated_batch_norm_options *options);
#define tare_activated_batch_norm(...)                                                             \
    TARE_KW1(tare_activated_batch_norm_with, tare_activated_batch_norm_options,                    \
             TARE_ACTIVATED_BATCH_NORM_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* --------------------------------------------------------- kernels made of what is trained */

/* clang-format off */
#define TARE_WEIGHT_NORM_FIELDS(field)                                                             \
    field(list, axis, TARE_LIST(-1), "axes of the outputs; a length is over all others")           \
    field(real, epsilon, 1e-12, "least square of a length")                                        \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_weight_norm_options, TARE_WEIGHT_NORM_FIELDS);
#define TARE_WEIGHT_NORM_DEFAULTS TARE_DEFAULTS(tare_weight_norm_options, TARE_WEIGHT_NORM_FIELDS)
/**
 * Weight normalisation: a kernel whose length for each output is trained apart from its direction.
 *
 *     w = g v / |v|
 *
 * Layers do it with .kernel_norm = TARE_KERNEL_NORM_WEIGHT: v is their variable kernel_v, which the
 * kernel's initializer, regularizer and constraint are for, g their variable kernel_g, 1 at first.
 *
 * Shapes     v: any kernel, [C, units], [KH, KW, C, filters]; g: the extents of `axis` -> as v.
 *            axis: -1 for dense and convolution, -2 for a transposed one, (-2, -1) for depthwise.
 * Gradients  v, g; to any order. That for v is at right angles to v.
 * Errors     g of another shape; an axis out of range or repeated; epsilon < 0.
 * Elsewhere  PyTorch's weight_norm and TensorFlow Addons' begin with g = |v|.
 * Source     Salimans and Kingma 2016, arXiv:1602.07868.
 */
TARE_API tare_tensor tare_weight_norm_with(tare_tensor v, tare_tensor g,
                                           const tare_weight_norm_options *options);
#define tare_weight_norm(...)                                                                      \
    TARE_KW2(tare_weight_norm_with, tare_weight_norm_options, TARE_WEIGHT_NORM_DEFAULTS,           \
             __VA_ARGS__, .reserved = 0)

/* Operations, one for each layer with weight normalisation, in order; each sets kernel_g and bias.
 */
#define TARE_WEIGHT_NORM_INITIALIZERS "weight_norm_initializers"

/**
 * First values of weight normalised layers by a batch of data: layer after layer, kernel_g and the
 * bias are set such that the layer's result, before its activation, has mean 0 and variance 1 in
 * every channel over this batch. After tare_session_initialize, once; without it kernel_g is 1.
 *
 *     g := g / sqrt(variance + 1e-10)      bias := -mean / sqrt(variance + 1e-10)
 *
 * of the result before the bias; a layer without bias keeps its mean. Feeds as for a run.
 * Errors  those of the run. Source  Salimans and Kingma 2016, section 3.
 */
TARE_API tare_status tare_weight_norm_initialize(tare_session *session, const tare_feed *feeds,
                                                 size_t feed_count);

/* clang-format off */
#define TARE_WEIGHT_STANDARDIZE_FIELDS(field)                                                      \
    field(list, axis, TARE_LIST(-1), "axes of the outputs; moments are over all others")           \
    field(real, epsilon, 1e-5, "added to the variance")                                            \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_weight_standardize_options, TARE_WEIGHT_STANDARDIZE_FIELDS);
#define TARE_WEIGHT_STANDARDIZE_DEFAULTS                                                           \
    TARE_DEFAULTS(tare_weight_standardize_options, TARE_WEIGHT_STANDARDIZE_FIELDS)
/**
 * Weight standardisation: a kernel with mean 0 and variance 1 for each output.
 *
 *     y = (w - mean) / sqrt(variance + epsilon)      variance divides by their number
 *
 * Layers do it to their variable kernel with .kernel_norm = TARE_KERNEL_NORM_WEIGHT_STANDARDIZED.
 * It is meant to stand before group normalisation, which undoes its scale.
 *
 * Shapes     w: any kernel -> as w. axis: as tare_weight_norm's.
 * Gradients  w; to any order.
 * Errors     an axis out of range or repeated; epsilon < 0.
 * Elsewhere  the authors' program divides by the root of the unbiased variance plus 1e-5; BiT's has
 *            epsilon 1e-10.
 * Source     Qiao, Wang, Liu, Shen and Yuille 2019, arXiv:1903.10520.
 */
TARE_API tare_tensor tare_weight_standardize_with(tare_tensor w,
                                                  const tare_weight_standardize_options *options);
#define tare_weight_standardize(...)                                                               \
    TARE_KW1(tare_weight_standardize_with, tare_weight_standardize_options,                        \
             TARE_WEIGHT_STANDARDIZE_DEFAULTS, __VA_ARGS__, .reserved = 0)

#ifdef __cplusplus
}
#endif

#endif
