/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of batch normalisation layers: what is counted, when, and what it does not change.
 */
#include "failing_allocator.h"
#include "normalisation_trial.h"

#include <tare/layer.h>
#include <tare/norm.h>
#include <tare/op.h>
#include <tare/train.h>

static tare_norm_counters counted(const trial *t, const char *layer) {
    tare_norm_counters counters = {.struct_size = sizeof counters};
    if (tare_norm_count(t->session, layer, &counters))
        fail_msg("%s", tare_session_message(t->session));
    return counters;
}

static void expect(tare_norm_counters c, int64_t updates, int64_t last, int64_t least, int64_t most,
                   int64_t not_finite) {
    assert_int_equal(c.updates, updates);
    assert_int_equal(c.elements_last, last);
    assert_int_equal(c.elements_least, least);
    assert_int_equal(c.elements_most, most);
    assert_int_equal(c.not_finite, not_finite);
}

/* Feeds so many rows of numbers that differ, the first of them as given. */
static void feed_rows(trial *t, int64_t rows, float first) {
    tare_shape shape = tare_array_shape(t->fed);
    shape.extents[0] = rows;
    tare_array_free(t->fed);
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &t->fed), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(t->fed); i++)
        tare_array_set_number(t->fed, i, i ? (double)(i % 7) : (double)first);
}

/* ---------------------------------------------------------------------------- counting */

static void updates_and_elements_are_counted_whatever_the_plan(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 3, 5, 2));
    tare_batch_norm(t.x, .training = TARE_TRUE);
    trial_open(&t);
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    static const int64_t rows[] = {4, 4, 9, 2, 4};
    for (int i = 0; i < 5; i++) {
        feed_rows(&t, rows[i], 1);
        trial_update(&t);
    }
    expect(counted(&t, "batch_normalization"), 5, 60, 30, 135, 0);
    assert_int_equal(counted(&t, "batch_normalization").mean_updates, 5);
    assert_true(counted(&t, "batch_normalization").complete);
    trial_close(&t);
}

static void inference_and_runs_of_other_things_count_nothing(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const tare_tensor training = tare_placeholder_with_default(t.graph, TARE_FALSE);
    const tare_tensor y = tare_batch_norm(t.x, .training = training);
    const tare_tensor frozen = tare_batch_norm(y, .training = TARE_TRUE, .frozen = true);
    trial_open(&t);
    trial_run(&t, frozen, NULL, 0);
    trial_update(&t); /* the updates are asked for, and the mode is inference */
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    tare_array *yes = tare_array_bool(true);
    const tare_feed train = {training, yes};
    trial_run(&t, y, &train, 1); /* training, and no update is asked for */
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    expect(counted(&t, "batch_normalization_1"), 0, 0, 0, 0, 0);
    tare_array_free(yes);
    trial_close(&t);
}

/* A truth that the run computes: the step is there, and counts only when it writes. */
static void a_mode_decided_in_the_run_counts_when_it_trains(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const tare_tensor number = tare_placeholder_with_default(t.graph, tare_number(-1));
    tare_batch_norm(t.x, .training = tare_greater(number, tare_number(0)));
    trial_open(&t);
    trial_update(&t);
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    tare_array *one = tare_array_float(1);
    const tare_feed train = {number, one};
    for (size_t u = 0; u < 2; u++)
        trial_run(&t, tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, u), &train, 1);
    expect(counted(&t, "batch_normalization"), 1, 4, 4, 4, 0);
    tare_array_free(one);
    trial_close(&t);
}

static void one_update_without_the_other_shows(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    tare_batch_norm(t.x, .training = TARE_TRUE);
    trial_open(&t);
    trial_run(&t, tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 0), NULL, 0);
    assert_int_equal(counted(&t, "batch_normalization").mean_updates, 1);
    assert_int_equal(counted(&t, "batch_normalization").updates, 0);
    trial_close(&t);
}

static void a_layer_called_twice_counts_both_calls(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .name = "bn");
    tare_batch_norm(tare_mul(y, tare_number(2)), .training = TARE_TRUE, .name = "bn",
                    .reuse = TARE_REUSE_TRUE);
    trial_open(&t);
    trial_update(&t);
    expect(counted(&t, "bn"), 2, 4, 4, 4, 0);
    trial_close(&t);
}

static void every_way_to_average_is_counted(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(6, 3));
    const tare_tensor weights = tare_placeholder_with_default(t.graph, tare_number(1));
    tare_batch_norm(t.x, .training = TARE_TRUE, .renorm = true, .name = "renorm");
    tare_batch_norm(t.x, .training = TARE_TRUE, .virtual_batch_size = 2, .name = "ghosts");
    tare_batch_norm(t.x, .training = TARE_TRUE, .cumulative = true, .name = "cumulative");
    tare_batch_norm(t.x, .training = TARE_TRUE, .zero_debias = true, .name = "debiased");
    tare_batch_norm(t.x, .training = TARE_TRUE, .adjustment_scale = weights, .name = "adjusted");
    tare_slim_batch_norm(t.x, .is_training = TARE_TRUE, .scope = "slim");
    trial_open(&t);
    trial_update(&t);
    trial_update(&t);
    expect(counted(&t, "renorm"), 2, 6, 6, 6, 0);
    expect(counted(&t, "ghosts"), 2, 2, 2, 2, 0);
    expect(counted(&t, "cumulative"), 2, 6, 6, 6, 0);
    expect(counted(&t, "debiased"), 2, 6, 6, 6, 0);
    expect(counted(&t, "adjusted"), 2, 6, 6, 6, 0);
    expect(counted(&t, "slim"), 2, 6, 6, 6, 0);
    trial_close(&t);
}

static void batches_with_nan_or_infinity_are_counted(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE, .name = "one");
    tare_batch_norm(tare_tile(t.x, TARE_LIST(1, 9)), .training = TARE_TRUE, .name = "many");
    trial_open(&t);
    static const float firsts[] = {0, NAN, INFINITY, 3, 3e38F};
    for (int i = 0; i < 5; i++) {
        feed_rows(&t, 4, firsts[i]);
        trial_update(&t);
    }
    expect(counted(&t, "one"), 5, 4, 4, 4, 3); /* the square of 3e38 is infinite */
    expect(counted(&t, "many"), 5, 4, 4, 4, 3);
    trial_close(&t);
}

/* ------------------------------------------------------------------ where counting begins */

static void initialising_and_setting_begin_anew(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE);
    trial_open(&t);
    feed_rows(&t, 4, 1);
    trial_update(&t);
    tare_array *mean = NULL;
    const char *variable = "batch_normalization/moving_variance";
    assert_int_equal(tare_session_get(t.session, variable, &mean), TARE_OK);
    assert_int_equal(tare_session_set(t.session, variable, mean), TARE_OK);
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    assert_false(counted(&t, "batch_normalization").complete);
    trial_update(&t);
    expect(counted(&t, "batch_normalization"), 1, 4, 4, 4, 0);
    assert_false(counted(&t, "batch_normalization").complete);
    assert_int_equal(tare_session_initialize(t.session), TARE_OK);
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    assert_true(counted(&t, "batch_normalization").complete);
    tare_array_free(mean);
    trial_close(&t);
}

/* More than one plan, and one that is thrown away: the counts are the session's. */
static void counts_outlive_plans(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE);
    assert_int_equal(tare_session_new(t.graph, &t.session, .threads = 1, .plans = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(t.session), TARE_OK);
    for (int64_t rows = 1; rows <= 20; rows++) {
        feed_rows(&t, rows, 1);
        trial_update(&t);
    }
    expect(counted(&t, "batch_normalization"), 20, 20, 1, 20, 0);
    trial_close(&t);
}

static void sessions_count_for_themselves(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE);
    trial_open(&t);
    trial_update(&t);
    tare_session *first = t.session;
    t.session = NULL;
    trial_open(&t);
    expect(counted(&t, "batch_normalization"), 0, 0, 0, 0, 0);
    tare_session_free(first);
    trial_close(&t);
}

/* ------------------------------------------------------------------ what it leaves alone */

static void counters_are_no_variables(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE);
    tare_minimize(tare_gradient_descent(t.graph, .learning_rate = tare_number(.1)),
                  tare_reduce_sum(y));
    assert_int_equal(tare_collection_count(t.graph, TARE_GLOBAL_VARIABLES, NULL), 4);
    assert_int_equal(tare_collection_count(t.graph, TARE_TRAINABLE_VARIABLES, NULL), 2);
    assert_int_equal(tare_collection_count(t.graph, TARE_UPDATE_OPS, NULL), 2);
    trial_close(&t);
}

static void a_running_step_still_allocates_nothing(void **state) {
    (void)state;
    failing_allocator counting;
    trial t = {.graph = tare_graph_new_with(failing_allocator_start(&counting, 0))};
    t.x = tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(4, 2));
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, 2), NULL, &t.fed), TARE_OK);
    tare_batch_norm(t.x, .training = TARE_TRUE);
    trial_open(&t);
    trial_update(&t);
    trial_run(&t, tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 0), NULL, 0);
    const int64_t before = counting.calls;
    for (int i = 0; i < 100; i++)
        trial_run(&t, tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 0), NULL, 0);
    assert_int_equal(counting.calls, before);
    assert_int_equal(counted(&t, "batch_normalization").mean_updates, 102);
    trial_close(&t);
}

/* ----------------------------------------------------------------------------- asking */

static void layers_are_listed_in_order(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    tare_tensor y = TARE_NULL;
    TARE_VARIABLE_SCOPE (t.graph, "a") {
        y = tare_batch_norm(t.x);
    }
    tare_slim_batch_norm(y, .is_training = TARE_FALSE);
    static const char *const names[] = {"a/batch_normalization", "BatchNorm"};
    for (size_t i = 0; i < 2; i++) {
        char *name = tare_norm_layer_name(t.graph, i);
        assert_string_equal(name, names[i]);
        tare_text_free(name);
    }
    assert_null(tare_norm_layer_name(t.graph, 2));
    assert_null(tare_norm_layer_name(NULL, 0));
    trial_close(&t);
}

static void what_is_no_layer_is_refused_by_name(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    tare_dense(t.x, 2);
    trial_open(&t);
    tare_norm_counters c = {.struct_size = sizeof c};
    assert_int_equal(tare_norm_count(t.session, "dense", &c), TARE_ERROR_NAME);
    assert_string_equal(tare_session_message(t.session),
                        "norm 'dense': got a scope without moving_mean and moving_variance; needs "
                        "the name of a batch normalisation layer");
    assert_int_equal(tare_norm_count(t.session, NULL, &c), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_norm_count(t.session, "dense", NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_norm_count(NULL, "dense", &c), TARE_ERROR_ARGUMENT);
    trial_close(&t);
}

/* A caller compiled against a shorter struct gets what it has room for. */
static void an_older_struct_is_filled_as_far_as_it_goes(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    tare_batch_norm(t.x, .training = TARE_TRUE);
    trial_open(&t);
    trial_update(&t);
    tare_norm_counters c = {.struct_size = offsetof(tare_norm_counters, elements_last),
                            .elements_last = -7};
    assert_int_equal(tare_norm_count(t.session, "batch_normalization", &c), TARE_OK);
    assert_int_equal(c.updates, 1);
    assert_int_equal(c.elements_last, -7);
    trial_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_and_elements_are_counted_whatever_the_plan),
        cmocka_unit_test(inference_and_runs_of_other_things_count_nothing),
        cmocka_unit_test(a_mode_decided_in_the_run_counts_when_it_trains),
        cmocka_unit_test(one_update_without_the_other_shows),
        cmocka_unit_test(a_layer_called_twice_counts_both_calls),
        cmocka_unit_test(every_way_to_average_is_counted),
        cmocka_unit_test(batches_with_nan_or_infinity_are_counted),
        cmocka_unit_test(initialising_and_setting_begin_anew),
        cmocka_unit_test(counts_outlive_plans),
        cmocka_unit_test(sessions_count_for_themselves),
        cmocka_unit_test(counters_are_no_variables),
        cmocka_unit_test(a_running_step_still_allocates_nothing),
        cmocka_unit_test(layers_are_listed_in_order),
        cmocka_unit_test(what_is_no_layer_is_refused_by_name),
        cmocka_unit_test(an_older_struct_is_filled_as_far_as_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
