/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flatten layer: [N, ..] as [N, all the rest]; a vector as [N, 1].
 *
 * Source: TensorFlow r1.15, python/layers/core.py, python/keras/layers/core.py (Flatten).
 */
#include "array/shape.h"
#include "layer/checks.h"
#include "layer/layers.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT tare_op_options
TARE_OPTION_TABLE(, tare_flatten_table, TARE_OP_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "flatten"

/* At most one extent of the result is left open: the batch, or what it leaves when it is known. */
static tare_tensor build(tare_tensor x) {
    tare_shape rest = tare_tensor_shape(x);
    const int64_t batch = rest.extents[0];
    rest.extents[0] = 1;
    const int64_t features = tare_shape_count(rest);
    if (batch < 0 && features < 0) {
        char text[TARE_SHAPE_TEXT];
        return tare_build_fail(x.graph, TARE_ERROR_SHAPE, LAYER, tare_graph_variable_scope(x.graph),
                               tare_shape_text(text, tare_tensor_shape(x)),
                               "a known batch, or every other extent known");
    }
    return tare_reshape(
        x, TARE_SHAPE(batch < 0 ? TARE_ANY : batch, features < 0 ? TARE_ANY : features));
}

tare_tensor tare_flatten_with(tare_tensor x, const tare_op_options *options) {
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    const char *name = options ? options->name : NULL;
    if (tare_layer_begin(x.graph, LAYER, name, TARE_REUSE_INHERIT, &layer) == TARE_OK &&
        tare_layer_input_has_rank(x.graph, LAYER, x, 1, TARE_MAX_RANK))
        y = build(x);
    return tare_layer_end(&layer, y);
}
