/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nn_separable_conv2d: a depthwise convolution, then one of 1 x 1 pixels, from ordinary ops, so
 * that gradients pass through them.
 *
 * Source: TensorFlow r1.15, python/ops/nn_impl.py (separable_conv2d).
 */
#include "graph/graph.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT      tare_nn_depthwise_conv2d_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, separable_table, TARE_NN_DEPTHWISE_CONV2D_FIELDS);
#undef TARE_TABLE_STRUCT

/* The pointwise filter looks at one pixel. */
static bool is_pointwise(tare_shape filter) {
    return tare_shape_compatible(filter, TARE_SHAPE(1, 1, TARE_ANY, TARE_ANY));
}

static tare_tensor refuse(tare_graph *graph, const char *name, tare_shape filter) {
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 48];
    tare_print(got, sizeof got, "a pointwise filter of shape %s", tare_shape_text(text, filter));
    return tare_build_fail(graph, TARE_ERROR_SHAPE, "nn_separable_conv2d", name, got,
                           "one of 1 x 1 pixels");
}

tare_tensor tare_nn_separable_conv2d_with(tare_tensor x, tare_tensor depthwise_filter,
                                          tare_tensor pointwise_filter,
                                          const tare_nn_depthwise_conv2d_options *options) {
    tare_nn_depthwise_conv2d_options given;
    tare_options_adopt(&separable_table, options, &given);
    tare_graph *graph = x.graph;
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const char *name = given.name ? given.name : "separable_conv2d";
    const tare_shape filter = tare_tensor_shape(pointwise_filter);
    if (!is_pointwise(filter)) return refuse(graph, name, filter);
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    given.name = NULL;
    tare_graph_hidden_begin(graph);
    const tare_tensor each = tare_nn_depthwise_conv2d_with(x, depthwise_filter, &given);
    tare_graph_hidden_end(graph);
    const tare_tensor y =
        tare_nn_conv2d(each, pointwise_filter, .data_format = given.data_format, .name = name);
    tare_graph_attempt_end(graph, &attempt);
    return y;
}
