/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what training logs: which tags at which steps, going on in another file, and that no
 * number of the training depends on it. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "fit_trial.h"
#include "same_variables.h"

#ifdef TARE_HAVE_PROTOBUF

enum { EXAMPLES = 100, BATCH = 30, STEPS = 4 /* of an epoch */ };

/* All values of the event files of a folder, in the order of the files' names. */
typedef struct value {
    char tag[80];
    int64_t step;
    double number;
    tare_event_value_kind kind;
    int file;
} value;
typedef struct record {
    value values[800];
    int count, files, graphs, starts;
    int64_t start; /* step of the latest session start */
} record;

static void read_file(const char *path, record *to) {
    tare_event_reader *reader = NULL;
    tare_event event = {.struct_size = sizeof event};
    bool found = true;
    assert_int_equal(tare_event_reader_open(path, &reader, NULL), TARE_OK);
    while (tare_event_reader_next(reader, &event, &found, NULL) == TARE_OK && found) {
        to->graphs += event.kind == TARE_EVENT_GRAPH;
        to->starts += event.kind == TARE_EVENT_SESSION;
        if (event.kind == TARE_EVENT_SESSION) to->start = event.step;
        for (size_t i = 0; i < event.value_count; i++) {
            const tare_event_value *from = &event.values[i];
            assert_true(to->count < 800 && strlen(from->tag) < 80);
            value *into = &to->values[to->count++];
            *into = (value){
                .step = event.step, .number = from->number, .kind = from->kind, .file = to->files};
            snprintf(into->tag, sizeof into->tag, "%s", from->tag);
        }
    }
    assert_false(found);
    tare_event_reader_close(reader);
    to->files++;
}

static int is_event_file(const struct dirent *entry) {
    return strncmp(entry->d_name, "events.out.tfevents.", 20) == 0;
}

static record *read_log(const char *folder) {
    record *all = calloc(1, sizeof *all);
    struct dirent **entries = NULL;
    assert_non_null(all);
    const int count = scandir(folder, &entries, is_event_file, alphasort);
    for (int i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        read_file(path, all);
        free(entries[i]);
    }
    free(entries);
    return all;
}

static int count_of(const record *all, const char *tag) {
    int count = 0;
    for (int i = 0; i < all->count; i++) count += strcmp(all->values[i].tag, tag) == 0;
    return count;
}

/* The value of a tag and step; the latest where files overlap. */
static const value *find(const record *all, const char *tag, int64_t step) {
    const value *found = NULL;
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->values[i].tag, tag) == 0 && all->values[i].step == step)
            found = &all->values[i];
    if (found == NULL) fail_msg("no '%s' at step %lld", tag, (long long)step);
    return found;
}

static tare_fit_options options_of(const char *log, int64_t epochs) {
    tare_fit_options options = {TARE_FIT_DEFAULTS};
    options.epochs = epochs;
    options.batch = BATCH;
    options.log = log;
    return options;
}

/* ------------------------------------------------------------------------------------- content */

typedef struct told {
    double losses[32]; /* mean of the epoch so far, by step */
    double epoch_loss, held_loss, accuracy;
    int64_t images[32];
    int steps;
} told;

static void listen(void *user, tare_fit_event event, const tare_progress_facts *facts) {
    told *t = user;
    if (event == TARE_FIT_STEP) {
        t->images[t->steps] = facts->images;
        t->losses[t->steps++] = facts->loss;
    }
    if (event != TARE_FIT_EPOCH) return;
    t->epoch_loss = facts->loss;
    t->held_loss = facts->held_loss;
    t->accuracy = facts->accuracy;
}

static void test_a_log_tells_of_steps_and_epochs(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(EXAMPLES), *held = new_data(50);
    told t = {.steps = 0};
    const char *folder = scratch("told");
    tare_fit_options options = options_of(folder, 2);
    tare_fit_result result;
    options.held = held;
    options.event = listen;
    options.user = &t;
    options.log_histograms = true;
    m.network.rate = tare_number(.02);
    fit(&m, data, &options, &result);
    record *log = read_log(folder);
    assert_int_equal(log->files, 1);
    assert_int_equal(log->graphs, 1);
    assert_int_equal(log->starts, 0);
    assert_int_equal(count_of(log, "loss"), 2 * STEPS);
    assert_int_equal(count_of(log, "epoch/loss"), 2);
    for (int i = 0; i < 2 * STEPS; i++) {
        /* The loss of a step from the means before and after it. */
        const bool first = i % STEPS == 0;
        const double before = first ? 0 : t.losses[i - 1] * (double)t.images[i - 1];
        const double count = (double)(t.images[i] - (first ? 0 : t.images[i - 1]));
        const double loss = (t.losses[i] * (double)t.images[i] - before) / count;
        assert_true(fabs(find(log, "loss", i + 1)->number - loss) < 1e-5);
        assert_true(find(log, "learning_rate", i + 1)->number == (double).02f);
        assert_true(find(log, "images_per_second", i + 1)->number > 0);
        const double correct = find(log, "accuracy", i + 1)->number * count;
        assert_true(fabs(correct - round(correct)) < 1e-5 && correct >= 0 && correct <= count);
    }
    assert_true(find(log, "epoch/loss", 2 * STEPS)->number == (double)(float)t.epoch_loss);
    assert_true(find(log, "held_back/loss", 2 * STEPS)->number == (double)(float)t.held_loss);
    assert_true(find(log, "held_back/accuracy", 2 * STEPS)->number == (double)(float)t.accuracy);
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    for (int i = 0; i < 4; i++) {
        char tag[80];
        snprintf(tag, sizeof tag, "batch_normalization/%s", names[i]);
        assert_int_equal(count_of(log, tag), 2);
        assert_int_equal(find(log, tag, STEPS)->kind, TARE_VALUE_HISTOGRAM);
    }
    assert_int_equal(count_of(log, "batch_normalization/gamma/Adam"), 0);
    free(log);
    tare_dataset_free(data);
    tare_dataset_free(held);
    free_model(&m);
}

static void test_every_so_many_steps_and_the_networks_own_summaries(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(EXAMPLES);
    const char *folder = scratch("sparse");
    tare_fit_options options = options_of(folder, 3);
    tare_fit_result result;
    options.log_steps = 5;
    const tare_tensor half = tare_mul(m.network.loss, tare_number(.5));
    tare_summary_scalar("half", half);
    tare_summary_histogram("logits", m.network.logits);
    m.network.summary = tare_summary_merge_all(m.graph);
    fit(&m, data, &options, &result);
    record *log = read_log(folder);
    assert_int_equal(count_of(log, "loss"), 2); /* 5 and 10 of 12 */
    assert_int_equal(count_of(log, "half"), 2);
    assert_int_equal(count_of(log, "learning_rate"), 0); /* nobody said what it is */
    for (int64_t step = 5; step <= 10; step += 5)
        assert_true(find(log, "half", step)->number == find(log, "loss", step)->number / 2);
    assert_int_equal(find(log, "logits", 10)->kind, TARE_VALUE_HISTOGRAM);
    free(log);
    tare_dataset_free(data);
    free_model(&m);
}

static void test_the_rate_of_a_schedule_is_the_steps_own(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    tare_dataset *data = NULL;
    tare_network network = {.struct_size = sizeof network};
    const char *folder = scratch("rate");
    tare_error error = {.status = TARE_OK};
    assert_int_equal(tare_zoo_build(graph, "question", NULL, &network, &error), TARE_OK);
    assert_int_equal(tare_dataset_load("question", &data, &error), TARE_OK);
    assert_int_equal(tare_session_new(graph, &session), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    tare_fit_options options = options_of(folder, 3);
    if (tare_fit_with(session, &network, data, &options, NULL, &error) != TARE_OK)
        fail_msg("%s", error.message);
    record *log = read_log(folder);
    assert_int_equal(count_of(log, "learning_rate"), 3);
    assert_true(find(log, "learning_rate", 3)->number == (double)1e-3f);
    assert_int_equal(count_of(log, "accuracy"), 0); /* targets, no classes */
    free(log);
    tare_session_free(session);
    tare_dataset_free(data);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------------- the same bits */

static void test_no_number_of_the_training_depends_on_the_log(void **state) {
    (void)state;
    model plain = new_model(3), logged = new_model(3);
    tare_dataset *data = new_data(EXAMPLES);
    tare_fit_options options = options_of(NULL, 2);
    tare_fit_result result, other;
    fit(&plain, data, &options, &result);
    options.log = scratch("bits");
    options.log_histograms = true;
    options.log_steps = 2; /* two plans that take turns */
    tare_summary_histogram("logits", logged.network.logits);
    logged.network.summary = tare_summary_merge_all(logged.graph);
    fit(&logged, data, &options, &other);
    assert_true(result.loss == other.loss);
    assert_same_variables(plain.graph, plain.session, logged.session);
    tare_dataset_free(data);
    free_model(&plain);
    free_model(&logged);
}

static bool stop_after_three(void *user) { return ((const told *)user)->steps >= 3; }

static void test_training_that_goes_on_logs_the_right_steps(void **state) {
    (void)state;
#ifdef TARE_HAVE_JANSSON
    tare_dataset *data = new_data(EXAMPLES);
    const char *folder = scratch("on");
    told t = {.steps = 0};
    model whole = new_model(3), part = new_model(3), rest = new_model(3);
    tare_fit_options options = options_of(scratch("whole"), 2);
    tare_fit_result result;
    fit(&whole, data, &options, &result);
    options = options_of(folder, 2);
    options.checkpoint = scratch("on.safetensors");
    options.event = listen;
    options.stop = stop_after_three;
    options.user = &t;
    fit(&part, data, &options, &result);
    assert_true(result.stopped);
    options.event = NULL;
    options.stop = NULL;
    options.resume = true;
    fit(&rest, data, &options, &result);
    assert_true(result.resumed);
    record *want = read_log(scratch("whole")), *got = read_log(folder);
    assert_int_equal(got->files, 2);
    assert_int_equal(got->graphs, 2);
    assert_int_equal(got->starts, 1);
    assert_int_equal(got->start, 4);
    assert_int_equal(count_of(got, "loss"), 2 * STEPS);
    for (int64_t step = 1; step <= 2 * STEPS; step++) {
        assert_true(find(got, "loss", step)->number == find(want, "loss", step)->number);
        assert_int_equal(find(got, "loss", step)->file, step > 3);
    }
    /* All is done: nothing more is written. */
    fit(&rest, data, &options, &result);
    record *again = read_log(folder);
    assert_int_equal(again->files, 2);
    free(again);
    free(want);
    free(got);
    tare_dataset_free(data);
    free_model(&whole);
    free_model(&part);
    free_model(&rest);
#else
    skip(); /* checkpoints need jansson */
#endif
}

/* ------------------------------------------------------------------------------------ refusals */

static void test_a_variable_that_went_astray_does_not_end_the_training(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(EXAMPLES);
    tare_array *astray = NULL;
    const char *folder = scratch("astray");
    tare_fit_options options = options_of(folder, 1);
    tare_fit_result result;
    options.log_histograms = true;
    assert_int_equal(tare_session_get(m.session, "batch_normalization/gamma", &astray), TARE_OK);
    tare_array_set_number(astray, 2, (double)NAN);
    assert_int_equal(tare_session_set(m.session, "batch_normalization/gamma", astray), TARE_OK);
    fit(&m, data, &options, &result);
    record *log = read_log(folder);
    assert_true(isnan(find(log, "loss", 1)->number));
    assert_true(find(log, "batch_normalization/gamma/not_finite", STEPS)->number >= 1);
    assert_int_equal(count_of(log, "batch_normalization/gamma"), 0);
    free(log);
    tare_array_free(astray);
    tare_dataset_free(data);
    free_model(&m);
}

static void assert_refused(model *m, const tare_dataset *data, const tare_fit_options *options,
                           tare_status status, const char *part) {
    tare_error error = {.status = TARE_OK};
    assert_int_equal(tare_fit_with(m->session, &m->network, data, options, NULL, &error), status);
    assert_says(&error, part);
}

static void test_what_cannot_be_logged_is_refused(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(EXAMPLES);
    tare_fit_options options = options_of(scratch("refused"), 1);
    options.log_steps = 0;
    assert_refused(&m, data, &options, TARE_ERROR_ARGUMENT, "log_steps");
    options = options_of(NULL, 1);
    options.log_histograms = true;
    assert_refused(&m, data, &options, TARE_ERROR_ARGUMENT, "one to log histograms to");
    options = options_of(scratch_file("file", "x", 1), 1);
    assert_refused(&m, data, &options, TARE_ERROR_FILE, "cannot make the folder");
    m.network.rate = (tare_tensor){.graph = m.graph}; /* a builder failed: none */
    options = options_of(scratch("null"), 1);
    tare_fit_result result;
    fit(&m, data, &options, &result);
    tare_dataset_free(data);
    free_model(&m);
}

/* A program built before rate and summary were added says how large its struct is. */
static void test_a_shorter_network_is_taken_for_what_it_is(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(EXAMPLES);
    const char *folder = scratch("short");
    tare_fit_options options = options_of(folder, 1);
    tare_fit_result result;
    m.network.struct_size = offsetof(tare_network, rate);
    m.network.rate = tare_number(.5); /* beyond what it says */
    fit(&m, data, &options, &result);
    record *log = read_log(folder);
    assert_int_equal(count_of(log, "loss"), STEPS);
    assert_int_equal(count_of(log, "learning_rate"), 0);
    free(log);
    m.network.struct_size = offsetof(tare_network, train);
    assert_refused(&m, data, &options, TARE_ERROR_ARGUMENT, "struct_size");
    tare_dataset_free(data);
    free_model(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_log_tells_of_steps_and_epochs),
        cmocka_unit_test(test_every_so_many_steps_and_the_networks_own_summaries),
        cmocka_unit_test(test_the_rate_of_a_schedule_is_the_steps_own),
        cmocka_unit_test(test_no_number_of_the_training_depends_on_the_log),
        cmocka_unit_test(test_training_that_goes_on_logs_the_right_steps),
        cmocka_unit_test(test_a_variable_that_went_astray_does_not_end_the_training),
        cmocka_unit_test(test_what_cannot_be_logged_is_refused),
        cmocka_unit_test(test_a_shorter_network_is_taken_for_what_it_is),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#else

static void test_a_build_without_protobuf_refuses_to_log(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(30);
    tare_error error = {.status = TARE_OK};
    tare_fit_options options = {TARE_FIT_DEFAULTS};
    options.log = scratch("log");
    assert_int_equal(tare_fit_with(m.session, &m.network, data, &options, NULL, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_says(&error, "no protobuf-c");
    options.log = NULL;
    tare_fit_result result;
    fit(&m, data, &options, &result);
    assert_int_equal(result.steps, 1);
    tare_dataset_free(data);
    free_model(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_build_without_protobuf_refuses_to_log)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#endif
