/* SPDX-License-Identifier: Apache-2.0 */
/* tare train: a network of the zoo on a data set, with progress, checkpoints and a final test. */
#include "base/file.h"
#include "base/status.h"
#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/say.h"
#include "cli/settings.h"
#include "cli/train_from.h"
#include "cli/train_options.h"
#include "cli/watch.h"
#include "norm/quantising.h"
#include "report/json.h"

#include <inttypes.h>
#include <math.h>
#include <tare/event.h>

/* One training, from data to result. */
typedef struct job {
    tare_training training;
    const char *data; /* name of the data set */
    tare_dataset *examples, *test;
    tare_fit_result result;
    tare_evaluation found;
    tare_profile_view profile;
    tare_error error;
} job;

/* --------------------------------------------------------------------------------------- data */

/* Splits off what is held back. The same examples whatever the seed of training, so that runs can
 * be compared. */
static tare_status hold_back(job *j) {
    tare_dataset *rest = NULL;
    TARE_TRY(tare_dataset_split(j->examples, j->training.options.held_back, 0, &rest, &j->test,
                                &j->error));
    tare_dataset_free(j->examples);
    j->examples = rest;
    return TARE_OK;
}

static tare_status load_test(job *j, tare_data_request request) {
    const char *other = j->training.options.test_data;
    request.data = other != NULL ? other : j->data;
    request.test = other == NULL; /* a file of its own: all of it is for the test */
    request.limit = j->training.options.test_limit;
    return tare_workshop_load(&request, &j->test, &j->error);
}

static tare_status load_data(job *j) {
    const tare_train_options *options = &j->training.options;
    j->data = options->data != NULL ? options->data : tare_zoo_data(j->training.workshop.name);
    const tare_data_request request = {.data = j->data,
                                       .label = options->label,
                                       .folder = options->folder,
                                       .limit = options->limit,
                                       .size = tare_workshop_image_size(&j->training.workshop)};
    TARE_TRY(tare_workshop_load(&request, &j->examples, &j->error));
    return options->held_back > 0 ? hold_back(j) : load_test(j, request);
}

/* ------------------------------------------------------------------------------------ building */

/* Steps of the whole training. */
static int64_t count_steps(const job *j) {
    const tare_fit_options *fit = &j->training.fit;
    const int64_t examples = tare_dataset_count(j->examples);
    const int64_t whole = examples / fit->batch, over = examples % fit->batch;
    return fit->epochs * (whole + (over > 0 && fit->last != TARE_LAST_DROP));
}

static tare_status build(job *j) {
    tare_workshop *workshop = &j->training.workshop;
    tare_zoo_set_steps(workshop->name, workshop->options, count_steps(j));
    TARE_TRY(tare_workshop_build(workshop, j->training.options.seed, &j->error));
    TARE_TRY(tare_workshop_open(workshop, j->training.options.threads, &j->error));
    if (tare_session_initialize(workshop->session) != TARE_OK) {
        j->error = *tare_session_error(workshop->session);
        return j->error.status;
    }
    if (j->training.options.from == NULL) return TARE_OK;
    return tare_begin_with(workshop->session, &workshop->network, j->training.options.from,
                           &j->error);
}

/* ------------------------------------------------------------------------------------ fitting */

static tare_status fit(job *j) {
    tare_workshop *workshop = &j->training.workshop;
    tare_text settings = {0}, quantise = {0};
    tare_settings_text(&settings, workshop->table, workshop->options);
    tare_settings_text(&quantise, &tare_quantise_training_table, &workshop->quantise);
    char seed[TARE_NUMBER_TEXT];
    const tare_metadata pairs[] = {
        {"network", workshop->name},
        {"options", settings.data},
        {"data", j->data},
        {"seed", tare_print(seed, sizeof seed, "%" PRId64, j->training.options.seed)},
        {TARE_QUANTISE_KEY, quantise.data}};
    tare_fit_options *options = &j->training.fit;
    options->seed = j->training.options.seed;
    options->metadata = pairs;
    options->metadata_count = sizeof pairs / sizeof *pairs - !workshop->quantised;
    options->held = j->training.options.held_back > 0 ? j->test : NULL;
    tare_watch watch;
    tare_status status = tare_watch_begin(&watch, j->training.options.quiet, options, &j->error);
    j->result.struct_size = sizeof j->result;
    if (status == TARE_OK && (settings.failed || quantise.failed))
        status = tare_fail_memory(&j->error);
    if (status == TARE_OK)
        status = tare_fit_with(workshop->session, &workshop->network, j->examples, options,
                               &j->result, &j->error);
    tare_watch_end(&watch);
    tare_text_clear(&settings);
    tare_text_clear(&quantise);
    return status;
}

static tare_status evaluate(job *j) {
    tare_workshop *workshop = &j->training.workshop;
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    j->found.struct_size = sizeof j->found;
    return tare_evaluate_with(workshop->session, &workshop->network, j->test, &options, &j->found,
                              &j->error);
}

/* The test's numbers stand in a file of their own beside those of the training. */
static tare_status log_test(job *j) {
    const char *folder = j->training.fit.log;
    const bool held_back = j->training.options.held_back > 0; /* logged by epoch */
    if (folder == NULL || held_back) return TARE_OK;
    const tare_event_scalar numbers[] = {
        {"test/loss", j->found.loss},
        {"test/accuracy", (double)j->found.correct / (double)j->found.count}};
    const size_t count = tare_dataset_classes(j->test) > 0 ? 2 : 1;
    tare_event_writer *writer = NULL;
    TARE_TRY(tare_event_writer_new(folder, &writer, &j->error));
    const tare_status status = tare_event_writer_scalars(writer, numbers, count, count_steps(j));
    if (status != TARE_OK) j->error = *tare_event_writer_error(writer);
    const tare_status closed =
        tare_event_writer_close(writer, status == TARE_OK ? &j->error : NULL);
    return status == TARE_OK ? closed : status;
}

/* ------------------------------------------------------------------------------------ profile */

static bool wants_profile(const job *j) { return j->training.options.profile != NULL; }
static bool wants_trace(const job *j) {
    return wants_profile(j) && j->training.options.profile[0] != '\0';
}

/* A file that cannot be written is better known before the training than after it. */
static tare_status try_trace(job *j) {
    tare_writer *writer = NULL;
    TARE_TRY(tare_writer_open(j->training.options.profile, &writer, &j->error));
    tare_writer_abandon(writer);
    return TARE_OK;
}

static tare_status begin_profile(job *j) {
    if (!wants_profile(j)) return TARE_OK;
    tare_session *session = j->training.workshop.session;
    tare_profile_options options = {TARE_PROFILE_DEFAULTS};
    if (wants_trace(j)) {
        TARE_TRY(try_trace(j));
        options.events = TARE_PROFILE_EVENTS;
    }
    if (tare_session_profile_begin_with(session, &options) == TARE_OK) return TARE_OK;
    j->error = *tare_session_error(session);
    return j->error.status;
}

/* Looks at the profile of the training, before testing adds to it. */
static tare_status end_profile(job *j) {
    if (!wants_profile(j)) return TARE_OK;
    const tare_workshop *workshop = &j->training.workshop;
    const int64_t asked = j->training.options.threads;
    if (tare_session_profile_end(workshop->session) != TARE_OK) {
        j->error = *tare_session_error(workshop->session);
        return j->error.status;
    }
    TARE_TRY(tare_profile_look(&j->profile, workshop->graph, workshop->session,
                               asked > 0 ? asked : tare_processor_count(), &j->error));
    if (!wants_trace(j)) return TARE_OK;
    return tare_profile_write_trace(&j->profile, j->training.options.profile, &j->error);
}

/* ------------------------------------------------------------------------------------ results */

static const char *what_was_tested(const job *j) {
    return j->training.options.held_back > 0 ? "held-back" : "test";
}

static void add_json_test(tare_json *json, const job *j) {
    tare_json_key(json, what_was_tested(j));
    tare_json_begin_object(json);
    if (tare_dataset_classes(j->test) > 0) {
        tare_json_member_double(json, "accuracy",
                                (double)j->found.correct / (double)j->found.count);
        tare_json_member_integer(json, "correct", j->found.correct);
    }
    tare_json_member_integer(json, "count", j->found.count);
    tare_json_key(json, "loss");
    tare_json_float(json, (float)j->found.loss);
    tare_json_end_object(json);
}

static void add_json(tare_json *json, const job *j) {
    const tare_fit_result *result = &j->result;
    tare_json_begin_object(json);
    tare_json_member_text(json, "network", j->training.workshop.name);
    tare_json_member_text(json, "data", j->data);
    tare_json_member_text(json, "recipe", j->training.options.recipe);
    tare_json_member_integer(json, "seed", j->training.options.seed);
    tare_json_member_integer(json, "epochs_done", result->epoch);
    tare_json_member_integer(json, "steps", result->steps);
    tare_json_member_double(json, "loss", result->loss);
    tare_json_member_double(json, "seconds", result->seconds);
    tare_json_member_double(json, "images_per_second",
                            result->seconds > 0 ? (double)result->images / result->seconds
                                                : (double)NAN);
    tare_json_member_boolean(json, "resumed", result->resumed);
    tare_json_member_boolean(json, "stopped", result->stopped);
    if (!result->stopped) add_json_test(json, j);
    if (wants_profile(j)) {
        tare_json_key(json, "profile");
        tare_profile_add_json(&j->profile, json);
    }
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

static int say_result(const job *j) {
    tare_json json = {.depth = 0};
    if (j->training.options.json) {
        add_json(&json, j);
    } else if (!j->result.stopped) {
        tare_workshop_result(&json.text, what_was_tested(j), &j->found,
                             tare_dataset_classes(j->test) > 0);
    }
    if (wants_profile(j) && !j->training.options.json) {
        if (!j->result.stopped) tare_text_add(&json.text, "\n");
        tare_profile_add_text(&j->profile, &json.text);
    }
    if (!tare_say_text(&json.text)) return tare_say_failure("no memory for the result");
    return TARE_EXIT_SUCCESS;
}

/* Stopped: nothing is lost when there is a checkpoint. */
static int say_stopped(const job *j) {
    const char *file = j->training.fit.checkpoint;
    const int64_t epoch = j->result.epoch + 1, step = j->result.batch;
    if (file == NULL)
        return tare_say_failure("stopped in epoch %" PRId64 " after step %" PRId64
                                "; nothing is saved (--checkpoint FILE would have kept it)",
                                epoch, step);
    tare_say_note("stopped in epoch %" PRId64 " after step %" PRId64
                  "; '%s' keeps everything, --resume goes on",
                  epoch, step, file);
    return TARE_EXIT_SUCCESS;
}

static void say_beginning(const job *j) {
    const tare_fit_options *fit = &j->training.fit;
    if (!j->training.options.quiet && fit->resume && !tare_file_exists(fit->checkpoint))
        tare_say_note("there is no checkpoint '%s' yet: training begins at the beginning",
                      fit->checkpoint);
}

static void say_nothing_was_left(const job *j) {
    if (!j->training.options.quiet && j->result.resumed && j->result.steps == 0)
        tare_say_note("'%s' is of a training that has done all its epochs",
                      j->training.fit.checkpoint);
}

static int work(job *j) {
    if (load_data(j) != TARE_OK || build(j) != TARE_OK) return tare_say_error(&j->error);
    if (begin_profile(j) != TARE_OK) return tare_say_error(&j->error);
    say_beginning(j);
    tare_interrupt_begin();
    if (fit(j) != TARE_OK || end_profile(j) != TARE_OK) return tare_say_error(&j->error);
    say_nothing_was_left(j);
    if (!j->result.stopped && (evaluate(j) != TARE_OK || log_test(j) != TARE_OK))
        return tare_say_error(&j->error);
    const int status = say_result(j);
    return status == TARE_EXIT_SUCCESS && j->result.stopped ? say_stopped(j) : status;
}

static int run(int count, char **texts) {
    job j = {.examples = NULL};
    int status = tare_training_parse(&j.training, count, texts);
    if (status < 0) status = work(&j);
    tare_profile_end(&j.profile);
    tare_workshop_end(&j.training.workshop);
    tare_dataset_free(j.examples);
    tare_dataset_free(j.test);
    return status;
}

const tare_command tare_command_train = {
    .name = "train",
    .summary = "train a network on a data set and test it",
    .usage = "NAME [options]",
    .examples =
        "  tare train lenet_bn --data fashion-mnist --epochs 5\n"
        "  tare train mlp_bn --data synthetic --limit 5000      without any file, in a moment\n"
        "  tare train lenet_bn --recipe d2l --seed 3            the book's recipe\n"
        "  tare train resnet20 --limit 2048 --profile           where the time goes, by step and "
        "layer\n"
        "  tare train lenet_bn --profile lenet.json             the same; load it in "
        "chrome://tracing\n"
        "  tare train lenet_bn --log runs/lenet                 for TensorBoard: --logdir runs\n"
        "  tare train lenet_bn --from lenet.safetensors --quantise --epochs 1 --learning-rate "
        "1e-4\n"
        "                                                       a trained one made ready for int8\n"
        "  tare train lenet_bn --checkpoint lenet.safetensors --resume\n"
        "                                                       go on where Ctrl-C stopped it\n",
    .run = run,
};
