/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisation in plans rides on convolutions: its moments on the one before, the normalising
 * itself on those after; where that is possible, and never is a normalised number another. */
#include "network_trial.h"

#define EXACT 0.0

static tare_tensor norm(tare_tensor x) { return tare_batch_norm(x, .training = TARE_TRUE); }
static tare_tensor conv(tare_tensor x, int64_t filters) {
    return tare_conv2d(x, filters, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = false);
}
static tare_tensor image(plan_trial *t) {
    return trial_input(t, TARE_FLOAT32, TARE_SHAPE(4, 9, 10, 16));
}

static void moments_go_into_the_convolution(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor y = conv(image(&t), 20), fetches[] = {y, norm(y)};
    char *plan = trial_compare(&t, fetches, 2, 1e-5); /* summed in another order */
    assert_int_equal(trial_count(plan, "merged: nn_conv2d '"), 1);
    assert_int_equal(trial_steps(plan, "channel_moments"), 0);
    assert_int_equal(trial_steps(plan, "normalise"), 1);
    assert_int_equal(trial_count(plan, "merged: nn_conv2d 'conv2d/Conv2D', channel_moments '"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

/* Statistics alone are wanted, as when they are estimated anew: y is made and thrown away. */
static void moments_of_what_nobody_reads(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor mean = tare_moments(conv(image(&t), 20), .axes = TARE_LIST(0, 1, 2));
    char *plan = trial_compare(&t, &mean, 1, 1e-6);
    assert_int_equal(trial_count(plan, "merged: nn_conv2d '"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void the_same_bits_whatever_else_is_fetched(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor y = conv(image(&t), 20), z = tare_relu(norm(y)), last = conv(z, 5);
    const tare_tensor fetches[] = {last, y, z};
    tare_session *session = trial_session(t.graph, true);
    tare_array *alone = NULL, *copy = NULL, *all[3] = {NULL};
    assert_int_equal(tare_session_run(session, t.feeds, 1, fetches, 1, &alone), TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, tare_array_shape(alone),
                                        tare_array_const_data(alone), &copy),
                     TARE_OK);
    assert_int_equal(tare_session_run(session, t.feeds, 1, fetches, 3, all), TARE_OK);
    assert_memory_equal(tare_array_const_data(copy), tare_array_const_data(all[0]),
                        tare_array_bytes(copy));
    tare_array_free(copy);
    tare_session_free(session);
    trial_end(&t);
}

static void normalising_goes_into_the_reader_to_the_bit(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = image(&t), y = conv(tare_relu(norm(x)), 20);
    char *plan = trial_compare(&t, &y, 1, EXACT);
    assert_int_equal(trial_count(plan, "merged: nn_conv2d '"), 1);
    assert_int_equal(trial_steps(plan, "normalise") + trial_steps(plan, "relu"), 0);
    assert_int_equal(trial_steps(plan, "channel_moments"), 1); /* of what is fed */
    assert_int_equal(trial_count(plan, "', relu '"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void both_ride_on_one_convolution(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = tare_conv2d(image(&t), 20, TARE_LIST(3)); /* with a bias */
    const tare_tensor y = norm(conv(tare_relu(norm(x)), 7));
    char *plan = trial_compare(&t, &y, 1, 1e-4);
    assert_int_equal(trial_count(plan, "merged: "), 2);
    assert_int_equal(trial_steps(plan, "normalise"), 1); /* the last, which is fetched */
    tare_text_free(plan);
    trial_end(&t);
}

/* Another reader that wants the numbers has them made. */
static void what_others_read_is_made(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor n = norm(image(&t)), y = conv(n, 8);
    const tare_tensor fetches[] = {y, tare_reduce_sum(n)};
    char *plan = trial_compare(&t, fetches, 2, EXACT);
    assert_int_equal(trial_steps(plan, "normalise"), 1);
    assert_int_equal(trial_count(plan, "merged: nn_conv2d '"), 0);
    tare_text_free(plan);
    trial_end(&t);
}

static void what_cannot_ride_is_a_step(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = image(&t);
    const tare_tensor wide = trial_input(&t, TARE_FLOAT64, TARE_SHAPE(4, 9, 10, 16));
    const tare_tensor grouped =
        tare_conv2d(x, 16, TARE_LIST(3), .groups = 4, .padding = TARE_PADDING_SAME);
    const tare_tensor by_row = tare_batch_norm(conv(x, 12), .axis = TARE_LIST(1),
                                               .training = TARE_TRUE); /* not its channels */
    const tare_tensor fetches[] = {norm(grouped), norm(conv(wide, 6)), by_row};
    char *plan = trial_compare(&t, fetches, 3, 1e-12);
    assert_int_equal(trial_count(plan, "merged: nn_conv2d '"), 0);
    assert_int_equal(trial_steps(plan, "channel_moments"), 3);
    tare_text_free(plan);
    trial_end(&t);
}

/* Statistics of columns and channels: what a row kernel sees as channels is no pixel's. */
static void several_axes_do_not_ride(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(8, 9, 10, 16));
    const tare_tensor h =
        tare_batch_norm(conv(x, 12), .axis = TARE_LIST(2, 3), .training = TARE_TRUE);
    const tare_tensor loss = tare_reduce_mean(tare_square(conv(tare_relu(h), 5)));
    tare_tensor fetches[2] = {loss};
    tare_gradients(&loss, 1, &x, 1, NULL, &fetches[1]);
    char *plan = trial_compare(&t, fetches, 2, 1e-5);
    assert_int_equal(trial_steps(plan, "channel_moments") + trial_steps(plan, "gradient_sums"), 2);
    tare_text_free(plan);
    trial_end(&t);
}

/* Three steps of a network with so many threads: a sum over the bytes of all variables. */
static uint64_t trained(const network_trial *t, int64_t threads) {
    tare_session *session = NULL;
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = threads;
    assert_int_equal(tare_session_new_with(t->graph, &options, &session, NULL), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    for (int step = 0; step < 3; step++)
        if (tare_session_run(session, t->feeds, t->feed_count, &t->network.train, 1, NULL))
            fail_msg("%s", tare_session_message(session));
    const uint64_t hash = trial_hash(t->graph, session);
    tare_session_free(session);
    return hash;
}

static void trainings_have_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    static const struct {
        const char *name, *settings;
    } networks[] = {{"resnet20", "size=12"}, {"heatmap", "size=16,width=16"}, {"conv3d", ""}};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        network_trial t = network_begin(networks[i].name, networks[i].settings, 6);
        const uint64_t alone = trained(&t, 1);
        static const int64_t threads[] = {2, 3, 7};
        for (int k = 0; k < 3; k++) assert_true(trained(&t, threads[k]) == alone);
        network_end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_go_into_the_convolution),
        cmocka_unit_test(moments_of_what_nobody_reads),
        cmocka_unit_test(the_same_bits_whatever_else_is_fetched),
        cmocka_unit_test(normalising_goes_into_the_reader_to_the_bit),
        cmocka_unit_test(both_ride_on_one_convolution),
        cmocka_unit_test(what_others_read_is_made),
        cmocka_unit_test(what_cannot_ride_is_a_step),
        cmocka_unit_test(several_axes_do_not_ride),
        cmocka_unit_test(trainings_have_the_same_bits_for_every_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
