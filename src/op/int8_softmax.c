/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int8_softmax: e^(beta x) / sum of them along the last axis, in fixed point; the result has scale
 * 1/256 and zero -128.
 *
 * Source: TensorFlow Lite, kernels/activations.cc, internal/reference/softmax.h.
 */
#include "kernel/int8_others.h"
#include "op/int8.h"

#include <math.h>

#define TARE_TABLE_STRUCT tare_int8_softmax_options
TARE_OPTION_TABLE(static, softmax_table, TARE_INT8_SOFTMAX_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status softmax_infer(tare_infer *infer) {
    const tare_int8_softmax_options *o = infer->options;
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", TARE_INT8));
    TARE_TRY(tare_infer_rank_at_least(infer, 0, 1, "x"));
    TARE_TRY(tare_infer_scale(infer, "x", o->x_scale, 0));
    if (!(o->beta > 0) || !isfinite(o->beta))
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "another beta", "a beta above 0");
    return tare_infer_like_first(infer);
}

static tare_status softmax_step(const tare_run *run) {
    tare_int8_softmax_reference(run->state, run->inputs[0], run->outputs[0]);
    return TARE_OK;
}

static tare_status softmax_prepare(tare_prepare *prepare) {
    const tare_int8_softmax_options *o = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    tare_int8_softmax state = tare_int8_softmax_of(o->x_scale, o->beta);
    state.rows = tare_extents_product(x, 0, x.rank - 1);
    state.count = x.extents[x.rank - 1];
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example examples[] = {{"int8[3,10]", "x_scale=0.06", -99, 99, NULL, WHOLE},
                                        {"int8[2,2,5]", "x_scale=0.5,beta=2", -99, 99, NULL, WHOLE},
                                        {"int8[0,5]", "", 0, 0, NULL, WHOLE},
                                        {"int8[2,0]", "", 0, 0, NULL, WHOLE},
                                        {"int8[2,5]", "beta=0", 0, 0, "beta above 0", 0},
                                        {"int8[2,5]", "x_scale=0", 0, 0, "scale above 0", 0},
                                        {"int8[]", "", 0, 0, "at least rank 1", 0},
                                        {"[2,5]", "", 0, 0, "int8", 0},
                                        {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_int8_softmax_ops[] = {
    {.name = "int8_softmax",
     .node_name = "Int8Softmax",
     .table = &softmax_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = softmax_infer,
     .no_gradient = "whole numbers have no slope",
     .prepare = softmax_prepare,
     .run = softmax_step,
     .examples = examples},
    {.name = NULL},
};
