/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a training. What it tells of a step is fetched in the step's own run, which changes no
 * number of it.
 */
#include "train/fit_log.h"
#include "base/status.h"
#include "base/text.h"
#include "graph/graph.h"

#include <math.h>
#include <string.h>

static bool is_on(const tare_fit_log *log) { return log->writer != NULL; }

static bool is_due(const tare_fit_log *log, int64_t step) {
    return is_on(log) && step % log->options->log_steps == 0;
}

/* Hands the writer's failure on. */
static tare_status told(const tare_fit_log *log, tare_status status) {
    if (status != TARE_OK && log->runner->error != NULL)
        *log->runner->error = *tare_event_writer_error(log->writer);
    return status;
}

tare_status tare_fit_log_begin(tare_fit_log *log, const tare_fit_options *options,
                               tare_runner *runner, bool classes, int64_t first_step) {
    if (options->log == NULL) return TARE_OK;
    *log = (tare_fit_log){.options = options, .runner = runner, .classes = classes};
    const tare_event_writer_options how = {TARE_EVENT_WRITER_DEFAULTS};
    TARE_TRY(tare_event_writer_new_with(options->log, &how, &log->writer, runner->error));
    TARE_TRY(told(log, tare_event_writer_graph(log->writer, runner->network.loss.graph)));
    if (first_step == 1) return TARE_OK;
    return told(log, tare_event_writer_restart(log->writer, first_step));
}

/* ------------------------------------------------------------------------------------- a step */

/* Fetches of a step beside train and loss; what a network has not is not asked for. */
typedef enum extra { LOGITS, RATE, SUMMARY, EXTRAS } extra;

/* A number that is known without a run, or NaN. */
static double known_rate(tare_tensor rate) {
    return rate.graph == NULL && rate.immediate != 0 ? rate.number : (double)NAN;
}

/* *results: of the extra fetches; NULL where there was none. */
static tare_status run_with_extras(tare_fit_log *log, const tare_batch *batch,
                                   tare_array *results[EXTRAS], double *loss) {
    const tare_network *network = &log->runner->network;
    const tare_tensor wanted[EXTRAS] = {[LOGITS] = log->classes ? network->logits : TARE_NULL,
                                        [RATE] = network->rate,
                                        [SUMMARY] = network->summary};
    tare_tensor fetches[EXTRAS + 1] = {network->train};
    tare_array *fetched[EXTRAS + 1] = {NULL};
    size_t places[EXTRAS] = {0}, count = 1;
    for (int e = 0; e < EXTRAS; e++) {
        if (!tare_tensor_is_valid(wanted[e])) continue;
        places[e] = count;
        fetches[count++] = wanted[e];
    }
    TARE_TRY(tare_runner_run_many(log->runner, batch, fetches, count, fetched, loss));
    for (int e = 0; e < EXTRAS; e++) results[e] = places[e] > 0 ? fetched[places[e]] : NULL;
    return TARE_OK;
}

tare_status tare_fit_log_run(tare_fit_log *log, tare_runner *runner, const tare_batch *batch,
                             int64_t step, double *loss) {
    const tare_network *network = &runner->network;
    if (!is_due(log, step)) return tare_runner_run(runner, batch, network->train, NULL, loss);
    tare_array *results[EXTRAS];
    TARE_TRY(run_with_extras(log, batch, results, loss));
    log->accuracy = (double)NAN;
    if (results[LOGITS] != NULL)
        log->accuracy =
            (double)tare_runner_count_correct(results[LOGITS], batch) / (double)batch->count;
    log->rate = known_rate(network->rate);
    if (results[RATE] != NULL) log->rate = tare_array_number(results[RATE], 0);
    log->summary = results[SUMMARY];
    return TARE_OK;
}

/* Numbers with their tags, as many as apply. */
typedef struct scalars {
    tare_event_scalar items[4];
    size_t count;
} scalars;

static void add(scalars *s, const char *tag, double value) {
    s->items[s->count++] = (tare_event_scalar){tag, value};
}

static void add_known(scalars *s, const char *tag, double value) {
    if (!isnan(value)) add(s, tag, value);
}

tare_status tare_fit_log_step(tare_fit_log *log, int64_t step, double loss,
                              const tare_fit_result *so_far) {
    if (!is_due(log, step)) return TARE_OK;
    scalars s = {.count = 0};
    const double seconds = so_far->seconds - log->seconds;
    const double images = (double)(so_far->images - log->images);
    add(&s, "loss", loss); /* NaN too: that is what somebody will look for */
    add_known(&s, "accuracy", log->accuracy);
    add_known(&s, "learning_rate", log->rate);
    if (seconds > 0) add(&s, "images_per_second", images / seconds);
    log->seconds = so_far->seconds;
    log->images = so_far->images;
    TARE_TRY(told(log, tare_event_writer_scalars(log->writer, s.items, s.count, step)));
    if (log->summary == NULL) return TARE_OK;
    return told(log, tare_event_writer_summary(log->writer, log->summary, step));
}

/* ----------------------------------------------------------------------------------- an epoch */

static bool is_of_batch_norm(const char *name) {
    static const char *const ends[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    const char *slash = strrchr(name, '/');
    const char *end = slash == NULL ? name : slash + 1;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(end, ends[i]) == 0) return true;
    return false;
}

static int64_t count_not_finite(const tare_array *array) {
    int64_t count = 0;
    for (int64_t i = 0; i < tare_array_count(array); i++)
        count += !isfinite(tare_array_number(array, i));
    return count;
}

/* A histogram; of a variable that went astray how many of its numbers are not finite. */
static tare_status write_array(tare_fit_log *log, const char *name, const tare_array *array,
                               int64_t step) {
    const int64_t astray = count_not_finite(array);
    if (astray == 0) return told(log, tare_event_writer_histogram(log->writer, name, array, step));
    char tag[512];
    tare_print(tag, sizeof tag, "%.400s/not_finite", name);
    return told(log, tare_event_writer_scalar(log->writer, tag, (double)astray, step));
}

static tare_status write_variable(tare_fit_log *log, const char *name, int64_t step) {
    tare_session *session = log->runner->session;
    tare_array *array = NULL;
    tare_status status = tare_session_get(session, name, &array);
    if (status == TARE_OK)
        status = write_array(log, name, array, step);
    else if (log->runner->error != NULL)
        *log->runner->error = *tare_session_error(session);
    tare_array_free(array);
    return status;
}

static tare_status write_variables(tare_fit_log *log, int64_t step) {
    const tare_graph *graph = log->runner->network.loss.graph;
    for (int64_t i = 0; i < tare_graph_variable_count(graph); i++) {
        const char *name = tare_graph_node(graph, tare_graph_variable(graph, i))->name;
        if (is_of_batch_norm(name)) TARE_TRY(write_variable(log, name, step));
    }
    return TARE_OK;
}

tare_status tare_fit_log_epoch(tare_fit_log *log, int64_t step, const tare_progress_facts *facts) {
    if (!is_on(log)) return TARE_OK;
    scalars s = {.count = 0};
    add(&s, "epoch/loss", facts->loss);
    add_known(&s, "held_back/loss", facts->held_loss);
    add_known(&s, "held_back/accuracy", facts->accuracy);
    TARE_TRY(told(log, tare_event_writer_scalars(log->writer, s.items, s.count, step)));
    if (log->options->log_histograms) TARE_TRY(write_variables(log, step));
    return told(log, tare_event_writer_flush(log->writer));
}

tare_status tare_fit_log_end(tare_fit_log *log, tare_status status) {
    tare_error *error = log->runner == NULL ? NULL : log->runner->error;
    const tare_status closed =
        tare_event_writer_close(log->writer, status == TARE_OK ? error : NULL);
    log->writer = NULL;
    return status == TARE_OK ? closed : status;
}
