/* SPDX-License-Identifier: Apache-2.0 */
/*
 * one_hot: on_value at the index along a new axis of extent depth, off_value elsewhere; an index
 * out of range gives off_value everywhere. No gradient flows.
 *
 * Source: TensorFlow r1.15, core/kernels/one_hot_op.h.
 */
#include "kernel/cast.h"
#include "kernel/gather.h"
#include "op/rules.h"
#include <tare/op.h>

#define ONE_HOT_NODE_FIELDS(field)                                                                 \
    field(integer, depth, 1, "extent of the new axis") field(real, on_value, 1, "at the index")    \
        field(real, off_value, 0, "elsewhere") field(integer, axis, -1, "where the new axis goes") \
            field(dtype, dtype, TARE_FLOAT32, "of the result")                                     \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(one_hot_node_options, ONE_HOT_NODE_FIELDS);
#define TARE_TABLE_STRUCT one_hot_node_options
TARE_OPTION_TABLE(static, one_hot_table, ONE_HOT_NODE_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_one_hot_options
TARE_OPTION_TABLE(static, given_table, TARE_ONE_HOT_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status one_hot_infer(tare_infer *infer) {
    const one_hot_node_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    TARE_TRY(tare_infer_dtype(infer, 0, "indices", tare_dtype_is_index, NULL));
    if (!tare_cast_loop_of(TARE_FLOAT64, options->dtype))
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, tare_dtype_name(options->dtype),
                                 "float32, float64, int32, int64, int8, uint8 or bool");
    if (options->depth < 0)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a negative depth", "0 or more");
    infer->outputs[0] = (tare_type){options->dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    if (x.rank == TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 0, "indices", "rank below 8 for one more axis");
    int axis = 0;
    TARE_TRY(tare_infer_axis(infer, options->axis, x.rank + 1, &axis));
    tare_shape y = {.rank = x.rank + 1};
    for (int d = 0; d < y.rank; d++)
        y.extents[d] = d < axis ? x.extents[d] : d == axis ? options->depth : x.extents[d - 1];
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

typedef struct one_hot {
    tare_gather gather;
    char on[8], off[8];
} one_hot;

static tare_status one_hot_step(const tare_run *run) {
    const one_hot *state = run->state;
    tare_one_hot_run(&state->gather, run->inputs[0], state->on, state->off, run->outputs[0]);
    return TARE_OK;
}

static tare_status one_hot_prepare(tare_prepare *prepare) {
    const one_hot_node_options *options = prepare->options;
    const tare_shape y = prepare->outputs[0].shape;
    const tare_middle m = tare_shape_around(y, tare_shape_axis(options->axis, y.rank));
    one_hot state = {.gather = {.outer = m.outer,
                                .count = m.count,
                                .inner = m.inner,
                                .indices = tare_input_count(prepare, 0),
                                .index_size = tare_dtype_size(prepare->inputs[0].dtype),
                                .size = tare_dtype_size(options->dtype)}};
    const tare_unary_loop write = tare_cast_loop_of(TARE_FLOAT64, options->dtype);
    write(&options->on_value, state.on, 1, 0);
    write(&options->off_value, state.off, 1, 0);
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example one_hot_examples[] = {
    {"int32[5]", "depth=3", -1, 5, NULL, TEST},
    {"int64[2,3]", "depth=4,on_value=0.9,off_value=0.1,axis=0", 0, 4, NULL, TEST},
    {"int32[]", "depth=4,dtype=int32", 0, 4, NULL, TEST},
    {"int32[3]", "depth=0", 0, 4, NULL, TEST},
    {"[3]", "depth=4", 0, 0, "of dtype", 0},
    {"int32[3]", "depth=-1", 0, 0, "depth", 0},
    {"int32[3]", "depth=3,axis=2", 0, 0, "axis 2", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_one_hot_ops[] = {
    {.name = "one_hot",
     .node_name = "one_hot",
     .table = &one_hot_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = one_hot_infer,
     .prepare = one_hot_prepare,
     .run = one_hot_step,
     .examples = one_hot_examples},
    {.name = NULL},
};

tare_tensor tare_one_hot_with(tare_tensor indices, int64_t depth,
                              const tare_one_hot_options *options) {
    tare_one_hot_options given;
    tare_options_adopt(&given_table, options, &given);
    one_hot_node_options all = {TARE_DEFAULTS(one_hot_node_options, ONE_HOT_NODE_FIELDS)};
    all.depth = depth;
    all.on_value = given.on_value;
    all.off_value = given.off_value;
    all.axis = given.axis;
    all.dtype = given.dtype;
    all.name = given.name;
    return tare_build_node(NULL, &tare_one_hot_ops[0], NULL, &indices, 1, &all);
}
