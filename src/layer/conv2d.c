/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The convolution layer: y = activation(convolution of x with kernel + bias), NHWC.
 *
 * Source: TensorFlow r1.15, python/layers/convolutional.py, python/keras/layers/convolutional.py
 * (Conv.build, Conv.call).
 */
#include "layer/kernel_layer.h"
#include "layer/layers.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT      tare_conv2d_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
#define TARE_WORDS_activation  TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse       TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_conv2d_table, TARE_CONV2D_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "conv2d"

typedef struct window {
    int64_t kernel[2], strides[2], dilations[2];
} window;

static bool padding_fits(tare_graph *graph, int padding) {
    if (padding == TARE_PADDING_VALID || padding == TARE_PADDING_SAME) return true;
    tare_build_fail(graph, TARE_ERROR_ARGUMENT, LAYER, tare_graph_variable_scope(graph),
                    "another padding", "valid or same; tare_nn_conv2d takes explicit numbers");
    return false;
}

static bool strides_fit(tare_graph *graph, const window *w) {
    const bool strided = w->strides[0] > 1 || w->strides[1] > 1;
    if (!strided || (w->dilations[0] == 1 && w->dilations[1] == 1)) return true;
    tare_build_fail(graph, TARE_ERROR_ARGUMENT, LAYER, tare_graph_variable_scope(graph),
                    "strides and dilations above 1", "one of them to be 1");
    return false;
}

static bool arguments_fit(tare_tensor x, int64_t filters, tare_list kernel_size,
                          const tare_conv2d_options *options, window *w) {
    tare_graph *graph = x.graph;
    return tare_layer_input_is_floating(graph, LAYER, x) &&
           tare_layer_input_has_rank(graph, LAYER, x, 4, 4) &&
           tare_layer_channels_are_known(graph, LAYER, x) &&
           tare_layer_count_is_positive(graph, LAYER, "filters", filters) &&
           tare_layer_pair(graph, LAYER, "kernel_size", kernel_size, w->kernel) &&
           tare_layer_pair(graph, LAYER, "strides", options->strides, w->strides) &&
           tare_layer_pair(graph, LAYER, "dilation_rate", options->dilation_rate, w->dilations) &&
           tare_layer_is_nhwc(graph, LAYER, options->data_format) &&
           padding_fits(graph, options->padding) && strides_fit(graph, w);
}

static tare_tensor build(tare_tensor x, int64_t filters, const window *w,
                         const tare_conv2d_options *options) {
    const tare_kernel_layer common = TARE_KERNEL_LAYER_OF(LAYER, options);
    const tare_dtype dtype = tare_tensor_dtype(x);
    const int64_t channels = tare_tensor_shape(x).extents[3];
    const tare_shape shape = TARE_SHAPE(w->kernel[0], w->kernel[1], channels, filters);
    const tare_tensor kernel = tare_layer_kernel(x.graph, &common, shape, dtype);
    const tare_tensor bias = tare_layer_bias(x.graph, &common, filters, dtype);
    const tare_tensor y = tare_nn_conv2d(x, kernel, .padding = options->padding,
                                         .strides = TARE_LIST(w->strides[0], w->strides[1]),
                                         .dilations = TARE_LIST(w->dilations[0], w->dilations[1]));
    return tare_layer_finish(&common, y, bias);
}

tare_tensor tare_conv2d_with(tare_tensor x, int64_t filters, tare_list kernel_size,
                             const tare_conv2d_options *options) {
    tare_conv2d_options given;
    tare_options_adopt(&tare_conv2d_table, options, &given);
    tare_layer layer;
    window w;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, LAYER, given.name, (tare_reuse)given.reuse, &layer) == TARE_OK &&
        arguments_fit(x, filters, kernel_size, &given, &w))
        y = build(x, filters, &w, &given);
    return tare_layer_end(&layer, y);
}
