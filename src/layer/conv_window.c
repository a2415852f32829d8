/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The windows of convolution layers.
 *
 * Source: TensorFlow r1.15, python/keras/layers/convolutional.py, python/keras/utils/conv_utils.py.
 */
#include "array/shape.h"
#include "layer/checks.h"
#include "layer/conv.h"

static bool any_above_one(tare_list list) {
    for (int i = 0; i < list.count; i++)
        if (list.values[i] > 1) return true;
    return false;
}

static bool strides_fit(tare_graph *graph, const char *layer, const tare_conv_window *window) {
    if (!any_above_one(window->strides) || !any_above_one(window->dilations)) return true;
    tare_build_fail(graph, TARE_ERROR_ARGUMENT, layer, tare_graph_variable_scope(graph),
                    "strides and dilations above 1", "one of them to be 1");
    return false;
}

static bool window_fits(const tare_conv_layer *of, tare_tensor x, tare_conv_window *window) {
    tare_graph *graph = x.graph;
    const char *name = of->name;
    const int rank = of->rank;
    return tare_layer_input_is_floating(graph, name, x) &&
           tare_layer_input_has_rank(graph, name, x, rank + 2, rank + 2) &&
           tare_layer_channels(graph, name, x, window->data_format, &window->channels) &&
           tare_layer_spatial(graph, name, "kernel_size", window->kernel_size, rank,
                              &window->kernel_size) &&
           tare_layer_spatial(graph, name, "strides", window->strides, rank, &window->strides) &&
           tare_layer_spatial(graph, name, "dilation_rate", window->dilations, rank,
                              &window->dilations) &&
           tare_layer_padding_fits(graph, name, window->padding) &&
           strides_fit(graph, name, window);
}

bool tare_conv_layer_begin(const tare_conv_layer *of, tare_tensor x, const char *name, int reuse,
                           tare_conv_window *window, tare_layer *layer) {
    return tare_layer_begin(x.graph, of->name, name, (tare_reuse)reuse, layer) == TARE_OK &&
           window_fits(of, x, window);
}

tare_shape tare_conv_kernel_shape(const tare_conv_window *window, int64_t before, int64_t last) {
    tare_shape shape = {.rank = window->kernel_size.count + 2};
    for (int i = 0; i < window->kernel_size.count; i++)
        shape.extents[i] = window->kernel_size.values[i];
    shape.extents[shape.rank - 2] = before;
    shape.extents[shape.rank - 1] = last;
    return shape;
}
