/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pooling layers: greatest or mean of each window, of 1 to 3 spatial axes. No variables.
 *
 * Source: TensorFlow r1.15, python/layers/pooling.py.
 */
#include "layer/checks.h"
#include "layer/layers.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT      tare_pooling_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_CHANNELS_WORDS
TARE_OPTION_TABLE(, tare_pooling_table, TARE_POOLING_FIELDS);
#undef TARE_TABLE_STRUCT

/* What the layers differ in. */
typedef struct kind {
    const char *layer, *node; /* TensorFlow's names */
    int rank;
    tare_tensor (*pool)(tare_tensor x, const tare_nn_pool_options *options);
} kind;

static tare_tensor build(const kind *of, tare_tensor x, tare_list pool_size, tare_list strides,
                         const tare_pooling_options *options) {
    tare_graph *graph = x.graph;
    const char *name = of->layer;
    tare_nn_pool_options op = {TARE_NN_POOL_DEFAULTS};
    if (!tare_layer_input_has_rank(graph, name, x, of->rank + 2, of->rank + 2) ||
        !tare_layer_spatial(graph, name, "pool_size", pool_size, of->rank, &op.ksize) ||
        !tare_layer_spatial(graph, name, "strides", strides, of->rank, &op.strides) ||
        !tare_layer_padding_fits(graph, name, options->padding) ||
        !tare_layer_data_format_fits(graph, name, options->data_format))
        return TARE_NULL;
    op.padding = options->padding;
    op.data_format = options->data_format;
    op.name = of->node;
    return of->pool(x, &op);
}

static tare_tensor pool_layer(const kind *of, tare_tensor x, tare_list pool_size, tare_list strides,
                              const tare_pooling_options *options) {
    tare_pooling_options given;
    tare_options_adopt(&tare_pooling_table, options, &given);
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, of->layer, given.name, TARE_REUSE_INHERIT, &layer) == TARE_OK)
        y = build(of, x, pool_size, strides, &given);
    return tare_layer_end(&layer, y);
}

#define LAYER(name, node, rank, op)                                                                \
    tare_tensor tare_##name##_with(tare_tensor x, tare_list pool_size, tare_list strides,          \
                                   const tare_pooling_options *options) {                          \
        static const kind of = {#name, node, rank, op};                                            \
        return pool_layer(&of, x, pool_size, strides, options);                                    \
    }
LAYER(max_pooling1d, "MaxPool", 1, tare_nn_max_pool1d_with)
LAYER(max_pooling2d, "MaxPool", 2, tare_nn_max_pool2d_with)
LAYER(max_pooling3d, "MaxPool3D", 3, tare_nn_max_pool3d_with)
LAYER(average_pooling1d, "AvgPool", 1, tare_nn_avg_pool1d_with)
LAYER(average_pooling2d, "AvgPool", 2, tare_nn_avg_pool2d_with)
LAYER(average_pooling3d, "AvgPool3D", 3, tare_nn_avg_pool3d_with)
