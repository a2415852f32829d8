/* SPDX-License-Identifier: Apache-2.0 */
/* A normalisation layer on trial: one graph, one input x, numbers fed and variables looked at. */
#ifndef TARE_TESTS_NORMALISATION_TRIAL_H
#define TARE_TESTS_NORMALISATION_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/batch_norm.h>
#include <tare/session.h>

typedef struct trial {
    tare_graph *graph;
    tare_tensor x;
    tare_session *session;
    tare_array *fed;
} trial;

/* x: float32 of that shape, which is fed once numbers are set. */
static inline trial trial_of(tare_shape shape) {
    trial t = {.graph = tare_graph_new()};
    tare_shape declared = shape;
    declared.extents[0] = TARE_ANY;
    t.x = tare_placeholder(t.graph, TARE_FLOAT32, declared, .name = "x");
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &t.fed), TARE_OK);
    return t;
}

static inline void trial_open(trial *t) {
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    if (tare_session_initialize(t->session)) fail_msg("%s", tare_session_message(t->session));
}

static inline void trial_close(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_array_free(t->fed);
}

static inline void trial_feed(trial *t, const float *numbers) {
    memcpy(tare_array_data(t->fed), numbers, tare_array_bytes(t->fed));
}

/* Values of one fetch, until the next run; further feeds than x as given. */
static inline const float *trial_run(trial *t, tare_tensor fetch, const tare_feed *more,
                                     size_t count) {
    tare_feed feeds[8] = {{t->x, t->fed}};
    tare_array *result = NULL;
    assert_true(count < 8);
    for (size_t i = 0; i < count; i++) feeds[i + 1] = more[i];
    if (tare_session_run(t->session, feeds, count + 1, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return tare_array_const_data(result);
}

static inline void trial_update(trial *t) {
    const tare_feed feed = {t->x, t->fed};
    if (tare_session_run_collection(t->session, &feed, 1, TARE_UPDATE_OPS))
        fail_msg("%s", tare_session_message(t->session));
}

/* Number i of a variable. */
static inline double trial_variable(trial *t, const char *name, int64_t i) {
    tare_array *value = NULL;
    if (tare_session_get(t->session, name, &value))
        fail_msg("%s", tare_session_message(t->session));
    const double number = tare_array_number(value, i);
    tare_array_free(value);
    return number;
}

static inline void assert_near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("got %.9g, wanted %.9g within %.3g", got, want, tolerance);
}

static inline size_t update_count(const trial *t) {
    return tare_collection_count(t->graph, TARE_UPDATE_OPS, NULL);
}

#endif
