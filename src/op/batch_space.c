/* SPDX-License-Identifier: Apache-2.0 */
/*
 * space_to_batch: the axes behind the first, padded, cut into blocks of which each pixel becomes a
 * sample; batch_to_space puts the blocks together again and crops. Axes behind those of block_shape
 * stay.
 *
 *     space_to_batch  y[(p N + n), i.., c] = padded x[n, i.. b.. + p.., c],  p row-major in the
 * block batch_to_space  the way back
 *
 * Each is the other's gradient, padding for crops.
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc (SpaceToBatchND, BatchToSpaceND).
 */
#include "kernel/blocks.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_batch_space_ops[];
enum { SPACE_TO_BATCH, BATCH_TO_SPACE };

#define BATCH_SPACE_FIELDS(field)                                                                  \
    field(list, block_shape, TARE_NO_LIST, "extents of a block, from the second axis on")          \
        field(list, before, TARE_NO_LIST, "padding or crop in front; not given: none")             \
            field(list, after, TARE_NO_LIST, "padding or crop behind; not given: none")            \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(batch_space_options, BATCH_SPACE_FIELDS);
#define TARE_TABLE_STRUCT batch_space_options
TARE_OPTION_TABLE(static, batch_space_table, BATCH_SPACE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static int64_t edge(tare_list list, int d) { return list.count > 0 ? list.values[d] : 0; }

/* How many samples one becomes. */
static int64_t block_pixels(const batch_space_options *o) {
    int64_t pixels = 1;
    for (int d = 0; d < o->block_shape.count; d++)
        if (!tare_multiply_sizes(pixels, o->block_shape.values[d], &pixels)) return -1;
    return pixels;
}

static tare_status check(const tare_infer *infer) {
    const batch_space_options *o = infer->options;
    const int rank = o->block_shape.count;
    TARE_TRY(tare_infer_list(infer, "block_shape", o->block_shape, rank < 1 ? 1 : rank, 1));
    if (o->before.count != 0) TARE_TRY(tare_infer_list(infer, "before", o->before, rank, 0));
    if (o->after.count != 0) TARE_TRY(tare_infer_list(infer, "after", o->after, rank, 0));
    if (block_pixels(o) < 0)
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "a large block", "a smaller one");
    return tare_infer_rank_at_least(infer, 0, rank + 1, "x");
}

static tare_status refuse_extent(const tare_infer *infer, const char *need) {
    return tare_infer_refuse_shape(infer, 0, "x", need);
}

static tare_status space_to_batch_infer(tare_infer *infer) {
    const batch_space_options *o = infer->options;
    TARE_TRY(check(infer));
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, x};
    tare_shape *y = &infer->outputs[0].shape;
    if (x.rank < 0) return TARE_OK;
    for (int d = 0; d < o->block_shape.count; d++) {
        int64_t extent = x.extents[1 + d];
        if (extent < 0) continue;
        if (!tare_add_sizes(extent, edge(o->before, d), &extent) ||
            !tare_add_sizes(extent, edge(o->after, d), &extent))
            return refuse_extent(infer, "less padding");
        if (extent % o->block_shape.values[d] != 0)
            return refuse_extent(infer, "padded extents that divide into blocks");
        y->extents[1 + d] = extent / o->block_shape.values[d];
    }
    if (x.extents[0] >= 0 && !tare_multiply_sizes(x.extents[0], block_pixels(o), &y->extents[0]))
        return refuse_extent(infer, "a smaller block");
    return tare_infer_countable(infer, 0);
}

static tare_status batch_to_space_infer(tare_infer *infer) {
    const batch_space_options *o = infer->options;
    TARE_TRY(check(infer));
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, x};
    tare_shape *y = &infer->outputs[0].shape;
    if (x.rank < 0) return TARE_OK;
    if (x.extents[0] >= 0 && x.extents[0] % block_pixels(o) != 0)
        return refuse_extent(infer, "a first axis that divides into the pixels of a block");
    y->extents[0] = x.extents[0] < 0 ? TARE_ANY : x.extents[0] / block_pixels(o);
    for (int d = 0; d < o->block_shape.count; d++) {
        int64_t extent = x.extents[1 + d], crop = 0;
        if (extent < 0) continue;
        if (!tare_multiply_sizes(extent, o->block_shape.values[d], &extent))
            return refuse_extent(infer, "a smaller block");
        if (!tare_add_sizes(edge(o->before, d), edge(o->after, d), &crop) || crop > extent)
            return refuse_extent(infer, "crops no wider than the blocks put together");
        y->extents[1 + d] = extent - crop;
    }
    return TARE_OK;
}

/* ---- steps */

static tare_status cut_step(const tare_run *run) {
    tare_blocks_cut(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}
static tare_status join_step(const tare_run *run) {
    tare_blocks_join(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status prepare_blocks(tare_prepare *prepare, tare_shape whole, tare_shape cut) {
    const batch_space_options *o = prepare->options;
    const int rank = o->block_shape.count;
    tare_blocks state = {.rank = rank, .batch = whole.extents[0]};
    state.inner = tare_extents_product(whole, 1 + rank, whole.rank) *
                  (int64_t)tare_dtype_size(prepare->inputs[0].dtype);
    for (int d = 0; d < rank; d++) {
        state.extents[d] = whole.extents[1 + d];
        state.cells[d] = cut.extents[1 + d];
        state.block[d] = o->block_shape.values[d];
        state.before[d] = edge(o->before, d);
    }
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status space_to_batch_prepare(tare_prepare *prepare) {
    return prepare_blocks(prepare, prepare->inputs[0].shape, prepare->outputs[0].shape);
}
static tare_status batch_to_space_prepare(tare_prepare *prepare) {
    return prepare_blocks(prepare, prepare->outputs[0].shape, prepare->inputs[0].shape);
}

/* ---- gradients */

static tare_status space_to_batch_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_build_node(NULL, &tare_batch_space_ops[BATCH_TO_SPACE], NULL,
                                            g->output_gradients, 1, g->options);
    return TARE_OK;
}
static tare_status batch_to_space_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_build_node(NULL, &tare_batch_space_ops[SPACE_TO_BATCH], NULL,
                                            g->output_gradients, 1, g->options);
    return TARE_OK;
}

/* ---- the family */

enum { LOSES = TARE_EXAMPLE_NO_NAN, MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example space_to_batch_examples[] = {
    {"[1,4,4,2]", "block_shape=2,2", 0, 0, NULL, 0},
    {"[2,5,4,3]", "block_shape=2,2,before=1,0,after=0,0", 0, 0, NULL, 0},
    {"[2,5,2]", "block_shape=3,before=2,after=2", 0, 0, NULL, 0},
    {"[2,6]", "block_shape=3", 0, 0, NULL, 0},
    {"[1,2,3,2]", "block_shape=2,3,2", 0, 0, NULL, 0},
    {"[0,4,4,2]", "block_shape=2,2", 0, 0, NULL, 0},
    {"int32[1,4]", "block_shape=2", 0, 9, NULL, MOVES},
    {"[2,5,4,3]", "block_shape=2,2", 0, 0, "divide into blocks", 0},
    {"[2,4]", "block_shape=2,2", 0, 0, "at least rank 3", 0},
    {"[2,4]", "", 0, 0, "block_shape", 0},
    {"[2,4]", "block_shape=0", 0, 0, "block_shape", 0},
    {"[2,4]", "block_shape=2,before=-1,after=1", 0, 0, "before", 0},
    {"[2,4]", "block_shape=2,before=1,after=1,1", 0, 0, "after", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example batch_to_space_examples[] = {
    {"[4,2,2,1]", "block_shape=2,2,before=0,0,after=0,1", 0, 0, NULL, LOSES},
    {"[8,3,2,1]", "block_shape=2,2,before=1,0,after=0,0", 0, 0, NULL, LOSES},
    {"[3,2]", "block_shape=3", 0, 0, NULL, 0},
    {"[0,2]", "block_shape=3", 0, 0, NULL, 0},
    {"[2,1]", "block_shape=2,before=1,after=1", 0, 0, NULL, 0},
    {"bool[4,1,1]", "block_shape=2,2", 0, 0, NULL, MOVES},
    {"[3,2,2,1]", "block_shape=2,2", 0, 0, "pixels of a block", 0},
    {"[2,1]", "block_shape=2,before=2,after=1", 0, 0, "crops no wider", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define BATCH_SPACE_OP(function, node, step)                                                       \
    {                                                                                              \
        .name = #function, .node_name = node, .table = &batch_space_table, .min_inputs = 1,        \
        .max_inputs = 1, .output_count = 1, .infer = function##_infer,                             \
        .gradient = function##_gradient, .prepare = function##_prepare, .run = step,               \
        .examples = function##_examples                                                            \
    }

const tare_op_def tare_batch_space_ops[] = {
    [SPACE_TO_BATCH] = BATCH_SPACE_OP(space_to_batch, "SpaceToBatchND", cut_step),
    [BATCH_TO_SPACE] = BATCH_SPACE_OP(batch_to_space, "BatchToSpaceND", join_step),
    {.name = NULL},
};

static tare_tensor build(int op, tare_tensor x, tare_list block_shape,
                         const tare_batch_space_options *options) {
    batch_space_options all = {TARE_DEFAULTS(batch_space_options, BATCH_SPACE_FIELDS)};
    all.block_shape = block_shape;
    if (options) {
        all.before = options->before;
        all.after = options->after;
        all.name = options->name;
    }
    return tare_build_node(NULL, &tare_batch_space_ops[op], NULL, &x, 1, &all);
}

tare_tensor tare_space_to_batch_with(tare_tensor x, tare_list block_shape,
                                     const tare_batch_space_options *options) {
    return build(SPACE_TO_BATCH, x, block_shape, options);
}

tare_tensor tare_batch_to_space_with(tare_tensor x, tare_list block_shape,
                                     const tare_batch_space_options *options) {
    return build(BATCH_TO_SPACE, x, block_shape, options);
}
