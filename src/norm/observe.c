/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of a float model's tensors: it runs on data, and every tensor has its observer. */
#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "graph/op.h"
#include "norm/observer.h"

#define TARE_TABLE_STRUCT   tare_observe_options
#define TARE_WORDS_observer TARE_OBSERVER_WORDS
TARE_OPTION_TABLE(static, observe_table, TARE_OBSERVE_FIELDS);
#undef TARE_TABLE_STRUCT

typedef struct observing {
    const tare_tflite *model;
    const tare_dataset *data;
    tare_observe_options options;
    tare_arena *arena;
    tare_graph *graph;
    tare_session *session;
    tare_batches *batches;
    tare_tensor x, *tensors; /* by index */
    size_t count, fetch_count;
    tare_tensor *fetches;
    size_t *indices; /* by fetch: the tensor's */
    tare_observer *observers;
    tare_array **results;
    tare_error *error;
} observing;

static tare_status check_options(const observing *o) {
    const tare_observe_options *options = &o->options;
    if (options->batch >= 1 && options->percentile > 0 && options->percentile <= 100 &&
        options->decay >= 0 && options->decay < 1)
        return TARE_OK;
    return tare_fail_at(o->error, TARE_ERROR_ARGUMENT, "observe", "options",
                        "a number out of range",
                        "batch of 1 or more, percentile above 0 up to 100, decay of 0 to below 1");
}

static tare_status make_room(observing *o) {
    const int64_t count = (int64_t)o->count + 1;
    o->tensors = tare_arena_allocate_array(o->arena, count, sizeof *o->tensors);
    o->fetches = tare_arena_allocate_array(o->arena, count, sizeof *o->fetches);
    o->indices = tare_arena_allocate_array(o->arena, count, sizeof *o->indices);
    o->observers = tare_arena_allocate_array(o->arena, count, sizeof *o->observers);
    o->results = tare_arena_allocate_array(o->arena, count, sizeof *o->results);
    if (!o->tensors || !o->fetches || !o->indices || !o->observers || !o->results)
        return tare_fail_memory(o->error);
    return TARE_OK;
}

/* Builds the model; several inputs or outputs have no place here. */
static tare_status build(observing *o) {
    tare_tensor output;
    if (tare_tflite_input(o->model, 0) < 0 || tare_tflite_input(o->model, 1) >= 0 ||
        tare_tflite_output(o->model, 1) >= 0)
        return tare_fail(o->error, TARE_ERROR_UNSUPPORTED,
                         "observe: the model has not one input and at most one output");
    const tare_tflite_tensor *input =
        tare_tflite_tensor_at(o->model, (size_t)tare_tflite_input(o->model, 0));
    if (input->dtype != TARE_FLOAT32)
        return tare_fail_at(o->error, TARE_ERROR_UNSUPPORTED, "observe", input->name, input->type,
                            "a model of float numbers");
    o->graph = tare_graph_new();
    if (!o->graph) return tare_fail_memory(o->error);
    TARE_TRY(tare_tflite_build(o->model, o->graph, &o->x, &output, o->tensors, o->error));
    return tare_session_new_with(o->graph, NULL, &o->session, o->error);
}

/* An observer for every tensor that is computed; where one node is several tensors each has one. */
static tare_status choose_fetches(observing *o) {
    for (size_t i = 0; i < o->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(o->model, i);
        if (told->constant || told->dtype != TARE_FLOAT32 || !o->tensors[i].node) continue;
        tare_observer *observer = &o->observers[o->fetch_count];
        observer->options = &o->options;
        o->fetches[o->fetch_count] = o->tensors[i];
        o->indices[o->fetch_count++] = i;
        if (!tare_observer_needs_bins(&o->options)) continue;
        observer->bins =
            tare_arena_allocate_array(o->arena, TARE_OBSERVER_ROOM, sizeof *observer->bins);
        if (!observer->bins) return tare_fail_memory(o->error);
    }
    return TARE_OK;
}

static tare_status cut(observing *o) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    const tare_shape shape = tare_tensor_shape(o->x);
    if (shape.rank < 1)
        return tare_fail(o->error, TARE_ERROR_SHAPE, "observe: the model takes no batches");
    options.shuffle = false;
    options.divisor = o->options.divisor;
    options.batch = shape.extents[0] == TARE_ANY ? o->options.batch : shape.extents[0];
    options.last = shape.extents[0] == TARE_ANY ? TARE_LAST_KEEP : TARE_LAST_DROP;
    options.input_shape = (tare_shape){.rank = shape.rank - 1};
    for (int axis = 1; axis < shape.rank; axis++)
        options.input_shape.extents[axis - 1] = shape.extents[axis];
    return tare_batches_new_with(o->data, &options, &o->batches, o->error);
}

static tare_status see_batch(observing *o, int64_t i) {
    tare_batch batch;
    TARE_TRY(tare_batches_get(o->batches, 0, i, &batch));
    const tare_feed feed = {o->x, batch.inputs};
    for (size_t f = 0; f < o->fetch_count; f++) o->results[f] = NULL;
    const tare_status status =
        tare_session_run(o->session, &feed, 1, o->fetches, o->fetch_count, o->results);
    if (status != TARE_OK) {
        if (o->error) *o->error = *tare_session_error(o->session);
        return status;
    }
    for (size_t f = 0; f < o->fetch_count; f++)
        if (!tare_observer_see(&o->observers[f], o->results[f]->data, o->results[f]->count))
            return tare_fail_at(o->error, TARE_ERROR_ARGUMENT, "observe",
                                tare_tflite_tensor_at(o->model, o->indices[f])->name,
                                "a number that is not finite", "finite numbers");
    return TARE_OK;
}

static tare_status observe(observing *o, tare_tflite_range *ranges) {
    TARE_TRY(check_options(o));
    TARE_TRY(make_room(o));
    TARE_TRY(build(o));
    TARE_TRY(choose_fetches(o));
    TARE_TRY(cut(o));
    for (int64_t i = 0; i < tare_batches_count(o->batches); i++) TARE_TRY(see_batch(o, i));
    for (size_t i = 0; i < o->count; i++) ranges[i] = (tare_tflite_range){.known = false};
    for (size_t f = 0; f < o->fetch_count; f++)
        ranges[o->indices[f]] = tare_observer_range(&o->observers[f]);
    return TARE_OK;
}

tare_status tare_tflite_observe_with(const tare_tflite *model, const tare_dataset *data,
                                     const tare_observe_options *options, tare_tflite_range *ranges,
                                     tare_error *error) {
    if (!model || !data || !ranges)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tflite_observe needs a model, data and room for the ranges");
    observing o = {
        .model = model, .data = data, .count = tare_tflite_tensor_count(model), .error = error};
    tare_options_adopt(&observe_table, options, &o.options);
    o.arena = tare_arena_new(NULL);
    const tare_status status = o.arena ? observe(&o, ranges) : tare_fail_memory(error);
    tare_batches_free(o.batches);
    tare_session_free(o.session);
    tare_graph_free(o.graph);
    tare_arena_free(o.arena);
    return status;
}
