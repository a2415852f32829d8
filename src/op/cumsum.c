/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cumsum: y_i = x_0 + .. + x_i along an axis (exclusive: without x_i; reverse: from the end).
 * dx = cumsum of dy in the other direction.
 */
#include "kernel/cumsum.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_cumsum_options
TARE_OPTION_TABLE(static, cumsum_table, TARE_CUMSUM_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status cumsum_infer(tare_infer *infer) {
    const tare_cumsum_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_number, NULL));
    int axis = 0;
    if (infer->inputs[0].shape.rank >= 0)
        TARE_TRY(tare_infer_axis(infer, options->axis, infer->inputs[0].shape.rank, &axis));
    return tare_infer_like_first(infer);
}

static tare_status cumsum_gradient(tare_gradient *g) {
    tare_cumsum_options options = *(const tare_cumsum_options *)g->options;
    options.reverse = !options.reverse;
    g->input_gradients[0] = tare_cumsum_with(g->output_gradients[0], &options);
    return TARE_OK;
}

typedef struct cumsum {
    tare_cumsum_pass pass;
    tare_dtype dtype;
} cumsum;

static tare_status cumsum_step(const tare_run *run) {
    const cumsum *state = run->state;
    tare_cumsum_run(&state->pass, state->dtype, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status cumsum_prepare(tare_prepare *prepare) {
    const tare_cumsum_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const tare_middle m = tare_shape_around(x, tare_shape_axis(options->axis, x.rank));
    const cumsum state = {.pass = {.outer = m.outer,
                                   .count = m.count,
                                   .inner = m.inner,
                                   .exclusive = options->exclusive,
                                   .reverse = options->reverse},
                          .dtype = prepare->inputs[0].dtype};
    prepare->in_place = 0;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static const tare_example cumsum_examples[] = {
    {"[3,4]", "axis=1", 0, 0, NULL, 0},
    {"[3,4]", "exclusive=true", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,3,2]", "axis=-2,reverse=true", 0, 0, NULL, 0},
    {"[5]", "reverse=true,exclusive=true", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[0,3]", "", 0, 0, NULL, 0},
    {"int32[5]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[3]", "axis=1", 0, 0, "axis 1", 0},
    {"[]", "", 0, 0, "no axis", 0},
    {"bool[3]", "", 0, 0, "of dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_cumsum_ops[] = {
    {.name = "cumsum",
     .node_name = "Cumsum",
     .table = &cumsum_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = cumsum_infer,
     .gradient = cumsum_gradient,
     .prepare = cumsum_prepare,
     .run = cumsum_step,
     .examples = cumsum_examples},
    {.name = NULL},
};

tare_tensor tare_cumsum_with(tare_tensor x, const tare_cumsum_options *options) {
    return tare_build_node(NULL, &tare_cumsum_ops[0], NULL, &x, 1, options);
}
