/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int8_mean: the mean of whole numbers over neighbouring axes, in fixed point.
 *
 *     y = y_zero + (x_scale / y_scale) (sum of x - x_zero) / count
 *
 * Source: TensorFlow Lite, kernels/reduce.cc, internal/reference/reduce.h (QuantizedMeanOrSum).
 */
#include "kernel/int8_others.h"
#include "op/int8.h"

#define TARE_TABLE_STRUCT tare_int8_mean_options
TARE_OPTION_TABLE(static, mean_table, TARE_INT8_MEAN_FIELDS);
#undef TARE_TABLE_STRUCT

/* The first of the axes and the one behind the last; refuses axes that are no neighbours. */
static tare_status find_axes(const tare_infer *infer, int rank, int *begin, int *end) {
    const tare_int8_mean_options *o = infer->options;
    uint32_t mask = 0;
    TARE_TRY(tare_infer_axes(infer, o->axis, rank, &mask));
    for (*begin = 0; *begin < rank && !(mask >> *begin & 1); ++*begin) continue;
    for (*end = *begin; *end < rank && (mask >> *end & 1); ++*end) continue;
    if (mask >> *end == 0) return TARE_OK;
    return tare_infer_refuse(infer, TARE_ERROR_UNSUPPORTED, "axes apart from each other",
                             "neighbouring axes");
}

static tare_status mean_infer(tare_infer *infer) {
    const tare_int8_mean_options *o = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    int begin = 0, end = 0;
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", TARE_INT8));
    TARE_TRY(tare_infer_scale(infer, "x", o->x_scale, o->x_zero));
    TARE_TRY(tare_infer_scale(infer, "the result", o->y_scale, o->y_zero));
    if (x.rank < 0) return tare_infer_refuse_shape(infer, 0, "x", "a known rank");
    TARE_TRY(find_axes(infer, x.rank, &begin, &end));
    tare_shape y = {.rank = 0};
    for (int axis = 0; axis < x.rank; axis++) {
        const bool taken = axis >= begin && axis < end;
        if (taken && x.extents[axis] == 0)
            return tare_infer_refuse_shape(infer, 0, "x", "numbers to take a mean of");
        if (!taken || o->keepdims) y.extents[y.rank++] = taken ? 1 : x.extents[axis];
    }
    infer->outputs[0] = (tare_type){TARE_INT8, y};
    return TARE_OK;
}

static tare_status mean_step(const tare_run *run) {
    tare_int8_mean_run(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status mean_prepare(tare_prepare *prepare) {
    const tare_int8_mean_options *o = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const tare_infer asking = {.options = o};
    int begin = 0, end = 0;
    TARE_TRY(find_axes(&asking, x.rank, &begin, &end));
    const tare_int8_mean state = {.outer = tare_extents_product(x, 0, begin),
                                  .count = tare_extents_product(x, begin, end),
                                  .inner = tare_extents_product(x, end, x.rank),
                                  .by = tare_multiplier_of(o->x_scale / o->y_scale),
                                  .x_zero = (int32_t)o->x_zero,
                                  .y_zero = (int32_t)o->y_zero};
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example examples[] = {
    {"int8[2,5,4,3]", "axis=1,2,x_scale=0.5,x_zero=-7,y_scale=0.2,y_zero=4", -99, 99, NULL, WHOLE},
    {"int8[2,5]", "axis=-1,keepdims=true", -99, 99, NULL, WHOLE},
    {"int8[3,2]", "", -99, 99, NULL, WHOLE},
    {"int8[0,4,3]", "axis=1", 0, 0, NULL, WHOLE},
    {"int8[2,0,3]", "axis=1", 0, 0, "to take a mean of", 0},
    {"int8[2,5,4]", "axis=0,2", 0, 0, "neighbouring axes", 0},
    {"int8[2,5]", "axis=2", 0, 0, "axis 2", 0},
    {"int8[2,5]", "x_scale=-1", 0, 0, "scale above 0", 0},
    {"[2,5]", "", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_int8_mean_ops[] = {
    {.name = "int8_mean",
     .node_name = "Int8Mean",
     .table = &mean_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = mean_infer,
     .no_gradient = "whole numbers have no slope",
     .prepare = mean_prepare,
     .run = mean_step,
     .examples = examples},
    {.name = NULL},
};
