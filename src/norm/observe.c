/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of a float model's tensors: it runs on data, and every tensor has its observer. */
#include "array/array.h"
#include "base/status.h"
#include "norm/model_run.h"
#include "norm/observer.h"

#define TARE_TABLE_STRUCT   tare_observe_options
#define TARE_WORDS_observer TARE_OBSERVER_WORDS
TARE_OPTION_TABLE(static, observe_table, TARE_OBSERVE_FIELDS);
#undef TARE_TABLE_STRUCT

typedef struct observing {
    tare_model_run run;
    tare_observe_options options;
    tare_observer *observers; /* by fetch */
    tare_error *error;
} observing;

static tare_status check(const observing *o, const tare_tflite *model) {
    const tare_observe_options *options = &o->options;
    const int64_t first = tare_tflite_input(model, 0);
    if (!(options->batch >= 1 && options->percentile > 0 && options->percentile <= 100 &&
          options->decay >= 0 && options->decay < 1))
        return tare_fail_at(o->error, TARE_ERROR_ARGUMENT, "observe", "options",
                            "a number out of range",
                            "batch of 1 or more, percentile above 0 up to 100, decay of 0 to below "
                            "1");
    const tare_tflite_tensor *input =
        first < 0 ? NULL : tare_tflite_tensor_at(model, (size_t)first);
    if (input && input->dtype != TARE_FLOAT32)
        return tare_fail_at(o->error, TARE_ERROR_UNSUPPORTED, "observe", input->name, input->type,
                            "a model of float numbers");
    return TARE_OK;
}

/* An observer for every tensor that is computed; where one node is several tensors each has one. */
static tare_status make_observers(observing *o) {
    tare_arena *arena = o->run.arena;
    const int64_t room = (int64_t)o->run.fetch_count + 1;
    o->observers = tare_arena_allocate_array(arena, room, sizeof *o->observers);
    if (!o->observers) return tare_fail_memory(o->error);
    for (size_t f = 0; f < o->run.fetch_count; f++) {
        tare_observer *observer = &o->observers[f];
        observer->options = &o->options;
        if (!tare_observer_needs_bins(&o->options)) continue;
        observer->bins =
            tare_arena_allocate_array(arena, TARE_OBSERVER_ROOM, sizeof *observer->bins);
        if (!observer->bins) return tare_fail_memory(o->error);
    }
    return TARE_OK;
}

static tare_status see_batch(observing *o, tare_batches *batches, int64_t i) {
    tare_batch batch;
    TARE_TRY(tare_batches_get(batches, 0, i, &batch));
    TARE_TRY(tare_model_run_batch(&o->run, batch.inputs));
    for (size_t f = 0; f < o->run.fetch_count; f++) {
        const tare_array *seen = o->run.results[f];
        if (seen->dtype != TARE_FLOAT32) continue;
        if (!tare_observer_see(&o->observers[f], seen->data, seen->count))
            return tare_fail_at(o->error, TARE_ERROR_ARGUMENT, "observe",
                                tare_tflite_tensor_at(o->run.model, o->run.indices[f])->name,
                                "a number that is not finite", "finite numbers");
    }
    return TARE_OK;
}

static tare_status observe(observing *o, const tare_dataset *data, tare_tflite_range *ranges) {
    tare_batches *batches = NULL;
    TARE_TRY(make_observers(o));
    TARE_TRY(tare_model_run_cut(&o->run, data, o->options.batch, o->options.divisor, &batches));
    tare_status status = TARE_OK;
    for (int64_t i = 0; status == TARE_OK && i < tare_batches_count(batches); i++)
        status = see_batch(o, batches, i);
    tare_batches_free(batches);
    if (status != TARE_OK) return status;
    for (size_t i = 0; i < tare_tflite_tensor_count(o->run.model); i++)
        ranges[i] = (tare_tflite_range){.known = false};
    for (size_t f = 0; f < o->run.fetch_count; f++)
        ranges[o->run.indices[f]] = tare_observer_range(&o->observers[f]);
    return TARE_OK;
}

tare_status tare_tflite_observe_with(const tare_tflite *model, const tare_dataset *data,
                                     const tare_observe_options *options, tare_tflite_range *ranges,
                                     tare_error *error) {
    if (!model || !data || !ranges)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tflite_observe needs a model, data and room for the ranges");
    observing o = {.error = error};
    tare_options_adopt(&observe_table, options, &o.options);
    TARE_TRY(check(&o, model));
    tare_status status = tare_model_run_begin(&o.run, model, "observe", 0, error);
    if (status == TARE_OK) status = observe(&o, data, ranges);
    tare_model_run_end(&o.run);
    return status;
}
