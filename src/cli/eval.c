/* SPDX-License-Identifier: Apache-2.0 */
/* tare eval: the network that a checkpoint or a .tflite model holds, tested on a data set. */
#include "base/status.h"
#include "base/text.h"
#include "cli/answers.h"
#include "cli/answers_apart.h"
#include "cli/folded.h"
#include "cli/say.h"
#include "cli/workshop.h"
#include "report/json.h"

#include <math.h>

/* clang-format off */
#define TARE_EVAL_FIELDS(field)                                                                   \
    field(text, network, NULL, "network of the zoo; by default the one the file names")           \
    field(text, data, NULL, "data set or file; by default what the network was trained on")       \
    field(boolean, training_data, false, "test on the training examples")                         \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(integer, batch, 500, "examples in a batch")                                             \
    field(integer, limit, 0, "test on the first N examples only; 0: on all")                      \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, json, false, "print the result as JSON")
/* clang-format on */
TARE_OPTIONS(eval_options, TARE_EVAL_FIELDS);
#define TARE_TABLE_STRUCT eval_options
TARE_OPTION_TABLE(static, eval_table, TARE_EVAL_FIELDS);

typedef struct job {
    const char *path;
    eval_options options;
    tare_safetensors *file;
    tare_workshop workshop;
    tare_dataset *examples;
    const char *data;
    tare_evaluation found;
    tare_error error;
} job;

static tare_data_request request_of(const eval_options *o, const char *data) {
    return (tare_data_request){.data = data,
                               .label = o->label,
                               .folder = o->folder,
                               .test = !o->training_data,
                               .limit = o->limit};
}

static tare_status load(job *j) {
    TARE_TRY(tare_workshop_restore(&j->workshop, j->path, j->options.threads, &j->error));
    j->data = tare_workshop_data(&j->workshop, j->file, j->options.data);
    tare_data_request request = request_of(&j->options, j->data);
    request.size = tare_workshop_image_size(&j->workshop);
    return tare_workshop_load(&request, &j->examples, &j->error);
}

static tare_status evaluate(job *j) {
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    options.batch = j->options.batch;
    j->found.struct_size = sizeof j->found;
    return tare_evaluate_with(j->workshop.session, &j->workshop.network, j->examples, &options,
                              &j->found, &j->error);
}

static void add_json(tare_json *json, const job *j) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "network", j->workshop.name);
    tare_json_member_text(json, "data", j->data);
    if (tare_dataset_classes(j->examples) > 0) {
        tare_json_member_double(json, "accuracy",
                                (double)j->found.correct / (double)j->found.count);
        tare_json_member_integer(json, "correct", j->found.correct);
    }
    tare_json_member_integer(json, "count", j->found.count);
    tare_json_key(json, "loss");
    tare_json_float(json, (float)j->found.loss);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

static int say_result(const job *j) {
    tare_json json = {.depth = 0};
    if (j->options.json) {
        add_json(&json, j);
    } else {
        tare_workshop_result(&json.text, j->options.training_data ? "training" : "test", &j->found,
                             tare_dataset_classes(j->examples) > 0);
    }
    if (!tare_say_text(&json.text)) return tare_say_failure("no memory for the result");
    return TARE_EXIT_SUCCESS;
}

/* ------------------------------------------------------------------------------ .tflite models */

static tare_status evaluate_tflite(job *j) {
    tare_tflite *model = NULL;
    tare_array *answers = NULL;
    j->data = j->options.data;
    const tare_data_request request = request_of(&j->options, j->data);
    TARE_TRY(tare_workshop_load(&request, &j->examples, &j->error));
    if (tare_dataset_classes(j->examples) == 0)
        return tare_fail(&j->error, TARE_ERROR_UNSUPPORTED,
                         "'%s' has no classes; a .tflite model has no loss to tell", j->data);
    TARE_TRY(tare_tflite_open(j->path, &model, &j->error));
    const tare_status status = tare_answers(model, j->path, j->examples, j->options.batch,
                                            j->options.threads, &answers, &j->error);
    if (status == TARE_OK) {
        j->found.count = tare_dataset_count(j->examples);
        j->found.correct = tare_answers_correct(answers, j->examples);
        j->found.loss = (double)NAN;
    }
    tare_array_free(answers);
    tare_tflite_close(model);
    return status;
}

static int work_on_tflite(job *j) {
    if (j->options.data == NULL)
        return tare_say_misuse("the data is missing: tare eval MODEL.tflite --data DATA");
    return evaluate_tflite(j) == TARE_OK ? say_result(j) : tare_say_error(&j->error);
}

/* ----------------------------------------------------------------------------------- together */

static int work(job *j) {
    if (tare_safetensors_open(j->path, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    const int status =
        tare_workshop_recall(&j->workshop, j->file, j->path, j->options.network, &j->error);
    if (status >= 0) return status;
    if (load(j) != TARE_OK || evaluate(j) != TARE_OK) return tare_say_error(&j->error);
    return say_result(j);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    eval_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_eval,
                                .groups = {{"Options", &eval_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    if (arguments.word_count < 1)
        return tare_say_misuse("the checkpoint is missing: tare eval FILE [options]");
    if (j.options.batch < 1) return tare_say_misuse("--batch: needs 1 or more");
    if (j.options.threads < 0 || j.options.limit < 0)
        return tare_say_misuse("--threads and --limit: need 0 or more");
    j.path = arguments.words[0];
    status = tare_is_tflite(j.path) ? work_on_tflite(&j) : work(&j);
    tare_workshop_end(&j.workshop);
    tare_dataset_free(j.examples);
    tare_safetensors_close(j.file);
    return status;
}

const tare_command tare_command_eval = {
    .name = "eval",
    .summary = "test the network that a checkpoint or a .tflite model holds",
    .usage = "FILE [options]",
    .examples = "  tare eval lenet.safetensors\n"
                "  tare eval lenet.safetensors --data fashion-mnist --training-data\n"
                "  tare eval weights.safetensors --network lenet_bn --json\n"
                "  tare eval lenet_int8.tflite --data fashion-mnist\n",
    .run = run,
};
