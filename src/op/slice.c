/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice: the box of x that begins at begin and has extents size (-1: all the rest).
 * dx = dy in zeros of the shape of x.
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc (Slice).
 */
#include "op/like.h"
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

#define SLICE_FIELDS(field)                                                                        \
    field(list, begin, TARE_NO_LIST, "where the box begins, per axis")                             \
        field(list, size, TARE_NO_LIST, "extents of the box, -1: all the rest")                    \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(slice_options, SLICE_FIELDS);
#define TARE_TABLE_STRUCT slice_options
TARE_OPTION_TABLE(static, slice_table, SLICE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status slice_infer(tare_infer *infer) {
    const slice_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    TARE_TRY(tare_infer_list(infer, "begin", options->begin, x.rank, 0));
    TARE_TRY(tare_infer_list(infer, "size", options->size, x.rank, -1));
    tare_shape y = {.rank = x.rank};
    for (int d = 0; d < x.rank; d++) {
        const int64_t begin = options->begin.values[d], size = options->size.values[d];
        const int64_t extent = x.extents[d];
        if (extent >= 0 && (begin > extent || size > extent - begin)) {
            char text[TARE_SHAPE_TEXT], sizes[TARE_SHAPE_TEXT], need[2 * TARE_SHAPE_TEXT + 64];
            tare_print(need, sizeof need, "a shape that holds begin %s and size %s",
                       tare_list_text(text, options->begin), tare_list_text(sizes, options->size));
            return tare_infer_refuse_shape(infer, 0, "x", need);
        }
        y.extents[d] = size >= 0 ? size : extent < 0 ? TARE_ANY : extent - begin;
    }
    infer->outputs[0].shape = y;
    return TARE_OK;
}

static tare_status slice_gradient(tare_gradient *g) {
    const slice_options *options = g->options;
    g->input_gradients[0] = tare_pad_like(g->output_gradients[0], g->inputs[0], options->begin);
    return TARE_OK;
}

static tare_status slice_prepare(tare_prepare *prepare) {
    const slice_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape, y = prepare->outputs[0].shape;
    if (tare_shape_same(x, y)) return tare_alias_prepare(prepare);
    tare_strided copy = {.rank = y.rank};
    memcpy(copy.extents, y.extents, sizeof y.extents);
    tare_strided_contiguous(x.rank, x.extents, copy.from);
    tare_strided_contiguous(y.rank, y.extents, copy.to);
    for (int d = 0; d < x.rank; d++) copy.from_start += options->begin.values[d] * copy.from[d];
    return tare_prepare_strided(prepare, &copy);
}

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example slice_examples[] = {
    {"[4,5]", "begin=1,2,size=2,3", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,5]", "begin=1,0,size=-1,2", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,5]", "begin=0,0,size=-1,-1", 0, 0, NULL, 0},
    {"[4,5]", "begin=4,0,size=0,5", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"int32[6]", "begin=2,size=3", 0, 9, NULL, MOVES},
    {"bool[6]", "begin=2,size=3", 0, 9, NULL, MOVES},
    {"[4,5]", "begin=3,2,size=2,3", 0, 0, "that holds begin", 0},
    {"[4,5]", "begin=1,size=2,3", 0, 0, "begin", 0},
    {"[4,5]", "begin=1,2,size=2", 0, 0, "size", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_slice_ops[] = {
    {.name = "slice",
     .node_name = "Slice",
     .table = &slice_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = slice_infer,
     .gradient = slice_gradient,
     .prepare = slice_prepare,
     .run = tare_strided_step,
     .examples = slice_examples},
    {.name = NULL},
};

tare_tensor tare_slice_with(tare_tensor x, tare_list begin, tare_list size,
                            const tare_op_options *options) {
    slice_options all = {TARE_DEFAULTS(slice_options, SLICE_FIELDS)};
    all.begin = begin;
    all.size = size;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_slice_ops[0], NULL, &x, 1, &all);
}
