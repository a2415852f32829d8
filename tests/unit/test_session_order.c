/* SPDX-License-Identifier: Apache-2.0 */
/* What a read of a variable sees beside writes of it: the matrix of DESIGN's snapshot rules, each
 * cell a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/op.h>
#include <tare/session.h>

static void assert_same(double got, double wanted) {
    if (got != wanted) fail_msg("got %g, wanted %g", got, wanted);
}

/* A graph with the variable v = 10, of two elements, and a session for it. */
typedef struct fixture {
    tare_graph *graph;
    tare_session *session;
    tare_tensor v;
} fixture;

static void begin(fixture *f) {
    f->graph = tare_graph_new();
    f->v = tare_get_variable(f->graph, "v", TARE_SHAPE(2), .initializer = TARE_CONSTANT(10));
    f->session = NULL;
}

static void start(fixture *f) {
    if (tare_graph_status(f->graph) != TARE_OK) fail_msg("%s", tare_message(f->graph));
    tare_error error = {0};
    if (tare_session_new_with(f->graph, NULL, &f->session, &error) != TARE_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tare_session_initialize(f->session), TARE_OK);
}

static void end(fixture *f) {
    tare_session_free(f->session);
    tare_graph_free(f->graph);
}

static double value_of(fixture *f) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(f->session, "v", &array), TARE_OK);
    const double value = tare_array_number(array, 1);
    tare_array_free(array);
    return value;
}

/* Runs once; results[i] gets element 1 of fetch i. */
static void run(fixture *f, const tare_tensor *fetches, size_t count, double *results) {
    tare_array *arrays[8] = {NULL};
    if (tare_session_run(f->session, TARE_NO_FEEDS, fetches, count, arrays) != TARE_OK)
        fail_msg("%s", tare_session_message(f->session));
    for (size_t i = 0; i < count; i++) results[i] = arrays[i] ? tare_array_number(arrays[i], 1) : 0;
}

static tare_tensor two(fixture *f, float value) {
    const float numbers[2] = {value, value};
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2), numbers, &array), TARE_OK);
    const tare_tensor constant = tare_constant(f->graph, array);
    tare_array_free(array);
    return constant;
}

/* The three kinds of write, each from 10: the value afterwards. */
typedef enum kind { ASSIGN, ADD, SUB } kind;

static tare_tensor write(fixture *f, kind how) {
    const tare_tensor three = two(f, 3);
    return how == ASSIGN ? tare_assign(f->v, three)
           : how == ADD  ? tare_assign_add(f->v, three)
                         : tare_assign_sub(f->v, three);
}

static double after(kind how) { return how == ASSIGN ? 3 : how == ADD ? 13 : 7; }

static void a_plain_read_sees_the_value_before_the_run(void **state) {
    (void)state;
    for (kind how = ASSIGN; how <= SUB; how++)
        for (int read_first = 0; read_first < 2; read_first++) {
            fixture f;
            double got[2];
            begin(&f);
            tare_tensor read = TARE_NULL;
            if (read_first) read = tare_mul(f.v, tare_number(2));
            const tare_tensor written = write(&f, how);
            if (!read_first) read = tare_mul(f.v, tare_number(2));
            start(&f);
            run(&f, (tare_tensor[]){read, written}, 2, got);
            assert_same(got[0], 20);
            assert_same(got[1], after(how));
            assert_same(value_of(&f), after(how));
            end(&f);
        }
}

static void a_fetch_sees_the_value_before_the_run(void **state) {
    (void)state;
    for (kind how = ASSIGN; how <= SUB; how++) {
        fixture f;
        double got[2];
        begin(&f);
        const tare_tensor written = write(&f, how);
        start(&f);
        run(&f, (tare_tensor[]){f.v, written}, 2, got);
        assert_same(got[0], 10);
        run(&f, (tare_tensor[]){f.v}, 1, got);
        assert_same(got[0], after(how));
        end(&f);
    }
}

static void a_reader_under_a_control_dependency_reads_after_the_write(void **state) {
    (void)state;
    for (kind how = ASSIGN; how <= SUB; how++)
        for (int through_group = 0; through_group < 2; through_group++)
            for (int fetch_write = 0; fetch_write < 2; fetch_write++) {
                fixture f;
                double got[2];
                begin(&f);
                const tare_tensor written = write(&f, how);
                const tare_tensor before =
                    through_group ? tare_group(f.graph, &written, 1) : written;
                tare_tensor read = TARE_NULL;
                TARE_CONTROL_DEPENDENCIES (f.graph, &before, 1) {
                    read = tare_mul(f.v, tare_number(2));
                }
                start(&f);
                run(&f, (tare_tensor[]){read, written}, fetch_write ? 2 : 1, got);
                assert_same(got[0], 2 * after(how));
                assert_same(value_of(&f), after(how));
                end(&f);
            }
}

/* It has no place to go to but needs one. */
static void a_result_that_only_a_group_asks_for_is_computed(void **state) {
    (void)state;
    fixture f;
    double got;
    begin(&f);
    const tare_tensor both[] = {tare_mul(f.v, tare_number(2)), write(&f, ADD)};
    const tare_tensor group = tare_group(f.graph, both, 2);
    tare_tensor read = TARE_NULL;
    TARE_CONTROL_DEPENDENCIES (f.graph, &group, 1) {
        read = tare_mul(f.v, tare_number(3));
    }
    start(&f);
    run(&f, &read, 1, &got);
    assert_same(got, 3 * after(ADD));
    assert_int_equal(tare_session_run(f.session, NULL, 0, both, 1, NULL), TARE_OK);
    assert_int_equal(tare_session_run(f.session, NULL, 0, &group, 1, NULL), TARE_OK);
    end(&f);
}

static void a_reader_of_the_written_value_still_sees_the_variable_before(void **state) {
    (void)state;
    fixture f;
    double got[1];
    begin(&f);
    const tare_tensor written = tare_assign_add(f.v, two(&f, 3));
    const tare_tensor sum = tare_add(written, f.v); /* depends on the write by data alone */
    start(&f);
    run(&f, &sum, 1, got);
    assert_same(got[0], 23);
    end(&f);
}

static void writes_run_in_order_of_creation(void **state) {
    (void)state;
    fixture f;
    double got[3];
    begin(&f);
    const tare_tensor first = tare_assign_add(f.v, two(&f, 1));
    const tare_tensor second = tare_assign(f.v, two(&f, 100));
    const tare_tensor third = tare_assign_sub(f.v, two(&f, 5));
    start(&f);
    run(&f, (tare_tensor[]){third, second, first}, 3, got);
    assert_same(got[2], 11);
    assert_same(got[1], 100);
    assert_same(got[0], 95);
    assert_same(value_of(&f), 95);
    end(&f);
}

static void a_reader_between_two_writes_sees_what_lies_between(void **state) {
    (void)state;
    fixture f;
    double got[2];
    begin(&f);
    const tare_tensor first = tare_assign_add(f.v, two(&f, 1));
    const tare_tensor second = tare_assign_add(f.v, two(&f, 1));
    tare_tensor between = TARE_NULL, late = TARE_NULL;
    TARE_CONTROL_DEPENDENCIES (f.graph, &first, 1) {
        between = tare_identity(f.v);
    }
    TARE_CONTROL_DEPENDENCIES (f.graph, &second, 1) {
        late = tare_identity(f.v);
    }
    start(&f);
    run(&f, (tare_tensor[]){between, late}, 2, got);
    assert_same(got[0], 11);
    assert_same(got[1], 12);
    end(&f);
}

static void a_reshaped_variable_is_a_snapshot_too(void **state) {
    (void)state;
    fixture f;
    double got[2];
    begin(&f);
    const tare_tensor row = tare_reshape(f.v, TARE_SHAPE(1, 2));
    const tare_tensor written = tare_assign_add(f.v, two(&f, 3));
    const tare_tensor late = tare_add(row, tare_reshape(written, TARE_SHAPE(1, 2)));
    start(&f);
    run(&f, (tare_tensor[]){late, row}, 2, got);
    assert_same(got[0], 23);
    assert_same(got[1], 10);
    end(&f);
}

static void a_fed_variable_is_read_as_fed_and_written_as_it_is(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    const tare_tensor twice = tare_mul(f.v, tare_number(2));
    const tare_tensor written = tare_assign_add(f.v, two(&f, 3));
    start(&f);
    const float numbers[2] = {1, 1};
    tare_array *fed = NULL, *results[2] = {NULL};
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2), numbers, &fed), TARE_OK);
    assert_int_equal(
        tare_session_run(f.session, TARE_FEEDS({f.v, fed}), TARE_FETCHES(twice, written), results),
        TARE_OK);
    assert_same(tare_array_number(results[0], 0), 2);
    assert_same(tare_array_number(results[1], 0), 13);
    assert_same(value_of(&f), 13);
    tare_array_free(fed);
    end(&f);
}

static void a_fetched_array_is_nobodys_but_the_runs(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    start(&f);
    tare_array *result = NULL;
    assert_int_equal(tare_session_run(f.session, TARE_NO_FEEDS, TARE_FETCHES(f.v), &result),
                     TARE_OK);
    assert_true(tare_array_set_number(result, 1, 77));
    assert_same(value_of(&f), 10);
    end(&f);
}

static void an_assigned_variable_needs_no_value_before(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    const tare_tensor written = tare_assign(f.v, two(&f, 3));
    const tare_tensor added = tare_assign_add(f.v, two(&f, 1));
    assert_int_equal(tare_session_new(f.graph, &f.session), TARE_OK);
    assert_int_equal(tare_session_run(f.session, TARE_NO_FEEDS, TARE_FETCHES(added), NULL),
                     TARE_ERROR_UNINITIALIZED);
    assert_non_null(strstr(tare_session_message(f.session), "'v'"));
    assert_int_equal(tare_session_run(f.session, TARE_NO_FEEDS, TARE_FETCHES(written), NULL),
                     TARE_OK);
    assert_int_equal(tare_session_run(f.session, TARE_NO_FEEDS, TARE_FETCHES(added), NULL),
                     TARE_OK);
    assert_same(value_of(&f), 4);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_read_sees_the_value_before_the_run),
        cmocka_unit_test(a_fetch_sees_the_value_before_the_run),
        cmocka_unit_test(a_reader_under_a_control_dependency_reads_after_the_write),
        cmocka_unit_test(a_result_that_only_a_group_asks_for_is_computed),
        cmocka_unit_test(a_reader_of_the_written_value_still_sees_the_variable_before),
        cmocka_unit_test(writes_run_in_order_of_creation),
        cmocka_unit_test(a_reader_between_two_writes_sees_what_lies_between),
        cmocka_unit_test(a_reshaped_variable_is_a_snapshot_too),
        cmocka_unit_test(a_fed_variable_is_read_as_fed_and_written_as_it_is),
        cmocka_unit_test(a_fetched_array_is_nobodys_but_the_runs),
        cmocka_unit_test(an_assigned_variable_needs_no_value_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
