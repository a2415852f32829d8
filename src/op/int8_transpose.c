/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int8_conv2d_transpose: transposed convolution of whole numbers, x [N, H, W, C], weights
 * [F, KH, KW, C] -> [N, OH, OW, F], such that a convolution of the same windows would take the
 * result's extents to those of x. multipliers int32 [2, F]: multiplier and shift of each result's
 * factor; bias int32 [F] may be left out.
 *
 * Source: TensorFlow Lite, kernels/transpose_conv.cc.
 */
#include "kernel/int8_transpose.h"

#include "kernel/convolution_geometry.h"
#include "op/int8.h"

extern const tare_op_def tare_int8_transpose_ops[];

#define TARE_TABLE_STRUCT  tare_int8_transpose_options
#define TARE_WORDS_padding TARE_PADDING_WORDS
TARE_OPTION_TABLE(static, transpose_table, TARE_INT8_TRANSPOSE_FIELDS);
#undef TARE_TABLE_STRUCT

enum { X, WEIGHTS, MULTIPLIERS, BIAS, INPUTS };

static tare_int8_windows windows_of(const tare_int8_transpose_options *o, tare_shape weights) {
    return (tare_int8_windows){.strides = o->strides,
                               .dilations = TARE_LIST(1),
                               .padding = o->padding,
                               .window = {weights.extents[1], weights.extents[2]}};
}

static bool has_bias(const tare_infer *infer) {
    return infer->input_count > BIAS && infer->inputs[BIAS].dtype != TARE_DTYPE_NONE;
}

static tare_status check_inputs(const tare_infer *infer) {
    TARE_TRY(tare_infer_exact_dtype(infer, X, "x", TARE_INT8));
    TARE_TRY(tare_infer_exact_dtype(infer, WEIGHTS, "weights", TARE_INT8));
    TARE_TRY(tare_infer_exact_dtype(infer, MULTIPLIERS, "multipliers", TARE_INT32));
    if (has_bias(infer)) TARE_TRY(tare_infer_exact_dtype(infer, BIAS, "bias", TARE_INT32));
    TARE_TRY(tare_infer_rank(infer, X, 4, "x"));
    TARE_TRY(tare_infer_rank(infer, WEIGHTS, 4, "weights"));
    const tare_shape w = infer->inputs[WEIGHTS].shape, x = infer->inputs[X].shape;
    if (!tare_shape_known(w)) return TARE_OK;
    if (w.extents[0] < 1)
        return tare_infer_refuse_shape(infer, WEIGHTS, "weights", "1 result or more");
    if (x.rank == 4 && x.extents[3] >= 0 && x.extents[3] != w.extents[3])
        return tare_infer_refuse_shapes(infer, X, WEIGHTS, "as many channels of both");
    if (!tare_shape_compatible(infer->inputs[MULTIPLIERS].shape, TARE_SHAPE(2, w.extents[0])))
        return tare_infer_refuse_shape(infer, MULTIPLIERS, "multipliers", "[2, results]");
    if (has_bias(infer) &&
        !tare_shape_compatible(infer->inputs[BIAS].shape, TARE_SHAPE(w.extents[0])))
        return tare_infer_refuse_shape(infer, BIAS, "bias", "[results]");
    return TARE_OK;
}

/* The convolution of the same windows takes y to x. */
static tare_status check_extents(const tare_infer *infer, tare_shape x, tare_shape w,
                                 tare_type made) {
    const tare_infer convolving = {.node = infer->node,
                                   .op = infer->op,
                                   .options = infer->options,
                                   .inputs = &made,
                                   .input_count = 1,
                                   .error = infer->error};
    const tare_int8_windows windows = windows_of(infer->options, w);
    tare_shape back;
    TARE_TRY(tare_infer_int8_windows(&convolving, &windows, &back));
    back.extents[3] = TARE_ANY;
    if (tare_shape_compatible(back, x)) return TARE_OK;
    return tare_infer_refuse_shape(infer, X, "x",
                                   "the shape that the convolution takes output_size to");
}

static tare_status transpose_infer(tare_infer *infer) {
    const tare_int8_transpose_options *o = infer->options;
    TARE_TRY(tare_infer_scale(infer, "x", 1, o->x_zero));
    TARE_TRY(tare_infer_scale(infer, "weights", 1, o->w_zero));
    TARE_TRY(tare_infer_scale(infer, "the result", 1, o->y_zero));
    TARE_TRY(tare_infer_bounds(infer, o->least, o->most));
    TARE_TRY(check_inputs(infer));
    TARE_TRY(tare_infer_list(infer, "output_size", o->output_size, 2, 1));
    const tare_shape x = infer->inputs[X].shape, w = infer->inputs[WEIGHTS].shape;
    tare_shape y =
        TARE_SHAPE(TARE_ANY, o->output_size.values[0], o->output_size.values[1], TARE_ANY);
    if (x.rank == 4) y.extents[0] = x.extents[0];
    if (tare_shape_known(w)) y.extents[3] = w.extents[0];
    infer->outputs[0] = (tare_type){TARE_INT8, y};
    if (tare_shape_known(w)) TARE_TRY(check_extents(infer, x, w, infer->outputs[0]));
    return tare_infer_countable(infer, 0);
}

static tare_status transpose_step(const tare_run *run) {
    tare_int8_transpose_reference(run->state, run->inputs[X], run->inputs[WEIGHTS],
                                  run->inputs[MULTIPLIERS], NULL, run->outputs[0], run->pool);
    return TARE_OK;
}
static tare_status biased_transpose_step(const tare_run *run) {
    tare_int8_transpose_reference(run->state, run->inputs[X], run->inputs[WEIGHTS],
                                  run->inputs[MULTIPLIERS], run->inputs[BIAS], run->outputs[0],
                                  run->pool);
    return TARE_OK;
}

static tare_status transpose_prepare(tare_prepare *prepare) {
    const tare_int8_transpose_options *o = prepare->options;
    const tare_int8_windows windows = windows_of(o, prepare->inputs[WEIGHTS].shape);
    const tare_int8_transpose state = {
        .c = tare_int8_geometry(&windows, prepare->outputs[0].shape, prepare->inputs[X].shape),
        .x_zero = (int32_t)o->x_zero,
        .w_zero = (int32_t)o->w_zero,
        .y_zero = (int32_t)o->y_zero,
        .least = (int32_t)o->least,
        .most = (int32_t)o->most};
    prepare->flops = tare_convolution_flops(&state.c);
    if (prepare->input_count > BIAS && prepare->inputs[BIAS].dtype != TARE_DTYPE_NONE)
        prepare->run = biased_transpose_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example examples[] = {
    {"int8[2,3,2,3] int8[4,3,2,3] int32[2,4] int32[4]",
     "strides=2,padding=same,output_size=5,4,x_zero=3,y_zero=-5,most=9", 0, 9, NULL, WHOLE},
    {"int8[1,2,2,1] int8[2,3,3,1] int32[2,2]", "output_size=4,4", 0, 9, NULL, WHOLE},
    {"int8[0,2,2,1] int8[2,3,3,1] int32[2,2]", "output_size=4,4", 0, 0, NULL, WHOLE},
    {"int8[1,2,2,1] int8[2,3,3,1] int32[2,2]", "output_size=5,4", 0, 0, "output_size", 0},
    {"int8[1,2,2,1] int8[2,3,3,1] int32[2,2]", "", 0, 0, "output_size", 0},
    {"int8[1,2,2,3] int8[2,3,3,1] int32[2,2]", "output_size=4,4", 0, 0, "channels of both", 0},
    {"int8[1,2,2,1] int8[2,3,3,1] int32[2,3]", "output_size=4,4", 0, 0, "[2, results]", 0},
    {"int8[1,2,2,1] int8[2,3,3,1] int32[2,2] int32[3]", "output_size=4,4", 0, 0, "bias", 0},
    {"[1,2,2,1] int8[2,3,3,1] int32[2,2]", "output_size=4,4", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_int8_transpose_ops[] = {
    {.name = "int8_conv2d_transpose",
     .node_name = "Int8Conv2DTranspose",
     .table = &transpose_table,
     .min_inputs = MULTIPLIERS + 1,
     .max_inputs = INPUTS,
     .output_count = 1,
     .optional = 1u << BIAS,
     .infer = transpose_infer,
     .no_gradient = "whole numbers have no slope",
     .prepare = transpose_prepare,
     .run = transpose_step,
     .examples = examples},
    {.name = NULL},
};
