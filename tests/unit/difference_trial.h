/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients of whatever is built against central differences in float64: of a weighed sum of the
 * results for every input and every trainable variable, and again for the weighed sum of those.
 *
 *     difference_trial t;
 *     difference_begin(&t);
 *     tare_tensor x = difference_input(&t, TARE_SHAPE(4, 3), 0, 1);
 *     tare_tensor y = tare_layer_norm(x);
 *     difference_check(&t, y, 2, "layer_norm");
 */
#ifndef TARE_TESTS_DIFFERENCE_TRIAL_H
#define TARE_TESTS_DIFFERENCE_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/tare.h>

enum { DIFFERENCE_LEAVES = 12, DIFFERENCE_FEEDS = 40 };

typedef struct difference_trial {
    tare_graph *graph;
    tare_session *session;
    tare_feed feeds[DIFFERENCE_FEEDS];
    size_t feed_count;
    tare_tensor leaves[DIFFERENCE_LEAVES];
    tare_array *values[DIFFERENCE_LEAVES];
    bool is_variable[DIFFERENCE_LEAVES];
    size_t leaf_count;
    double variable_middle, variable_spread; /* of the variables' numbers; 1 and .5 */
    uint64_t state;
} difference_trial;

static inline void difference_begin(difference_trial *t) {
    *t = (difference_trial){
        .graph = tare_graph_new(), .variable_middle = 1, .variable_spread = .5, .state = 7};
}

static inline tare_array *difference_numbers(difference_trial *t, tare_shape shape, double middle,
                                             double spread) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT64, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++) {
        t->state = t->state * 6364136223846793005u + 1442695040888963407u;
        const double unit = (double)(t->state >> 11) / 4503599627370496.0 - 1; /* -1 .. 1 */
        tare_array_set_number(array, i, middle + spread * unit);
    }
    return array;
}

static inline void difference_feed(difference_trial *t, tare_tensor tensor, tare_array *array) {
    assert_true(t->feed_count < DIFFERENCE_FEEDS);
    t->feeds[t->feed_count++] = (tare_feed){tensor, array};
}

static inline void difference_leaf(difference_trial *t, tare_tensor tensor, tare_array *values,
                                   bool is_variable) {
    assert_true(t->leaf_count < DIFFERENCE_LEAVES);
    t->leaves[t->leaf_count] = tensor;
    t->values[t->leaf_count] = values;
    t->is_variable[t->leaf_count++] = is_variable;
}

/* A placeholder that is differentiated for; its first extent is not known while building. */
static inline tare_tensor difference_input(difference_trial *t, tare_shape shape, double middle,
                                           double spread) {
    tare_array *values = difference_numbers(t, shape, middle, spread);
    if (shape.rank > 0) shape.extents[0] = TARE_ANY;
    const tare_tensor x = tare_placeholder(t->graph, TARE_FLOAT64, shape);
    difference_feed(t, x, values);
    difference_leaf(t, x, values, false);
    return x;
}

static inline double difference_run(difference_trial *t, tare_tensor fetch, int64_t i) {
    tare_array *result = NULL;
    for (size_t k = 0; k < t->leaf_count; k++)
        if (t->is_variable[k] &&
            tare_session_set(t->session, tare_tensor_name(t->leaves[k]), t->values[k]))
            fail_msg("%s", tare_session_message(t->session));
    if (tare_session_run(t->session, t->feeds, t->feed_count, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return tare_array_number(result, i);
}

/* The sum of a tensor times random numbers of the shape that it has when run. */
static inline tare_tensor difference_weigh(difference_trial *t, tare_tensor y, tare_shape shape) {
    const tare_tensor weights = tare_placeholder(t->graph, TARE_FLOAT64, shape);
    difference_feed(t, weights, difference_numbers(t, shape, 0, 1));
    return tare_reduce_sum(tare_mul(y, weights));
}

static inline void difference_compare(difference_trial *t, tare_tensor sum,
                                      const tare_tensor *gradients, int order, const char *what) {
    for (size_t k = 0; k < t->leaf_count; k++) {
        const bool flows = tare_tensor_is_valid(gradients[k]);
        for (int64_t i = 0; i < tare_array_count(t->values[k]); i++) {
            const double h = 1e-5, at = tare_array_number(t->values[k], i);
            const double got = flows ? difference_run(t, gradients[k], i) : 0;
            tare_array_set_number(t->values[k], i, at + h);
            const double above = difference_run(t, sum, 0);
            tare_array_set_number(t->values[k], i, at - h);
            const double want = (above - difference_run(t, sum, 0)) / (2 * h);
            tare_array_set_number(t->values[k], i, at);
            if (!(fabs(got - want) <= 2e-6 * (1 + fabs(want))))
                fail_msg("%s: gradient %d for %s [%d] is %.9g, differences say %.9g", what, order,
                         tare_tensor_name(t->leaves[k]), (int)i, got, want);
        }
    }
}

static inline void difference_open(difference_trial *t) {
    tare_session_free(t->session);
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    if (tare_session_initialize(t->session)) fail_msg("%s", tare_session_message(t->session));
}

static inline tare_shape difference_shape(difference_trial *t, tare_tensor y) {
    tare_array *result = NULL;
    difference_open(t);
    if (tare_session_run(t->session, t->feeds, t->feed_count, &y, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return tare_array_shape(result);
}

static inline void difference_end(difference_trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    for (size_t i = 0; i < t->feed_count; i++) tare_array_free((tare_array *)t->feeds[i].array);
    for (size_t i = 0; i < t->leaf_count; i++)
        if (t->is_variable[i]) tare_array_free(t->values[i]);
}

/* Holds gradients of y up to `orders` (1 or 2) against differences, and ends the trial. */
static inline void difference_check(difference_trial *t, tare_tensor y, int orders,
                                    const char *what) {
    const tare_shape shape = difference_shape(t, y);
    for (size_t i = 0; i < tare_collection_count(t->graph, TARE_TRAINABLE_VARIABLES, NULL); i++) {
        const tare_tensor v = tare_collection_item(t->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
        tare_array *values =
            difference_numbers(t, tare_tensor_shape(v), t->variable_middle, t->variable_spread);
        difference_leaf(t, v, values, true);
    }
    tare_tensor sum = difference_weigh(t, y, shape);
    for (int order = 1; order <= orders; order++) {
        tare_tensor gradients[DIFFERENCE_LEAVES], next = TARE_NULL;
        if (tare_gradients(&sum, 1, t->leaves, t->leaf_count, NULL, gradients))
            fail_msg("%s: %s", what, tare_message(t->graph));
        for (size_t k = 0; k < t->leaf_count; k++) {
            if (!tare_tensor_is_valid(gradients[k])) continue;
            const tare_tensor part =
                difference_weigh(t, gradients[k], tare_array_shape(t->values[k]));
            next = next.node ? tare_add(next, part) : part;
        }
        difference_open(t);
        difference_compare(t, sum, gradients, order, what);
        sum = next;
        if (!tare_tensor_is_valid(sum)) break;
    }
    difference_end(t);
}

#endif
