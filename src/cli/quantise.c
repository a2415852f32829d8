/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare quantise: the int8 model of a float one, a .tflite model or a checkpoint. Ranges come from
 * data, from the file itself, or from the default that was given; without them TensorFlow's
 * sentence for each array, and what Tare knows. --compare tells what each choice costs.
 */
#include "cli/quantise.h"
#include "array/array.h"
#include "base/status.h"
#include "cli/answers.h"
#include "cli/examples.h"
#include "cli/say.h"

#define TARE_TABLE_STRUCT   tare_quantise_options
#define TARE_WORDS_observer TARE_OBSERVER_WORDS
TARE_OPTION_TABLE(static, quantise_table, TARE_QUANTISE_FIELDS);

/* ------------------------------------------------------------------------------------- one model
 */

static tare_status load(tare_quantise_job *j) {
    TARE_TRY(tare_quantise_fold(j));
    TARE_TRY(tare_quantise_plot(j));
    if (j->options.data != NULL) {
        TARE_TRY(tare_examples_load(j->options.data, j->options.folder, &j->examples, &j->error));
        TARE_TRY(tare_workshop_limit(&j->examples, j->options.limit, &j->error));
    }
    return tare_quantise_find_ranges(j);
}

static tare_status compare_answers(tare_quantise_job *j) {
    tare_array *whole = NULL, *answers = NULL;
    const int64_t threads = j->options.threads, batch = TARE_QUANTISE_BATCH;
    if (j->examples == NULL) return TARE_OK;
    tare_status status =
        tare_answers(j->model, j->path, j->examples, batch, threads, &answers, &j->error);
    if (status == TARE_OK)
        status =
            tare_answers(j->quantised, j->path, j->examples, batch, threads, &whole, &j->error);
    if (status == TARE_OK) j->found = tare_answers_apart(answers, whole);
    tare_array_free(answers);
    tare_array_free(whole);
    return status;
}

static tare_status quantise(tare_quantise_job *j) {
    tare_tflite_quantise_options options = {TARE_TFLITE_QUANTISE_DEFAULTS};
    options.per_channel = !j->options.per_tensor;
    options.uint8 = j->options.uint8;
    TARE_TRY(tare_tflite_quantise_with(j->model, j->ranges, &options, &j->quantised, &j->error));
    if (j->options.output != NULL)
        TARE_TRY(tare_tflite_save(j->quantised, j->options.output, &j->error));
    TARE_TRY(compare_answers(j));
    return tare_quantise_warn_clipped(j);
}

static int work(tare_quantise_job *j) {
    tare_json json = {.depth = 0};
    if (load(j) != TARE_OK) return tare_say_error(&j->error);
    const int status = tare_quantise_say_lacking(j);
    if (status >= 0) return status;
    if (quantise(j) != TARE_OK) return tare_say_error(&j->error);
    if (j->options.json)
        tare_quantise_add_json(j, &json);
    else
        tare_quantise_add_text(j, &json.text);
    return tare_say_text(&json.text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}

/* ----------------------------------------------------------------------------------- the command
 */

/* -1: go on; else an exit status. */
static int check(tare_quantise_job *j, const tare_arguments *arguments) {
    const tare_quantise_options *o = &j->options;
    if (arguments->word_count < 1)
        return tare_say_misuse("the model's file is missing: tare quantise FILE [options], a "
                               ".tflite model or a checkpoint");
    if (!tare_quantise_parse_fallback(j, o->default_ranges))
        return tare_say_misuse("--default-ranges: needs MIN,MAX with MIN no more than MAX");
    if (o->limit < 0 || o->test_limit < 0 || o->threads < 0)
        return tare_say_misuse("--limit, --test-limit and --threads: need 0 or more");
    if (o->compare && (o->output != NULL || o->per_tensor || o->uint8))
        return tare_say_misuse("--compare writes no model and makes both kinds of scales: leave "
                               "--output, --per-tensor and --uint8 out");
    if (!o->compare && (o->trained != NULL || o->test_limit != 0))
        return tare_say_misuse("--trained and --test-limit: need --compare");
    return -1;
}

static int run(int count, char **texts) {
    tare_quantise_job j = {.path = NULL};
    quantise_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_quantise,
                                .groups = {{"Options", &quantise_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0) status = check(&j, &arguments);
    if (status >= 0) return status;
    j.path = arguments.words[0];
    status = tare_quantise_open(&j);
    if (status < 0) status = j.options.compare ? tare_quantise_compare(&j) : work(&j);
    tare_quantise_end(&j);
    return status;
}

const tare_command tare_command_quantise = {
    .name = "quantise",
    .summary = "make the int8 model of a float one, or tell what that costs",
    .usage = "FILE [options]",
    .examples =
        "  tare quantise model.tflite --data x.npy --output int8.tflite\n"
        "  tare quantise lenet.safetensors --data fashion-mnist --output int8.tflite\n"
        "  tare quantise model.tflite --data fashion-mnist --observer entropy --json\n"
        "  tare quantise model.tflite --default-ranges 0,6 --data x.npy     and what it clips\n"
        "  tare quantise lenet.safetensors --data fashion-mnist --compare   what each choice "
        "costs\n",
    .run = run,
};
