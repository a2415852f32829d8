/* SPDX-License-Identifier: Apache-2.0 */
/* tare run: what a .tflite model says of examples. */
#include "array/array.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/answers.h"
#include "cli/arguments.h"
#include "cli/examples.h"
#include "cli/say.h"
#include "cli/workshop.h"
#include <tare/tflite.h>

#include <inttypes.h>
#include <string.h>

/* clang-format off */
#define TARE_RUN_FIELDS(field)                                                                    \
    field(text, data, NULL, "arrays (.npy, .npz, idx), or a data set's name")                     \
    field(text, output, NULL, "file for the answers, .npy or .csv; none given: standard output")  \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(integer, limit, 0, "the first N examples only; 0: all")                                 \
    field(integer, batch, 100, "examples in a batch, where the model takes any number")           \
    field(integer, threads, 0, "that compute; 0: one per processor")
/* clang-format on */
TARE_OPTIONS(run_options, TARE_RUN_FIELDS);
#define TARE_TABLE_STRUCT run_options
TARE_OPTION_TABLE(static, run_table, TARE_RUN_FIELDS);

typedef struct job {
    const char *path;
    run_options options;
    tare_tflite *model;
    tare_dataset *examples;
    tare_array *answers; /* [examples, ..] float32 */
    tare_text text;
    tare_error error;
} job;

/* -------------------------------------------------------------------------------------- answers */

static void write_csv(job *j) {
    const int64_t rows = tare_dataset_count(j->examples), width = j->answers->count / rows;
    const float *numbers = j->answers->data;
    tare_text_add(&j->text, "row");
    for (int64_t k = 0; k < width; k++) tare_text_format(&j->text, ",output %" PRId64, k);
    for (int64_t i = 0; i < rows; i++) {
        tare_text_format(&j->text, "\n%" PRId64, i + 1);
        for (int64_t k = 0; k < width; k++) {
            tare_text_add(&j->text, ",");
            tare_text_float(&j->text, numbers[i * width + k]);
        }
    }
    tare_text_add(&j->text, "\n");
}

static tare_status save(job *j) {
    const size_t length = strlen(j->options.output), tail = strlen(".npy");
    tare_writer *writer = NULL;
    if (length >= tail && strcmp(j->options.output + length - tail, ".npy") == 0)
        return tare_npy_write(j->options.output, j->answers, &j->error);
    write_csv(j);
    if (j->text.failed) return tare_fail_memory(&j->error);
    TARE_TRY(tare_writer_open(j->options.output, &writer, &j->error));
    const tare_status status = tare_writer_write(writer, j->text.data, j->text.length, &j->error);
    if (status == TARE_OK) return tare_writer_commit(writer, &j->error);
    tare_writer_abandon(writer);
    return status;
}

static tare_status answer(job *j) {
    const run_options *o = &j->options;
    TARE_TRY(tare_tflite_open(j->path, &j->model, &j->error));
    TARE_TRY(tare_examples_load(o->data, o->folder, &j->examples, &j->error));
    TARE_TRY(tare_workshop_limit(&j->examples, o->limit, &j->error));
    return tare_answers(j->model, j->path, j->examples, o->batch, o->threads, &j->answers,
                        &j->error);
}

static int work(job *j) {
    if (answer(j) != TARE_OK) return tare_say_error(&j->error);
    if (j->options.output != NULL)
        return save(j) == TARE_OK ? TARE_EXIT_SUCCESS : tare_say_error(&j->error);
    write_csv(j);
    return tare_say_text(&j->text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}

/* ----------------------------------------------------------------------------------- the command
 */

static void end(job *j) {
    tare_tflite_close(j->model);
    tare_dataset_free(j->examples);
    tare_array_free(j->answers);
    tare_text_clear(&j->text);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    run_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_run,
                                .groups = {{"Options", &run_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0 && arguments.word_count < 1)
        status = tare_say_misuse("the model's file is missing: tare run MODEL.tflite --data FILE");
    if (status < 0 && j.options.data == NULL)
        status = tare_say_misuse("the data is missing: tare run MODEL.tflite --data FILE");
    if (status < 0 && (j.options.batch < 1 || j.options.limit < 0 || j.options.threads < 0))
        status = tare_say_misuse("--batch: needs 1 or more; --limit and --threads: 0 or more");
    if (status >= 0) return status;
    j.path = arguments.words[0];
    status = work(&j);
    end(&j);
    return status;
}

const tare_command tare_command_run = {
    .name = "run",
    .summary = "what a .tflite model says of new data, as csv or .npy",
    .usage = "MODEL.tflite --data FILE [--output FILE]",
    .examples = "  tare run model.tflite --data x.npy\n"
                "  tare run model.tflite --data fashion-mnist --limit 10 --output answers.npy\n",
    .run = run,
};
