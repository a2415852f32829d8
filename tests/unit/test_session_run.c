/* SPDX-License-Identifier: Apache-2.0 */
/* Running a session: conditionals, feeds and fetches, the plan cache, memory, threads, and the
 * manners of a library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <tare/op.h>
#include <tare/session.h>

/* The thread sanitizer forbids starting threads in a forked child. */
#ifdef __SANITIZE_THREAD__
enum { CHILD_THREADS = 1 };
#else
enum { CHILD_THREADS = 2 };
#endif

static void assert_same(double got, double wanted) {
    if (got != wanted) fail_msg("got %g, wanted %g", got, wanted);
}

static tare_session *session_of(tare_graph *graph) {
    tare_session *session = NULL;
    tare_error error = {0};
    if (tare_session_new_with(graph, NULL, &session, &error) != TARE_OK)
        fail_msg("%s", error.message);
    if (tare_session_initialize(session) != TARE_OK) fail_msg("%s", tare_session_message(session));
    return session;
}

static double run_one(tare_session *session, const tare_feed *feeds, size_t count,
                      tare_tensor fetch) {
    tare_array *result = NULL;
    if (tare_session_run(session, feeds, count, &fetch, 1, &result) != TARE_OK)
        fail_msg("%s", tare_session_message(session));
    return result ? tare_array_number(result, 0) : 0;
}

/* ----------------------------------------------------------------------- conditionals */

typedef struct conditional {
    tare_graph *graph;
    tare_tensor v, predicate, x, value;
} conditional;

/* value = cond(predicate, v += 1 and 10 x, 20 x); 10 x is built inside, so it runs only when taken.
 */
static conditional build_conditional(tare_tensor (*make_predicate)(tare_graph *)) {
    conditional c = {.graph = tare_graph_new()};
    c.v = tare_get_variable(c.graph, "v", TARE_SCALAR, .initializer = TARE_ZEROS);
    c.x = tare_placeholder(c.graph, TARE_FLOAT32, TARE_SCALAR, .name = "x");
    c.predicate = make_predicate(c.graph);
    tare_tensor taken = TARE_NULL, other = TARE_NULL;
    tare_cond_begin(c.graph, c.predicate);
    const tare_tensor added = tare_assign_add(c.v, tare_number(1));
    TARE_CONTROL_DEPENDENCIES (c.graph, &added, 1) {
        taken = tare_mul(c.x, tare_number(10));
    }
    tare_cond_otherwise(c.graph);
    other = tare_mul(c.x, tare_number(20));
    tare_cond_end(c.graph);
    c.value = tare_cond_merge(c.graph, taken, other);
    if (tare_graph_status(c.graph) != TARE_OK) fail_msg("%s", tare_message(c.graph));
    return c;
}

static tare_tensor fed_boolean(tare_graph *graph) {
    return tare_placeholder(graph, TARE_BOOL, TARE_SCALAR, .name = "p");
}
static tare_tensor defaulted_boolean(tare_graph *graph) {
    return tare_placeholder_with_default(graph, TARE_TRUE, .name = "p");
}
/* Known when planning through an op: not(p). */
static tare_tensor negated_boolean(tare_graph *graph) {
    return tare_logical_not(fed_boolean(graph));
}
/* Known only when running. */
static tare_tensor computed_boolean(tare_graph *graph) {
    return tare_greater(tare_placeholder(graph, TARE_FLOAT32, TARE_SCALAR, .name = "p"),
                        tare_number(0));
}

static void a_branch_runs_only_when_taken(void **state) {
    (void)state;
    struct {
        tare_tensor (*make)(tare_graph *);
        bool as_number, negated;
    } kinds[] = {{fed_boolean, false, false},
                 {defaulted_boolean, false, false},
                 {negated_boolean, false, true},
                 {computed_boolean, true, false}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const conditional c = build_conditional(kinds[k].make);
        tare_session *session = session_of(c.graph);
        const tare_tensor p = tare_tensor_named(c.graph, "p:0");
        tare_array *x = tare_array_float(3);
        double runs = 0;
        for (int i = 0; i < 6; i++) {
            const bool on = i % 3 == 0, taken = on != kinds[k].negated;
            tare_array *fed =
                kinds[k].as_number ? tare_array_float(on ? 1.f : -1.f) : tare_array_bool(on);
            const double got = run_one(session, TARE_FEEDS({c.x, x}, {p, fed}), c.value);
            assert_same(got, taken ? 30 : 60);
            runs += taken;
            tare_array_free(fed);
        }
        tare_array *v = NULL;
        assert_int_equal(tare_session_get(session, "v", &v), TARE_OK);
        assert_same(tare_array_number(v, 0), runs);
        tare_array_free(v);
        tare_array_free(x);
        tare_session_free(session);
        tare_graph_free(c.graph);
    }
}

static void a_default_decides_when_nothing_is_fed(void **state) {
    (void)state;
    const conditional c = build_conditional(defaulted_boolean);
    tare_session *session = session_of(c.graph);
    tare_array *x = tare_array_float(3);
    assert_same(run_one(session, TARE_FEEDS({c.x, x}), c.value), 30);
    tare_array_free(x);
    tare_session_free(session);
    tare_graph_free(c.graph);
}

/* -------------------------------------------------------------------- feeds and fetches */

static void any_tensor_may_be_fed(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    const tare_tensor middle = tare_square(x);
    const tare_tensor y = tare_add(middle, tare_number(1));
    tare_session *session = session_of(graph);
    const float numbers[4] = {5, 6, 7, 8};
    tare_array *fed = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 2), numbers, &fed), TARE_OK);
    assert_same(run_one(session, TARE_FEEDS({middle, fed}), y), 6);      /* x is not needed */
    assert_same(run_one(session, TARE_FEEDS({middle, fed}), middle), 5); /* a fetched feed */
    assert_same(run_one(session, TARE_FEEDS({x, fed}), y), 26);
    tare_array_free(fed);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void fetches_go_by_name_and_by_collection(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = tare_get_variable(graph, "v", TARE_SCALAR, .initializer = TARE_ONES);
    tare_identity(tare_mul(v, tare_number(4)), .name = "four");
    tare_add_to_collection(graph, TARE_UPDATE_OPS, tare_assign_add(v, tare_number(1)));
    tare_add_to_collection(graph, TARE_UPDATE_OPS, tare_assign_add(v, tare_number(2)));
    tare_session *session = session_of(graph);
    tare_array *result = NULL;
    assert_int_equal(tare_session_run_named(session, TARE_NO_FEEDS, "four:0", &result), TARE_OK);
    assert_same(tare_array_number(result, 0), 4);
    assert_int_equal(tare_session_run_collection(session, TARE_NO_FEEDS, TARE_UPDATE_OPS), TARE_OK);
    assert_same(run_one(session, TARE_NO_FEEDS, v), 4);
    assert_int_equal(tare_session_run_named(session, TARE_NO_FEEDS, "nothing:0", &result),
                     TARE_ERROR_NAME);
    assert_non_null(strstr(tare_session_message(session), "nothing:0"));
    tare_session_free(session);
    tare_graph_free(graph);
}

static void results_fill_the_callers_arrays(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = tare_get_variable(graph, "v", TARE_SHAPE(3), .initializer = TARE_ONES);
    const tare_tensor y = tare_mul(v, tare_number(4));
    tare_session *session = session_of(graph);
    tare_array *mine = NULL, *wrong = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(3), NULL, &mine), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4), NULL, &wrong), TARE_OK);
    tare_array *results[1] = {mine};
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(y), results), TARE_OK);
    assert_ptr_equal(results[0], mine);
    assert_same(tare_array_number(mine, 2), 4);
    results[0] = wrong;
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(y), results),
                     TARE_ERROR_SHAPE);
    tare_array_free(mine);
    tare_array_free(wrong);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void wrong_feeds_are_refused_by_name(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4), .name = "x");
    const tare_tensor y = tare_square(x);
    tare_session *session = session_of(graph);
    tare_array *shape = NULL, *type = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(1, 2), NULL, &shape), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT32, TARE_SHAPE(1, 4), NULL, &type), TARE_OK);
    assert_int_equal(tare_session_run(session, TARE_FEEDS({x, shape}), TARE_FETCHES(y), NULL),
                     TARE_ERROR_SHAPE);
    assert_string_equal(tare_session_message(session),
                        "feed 'x:0': got float32 [1, 2]; needs float32 [?, 4]");
    assert_int_equal(tare_session_run(session, TARE_FEEDS({x, type}), TARE_FETCHES(y), NULL),
                     TARE_ERROR_TYPE);
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(y), NULL),
                     TARE_ERROR_FEED);
    assert_string_equal(tare_session_message(session),
                        "placeholder 'x': got no feed in this run; needs a feed of float32 [?, 4]");
    tare_array_free(shape);
    tare_array_free(type);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------- plans and memory */

typedef struct counting {
    int64_t calls, bytes;
} counting;
static void *counting_allocate(void *user, size_t bytes) {
    ((counting *)user)->calls++;
    ((counting *)user)->bytes += (int64_t)bytes;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}
static void *counting_resize(void *user, void *block, size_t old_bytes, size_t bytes) {
    void *moved = counting_allocate(user, bytes);
    if (moved) memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    if (moved) free(block);
    if (moved) ((counting *)user)->bytes -= (int64_t)old_bytes;
    return moved;
}
static void counting_free(void *user, void *block, size_t bytes) {
    ((counting *)user)->bytes -= (int64_t)bytes;
    free(block);
}

static void a_cached_plan_runs_without_allocating(void **state) {
    (void)state;
    counting count = {0, 0};
    const tare_allocator allocator = {counting_allocate, counting_resize, counting_free, &count};
    tare_graph *graph = tare_graph_new_with(&allocator);
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 8));
    const tare_tensor w = tare_get_variable(graph, "w", TARE_SHAPE(8, 4));
    const tare_tensor y = tare_reduce_sum(tare_relu(tare_matmul(x, w)));
    tare_tensor gradient;
    assert_int_equal(tare_gradients(&y, 1, &w, 1, NULL, &gradient), TARE_OK);
    const tare_tensor step = tare_assign_sub(w, tare_mul(gradient, tare_number(.01)));
    tare_session *session = session_of(graph);
    tare_array *batches[2] = {NULL}, *results[2] = {NULL};
    for (int i = 0; i < 2; i++)
        assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(5, 8), NULL, &batches[i]),
                         TARE_OK);
    for (int i = 0; i < 3; i++) {
        results[0] = results[1] = NULL;
        assert_int_equal(tare_session_run(session, TARE_FEEDS({x, batches[i % 2]}),
                                          TARE_FETCHES(y, step), results),
                         TARE_OK);
    }
    const int64_t before = count.calls;
    for (int i = 0; i < 10; i++) {
        results[0] = results[1] = NULL;
        assert_int_equal(tare_session_run(session, TARE_FEEDS({x, batches[i % 2]}),
                                          TARE_FETCHES(y, step), results),
                         TARE_OK);
    }
    assert_int_equal(count.calls, before);
    tare_array_free(batches[0]);
    tare_array_free(batches[1]);
    tare_session_free(session);
    tare_graph_free(graph);
    assert_int_equal(count.bytes, 0);
}

static void plans_are_cached_by_shape_and_evicted_by_age(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY));
    const tare_tensor y = tare_reduce_sum(tare_square(x));
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(graph, &session, .plans = 3), TARE_OK);
    for (int round = 0; round < 2; round++)
        for (int64_t n = 1; n <= 5; n++)
            for (int again = 0; again < 2; again++) {
                tare_array *fed = NULL;
                assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(n), NULL, &fed), TARE_OK);
                for (int64_t i = 0; i < n; i++) tare_array_set_number(fed, i, 2);
                assert_same(run_one(session, TARE_FEEDS({x, fed}), y), 4. * (double)n);
                tare_array_free(fed);
            }
    tare_session_counters counters = {.struct_size = sizeof counters};
    assert_int_equal(tare_session_count(session, &counters), TARE_OK);
    assert_int_equal(counters.runs, 20);
    assert_int_equal(counters.plans_made, 10);
    assert_int_equal(counters.plans_kept, 3);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_memory_limit_ends_in_a_status(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY));
    const tare_tensor y = tare_reduce_sum(tare_exp(x));
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(graph, &session, .threads = 1, .memory_limit = 1 << 20),
                     TARE_OK);
    tare_array *small = NULL, *large = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(10), NULL, &small), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(1 << 20), NULL, &large), TARE_OK);
    assert_same(run_one(session, TARE_FEEDS({x, small}), y), 10);
    assert_int_equal(tare_session_run(session, TARE_FEEDS({x, large}), TARE_FETCHES(y), NULL),
                     TARE_ERROR_LIMIT);
    assert_same(run_one(session, TARE_FEEDS({x, small}), y), 10);
    tare_array_free(small);
    tare_array_free(large);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void the_first_value_of_a_constant_product_is_kept_until_a_variable_changes(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = tare_get_variable(graph, "v", TARE_SCALAR, .initializer = TARE_ONES);
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SCALAR);
    const tare_tensor y = tare_mul(x, tare_exp(v)); /* exp(v) is hoisted */
    tare_session *session = session_of(graph);
    tare_array *one = tare_array_float(1), *zero = tare_array_float(0);
    char *text = NULL;
    assert_int_equal(tare_session_plan_text(session, TARE_FEEDS({x, one}), TARE_FETCHES(y), &text),
                     TARE_OK);
    assert_non_null(strstr(text, "only after a variable has changed"));
    tare_text_free(text);
    assert_true(run_one(session, TARE_FEEDS({x, one}), y) > 2.7);
    assert_int_equal(tare_session_set(session, "v", zero), TARE_OK);
    assert_same(run_one(session, TARE_FEEDS({x, one}), y), 1);
    assert_same(run_one(session, TARE_FEEDS({x, one}), y), 1);
    tare_array_free(one);
    tare_array_free(zero);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ---------------------------------------------------------------------------- manners */

static void a_closed_session_says_so(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = tare_get_variable(graph, "v", TARE_SCALAR);
    tare_session *session = session_of(graph);
    assert_int_equal(tare_session_close(session), TARE_OK);
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(v), NULL),
                     TARE_ERROR_STATE);
    assert_non_null(strstr(tare_session_message(session), "closed"));
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_graph_with_an_error_or_an_open_scope_is_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = tare_get_variable(graph, "v", TARE_SCALAR);
    tare_session *session = session_of(graph);
    tare_variable_scope_begin(graph, "open", NULL, TARE_REUSE_INHERIT);
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(v), NULL),
                     TARE_ERROR_STATE);
    assert_non_null(strstr(tare_session_message(session), "'open'"));
    tare_variable_scope_end(graph);
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(v), NULL), TARE_OK);
    tare_get_variable(graph, "v", TARE_SCALAR);
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(v), NULL),
                     TARE_ERROR_NAME);
    tare_session *other = NULL;
    assert_int_equal(tare_session_new(graph, &other), TARE_ERROR_NAME);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_child_does_not_run_its_parents_session(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = tare_get_variable(graph, "v", TARE_SCALAR);
    tare_session *session = session_of(graph);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const bool refused =
            tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(v), NULL) == TARE_ERROR_STATE;
        tare_session_free(session);
        tare_session *own = NULL;
        const bool works = tare_session_new(graph, &own, .threads = CHILD_THREADS) == TARE_OK &&
                           tare_session_initialize(own) == TARE_OK &&
                           tare_session_run(own, TARE_NO_FEEDS, TARE_FETCHES(v), NULL) == TARE_OK;
        tare_session_free(own);
        _exit(refused && works ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void null_is_an_argument_error_everywhere(void **state) {
    (void)state;
    tare_array *array = NULL;
    assert_int_equal(tare_session_new_with(NULL, NULL, NULL, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_run(NULL, NULL, 0, NULL, 0, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_initialize(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_set(NULL, "v", NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_get(NULL, "v", &array), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_close(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_count(NULL, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_run_collection(NULL, NULL, 0, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_run_named(NULL, NULL, 0, NULL, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_plan_text(NULL, NULL, 0, NULL, 0, NULL), TARE_ERROR_ARGUMENT);
    assert_string_equal(tare_session_message(NULL), "");
    tare_session_cancel(NULL);
    tare_session_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_branch_runs_only_when_taken),
        cmocka_unit_test(a_default_decides_when_nothing_is_fed),
        cmocka_unit_test(any_tensor_may_be_fed),
        cmocka_unit_test(fetches_go_by_name_and_by_collection),
        cmocka_unit_test(results_fill_the_callers_arrays),
        cmocka_unit_test(wrong_feeds_are_refused_by_name),
        cmocka_unit_test(a_cached_plan_runs_without_allocating),
        cmocka_unit_test(plans_are_cached_by_shape_and_evicted_by_age),
        cmocka_unit_test(a_memory_limit_ends_in_a_status),
        cmocka_unit_test(the_first_value_of_a_constant_product_is_kept_until_a_variable_changes),
        cmocka_unit_test(a_closed_session_says_so),
        cmocka_unit_test(a_graph_with_an_error_or_an_open_scope_is_refused),
        cmocka_unit_test(a_child_does_not_run_its_parents_session),
        cmocka_unit_test(null_is_an_argument_error_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
