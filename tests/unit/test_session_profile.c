/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: what is counted and timed, that nothing else changes, and what is refused. */
#include "base/clock.h"
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/tare.h>

/* tanh(x w) w summed up, and a step down its gradient. */
typedef struct fixture {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y, train;
    tare_array *batches[2]; /* of 4 and of 6 rows */
} fixture;

static void begin_with(fixture *f, const tare_allocator *allocator) {
    f->graph = tare_graph_new_with(allocator);
    f->x = tare_placeholder(f->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3), .name = "x");
    const tare_tensor w = tare_get_variable(f->graph, "w", TARE_SHAPE(3, 3));
    const tare_tensor hidden = tare_tanh(tare_matmul(f->x, w, .name = "first"));
    f->y = tare_reduce_sum(tare_matmul(hidden, w, .name = "second"));
    f->train =
        tare_minimize(tare_gradient_descent(f->graph, .learning_rate = tare_number(.1)), f->y);
    if (tare_graph_status(f->graph)) fail_msg("%s", tare_message(f->graph));
    assert_int_equal(tare_session_new(f->graph, &f->session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(f->session), TARE_OK);
    for (int i = 0; i < 2; i++) {
        const tare_shape shape = TARE_SHAPE(4 + 2 * i, 3);
        assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &f->batches[i]), TARE_OK);
        for (int64_t k = 0; k < tare_array_count(f->batches[i]); k++)
            tare_array_set_number(f->batches[i], k, (double)(k % 5) / 4 - .5);
    }
}

static void begin(fixture *f) { begin_with(f, NULL); }

static void end(fixture *f) {
    for (int i = 0; i < 2; i++) tare_array_free(f->batches[i]);
    tare_session_free(f->session);
    tare_graph_free(f->graph);
}

static void run(fixture *f, int batch, int times) {
    for (int i = 0; i < times; i++)
        if (tare_session_run(f->session, TARE_FEEDS({f->x, f->batches[batch]}),
                             TARE_FETCHES(f->train, f->y), NULL) != TARE_OK)
            fail_msg("%s", tare_session_message(f->session));
}

static tare_profile_counts counts_of(const tare_session *session) {
    tare_profile_counts counts = {.struct_size = sizeof counts};
    assert_int_equal(tare_session_profile_count(session, &counts), TARE_OK);
    assert_int_equal(counts.struct_size, sizeof counts);
    return counts;
}

static tare_profile_entry entry_at(const tare_session *session, int64_t i) {
    tare_profile_entry entry = {.struct_size = sizeof entry};
    assert_int_equal(tare_session_profile_entry(session, i, &entry), TARE_OK);
    return entry;
}

static tare_profile_event event_at(const tare_session *session, int64_t i) {
    tare_profile_event event = {.struct_size = sizeof event};
    assert_int_equal(tare_session_profile_event(session, i, &event), TARE_OK);
    return event;
}

/* The entry of a node's own step. */
static tare_profile_entry entry_of(const tare_session *session, const char *node) {
    const int64_t count = counts_of(session).entries;
    for (int64_t i = 0; i < count; i++)
        if (!strcmp(entry_at(session, i).node, node)) return entry_at(session, i);
    fail_msg("no entry of '%s'", node);
    return entry_at(session, 0);
}

static void every_run_of_a_step_is_counted_with_its_work(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    run(&f, 0, 3); /* not timed */
    assert_int_equal(tare_session_profile_begin(f.session), TARE_OK);
    run(&f, 0, 5);
    assert_int_equal(tare_session_profile_end(f.session), TARE_OK);
    run(&f, 0, 2); /* not timed */
    const tare_profile_counts counts = counts_of(f.session);
    assert_int_equal(counts.runs, 5);
    assert_int_equal(counts.events, 0);
    assert_true(counts.entries > 6);
    for (int64_t i = 0; i < counts.entries; i++)
        assert_int_equal(entry_at(f.session, i).runs % 5, 0);
    const tare_profile_entry first = entry_of(f.session, "first");
    assert_string_equal(first.op, "matmul");
    assert_null(first.gradient_of);
    assert_int_equal(first.runs, 5);
    assert_int_equal(first.bytes, 5 * 4 * (12 + 9 + 12));
    assert_true(first.flops == 5 * 2. * 4 * 3 * 3);
    double flops = 0; /* two products, and the gradients of all operands but x */
    for (int64_t i = 0; i < counts.entries; i++) flops += entry_at(f.session, i).flops;
    assert_true(flops == 5 * 5 * 2. * 4 * 3 * 3);
    end(&f);
}

static void gradients_name_the_node_behind_them(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_int_equal(tare_session_profile_begin(f.session), TARE_OK);
    run(&f, 0, 1);
    int of_second = 0;
    for (int64_t i = 0; i < counts_of(f.session).entries; i++) {
        const tare_profile_entry entry = entry_at(f.session, i);
        of_second += entry.gradient_of && !strcmp(entry.gradient_of, "second") &&
                     !strcmp(entry.op, "matmul");
    }
    assert_int_equal(of_second, 2);
    end(&f);
}

static void steps_take_no_longer_than_the_whole(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    run(&f, 0, 1);
    const double before = tare_clock_seconds();
    assert_int_equal(tare_session_profile_begin(f.session, .events = 10000), TARE_OK);
    run(&f, 0, 50);
    const double wall = tare_clock_seconds() - before;
    double sum = 0, of_events = 0;
    const tare_profile_counts counts = counts_of(f.session);
    for (int64_t i = 0; i < counts.entries; i++) {
        const tare_profile_entry entry = entry_at(f.session, i);
        assert_true(entry.seconds >= 0);
        sum += entry.seconds;
    }
    assert_true(sum <= wall);
    double last = 0;
    for (int64_t i = 0; i < counts.events; i++) {
        const tare_profile_event event = event_at(f.session, i);
        assert_true(event.seconds >= 0);
        assert_true(event.begin >= last - 1e-9); /* rounding */
        last = event.begin + event.seconds;
        of_events += event.seconds;
    }
    assert_true(last <= wall + 1e-9);
    assert_true(of_events >= sum * .999999 && of_events <= sum * 1.000001);
    end(&f);
}

static void plans_share_the_entries_of_a_node(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_int_equal(tare_session_profile_begin(f.session), TARE_OK);
    run(&f, 0, 2);
    const int64_t entries = counts_of(f.session).entries;
    run(&f, 1, 3);
    assert_int_equal(counts_of(f.session).entries, entries);
    const tare_profile_entry first = entry_of(f.session, "first");
    assert_int_equal(first.runs, 5);
    assert_true(first.flops == 2 * 2. * 4 * 9 + 3 * 2. * 6 * 9);
    end(&f);
}

static void the_latest_events_are_kept_oldest_first(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_int_equal(tare_session_profile_begin(f.session, .events = 1000), TARE_OK);
    run(&f, 0, 1);
    const int64_t steps = counts_of(f.session).events;
    assert_true(steps > 6);
    assert_int_equal(tare_session_profile_begin(f.session, .events = steps + 2), TARE_OK);
    run(&f, 0, 7);
    assert_int_equal(counts_of(f.session).runs, 7);
    assert_int_equal(counts_of(f.session).events, steps + 2);
    for (int64_t i = 0; i < steps + 2; i++) {
        const tare_profile_event event = event_at(f.session, i);
        assert_int_equal(event.run, i < 2 ? 5 : 6);
        const tare_profile_entry entry = entry_at(f.session, (steps - 2 + i) % steps);
        assert_string_equal(event.op, entry.op);
        assert_string_equal(event.node, entry.node);
        assert_true(event.bytes * entry.runs == entry.bytes);
        assert_true(event.flops * (double)entry.runs == entry.flops);
    }
    end(&f);
}

static void beginning_again_forgets(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    assert_int_equal(counts_of(f.session).runs, 0);
    assert_int_equal(tare_session_profile_end(f.session), TARE_OK); /* there was none */
    assert_int_equal(tare_session_profile_begin(f.session, .events = 8), TARE_OK);
    run(&f, 0, 2);
    assert_int_equal(tare_session_profile_begin(f.session), TARE_OK);
    assert_int_equal(counts_of(f.session).entries, 0);
    assert_int_equal(counts_of(f.session).events, 0);
    run(&f, 0, 1);
    assert_int_equal(entry_of(f.session, "first").runs, 1);
    end(&f);
}

static void profiling_changes_no_bit(void **state) {
    (void)state;
    tare_array *results[2] = {NULL};
    for (int profiled = 0; profiled < 2; profiled++) {
        fixture f;
        begin(&f);
        if (profiled) assert_int_equal(tare_session_profile_begin(f.session, .events = 5), TARE_OK);
        run(&f, 0, 4);
        run(&f, 1, 4);
        assert_int_equal(tare_session_get(f.session, "w", &results[profiled]), TARE_OK);
        end(&f);
    }
    assert_memory_equal(tare_array_const_data(results[0]), tare_array_const_data(results[1]),
                        tare_array_bytes(results[0]));
    tare_array_free(results[0]);
    tare_array_free(results[1]);
}

static void only_the_first_timed_run_of_a_plan_allocates(void **state) {
    (void)state;
    failing_allocator memory;
    fixture f;
    begin_with(&f, failing_allocator_start(&memory, 0));
    run(&f, 0, 2);
    assert_int_equal(tare_session_profile_begin(f.session, .events = 64), TARE_OK);
    run(&f, 0, 1);
    const int64_t before = memory.calls;
    run(&f, 0, 20);
    assert_int_equal(memory.calls, before);
    end(&f);
    assert_true(failing_allocator_is_clean(&memory));
}

/* Fails each allocation of begin and of the first timed run in turn; the session goes on after. */
static void memory_that_runs_out_is_a_status(void **state) {
    (void)state;
    failing_allocator memory;
    fixture f;
    begin_with(&f, failing_allocator_start(&memory, 0));
    run(&f, 0, 2);
    int failures = 0;
    for (int64_t nth = 1;; nth++) {
        memory.fail_at = memory.calls + nth;
        tare_status status = tare_session_profile_begin(f.session, .events = 4);
        if (status == TARE_OK)
            status = tare_session_run(f.session, TARE_FEEDS({f.x, f.batches[0]}),
                                      TARE_FETCHES(f.train, f.y), NULL);
        memory.fail_at = 0;
        if (status == TARE_OK) break;
        assert_int_equal(status, TARE_ERROR_MEMORY);
        failures++;
        run(&f, 0, 1);
    }
    assert_true(failures > 5);
    assert_int_equal(entry_of(f.session, "first").runs, 1);
    end(&f);
    assert_true(failing_allocator_is_clean(&memory));
}

static void plans_that_come_and_go_keep_their_entries(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(f.graph, &session, .threads = 1, .plans = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    assert_int_equal(tare_session_profile_begin(session), TARE_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(
            tare_session_run(session, TARE_FEEDS({f.x, f.batches[i % 2]}), TARE_FETCHES(f.y), NULL),
            TARE_OK);
    assert_int_equal(counts_of(session).runs, 6);
    assert_int_equal(entry_of(session, "first").runs, 6);
    tare_session_free(session);
    end(&f);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    fixture f;
    tare_profile_counts counts = {.struct_size = 0};
    tare_profile_entry entry = {.struct_size = sizeof entry};
    tare_profile_event event = {.struct_size = sizeof event};
    assert_int_equal(tare_session_profile_begin_with(NULL, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_end(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_count(NULL, &counts), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_entry(NULL, 0, &entry), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_event(NULL, 0, &event), TARE_ERROR_ARGUMENT);
    begin(&f);
    assert_int_equal(tare_session_profile_count(f.session, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_count(f.session, &counts), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_entry(f.session, 0, &entry), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_event(f.session, 0, &event), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_begin(f.session, .events = -1), TARE_ERROR_ARGUMENT);
    assert_non_null(strstr(tare_session_message(f.session), "events"));
    assert_int_equal(tare_session_profile_begin_with(f.session, NULL), TARE_OK); /* the defaults */
    run(&f, 0, 1);
    const int64_t entries = counts_of(f.session).entries;
    assert_int_equal(tare_session_profile_entry(f.session, -1, &entry), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_entry(f.session, entries, &entry), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_profile_event(f.session, 0, &event), TARE_ERROR_ARGUMENT);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_of_a_step_is_counted_with_its_work),
        cmocka_unit_test(gradients_name_the_node_behind_them),
        cmocka_unit_test(steps_take_no_longer_than_the_whole),
        cmocka_unit_test(plans_share_the_entries_of_a_node),
        cmocka_unit_test(the_latest_events_are_kept_oldest_first),
        cmocka_unit_test(beginning_again_forgets),
        cmocka_unit_test(profiling_changes_no_bit),
        cmocka_unit_test(only_the_first_timed_run_of_a_plan_allocates),
        cmocka_unit_test(memory_that_runs_out_is_a_status),
        cmocka_unit_test(plans_that_come_and_go_keep_their_entries),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
