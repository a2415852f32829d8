/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The training loop. Its whole state is a place in the data (epoch, batch) and the session; what it
 * keeps beside (times, the loss so far) is for showing only.
 */
#include "base/clock.h"
#include "base/status.h"
#include "train/fit_checkpoint.h"
#include "train/fit_log.h"
#include "train/fit_network.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct fitting {
    tare_runner runner;
    tare_fit_options options;
    const tare_network *network;
    const tare_dataset *dataset;
    tare_batches *batches;
    tare_fit_place place;
    tare_fit_place saved; /* the place that the checkpoint on the disk holds; -1: none */
    tare_fit_log log;
    tare_progress_facts facts; /* of this epoch */
    double loss_sum;           /* of this epoch, by images */
    double epoch_seconds;      /* of training, in this epoch */
    tare_fit_result result;
    tare_error *error;
} fitting;

/* ------------------------------------------------------------------------------------ telling */

static void tell(const fitting *f, tare_fit_event event) {
    if (f->options.event != NULL) f->options.event(f->options.user, event, &f->facts);
}

/* What is left, at the pace of this call. */
static double seconds_left(const fitting *f) {
    const int64_t steps = tare_batches_count(f->batches);
    const int64_t left = (f->options.epochs - f->place.epoch) * steps - f->place.batch;
    return f->result.seconds / (double)f->result.steps * (double)left;
}

static void begin_epoch(fitting *f) {
    f->facts = (tare_progress_facts){.struct_size = sizeof f->facts,
                                     .epoch = f->place.epoch + 1,
                                     .epochs = f->options.epochs,
                                     .step = f->place.batch,
                                     .steps = tare_batches_count(f->batches),
                                     .seconds_left = (double)NAN,
                                     .loss = (double)NAN,
                                     .accuracy = (double)NAN,
                                     .held_loss = (double)NAN};
    f->loss_sum = 0;
    f->epoch_seconds = 0;
}

/* ------------------------------------------------------------------------------------- saving */

/* Saves, unless the checkpoint on the disk is of this place already. */
static tare_status save(fitting *f) {
    if (f->options.checkpoint == NULL) return TARE_OK;
    if (f->saved.epoch == f->place.epoch && f->saved.batch == f->place.batch) return TARE_OK;
    TARE_TRY(tare_fit_save(f->runner.session, &f->options, tare_dataset_count(f->dataset), f->place,
                           f->error));
    f->saved = f->place;
    tell(f, TARE_FIT_SAVED);
    return TARE_OK;
}

static bool is_due(const fitting *f) {
    const int64_t every = f->options.checkpoint_steps;
    return every > 0 && f->result.steps % every == 0;
}

/* ------------------------------------------------------------------------------------- a step */

/* Steps that lie behind, counted over the whole training. */
static int64_t steps_done(const fitting *f) {
    return f->place.epoch * tare_batches_count(f->batches) + f->place.batch;
}

static tare_status step(fitting *f) {
    const double begin = tare_clock_seconds();
    tare_batch batch;
    double loss = 0;
    TARE_TRY(tare_batches_get(f->batches, f->place.epoch, f->place.batch, &batch));
    TARE_TRY(tare_fit_log_run(&f->log, &f->runner, &batch, steps_done(f) + 1, &loss));
    f->place.batch++;
    const double seconds = tare_clock_seconds() - begin;
    f->loss_sum += loss * (double)batch.count;
    f->epoch_seconds += seconds;
    f->facts.step = f->place.batch;
    f->facts.images += batch.count;
    f->facts.seconds = f->epoch_seconds;
    f->facts.loss = f->loss_sum / (double)f->facts.images;
    f->result.seconds += seconds;
    f->result.steps++;
    f->result.images += batch.count;
    f->facts.seconds_left = seconds_left(f);
    f->result.loss = f->facts.loss;
    tell(f, TARE_FIT_STEP);
    return tare_fit_log_step(&f->log, steps_done(f), loss, &f->result);
}

/* Asks whether to stop; saves first if so. */
static tare_status consider_stop(fitting *f) {
    if (f->options.stop == NULL || !f->options.stop(f->options.user)) return TARE_OK;
    TARE_TRY(save(f));
    f->result.stopped = true;
    tell(f, TARE_FIT_STOPPED);
    return TARE_OK;
}

/* ----------------------------------------------------------------------------------- an epoch */

static tare_status evaluate(fitting *f) {
    if (f->options.held == NULL) return TARE_OK;
    tare_evaluation found = {.struct_size = sizeof found};
    tare_evaluate_options how = {TARE_EVALUATE_DEFAULTS};
    how.divisor = f->options.divisor;
    TARE_TRY(
        tare_evaluate_with(f->runner.session, f->network, f->options.held, &how, &found, f->error));
    f->facts.held_loss = found.loss;
    if (tare_dataset_classes(f->options.held) > 0)
        f->facts.accuracy = (double)found.correct / (double)found.count;
    return TARE_OK;
}

/* The rest of an epoch, from f->place on. */
static tare_status run_epoch(fitting *f) {
    const int64_t steps = tare_batches_count(f->batches);
    begin_epoch(f);
    while (f->place.batch < steps && !f->result.stopped) {
        TARE_TRY(step(f));
        if (f->place.batch == steps) break; /* the end of the epoch saves anyway */
        if (is_due(f)) TARE_TRY(save(f));
        TARE_TRY(consider_stop(f));
    }
    if (f->result.stopped) return TARE_OK;
    TARE_TRY(evaluate(f));
    TARE_TRY(tare_fit_log_epoch(&f->log, steps_done(f), &f->facts));
    f->place = (tare_fit_place){.epoch = f->place.epoch + 1, .batch = 0};
    tell(f, TARE_FIT_EPOCH);
    TARE_TRY(save(f));
    return f->place.epoch < f->options.epochs ? consider_stop(f) : TARE_OK;
}

/* ---------------------------------------------------------------------------------- beginning */

static tare_status check_options(const fitting *f) {
    const tare_fit_options *options = &f->options;
    if (options->epochs < 0)
        return tare_fail_at(f->error, TARE_ERROR_ARGUMENT, "fit", "epochs", "a negative number",
                            "0 or more");
    if (options->checkpoint_steps < 0)
        return tare_fail_at(f->error, TARE_ERROR_ARGUMENT, "fit", "checkpoint_steps",
                            "a negative number", "0 (after epochs only) or more");
    if (options->checkpoint == NULL && (options->resume || options->checkpoint_steps > 0))
        return tare_fail_at(f->error, TARE_ERROR_ARGUMENT, "fit", "checkpoint", "no file",
                            "one to resume from or to save to");
    if (options->log_steps < 1)
        return tare_fail_at(f->error, TARE_ERROR_ARGUMENT, "fit", "log_steps", "a number below 1",
                            "1 or more");
    if (options->log == NULL && options->log_histograms)
        return tare_fail_at(f->error, TARE_ERROR_ARGUMENT, "fit", "log", "no folder",
                            "one to log histograms to");
    if (options->metadata_count > 0 && options->metadata == NULL)
        return tare_fail_at(f->error, TARE_ERROR_ARGUMENT, "fit", "metadata", "nothing",
                            "as many pairs as metadata_count says");
    return TARE_OK;
}

static tare_status cut_batches(fitting *f) {
    tare_batches_options cut = {TARE_BATCHES_DEFAULTS};
    cut.batch = f->options.batch;
    cut.last = f->options.last;
    cut.shuffle = f->options.shuffle;
    cut.seed = f->options.seed;
    cut.divisor = f->options.divisor;
    cut.input_shape = tare_runner_example_shape(f->network);
    return tare_batches_new_with(f->dataset, &cut, &f->batches, f->error);
}

static tare_status resume(fitting *f) {
    f->saved = (tare_fit_place){.epoch = -1, .batch = -1};
    if (!f->options.resume) return TARE_OK;
    TARE_TRY(tare_fit_load(f->runner.session, &f->options, tare_dataset_count(f->dataset),
                           &f->place, &f->result.resumed, f->error));
    if (!f->result.resumed) return TARE_OK;
    if (f->place.batch >= tare_batches_count(f->batches))
        return tare_fail_file(f->error, TARE_ERROR_FORMAT, f->options.checkpoint,
                              "goes on at batch %" PRId64 ", an epoch has %" PRId64, f->place.batch,
                              tare_batches_count(f->batches));
    f->saved = f->place;
    begin_epoch(f);
    tell(f, TARE_FIT_RESUMED);
    return TARE_OK;
}

static tare_status begin_log(fitting *f) {
    const bool classes = tare_dataset_classes(f->dataset) > 0;
    const tare_status status =
        tare_fit_log_begin(&f->log, &f->options, &f->runner, classes, steps_done(f) + 1);
    return status == TARE_OK ? status : tare_fit_log_end(&f->log, status);
}

static tare_status fit(fitting *f) {
    TARE_TRY(check_options(f));
    TARE_TRY(tare_runner_check_classes(f->network, f->dataset, f->error));
    TARE_TRY(cut_batches(f));
    TARE_TRY(resume(f));
    if (f->place.epoch >= f->options.epochs) return TARE_OK;
    TARE_TRY(begin_log(f));
    tare_status status = TARE_OK;
    while (status == TARE_OK && f->place.epoch < f->options.epochs && !f->result.stopped)
        status = run_epoch(f);
    return tare_fit_log_end(&f->log, status);
}

/* Fills `into` with defaults and what the caller's older or equal struct holds. */
static void adopt(const tare_fit_options *user, tare_fit_options *into) {
    *into = (tare_fit_options){TARE_FIT_DEFAULTS};
    if (user != NULL)
        memcpy(into, user, user->struct_size < sizeof *into ? user->struct_size : sizeof *into);
}

static void hand_out(fitting *f, tare_fit_result *result) {
    if (result == NULL) return;
    const size_t size = result->struct_size;
    f->result.struct_size = size;
    f->result.epoch = f->place.epoch;
    f->result.batch = f->place.batch;
    memcpy(result, &f->result, size < sizeof f->result ? size : sizeof f->result);
}

tare_status tare_fit_with(tare_session *session, const tare_network *network,
                          const tare_dataset *dataset, const tare_fit_options *options,
                          tare_fit_result *result, tare_error *error) {
    if (session == NULL || network == NULL || dataset == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "fit needs a session, a network and a data set");
    fitting f = {.dataset = dataset, .error = error, .result.loss = (double)NAN};
    adopt(options, &f.options);
    tare_status status = tare_runner_begin(&f.runner, session, network, true, error);
    f.network = &f.runner.network;
    if (status == TARE_OK) status = fit(&f);
    hand_out(&f, result);
    tare_batches_free(f.batches);
    tare_runner_end(&f.runner);
    return status;
}
