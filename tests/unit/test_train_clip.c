/* SPDX-License-Identifier: Apache-2.0 */
/* Clipping by norms: values, gradients at the edge, numbers that are not finite, names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_allocator.h"

#include <tare/session.h>
#include <tare/train.h>

enum { COUNT = 6 };
static const float numbers[COUNT] = {3, -4, 1, .5f, -2, 2};

typedef struct fixture {
    tare_graph *graph;
    tare_tensor x; /* fed with `numbers` as [2, 3] */
    tare_array *fed;
} fixture;

static fixture make(const float *values) {
    fixture f = {.graph = tare_graph_new()};
    f.x = tare_placeholder(f.graph, TARE_FLOAT32, TARE_SHAPE(2, 3), .name = "x");
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 3), values, &f.fed), TARE_OK);
    return f;
}

static void drop(fixture *f) {
    tare_array_free(f->fed);
    tare_graph_free(f->graph);
}

/* Fetches into an array of the caller's. */
static tare_array *run(const fixture *f, tare_tensor fetch) {
    tare_session *session = NULL;
    tare_array *result = NULL;
    if (tare_graph_status(f->graph)) fail_msg("%s", tare_message(f->graph));
    assert_int_equal(tare_session_new_with(f->graph, NULL, &session, NULL), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, tare_tensor_shape(fetch), NULL, &result),
                     TARE_OK);
    const tare_feed feed = {f->x, f->fed};
    if (tare_session_run(session, &feed, 1, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(session));
    tare_session_free(session);
    return result;
}

static void check(const fixture *f, tare_tensor fetch, const double *wanted) {
    tare_array *got = run(f, fetch);
    for (int64_t i = 0; i < tare_array_count(got); i++)
        if (!(fabs(tare_array_number(got, i) - wanted[i]) <= 1e-6))
            fail_msg("%lld: got %.9g, wanted %.9g", (long long)i, tare_array_number(got, i),
                     wanted[i]);
    tare_array_free(got);
}

static double norm_of(const float *x, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static void a_norm_above_the_bound_is_brought_down_to_it(void **state) {
    (void)state;
    static const double bounds[] = {.5, 100};
    for (int b = 0; b < 2; b++) {
        fixture f = make(numbers);
        const double norm = norm_of(numbers, COUNT);
        double wanted[COUNT];
        for (int i = 0; i < COUNT; i++)
            wanted[i] = (double)numbers[i] * bounds[b] / fmax(norm, bounds[b]);
        const tare_tensor clipped = tare_clip_by_norm(f.x, tare_number(bounds[b]));
        assert_string_equal(tare_tensor_name(clipped), "clip_by_norm:0");
        check(&f, clipped, wanted);
        drop(&f);
    }
}

static void norms_may_be_taken_over_axes(void **state) {
    (void)state;
    fixture f = make(numbers);
    double wanted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const int column = i % 3;
        const double norm = hypot((double)numbers[column], (double)numbers[column + 3]);
        wanted[i] = (double)numbers[i] * 2 / fmax(norm, 2);
    }
    check(&f, tare_clip_by_norm(f.x, tare_number(2), .axes = TARE_LIST(0)), wanted);
    drop(&f);
}

/* The root's slope at 0 is infinite; the gradient of what is left alone must not be NaN. */
static void the_gradient_at_zero_is_finite(void **state) {
    (void)state;
    static const float zeros[COUNT] = {0};
    static const double ones[COUNT] = {1, 1, 1, 1, 1, 1};
    fixture f = make(zeros);
    const tare_tensor clipped = tare_clip_by_norm(f.x, tare_number(.5));
    tare_tensor gradient;
    assert_int_equal(tare_gradients(&clipped, 1, &f.x, 1, NULL, &gradient), TARE_OK);
    check(&f, gradient, ones);
    drop(&f);
}

static void an_average_norm_counts_elements(void **state) {
    (void)state;
    static const double bounds[] = {.5, 5};
    for (int b = 0; b < 2; b++) {
        fixture f = make(numbers);
        const double norm = norm_of(numbers, COUNT);
        double wanted[COUNT];
        for (int i = 0; i < COUNT; i++)
            wanted[i] = (double)numbers[i] * bounds[b] * fmin(COUNT / norm, 1 / bounds[b]);
        const tare_tensor clipped = tare_clip_by_average_norm(f.x, tare_number(bounds[b]));
        assert_string_equal(tare_tensor_name(clipped), "clip_by_average_norm:0");
        check(&f, clipped, wanted);
        drop(&f);
    }
}

/* ------------------------------------------------------------------------- global */

static void a_global_norm_is_over_all_that_is_given(void **state) {
    (void)state;
    static const double bounds[] = {.5, 100};
    for (int b = 0; b < 2; b++) {
        fixture f = make(numbers);
        const tare_tensor twice = tare_mul(f.x, tare_number(2));
        const tare_tensor list[] = {f.x, TARE_NULL, twice};
        tare_tensor clipped[3];
        const tare_tensor norm = tare_clip_by_global_norm(list, 3, tare_number(bounds[b]), clipped);
        const double global = norm_of(numbers, COUNT) * sqrt(5);
        double wanted[COUNT], wanted_twice[COUNT];
        for (int i = 0; i < COUNT; i++) {
            wanted[i] = (double)numbers[i] * bounds[b] * fmin(1 / global, 1 / bounds[b]);
            wanted_twice[i] = 2 * wanted[i];
        }
        assert_false(tare_tensor_is_valid(clipped[1]));
        assert_string_equal(tare_tensor_name(clipped[2]),
                            "clip_by_global_norm/clip_by_global_norm_2:0");
        check(&f, norm, &global);
        check(&f, clipped[0], wanted);
        check(&f, clipped[2], wanted_twice);
        drop(&f);
    }
}

static void a_norm_that_is_known_is_used(void **state) {
    (void)state;
    fixture f = make(numbers);
    double wanted[COUNT];
    for (int i = 0; i < COUNT; i++) wanted[i] = (double)numbers[i] / 10;
    tare_tensor clipped;
    const tare_tensor ten = tare_mul(tare_ones_like(tare_reduce_sum(f.x)), tare_number(10));
    const tare_tensor norm =
        tare_clip_by_global_norm(&f.x, 1, tare_number(1), &clipped, .use_norm = ten);
    assert_int_equal(norm.node, ten.node);
    check(&f, clipped, wanted);
    drop(&f);
}

static void a_norm_that_is_not_finite_makes_all_nan(void **state) {
    (void)state;
    static const float broken[2][COUNT] = {{1, 2, INFINITY, 3, 4, 5}, {1, 2, NAN, 3, 4, 5}};
    for (int b = 0; b < 2; b++) {
        fixture f = make(broken[b]);
        const tare_tensor list[] = {f.x, tare_zeros_like(f.x)};
        tare_tensor clipped[2];
        tare_clip_by_global_norm(list, 2, tare_number(1), clipped);
        tare_array *got = run(&f, clipped[1]);
        for (int64_t i = 0; i < COUNT; i++) assert_true(isnan(tare_array_number(got, i)));
        tare_array_free(got);
        drop(&f);
    }
}

static void a_list_of_nothing_is_refused(void **state) {
    (void)state;
    fixture f = make(numbers);
    tare_tensor list[] = {{.graph = f.graph}, {.graph = f.graph}}, clipped[2];
    const int64_t size = tare_graph_size(f.graph);
    assert_false(tare_tensor_is_valid(tare_clip_by_global_norm(list, 2, tare_number(1), clipped)));
    assert_int_equal(tare_graph_status(f.graph), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_graph_size(f.graph), size);
    drop(&f);
}

/* Each allocation of building fails in turn; nothing is lost, and clipped is left null. */
static void clipping_without_memory_is_a_status(void **state) {
    (void)state;
    for (int64_t fail_at = 1;; fail_at++) {
        failing_allocator allocator;
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&allocator, fail_at));
        tare_tensor clipped[2] = {{.node = 0}};
        if (graph) {
            const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(3));
            const tare_tensor list[] = {x, tare_clip_by_norm(x, tare_number(1))};
            tare_clip_by_average_norm(x, tare_number(1));
            tare_clip_by_global_norm(list, 2, tare_number(1), clipped);
        }
        const bool built = graph && tare_graph_status(graph) == TARE_OK;
        if (graph && !built) {
            assert_int_equal(tare_graph_status(graph), TARE_ERROR_MEMORY);
            assert_int_equal(clipped[0].node, 0);
        }
        tare_graph_free(graph);
        assert_true(failing_allocator_is_clean(&allocator));
        if (built) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_norm_above_the_bound_is_brought_down_to_it),
        cmocka_unit_test(norms_may_be_taken_over_axes),
        cmocka_unit_test(the_gradient_at_zero_is_finite),
        cmocka_unit_test(an_average_norm_counts_elements),
        cmocka_unit_test(a_global_norm_is_over_all_that_is_given),
        cmocka_unit_test(a_norm_that_is_known_is_used),
        cmocka_unit_test(a_norm_that_is_not_finite_makes_all_nan),
        cmocka_unit_test(a_list_of_nothing_is_refused),
        cmocka_unit_test(clipping_without_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
