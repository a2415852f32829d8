/* SPDX-License-Identifier: Apache-2.0 */
/* A graph run with merged plans and without: the same numbers, and the merged plan as text. */
#ifndef TARE_TESTS_PLAN_TRIAL_H
#define TARE_TESTS_PLAN_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/session.h>

/* Numbers between -1 and 1 that follow no simple pattern; whole numbers and truths by rounding. */
static inline tare_array *trial_numbers(tare_dtype dtype, tare_shape shape, int seed) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i,
                              dtype == TARE_BOOL ? (double)(i * i % 7 < 3)
                                                 : sin((double)(3 * i * i + i + seed)));
    return array;
}

static inline tare_session *trial_session(tare_graph *graph, bool merge) {
    tare_session *session = NULL;
    tare_error error = {.status = TARE_OK};
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.merge = merge;
    if (tare_graph_status(graph)) fail_msg("%s", tare_message(graph));
    if (tare_session_new_with(graph, &options, &session, &error)) fail_msg("%s", error.message);
    if (tare_session_initialize(session)) fail_msg("%s", tare_session_message(session));
    return session;
}

/* How often a part occurs in a text. */
static inline int trial_count(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

/* Steps of that op in a plan's text: lines "  12  op  name ..". */
static inline int trial_steps(const char *plan, const char *op) {
    int count = 0;
    for (const char *line = plan; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        int step = 0;
        char word[64] = "";
        count += sscanf(line, "%d %63s", &step, word) == 2 && !strcmp(word, op);
    }
    return count;
}

typedef struct plan_trial {
    tare_graph *graph;
    tare_feed feeds[8];
    size_t feed_count;
} plan_trial;

static inline plan_trial trial_begin(void) { return (plan_trial){.graph = tare_graph_new()}; }

/* A placeholder that is fed numbers. */
static inline tare_tensor trial_input(plan_trial *t, tare_dtype dtype, tare_shape shape) {
    const tare_tensor x = tare_placeholder(t->graph, dtype, shape);
    t->feeds[t->feed_count] = (tare_feed){x, trial_numbers(dtype, shape, (int)t->feed_count)};
    t->feed_count++;
    return x;
}

static inline void trial_end(plan_trial *t) {
    for (size_t i = 0; i < t->feed_count; i++) tare_array_free((tare_array *)t->feeds[i].array);
    tare_graph_free(t->graph);
}

/* Gives every variable numbers of its own, the same in every session. */
static inline void trial_set_variables(plan_trial *t, tare_session *session) {
    const size_t count = tare_collection_count(t->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor v = tare_collection_item(t->graph, TARE_GLOBAL_VARIABLES, NULL, i);
        char name[160];
        strncpy(name, tare_tensor_name(v), sizeof name - 1);
        name[sizeof name - 1] = '\0';
        *strchr(name, ':') = '\0';
        tare_array *numbers =
            trial_numbers(tare_tensor_dtype(v), tare_tensor_shape(v), 100 * (int)i);
        for (int64_t k = 0; strstr(name, "variance") && k < tare_array_count(numbers); k++)
            tare_array_set_number(numbers, k, 0.5 + fabs(tare_array_number(numbers, k)));
        assert_int_equal(tare_session_set(session, name, numbers), TARE_OK);
        tare_array_free(numbers);
    }
}

/* A sum over the bits of every variable. */
static inline uint64_t trial_hash(tare_graph *graph, tare_session *session) {
    uint64_t hash = 0;
    const size_t count = tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        tare_array *values = NULL;
        const char *name =
            tare_tensor_name(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i));
        assert_int_equal(tare_session_get(session, name, &values), TARE_OK);
        const unsigned char *bytes = tare_array_const_data(values);
        for (size_t b = 0; b < tare_array_bytes(values); b++) hash = hash * 31 + bytes[b];
        tare_array_free(values);
    }
    return hash;
}

/* Runs the fetches merged and not; results agree to `tolerance`. The merged plan's text. */
static inline char *trial_compare(plan_trial *t, const tare_tensor *fetches, size_t count,
                                  double tolerance) {
    tare_array *plain[8] = {NULL}, *merged[8] = {NULL};
    tare_session *without = trial_session(t->graph, false), *with = trial_session(t->graph, true);
    trial_set_variables(t, without);
    trial_set_variables(t, with);
    if (tare_session_run(without, t->feeds, t->feed_count, fetches, count, plain))
        fail_msg("%s", tare_session_message(without));
    if (tare_session_run(with, t->feeds, t->feed_count, fetches, count, merged))
        fail_msg("%s", tare_session_message(with));
    for (size_t f = 0; f < count; f++) {
        const int64_t numbers = tare_array_count(plain[f]);
        assert_int_equal(tare_array_count(merged[f]), numbers);
        const tare_shape a = tare_array_shape(plain[f]), b = tare_array_shape(merged[f]);
        assert_int_equal(a.rank, b.rank);
        for (int d = 0; d < a.rank; d++) assert_int_equal(a.extents[d], b.extents[d]);
        for (int64_t i = 0; i < numbers; i++) {
            const double want = tare_array_number(plain[f], i),
                         got = tare_array_number(merged[f], i);
            if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
                fail_msg("fetch %d, number %d: %.9g merged, %.9g not", (int)f, (int)i, got, want);
        }
    }
    char *text = NULL;
    assert_int_equal(tare_session_plan_text(with, t->feeds, t->feed_count, fetches, count, &text),
                     TARE_OK);
    tare_session_free(without);
    tare_session_free(with);
    return text;
}

#endif
