/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions and dense layers of .tflite models. Filters lie there as [F, H, W, C], depthwise
 * ones as [1, H, W, C M], dense weights as [F, C]; int8 ops take them so, float ones after moving
 * their axes, which a plan does once.
 */
#include "base/status.h"
#include "model/tflite_kinds.h"
#include "op/int8.h"
#include <tare/op.h>

enum { X, WEIGHTS, BIAS, OPERANDS };

typedef struct product {
    tare_tensor operands[OPERANDS];
    int activation;
    bool whole;
} product;

static tare_status read_product(tare_tflite_import *import, const tare_tflite_operator *op,
                                product *p) {
    bool whole_weights = false;
    TARE_TRY(tare_tflite_numbers(import, op, X, &p->whole));
    TARE_TRY(tare_tflite_numbers(import, op, WEIGHTS, &whole_weights));
    if (p->whole != whole_weights)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED,
                                  "float and whole numbers together", "one of them");
    for (int i = 0; i < OPERANDS; i++)
        TARE_TRY(tare_tflite_operand(import, op, i, &p->operands[i]));
    p->activation = (int)tare_tflite_option(op, "activation");
    return TARE_OK;
}

static tare_list dilations_of(const tare_tflite_operator *op) {
    return TARE_LIST((int64_t)tare_tflite_option(op, "dilation_h"),
                     (int64_t)tare_tflite_option(op, "dilation_w"));
}

/* ---------------------------------------------------------------------------------------- int8 */

tare_status tare_tflite_check_weights(const tare_tflite_import *import,
                                      const tare_tflite_operator *op, int input, int64_t results) {
    const tare_tflite_tensor *told = &tare_tflite_operand_array(import, op, input)->told;
    if (told->dtype == TARE_UINT8 && told->scale_count == 1) return TARE_OK;
    bool right = told->scale_count == 1 || (told->scale_count > 0 && told->quantised == results);
    for (int64_t i = 0; i < told->scale_count; i++) right = right && told->zero_points[i] == 0;
    if (right) return TARE_OK;
    return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED,
                              "weights of other scales or zero points",
                              "one scale, or one for each result, with zero points of 0");
}

static tare_status build_whole(tare_tflite_import *import, const tare_tflite_operator *op,
                               const char *kind, int64_t results, const product *p,
                               tare_int8_product_options *options) {
    const tare_tflite_array *array = tare_tflite_operand_array(import, op, WEIGHTS);
    const tare_tflite_tensor *weights = &array->told;
    tare_tflite_scale x, y, w = {0, 0};
    tare_tflite_bounds bounds;
    TARE_TRY(tare_tflite_check_weights(import, op, WEIGHTS, results));
    if (weights->scale_count == 1) TARE_TRY(tare_tflite_one_scale(import, op, array, &w));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_operand_array(import, op, X), &x));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_output_array(import, op), &y));
    TARE_TRY(tare_tflite_bounds_of(import, op, p->activation, y, &bounds));
    options->x_scale = x.scale;
    options->x_zero = x.zero;
    options->w_zero = w.zero;
    options->uint8 = weights->dtype == TARE_UINT8;
    options->y_scale = y.scale;
    options->y_zero = y.zero;
    options->least = bounds.least;
    options->most = bounds.most;
    const tare_tensor scale = tare_tflite_constant(
        import, TARE_FLOAT32, TARE_SHAPE(weights->scale_count), weights->scales);
    const tare_tensor inputs[] = {p->operands[X], p->operands[WEIGHTS], scale, p->operands[BIAS]};
    return tare_tflite_set_output(import, op, tare_build(import->graph, kind, inputs, 4, options));
}

/* --------------------------------------------------------------------------------------- float */

static tare_status finish_float(tare_tflite_import *import, const tare_tflite_operator *op,
                                const product *p, tare_tensor y) {
    if (p->operands[BIAS].node) y = tare_bias_add(y, p->operands[BIAS]);
    TARE_TRY(tare_tflite_activate(import, op, p->activation, &y));
    return tare_tflite_set_output(import, op, y);
}

/* [1, H, W, C M] as [H, W, C, M], of the same numbers. */
static tare_tensor depthwise_filter(tare_tensor x, tare_tensor weights) {
    const tare_shape shape = tare_tensor_shape(weights), image = tare_tensor_shape(x);
    const int64_t channels = image.rank == 4 ? image.extents[3] : 0;
    const int64_t results = shape.rank == 4 ? shape.extents[3] : 0;
    const int64_t multiplier = channels > 0 ? results / channels : 0;
    return tare_reshape(weights,
                        TARE_SHAPE(shape.extents[1], shape.extents[2], channels, multiplier));
}

/* Weights [F, H, W, C / groups]; 1 where they do not divide, which the op refuses. */
static int64_t groups_of(tare_tensor x, tare_tensor weights) {
    const tare_shape shape = tare_tensor_shape(weights), image = tare_tensor_shape(x);
    if (shape.rank != 4 || image.rank != 4 || shape.extents[3] < 1) return 1;
    const int64_t channels = image.extents[3], depth = shape.extents[3];
    return channels > depth && channels % depth == 0 ? channels / depth : 1;
}

static tare_status build_convolution(tare_tflite_import *import, const tare_tflite_operator *op,
                                     bool depthwise) {
    product p;
    tare_int8_product_options options = {TARE_INT8_PRODUCT_DEFAULTS};
    tare_nn_conv_options plain = {TARE_NN_CONV_DEFAULTS};
    TARE_TRY(read_product(import, op, &p));
    TARE_TRY(tare_tflite_windows(import, op, &options.padding, &options.strides));
    options.dilations = dilations_of(op);
    if (p.whole)
        return build_whole(import, op, depthwise ? "int8_depthwise_conv2d" : "int8_conv2d",
                           op->kind->channels, &p, &options);
    plain.padding = options.padding;
    plain.strides = options.strides;
    plain.dilations = options.dilations;
    plain.groups = depthwise ? 0 : groups_of(p.operands[X], p.operands[WEIGHTS]);
    const tare_tensor filter =
        depthwise ? depthwise_filter(p.operands[X], p.operands[WEIGHTS])
                  : tare_transpose(p.operands[WEIGHTS], .perm = TARE_LIST(1, 2, 3, 0));
    return finish_float(import, op, &p, tare_nn_conv2d_with(p.operands[X], filter, &plain));
}

/* Filters lie as Tare has them; there are none of whole numbers. */
TARE_TFLITE_BUILDER(conv3d) {
    product p;
    tare_list sides;
    tare_nn_conv_options options = {TARE_NN_CONV_DEFAULTS};
    TARE_TRY(read_product(import, op, &p));
    if (p.whole)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "whole numbers", "FLOAT32");
    TARE_TRY(tare_tflite_windows(import, op, &options.padding, &sides));
    options.strides =
        TARE_LIST((int64_t)tare_tflite_option(op, "stride_d"), sides.values[0], sides.values[1]);
    options.dilations = TARE_LIST((int64_t)tare_tflite_option(op, "dilation_d"),
                                  (int64_t)tare_tflite_option(op, "dilation_h"),
                                  (int64_t)tare_tflite_option(op, "dilation_w"));
    return finish_float(import, op, &p,
                        tare_nn_conv3d_with(p.operands[X], p.operands[WEIGHTS], &options));
}

TARE_TFLITE_BUILDER(conv) { return build_convolution(import, op, false); }
TARE_TFLITE_BUILDER(depthwise) { return build_convolution(import, op, true); }

TARE_TFLITE_BUILDER(dense) {
    product p;
    tare_int8_product_options options = {TARE_INT8_PRODUCT_DEFAULTS};
    TARE_TRY(read_product(import, op, &p));
    if (tare_tflite_option(op, "weights_format") != 0)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "shuffled weights",
                                  "weights in order");
    if (tare_tensor_shape(p.operands[X]).rank != 2) {
        const tare_shape weights = tare_tensor_shape(p.operands[WEIGHTS]);
        if (tare_tflite_option(op, "keep_num_dims") != 0)
            return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "keep_num_dims",
                                      "an input of rank 2");
        const int64_t depth = weights.rank == 2 ? weights.extents[1] : TARE_ANY;
        p.operands[X] = tare_reshape(p.operands[X], TARE_SHAPE(TARE_ANY, depth));
    }
    if (p.whole) return build_whole(import, op, "int8_dense", 0, &p, &options);
    return finish_float(import, op, &p,
                        tare_matmul(p.operands[X], p.operands[WEIGHTS], .transpose_b = true));
}
