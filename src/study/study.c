/* SPDX-License-Identifier: Apache-2.0 */
/* What all studies have in common: options, trainings, the table, what was learned. */
#include "study/study.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/interrupt.h"
#include "cli/say.h"
#include "cli/watch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNIFICANT_DIGITS 4
#define LOGS_OF_EPOCH      10 /* where a network has summaries */

#define TARE_TABLE_STRUCT tare_study_options
TARE_OPTION_TABLE(static, study_table, TARE_STUDY_FIELDS);
#undef TARE_TABLE_STRUCT

/* ----------------------------------------------------------------------------------- options */

void tare_study_begin(tare_study *study, const tare_command *command,
                      const tare_study_column *columns) {
    *study = (tare_study){.command = command, .columns = columns};
    study_table.set_defaults(&study->options);
}

static int check(const tare_study_options *options) {
    if (options->epochs < 1) return tare_say_misuse("--epochs: needs 1 or more");
    if (options->batch < 1) return tare_say_misuse("--batch: needs 1 or more");
    if (!(options->learning_rate > 0) || !isfinite(options->learning_rate))
        return tare_say_misuse("--learning-rate: needs a number above 0");
    if (options->threads < 0) return tare_say_misuse("--threads: needs 0 or more");
    if (options->resume && options->save == NULL)
        return tare_say_misuse("--resume: needs --save FOLDER to resume from");
    return -1;
}

int tare_study_parse(tare_study *study, tare_option_group own, int count, char **texts) {
    tare_arguments arguments = {.command = study->command,
                                .groups = {{"Options", &study_table, &study->options, NULL}, own},
                                .group_count = own.table == NULL ? 1 : 2};
    const int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    tare_interrupt_begin();
    return check(&study->options);
}

/* ---------------------------------------------------------------------------------- training */

/* The checkpoint of a variant, its folder made. */
static tare_status choose_path(tare_study *study, const char *variant) {
    TARE_TRY(tare_make_folder(study->options.save, &study->error));
    tare_text_clear(&study->path);
    tare_text_format(&study->path, "%s/%s.safetensors", study->options.save, variant);
    return study->path.failed ? tare_fail_memory(&study->error) : TARE_OK;
}

/* The folder of a variant's event files. */
static tare_status choose_log(tare_study *study, const char *variant) {
    tare_text_clear(&study->log);
    tare_text_format(&study->log, "%s/%s", study->options.log, variant);
    return study->log.failed ? tare_fail_memory(&study->error) : TARE_OK;
}

/* Whoever listens to a training, and the curves beside them. */
typedef struct listener {
    void (*event)(void *user, tare_fit_event event, const tare_progress_facts *facts);
    bool (*stop)(void *user);
    void *user;
    tare_curves *curves;
} listener;

static void hear(void *user, tare_fit_event event, const tare_progress_facts *facts) {
    const listener *l = user;
    l->event(l->user, event, facts);
    tare_curves_hear(l->curves, event, facts);
}

static bool ask(void *user) {
    const listener *l = user;
    return l->stop(l->user);
}

/* Makes the curves hear what fit tells its listener. */
static void listen_too(tare_study *study, const char *variant, listener *l, tare_fit_options *fit) {
    if (study->options.plot == NULL) return;
    *l = (listener){fit->event, fit->stop, fit->user, &study->curves};
    fit->event = hear;
    fit->stop = ask;
    fit->user = l;
    tare_curves_begin(&study->curves, variant);
}

static void set_fit(const tare_study *study, tare_fit_options *fit) {
    fit->epochs = study->options.epochs;
    fit->batch = study->options.batch;
    fit->seed = study->options.seed;
    fit->resume = study->options.resume;
    if (study->options.log != NULL || study->options.plot != NULL) fit->held = study->held;
}

/* Summaries of every variable are much; they come with the numbers of every tenth of an epoch. */
static int64_t choose_log_steps(const tare_study *study, const tare_network *network,
                                const tare_dataset *examples) {
    const int64_t steps = tare_dataset_count(examples) / study->options.batch / LOGS_OF_EPOCH;
    return tare_tensor_is_valid(network->summary) && steps > 1 ? steps : 1;
}

tare_status tare_study_fit(tare_study *study, const char *variant, const char *settings,
                           tare_session *session, const tare_network *network,
                           const tare_dataset *examples, tare_fit_result *result) {
    tare_fit_options fit = {TARE_FIT_DEFAULTS};
    tare_metadata pairs[3 + TARE_STUDY_FACTS] = {{"study", study->command->name},
                                                 {"variant", variant},
                                                 {"options", settings != NULL ? settings : ""}};
    size_t count = 3;
    for (const tare_metadata *fact = study->facts; fact->key != NULL; fact++)
        pairs[count++] = *fact;
    set_fit(study, &fit);
    fit.metadata = pairs;
    fit.metadata_count = count;
    if (study->options.save != NULL) {
        TARE_TRY(choose_path(study, variant));
        fit.checkpoint = study->path.data;
    }
    if (study->options.log != NULL) {
        TARE_TRY(choose_log(study, variant));
        fit.log = study->log.data;
        fit.log_steps = choose_log_steps(study, network, examples);
    }
    tare_watch watch;
    listener too;
    const bool quiet = study->options.quiet || study->brief;
    tare_status status = tare_watch_begin(&watch, quiet, &fit, &study->error);
    if (status == TARE_OK && watch.progress != NULL) tare_progress_note(watch.progress, variant);
    result->struct_size = sizeof *result;
    listen_too(study, variant, &too, &fit);
    if (status == TARE_OK)
        status = tare_fit_with(session, network, examples, &fit, result, &study->error);
    tare_watch_end(&watch);
    if (status == TARE_OK && result->stopped) study->stopped = true;
    return status;
}

tare_status tare_study_session_failed(tare_study *study, const tare_session *session) {
    study->error = *tare_session_error(session);
    return study->error.status;
}

/* ----------------------------------------------------------------------------------- results */

tare_status tare_study_row_add(tare_study *study, const char *variant, const double *values) {
    if (!tare_vector_reserve(NULL, &study->rows, 1)) return tare_fail_memory(&study->error);
    tare_study_row *row = &study->rows.items[study->rows.count++];
    tare_print(row->variant, sizeof row->variant, "%s", variant);
    for (int i = 0; study->columns[i].name != NULL; i++) row->values[i] = values[i];
    return TARE_OK;
}

tare_status tare_study_find(tare_study *study, const char *variant, const char *id,
                            const char *format, ...) {
    if (!tare_vector_reserve(NULL, &study->findings, 1)) return tare_fail_memory(&study->error);
    tare_study_finding *finding = &study->findings.items[study->findings.count++];
    tare_print(finding->variant, sizeof finding->variant, "%s", variant);
    tare_print(finding->id, sizeof finding->id, "%s", id);
    va_list values;
    va_start(values, format);
    vsnprintf(finding->text, sizeof finding->text, format, values);
    va_end(values);
    return TARE_OK;
}

char *tare_study_number(char buffer[TARE_NUMBER_TEXT], double number) {
    if (isnan(number)) return tare_print(buffer, TARE_NUMBER_TEXT, "-");
    return tare_significant_text(buffer, number, SIGNIFICANT_DIGITS);
}

static void add_table(const tare_study *study, tare_text *text) {
    const tare_study_column *columns = study->columns;
    tare_table table = {.columns = 1};
    char number[TARE_NUMBER_TEXT];
    tare_table_cell(&table, "variant");
    for (int i = 0; columns[i].name != NULL; i++) {
        if (columns[i].title == NULL) continue;
        table.right[table.columns++] = true;
        tare_table_cell(&table, columns[i].title);
    }
    for (int64_t r = 0; r < study->rows.count; r++) {
        tare_table_cell(&table, study->rows.items[r].variant);
        for (int i = 0; columns[i].name != NULL; i++)
            if (columns[i].title != NULL)
                tare_table_cell(&table, tare_study_number(number, study->rows.items[r].values[i]));
    }
    tare_table_end(&table, text);
}

static void add_findings(const tare_study *study, tare_text *text) {
    for (int64_t i = 0; i < study->findings.count; i++) {
        const tare_study_finding *finding = &study->findings.items[i];
        tare_text head = {0};
        const bool first = i == 0 || !tare_same_text(finding->variant, finding[-1].variant);
        if (first) tare_text_format(text, "\n%s\n", finding->variant);
        tare_text_format(&head, "%s: ", finding->id);
        tare_text_wrap(text, 2, head.failed ? "" : head.data, finding->text);
        tare_text_clear(&head);
    }
}

static void add_json_row(tare_json *json, const tare_study *study, const tare_study_row *row) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "variant", row->variant);
    for (int i = 0; study->columns[i].name != NULL; i++)
        tare_json_member_double(json, study->columns[i].name, row->values[i]);
    tare_json_end_object(json);
}

static void add_json_finding(tare_json *json, const tare_study_finding *finding) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "variant", finding->variant);
    tare_json_member_text(json, "id", finding->id);
    tare_json_member_text(json, "text", finding->text);
    tare_json_end_object(json);
}

static void add_json(tare_json *json, const tare_study *study) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "study", study->command->name);
    tare_json_member_integer(json, "seed", study->options.seed);
    if (study->before.add_json != NULL) study->before.add_json(json, study->before.user);
    tare_json_key(json, "variants");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < study->rows.count; i++)
        add_json_row(json, study, &study->rows.items[i]);
    tare_json_end_array(json);
    tare_json_key(json, "findings");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < study->findings.count; i++)
        add_json_finding(json, &study->findings.items[i]);
    tare_json_end_array(json);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

static int say(const tare_study *study) {
    tare_json json = {.depth = 0};
    if (study->options.json) {
        add_json(&json, study);
    } else {
        if (study->before.add_text != NULL) study->before.add_text(&json.text, study->before.user);
        add_table(study, &json.text);
        add_findings(study, &json.text);
    }
    if (!tare_say_text(&json.text)) return tare_say_failure("no memory for the result");
    return TARE_EXIT_SUCCESS;
}

static int say_stopped(const tare_study *study) {
    if (study->options.save == NULL)
        return tare_say_failure("stopped; nothing is saved (--save FOLDER would have kept it)");
    tare_say_note("stopped; '%s' keeps everything, --resume goes on", study->options.save);
    return TARE_EXIT_SUCCESS;
}

/* The plot, if it was asked for; false: it could not be written. */
static bool draw_curves(tare_study *study) {
    const char *path = study->options.plot;
    if (path == NULL) return true;
    if (!tare_curves_are_empty(&study->curves))
        return tare_curves_write(&study->curves, path, study->command->name, &study->error) ==
               TARE_OK;
    tare_say_note("'%s' is not drawn: nothing was left to train", path);
    return true;
}

int tare_study_end(tare_study *study, tare_status status) {
    int code;
    if (status != TARE_OK) {
        code = tare_say_error(&study->error);
    } else {
        code = study->stopped ? say_stopped(study) : say(study);
        if (!draw_curves(study)) code = tare_say_error(&study->error);
    }
    tare_vector_free(NULL, &study->rows);
    tare_vector_free(NULL, &study->findings);
    tare_text_clear(&study->path);
    tare_text_clear(&study->log);
    tare_curves_free(&study->curves);
    return code;
}
