/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual (ghost) batches: which samples make one, what is averaged, gradients, refusals. */
#include "difference_trial.h"

enum { BATCH = 6, SIZE = 3, GHOSTS = BATCH / SIZE, ROWS = 2, CHANNELS = 2 };

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y;
    tare_array *fed;
} trial;

/* images: [6, 2, 1, 2], else [6, 2]. */
static void start(trial *t, int order, bool images, bool known) {
    const tare_shape shape =
        images ? TARE_SHAPE(BATCH, ROWS, 1, CHANNELS) : TARE_SHAPE(BATCH, CHANNELS);
    tare_shape declared = shape;
    *t = (trial){.graph = tare_graph_new()};
    if (!known) declared.extents[0] = TARE_ANY;
    t->x = tare_placeholder(t->graph, TARE_FLOAT64, declared);
    t->y = tare_batch_norm(t->x, .training = TARE_TRUE, .virtual_batch_size = SIZE,
                           .virtual_batch_order = order, .momentum = 0, .epsilon = .01,
                           .gamma_initializer = TARE_CONSTANT(2),
                           .beta_initializer = TARE_CONSTANT(-1), .name = "bn");
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT64, shape, NULL, &t->fed), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(t->fed); i++)
        tare_array_set_number(t->fed, i, (double)(i * 7 % 13) - (double)i / 4);
}

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_array_free(t->fed);
}

static int ghost_of(int order, int sample) {
    return order == TARE_VIRTUAL_BATCH_CONTIGUOUS ? sample / SIZE : sample % GHOSTS;
}

typedef struct moments {
    double mean[GHOSTS][CHANNELS], variance[GHOSTS][CHANNELS];
} moments;

static moments moments_of(const tare_array *x, int order) {
    moments m = {{{0}}, {{0}}};
    const int count = (int)tare_array_count(x), row = count / BATCH, n = SIZE * row / CHANNELS;
    for (int i = 0; i < count; i++)
        m.mean[ghost_of(order, i / row)][i % CHANNELS] += tare_array_number(x, i) / n;
    for (int i = 0; i < count; i++) {
        const int g = ghost_of(order, i / row), c = i % CHANNELS;
        const double d = tare_array_number(x, i) - m.mean[g][c];
        m.variance[g][c] += d * d / n;
    }
    return m;
}

static void check_numbers(int order, bool images, bool known) {
    trial t;
    tare_array *y = NULL;
    start(&t, order, images, known);
    const moments m = moments_of(t.fed, order);
    const tare_feed feed = {t.x, t.fed};
    if (tare_session_run(t.session, &feed, 1, &t.y, 1, &y))
        fail_msg("%s", tare_session_message(t.session));
    const int count = (int)tare_array_count(t.fed), row = count / BATCH;
    for (int i = 0; i < count; i++) {
        const int g = ghost_of(order, i / row), c = i % CHANNELS;
        const double hat =
            (tare_array_number(t.fed, i) - m.mean[g][c]) / sqrt(m.variance[g][c] + .01);
        assert_true(fabs(tare_array_number(y, i) - (2 * hat - 1)) <= 1e-12);
    }
    assert_int_equal(tare_session_run_collection(t.session, &feed, 1, TARE_UPDATE_OPS), TARE_OK);
    tare_array *mean = NULL, *variance = NULL;
    assert_int_equal(tare_session_get(t.session, "bn/moving_mean", &mean), TARE_OK);
    assert_int_equal(tare_session_get(t.session, "bn/moving_variance", &variance), TARE_OK);
    for (int c = 0; c < CHANNELS; c++) {
        double averages[2] = {0, 0};
        for (int g = 0; g < GHOSTS; g++) {
            averages[0] += m.mean[g][c] / GHOSTS;
            averages[1] += m.variance[g][c] / GHOSTS;
        }
        assert_true(fabs(tare_array_number(mean, c) - averages[0]) <= 1e-12);
        assert_true(fabs(tare_array_number(variance, c) - averages[1]) <= 1e-12);
    }
    tare_array_free(mean);
    tare_array_free(variance);
    end(&t);
}

static void ghosts_normalise_apart_and_their_mean_is_averaged(void **state) {
    (void)state;
    for (int k = 0; k < 8; k++)
        check_numbers(k & 1 ? TARE_VIRTUAL_BATCH_CONTIGUOUS : TARE_VIRTUAL_BATCH_STRIDED,
                      (k & 2) != 0, (k & 4) != 0);
}

/* One ghost of all samples is batch normalisation. */
static void one_ghost_is_the_whole_batch(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        tare_graph *g = tare_graph_new();
        const tare_tensor x = tare_placeholder(g, TARE_FLOAT64, TARE_SHAPE(BATCH, CHANNELS));
        const tare_tensor ys[] = {tare_batch_norm(x, .training = TARE_TRUE),
                                  tare_batch_norm(x, .training = TARE_TRUE,
                                                  .virtual_batch_size = BATCH,
                                                  .virtual_batch_order = order)};
        tare_session *session = NULL;
        tare_array *fed = NULL, *results[2] = {NULL};
        assert_int_equal(tare_session_new(g, &session), TARE_OK);
        assert_int_equal(tare_session_initialize(session), TARE_OK);
        assert_int_equal(tare_array_new(TARE_FLOAT64, TARE_SHAPE(BATCH, CHANNELS), NULL, &fed),
                         TARE_OK);
        for (int i = 0; i < BATCH * CHANNELS; i++) tare_array_set_number(fed, i, i * i % 7);
        const tare_feed feed = {x, fed};
        assert_int_equal(tare_session_run(session, &feed, 1, ys, 2, results), TARE_OK);
        for (int i = 0; i < BATCH * CHANNELS; i++)
            assert_true(fabs(tare_array_number(results[0], i) - tare_array_number(results[1], i)) <=
                        1e-14);
        tare_session_free(session);
        tare_graph_free(g);
        tare_array_free(fed);
    }
}

static void parameters_have_one_more_extent_in_either_order(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        trial t;
        start(&t, order, true, false);
        const tare_shape gamma = tare_tensor_shape(tare_tensor_named(t.graph, "bn/gamma:0"));
        assert_int_equal(gamma.rank, 5);
        for (int axis = 0; axis < 4; axis++) assert_int_equal(gamma.extents[axis], 1);
        assert_int_equal(gamma.extents[4], CHANNELS);
        end(&t);
    }
}

static void gradients_are_true_to_the_second(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        difference_trial t;
        difference_begin(&t);
        const tare_shape shape = k & 2 ? TARE_SHAPE(4, 2, 1, 2) : TARE_SHAPE(6, 2);
        const tare_tensor x = difference_input(&t, shape, .5, 1);
        const tare_tensor y = tare_batch_norm(x, .training = TARE_TRUE, .virtual_batch_size = 2,
                                              .virtual_batch_order = k & 1, .epsilon = .05);
        difference_check(&t, y, 2, "ghosts");
    }
}

/* The batch is not known while building: the run says what does not fit. */
static void a_run_refuses_a_batch_that_ghosts_do_not_divide(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        trial t;
        tare_array *five = NULL, *y = NULL;
        start(&t, order, false, false);
        assert_int_equal(tare_array_new(TARE_FLOAT64, TARE_SHAPE(5, CHANNELS), NULL, &five),
                         TARE_OK);
        const tare_feed feed = {t.x, five};
        assert_int_equal(tare_session_run(t.session, &feed, 1, &t.y, 1, &y), TARE_ERROR_SHAPE);
        assert_non_null(strstr(tare_session_message(t.session),
                               order ? "got shape [5, 2] to become [?, 3, 2]"
                                     : "got shape [5, 2] to become [3, ?, 2]"));
        tare_array_free(five);
        end(&t);
    }
}

static void an_order_that_is_none_is_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    tare_batch_norm(x, .virtual_batch_size = 2, .virtual_batch_order = 2);
    assert_string_equal(tare_message(g),
                        "batch_norm 'batch_normalization': got another virtual_batch_order; needs "
                        "a value of tare_virtual_batch_order");
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ghosts_normalise_apart_and_their_mean_is_averaged),
        cmocka_unit_test(one_ghost_is_the_whole_batch),
        cmocka_unit_test(parameters_have_one_more_extent_in_either_order),
        cmocka_unit_test(gradients_are_true_to_the_second),
        cmocka_unit_test(a_run_refuses_a_batch_that_ghosts_do_not_divide),
        cmocka_unit_test(an_order_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
