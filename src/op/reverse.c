/* SPDX-License-Identifier: Apache-2.0 */
/* reverse: x with the order along axes turned round. dx = dy reversed along the same. */
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

#define REVERSE_FIELDS(field)                                                                      \
    field(list, axis, TARE_EMPTY_LIST, "axes to turn round")                                       \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(reverse_options, REVERSE_FIELDS);
#define TARE_TABLE_STRUCT reverse_options
TARE_OPTION_TABLE(static, reverse_table, REVERSE_FIELDS);
#undef TARE_TABLE_STRUCT

/* A list that names none turns nothing round. */
static tare_list named(tare_list axis) { return axis.count > 0 ? axis : TARE_EMPTY_LIST; }

static tare_status reverse_infer(tare_infer *infer) {
    const reverse_options *options = infer->options;
    uint32_t mask = 0;
    if (infer->inputs[0].shape.rank >= 0)
        TARE_TRY(tare_infer_axes(infer, named(options->axis), infer->inputs[0].shape.rank, &mask));
    return tare_infer_like_first(infer);
}

static tare_status reverse_gradient(tare_gradient *g) {
    const reverse_options *options = g->options;
    g->input_gradients[0] = tare_reverse(g->output_gradients[0], options->axis);
    return TARE_OK;
}

static tare_status reverse_prepare(tare_prepare *prepare) {
    const reverse_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    tare_strided copy = {.rank = x.rank};
    memcpy(copy.extents, x.extents, sizeof x.extents);
    tare_strided_contiguous(x.rank, x.extents, copy.from);
    tare_strided_contiguous(x.rank, x.extents, copy.to);
    bool turns = false;
    for (int i = 0; i < options->axis.count; i++) {
        const int d = tare_shape_axis(options->axis.values[i], x.rank);
        turns = turns || x.extents[d] > 1;
        copy.from_start += (x.extents[d] - 1) * copy.from[d];
        copy.from[d] = -copy.from[d];
    }
    return turns ? tare_prepare_strided(prepare, &copy) : tare_alias_prepare(prepare);
}

static const tare_example reverse_examples[] = {
    {"[3,4]", "axis=1", 0, 0, NULL, 0},
    {"[2,3,4]", "axis=0,-1", 0, 0, NULL, 0},
    {"[3]", "axis=[]", 0, 0, NULL, 0},
    {"[0,3]", "axis=0", 0, 0, NULL, 0},
    {"bool[3]", "axis=0", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[3]", "axis=1", 0, 0, "axis 1", 0},
    {"[3,3]", "axis=1,-1", 0, 0, "axes that differ", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_reverse_ops[] = {
    {.name = "reverse",
     .node_name = "ReverseV2",
     .table = &reverse_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = reverse_infer,
     .gradient = reverse_gradient,
     .prepare = reverse_prepare,
     .run = tare_strided_step,
     .examples = reverse_examples},
    {.name = NULL},
};

tare_tensor tare_reverse_with(tare_tensor x, tare_list axis, const tare_op_options *options) {
    reverse_options all = {TARE_DEFAULTS(reverse_options, REVERSE_FIELDS)};
    all.axis = axis;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_reverse_ops[0], NULL, &x, 1, &all);
}
