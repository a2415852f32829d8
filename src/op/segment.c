/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unsorted_segment_sum: rows of x added by the segment that each belongs to. An id below 0 belongs
 * to none; the ids may have several axes, the first ones of x.
 *
 *     y[s] = sum of x[i] over the i with id[i] = s
 *     dx = segment_gather(dy, id): dy[id[i]], 0 where id[i] < 0, whose own gradient is the sum
 * again
 *
 * Source: TensorFlow r1.15, core/kernels/segment_reduction_ops.cc, python/ops/math_grad.py.
 */
#include "kernel/gather.h"
#include "op/rules.h"
#include <tare/op.h>

extern const tare_op_def tare_segment_ops[];
enum { UNSORTED_SEGMENT_SUM, SEGMENT_GATHER };

#define SEGMENT_FIELDS(field)                                                                      \
    field(integer, num_segments, 0, "how many segments there are")                                 \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(segment_options, SEGMENT_FIELDS);
#define TARE_TABLE_STRUCT segment_options
TARE_OPTION_TABLE(static, segment_table, SEGMENT_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static tare_status check(const tare_infer *infer) {
    const segment_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 1, "segment_ids", tare_dtype_is_index, NULL));
    if (options->num_segments >= 0) return TARE_OK;
    char got[64];
    tare_print(got, sizeof got, "num_segments %lld", (long long)options->num_segments);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "0 or more");
}

/* head, then the axes of rest from `from` on. */
static tare_shape join(tare_shape head, tare_shape rest, int from) {
    if (rest.rank < 0 || head.rank < 0) return TARE_ANY_SHAPE;
    for (int d = from; d < rest.rank; d++) head.extents[head.rank++] = rest.extents[d];
    return head;
}

static tare_status unsorted_segment_sum_infer(tare_infer *infer) {
    const segment_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_number, NULL));
    TARE_TRY(check(infer));
    const tare_shape x = infer->inputs[0].shape, ids = infer->inputs[1].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0 || ids.rank < 0) return TARE_OK;
    tare_shape first = x;
    first.rank = ids.rank;
    if (ids.rank > x.rank || !tare_shape_compatible(first, ids))
        return tare_infer_refuse_shapes(infer, 0, 1, "ids for the first axes of x");
    if (x.rank - ids.rank + 1 > TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 0, "x", "a result of rank 8 at most");
    infer->outputs[0].shape = join(TARE_SHAPE(options->num_segments), x, ids.rank);
    return tare_infer_countable(infer, 0);
}

/* y, ids */
static tare_status segment_gather_infer(tare_infer *infer) {
    const segment_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "y", tare_dtype_is_number, NULL));
    TARE_TRY(check(infer));
    TARE_TRY(tare_infer_rank_at_least(infer, 0, 1, "y"));
    const tare_shape y = infer->inputs[0].shape, ids = infer->inputs[1].shape;
    if (y.rank > 0 && y.extents[0] >= 0 && y.extents[0] != options->num_segments)
        return tare_infer_refuse_shape(infer, 0, "y", "num_segments rows");
    if (y.rank >= 0 && ids.rank >= 0 && y.rank - 1 + ids.rank > TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 1, "segment_ids", "a result of rank 8 at most");
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, join(ids, y, 1)};
    return tare_infer_countable(infer, 0);
}

/* ---- steps */

typedef struct segment {
    tare_gather rows;
    tare_dtype dtype;
    const char *op, *node;
} segment;

/* Fails when an id is above the last segment. */
static tare_status check_ids(const segment *state, const tare_run *run) {
    const tare_gather *g = &state->rows;
    for (int64_t i = 0; i < g->indices; i++) {
        const int64_t id = tare_index_at(run->inputs[1], g->index_size, i);
        if (id < g->count) continue;
        char got[96], need[64];
        tare_print(got, sizeof got, "segment id %lld at position %lld", (long long)id,
                   (long long)i);
        tare_print(need, sizeof need, "ids below num_segments, %lld", (long long)g->count);
        return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, state->op, state->node, got, need);
    }
    return TARE_OK;
}

static tare_status unsorted_segment_sum_step(const tare_run *run) {
    const segment *state = run->state;
    TARE_TRY(check_ids(state, run));
    tare_scatter_add(&state->rows, state->dtype, run->inputs[0], run->inputs[1], run->outputs[0],
                     run->pool);
    return TARE_OK;
}

static tare_status segment_gather_step(const tare_run *run) {
    const segment *state = run->state;
    TARE_TRY(check_ids(state, run));
    tare_gather_run(&state->rows, run->inputs[0], run->inputs[1], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status prepare_rows(tare_prepare *prepare, tare_shape y) {
    const segment state = {.rows = {.outer = 1,
                                    .count = y.extents[0],
                                    .inner = tare_extents_product(y, 1, y.rank),
                                    .indices = tare_input_count(prepare, 1),
                                    .index_size = tare_dtype_size(prepare->inputs[1].dtype),
                                    .size = tare_dtype_size(prepare->inputs[0].dtype)},
                           .dtype = prepare->inputs[0].dtype,
                           .op = prepare->op,
                           .node = tare_arena_text(prepare->arena, prepare->node)};
    if (!state.node) return tare_fail_memory(prepare->error);
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status unsorted_segment_sum_prepare(tare_prepare *prepare) {
    return prepare_rows(prepare, prepare->outputs[0].shape);
}
static tare_status segment_gather_prepare(tare_prepare *prepare) {
    return prepare_rows(prepare, prepare->inputs[0].shape);
}

/* ---- gradients: the two are each other's */

static tare_status other_gradient(tare_gradient *g, int op) {
    const tare_tensor inputs[] = {g->output_gradients[0], g->inputs[1]};
    if (g->wanted[0])
        g->input_gradients[0] =
            tare_build_node(NULL, &tare_segment_ops[op], NULL, inputs, 2, g->options);
    return TARE_OK;
}
static tare_status unsorted_segment_sum_gradient(tare_gradient *g) {
    return other_gradient(g, SEGMENT_GATHER);
}
static tare_status segment_gather_gradient(tare_gradient *g) {
    return other_gradient(g, UNSORTED_SEGMENT_SUM);
}

/* ---- the family */

enum { LOSES = TARE_EXAMPLE_NO_NAN, MOVES = TARE_EXAMPLE_NO_GRADIENT | LOSES };
static const tare_example unsorted_segment_sum_examples[] = {
    {"[5,2] int32[5]", "num_segments=4", -2, 4, NULL, LOSES},
    {"[2,3,4] int64[2,3]", "num_segments=3", -1, 3, NULL, LOSES},
    {"[5] int32[5]", "num_segments=2", 0, 2, NULL, 0},
    {"[3] int32[]", "num_segments=2", 0, 2, NULL, 0},
    {"[0,2] int32[0]", "num_segments=3", 0, 3, NULL, LOSES},
    {"[4,2] int32[4]", "num_segments=0", -3, -1, NULL, 0},
    {"int32[5] int32[5]", "num_segments=9", 0, 9, NULL, MOVES},
    {"[5,2] int32[4]", "num_segments=4", 0, 0, "first axes of x", 0},
    {"[5] int32[5,2]", "num_segments=4", 0, 0, "first axes of x", 0},
    {"[5,2] [5]", "num_segments=4", 0, 0, "of dtype", 0},
    {"[5,2] int32[5]", "num_segments=-1", 0, 0, "0 or more", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example segment_gather_examples[] = {
    {"[4,2] int32[5]", "num_segments=4", -2, 4, NULL, LOSES},
    {"[4] int32[2,3]", "num_segments=4", -1, 4, NULL, LOSES},
    {"[3,2] int32[5]", "num_segments=4", 0, 0, "num_segments rows", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define SEGMENT_OP(function, node)                                                                 \
    {                                                                                              \
        .name = #function, .node_name = node, .table = &segment_table, .min_inputs = 2,            \
        .max_inputs = 2, .output_count = 1, .flags = TARE_OP_CAN_FAIL, .infer = function##_infer,  \
        .gradient = function##_gradient, .prepare = function##_prepare, .run = function##_step,    \
        .examples = function##_examples                                                            \
    }

const tare_op_def tare_segment_ops[] = {
    [UNSORTED_SEGMENT_SUM] = SEGMENT_OP(unsorted_segment_sum, "UnsortedSegmentSum"),
    [SEGMENT_GATHER] = SEGMENT_OP(segment_gather, "SegmentGather"),
    {.name = NULL},
};

tare_tensor tare_unsorted_segment_sum_with(tare_tensor x, tare_tensor segment_ids,
                                           int64_t num_segments, const tare_op_options *options) {
    segment_options all = {TARE_DEFAULTS(segment_options, SEGMENT_FIELDS)};
    all.num_segments = num_segments;
    if (options) all.name = options->name;
    const tare_tensor inputs[] = {x, segment_ids};
    return tare_build_node(NULL, &tare_segment_ops[UNSORTED_SEGMENT_SUM], NULL, inputs, 2, &all);
}
