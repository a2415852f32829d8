/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring what an int8 model loses at each tensor. */
#include "norm/noise.h"

#include "array/array.h"
#include "base/status.h"

#include <math.h>

enum { X, WEIGHTS };

typedef struct measuring {
    tare_noise_report *report;
    tare_model_run floats, wholes;
    tare_error *error;
} measuring;

/* ------------------------------------------------------------------------------------ the layers
 */

static int64_t maker_of(const tare_tflite *model, size_t tensor) {
    for (int64_t i = 0; i < model->operator_count; i++)
        if (model->operators[i].outputs[0] == (int32_t)tensor) return i;
    return -1;
}

/* Noise that rounding makes in weights, per signal: the mean of the channels, since a small one
 * counts as much in what follows as a large one. */
static tare_status noise_of_weights(const measuring *m, const tare_tflite_operator *op,
                                    double *mean) {
    const tare_tflite_array *from = &m->report->from->tensors[op->inputs[WEIGHTS]];
    const tare_tflite_array *to = &m->report->to->tensors[op->inputs[WEIGHTS]];
    const tare_tflite_channels channels = tare_tflite_channels_of(op->kind, from);
    const int64_t count = tare_tflite_value_count(from);
    double *signal =
        tare_arena_allocate_array(m->report->arena, channels.count + 1, 2 * sizeof *signal);
    double *noise = signal ? signal + channels.count : NULL;
    if (!signal) return tare_fail_memory(m->error);
    *mean = 0;
    if (count != tare_tflite_value_count(to)) return TARE_OK;
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = i / channels.span % channels.count;
        const double number = tare_tflite_value(from, i);
        const double apart = number - tare_tflite_value(to, i);
        signal[c] += number * number;
        noise[c] += apart * apart;
    }
    for (int64_t c = 0; c < channels.count; c++)
        if (signal[c] > 0) *mean += noise[c] / signal[c] / (double)channels.count;
    return TARE_OK;
}

static tare_status describe(const measuring *m, size_t tensor, tare_noise *layer) {
    const tare_noise_report *report = m->report;
    const tare_tflite_tensor *whole = tare_tflite_tensor_at(report->to, tensor);
    const double scale = (double)whole->scales[0], zero = (double)tare_model_run_zero(whole);
    *layer = (tare_noise){.name = tare_tflite_tensor_at(report->from, tensor)->name,
                          .op = maker_of(report->from, tensor),
                          .tensor = (int64_t)tensor,
                          .min = (INT8_MIN - zero) * scale,
                          .max = (INT8_MAX - zero) * scale};
    if (layer->op < 0) return TARE_OK;
    const tare_tflite_operator *op = &report->from->operators[layer->op];
    layer->kind = op->kind->name;
    if (!op->kind->has_weights) return TARE_OK;
    layer->weights = report->from->tensors[op->inputs[WEIGHTS]].told.name;
    return noise_of_weights(m, op, &layer->weighing);
}

/* The tensors that both models compute, the float one in float and the other in int8. */
static tare_status find_layers(measuring *m) {
    tare_noise_report *report = m->report;
    const int64_t room = (int64_t)m->floats.fetch_count + 1;
    report->layers = tare_arena_allocate_array(report->arena, room, sizeof *report->layers);
    if (!report->layers) return tare_fail_memory(m->error);
    for (size_t f = 0; f < m->floats.fetch_count; f++) {
        const size_t tensor = m->floats.indices[f];
        if (tare_model_run_result(&m->wholes, tensor) >= 0 &&
            tare_model_run_is_whole(tare_tflite_tensor_at(report->to, tensor)))
            TARE_TRY(describe(m, tensor, &report->layers[report->count++]));
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------- measuring
 */

static void see(tare_noise *layer, const tare_tflite_tensor *whole, const tare_array *wanted,
                const tare_array *got) {
    const float *x = wanted->data;
    const int8_t *q = got->data;
    const uint8_t *shifted = got->dtype == TARE_UINT8 ? got->data : NULL;
    const double scale = (double)whole->scales[0];
    const int64_t zero = tare_model_run_zero(whole);
    double clipped = 0;
    for (int64_t i = 0; i < wanted->count; i++) {
        const int64_t quantum = shifted ? shifted[i] + INT8_MIN : q[i];
        const double number = (double)x[i], apart = number - (double)(quantum - zero) * scale;
        const double within = fmin(fmax(number, layer->min), layer->max);
        layer->signal += number * number;
        layer->noise += apart * apart;
        clipped += (number - within) * (number - within);
        /* Beyond the range by more than rounding. */
        layer->clipped += fabs(number - within) > scale / 2;
    }
    layer->count += wanted->count;
    layer->clipping += clipped;
}

static tare_status see_batch(measuring *m, tare_array *inputs) {
    tare_noise_report *report = m->report;
    TARE_TRY(tare_model_run_batch(&m->floats, inputs));
    TARE_TRY(tare_model_run_batch(&m->wholes, inputs));
    for (size_t k = 0; k < report->count; k++) {
        tare_noise *layer = &report->layers[k];
        const size_t tensor = (size_t)layer->tensor;
        const tare_array *x = m->floats.results[tare_model_run_result(&m->floats, tensor)];
        const tare_array *q = m->wholes.results[tare_model_run_result(&m->wholes, tensor)];
        if (x->count != q->count)
            return tare_fail_at(m->error, TARE_ERROR_SHAPE, "noise", layer->name,
                                "another shape than the float model's", "the same");
        see(layer, tare_tflite_tensor_at(report->to, tensor), x, q);
    }
    return TARE_OK;
}

static double share(double noise, double signal) { return signal > 0 ? noise / signal : 0; }

/* What the inputs bring already. */
static double brought(const tare_noise_report *report, const tare_noise *layer) {
    double most = 0;
    if (layer->op < 0) return 0;
    const tare_tflite_operator *op = &report->from->operators[layer->op];
    for (size_t k = 0; k < report->count; k++)
        for (int64_t i = 0; i < op->input_count; i++)
            if (op->inputs[i] == report->layers[k].tensor)
                most = fmax(most, share(report->layers[k].noise, report->layers[k].signal));
    return most;
}

static void conclude(tare_noise_report *report) {
    double most = 0;
    report->worst = report->count;
    for (size_t k = 0; k < report->count; k++) {
        tare_noise *layer = &report->layers[k];
        const tare_tflite_tensor *whole = tare_tflite_tensor_at(report->to, (size_t)layer->tensor);
        const double step = (double)whole->scales[0];
        layer->added = share(layer->noise, layer->signal) - brought(report, layer);
        layer->clipping = share(layer->clipping, layer->signal);
        layer->rounding = share(step * step / 12 * (double)layer->count, layer->signal);
        if (!(layer->added > most)) continue;
        most = layer->added;
        report->worst = k;
    }
}

static tare_status measure(measuring *m, const tare_dataset *data,
                           const tare_noise_options *options) {
    tare_batches *batches = NULL;
    tare_status status = TARE_OK;
    int64_t done = 0;
    TARE_TRY(find_layers(m));
    TARE_TRY(tare_model_run_cut(&m->floats, data, options->batch, 0, &batches));
    for (int64_t i = 0; status == TARE_OK && i < tare_batches_count(batches); i++) {
        tare_batch batch;
        status = tare_batches_get(batches, 0, i, &batch);
        if (status == TARE_OK) status = see_batch(m, batch.inputs);
        if (status != TARE_OK) break;
        done += batch.count;
        if (options->seen) options->seen(options->user, done, tare_dataset_count(data));
    }
    tare_batches_free(batches);
    if (status == TARE_OK) conclude(m->report);
    return status;
}

tare_status tare_noise_measure(tare_noise_report *report, const tare_tflite *from,
                               const tare_tflite *to, const tare_dataset *data,
                               const tare_noise_options *options, tare_error *error) {
    measuring m = {.report = report, .error = error};
    report->from = from;
    report->to = to;
    report->arena = tare_arena_new(NULL);
    if (!report->arena) return tare_fail_memory(error);
    tare_status status = tare_model_run_begin(&m.floats, from, "noise", options->threads, error);
    if (status == TARE_OK)
        status = tare_model_run_begin(&m.wholes, to, "noise", options->threads, error);
    if (status == TARE_OK) status = measure(&m, data, options);
    tare_model_run_end(&m.floats);
    tare_model_run_end(&m.wholes);
    return status;
}

void tare_noise_report_end(tare_noise_report *report) { tare_arena_free(report->arena); }

double tare_noise_decibels(const tare_noise *layer) {
    return layer->noise > 0 ? 10 * log10(layer->signal / layer->noise) : INFINITY;
}
