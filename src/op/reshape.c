/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reshape, squeeze, expand_dims: the same bytes in another shape. dx = dy in the shape of x.
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc.
 */
#include "op/like.h"
#include "op/rules.h"
#include <tare/op.h>

extern const tare_op_def tare_reshape_ops[];
enum { RESHAPE, SQUEEZE, EXPAND_DIMS };

static tare_status gradient_like_input(tare_gradient *g) {
    g->input_gradients[0] = tare_reshape_like(g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

/* -------------------------------------------------------------------------------- reshape */

#define RESHAPE_FIELDS(field)                                                                      \
    field(shape, shape, TARE_SCALAR, "the new shape; one extent may be unknown: it follows")       \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(reshape_options, RESHAPE_FIELDS);
#define TARE_TABLE_STRUCT reshape_options
TARE_OPTION_TABLE(static, reshape_table, RESHAPE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status refuse_reshape(tare_infer *infer, const char *need) {
    const reshape_options *options = infer->options;
    char x[TARE_SHAPE_TEXT], y[TARE_SHAPE_TEXT], got[2 * TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "shape %s to become %s", tare_shape_text(x, infer->inputs[0].shape),
               tare_shape_text(y, options->shape));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

/* The extent that follows from the number of elements, where that is known. */
static tare_status infer_extent(tare_infer *infer, int unknown, int64_t known_product) {
    const int64_t count = tare_shape_count(infer->inputs[0].shape);
    if (count < 0) return TARE_OK;
    if (known_product == 0)
        return refuse_reshape(infer, "no extent of 0 beside the one that is to follow");
    if (count % known_product != 0)
        return refuse_reshape(infer, "known extents whose product divides the number of elements");
    infer->outputs[0].shape.extents[unknown] = count / known_product;
    return TARE_OK;
}

static tare_status reshape_infer(tare_infer *infer) {
    const reshape_options *options = infer->options;
    int unknown = -1;
    int64_t product = 1;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, options->shape};
    if (options->shape.rank < 0 || options->shape.rank > TARE_MAX_RANK)
        return refuse_reshape(infer, "a new shape of known rank");
    for (int d = 0; d < options->shape.rank; d++) {
        const int64_t extent = options->shape.extents[d];
        if (extent < TARE_ANY || (extent == TARE_ANY && unknown >= 0))
            return refuse_reshape(infer, "at most one unknown extent and none below 0");
        if (extent == TARE_ANY)
            unknown = d;
        else if (!tare_multiply_sizes(product, extent, &product))
            return refuse_reshape(infer, "fewer elements than 2^62");
    }
    if (unknown >= 0) return infer_extent(infer, unknown, product);
    const int64_t count = tare_shape_count(infer->inputs[0].shape);
    if (count >= 0 && count != product) return refuse_reshape(infer, "as many elements in both");
    return TARE_OK;
}

tare_tensor tare_reshape_with(tare_tensor x, tare_shape shape, const tare_op_options *options) {
    reshape_options all = {TARE_DEFAULTS(reshape_options, RESHAPE_FIELDS)};
    all.shape = shape;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_reshape_ops[RESHAPE], NULL, &x, 1, &all);
}

/* -------------------------------------------------------------------------------- squeeze */

#define TARE_TABLE_STRUCT tare_squeeze_options
TARE_OPTION_TABLE(static, squeeze_table, TARE_SQUEEZE_FIELDS);
#undef TARE_TABLE_STRUCT

/* Every axis of extent 1 goes when none are named. */
static tare_status squeeze_all(tare_infer *infer) {
    const tare_shape x = infer->inputs[0].shape;
    tare_shape *y = &infer->outputs[0].shape;
    *y = (tare_shape){.rank = 0};
    for (int d = 0; d < x.rank; d++) {
        if (x.extents[d] == TARE_ANY) {
            *y = TARE_ANY_SHAPE;
            return TARE_OK;
        }
        if (x.extents[d] != 1) y->extents[y->rank++] = x.extents[d];
    }
    return TARE_OK;
}

static tare_status squeeze_infer(tare_infer *infer) {
    const tare_squeeze_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    if (options->axis.count == 0) return squeeze_all(infer);
    uint32_t mask = 0;
    TARE_TRY(tare_infer_axes(infer, options->axis, x.rank, &mask));
    tare_shape y = {.rank = 0};
    for (int d = 0; d < x.rank; d++) {
        if (!(mask >> d & 1))
            y.extents[y.rank++] = x.extents[d];
        else if (x.extents[d] != 1 && x.extents[d] != TARE_ANY)
            return tare_infer_refuse_shape(infer, 0, "x", "extent 1 along the axes named");
    }
    infer->outputs[0].shape = y;
    return TARE_OK;
}

tare_tensor tare_squeeze_with(tare_tensor x, const tare_squeeze_options *options) {
    return tare_build_node(NULL, &tare_reshape_ops[SQUEEZE], NULL, &x, 1, options);
}

/* ---------------------------------------------------------------------------- expand_dims */

#define EXPAND_DIMS_FIELDS(field)                                                                  \
    field(integer, axis, 0, "where the new axis goes") field(text, name, NULL, "name of the node")
TARE_OPTIONS(expand_dims_options, EXPAND_DIMS_FIELDS);
#define TARE_TABLE_STRUCT expand_dims_options
TARE_OPTION_TABLE(static, expand_dims_table, EXPAND_DIMS_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status expand_dims_infer(tare_infer *infer) {
    const expand_dims_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    if (x.rank == TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 0, "x", "rank below 8 for one more axis");
    int axis = 0;
    TARE_TRY(tare_infer_axis(infer, options->axis, x.rank + 1, &axis));
    tare_shape y = {.rank = x.rank + 1};
    for (int d = 0; d < y.rank; d++)
        y.extents[d] = d < axis ? x.extents[d] : d == axis ? 1 : x.extents[d - 1];
    infer->outputs[0].shape = y;
    return TARE_OK;
}

tare_tensor tare_expand_dims_with(tare_tensor x, int64_t axis, const tare_op_options *options) {
    expand_dims_options all = {TARE_DEFAULTS(expand_dims_options, EXPAND_DIMS_FIELDS)};
    all.axis = axis;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_reshape_ops[EXPAND_DIMS], NULL, &x, 1, &all);
}

/* ------------------------------------------------------------------------------- the family */

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example reshape_examples[] = {
    {"[2,3,4]", "shape=6,4", 0, 0, NULL, 0},
    {"[2,3,4]", "shape=?", 0, 0, NULL, 0},
    {"[1,1]", "shape=[]", 0, 0, NULL, 0},
    {"[0,3]", "shape=3,0", 0, 0, NULL, 0},
    {"int32[4]", "shape=2,?", 0, 9, NULL, MOVES},
    {"bool[4]", "shape=2,2", 0, 0, NULL, MOVES},
    {"[2,3]", "shape=4,2", 0, 0, "as many elements", 0},
    {"[2,3]", "shape=4,?", 0, 0, "divides", 0},
    {"[2,3]", "shape=?,?", 0, 0, "at most one unknown", 0},
    {"[0,3]", "shape=0,?", 0, 0, "no extent of 0", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example squeeze_examples[] = {{"[1,3,1,2]", "", 0, 0, NULL, 0},
                                                {"[1,3,1,2]", "axis=2", 0, 0, NULL, 0},
                                                {"[1,3,1,2]", "axis=0,-2", 0, 0, NULL, 0},
                                                {"uint8[1,3]", "", 0, 9, NULL, MOVES},
                                                {"[1,3]", "axis=1", 0, 0, "extent 1", 0},
                                                {"[1,3]", "axis=2", 0, 0, "axis 2", 0},
                                                {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example expand_dims_examples[] = {
    {"[2,3]", "axis=1", 0, 0, NULL, 0},
    {"[2,3]", "axis=-1", 0, 0, NULL, 0},
    {"[]", "axis=0", 0, 0, NULL, 0},
    {"bool[2]", "axis=1", 0, 0, NULL, MOVES},
    {"[2,3]", "axis=3", 0, 0, "axis 3", 0},
    {"[1,1,1,1,1,1,1,1]", "axis=0", 0, 0, "rank below 8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define RESHAPES(function, node)                                                                   \
    {                                                                                              \
        .name = #function, .node_name = node, .table = &function##_table, .min_inputs = 1,         \
        .max_inputs = 1, .output_count = 1, .infer = function##_infer,                             \
        .gradient = gradient_like_input, .prepare = tare_alias_prepare, .run = tare_alias_step,    \
        .examples = function##_examples                                                            \
    }

const tare_op_def tare_reshape_ops[] = {
    [RESHAPE] = RESHAPES(reshape, "Reshape"),
    [SQUEEZE] = RESHAPES(squeeze, "Squeeze"),
    [EXPAND_DIMS] = RESHAPES(expand_dims, "ExpandDims"),
    {.name = NULL},
};
