/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of operators: one line each, options spelt out by field. */
#include "model/tflite_kinds.h"

#include "base/text.h"

#include <string.h>

#define ACTIVATION(number)                                                                         \
    {                                                                                              \
        "activation", number, TARE_TFLITE_BYTE, TARE_TFLITE_NO_ACTIVATION,                         \
            TARE_TFLITE_ACTIVATION_WORDS                                                           \
    }
#define PADDING                                                                                    \
    { "padding", 0, TARE_TFLITE_BYTE, TARE_TFLITE_SAME, TARE_TFLITE_PADDING_WORDS }
#define END                                                                                        \
    { NULL, 0, TARE_TFLITE_BYTE, 0, NULL }

static const tare_tflite_field conv_fields[] = {PADDING,
                                                {"stride_w", 1, TARE_TFLITE_INT, 0, NULL},
                                                {"stride_h", 2, TARE_TFLITE_INT, 0, NULL},
                                                ACTIVATION(3),
                                                {"dilation_w", 4, TARE_TFLITE_INT, 1, NULL},
                                                {"dilation_h", 5, TARE_TFLITE_INT, 1, NULL},
                                                END};
static const tare_tflite_field depthwise_fields[] = {
    PADDING,
    {"stride_w", 1, TARE_TFLITE_INT, 0, NULL},
    {"stride_h", 2, TARE_TFLITE_INT, 0, NULL},
    {"depth_multiplier", 3, TARE_TFLITE_INT, 0, NULL},
    ACTIVATION(4),
    {"dilation_w", 5, TARE_TFLITE_INT, 1, NULL},
    {"dilation_h", 6, TARE_TFLITE_INT, 1, NULL},
    END};
static const tare_tflite_field conv_3d_fields[] = {PADDING,
                                                   {"stride_d", 1, TARE_TFLITE_INT, 0, NULL},
                                                   {"stride_w", 2, TARE_TFLITE_INT, 0, NULL},
                                                   {"stride_h", 3, TARE_TFLITE_INT, 0, NULL},
                                                   ACTIVATION(4),
                                                   {"dilation_d", 5, TARE_TFLITE_INT, 1, NULL},
                                                   {"dilation_w", 6, TARE_TFLITE_INT, 1, NULL},
                                                   {"dilation_h", 7, TARE_TFLITE_INT, 1, NULL},
                                                   END};
static const tare_tflite_field transpose_conv_fields[] = {PADDING,
                                                          {"stride_w", 1, TARE_TFLITE_INT, 0, NULL},
                                                          {"stride_h", 2, TARE_TFLITE_INT, 0, NULL},
                                                          ACTIVATION(3),
                                                          END};
static const tare_tflite_field nearest_fields[] = {
    {"align_corners", 0, TARE_TFLITE_BOOL, 0, NULL},
    {"half_pixel_centers", 1, TARE_TFLITE_BOOL, 0, NULL},
    END};
static const tare_tflite_field bilinear_fields[] = {
    {"align_corners", 2, TARE_TFLITE_BOOL, 0, NULL},
    {"half_pixel_centers", 3, TARE_TFLITE_BOOL, 0, NULL},
    END};
static const tare_tflite_field pool_fields[] = {PADDING,
                                                {"stride_w", 1, TARE_TFLITE_INT, 0, NULL},
                                                {"stride_h", 2, TARE_TFLITE_INT, 0, NULL},
                                                {"filter_w", 3, TARE_TFLITE_INT, 0, NULL},
                                                {"filter_h", 4, TARE_TFLITE_INT, 0, NULL},
                                                ACTIVATION(5),
                                                END};
static const tare_tflite_field dense_fields[] = {
    ACTIVATION(0),
    {"weights_format", 1, TARE_TFLITE_BYTE, 0, "default,shuffled4x16int8"},
    {"keep_num_dims", 2, TARE_TFLITE_BOOL, 0, NULL},
    END};
static const tare_tflite_field softmax_fields[] = {{"beta", 0, TARE_TFLITE_FLOAT, 0, NULL}, END};
static const tare_tflite_field concat_fields[] = {
    {"axis", 0, TARE_TFLITE_INT, 0, NULL}, ACTIVATION(1), END};
static const tare_tflite_field add_fields[] = {ACTIVATION(0), END};
static const tare_tflite_field reducer_fields[] = {{"keep_dims", 0, TARE_TFLITE_BOOL, 0, NULL},
                                                   END};

/* clang-format off */
#define KIND(text, of_code, of_options, least, most, of_fields, builder, of_toco, of_version)        \
    .name = text, .code = TARE_TFLITE_##of_code, .options_type = TARE_TFLITE_##of_options,         \
    .min_inputs = least, .max_inputs = most, .fields = of_fields,                                  \
    .build = tare_tflite_build_##builder, .toco = of_toco, .int8_version = of_version
#define WEIGHTS(of_x, of_weights, of_bias)                                                         \
    .has_weights = true, .x = of_x, .weights = of_weights, .bias = of_bias
static const tare_tflite_kind kinds[] = {
    {KIND("ADD", ADD, ADD_OPTIONS, 2, 2, add_fields, add, "Add", 2)},
    {KIND("AVERAGE_POOL_2D", AVERAGE_POOL_2D, POOL_2D_OPTIONS, 1, 1, pool_fields, average_pool, "AveragePool", 2),
     .same_scale = true},
    {KIND("CONCATENATION", CONCATENATION, CONCATENATION_OPTIONS, 1, 64, concat_fields, concat, "Concatenation", 2),
     .same_scale = true},
    {KIND("CONV_2D", CONV_2D, CONV_2D_OPTIONS, 2, 3, conv_fields, conv, "Conv", 3),
     WEIGHTS(0, 1, 2), .channels = 0, .each_channel = true},
    {KIND("CONV_3D", CONV_3D, CONV_3D_OPTIONS, 2, 3, conv_3d_fields, conv3d, "Conv3D", 0),
     WEIGHTS(0, 1, 2), .channels = 4},
    {KIND("DEPTHWISE_CONV_2D", DEPTHWISE_CONV_2D, DEPTHWISE_CONV_2D_OPTIONS, 2, 3, depthwise_fields, depthwise, "DepthwiseConv", 3),
     WEIGHTS(0, 1, 2), .channels = 3, .each_channel = true},
    {KIND("DEQUANTIZE", DEQUANTIZE, DEQUANTIZE_OPTIONS, 1, 1, NULL, dequantise, "Dequantize", 0)},
    {KIND("FULLY_CONNECTED", FULLY_CONNECTED, FULLY_CONNECTED_OPTIONS, 2, 3, dense_fields, dense, "FullyConnected", 4),
     WEIGHTS(0, 1, 2)},
    {KIND("LOGISTIC", LOGISTIC, NO_OPTIONS, 1, 1, NULL, logistic, "Logistic", 2),
     .fixed_scale = 1. / 256, .fixed_zero = -128, .fixed_zero_uint8 = 0},
    {KIND("MAX_POOL_2D", MAX_POOL_2D, POOL_2D_OPTIONS, 1, 1, pool_fields, max_pool, "MaxPool", 2),
     .same_scale = true},
    {KIND("MEAN", MEAN, REDUCER_OPTIONS, 2, 2, reducer_fields, mean, "Mean", 2)},
    {KIND("PAD", PAD, PAD_OPTIONS, 2, 2, NULL, pad, "Pad", 2),
     .same_scale = true},
    {KIND("QUANTIZE", QUANTIZE, QUANTIZE_OPTIONS, 1, 1, NULL, quantise, "Quantize", 0)},
    {KIND("RELU", RELU_OPERATOR, NO_OPTIONS, 1, 1, NULL, relu, "Relu", 2)},
    {KIND("RELU6", RELU6_OPERATOR, NO_OPTIONS, 1, 1, NULL, relu6, "Relu6", 2)},
    {KIND("RESHAPE", RESHAPE, RESHAPE_OPTIONS, 1, 2, NULL, reshape, "Reshape", 1),
     .same_scale = true},
 {KIND("RESIZE_BILINEAR", RESIZE_BILINEAR, RESIZE_BILINEAR_OPTIONS, 2, 2, bilinear_fields, resize_bilinear, "ResizeBilinear", 3),
     .same_scale = true},
    {KIND("RESIZE_NEAREST_NEIGHBOR", RESIZE_NEAREST_NEIGHBOR, RESIZE_NEAREST_NEIGHBOR_OPTIONS, 2, 2, nearest_fields, resize_nearest, "ResizeNearestNeighbor", 3),
     .same_scale = true},
    {KIND("SOFTMAX", SOFTMAX, SOFTMAX_OPTIONS, 1, 1, softmax_fields, softmax, "Softmax", 2),
     .fixed_scale = 1. / 256, .fixed_zero = -128, .fixed_zero_uint8 = 0},
    {KIND("TANH", TANH, NO_OPTIONS, 1, 1, NULL, tanh, "Tanh", 2),
     .fixed_scale = 1. / 128, .fixed_zero = 0, .fixed_zero_uint8 = 127},
    {KIND("TRANSPOSE_CONV", TRANSPOSE_CONV, TRANSPOSE_CONV_OPTIONS, 3, 4, transpose_conv_fields, conv_transpose, "TransposeConv", 3),
     WEIGHTS(2, 1, 3), .channels = 0, .each_channel = true},
};
/* clang-format on */

const tare_tflite_kind *tare_tflite_kind_of(int64_t code) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].code == code) return &kinds[i];
    return NULL;
}

double tare_tflite_option(const tare_tflite_operator *op, const char *name) {
    for (int i = 0; op->kind->fields[i].name != NULL; i++)
        if (strcmp(op->kind->fields[i].name, name) == 0) return op->options[i];
    return 0;
}

/* Word `index` of "same,valid"; empty when there are fewer. */
static void add_word(tare_text *text, const char *words, double index) {
    for (; index >= 1 && *words != '\0'; index--) {
        words += strcspn(words, ",");
        words += *words == ',';
    }
    tare_text_add_bytes(text, words, strcspn(words, ","));
}

char *tare_tflite_operator_options(const tare_tflite *model, size_t i) {
    if (model == NULL || i >= (size_t)model->operator_count) return NULL;
    const tare_tflite_operator *op = &model->operators[i];
    const tare_tflite_field *fields = op->kind != NULL ? op->kind->fields : NULL;
    tare_text text = {.allocator = &model->allocator};
    tare_text_add(&text, "");
    for (int k = 0; fields != NULL && fields[k].name != NULL; k++) {
        tare_text_format(&text, "%s%s=", k > 0 ? ", " : "", fields[k].name);
        if (fields[k].words != NULL)
            add_word(&text, fields[k].words, op->options[k]);
        else
            tare_text_double(&text, op->options[k]);
    }
    return tare_text_hand_out(&text);
}
