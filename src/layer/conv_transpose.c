/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transposed convolution layers conv2d_transpose and conv3d_transpose: y = activation(the
 * gradient of a convolution for its input, of x, with kernel + bias). The kernel is that of the
 * convolution which goes the other way: [.., filters, channels].
 *
 * Source: TensorFlow r1.15, python/layers/convolutional.py, python/keras/layers/convolutional.py
 * (Conv2DTranspose, Conv3DTranspose).
 */
#include "layer/checks.h"
#include "layer/conv.h"
#include "layer/layers.h"

#define TARE_TABLE_STRUCT      tare_conv_transpose_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_CHANNELS_WORDS
#define TARE_WORDS_activation  TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse       TARE_REUSE_WORDS
#define TARE_WORDS_kernel_norm TARE_KERNEL_NORM_WORDS
TARE_OPTION_TABLE(, tare_conv_transpose_table, TARE_CONV_TRANSPOSE_FIELDS);
#undef TARE_TABLE_STRUCT

/* What the layers differ in. */
typedef struct kind {
    tare_conv_layer layer;
    tare_tensor (*convolve)(tare_tensor x, tare_tensor kernel,
                            const tare_nn_conv_transpose_options *options);
} kind;

static tare_tensor build(const kind *of, tare_tensor x, int64_t filters,
                         const tare_conv_window *window,
                         const tare_conv_transpose_options *options) {
    tare_kernel_layer common = TARE_KERNEL_LAYER_OF(of->layer.name, options);
    common.data_format = options->data_format;
    common.filters_first = true;
    const tare_dtype dtype = tare_tensor_dtype(x);
    const tare_shape shape = tare_conv_kernel_shape(window, filters, window->channels);
    const tare_tensor kernel = tare_layer_kernel(x.graph, &common, shape, dtype);
    const tare_tensor bias = tare_layer_bias(x.graph, &common, filters, dtype);
    tare_nn_conv_transpose_options op = {TARE_NN_CONV_TRANSPOSE_DEFAULTS};
    op.strides = window->strides;
    op.padding = window->padding;
    op.data_format = options->data_format;
    return tare_layer_finish(&common, of->convolve(x, kernel, &op), bias);
}

static tare_tensor transpose_layer(const kind *of, tare_tensor x, int64_t filters,
                                   tare_list kernel_size,
                                   const tare_conv_transpose_options *options) {
    tare_conv_transpose_options given;
    tare_options_adopt(&tare_conv_transpose_table, options, &given);
    tare_conv_window window = {.kernel_size = kernel_size,
                               .strides = given.strides,
                               .dilations = TARE_LIST(1),
                               .padding = given.padding,
                               .data_format = given.data_format};
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_conv_layer_begin(&of->layer, x, given.name, given.reuse, &window, &layer) &&
        tare_layer_count_is_positive(x.graph, of->layer.name, "filters", filters))
        y = build(of, x, filters, &window, &given);
    return tare_layer_end(&layer, y);
}

#define LAYER(name, rank)                                                                          \
    tare_tensor tare_##name##_with(tare_tensor x, int64_t filters, tare_list kernel_size,          \
                                   const tare_conv_transpose_options *options) {                   \
        static const kind of = {{#name, rank}, tare_nn_##name##_with};                             \
        return transpose_layer(&of, x, filters, kernel_size, options);                             \
    }
LAYER(conv2d_transpose, 2)
LAYER(conv3d_transpose, 3)
