/* SPDX-License-Identifier: Apache-2.0 */
/* A .tflite model is read, its ranges observed, quantised both ways, written, read again and run; a
 * session's network is exported. */
#include "memory/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tare/tare.h>
#include <unistd.h>

#define FOLDER TARE_SOURCE_DIR "/tests/golden/data/tflite/"
enum { MOST_TENSORS = 64 };

static tare_status make_zeros(tare_dtype dtype, tare_shape shape, tare_array **x) {
    const tare_status status = tare_array_new(dtype, shape, NULL, x);
    if (!status) memset(tare_array_data(*x), 0, tare_array_bytes(*x));
    return status;
}

/* The model on one example of zeros. */
static tare_status answer(const tare_tflite *model, const tare_allocator *allocator, int threads) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.allocator = allocator;
    options.threads = threads;
    tare_graph *graph = tare_graph_new_with(allocator);
    tare_session *session = NULL;
    tare_array *x = NULL, *y = NULL;
    tare_tensor input, output, tensors[MOST_TENSORS];
    tare_status status = graph == NULL ? TARE_ERROR_MEMORY : TARE_OK;
    if (!status) status = tare_tflite_build(model, graph, &input, &output, tensors, NULL);
    if (!status) status = tare_session_new_with(graph, &options, &session, NULL);
    if (!status) {
        tare_shape shape = tare_tensor_shape(input);
        shape.extents[0] = 1;
        status = make_zeros(tare_tensor_dtype(input), shape, &x);
    }
    if (!status) {
        const tare_feed feed = {input, x};
        status = tare_session_run(session, &feed, 1, &output, 1, &y);
    }
    tare_array_free(x);
    tare_session_free(session);
    tare_graph_free(graph);
    return status;
}

static tare_status read_and_answer(const char *path, const tare_allocator *allocator, int threads) {
    tare_tflite *model = NULL;
    tare_status status = tare_tflite_open(path, &model, NULL);
    if (!status) status = answer(model, allocator, threads);
    for (size_t i = 0; !status && i < tare_tflite_operator_count(model); i++) {
        char *text = tare_tflite_operator_options(model, i);
        if (text == NULL) status = TARE_ERROR_MEMORY;
        tare_text_free(text);
    }
    tare_tflite_close(model);
    return status;
}

static tare_status observe(const tare_tflite *model, tare_tflite_range *ranges) {
    tare_array *x = NULL, *labels = NULL;
    tare_dataset *data = NULL;
    tare_status status = make_zeros(TARE_FLOAT32, TARE_SHAPE(1, 28, 28, 1), &x);
    if (!status) status = make_zeros(TARE_INT32, TARE_SHAPE(1), &labels);
    if (!status) ((float *)tare_array_data(x))[0] = 1;
    if (!status) status = tare_dataset_new(x, labels, &data, NULL);
    if (!status) status = tare_tflite_observe(model, data, ranges, NULL);
    tare_array_free(x);
    tare_array_free(labels);
    tare_dataset_free(data);
    return status;
}

static tare_status quantise(const tare_allocator *allocator, int threads, const char *path) {
    tare_tflite *model = NULL, *made = NULL;
    tare_tflite_range ranges[MOST_TENSORS] = {{false, 0, 0}};
    tare_status status = tare_tflite_open(FOLDER "depthwise_float.tflite", &model, NULL);
    if (!status) {
        char *text = tare_tflite_lacking(model, ranges);
        if (text == NULL) status = TARE_ERROR_MEMORY;
        tare_text_free(text);
    }
    if (!status) status = observe(model, ranges);
    for (int uint8 = 0; !status && uint8 < 2; uint8++) {
        status = tare_tflite_quantise(model, ranges, &made, NULL, .uint8 = uint8 != 0);
        if (!status) status = tare_tflite_save(made, path, NULL);
        tare_tflite_close(made);
        if (!status) status = read_and_answer(path, allocator, threads);
    }
    tare_tflite_close(model);
    return status;
}

static tare_tensor build(tare_graph *graph, tare_tensor x) {
    tare_tensor y = tare_relu(tare_conv2d(x, 2, TARE_LIST(2), .strides = TARE_LIST(2)));
    y = tare_conv2d_transpose(y, 2, TARE_LIST(2), .strides = TARE_LIST(2));
    y = tare_resize_bilinear(y, TARE_LIST(3, 3));
    const tare_tensor filter = tare_get_variable(graph, "filter", TARE_SHAPE(2, 2, 2, 1));
    y = tare_nn_conv2d(y, filter, .padding = TARE_PADDING_EXPLICIT, .before = TARE_LIST(1, 1),
                       .after = TARE_LIST(0, 0));
    return tare_softmax(tare_dense(tare_flatten(y), 2));
}

static tare_status export(const tare_allocator *allocator, int threads, const char *path) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.allocator = allocator;
    options.threads = threads;
    tare_graph *graph = tare_graph_new_with(allocator);
    tare_session *session = NULL;
    tare_tflite *model = NULL, *made = NULL;
    tare_tflite_range ranges[MOST_TENSORS];
    for (int i = 0; i < MOST_TENSORS; i++) ranges[i] = (tare_tflite_range){true, -2, 2};
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4, 4, 1));
    const tare_tensor y = build(graph, x);
    tare_status status = graph == NULL ? TARE_ERROR_MEMORY : tare_graph_status(graph);
    if (!status) status = tare_session_new_with(graph, &options, &session, NULL);
    if (!status) status = tare_session_initialize(session);
    if (!status) status = tare_tflite_export(session, x, y, &model, NULL);
    if (!status) status = tare_tflite_quantise(model, ranges, &made, NULL);
    if (!status) status = tare_tflite_save(made, path, NULL);
    if (!status) status = read_and_answer(path, allocator, threads);
    tare_tflite_close(model);
    tare_tflite_close(made);
    tare_session_free(session);
    tare_graph_free(graph);
    return status;
}

static tare_status program(const tare_allocator *allocator, int threads) {
    char path[1024];
    snprintf(path, sizeof path, TARE_BINARY_DIR "/tests/memory-%ld.tflite", (long)getpid());
    tare_status status = quantise(allocator, threads, path);
    if (!status) status = export(allocator, threads, path);
    unlink(path);
    return status;
}

int main(int count, char **words) { return memory_main(count, words, program); }
