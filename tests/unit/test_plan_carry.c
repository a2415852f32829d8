/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that ride on others: where they may, with the same numbers, whatever the threads. */
#include "plan_trial.h"

#define NEAR 2e-5

static tare_tensor norm(tare_tensor x) { return tare_batch_norm(x, .training = TARE_TRUE); }

/* Fetches the gradients of a loss of y by all variables: how many. */
static size_t fetch_gradients(plan_trial *t, tare_tensor y, tare_tensor *fetches) {
    tare_tensor sources[8];
    const tare_tensor loss = tare_reduce_mean(tare_square(y));
    const size_t count = tare_collection_count(t->graph, TARE_TRAINABLE_VARIABLES, NULL);
    assert_in_range(count, 1, 7);
    for (size_t i = 0; i < count; i++)
        sources[i] = tare_collection_item(t->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    tare_gradients(&loss, 1, sources, count, NULL, fetches);
    return count;
}

/* Two convolutions with a normalisation between. */
static tare_tensor chain(tare_tensor x, int64_t strides, bool rectified) {
    tare_tensor h =
        norm(tare_conv2d(x, 16, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = false));
    if (rectified) h = tare_relu(h);
    return tare_conv2d(h, 8, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = false,
                       .strides = TARE_LIST(strides));
}

static void sums_ride_on_the_data_gradient(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        plan_trial t = trial_begin();
        tare_tensor fetches[8];
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(3, 17, 13, 4));
        const size_t count = fetch_gradients(&t, chain(x, 1 + k / 2, k % 2 == 1), fetches);
        char *plan = trial_compare(&t, fetches, count, NEAR);
        assert_int_equal(trial_steps(plan, "gradient_sums"), 0);
        assert_int_equal(trial_count(plan, "merged: convolution_input_gradient"), 1);
        tare_text_free(plan);
        trial_end(&t);
    }
}

/* Fetched beside or not, no bit of the others changes. */
static void what_is_fetched_changes_no_bit(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    tare_tensor fetches[8], dh;
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(3, 17, 13, 4));
    const tare_tensor h = norm(tare_conv2d(x, 16, TARE_LIST(3), .use_bias = false));
    const tare_tensor y = tare_conv2d(h, 8, TARE_LIST(3), .use_bias = false);
    const size_t count = fetch_gradients(&t, y, fetches);
    const tare_tensor loss = tare_reduce_mean(tare_square(y));
    tare_gradients(&loss, 1, &h, 1, NULL, &dh);
    fetches[count] = dh;
    tare_session *sessions[2];
    tare_array *got[2][8] = {{NULL}};
    for (size_t more = 0; more < 2; more++) {
        sessions[more] = trial_session(t.graph, true);
        assert_int_equal(tare_session_run(sessions[more], t.feeds, t.feed_count, fetches,
                                          count + more, got[more]),
                         TARE_OK);
    }
    for (size_t f = 0; f < count; f++)
        assert_memory_equal(tare_array_const_data(got[0][f]), tare_array_const_data(got[1][f]),
                            tare_array_bytes(got[0][f]));
    for (int more = 0; more < 2; more++) tare_session_free(sessions[more]);
    trial_end(&t);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 7};
    plan_trial t = trial_begin();
    tare_tensor fetches[8];
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(8, 33, 29, 8));
    const size_t count = fetch_gradients(&t, chain(x, 1, true), fetches);
    tare_session *sessions[4];
    tare_array *got[4][8] = {{NULL}};
    for (int k = 0; k < 4; k++) {
        tare_error error = {.status = TARE_OK};
        tare_session_options options = {TARE_SESSION_DEFAULTS};
        options.threads = threads[k];
        if (tare_session_new_with(t.graph, &options, &sessions[k], &error))
            fail_msg("%s", error.message);
        assert_int_equal(tare_session_initialize(sessions[k]), TARE_OK);
        assert_int_equal(
            tare_session_run(sessions[k], t.feeds, t.feed_count, fetches, count, got[k]), TARE_OK);
        for (size_t f = 0; f < count; f++)
            assert_memory_equal(tare_array_const_data(got[0][f]), tare_array_const_data(got[k][f]),
                                tare_array_bytes(got[0][f]));
    }
    for (int k = 0; k < 4; k++) tare_session_free(sessions[k]);
    trial_end(&t);
}

/* In float64, and of few numbers. */
static void riders_that_may_not_walk(void **state) {
    (void)state;
    static const tare_dtype dtypes[] = {TARE_FLOAT64, TARE_FLOAT32};
    for (int k = 0; k < 2; k++) {
        plan_trial t = trial_begin();
        tare_tensor fetches[8];
        const int64_t size = k == 0 ? 17 : 3;
        const tare_tensor x = trial_input(&t, dtypes[k], TARE_SHAPE(2, size, size, 4));
        const size_t count = fetch_gradients(&t, chain(x, 1, true), fetches);
        char *plan = trial_compare(&t, fetches, count, NEAR);
        assert_int_equal(trial_steps(plan, "gradient_sums"), 1);
        assert_int_equal(trial_count(plan, "merged: convolution_input_gradient"), 0);
        tare_text_free(plan);
        trial_end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_ride_on_the_data_gradient),
        cmocka_unit_test(what_is_fetched_changes_no_bit),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(riders_that_may_not_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
