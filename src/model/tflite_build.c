/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .tflite model as a graph: operators in order, constants when they are first read. Tensors of
 * uint8 become int8 ones whose numbers and zero points are 128 less, so that whole numbers have one
 * kind of ops; the model's own ends stay uint8.
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/int8_others.h"
#include "model/tflite_kinds.h"
#include <tare/op.h>

#include <math.h>
#include <string.h>

tare_status tare_tflite_refuse(const tare_tflite_import *import, const tare_tflite_operator *op,
                               tare_status status, const char *got, const char *need) {
    const char *output = "";
    if (op->output_count > 0) output = import->model->tensors[op->outputs[0]].told.name;
    return tare_fail_at(import->error, status, op->kind->name, output, got, need);
}

/* ------------------------------------------------------------------------------------ constants */

tare_tensor tare_tflite_constant(const tare_tflite_import *import, tare_dtype dtype,
                                 tare_shape shape, const void *numbers) {
    tare_array *array = NULL;
    if (tare_array_copy_of(dtype, shape, numbers, &array) != TARE_OK)
        return tare_build_fail(import->graph, TARE_ERROR_MEMORY, "constant", "",
                               "no memory for its numbers", "some");
    const tare_tensor constant = tare_constant(import->graph, array);
    tare_array_free(array);
    return constant;
}

tare_dtype tare_tflite_dtype(const tare_tflite_array *array) {
    return array->told.dtype == TARE_UINT8 ? TARE_INT8 : array->told.dtype;
}

/* The numbers lie at any address, little-endian. */
static void copy_numbers(const tare_tflite_array *array, tare_array *made) {
    const size_t size = tare_dtype_size(array->told.dtype);
    for (int64_t i = 0; i < made->count; i++) {
        const unsigned char *from = array->data + i * (int64_t)size;
        unsigned char *to = (unsigned char *)made->data + i * (int64_t)size;
        const uint32_t half = size == sizeof half ? tare_get_32(from) : 0;
        const uint64_t whole = size == sizeof whole ? tare_get_64(from) : 0;
        if (size == sizeof half)
            memcpy(to, &half, sizeof half);
        else if (size == sizeof whole)
            memcpy(to, &whole, sizeof whole);
        else
            memcpy(to, from, size);
    }
    if (array->told.dtype == TARE_UINT8) tare_int8_shift(made->count, made->data, made->data);
}

static tare_status make_constant(tare_tflite_import *import, int32_t index) {
    const tare_tflite_array *array = &import->model->tensors[index];
    tare_array *made = NULL;
    if (tare_array_new(tare_tflite_dtype(array), array->told.shape, NULL, &made) != TARE_OK)
        return tare_fail_memory(import->error);
    copy_numbers(array, made);
    import->tensors[index] = tare_constant(import->graph, made);
    tare_array_free(made);
    return tare_graph_status(import->graph);
}

/* ------------------------------------------------------------------------------------- operands */

const tare_tflite_array *tare_tflite_operand_array(const tare_tflite_import *import,
                                                   const tare_tflite_operator *op, int i) {
    if (i >= op->input_count || op->inputs[i] < 0) return NULL;
    return &import->model->tensors[op->inputs[i]];
}

const tare_tflite_array *tare_tflite_output_array(const tare_tflite_import *import,
                                                  const tare_tflite_operator *op) {
    return &import->model->tensors[op->outputs[0]];
}

tare_status tare_tflite_operand(tare_tflite_import *import, const tare_tflite_operator *op, int i,
                                tare_tensor *tensor) {
    const tare_tflite_array *array = tare_tflite_operand_array(import, op, i);
    *tensor = TARE_NULL;
    if (array == NULL) {
        if (i >= op->kind->min_inputs) return TARE_OK;
        return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "an input left out",
                                  "all of them");
    }
    if (array->told.dtype == TARE_DTYPE_NONE)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, array->told.type,
                                  "numbers of float, int or bool");
    if (!import->tensors[op->inputs[i]].node) TARE_TRY(make_constant(import, op->inputs[i]));
    *tensor = import->tensors[op->inputs[i]];
    return TARE_OK;
}

/* The graph's idea of the shape may know less, and may know another batch. */
tare_status tare_tflite_set_output(tare_tflite_import *import, const tare_tflite_operator *op,
                                   tare_tensor y) {
    const tare_tflite_array *array = tare_tflite_output_array(import, op);
    tare_shape promised = array->signature;
    char got[TARE_SHAPE_TEXT + 32], need[TARE_SHAPE_TEXT + 32], text[TARE_SHAPE_TEXT];
    TARE_TRY(tare_graph_status(import->graph));
    const tare_shape shape = tare_tensor_shape(y);
    if (shape.rank > 0 && promised.rank > 0 && shape.extents[0] == TARE_ANY)
        promised.extents[0] = TARE_ANY;
    import->tensors[op->outputs[0]] = y;
    if (tare_tensor_dtype(y) == tare_tflite_dtype(array) && tare_shape_compatible(shape, promised))
        return TARE_OK;
    tare_print(got, sizeof got, "a result %s %s", tare_dtype_name(tare_tensor_dtype(y)),
               tare_shape_text(text, shape));
    tare_print(need, sizeof need, "%s %s, as the file says", array->told.type,
               tare_shape_text(text, promised));
    return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, got, need);
}

tare_status tare_tflite_list(const tare_tflite_import *import, const tare_tflite_operator *op,
                             int input, tare_list *list) {
    const tare_tflite_array *array = tare_tflite_operand_array(import, op, input);
    if (array == NULL || !array->told.constant || array->told.dtype != TARE_INT32 ||
        array->data_bytes / (int64_t)sizeof(int32_t) > TARE_MAX_RANK * 2)
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "a list made while running",
                                  "a short constant one of INT32");
    const int64_t count = array->data_bytes / (int64_t)sizeof(int32_t);
    if (count > (int64_t)(sizeof list->values / sizeof *list->values))
        return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "a long list", "a short one");
    *list = (tare_list){.count = (int)count};
    for (int64_t i = 0; i < count; i++)
        list->values[i] = (int32_t)tare_get_32(array->data + i * (int64_t)sizeof(int32_t));
    return TARE_OK;
}

/* --------------------------------------------------------------------------------------- numbers
 */

tare_status tare_tflite_numbers(const tare_tflite_import *import, const tare_tflite_operator *op,
                                int input, bool *whole) {
    const tare_tflite_array *array = tare_tflite_operand_array(import, op, input);
    *whole = array != NULL && tare_tflite_dtype(array) == TARE_INT8;
    if (*whole || (array != NULL && array->told.dtype == TARE_FLOAT32)) return TARE_OK;
    return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED,
                              array == NULL ? "no input" : array->told.type,
                              "FLOAT32, INT8 or UINT8");
}

tare_status tare_tflite_one_scale(const tare_tflite_import *import, const tare_tflite_operator *op,
                                  const tare_tflite_array *array, tare_tflite_scale *found) {
    char got[96];
    tare_print(got, sizeof got, "%lld scales for one tensor", (long long)array->told.scale_count);
    if (array->told.scale_count != 1)
        return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, got, "1 scale and 1 zero point");
    *found = (tare_tflite_scale){(double)array->told.scales[0], array->told.zero_points[0]};
    const bool uint8 = array->told.dtype == TARE_UINT8;
    const int64_t least = uint8 ? 0 : INT8_MIN;
    tare_print(got, sizeof got, "a zero point of %lld", (long long)found->zero);
    if (found->zero < least || found->zero > least + UINT8_MAX)
        return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, got,
                                  uint8 ? "0 to 255 of UINT8" : "-128 to 127 of INT8");
    found->zero += INT8_MIN - least;
    return TARE_OK;
}

/* zero + round(x / scale), as TensorFlow Lite: in float. */
static int64_t quantum(float x, tare_tflite_scale by) {
    const float steps = roundf(x / (float)by.scale);
    return steps < 1e6F ? by.zero + (int64_t)steps : INT8_MAX;
}

/* Least and greatest number of each activation. */
static const struct {
    bool known, bounded[2];
    float least, most;
} activations[] = {
    [TARE_TFLITE_NO_ACTIVATION] = {true, {false, false}, 0, 0},
    [TARE_TFLITE_RELU] = {true, {true, false}, 0, 0},
    [TARE_TFLITE_RELU_N1_TO_1] = {true, {true, true}, -1, 1},
    [TARE_TFLITE_RELU6] = {true, {true, true}, 0, 6},
};

static tare_status check_activation(const tare_tflite_import *import,
                                    const tare_tflite_operator *op, int activation) {
    const int known = sizeof activations / sizeof *activations;
    if (activation >= 0 && activation < known && activations[activation].known) return TARE_OK;
    return tare_tflite_refuse(import, op, TARE_ERROR_UNSUPPORTED, "another activation",
                              "none, relu, relu_n1_to_1 or relu6");
}

tare_status tare_tflite_bounds_of(const tare_tflite_import *import, const tare_tflite_operator *op,
                                  int activation, tare_tflite_scale y, tare_tflite_bounds *bounds) {
    *bounds = (tare_tflite_bounds){INT8_MIN, INT8_MAX};
    TARE_TRY(check_activation(import, op, activation));
    const int64_t least = quantum(activations[activation].least, y),
                  most = quantum(activations[activation].most, y);
    if (activations[activation].bounded[0] && least > bounds->least) bounds->least = least;
    if (activations[activation].bounded[1] && most < bounds->most) bounds->most = most;
    return TARE_OK;
}

tare_status tare_tflite_activate(const tare_tflite_import *import, const tare_tflite_operator *op,
                                 int activation, tare_tensor *y) {
    TARE_TRY(check_activation(import, op, activation));
    if (activation == TARE_TFLITE_RELU) *y = tare_relu(*y);
    if (activation == TARE_TFLITE_RELU6) *y = tare_relu6(*y);
    if (activation == TARE_TFLITE_RELU_N1_TO_1)
        *y = tare_clip_by_value(*y, tare_number(-1), tare_number(1));
    return TARE_OK;
}

tare_status tare_tflite_windows(const tare_tflite_import *import, const tare_tflite_operator *op,
                                int *padding, tare_list *strides) {
    const int given = (int)tare_tflite_option(op, "padding");
    *padding = given == TARE_TFLITE_SAME ? TARE_PADDING_SAME : TARE_PADDING_VALID;
    *strides = TARE_LIST((int64_t)tare_tflite_option(op, "stride_h"),
                         (int64_t)tare_tflite_option(op, "stride_w"));
    if (given == TARE_TFLITE_SAME || given == TARE_TFLITE_VALID) return TARE_OK;
    return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "another padding", "same or valid");
}

/* ------------------------------------------------------------------------------------- together */

static tare_status build_operator(tare_tflite_import *import, const tare_tflite_operator *op,
                                  int64_t index) {
    char got[96];
    if (op->kind != NULL) {
        TARE_TRY(op->kind->build(import, op));
        return tare_graph_status(import->graph);
    }
    tare_print(got, sizeof got, "operator %lld of kind %.40s%s%lld", (long long)index,
               op->custom != NULL ? op->custom : "", op->custom != NULL ? ", " : "",
               (long long)op->code);
    return tare_fail_at(import->error, TARE_ERROR_UNSUPPORTED, "tflite", import->model->path, got,
                        "one of those that Tare runs; 'tare inspect' lists all of the file's");
}

static tare_status make_inputs(tare_tflite_import *import, tare_tensor *inputs) {
    const tare_tflite *model = import->model;
    for (int64_t i = 0; i < model->input_count; i++) {
        const tare_tflite_array *array = &model->tensors[model->inputs[i]];
        if (array->told.dtype == TARE_DTYPE_NONE)
            return tare_fail_at(import->error, TARE_ERROR_UNSUPPORTED, "tflite", array->told.name,
                                "an input of another type", "float, int or bool");
        inputs[i] = tare_placeholder(import->graph, array->told.dtype, array->signature);
        import->tensors[model->inputs[i]] =
            array->told.dtype == TARE_UINT8
                ? tare_build(import->graph, "int8_from_uint8", &inputs[i], 1, NULL)
                : inputs[i];
    }
    return tare_graph_status(import->graph);
}

static tare_status build_all(tare_tflite_import *import, tare_tensor *inputs,
                             tare_tensor *outputs) {
    const tare_tflite *model = import->model;
    TARE_TRY(make_inputs(import, inputs));
    for (int64_t i = 0; i < model->operator_count; i++)
        TARE_TRY(build_operator(import, &model->operators[i], i));
    for (int64_t i = 0; i < model->output_count; i++) {
        const int32_t index = model->outputs[i];
        outputs[i] = import->tensors[index];
        if (model->tensors[index].told.dtype == TARE_UINT8)
            outputs[i] = tare_build(import->graph, "uint8_from_int8", &outputs[i], 1, NULL);
    }
    return tare_graph_status(import->graph);
}

tare_status tare_tflite_build(const tare_tflite *model, tare_graph *graph, tare_tensor *inputs,
                              tare_tensor *outputs, tare_tensor *tensors, tare_error *error) {
    if (model == NULL || graph == NULL || inputs == NULL || outputs == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tflite_build needs a model, a graph and places for its ends");
    const size_t bytes = ((size_t)model->tensor_count + 1) * sizeof(tare_tensor);
    tare_tflite_import import = {.model = model, .graph = graph, .error = error};
    import.tensors = tare_allocate_zeroed(&model->allocator, bytes);
    if (import.tensors == NULL) return tare_fail_memory(error);
    const tare_status status = build_all(&import, inputs, outputs);
    if (status != TARE_OK && tare_graph_status(graph) != TARE_OK && error != NULL)
        *error = *tare_graph_error(graph);
    if (tensors != NULL)
        memcpy(tensors, import.tensors, (size_t)model->tensor_count * sizeof *tensors);
    tare_release(&model->allocator, import.tensors, bytes);
    return status;
}
