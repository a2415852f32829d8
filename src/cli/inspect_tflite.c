/* SPDX-License-Identifier: Apache-2.0 */
/* .tflite models: tensors with their scales, operators with their options. */
#include "array/shape.h"
#include "cli/inspect.h"
#include "cli/say.h"
#include "cli/table.h"
#include "report/json.h"
#include <tare/tflite.h>

#include <inttypes.h>

/* "0 9 8"; what is left out is "-". */
static void add_indices(tare_text *text, const int32_t *indices, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (i > 0) tare_text_add(text, " ");
        if (indices[i] < 0)
            tare_text_add(text, "-");
        else
            tare_text_format(text, "%" PRId32, indices[i]);
    }
}

static void cell_indices(tare_table *table, const int32_t *indices, int64_t count) {
    tare_text text = {.length = 0};
    tare_text_add(&text, "");
    add_indices(&text, indices, count);
    tare_table_cell(table, text.failed ? "" : text.data);
    table->cells.failed |= text.failed;
    tare_text_clear(&text);
}

static void cell_scale(tare_table *table, const tare_tflite_tensor *tensor) {
    char number[TARE_NUMBER_TEXT], text[TARE_NUMBER_TEXT + 32];
    if (tensor->scale_count == 1) {
        tare_table_cell(table, tare_float_text(number, tensor->scales[0]));
        tare_table_integer(table, tensor->zero_points[0]);
        return;
    }
    tare_print(text, sizeof text, "%" PRId64 " of axis %" PRId64, tensor->scale_count,
               tensor->quantised);
    tare_table_cell(table, tensor->scale_count > 0 ? text : "");
    tare_table_cell(table, "");
}

/* "in", "out", "constant" or nothing. */
static const char *role_of(const tare_tflite *model, int64_t index, bool constant) {
    int64_t end;
    for (size_t i = 0; (end = tare_tflite_input(model, i)) >= 0; i++)
        if (end == index) return "in";
    for (size_t i = 0; (end = tare_tflite_output(model, i)) >= 0; i++)
        if (end == index) return "out";
    return constant ? "constant" : "";
}

/* ----------------------------------------------------------------------------------------- text */

static void list_operators(const tare_tflite *model, tare_text *text) {
    static const char *const heads[] = {"", "operator", "inputs", "outputs", "options"};
    tare_table table = {.columns = 5, .right = {true}};
    tare_tflite_step step;
    for (int i = 0; i < 5; i++) tare_table_cell(&table, heads[i]);
    for (size_t i = 0; tare_tflite_operator_at(model, i, &step); i++) {
        char *options = tare_tflite_operator_options(model, i), code[48];
        tare_print(code, sizeof code, "unknown, code %" PRId64, step.code);
        tare_table_integer(&table, (int64_t)i);
        tare_table_cell(&table, step.name != NULL ? step.name : code);
        cell_indices(&table, step.inputs, step.input_count);
        cell_indices(&table, step.outputs, step.output_count);
        tare_table_cell(&table, options != NULL ? options : "");
        table.cells.failed |= options == NULL;
        tare_text_free(options);
    }
    tare_table_end(&table, text);
}

static void list_tensors(const tare_tflite *model, tare_text *text) {
    static const char *const heads[] = {"", "tensor", "", "type", "shape", "scale", "zero"};
    tare_table table = {.columns = 7, .right = {[0] = true, [5] = true, [6] = true}};
    const tare_tflite_tensor *tensor;
    char shape[TARE_SHAPE_TEXT];
    for (int i = 0; i < 7; i++) tare_table_cell(&table, heads[i]);
    for (size_t i = 0; (tensor = tare_tflite_tensor_at(model, i)) != NULL; i++) {
        tare_table_integer(&table, (int64_t)i);
        tare_table_cell(&table, tensor->name);
        tare_table_cell(&table, role_of(model, (int64_t)i, tensor->constant));
        tare_table_cell(&table, tensor->type);
        tare_table_cell(&table, tare_shape_text(shape, tensor->shape));
        cell_scale(&table, tensor);
    }
    tare_table_end(&table, text);
}

/* ----------------------------------------------------------------------------------------- JSON */

static void indices_json(tare_json *json, const char *key, const int32_t *indices, int64_t count) {
    tare_json_key(json, key);
    tare_json_begin_array(json);
    for (int64_t i = 0; i < count; i++) tare_json_integer(json, indices[i]);
    tare_json_end_array(json);
}

static void tensor_json(tare_json *json, const tare_tflite *model, int64_t index,
                        const tare_tflite_tensor *tensor) {
    tare_json_begin_object(json);
    tare_json_member_integer(json, "index", index);
    tare_json_member_text(json, "name", tensor->name);
    tare_json_member_text(json, "role", role_of(model, index, tensor->constant));
    tare_json_member_text(json, "type", tensor->type);
    tare_json_member_shape(json, "shape", tensor->shape);
    tare_json_key(json, "scales");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < tensor->scale_count; i++) tare_json_float(json, tensor->scales[i]);
    tare_json_end_array(json);
    tare_json_key(json, "zero_points");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < tensor->scale_count; i++)
        tare_json_integer(json, tensor->zero_points[i]);
    tare_json_end_array(json);
    tare_json_member_integer(json, "quantised_axis", tensor->quantised);
    tare_json_end_object(json);
}

static void model_json(tare_json *json, const tare_tflite *model) {
    const tare_tflite_tensor *tensor;
    tare_tflite_step step;
    tare_json_begin_object(json);
    tare_json_key(json, "operators");
    tare_json_begin_array(json);
    for (size_t i = 0; tare_tflite_operator_at(model, i, &step); i++) {
        char *options = tare_tflite_operator_options(model, i);
        tare_json_begin_object(json);
        tare_json_member_text(json, "operator", step.name);
        tare_json_member_integer(json, "code", step.code);
        indices_json(json, "inputs", step.inputs, step.input_count);
        indices_json(json, "outputs", step.outputs, step.output_count);
        tare_json_member_text(json, "options", options);
        tare_json_end_object(json);
        json->text.failed |= options == NULL;
        tare_text_free(options);
    }
    tare_json_end_array(json);
    tare_json_key(json, "tensors");
    tare_json_begin_array(json);
    for (size_t i = 0; (tensor = tare_tflite_tensor_at(model, i)) != NULL; i++)
        tensor_json(json, model, (int64_t)i, tensor);
    tare_json_end_array(json);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

int tare_inspect_tflite(const char *path, const tare_inspect_options *options) {
    tare_tflite *model = NULL;
    tare_error error = {0};
    tare_json json = {.depth = 0};
    if (tare_tflite_open(path, &model, &error) != TARE_OK) return tare_say_error(&error);
    if (options->json) {
        model_json(&json, model);
    } else {
        list_operators(model, &json.text);
        tare_text_add(&json.text, "\n");
        list_tensors(model, &json.text);
    }
    tare_tflite_close(model);
    return tare_say_text(&json.text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}
