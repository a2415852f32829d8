/* SPDX-License-Identifier: Apache-2.0 */
/* Transposes in plans: they move towards the results and cancel, and no number changes. */
#include "plan_trial.h"

#define TO_LAST  TARE_LIST(0, 2, 3, 1)
#define TO_FIRST TARE_LIST(0, 3, 1, 2)

static tare_tensor to_first(tare_tensor x) { return tare_transpose(x, .perm = TO_FIRST); }
static tare_tensor to_last(tare_tensor x) { return tare_transpose(x, .perm = TO_LAST); }

/* ---------------------------------------------------------------------- the usual chain */

/* conv, batch norm, relu, pool, twice; with a loss that does not follow the order of axes. */
typedef struct chain {
    plan_trial t;
    tare_tensor x, pooled, cost;
    tare_tensor variables[16], gradients[17];
    size_t count;
} chain;

static tare_tensor block(tare_tensor x, int64_t filters, tare_tensor training, int data_format) {
    const tare_list axis = data_format == TARE_CHANNELS_FIRST ? TARE_LIST(1) : TARE_LIST(-1);
    const tare_tensor h = tare_conv2d(x, filters, TARE_LIST(3), .padding = TARE_PADDING_SAME,
                                      .data_format = data_format);
    const tare_tensor y = tare_relu(tare_batch_norm(h, .axis = axis, .training = training));
    return tare_max_pooling2d(y, TARE_LIST(2), TARE_LIST(2), .data_format = data_format);
}

static chain build_chain(int data_format, tare_tensor training) {
    chain c = {.t = trial_begin()};
    const bool first = data_format == TARE_CHANNELS_FIRST;
    c.x =
        trial_input(&c.t, TARE_FLOAT32, first ? TARE_SHAPE(2, 3, 8, 12) : TARE_SHAPE(2, 8, 12, 3));
    c.pooled = block(block(c.x, 4, training, data_format), 5, training, data_format);
    const tare_tensor flat = tare_reshape(c.pooled, TARE_SHAPE(2, 30));
    const tare_tensor weighed =
        tare_matmul(flat, trial_input(&c.t, TARE_FLOAT32, TARE_SHAPE(30, 2)));
    c.cost = tare_reduce_sum(tare_square(weighed));
    c.count = tare_collection_count(c.t.graph, TARE_TRAINABLE_VARIABLES, NULL);
    for (size_t i = 0; i < c.count; i++)
        c.variables[i] = tare_collection_item(c.t.graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    return c;
}

static void only_the_ends_of_a_channels_first_chain_are_transposed(void **state) {
    (void)state;
    chain c = build_chain(TARE_CHANNELS_FIRST, TARE_TRUE);
    char *forward = trial_compare(&c.t, &c.pooled, 1, 1e-4);
    assert_int_equal(trial_steps(forward, "transpose"), 2);
    /* What a kernel of this instruction set does not take into its registers stands by itself. */
    assert_int_equal(
        trial_steps(forward, "nn_convolution") + trial_steps(forward, "finished_convolution"), 2);
    tare_text_free(forward);
    c.variables[c.count] = c.x;
    tare_gradients(&c.cost, 1, c.variables, c.count + 1, NULL, c.gradients);
    /* Forward x in and the pooled numbers out, which the matmul reads; back their gradient in. */
    char *backward = trial_compare(&c.t, c.gradients, c.count, 1e-3);
    assert_int_equal(trial_steps(backward, "transpose"), 3);
    assert_int_equal(trial_steps(backward, "convolution_filter_gradient"), 2);
    tare_text_free(backward);
    char *with_x = trial_compare(&c.t, &c.gradients[c.count], 1, 1e-3);
    assert_int_equal(trial_steps(with_x, "transpose"), 4);
    tare_text_free(with_x);
    trial_end(&c.t);
}

static void a_frozen_channels_first_chain_folds(void **state) {
    (void)state;
    chain c = build_chain(TARE_CHANNELS_FIRST, TARE_FALSE);
    char *plan = trial_compare(&c.t, &c.pooled, 1, 1e-4);
    assert_int_equal(trial_steps(plan, "normalise"), 0);
    assert_int_equal(trial_steps(plan, "bias_add"), 0);
    assert_int_equal(trial_steps(plan, "transpose"), 2);
    tare_text_free(plan);
    trial_end(&c.t);
}

/* The two orders hold the same network. */
static void channels_first_computes_what_channels_last_does(void **state) {
    (void)state;
    chain last = build_chain(TARE_CHANNELS_LAST, TARE_TRUE),
          first = build_chain(TARE_CHANNELS_FIRST, TARE_TRUE);
    tare_session *a = trial_session(last.t.graph, true), *b = trial_session(first.t.graph, true);
    trial_set_variables(&last.t, a);
    trial_set_variables(&first.t, b);
    const tare_array *x = first.t.feeds[0].array;
    tare_array *turned = trial_numbers(TARE_FLOAT32, TARE_SHAPE(2, 8, 12, 3), 0);
    for (int64_t n = 0; n < 2; n++)
        for (int64_t p = 0; p < 96; p++)
            for (int64_t k = 0; k < 3; k++)
                tare_array_set_number(turned, (n * 96 + p) * 3 + k,
                                      tare_array_number(x, (n * 3 + k) * 96 + p));
    tare_array *y = NULL, *z = NULL;
    const tare_feed feed = {last.x, turned};
    if (tare_session_run(a, &feed, 1, &last.pooled, 1, &y)) fail_msg("%s", tare_session_message(a));
    if (tare_session_run(b, first.t.feeds, 1, &first.pooled, 1, &z))
        fail_msg("%s", tare_session_message(b));
    for (int64_t n = 0; n < 2; n++)
        for (int64_t p = 0; p < 6; p++)
            for (int64_t k = 0; k < 5; k++)
                assert_true(tare_array_number(y, (n * 6 + p) * 5 + k) ==
                            tare_array_number(z, (n * 5 + k) * 6 + p));
    tare_array_free(turned);
    tare_session_free(a);
    tare_session_free(b);
    trial_end(&last.t);
    trial_end(&first.t);
}

static void fetching_more_changes_no_bit(void **state) {
    (void)state;
    chain c = build_chain(TARE_CHANNELS_FIRST, TARE_TRUE);
    tare_gradients(&c.cost, 1, c.variables, c.count, NULL, c.gradients);
    const tare_tensor more[] = {c.gradients[0], c.pooled, c.cost,
                                tare_tensor_named(c.t.graph, "conv2d/BiasAdd:0"),
                                tare_tensor_named(c.t.graph, "Relu:0")};
    tare_session *alone = trial_session(c.t.graph, true), *beside = trial_session(c.t.graph, true);
    trial_set_variables(&c.t, alone);
    trial_set_variables(&c.t, beside);
    tare_array *few[1] = {NULL}, *many[5] = {NULL};
    assert_int_equal(tare_session_run(alone, c.t.feeds, c.t.feed_count, c.gradients, 1, few),
                     TARE_OK);
    assert_int_equal(tare_session_run(beside, c.t.feeds, c.t.feed_count, more, 5, many), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(few[0]); i++)
        assert_true(tare_array_number(few[0], i) == tare_array_number(many[0], i));
    tare_session_free(alone);
    tare_session_free(beside);
    trial_end(&c.t);
}

/* ---------------------------------------------------------------------- pairs and duplicates */

static void a_transpose_and_its_inverse_vanish(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5));
    const tare_tensor y = tare_relu(to_first(tare_tanh(to_last(tare_sigmoid(x)))));
    char *plan = trial_compare(&t, &y, 1, 0);
    assert_int_equal(trial_steps(plan, "transpose"), 0);
    assert_non_null(strstr(plan, "moved: ahead of transpose"));
    assert_non_null(strstr(plan, "transposes met their inverse"));
    tare_text_free(plan);
    trial_end(&t);
}

static void transposes_in_a_row_are_one(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5));
    const tare_tensor y = tare_transpose(to_last(x), .perm = TARE_LIST(2, 3, 0, 1));
    char *plan = trial_compare(&t, &y, 1, 0);
    assert_int_equal(trial_steps(plan, "transpose"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void like_transposes_of_one_value_are_one(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5));
    const tare_tensor w = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 3, 2));
    const tare_tensor ys[] = {tare_nn_conv2d(to_last(x), w), tare_nn_avg_pool2d(to_last(x))};
    char *plan = trial_compare(&t, ys, 2, 1e-6);
    assert_int_equal(trial_steps(plan, "transpose"), 1);
    tare_text_free(plan);
    trial_end(&t);
}

static void a_different_order_stops_what_moves(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 3, 3));
    const tare_tensor y = tare_add(to_last(x), to_first(x));
    char *plan = trial_compare(&t, &y, 1, 0);
    assert_int_equal(trial_steps(plan, "transpose"), 2);
    tare_text_free(plan);
    trial_end(&t);
}

/* Each branch of a conditional keeps its own. */
static void conditionals_keep_their_sides(void **state) {
    (void)state;
    for (int side = 0; side < 2; side++) {
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5));
        const tare_tensor asked = trial_input(&t, TARE_FLOAT32, TARE_SCALAR);
        tare_array_set_number((tare_array *)t.feeds[1].array, 0, side ? 1 : -1);
        const tare_tensor outside = tare_relu(to_last(tare_abs(x)));
        assert_int_equal(tare_cond_begin(t.graph, tare_greater(asked, tare_number(0))), TARE_OK);
        const tare_tensor yes = to_first(tare_tanh(outside));
        const tare_tensor yes_pooled = tare_nn_avg_pool2d(to_last(x));
        assert_int_equal(tare_cond_otherwise(t.graph), TARE_OK);
        const tare_tensor no = to_first(tare_add(outside, to_last(x)));
        const tare_tensor no_pooled = tare_nn_max_pool2d(to_last(x));
        assert_int_equal(tare_cond_end(t.graph), TARE_OK);
        const tare_tensor ys[] = {tare_cond_merge(t.graph, yes, no), to_first(outside),
                                  tare_cond_merge(t.graph, yes_pooled, no_pooled)};
        tare_text_free(trial_compare(&t, ys, 3, 0));
        trial_end(&t);
    }
}

/* ---------------------------------------------------------------------- variables */

/* What a transpose saw of a variable before it was written is not read after. */
static void a_transpose_of_a_written_variable_stays(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor v = tare_variable(t.graph, "v", TARE_SHAPE(2, 3), .initializer = TARE_ONES);
    const tare_tensor before = tare_transpose(v), set = tare_assign_add(v, v);
    tare_control_dependencies_begin(t.graph, &set, 1);
    const tare_tensor late = tare_negative(before), after = tare_transpose(v);
    tare_control_dependencies_end(t.graph);
    const tare_tensor ys[] = {late, after, tare_add(before, after)};
    tare_session *s = trial_session(t.graph, true);
    tare_array *got[3] = {NULL};
    if (tare_session_run(s, NULL, 0, ys, 3, got)) fail_msg("%s", tare_session_message(s));
    for (int i = 0; i < 6; i++) {
        assert_true(tare_array_number(got[0], i) == -1);
        assert_true(tare_array_number(got[1], i) == 2);
        assert_true(tare_array_number(got[2], i) == 3);
    }
    tare_session_free(s);
    trial_end(&t);
}

/* ---------------------------------------------------------------------- every op that moves */

enum { LEFT_IN_PLACE = 1 }; /* for checks: the op must not have moved */

/* y is built on transposes; without any in the plan but those of its own results. */
static void check_moved(plan_trial *t, tare_tensor y, int transposes, double tolerance) {
    char *plan = trial_compare(t, &y, 1, tolerance);
    if (trial_steps(plan, "transpose") != transposes)
        fail_msg("%s: %d transposes, not %d:\n%s", tare_tensor_name(y),
                 trial_steps(plan, "transpose"), transposes, plan);
    tare_text_free(plan);
}

static void elementwise_ops_follow(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor a = to_last(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5))),
                      b = to_last(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5))),
                      row = to_last(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1, 3, 1, 5))),
                      channel = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 1, 3)),
                      wide = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1, 4, 1, 3)),
                      last = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(3)),
                      one = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1));
    const tare_tensor three[] = {a, b, a};
    check_moved(&t, to_first(tare_add(a, b)), 0, 0);
    check_moved(&t, to_first(tare_mul(a, row)), 0, 0);
    check_moved(&t, to_first(tare_maximum(a, channel)), 0, 0);
    check_moved(&t, to_first(tare_sub(one, a)), 0, 0);
    check_moved(&t, to_first(tare_mul(a, tare_number(3))), 0, 0);
    check_moved(&t, to_first(tare_leaky_relu(tare_identity(a))), 0, 0);
    check_moved(&t, to_first(tare_cast(tare_less(a, b), TARE_FLOAT32)), 0, 0);
    check_moved(&t, to_first(tare_where(tare_less(a, b), a, b)), 0, 0);
    check_moved(&t, to_first(tare_clip_by_value(a, tare_number(-.5), tare_number(.5))), 0, 0);
    check_moved(&t, to_first(tare_add_n(three, 3)), 0, 0);
    check_moved(&t, to_first(tare_mul(tare_ones_like(a), a)), 0, 0);
    /* What would have to be moved itself, or counts axes from the end, stays where it is. */
    check_moved(&t, to_first(tare_add(a, wide)), 1 + LEFT_IN_PLACE, 0);
    check_moved(&t, to_first(tare_add(a, last)), 1 + LEFT_IN_PLACE, 0);
    trial_end(&t);
}

static void where_by_rows_stays(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor row = trial_input(&t, TARE_BOOL, TARE_SHAPE(1));
    const tare_tensor a = tare_transpose(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(300, 1))),
                      b = tare_transpose(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(300, 1)));
    const tare_tensor y = tare_where(row, a, b);
    char *plan = trial_compare(&t, &y, 1, 0);
    assert_null(strstr(plan, "moved"));
    tare_text_free(plan);
    trial_end(&t);
}

static void reductions_follow(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor a = to_last(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5)));
    check_moved(&t, tare_reduce_sum(a), 0, 1e-6);
    check_moved(&t, tare_reduce_mean(a, .axis = TARE_LIST(1, 2)), 0, 1e-6);
    check_moved(&t, tare_reduce_max(a, .axis = TARE_LIST(-1, 0)), 0, 0);
    check_moved(&t, to_first(tare_reduce_min(a, .axis = TARE_LIST(3), .keepdims = true)), 0, 0);
    check_moved(&t, tare_reduce_logsumexp(a, .axis = TARE_LIST(0, 1, 2)), 0, 1e-6);
    check_moved(&t, tare_l2_loss(a), 0, 1e-6);
    check_moved(
        &t, tare_nn_global_avg_pool(tare_transpose(a, .perm = TO_FIRST), .data_format = TARE_NCHW),
        0, 1e-6);
    /* Rows and channels change places: the result would come out turned. */
    check_moved(&t, tare_reduce_sum(a, .axis = TARE_LIST(0, 2)), LEFT_IN_PLACE, 1e-6);
    trial_end(&t);
}

static tare_tensor gradient_of(tare_tensor y, tare_tensor x) {
    tare_tensor dx = TARE_NULL;
    const tare_tensor cost = tare_reduce_sum(tare_square(y));
    tare_gradients(&cost, 1, &x, 1, NULL, &dx);
    return dx;
}

static void gradients_follow(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5)), a = to_last(x);
    const tare_tensor both[] = {a, tare_tanh(a)};
    check_moved(&t, gradient_of(tare_relu(a), x), 0, 0);
    check_moved(&t, gradient_of(tare_sigmoid(a), x), 0, 1e-6);
    check_moved(&t, gradient_of(tare_reduce_mean(a, .axis = TARE_LIST(1, 2)), x), 0, 1e-6);
    check_moved(&t, gradient_of(tare_concat(both, 2, 3), x), 0, 1e-6);
    check_moved(&t, gradient_of(tare_mul(a, tare_reduce_sum(a)), x), 0, 1e-5);
    trial_end(&t);
}

static void what_joins_and_pads_follows(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor a = to_last(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4, 5))),
                      b = to_last(trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 1, 4, 5)));
    const tare_tensor both[] = {a, b};
    const tare_list before = TARE_LIST(0, 1, 2, 0), after = TARE_LIST(0, 1, 0, 3);
    check_moved(&t, to_first(tare_concat(both, 2, 3)), 0, 0);
    check_moved(&t, to_first(tare_pad(a, .before = before, .after = after)), 0, 0);
    check_moved(&t,
                to_first(tare_pad(a, .before = TARE_LIST(0, 1, 2, 0),
                                  .after = TARE_LIST(0, 2, 0, 1), .mode = TARE_PAD_REFLECT)),
                0, 0);
    trial_end(&t);
}

/* ---------------------------------------------------------------------- normalisation */

static tare_tensor norm(tare_tensor x, tare_list axis, tare_tensor training) {
    return tare_batch_norm(x, .axis = axis, .training = training);
}

static void normalisation_follows_in_every_mode(void **state) {
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(4, 3, 2, 5));
        const tare_tensor asked = trial_input(&t, TARE_FLOAT32, TARE_SCALAR);
        const tare_tensor training = mode == 0   ? TARE_FALSE
                                     : mode == 1 ? TARE_TRUE
                                                 : tare_greater(asked, tare_number(-2));
        check_moved(&t, to_first(norm(to_last(x), TARE_LIST(3), training)), 0, 1e-5);
        check_moved(&t, to_first(norm(to_last(x), TARE_LIST(1), training)), 0, 1e-5);
        check_moved(&t, to_first(norm(to_last(x), TARE_LIST(1, 2), training)), 0, 1e-5);
        check_moved(&t, gradient_of(norm(to_last(x), TARE_LIST(3), training), x), 0, 1e-4);
        trial_end(&t);
    }
}

/* Channels that another order tears apart or swaps are normalised where they are. */
static void channels_that_would_lie_apart_stay(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(4, 3, 2, 5));
    check_moved(&t, to_first(norm(to_last(x), TARE_LIST(2, 3), TARE_TRUE)), 1 + LEFT_IN_PLACE,
                1e-5);
    trial_end(&t);
}

/* Axes that lie apart are brought together by transposes of the layer's own, which move too. */
static void norms_over_axes_apart_agree(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(4, 3, 2, 5));
    const tare_tensor y = tare_relu(norm(tare_relu(x), TARE_LIST(1, 3), TARE_TRUE));
    const tare_tensor ys[] = {y, gradient_of(y, x)};
    tare_text_free(trial_compare(&t, ys, 2, 1e-4));
    trial_end(&t);
}

static void moments_follow(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(4, 3, 2, 5));
    const tare_tensor mean = tare_moments(to_last(x), .axes = TARE_LIST(0, 1, 2));
    const tare_tensor apart = tare_moments(to_last(x), .axes = TARE_LIST(1, 2), .keep_dims = true);
    check_moved(&t, mean, 0, 1e-6);
    check_moved(&t, tare_output(mean, 1), 0, 1e-6);
    tare_text_free(trial_compare(&t, &apart, 1, 1e-6));
    trial_end(&t);
}

/* ---------------------------------------------------------------------- empty and small shapes */

static void empty_and_single_extents_are_fine(void **state) {
    (void)state;
    static const int64_t shapes[][4] = {{0, 3, 4, 5}, {2, 1, 4, 5}, {1, 3, 1, 1}, {2, 3, 0, 5}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        plan_trial t = trial_begin();
        const int64_t *e = shapes[i];
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(e[0], e[1], e[2], e[3]));
        const tare_tensor y = tare_relu(norm(to_last(x), TARE_LIST(3), TARE_FALSE));
        const tare_tensor ys[] = {to_first(y), tare_reduce_sum(y)};
        tare_text_free(trial_compare(&t, ys, 2, 1e-5));
        trial_end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_ends_of_a_channels_first_chain_are_transposed),
        cmocka_unit_test(a_frozen_channels_first_chain_folds),
        cmocka_unit_test(channels_first_computes_what_channels_last_does),
        cmocka_unit_test(fetching_more_changes_no_bit),
        cmocka_unit_test(a_transpose_and_its_inverse_vanish),
        cmocka_unit_test(transposes_in_a_row_are_one),
        cmocka_unit_test(like_transposes_of_one_value_are_one),
        cmocka_unit_test(a_different_order_stops_what_moves),
        cmocka_unit_test(conditionals_keep_their_sides),
        cmocka_unit_test(a_transpose_of_a_written_variable_stays),
        cmocka_unit_test(elementwise_ops_follow),
        cmocka_unit_test(where_by_rows_stays),
        cmocka_unit_test(reductions_follow),
        cmocka_unit_test(gradients_follow),
        cmocka_unit_test(what_joins_and_pads_follows),
        cmocka_unit_test(normalisation_follows_in_every_mode),
        cmocka_unit_test(channels_that_would_lie_apart_stay),
        cmocka_unit_test(norms_over_axes_apart_agree),
        cmocka_unit_test(moments_follow),
        cmocka_unit_test(empty_and_single_extents_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
