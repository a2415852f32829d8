/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exporting convolutions and dense layers, and what goes into them: biases, folded normalisations,
 * factors. Weights change their order:
 *
 *     conv2d            [H, W, C, F]     -> [F, H, W, C]
 *     depthwise         [H, W, C, M]     -> [1, H, W, C M], the same numbers
 *     conv2d_transpose  [H, W, F, C]     -> [F, H, W, C]
 *     conv3d            [D, H, W, C, F]  as they are
 *     dense             [C, F]           -> [F, C]
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/normalisation.h"
#include "model/tflite_export.h"
#include "op/batch_norm.h"

#include <string.h>

enum { GROUPED_VERSION = 6, BIASED_TRANSPOSE_VERSION = 3 };

/* ------------------------------------------------------------------------------------- weights */

static void put_float(unsigned char *data, int64_t i, float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    tare_put_32(data + i * (int64_t)sizeof bits, bits);
}

static float get_float(const unsigned char *data, int64_t i) {
    const uint32_t bits = tare_get_32(data + i * (int64_t)sizeof bits);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* A product's weights: a variable [rows, columns, inner], written as [columns, rows, inner] where
 * they are turned; shape: in the file. */
typedef struct weights {
    int64_t code;
    tare_shape shape;
    int64_t rows, columns, inner;
    bool turned;
} weights;

static void put_weights(unsigned char *data, const float *numbers, const weights *w) {
    for (int64_t r = 0; r < w->rows; r++)
        for (int64_t c = 0; c < w->columns; c++)
            for (int64_t i = 0; i < w->inner; i++) {
                const int64_t from = (r * w->columns + c) * w->inner + i;
                put_float(data, w->turned ? (c * w->rows + r) * w->inner + i : from, numbers[from]);
            }
}

/* Weights, and a bias of zeros to be added to: the operator's inputs `weights` and `bias`. */
static tare_status add_weights(tare_exporting *e, const tare_node *node, const weights *w,
                               int32_t *weights_index, int32_t *bias_index) {
    const tare_node *variable = tare_export_input(e, node, 1);
    const int64_t results = w->shape.extents[tare_tflite_kind_of(w->code)->channels];
    const tare_array *numbers = NULL;
    char name[256];
    TARE_TRY(tare_export_numbers(e, node, variable, &numbers));
    unsigned char *data =
        tare_export_constant(e, variable->name, TARE_TFLITE_FLOAT32, w->shape, weights_index);
    if (!data) return tare_fail_memory(e->error);
    put_weights(data, numbers->data, w);
    tare_print(name, sizeof name, "%s/bias", node->name);
    data = tare_export_constant(e, name, TARE_TFLITE_FLOAT32, TARE_SHAPE(results), bias_index);
    if (!data) return tare_fail_memory(e->error);
    memset(data, 0, (size_t)results * sizeof(float));
    return TARE_OK;
}

/* The product of tensor x. */
static tare_status add_product(tare_exporting *e, const tare_node *node, const weights *w,
                               int32_t x, tare_tflite_operator **made) {
    int32_t inputs[3] = {x};
    TARE_TRY(add_weights(e, node, w, &inputs[1], &inputs[2]));
    return tare_export_operator(e, node, w->code, inputs, 3, made);
}

/* The shape of the variable that is the node's input 1; of any rank where it is none. */
static tare_shape filter_shape(const tare_exporting *e, const tare_node *node) {
    const tare_node *variable = tare_export_input(e, node, 1);
    const tare_shape shape = variable ? variable->outputs[0].shape : TARE_ANY_SHAPE;
    return tare_shape_known(shape) ? shape : TARE_ANY_SHAPE;
}

/* -------------------------------------------------------------------------------- convolutions */

/* Input 0, with zeros around it where padding is explicit; *padding is what is left to do. */
static tare_status find_padded(tare_exporting *e, const tare_node *node,
                               const tare_nn_conv_options *o, int32_t *x, int *padding) {
    TARE_TRY(tare_export_operand(e, node, 0, x));
    *padding = o->padding;
    if (o->padding != TARE_PADDING_EXPLICIT || o->data_format != TARE_NHWC) return TARE_OK;
    *padding = TARE_PADDING_VALID;
    return tare_export_padding(e, node, o->before, o->after, x);
}

static tare_status export_filter(tare_exporting *e, const tare_node *node, bool depthwise,
                                 const tare_nn_conv_options *o) {
    const tare_shape w = filter_shape(e, node);
    tare_tflite_operator *op = NULL;
    int32_t x = -1;
    int padding = 0;
    if (w.rank != 4) return tare_export_refuse(e, node, "another filter", "a variable of rank 4");
    const int64_t taps = w.extents[0] * w.extents[1], depth = w.extents[2], last = w.extents[3];
    const weights given = {.code = depthwise ? TARE_TFLITE_DEPTHWISE_CONV_2D : TARE_TFLITE_CONV_2D,
                           .shape = depthwise
                                        ? TARE_SHAPE(1, w.extents[0], w.extents[1], depth * last)
                                        : TARE_SHAPE(last, w.extents[0], w.extents[1], depth),
                           .rows = taps * depth,
                           .columns = last,
                           .inner = 1,
                           .turned = !depthwise};
    TARE_TRY(find_padded(e, node, o, &x, &padding));
    TARE_TRY(add_product(e, node, &given, x, &op));
    TARE_TRY(tare_export_windows(e, node, op, padding, o->strides, o->data_format));
    tare_export_set(op, "dilation_h", (double)tare_export_entry(o->dilations, 0));
    tare_export_set(op, "dilation_w", (double)tare_export_entry(o->dilations, 1));
    if (depthwise) tare_export_set(op, "depth_multiplier", (double)last);
    if (!depthwise && o->groups != 1) op->version = GROUPED_VERSION;
    return TARE_OK;
}

TARE_EXPORTER(conv) {
    const tare_nn_conv_options *o = node->options;
    return export_filter(e, node, o->groups == 0, o);
}

TARE_EXPORTER(depthwise) {
    const tare_nn_depthwise_conv2d_options *given = node->options;
    tare_nn_conv_options o = {TARE_NN_CONV_DEFAULTS};
    o.strides = given->strides;
    o.padding = given->padding;
    o.before = given->before;
    o.after = given->after;
    o.dilations = given->dilations;
    o.data_format = given->data_format;
    return export_filter(e, node, true, &o);
}

TARE_EXPORTER(conv3d) {
    const tare_nn_conv_options *o = node->options;
    const tare_shape w = filter_shape(e, node);
    tare_tflite_operator *op = NULL;
    int32_t x = -1;
    int padding = 0;
    if (w.rank != 5 || o->groups != 1)
        return tare_export_refuse(e, node, "another filter, or groups",
                                  "a variable of rank 5 and one group");
    const weights given = {.code = TARE_TFLITE_CONV_3D,
                           .shape = w,
                           .rows = tare_shape_count(w),
                           .columns = 1,
                           .inner = 1};
    const tare_list sides = {
        .count = 2, .values = {tare_export_entry(o->strides, 1), tare_export_entry(o->strides, 2)}};
    TARE_TRY(find_padded(e, node, o, &x, &padding));
    TARE_TRY(add_product(e, node, &given, x, &op));
    TARE_TRY(tare_export_windows(e, node, op, padding, sides, o->data_format));
    tare_export_set(op, "stride_d", (double)tare_export_entry(o->strides, 0));
    tare_export_set(op, "dilation_d", (double)tare_export_entry(o->dilations, 0));
    tare_export_set(op, "dilation_h", (double)tare_export_entry(o->dilations, 1));
    tare_export_set(op, "dilation_w", (double)tare_export_entry(o->dilations, 2));
    return TARE_OK;
}

/* Its result's extents stand in the file, the batch's too: from then on it is 1. */
TARE_EXPORTER(conv_transpose) {
    const tare_nn_conv_transpose_options *o = node->options;
    const tare_shape w = filter_shape(e, node);
    tare_tflite_operator *op = NULL;
    tare_shape y = node->outputs[0].shape;
    int32_t inputs[TARE_EXPORT_INPUTS];
    if (w.rank != 4 || y.rank != 4 || o->groups != 1 || tare_export_entry(o->dilations, 0) != 1 ||
        tare_export_entry(o->dilations, 1) != 1)
        return tare_export_refuse(e, node, "another filter, groups or dilations",
                                  "a variable of rank 4, one group and no dilation");
    const weights given = {.code = TARE_TFLITE_TRANSPOSE_CONV,
                           .shape =
                               TARE_SHAPE(w.extents[2], w.extents[0], w.extents[1], w.extents[3]),
                           .rows = w.extents[0] * w.extents[1],
                           .columns = w.extents[2],
                           .inner = w.extents[3],
                           .turned = true};
    y.extents[0] = 1;
    TARE_TRY(tare_export_list(e, node, "shape", y.extents, y.rank, &inputs[0]));
    TARE_TRY(add_weights(e, node, &given, &inputs[1], &inputs[3]));
    TARE_TRY(tare_export_operand(e, node, 0, &inputs[2]));
    TARE_TRY(tare_export_operator(e, node, given.code, inputs, TARE_EXPORT_INPUTS, &op));
    op->version = BIASED_TRANSPOSE_VERSION;
    e->batch_of_1 = true;
    return tare_export_windows(e, node, op, o->padding, o->strides, o->data_format);
}

TARE_EXPORTER(matmul) {
    const tare_matmul_options *o = node->options;
    const tare_shape w = filter_shape(e, node);
    tare_tflite_operator *op = NULL;
    int32_t x = -1;
    if (w.rank != 2 || o->transpose_a || node->input_count > 2 || node->outputs[0].shape.rank != 2)
        return tare_export_refuse(e, node, "a product of other than rows and a matrix of weights",
                                  "x [N, C] and a variable of rank 2");
    const int64_t rows = w.extents[0], columns = w.extents[1];
    const weights given = {.code = TARE_TFLITE_FULLY_CONNECTED,
                           .shape = o->transpose_b ? w : TARE_SHAPE(columns, rows),
                           .rows = rows,
                           .columns = columns,
                           .inner = 1,
                           .turned = !o->transpose_b};
    TARE_TRY(tare_export_operand(e, node, 0, &x));
    return add_product(e, node, &given, x, &op);
}

/* -------------------------------------------------------------------------- what goes into them */

tare_tflite_operator *tare_export_open_before(const tare_exporting *e, const tare_node *node) {
    const int32_t id = node->inputs[0].node, tensor = e->tensor[id];
    const int32_t maker = tensor >= 0 ? e->maker[tensor] : -1;
    tare_tflite_operator *op = maker >= 0 ? &e->model->operators[maker] : NULL;
    const bool open =
        op && e->uses[id] == 1 && tare_tflite_option(op, "activation") == TARE_TFLITE_NO_ACTIVATION;
    return open ? op : NULL;
}

tare_tflite_operator *tare_export_product_before(const tare_exporting *e, const tare_node *node) {
    tare_tflite_operator *op = tare_export_open_before(e, node);
    return op && op->kind->has_weights ? op : NULL;
}

tare_status tare_export_take_over(tare_exporting *e, const tare_node *node,
                                  const tare_tflite_operator *op) {
    tare_tflite_array *result = &e->model->tensors[op->outputs[0]];
    result->told.name = tare_arena_text(e->model->arena, node->name);
    e->tensor[node->id] = op->outputs[0];
    return result->told.name ? TARE_OK : tare_fail_memory(e->error);
}

static tare_status add_to_bias(tare_exporting *e, const tare_node *node, const float *numbers,
                               int64_t count) {
    tare_tflite_operator *op = tare_export_product_before(e, node);
    if (!op)
        return tare_export_refuse(e, node, "an input that is no product of its own", "a product");
    const tare_tflite_array *bias = &e->model->tensors[op->inputs[op->kind->bias]];
    unsigned char *data = (unsigned char *)bias->data;
    if (count != bias->told.shape.extents[0])
        return tare_export_refuse(e, node, "channels of another axis than the product's",
                                  "the last axis");
    for (int64_t i = 0; i < count; i++) put_float(data, i, get_float(data, i) + numbers[i]);
    return tare_export_take_over(e, node, op);
}

TARE_EXPORTER(bias) {
    const tare_array *bias = NULL;
    TARE_TRY(tare_export_numbers(e, node, tare_export_input(e, node, 1), &bias));
    return add_to_bias(e, node, bias->data, bias->count);
}

/* What folding left of a layer: a shift, or nothing. */
TARE_EXPORTER(batch_norm) {
    const tare_batch_norm_node_options *o = node->options;
    const tare_array *arrays[TARE_BATCH_NORM_TRAINING] = {NULL};
    for (int i = TARE_BATCH_NORM_GAMMA; i < TARE_BATCH_NORM_TRAINING; i++) {
        const tare_node *input = tare_export_input(e, node, i);
        if (input) TARE_TRY(tare_export_numbers(e, node, input, &arrays[i]));
    }
    const tare_array *mean = arrays[TARE_BATCH_NORM_MOVING_MEAN],
                     *variance = arrays[TARE_BATCH_NORM_MOVING_VARIANCE],
                     *gamma = arrays[TARE_BATCH_NORM_GAMMA], *beta = arrays[TARE_BATCH_NORM_BETA];
    if (!mean || !variance)
        return tare_export_refuse(e, node, "a normalisation by the batch's own statistics",
                                  "moving ones");
    const int64_t channels = variance->count;
    float *scale = tare_arena_allocate_array(e->model->arena, channels + 1, 2 * sizeof *scale);
    if (!scale) return tare_fail_memory(e->error);
    const tare_normalisation_f32 by = {.mean = mean->data,
                                       .variance = variance->data,
                                       .gamma = gamma ? gamma->data : NULL,
                                       .beta = beta ? beta->data : NULL,
                                       .epsilon = o->epsilon};
    tare_scale_and_shift_f32(channels, &by, scale, scale + channels);
    for (int64_t c = 0; c < channels; c++)
        if (scale[c] != 1)
            return tare_export_refuse(e, node, "a batch normalisation that is not folded",
                                      "tare_fold first, which tells why one stays");
    return add_to_bias(e, node, scale + channels, channels);
}

static void multiply_constant(tare_exporting *e, int32_t tensor, double factor) {
    const tare_tflite_array *array = &e->model->tensors[tensor];
    unsigned char *data = (unsigned char *)array->data;
    for (int64_t i = 0; i < array->data_bytes / (int64_t)sizeof(float); i++)
        put_float(data, i, (float)((double)get_float(data, i) * factor));
}

/* A number that multiplies a product, or divides it, goes into weights and bias. */
static tare_status export_factor(tare_exporting *e, const tare_node *node, bool divides) {
    const tare_node *number = tare_export_input(e, node, 1);
    const tare_constant_node_options *constant =
        number && (number->def->flags & TARE_OP_CONSTANT) ? number->options : NULL;
    const tare_tflite_operator *op = tare_export_product_before(e, node);
    if (!constant || constant->array->count != 1 || !op ||
        e->model->tensors[op->outputs[0]].told.ranged)
        return tare_export_refuse(e, node, "other than a product and a number",
                                  "a convolution or dense layer, and one constant number");
    const double given = tare_array_number(constant->array, 0),
                 factor = divides ? 1 / given : given;
    multiply_constant(e, op->inputs[op->kind->weights], factor);
    multiply_constant(e, op->inputs[op->kind->bias], factor);
    return tare_export_take_over(e, node, op);
}

TARE_EXPORTER(mul) { return export_factor(e, node, false); }
TARE_EXPORTER(div) { return export_factor(e, node, true); }
