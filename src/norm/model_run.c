/* SPDX-License-Identifier: Apache-2.0 */
/* Running a .tflite model with every tensor it computes in sight. */
#include "norm/model_run.h"

#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "kernel/int8_others.h"
#include <tare/session.h>

bool tare_model_run_is_whole(const tare_tflite_tensor *told) {
    return (told->dtype == TARE_INT8 || told->dtype == TARE_UINT8) && told->scale_count == 1;
}

int64_t tare_model_run_zero(const tare_tflite_tensor *told) {
    return told->zero_points[0] + (told->dtype == TARE_UINT8 ? INT8_MIN : 0);
}

/* A tensor whose numbers can be told. */
static bool is_seen(const tare_tflite_tensor *told) {
    return !told->constant && (told->dtype == TARE_FLOAT32 || tare_model_run_is_whole(told));
}

static tare_status build(tare_model_run *run, int64_t threads) {
    tare_session_options how = {TARE_SESSION_DEFAULTS};
    const size_t count = tare_tflite_tensor_count(run->model);
    const int64_t room = (int64_t)count + 1;
    tare_tensor output;
    tare_tensor *tensors = tare_arena_allocate_array(run->arena, room, sizeof *tensors);
    run->fetches = tare_arena_allocate_array(run->arena, room, sizeof *run->fetches);
    run->indices = tare_arena_allocate_array(run->arena, room, sizeof *run->indices);
    run->results = tare_arena_allocate_array(run->arena, room, sizeof *run->results);
    run->graph = tare_graph_new();
    if (!tensors || !run->fetches || !run->indices || !run->results || !run->graph)
        return tare_fail_memory(run->error);
    TARE_TRY(tare_tflite_build(run->model, run->graph, &run->x, &output, tensors, run->error));
    for (size_t i = 0; i < count; i++) {
        if (!is_seen(tare_tflite_tensor_at(run->model, i)) || !tensors[i].node) continue;
        run->fetches[run->fetch_count] = tensors[i];
        run->indices[run->fetch_count++] = i;
    }
    how.threads = threads;
    return tare_session_new_with(run->graph, &how, &run->session, run->error);
}

tare_status tare_model_run_begin(tare_model_run *run, const tare_tflite *model, const char *who,
                                 int64_t threads, tare_error *error) {
    *run = (tare_model_run){.model = model, .who = who, .error = error};
    if (tare_tflite_input(model, 0) < 0 || tare_tflite_input(model, 1) >= 0 ||
        tare_tflite_output(model, 1) >= 0)
        return tare_fail(error, TARE_ERROR_UNSUPPORTED,
                         "%s: the model has not one input and at most one output", who);
    run->arena = tare_arena_new(NULL);
    return run->arena ? build(run, threads) : tare_fail_memory(error);
}

tare_status tare_model_run_cut(const tare_model_run *run, const tare_dataset *data, int64_t batch,
                               double divisor, tare_batches **batches) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    const tare_shape shape = tare_tensor_shape(run->x);
    if (shape.rank < 1)
        return tare_fail(run->error, TARE_ERROR_SHAPE, "%s: the model takes no batches", run->who);
    options.shuffle = false;
    options.divisor = divisor;
    options.batch = shape.extents[0] == TARE_ANY ? batch : shape.extents[0];
    options.last = shape.extents[0] == TARE_ANY ? TARE_LAST_KEEP : TARE_LAST_DROP;
    options.input_shape = (tare_shape){.rank = shape.rank - 1};
    for (int axis = 1; axis < shape.rank; axis++)
        options.input_shape.extents[axis - 1] = shape.extents[axis];
    return tare_batches_new_with(data, &options, batches, run->error);
}

/* The inputs as the model takes them. */
static tare_status round_inputs(tare_model_run *run, tare_array **inputs) {
    const tare_tflite_tensor *from =
        tare_tflite_tensor_at(run->model, (size_t)tare_tflite_input(run->model, 0));
    if (!tare_model_run_is_whole(from)) return TARE_OK;
    if (!run->fed || !tare_shape_same(run->fed->shape, (*inputs)->shape)) {
        tare_array_free(run->fed);
        run->fed = NULL;
        if (tare_array_new(from->dtype, (*inputs)->shape, NULL, &run->fed) != TARE_OK)
            return tare_fail_memory(run->error);
    }
    tare_int8_quantise((*inputs)->count, (*inputs)->data, from->scales[0],
                       (int32_t)tare_model_run_zero(from), run->fed->data);
    if (from->dtype == TARE_UINT8) tare_int8_shift(run->fed->count, run->fed->data, run->fed->data);
    *inputs = run->fed;
    return TARE_OK;
}

tare_status tare_model_run_batch(tare_model_run *run, tare_array *inputs) {
    TARE_TRY(round_inputs(run, &inputs));
    const tare_feed feed = {run->x, inputs};
    for (size_t f = 0; f < run->fetch_count; f++) run->results[f] = NULL;
    const tare_status status =
        tare_session_run(run->session, &feed, 1, run->fetches, run->fetch_count, run->results);
    if (status != TARE_OK && run->error) *run->error = *tare_session_error(run->session);
    return status;
}

int64_t tare_model_run_result(const tare_model_run *run, size_t tensor) {
    for (size_t f = 0; f < run->fetch_count; f++)
        if (run->indices[f] == tensor) return (int64_t)f;
    return -1;
}

void tare_model_run_end(tare_model_run *run) {
    tare_session_free(run->session);
    tare_graph_free(run->graph);
    tare_array_free(run->fed);
    tare_arena_free(run->arena);
}
