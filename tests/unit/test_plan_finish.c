/* SPDX-License-Identifier: Apache-2.0 */
/* What follows a product goes into it, and its weights are packed once: never does a bit change. */
#include "plan_trial.h"

#include <tare/op.h>

/* Merged to the bit: a tolerance of 0. */
#define EXACT 0.0

static tare_tensor weights(tare_graph *graph, const char *name, tare_shape shape) {
    return tare_get_variable(graph, name, shape);
}

/* A 3x3 convolution that keeps height and width. */
static tare_tensor convolve(tare_tensor x, const char *name, int64_t filters) {
    const tare_shape shape = tare_tensor_shape(x);
    const tare_tensor w =
        weights(x.graph, name, TARE_SHAPE(3, 3, shape.extents[shape.rank - 1], filters));
    return tare_nn_conv2d(x, w, .padding = TARE_PADDING_SAME);
}

static tare_tensor biased(tare_tensor y, const char *name) {
    const tare_shape shape = tare_tensor_shape(y);
    return tare_bias_add(y, weights(y.graph, name, TARE_SHAPE(shape.extents[shape.rank - 1])));
}

typedef struct expected {
    const char *op;
    int steps;
} expected;

static void check_steps(char *plan, const expected *all, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (trial_steps(plan, all[i].op) != all[i].steps)
            fail_msg("needs %d steps of %s:\n%s", all[i].steps, all[i].op, plan);
    tare_text_free(plan);
}
#define CHECK(t, y, ...)                                                                           \
    check_steps(trial_compare(&(t), &(y), 1, EXACT), (const expected[]){__VA_ARGS__},              \
                sizeof((const expected[]){__VA_ARGS__}) / sizeof(expected))

static void a_residual_and_relu_go_into_a_convolution(void **state) {
    (void)state;
    static const int64_t channels[] = {16, 17, 40, 64};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 9, 7, channels[i]));
        const tare_tensor h = tare_relu6(biased(convolve(x, "w", channels[i]), "b"));
        const tare_tensor y = tare_relu(tare_add(x, convolve(h, "v", channels[i])));
        CHECK(t, y, {"relu", 0}, {"relu6", 0}, {"add", 0}, {"bias_add", 0},
              {"finished_convolution", 2}, {"pack_filter", 2});
        trial_end(&t);
    }
}

static void the_last_of_two_products_takes_their_sum(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 6, 6, 8));
    const tare_tensor shortcut = convolve(x, "s", 20);
    const tare_tensor h = tare_relu(convolve(x, "a", 12));
    const tare_tensor y = tare_relu(tare_add(convolve(h, "b", 20), shortcut));
    CHECK(t, y, {"add", 0}, {"relu", 0}, {"finished_convolution", 3}, {"nn_conv2d", 0});
    trial_end(&t);
}

static void relu_goes_into_a_matrix_product(void **state) {
    (void)state;
    static const int64_t sizes[][3] = {
        {1, 2, 1}, {1, 300, 40}, {17, 31, 33}, {130, 600, 70}, {0, 4, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(sizes[i][0], sizes[i][1]));
        const tare_tensor z = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(sizes[i][0], sizes[i][2]));
        const tare_tensor w = weights(t.graph, "w", TARE_SHAPE(sizes[i][1], sizes[i][2]));
        const tare_tensor v = weights(t.graph, "v", TARE_SHAPE(sizes[i][2], sizes[i][2]));
        const tare_tensor h = tare_matmul(x, w);
        const bool one_block = sizes[i][1] <= 512; /* else a bias is added in another place */
        const tare_tensor rectified = tare_relu(one_block ? biased(h, "b") : h);
        const tare_tensor y =
            tare_relu6(tare_add(tare_matmul(rectified, v, .transpose_b = true), z));
        CHECK(t, y, {"relu", 0}, {"relu6", 0}, {"add", 0}, {"finished_matmul", 2}, {"matmul", 0});
        trial_end(&t);
    }
}

static void what_others_read_stays(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 5, 5, 4));
    const tare_tensor h = convolve(x, "w", 4);
    tare_tensor y = tare_mul(tare_relu(h), tare_add(h, x));
    CHECK(t, y, {"relu", 1}, {"add", 1}, {"finished_convolution", 1});
    const tare_tensor both[] = {h, tare_relu(h)};
    char *plan = trial_compare(&t, both, 2, EXACT);
    assert_int_equal(trial_steps(plan, "relu"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void a_clamp_ends_what_a_product_takes(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 5, 5, 4));
    const tare_tensor h = tare_relu6(tare_relu(convolve(x, "w", 4)));
    CHECK(t, h, {"relu", 0}, {"relu6", 1});
    const tare_tensor after = tare_add(tare_relu(convolve(x, "v", 4)), x);
    CHECK(t, after, {"relu", 0}, {"add", 1});
    const tare_tensor twice = tare_add(tare_add(convolve(x, "u", 4), x), x);
    CHECK(t, twice, {"add", 1});
    trial_end(&t);
}

static void sums_that_broadcast_stay(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 5, 5, 4));
    const tare_tensor row = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1, 5, 4));
    const tare_tensor y = tare_add(convolve(x, "w", 4), row);
    CHECK(t, y, {"add", 1});
    trial_end(&t);
}

static void kernels_that_cannot_finish_keep_their_steps(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 5, 5, 4));
    const tare_tensor w = weights(t.graph, "w", TARE_SHAPE(3, 3, 2, 6));
    const tare_tensor grouped = tare_relu(tare_nn_conv2d(x, w, .groups = 2));
    CHECK(t, grouped, {"relu", 1}, {"nn_conv2d", 1});
    const tare_tensor wide = trial_input(&t, TARE_FLOAT64, TARE_SHAPE(6, 4));
    const tare_tensor v = tare_get_variable(t.graph, "v", TARE_SHAPE(4, 5), .dtype = TARE_FLOAT64);
    const tare_tensor y = tare_relu(tare_matmul(wide, v));
    CHECK(t, y, {"relu", 1}, {"matmul", 1});
    trial_end(&t);
}

static void weights_that_are_fed_are_not_packed(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 5, 5, 4));
    const tare_tensor w = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(3, 3, 4, 6));
    const tare_tensor y = tare_relu(tare_nn_conv2d(x, w));
    CHECK(t, y, {"relu", 0}, {"finished_convolution", 1}, {"pack_filter", 0});
    trial_end(&t);
}

/* What follows waits for a step that waits for the product. */
static void what_waits_for_others_stays(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 5, 5, 4));
    const tare_tensor h = convolve(x, "w", 4), count = tare_get_variable(t.graph, "n", TARE_SCALAR);
    tare_tensor written = TARE_NULL, y = TARE_NULL;
    TARE_CONTROL_DEPENDENCIES (t.graph, &h, 1) {
        written = tare_assign(count, tare_number(3));
    }
    TARE_CONTROL_DEPENDENCIES (t.graph, &written, 1) {
        y = tare_relu(h);
    }
    CHECK(t, y, {"relu", 1});
    trial_end(&t);
}

/* ------------------------------------------------------------------------ sessions that go on */

static void run_into(tare_session *session, const plan_trial *t, tare_tensor y, tare_array *to) {
    if (tare_session_run(session, t->feeds, t->feed_count, &y, 1, &to))
        fail_msg("%s", tare_session_message(session));
}

/* Packed weights are packed again when the variable has changed, whoever changed it. */
static void packed_weights_follow_their_variable(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 6, 5, 20));
    const tare_tensor w = weights(t.graph, "w", TARE_SHAPE(3, 3, 20, 24));
    const tare_tensor v = weights(t.graph, "v", TARE_SHAPE(24, 30));
    const tare_tensor h = tare_relu(tare_nn_conv2d(x, w));
    const tare_tensor y = tare_relu(tare_matmul(tare_reshape(h, TARE_SHAPE(24, 24)), v));
    const tare_tensor change[] = {tare_assign_add(w, tare_ones_like(w)),
                                  tare_assign_add(v, tare_ones_like(v))};
    tare_session *plain = trial_session(t.graph, false), *merged = trial_session(t.graph, true);
    trial_set_variables(&t, plain);
    trial_set_variables(&t, merged);
    tare_array *want = NULL, *got = NULL;
    const tare_shape shape = TARE_SHAPE(24, 30);
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &want), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &got), TARE_OK);
    for (int round = 0; round < 4; round++) {
        run_into(plain, &t, y, want);
        run_into(merged, &t, y, got);
        assert_memory_equal(tare_array_const_data(got), tare_array_const_data(want),
                            24 * 30 * sizeof(float));
        if (round % 2 == 0) continue;
        assert_int_equal(tare_session_run(plain, NULL, 0, change, 2, NULL), TARE_OK);
        assert_int_equal(tare_session_run(merged, NULL, 0, change, 2, NULL), TARE_OK);
    }
    tare_array_free(want);
    tare_array_free(got);
    tare_session_free(plain);
    tare_session_free(merged);
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_residual_and_relu_go_into_a_convolution),
        cmocka_unit_test(the_last_of_two_products_takes_their_sum),
        cmocka_unit_test(relu_goes_into_a_matrix_product),
        cmocka_unit_test(what_others_read_stays),
        cmocka_unit_test(a_clamp_ends_what_a_product_takes),
        cmocka_unit_test(sums_that_broadcast_stay),
        cmocka_unit_test(kernels_that_cannot_finish_keep_their_steps),
        cmocka_unit_test(weights_that_are_fed_are_not_packed),
        cmocka_unit_test(what_waits_for_others_stays),
        cmocka_unit_test(packed_weights_follow_their_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
