/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To whole numbers and back, from unsigned ones and back, and any function of one number by a table
 * of all 256:
 *
 *     int8_quantise     y = zero + round(x / scale), halves away from 0, within -128..127
 *     int8_dequantise   y = (x - zero) scale
 *     int8_from_uint8   y = x - 128
 *     uint8_from_int8   y = x + 128
 *     int8_lookup       y = table[x + 128]
 *
 * Source: TensorFlow Lite, kernels/quantize.cc, dequantize.cc, activations.cc.
 */
#include "kernel/int8_others.h"
#include "op/int8.h"

#define TARE_TABLE_STRUCT tare_int8_convert_options
TARE_OPTION_TABLE(static, convert_table, TARE_INT8_CONVERT_FIELDS);
#undef TARE_TABLE_STRUCT

enum { TABLE_NUMBERS = 256 };

static tare_status infer_conversion(tare_infer *infer, tare_dtype from, tare_dtype to) {
    const tare_int8_convert_options *o = infer->options;
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", from));
    TARE_TRY(tare_infer_scale(infer, "whole numbers", o->scale, o->zero));
    infer->outputs[0] = (tare_type){to, infer->inputs[0].shape};
    return TARE_OK;
}

static tare_status quantise_infer(tare_infer *infer) {
    return infer_conversion(infer, TARE_FLOAT32, TARE_INT8);
}
static tare_status dequantise_infer(tare_infer *infer) {
    return infer_conversion(infer, TARE_INT8, TARE_FLOAT32);
}

static tare_status infer_shift(tare_infer *infer, tare_dtype from, tare_dtype to) {
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", from));
    infer->outputs[0] = (tare_type){to, infer->inputs[0].shape};
    return TARE_OK;
}
static tare_status from_uint8_infer(tare_infer *infer) {
    return infer_shift(infer, TARE_UINT8, TARE_INT8);
}
static tare_status to_uint8_infer(tare_infer *infer) {
    return infer_shift(infer, TARE_INT8, TARE_UINT8);
}

static tare_status lookup_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "x", TARE_INT8));
    TARE_TRY(tare_infer_exact_dtype(infer, 1, "table", TARE_INT8));
    if (!tare_shape_compatible(infer->inputs[1].shape, TARE_SHAPE(TABLE_NUMBERS)))
        return tare_infer_refuse_shape(infer, 1, "table", "[256]");
    return tare_infer_like_first(infer);
}

typedef struct conversion {
    int64_t count;
    float scale;
    int32_t zero;
} conversion;

static tare_status quantise_step(const tare_run *run) {
    const conversion *c = run->state;
    tare_int8_quantise(c->count, run->inputs[0], c->scale, c->zero, run->outputs[0]);
    return TARE_OK;
}
static tare_status dequantise_step(const tare_run *run) {
    const conversion *c = run->state;
    tare_int8_dequantise(c->count, run->inputs[0], c->scale, c->zero, run->outputs[0]);
    return TARE_OK;
}
static tare_status lookup_step(const tare_run *run) {
    tare_int8_lookup(*(const int64_t *)run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                     run->pool);
    return TARE_OK;
}

static tare_status shift_step(const tare_run *run) {
    tare_int8_shift(*(const int64_t *)run->state, run->inputs[0], run->outputs[0]);
    return TARE_OK;
}

static tare_status convert_prepare(tare_prepare *prepare) {
    const tare_int8_convert_options *o = prepare->options;
    const conversion state = {
        .count = tare_output_count(prepare, 0), .scale = (float)o->scale, .zero = (int32_t)o->zero};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status count_prepare(tare_prepare *prepare) {
    const int64_t count = tare_output_count(prepare, 0);
    prepare->in_place = 0;
    return tare_prepare_state(prepare, &count, sizeof count);
}

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example dequantise_examples[] = {
    {"int8[2,3]", "scale=0.25,zero=-7", -99, 99, NULL, WHOLE},
    {"int8[0]", "", 0, 0, NULL, WHOLE},
    {"int8[2]", "scale=0", 0, 0, "scale above 0", 0},
    {"[2]", "", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example from_uint8_examples[] = {{"uint8[2,3]", "", 0, 255, NULL, WHOLE},
                                                   {"uint8[0]", "", 0, 0, NULL, WHOLE},
                                                   {"int8[2]", "", 0, 0, "uint8", 0},
                                                   {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example to_uint8_examples[] = {{"int8[2,3]", "", -99, 99, NULL, WHOLE},
                                                 {"uint8[2]", "", 0, 0, "int8", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example quantise_examples[] = {{"int8[2]", "", 0, 0, "float32", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example lookup_examples[] = {{"int8[2,3] int8[256]", "", -99, 99, NULL, WHOLE},
                                               {"int8[0] int8[256]", "", 0, 0, NULL, WHOLE},
                                               {"int8[2] int8[255]", "", 0, 0, "[256]", 0},
                                               {"int32[2] int8[256]", "", 0, 0, "int8", 0},
                                               {NULL, NULL, 0, 0, NULL, 0}};

#define CONVERSION(kind, node)                                                                     \
    {                                                                                              \
        .name = "int8_" #kind, .node_name = node, .table = &convert_table, .min_inputs = 1,        \
        .max_inputs = 1, .output_count = 1, .infer = kind##_infer,                                 \
        .no_gradient = "whole numbers have no slope", .prepare = convert_prepare,                  \
        .run = kind##_step, .examples = kind##_examples                                            \
    }

#define SHIFT(kind, op, node)                                                                      \
    {                                                                                              \
        .name = op, .node_name = node, .min_inputs = 1, .max_inputs = 1, .output_count = 1,        \
        .infer = kind##_infer, .no_gradient = "whole numbers have no slope",                       \
        .prepare = count_prepare, .run = shift_step, .examples = kind##_examples                   \
    }

const tare_op_def tare_int8_convert_ops[] = {
    CONVERSION(quantise, "Int8Quantise"),
    CONVERSION(dequantise, "Int8Dequantise"),
    SHIFT(from_uint8, "int8_from_uint8", "Int8FromUInt8"),
    SHIFT(to_uint8, "uint8_from_int8", "UInt8FromInt8"),
    {.name = "int8_lookup",
     .node_name = "Int8Lookup",
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .infer = lookup_infer,
     .no_gradient = "whole numbers have no slope",
     .prepare = count_prepare,
     .run = lookup_step,
     .examples = lookup_examples},
    {.name = NULL},
};
