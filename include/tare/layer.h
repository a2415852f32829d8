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

/* clang-format off */
#define TARE_CONV2D_FIELDS(field)                                                                  \
    field(list, strides, TARE_LIST(1), "one for both axes, or two")                                \
    field(choice, padding, TARE_PADDING_VALID, "valid or same")                                    \
    field(choice, data_format, TARE_NHWC, "nhwc; nchw is refused")                                 \
    field(list, dilation_rate, TARE_LIST(1), "one for both axes, or two")                          \
    TARE_KERNEL_LAYER_FIELDS(field)
/* clang-format on */
TARE_OPTIONS(tare_conv2d_options, TARE_CONV2D_FIELDS);
#define TARE_CONV2D_DEFAULTS TARE_DEFAULTS(tare_conv2d_options, TARE_CONV2D_FIELDS)
/**
 * y = activation(convolution of x with kernel + bias). kernel_size: TARE_LIST(5), or TARE_LIST(3,
 * 5).
 *
 * Shapes  x [N, H, W, C], C known -> [N, OH, OW, filters]; kernel [KH, KW, C, filters].
 * Errors  filters or an extent of the kernel below 1; strides and dilations both above 1.
 * Source  tf.layers.conv2d.
 */
TARE_API tare_tensor tare_conv2d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                                      const tare_conv2d_options *options);
#define tare_conv2d(...)                                                                           \
    TARE_KW3(tare_conv2d_with, tare_conv2d_options, TARE_CONV2D_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)

/* ----------------------------------------------------------------------------------- pooling */

/* clang-format off */
#define TARE_POOLING2D_FIELDS(field)                                                               \
    field(choice, padding, TARE_PADDING_VALID, "valid or same")                                    \
    field(choice, data_format, TARE_NHWC, "nhwc; nchw is refused")                                 \
    field(text, name, NULL, "of the layer's scope")
/* clang-format on */
TARE_OPTIONS(tare_pooling2d_options, TARE_POOLING2D_FIELDS);
#define TARE_POOLING2D_DEFAULTS TARE_DEFAULTS(tare_pooling2d_options, TARE_POOLING2D_FIELDS)
/** The greatest of each window; pool_size and strides: one for both axes, or two.
 * tf.layers.max_pooling2d. */
TARE_API tare_tensor tare_max_pooling2d_with(tare_tensor x, tare_list pool_size, tare_list strides,
                                             const tare_pooling2d_options *options);
#define tare_max_pooling2d(...)                                                                    \
    TARE_KW3(tare_max_pooling2d_with, tare_pooling2d_options, TARE_POOLING2D_DEFAULTS,             \
             __VA_ARGS__, .reserved = 0)
/** The mean of each window, of what lies inside x. tf.layers.average_pooling2d. */
TARE_API tare_tensor tare_average_pooling2d_with(tare_tensor x, tare_list pool_size,
                                                 tare_list strides,
                                                 const tare_pooling2d_options *options);
#define tare_average_pooling2d(...)                                                                \
    TARE_KW3(tare_average_pooling2d_with, tare_pooling2d_options, TARE_POOLING2D_DEFAULTS,         \
             __VA_ARGS__, .reserved = 0)

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
