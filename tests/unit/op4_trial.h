/* SPDX-License-Identifier: Apache-2.0 */
/* A graph, a session and numbers to feed, for tests that look at what an op computes. */
#ifndef TARE_TESTS_OP4_TRIAL_H
#define TARE_TESTS_OP4_TRIAL_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tare/op.h>
#include <tare/session.h>

enum { TRIAL_FEEDS = 16, TRIAL_RESULTS = 8 };

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_feed feeds[TRIAL_FEEDS];
    tare_array *arrays[TRIAL_FEEDS];
    size_t count;
    uint64_t drawn; /* numbers drawn so far */
} trial;

static inline trial trial_begin(void) {
    trial t = {.graph = tare_graph_new()};
    assert_non_null(t.graph);
    return t;
}

static inline void trial_end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    for (size_t i = 0; i < t->count; i++) tare_array_free(t->arrays[i]);
}

/* A placeholder that is fed an array, whose numbers the caller then writes. */
static inline tare_tensor trial_feed(trial *t, tare_dtype dtype, tare_shape shape) {
    assert_true(t->count < TRIAL_FEEDS);
    tare_array **array = &t->arrays[t->count];
    assert_int_equal(tare_array_new(dtype, shape, NULL, array), TARE_OK);
    const tare_tensor tensor = tare_placeholder(t->graph, dtype, shape);
    t->feeds[t->count++] = (tare_feed){tensor, *array};
    return tensor;
}

/* As many numbers as the shape holds. */
static inline tare_tensor trial_numbers(trial *t, tare_dtype dtype, tare_shape shape,
                                        const double *numbers) {
    const tare_tensor tensor = trial_feed(t, dtype, shape);
    tare_array *array = t->arrays[t->count - 1];
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, numbers[i]);
    return tensor;
}

/* 0, 1, 2, ... */
static inline tare_tensor trial_count(trial *t, tare_dtype dtype, tare_shape shape) {
    const tare_tensor tensor = trial_feed(t, dtype, shape);
    tare_array *array = t->arrays[t->count - 1];
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, (double)i);
    return tensor;
}

/* Numbers in -1..1 that follow no pattern. */
static inline tare_tensor trial_draw(trial *t, tare_dtype dtype, tare_shape shape) {
    const tare_tensor tensor = trial_feed(t, dtype, shape);
    tare_array *array = t->arrays[t->count - 1];
    for (int64_t i = 0; i < tare_array_count(array); i++) {
        t->drawn = t->drawn * 6364136223846793005u + 1442695040888963407u;
        tare_array_set_number(array, i, (double)(t->drawn >> 40) / (1 << 23) - 1);
    }
    return tensor;
}

static inline void trial_must_build(const trial *t) {
    if (tare_graph_status(t->graph) != TARE_OK) fail_msg("%s", tare_message(t->graph));
}

/* The first error must hold that part of a sentence. */
static inline void trial_must_refuse(const trial *t, const char *part) {
    if (!strstr(tare_message(t->graph), part))
        fail_msg("got \"%s\", wanted '%s' in it", tare_message(t->graph), part);
}

static inline tare_status trial_try(trial *t, const tare_tensor *fetches, size_t count,
                                    tare_array **results) {
    trial_must_build(t);
    tare_session_free(t->session);
    t->session = NULL;
    assert_int_equal(tare_session_new(t->graph, &t->session), TARE_OK);
    for (size_t i = 0; i < count; i++) results[i] = NULL;
    return tare_session_run(t->session, t->feeds, t->count, fetches, count, results);
}

/* Results belong to the session, until the next run of the trial. */
static inline void trial_run(trial *t, const tare_tensor *fetches, size_t count,
                             tare_array **results) {
    if (trial_try(t, fetches, count, results) != TARE_OK)
        fail_msg("%s", tare_session_message(t->session));
}

static inline void trial_must_fail(trial *t, tare_tensor fetch, const char *part) {
    tare_array *result = NULL;
    if (trial_try(t, &fetch, 1, &result) == TARE_OK) fail_msg("ran, wanted '%s'", part);
    if (!strstr(tare_session_message(t->session), part))
        fail_msg("got \"%s\", wanted '%s' in it", tare_session_message(t->session), part);
}

static inline void trial_compare(const tare_array *got, const double *wanted, size_t count,
                                 double tolerance) {
    assert_int_equal(tare_array_count(got), count);
    for (size_t i = 0; i < count; i++) {
        const double number = tare_array_number(got, (int64_t)i);
        if (number == wanted[i] || (isnan(number) && isnan(wanted[i]))) continue;
        if (!(fabs(number - wanted[i]) <= tolerance))
            fail_msg("[%d] is %.9g, wanted %.9g", (int)i, number, wanted[i]);
    }
}

static inline void trial_expect(trial *t, tare_tensor fetch, const double *wanted, size_t count,
                                double tolerance) {
    tare_array *result = NULL;
    trial_run(t, &fetch, 1, &result);
    trial_compare(result, wanted, count, tolerance);
}

/* Two tensors must hold the same numbers; their shapes may differ by axes of extent 1. */
static inline void trial_expect_equal(trial *t, tare_tensor one, tare_tensor other,
                                      double tolerance) {
    const tare_tensor fetches[] = {one, other};
    tare_array *results[2];
    trial_run(t, fetches, 2, results);
    assert_int_equal(tare_array_count(results[0]), tare_array_count(results[1]));
    assert_true(tare_array_count(results[0]) > 0);
    for (int64_t i = 0; i < tare_array_count(results[0]); i++) {
        const double a = tare_array_number(results[0], i), b = tare_array_number(results[1], i);
        if (!(fabs(a - b) <= tolerance)) fail_msg("[%d]: %.9g and %.9g", (int)i, a, b);
    }
}

static inline void trial_expect_shape(tare_tensor tensor, tare_shape wanted) {
    const tare_shape got = tare_tensor_shape(tensor);
    assert_int_equal(got.rank, wanted.rank);
    for (int d = 0; d < wanted.rank; d++) assert_int_equal(got.extents[d], wanted.extents[d]);
}

#define NUMBERS(...)      ((const double[]){__VA_ARGS__})
#define HOW_MANY(...)     (sizeof(NUMBERS(__VA_ARGS__)) / sizeof(double))
#define EXPECT(t, x, ...) trial_expect(t, x, NUMBERS(__VA_ARGS__), HOW_MANY(__VA_ARGS__), 1e-6)

#endif
