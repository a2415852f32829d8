/* SPDX-License-Identifier: Apache-2.0 */
/* The batches of the workloads, made in host memory before anything is measured. */
#include "batches.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

tare_status bench_fail(tare_error *error, tare_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

tare_status bench_fail_memory(tare_error *error) {
    return bench_fail(error, TARE_ERROR_MEMORY, "no memory");
}

/* Allocates all batches and cuts them: each [batch, extents of one example]. */
static tare_status make_batches(bench_work *work, int64_t count, tare_dtype label_type,
                                tare_error *error) {
    tare_shape inputs = tare_tensor_shape(work->network.inputs);
    tare_shape labels = tare_tensor_shape(work->network.labels);
    inputs.extents[0] = labels.extents[0] = count * work->batch;
    work->batches = calloc((size_t)count, sizeof *work->batches);
    if (work->batches == NULL ||
        tare_array_new(TARE_FLOAT32, inputs, NULL, &work->all_inputs) != TARE_OK ||
        tare_array_new(label_type, labels, NULL, &work->all_labels) != TARE_OK)
        return bench_fail_memory(error);
    const size_t input_bytes = tare_array_bytes(work->all_inputs) / (size_t)count;
    const size_t label_bytes = tare_array_bytes(work->all_labels) / (size_t)count;
    char *input = tare_array_data(work->all_inputs), *label = tare_array_data(work->all_labels);
    inputs.extents[0] = labels.extents[0] = work->batch;
    for (work->batch_count = 0; work->batch_count < count; work->batch_count++) {
        bench_batch *batch = &work->batches[work->batch_count];
        const size_t i = (size_t)work->batch_count;
        if (tare_array_over(TARE_FLOAT32, inputs, input + i * input_bytes, &batch->inputs) !=
                TARE_OK ||
            tare_array_over(label_type, labels, label + i * label_bytes, &batch->labels) != TARE_OK)
            return bench_fail_memory(error);
    }
    return TARE_OK;
}

/* Copies every batch that the data set gives: consecutive slices of one copy, which is shuffled for
 * training; the last, incomplete one is dropped. */
static tare_status copy_batches(bench_work *work, const tare_dataset *dataset, tare_error *error) {
    tare_shape input = tare_tensor_shape(work->network.inputs);
    input.rank--;
    memmove(input.extents, input.extents + 1, (size_t)input.rank * sizeof *input.extents);
    tare_batches *batches = NULL;
    tare_status status =
        tare_batches_new(dataset, &batches, error, .batch = work->batch, .last = TARE_LAST_DROP,
                         .shuffle = work->training, .seed = 1, .input_shape = input);
    if (status == TARE_OK)
        status = make_batches(work, tare_batches_count(batches), TARE_INT32, error);
    for (int64_t i = 0; status == TARE_OK && i < work->batch_count; i++) {
        const bench_batch *to = &work->batches[i];
        tare_batch from;
        status = tare_batches_get(batches, 0, i, &from);
        if (status != TARE_OK) {
            bench_fail(error, status, "a batch cannot be read");
            break;
        }
        memcpy(tare_array_data(to->inputs), tare_array_const_data(from.inputs),
               tare_array_bytes(to->inputs));
        memcpy(tare_array_data(to->labels), tare_array_const_data(from.labels),
               tare_array_bytes(to->labels));
    }
    tare_batches_free(batches);
    return status;
}

tare_status bench_load_fashion_mnist(bench_work *work, const char *folder, tare_error *error) {
    tare_dataset *dataset = NULL;
    tare_status status = tare_dataset_load("fashion-mnist", &dataset, error,
                                           .test = !work->training, .folder = folder);
    if (status == TARE_OK) status = copy_batches(work, dataset, error);
    tare_dataset_free(dataset);
    return status;
}

/* Element i of synthetic(seed), in [-1, 1): splitmix64 (Steele, Lea and Flood 2014), its top 24
 * bits. */
static float synthetic(uint64_t seed, uint64_t i) {
    uint64_t z = (seed << 32) + i + UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return (float)(z >> 40) / 8388608.0F - 1.0F;
}

/*
 * x = {0, 1}, y = {3, 4}, each number moved a little and otherwise in every batch: what is fed
 * changes from step to step, the loss never settles, and a wrong weight shows in it.
 */
tare_status bench_load_question(bench_work *work, const char *folder, tare_error *error) {
    enum { BATCHES = 1024 };
    static const float x[QUESTION_BATCH] = {0, 1}, y[QUESTION_BATCH] = {3, 4};
    const float move = 0.125F;
    (void)folder;
    if (work->batch != QUESTION_BATCH)
        return bench_fail(error, TARE_ERROR_ARGUMENT, "the batch of workload %s is %d",
                          work->workload->name, QUESTION_BATCH);
    const tare_status status = make_batches(work, BATCHES, TARE_FLOAT32, error);
    if (status != TARE_OK) return status;
    float *inputs = tare_array_data(work->all_inputs), *labels = tare_array_data(work->all_labels);
    for (uint64_t i = 0; i < BATCHES * QUESTION_BATCH; i++) {
        inputs[i] = x[i % QUESTION_BATCH] + move * synthetic(1, i);
        labels[i] = y[i % QUESTION_BATCH] + move * synthetic(2, i);
    }
    question_reference_begin(&work->reference);
    return TARE_OK;
}

/* One batch that never changes: inputs synthetic(1), targets synthetic(2); labels are those cut
 * into as many classes as the network has. */
tare_status bench_load_synthetic(bench_work *work, const char *folder, tare_error *error) {
    (void)folder;
    const tare_dtype label_type = tare_tensor_dtype(work->network.labels);
    const tare_shape logits = tare_tensor_shape(work->network.logits);
    const tare_status status = make_batches(work, 1, label_type, error);
    if (status != TARE_OK) return status;
    float *inputs = tare_array_data(work->all_inputs);
    for (int64_t i = 0; i < tare_array_count(work->all_inputs); i++)
        inputs[i] = synthetic(1, (uint64_t)i);
    const double classes = (double)logits.extents[logits.rank - 1];
    for (int64_t i = 0; i < tare_array_count(work->all_labels); i++) {
        const double target = (double)synthetic(2, (uint64_t)i);
        (void)tare_array_set_number(work->all_labels, i,
                                    label_type == TARE_INT32 ? floor((target + 1) * classes / 2)
                                                             : target);
    }
    return TARE_OK;
}
