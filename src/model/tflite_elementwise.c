/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums, activations and conversions of .tflite models. A function of one whole number is a table of
 * all 256 answers, made here:
 *
 *     y = y_zero + round(f((q - x_zero) x_scale) / y_scale), within -128..127
 *
 * From whole numbers of one scale to those of another, x_scale / y_scale is a factor in fixed point
 * (TensorFlow Lite, kernels/quantize.cc).
 */
#include "base/status.h"
#include "kernel/fixed_point.h"
#include "model/tflite_kinds.h"
#include "op/int8.h"
#include <tare/op.h>

#include <math.h>

enum { TABLE_NUMBERS = 256 };

static tare_status read_ends(const tare_tflite_import *import, const tare_tflite_operator *op,
                             tare_tflite_scale *x, tare_tflite_scale *y) {
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_operand_array(import, op, 0), x));
    return tare_tflite_one_scale(import, op, tare_tflite_output_array(import, op), y);
}

/* ----------------------------------------------------------------------------------------- sums */

TARE_TFLITE_BUILDER(add) {
    tare_int8_add_options options = {TARE_INT8_ADD_DEFAULTS};
    const int activation = (int)tare_tflite_option(op, "activation");
    tare_tflite_scale x, z, y;
    tare_tflite_bounds bounds;
    tare_tensor inputs[2];
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    for (int i = 0; i < 2; i++) TARE_TRY(tare_tflite_operand(import, op, i, &inputs[i]));
    if (!whole) {
        tare_tensor sum = tare_add(inputs[0], inputs[1]);
        TARE_TRY(tare_tflite_activate(import, op, activation, &sum));
        return tare_tflite_set_output(import, op, sum);
    }
    TARE_TRY(read_ends(import, op, &x, &y));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_operand_array(import, op, 1), &z));
    TARE_TRY(tare_tflite_bounds_of(import, op, activation, y, &bounds));
    options.x_scale = x.scale;
    options.x_zero = x.zero;
    options.z_scale = z.scale;
    options.z_zero = z.zero;
    options.y_scale = y.scale;
    options.y_zero = y.zero;
    options.least = bounds.least;
    options.most = bounds.most;
    return tare_tflite_set_output(import, op,
                                  tare_build(import->graph, "int8_add", inputs, 2, &options));
}

/* ---------------------------------------------------------------------------------- activations */

TARE_TFLITE_BUILDER(softmax) {
    const double beta = tare_tflite_option(op, "beta");
    tare_int8_softmax_options options = {TARE_INT8_SOFTMAX_DEFAULTS};
    tare_tflite_scale from, to;
    tare_tensor x;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    if (!whole) {
        if (beta != 1) x = tare_mul(x, tare_number(beta));
        return tare_tflite_set_output(import, op, tare_softmax(x));
    }
    TARE_TRY(read_ends(import, op, &from, &to));
    if (to.scale != 1. / TABLE_NUMBERS || to.zero != INT8_MIN)
        return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "another scale of the result",
                                  "scale 1/256 and zero point -128");
    options.x_scale = from.scale;
    options.beta = beta;
    return tare_tflite_set_output(import, op,
                                  tare_build(import->graph, "int8_softmax", &x, 1, &options));
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }
static float rectify(float x) { return x > 0 ? x : 0; }
static float rectify_6(float x) { return x > 6 ? 6 : rectify(x); }

static void fill_table(float (*function)(float x), tare_tflite_scale x, tare_tflite_scale y,
                       int8_t table[TABLE_NUMBERS]) {
    for (int i = 0; i < TABLE_NUMBERS; i++) {
        const float number = (float)x.scale * (float)(i + INT8_MIN - x.zero);
        const float steps = roundf(function(number) / (float)y.scale) + (float)y.zero;
        if (steps >= INT8_MAX)
            table[i] = INT8_MAX;
        else
            table[i] = (int8_t)(steps > INT8_MIN ? (int)steps : INT8_MIN);
    }
}

static tare_status build_lookup(tare_tflite_import *import, const tare_tflite_operator *op,
                                tare_tensor x, const int8_t table[TABLE_NUMBERS]) {
    const tare_tensor inputs[] = {
        x, tare_tflite_constant(import, TARE_INT8, TARE_SHAPE(TABLE_NUMBERS), table)};
    return tare_tflite_set_output(import, op,
                                  tare_build(import->graph, "int8_lookup", inputs, 2, NULL));
}

static tare_status build_function(tare_tflite_import *import, const tare_tflite_operator *op,
                                  float (*function)(float x),
                                  tare_tensor (*build)(tare_tensor x,
                                                       const tare_op_options *options)) {
    int8_t table[TABLE_NUMBERS];
    tare_tflite_scale x, y;
    tare_tensor input;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    TARE_TRY(tare_tflite_operand(import, op, 0, &input));
    if (!whole) return tare_tflite_set_output(import, op, build(input, NULL));
    TARE_TRY(read_ends(import, op, &x, &y));
    fill_table(function, x, y, table);
    return build_lookup(import, op, input, table);
}

TARE_TFLITE_BUILDER(logistic) { return build_function(import, op, sigmoid, tare_sigmoid_with); }
TARE_TFLITE_BUILDER(tanh) { return build_function(import, op, tanhf, tare_tanh_with); }
TARE_TFLITE_BUILDER(relu) { return build_function(import, op, rectify, tare_relu_with); }
TARE_TFLITE_BUILDER(relu6) { return build_function(import, op, rectify_6, tare_relu6_with); }

/* ---------------------------------------------------------------------------------- conversions */

static tare_status build_conversion(tare_tflite_import *import, const tare_tflite_operator *op,
                                    const char *kind, const tare_tflite_array *whole) {
    tare_int8_convert_options options = {TARE_INT8_CONVERT_DEFAULTS};
    tare_tflite_scale scale;
    tare_tensor x;
    if (tare_tflite_dtype(whole) != TARE_INT8)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, whole->told.type,
                                  "INT8 or UINT8");
    TARE_TRY(tare_tflite_one_scale(import, op, whole, &scale));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    options.scale = scale.scale;
    options.zero = scale.zero;
    return tare_tflite_set_output(import, op, tare_build(import->graph, kind, &x, 1, &options));
}

static void fill_rescaling(tare_tflite_scale x, tare_tflite_scale y, int8_t table[TABLE_NUMBERS]) {
    const tare_multiplier by = tare_multiplier_of(x.scale / y.scale);
    for (int i = 0; i < TABLE_NUMBERS; i++) {
        const int32_t scaled = tare_scaled(i + INT8_MIN - (int32_t)x.zero, by);
        const int32_t number = tare_saturate_32(scaled + y.zero);
        table[i] = (int8_t)tare_clamp_32(number, INT8_MIN, INT8_MAX);
    }
}

static tare_status build_rescaling(tare_tflite_import *import, const tare_tflite_operator *op) {
    const tare_tflite_array *result = tare_tflite_output_array(import, op);
    int8_t table[TABLE_NUMBERS];
    tare_tflite_scale x, y;
    tare_tensor input;
    if (tare_tflite_dtype(result) != TARE_INT8)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, result->told.type,
                                  "INT8 or UINT8");
    TARE_TRY(tare_tflite_operand(import, op, 0, &input));
    TARE_TRY(read_ends(import, op, &x, &y));
    fill_rescaling(x, y, table);
    return build_lookup(import, op, input, table);
}

TARE_TFLITE_BUILDER(quantise) {
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    if (whole) return build_rescaling(import, op);
    return build_conversion(import, op, "int8_quantise", tare_tflite_output_array(import, op));
}
TARE_TFLITE_BUILDER(dequantise) {
    const tare_tflite_array *x = tare_tflite_operand_array(import, op, 0);
    if (x == NULL) return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "no input", "one");
    return build_conversion(import, op, "int8_dequantise", x);
}
