/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential moving averages: arithmetic, first values, names, control dependencies, refusals. */
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

static tare_session *session_of(tare_graph *graph) {
    tare_session *session = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_graph_status(graph)) fail_msg("%s", tare_message(graph));
    if (tare_session_new_with(graph, NULL, &session, &error)) fail_msg("%s", error.message);
    if (tare_session_initialize(session)) fail_msg("%s", tare_session_message(session));
    return session;
}

static void run_fed(tare_session *session, tare_tensor fetch, const tare_feed *feeds,
                    size_t count) {
    if (tare_session_run(session, feeds, count, &fetch, 1, NULL))
        fail_msg("%s", tare_session_message(session));
}

static double value(tare_session *session, const char *variable) {
    tare_array *array = NULL;
    if (tare_session_get(session, variable, &array)) fail_msg("%s", tare_session_message(session));
    const double number = tare_array_number(array, 0);
    tare_array_free(array);
    return number;
}

static void set(tare_session *session, const char *variable, double number) {
    tare_array *array = tare_array_float((float)number);
    if (tare_session_set(session, variable, array)) fail_msg("%s", tare_session_message(session));
    tare_array_free(array);
}

static void assert_near(double got, double wanted, double tolerance) {
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("got %.9g, wanted %.9g within %g", got, wanted, tolerance);
}

static tare_tensor scalar(tare_graph *graph, const char *name, double first) {
    return tare_get_variable(graph, name, TARE_SCALAR, .initializer = TARE_CONSTANT(first));
}

/* ------------------------------------------------------------------------- variables */

static void the_shadow_of_a_variable_follows_it_from_its_first_value(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 4);
    const tare_average average =
        tare_exponential_moving_average(graph, tare_number(.9), .zero_debias = true);
    assert_false(tare_tensor_is_valid(tare_average_of(average, w)));
    assert_string_equal(tare_average_name(average, w), "w/ExponentialMovingAverage");
    const tare_tensor update = tare_average_apply(average, NULL, 0);
    assert_string_equal(tare_tensor_name(update), "ExponentialMovingAverage");
    assert_string_equal(tare_tensor_name(tare_average_of(average, w)),
                        "w/ExponentialMovingAverage:0");
    assert_int_equal(tare_collection_count(graph, TARE_MOVING_AVERAGE_VARIABLES, NULL), 1);
    assert_int_equal(tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL), 1);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 2);
    tare_session *session = session_of(graph);
    double shadow = 4;
    assert_true(value(session, "w/ExponentialMovingAverage") == 4);
    for (int i = 0; i < 5; i++) {
        set(session, "w", i);
        run_fed(session, update, NULL, 0);
        shadow -= (shadow - i) * (1 - (double).9f);
        assert_near(value(session, "w/ExponentialMovingAverage"), shadow, 1e-6);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_count_of_updates_bounds_the_decay(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 0);
    const tare_tensor count = tare_placeholder(graph, TARE_INT64, TARE_SCALAR);
    const tare_average average =
        tare_exponential_moving_average(graph, tare_number(.5), .num_updates = count);
    const tare_tensor update = tare_average_apply(average, &w, 1);
    tare_session *session = session_of(graph);
    static const int64_t counts[] = {0, 1, 5, 100};
    double shadow = 0;
    for (size_t i = 0; i < 4; i++) {
        tare_array *fed = NULL;
        tare_array_copy_of(TARE_INT64, TARE_SCALAR, &counts[i], &fed);
        set(session, "w", 1);
        run_fed(session, update, &(tare_feed){count, fed}, 1);
        const double n = (double)counts[i], decay = fmin(.5, (1 + n) / (10 + n));
        shadow -= (shadow - 1) * (1 - decay);
        assert_near(value(session, "w/ExponentialMovingAverage"), shadow, 1e-6);
        tare_array_free(fed);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

/* Applied twice the average keeps its shadows and takes two steps in a run that asks for both. */
static void applying_again_shares_the_shadow(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 1);
    const tare_average average = tare_exponential_moving_average(graph, tare_number(.5));
    const tare_tensor updates[] = {tare_average_apply(average, &w, 1),
                                   tare_average_apply(average, &w, 1)};
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 2);
    tare_session *session = session_of(graph);
    set(session, "w", 3);
    assert_int_equal(tare_session_run(session, NULL, 0, updates, 2, NULL), TARE_OK);
    assert_true(value(session, "w/ExponentialMovingAverage") == 2.5);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* Behind a train op the average sees the new value, beside it the old one. */
static void an_average_behind_a_write_reads_after_it(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 0);
    const tare_tensor write = tare_assign(w, tare_number(8));
    const tare_average behind =
        tare_exponential_moving_average(graph, tare_number(.5), .name = "B");
    const tare_average beside =
        tare_exponential_moving_average(graph, tare_number(.5), .name = "A");
    tare_tensor updates[2];
    TARE_CONTROL_DEPENDENCIES (graph, &write, 1) {
        updates[0] = tare_average_apply(behind, &w, 1);
    }
    updates[1] = tare_average_apply(beside, &w, 1);
    tare_session *session = session_of(graph);
    assert_int_equal(tare_session_run(session, NULL, 0, updates, 2, NULL), TARE_OK);
    assert_true(value(session, "w/B") == 4);
    assert_true(value(session, "w/A") == 0);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* Made before the step and applied behind it, the average counts with the new number. */
static void the_count_is_read_where_the_average_is_applied(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 0), step = tare_global_step(graph);
    const tare_average average =
        tare_exponential_moving_average(graph, tare_number(.9), .num_updates = step);
    const tare_tensor writes[] = {tare_assign(w, tare_number(8)),
                                  tare_assign_add(step, tare_number(1))};
    tare_tensor update;
    TARE_CONTROL_DEPENDENCIES (graph, writes, 2) {
        update = tare_average_apply(average, &w, 1);
    }
    tare_session *session = session_of(graph);
    run_fed(session, update, NULL, 0);
    assert_near(value(session, "w/ExponentialMovingAverage"), 8 * (1 - 2. / 11), 1e-5);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- other tensors */

static void check_tensor_average(tare_dtype dtype, bool debias, double tolerance) {
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, dtype, TARE_SCALAR, .name = "x");
    const tare_tensor t = tare_identity(x, .name = "t");
    const tare_average average =
        tare_exponential_moving_average(graph, tare_number(.9), .zero_debias = debias);
    const tare_tensor update = tare_average_apply(average, &t, 1);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), debias ? 3 : 1);
    assert_int_equal(tare_collection_count(graph, TARE_MOVING_AVERAGE_VARIABLES, NULL), 0);
    tare_session *session = session_of(graph);
    double biased = 0;
    for (int i = 1; i <= 6; i++) {
        tare_array *fed = NULL;
        assert_int_equal(tare_array_new(dtype, TARE_SCALAR, NULL, &fed), TARE_OK);
        tare_array_set_number(fed, 0, 1.5 * i);
        run_fed(session, update, &(tare_feed){x, fed}, 1);
        const double share = (double)(1 - .9f);
        biased -= (biased - 1.5 * i) * share;
        const double factor = debias ? 1 - pow(1 - share, i) : 1;
        assert_near(value(session, "t/ExponentialMovingAverage"), biased / factor, tolerance);
        if (debias) {
            assert_near(value(session, "t/ExponentialMovingAverage/biased"), biased, tolerance);
            assert_true(value(session, "t/ExponentialMovingAverage/local_step") == i);
        }
        tare_array_free(fed);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

static void averages_of_tensors_start_at_zero_and_may_be_debiased(void **state) {
    (void)state;
    check_tensor_average(TARE_FLOAT32, false, 1e-6);
    check_tensor_average(TARE_FLOAT32, true, 1e-5);
    check_tensor_average(TARE_FLOAT64, false, 1e-15);
    check_tensor_average(TARE_FLOAT64, true, 1e-14);
}

/* Large tensors are shared out to threads; the numbers are those of one thread. */
static void threads_change_no_bit(void **state) {
    (void)state;
    enum { COUNT = 300001 };
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = tare_get_variable(graph, "w", TARE_SHAPE(COUNT));
    const tare_average average = tare_exponential_moving_average(graph, tare_number(.9));
    const tare_tensor update = tare_average_apply(average, &w, 1);
    tare_array *results[2] = {NULL};
    tare_array *numbers = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(COUNT), NULL, &numbers), TARE_OK);
    for (int64_t i = 0; i < COUNT; i++) tare_array_set_number(numbers, i, (double)(i % 1000) / 7);
    for (int t = 0; t < 2; t++) {
        tare_session *session = NULL;
        tare_session_options options = {TARE_SESSION_DEFAULTS};
        options.threads = t == 0 ? 1 : 3;
        assert_int_equal(tare_session_new_with(graph, &options, &session, NULL), TARE_OK);
        assert_int_equal(tare_session_initialize(session), TARE_OK);
        assert_int_equal(tare_session_set(session, "w", numbers), TARE_OK);
        run_fed(session, update, NULL, 0);
        assert_int_equal(tare_session_get(session, "w/ExponentialMovingAverage", &results[t]),
                         TARE_OK);
        tare_session_free(session);
    }
    assert_memory_equal(tare_array_data(results[0]), tare_array_data(results[1]),
                        COUNT * sizeof(float));
    assert_true(tare_array_number(results[0], COUNT - 1) != 0);
    tare_array_free(results[0]);
    tare_array_free(results[1]);
    tare_array_free(numbers);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- refusals */

static void check_refusal(tare_graph *graph, int64_t size, tare_status status, const char *words) {
    assert_int_equal(tare_graph_status(graph), status);
    if (!strstr(tare_message(graph), words))
        fail_msg("'%s' lacks '%s'", tare_message(graph), words);
    assert_int_equal(tare_graph_size(graph), size);
    tare_graph_clear_error(graph);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor vector = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(2));
    const tare_tensor whole = tare_placeholder(graph, TARE_INT32, TARE_SCALAR);
    const tare_average average = tare_exponential_moving_average(graph, tare_number(.9));
    const tare_average failed = {.graph = graph};
    const tare_tensor nothing = TARE_NULL;
    const int64_t size = tare_graph_size(graph);
    assert_int_equal(tare_exponential_moving_average(graph, vector).node, 0);
    check_refusal(graph, size, TARE_ERROR_SHAPE, "rank 0");
    assert_int_equal(tare_exponential_moving_average(graph, TARE_NULL).node, 0);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "no decay");
    tare_average_apply(average, &nothing, 1);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "no tensor");
    tare_average_apply(average, &whole, 1);
    check_refusal(graph, size, TARE_ERROR_TYPE, "int32");
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 0);
    tare_average_apply(failed, &vector, 1);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "average");
    assert_string_equal(tare_average_name(failed, vector), "");
    tare_graph_free(graph);
}

static void an_average_without_memory_is_a_status(void **state) {
    (void)state;
    for (int64_t fail_at = 1;; fail_at++) {
        failing_allocator allocator;
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&allocator, fail_at));
        if (graph) {
            const tare_tensor w = scalar(graph, "w", 1);
            const tare_tensor tensors[] = {w, tare_identity(w)};
            const tare_average average =
                tare_exponential_moving_average(graph, tare_number(.9), .zero_debias = true,
                                                .num_updates = tare_global_step(graph));
            tare_average_apply(average, tensors, 2);
        }
        const bool built = graph && tare_graph_status(graph) == TARE_OK;
        if (graph && !built) assert_int_equal(tare_graph_status(graph), TARE_ERROR_MEMORY);
        tare_graph_free(graph);
        assert_true(failing_allocator_is_clean(&allocator));
        if (built) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shadow_of_a_variable_follows_it_from_its_first_value),
        cmocka_unit_test(a_count_of_updates_bounds_the_decay),
        cmocka_unit_test(applying_again_shares_the_shadow),
        cmocka_unit_test(an_average_behind_a_write_reads_after_it),
        cmocka_unit_test(the_count_is_read_where_the_average_is_applied),
        cmocka_unit_test(averages_of_tensors_start_at_zero_and_may_be_debiased),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(an_average_without_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
