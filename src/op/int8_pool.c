/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Max and average pools of whole numbers: int8_max_pool, int8_average_pool. Scale and zero stay, so
 * the greatest is the greatest, and the average is one of whole numbers, halves away from 0; of
 * uint8 ones, which have no sign there, halves up.
 *
 * Source: TensorFlow Lite, kernels/pooling.cc.
 */
#include "kernel/int8_others.h"
#include "op/int8.h"

#define TARE_TABLE_STRUCT  tare_int8_pool_options
#define TARE_WORDS_padding TARE_PADDING_WORDS
TARE_OPTION_TABLE(static, pool_table, TARE_INT8_POOL_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_int8_windows windows_of(const tare_int8_pool_options *o) {
    int64_t window[TARE_SPATIAL];
    tare_spread_spatial(o->ksize, 2, window);
    return (tare_int8_windows){.strides = o->strides,
                               .dilations = TARE_LIST(1),
                               .padding = o->padding,
                               .window = {window[TARE_SPATIAL - 2], window[TARE_SPATIAL - 1]}};
}

static tare_status pool_infer(tare_infer *infer) {
    const tare_int8_pool_options *o = infer->options;
    int64_t ignored[TARE_SPATIAL];
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", TARE_INT8));
    TARE_TRY(tare_infer_rank(infer, 0, 4, "x"));
    TARE_TRY(tare_infer_bounds(infer, o->least, o->most));
    TARE_TRY(tare_infer_spatial(infer, "ksize", o->ksize, 2, ignored));
    const tare_int8_windows windows = windows_of(o);
    infer->outputs[0].dtype = TARE_INT8;
    TARE_TRY(tare_infer_int8_windows(infer, &windows, &infer->outputs[0].shape));
    if (infer->inputs[0].shape.rank == 4)
        infer->outputs[0].shape.extents[3] = infer->inputs[0].shape.extents[3];
    return tare_infer_countable(infer, 0);
}

static tare_status pool_step(const tare_run *run) {
    tare_int8_pool_run(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status prepare_pool(tare_prepare *prepare, bool averages) {
    const tare_int8_pool_options *o = prepare->options;
    const tare_int8_windows windows = windows_of(o);
    const tare_int8_pool state = {
        .c = tare_int8_geometry(&windows, prepare->inputs[0].shape, prepare->outputs[0].shape),
        .averages = averages,
        .halves_up = o->halves_up,
        .least = (int32_t)o->least,
        .most = (int32_t)o->most};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status max_prepare(tare_prepare *prepare) { return prepare_pool(prepare, false); }
static tare_status average_prepare(tare_prepare *prepare) { return prepare_pool(prepare, true); }

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example examples[] = {
    {"int8[2,5,4,3]", "ksize=2,strides=2", -99, 99, NULL, WHOLE},
    {"int8[1,5,4,3]", "ksize=3,2,strides=2,1,padding=same,least=-3,most=5", -99, 99, NULL, WHOLE},
    {"int8[2,5,4,3]", "ksize=2,halves_up=true", -99, 99, NULL, WHOLE},
    {"int8[0,5,4,3]", "ksize=2", 0, 0, NULL, WHOLE},
    {"int8[1,2,2,3]", "ksize=3", 0, 0, "no smaller than the window", 0},
    {"int8[1,2,2,3]", "ksize=0", 0, 0, "ksize", 0},
    {"int8[2,2,3]", "", 0, 0, "rank 4", 0},
    {"[1,2,2,3]", "", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define POOL(op, node, how)                                                                        \
    {                                                                                              \
        .name = op, .node_name = node, .table = &pool_table, .min_inputs = 1, .max_inputs = 1,     \
        .output_count = 1, .infer = pool_infer, .no_gradient = "whole numbers have no slope",      \
        .prepare = how, .run = pool_step, .examples = examples                                     \
    }

const tare_op_def tare_int8_pool_ops[] = {
    POOL("int8_max_pool", "Int8MaxPool", max_prepare),
    POOL("int8_average_pool", "Int8AvgPool", average_prepare),
    {.name = NULL},
};
