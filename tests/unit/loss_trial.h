/* SPDX-License-Identifier: Apache-2.0 */
/* Losses and metrics on trial: placeholders with their numbers, fetches as doubles, refusals. */
#ifndef TARE_TESTS_LOSS_TRIAL_H
#define TARE_TESTS_LOSS_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/tare.h>

enum { TRIAL_FEEDS = 4, TRIAL_NUMBERS = 64 };

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_feed feeds[TRIAL_FEEDS];
    tare_array *arrays[TRIAL_FEEDS];
    size_t count;
} trial;

static inline trial trial_new(void) { return (trial){.graph = tare_graph_new()}; }

static inline void trial_free(trial *t) {
    tare_session_free(t->session);
    for (size_t i = 0; i < t->count; i++) tare_array_free(t->arrays[i]);
    tare_graph_free(t->graph);
}

/* A placeholder declared so, fed with these numbers in that shape. */
static inline tare_tensor trial_input(trial *t, tare_dtype dtype, tare_shape declared,
                                      tare_shape shape, const double *numbers) {
    const size_t i = t->count++;
    assert_true(i < TRIAL_FEEDS);
    assert_int_equal(tare_array_new(dtype, shape, NULL, &t->arrays[i]), TARE_OK);
    for (int64_t k = 0; k < tare_array_count(t->arrays[i]); k++)
        tare_array_set_number(t->arrays[i], k, numbers[k]);
    t->feeds[i] = (tare_feed){tare_placeholder_with(t->graph, dtype, declared, NULL), t->arrays[i]};
    return t->feeds[i].tensor;
}

static inline tare_tensor trial_fed(trial *t, tare_dtype dtype, tare_shape shape,
                                    const double *numbers) {
    return trial_input(t, dtype, shape, shape, numbers);
}

static inline void trial_open(trial *t) {
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    if (!t->session) assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), 0);
    if (tare_session_initialize(t->session)) fail_msg("%s", tare_session_message(t->session));
}

static inline tare_status trial_try(trial *t, tare_tensor fetch, tare_array **result) {
    return tare_session_run(t->session, t->feeds, t->count, &fetch, 1, result);
}

/* What a fetch comes to; how many numbers there are. */
static inline int64_t trial_run(trial *t, tare_tensor fetch, double *numbers) {
    tare_array *result = NULL;
    if (trial_try(t, fetch, &result)) fail_msg("%s", tare_session_message(t->session));
    const int64_t count = tare_array_count(result);
    assert_true(count <= TRIAL_NUMBERS);
    for (int64_t i = 0; i < count; i++) numbers[i] = tare_array_number(result, i);
    return count;
}

static inline double trial_number(trial *t, tare_tensor fetch) {
    double numbers[TRIAL_NUMBERS];
    assert_int_equal(trial_run(t, fetch, numbers), 1);
    return numbers[0];
}

static inline void trial_near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance)) fail_msg("got %.17g, wanted %.17g", got, want);
}

/* The graph was refused with a sentence that has this part; nothing of it stays. */
static inline void trial_refused(trial *t, tare_status status, const char *part) {
    const char *message = tare_message(t->graph);
    if (!strstr(message, part)) fail_msg("got \"%s\", wanted \"%s\" in it", message, part);
    assert_int_equal(tare_graph_status(t->graph), status);
    tare_graph_clear_error(t->graph);
}

#endif
