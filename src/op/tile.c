/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tile: x repeated so many times along each axis. dx = dy summed over the repeats (tile_gradient),
 * whose own gradient is tile again.
 */
#include "op/reduction.h"
#include "op/strided.h"
#include <tare/op.h>

extern const tare_op_def tare_tile_ops[];
enum { TILE, TILE_GRADIENT };

#define TILE_FIELDS(field)                                                                         \
    field(list, multiples, TARE_NO_LIST, "how often, per axis")                                    \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tile_options, TILE_FIELDS);
#define TARE_TABLE_STRUCT tile_options
TARE_OPTION_TABLE(static, tile_table, TILE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status tile_infer(tare_infer *infer) {
    const tile_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    TARE_TRY(tare_infer_list(infer, "multiples", options->multiples, x.rank, 0));
    tare_shape y = {.rank = x.rank};
    for (int d = 0; d < x.rank; d++) {
        y.extents[d] = TARE_ANY;
        if (x.extents[d] >= 0 &&
            !tare_multiply_sizes(x.extents[d], options->multiples.values[d], &y.extents[d]))
            return tare_infer_refuse_shape(infer, 0, "x", "smaller multiples");
    }
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

static tare_status tile_gradient_infer(tare_infer *infer) {
    const tile_options *options = infer->options;
    const tare_shape dy = infer->inputs[0].shape;
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
    tare_shape y = infer->inputs[1].shape;
    if (dy.rank < 0 || y.rank < 0) return TARE_OK;
    TARE_TRY(tare_infer_list(infer, "multiples", options->multiples, dy.rank, 0));
    for (int d = 0; d < y.rank && y.rank == dy.rank; d++)
        if (y.extents[d] >= 0 &&
            !tare_multiply_sizes(y.extents[d], options->multiples.values[d], &y.extents[d]))
            return tare_infer_refuse_shape(infer, 0, "dy", "smaller multiples");
    if (tare_shape_compatible(y, dy)) return TARE_OK;
    return tare_infer_refuse_shapes(infer, 0, 1, "the second shape times the multiples");
}

/* The repeats are axes of stride 0 before each axis. */
static tare_status tile_prepare(tare_prepare *prepare) {
    const tile_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape, y = prepare->outputs[0].shape;
    if (tare_shape_same(x, y)) return tare_alias_prepare(prepare);
    int64_t from[TARE_MAX_RANK], to[TARE_MAX_RANK];
    tare_strided_contiguous(x.rank, x.extents, from);
    tare_strided_contiguous(y.rank, y.extents, to);
    tare_strided copy = {.rank = 2 * x.rank};
    for (int d = 0; d < x.rank; d++) {
        copy.extents[2 * d] = options->multiples.values[d];
        copy.from[2 * d] = 0;
        copy.to[2 * d] = to[d] * x.extents[d];
        copy.extents[2 * d + 1] = x.extents[d];
        copy.from[2 * d + 1] = from[d];
        copy.to[2 * d + 1] = to[d];
    }
    return tare_prepare_strided(prepare, &copy);
}

static tare_status tile_gradient_prepare(tare_prepare *prepare) {
    const tile_options *options = prepare->options;
    const tare_shape x = prepare->outputs[0].shape;
    if (tare_shape_same(x, prepare->inputs[0].shape)) return tare_alias_prepare(prepare);
    int64_t extents[2 * TARE_MAX_RANK];
    uint32_t mask = 0;
    for (int d = 0; d < x.rank; d++) {
        extents[2 * d] = options->multiples.values[d];
        extents[2 * d + 1] = x.extents[d];
        mask |= 1u << (2 * d);
    }
    return tare_prepare_reduction(prepare, TARE_REDUCE_SUM, 2 * x.rank, extents, mask, 1);
}

static tare_status tile_gradient(tare_gradient *g) {
    const tare_tensor inputs[] = {g->output_gradients[0], g->inputs[0]};
    g->input_gradients[0] =
        tare_build_node(NULL, &tare_tile_ops[TILE_GRADIENT], NULL, inputs, 2, g->options);
    return TARE_OK;
}

static tare_status tile_gradient_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        tare_build_node(NULL, &tare_tile_ops[TILE], NULL, &g->output_gradients[0], 1, g->options);
    return TARE_OK;
}

static const tare_example tile_examples[] = {
    {"[2,3]", "multiples=2,3", 0, 0, NULL, 0},
    {"[3]", "multiples=1", 0, 0, NULL, 0},
    {"[2,1,3]", "multiples=1,4,2", 0, 0, NULL, 0},
    {"[2,3]", "multiples=0,1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[2]", "multiples=3", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3]", "multiples=2", 0, 0, "multiples", 0},
    {"[2,3]", "multiples=2,-1", 0, 0, "multiples", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example tile_gradient_examples[] = {
    {"[4,9] [2,3]", "multiples=2,3", 0, 0, NULL, 0},
    {"[4,9] [2,4]", "multiples=2,3", 0, 0, "times the multiples", 0},
    {"int32[4] [2]", "multiples=2", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_tile_ops[] = {
    [TILE] = {.name = "tile",
              .node_name = "Tile",
              .table = &tile_table,
              .min_inputs = 1,
              .max_inputs = 1,
              .output_count = 1,
              .infer = tile_infer,
              .gradient = tile_gradient,
              .prepare = tile_prepare,
              .run = tare_strided_step,
              .examples = tile_examples},
    [TILE_GRADIENT] = {.name = "tile_gradient",
                       .node_name = "TileGrad",
                       .table = &tile_table,
                       .min_inputs = 2,
                       .max_inputs = 2,
                       .output_count = 1,
                       .shape_only = 1u << 1,
                       .infer = tile_gradient_infer,
                       .gradient = tile_gradient_gradient,
                       .prepare = tile_gradient_prepare,
                       .run = tare_reduction_step,
                       .examples = tile_gradient_examples},
    {.name = NULL},
};

tare_tensor tare_tile_with(tare_tensor x, tare_list multiples, const tare_op_options *options) {
    tile_options all = {TARE_DEFAULTS(tile_options, TILE_FIELDS)};
    all.multiples = multiples;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_tile_ops[TILE], NULL, &x, 1, &all);
}
