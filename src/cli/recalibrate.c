/* SPDX-License-Identifier: Apache-2.0 */
/* tare recalibrate: a checkpoint's moving statistics, estimated anew from data or debiased. */
#include "base/status.h"
#include "cli/say.h"
#include "cli/workshop.h"
#include <tare/norm.h>

#include <string.h>

/* clang-format off */
#define TARE_RECALIBRATE_COMMAND_FIELDS(field)                                                    \
    field(text, output, NULL,                                                                     \
          "checkpoint to write, FILE itself too; none given: nothing is written")                 \
    field(boolean, debias, false,                                                                 \
          "without data: divide out the weight of the averages' first values")                    \
    field(text, data, NULL, "data set or file; by default what the network was trained on")       \
    field(boolean, test_data, false, "take the test examples instead of the training ones")       \
    field(text, network, NULL, "network of the zoo; by default the one the file names")           \
    field(integer, batch, 0, "examples in a batch; 0: as in training")                            \
    field(integer, batches, 0, "batches to estimate from, at most; 0: all")                       \
    field(integer, limit, 0, "draw or read the first N examples only; 0: all")                    \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, json, false, "print the report as JSON")
/* clang-format on */
TARE_OPTIONS(recalibrate_options, TARE_RECALIBRATE_COMMAND_FIELDS);
#define TARE_TABLE_STRUCT recalibrate_options
TARE_OPTION_TABLE(static, recalibrate_table, TARE_RECALIBRATE_COMMAND_FIELDS);

typedef struct job {
    const char *path;
    recalibrate_options options;
    tare_safetensors *file;
    tare_workshop workshop;
    tare_checkpoint_facts facts;
    tare_dataset *examples; /* NULL: debias */
    tare_recalibration *recalibration;
    tare_error error;
} job;

/* ------------------------------------------------------------------------------- loading */

static bool file_has(const tare_safetensors *file, const char *wanted) {
    const char *name;
    for (size_t i = 0; (name = tare_safetensors_name(file, i)) != NULL; i++)
        if (strcmp(name, wanted) == 0) return true;
    return false;
}

/* Statistics of layers that the file has no tensor for; -1: no memory. */
static int64_t missing_statistics(const job *j) {
    static const char *const lasts[] = {"moving_mean", "moving_variance"};
    int64_t missing = 0;
    char *layer;
    for (size_t i = 0; (layer = tare_norm_layer_name(j->workshop.graph, i)) != NULL; i++) {
        for (int k = 0; k < 2 && missing >= 0; k++) {
            tare_text name = {.length = 0};
            tare_text_format(&name, "%s/%s", layer, lasts[k]);
            if (name.failed)
                missing = -1;
            else
                missing += !file_has(j->file, name.data);
            tare_text_clear(&name);
        }
        tare_text_free(layer);
    }
    return missing;
}

/* Whether every tensor of the file is a variable's. */
static bool all_known(const job *j) {
    const char *name;
    for (size_t i = 0; (name = tare_safetensors_name(j->file, i)) != NULL; i++) {
        tare_array *array = NULL;
        if (tare_session_get(j->workshop.session, name, &array) != TARE_OK) return false;
        tare_array_free(array);
    }
    return true;
}

/* A file that lacks nothing but statistics is what this command can mend; its layers begin with
 * their first values. */
static tare_status load_without_statistics(job *j) {
    const tare_error refusal = j->error;
    const tare_session *session = j->workshop.session;
    tare_checkpoint_load_options lenient = {TARE_CHECKPOINT_LOAD_DEFAULTS};
    lenient.lenient = true;
    const int64_t missing = missing_statistics(j);
    if (missing < 0) return tare_fail_memory(&j->error);
    if (missing == 0) return refusal.status;
    if (tare_session_initialize(j->workshop.session) != TARE_OK) {
        j->error = *tare_session_error(session);
        return j->error.status;
    }
    TARE_TRY(
        tare_checkpoint_load_with(j->workshop.session, j->path, &lenient, &j->facts, &j->error));
    if (j->facts.skipped == missing && all_known(j)) return TARE_OK;
    j->error = refusal;
    return refusal.status;
}

static tare_status load_checkpoint(job *j) {
    j->facts.struct_size = sizeof j->facts;
    const tare_status status =
        tare_checkpoint_load_with(j->workshop.session, j->path, NULL, &j->facts, &j->error);
    return status == TARE_ERROR_NAME ? load_without_statistics(j) : status;
}

static tare_status load(job *j) {
    TARE_TRY(tare_workshop_build(&j->workshop, 0, &j->error));
    TARE_TRY(tare_workshop_open(&j->workshop, j->options.threads, &j->error));
    TARE_TRY(load_checkpoint(j));
    if (j->options.debias) return TARE_OK;
    const tare_data_request request = {
        .data = tare_workshop_data(&j->workshop, j->file, j->options.data),
        .label = j->options.label,
        .folder = j->options.folder,
        .test = j->options.test_data,
        .limit = j->options.limit,
        .size = tare_workshop_image_size(&j->workshop)};
    return tare_workshop_load(&request, &j->examples, &j->error);
}

/* --------------------------------------------------------------------------- the command */

static tare_status estimate(job *j) {
    tare_recalibrate_options options = {TARE_RECALIBRATE_DEFAULTS};
    options.batch = j->options.batch > 0 ? j->options.batch : tare_workshop_batch(j->file);
    options.batches = j->options.batches;
    return tare_recalibrate_with(j->workshop.session, &j->workshop.network, j->examples, &options,
                                 &j->recalibration, &j->error);
}

static tare_status recalibrate(job *j) {
    TARE_TRY(load(j));
    if (j->options.debias)
        TARE_TRY(tare_debias(j->workshop.session, &j->recalibration, &j->error));
    else
        TARE_TRY(estimate(j));
    if (j->options.output == NULL) return TARE_OK;
    return tare_workshop_save(&j->workshop, j->file, &j->facts, j->options.output, &j->error);
}

static int say_report(const job *j) {
    char *text = j->options.json ? tare_recalibration_json(j->recalibration)
                                 : tare_recalibration_text(j->recalibration);
    if (text == NULL) return tare_say_failure("no memory for the report");
    tare_say(text);
    tare_text_free(text);
    if (j->options.output == NULL && !j->options.json)
        tare_say("nothing was written; --output FILE writes the checkpoint\n");
    return TARE_EXIT_SUCCESS;
}

static int work(job *j) {
    if (tare_safetensors_open(j->path, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    const int status =
        tare_workshop_recall(&j->workshop, j->file, j->path, j->options.network, &j->error);
    if (status >= 0) return status;
    if (recalibrate(j) != TARE_OK) return tare_say_error(&j->error);
    return say_report(j);
}

/* -1: go on. */
static int check(const job *j) {
    if (j->path == NULL)
        return tare_say_misuse("the checkpoint is missing: tare recalibrate FILE [options]");
    if (j->options.batch < 0 || j->options.batches < 0 || j->options.limit < 0 ||
        j->options.threads < 0)
        return tare_say_misuse("--batch, --batches, --limit and --threads: need 0 or more");
    if (j->options.debias && (j->options.data != NULL || j->options.test_data))
        return tare_say_misuse("--debias: looks at no data; leave --data and --test-data out");
    return -1;
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    recalibrate_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_recalibrate,
                                .groups = {{"Options", &recalibrate_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    if (arguments.word_count > 0) j.path = arguments.words[0];
    status = check(&j);
    if (status >= 0) return status;
    status = work(&j);
    tare_recalibration_free(j.recalibration);
    tare_workshop_end(&j.workshop);
    tare_dataset_free(j.examples);
    tare_safetensors_close(j.file);
    return status;
}

const tare_command tare_command_recalibrate = {
    .name = "recalibrate",
    .summary = "estimate a checkpoint's moving statistics anew, without training",
    .usage = "FILE [options]",
    .examples =
        "  tare recalibrate lenet.safetensors             how far they are from the data's\n"
        "  tare recalibrate lenet.safetensors --output healed.safetensors --batches 200\n"
        "  tare recalibrate lenet.safetensors --output lenet.safetensors    in its place\n"
        "  tare recalibrate lenet.safetensors --debias --output healed.safetensors\n",
    .run = run,
};
