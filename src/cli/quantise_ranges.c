/* SPDX-License-Identifier: Apache-2.0 */
/* Where the ranges of a model that is to be quantised come from, and what is said of them. */
#include "base/memory.h"
#include "base/status.h"
#include "cli/quantise.h"
#include "cli/say.h"
#include "model/tflite.h"
#include "norm/noise.h"

#include <string.h>

bool tare_quantise_parse_fallback(tare_quantise_job *j, const char *text) {
    tare_tflite_range *range = &j->fallback;
    if (text == NULL) return true;
    range->known = tare_parse_double(&text, &range->min) && *text++ == ',' &&
                   tare_parse_double(&text, &range->max) && *text == '\0' &&
                   range->min <= range->max;
    return range->known;
}

static tare_status observe(tare_quantise_job *j) {
    tare_observe_options options = {TARE_OBSERVE_DEFAULTS};
    options.observer = j->options.observer;
    options.percentile = j->options.percentile;
    return tare_tflite_observe_with(j->model, j->examples, &options, j->seen, &j->error);
}

tare_status tare_quantise_find_ranges(tare_quantise_job *j) {
    j->count = tare_tflite_tensor_count(j->model);
    const int64_t room = (int64_t)j->count + 1;
    j->ranges = tare_allocate_array(NULL, room, sizeof *j->ranges);
    j->seen = tare_allocate_array(NULL, room, sizeof *j->seen);
    if (j->ranges == NULL || j->seen == NULL) return tare_fail_memory(&j->error);
    for (size_t i = 0; i < j->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(j->model, i);
        j->ranges[i] = (tare_tflite_range){told->ranged, told->min, told->max};
        j->seen[i] = (tare_tflite_range){.known = false};
    }
    if (j->examples != NULL) TARE_TRY(observe(j));
    for (size_t i = 0; i < j->count; i++) {
        if (!j->ranges[i].known && !j->fallback.known) j->ranges[i] = j->seen[i];
        if (!j->ranges[i].known) j->ranges[i] = j->fallback;
    }
    return TARE_OK;
}

static const char *name_of(const tare_tflite_operator *op) {
    if (op->kind != NULL) return op->kind->name;
    return op->custom != NULL ? op->custom : "an operator that Tare does not know";
}

/* Which operators give and read an array that lacks a range. */
static void say_where(const tare_tflite *model, int32_t tensor) {
    const char *name = model->tensors[tensor].told.name;
    const tare_tflite_operator *gives = NULL, *reads = NULL;
    for (int64_t i = 0; i < model->operator_count; i++) {
        const tare_tflite_operator *op = &model->operators[i];
        if (op->output_count > 0 && op->outputs[0] == tensor) gives = op;
        for (int64_t k = 0; k < op->input_count; k++)
            if (op->inputs[k] == tensor && reads == NULL) reads = op;
    }
    tare_say_note("array %s: %s%s%s%s", name, gives ? "the result of " : "the model's input",
                  gives ? name_of(gives) : "", reads ? ", read by " : ", the model's output",
                  reads ? name_of(reads) : "");
}

/* Why no range reached them: data and a default would have reached all. */
static void say_why(const tare_quantise_job *j) {
    int64_t lacking = 0, activations = 0;
    for (int64_t i = 0; i < j->model->tensor_count; i++) {
        const tare_tflite_array *array = &j->model->tensors[i];
        activations += array->produced && array->told.dtype == TARE_FLOAT32;
        if (!tare_tflite_lacks(j->model, j->ranges, (int32_t)i)) continue;
        lacking++;
        say_where(j->model, (int32_t)i);
    }
    tare_say_note("no range reached %lld of %lld arrays: the file holds none for them, and neither "
                  "--data nor --default-ranges was given",
                  (long long)lacking, (long long)activations);
}

static void say_ways_out(const tare_quantise_job *j) {
    tare_say_note("ranges from data, a few hundred examples of the kind it will see: "
                  "tare quantise %s --data x.npy --output int8.tflite",
                  j->path);
    tare_say_note("ranges from training with fake quantisation, which the file then holds: "
                  "tare train NETWORK --quantise --checkpoint c.safetensors; "
                  "tare export c.safetensors --output model.tflite");
    tare_say_note("one guessed range for all, to try things out: "
                  "tare quantise %s --default-ranges 0,6",
                  j->path);
}

/* TensorFlow's sentences, then what is known here and what helps. */
static int say_lacking(const tare_quantise_job *j, char *sentences) {
    for (char *line = sentences; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        *end = '\0';
        (void)tare_say_failure("%s", line);
        line = end + 1;
    }
    say_why(j);
    say_ways_out(j);
    return TARE_EXIT_FAILURE;
}

int tare_quantise_say_lacking(const tare_quantise_job *j) {
    char *lacking = tare_tflite_lacking(j->model, j->ranges);
    if (lacking == NULL) return tare_say_failure("no memory");
    const int status = *lacking != '\0' ? say_lacking(j, lacking) : -1;
    tare_text_free(lacking);
    return status;
}

/* -------------------------------------------------------------------------------- what is clipped
 */

static double beyond(const tare_tflite_range *seen, const tare_tflite_range *used) {
    const double below = used->min - seen->min, above = seen->max - used->max;
    return below > above ? below : above;
}

static void warn(const tare_quantise_job *j, const tare_noise *layer) {
    const tare_tflite_range *used = &j->ranges[layer->tensor];
    const double by = beyond(&j->seen[layer->tensor], used);
    const double percent = 100 * (double)layer->clipped / (double)layer->count;
    char a[TARE_NUMBER_TEXT], b[TARE_NUMBER_TEXT], c[TARE_NUMBER_TEXT], d[TARE_NUMBER_TEXT];
    if (!j->seen[layer->tensor].known || !(by > 0)) return;
    tare_say_note("the default range clips array %s by up to %s: %s %% of its numbers lie beyond "
                  "%s to %s",
                  layer->name, tare_significant_text(a, by, 3),
                  tare_significant_text(b, percent, 3), tare_significant_text(c, used->min, 3),
                  tare_significant_text(d, used->max, 3));
}

tare_status tare_quantise_warn_clipped(tare_quantise_job *j) {
    if (!j->fallback.known || j->examples == NULL) return TARE_OK;
    const tare_noise_options options = {.batch = TARE_QUANTISE_BATCH,
                                        .threads = j->options.threads};
    tare_noise_report report = {.count = 0};
    const tare_status status =
        tare_noise_measure(&report, j->model, j->quantised, j->examples, &options, &j->error);
    for (size_t i = 0; status == TARE_OK && i < report.count; i++) warn(j, &report.layers[i]);
    tare_noise_report_end(&report);
    return status;
}
