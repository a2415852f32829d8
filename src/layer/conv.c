/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The convolution layers conv1d, conv2d, conv3d: y = activation(convolution of x with kernel +
 * bias).
 *
 * Source: TensorFlow r1.15, python/layers/convolutional.py, python/keras/layers/convolutional.py
 * (Conv.build, Conv.call).
 */
#include "layer/conv.h"
#include "base/text.h"
#include "layer/checks.h"
#include "layer/layers.h"

#define TARE_TABLE_STRUCT      tare_conv_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_CHANNELS_WORDS
#define TARE_WORDS_activation  TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse       TARE_REUSE_WORDS
#define TARE_WORDS_kernel_norm TARE_KERNEL_NORM_WORDS
TARE_OPTION_TABLE(, tare_conv_table, TARE_CONV_FIELDS);
#undef TARE_TABLE_STRUCT

/* What the layers differ in. */
typedef struct kind {
    tare_conv_layer layer;
    tare_tensor (*convolve)(tare_tensor x, tare_tensor kernel, const tare_nn_conv_options *options);
} kind;

static bool groups_fit(tare_graph *graph, const char *layer, int64_t groups, int64_t channels,
                       int64_t filters) {
    if (groups >= 1 && channels % groups == 0 && filters % groups == 0) return true;
    char got[96];
    tare_print(got, sizeof got, "%lld groups of %lld channels and %lld filters", (long long)groups,
               (long long)channels, (long long)filters);
    tare_build_fail(graph, TARE_ERROR_ARGUMENT, layer, tare_graph_variable_scope(graph), got,
                    "groups of 1 or more that divide both");
    return false;
}

static tare_tensor build(const kind *of, tare_tensor x, int64_t filters,
                         const tare_conv_window *window, const tare_conv_options *options) {
    tare_kernel_layer common = TARE_KERNEL_LAYER_OF(of->layer.name, options);
    common.data_format = options->data_format;
    const tare_dtype dtype = tare_tensor_dtype(x);
    const tare_shape shape =
        tare_conv_kernel_shape(window, window->channels / options->groups, filters);
    const tare_tensor kernel = tare_layer_kernel(x.graph, &common, shape, dtype);
    const tare_tensor bias = tare_layer_bias(x.graph, &common, filters, dtype);
    tare_nn_conv_options op = {TARE_NN_CONV_DEFAULTS};
    op.strides = window->strides;
    op.dilations = window->dilations;
    op.padding = window->padding;
    op.groups = options->groups;
    op.data_format = options->data_format;
    return tare_layer_finish(&common, of->convolve(x, kernel, &op), bias);
}

static tare_tensor conv_layer(const kind *of, tare_tensor x, int64_t filters, tare_list kernel_size,
                              const tare_conv_options *options) {
    tare_conv_options given;
    tare_options_adopt(&tare_conv_table, options, &given);
    tare_conv_window window = {.kernel_size = kernel_size,
                               .strides = given.strides,
                               .dilations = given.dilation_rate,
                               .padding = given.padding,
                               .data_format = given.data_format};
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_conv_layer_begin(&of->layer, x, given.name, given.reuse, &window, &layer) &&
        tare_layer_count_is_positive(x.graph, of->layer.name, "filters", filters) &&
        groups_fit(x.graph, of->layer.name, given.groups, window.channels, filters))
        y = build(of, x, filters, &window, &given);
    return tare_layer_end(&layer, y);
}

#define LAYER(name, rank)                                                                          \
    tare_tensor tare_##name##_with(tare_tensor x, int64_t filters, tare_list kernel_size,          \
                                   const tare_conv_options *options) {                             \
        static const kind of = {{#name, rank}, tare_nn_##name##_with};                             \
        return conv_layer(&of, x, filters, kernel_size, options);                                  \
    }
LAYER(conv1d, 1)
LAYER(conv2d, 2)
LAYER(conv3d, 3)
