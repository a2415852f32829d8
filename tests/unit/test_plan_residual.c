/* SPDX-License-Identifier: Apache-2.0 */
/* What follows a normalisation, and what comes before its gradient, is done in one pass: residual
 * addition and activation, forwards to the bit; sums of gradients, gates and the sums of the
 * normalisation backwards. */
#include "plan_trial.h"

#define EXACT 0.0
#define NEAR  2e-5

static tare_tensor norm(tare_tensor x) { return tare_batch_norm(x, .training = TARE_TRUE); }
static tare_tensor conv(tare_tensor x, int64_t filters) {
    return tare_conv2d(x, filters, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = false);
}
static tare_tensor image(plan_trial *t) {
    return trial_input(t, TARE_FLOAT32, TARE_SHAPE(4, 9, 10, 16));
}

static void expect_steps(const char *plan, int normalise, int add, int relu) {
    assert_int_equal(trial_steps(plan, "normalise"), normalise);
    assert_int_equal(trial_steps(plan, "add"), add);
    assert_int_equal(trial_steps(plan, "relu"), relu);
}

/* The addition stays outside of the normalising: a step, or a link of a chain. */
static void expect_addition_outside(const char *plan) {
    assert_int_equal(trial_steps(plan, "normalise"), 1);
    assert_int_equal(trial_steps(plan, "add") + trial_steps(plan, "chain"), 1);
}

static void addition_and_relu_go_into_the_normalising_to_the_bit(void **state) {
    (void)state;
    for (int second = 0; second < 2; second++) {
        plan_trial t = trial_begin();
        const tare_tensor n = norm(image(&t)), shortcut = image(&t);
        const tare_tensor sum = second ? tare_add(shortcut, n) : tare_add(n, shortcut);
        const tare_tensor y = tare_relu(sum), fetches[] = {y, conv(y, 5), tare_reduce_sum(y)};
        char *plan = trial_compare(&t, fetches, 3, EXACT);
        expect_steps(plan, 1, 0, 0);
        assert_int_equal(trial_count(plan, "', add 'Add', relu 'Relu'"), 1);
        tare_text_free(plan);
        trial_end(&t);
    }
}

/* Both paths normalised: one is made before, and added. */
static void a_normalised_shortcut_is_added(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = image(&t), shortcut = norm(x), branch = norm(tare_square(norm(x)));
    const tare_tensor y = tare_relu6(tare_add(shortcut, branch));
    char *plan = trial_compare(&t, &y, 1, EXACT);
    expect_steps(plan, 3, 0, 0);
    assert_int_equal(trial_steps(plan, "relu6"), 0);
    assert_int_equal(trial_count(plan, "', add 'Add', relu6 'Relu6'"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

/* What is normalised is the shortcut itself: y may not be written over it. */
static void the_normalised_is_added_to_itself(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = tare_square(image(&t)), y = tare_relu(tare_add(norm(x), x));
    char *plan = trial_compare(&t, &y, 1, EXACT);
    expect_steps(plan, 1, 0, 0);
    tare_text_free(plan);
    trial_end(&t);
}

static void what_others_read_stays_as_it_is(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        plan_trial t = trial_begin();
        const tare_tensor x = image(&t), n = norm(x);
        const tare_tensor other = k == 2 ? n : k == 3 ? tare_reduce_mean(x) : tare_square(x);
        const tare_tensor sum = tare_add(n, other), y = tare_relu(sum);
        /* Fetched; read by another; both inputs of the sum; the other is broadcast. */
        const tare_tensor fetches[] = {y, k == 0 ? n : tare_reduce_sum(k == 1 ? n : y)};
        char *plan = trial_compare(&t, fetches, 2, EXACT);
        expect_addition_outside(plan);
        tare_text_free(plan);
        trial_end(&t);
    }
}

/* The sum is fetched: it goes in, the relu behind it does not. */
static void a_fetched_sum_ends_the_pass(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor sum = tare_add(norm(image(&t)), image(&t));
    const tare_tensor fetches[] = {sum, tare_relu(sum)};
    char *plan = trial_compare(&t, fetches, 2, EXACT);
    expect_steps(plan, 1, 0, 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void doubles_and_few_numbers_are_added_outside(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        plan_trial t = trial_begin();
        const tare_dtype dtype = k == 0 ? TARE_FLOAT64 : TARE_FLOAT32;
        const tare_shape shape = k == 0 ? TARE_SHAPE(4, 9, 10, 16) : TARE_SHAPE(4, 3, 3, 16);
        const tare_tensor n = norm(trial_input(&t, dtype, shape));
        const tare_tensor y = tare_relu(tare_add(n, trial_input(&t, dtype, shape)));
        char *plan = trial_compare(&t, &y, 1, EXACT);
        expect_addition_outside(plan);
        tare_text_free(plan);
        trial_end(&t);
    }
}

/* Two residual blocks, the second with a shortcut of its own: the loss and its gradients. */
static size_t fetch_blocks(plan_trial *t, tare_shape shape, tare_tensor *fetches) {
    const tare_tensor x = tare_relu(conv(trial_input(t, TARE_FLOAT32, shape), 16));
    const tare_tensor h = tare_relu(tare_add(norm(conv(x, 16)), x));
    const tare_tensor shortcut = norm(conv(h, 12)), branch = norm(conv(conv(h, 16), 12));
    const tare_tensor y = tare_relu(tare_add(branch, shortcut)),
                      loss = tare_reduce_mean(tare_square(y));
    tare_tensor sources[6];
    for (size_t i = 0; i < 6; i++)
        sources[i] = tare_collection_item(t->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    fetches[0] = loss;
    tare_gradients(&loss, 1, sources, 6, NULL, fetches + 1);
    return 7;
}

static void gradients_are_added_gated_and_summed_in_one_pass(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    tare_tensor fetches[8];
    const size_t count = fetch_blocks(&t, TARE_SHAPE(4, 9, 10, 4), fetches);
    char *plan = trial_compare(&t, fetches, count, NEAR);
    assert_int_equal(trial_steps(plan, "gradient_sums"), 0);
    assert_int_equal(trial_steps(plan, "add_n"), 0); /* into h and into x */
    assert_int_equal(trial_count(plan, "', add_n '"), 2);
    assert_int_equal(trial_count(plan, "merged: relu_gradient '"), 1); /* into y */
    expect_steps(plan, 3, 0, 0);
    tare_text_free(plan);
    trial_end(&t);
}

/* Samples enough for a convolution to make what it reads: h is normalised, added to and rectified
 * by the one behind it, y by none; dx of a normalisation is made by the filter gradient that reads
 * it first. */
static void convolutions_make_what_they_read_and_others_read_later(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    tare_tensor fetches[8];
    const size_t count = fetch_blocks(&t, TARE_SHAPE(16, 9, 10, 4), fetches);
    char *plan = trial_compare(&t, fetches, count, NEAR);
    expect_steps(plan, 2, 0, 0);
    assert_int_equal(trial_count(plan, "nn_conv2d 'conv2d_3/Conv2D', normalise '"), 1);
    assert_int_equal(trial_steps(plan, "normalise_gradient"), 1);
    assert_int_equal(trial_count(plan, "', normalise_gradient '"), 2);
    tare_text_free(plan);
    trial_end(&t);
}

/* What is made in memory may be fetched. */
static void what_a_convolution_makes_may_be_fetched(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(16, 9, 10, 16));
    const tare_tensor h = tare_relu(tare_add(norm(x), x));
    const tare_tensor fetches[] = {tare_reduce_sum(conv(h, 16)), h, tare_reduce_mean(h)};
    char *plan = trial_compare(&t, fetches, 3, NEAR);
    expect_steps(plan, 0, 0, 0);
    assert_int_equal(trial_count(plan, "', add 'Add', relu 'Relu'"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

/* The convolution waits for what reads h: h cannot be made by it. */
static void what_a_convolution_waits_for_is_made_before(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(16, 9, 10, 16)), h = norm(x);
    const tare_tensor filter =
        tare_reshape(tare_slice(tare_square(h), TARE_LIST(0, 0, 0, 0), TARE_LIST(1, 9, 8, 16)),
                     TARE_SHAPE(3, 3, 16, 8));
    const tare_tensor y = tare_nn_conv2d(h, filter, .padding = TARE_PADDING_SAME);
    char *plan = trial_compare(&t, &y, 1, NEAR);
    expect_steps(plan, 1, 0, 0);
    tare_text_free(plan);
    trial_end(&t);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 4, 5, 6, 7};
    enum { COUNTS = sizeof threads / sizeof *threads };
    plan_trial t = trial_begin();
    tare_tensor fetches[8];
    const size_t count = fetch_blocks(&t, TARE_SHAPE(16, 23, 19, 4), fetches);
    tare_session *sessions[COUNTS];
    tare_array *got[COUNTS][8] = {{NULL}};
    for (int k = 0; k < COUNTS; k++) {
        tare_session_options options = {TARE_SESSION_DEFAULTS};
        options.threads = threads[k];
        assert_int_equal(tare_session_new_with(t.graph, &options, &sessions[k], NULL), TARE_OK);
        assert_int_equal(tare_session_initialize(sessions[k]), TARE_OK);
        assert_int_equal(
            tare_session_run(sessions[k], t.feeds, t.feed_count, fetches, count, got[k]), TARE_OK);
        for (size_t f = 0; f < count; f++)
            assert_memory_equal(tare_array_const_data(got[0][f]), tare_array_const_data(got[k][f]),
                                tare_array_bytes(got[0][f]));
    }
    for (int k = 0; k < COUNTS; k++) tare_session_free(sessions[k]);
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addition_and_relu_go_into_the_normalising_to_the_bit),
        cmocka_unit_test(a_normalised_shortcut_is_added),
        cmocka_unit_test(the_normalised_is_added_to_itself),
        cmocka_unit_test(what_others_read_stays_as_it_is),
        cmocka_unit_test(a_fetched_sum_ends_the_pass),
        cmocka_unit_test(doubles_and_few_numbers_are_added_outside),
        cmocka_unit_test(gradients_are_added_gated_and_summed_in_one_pass),
        cmocka_unit_test(convolutions_make_what_they_read_and_others_read_later),
        cmocka_unit_test(what_a_convolution_makes_may_be_fetched),
        cmocka_unit_test(what_a_convolution_waits_for_is_made_before),
        cmocka_unit_test(threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
