/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pooling layers: greatest or mean of each window, NHWC. No variables.
 *
 * Source: TensorFlow r1.15, python/layers/pooling.py.
 */
#include "layer/kernel_layer.h"
#include "layer/layers.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT      tare_pooling2d_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(, tare_pooling2d_table, TARE_POOLING2D_FIELDS);
#undef TARE_TABLE_STRUCT

/* What the two layers differ in. */
typedef struct kind {
    const char *layer, *node; /* TensorFlow's names */
    tare_tensor (*pool)(tare_tensor x, const tare_nn_pool_options *options);
} kind;

static tare_tensor build(const kind *of, tare_tensor x, tare_list pool_size, tare_list strides,
                         const tare_pooling2d_options *options) {
    tare_graph *graph = x.graph;
    const char *name = of->layer;
    int64_t window[2], steps[2];
    if (!tare_layer_input_has_rank(graph, name, x, 4, 4) ||
        !tare_layer_pair(graph, name, "pool_size", pool_size, window) ||
        !tare_layer_pair(graph, name, "strides", strides, steps) ||
        !tare_layer_is_nhwc(graph, name, options->data_format))
        return TARE_NULL;
    tare_nn_pool_options op = {TARE_NN_POOL_DEFAULTS};
    op.ksize = TARE_LIST(window[0], window[1]);
    op.strides = TARE_LIST(steps[0], steps[1]);
    op.padding = options->padding;
    op.name = of->node;
    return of->pool(x, &op);
}

static tare_tensor pool_layer(const kind *of, tare_tensor x, tare_list pool_size, tare_list strides,
                              const tare_pooling2d_options *options) {
    tare_pooling2d_options given;
    tare_options_adopt(&tare_pooling2d_table, options, &given);
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, of->layer, given.name, TARE_REUSE_INHERIT, &layer) == TARE_OK)
        y = build(of, x, pool_size, strides, &given);
    return tare_layer_end(&layer, y);
}

tare_tensor tare_max_pooling2d_with(tare_tensor x, tare_list pool_size, tare_list strides,
                                    const tare_pooling2d_options *options) {
    static const kind most = {"max_pooling2d", "MaxPool", tare_nn_max_pool2d_with};
    return pool_layer(&most, x, pool_size, strides, options);
}

tare_tensor tare_average_pooling2d_with(tare_tensor x, tare_list pool_size, tare_list strides,
                                        const tare_pooling2d_options *options) {
    static const kind mean = {"average_pooling2d", "AvgPool", tare_nn_avg_pool2d_with};
    return pool_layer(&mean, x, pool_size, strides, options);
}
