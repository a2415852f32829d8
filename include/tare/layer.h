/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Layers: they make their variables in a scope of their own, tf.layers' names and defaults.
 *
 *     tare_tensor y = tare_dense(x, 10, .activation = TARE_ACTIVATION_RELU);
 *
 * name: of the scope; by default the layer's own, made unique (dense, dense_1). reuse: share the
 * variables of an earlier layer of that name. Variables have the dtype of the input. Batch
 * normalisation is in batch_norm.h.
 */
#ifndef TARE_LAYER_H
#define TARE_LAYER_H

#include <tare/op.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is applied to a layer's result. The values are fixed. */
typedef enum tare_activation {
    TARE_ACTIVATION_NONE = 0,
    TARE_ACTIVATION_RELU = 1,
    TARE_ACTIVATION_SIGMOID = 2,
    TARE_ACTIVATION_TANH = 3,
    TARE_ACTIVATION_SOFTMAX = 4,
    TARE_ACTIVATION_RELU6 = 5,
    TARE_ACTIVATION_ELU = 6,
    TARE_ACTIVATION_SELU = 7,
    TARE_ACTIVATION_SOFTPLUS = 8,
    TARE_ACTIVATION_SOFTSIGN = 9,
    TARE_ACTIVATION_SWISH = 10,
    TARE_ACTIVATION_LEAKY_RELU = 11
} tare_activation;
#define TARE_ACTIVATION_WORDS                                                                      \
    "none,relu,sigmoid,tanh,softmax,relu6,elu,selu,softplus,softsign,swish,leaky_relu"
#define TARE_REUSE_WORDS "inherit,false,true,auto"

/** What the kernel of a layer is made of; normalization.h has the formulas. The values are fixed.
 */
typedef enum tare_kernel_norm {
    TARE_KERNEL_NORM_NONE = 0,               /* a variable, kernel */
    TARE_KERNEL_NORM_WEIGHT = 1,             /* tare_weight_norm of variables kernel_v, kernel_g */
    TARE_KERNEL_NORM_WEIGHT_STANDARDIZED = 2 /* tare_weight_standardize of a variable, kernel */
} tare_kernel_norm;
#define TARE_KERNEL_NORM_WORDS "none,weight,weight_standardized"

/* What layers with a kernel and a bias have in common. */
/* clang-format off */
#define TARE_KERNEL_LAYER_FIELDS(field)                                                            \
    field(choice, activation, TARE_ACTIVATION_NONE, "applied to the result")                       \
    field(boolean, use_bias, true, "add a bias")                                                   \
    field(initializer, kernel_initializer, TARE_DEFAULT_INITIALIZER,                               \
          "first value of the kernel; glorot uniform")                                             \
    field(initializer, bias_initializer, TARE_ZEROS, "first value of the bias")                    \
    field(regularizer, kernel_regularizer, TARE_NO_REGULARIZER,                                    \
          "penalty on the kernel, added to regularization_losses")                                 \
    field(regularizer, bias_regularizer, TARE_NO_REGULARIZER, "penalty on the bias")               \
    field(regularizer, activity_regularizer, TARE_NO_REGULARIZER,                                  \
          "penalty on the result, per sample")                                                     \
    field(constraint, kernel_constraint, TARE_NO_CONSTRAINT, "on the kernel after an update")      \
    field(constraint, bias_constraint, TARE_NO_CONSTRAINT, "on the bias after an update")          \
    field(choice, kernel_norm, TARE_KERNEL_NORM_NONE,                                              \
          "none, weight or weight_standardized: what the kernel is made of")                       \
    field(boolean, trainable, true, "whether optimisers change it")                                \
    field(text, name, NULL, "of the layer's scope")                                                \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that name")
/* clang-format on */

/* ------------------------------------------------------------------------------------- dense */

#define TARE_DENSE_FIELDS(field) TARE_KERNEL_LAYER_FIELDS(field)
TARE_OPTIONS(tare_dense_options, TARE_DENSE_FIELDS);
#define TARE_DENSE_DEFAULTS TARE_DEFAULTS(tare_dense_options, TARE_DENSE_FIELDS)
/**
 * y = activation(x kernel + bias).
 *
 * Shapes  x [.., C], rank 2 or more, C known -> [.., units]; kernel [C, units]; bias [units].
 * Errors  units below 1; an x that is not floating; C unknown.
 * Source  tf.layers.dense.
 */
TARE_API tare_tensor tare_dense_with(tare_tensor x, int64_t units,
                                     const tare_dense_options *options);
#define tare_dense(...)                                                                            \
    TARE_KW2(tare_dense_with, tare_dense_options, TARE_DENSE_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------------------------------------- convolution */

/*
 * Layers of 1, 2 or 3 spatial axes differ in the rank of x alone: [N, spatial axes.., C], or with
 * channels_first [N, C, spatial axes..]. kernel_size, strides and dilation_rate are lists of one
 * number for all spatial axes, or one for each: TARE_LIST(3), TARE_LIST(3, 5).
 */

/* clang-format off */
#define TARE_WINDOW_FIELDS(field)                                                                  \
    field(list, strides, TARE_LIST(1), "one for all spatial axes, or one for each")                \
    field(choice, padding, TARE_PADDING_VALID, "valid or same")                                    \
    field(choice, data_format, TARE_CHANNELS_LAST, "channels_last or channels_first")
#define TARE_CONV_FIELDS(field)                                                                    \
    TARE_WINDOW_FIELDS(field)                                                                      \
    field(list, dilation_rate, TARE_LIST(1), "one for all spatial axes, or one for each")          \
    field(integer, groups, 1, "groups of channels, each with filters of its own")                  \
    TARE_KERNEL_LAYER_FIELDS(field)
/* clang-format on */
TARE_OPTIONS(tare_conv_options, TARE_CONV_FIELDS);
#define TARE_CONV_DEFAULTS TARE_DEFAULTS(tare_conv_options, TARE_CONV_FIELDS)
/**
 * y = activation(convolution of x with kernel + bias).
 *
 * Shapes  x [N, W, C], C known -> [N, OW, filters]; kernel [K, C / groups, filters]; bias
 *         [filters].
 * Errors  filters or an extent of the kernel below 1; strides and dilations both above 1; groups
 *         that divide channels or filters not.
 * Source  tf.layers.conv1d; groups are Keras 2's.
 */
TARE_API tare_tensor tare_conv1d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                                      const tare_conv_options *options);
#define tare_conv1d(...)                                                                           \
    TARE_KW3(tare_conv1d_with, tare_conv_options, TARE_CONV_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same of x [N, H, W, C]; kernel [KH, KW, C / groups, filters]. tf.layers.conv2d. */
TARE_API tare_tensor tare_conv2d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                                      const tare_conv_options *options);
#define tare_conv2d(...)                                                                           \
    TARE_KW3(tare_conv2d_with, tare_conv_options, TARE_CONV_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same of x [N, D, H, W, C]; kernel [KD, KH, KW, C / groups, filters]. tf.layers.conv3d. */
TARE_API tare_tensor tare_conv3d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                                      const tare_conv_options *options);
#define tare_conv3d(...)                                                                           \
    TARE_KW3(tare_conv3d_with, tare_conv_options, TARE_CONV_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_CONV_TRANSPOSE_FIELDS(field)                                                          \
    TARE_WINDOW_FIELDS(field)                                                                      \
    TARE_KERNEL_LAYER_FIELDS(field)
/* clang-format on */
TARE_OPTIONS(tare_conv_transpose_options, TARE_CONV_TRANSPOSE_FIELDS);
#define TARE_CONV_TRANSPOSE_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_conv_transpose_options, TARE_CONV_TRANSPOSE_FIELDS)
/**
 * y = activation(transposed convolution of x with kernel + bias): the way back of a convolution's
 * shapes, "deconvolution".
 *
 * Shapes  x [N, H, W, C], C known -> [N, OH, OW, filters]; kernel [KH, KW, filters, C].
 *         OH = H stride (same) or H stride + max(KH - stride, 0) (valid).
 * Errors  filters or an extent of the kernel below 1.
 * Source  tf.layers.conv2d_transpose.
 */
TARE_API tare_tensor tare_conv2d_transpose_with(tare_tensor x, int64_t filters,
                                                tare_list kernel_size,
                                                const tare_conv_transpose_options *options);
#define tare_conv2d_transpose(...)                                                                 \
    TARE_KW3(tare_conv2d_transpose_with, tare_conv_transpose_options,                              \
             TARE_CONV_TRANSPOSE_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same of x [N, D, H, W, C]; kernel [KD, KH, KW, filters, C]. tf.layers.conv3d_transpose. */
TARE_API tare_tensor tare_conv3d_transpose_with(tare_tensor x, int64_t filters,
                                                tare_list kernel_size,
                                                const tare_conv_transpose_options *options);
#define tare_conv3d_transpose(...)                                                                 \
    TARE_KW3(tare_conv3d_transpose_with, tare_conv_transpose_options,                              \
             TARE_CONV_TRANSPOSE_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_DEPTHWISE_FIELDS(field)                                                               \
    TARE_WINDOW_FIELDS(field)                                                                      \
    field(list, dilation_rate, TARE_LIST(1), "one for all spatial axes, or one for each")          \
    field(integer, depth_multiplier, 1, "depthwise filters for each channel")                      \
    field(choice, activation, TARE_ACTIVATION_NONE, "applied to the result")                       \
    field(boolean, use_bias, true, "add a bias")                                                   \
    field(initializer, depthwise_initializer, TARE_DEFAULT_INITIALIZER,                            \
          "first value of the depthwise kernel; glorot uniform")                                   \
    field(initializer, bias_initializer, TARE_ZEROS, "first value of the bias")                    \
    field(regularizer, depthwise_regularizer, TARE_NO_REGULARIZER,                                 \
          "penalty on the depthwise kernel, added to regularization_losses")                       \
    field(regularizer, bias_regularizer, TARE_NO_REGULARIZER, "penalty on the bias")               \
    field(regularizer, activity_regularizer, TARE_NO_REGULARIZER,                                  \
          "penalty on the result, per sample")                                                     \
    field(constraint, depthwise_constraint, TARE_NO_CONSTRAINT,                                    \
          "on the depthwise kernel after an update")                                               \
    field(constraint, bias_constraint, TARE_NO_CONSTRAINT, "on the bias after an update")          \
    field(boolean, trainable, true, "whether optimisers change it")                                \
    field(text, name, NULL, "of the layer's scope")                                                \
    field(choice, reuse, TARE_REUSE_INHERIT, "share the variables of that name")
#define TARE_DEPTHWISE_CONV_FIELDS(field) TARE_DEPTHWISE_FIELDS(field)
#define TARE_SEPARABLE_CONV_FIELDS(field)                                                          \
    TARE_DEPTHWISE_FIELDS(field)                                                                   \
    field(initializer, pointwise_initializer, TARE_DEFAULT_INITIALIZER,                            \
          "first value of the pointwise kernel; glorot uniform")                                   \
    field(regularizer, pointwise_regularizer, TARE_NO_REGULARIZER,                                 \
          "penalty on the pointwise kernel")                                                       \
    field(constraint, pointwise_constraint, TARE_NO_CONSTRAINT,                                    \
          "on the pointwise kernel after an update")
/* clang-format on */
TARE_OPTIONS(tare_separable_conv_options, TARE_SEPARABLE_CONV_FIELDS);
#define TARE_SEPARABLE_CONV_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_separable_conv_options, TARE_SEPARABLE_CONV_FIELDS)
/**
 * y = activation(pointwise kernel of (each channel of x with its depthwise kernels) + bias).
 *
 * Shapes  x [N, W, C], C known -> [N, OW, filters]; depthwise_kernel [K, C, depth_multiplier],
 *         pointwise_kernel [1, C depth_multiplier, filters]; bias [filters].
 * Errors  filters, depth_multiplier or an extent of the kernel below 1; strides and dilations both
 *         above 1.
 * Source  tf.layers.separable_conv1d.
 */
TARE_API tare_tensor tare_separable_conv1d_with(tare_tensor x, int64_t filters,
                                                tare_list kernel_size,
                                                const tare_separable_conv_options *options);
#define tare_separable_conv1d(...)                                                                 \
    TARE_KW3(tare_separable_conv1d_with, tare_separable_conv_options,                              \
             TARE_SEPARABLE_CONV_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same of x [N, H, W, C]; depthwise_kernel [KH, KW, C, depth_multiplier], pointwise_kernel
 * [1, 1, C depth_multiplier, filters]. tf.layers.separable_conv2d. */
TARE_API tare_tensor tare_separable_conv2d_with(tare_tensor x, int64_t filters,
                                                tare_list kernel_size,
                                                const tare_separable_conv_options *options);
#define tare_separable_conv2d(...)                                                                 \
    TARE_KW3(tare_separable_conv2d_with, tare_separable_conv_options,                              \
             TARE_SEPARABLE_CONV_DEFAULTS, __VA_ARGS__, .reserved = 0)

TARE_OPTIONS(tare_depthwise_conv_options, TARE_DEPTHWISE_CONV_FIELDS);
#define TARE_DEPTHWISE_CONV_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_depthwise_conv_options, TARE_DEPTHWISE_CONV_FIELDS)
/**
 * y = activation(each channel of x with its depthwise kernels + bias).
 *
 * Shapes  x [N, H, W, C], C known -> [N, OH, OW, C depth_multiplier]; depthwise_kernel [KH, KW, C,
 *         depth_multiplier]; bias [C depth_multiplier].
 * Errors  as of separable_conv2d.
 * Source  tf.keras.layers.DepthwiseConv2D (r1.15); tf.layers has none.
 */
TARE_API tare_tensor tare_depthwise_conv2d_with(tare_tensor x, tare_list kernel_size,
                                                const tare_depthwise_conv_options *options);
#define tare_depthwise_conv2d(...)                                                                 \
    TARE_KW2(tare_depthwise_conv2d_with, tare_depthwise_conv_options,                              \
             TARE_DEPTHWISE_CONV_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ----------------------------------------------------------------------------------- pooling */

/* clang-format off */
#define TARE_POOLING_FIELDS(field)                                                                 \
    field(choice, padding, TARE_PADDING_VALID, "valid or same")                                    \
    field(choice, data_format, TARE_CHANNELS_LAST, "channels_last or channels_first")              \
    field(text, name, NULL, "of the layer's scope")
/* clang-format on */
TARE_OPTIONS(tare_pooling_options, TARE_POOLING_FIELDS);
#define TARE_POOLING_DEFAULTS TARE_DEFAULTS(tare_pooling_options, TARE_POOLING_FIELDS)
#define TARE_POOLING(f, ...)                                                                       \
    TARE_KW3(f, tare_pooling_options, TARE_POOLING_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The greatest of each window of x [N, W, C]; pool_size and strides: as a convolution's.
 * tf.layers.max_pooling1d. */
TARE_API tare_tensor tare_max_pooling1d_with(tare_tensor x, tare_list pool_size, tare_list strides,
                                             const tare_pooling_options *options);
#define tare_max_pooling1d(...) TARE_POOLING(tare_max_pooling1d_with, __VA_ARGS__)
/** The same of x [N, H, W, C]. tf.layers.max_pooling2d. */
TARE_API tare_tensor tare_max_pooling2d_with(tare_tensor x, tare_list pool_size, tare_list strides,
                                             const tare_pooling_options *options);
#define tare_max_pooling2d(...) TARE_POOLING(tare_max_pooling2d_with, __VA_ARGS__)
/** The same of x [N, D, H, W, C]. tf.layers.max_pooling3d. */
TARE_API tare_tensor tare_max_pooling3d_with(tare_tensor x, tare_list pool_size, tare_list strides,
                                             const tare_pooling_options *options);
#define tare_max_pooling3d(...) TARE_POOLING(tare_max_pooling3d_with, __VA_ARGS__)
/** The mean of each window of x [N, W, C], of what lies inside x. tf.layers.average_pooling1d. */
TARE_API tare_tensor tare_average_pooling1d_with(tare_tensor x, tare_list pool_size,
                                                 tare_list strides,
                                                 const tare_pooling_options *options);
#define tare_average_pooling1d(...) TARE_POOLING(tare_average_pooling1d_with, __VA_ARGS__)
/** The same of x [N, H, W, C]. tf.layers.average_pooling2d. */
TARE_API tare_tensor tare_average_pooling2d_with(tare_tensor x, tare_list pool_size,
                                                 tare_list strides,
                                                 const tare_pooling_options *options);
#define tare_average_pooling2d(...) TARE_POOLING(tare_average_pooling2d_with, __VA_ARGS__)
/** The same of x [N, D, H, W, C]. tf.layers.average_pooling3d. */
TARE_API tare_tensor tare_average_pooling3d_with(tare_tensor x, tare_list pool_size,
                                                 tare_list strides,
                                                 const tare_pooling_options *options);
#define tare_average_pooling3d(...) TARE_POOLING(tare_average_pooling3d_with, __VA_ARGS__)

/* ------------------------------------------------------------------------ dropout, flatten */

/* clang-format off */
#define TARE_DROPOUT_FIELDS(field)                                                                 \
    field(real, rate, 0.5, "share of elements set to 0")                                           \
    field(integer, seed, 0, "0: of the graph")                                                     \
    field(tensor, training, TARE_FALSE, "drop only then; a truth or a boolean tensor")             \
    field(text, name, NULL, "of the layer's scope")
/* clang-format on */
TARE_OPTIONS(tare_dropout_options, TARE_DROPOUT_FIELDS);
#define TARE_DROPOUT_DEFAULTS TARE_DEFAULTS(tare_dropout_options, TARE_DROPOUT_FIELDS)
/** In training x / (1 - rate) or, with probability rate, 0; else x. tf.layers.dropout. */
TARE_API tare_tensor tare_dropout_with(tare_tensor x, const tare_dropout_options *options);
#define tare_dropout(...)                                                                          \
    TARE_KW1(tare_dropout_with, tare_dropout_options, TARE_DROPOUT_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)

/** x [N, ..] as [N, all the rest]. tf.layers.flatten. */
TARE_API tare_tensor tare_flatten_with(tare_tensor x, const tare_op_options *options);
#define tare_flatten(...)                                                                          \
    TARE_KW1(tare_flatten_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)

/** Kinds of layers, "dense", in order; NULL beyond the last. */
TARE_API const char *tare_layer_kind(size_t i);
/** The table of a layer's options; NULL: there is no such layer. */
TARE_API const tare_option_table *tare_layer_option_table(const char *layer);

#ifdef __cplusplus
}
#endif

/* Stands at the end because it shares the activations above. */
#include <tare/batch_norm.h>

#endif
