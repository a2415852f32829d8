/* SPDX-License-Identifier: Apache-2.0 */
/* broadcast_to: x repeated to a shape it broadcasts to. dx = dy summed over the repeats. */
#include "op/like.h"
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

#define BROADCAST_TO_FIELDS(field)                                                                 \
    field(shape, shape, TARE_SCALAR, "shape of the result")                                        \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(broadcast_to_options, BROADCAST_TO_FIELDS);
#define TARE_TABLE_STRUCT broadcast_to_options
TARE_OPTION_TABLE(static, broadcast_to_table, BROADCAST_TO_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status broadcast_to_infer(tare_infer *infer) {
    const broadcast_to_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape, y = options->shape;
    tare_shape both;
    char text[TARE_SHAPE_TEXT], need[TARE_SHAPE_TEXT + 48];
    tare_print(need, sizeof need, "a shape that broadcasts to %s", tare_shape_text(text, y));
    if (!tare_shape_known(y))
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "a shape with unknown extents",
                                 "a known shape");
    if (x.rank > y.rank || !tare_shape_broadcast(x, y, &both) || !tare_shape_compatible(both, y))
        return tare_infer_refuse_shape(infer, 0, "x", need);
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, y};
    return tare_infer_countable(infer, 0);
}

static tare_status broadcast_to_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_sum_like(g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

static tare_status broadcast_to_prepare(tare_prepare *prepare) {
    const tare_shape x = prepare->inputs[0].shape, y = prepare->outputs[0].shape;
    if (tare_shape_count(x) == tare_shape_count(y)) return tare_alias_prepare(prepare);
    int64_t strides[TARE_MAX_RANK];
    tare_strided_contiguous(x.rank, x.extents, strides);
    tare_strided copy = {.rank = y.rank};
    memcpy(copy.extents, y.extents, sizeof y.extents);
    tare_strided_contiguous(y.rank, y.extents, copy.to);
    for (int d = 0; d < x.rank; d++)
        if (x.extents[d] != 1) copy.from[y.rank - x.rank + d] = strides[d];
    return tare_prepare_strided(prepare, &copy);
}

static const tare_example broadcast_to_examples[] = {
    {"[3,1]", "shape=2,3,4", 0, 0, NULL, 0},
    {"[]", "shape=2,3", 0, 0, NULL, 0},
    {"[3]", "shape=3", 0, 0, NULL, 0},
    {"[1,3]", "shape=0,3", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"int32[3]", "shape=2,3", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[3]", "shape=3,2", 0, 0, "broadcasts to", 0},
    {"[2,3]", "shape=3", 0, 0, "broadcasts to", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_broadcast_ops[] = {
    {.name = "broadcast_to",
     .node_name = "BroadcastTo",
     .table = &broadcast_to_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = broadcast_to_infer,
     .gradient = broadcast_to_gradient,
     .prepare = broadcast_to_prepare,
     .run = tare_strided_step,
     .examples = broadcast_to_examples},
    {.name = NULL},
};

tare_tensor tare_broadcast_to_with(tare_tensor x, tare_shape shape,
                                   const tare_op_options *options) {
    broadcast_to_options all = {TARE_DEFAULTS(broadcast_to_options, BROADCAST_TO_FIELDS)};
    all.shape = shape;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_broadcast_ops[0], NULL, &x, 1, &all);
}
