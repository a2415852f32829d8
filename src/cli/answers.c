/* SPDX-License-Identifier: Apache-2.0 */
/* Running a .tflite model over examples. */
#include "cli/answers.h"

#include "array/array.h"
#include "array/shape.h"
#include "base/clock.h"
#include "base/status.h"
#include "kernel/int8_others.h"
#include <tare/session.h>

#include <string.h>

typedef struct answering {
    const tare_tflite *model;
    const char *path;
    const tare_dataset *examples;
    int64_t batch, threads;
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y;
    const tare_tflite_tensor *from, *to; /* as the file has them */
    tare_batches *batches;
    tare_array *fed;     /* a batch in whole numbers; NULL: it is fed as it is */
    tare_array *answers; /* [examples, ..] float32 */
    int64_t done;
    tare_answers_watch *watch;
    tare_error *error;
} answering;

/* -------------------------------------------------------------------------------------- opening */

static bool is_whole(const tare_tflite_tensor *tensor) {
    return (tensor->dtype == TARE_INT8 || tensor->dtype == TARE_UINT8) && tensor->scale_count == 1;
}

static bool takes(const tare_tflite_tensor *tensor) {
    return tensor->dtype == TARE_FLOAT32 || is_whole(tensor);
}

/* The zero point of a whole tensor as an int8 one's: uint8 numbers are 128 more. */
static int32_t int8_zero(const tare_tflite_tensor *tensor) {
    return (int32_t)tensor->zero_points[0] + (tensor->dtype == TARE_UINT8 ? INT8_MIN : 0);
}

static tare_status check_ends(answering *j) {
    if (tare_tflite_input(j->model, 1) >= 0 || tare_tflite_output(j->model, 1) >= 0 ||
        tare_tflite_input(j->model, 0) < 0 || tare_tflite_output(j->model, 0) < 0)
        return tare_fail_file(j->error, TARE_ERROR_UNSUPPORTED, j->path,
                              "the model has not one input and one output");
    j->from = tare_tflite_tensor_at(j->model, (size_t)tare_tflite_input(j->model, 0));
    j->to = tare_tflite_tensor_at(j->model, (size_t)tare_tflite_output(j->model, 0));
    if (takes(j->from) && takes(j->to)) return TARE_OK;
    return tare_fail_file(
        j->error, TARE_ERROR_UNSUPPORTED, j->path,
        "input and output are %s and %s; needs FLOAT32, or INT8 or UINT8 with a scale",
        j->from->type, j->to->type);
}

static tare_status open_model(answering *j) {
    tare_session_options how = {TARE_SESSION_DEFAULTS};
    how.threads = j->threads;
    TARE_TRY(check_ends(j));
    j->graph = tare_graph_new();
    if (j->graph == NULL) return tare_fail_memory(j->error);
    TARE_TRY(tare_tflite_build(j->model, j->graph, &j->x, &j->y, NULL, j->error));
    return tare_session_new_with(j->graph, &how, &j->session, j->error);
}

static tare_status cut(answering *j) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    const tare_shape shape = tare_tensor_shape(j->x);
    if (shape.rank < 1 || (shape.extents[0] != TARE_ANY && shape.extents[0] != 1))
        return tare_fail_file(j->error, TARE_ERROR_UNSUPPORTED, j->path,
                              "the model takes a fixed number of examples at once");
    options.shuffle = false;
    options.batch = shape.extents[0] == 1 ? 1 : j->batch;
    options.input_shape = (tare_shape){.rank = shape.rank - 1};
    for (int axis = 1; axis < shape.rank; axis++)
        options.input_shape.extents[axis - 1] = shape.extents[axis];
    return tare_batches_new_with(j->examples, &options, &j->batches, j->error);
}

/* -------------------------------------------------------------------------------------- running */

/* The inputs as the model takes them. */
static tare_status give(answering *j, const tare_array *inputs, const tare_array **fed) {
    *fed = inputs;
    if (!is_whole(j->from)) return TARE_OK;
    if (j->fed == NULL || !tare_shape_same(j->fed->shape, inputs->shape)) {
        tare_array_free(j->fed);
        j->fed = NULL;
        if (tare_array_new(j->from->dtype, inputs->shape, NULL, &j->fed) != TARE_OK)
            return tare_fail_memory(j->error);
    }
    tare_int8_quantise(inputs->count, inputs->data, j->from->scales[0], int8_zero(j->from),
                       j->fed->data);
    if (j->from->dtype == TARE_UINT8) tare_int8_shift(j->fed->count, j->fed->data, j->fed->data);
    *fed = j->fed;
    return TARE_OK;
}

static void dequantise_unsigned(const tare_tflite_tensor *to, const tare_array *result,
                                float *into) {
    const uint8_t *numbers = result->data;
    for (int64_t i = 0; i < result->count; i++)
        into[i] = (float)(numbers[i] - to->zero_points[0]) * to->scales[0];
}

static tare_status take(answering *j, const tare_array *result, int64_t count) {
    tare_shape shape = result->shape;
    if (shape.rank < 1 || shape.extents[0] != count)
        return tare_fail_file(j->error, TARE_ERROR_SHAPE, j->path,
                              "the model does not answer every example");
    shape.extents[0] = tare_dataset_count(j->examples);
    if (j->answers == NULL && tare_array_new(TARE_FLOAT32, shape, NULL, &j->answers) != TARE_OK)
        return tare_fail_memory(j->error);
    if (result->count * (shape.extents[0] / count) > j->answers->count)
        return tare_fail_file(j->error, TARE_ERROR_SHAPE, j->path,
                              "the model answers with arrays of several shapes");
    float *into = (float *)j->answers->data + j->done * (result->count / count);
    if (result->dtype == TARE_UINT8)
        dequantise_unsigned(j->to, result, into);
    else if (result->dtype == TARE_INT8)
        tare_int8_dequantise(result->count, result->data, j->to->scales[0], int8_zero(j->to), into);
    else
        memcpy(into, result->data, result->bytes);
    j->done += count;
    return TARE_OK;
}

static tare_status run_all(answering *j) {
    const double start = tare_clock_seconds();
    for (int64_t i = 0; i < tare_batches_count(j->batches); i++) {
        tare_batch batch;
        tare_array *result = NULL;
        tare_feed feed = {.tensor = j->x};
        TARE_TRY(tare_batches_get(j->batches, 0, i, &batch));
        TARE_TRY(give(j, batch.inputs, &feed.array));
        if (tare_session_run(j->session, &feed, 1, &j->y, 1, &result) != TARE_OK) {
            if (j->error != NULL) *j->error = *tare_session_error(j->session);
            return tare_session_error(j->session)->status;
        }
        TARE_TRY(take(j, result, batch.count));
        if (j->watch->seen != NULL)
            j->watch->seen(j->watch->user, j->done, tare_dataset_count(j->examples));
    }
    j->watch->seconds = tare_clock_seconds() - start;
    return TARE_OK;
}

tare_status tare_answers_watched(const tare_tflite *model, const char *path,
                                 const tare_dataset *examples, int64_t batch, int64_t threads,
                                 tare_answers_watch *watch, tare_array **answers,
                                 tare_error *error) {
    answering j = {.model = model,
                   .path = path,
                   .examples = examples,
                   .batch = batch,
                   .threads = threads,
                   .watch = watch,
                   .error = error};
    tare_status status = open_model(&j);
    if (status == TARE_OK) status = cut(&j);
    if (status == TARE_OK) status = run_all(&j);
    tare_batches_free(j.batches);
    tare_session_free(j.session);
    tare_graph_free(j.graph);
    tare_array_free(j.fed);
    if (status == TARE_OK)
        *answers = j.answers;
    else
        tare_array_free(j.answers);
    return status;
}

tare_status tare_answers(const tare_tflite *model, const char *path, const tare_dataset *examples,
                         int64_t batch, int64_t threads, tare_array **answers, tare_error *error) {
    tare_answers_watch nobody = {.seen = NULL};
    return tare_answers_watched(model, path, examples, batch, threads, &nobody, answers, error);
}
