/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moving_range: where the range of an activation will be after this batch. Nothing is written; what
 * trains assigns the outputs to the variables that the inputs were.
 *
 *     count' = count + 1                        w = (1 - decay) / (1 - decay^count')
 *     min'   = (1 - w) min + w min(x, 0)        max' = (1 - w) max + w max(x, 0)
 *
 * That is the moving average of the batches' ends without the share of a first value: the first
 * batch's own are min' and max' at count 0. A range holds 0, since int8 needs a number for it. No
 * gradient flows. A batch without numbers changes nothing.
 *
 * Source: tensorflow/contrib/quantize/python/quant_ops.py (MovingAvgQuantize), whose averages are
 * assign_moving_average with zero_debias; Kingma and Ba 2014, arXiv:1412.6980, section 3.
 */
#include "op/moving_range.h"
#include "op/reduction.h"

#include <math.h>

enum { X, MIN, MAX, COUNT, INPUTS };
enum { NEW_MIN, NEW_MAX, NEW_COUNT, OUTPUTS };

#define TARE_TABLE_STRUCT tare_moving_range_options
TARE_OPTION_TABLE(static, moving_range_table, TARE_MOVING_RANGE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status moving_range_infer(tare_infer *infer) {
    static const char *const names[] = {"x", "min", "max", "count"};
    const tare_moving_range_options *options = infer->options;
    char number[TARE_NUMBER_TEXT], got[TARE_NUMBER_TEXT + 16];
    TARE_TRY(tare_infer_floating(infer, X, names[X]));
    TARE_TRY(tare_infer_same_dtypes(infer));
    for (int i = MIN; i < INPUTS; i++) TARE_TRY(tare_infer_rank(infer, i, 0, names[i]));
    for (int i = 0; i < OUTPUTS; i++)
        infer->outputs[i] = (tare_type){infer->inputs[X].dtype, TARE_SCALAR};
    if (options->decay >= 0 && options->decay < 1) return TARE_OK;
    tare_print(got, sizeof got, "decay %s", tare_double_text(number, options->decay));
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "0 to below 1");
}

typedef struct moving_range {
    tare_reduction least, greatest;
    int64_t count; /* numbers in x */
    double decay;
    tare_dtype dtype;
} moving_range;

/* One number of either type. */
typedef union extreme {
    float f32;
    double f64;
} extreme;

static double number_at(tare_dtype dtype, const void *number) {
    return dtype == TARE_FLOAT64 ? *(const double *)number : (double)*(const float *)number;
}

static void put_number(tare_dtype dtype, void *number, double value) {
    if (number == NULL) return;
    if (dtype == TARE_FLOAT64)
        *(double *)number = value;
    else
        *(float *)number = (float)value;
}

/* NaN is beyond every end. */
static double beyond_zero(double end, double sign) { return end * sign <= 0 ? 0 : end; }

static tare_status moving_range_step(const tare_run *run) {
    const moving_range *m = run->state;
    extreme least = {.f64 = 0}, greatest = {.f64 = 0};
    const double count = number_at(m->dtype, run->inputs[COUNT]) + (m->count > 0);
    const double weight = m->count > 0 ? (1 - m->decay) / (1 - pow(m->decay, count)) : 0;
    if (m->count > 0) {
        tare_reduction_run(&m->least, run->inputs[X], &least, run->scratch, run->pool);
        tare_reduction_run(&m->greatest, run->inputs[X], &greatest, run->scratch, run->pool);
    }
    const double low = beyond_zero(number_at(m->dtype, &least), -1);
    const double high = beyond_zero(number_at(m->dtype, &greatest), 1);
    const double min = number_at(m->dtype, run->inputs[MIN]);
    const double max = number_at(m->dtype, run->inputs[MAX]);
    put_number(m->dtype, run->outputs[NEW_MIN], (1 - weight) * min + weight * low);
    put_number(m->dtype, run->outputs[NEW_MAX], (1 - weight) * max + weight * high);
    put_number(m->dtype, run->outputs[NEW_COUNT], count);
    return TARE_OK;
}

static tare_status moving_range_prepare(tare_prepare *prepare) {
    const tare_moving_range_options *options = prepare->options;
    const tare_dtype dtype = prepare->inputs[X].dtype;
    moving_range state = {
        .count = tare_input_count(prepare, X), .decay = options->decay, .dtype = dtype};
    if (!tare_reduction_plan(&state.least, TARE_REDUCE_MIN, dtype, 1, &state.count, 1, 1) ||
        !tare_reduction_plan(&state.greatest, TARE_REDUCE_MAX, dtype, 1, &state.count, 1, 1))
        return tare_fail_at(prepare->error, TARE_ERROR_UNSUPPORTED, prepare->op, prepare->node,
                            "a dtype without minima", "float32 or float64");
    prepare->scratch_bytes = state.least.scratch_bytes > state.greatest.scratch_bytes
                                 ? state.least.scratch_bytes
                                 : state.greatest.scratch_bytes;
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define NO_GRADIENT TARE_EXAMPLE_NO_GRADIENT
static const tare_example moving_range_examples[] = {
    {"[3,4] [] [] []", "", .low = 0, .high = 2, NULL, NO_GRADIENT},
    {"[2,3,4,5] [] [] []", "decay=0", .low = 0, .high = 2, NULL, NO_GRADIENT},
    {"[] [] [] []", "decay=0.5", .low = 0, .high = 2, NULL, NO_GRADIENT},
    {"[0,3] [] [] []", "", .low = 0, .high = 2, NULL, NO_GRADIENT},
    {"[3] [1] [] []", "", 0, 0, "min", 0},
    {"[3] [] [] []", "decay=1", 0, 0, "decay 1", 0},
    {"[3] [] [] []", "decay=nan", 0, 0, "0 to below 1", 0},
    {"int32[3] int32[] int32[] int32[]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_moving_range_ops[] = {
    {.name = "moving_range",
     .node_name = "MovingRange",
     .table = &moving_range_table,
     .min_inputs = INPUTS,
     .max_inputs = INPUTS,
     .output_count = OUTPUTS,
     .infer = moving_range_infer,
     .prepare = moving_range_prepare,
     .run = moving_range_step,
     .examples = moving_range_examples},
    {.name = NULL},
};
