/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dense layer: y = activation(x kernel + bias), over the last axis of x.
 *
 * Source: TensorFlow r1.15, python/layers/core.py, python/keras/layers/core.py (Dense.call).
 */
#include "layer/checks.h"
#include "layer/kernel_layer.h"
#include "layer/layers.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT      tare_dense_options
#define TARE_WORDS_activation  TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse       TARE_REUSE_WORDS
#define TARE_WORDS_kernel_norm TARE_KERNEL_NORM_WORDS
TARE_OPTION_TABLE(, tare_dense_table, TARE_DENSE_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "dense"

static bool input_fits(tare_graph *graph, tare_tensor x, int64_t units) {
    return tare_layer_input_is_floating(graph, LAYER, x) &&
           tare_layer_input_has_rank(graph, LAYER, x, 2, TARE_MAX_RANK) &&
           tare_layer_channels_are_known(graph, LAYER, x) &&
           tare_layer_count_is_positive(graph, LAYER, "units", units);
}

static tare_tensor build(tare_tensor x, int64_t units, const tare_dense_options *options) {
    const tare_kernel_layer common = TARE_KERNEL_LAYER_OF(LAYER, options);
    const tare_shape shape = tare_tensor_shape(x);
    const tare_dtype dtype = tare_tensor_dtype(x);
    const int64_t channels = shape.extents[shape.rank - 1];
    const tare_tensor kernel =
        tare_layer_kernel(x.graph, &common, TARE_SHAPE(channels, units), dtype);
    const tare_tensor bias = tare_layer_bias(x.graph, &common, units, dtype);
    const char *name = shape.rank == 2 ? "MatMul" : "Tensordot";
    return tare_layer_finish(&common, tare_matmul(x, kernel, .name = name), bias);
}

tare_tensor tare_dense_with(tare_tensor x, int64_t units, const tare_dense_options *options) {
    tare_dense_options given;
    tare_options_adopt(&tare_dense_table, options, &given);
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, LAYER, given.name, (tare_reuse)given.reuse, &layer) == TARE_OK &&
        input_fits(x.graph, x, units))
        y = build(x, units, &given);
    return tare_layer_end(&layer, y);
}
