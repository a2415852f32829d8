/* SPDX-License-Identifier: Apache-2.0 */
/* Exporting what is no product: activations, pools, means, movement, sums, ranges. */
#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "model/tflite_export.h"
#include "op/resize.h"
#include <tare/quantise.h>

#include <math.h>

static tare_status export_plain(tare_exporting *e, const tare_node *node, int64_t code,
                                tare_tflite_operator **op) {
    int32_t input = -1;
    TARE_TRY(tare_export_operand(e, node, 0, &input));
    return tare_export_operator(e, node, code, &input, 1, op);
}

static tare_status export_rectifier(tare_exporting *e, const tare_node *node, int activation,
                                    int64_t code) {
    tare_tflite_operator *op = tare_export_open_before(e, node);
    const bool merges = op && (op->kind->has_weights || op->kind->code == TARE_TFLITE_ADD);
    if (!merges) return export_plain(e, node, code, &op);
    tare_export_set(op, "activation", activation);
    return tare_export_take_over(e, node, op);
}

TARE_EXPORTER(relu) {
    return export_rectifier(e, node, TARE_TFLITE_RELU, TARE_TFLITE_RELU_OPERATOR);
}
TARE_EXPORTER(relu6) {
    return export_rectifier(e, node, TARE_TFLITE_RELU6, TARE_TFLITE_RELU6_OPERATOR);
}
TARE_EXPORTER(sigmoid) {
    tare_tflite_operator *op;
    return export_plain(e, node, TARE_TFLITE_LOGISTIC, &op);
}
TARE_EXPORTER(tanh) {
    tare_tflite_operator *op;
    return export_plain(e, node, TARE_TFLITE_TANH, &op);
}

TARE_EXPORTER(softmax) {
    const tare_softmax_options *o = node->options;
    const int rank = node->outputs[0].shape.rank;
    tare_tflite_operator *op = NULL;
    if (tare_shape_axis(o->axis, rank) != rank - 1)
        return tare_export_refuse(e, node, "another axis", "the last one");
    TARE_TRY(export_plain(e, node, TARE_TFLITE_SOFTMAX, &op));
    tare_export_set(op, "beta", 1);
    return TARE_OK;
}

static tare_status export_pool(tare_exporting *e, const tare_node *node, int64_t code) {
    const tare_nn_pool_options *o = node->options;
    tare_tflite_operator *op = NULL;
    TARE_TRY(export_plain(e, node, code, &op));
    tare_export_set(op, "filter_h", (double)tare_export_entry(o->ksize, 0));
    tare_export_set(op, "filter_w", (double)tare_export_entry(o->ksize, 1));
    return tare_export_windows(e, node, op, o->padding, o->strides, o->data_format);
}

TARE_EXPORTER(max_pool) { return export_pool(e, node, TARE_TFLITE_MAX_POOL_2D); }
TARE_EXPORTER(average_pool) { return export_pool(e, node, TARE_TFLITE_AVERAGE_POOL_2D); }

/* An operator whose second input is a list. */
static tare_status export_with_list(tare_exporting *e, const tare_node *node, int64_t code,
                                    const char *what, const int64_t *numbers, int count,
                                    tare_tflite_operator **op) {
    int32_t inputs[2];
    TARE_TRY(tare_export_operand(e, node, 0, &inputs[0]));
    TARE_TRY(tare_export_list(e, node, what, numbers, count, &inputs[1]));
    return tare_export_operator(e, node, code, inputs, 2, op);
}

TARE_EXPORTER(reshape) {
    const tare_shape y = node->outputs[0].shape;
    tare_tflite_operator *op;
    if (y.rank < 1) return tare_export_refuse(e, node, "a scalar", "rank 1 or more");
    return export_with_list(e, node, TARE_TFLITE_RESHAPE, "shape", y.extents, y.rank, &op);
}

TARE_EXPORTER(mean) {
    const tare_reduce_options *o = node->options;
    tare_tflite_operator *op = NULL;
    if (o->axis.count < 1)
        return tare_export_refuse(e, node, "a mean over all axes", "axes that are named");
    TARE_TRY(
        export_with_list(e, node, TARE_TFLITE_MEAN, "axes", o->axis.values, o->axis.count, &op));
    tare_export_set(op, "keep_dims", o->keepdims);
    return TARE_OK;
}

TARE_EXPORTER(add) {
    int32_t inputs[2];
    tare_tflite_operator *op;
    for (int i = 0; i < 2; i++) TARE_TRY(tare_export_operand(e, node, i, &inputs[i]));
    return tare_export_operator(e, node, TARE_TFLITE_ADD, inputs, 2, &op);
}

TARE_EXPORTER(pad) {
    const tare_pad_options *o = node->options;
    const int rank = node->outputs[0].shape.rank;
    int64_t around[2 * TARE_MAX_RANK] = {0};
    tare_tflite_operator *op;
    if (o->mode != TARE_PAD_CONSTANT || o->constant_values != 0 || rank < 1)
        return tare_export_refuse(e, node, "padding by other numbers than 0", "zeros");
    for (int axis = 0; axis < rank; axis++) {
        around[2 * axis] = o->before.values[axis];
        around[2 * axis + 1] = o->after.values[axis];
    }
    TARE_TRY(export_with_list(e, node, TARE_TFLITE_PAD, "paddings", around, 2 * rank, &op));
    tare_tflite_array *list = &e->model->tensors[op->inputs[1]];
    list->told.shape = list->signature = TARE_SHAPE(rank, 2);
    return TARE_OK;
}

static tare_status export_resize(tare_exporting *e, const tare_node *node, int64_t code) {
    const tare_resize_node_options *o = node->options;
    tare_tflite_operator *op = NULL;
    TARE_TRY(export_with_list(e, node, code, "size", o->size.values, 2, &op));
    tare_export_set(op, "align_corners", o->align_corners);
    tare_export_set(op, "half_pixel_centers", o->half_pixel_centers);
    op->version = 3; /* the first that knows half_pixel_centers */
    return TARE_OK;
}

TARE_EXPORTER(resize_nearest) {
    return export_resize(e, node, TARE_TFLITE_RESIZE_NEAREST_NEIGHBOR);
}
TARE_EXPORTER(resize_bilinear) { return export_resize(e, node, TARE_TFLITE_RESIZE_BILINEAR); }

TARE_EXPORTER(identity) { return tare_export_operand(e, node, 0, &e->tensor[node->id]); }

/* The range that training saw stays with the tensor; the numbers stay float. */
static tare_status keep_range(tare_exporting *e, const tare_node *node, double min, double max) {
    int32_t *tensor = &e->tensor[node->id];
    char got[2 * TARE_NUMBER_TEXT + 32], a[TARE_NUMBER_TEXT], b[TARE_NUMBER_TEXT];
    tare_print(got, sizeof got, "min %s and max %s", tare_double_text(a, min),
               tare_double_text(b, max));
    if (!(min <= max) || !isfinite(min) || !isfinite(max))
        return tare_export_refuse(e, node, got, "finite numbers, min no more than max");
    TARE_TRY(tare_export_operand(e, node, 0, tensor));
    tare_tflite_tensor *told = &e->model->tensors[*tensor].told;
    told->ranged = true;
    told->min = min;
    told->max = max;
    return TARE_OK;
}

TARE_EXPORTER(fake_quant_args) {
    const tare_fake_quant_args_options *o = node->options;
    return keep_range(e, node, o->min, o->max);
}

TARE_EXPORTER(fake_quant_vars) {
    const tare_array *min = NULL, *max = NULL;
    TARE_TRY(tare_export_numbers(e, node, tare_export_input(e, node, 1), &min));
    TARE_TRY(tare_export_numbers(e, node, tare_export_input(e, node, 2), &max));
    return keep_range(e, node, tare_array_number(min, 0), tare_array_number(max, 0));
}
