/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare run: what a .tflite model says of examples. Numbers go in and come out as they are meant:
 * whole-number models are given quanta of them, and their answers are scaled back.
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/examples.h"
#include "cli/say.h"
#include "kernel/int8_others.h"
#include <tare/session.h>
#include <tare/tflite.h>

#include <inttypes.h>
#include <string.h>

/* clang-format off */
#define TARE_RUN_FIELDS(field)                                                                    \
    field(text, data, NULL, "arrays (.npy, .npz, idx), or a data set's name")                     \
    field(text, output, NULL, "file for the answers, .npy or .csv; none given: standard output")  \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(integer, limit, 0, "the first N examples only; 0: all")                                 \
    field(integer, batch, 100, "examples in a batch, where the model takes any number")           \
    field(integer, threads, 0, "that compute; 0: one per processor")
/* clang-format on */
TARE_OPTIONS(run_options, TARE_RUN_FIELDS);
#define TARE_TABLE_STRUCT run_options
TARE_OPTION_TABLE(static, run_table, TARE_RUN_FIELDS);

typedef struct job {
    const char *path;
    run_options options;
    tare_tflite *model;
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y;
    const tare_tflite_tensor *from, *to; /* as the file has them */
    tare_dataset *examples;
    tare_batches *batches;
    tare_array *fed;     /* a batch in whole numbers; NULL: it is fed as it is */
    tare_array *answers; /* [examples, ..] float32 */
    int64_t done;
    tare_text text;
    tare_error error;
} job;

/* -------------------------------------------------------------------------------------- opening */

static bool takes(const tare_tflite_tensor *tensor) {
    return tensor->dtype == TARE_FLOAT32 ||
           (tensor->dtype == TARE_INT8 && tensor->scale_count == 1);
}

static tare_status check_ends(job *j) {
    if (tare_tflite_input(j->model, 1) >= 0 || tare_tflite_output(j->model, 1) >= 0 ||
        tare_tflite_input(j->model, 0) < 0 || tare_tflite_output(j->model, 0) < 0)
        return tare_fail_file(&j->error, TARE_ERROR_UNSUPPORTED, j->path,
                              "the model has not one input and one output");
    j->from = tare_tflite_tensor_at(j->model, (size_t)tare_tflite_input(j->model, 0));
    j->to = tare_tflite_tensor_at(j->model, (size_t)tare_tflite_output(j->model, 0));
    if (takes(j->from) && takes(j->to)) return TARE_OK;
    return tare_fail_file(&j->error, TARE_ERROR_UNSUPPORTED, j->path,
                          "input and output are %s and %s; needs FLOAT32, or INT8 with a scale",
                          j->from->type, j->to->type);
}

static tare_status open_model(job *j) {
    tare_session_options how = {TARE_SESSION_DEFAULTS};
    how.threads = j->options.threads;
    TARE_TRY(tare_tflite_open(j->path, &j->model, &j->error));
    TARE_TRY(check_ends(j));
    j->graph = tare_graph_new();
    if (j->graph == NULL) return tare_fail_memory(&j->error);
    TARE_TRY(tare_tflite_build(j->model, j->graph, &j->x, &j->y, NULL, &j->error));
    return tare_session_new_with(j->graph, &how, &j->session, &j->error);
}

static tare_status cut(job *j) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    const tare_shape shape = tare_tensor_shape(j->x);
    tare_dataset *part = NULL;
    if (shape.rank < 1 || (shape.extents[0] != TARE_ANY && shape.extents[0] != 1))
        return tare_fail_file(&j->error, TARE_ERROR_UNSUPPORTED, j->path,
                              "the model takes a fixed number of examples at once");
    TARE_TRY(tare_examples_load(j->options.data, j->options.folder, &j->examples, &j->error));
    if (j->options.limit > 0 && j->options.limit < tare_dataset_count(j->examples)) {
        TARE_TRY(tare_dataset_part(j->examples, 0, j->options.limit, &part, &j->error));
        tare_dataset_free(j->examples);
        j->examples = part;
    }
    options.shuffle = false;
    options.batch = shape.extents[0] == 1 ? 1 : j->options.batch;
    options.input_shape = (tare_shape){.rank = shape.rank - 1};
    for (int axis = 1; axis < shape.rank; axis++)
        options.input_shape.extents[axis - 1] = shape.extents[axis];
    return tare_batches_new_with(j->examples, &options, &j->batches, &j->error);
}

/* -------------------------------------------------------------------------------------- running */

/* The inputs as the model takes them. */
static tare_status give(job *j, const tare_array *inputs, const tare_array **fed) {
    *fed = inputs;
    if (j->from->dtype != TARE_INT8) return TARE_OK;
    if (j->fed == NULL || !tare_shape_same(j->fed->shape, inputs->shape)) {
        tare_array_free(j->fed);
        j->fed = NULL;
        if (tare_array_new(TARE_INT8, inputs->shape, NULL, &j->fed) != TARE_OK)
            return tare_fail_memory(&j->error);
    }
    tare_int8_quantise(inputs->count, inputs->data, j->from->scales[0],
                       (int32_t)j->from->zero_points[0], j->fed->data);
    *fed = j->fed;
    return TARE_OK;
}

static tare_status take(job *j, const tare_array *result, int64_t count) {
    tare_shape shape = result->shape;
    if (shape.rank < 1 || shape.extents[0] != count)
        return tare_fail_file(&j->error, TARE_ERROR_SHAPE, j->path,
                              "the model does not answer every example");
    shape.extents[0] = tare_dataset_count(j->examples);
    if (j->answers == NULL && tare_array_new(TARE_FLOAT32, shape, NULL, &j->answers) != TARE_OK)
        return tare_fail_memory(&j->error);
    if (result->count * (shape.extents[0] / count) > j->answers->count)
        return tare_fail_file(&j->error, TARE_ERROR_SHAPE, j->path,
                              "the model answers with arrays of several shapes");
    float *into = (float *)j->answers->data + j->done * (result->count / count);
    if (result->dtype == TARE_INT8)
        tare_int8_dequantise(result->count, result->data, j->to->scales[0],
                             (int32_t)j->to->zero_points[0], into);
    else
        memcpy(into, result->data, result->bytes);
    j->done += count;
    return TARE_OK;
}

static tare_status run_all(job *j) {
    for (int64_t i = 0; i < tare_batches_count(j->batches); i++) {
        tare_batch batch;
        tare_array *result = NULL;
        tare_feed feed = {.tensor = j->x};
        TARE_TRY(tare_batches_get(j->batches, 0, i, &batch));
        TARE_TRY(give(j, batch.inputs, &feed.array));
        if (tare_session_run(j->session, &feed, 1, &j->y, 1, &result) != TARE_OK) {
            j->error = *tare_session_error(j->session);
            return j->error.status;
        }
        TARE_TRY(take(j, result, batch.count));
    }
    return TARE_OK;
}

/* -------------------------------------------------------------------------------------- answers */

static void write_csv(job *j) {
    const int64_t rows = tare_dataset_count(j->examples), width = j->answers->count / rows;
    const float *numbers = j->answers->data;
    tare_text_add(&j->text, "row");
    for (int64_t k = 0; k < width; k++) tare_text_format(&j->text, ",output %" PRId64, k);
    for (int64_t i = 0; i < rows; i++) {
        tare_text_format(&j->text, "\n%" PRId64, i + 1);
        for (int64_t k = 0; k < width; k++) {
            tare_text_add(&j->text, ",");
            tare_text_float(&j->text, numbers[i * width + k]);
        }
    }
    tare_text_add(&j->text, "\n");
}

static tare_status save(job *j) {
    const size_t length = strlen(j->options.output), tail = strlen(".npy");
    tare_writer *writer = NULL;
    if (length >= tail && strcmp(j->options.output + length - tail, ".npy") == 0)
        return tare_npy_write(j->options.output, j->answers, &j->error);
    write_csv(j);
    if (j->text.failed) return tare_fail_memory(&j->error);
    TARE_TRY(tare_writer_open(j->options.output, &writer, &j->error));
    const tare_status status = tare_writer_write(writer, j->text.data, j->text.length, &j->error);
    if (status == TARE_OK) return tare_writer_commit(writer, &j->error);
    tare_writer_abandon(writer);
    return status;
}

static int work(job *j) {
    if (open_model(j) != TARE_OK || cut(j) != TARE_OK || run_all(j) != TARE_OK)
        return tare_say_error(&j->error);
    if (j->options.output != NULL)
        return save(j) == TARE_OK ? TARE_EXIT_SUCCESS : tare_say_error(&j->error);
    write_csv(j);
    return tare_say_text(&j->text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}

/* ----------------------------------------------------------------------------------- the command
 */

static void end(job *j) {
    tare_session_free(j->session);
    tare_graph_free(j->graph);
    tare_tflite_close(j->model);
    tare_batches_free(j->batches);
    tare_dataset_free(j->examples);
    tare_array_free(j->fed);
    tare_array_free(j->answers);
    tare_text_clear(&j->text);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    run_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_run,
                                .groups = {{"Options", &run_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0 && arguments.word_count < 1)
        status = tare_say_misuse("the model's file is missing: tare run MODEL.tflite --data FILE");
    if (status < 0 && j.options.data == NULL)
        status = tare_say_misuse("the data is missing: tare run MODEL.tflite --data FILE");
    if (status < 0 && (j.options.batch < 1 || j.options.limit < 0 || j.options.threads < 0))
        status = tare_say_misuse("--batch: needs 1 or more; --limit and --threads: 0 or more");
    if (status >= 0) return status;
    j.path = arguments.words[0];
    status = work(&j);
    end(&j);
    return status;
}

const tare_command tare_command_run = {
    .name = "run",
    .summary = "what a .tflite model says of new data, as csv or .npy",
    .usage = "MODEL.tflite --data FILE [--output FILE]",
    .examples = "  tare run model.tflite --data x.npy\n"
                "  tare run model.tflite --data fashion-mnist --limit 10 --output answers.npy\n",
    .run = run,
};
