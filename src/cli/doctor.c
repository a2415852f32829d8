/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare doctor: the batch normalisation layers of a checkpoint, or of a network of the zoo as it is
 * before training, examined for the faults that people meet.
 */
#include "base/file.h"
#include "base/status.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/workshop.h"
#include "report/json.h"
#include <tare/norm.h>

/* clang-format off */
#define TARE_DOCTOR_FIELDS(field)                                                                 \
    field(text, suppress, NULL, "ids or names of checks to leave out, separated by commas")       \
    field(text, data, NULL,                                                                       \
          "data set or file; by default what the network was trained on; none: no data")          \
    field(boolean, test_data, false, "look at the test examples instead of the training ones")    \
    field(text, network, NULL, "network of the zoo; by default the one the file names")           \
    field(integer, batch, 0, "examples in a training batch; 0: as many as the counters tell")     \
    field(integer, batches, 32, "batches to look at, at most")                                    \
    field(integer, limit, 4096, "draw or read the first N examples only; 0: all")                 \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, checks, false, "list the checks and examine nothing")                          \
    field(boolean, json, false, "print JSON")
/* clang-format on */
TARE_OPTIONS(doctor_options, TARE_DOCTOR_FIELDS);
#define TARE_TABLE_STRUCT doctor_options
TARE_OPTION_TABLE(static, doctor_table, TARE_DOCTOR_FIELDS);

typedef struct job {
    const char *name; /* of the file or the network */
    doctor_options options;
    tare_safetensors *file; /* NULL: a network before training */
    tare_workshop workshop;
    tare_dataset *examples; /* NULL: none */
    tare_diagnosis *diagnosis;
    tare_error error;
} job;

/* ------------------------------------------------------------------------------- opening */

static int refuse_name(const char *name) {
    if (tare_file_exists(name)) return -1;
    return tare_say_failure("there is neither a file nor a network '%s'; 'tare list' names the "
                            "networks",
                            name);
}

/* -1: go on. */
static int choose_network(job *j) {
    if (tare_zoo_help(j->name) != NULL) return tare_workshop_begin(&j->workshop, j->name);
    const int status = refuse_name(j->name);
    if (status >= 0) return status;
    if (tare_safetensors_open(j->name, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    return tare_workshop_recall(&j->workshop, j->file, j->name, j->options.network, &j->error);
}

/* Leniently: what a file lacks is for the doctor to tell. */
static tare_status open_session(job *j) {
    tare_checkpoint_load_options lenient = {TARE_CHECKPOINT_LOAD_DEFAULTS};
    lenient.lenient = true;
    TARE_TRY(tare_workshop_build(&j->workshop, 0, &j->error));
    TARE_TRY(tare_workshop_open(&j->workshop, j->options.threads, &j->error));
    if (tare_session_initialize(j->workshop.session) != TARE_OK) {
        j->error = *tare_session_error(j->workshop.session);
        return j->error.status;
    }
    if (j->file == NULL) return TARE_OK;
    return tare_checkpoint_load_with(j->workshop.session, j->name, &lenient, NULL, &j->error);
}

/* Data that were not asked for may be missing: then the checks that want them are left out. */
static tare_status load_data(job *j) {
    const char *asked = j->options.data;
    if (tare_same_text(asked, "none")) return TARE_OK;
    const char *data = tare_workshop_data(&j->workshop, j->file, asked);
    const tare_data_request request = {.data = data,
                                       .label = j->options.label,
                                       .folder = j->options.folder,
                                       .test = j->options.test_data,
                                       .limit = j->options.limit,
                                       .size = tare_workshop_image_size(&j->workshop)};
    const tare_status status = tare_workshop_load(&request, &j->examples, &j->error);
    if (status == TARE_OK || asked != NULL) return status;
    tare_say_note("without data: %s", j->error.message);
    return TARE_OK;
}

/* ---------------------------------------------------------------------------- examining */

static tare_status examine(job *j) {
    tare_examine_options options = {TARE_EXAMINE_DEFAULTS};
    options.suppress = j->options.suppress;
    options.batch = j->options.batch > 0 ? j->options.batch : tare_workshop_batch(j->file);
    options.batches = j->options.batches;
    if (j->file != NULL) options.checkpoint = j->name;
    TARE_TRY(open_session(j));
    TARE_TRY(load_data(j));
    return tare_examine_with(j->workshop.session, &j->workshop.network, j->examples, &options,
                             &j->diagnosis, &j->error);
}

static int say_diagnosis(const job *j) {
    char *text =
        j->options.json ? tare_diagnosis_json(j->diagnosis) : tare_diagnosis_text(j->diagnosis);
    if (text == NULL) return tare_say_failure("no memory for the result");
    tare_say(text);
    tare_text_free(text);
    const bool ill = tare_diagnosis_tally(j->diagnosis, TARE_SEVERITY_ERROR) > 0;
    return ill ? TARE_EXIT_FAILURE : TARE_EXIT_SUCCESS;
}

static int work(job *j) {
    const int status = choose_network(j);
    if (status >= 0) return status;
    if (examine(j) != TARE_OK) return tare_say_error(&j->error);
    return say_diagnosis(j);
}

/* ------------------------------------------------------------------------------- listing */

static void list_as_table(tare_text *text) {
    const tare_check_description *check;
    tare_table table = {.columns = 4};
    static const char *const heads[] = {"id", "check", "wants data", "looks for"};
    for (int i = 0; i < 4; i++) tare_table_cell(&table, heads[i]);
    for (size_t i = 0; (check = tare_check_at(i)) != NULL; i++) {
        tare_table_cell(&table, check->id);
        tare_table_cell(&table, check->name);
        tare_table_cell(&table, check->wants_data ? "yes" : "");
        tare_table_cell(&table, check->help);
    }
    tare_table_end(&table, text);
}

static void list_as_json(tare_json *json) {
    const tare_check_description *check;
    tare_json_begin_array(json);
    for (size_t i = 0; (check = tare_check_at(i)) != NULL; i++) {
        tare_json_begin_object(json);
        tare_json_member_text(json, "id", check->id);
        tare_json_member_text(json, "check", check->name);
        tare_json_member_boolean(json, "wants_data", check->wants_data);
        tare_json_member_text(json, "help", check->help);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_text_add(&json->text, "\n");
}

static int list_checks(const job *j) {
    tare_json json = {.depth = 0};
    if (j->options.json)
        list_as_json(&json);
    else
        list_as_table(&json.text);
    return tare_say_text(&json.text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}

/* --------------------------------------------------------------------------- the command */

static int check(const job *j) {
    if (j->options.batch < 0 || j->options.limit < 0 || j->options.threads < 0)
        return tare_say_misuse("--batch, --limit and --threads: need 0 or more");
    if (j->options.batches < 1) return tare_say_misuse("--batches: needs 1 or more");
    if (j->name == NULL && !j->options.checks)
        return tare_say_misuse("a file's or a network's name is missing: tare doctor FILE|NAME "
                               "[options]");
    return -1;
}

static int run(int count, char **texts) {
    job j = {.name = NULL};
    doctor_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_doctor,
                                .groups = {{"Options", &doctor_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    if (arguments.word_count > 0) j.name = arguments.words[0];
    status = check(&j);
    if (status >= 0) return status;
    status = j.options.checks ? list_checks(&j) : work(&j);
    tare_diagnosis_free(j.diagnosis);
    tare_workshop_end(&j.workshop);
    tare_dataset_free(j.examples);
    tare_safetensors_close(j.file);
    return status;
}

const tare_command tare_command_doctor = {
    .name = "doctor",
    .summary = "name the faults of batch normalisation in a checkpoint or a network",
    .usage = "FILE|NAME [options]",
    .examples =
        "  tare doctor heatmap.safetensors              on the data it was trained on\n"
        "  tare doctor lenet.safetensors --data x.npz --suppress P25,dead-channels --json\n"
        "  tare doctor lenet_bn --data none             a network before training\n"
        "  tare doctor --checks                         what is looked for\n"
        "Exit status: 0 when nothing of severity error was found, 1 when something was, or\n"
        "nothing could be examined, 2 for misuse.\n",
    .run = run,
};
