/* SPDX-License-Identifier: Apache-2.0 */
/* Reading .tflite files: every table that counts, checked before anybody works with it. */
#include "model/tflite.h"

#include "array/shape.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "model/flatbuffer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (INT64_C(1) << 31)
enum { OFFSET_BYTES = 4 };

/* A model while it is read. */
typedef struct reading {
    tare_flatbuffer buffer;
    tare_tflite *model;
    tare_flat_vector codes, buffers;
    tare_flat_vector *data; /* by buffer */
    tare_error *error;
} reading;

static tare_status refuse(const reading *r, const char *what, int64_t index, const char *sentence) {
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->model->path, "%s %" PRId64 " %s", what,
                          index, sentence);
}

static tare_status unsupported(const reading *r, const char *sentence) {
    return tare_fail_file(r->error, TARE_ERROR_UNSUPPORTED, r->model->path, "%s", sentence);
}

/* ---------------------------------------------------------------------------------------- types */

typedef struct type {
    int64_t code;
    const char *name;
    tare_dtype dtype;
} type;

/* The first is for codes that are not listed. */
static const type types[] = {
    {-1, "another type", TARE_DTYPE_NONE},    {TARE_TFLITE_FLOAT32, "FLOAT32", TARE_FLOAT32},
    {TARE_TFLITE_INT32, "INT32", TARE_INT32}, {TARE_TFLITE_UINT8, "UINT8", TARE_UINT8},
    {TARE_TFLITE_INT64, "INT64", TARE_INT64}, {TARE_TFLITE_BOOLEAN, "BOOL", TARE_BOOL},
    {TARE_TFLITE_INT8, "INT8", TARE_INT8},    {TARE_TFLITE_FLOAT64, "FLOAT64", TARE_FLOAT64}};

static const type *type_of(int64_t code) {
    for (size_t i = 1; i < sizeof types / sizeof *types; i++)
        if (types[i].code == code) return &types[i];
    return &types[0];
}

tare_dtype tare_tflite_type(int64_t code, const char **name) {
    *name = type_of(code)->name;
    return type_of(code)->dtype;
}

/* -------------------------------------------------------------------------------------- vectors */

static tare_status read_ints(reading *r, const tare_flat_table *table, int field,
                             const int32_t **numbers, int64_t *count) {
    tare_flat_vector vector;
    TARE_TRY(tare_flat_vector_in(&r->buffer, table, field, sizeof(int32_t), &vector));
    int32_t *made = tare_arena_allocate_array(r->model->arena, vector.count + 1, sizeof *made);
    if (made == NULL) return tare_fail_memory(r->error);
    for (int64_t i = 0; i < vector.count; i++)
        made[i] = (int32_t)tare_get_32(r->buffer.bytes + vector.at + i * OFFSET_BYTES);
    *numbers = made;
    *count = vector.count;
    return TARE_OK;
}

static tare_status read_shape(reading *r, const tare_flat_table *table, int field, int64_t index,
                              int64_t least, tare_shape *shape) {
    tare_flat_vector vector;
    TARE_TRY(tare_flat_vector_in(&r->buffer, table, field, sizeof(int32_t), &vector));
    if (vector.count > TARE_MAX_RANK) return refuse(r, "tensor", index, "has too many axes");
    *shape = (tare_shape){.rank = (int)vector.count};
    for (int axis = 0; axis < shape->rank; axis++) {
        shape->extents[axis] =
            (int32_t)tare_get_32(r->buffer.bytes + vector.at + axis * OFFSET_BYTES);
        if (shape->extents[axis] < least)
            return refuse(r, "tensor", index, "has a negative extent");
    }
    return TARE_OK;
}

/* -------------------------------------------------------------------------------------- buffers */

static int compare_places(const void *a, const void *b) {
    const tare_flat_vector *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* No byte belongs to two buffers. */
static tare_status check_overlap(reading *r) {
    const int64_t count = r->buffers.count;
    tare_flat_vector *sorted =
        tare_arena_allocate_array(r->model->arena, count + 1, sizeof *sorted);
    if (sorted == NULL) return tare_fail_memory(r->error);
    int64_t filled = 0;
    for (int64_t i = 0; i < count; i++)
        if (r->data[i].count > 0) sorted[filled++] = r->data[i];
    qsort(sorted, (size_t)filled, sizeof *sorted, compare_places);
    for (int64_t i = 1; i < filled; i++)
        if (sorted[i - 1].at + sorted[i - 1].count > sorted[i].at)
            return tare_flat_refuse(&r->buffer, sorted[i].at, "two buffers overlap");
    return TARE_OK;
}

static tare_status read_buffers(reading *r, const tare_flat_table *root) {
    TARE_TRY(tare_flat_vector_in(&r->buffer, root, TARE_MODEL_BUFFERS, OFFSET_BYTES, &r->buffers));
    r->data = tare_arena_allocate_array(r->model->arena, r->buffers.count + 1, sizeof *r->data);
    if (r->data == NULL) return tare_fail_memory(r->error);
    for (int64_t i = 0; i < r->buffers.count; i++) {
        tare_flat_table table;
        int64_t beside = 0;
        TARE_TRY(tare_flat_table_at(&r->buffer, r->buffers, i, &table));
        TARE_TRY(tare_flat_vector_in(&r->buffer, &table, TARE_BUFFER_DATA, 1, &r->data[i]));
        TARE_TRY(tare_flat_integer(&r->buffer, &table, TARE_BUFFER_OFFSET, 8, false, &beside));
        if (beside != 0) return unsupported(r, "constants stand behind the model, not in it");
    }
    return check_overlap(r);
}

/* -------------------------------------------------------------------------------------- tensors */

static tare_status read_scales(reading *r, const tare_flat_table *table, int64_t index,
                               tare_tflite_tensor *told) {
    tare_flat_vector scale, zero;
    TARE_TRY(
        tare_flat_vector_in(&r->buffer, table, TARE_QUANTIZATION_SCALE, sizeof(float), &scale));
    TARE_TRY(tare_flat_vector_in(&r->buffer, table, TARE_QUANTIZATION_ZERO_POINT, sizeof(int64_t),
                                 &zero));
    if (scale.count == 0) return TARE_OK;
    const int64_t axis = told->quantised;
    const bool fits =
        scale.count == 1 || (axis < told->shape.rank && told->shape.extents[axis] == scale.count);
    if (!fits || zero.count != scale.count)
        return refuse(r, "tensor", index, "has scales or zero points that do not fit its shape");
    float *scales = tare_arena_allocate_array(r->model->arena, scale.count, sizeof *scales);
    int64_t *zeros = tare_arena_allocate_array(r->model->arena, scale.count, sizeof *zeros);
    if (scales == NULL || zeros == NULL) return tare_fail_memory(r->error);
    for (int64_t i = 0; i < scale.count; i++) {
        const uint32_t bits = tare_get_32(r->buffer.bytes + scale.at + i * (int64_t)sizeof bits);
        memcpy(&scales[i], &bits, sizeof bits);
        zeros[i] = (int64_t)tare_get_64(r->buffer.bytes + zero.at + i * (int64_t)sizeof *zeros);
        if (!(scales[i] >= 0) || scales[i] > 1e30F)
            return refuse(r, "tensor", index, "has a scale that is no number of 0 or more");
    }
    told->scales = scales;
    told->zero_points = zeros;
    told->scale_count = scale.count;
    return TARE_OK;
}

/* A range that training or calibration left, one for the whole tensor. */
static tare_status read_range(reading *r, const tare_flat_table *table, tare_tflite_tensor *told) {
    static const int fields[] = {TARE_QUANTIZATION_MIN, TARE_QUANTIZATION_MAX};
    float ends[2];
    for (int i = 0; i < 2; i++) {
        tare_flat_vector vector;
        TARE_TRY(tare_flat_vector_in(&r->buffer, table, fields[i], sizeof(float), &vector));
        if (vector.count != 1) return TARE_OK;
        const uint32_t bits = tare_get_32(r->buffer.bytes + vector.at);
        memcpy(&ends[i], &bits, sizeof bits);
    }
    told->ranged = ends[0] <= ends[1];
    told->min = (double)ends[0];
    told->max = (double)ends[1];
    return TARE_OK;
}

static tare_status read_quantization(reading *r, const tare_flat_table *tensor, int64_t index,
                                     tare_tflite_tensor *told) {
    tare_flat_table table;
    int64_t details = 0;
    TARE_TRY(tare_flat_table_in(&r->buffer, tensor, TARE_TENSOR_QUANTIZATION, &table));
    TARE_TRY(
        tare_flat_integer(&r->buffer, &table, TARE_QUANTIZATION_DETAILS_TYPE, 1, false, &details));
    TARE_TRY(tare_flat_integer(&r->buffer, &table, TARE_QUANTIZATION_DIMENSION, 4, true,
                               &told->quantised));
    if (details != 0) return unsupported(r, "a tensor is quantised in another way than by scales");
    if (told->quantised < 0) return refuse(r, "tensor", index, "is quantised along no axis");
    TARE_TRY(read_range(r, &table, told));
    return read_scales(r, &table, index, told);
}

/* The tensor's constant numbers, as many bytes as its shape says. */
static tare_status take_data(reading *r, int64_t buffer, int64_t index, tare_tflite_array *array) {
    const tare_tflite_tensor *told = &array->told;
    int64_t count = 0, bytes = 0;
    if (buffer < 0 || buffer >= r->buffers.count)
        return refuse(r, "tensor", index, "names a buffer that there is not");
    count = tare_shape_count(told->shape);
    if (count < 0) return refuse(r, "tensor", index, "has more elements than can be");
    const tare_flat_vector data = r->data[buffer];
    if (data.count == 0) return TARE_OK;
    array->data = r->buffer.bytes + data.at;
    array->data_bytes = data.count;
    array->told.constant = true;
    if (told->dtype == TARE_DTYPE_NONE) return TARE_OK;
    if (tare_multiply_sizes(count, (int64_t)tare_dtype_size(told->dtype), &bytes) &&
        bytes == data.count)
        return TARE_OK;
    return refuse(r, "tensor", index, "is a constant of another length than its shape says");
}

static tare_status read_signature(reading *r, const tare_flat_table *table, int64_t index,
                                  tare_tflite_array *array) {
    const tare_shape shape = array->told.shape;
    tare_shape signature;
    TARE_TRY(read_shape(r, table, TARE_TENSOR_SIGNATURE, index, TARE_ANY, &signature));
    array->signature = shape;
    if (signature.rank == 0) return TARE_OK;
    if (signature.rank != shape.rank)
        return refuse(r, "tensor", index, "has a signature of another rank than its shape");
    for (int axis = 0; axis < shape.rank; axis++)
        if (signature.extents[axis] != TARE_ANY && signature.extents[axis] != shape.extents[axis])
            return refuse(r, "tensor", index, "has a signature that its shape contradicts");
    array->signature = signature;
    return TARE_OK;
}

static tare_status read_tensor(reading *r, const tare_flat_table *table, int64_t index,
                               tare_tflite_array *array) {
    tare_tflite_tensor *told = &array->told;
    tare_flat_table sparsity;
    int64_t code = TARE_TFLITE_FLOAT32, buffer = 0, variable = 0;
    TARE_TRY(tare_flat_text_in(&r->buffer, table, TARE_TENSOR_NAME, &told->name));
    if (told->name == NULL) told->name = "";
    TARE_TRY(tare_flat_integer(&r->buffer, table, TARE_TENSOR_TYPE, 1, true, &code));
    TARE_TRY(tare_flat_integer(&r->buffer, table, TARE_TENSOR_BUFFER, 4, false, &buffer));
    TARE_TRY(tare_flat_integer(&r->buffer, table, TARE_TENSOR_IS_VARIABLE, 1, false, &variable));
    TARE_TRY(tare_flat_table_in(&r->buffer, table, TARE_TENSOR_SPARSITY, &sparsity));
    if (variable != 0) return unsupported(r, "a tensor is a variable");
    if (sparsity.at != 0) return unsupported(r, "a tensor is sparse");
    array->type = code;
    told->dtype = tare_tflite_type(code, &told->type);
    TARE_TRY(read_shape(r, table, TARE_TENSOR_SHAPE, index, 0, &told->shape));
    TARE_TRY(read_signature(r, table, index, array));
    TARE_TRY(read_quantization(r, table, index, told));
    return take_data(r, buffer, index, array);
}

static tare_status read_tensors(reading *r, const tare_flat_table *subgraph) {
    tare_tflite *model = r->model;
    tare_flat_vector vector;
    TARE_TRY(
        tare_flat_vector_in(&r->buffer, subgraph, TARE_SUBGRAPH_TENSORS, OFFSET_BYTES, &vector));
    model->tensors =
        tare_arena_allocate_array(model->arena, vector.count + 1, sizeof *model->tensors);
    if (model->tensors == NULL) return tare_fail_memory(r->error);
    for (int64_t i = 0; i < vector.count; i++) {
        tare_flat_table table;
        TARE_TRY(tare_flat_table_at(&r->buffer, vector, i, &table));
        TARE_TRY(read_tensor(r, &table, i, &model->tensors[i]));
    }
    model->tensor_count = vector.count;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ operators */

static const unsigned char number_bytes[] = {
    [TARE_TFLITE_BYTE] = 1, [TARE_TFLITE_BOOL] = 1, [TARE_TFLITE_INT] = 4};

static tare_status read_option(reading *r, const tare_flat_table *table,
                               const tare_tflite_field *field, double *option) {
    int64_t number = (int64_t)field->initial;
    *option = field->initial;
    if (field->type == TARE_TFLITE_FLOAT)
        return tare_flat_float(&r->buffer, table, field->number, option);
    TARE_TRY(tare_flat_integer(&r->buffer, table, field->number, number_bytes[field->type],
                               field->type != TARE_TFLITE_BOOL, &number));
    *option = (double)number;
    return TARE_OK;
}

static tare_status read_options(reading *r, const tare_flat_table *table, int64_t index,
                                tare_tflite_operator *op) {
    tare_flat_table options;
    int64_t options_type = TARE_TFLITE_NO_OPTIONS;
    TARE_TRY(
        tare_flat_integer(&r->buffer, table, TARE_OPERATOR_OPTIONS_TYPE, 1, false, &options_type));
    TARE_TRY(tare_flat_table_in(&r->buffer, table, TARE_OPERATOR_OPTIONS, &options));
    if (op->kind == NULL || op->kind->fields == NULL) return TARE_OK;
    if (options.at != 0 && options_type != op->kind->options_type)
        return refuse(r, "operator", index, "has options of another kind of operator");
    for (int i = 0; op->kind->fields[i].name != NULL; i++)
        TARE_TRY(read_option(r, &options, &op->kind->fields[i], &op->options[i]));
    return TARE_OK;
}

static tare_status read_code(reading *r, int64_t code_index, int64_t index,
                             tare_tflite_operator *op) {
    tare_flat_table table;
    int64_t old = 0;
    if (code_index < 0 || code_index >= r->codes.count)
        return refuse(r, "operator", index, "names a code that there is not");
    TARE_TRY(tare_flat_table_at(&r->buffer, r->codes, code_index, &table));
    TARE_TRY(tare_flat_integer(&r->buffer, &table, TARE_CODE_DEPRECATED, 1, true, &old));
    op->code = 0;
    TARE_TRY(tare_flat_integer(&r->buffer, &table, TARE_CODE_BUILTIN, 4, true, &op->code));
    if (old > op->code) op->code = old;
    op->version = 1;
    TARE_TRY(tare_flat_integer(&r->buffer, &table, TARE_CODE_VERSION, 4, true, &op->version));
    TARE_TRY(tare_flat_text_in(&r->buffer, &table, TARE_CODE_CUSTOM, &op->custom));
    op->kind = op->code == TARE_TFLITE_CUSTOM ? NULL : tare_tflite_kind_of(op->code);
    return TARE_OK;
}

/* Each index is of a tensor, or -1 where `may_lack`. */
static tare_status check_indices(const reading *r, int64_t index, const int32_t *indices,
                                 int64_t count, bool may_lack) {
    for (int64_t i = 0; i < count; i++)
        if (indices[i] >= r->model->tensor_count || indices[i] < (may_lack ? -1 : 0))
            return refuse(r, "operator", index, "names a tensor that there is not");
    return TARE_OK;
}

/* What it reads is there before it, and what it gives nobody else gives. */
static tare_status check_order(const reading *r, int64_t index, const tare_tflite_operator *op) {
    tare_tflite_array *tensors = r->model->tensors;
    for (int64_t i = 0; i < op->input_count; i++) {
        const int32_t input = op->inputs[i];
        if (input >= 0 && !tensors[input].told.constant && !tensors[input].produced)
            return refuse(r, "operator", index, "reads a tensor that nothing before it gives");
    }
    for (int64_t i = 0; i < op->output_count; i++) {
        tare_tflite_array *output = &tensors[op->outputs[i]];
        if (output->produced || output->told.constant)
            return refuse(r, "operator", index, "gives a tensor that is given already");
        output->produced = true;
    }
    return TARE_OK;
}

static tare_status read_operator(reading *r, const tare_flat_table *table, int64_t index,
                                 tare_tflite_operator *op) {
    int64_t code_index = 0;
    TARE_TRY(tare_flat_integer(&r->buffer, table, TARE_OPERATOR_CODE_INDEX, 4, false, &code_index));
    TARE_TRY(read_code(r, code_index, index, op));
    TARE_TRY(read_ints(r, table, TARE_OPERATOR_INPUTS, &op->inputs, &op->input_count));
    TARE_TRY(read_ints(r, table, TARE_OPERATOR_OUTPUTS, &op->outputs, &op->output_count));
    TARE_TRY(check_indices(r, index, op->inputs, op->input_count, true));
    TARE_TRY(check_indices(r, index, op->outputs, op->output_count, false));
    TARE_TRY(check_order(r, index, op));
    if (op->kind != NULL && (op->input_count < op->kind->min_inputs ||
                             op->input_count > op->kind->max_inputs || op->output_count != 1))
        return refuse(r, "operator", index, "has too few or too many inputs or outputs");
    return read_options(r, table, index, op);
}

static tare_status read_operators(reading *r, const tare_flat_table *subgraph) {
    tare_tflite *model = r->model;
    tare_flat_vector vector;
    TARE_TRY(
        tare_flat_vector_in(&r->buffer, subgraph, TARE_SUBGRAPH_OPERATORS, OFFSET_BYTES, &vector));
    model->operators =
        tare_arena_allocate_array(model->arena, vector.count + 1, sizeof *model->operators);
    if (model->operators == NULL) return tare_fail_memory(r->error);
    for (int64_t i = 0; i < vector.count; i++) {
        tare_flat_table table;
        TARE_TRY(tare_flat_table_at(&r->buffer, vector, i, &table));
        TARE_TRY(read_operator(r, &table, i, &model->operators[i]));
    }
    model->operator_count = vector.count;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ the model */

static tare_status read_ends(reading *r, const tare_flat_table *subgraph) {
    tare_tflite *model = r->model;
    TARE_TRY(read_ints(r, subgraph, TARE_SUBGRAPH_INPUTS, &model->inputs, &model->input_count));
    TARE_TRY(read_ints(r, subgraph, TARE_SUBGRAPH_OUTPUTS, &model->outputs, &model->output_count));
    for (int64_t i = 0; i < model->input_count; i++) {
        const int32_t input = model->inputs[i];
        if (input < 0 || input >= model->tensor_count || model->tensors[input].told.constant ||
            model->tensors[input].produced)
            return refuse(r, "input", i, "is no tensor that could be given");
        model->tensors[input].produced = true;
    }
    for (int64_t i = 0; i < model->output_count; i++)
        if (model->outputs[i] < 0 || model->outputs[i] >= model->tensor_count)
            return refuse(r, "output", i, "is no tensor of the model");
    return TARE_OK;
}

static tare_status check_outputs(const reading *r) {
    const tare_tflite *model = r->model;
    for (int64_t i = 0; i < model->output_count; i++)
        if (!model->tensors[model->outputs[i]].produced)
            return refuse(r, "output", i, "is a tensor that no operator gives");
    return TARE_OK;
}

static tare_status read_subgraph(reading *r, const tare_flat_table *root) {
    tare_flat_vector subgraphs;
    tare_flat_table subgraph;
    TARE_TRY(tare_flat_vector_in(&r->buffer, root, TARE_MODEL_SUBGRAPHS, OFFSET_BYTES, &subgraphs));
    if (subgraphs.count == 0)
        return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->model->path, "there is no subgraph");
    if (subgraphs.count > 1) return unsupported(r, "there are several subgraphs");
    TARE_TRY(tare_flat_table_at(&r->buffer, subgraphs, 0, &subgraph));
    TARE_TRY(read_tensors(r, &subgraph));
    TARE_TRY(read_ends(r, &subgraph));
    TARE_TRY(read_operators(r, &subgraph));
    return check_outputs(r);
}

tare_status tare_tflite_parse(tare_tflite *model, tare_error *error) {
    reading r = {.buffer = {.bytes = (const unsigned char *)model->bytes,
                            .size = model->size,
                            .path = model->path,
                            .error = error},
                 .model = model,
                 .error = error};
    tare_flat_table root;
    TARE_TRY(tare_flat_root(&r.buffer, TARE_TFLITE_IDENTIFIER, &root));
    TARE_TRY(tare_flat_integer(&r.buffer, &root, TARE_MODEL_VERSION, 4, false, &model->version));
    if (model->version != TARE_TFLITE_SCHEMA_VERSION)
        return tare_fail_file(error, TARE_ERROR_UNSUPPORTED, model->path,
                              "the schema is of version %" PRId64 "; Tare reads %d", model->version,
                              TARE_TFLITE_SCHEMA_VERSION);
    TARE_TRY(tare_flat_text_in(&r.buffer, &root, TARE_MODEL_DESCRIPTION, &model->description));
    TARE_TRY(
        tare_flat_vector_in(&r.buffer, &root, TARE_MODEL_OPERATOR_CODES, OFFSET_BYTES, &r.codes));
    TARE_TRY(read_buffers(&r, &root));
    return read_subgraph(&r, &root);
}

/* -------------------------------------------------------------------------------- opening, asking
 */

tare_tflite *tare_tflite_new(const char *path) {
    tare_tflite *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return NULL;
    made->allocator = tare_default_allocator;
    made->arena = tare_arena_new(&made->allocator);
    made->path = made->arena == NULL ? NULL : tare_arena_text(made->arena, path);
    if (made->path != NULL) return made;
    tare_tflite_close(made);
    return NULL;
}

tare_status tare_tflite_open(const char *path, tare_tflite **model, tare_error *error) {
    if (model != NULL) *model = NULL;
    if (path == NULL || model == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tflite_open needs a path and a place for the model");
    tare_tflite *made = tare_tflite_new(path);
    if (made == NULL) return tare_fail_memory(error);
    tare_status status =
        tare_file_read_all(path, MOST_BYTES, &made->allocator, &made->bytes, &made->size, error);
    if (status == TARE_OK) status = tare_tflite_parse(made, error);
    if (status == TARE_OK)
        *model = made;
    else
        tare_tflite_close(made);
    return status;
}

void tare_tflite_close(tare_tflite *model) {
    if (model == NULL) return;
    const tare_allocator allocator = model->allocator;
    if (model->bytes != NULL) tare_release(&allocator, model->bytes, (size_t)model->size + 1);
    tare_arena_free(model->arena);
    tare_release(&allocator, model, sizeof *model);
}

size_t tare_tflite_tensor_count(const tare_tflite *model) {
    return model == NULL ? 0 : (size_t)model->tensor_count;
}

const tare_tflite_tensor *tare_tflite_tensor_at(const tare_tflite *model, size_t i) {
    return i < tare_tflite_tensor_count(model) ? &model->tensors[i].told : NULL;
}

size_t tare_tflite_operator_count(const tare_tflite *model) {
    return model == NULL ? 0 : (size_t)model->operator_count;
}

bool tare_tflite_operator_at(const tare_tflite *model, size_t i, tare_tflite_step *step) {
    if (i >= tare_tflite_operator_count(model) || step == NULL) return false;
    const tare_tflite_operator *op = &model->operators[i];
    *step = (tare_tflite_step){.name = op->kind != NULL ? op->kind->name : op->custom,
                               .code = op->code,
                               .version = op->version,
                               .inputs = op->inputs,
                               .outputs = op->outputs,
                               .input_count = op->input_count,
                               .output_count = op->output_count};
    return true;
}

int64_t tare_tflite_input(const tare_tflite *model, size_t i) {
    return model != NULL && i < (size_t)model->input_count ? model->inputs[i] : -1;
}

int64_t tare_tflite_output(const tare_tflite *model, size_t i) {
    return model != NULL && i < (size_t)model->output_count ? model->outputs[i] : -1;
}
