/* SPDX-License-Identifier: Apache-2.0 */
/* A table is read and standardised, its standardiser kept as text and read again; a network
 * predicts from it. */
#include "memory/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <tare/tare.h>
#include <unistd.h>

/* Written with system calls alone: no allocation of the test's own fails. */
static int write_rows(char *path, size_t size) {
    static const char rows[] = "area,zone,price\n100,\"R\"\"L\",5\n,RM,6\n300,,7\n120,RM,8\n";
    snprintf(path, size, TARE_BINARY_DIR "/tests/memory-%ld.csv", (long)getpid());
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return -1;
    const ssize_t written = write(file, rows, sizeof rows - 1);
    return close(file) == 0 && written == (ssize_t)sizeof rows - 1 ? 0 : -1;
}

/* One number for each row of inputs. */
static tare_status predict(tare_array *inputs, tare_array *targets, const tare_allocator *allocator,
                           int threads) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.allocator = allocator;
    options.threads = threads;
    tare_graph *graph = tare_graph_new_with(allocator);
    tare_network network = {.struct_size = sizeof network};
    tare_session *session = NULL;
    tare_dataset *dataset = NULL;
    tare_array *outputs = NULL;
    network.inputs = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4), .name = "x");
    network.logits = tare_dense(network.inputs, 1);
    tare_status status = graph == NULL ? TARE_ERROR_MEMORY : tare_graph_status(graph);
    if (!status) status = tare_session_new_with(graph, &options, &session, NULL);
    if (!status) status = tare_session_initialize(session);
    if (!status) status = tare_dataset_new(inputs, targets, &dataset, NULL);
    if (!status) status = tare_predict(session, &network, dataset, &outputs, NULL, .batch = 3);
    tare_array_free(outputs);
    tare_dataset_free(dataset);
    tare_session_free(session);
    tare_graph_free(graph);
    return status;
}

static tare_status standardize(const tare_data_frame *frame, const tare_allocator *allocator,
                               int threads) {
    tare_standardizer_options options = {TARE_STANDARDIZER_DEFAULTS};
    options.target = "price";
    options.log_target = true;
    tare_standardizer *one = NULL, *other = NULL;
    tare_array *inputs = NULL, *targets = NULL;
    char *text = NULL;
    tare_status status = tare_standardizer_fit_with(frame, NULL, 0, &options, &one, NULL);
    if (!status) status = tare_standardizer_text(one, &text, NULL);
    if (!status) status = tare_standardizer_from_text(text, &other, NULL);
    const tare_standardizer *used = other;
    if (status == TARE_ERROR_UNSUPPORTED) { /* without jansson nothing is read back */
        used = one;
        status = TARE_OK;
    }
    if (!status) status = tare_standardizer_inputs(used, frame, NULL, 0, &inputs, NULL, NULL);
    if (!status) status = tare_standardizer_targets(used, frame, NULL, 0, &targets, NULL);
    if (!status) status = predict(inputs, targets, allocator, threads);
    tare_array_free(inputs);
    tare_array_free(targets);
    tare_text_free(text);
    tare_standardizer_free(one);
    tare_standardizer_free(other);
    return status;
}

static tare_status program(const tare_allocator *allocator, int threads) {
    char path[1024];
    tare_data_frame *frame = NULL, *houses = NULL;
    int64_t order[4], held;
    if (write_rows(path, sizeof path) != 0) return TARE_ERROR_FILE;
    tare_status status = tare_data_frame_read_with(path, NULL, &frame, NULL);
    unlink(path);
    if (!status) status = standardize(frame, allocator, threads);
    if (!status) status = tare_fold_rows(4, 2, 1, 0, order, &held, NULL);
    if (!status) status = tare_data_frame_houses(3, 1, &houses, NULL);
    tare_data_frame_free(frame);
    tare_data_frame_free(houses);
    return status;
}

int main(int count, char **words) { return memory_main(count, words, program); }
