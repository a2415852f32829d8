/* SPDX-License-Identifier: Apache-2.0 */
/* tare fold: the batch normalisations of a checkpoint folded into the products beside them. */
#include "base/status.h"
#include "cli/say.h"
#include "cli/workshop.h"
#include <tare/norm.h>

/* clang-format off */
#define TARE_FOLD_COMMAND_FIELDS(field)                                                           \
    field(text, output, NULL, "checkpoint to write, for the same network")                        \
    field(text, weights, NULL, "file of plain weights to write, without batch normalisation")     \
    field(text, data, NULL,                                                                       \
          "data set or file to measure the difference on; none given: drawn examples")            \
    field(integer, examples, 64, "to measure the difference on, at most; 0: do not")              \
    field(text, network, NULL, "network of the zoo; by default the one the file names")           \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, json, false, "print the report as JSON")
/* clang-format on */
TARE_OPTIONS(fold_options, TARE_FOLD_COMMAND_FIELDS);
#define TARE_TABLE_STRUCT fold_options
TARE_OPTION_TABLE(static, fold_table, TARE_FOLD_COMMAND_FIELDS);

typedef struct job {
    const char *path;
    fold_options options;
    tare_safetensors *file;
    tare_workshop workshop;
    tare_dataset *examples; /* NULL: drawn ones */
    tare_folding *folding;
    tare_error error;
} job;

static tare_status load(job *j) {
    TARE_TRY(tare_workshop_restore(&j->workshop, j->path, j->options.threads, &j->error));
    if (j->workshop.quantised)
        TARE_TRY(tare_quantise_trained(j->workshop.session, &j->workshop.network, &j->error));
    if (j->options.data == NULL || j->options.examples == 0) return TARE_OK;
    const tare_data_request request = {.data = j->options.data,
                                       .label = j->options.label,
                                       .folder = j->options.folder,
                                       .test = true,
                                       .limit = j->options.examples,
                                       .size = tare_workshop_image_size(&j->workshop)};
    return tare_workshop_load(&request, &j->examples, &j->error);
}

static tare_status fold(job *j) {
    tare_fold_options options = {TARE_FOLD_DEFAULTS};
    options.examples = j->options.examples;
    TARE_TRY(load(j));
    TARE_TRY(tare_fold_with(j->workshop.session, &j->workshop.network, j->examples, &options,
                            &j->folding, &j->error));
    if (j->options.output != NULL)
        TARE_TRY(tare_workshop_save(&j->workshop, j->file, NULL, j->options.output, &j->error));
    if (j->options.weights == NULL) return TARE_OK;
    return tare_folding_save_weights(j->folding, j->options.weights, &j->error);
}

static int say_report(const job *j) {
    char *text = j->options.json ? tare_folding_json(j->folding) : tare_folding_text(j->folding);
    if (text == NULL) return tare_say_failure("no memory for the report");
    tare_say(text);
    tare_text_free(text);
    return TARE_EXIT_SUCCESS;
}

static int work(job *j) {
    if (tare_safetensors_open(j->path, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    const int status =
        tare_workshop_recall(&j->workshop, j->file, j->path, j->options.network, &j->error);
    if (status >= 0) return status;
    if (fold(j) != TARE_OK) return tare_say_error(&j->error);
    return say_report(j);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    fold_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_fold,
                                .groups = {{"Options", &fold_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    if (arguments.word_count < 1)
        return tare_say_misuse("the checkpoint is missing: tare fold FILE [options]");
    if (j.options.examples < 0 || j.options.threads < 0)
        return tare_say_misuse("--examples and --threads: need 0 or more");
    j.path = arguments.words[0];
    status = work(&j);
    tare_folding_free(j.folding);
    tare_workshop_end(&j.workshop);
    tare_dataset_free(j.examples);
    tare_safetensors_close(j.file);
    return status;
}

const tare_command tare_command_fold = {
    .name = "fold",
    .summary = "fold batch normalisation into the convolutions and dense layers beside it",
    .usage = "FILE [options]",
    .examples = "  tare fold lenet.safetensors                        what could be folded\n"
                "  tare fold lenet.safetensors --output folded.safetensors --data fashion-mnist\n"
                "  tare fold lenet.safetensors --weights plain.safetensors --json\n",
    .run = run,
};
