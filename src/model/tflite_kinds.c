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
static const tare_tflite_kind kinds[] = {
    {"ADD", TARE_TFLITE_ADD, TARE_TFLITE_ADD_OPTIONS, 2, 2, add_fields, tare_tflite_build_add},
    {"AVERAGE_POOL_2D", TARE_TFLITE_AVERAGE_POOL_2D, TARE_TFLITE_POOL_2D_OPTIONS, 1, 1, pool_fields,
     tare_tflite_build_average_pool},
    {"CONCATENATION", TARE_TFLITE_CONCATENATION, TARE_TFLITE_CONCATENATION_OPTIONS, 1, 64,
     concat_fields, tare_tflite_build_concat},
    {"CONV_2D", TARE_TFLITE_CONV_2D, TARE_TFLITE_CONV_2D_OPTIONS, 2, 3, conv_fields,
     tare_tflite_build_conv},
    {"DEPTHWISE_CONV_2D", TARE_TFLITE_DEPTHWISE_CONV_2D, TARE_TFLITE_DEPTHWISE_CONV_2D_OPTIONS, 2,
     3, depthwise_fields, tare_tflite_build_depthwise},
    {"DEQUANTIZE", TARE_TFLITE_DEQUANTIZE, TARE_TFLITE_DEQUANTIZE_OPTIONS, 1, 1, NULL,
     tare_tflite_build_dequantise},
    {"FULLY_CONNECTED", TARE_TFLITE_FULLY_CONNECTED, TARE_TFLITE_FULLY_CONNECTED_OPTIONS, 2, 3,
     dense_fields, tare_tflite_build_dense},
    {"LOGISTIC", TARE_TFLITE_LOGISTIC, TARE_TFLITE_NO_OPTIONS, 1, 1, NULL,
     tare_tflite_build_logistic},
    {"MAX_POOL_2D", TARE_TFLITE_MAX_POOL_2D, TARE_TFLITE_POOL_2D_OPTIONS, 1, 1, pool_fields,
     tare_tflite_build_max_pool},
    {"MEAN", TARE_TFLITE_MEAN, TARE_TFLITE_REDUCER_OPTIONS, 2, 2, reducer_fields,
     tare_tflite_build_mean},
    {"PAD", TARE_TFLITE_PAD, TARE_TFLITE_PAD_OPTIONS, 2, 2, NULL, tare_tflite_build_pad},
    {"QUANTIZE", TARE_TFLITE_QUANTIZE, TARE_TFLITE_QUANTIZE_OPTIONS, 1, 1, NULL,
     tare_tflite_build_quantise},
    {"RELU", TARE_TFLITE_RELU_OPERATOR, TARE_TFLITE_NO_OPTIONS, 1, 1, NULL,
     tare_tflite_build_relu},
    {"RELU6", TARE_TFLITE_RELU6_OPERATOR, TARE_TFLITE_NO_OPTIONS, 1, 1, NULL,
     tare_tflite_build_relu6},
    {"RESHAPE", TARE_TFLITE_RESHAPE, TARE_TFLITE_RESHAPE_OPTIONS, 1, 2, NULL,
     tare_tflite_build_reshape},
    {"SOFTMAX", TARE_TFLITE_SOFTMAX, TARE_TFLITE_SOFTMAX_OPTIONS, 1, 1, softmax_fields,
     tare_tflite_build_softmax},
    {"TANH", TARE_TFLITE_TANH, TARE_TFLITE_NO_OPTIONS, 1, 1, NULL, tare_tflite_build_tanh},
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
    if (i >= tare_tflite_operator_count(model)) return NULL;
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
