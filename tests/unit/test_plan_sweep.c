/* SPDX-License-Identifier: Apache-2.0 */
/* The updates of all variables are one step, for every optimiser, and no bit changes by that. */
#include "network_trial.h"

enum { STEPS = 3, VARIABLES = 6 };

/* Variables of very different sizes, pulled towards numbers that are fed. */
static tare_tensor build(plan_trial *t, tare_optimizer (*optimizer)(tare_graph *graph, size_t i),
                         size_t which) {
    static const int64_t sizes[VARIABLES] = {1, 63, 20000, 64, 3000, 7};
    tare_tensor losses[VARIABLES];
    for (int i = 0; i < VARIABLES; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        const tare_tensor w = tare_get_variable(t->graph, name, TARE_SHAPE(sizes[i]));
        const tare_tensor x = trial_input(t, TARE_FLOAT32, TARE_SHAPE(sizes[i]));
        losses[i] = tare_reduce_sum(tare_square(tare_sub(w, x)));
    }
    return tare_minimize(optimizer(t->graph, which), tare_add_n(losses, VARIABLES));
}

/* With numbers for the options that must be given. */
static tare_optimizer of_kind(tare_graph *graph, size_t i) {
    const tare_option_table *table = tare_optimizer_option_table(tare_optimizer_kind(i));
    _Alignas(16) char options[512];
    assert_true(table->size <= sizeof options);
    table->set_defaults(options);
    for (const tare_option *o = table->options; o->name; o++) {
        const tare_tensor number = tare_number(!strcmp(o->name, "momentum") ? 0.9 : 0.05);
        if (!strcmp(o->name, "learning_rate") || !strcmp(o->name, "momentum"))
            memcpy(options + o->offset, &number, sizeof number);
    }
    return tare_optimizer_of_kind(graph, tare_optimizer_kind(i), options);
}

static tare_optimizer special(tare_graph *graph, size_t i) {
    switch (i) {
    case 0:
        return tare_adam(graph, .amsgrad = true);
    case 1:
        return tare_momentum(graph, .learning_rate = tare_number(0.05),
                             .momentum = tare_number(0.9), .use_nesterov = true);
    case 2:
        return tare_adam(graph, .use_nesterov = true);
    default:
        return tare_rmsprop(graph, .learning_rate = tare_number(0.05), .centered = true);
    }
}

/* The bits of all variables after some steps; plan, where given: its text. */
static uint64_t trained(plan_trial *t, tare_tensor step, bool merge, int64_t threads, char **plan) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    tare_session *session = NULL;
    options.merge = merge;
    options.threads = threads;
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new_with(t->graph, &options, &session, NULL), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    for (int i = 0; i < STEPS; i++)
        if (tare_session_run(session, t->feeds, t->feed_count, &step, 1, NULL))
            fail_msg("%s", tare_session_message(session));
    if (plan)
        assert_int_equal(tare_session_plan_text(session, t->feeds, t->feed_count, &step, 1, plan),
                         TARE_OK);
    const uint64_t hash = trial_hash(t->graph, session);
    tare_session_free(session);
    return hash;
}

/* Steps of ops whose name begins so. */
static int steps_like(const char *plan, const char *start) {
    int count = 0;
    for (const char *line = plan; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        int step = 0;
        char word[64] = "", name[64] = "", letter = 0;
        /* A step's line has its name and bytes with a unit; a total's has no name. */
        count += sscanf(line, "%d %63s %63s %c", &step, word, name, &letter) == 4 &&
                 !strncmp(word, start, strlen(start));
    }
    return count;
}

static void check_one_step(plan_trial *t, tare_tensor step) {
    char *plan = NULL;
    const uint64_t plain = trained(t, step, false, 1, NULL);
    assert_true(trained(t, step, true, 1, &plan) == plain);
    if (steps_like(plan, "apply_") != 1 || trial_count(plan, "merged: 6 updates") != 1)
        fail_msg("needs one step of updates:\n%s", plan);
    tare_text_free(plan);
    for (int64_t threads = 2; threads <= 7; threads++)
        assert_true(trained(t, step, true, threads, NULL) == plain);
}

static void every_optimiser_updates_all_variables_in_one_step(void **state) {
    (void)state;
    for (size_t i = 0; tare_optimizer_kind(i); i++) {
        plan_trial t = trial_begin();
        check_one_step(&t, build(&t, of_kind, i));
        trial_end(&t);
    }
    for (size_t i = 0; i < 4; i++) {
        plan_trial t = trial_begin();
        check_one_step(&t, build(&t, special, i));
        trial_end(&t);
    }
}

static void networks_update_in_one_step(void **state) {
    (void)state;
    static const char *const networks[][2] = {
        {"lenet_bn", ""}, {"resnet20", "size=12"}, {"action3d", ""}};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        network_trial t = network_begin(networks[i][0], networks[i][1], 4);
        tare_session *session = trial_session(t.graph, true);
        char *plan = NULL;
        if (tare_session_plan_text(session, t.feeds, t.feed_count, &t.network.train, 1, &plan))
            fail_msg("%s", tare_session_message(session));
        if (steps_like(plan, "apply_") != 1)
            fail_msg("%s needs one step of updates:\n%s", networks[i][0], plan);
        tare_text_free(plan);
        tare_session_free(session);
        network_end(&t);
    }
}

/* The rate is a variable that is trained too: all are changed by what it was before. */
static void a_variable_that_is_read_is_changed_in_a_step_of_its_own(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor a = tare_get_variable(t.graph, "a", TARE_SHAPE(300000)),
                      rate = tare_get_variable(t.graph, "rate", TARE_SCALAR);
    const tare_tensor loss = tare_add(tare_reduce_sum(tare_square(a)), tare_square(rate));
    const tare_tensor step =
        tare_minimize(tare_gradient_descent(t.graph, .learning_rate = rate), loss);
    char *plan = NULL;
    const uint64_t plain = trained(&t, step, false, 1, NULL);
    assert_true(trained(&t, step, true, 1, &plan) == plain);
    if (steps_like(plan, "apply_") != 2) fail_msg("needs two steps of updates:\n%s", plan);
    tare_text_free(plan);
    for (int64_t threads = 2; threads <= 7; threads++)
        assert_true(trained(&t, step, true, threads, NULL) == plain);
    trial_end(&t);
}

/* The same variables twice in one run: the second update comes after the first. */
static void two_updates_of_a_variable_are_two_steps(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor a = tare_get_variable(t.graph, "a", TARE_SHAPE(300)),
                      b = tare_get_variable(t.graph, "b", TARE_SHAPE(40));
    tare_tensor steps[2];
    for (int i = 0; i < 2; i++)
        steps[i] = tare_minimize(
            tare_gradient_descent(t.graph, .learning_rate = tare_number(0.1)),
            tare_add(tare_reduce_sum(tare_square(a)), tare_reduce_sum(tare_square(b))));
    const tare_tensor both = tare_group(t.graph, steps, 2);
    char *plan = NULL;
    const uint64_t plain = trained(&t, both, false, 1, NULL);
    assert_true(trained(&t, both, true, 2, &plan) == plain);
    if (steps_like(plan, "apply_") != 2) fail_msg("needs two steps of updates:\n%s", plan);
    tare_text_free(plan);
    trial_end(&t);
}

/* What waits for an update of one variable runs after all of them, and sees the new value. */
static void what_waits_for_an_update_runs_after_it(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor step = build(&t, of_kind, 0);
    const tare_tensor w = tare_collection_item(t.graph, TARE_GLOBAL_VARIABLES, NULL, 4);
    tare_tensor late;
    TARE_CONTROL_DEPENDENCIES (t.graph, &step, 1) {
        late = tare_reduce_sum(tare_square(w));
    }
    const tare_tensor fetches[] = {late, tare_reduce_sum(tare_square(w))};
    tare_text_free(trial_compare(&t, fetches, 2, 0));
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimiser_updates_all_variables_in_one_step),
        cmocka_unit_test(networks_update_in_one_step),
        cmocka_unit_test(a_variable_that_is_read_is_changed_in_a_step_of_its_own),
        cmocka_unit_test(two_updates_of_a_variable_are_two_steps),
        cmocka_unit_test(what_waits_for_an_update_runs_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
