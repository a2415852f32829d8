/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concat joins tensors along an axis, stack along a new one; split_like cuts a tensor into parts of
 * the shapes of its other inputs, which undoes concat.
 *
 *     concat(x_0, x_1, ..)       dx_i = part i of dy
 *     split_like(x, l_0, ..)     dx = concat of the dy
 */
#include "op/like.h"
#include "op/order.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_concat_ops[];
enum { CONCAT, STACK, SPLIT_LIKE };

#define CONCAT_FIELDS(field)                                                                       \
    field(integer, axis, 0, "axis to join along") field(text, name, NULL, "name of the node")
TARE_OPTIONS(concat_options, CONCAT_FIELDS);
#define TARE_TABLE_STRUCT concat_options
TARE_OPTION_TABLE(static, concat_table, CONCAT_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_stack_options
TARE_OPTION_TABLE(static, stack_table, TARE_STACK_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- the step: every input is rows of some bytes, which alternate in the output */

typedef struct row_parts {
    int64_t rows;
    int32_t count;
    size_t row_bytes; /* of the joined array */
    size_t bytes[];   /* of a row of each part */
} row_parts;

static tare_status concat_step(const tare_run *run) {
    const row_parts *state = run->state;
    size_t at = 0;
    for (int32_t i = 0; i < state->count; i++) {
        const size_t bytes = state->bytes[i];
        const char *from = run->inputs[i];
        char *to = (char *)run->outputs[0] + at;
        for (int64_t row = 0; row < state->rows && bytes > 0; row++)
            memcpy(to + (size_t)row * state->row_bytes, from + (size_t)row * bytes, bytes);
        at += bytes;
    }
    return TARE_OK;
}

static tare_status split_step(const tare_run *run) {
    const row_parts *state = run->state;
    size_t at = 0;
    for (int32_t i = 0; i < state->count; i++) {
        const size_t bytes = state->bytes[i];
        const char *from = (const char *)run->inputs[0] + at;
        char *to = run->outputs[i];
        for (int64_t row = 0; row < state->rows && bytes > 0 && to; row++)
            memcpy(to + (size_t)row * bytes, from + (size_t)row * state->row_bytes, bytes);
        at += bytes;
    }
    return TARE_OK;
}

/* Parts are types[0..count-1]; their shapes from axis on make a row. */
static tare_status prepare_parts(tare_prepare *prepare, const tare_type *types, int32_t count,
                                 int axis) {
    row_parts *state =
        tare_arena_allocate(prepare->arena, sizeof *state + (size_t)count * sizeof *state->bytes);
    if (!state) return tare_fail_memory(prepare->error);
    state->count = count;
    state->rows = count > 0 ? tare_extents_product(types[0].shape, 0, axis) : 0;
    for (int32_t i = 0; i < count; i++) {
        const int64_t width = tare_extents_product(types[i].shape, axis, types[i].shape.rank);
        state->bytes[i] = (size_t)width * tare_dtype_size(types[i].dtype);
        state->row_bytes += state->bytes[i];
    }
    prepare->state = state;
    return TARE_OK;
}

/* --------------------------------------------------------------------------------- concat */

/* Merges the shape of input i into *y, but for the axis, whose extents add up. */
static bool join(tare_shape x, int axis, tare_shape *y) {
    const int64_t before = y->extents[axis], more = x.extents[axis];
    x.extents[axis] = y->extents[axis] = 1;
    if (!tare_shape_merge(x, *y, y)) return false;
    y->extents[axis] = before < 0 || more < 0 ? TARE_ANY : before + more;
    return true;
}

static tare_status concat_infer(tare_infer *infer) {
    const concat_options *options = infer->options;
    TARE_TRY(tare_infer_same_dtypes(infer));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    tare_shape y = TARE_ANY_SHAPE;
    int axis = 0, first = 0;
    for (int32_t i = 0; i < infer->input_count; i++) {
        const tare_shape x = infer->inputs[i].shape;
        if (x.rank < 0) return TARE_OK;
        if (i == 0) {
            y = x;
            TARE_TRY(tare_infer_axis(infer, options->axis, x.rank, &axis));
        } else if (x.rank != y.rank || !join(x, axis, &y)) {
            return tare_infer_refuse_shapes(infer, first, i,
                                            "shapes that differ along the axis alone");
        }
    }
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

static tare_status concat_prepare(tare_prepare *prepare) {
    const concat_options *options = prepare->options;
    if (prepare->input_count == 1) return tare_alias_prepare(prepare);
    const int axis = tare_shape_axis(options->axis, prepare->outputs[0].shape.rank);
    return prepare_parts(prepare, prepare->inputs, prepare->input_count, axis);
}

static bool slices_known(const tare_gradient *g, int64_t axis) {
    for (int32_t i = 0; i < g->input_count; i++) {
        const tare_shape x = tare_tensor_shape(g->inputs[i]);
        if (x.rank < 0 || x.extents[tare_shape_axis(axis, x.rank)] < 0) return false;
    }
    return true;
}

/* Parts of known extents are slices; others are cut out by shape when running. */
static tare_status concat_gradient(tare_gradient *g) {
    const concat_options *options = g->options;
    const tare_tensor dy = g->output_gradients[0];
    if (!slices_known(g, options->axis)) {
        if (g->input_count > TARE_MAX_OUTPUTS)
            return tare_fail_at(g->error, TARE_ERROR_GRADIENT, "concat", g->node,
                                "many inputs of unknown extent along the axis",
                                "known extents, or 64 inputs at most");
        concat_options same = {TARE_DEFAULTS(concat_options, CONCAT_FIELDS)};
        same.axis = options->axis;
        tare_tensor inputs[TARE_MAX_OUTPUTS + 1] = {dy};
        for (int32_t i = 0; i < g->input_count; i++) inputs[i + 1] = g->inputs[i];
        const tare_tensor parts = tare_build_node(NULL, &tare_concat_ops[SPLIT_LIKE], NULL, inputs,
                                                  (size_t)g->input_count + 1, &same);
        for (int32_t i = 0; i < g->input_count; i++)
            if (g->wanted[i]) g->input_gradients[i] = tare_output(parts, i);
        return TARE_OK;
    }
    int64_t offset = 0;
    for (int32_t i = 0; i < g->input_count; i++) {
        const tare_shape x = tare_tensor_shape(g->inputs[i]);
        tare_list begin = {.count = x.rank};
        const int axis = tare_shape_axis(options->axis, x.rank);
        begin.values[axis] = offset;
        if (g->wanted[i]) g->input_gradients[i] = tare_slice_like(dy, g->inputs[i], begin);
        offset += x.extents[axis];
    }
    return TARE_OK;
}

tare_tensor tare_concat_with(const tare_tensor *values, size_t count, int64_t axis,
                             const tare_op_options *options) {
    concat_options all = {TARE_DEFAULTS(concat_options, CONCAT_FIELDS)};
    all.axis = axis;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_concat_ops[CONCAT], NULL, values, count, &all);
}

/* ---------------------------------------------------------------------------------- stack */

static tare_status stack_infer(tare_infer *infer) {
    const tare_stack_options *options = infer->options;
    TARE_TRY(tare_infer_all_alike(infer));
    const tare_shape x = infer->outputs[0].shape;
    infer->outputs[0].shape = TARE_ANY_SHAPE;
    if (x.rank < 0) return TARE_OK;
    if (x.rank == TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 0, "x", "rank below 8 for one more axis");
    int axis = 0;
    TARE_TRY(tare_infer_axis(infer, options->axis, x.rank + 1, &axis));
    tare_shape y = {.rank = x.rank + 1};
    for (int d = 0; d < y.rank; d++)
        y.extents[d] = d < axis ? x.extents[d] : d == axis ? infer->input_count : x.extents[d - 1];
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

static tare_status stack_prepare(tare_prepare *prepare) {
    const tare_stack_options *options = prepare->options;
    const int axis = tare_shape_axis(options->axis, prepare->outputs[0].shape.rank);
    return prepare_parts(prepare, prepare->inputs, prepare->input_count, axis);
}

static tare_status stack_gradient(tare_gradient *g) {
    const tare_stack_options *options = g->options;
    const tare_shape y = tare_tensor_shape(g->outputs[0]);
    if (y.rank < 0)
        return tare_fail_at(g->error, TARE_ERROR_GRADIENT, "stack", g->node,
                            "values of unknown rank", "a known rank");
    const int axis = tare_shape_axis(options->axis, y.rank);
    for (int32_t i = 0; i < g->input_count; i++) {
        if (!g->wanted[i]) continue;
        tare_list begin = {.count = y.rank}, size = {.count = y.rank};
        for (int d = 0; d < y.rank; d++) size.values[d] = d == axis ? 1 : -1;
        begin.values[axis] = i;
        const tare_tensor part = tare_slice(g->output_gradients[0], begin, size);
        g->input_gradients[i] = tare_reshape_like(part, g->inputs[i]);
    }
    return TARE_OK;
}

tare_tensor tare_stack_with(const tare_tensor *values, size_t count,
                            const tare_stack_options *options) {
    return tare_build_node(NULL, &tare_concat_ops[STACK], NULL, values, count, options);
}

/* ----------------------------------------------------------------------------- split_like */

static tare_status split_like_infer(tare_infer *infer) {
    const concat_options *options = infer->options;
    infer->output_count = infer->input_count - 1;
    if (infer->output_count > TARE_MAX_OUTPUTS)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "more than 64 parts", "64 at most");
    tare_shape all = TARE_ANY_SHAPE;
    int axis = 0;
    bool known = infer->inputs[0].shape.rank >= 0;
    for (int32_t i = 0; i < infer->output_count; i++) {
        const tare_shape part = infer->inputs[i + 1].shape;
        infer->outputs[i] = (tare_type){infer->inputs[0].dtype, part};
        known = known && part.rank >= 0;
        if (!known) continue;
        if (i == 0) TARE_TRY(tare_infer_axis(infer, options->axis, part.rank, &axis));
        if (i == 0)
            all = part;
        else if (part.rank != all.rank || !join(part, axis, &all))
            return tare_infer_refuse_shapes(infer, 1, i + 1,
                                            "parts that differ along the axis alone");
    }
    if (known && !tare_shape_compatible(all, infer->inputs[0].shape))
        return tare_infer_refuse_shape(infer, 0, "x", "the parts put together");
    return TARE_OK;
}

static tare_status split_like_prepare(tare_prepare *prepare) {
    const concat_options *options = prepare->options;
    const int axis = tare_shape_axis(options->axis, prepare->inputs[0].shape.rank);
    return prepare_parts(prepare, prepare->outputs, prepare->output_count, axis);
}

static tare_status split_like_gradient(tare_gradient *g) {
    const concat_options *options = g->options;
    tare_tensor parts[TARE_MAX_OUTPUTS];
    tare_output_gradients(g, parts);
    g->input_gradients[0] = tare_concat(parts, (size_t)g->output_count, options->axis);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- the family */

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example concat_examples[] = {
    {"[2,3] [1,3]", "axis=0", 0, 0, NULL, 0},
    {"[2,3] [2,1] [2,4]", "axis=-1", 0, 0, NULL, 0},
    {"[2,3]", "axis=1", 0, 0, NULL, 0},
    {"[2,0] [2,3]", "axis=1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[2] bool[3]", "axis=0", 0, 0, NULL, MOVES},
    {"uint8[2] uint8[3]", "axis=0", 0, 9, NULL, MOVES},
    {"[2,3] [1,4]", "axis=0", 0, 0, "along the axis alone", 0},
    {"[2,3] [3]", "axis=0", 0, 0, "along the axis alone", 0},
    {"[2] int32[2]", "axis=0", 0, 0, "one dtype", 0},
    {"[2] [2]", "axis=1", 0, 0, "axis 1", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example stack_examples[] = {{"[2,3] [2,3]", "", 0, 0, NULL, 0},
                                              {"[2,3] [2,3] [2,3]", "axis=1", 0, 0, NULL, 0},
                                              {"[] [] []", "axis=-1", 0, 0, NULL, 0},
                                              {"int64[2] int64[2]", "axis=1", 0, 9, NULL, MOVES},
                                              {"[2] [3]", "", 0, 0, "one shape", 0},
                                              {"[2] [2]", "axis=2", 0, 0, "axis 2", 0},
                                              {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example split_like_examples[] = {
    {"[5,2] [1,2] [4,2]", "axis=0", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,6] [2,1] [2,2] [2,3]", "axis=-1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[5,2] [1,2] [3,2]", "axis=0", 0, 0, "put together", 0},
    {"[5,2] [1,2] [4,3]", "axis=0", 0, 0, "along the axis alone", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

static bool concat_reorder(const tare_lower *node, tare_reordering *to) {
    (void)node;
    concat_options *options = to->options;
    options->axis = tare_reordered_axis(to, options->axis);
    to->outputs = UINT32_MAX;
    return true;
}

static const tare_capabilities concat_can = {.any_order = UINT32_MAX, .reorder = concat_reorder};

const tare_op_def tare_concat_ops[] = {
    [CONCAT] = {.name = "concat",
                .node_name = "concat",
                .table = &concat_table,
                .min_inputs = 1,
                .max_inputs = -1,
                .output_count = 1,
                .infer = concat_infer,
                .gradient = concat_gradient,
                .prepare = concat_prepare,
                .run = concat_step,
                .can = &concat_can,
                .examples = concat_examples},
    [STACK] = {.name = "stack",
               .node_name = "stack",
               .table = &stack_table,
               .min_inputs = 1,
               .max_inputs = -1,
               .output_count = 1,
               .infer = stack_infer,
               .gradient = stack_gradient,
               .prepare = stack_prepare,
               .run = concat_step,
               .examples = stack_examples},
    [SPLIT_LIKE] = {.name = "split_like",
                    .node_name = "SplitLike",
                    .table = &concat_table,
                    .min_inputs = 2,
                    .max_inputs = TARE_MAX_OUTPUTS + 1,
                    .output_count = 1,
                    .shape_only = ~1u,
                    .infer = split_like_infer,
                    .gradient = split_like_gradient,
                    .prepare = split_like_prepare,
                    .run = split_step,
                    .can = &concat_can,
                    .examples = split_like_examples},
    {.name = NULL},
};
