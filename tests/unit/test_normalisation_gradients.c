/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First, second and third gradients of batch normalisation against central differences in float64,
 * in every mode: training, inference, and both when only the run decides.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op/batch_norm.h"
#include <tare/op.h>
#include <tare/session.h>

enum { LEAVES = 3, ORDERS = 3, MOST_FEEDS = 24 };

typedef enum mode { TRAINING, INFERENCE, RUN_TRAINING, RUN_INFERENCE, MODES } mode;
static const char *const mode_names[] = {"training", "inference", "a run that trains",
                                         "a run that infers"};

/* A layer under test: f[0] = sum(y w), and f[k] the gradients of f[k - 1], each weighed. */
typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_feed feeds[MOST_FEEDS];
    size_t feed_count;
    tare_array *values[LEAVES]; /* of x, gamma, beta */
    tare_tensor f[ORDERS], gradients[ORDERS][LEAVES];
    uint64_t state;
} trial;

static double next_number(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 4503599627370496.0 - 1; /* -1 .. 1 */
}

/* A placeholder fed with random numbers around `middle`. */
static tare_tensor feed_numbers(trial *t, tare_shape shape, double middle, tare_array **kept) {
    tare_array *array = NULL;
    const tare_tensor tensor = tare_placeholder(t->graph, TARE_FLOAT64, shape);
    assert_int_equal(tare_array_new(TARE_FLOAT64, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, middle + .8 * next_number(&t->state));
    assert_true(t->feed_count < MOST_FEEDS);
    t->feeds[t->feed_count++] = (tare_feed){tensor, array};
    if (kept) *kept = array;
    return tensor;
}

/* A truth that no plan can know: a fed number compared. */
static tare_tensor run_time_truth(trial *t, bool truth) {
    const tare_tensor number = tare_placeholder(t->graph, TARE_FLOAT32, TARE_SCALAR);
    t->feeds[t->feed_count++] = (tare_feed){number, tare_array_float(truth ? 1.f : -1.f)};
    return tare_greater(number, tare_number(0));
}

static tare_tensor normalise(trial *t, const tare_tensor *leaves, tare_list axis,
                             tare_shape parameter, mode how) {
    tare_tensor inputs[TARE_BATCH_NORM_INPUTS] = {leaves[0], leaves[1], leaves[2]};
    tare_batch_norm_node_options options = {TARE_BATCH_NORM_NODE_DEFAULTS};
    options.axis = axis;
    options.epsilon = .01;
    options.training = how == TRAINING;
    if (how != TRAINING) {
        inputs[TARE_BATCH_NORM_MOVING_MEAN] = feed_numbers(t, parameter, 0, NULL);
        inputs[TARE_BATCH_NORM_MOVING_VARIANCE] = feed_numbers(t, parameter, 1.2, NULL);
    }
    if (how == RUN_TRAINING || how == RUN_INFERENCE)
        inputs[TARE_BATCH_NORM_TRAINING] = run_time_truth(t, how == RUN_TRAINING);
    return tare_build(t->graph, "batch_norm", inputs, TARE_BATCH_NORM_INPUTS, &options);
}

/* sum of each tensor times fixed random numbers of its shape. */
static tare_tensor weigh(trial *t, const tare_tensor *tensors, size_t count) {
    tare_tensor sum = TARE_NULL;
    for (size_t i = 0; i < count; i++) {
        if (!tare_tensor_is_valid(tensors[i])) continue;
        const tare_tensor weights = feed_numbers(t, tare_tensor_shape(tensors[i]), 0, NULL);
        const tare_tensor part = tare_reduce_sum(tare_mul(tensors[i], weights));
        sum = sum.node ? tare_add(sum, part) : part;
    }
    return sum;
}

static void build(trial *t, tare_shape x, tare_shape parameter, tare_list axis, mode how) {
    *t = (trial){.graph = tare_graph_new(), .state = 11};
    const tare_tensor leaves[LEAVES] = {feed_numbers(t, x, .3, &t->values[0]),
                                        feed_numbers(t, parameter, 1, &t->values[1]),
                                        feed_numbers(t, parameter, 0, &t->values[2])};
    tare_tensor y = normalise(t, leaves, axis, parameter, how);
    t->f[0] = weigh(t, &y, 1);
    for (int order = 0; order < ORDERS; order++) {
        assert_int_equal(tare_gradients(&t->f[order], 1, leaves, LEAVES, NULL, t->gradients[order]),
                         TARE_OK);
        if (order + 1 < ORDERS) t->f[order + 1] = weigh(t, t->gradients[order], LEAVES);
    }
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
}

static void free_trial(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    for (size_t i = 0; i < t->feed_count; i++) tare_array_free((tare_array *)t->feeds[i].array);
}

static tare_array *run(trial *t, tare_tensor fetch) {
    tare_array *result = NULL;
    if (tare_session_run(t->session, t->feeds, t->feed_count, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return result;
}

static double difference(trial *t, int order, tare_array *leaf, int64_t i) {
    const double step = 1e-4, at = tare_array_number(leaf, i);
    tare_array_set_number(leaf, i, at + step);
    const double above = tare_array_number(run(t, t->f[order]), 0);
    tare_array_set_number(leaf, i, at - step);
    const double below = tare_array_number(run(t, t->f[order]), 0);
    tare_array_set_number(leaf, i, at);
    return (above - below) / (2 * step);
}

static void check_order(trial *t, int order, const char *what) {
    static const char *const names[] = {"x", "gamma", "beta"};
    for (int leaf = 0; leaf < LEAVES; leaf++) {
        tare_array *values = t->values[leaf];
        for (int64_t i = 0; i < tare_array_count(values); i++) {
            const double want = difference(t, order, values, i);
            const bool flows = tare_tensor_is_valid(t->gradients[order][leaf]);
            const double got = flows ? tare_array_number(run(t, t->gradients[order][leaf]), i) : 0;
            if (!(fabs(got - want) <= 2e-6 * (1 + fabs(want))))
                fail_msg("%s: gradient %d for %s [%d] is %.9g, differences say %.9g", what,
                         order + 1, names[leaf], (int)i, got, want);
        }
    }
}

static void check(tare_shape x, tare_shape parameter, tare_list axis) {
    for (int how = 0; how < MODES; how++) {
        trial t;
        build(&t, x, parameter, axis, (mode)how);
        for (int order = 0; order < ORDERS; order++) {
            const bool constant = !t.f[order].node; /* nothing flows any more */
            if (!constant) check_order(&t, order, mode_names[how]);
        }
        free_trial(&t);
    }
}

static void gradients_of_the_last_axis_are_true_to_the_third(void **state) {
    (void)state;
    check(TARE_SHAPE(5, 2), TARE_SHAPE(2), TARE_LIST(-1));
}

static void gradients_of_an_inner_axis_are_true_to_the_third(void **state) {
    (void)state;
    check(TARE_SHAPE(2, 2, 3), TARE_SHAPE(2), TARE_LIST(1));
}

static void gradients_of_axes_that_lie_apart_are_true_to_the_third(void **state) {
    (void)state;
    check(TARE_SHAPE(2, 2, 2, 2), TARE_SHAPE(1, 2, 1, 2), TARE_LIST(1, 3));
}

/* The run's mode and the mode known when planning give the same bits. */
static void modes_known_and_unknown_agree_to_the_bit(void **state) {
    (void)state;
    const tare_shape x = TARE_SHAPE(40, 9), parameter = TARE_SHAPE(9);
    static const mode pairs[2][2] = {{TRAINING, RUN_TRAINING}, {INFERENCE, RUN_INFERENCE}};
    for (int k = 0; k < 2; k++) {
        trial known, unknown;
        build(&known, x, parameter, TARE_LIST(-1), pairs[k][0]);
        build(&unknown, x, parameter, TARE_LIST(-1), pairs[k][1]);
        /* Both drew the same numbers for x, gamma and beta; later draws differ. */
        const tare_tensor a = tare_tensor_named(known.graph, "BatchNorm:0");
        const tare_tensor b = tare_tensor_named(unknown.graph, "BatchNorm:0");
        const tare_array *y = run(&known, a), *z = run(&unknown, b);
        for (int64_t i = 0; i < tare_array_count(y); i++)
            assert_true(tare_array_number(y, i) == tare_array_number(z, i));
        free_trial(&known);
        free_trial(&unknown);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_the_last_axis_are_true_to_the_third),
        cmocka_unit_test(gradients_of_an_inner_axis_are_true_to_the_third),
        cmocka_unit_test(gradients_of_axes_that_lie_apart_are_true_to_the_third),
        cmocka_unit_test(modes_known_and_unknown_agree_to_the_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
