/* SPDX-License-Identifier: Apache-2.0 */
/* .tflite files that are wrong: each is refused with a sentence, and none is trusted. */
#include "scratch_files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tare/session.h>
#include <tare/tflite.h>

#include "model/tflite_schema.h"

#define FOLDER TARE_SOURCE_DIR "/tests/golden/data/tflite/"

/* ----------------------------------------------------------------- a file that is to be damaged */

typedef struct bytes {
    unsigned char *at;
    size_t size;
} bytes;

static bytes read_bytes(const char *name) {
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    bytes b = {.size = (size_t)ftell(file)};
    b.at = malloc(b.size);
    rewind(file);
    assert_true(b.at != NULL && fread(b.at, 1, b.size, file) == b.size);
    fclose(file);
    return b;
}

static uint32_t get(const bytes *b, size_t at) {
    assert_true(at + 4 <= b->size);
    return (uint32_t)b->at[at] | (uint32_t)b->at[at + 1] << 8 | (uint32_t)b->at[at + 2] << 16 |
           (uint32_t)b->at[at + 3] << 24;
}

static void put(bytes *b, size_t at, uint32_t number) {
    assert_true(at + 4 <= b->size);
    for (int i = 0; i < 4; i++) b->at[at + (size_t)i] = (unsigned char)(number >> 8 * i);
}

static void put_16(bytes *b, size_t at, unsigned number) {
    b->at[at] = (unsigned char)number;
    b->at[at + 1] = (unsigned char)(number >> 8);
}

static size_t vtable_of(const bytes *b, size_t table) {
    return (size_t)((int64_t)table - (int32_t)get(b, table));
}
/* Where a field stands, which must be there. */
static size_t field(const bytes *b, size_t table, int number) {
    const size_t entry = vtable_of(b, table) + 4 + 2 * (size_t)number;
    const size_t offset = (size_t)b->at[entry] | (size_t)b->at[entry + 1] << 8;
    assert_true(offset != 0);
    return table + offset;
}
static size_t follow(const bytes *b, size_t at) { return at + get(b, at); }
/* The vector, text or table that a field leads to. */
static size_t part(const bytes *b, size_t table, int number) {
    return follow(b, field(b, table, number));
}
static size_t element(const bytes *b, size_t vector, size_t i) {
    return follow(b, vector + 4 + 4 * i);
}
static size_t root(const bytes *b) { return follow(b, 0); }
static size_t subgraph(const bytes *b) { return element(b, part(b, root(b), 2), 0); }
static size_t tensor(const bytes *b, size_t i) {
    return element(b, part(b, subgraph(b), TARE_SUBGRAPH_TENSORS), i);
}
static size_t step(const bytes *b, size_t i) {
    return element(b, part(b, subgraph(b), TARE_SUBGRAPH_OPERATORS), i);
}
static size_t scales(const bytes *b, size_t i) {
    return part(b, tensor(b, i), TARE_TENSOR_QUANTIZATION);
}

/* -------------------------------------------------------------------------------------- damages */

/* Tensors of depthwise_int8: 0 the image, 3 weights [10, 12], 7 weights
 * [1, 3, 3, 8], 9 weights [8, 3, 3, 1]; operators:
 * 0 CONV_2D, 1 DEPTHWISE_CONV_2D, 3 MEAN, 4 FULLY_CONNECTED. */
enum { IMAGE = 0, DENSE_WEIGHTS = 3, SPREAD = 7, FILTER = 9 };

static void no_bytes(bytes *b) { b->size = 0; }
static void seven_bytes(bytes *b) { b->size = 7; }
static void another_format(bytes *b) { b->at[5] = 'X'; }
static void root_of_itself(bytes *b) { put(b, 0, 0); }
static void root_past_the_end(bytes *b) { put(b, 0, (uint32_t)b->size); }
static void root_far_past_the_end(bytes *b) { put(b, 0, UINT32_MAX); }
static void vtable_before_the_file(bytes *b) { put(b, root(b), INT32_MAX); }
static void vtable_behind_the_file(bytes *b) { put(b, root(b), (uint32_t)-2000000); }
static void odd_vtable(bytes *b) { put_16(b, vtable_of(b, root(b)), 13); }
static void short_vtable(bytes *b) { put_16(b, vtable_of(b, root(b)), 2); }
static void long_vtable(bytes *b) { put_16(b, vtable_of(b, root(b)), 65534); }
static void long_table(bytes *b) { put_16(b, vtable_of(b, root(b)) + 2, 65535); }
static void short_table(bytes *b) { put_16(b, vtable_of(b, root(b)) + 2, 3); }
static void field_outside(bytes *b) { put_16(b, vtable_of(b, root(b)) + 4, 60000); }
static void field_on_the_head(bytes *b) { put_16(b, vtable_of(b, root(b)) + 4, 2); }
static void old_version(bytes *b) { put(b, field(b, root(b), TARE_MODEL_VERSION), 2); }
static void no_subgraph(bytes *b) { put(b, part(b, root(b), TARE_MODEL_SUBGRAPHS), 0); }
static void two_subgraphs(bytes *b) { put(b, part(b, root(b), TARE_MODEL_SUBGRAPHS), 2); }
static void endless_vector(bytes *b) { put(b, part(b, root(b), TARE_MODEL_SUBGRAPHS), UINT32_MAX); }
static void cycle(bytes *b) { put(b, part(b, subgraph(b), TARE_SUBGRAPH_TENSORS) + 4, 0); }
static void cycle_backwards(bytes *b) {
    const size_t at = field(b, root(b), TARE_MODEL_SUBGRAPHS);
    put(b, at, (uint32_t)(root(b) - at));
}
static void tensor_past_the_end(bytes *b) {
    put(b, part(b, subgraph(b), TARE_SUBGRAPH_TENSORS) + 8, (uint32_t)b->size);
}
static void name_without_end(bytes *b) {
    const size_t name = part(b, tensor(b, IMAGE), TARE_TENSOR_NAME);
    b->at[name + 4 + get(b, name)] = 'x';
}
static void name_of_other_bytes(bytes *b) {
    b->at[part(b, tensor(b, IMAGE), TARE_TENSOR_NAME) + 4] = 0xFF;
}
static void negative_extent(bytes *b) {
    put(b, part(b, tensor(b, IMAGE), TARE_TENSOR_SHAPE) + 8, (uint32_t)-5);
}
static void huge_shape(bytes *b) {
    const size_t shape = part(b, tensor(b, IMAGE), TARE_TENSOR_SHAPE);
    for (size_t i = 0; i < get(b, shape); i++) put(b, shape + 4 + 4 * i, INT32_MAX);
    const size_t signature = part(b, tensor(b, IMAGE), TARE_TENSOR_SIGNATURE);
    for (size_t i = 0; i < get(b, signature); i++) put(b, signature + 4 + 4 * i, INT32_MAX);
}
static void many_axes(bytes *b) {
    put(b, part(b, tensor(b, IMAGE), TARE_TENSOR_SHAPE), TARE_MAX_RANK + 1);
}
static void other_signature(bytes *b) {
    put(b, part(b, tensor(b, IMAGE), TARE_TENSOR_SIGNATURE) + 8, 29);
}
static void signature_of_other_rank(bytes *b) {
    put(b, part(b, tensor(b, IMAGE), TARE_TENSOR_SIGNATURE), 3);
}
static void no_such_buffer(bytes *b) {
    put(b, field(b, tensor(b, FILTER), TARE_TENSOR_BUFFER), 1000);
}
static void overlapping_buffers(bytes *b) {
    const size_t buffers = part(b, root(b), TARE_MODEL_BUFFERS);
    size_t filled[2], count = 0;
    for (size_t i = 0; count < 2; i++) {
        const size_t table = element(b, buffers, i);
        const size_t entry = vtable_of(b, table) + 4;
        const bool has = (b->at[vtable_of(b, table)] > 4) && (b->at[entry] || b->at[entry + 1]);
        if (has && get(b, follow(b, field(b, table, 0))) > 0) filled[count++] = field(b, table, 0);
    }
    const size_t late = follow(b, filled[0]) > follow(b, filled[1]) ? 0 : 1;
    const size_t target = follow(b, filled[late]);
    if (filled[1 - late] < target)
        put(b, filled[1 - late], (uint32_t)(target - filled[1 - late]));
    else
        put(b, filled[late], (uint32_t)(follow(b, filled[1 - late]) - filled[late]));
}
static void constant_of_other_length(bytes *b) {
    put(b, part(b, tensor(b, DENSE_WEIGHTS), TARE_TENSOR_SHAPE) + 4, 11);
}
static void scale_that_is_no_number(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_SCALE) + 4, 0x7FC00000);
}
static void negative_scale(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_SCALE) + 4, 0xBF800000);
}
static void scales_that_do_not_fit(bytes *b) {
    put(b, part(b, scales(b, FILTER), TARE_QUANTIZATION_SCALE), 7);
}
static void no_zero_points(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_ZERO_POINT), 0);
}
static void code_that_is_not_there(bytes *b) {
    put(b, field(b, step(b, 3), TARE_OPERATOR_CODE_INDEX), 50);
}
static void tensor_that_is_not_there(bytes *b) {
    put(b, part(b, step(b, 1), TARE_OPERATOR_INPUTS) + 4, 500);
}
static void negative_tensor(bytes *b) {
    put(b, part(b, step(b, 1), TARE_OPERATOR_OUTPUTS) + 4, (uint32_t)-1);
}
static void reads_what_comes_later(bytes *b) {
    put(b, part(b, step(b, 0), TARE_OPERATOR_INPUTS) + 4, 12);
}
static void gives_what_was_given(bytes *b) {
    put(b, part(b, step(b, 1), TARE_OPERATOR_OUTPUTS) + 4, 10);
}
static void too_few_inputs(bytes *b) { put(b, part(b, step(b, 0), TARE_OPERATOR_INPUTS), 1); }
static void options_of_another(bytes *b) {
    b->at[field(b, step(b, 0), TARE_OPERATOR_OPTIONS_TYPE)] = TARE_TFLITE_POOL_2D_OPTIONS;
}
static void output_that_is_not_there(bytes *b) {
    put(b, part(b, subgraph(b), TARE_SUBGRAPH_OUTPUTS) + 4, 77);
}
static void output_of_nobody(bytes *b) {
    put(b, part(b, subgraph(b), TARE_SUBGRAPH_OUTPUTS) + 4, FILTER);
}
static void input_that_is_constant(bytes *b) {
    put(b, part(b, subgraph(b), TARE_SUBGRAPH_INPUTS) + 4, FILTER);
}
static void half_of_it(bytes *b) { b->size /= 2; }
static void weights_of_no_buffer(bytes *b) {
    put(b, field(b, tensor(b, FILTER), TARE_TENSOR_BUFFER), 0);
}
static void endless_scale(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_SCALE) + 4, 0x7F800000);
}
static void scale_of_the_wrong_axis(bytes *b) {
    put(b, field(b, scales(b, SPREAD), TARE_QUANTIZATION_DIMENSION), 1);
}
static void scales_along_no_axis(bytes *b) {
    put(b, field(b, scales(b, SPREAD), TARE_QUANTIZATION_DIMENSION), (uint32_t)-1);
}
static void endless_zero_points(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_ZERO_POINT), INT32_MAX);
}
static void inputs_that_are_weights(bytes *b) {
    put(b, field(b, subgraph(b), TARE_SUBGRAPH_INPUTS),
        (uint32_t)(part(b, step(b, 1), TARE_OPERATOR_INPUTS) -
                   field(b, subgraph(b), TARE_SUBGRAPH_INPUTS)));
}
/* A thousand tensors that are all the first one. */
static void shared_without_end(bytes *b) {
    const size_t tensors = part(b, subgraph(b), TARE_SUBGRAPH_TENSORS);
    const size_t first = element(b, tensors, 0), count = (b->size - tensors) / 4 - 1;
    put(b, tensors, (uint32_t)count);
    for (size_t i = 0; i < count && tensors + 4 + 4 * i < first; i++)
        put(b, tensors + 4 + 4 * i, (uint32_t)(first - (tensors + 4 + 4 * i)));
}

/* Refused when built. */
static void no_stride(bytes *b) {
    put(b, field(b, part(b, step(b, 0), TARE_OPERATOR_OPTIONS), 1), 0);
}
static void other_padding(bytes *b) {
    b->at[field(b, part(b, step(b, 0), TARE_OPERATOR_OPTIONS), 0)] = 9;
}
static void huge_stride(bytes *b) {
    put(b, field(b, part(b, step(b, 0), TARE_OPERATOR_OPTIONS), 1), INT32_MAX);
}
static void type_of_another_world(bytes *b) {
    b->at[field(b, tensor(b, IMAGE), TARE_TENSOR_TYPE)] = 77;
}
static void weights_of_float(bytes *b) {
    b->at[field(b, tensor(b, IMAGE), TARE_TENSOR_TYPE)] = TARE_TFLITE_BOOLEAN;
}
static void operator_of_another_world(bytes *b) {
    const size_t code = element(b, part(b, root(b), TARE_MODEL_OPERATOR_CODES), 0);
    b->at[field(b, code, TARE_CODE_DEPRECATED)] = 126;
}
static void zero_point_of_no_uint8(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_ZERO_POINT) + 4, 256);
}
/* Of forms_int8: operator 4 is a transposed convolution whose shape is tensor 11; 3 resizes to
 * tensor 9. */
static size_t numbers_of(const bytes *b, size_t index) {
    const size_t buffer = get(b, field(b, tensor(b, index), TARE_TENSOR_BUFFER));
    return part(b, element(b, part(b, root(b), TARE_MODEL_BUFFERS), buffer), 0) + 4;
}
static void transposed_to_no_such_shape(bytes *b) { put(b, numbers_of(b, 11) + 4, 40); }
static void transposed_to_nothing(bytes *b) { put(b, numbers_of(b, 11) + 8, 0); }
static void transposed_to_less(bytes *b) { put(b, numbers_of(b, 11) + 8, (uint32_t)-7); }
static void resized_to_nothing(bytes *b) { put(b, numbers_of(b, 9), 0); }
static void resized_without_end(bytes *b) { put(b, numbers_of(b, 9), INT32_MAX); }
static void padded_by_less(bytes *b) { put(b, numbers_of(b, 4) + 8, (uint32_t)-1); }
static void padded_without_end(bytes *b) { put(b, numbers_of(b, 4) + 8, INT32_MAX); }
static void corners_and_centers(bytes *b) {
    b->at[field(b, part(b, step(b, 3), TARE_OPERATOR_OPTIONS), 2)] = 1;
}
static void negative_stride(bytes *b) {
    put(b, field(b, part(b, step(b, 0), TARE_OPERATOR_OPTIONS), 1), (uint32_t)-3);
}
static void other_activation(bytes *b) {
    b->at[field(b, part(b, step(b, 0), TARE_OPERATOR_OPTIONS), 3)] = 77;
}
static void zero_point_of_no_int8(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_ZERO_POINT) + 4, 1000);
}
static void endless_zero_point(bytes *b) {
    const size_t zeros = part(b, scales(b, 10), TARE_QUANTIZATION_ZERO_POINT);
    put(b, zeros + 4, UINT32_MAX);
    put(b, zeros + 8, INT32_MAX);
}
static void scale_of_nothing(bytes *b) {
    put(b, part(b, scales(b, IMAGE), TARE_QUANTIZATION_SCALE) + 4, 0);
}
static void weights_of_other_zero(bytes *b) {
    put(b, part(b, scales(b, DENSE_WEIGHTS), TARE_QUANTIZATION_ZERO_POINT) + 4, 1);
}
static void axis_that_is_not_there(bytes *b) {
    const size_t axes = part(b, step(b, 3), TARE_OPERATOR_INPUTS);
    const size_t list = tensor(b, get(b, axes + 8));
    const size_t buffer = get(b, field(b, list, TARE_TENSOR_BUFFER));
    put(b, follow(b, field(b, element(b, part(b, root(b), TARE_MODEL_BUFFERS), buffer), 0)) + 4, 9);
}

typedef struct damage {
    void (*make)(bytes *b);
    const char *sentence;
    const char *file; /* NULL: depthwise_int8 */
} damage;

static const damage when_read[] = {
    {no_bytes, "bytes 4 to 7", NULL},
    {seven_bytes, "bytes 4 to 7", NULL},
    {another_format, "are not 'TFL3'", NULL},
    {root_of_itself, "leads to itself", NULL},
    {root_past_the_end, "past the end", NULL},
    {root_far_past_the_end, "past the end", NULL},
    {vtable_before_the_file, "vtable lies outside", NULL},
    {vtable_behind_the_file, "vtable lies outside", NULL},
    {odd_vtable, "a vtable of a length", NULL},
    {short_vtable, "a vtable of a length", NULL},
    {long_vtable, "a vtable of a length", NULL},
    {long_table, "a table reaches past", NULL},
    {short_table, "a table reaches past", NULL},
    {field_outside, "a field lies outside", NULL},
    {field_on_the_head, "a field lies outside", NULL},
    {old_version, "of version 2", NULL},
    {no_subgraph, "no subgraph", NULL},
    {two_subgraphs, "several subgraphs", NULL},
    {endless_vector, "a vector reaches past", NULL},
    {cycle, "leads to itself", NULL},
    {cycle_backwards, "past the end", NULL},
    {tensor_past_the_end, "past the end", NULL},
    {name_without_end, "no UTF-8", NULL},
    {name_of_other_bytes, "no UTF-8", NULL},
    {negative_extent, "negative extent", NULL},
    {huge_shape, "more elements than can be", NULL},
    {many_axes, "too many axes", NULL},
    {other_signature, "that its shape contradicts", NULL},
    {signature_of_other_rank, "another rank", NULL},
    {no_such_buffer, "a buffer that there is not", NULL},
    {overlapping_buffers, "two buffers overlap", NULL},
    {constant_of_other_length, "another length than its shape", NULL},
    {scale_that_is_no_number, "a scale that is no number", NULL},
    {negative_scale, "a scale that is no number", NULL},
    {scales_that_do_not_fit, "that do not fit its shape", NULL},
    {no_zero_points, "that do not fit its shape", NULL},
    {code_that_is_not_there, "a code that there is not", NULL},
    {tensor_that_is_not_there, "a tensor that there is not", NULL},
    {negative_tensor, "a tensor that there is not", NULL},
    {reads_what_comes_later, "nothing before it gives", NULL},
    {gives_what_was_given, "given already", NULL},
    {too_few_inputs, "too few or too many", NULL},
    {options_of_another, "options of another kind", NULL},
    {output_that_is_not_there, "no tensor of the model", NULL},
    {output_of_nobody, "no operator gives", NULL},
    {input_that_is_constant, "no tensor that could be given", NULL},
    {half_of_it, "past the end", NULL},
    {weights_of_no_buffer, "nothing before it gives", NULL},
    {endless_scale, "a scale that is no number", NULL},
    {scale_of_the_wrong_axis, "that do not fit its shape", NULL},
    {scales_along_no_axis, "along no axis", NULL},
    {endless_zero_points, "a vector reaches past", NULL},
    {inputs_that_are_weights, "no tensor that could be given", NULL},
    {shared_without_end, "past the end", NULL},
};
static const damage when_built[] = {
    {no_stride, "strides", NULL},
    {negative_stride, "strides", NULL},
    {other_activation, "another activation", NULL},
    {zero_point_of_no_int8, "-128 to 127 of INT8", NULL},
    {endless_zero_point, "-128 to 127 of INT8", NULL},
    {scale_of_nothing, "a scale above 0", NULL},
    {weights_of_other_zero, "zero points of 0", NULL},
    {axis_that_is_not_there, "axis", NULL},
    {other_padding, "another padding", "forms_int8.tflite"},
    {huge_stride, "as the file says", NULL},
    {type_of_another_world, "an input of another type", NULL},
    {weights_of_float, "FLOAT32, INT8 or UINT8", NULL},
    {operator_of_another_world, "one of those that Tare runs", NULL},
    {zero_point_of_no_uint8, "0 to 255 of UINT8", "uint8_ranges.tflite"},
    {transposed_to_no_such_shape, "takes output_size to", "forms_int8.tflite"},
    {transposed_to_nothing, "output_size", "forms_int8.tflite"},
    {transposed_to_less, "output_size", "forms_int8.tflite"},
    {resized_to_nothing, "size", "forms_int8.tflite"},
    {resized_without_end, "pixels on a side", "forms_int8.tflite"},
    {padded_by_less, "before", "forms_int8.tflite"},
    {padded_without_end, "as the file says", "forms_int8.tflite"},
    {corners_and_centers, "one of them", "forms_int8.tflite"},
};

/* --------------------------------------------------------------------------------------- trying */

/* Opens, builds and, where that is well, runs on zeros. */
static tare_status try_file(const char *path, bool *opened, tare_error *error) {
    tare_tflite *model = NULL;
    tare_tensor inputs[8], outputs[8];
    tare_status status = tare_tflite_open(path, &model, error);
    *opened = status == TARE_OK;
    if (!*opened) assert_null(model);
    if (*opened && tare_tflite_input(model, 8) < 0 && tare_tflite_output(model, 8) < 0) {
        tare_graph *graph = tare_graph_new();
        status = tare_tflite_build(model, graph, inputs, outputs, NULL, error);
        tare_shape shape = status == TARE_OK && tare_tflite_input(model, 0) >= 0
                               ? tare_tensor_shape(inputs[0])
                               : TARE_ANY_SHAPE;
        if (shape.rank > 0 && shape.extents[0] < 0) shape.extents[0] = 1;
        int64_t count = shape.rank < 0 ? 0 : 1;
        for (int i = 0; i < shape.rank; i++)
            count = shape.extents[i] < 0 || count > 100000 ? 0 : count * shape.extents[i];
        tare_session *session = NULL;
        tare_array *x = NULL, *y = NULL;
        if (count > 0 && count <= 100000 &&
            tare_session_new(graph, &session, .threads = 1, .memory_limit = 1 << 26) == TARE_OK &&
            tare_array_new(tare_tensor_dtype(inputs[0]), shape, NULL, &x) == TARE_OK) {
            const tare_feed feed = {inputs[0], x};
            memset(tare_array_data(x), 0, tare_array_bytes(x));
            (void)tare_session_run(session, &feed, 1, outputs, 1, &y);
        }
        tare_array_free(x);
        tare_session_free(session);
        tare_graph_free(graph);
    }
    tare_tflite_close(model);
    return status;
}

static void check(const damage *d, size_t i, bool opens) {
    bytes b = read_bytes(d->file ? d->file : "depthwise_int8.tflite");
    tare_error error = {0};
    bool opened = false;
    d->make(&b);
    const char *path = scratch_file("damaged.tflite", b.at, b.size);
    assert_non_null(path);
    if (try_file(path, &opened, &error) == TARE_OK) fail_msg("damage %d is accepted", (int)i);
    if (opened != opens) fail_msg("damage %d is refused too %s", (int)i, opens ? "soon" : "late");
    if (!strstr(error.message, d->sentence))
        fail_msg("damage %d: wanted '%s', got: %s", (int)i, d->sentence, error.message);
    free(b.at);
}

static void files_with_one_fault_are_refused_when_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof when_read / sizeof *when_read; i++)
        check(&when_read[i], i, false);
}

static void models_that_cannot_run_are_refused_when_built(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof when_built / sizeof *when_built; i++)
        check(&when_built[i], i, true);
}

static void a_file_that_is_not_there_is_refused(void **state) {
    (void)state;
    tare_error error = {0};
    tare_tflite *model = NULL;
    assert_int_equal(tare_tflite_open(scratch("nothing.tflite"), &model, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_tflite_open(NULL, &model, &error), TARE_ERROR_ARGUMENT);
    assert_null(model);
}

/* Whatever a few wrong bytes make of a file, reading, building and running it ends well. */
static void files_with_random_faults_do_no_harm(void **state) {
    (void)state;
    static const char *const files[] = {"depthwise_int8.tflite", "depthwise_float.tflite",
                                        "lenet_int8.tflite",     "uint8_ranges_toco.tflite",
                                        "forms_int8.tflite",     "forms_uint8.tflite"};
    uint64_t random = 20150211;
    int opened_count = 0, refused = 0;
    for (int round = 0; round < 1200; round++) {
        bytes b = read_bytes(files[round % 6]);
        /* Constants fill most of the larger file: its structure stands at its end and beginning. */
        for (int i = 0; i < 1 + round % 5; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            const size_t span = b.size < 5000 ? b.size : 5000;
            const size_t place = (size_t)(random >> 33) % span;
            const size_t at = round / 6 % 2 ? place : b.size - 1 - place;
            const unsigned flipped = b.at[at] ^ 1U << (random >> 24) % 8;
            const unsigned other = (unsigned)(random >> 24) & 0xFF;
            b.at[at] = (unsigned char)((random >> 20) % 3 ? other : flipped);
        }
        tare_error error = {0};
        bool opened = false;
        const char *path = scratch_file("mutated.tflite", b.at, b.size);
        assert_non_null(path);
        if (try_file(path, &opened, &error) != TARE_OK) {
            assert_true(error.message[0] != '\0');
            refused++;
        }
        opened_count += opened;
        free(b.at);
    }
    assert_true(opened_count > 100 && refused > 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_with_one_fault_are_refused_when_read),
        cmocka_unit_test(models_that_cannot_run_are_refused_when_built),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(files_with_random_faults_do_no_harm),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
