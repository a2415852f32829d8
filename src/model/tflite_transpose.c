/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transposed convolutions of .tflite models: inputs are the result's shape, weights [F, H, W, C], x
 * and perhaps a bias. The batch of x counts, whatever the shape says of it.
 */
#include "base/status.h"
#include "kernel/fixed_point.h"
#include "model/tflite_kinds.h"
#include "op/int8.h"
#include <tare/op.h>

enum { SHAPE, WEIGHTS, X, BIAS, OPERANDS };

typedef struct transposed {
    tare_tensor weights, x, bias;
    tare_list size, strides; /* height and width */
    int padding, activation;
} transposed;

static tare_status read_transposed(tare_tflite_import *import, const tare_tflite_operator *op,
                                   transposed *t) {
    tare_list shape;
    TARE_TRY(tare_tflite_list(import, op, SHAPE, &shape));
    if (shape.count != 4)
        return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "a shape of another rank",
                                  "rank 4");
    t->size = TARE_LIST(shape.values[1], shape.values[2]);
    t->activation = (int)tare_tflite_option(op, "activation");
    TARE_TRY(tare_tflite_operand(import, op, WEIGHTS, &t->weights));
    TARE_TRY(tare_tflite_operand(import, op, X, &t->x));
    TARE_TRY(tare_tflite_operand(import, op, BIAS, &t->bias));
    return tare_tflite_windows(import, op, &t->padding, &t->strides);
}

static tare_status build_float(tare_tflite_import *import, const tare_tflite_operator *op,
                               const transposed *t) {
    tare_nn_conv_transpose_options options = {TARE_NN_CONV_TRANSPOSE_DEFAULTS};
    options.strides = t->strides;
    options.padding = t->padding;
    options.output_size = t->size;
    tare_tensor y = tare_nn_conv2d_transpose_with(
        t->x, tare_transpose(t->weights, .perm = TARE_LIST(1, 2, 0, 3)), &options);
    if (t->bias.node) y = tare_bias_add(y, t->bias);
    TARE_TRY(tare_tflite_activate(import, op, t->activation, &y));
    return tare_tflite_set_output(import, op, y);
}

/* [2, results]: multipliers, then shifts. */
static tare_tensor multipliers_of(const tare_tflite_import *import, const tare_tflite_tensor *told,
                                  int64_t results, double x, double y, bool uint8) {
    const tare_allocator *allocator = &import->model->allocator;
    int32_t *numbers = tare_allocate_array(allocator, 2 * results + 1, sizeof *numbers);
    if (numbers == NULL) return TARE_NULL;
    for (int64_t f = 0; f < results; f++) {
        double product = x * (double)told->scales[told->scale_count == 1 ? 0 : f];
        if (uint8) product = (double)(float)product;
        const tare_multiplier by = tare_multiplier_of(product / y);
        numbers[f] = by.multiplier;
        numbers[results + f] = by.shift;
    }
    const tare_tensor made =
        tare_tflite_constant(import, TARE_INT32, TARE_SHAPE(2, results), numbers);
    tare_release(allocator, numbers, (size_t)(2 * results + 1) * sizeof *numbers);
    return made;
}

static tare_status build_whole(tare_tflite_import *import, const tare_tflite_operator *op,
                               const transposed *t) {
    const tare_tflite_array *weights = tare_tflite_operand_array(import, op, WEIGHTS);
    const int64_t results = weights->told.shape.rank == 4 ? weights->told.shape.extents[0] : 0;
    const bool uint8 = weights->told.dtype == TARE_UINT8;
    tare_int8_transpose_options options = {TARE_INT8_TRANSPOSE_DEFAULTS};
    tare_tflite_scale x, y, w = {0, 0};
    tare_tflite_bounds bounds;
    TARE_TRY(tare_tflite_check_weights(import, op, WEIGHTS, 0));
    if (weights->told.scale_count == 1) TARE_TRY(tare_tflite_one_scale(import, op, weights, &w));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_operand_array(import, op, X), &x));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_output_array(import, op), &y));
    TARE_TRY(tare_tflite_bounds_of(import, op, t->activation, y, &bounds));
    options.strides = t->strides;
    options.padding = t->padding;
    options.output_size = t->size;
    options.x_zero = x.zero;
    options.w_zero = w.zero;
    options.y_zero = y.zero;
    options.least = bounds.least;
    options.most = bounds.most;
    const tare_tensor multipliers =
        multipliers_of(import, &weights->told, results, x.scale, y.scale, uint8);
    if (!multipliers.node) return tare_fail_memory(import->error);
    const tare_tensor inputs[] = {t->x, t->weights, multipliers, t->bias};
    return tare_tflite_set_output(
        import, op, tare_build(import->graph, "int8_conv2d_transpose", inputs, 4, &options));
}

TARE_TFLITE_BUILDER(conv_transpose) {
    transposed t;
    bool whole = false, whole_weights = false;
    TARE_TRY(tare_tflite_numbers(import, op, X, &whole));
    TARE_TRY(tare_tflite_numbers(import, op, WEIGHTS, &whole_weights));
    if (whole != whole_weights)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED,
                                  "float and whole numbers together", "one of them");
    TARE_TRY(read_transposed(import, op, &t));
    return whole ? build_whole(import, op, &t) : build_float(import, op, &t);
}
