/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise steps that follow each other run block by block: no bit changes, and what passes
 * between them takes no memory. */
#include "network_trial.h"

#include "session/session.h"

/* Merged to the bit: a tolerance of 0. */
#define EXACT 0.0

static void check_chains(plan_trial *t, tare_tensor y, int chains, int links) {
    char *plan = trial_compare(t, &y, 1, EXACT);
    const int left = trial_steps(plan, "add") + trial_steps(plan, "mul") +
                     trial_steps(plan, "sub") + trial_steps(plan, "tanh") +
                     trial_steps(plan, "where") + trial_steps(plan, "less");
    if (trial_steps(plan, "chain") != chains || left != links)
        fail_msg("needs %d chains, %d other steps:\n%s", chains, links, plan);
    tare_text_free(plan);
}

static void rows_and_single_numbers_are_broadcast(void **state) {
    (void)state;
    static const int64_t shapes[][4] = {
        {2, 16, 16, 8}, {3, 9, 11, 17}, {1, 1, 7, 1000}, {5, 1, 2, 3000}, {1, 64, 64, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int64_t *s = shapes[i];
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(s[0], s[1], s[2], s[3]));
        const tare_tensor row = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 1, s[3]));
        const tare_tensor rows = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(s[2], s[3]));
        const tare_tensor one = trial_input(&t, TARE_FLOAT32, TARE_SCALAR);
        const tare_tensor y = tare_mul(tare_sub(x, row), tare_tanh(tare_add(x, one)));
        check_chains(&t, y, 1, 0);
        const bool too_long = s[2] * s[3] > 4096 && s[0] * s[1] > 1;
        check_chains(&t, tare_add(tare_mul(y, rows), row), 1, too_long ? 2 : 0);
        trial_end(&t);
    }
}

static void other_dtypes_go_along(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT64, TARE_SHAPE(37, 71)),
                      z = trial_input(&t, TARE_FLOAT64, TARE_SHAPE(37, 71));
    const tare_tensor small = tare_less(tare_mul(x, z), tare_add(x, z));
    check_chains(&t, tare_where(small, tare_tanh(x), tare_mul(z, z)), 1, 0);
    trial_end(&t);
}

static void a_result_may_lie_over_an_input(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(4000, 2));
    /* Arrays that no chain makes. */
    const tare_tensor a = tare_reduce_sum(x, .axis = TARE_LIST(1));
    const tare_tensor b = tare_reduce_max(x, .axis = TARE_LIST(1));
    const tare_tensor c = tare_add(a, tare_tanh(b));
    check_chains(&t, tare_sub(tare_mul(c, b), a), 1, 0);
    check_chains(&t, tare_sub(a, tare_mul(tare_tanh(a), a)), 1, 0);
    /* A sum of three is written twice, so it may lie over its first number alone. */
    const tare_tensor three[] = {tare_tanh(a), tare_mul(a, a), a};
    check_chains(&t, tare_add_n(three, 3), 1, 0);
    trial_end(&t);
}

static void what_others_read_is_made(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(50, 70));
    const tare_tensor h = tare_mul(x, x), y = tare_add(tare_tanh(h), x);
    const tare_tensor both[] = {y, h};
    char *plan = trial_compare(&t, both, 2, EXACT);
    assert_int_equal(trial_steps(plan, "mul"), 1);
    assert_int_equal(trial_steps(plan, "chain"), 1);
    tare_text_free(plan);
    check_chains(&t, tare_add(y, tare_reduce_sum(h)), 1, 1);
    trial_end(&t);
}

static void small_arrays_and_other_broadcasting_stay(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 1000));
    check_chains(&t, tare_add(tare_mul(x, x), x), 0, 2);
    const tare_tensor z = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(40, 100));
    const tare_tensor column = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(40, 1));
    check_chains(&t, tare_mul(tare_mul(z, column), column), 0, 2);
    const tare_tensor odd = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(4097));
    const tare_tensor tall = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 4097));
    check_chains(&t, tare_mul(tare_mul(tall, odd), odd), 0, 2);
    trial_end(&t);
}

static void a_variable_is_read_before_it_is_written(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor w = tare_get_variable(t.graph, "w", TARE_SHAPE(60, 60));
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(60, 60));
    const tare_tensor early = tare_mul(w, w);
    const tare_tensor written = tare_assign_add(w, x);
    tare_tensor y;
    TARE_CONTROL_DEPENDENCIES (t.graph, &written, 1) {
        y = tare_add(tare_tanh(early), w);
    }
    tare_text_free(trial_compare(&t, &y, 1, EXACT));
    trial_end(&t);
}

/* A chain whose inputs no other chain makes, long enough for several slices. */
static tare_tensor long_chain(plan_trial *t) {
    const tare_tensor x = trial_input(t, TARE_FLOAT32, TARE_SHAPE(300, 401)),
                      row = trial_input(t, TARE_FLOAT32, TARE_SHAPE(401));
    tare_tensor y = x;
    for (int i = 0; i < 10; i++) y = i % 3 == 0 ? tare_mul(tare_tanh(y), row) : tare_add(y, x);
    return y;
}

static void every_thread_count_gives_the_same_bits(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor y = long_chain(&t);
    tare_array *plain = NULL;
    tare_session *session = trial_session(t.graph, false);
    assert_int_equal(tare_session_run(session, t.feeds, t.feed_count, &y, 1, &plain), TARE_OK);
    for (int64_t threads = 1; threads <= 7; threads++) {
        tare_session_options options = {TARE_SESSION_DEFAULTS};
        tare_session *other = NULL;
        tare_array *got = NULL;
        options.threads = threads;
        assert_int_equal(tare_session_new_with(t.graph, &options, &other, NULL), TARE_OK);
        assert_int_equal(tare_session_run(other, t.feeds, t.feed_count, &y, 1, &got), TARE_OK);
        assert_memory_equal(tare_array_const_data(got), tare_array_const_data(plain),
                            tare_array_bytes(plain));
        tare_session_free(other);
    }
    tare_session_free(session);
    trial_end(&t);
}

static int64_t arena_bytes(plan_trial *t, tare_tensor y, bool merge) {
    tare_session *session = trial_session(t->graph, merge);
    tare_array *got = NULL;
    assert_int_equal(tare_session_run(session, t->feeds, t->feed_count, &y, 1, &got), TARE_OK);
    const int64_t bytes = (int64_t)session->arena_bytes;
    tare_session_free(session);
    return bytes;
}

static void what_passes_between_links_has_no_memory(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(1000, 1000));
    const tare_tensor a = tare_mul(x, x), b = tare_tanh(x), c = tare_sub(x, a);
    const tare_tensor y = tare_mul(tare_add(a, b), tare_sub(b, c));
    const int64_t plain = arena_bytes(&t, y, false), merged = arena_bytes(&t, y, true);
    assert_true(plain >= 3 * 4000000);
    assert_true(merged < 4000000 + 2000000);
    check_chains(&t, y, 1, 0);
    trial_end(&t);
}

/* ---- memory */

typedef struct counted {
    int64_t calls, fails_at; /* 0: never */
} counted;

static void *count_allocate(void *user, size_t bytes) {
    counted *c = user;
    return ++c->calls == c->fails_at ? NULL : aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void *count_resize(void *user, void *old, size_t before, size_t bytes) {
    void *made = count_allocate(user, bytes);
    if (!made) return NULL;
    if (old) memcpy(made, old, before < bytes ? before : bytes);
    free(old);
    return made;
}

static void count_free(void *user, void *old, size_t bytes) {
    (void)user;
    (void)bytes;
    free(old);
}

static tare_status run_counted(plan_trial *t, tare_tensor y, counted *c) {
    const tare_allocator allocator = {count_allocate, count_resize, count_free, c};
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    tare_session *session = NULL;
    tare_array *got = NULL;
    options.allocator = &allocator;
    options.threads = 2;
    tare_status status = tare_session_new_with(t->graph, &options, &session, NULL);
    if (status == TARE_OK) status = tare_session_run(session, t->feeds, t->feed_count, &y, 1, &got);
    const int64_t before = c->calls;
    for (int i = 0; i < 3 && status == TARE_OK; i++)
        status = tare_session_run(session, t->feeds, t->feed_count, &y, 1, &got);
    if (status == TARE_OK) assert_int_equal(c->calls, before);
    tare_session_free(session);
    return status;
}

static void running_allocates_nothing_and_every_failure_is_told(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor y = long_chain(&t);
    counted c = {0, 0};
    assert_int_equal(run_counted(&t, y, &c), TARE_OK);
    const int64_t calls = c.calls;
    assert_true(calls > 0);
    for (int64_t n = 1; n <= calls; n++) {
        c = (counted){0, n};
        assert_int_equal(run_counted(&t, y, &c), TARE_ERROR_MEMORY);
    }
    trial_end(&t);
}

static void the_action_network_by_primitives_has_chains(void **state) {
    (void)state;
    network_trial t = network_begin("action3d", "", 4);
    tare_session *session = trial_session(t.graph, true);
    char *plan = NULL;
    if (tare_session_plan_text(session, t.feeds, t.feed_count, &t.network.train, 1, &plan))
        fail_msg("%s", tare_session_message(session));
    if (trial_steps(plan, "chain") < 2 || trial_count(plan, "; spares ") < 2)
        fail_msg("needs chains:\n%s", plan);
    tare_text_free(plan);
    tare_session_free(session);
    network_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_single_numbers_are_broadcast),
        cmocka_unit_test(other_dtypes_go_along),
        cmocka_unit_test(a_result_may_lie_over_an_input),
        cmocka_unit_test(what_others_read_is_made),
        cmocka_unit_test(small_arrays_and_other_broadcasting_stay),
        cmocka_unit_test(a_variable_is_read_before_it_is_written),
        cmocka_unit_test(every_thread_count_gives_the_same_bits),
        cmocka_unit_test(what_passes_between_links_has_no_memory),
        cmocka_unit_test(running_allocates_nothing_and_every_failure_is_told),
        cmocka_unit_test(the_action_network_by_primitives_has_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
