/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each choice of quantisation costs: every variant of a network answers the same test
 * examples, and stands beside the float one. Ranges come from training examples.
 */
#include "cli/quantise_compare.h"
#include "array/array.h"
#include "array/shape.h"
#include "base/clock.h"
#include "base/status.h"
#include "cli/answers.h"
#include "cli/say.h"
#include "model/tflite.h"

static tare_quantise_variant *add_variant(tare_quantise_comparison *c, const char *name) {
    tare_quantise_variant *variant = &c->variants[c->variant_count++];
    variant->name = name;
    variant->bytes = -1;
    c->counter.what = name;
    return variant;
}

/* Beside the float answers, which are kept when they are the first. */
static tare_status judge(tare_quantise_comparison *c, tare_quantise_variant *variant,
                         tare_array *answers) {
    const tare_array *wanted = c->wanted != NULL ? c->wanted : answers;
    if (!tare_shape_same(wanted->shape, answers->shape)) {
        tare_array_free(answers);
        return tare_fail_at(&c->job->error, TARE_ERROR_SHAPE, "compare", variant->name,
                            "answers of another shape than the float network's",
                            "the same network");
    }
    variant->correct = tare_answers_correct(answers, c->test);
    variant->apart = tare_answers_apart(wanted, answers);
    if (c->wanted == NULL)
        c->wanted = answers;
    else
        tare_array_free(answers);
    return TARE_OK;
}

static tare_status try_model(tare_quantise_comparison *c, const char *name,
                             const tare_tflite *model) {
    tare_quantise_job *j = c->job;
    tare_quantise_variant *variant = add_variant(c, name);
    tare_answers_watch watch = {.seen = tare_counter_seen, .user = &c->counter};
    tare_array *answers = NULL;
    TARE_TRY(tare_tflite_file_bytes(model, &variant->bytes, &j->error));
    TARE_TRY(tare_answers_watched(model, j->path, c->test, TARE_QUANTISE_BATCH, j->options.threads,
                                  &watch, &answers, &j->error));
    variant->seconds = watch.seconds;
    return judge(c, variant, answers);
}

/* The network as it was trained, its normalisations in place. */
static tare_status try_float(tare_quantise_comparison *c) {
    tare_quantise_job *j = c->job;
    tare_quantise_variant *variant = add_variant(c, "float");
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    tare_array *answers = NULL;
    const double start = tare_clock_seconds();
    options.batch = TARE_QUANTISE_BATCH;
    TARE_TRY(tare_predict_with(j->workshop.session, &j->workshop.network, c->test, &options,
                               &answers, &j->error));
    variant->seconds = tare_clock_seconds() - start;
    return judge(c, variant, answers);
}

static tare_status try_int8(tare_quantise_comparison *c, const char *name, bool per_channel) {
    tare_quantise_job *j = c->job;
    tare_tflite_quantise_options options = {TARE_TFLITE_QUANTISE_DEFAULTS};
    tare_tflite_close(j->quantised);
    j->quantised = NULL;
    options.per_channel = per_channel;
    TARE_TRY(tare_tflite_quantise_with(j->model, j->ranges, &options, &j->quantised, &j->error));
    return try_model(c, name, j->quantised);
}

/* Where the variant at hand loses, on the examples that its ranges come from. */
static tare_status measure_loss(tare_quantise_comparison *c, int which) {
    tare_quantise_job *j = c->job;
    tare_quantise_loss *loss = &c->losses[which];
    tare_noise_report *report = &loss->report;
    const tare_noise_options options = {.batch = TARE_QUANTISE_BATCH,
                                        .threads = j->options.threads,
                                        .seen = tare_counter_seen,
                                        .user = &c->counter};
    loss->name = c->variants[c->variant_count - 1].name;
    report->folding = j->folding;
    c->counter.what = "signal to noise";
    TARE_TRY(tare_noise_measure(report, j->model, j->quantised, j->examples, &options, &j->error));
    if (report->worst < report->count)
        tare_noise_reason(report, &report->layers[report->worst], &loss->reason);
    return TARE_OK;
}

/* Ranges from nowhere: the same for every array that the file has none for. */
static tare_status try_default(tare_quantise_comparison *c) {
    tare_quantise_job *j = c->job;
    for (size_t i = 0; i < j->count; i++)
        if (!tare_tflite_tensor_at(j->model, i)->ranged) j->ranges[i] = j->fallback;
    TARE_TRY(try_int8(c, c->default_name, true));
    return measure_loss(c, TARE_QUANTISE_DEFAULT);
}

/* Another checkpoint, whose ranges training has found; those that it lacks come from the data. */
static int try_trained(tare_quantise_comparison *c) {
    tare_quantise_job *j = c->job;
    tare_quantise_job trained = {
        .path = j->options.trained, .options = j->options, .examples = j->examples};
    int ended = tare_quantise_open(&trained);
    tare_status status = TARE_OK;
    if (ended < 0) {
        status = tare_quantise_fold(&trained);
        if (status == TARE_OK) status = tare_quantise_find_ranges(&trained);
        if (status == TARE_OK)
            status = tare_tflite_quantise_with(trained.model, trained.ranges, NULL,
                                               &trained.quantised, &trained.error);
        if (status != TARE_OK) ended = tare_say_error(&trained.error);
    }
    if (ended < 0 && try_model(c, "trained for int8", trained.quantised) != TARE_OK)
        ended = tare_say_error(&j->error);
    trained.examples = NULL; /* not its own */
    tare_quantise_end(&trained);
    return ended;
}

/* ------------------------------------------------------------------------------------- together */

static tare_status load(tare_quantise_comparison *c) {
    tare_quantise_job *j = c->job;
    tare_data_request request = {.data = j->options.data,
                                 .label = j->options.label,
                                 .folder = j->options.folder,
                                 .limit = j->options.limit};
    if (j->file != NULL) {
        request.data = tare_workshop_data(&j->workshop, j->file, j->options.data);
        request.size = tare_workshop_image_size(&j->workshop);
    }
    c->data = request.data;
    TARE_TRY(tare_workshop_load(&request, &j->examples, &j->error));
    request.test = true;
    request.limit = j->options.test_limit;
    return tare_workshop_load(&request, &c->test, &j->error);
}

static tare_status try_untrained(tare_quantise_comparison *c) {
    tare_quantise_job *j = c->job;
    const tare_tflite_range fallback = j->fallback;
    TARE_TRY(load(c));
    if (j->file != NULL) TARE_TRY(try_float(c));
    TARE_TRY(tare_quantise_fold(j));
    TARE_TRY(tare_quantise_plot(j));
    TARE_TRY(try_model(c, j->file != NULL ? "folded" : "float", j->model));
    j->fallback.known = false; /* for these the data tell */
    TARE_TRY(tare_quantise_find_ranges(j));
    j->fallback = fallback;
    TARE_TRY(try_int8(c, "int8 per channel", true));
    TARE_TRY(measure_loss(c, TARE_QUANTISE_PER_CHANNEL));
    TARE_TRY(try_int8(c, "int8 per tensor", false));
    TARE_TRY(measure_loss(c, TARE_QUANTISE_PER_TENSOR));
    return try_default(c);
}

static int say_report(const tare_quantise_comparison *c) {
    tare_json json = {.depth = 0};
    if (c->job->options.json)
        tare_quantise_compare_json(c, &json);
    else
        tare_quantise_compare_text(c, &json.text);
    return tare_say_text(&json.text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}

static void end(tare_quantise_comparison *c) {
    for (int i = 0; i < TARE_QUANTISE_LOSSES; i++) {
        tare_noise_report_end(&c->losses[i].report);
        tare_text_clear(&c->losses[i].reason);
    }
    tare_array_free(c->wanted);
    tare_dataset_free(c->test);
}

int tare_quantise_compare(tare_quantise_job *j) {
    tare_quantise_comparison c = {.job = j, .counter = tare_counter_new(true)};
    const char *guess = j->options.default_ranges != NULL ? j->options.default_ranges : "0,6";
    int ended = -1;
    if (j->file == NULL && j->options.data == NULL)
        return tare_say_misuse("the data is missing: tare quantise MODEL.tflite --compare --data "
                               "DATA");
    (void)tare_quantise_parse_fallback(j, guess); /* it was checked */
    tare_print(c.default_name, sizeof c.default_name, "default ranges %s", guess);
    const tare_status status = try_untrained(&c);
    if (status == TARE_OK && j->options.trained != NULL) ended = try_trained(&c);
    tare_counter_end(&c.counter);
    if (status != TARE_OK) ended = tare_say_error(&j->error);
    if (ended < 0) ended = say_report(&c);
    end(&c);
    return ended;
}
