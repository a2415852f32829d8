/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing .tflite files: the model's tables in the order in which they point at each other. Buffer
 * 0 is empty, as the schema wants it; each constant has one of its own.
 */
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "model/flatbuffer_write.h"
#include "model/tflite.h"

#include <string.h>

enum { DATA_ALIGN = 16 };

typedef struct writing {
    const tare_tflite *model;
    tare_flat_writer out;
    int64_t *codes; /* by operator: index of its code */
    int64_t code_count;
    tare_error *error;
} writing;

#define ENTRIES(entries) entries, (int)(sizeof entries / sizeof *(entries))

/* ------------------------------------------------------------------------------------- the codes
 */

static bool same_code(const tare_tflite_operator *a, const tare_tflite_operator *b) {
    return a->code == b->code && a->version == b->version && tare_same_text(a->custom, b->custom);
}

/* Operators of one code and version share an entry: the first one's. */
static tare_status find_codes(writing *w) {
    const tare_tflite *model = w->model;
    w->codes = tare_allocate_array(&model->allocator, model->operator_count + 1, sizeof *w->codes);
    if (w->codes == NULL) return tare_fail_memory(w->error);
    for (int64_t i = 0; i < model->operator_count; i++) {
        int64_t before = 0;
        while (!same_code(&model->operators[before], &model->operators[i])) before++;
        w->codes[i] = before < i ? w->codes[before] : w->code_count++;
    }
    return TARE_OK;
}

static void put_code(writing *w, const tare_tflite_operator *op, size_t place) {
    const int64_t old = op->code < 127 ? op->code : 127;
    tare_flat_entry entries[] = {
        {.number = TARE_CODE_DEPRECATED, .bytes = 1, .bits = (uint64_t)old},
        {.number = TARE_CODE_VERSION, .bytes = 4, .bits = (uint64_t)op->version},
        {.number = TARE_CODE_BUILTIN, .bytes = 4, .bits = (uint64_t)op->code},
        {.number = TARE_CODE_CUSTOM},
    };
    const int count = op->custom != NULL ? 4 : 3;
    tare_flat_point(&w->out, place, tare_flat_put_table(&w->out, entries, count));
    if (op->custom != NULL)
        tare_flat_point(&w->out, entries[3].place, tare_flat_put_text(&w->out, op->custom));
}

static void put_codes(writing *w, size_t place) {
    const size_t vector = tare_flat_put_offsets(&w->out, (size_t)w->code_count);
    int64_t next = 0;
    tare_flat_point(&w->out, place, vector);
    for (int64_t i = 0; i < w->model->operator_count; i++)
        if (w->codes[i] == next)
            put_code(w, &w->model->operators[i], TARE_FLAT_ELEMENT(vector, next++));
}

/* ----------------------------------------------------------------------------------- the tensors
 */

static void put_ints(writing *w, size_t place, const int32_t *numbers, int64_t count) {
    tare_flat_point(&w->out, place, tare_flat_put_32(&w->out, numbers, (size_t)count));
}

static void put_shape(writing *w, size_t place, tare_shape shape) {
    int32_t extents[TARE_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) extents[i] = (int32_t)shape.extents[i];
    put_ints(w, place, extents, shape.rank);
}

/* Scales and zero points, or the range of numbers that are float yet. */
static void put_scales(writing *w, size_t place, const tare_tflite_tensor *told) {
    const float ends[] = {(float)told->min, (float)told->max};
    tare_flat_entry ranged[] = {{.number = TARE_QUANTIZATION_MIN},
                                {.number = TARE_QUANTIZATION_MAX}};
    tare_flat_entry scaled[] = {
        {.number = TARE_QUANTIZATION_SCALE},
        {.number = TARE_QUANTIZATION_ZERO_POINT},
        {.number = TARE_QUANTIZATION_DIMENSION, .bytes = 4, .bits = (uint64_t)told->quantised},
    };
    const size_t count = (size_t)told->scale_count;
    if (count == 0) {
        tare_flat_point(&w->out, place, tare_flat_put_table(&w->out, ENTRIES(ranged)));
        for (int i = 0; i < 2; i++)
            tare_flat_point(&w->out, ranged[i].place, tare_flat_put_32(&w->out, &ends[i], 1));
        return;
    }
    tare_flat_point(&w->out, place, tare_flat_put_table(&w->out, ENTRIES(scaled)));
    tare_flat_point(&w->out, scaled[0].place, tare_flat_put_32(&w->out, told->scales, count));
    tare_flat_point(&w->out, scaled[1].place, tare_flat_put_64(&w->out, told->zero_points, count));
}

static bool has_signature(const tare_tflite_array *array) {
    for (int i = 0; i < array->signature.rank; i++)
        if (array->signature.extents[i] < 0) return true;
    return false;
}

static void put_tensor(writing *w, const tare_tflite_array *array, int64_t buffer, size_t place) {
    enum { SHAPE, TYPE, BUFFER, NAME, SCALES, SIGNATURE };
    tare_flat_entry entries[] = {
        [SHAPE] = {.number = TARE_TENSOR_SHAPE},
        [TYPE] = {.number = TARE_TENSOR_TYPE, .bytes = 1, .bits = (uint64_t)array->type},
        [BUFFER] = {.number = TARE_TENSOR_BUFFER, .bytes = 4, .bits = (uint64_t)buffer},
        [NAME] = {.number = TARE_TENSOR_NAME},
        [SCALES] = {.number = TARE_TENSOR_QUANTIZATION},
        [SIGNATURE] = {.number = TARE_TENSOR_SIGNATURE},
    };
    int count = SIGNATURE + 1;
    const bool scaled = array->told.scale_count > 0 || array->told.ranged,
               open = has_signature(array);
    if (!open) count--;
    if (!scaled) entries[SCALES] = entries[SIGNATURE];
    if (!scaled) count--;
    const size_t table = tare_flat_put_table(&w->out, entries, count);
    tare_flat_point(&w->out, place, table);
    put_shape(w, entries[SHAPE].place, array->told.shape);
    tare_flat_point(&w->out, entries[NAME].place, tare_flat_put_text(&w->out, array->told.name));
    if (scaled) put_scales(w, entries[SCALES].place, &array->told);
    if (open) put_shape(w, entries[scaled ? SIGNATURE : SCALES].place, array->signature);
}

static void put_tensors(writing *w, size_t place) {
    const tare_tflite *model = w->model;
    const size_t vector = tare_flat_put_offsets(&w->out, (size_t)model->tensor_count);
    int64_t buffer = 0;
    tare_flat_point(&w->out, place, vector);
    for (int64_t i = 0; i < model->tensor_count; i++) {
        const bool constant = model->tensors[i].told.constant;
        if (constant) buffer++;
        put_tensor(w, &model->tensors[i], constant ? buffer : 0, TARE_FLAT_ELEMENT(vector, i));
    }
}

static void put_buffers(writing *w, size_t place) {
    const tare_tflite *model = w->model;
    size_t count = 1;
    for (int64_t i = 0; i < model->tensor_count; i++) count += model->tensors[i].told.constant;
    const size_t vector = tare_flat_put_offsets(&w->out, count);
    tare_flat_point(&w->out, place, vector);
    tare_flat_point(&w->out, TARE_FLAT_ELEMENT(vector, 0), tare_flat_put_table(&w->out, NULL, 0));
    size_t next = 1;
    for (int64_t i = 0; i < model->tensor_count; i++) {
        const tare_tflite_array *array = &model->tensors[i];
        tare_flat_entry entries[] = {{.number = TARE_BUFFER_DATA}};
        if (!array->told.constant) continue;
        tare_flat_point(&w->out, TARE_FLAT_ELEMENT(vector, next++),
                        tare_flat_put_table(&w->out, ENTRIES(entries)));
        tare_flat_point(
            &w->out, entries[0].place,
            tare_flat_put_bytes(&w->out, array->data, (size_t)array->data_bytes, DATA_ALIGN));
    }
}

/* --------------------------------------------------------------------------------- the operators
 */

static uint64_t bits_of(const tare_tflite_field *field, double option) {
    const float number = (float)option;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return field->type == TARE_TFLITE_FLOAT ? bits : (uint64_t)(int64_t)option;
}

static void put_options(writing *w, const tare_tflite_operator *op, size_t place) {
    static const int number_bytes[] = {[TARE_TFLITE_BYTE] = 1,
                                       [TARE_TFLITE_BOOL] = 1,
                                       [TARE_TFLITE_INT] = 4,
                                       [TARE_TFLITE_FLOAT] = 4};
    tare_flat_entry entries[TARE_TFLITE_MOST_OPTIONS];
    const tare_tflite_field *fields = op->kind->fields;
    int count = 0;
    for (; fields != NULL && fields[count].name != NULL; count++)
        entries[count] = (tare_flat_entry){.number = fields[count].number,
                                           .bytes = number_bytes[fields[count].type],
                                           .bits = bits_of(&fields[count], op->options[count])};
    tare_flat_point(&w->out, place, tare_flat_put_table(&w->out, entries, count));
}

static void put_operator(writing *w, int64_t index, size_t place) {
    const tare_tflite_operator *op = &w->model->operators[index];
    const int options_type = op->kind->options_type;
    tare_flat_entry entries[] = {
        {.number = TARE_OPERATOR_CODE_INDEX, .bytes = 4, .bits = (uint64_t)w->codes[index]},
        {.number = TARE_OPERATOR_INPUTS},
        {.number = TARE_OPERATOR_OUTPUTS},
        {.number = TARE_OPERATOR_OPTIONS_TYPE, .bytes = 1, .bits = (uint64_t)options_type},
        {.number = TARE_OPERATOR_OPTIONS},
    };
    const bool has_options = options_type != TARE_TFLITE_NO_OPTIONS;
    tare_flat_point(&w->out, place, tare_flat_put_table(&w->out, entries, has_options ? 5 : 3));
    put_ints(w, entries[1].place, op->inputs, op->input_count);
    put_ints(w, entries[2].place, op->outputs, op->output_count);
    if (has_options) put_options(w, op, entries[4].place);
}

static void put_subgraph(writing *w, size_t place) {
    const tare_tflite *model = w->model;
    tare_flat_entry entries[] = {
        {.number = TARE_SUBGRAPH_TENSORS}, {.number = TARE_SUBGRAPH_INPUTS},
        {.number = TARE_SUBGRAPH_OUTPUTS}, {.number = TARE_SUBGRAPH_OPERATORS},
        {.number = TARE_SUBGRAPH_NAME},
    };
    tare_flat_point(&w->out, place, tare_flat_put_table(&w->out, ENTRIES(entries)));
    put_tensors(w, entries[0].place);
    put_ints(w, entries[1].place, model->inputs, model->input_count);
    put_ints(w, entries[2].place, model->outputs, model->output_count);
    const size_t vector = tare_flat_put_offsets(&w->out, (size_t)model->operator_count);
    tare_flat_point(&w->out, entries[3].place, vector);
    for (int64_t i = 0; i < model->operator_count; i++)
        put_operator(w, i, TARE_FLAT_ELEMENT(vector, i));
    tare_flat_point(&w->out, entries[4].place, tare_flat_put_text(&w->out, "main"));
}

/* ------------------------------------------------------------------------------------- the whole
 */

static void put_model(writing *w) {
    enum { VERSION, CODES, SUBGRAPHS, DESCRIPTION, BUFFERS };
    tare_flat_entry entries[] = {
        [VERSION] = {.number = TARE_MODEL_VERSION, .bytes = 4, .bits = TARE_TFLITE_SCHEMA_VERSION},
        [CODES] = {.number = TARE_MODEL_OPERATOR_CODES},
        [SUBGRAPHS] = {.number = TARE_MODEL_SUBGRAPHS},
        [DESCRIPTION] = {.number = TARE_MODEL_DESCRIPTION},
        [BUFFERS] = {.number = TARE_MODEL_BUFFERS},
    };
    tare_flat_begin(&w->out, TARE_TFLITE_IDENTIFIER);
    tare_flat_point(&w->out, 0, tare_flat_put_table(&w->out, ENTRIES(entries)));
    put_codes(w, entries[CODES].place);
    const size_t subgraphs = tare_flat_put_offsets(&w->out, 1);
    tare_flat_point(&w->out, entries[SUBGRAPHS].place, subgraphs);
    put_subgraph(w, TARE_FLAT_ELEMENT(subgraphs, 0));
    tare_flat_point(&w->out, entries[DESCRIPTION].place,
                    tare_flat_put_text(&w->out, "written by Tare"));
    put_buffers(w, entries[BUFFERS].place);
}

static tare_status check_kinds(const writing *w) {
    for (int64_t i = 0; i < w->model->operator_count; i++)
        if (w->model->operators[i].kind == NULL)
            return tare_fail_at(w->error, TARE_ERROR_UNSUPPORTED, "tflite", w->model->path,
                                "an operator of a kind that Tare does not know",
                                "kinds that 'tare inspect' names");
    for (int64_t i = 0; i < w->model->tensor_count; i++)
        if (w->model->tensors[i].told.dtype == TARE_DTYPE_NONE)
            return tare_fail_at(w->error, TARE_ERROR_UNSUPPORTED, "tflite", w->model->path,
                                "a tensor of a type that Tare has not", "float, int or bool");
    return TARE_OK;
}

static tare_status save(const writing *w, const char *path) {
    tare_writer *writer = NULL;
    if (w->out.bytes.length > INT32_MAX)
        return tare_fail_file(w->error, TARE_ERROR_UNSUPPORTED, path,
                              "the model is larger than a .tflite file can be");
    TARE_TRY(tare_writer_open(path, &writer, w->error));
    const tare_status status =
        tare_writer_write(writer, w->out.bytes.data, w->out.bytes.length, w->error);
    if (status == TARE_OK) return tare_writer_commit(writer, w->error);
    tare_writer_abandon(writer);
    return status;
}

/* The file's bytes in out; free them and the codes with end_writing. */
static tare_status put_all(writing *w) {
    TARE_TRY(check_kinds(w));
    TARE_TRY(find_codes(w));
    put_model(w);
    return w->out.bytes.failed ? tare_fail_memory(w->error) : TARE_OK;
}

static void end_writing(writing *w) {
    const int64_t codes = w->model->operator_count + 1;
    tare_text_clear(&w->out.bytes);
    if (w->codes != NULL)
        tare_release(&w->model->allocator, w->codes, (size_t)codes * sizeof *w->codes);
}

static writing writing_of(const tare_tflite *model, tare_error *error) {
    return (writing){.model = model, .out.bytes.allocator = &model->allocator, .error = error};
}

tare_status tare_tflite_save(const tare_tflite *model, const char *path, tare_error *error) {
    if (model == NULL || path == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "tflite_save needs a model and a path");
    writing w = writing_of(model, error);
    tare_status status = put_all(&w);
    if (status == TARE_OK) status = save(&w, path);
    end_writing(&w);
    return status;
}

tare_status tare_tflite_file_bytes(const tare_tflite *model, int64_t *bytes, tare_error *error) {
    writing w = writing_of(model, error);
    const tare_status status = put_all(&w);
    *bytes = (int64_t)w.out.bytes.length;
    end_writing(&w);
    return status;
}
