/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers separable_conv1d, separable_conv2d and depthwise_conv2d: every channel with filters of
 * its own, and then, but for depthwise_conv2d, all of them together pixel by pixel.
 *
 *     each = depthwise convolution of x         [.., C depth_multiplier]
 *     y    = activation(each pointwise_kernel + bias)
 *
 * Source: TensorFlow r1.15, python/layers/convolutional.py, python/keras/layers/convolutional.py
 * (SeparableConv, DepthwiseConv2D).
 */
#include "base/status.h"
#include "layer/checks.h"
#include "layer/conv.h"
#include "layer/layers.h"
#include "layer/weights.h"

#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_CHANNELS_WORDS
#define TARE_WORDS_activation  TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse       TARE_REUSE_WORDS
#define TARE_TABLE_STRUCT      tare_separable_conv_options
TARE_OPTION_TABLE(, tare_separable_conv_table, TARE_SEPARABLE_CONV_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_depthwise_conv_options
TARE_OPTION_TABLE(, tare_depthwise_conv_table, TARE_DEPTHWISE_CONV_FIELDS);
#undef TARE_TABLE_STRUCT

/* What both kinds of options say. */
#define COMMON_OF(layer_, o)                                                                       \
    ((tare_kernel_layer){.layer = layer_,                                                          \
                         .data_format = (o)->data_format,                                          \
                         .activation = (o)->activation,                                            \
                         .use_bias = (o)->use_bias,                                                \
                         .trainable = (o)->trainable,                                              \
                         .bias_initializer = (o)->bias_initializer,                                \
                         .bias_regularizer = (o)->bias_regularizer,                                \
                         .activity_regularizer = (o)->activity_regularizer,                        \
                         .bias_constraint = (o)->bias_constraint})
#define WEIGHTS_OF(which, o)                                                                       \
    ((tare_layer_weights_options){(o)->which##_initializer, (o)->which##_regularizer,              \
                                  (o)->which##_constraint, (o)->trainable})
#define WINDOW_OF(kernel_size_, o)                                                                 \
    ((tare_conv_window){.kernel_size = kernel_size_,                                               \
                        .strides = (o)->strides,                                                   \
                        .dilations = (o)->dilation_rate,                                           \
                        .padding = (o)->padding,                                                   \
                        .data_format = (o)->data_format})

/* Channels of the depthwise result; false: too many to count. */
static bool find_depth(const tare_conv_layer *of, tare_tensor x, const tare_conv_window *window,
                       int64_t multiplier, int64_t *depth) {
    if (!tare_layer_count_is_positive(x.graph, of->name, "depth_multiplier", multiplier))
        return false;
    if (tare_multiply_sizes(window->channels, multiplier, depth)) return true;
    tare_build_fail(x.graph, TARE_ERROR_ARGUMENT, of->name, tare_graph_variable_scope(x.graph),
                    "more channels than can be counted", "a smaller depth_multiplier");
    return false;
}

static tare_nn_conv_options depthwise_op(const tare_conv_window *window) {
    tare_nn_conv_options op = {TARE_NN_CONV_DEFAULTS};
    op.strides = window->strides;
    op.dilations = window->dilations;
    op.padding = window->padding;
    op.groups = 0;
    op.data_format = window->data_format;
    return op;
}

static tare_tensor depthwise_kernel(tare_tensor x, const tare_conv_window *window,
                                    int64_t multiplier, const tare_layer_weights_options *options) {
    return tare_layer_weights(x.graph, "depthwise_kernel",
                              tare_conv_kernel_shape(window, window->channels, multiplier),
                              tare_tensor_dtype(x), options);
}

/* ---------------------------------------------------------------------------- separable */

static tare_tensor convolve(const tare_conv_layer *of, tare_tensor x, tare_tensor depthwise,
                            tare_tensor pointwise, const tare_conv_window *window) {
    const tare_nn_conv_options op = depthwise_op(window);
    tare_graph_hidden_begin(x.graph);
    const tare_tensor each = tare_nn_convolution_with(x, depthwise, &op);
    tare_graph_hidden_end(x.graph);
    return tare_nn_convolution(each, pointwise, .data_format = window->data_format,
                               .name = of->name);
}

static tare_tensor build_separable(const tare_conv_layer *of, tare_tensor x, int64_t filters,
                                   const tare_conv_window *window, int64_t depth,
                                   const tare_separable_conv_options *options) {
    const tare_kernel_layer common = COMMON_OF(of->name, options);
    const tare_layer_weights_options first = WEIGHTS_OF(depthwise, options),
                                     second = WEIGHTS_OF(pointwise, options);
    const tare_dtype dtype = tare_tensor_dtype(x);
    const tare_tensor depthwise = depthwise_kernel(x, window, options->depth_multiplier, &first);
    tare_conv_window pixel = *window;
    for (int i = 0; i < of->rank; i++) pixel.kernel_size.values[i] = 1;
    const tare_tensor pointwise =
        tare_layer_weights(x.graph, "pointwise_kernel",
                           tare_conv_kernel_shape(&pixel, depth, filters), dtype, &second);
    const tare_tensor bias = tare_layer_bias(x.graph, &common, filters, dtype);
    return tare_layer_finish(&common, convolve(of, x, depthwise, pointwise, window), bias);
}

static tare_tensor separable_layer(const tare_conv_layer *of, tare_tensor x, int64_t filters,
                                   tare_list kernel_size,
                                   const tare_separable_conv_options *options) {
    tare_separable_conv_options given;
    tare_options_adopt(&tare_separable_conv_table, options, &given);
    tare_conv_window window = WINDOW_OF(kernel_size, &given);
    int64_t depth = 0;
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_conv_layer_begin(of, x, given.name, given.reuse, &window, &layer) &&
        tare_layer_count_is_positive(x.graph, of->name, "filters", filters) &&
        find_depth(of, x, &window, given.depth_multiplier, &depth))
        y = build_separable(of, x, filters, &window, depth, &given);
    return tare_layer_end(&layer, y);
}

tare_tensor tare_separable_conv1d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                                       const tare_separable_conv_options *options) {
    return separable_layer(&(tare_conv_layer){"separable_conv1d", 1}, x, filters, kernel_size,
                           options);
}

tare_tensor tare_separable_conv2d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                                       const tare_separable_conv_options *options) {
    return separable_layer(&(tare_conv_layer){"separable_conv2d", 2}, x, filters, kernel_size,
                           options);
}

/* ---------------------------------------------------------------------------- depthwise */

static tare_tensor build_depthwise(const tare_conv_layer *of, tare_tensor x,
                                   const tare_conv_window *window, int64_t depth,
                                   const tare_depthwise_conv_options *options) {
    const tare_kernel_layer common = COMMON_OF(of->name, options);
    const tare_layer_weights_options weights = WEIGHTS_OF(depthwise, options);
    const tare_tensor kernel = depthwise_kernel(x, window, options->depth_multiplier, &weights);
    const tare_tensor bias = tare_layer_bias(x.graph, &common, depth, tare_tensor_dtype(x));
    tare_nn_conv_options op = depthwise_op(window);
    op.name = "depthwise";
    return tare_layer_finish(&common, tare_nn_convolution_with(x, kernel, &op), bias);
}

tare_tensor tare_depthwise_conv2d_with(tare_tensor x, tare_list kernel_size,
                                       const tare_depthwise_conv_options *options) {
    static const tare_conv_layer of = {"depthwise_conv2d", 2};
    tare_depthwise_conv_options given;
    tare_options_adopt(&tare_depthwise_conv_table, options, &given);
    tare_conv_window window = WINDOW_OF(kernel_size, &given);
    int64_t depth = 0;
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_conv_layer_begin(&of, x, given.name, given.reuse, &window, &layer) &&
        find_depth(&of, x, &window, given.depth_multiplier, &depth))
        y = build_depthwise(&of, x, &window, depth, &given);
    return tare_layer_end(&layer, y);
}
