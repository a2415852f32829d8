/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather: slices of x at indices along an axis.
 *
 *     y[.., i_0, i_1, .., ..] = x[.., index[i_0, i_1, ..], ..]
 *     dx = gather_gradient(dy, indices, x): dy added at the indices into zeros of the shape of x,
 *          whose own gradient is gather again
 *
 * Source: TensorFlow r1.15, core/kernels/gather_op.cc.
 */
#include "kernel/gather.h"

#include "op/rules.h"
#include <tare/op.h>

extern const tare_op_def tare_gather_ops[];
enum { GATHER, GATHER_GRADIENT };

#define TARE_TABLE_STRUCT tare_gather_options
TARE_OPTION_TABLE(static, gather_table, TARE_GATHER_FIELDS);
#undef TARE_TABLE_STRUCT

/* The shape of x with the axis replaced by the shape of the indices. */
static tare_status gathered_shape(const tare_infer *infer, tare_shape x, tare_shape indices,
                                  tare_shape *y) {
    const tare_gather_options *options = infer->options;
    *y = TARE_ANY_SHAPE;
    if (x.rank < 0) return TARE_OK;
    int axis = 0;
    TARE_TRY(tare_infer_axis(infer, options->axis, x.rank, &axis));
    if (indices.rank < 0) return TARE_OK;
    if (x.rank - 1 + indices.rank > TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 1, "indices", "a result of rank 8 at most");
    *y = (tare_shape){.rank = 0};
    for (int d = 0; d < axis; d++) y->extents[y->rank++] = x.extents[d];
    for (int d = 0; d < indices.rank; d++) y->extents[y->rank++] = indices.extents[d];
    for (int d = axis + 1; d < x.rank; d++) y->extents[y->rank++] = x.extents[d];
    return TARE_OK;
}

static tare_status gather_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 1, "indices", tare_dtype_is_index, NULL));
    infer->outputs[0].dtype = infer->inputs[0].dtype;
    TARE_TRY(gathered_shape(infer, infer->inputs[0].shape, infer->inputs[1].shape,
                            &infer->outputs[0].shape));
    return tare_infer_countable(infer, 0);
}

/* Inputs: dy, indices, x for its shape. */
static tare_status gather_gradient_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "dy", tare_dtype_is_number, NULL));
    TARE_TRY(tare_infer_dtype(infer, 1, "indices", tare_dtype_is_index, NULL));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[2].shape};
    tare_shape dy;
    TARE_TRY(gathered_shape(infer, infer->inputs[2].shape, infer->inputs[1].shape, &dy));
    if (tare_shape_compatible(dy, infer->inputs[0].shape)) return TARE_OK;
    return tare_infer_refuse_shapes(infer, 0, 2, "what gather would make of the second");
}

typedef struct gather {
    tare_gather gather;
    tare_dtype dtype;
    const char *op, *node;
} gather;

/* Fails when an index is out of range. */
static tare_status check(const gather *state, const tare_run *run) {
    const tare_gather *g = &state->gather;
    const int64_t at = tare_index_check(run->inputs[1], g->index_size, g->indices, g->count);
    if (at < 0) return TARE_OK;
    char got[96], need[64];
    tare_print(got, sizeof got, "index %lld at position %lld",
               (long long)tare_index_at(run->inputs[1], g->index_size, at), (long long)at);
    tare_print(need, sizeof need, "indices in 0..%lld", (long long)g->count - 1);
    return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, state->op, state->node, got, need);
}

static tare_status gather_step(const tare_run *run) {
    const gather *state = run->state;
    TARE_TRY(check(state, run));
    tare_gather_run(&state->gather, run->inputs[0], run->inputs[1], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status gather_gradient_step(const tare_run *run) {
    const gather *state = run->state;
    TARE_TRY(check(state, run));
    tare_scatter_add(&state->gather, state->dtype, run->inputs[0], run->inputs[1], run->outputs[0],
                     run->pool);
    return TARE_OK;
}

static tare_status prepare_around(tare_prepare *prepare, tare_shape x) {
    const tare_gather_options *options = prepare->options;
    const tare_middle m = tare_shape_around(x, tare_shape_axis(options->axis, x.rank));
    const gather state = {.gather = {.outer = m.outer,
                                     .count = m.count,
                                     .inner = m.inner,
                                     .indices = tare_input_count(prepare, 1),
                                     .index_size = tare_dtype_size(prepare->inputs[1].dtype),
                                     .size = tare_dtype_size(prepare->inputs[0].dtype)},
                          .dtype = prepare->inputs[0].dtype,
                          .op = prepare->op,
                          .node = tare_arena_text(prepare->arena, prepare->node)};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status gather_prepare(tare_prepare *prepare) {
    return prepare_around(prepare, prepare->inputs[0].shape);
}
static tare_status gather_gradient_prepare(tare_prepare *prepare) {
    return prepare_around(prepare, prepare->outputs[0].shape);
}

static tare_status gather_gradient(tare_gradient *g) {
    const tare_tensor inputs[] = {g->output_gradients[0], g->inputs[1], g->inputs[0]};
    if (g->wanted[0])
        g->input_gradients[0] =
            tare_build_node(NULL, &tare_gather_ops[GATHER_GRADIENT], NULL, inputs, 3, g->options);
    return TARE_OK;
}

static tare_status gather_gradient_gradient(tare_gradient *g) {
    if (g->wanted[0])
        g->input_gradients[0] = tare_gather_with(g->output_gradients[0], g->inputs[1], g->options);
    return TARE_OK;
}

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example gather_examples[] = {
    {"[5,3] int32[4]", "", 0, 5, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,5,3] int64[2,2]", "axis=1", 0, 5, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4] int32[]", "", 0, 4, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,2] int32[0]", "", 0, 4, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[4] int32[3]", "", 0, 4, NULL, MOVES},
    {"int64[4] int32[3]", "axis=-1", 0, 4, NULL, MOVES},
    {"[4] [3]", "", 0, 0, "of dtype float32", 0},
    {"[4] int32[3]", "axis=1", 0, 0, "axis 1", 0},
    {"[4] int32[1,1,1,1,1,1,1,1]", "", 0, 4, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,2] int32[1,1,1,1,1,1,1,1]", "", 0, 0, "rank 8 at most", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example gather_gradient_examples[] = {
    {"[4,3] int32[4] [5,3]", "", 0, 4, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,2] int32[4] [5,3]", "", 0, 0, "what gather would make", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_gather_ops[] = {
    [GATHER] = {.name = "gather",
                .node_name = "GatherV2",
                .table = &gather_table,
                .min_inputs = 2,
                .max_inputs = 2,
                .output_count = 1,
                .flags = TARE_OP_CAN_FAIL,
                .infer = gather_infer,
                .gradient = gather_gradient,
                .prepare = gather_prepare,
                .run = gather_step,
                .examples = gather_examples},
    [GATHER_GRADIENT] = {.name = "gather_gradient",
                         .node_name = "GatherGrad",
                         .table = &gather_table,
                         .min_inputs = 3,
                         .max_inputs = 3,
                         .output_count = 1,
                         .flags = TARE_OP_CAN_FAIL,
                         .shape_only = 1u << 2,
                         .infer = gather_gradient_infer,
                         .gradient = gather_gradient_gradient,
                         .prepare = gather_gradient_prepare,
                         .run = gather_gradient_step,
                         .examples = gather_gradient_examples},
    {.name = NULL},
};

tare_tensor tare_gather_with(tare_tensor x, tare_tensor indices,
                             const tare_gather_options *options) {
    const tare_tensor inputs[] = {x, indices};
    return tare_build_node(NULL, &tare_gather_ops[GATHER], NULL, inputs, 2, options);
}
