/* SPDX-License-Identifier: Apache-2.0 */
/* Rectifiers in plans: they go into the normalisation before them, their gradients into those after
 * them, where nobody else needs what is left out; and never does a bit change. */
#include "network_trial.h"

/* Merged to the bit: a tolerance of 0. */
#define EXACT 0.0

static tare_tensor norm(tare_tensor x) { return tare_batch_norm(x, .training = TARE_TRUE); }

/* Gradients of a loss of y by all variables and x; the merged plan's text. */
static char *compare_gradients(plan_trial *t, tare_tensor x, tare_tensor y) {
    tare_tensor sources[7], fetches[8];
    const tare_tensor loss = tare_reduce_sum(tare_square(y));
    size_t count = tare_collection_count(t->graph, TARE_TRAINABLE_VARIABLES, NULL);
    assert_in_range(count, 0, 6);
    for (size_t i = 0; i < count; i++)
        sources[i] = tare_collection_item(t->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    sources[count++] = x;
    tare_gradients(&loss, 1, sources, count, NULL, fetches);
    fetches[count++] = loss;
    return trial_compare(t, fetches, count, EXACT);
}

static void a_rectifier_and_its_gradient_go_into_batch_norm(void **state) {
    (void)state;
    static const int64_t sizes[][2] = {{3, 2}, {40, 5}, {700, 64}, {5000, 3}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(sizes[k][0], sizes[k][1]));
        char *plan = compare_gradients(&t, x, tare_relu(norm(x)));
        assert_int_equal(trial_steps(plan, "relu"), 0);
        assert_int_equal(trial_steps(plan, "relu_gradient"), 0);
        assert_int_equal(trial_count(plan, "merged: normalise '"), 1);
        assert_int_equal(trial_count(plan, "merged: relu_gradient '"), 2);
        tare_text_free(plan);
        trial_end(&t);
    }
}

/* Normalised by the last axis, in rows of one channel, and in tiny pieces. */
static void other_activations_go_into_batch_norm(void **state) {
    (void)state;
    static const int64_t sizes[][4] = {{3, 1, 1, 2},   {4, 5, 2, 5},    {7, 10, 10, 6},
                                       {20, 50, 5, 3}, {3, 20, 2, 300}, {2, 3, 40, 50}};
    for (size_t k = 0; k < 2 * sizeof sizes / sizeof *sizes; k++) {
        const int64_t *size = sizes[k / 2];
        plan_trial t = trial_begin();
        const tare_tensor x =
            trial_input(&t, k % 4 < 3 ? TARE_FLOAT32 : TARE_FLOAT64,
                        (tare_shape){.rank = 4, .extents = {size[0], size[1], size[2], size[3]}});
        const tare_tensor h =
            tare_batch_norm(x, .axis = TARE_LIST(k % 3 ? -1 : 1), .training = TARE_TRUE);
        const tare_tensor y = k % 2 ? tare_tanh(h) : tare_sigmoid(h);
        char *plan = compare_gradients(&t, x, y);
        assert_int_equal(trial_steps(plan, "tanh") + trial_steps(plan, "sigmoid"), 0);
        assert_int_equal(trial_count(plan, "merged: normalise '"), 1);
        tare_text_free(plan);
        trial_end(&t);
    }
}

/* Whose gradient wants what it was a function of. */
static void an_activation_stays_that_others_need_without_it(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(40, 5));
    const tare_tensor h = norm(x);
    char *plan = compare_gradients(&t, x, tare_add(tare_sigmoid(h), h));
    assert_int_equal(trial_steps(plan, "sigmoid"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void so_they_do_in_float64_and_channels_first(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT64, TARE_SHAPE(30, 11));
    char *plan = compare_gradients(&t, x, tare_relu(norm(x)));
    assert_int_equal(trial_steps(plan, "relu") + trial_steps(plan, "relu_gradient"), 0);
    tare_text_free(plan);
    trial_end(&t);
    t = trial_begin();
    const tare_tensor image = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 6, 5));
    const tare_tensor h = tare_conv2d(image, 4, TARE_LIST(3), .data_format = TARE_CHANNELS_FIRST);
    const tare_tensor y =
        tare_relu(tare_batch_norm(h, .axis = TARE_LIST(1), .training = TARE_TRUE));
    tare_tensor kernel = tare_collection_item(t.graph, TARE_TRAINABLE_VARIABLES, NULL, 0), by;
    const tare_tensor loss = tare_reduce_sum(tare_square(y));
    tare_gradients(&loss, 1, &kernel, 1, NULL, &by);
    plan = trial_compare(&t, &by, 1, 1e-4); /* convolutions by another order of axes */
    assert_int_equal(trial_steps(plan, "relu") + trial_steps(plan, "relu_gradient"), 0);
    tare_text_free(plan);
    trial_end(&t);
}

/* Of what is read elsewhere too, both are made. */
static void what_others_read_stays(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(20, 6));
    const tare_tensor before = norm(x);
    char *plan = compare_gradients(&t, x, tare_add(tare_relu(before), before));
    assert_int_equal(trial_steps(plan, "relu"), 1);
    tare_text_free(plan);
    const tare_tensor both[] = {before, tare_relu(before)};
    plan = trial_compare(&t, both, 2, EXACT);
    assert_int_equal(trial_steps(plan, "relu"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

/* A gate whose y is no normalisation's, and one whose gradient goes elsewhere too. */
static void gates_that_are_not_their_own_stay(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(20, 6));
    const tare_tensor z = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(20, 6));
    char *plan = compare_gradients(&t, x, tare_relu(tare_add(norm(x), z)));
    assert_int_equal(trial_steps(plan, "relu"), 1);
    assert_int_equal(trial_steps(plan, "relu_gradient"), 1);
    tare_text_free(plan);
    const tare_tensor n = norm(x), loss = tare_reduce_sum(tare_square(tare_relu(n)));
    const tare_tensor sources[] = {x, n};
    tare_tensor by[2];
    tare_gradients(&loss, 1, sources, 2, NULL, by);
    plan = trial_compare(&t, by, 2, EXACT);
    assert_int_equal(trial_steps(plan, "relu_gradient"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void frozen_statistics_gate_too(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(500, 6));
    const tare_tensor y = tare_relu(tare_batch_norm(x, .training = TARE_FALSE));
    char *plan = compare_gradients(&t, x, y);
    assert_int_equal(trial_steps(plan, "relu_gradient"), 0);
    tare_text_free(plan);
    trial_end(&t);
}

static void a_second_gradient_is_the_same(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(30, 4));
    const tare_tensor loss = tare_reduce_sum(tare_square(tare_relu(norm(x))));
    tare_tensor first, second;
    tare_gradients(&loss, 1, &x, 1, NULL, &first);
    const tare_tensor size = tare_reduce_sum(tare_square(first));
    tare_gradients(&size, 1, &x, 1, NULL, &second);
    const tare_tensor fetches[] = {first, second};
    tare_text_free(trial_compare(&t, fetches, 2, EXACT));
    trial_end(&t);
}

/* ------------------------------------------------------------------------- whole trainings */

/* Three steps of a network; every variable afterwards, the same with merging and without. */
static void train(const char *name, const char *settings, int64_t batch) {
    network_trial t = network_begin(name, settings, batch);
    tare_session *sessions[2];
    for (int merge = 0; merge < 2; merge++) {
        sessions[merge] = trial_session(t.graph, merge == 1);
        for (int step = 0; step < 3; step++)
            if (tare_session_run(sessions[merge], t.feeds, t.feed_count, &t.network.train, 1, NULL))
                fail_msg("%s", tare_session_message(sessions[merge]));
    }
    const size_t count = tare_collection_count(t.graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *variable =
            tare_tensor_name(tare_collection_item(t.graph, TARE_GLOBAL_VARIABLES, NULL, i));
        tare_array *values[2] = {NULL};
        for (int k = 0; k < 2; k++)
            assert_int_equal(tare_session_get(sessions[k], variable, &values[k]), TARE_OK);
        if (memcmp(tare_array_const_data(values[0]), tare_array_const_data(values[1]),
                   tare_array_bytes(values[0])) != 0)
            fail_msg("%s: %s differs", name, variable);
        for (int k = 0; k < 2; k++) tare_array_free(values[k]);
    }
    for (int k = 0; k < 2; k++) tare_session_free(sessions[k]);
    network_end(&t);
}

/* Without convolutions, which merging makes take moments in another order (test_plan_ride). */
static void trainings_are_the_same_to_the_bit(void **state) {
    (void)state;
    train("mlp_bn", "", 20);
    train("house_prices", "", 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rectifier_and_its_gradient_go_into_batch_norm),
        cmocka_unit_test(other_activations_go_into_batch_norm),
        cmocka_unit_test(an_activation_stays_that_others_need_without_it),
        cmocka_unit_test(so_they_do_in_float64_and_channels_first),
        cmocka_unit_test(what_others_read_stays),
        cmocka_unit_test(gates_that_are_not_their_own_stay),
        cmocka_unit_test(frozen_statistics_gate_too),
        cmocka_unit_test(a_second_gradient_is_the_same),
        cmocka_unit_test(trainings_are_the_same_to_the_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
