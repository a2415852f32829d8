/* SPDX-License-Identifier: Apache-2.0 */
/* From a network of the zoo to its models: fold, export; for int8 observe, quantise, build. */
#include "quantised.h"

#include "batches.h"

#include <math.h>
#include <stdlib.h>

#define EXAMPLES 64 /* whose ranges are taken, at most */

static tare_status find_ranges(const bench_work *work, const tare_tflite *model,
                               tare_tflite_range *ranges, tare_error *error) {
    tare_dataset *all = NULL, *some = NULL;
    tare_status status = tare_dataset_new(work->all_inputs, work->all_labels, &all, error);
    if (status == TARE_OK) {
        const int64_t count = tare_dataset_count(all);
        status = tare_dataset_part(all, 0, count < EXAMPLES ? count : EXAMPLES, &some, error);
    }
    if (status == TARE_OK) status = tare_tflite_observe(model, some, ranges, error, .batch = 16);
    tare_dataset_free(some);
    tare_dataset_free(all);
    return status;
}

static tare_status make_int8(const bench_work *work, const tare_tflite *model,
                             tare_tflite **quantised, tare_error *error) {
    tare_tflite_range *ranges = calloc(tare_tflite_tensor_count(model), sizeof *ranges);
    if (ranges == NULL) return bench_fail_memory(error);
    tare_status status = find_ranges(work, model, ranges, error);
    if (status == TARE_OK) status = tare_tflite_quantise(model, ranges, quantised, error);
    free(ranges);
    return status;
}

static tare_status make_float(const bench_work *work, tare_tflite **model, tare_error *error) {
    tare_folding *folding = NULL;
    tare_status status =
        tare_fold(work->session, &work->network, NULL, &folding, error, .examples = 0);
    if (status == TARE_OK)
        status = tare_tflite_export(work->session, work->network.inputs, work->network.logits,
                                    model, error);
    tare_folding_free(folding);
    return status;
}

tare_status bench_write_model(const bench_work *work, const char *path, tare_error *error) {
    tare_tflite *model = NULL;
    tare_status status = make_float(work, &model, error);
    if (status == TARE_OK) status = tare_tflite_save(model, path, error);
    tare_tflite_close(model);
    return status;
}

static tare_status make_model(const bench_work *work, tare_tflite **quantised, tare_error *error) {
    tare_tflite *model = NULL;
    tare_status status = make_float(work, &model, error);
    if (status == TARE_OK) status = make_int8(work, model, quantised, error);
    tare_tflite_close(model);
    return status;
}

/* ------------------------------------------------------------------------------- in its place */

static tare_status open_model(bench_work *work, const tare_tflite *model, int64_t threads,
                              tare_error *error) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = threads;
    tare_session_free(work->session);
    tare_graph_free(work->graph);
    work->session = NULL;
    work->graph = tare_graph_new();
    if (work->graph == NULL) return bench_fail_memory(error);
    tare_status status = tare_tflite_build(model, work->graph, &work->network.inputs,
                                           &work->network.logits, NULL, error);
    if (status == TARE_OK)
        status = tare_session_new_with(work->graph, &options, &work->session, error);
    return status;
}

static tare_status quantise_batch(const tare_tflite_tensor *told, bench_batch *batch,
                                  tare_error *error) {
    tare_array *whole = NULL;
    if (tare_array_new(TARE_INT8, tare_array_shape(batch->inputs), NULL, &whole) != TARE_OK)
        return bench_fail_memory(error);
    const float *x = tare_array_const_data(batch->inputs);
    int8_t *q = tare_array_data(whole);
    for (int64_t i = 0; i < tare_array_count(whole); i++) {
        const double number = round((double)x[i] / (double)told->scales[0]);
        q[i] = (int8_t)fmax(-128, fmin(127, number + (double)told->zero_points[0]));
    }
    tare_array_free(batch->inputs);
    batch->inputs = whole;
    return TARE_OK;
}

static tare_status quantise_batches(bench_work *work, const tare_tflite *model, tare_error *error) {
    const tare_tflite_tensor *told =
        tare_tflite_tensor_at(model, (size_t)tare_tflite_input(model, 0));
    tare_shape output = tare_array_shape(work->output);
    for (int64_t i = 0; i < work->batch_count; i++) {
        const tare_status status = quantise_batch(told, &work->batches[i], error);
        if (status != TARE_OK) return status;
    }
    tare_array_free(work->output);
    work->output = NULL;
    if (tare_array_new(TARE_INT8, output, NULL, &work->output) != TARE_OK)
        return bench_fail_memory(error);
    return TARE_OK;
}

tare_status bench_quantise(bench_work *work, int64_t threads, const char *path, tare_error *error) {
    tare_tflite *model = NULL;
    tare_status status = make_model(work, &model, error);
    if (status == TARE_OK && path != NULL) status = tare_tflite_save(model, path, error);
    if (status == TARE_OK) status = open_model(work, model, threads, error);
    if (status == TARE_OK) status = quantise_batches(work, model, error);
    tare_tflite_close(model);
    return status;
}
