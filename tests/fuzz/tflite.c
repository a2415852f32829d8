/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzzer's target for .tflite files: whatever the bytes are, the model is opened, told, built,
 * run on zeros, quantised and written, or refused with a sentence. Run by tools/fuzz.
 */
#include <stdlib.h>
#include <string.h>
#include <tare/tare.h>

#include "base/memory.h"
#include "model/tflite.h"

enum { MOST_ENDS = 8, MOST_NUMBERS = 20000, MEMORY = 1 << 20 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

static tare_status open_bytes(const unsigned char *data, size_t size, tare_tflite **model,
                              tare_error *error) {
    tare_tflite *made = tare_tflite_new("bytes");
    must(made != NULL);
    made->bytes = tare_allocate(&made->allocator, size + 1);
    must(made->bytes != NULL);
    memcpy(made->bytes, data, size);
    made->bytes[size] = '\0';
    made->size = (int64_t)size;
    *model = made;
    return tare_tflite_parse(made, error);
}

/* Zeros of the input's shape, its batch 1; NULL: they would be too many. */
static tare_array *zeros(tare_tensor input) {
    tare_shape shape = tare_tensor_shape(input);
    tare_array *x = NULL;
    int64_t count = 1;
    if (shape.rank < 0) return NULL;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.extents[i] < 0) shape.extents[i] = 1;
        if (count > 0 && shape.extents[i] > MOST_NUMBERS / count) return NULL;
        count *= shape.extents[i];
    }
    must(tare_array_new(tare_tensor_dtype(input), shape, NULL, &x) == TARE_OK);
    memset(tare_array_data(x), 0, tare_array_bytes(x));
    return x;
}

static void run(tare_graph *graph, const tare_tensor *inputs, int64_t input_count,
                const tare_tensor *output) {
    tare_session *session = NULL;
    tare_feed feeds[MOST_ENDS];
    bool all = true;
    for (int64_t i = 0; i < input_count; i++) {
        feeds[i] = (tare_feed){inputs[i], zeros(inputs[i])};
        all = all && feeds[i].array != NULL;
    }
    if (all && tare_session_new(graph, &session, .threads = 1, .memory_limit = MEMORY) == TARE_OK) {
        tare_array *y = NULL;
        if (tare_session_run(session, feeds, (size_t)input_count, output, 1, &y) != TARE_OK)
            must(tare_session_message(session)[0] != '\0');
    }
    tare_session_free(session);
    for (int64_t i = 0; i < input_count; i++) tare_array_free((tare_array *)feeds[i].array);
}

static void build(const tare_tflite *model) {
    tare_tensor inputs[MOST_ENDS], outputs[MOST_ENDS];
    tare_error error = {0};
    if (model->input_count > MOST_ENDS || model->output_count > MOST_ENDS) return;
    tare_graph *graph = tare_graph_new();
    must(graph != NULL);
    if (tare_tflite_build(model, graph, inputs, outputs, NULL, &error) != TARE_OK)
        must(error.message[0] != '\0');
    else if (model->output_count > 0)
        run(graph, inputs, model->input_count, outputs);
    tare_graph_free(graph);
}

static void quantise(const tare_tflite *model, bool uint8) {
    const size_t count = tare_tflite_tensor_count(model);
    tare_tflite_range *ranges = calloc(count + 1, sizeof *ranges);
    tare_tflite *made = NULL;
    tare_error error = {0};
    must(ranges != NULL);
    for (size_t i = 0; i < count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(model, i);
        ranges[i] = told->ranged ? (tare_tflite_range){true, told->min, told->max}
                                 : (tare_tflite_range){i % 11 != 0, -1, 6};
    }
    tare_text_free(tare_tflite_lacking(model, ranges));
    if (tare_tflite_quantise(model, ranges, &made, &error, .uint8 = uint8) == TARE_OK)
        build(made);
    else
        must(error.message[0] != '\0' && made == NULL);
    tare_tflite_close(made);
    free(ranges);
}

/* What is written is read again. */
static void save(const tare_tflite *model) {
    const char *path = getenv("TARE_FUZZ_FILE");
    tare_tflite *again = NULL;
    tare_error error = {0};
    if (path == NULL || tare_tflite_save(model, path, &error) != TARE_OK) return;
    must(tare_tflite_open(path, &again, &error) == TARE_OK);
    tare_tflite_close(again);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    tare_tflite *model = NULL;
    tare_error error = {0};
    if (open_bytes(data, size, &model, &error) == TARE_OK) {
        for (size_t i = 0; i < tare_tflite_operator_count(model); i++)
            tare_text_free(tare_tflite_operator_options(model, i));
        build(model);
        quantise(model, false);
        quantise(model, true);
        if (size % 8 == 0) save(model);
    } else {
        must(error.message[0] != '\0');
    }
    tare_tflite_close(model);
    return 0;
}
