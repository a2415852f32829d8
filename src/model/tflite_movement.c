/* SPDX-License-Identifier: Apache-2.0 */
/* What only moves numbers in .tflite models: reshape, concat, pad, resize. Whole numbers keep their
 * scale. */
#include "base/status.h"
#include "model/tflite_kinds.h"
#include "op/int8.h"
#include "op/resize.h"
#include <tare/op.h>

/* Every input has the result's scale and zero point. */
static tare_status check_scales(const tare_tflite_import *import, const tare_tflite_operator *op,
                                int64_t inputs, tare_tflite_scale *scale) {
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_output_array(import, op), scale));
    for (int i = 0; i < inputs; i++) {
        tare_tflite_scale x;
        const tare_tflite_array *array = tare_tflite_operand_array(import, op, i);
        if (array == NULL || tare_tflite_dtype(array) != TARE_INT8)
            return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "an input of another type",
                                      "INT8 or UINT8");
        TARE_TRY(tare_tflite_one_scale(import, op, array, &x));
        if (x.scale != scale->scale || x.zero != scale->zero)
            return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED,
                                      "inputs of several scales",
                                      "the result's scale and zero point for each");
    }
    return TARE_OK;
}

TARE_TFLITE_BUILDER(reshape) {
    tare_list list;
    tare_tensor x;
    tare_tflite_scale scale;
    tare_shape shape = tare_tflite_output_array(import, op)->signature;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    if (whole) TARE_TRY(check_scales(import, op, 1, &scale));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    if (op->input_count > 1) {
        TARE_TRY(tare_tflite_list(import, op, 1, &list));
        if (list.count > TARE_MAX_RANK)
            return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "too many axes",
                                      "8 of them or fewer");
        shape.rank = list.count;
        for (int i = 0; i < list.count; i++) shape.extents[i] = list.values[i];
    }
    return tare_tflite_set_output(import, op, tare_reshape(x, shape));
}

TARE_TFLITE_BUILDER(concat) {
    enum { MOST = 64 };
    tare_tensor inputs[MOST];
    tare_tflite_scale scale;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    if (whole) TARE_TRY(check_scales(import, op, op->input_count, &scale));
    if (tare_tflite_option(op, "activation") != TARE_TFLITE_NO_ACTIVATION)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "an activation", "none");
    for (int i = 0; i < op->input_count; i++)
        TARE_TRY(tare_tflite_operand(import, op, i, &inputs[i]));
    return tare_tflite_set_output(
        import, op,
        tare_concat(inputs, (size_t)op->input_count, (int64_t)tare_tflite_option(op, "axis")));
}

TARE_TFLITE_BUILDER(pad) {
    tare_pad_options options = {TARE_PAD_DEFAULTS};
    tare_list list;
    tare_tensor x;
    tare_tflite_scale scale = {1, 0};
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    if (whole) TARE_TRY(check_scales(import, op, 1, &scale));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    TARE_TRY(tare_tflite_list(import, op, 1, &list));
    options.before = options.after = (tare_list){.count = list.count / 2};
    for (int i = 0; i < list.count / 2; i++) {
        options.before.values[i] = list.values[2 * i];
        options.after.values[i] = list.values[2 * i + 1];
    }
    options.constant_values = (double)scale.zero;
    return tare_tflite_set_output(import, op, tare_pad_with(x, &options));
}

static tare_status build_resize(tare_tflite_import *import, const tare_tflite_operator *op,
                                tare_tensor (*resize)(tare_graph *graph, tare_tensor x,
                                                      const tare_resize_node_options *options,
                                                      tare_dtype dtype)) {
    tare_resize_node_options options = {.struct_size = sizeof options};
    tare_tflite_scale scale;
    tare_tensor x;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    if (whole) TARE_TRY(check_scales(import, op, 1, &scale));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    TARE_TRY(tare_tflite_list(import, op, 1, &options.size));
    options.align_corners = tare_tflite_option(op, "align_corners") != 0;
    options.half_pixel_centers = tare_tflite_option(op, "half_pixel_centers") != 0;
    const tare_dtype dtype = tare_tflite_operand_array(import, op, 0)->told.dtype;
    return tare_tflite_set_output(import, op, resize(import->graph, x, &options, dtype));
}

static tare_tensor nearest(tare_graph *graph, tare_tensor x,
                           const tare_resize_node_options *options, tare_dtype dtype) {
    (void)dtype;
    return tare_build(graph, "resize_nearest_neighbor", &x, 1, options);
}

/* TensorFlow Lite blends int8 numbers in fixed point, but uint8 ones in float. */
static tare_tensor bilinear(tare_graph *graph, tare_tensor x,
                            const tare_resize_node_options *options, tare_dtype dtype) {
    tare_int8_convert_options unsigned_numbers = {TARE_INT8_CONVERT_DEFAULTS};
    unsigned_numbers.zero = INT8_MIN;
    if (dtype == TARE_INT8) return tare_build(graph, "int8_resize_bilinear", &x, 1, options);
    if (dtype == TARE_FLOAT32) return tare_build(graph, "resize_bilinear", &x, 1, options);
    x = tare_build(graph, "int8_dequantise", &x, 1, &unsigned_numbers);
    x = tare_build(graph, "resize_bilinear", &x, 1, options);
    return tare_build(graph, "int8_quantise", &x, 1, &unsigned_numbers);
}

TARE_TFLITE_BUILDER(resize_nearest) { return build_resize(import, op, nearest); }
TARE_TFLITE_BUILDER(resize_bilinear) { return build_resize(import, op, bilinear); }
