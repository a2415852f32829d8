/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Optimisers in a graph: slots and their names, one training step and its order, which updates of
 * layers run with it, and what is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "layer/update.h"

#include <tare/session.h>
#include <tare/train.h>

/* ------------------------------------------------------------------------- helpers */

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

static void run(tare_session *session, tare_tensor fetch) { run_fed(session, fetch, NULL, 0); }

static double value_at(tare_session *session, const char *variable, int64_t i) {
    tare_array *array = NULL;
    if (tare_session_get(session, variable, &array)) fail_msg("%s", tare_session_message(session));
    const double value = tare_array_number(array, i);
    tare_array_free(array);
    return value;
}

static double value(tare_session *session, const char *variable) {
    return value_at(session, variable, 0);
}

static void assert_near(double got, double wanted, double tolerance) {
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("got %.9g, wanted %.9g within %g", got, wanted, tolerance);
}

static tare_tensor scalar(tare_graph *graph, const char *name, double first) {
    return tare_get_variable(graph, name, TARE_SCALAR, .initializer = TARE_CONSTANT(first));
}

/* sum over all of (v - target)^2 / 2: the gradient is v - target. */
static tare_tensor distance(tare_tensor v, double target) {
    const tare_tensor away = tare_sub(v, tare_number(target));
    return tare_mul(tare_number(.5), tare_reduce_sum(tare_square(away)));
}

static void check_variables(tare_graph *graph, const char *const *names) {
    size_t count = 0;
    for (; names[count]; count++) {
        const tare_tensor v = tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, count);
        assert_string_equal(tare_tensor_name(v), names[count]);
    }
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), count);
}

/* A vector "w" and a scalar "b", with placeholders as their gradients. */
typedef struct pair {
    tare_graph *graph;
    tare_tensor variables[2], gradients[2];
} pair;

static pair make_pair(void) {
    pair p = {.graph = tare_graph_new()};
    p.variables[0] =
        tare_get_variable(p.graph, "w", TARE_SHAPE(3), .initializer = TARE_CONSTANT(1));
    p.variables[1] = scalar(p.graph, "b", 2);
    p.gradients[0] = tare_placeholder(p.graph, TARE_FLOAT32, TARE_SHAPE(3));
    p.gradients[1] = tare_placeholder(p.graph, TARE_FLOAT32, TARE_SCALAR);
    return p;
}

/* ------------------------------------------------------------------------- names */

static void slots_have_tensorflows_names_and_order(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        const char *names[9];
    } cases[] = {
        {"gradient_descent", {"w:0", "b:0"}},
        {"momentum", {"w:0", "b:0", "w/Momentum:0", "b/Momentum:0"}},
        {"adam",
         {"w:0", "b:0", "beta1_power:0", "beta2_power:0", "w/Adam:0", "w/Adam_1:0", "b/Adam:0",
          "b/Adam_1:0"}},
        {"adamax",
         {"w:0", "b:0", "beta1_power:0", "w/AdaMax:0", "w/AdaMax_1:0", "b/AdaMax:0",
          "b/AdaMax_1:0"}},
        {"rmsprop", {"w:0", "b:0", "w/RMSProp:0", "w/RMSProp_1:0", "b/RMSProp:0", "b/RMSProp_1:0"}},
        {"adagrad", {"w:0", "b:0", "w/Adagrad:0", "b/Adagrad:0"}},
        {"adadelta",
         {"w:0", "b:0", "w/Adadelta:0", "w/Adadelta_1:0", "b/Adadelta:0", "b/Adadelta_1:0"}},
        {"ftrl", {"w:0", "b:0", "w/Ftrl:0", "w/Ftrl_1:0", "b/Ftrl:0", "b/Ftrl_1:0"}},
        {"proximal_gradient_descent", {"w:0", "b:0"}},
        {"proximal_adagrad", {"w:0", "b:0", "w/ProximalAdagrad:0", "b/ProximalAdagrad:0"}},
        {"add_sign", {"w:0", "b:0", "w/AddSignOptimizer:0", "b/AddSignOptimizer:0"}},
        {"power_sign", {"w:0", "b:0", "w/PowerSignOptimizer:0", "b/PowerSignOptimizer:0"}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        _Alignas(16) char options[512];
        const tare_option_table *table = tare_optimizer_option_table(cases[c].kind);
        assert_string_equal(tare_optimizer_kind(c), cases[c].kind);
        assert_true(table && table->size <= sizeof options);
        table->set_defaults(options);
        assert_int_equal(tare_option_parse(table, options, "learning_rate", "0.1", NULL), TARE_OK);
        if (strcmp(cases[c].kind, "momentum") == 0)
            assert_int_equal(tare_option_parse(table, options, "momentum", "0.9", NULL), TARE_OK);
        pair p = make_pair();
        const tare_optimizer optimizer = tare_optimizer_of_kind(p.graph, cases[c].kind, options);
        tare_apply_gradients(optimizer, p.gradients, p.variables, 2);
        if (tare_graph_status(p.graph)) fail_msg("%s", tare_message(p.graph));
        check_variables(p.graph, cases[c].names);
        assert_int_equal(tare_collection_count(p.graph, TARE_TRAINABLE_VARIABLES, NULL), 2);
        tare_graph_free(p.graph);
    }
    assert_null(tare_optimizer_kind(sizeof cases / sizeof *cases));
    assert_null(tare_optimizer_option_table("nothing"));
}

static void two_optimisers_have_slots_of_their_own(void **state) {
    (void)state;
    static const char *const names[] = {
        "w:0",        "b:0",        "beta1_power:0", "beta2_power:0",   "w/Adam:0",
        "w/Adam_1:0", "b/Adam:0",   "b/Adam_1:0",    "beta1_power_1:0", "beta2_power_1:0",
        "w/Adam_2:0", "w/Adam_3:0", "b/Adam_2:0",    "b/Adam_3:0",      NULL};
    pair p = make_pair();
    const tare_tensor first = tare_apply_gradients(tare_adam(p.graph), p.gradients, p.variables, 2);
    const tare_tensor second =
        tare_apply_gradients(tare_adam(p.graph), p.gradients, p.variables, 2);
    check_variables(p.graph, names);
    assert_string_equal(tare_tensor_name(first), "Adam");
    assert_string_equal(tare_tensor_name(second), "Adam_1");
    tare_graph_free(p.graph);
}

static void one_optimiser_applied_twice_keeps_its_slots(void **state) {
    (void)state;
    pair p = make_pair();
    const tare_optimizer adam = tare_adam(p.graph);
    assert_false(tare_tensor_is_valid(tare_optimizer_slot(adam, p.variables[0], "m")));
    tare_apply_gradients(adam, p.gradients, p.variables, 1);
    const size_t before = tare_collection_count(p.graph, TARE_GLOBAL_VARIABLES, NULL);
    const tare_tensor m = tare_optimizer_slot(adam, p.variables[0], "m");
    tare_apply_gradients(adam, p.gradients, p.variables, 2);
    assert_int_equal(tare_collection_count(p.graph, TARE_GLOBAL_VARIABLES, NULL), before + 2);
    assert_int_equal(tare_optimizer_slot(adam, p.variables[0], "m").node, m.node);
    assert_string_equal(tare_tensor_name(tare_optimizer_slot(adam, p.variables[1], "v")),
                        "b/Adam_1:0");
    assert_string_equal(tare_tensor_name(tare_optimizer_slot(adam, p.variables[1], "beta2_power")),
                        "beta2_power:0");
    assert_false(tare_tensor_is_valid(tare_optimizer_slot(adam, p.variables[1], "vhat")));
    tare_graph_free(p.graph);
}

static void slots_are_made_in_the_scope_of_the_call(void **state) {
    (void)state;
    static const char *const names[] = {"model/w:0",
                                        "model/beta1_power:0",
                                        "model/beta2_power:0",
                                        "model/model/w/Adam:0",
                                        "model/model/w/Adam_1:0",
                                        NULL};
    tare_graph *graph = tare_graph_new();
    tare_tensor train = TARE_NULL;
    TARE_VARIABLE_SCOPE (graph, "model") {
        const tare_tensor w = scalar(graph, "w", 1);
        train = tare_minimize(tare_adam(graph), distance(w, 0));
    }
    assert_string_equal(tare_tensor_name(train), "model/Adam");
    check_variables(graph, names);
    tare_graph_free(graph);
}

/* RMSProp's mean square starts at 1, AdaGrad's sum where the program says, the others at 0. */
static void slots_start_at_tensorflows_values(void **state) {
    (void)state;
    pair p = make_pair();
    const tare_tensor rate = tare_number(.1);
    const tare_optimizer optimizers[] = {
        tare_rmsprop(p.graph, .learning_rate = rate, .centered = true),
        tare_adagrad(p.graph, .learning_rate = rate),
        tare_proximal_adagrad(p.graph, .learning_rate = rate, .initial_accumulator_value = .5),
        tare_ftrl(p.graph, .learning_rate = rate),
    };
    for (size_t i = 0; i < 4; i++) tare_apply_gradients(optimizers[i], p.gradients, p.variables, 2);
    tare_session *session = session_of(p.graph);
    assert_true(value_at(session, "w/RMSProp", 2) == 1);
    assert_true(value_at(session, "w/RMSProp_1", 2) == 0);
    assert_true(value(session, "b/RMSProp_2") == 0);
    assert_true((float)value(session, "w/Adagrad") == .1f);
    assert_true(value(session, "b/ProximalAdagrad") == .5);
    assert_true((float)value(session, "b/Ftrl") == .1f);
    assert_true(value(session, "b/Ftrl_1") == 0);
    tare_session_free(session);
    tare_graph_free(p.graph);
}

static void names_may_be_given(void **state) {
    (void)state;
    pair p = make_pair();
    const tare_optimizer adam = tare_adam(p.graph, .name = "Mine");
    tare_apply_gradients(adam, p.gradients, p.variables, 1);
    assert_string_equal(tare_tensor_name(tare_optimizer_slot(adam, p.variables[0], "m")),
                        "w/Mine:0");
    const tare_tensor train =
        tare_apply_gradients(adam, p.gradients, p.variables, 1, .name = "train");
    assert_string_equal(tare_tensor_name(train), "train");
    assert_int_equal(tare_collection_count(p.graph, TARE_TRAIN_OP, NULL), 2);
    tare_graph_free(p.graph);
}

/* ------------------------------------------------------------------------- one step */

static void adams_first_step_is_the_rate(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor rate = tare_placeholder(graph, TARE_FLOAT32, TARE_SCALAR);
    const tare_tensor w = scalar(graph, "w", 1), b = scalar(graph, "b", -2);
    const tare_tensor loss = tare_add(distance(w, 0), distance(b, 0));
    const tare_tensor train = tare_minimize(tare_adam(graph, .learning_rate = rate), loss);
    tare_session *session = session_of(graph);
    tare_array *half = tare_array_float(.25f);
    run_fed(session, train, &(tare_feed){rate, half}, 1);
    assert_near(value(session, "w"), .75, 3e-7);
    assert_near(value(session, "b"), -1.75, 3e-7);
    assert_near(value(session, "beta1_power"), (double)(.9f * .9f), 0);
    assert_near(value(session, "beta2_power"), (double)(.999f * .999f), 0);
    tare_array_free(half);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* Many steps on one variable, by the formula in double. */
static void adam_is_adam_for_many_steps(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 1), b = scalar(graph, "b", 5);
    const tare_tensor loss = tare_add(distance(w, 3), distance(b, 3));
    const tare_tensor train =
        tare_minimize(tare_adam(graph, .learning_rate = tare_number(.1)), loss);
    tare_session *session = session_of(graph);
    const double beta1 = (double).9f, beta2 = (double).999f;
    double x[2] = {1, 5}, m[2] = {0}, v[2] = {0};
    for (int t = 1; t <= 50; t++) {
        for (int i = 0; i < 2; i++) {
            const double g = x[i] - 3;
            m[i] = beta1 * m[i] + (1 - beta1) * g;
            v[i] = beta2 * v[i] + (1 - beta2) * g * g;
            const double rate = .1 * sqrt(1 - pow(beta2, t)) / (1 - pow(beta1, t));
            x[i] -= rate * m[i] / (sqrt(v[i]) + 1e-8);
        }
        run(session, train);
        assert_near(value(session, "w"), x[0], 2e-5);
        assert_near(value(session, "b"), x[1], 2e-5);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

/* 1 - beta2 is 1 - 0.999f, also for a float64 variable. */
static void numbers_are_float32_whatever_the_variable_is(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = tare_get_variable(graph, "w", TARE_SCALAR, .dtype = TARE_FLOAT64,
                                            .initializer = TARE_CONSTANT(2));
    const tare_tensor train = tare_minimize(tare_adam(graph), distance(w, 0));
    tare_session *session = session_of(graph);
    run(session, train);
    assert_near(value(session, "w/Adam_1"), 4 * (1 - (double).999f), 1e-17);
    assert_near(value(session, "w/Adam"), 2 * (1 - (double).9f), 1e-17);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_schedule_is_a_learning_rate(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 1), step = tare_global_step(graph);
    const tare_tensor rate = tare_exponential_decay(tare_number(.5), step, .decay_steps = 1,
                                                    .decay_rate = .5, .staircase = true);
    const tare_optimizer descent = tare_gradient_descent(graph, .learning_rate = rate);
    const tare_tensor train = tare_minimize(descent, distance(w, 0), .global_step = step);
    tare_session *session = session_of(graph);
    double x = 1, r = .5;
    for (int i = 0; i < 4; i++, r *= .5) {
        run(session, train);
        x -= r * x;
        assert_near(value(session, "w"), x, 1e-7);
        assert_true(value(session, "global_step") == i + 1);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

static void the_global_step_is_one_int64_variable(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor step = tare_global_step(graph), again = tare_global_step(graph);
    assert_int_equal(step.node, again.node);
    assert_string_equal(tare_tensor_name(step), "global_step:0");
    assert_int_equal(tare_tensor_dtype(step), TARE_INT64);
    assert_int_equal(tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL), 0);
    tare_graph_free(graph);
}

static void constraints_hold_after_the_update(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = tare_get_variable(
        graph, "w", TARE_SCALAR, .initializer = TARE_CONSTANT(1), .constraint = TARE_NON_NEGATIVE);
    const tare_tensor u =
        tare_get_variable(graph, "u", TARE_SHAPE(2, 1), .initializer = TARE_CONSTANT(3),
                          .constraint = TARE_UNIT_NORM);
    const tare_tensor m =
        tare_get_variable(graph, "m", TARE_SHAPE(4, 2), .initializer = TARE_CONSTANT(3),
                          .constraint = TARE_MAX_NORM_2);
    const tare_tensor losses[] = {distance(w, -9), distance(u, 3), distance(m, 3)};
    const tare_optimizer descent = tare_gradient_descent(graph, .learning_rate = tare_number(.5));
    const tare_tensor train =
        tare_minimize(descent, tare_add(losses[0], tare_add(losses[1], losses[2])));
    tare_session *session = session_of(graph);
    run(session, train);
    assert_true(value(session, "w") == 0);
    assert_near(value(session, "u"), sqrt(.5), 1e-6);
    assert_near(value_at(session, "m", 7), 1, 1e-6);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void only_variables_with_a_gradient_change(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = scalar(graph, "w", 1), other = scalar(graph, "other", 1);
    const tare_tensor frozen = tare_get_variable(graph, "frozen", TARE_SCALAR, .trainable = false,
                                                 .initializer = TARE_ONES);
    const tare_tensor loss = tare_add(distance(w, 0), distance(frozen, 0));
    const tare_optimizer momentum =
        tare_momentum(graph, .learning_rate = tare_number(.5), .momentum = tare_number(.9));
    const tare_tensor train = tare_minimize(momentum, loss);
    assert_true(tare_tensor_is_valid(tare_optimizer_slot(momentum, w, "momentum")));
    assert_false(tare_tensor_is_valid(tare_optimizer_slot(momentum, other, "momentum")));
    tare_session *session = session_of(graph);
    run(session, train);
    assert_true(value(session, "w") == .5);
    assert_true(value(session, "other") == 1);
    assert_true(value(session, "frozen") == 1);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_list_of_variables_limits_the_step(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor a = scalar(graph, "a", 1), b = scalar(graph, "b", 1);
    const tare_optimizer descent = tare_gradient_descent(graph, .learning_rate = tare_number(.5));
    const tare_tensor loss = tare_add(distance(a, 0), distance(b, 0));
    const tare_tensor train = tare_minimize(descent, loss, .var_list = &b, .var_count = 1);
    tare_session *session = session_of(graph);
    run(session, train);
    assert_true(value(session, "a") == 1);
    assert_true(value(session, "b") == .5);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void gradients_may_be_computed_and_changed_between(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor variables[] = {scalar(graph, "a", 1), scalar(graph, "b", 1)};
    const tare_optimizer descent = tare_gradient_descent(graph, .learning_rate = tare_number(.5));
    tare_tensor gradients[2];
    assert_int_equal(
        tare_compute_gradients(descent, distance(variables[0], 0), variables, 2, gradients),
        TARE_OK);
    assert_false(tare_tensor_is_valid(gradients[1]));
    gradients[0] = tare_mul(gradients[0], tare_number(.5));
    const tare_tensor train = tare_apply_gradients(descent, gradients, variables, 2);
    tare_session *session = session_of(graph);
    run(session, train);
    assert_true(value(session, "a") == .75);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- updates of layers */

/* Two layers that count their updates; the loss depends on the first. */
typedef struct counted {
    tare_graph *graph;
    tare_tensor loss, updates[3];
} counted;

static tare_tensor count_up(tare_graph *graph, const char *name) {
    const tare_tensor counter =
        tare_get_variable(graph, name, TARE_SCALAR, .trainable = false, .initializer = TARE_ZEROS);
    return tare_assign_add(counter, tare_number(1));
}

static counted make_counted(void) {
    counted c = {.graph = tare_graph_new()};
    const tare_tensor w = scalar(c.graph, "w", 1);
    const tare_tensor used = tare_identity(w), unused = tare_identity(used);
    c.loss = distance(used, 0);
    c.updates[0] = count_up(c.graph, "used");
    c.updates[1] = count_up(c.graph, "unused");
    c.updates[2] = count_up(c.graph, "users_own");
    tare_layer_add_update(c.graph, c.updates[0], used);
    tare_layer_add_update(c.graph, c.updates[1], unused);
    tare_add_to_collection(c.graph, TARE_UPDATE_OPS, c.updates[2]);
    return c;
}

static void check_updates(tare_updates which, double used, double unused, double users_own) {
    counted c = make_counted();
    const tare_optimizer descent = tare_gradient_descent(c.graph, .learning_rate = tare_number(.5));
    const tare_tensor train = tare_minimize(descent, c.loss, .updates = (int)which);
    tare_session *session = session_of(c.graph);
    run(session, train);
    run(session, train);
    assert_true(value(session, "used") == used);
    assert_true(value(session, "unused") == unused);
    assert_true(value(session, "users_own") == users_own);
    assert_true(value(session, "w") == .25);
    tare_session_free(session);
    tare_graph_free(c.graph);
}

static void a_step_runs_the_updates_its_loss_depends_on(void **state) {
    (void)state;
    check_updates(TARE_UPDATES_LOSS, 2, 0, 2);
    check_updates(TARE_UPDATES_ALL, 2, 2, 2);
    check_updates(TARE_UPDATES_MANUAL, 0, 0, 0);
}

static void updates_fetched_beside_the_step_run_once(void **state) {
    (void)state;
    counted c = make_counted();
    const tare_optimizer descent = tare_gradient_descent(c.graph, .learning_rate = tare_number(.5));
    const tare_tensor fetches[] = {tare_minimize(descent, c.loss), c.updates[0], c.updates[1],
                                   c.updates[2]};
    tare_session *session = session_of(c.graph);
    assert_int_equal(tare_session_run(session, NULL, 0, fetches, 4, NULL), TARE_OK);
    assert_true(value(session, "used") == 1);
    assert_true(value(session, "unused") == 1);
    assert_true(value(session, "users_own") == 1);
    tare_session_free(session);
    tare_graph_free(c.graph);
}

/* ------------------------------------------------------------------------- refusals */

static void check_refusal(tare_graph *graph, int64_t size, tare_status status, const char *words) {
    assert_int_equal(tare_graph_status(graph), status);
    if (!strstr(tare_message(graph), words))
        fail_msg("'%s' lacks '%s'", tare_message(graph), words);
    assert_int_equal(tare_graph_size(graph), size);
    assert_int_equal(tare_collection_count(graph, TARE_TRAIN_OP, NULL), 0);
    tare_graph_clear_error(graph);
}

static void optimisers_without_sense_are_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor rates = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(2));
    const tare_tensor whole = tare_placeholder(graph, TARE_INT32, TARE_SCALAR);
    const int64_t size = tare_graph_size(graph);
    assert_int_equal(tare_gradient_descent(graph).node, 0);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "no learning_rate");
    assert_int_equal(tare_gradient_descent(graph, .learning_rate = TARE_TRUE).node, 0);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "boolean");
    assert_int_equal(tare_adam(graph, .learning_rate = rates).node, 0);
    check_refusal(graph, size, TARE_ERROR_SHAPE, "rank 0");
    assert_int_equal(tare_adam(graph, .learning_rate = whole).node, 0);
    check_refusal(graph, size, TARE_ERROR_TYPE, "int32");
    assert_int_equal(tare_adam(graph, .amsgrad = true, .use_nesterov = true).node, 0);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "one of them");
    assert_int_equal(
        tare_adagrad(graph, .learning_rate = tare_number(1), .initial_accumulator_value = 0).node,
        0);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "initial_accumulator_value 0");
    assert_int_equal(
        tare_ftrl(graph, .learning_rate = tare_number(1), .learning_rate_power = .5).node, 0);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "learning_rate_power 0.5");
    assert_int_equal(tare_optimizer_of_kind(graph, "magic", NULL).node, 0);
    check_refusal(graph, size, TARE_ERROR_NAME, "magic");
    assert_int_equal(tare_adam(NULL).node, 0);
    tare_graph_free(graph);
}

static void steps_without_sense_are_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_optimizer adam = tare_adam(graph), failed = {.graph = graph};
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(2));
    const tare_tensor whole = tare_placeholder(graph, TARE_INT32, TARE_SCALAR);
    const tare_tensor apart = tare_reduce_sum(x);
    int64_t size = tare_graph_size(graph);
    tare_minimize(adam, apart);
    check_refusal(graph, size, TARE_ERROR_GRADIENT, "no variable");
    const tare_tensor w = scalar(graph, "w", 1), near = distance(w, 0);
    size = tare_graph_size(graph);
    tare_minimize(adam, apart);
    check_refusal(graph, size, TARE_ERROR_GRADIENT, "none of the 1 variables");
    tare_minimize(adam, whole);
    check_refusal(graph, size, TARE_ERROR_GRADIENT, "int32");
    tare_minimize(adam, TARE_NULL);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "as loss");
    tare_minimize(failed, near);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "optimiser");
    const tare_tensor nothing = TARE_NULL;
    tare_apply_gradients(adam, &nothing, &w, 1);
    check_refusal(graph, size, TARE_ERROR_GRADIENT, "no gradient");
    tare_apply_gradients(adam, &x, &w, 1);
    check_refusal(graph, size, TARE_ERROR_SHAPE, "[2]");
    tare_apply_gradients(adam, &near, &near, 1);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "no variable");
    tare_apply_gradients(adam, NULL, &w, 1);
    check_refusal(graph, size, TARE_ERROR_ARGUMENT, "NULL");
    tare_minimize(adam, near, .global_step = near);
    check_refusal(graph, size, TARE_ERROR_TYPE, "variable");
    tare_minimize(tare_adam(graph, .beta1 = near), near);
    assert_int_equal(tare_graph_status(graph), TARE_ERROR_ARGUMENT);
    tare_graph_free(graph);
}

/* Each allocation of building an optimiser and two steps fails in turn; nothing is lost. */
static void a_step_without_memory_is_a_status(void **state) {
    (void)state;
    for (int64_t fail_at = 1;; fail_at++) {
        failing_allocator allocator;
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&allocator, fail_at));
        if (graph) {
            const tare_tensor w = scalar(graph, "w", 1);
            const tare_tensor step = tare_global_step(graph), loss = distance(w, 0);
            const tare_optimizer adam = tare_adam(graph);
            tare_minimize(adam, loss, .global_step = step);
            tare_minimize(adam, loss);
            tare_regularization_loss(graph, NULL);
        }
        const bool built = graph && tare_graph_status(graph) == TARE_OK;
        if (graph && !built) assert_int_equal(tare_graph_status(graph), TARE_ERROR_MEMORY);
        tare_graph_free(graph);
        assert_true(failing_allocator_is_clean(&allocator));
        if (built) break;
    }
}

/* ------------------------------------------------------------------------- penalties */

static void penalties_add_up(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_get_variable(graph, "a/w", TARE_SHAPE(3), .initializer = TARE_CONSTANT(-2),
                      .regularizer = TARE_REGULARIZER(.5, .25));
    tare_get_variable(graph, "b/w", TARE_SCALAR, .initializer = TARE_CONSTANT(3),
                      .regularizer = TARE_REGULARIZER(0, 1));
    const tare_tensor all = tare_regularization_loss(graph, NULL);
    const tare_tensor some = tare_regularization_loss(graph, "b");
    const tare_tensor none = tare_regularization_loss(graph, "c");
    const tare_tensor fetches[] = {all, some, none};
    tare_array *results[3] = {NULL};
    tare_session *session = session_of(graph);
    if (tare_session_run(session, NULL, 0, fetches, 3, results))
        fail_msg("%s", tare_session_message(session));
    assert_true(tare_array_number(results[0], 0) == 3 + 3 + 9);
    assert_true(tare_array_number(results[1], 0) == 9);
    assert_true(tare_array_number(results[2], 0) == 0);
    assert_string_equal(tare_tensor_name(all), "total_regularization_loss:0");
    tare_session_free(session);
    tare_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_have_tensorflows_names_and_order),
        cmocka_unit_test(two_optimisers_have_slots_of_their_own),
        cmocka_unit_test(one_optimiser_applied_twice_keeps_its_slots),
        cmocka_unit_test(slots_are_made_in_the_scope_of_the_call),
        cmocka_unit_test(slots_start_at_tensorflows_values),
        cmocka_unit_test(names_may_be_given),
        cmocka_unit_test(adams_first_step_is_the_rate),
        cmocka_unit_test(adam_is_adam_for_many_steps),
        cmocka_unit_test(numbers_are_float32_whatever_the_variable_is),
        cmocka_unit_test(a_schedule_is_a_learning_rate),
        cmocka_unit_test(the_global_step_is_one_int64_variable),
        cmocka_unit_test(constraints_hold_after_the_update),
        cmocka_unit_test(only_variables_with_a_gradient_change),
        cmocka_unit_test(a_list_of_variables_limits_the_step),
        cmocka_unit_test(gradients_may_be_computed_and_changed_between),
        cmocka_unit_test(a_step_runs_the_updates_its_loss_depends_on),
        cmocka_unit_test(updates_fetched_beside_the_step_run_once),
        cmocka_unit_test(optimisers_without_sense_are_refused),
        cmocka_unit_test(steps_without_sense_are_refused),
        cmocka_unit_test(a_step_without_memory_is_a_status),
        cmocka_unit_test(penalties_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
