/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the training loop: events, evaluation, stopping, and going on with the same bits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/tare.h>

#include <cmocka.h>

#include "fit_trial.h"

/* ------------------------------------------------------------------------------------ learning */

typedef struct tally {
    int64_t counts[5];
    int64_t stop_after; /* steps; 0: never */
    tare_progress_facts last;
} tally;

static void note(void *user, tare_fit_event event, const tare_progress_facts *facts) {
    tally *t = user;
    t->counts[event]++;
    t->last = *facts;
}

static bool stop(void *user) {
    const tally *t = user;
    return t->stop_after > 0 && t->counts[TARE_FIT_STEP] >= t->stop_after;
}

static void test_training_learns_and_tells(void **state) {
    (void)state;
    model m = new_model(1);
    tare_dataset *data = new_data(200), *held = new_data(50);
    tally seen = {.stop_after = 0};
    tare_fit_options options = {TARE_FIT_DEFAULTS};
    options.epochs = 8;
    options.batch = 32;
    options.held = held;
    options.event = note;
    options.stop = stop;
    options.user = &seen;
    tare_evaluation before = {.struct_size = sizeof before}, after = before;
    assert_int_equal(tare_evaluate(m.session, &m.network, held, &before, NULL), TARE_OK);
    tare_fit_result result;
    fit(&m, data, &options, &result);
    assert_int_equal(tare_evaluate(m.session, &m.network, held, &after, NULL), TARE_OK);
    assert_int_equal(after.count, 50);
    assert_true(after.loss < before.loss * .8);
    assert_true(after.correct > 35);

    assert_int_equal(seen.counts[TARE_FIT_STEP], 8 * 7); /* 200 / 32: six batches and a short one */
    assert_int_equal(seen.counts[TARE_FIT_EPOCH], 8);
    assert_int_equal(seen.counts[TARE_FIT_SAVED], 0);
    assert_int_equal(result.steps, 56);
    assert_int_equal(result.images, 8 * 200);
    assert_int_equal(result.epoch, 8);
    assert_int_equal(result.batch, 0);
    assert_false(result.stopped);
    assert_false(result.resumed);
    assert_int_equal(seen.last.epoch, 8);
    assert_int_equal(seen.last.steps, 7);
    assert_int_equal(seen.last.images, 200);
    assert_true(seen.last.loss == result.loss);
    assert_true(seen.last.accuracy == (double)after.correct / 50);
    assert_true(fabs(seen.last.held_loss - after.loss) < 1e-12);
    assert_true(seen.last.seconds_left == 0);
    tare_dataset_free(data);
    tare_dataset_free(held);
    free_model(&m);
}

static void test_evaluation_counts_whatever_the_batch(void **state) {
    (void)state;
    model m = new_model(2);
    tare_dataset *data = new_data(53);
    tare_evaluation whole = {.struct_size = sizeof whole}, cut = whole;
    assert_int_equal(tare_evaluate(m.session, &m.network, data, &whole, NULL), TARE_OK);
    assert_int_equal(tare_evaluate(m.session, &m.network, data, &cut, NULL, .batch = 7), TARE_OK);
    assert_int_equal(whole.count, 53);
    assert_int_equal(cut.count, 53);
    assert_int_equal(cut.correct, whole.correct);
    assert_true(fabs(cut.loss - whole.loss) < 1e-6);

    /* By hand: the greatest logit. */
    tare_batches *batches = NULL;
    tare_batch batch;
    assert_int_equal(tare_batches_new(data, &batches, NULL, .batch = 53, .shuffle = false), 0);
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    tare_array *logits = NULL;
    const tare_feed feeds[] = {{m.network.inputs, batch.inputs}};
    assert_int_equal(tare_session_run(m.session, feeds, 1, &m.network.logits, 1, &logits), 0);
    int64_t correct = 0;
    for (int64_t i = 0; i < 53; i++) {
        int best = 0;
        for (int c = 1; c < 3; c++)
            if (tare_array_number(logits, 3 * i + c) > tare_array_number(logits, 3 * i + best))
                best = c;
        correct += best == tare_dataset_label(data, i);
    }
    assert_int_equal(whole.correct, correct);
    tare_batches_free(batches);
    tare_dataset_free(data);
    free_model(&m);
}

static void test_logits_that_are_nan_are_never_right(void **state) {
    (void)state;
    model m = new_model(3);
    tare_dataset *data = new_data(20);
    tare_array *bias = NULL;
    assert_int_equal(tare_session_get(m.session, "dense_1/bias", &bias), TARE_OK);
    for (int i = 0; i < 3; i++) tare_array_set_number(bias, i, (double)NAN);
    assert_int_equal(tare_session_set(m.session, "dense_1/bias", bias), TARE_OK);
    tare_evaluation found = {.struct_size = sizeof found};
    assert_int_equal(tare_evaluate(m.session, &m.network, data, &found, NULL), TARE_OK);
    assert_int_equal(found.correct, 0);
    assert_true(isnan(found.loss));
    tare_array_free(bias);
    tare_dataset_free(data);
    free_model(&m);
}

/* ------------------------------------------------------------------------------------ refusals */

static void test_what_does_not_fit_is_refused_before_the_first_step(void **state) {
    (void)state;
    model m = new_model(4);
    tare_dataset *data = new_data(20);
    tare_error error = {0};
    tare_fit_options options = {TARE_FIT_DEFAULTS};
    options.epochs = -1;
    assert_int_equal(tare_fit_with(m.session, &m.network, data, &options, NULL, &error),
                     TARE_ERROR_ARGUMENT);
    options = (tare_fit_options){TARE_FIT_DEFAULTS};
    options.resume = true;
    assert_int_equal(tare_fit_with(m.session, &m.network, data, &options, NULL, &error),
                     TARE_ERROR_ARGUMENT);
    assert_says(&error, "checkpoint");
    tare_network half = m.network;
    half.train = TARE_NULL;
    assert_int_equal(tare_fit(m.session, &half, data, NULL, &error), TARE_ERROR_ARGUMENT);
    assert_says(&error, "train");
    assert_int_equal(tare_fit(NULL, &m.network, data, NULL, &error), TARE_ERROR_ARGUMENT);

    tare_array *inputs = NULL, *labels = NULL;
    tare_dataset *wide = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(2, 4), NULL, &inputs), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT32, TARE_SHAPE(2), NULL, &labels), TARE_OK);
    tare_array_set_number(labels, 1, 3);
    assert_int_equal(tare_dataset_new(inputs, labels, &wide, NULL), TARE_OK);
    assert_int_equal(tare_fit(m.session, &m.network, wide, NULL, &error), TARE_ERROR_SHAPE);
    assert_says(&error, "got label 3 of example 1 (counted from 0); needs labels from 0 to 2");
    tare_evaluation found = {.struct_size = sizeof found};
    assert_int_equal(tare_evaluate(m.session, &m.network, wide, &found, &error), TARE_ERROR_SHAPE);
    /* The part without that example fits. */
    tare_dataset *part = NULL;
    assert_int_equal(tare_dataset_part(wide, 0, 1, &part, NULL), TARE_OK);
    assert_int_equal(tare_evaluate(m.session, &m.network, part, &found, &error), TARE_OK);
    tare_dataset_free(part);
    tare_dataset_free(wide);
    tare_array_free(inputs);
    tare_array_free(labels);
    tare_dataset_free(data);
    free_model(&m);
}

#ifdef TARE_HAVE_JANSSON

/* ---------------------------------------------------------------------------------- the same bits
 */

static size_t read_bytes(const char *path, char *into, size_t most) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t bytes = fread(into, 1, most, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static tare_fit_options saving_options(const char *path, tally *seen) {
    tare_fit_options options = {TARE_FIT_DEFAULTS};
    options.epochs = 3;
    options.batch = 32;
    options.seed = 9;
    options.checkpoint = path;
    options.event = note;
    options.stop = stop;
    options.user = seen;
    return options;
}

static void test_stopped_training_goes_on_with_the_same_bits(void **state) {
    (void)state;
    static char whole[65536], pieces[65536];
    tare_dataset *data = new_data(200);
    tally seen = {.stop_after = 0};
    tare_fit_result result;
    const char *path = scratch("whole.safetensors");
    model m = new_model(5);
    tare_fit_options options = saving_options(path, &seen);
    fit(&m, data, &options, &result);
    free_model(&m);
    assert_int_equal(seen.counts[TARE_FIT_SAVED], 3);
    const size_t bytes = read_bytes(path, whole, sizeof whole);

    /* Stopped after 1, 6, 7, 8, ... steps of each call: inside an epoch, at its end, just behind.
     */
    static const int64_t stops[] = {1, 6, 7, 8, 3};
    for (size_t s = 0; s < sizeof stops / sizeof *stops; s++) {
        path = scratch("pieces.safetensors");
        (void)remove(path);
        int calls = 0;
        do {
            model part = new_model(5);
            tally counts = {.stop_after = stops[s]};
            options = saving_options(path, &counts);
            options.resume = true;
            fit(&part, data, &options, &result);
            assert_int_equal(result.resumed, calls > 0);
            assert_int_equal(counts.counts[TARE_FIT_STOPPED], result.stopped);
            free_model(&part);
            calls++;
            assert_true(calls < 50);
        } while (result.stopped);
        assert_true(calls > 2);
        assert_int_equal(read_bytes(path, pieces, sizeof pieces), bytes);
        assert_memory_equal(whole, pieces, bytes);
    }
    tare_dataset_free(data);
}

static void test_saving_every_few_steps_changes_nothing(void **state) {
    (void)state;
    static char seldom[65536], often[65536];
    tare_dataset *data = new_data(200);
    const char *path = scratch("often.safetensors");
    size_t bytes = 0;
    for (int64_t every = 0; every < 4; every += 3) {
        model m = new_model(5);
        tally seen = {.stop_after = 0};
        tare_fit_result result;
        tare_fit_options options = saving_options(path, &seen);
        options.checkpoint_steps = every;
        fit(&m, data, &options, &result);
        free_model(&m);
        /* 21 steps: after 3, 6, .., 18 and three epochs' ends, of which step 21 is one. */
        assert_int_equal(seen.counts[TARE_FIT_SAVED], every == 0 ? 3 : 3 + 6);
        bytes = read_bytes(path, every == 0 ? seldom : often, sizeof often);
    }
    assert_memory_equal(seldom, often, bytes);
    tare_dataset_free(data);
}

static void test_a_finished_training_is_not_trained_again(void **state) {
    (void)state;
    tare_dataset *data = new_data(64);
    const char *path = scratch("done.safetensors");
    for (int i = 0; i < 2; i++) {
        model m = new_model(5);
        tally seen = {.stop_after = 0};
        tare_fit_result result;
        tare_fit_options options = saving_options(path, &seen);
        options.resume = true;
        fit(&m, data, &options, &result);
        assert_int_equal(result.steps, i == 0 ? 6 : 0);
        assert_int_equal(result.epoch, 3);
        assert_true(i == 0 || isnan(result.loss));
        free_model(&m);
    }
    tare_dataset_free(data);
}

static void refuse_resume(const tare_dataset *data, const tare_fit_options *options,
                          const char *says) {
    model m = new_model(5);
    tare_error error = {0};
    assert_int_equal(tare_fit_with(m.session, &m.network, data, options, NULL, &error),
                     TARE_ERROR_STATE);
    assert_says(&error, says);
    free_model(&m);
}

static void test_another_training_is_not_gone_on_with(void **state) {
    (void)state;
    tare_dataset *data = new_data(64), *more = new_data(65);
    const char *path = scratch("other.safetensors");
    const tare_metadata pairs[] = {{"network", "mine"}}, others[] = {{"network", "yours"}};
    tally seen = {.stop_after = 0};
    tare_fit_result result;
    model m = new_model(5);
    tare_fit_options options = saving_options(path, &seen);
    options.metadata = pairs;
    options.metadata_count = 1;
    fit(&m, data, &options, &result);
    free_model(&m);

    options.resume = true;
    options.batch = 16;
    refuse_resume(data, &options, "batch=32");
    options.batch = 32;
    options.seed = 10;
    refuse_resume(data, &options, "seed=9");
    options.seed = 9;
    refuse_resume(more, &options, "examples=64");
    options.metadata = others;
    refuse_resume(data, &options, "'mine'");
    options.metadata = pairs;
    options.epochs = 4; /* more of the same is fine */
    m = new_model(5);
    fit(&m, data, &options, &result);
    assert_int_equal(result.steps, 2);
    free_model(&m);
    tare_dataset_free(data);
    tare_dataset_free(more);
}

static void test_a_checkpoint_that_cannot_be_written_ends_training(void **state) {
    (void)state;
    tare_dataset *data = new_data(64);
    tally seen = {.stop_after = 0};
    tare_error error = {0};
    model m = new_model(5);
    tare_fit_options options = saving_options(scratch("no/folder.safetensors"), &seen);
    assert_int_equal(tare_fit_with(m.session, &m.network, data, &options, NULL, &error),
                     TARE_ERROR_FILE);
    assert_says(&error, "no/folder.safetensors");
    free_model(&m);
    tare_dataset_free(data);
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_training_learns_and_tells),
        cmocka_unit_test(test_evaluation_counts_whatever_the_batch),
        cmocka_unit_test(test_logits_that_are_nan_are_never_right),
        cmocka_unit_test(test_what_does_not_fit_is_refused_before_the_first_step),
#ifdef TARE_HAVE_JANSSON
        cmocka_unit_test(test_stopped_training_goes_on_with_the_same_bits),
        cmocka_unit_test(test_saving_every_few_steps_changes_nothing),
        cmocka_unit_test(test_a_finished_training_is_not_trained_again),
        cmocka_unit_test(test_another_training_is_not_gone_on_with),
        cmocka_unit_test(test_a_checkpoint_that_cannot_be_written_ends_training),
#endif
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
