/* SPDX-License-Identifier: Apache-2.0 */
/* tare export: a checkpoint's network as a float .tflite model, batch normalisation folded. */
#include "base/status.h"
#include "cli/folded.h"
#include "cli/say.h"

/* clang-format off */
#define TARE_EXPORT_FIELDS(field)                                                                 \
    field(text, output, NULL, "model to write, .tflite")                                          \
    field(text, network, NULL, "network of the zoo; by default the one the file names")
/* clang-format on */
TARE_OPTIONS(export_options, TARE_EXPORT_FIELDS);
#define TARE_TABLE_STRUCT export_options
TARE_OPTION_TABLE(static, export_table, TARE_EXPORT_FIELDS);

typedef struct job {
    const char *path;
    export_options options;
    tare_safetensors *file;
    tare_workshop workshop;
    tare_tflite *model;
    tare_error error;
} job;

static tare_status export(job *j) {
    TARE_TRY(tare_workshop_restore(&j->workshop, j->path, 1, &j->error));
    TARE_TRY(tare_folded_model(&j->workshop, NULL, &j->model, &j->error));
    return tare_tflite_save(j->model, j->options.output, &j->error);
}

static int work(job *j) {
    if (tare_safetensors_open(j->path, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    const int status =
        tare_workshop_recall(&j->workshop, j->file, j->path, j->options.network, &j->error);
    if (status >= 0) return status;
    return export(j) == TARE_OK ? TARE_EXIT_SUCCESS : tare_say_error(&j->error);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    export_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_export,
                                .groups = {{"Options", &export_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0 && (arguments.word_count < 1 || j.options.output == NULL))
        status = tare_say_misuse("the checkpoint or the output is missing: tare export FILE "
                                 "--output MODEL.tflite");
    if (status >= 0) return status;
    j.path = arguments.words[0];
    status = work(&j);
    tare_tflite_close(j.model);
    tare_workshop_end(&j.workshop);
    tare_safetensors_close(j.file);
    return status;
}

const tare_command tare_command_export = {
    .name = "export",
    .summary = "write a checkpoint's network as a .tflite model, batch normalisation folded",
    .usage = "FILE --output MODEL.tflite",
    .examples = "  tare export lenet.safetensors --output lenet.tflite\n"
                "  tare quantise lenet.tflite --data fashion-mnist --output lenet_int8.tflite\n",
    .run = run,
};
