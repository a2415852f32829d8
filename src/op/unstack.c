/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unstack: the slices of x along an axis, which goes; one output each. dx = stack of the dy, zeros
 * for slices that nothing flows into.
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc (Unpack).
 */
#include "op/like.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

#define TARE_TABLE_STRUCT tare_unstack_options
TARE_OPTION_TABLE(static, unstack_table, TARE_UNSTACK_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static tare_status refuse_num(const tare_infer *infer, int64_t num, const char *need) {
    char got[64];
    tare_print(got, sizeof got, "num %lld", (long long)num);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, need);
}

/* How many slices there are: num, which must be the extent where that is known. */
static tare_status infer_count(tare_infer *infer, int64_t extent) {
    const tare_unstack_options *options = infer->options;
    const int64_t count = options->num > 0 ? options->num : extent;
    if (options->num < 0) return refuse_num(infer, options->num, "0 or more");
    if (count < 0) return refuse_num(infer, 0, "num, where the extent of the axis is not known");
    if (extent >= 0 && extent != count)
        return tare_infer_refuse_shape(infer, 0, "x", "an axis of extent num");
    if (count < 1 || count > TARE_MAX_OUTPUTS)
        return tare_infer_refuse_shape(infer, 0, "x", "1 to 64 slices");
    infer->output_count = (int32_t)count;
    return TARE_OK;
}

static tare_status unstack_infer(tare_infer *infer) {
    const tare_unstack_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    tare_type slice = {infer->inputs[0].dtype, TARE_ANY_SHAPE};
    int axis = 0;
    if (x.rank >= 0) {
        TARE_TRY(tare_infer_axis(infer, options->axis, x.rank, &axis));
        slice.shape = (tare_shape){.rank = 0};
        for (int d = 0; d < x.rank; d++)
            if (d != axis) slice.shape.extents[slice.shape.rank++] = x.extents[d];
    }
    TARE_TRY(infer_count(infer, x.rank < 0 ? TARE_ANY : x.extents[axis]));
    for (int32_t i = 0; i < infer->output_count; i++) infer->outputs[i] = slice;
    return TARE_OK;
}

/* ---- the step */

typedef struct unstack {
    int64_t rows;
    int32_t count;
    size_t bytes; /* of a row of one slice */
} unstack;

static tare_status unstack_step(const tare_run *run) {
    const unstack *state = run->state;
    const size_t bytes = state->bytes, row_bytes = bytes * (size_t)state->count;
    for (int32_t i = 0; i < state->count; i++) {
        const char *from = (const char *)run->inputs[0] + (size_t)i * bytes;
        char *to = run->outputs[i];
        for (int64_t row = 0; row < state->rows && to && bytes > 0; row++)
            memcpy(to + (size_t)row * bytes, from + (size_t)row * row_bytes, bytes);
    }
    return TARE_OK;
}

static tare_status unstack_prepare(tare_prepare *prepare) {
    const tare_unstack_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const tare_middle m = tare_shape_around(x, tare_shape_axis(options->axis, x.rank));
    const unstack state = {.rows = m.outer,
                           .count = prepare->output_count,
                           .bytes = (size_t)m.inner * tare_dtype_size(prepare->inputs[0].dtype)};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status unstack_gradient(tare_gradient *g) {
    const tare_unstack_options *options = g->options;
    tare_tensor slices[TARE_MAX_OUTPUTS];
    tare_output_gradients(g, slices);
    g->input_gradients[0] = tare_stack(slices, (size_t)g->output_count, .axis = options->axis);
    return TARE_OK;
}

static const tare_example unstack_examples[] = {
    {"[3,2]", "num=3", 0, 0, NULL, 0},
    {"[2,3,4]", "num=3,axis=1", 0, 0, NULL, 0},
    {"[2,3]", "num=3,axis=-1", 0, 0, NULL, 0},
    {"[4]", "num=4", 0, 0, NULL, 0},
    {"[3,0]", "num=3", 0, 0, NULL, 0},
    {"bool[3,2]", "num=3", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[3,2]", "num=2", 0, 0, "extent num", 0},
    {"[3,2]", "num=-1", 0, 0, "0 or more", 0},
    {"[3,2]", "axis=2", 0, 0, "axis 2", 0},
    {"[0,2]", "", 0, 0, "1 to 64 slices", 0},
    {"[65]", "", 0, 0, "1 to 64 slices", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_unstack_ops[] = {
    {.name = "unstack",
     .node_name = "unstack",
     .table = &unstack_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = unstack_infer,
     .gradient = unstack_gradient,
     .prepare = unstack_prepare,
     .run = unstack_step,
     .examples = unstack_examples},
    {.name = NULL},
};

tare_tensor tare_unstack_with(tare_tensor x, const tare_unstack_options *options) {
    return tare_build_node(NULL, &tare_unstack_ops[0], NULL, &x, 1, options);
}
