/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split: parts of x along an axis, num equal ones or of given sizes. dx = concat of the dy, zeros
 * for parts that nothing flows into.
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc (Split, SplitV).
 */
#include "op/like.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

#define TARE_TABLE_STRUCT tare_split_options
TARE_OPTION_TABLE(static, split_table, TARE_SPLIT_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status refuse_parts(const tare_infer *infer, int axis, const char *got,
                                const char *need) {
    char shape[TARE_SHAPE_TEXT], text[TARE_SHAPE_TEXT + 96];
    tare_print(text, sizeof text, "%s of x of shape %s along axis %d", got,
               tare_shape_text(shape, infer->inputs[0].shape), axis);
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, text, need);
}

static tare_status split_equally(tare_infer *infer, int axis, int64_t num) {
    const int64_t extent = infer->inputs[0].shape.extents[axis];
    char got[64];
    tare_print(got, sizeof got, "%lld parts", (long long)num);
    if (extent >= 0 && extent % num != 0)
        return refuse_parts(infer, axis, got, "a number that divides the extent");
    for (int32_t i = 0; i < infer->output_count; i++)
        infer->outputs[i].shape.extents[axis] = extent < 0 ? TARE_ANY : extent / num;
    return TARE_OK;
}

/* One size may be -1: what is left. */
static tare_status split_by_sizes(tare_infer *infer, int axis, tare_list sizes) {
    const int64_t extent = infer->inputs[0].shape.extents[axis];
    int64_t total = 0;
    int rest = -1;
    for (int i = 0; i < sizes.count; i++) {
        if (sizes.values[i] < -1 || (sizes.values[i] == -1 && rest >= 0))
            return refuse_parts(infer, axis, "sizes below 0", "sizes of 0 or more, one -1 at most");
        if (sizes.values[i] == -1)
            rest = i;
        else if (!tare_add_sizes(total, sizes.values[i], &total))
            return refuse_parts(infer, axis, "large sizes", "sizes that add up");
        infer->outputs[i].shape.extents[axis] = sizes.values[i];
    }
    if (extent < 0) return TARE_OK;
    if (rest < 0 ? total != extent : total > extent)
        return refuse_parts(infer, axis, "sizes", "sizes that add up to the extent");
    if (rest >= 0) infer->outputs[rest].shape.extents[axis] = extent - total;
    return TARE_OK;
}

static tare_status split_infer(tare_infer *infer) {
    const tare_split_options *options = infer->options;
    const tare_type x = infer->inputs[0];
    const bool equal = options->sizes.count == 0;
    const int64_t count = equal ? options->num : options->sizes.count;
    if (count < 1 || count > TARE_MAX_OUTPUTS)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "neither num nor sizes",
                                 "1 to 64 parts");
    infer->output_count = (int32_t)count;
    for (int64_t i = 0; i < count; i++) infer->outputs[i] = x;
    if (x.shape.rank < 0) return TARE_OK;
    int axis = 0;
    TARE_TRY(tare_infer_axis(infer, options->axis, x.shape.rank, &axis));
    return equal ? split_equally(infer, axis, count) : split_by_sizes(infer, axis, options->sizes);
}

typedef struct split {
    int64_t rows;
    int32_t count;
    size_t row_bytes, bytes[TARE_MAX_OUTPUTS];
} split;

static tare_status split_step(const tare_run *run) {
    const split *state = run->state;
    size_t at = 0;
    for (int32_t i = 0; i < state->count; i++) {
        const size_t bytes = state->bytes[i];
        const char *from = (const char *)run->inputs[0] + at;
        char *to = run->outputs[i];
        for (int64_t row = 0; row < state->rows && to && bytes > 0; row++)
            memcpy(to + (size_t)row * bytes, from + (size_t)row * state->row_bytes, bytes);
        at += bytes;
    }
    return TARE_OK;
}

static tare_status split_prepare(tare_prepare *prepare) {
    const tare_split_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const int axis = tare_shape_axis(options->axis, x.rank);
    split state = {.rows = tare_extents_product(x, 0, axis), .count = prepare->output_count};
    for (int32_t i = 0; i < state.count; i++) {
        const tare_type *part = &prepare->outputs[i];
        state.bytes[i] = (size_t)tare_extents_product(part->shape, axis, part->shape.rank) *
                         tare_dtype_size(part->dtype);
        state.row_bytes += state.bytes[i];
    }
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status split_gradient(tare_gradient *g) {
    const tare_split_options *options = g->options;
    tare_tensor parts[TARE_MAX_OUTPUTS];
    tare_output_gradients(g, parts);
    g->input_gradients[0] = tare_concat(parts, (size_t)g->output_count, options->axis);
    return TARE_OK;
}

static const tare_example split_examples[] = {
    {"[4,6]", "num=3,axis=1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[5,2]", "sizes=1,3,1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[5,2]", "sizes=1,-1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[3,0]", "num=3", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[4]", "num=2", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN},
    {"[4,6]", "num=4,axis=1", 0, 0, "divides the extent", 0},
    {"[5,2]", "sizes=1,3", 0, 0, "add up to the extent", 0},
    {"[5,2]", "sizes=-1,-1", 0, 0, "one -1 at most", 0},
    {"[5,2]", "", 0, 0, "1 to 64 parts", 0},
    {"[5,2]", "num=1,axis=2", 0, 0, "axis 2", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_split_ops[] = {
    {.name = "split",
     .node_name = "split",
     .table = &split_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = split_infer,
     .gradient = split_gradient,
     .prepare = split_prepare,
     .run = split_step,
     .examples = split_examples},
    {.name = NULL},
};

tare_tensor tare_split_with(tare_tensor x, const tare_split_options *options) {
    return tare_build_node(NULL, &tare_split_ops[0], NULL, &x, 1, options);
}
