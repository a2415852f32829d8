/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nn_global_max_pool and nn_global_avg_pool: the greatest and the mean of each channel of a sample,
 * by reductions over the spatial axes.
 *
 * Source: TensorFlow r1.15, python/keras/layers/pooling.py (GlobalAveragePooling2D and its kin).
 */
#include "graph/graph.h"
#include "op/data_format.h"
#include "op/rules.h"
#include "op/spatial.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT      tare_nn_global_pool_options
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, global_pool_table, TARE_NN_GLOBAL_POOL_FIELDS);
#undef TARE_TABLE_STRUCT

typedef tare_tensor (*reduction)(tare_tensor x, const tare_reduce_options *options);

static tare_tensor build(tare_tensor x, const char *op, const char *default_name, reduction reduce,
                         const tare_nn_global_pool_options *options) {
    tare_nn_global_pool_options given;
    tare_options_adopt(&global_pool_table, options, &given);
    const char *name = given.name ? given.name : default_name;
    const tare_shape shape = tare_tensor_shape(x);
    if (!tare_tensor_is_valid(x)) return (tare_tensor){.graph = x.graph};
    if (shape.rank < 3 || shape.rank > 2 + TARE_SPATIAL) {
        char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
        tare_print(got, sizeof got, "x of shape %s", tare_shape_text(text, shape));
        return tare_build_fail(x.graph, TARE_ERROR_SHAPE, op, name, got, "a known rank of 3 to 5");
    }
    tare_reduce_options reduced = {TARE_REDUCE_DEFAULTS};
    const int channels = tare_channel_axis(given.data_format, shape.rank);
    for (int d = 1; d < shape.rank; d++)
        if (d != channels) reduced.axis.values[reduced.axis.count++] = d;
    reduced.keepdims = given.keepdims;
    reduced.name = name;
    return reduce(x, &reduced);
}

tare_tensor tare_nn_global_max_pool_with(tare_tensor x,
                                         const tare_nn_global_pool_options *options) {
    return build(x, "nn_global_max_pool", "global_max_pool", tare_reduce_max_with, options);
}

tare_tensor tare_nn_global_avg_pool_with(tare_tensor x,
                                         const tare_nn_global_pool_options *options) {
    return build(x, "nn_global_avg_pool", "global_avg_pool", tare_reduce_mean_with, options);
}
