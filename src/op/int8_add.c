/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int8_add: the sum of two tensors of whole numbers of one shape, each with its scale.
 *
 *     y = y_zero + ((x - x_zero) x_scale + (z - z_zero) z_scale) / y_scale, within least..most
 *
 * Source: TensorFlow Lite, kernels/add.cc, internal/reference/integer_ops/add.h.
 */
#include "kernel/int8_others.h"
#include "op/int8.h"

#define TARE_TABLE_STRUCT tare_int8_add_options
TARE_OPTION_TABLE(static, add_table, TARE_INT8_ADD_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status add_infer(tare_infer *infer) {
    const tare_int8_add_options *o = infer->options;
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", TARE_INT8));
    TARE_TRY(tare_infer_scale(infer, "x", o->x_scale, o->x_zero));
    TARE_TRY(tare_infer_scale(infer, "the second input", o->z_scale, o->z_zero));
    TARE_TRY(tare_infer_scale(infer, "the result", o->y_scale, o->y_zero));
    TARE_TRY(tare_infer_bounds(infer, o->least, o->most));
    return tare_infer_all_alike(infer);
}

static tare_status add_step(const tare_run *run) {
    tare_int8_add_run(run->state, run->inputs[0], run->inputs[1], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status add_prepare(tare_prepare *prepare) {
    const tare_int8_add_options *o = prepare->options;
    tare_int8_add state = tare_int8_add_of(o->x_scale, o->z_scale, o->y_scale);
    state.count = tare_output_count(prepare, 0);
    state.a_zero = (int32_t)o->x_zero;
    state.b_zero = (int32_t)o->z_zero;
    state.y_zero = (int32_t)o->y_zero;
    state.least = (int32_t)o->least;
    state.most = (int32_t)o->most;
    prepare->in_place = 0;
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example examples[] = {
    {"int8[2,3] int8[2,3]", "x_scale=0.5,x_zero=-7,z_zero=9,y_scale=2,y_zero=4,most=20", -99, 99,
     NULL, WHOLE},
    {"int8[0] int8[0]", "", 0, 0, NULL, WHOLE},
    {"int8[2,3] int8[3]", "", 0, 0, "one shape", 0},
    {"int8[3] int32[3]", "", 0, 0, "one dtype", 0},
    {"int8[3] int8[3]", "z_scale=0", 0, 0, "scale above 0", 0},
    {"[3] [3]", "", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_int8_add_ops[] = {
    {.name = "int8_add",
     .node_name = "Int8Add",
     .table = &add_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .infer = add_infer,
     .no_gradient = "whole numbers have no slope",
     .prepare = add_prepare,
     .run = add_step,
     .examples = examples},
    {.name = NULL},
};
