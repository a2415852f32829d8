/* SPDX-License-Identifier: Apache-2.0 */
/* Learning-rate schedules: TensorFlow 2.15.1's rates step by step, dtypes of steps, refusals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/schedule.h>
#include <tare/session.h>

static const int64_t at[] = {0, 1, 5, 9, 10, 11, 20, 21, 55, 100, 1000};
enum { STEPS = sizeof at / sizeof *at };

typedef tare_tensor (*build_function)(tare_tensor rate, tare_tensor step);

/* ------------------------------------------------------------------------- what TensorFlow says */

static tare_tensor exponential(tare_tensor rate, tare_tensor step) {
    return tare_exponential_decay(rate, step, .decay_steps = 10, .decay_rate = .5);
}
static tare_tensor exponential_stairs(tare_tensor rate, tare_tensor step) {
    return tare_exponential_decay(rate, step, .decay_steps = 100, .decay_rate = .1,
                                  .staircase = true);
}
static tare_tensor inverse_time(tare_tensor rate, tare_tensor step) {
    return tare_inverse_time_decay(rate, step, .decay_steps = 7, .decay_rate = .96);
}
static tare_tensor natural_exp(tare_tensor rate, tare_tensor step) {
    return tare_natural_exp_decay(rate, step, .decay_steps = 10, .decay_rate = .5);
}
static tare_tensor polynomial(tare_tensor rate, tare_tensor step) {
    return tare_polynomial_decay(rate, step, .decay_steps = 100, .end_learning_rate = 1e-5,
                                 .power = .5);
}
static tare_tensor polynomial_cycle(tare_tensor rate, tare_tensor step) {
    return tare_polynomial_decay(rate, step, .decay_steps = 7, .end_learning_rate = .01,
                                 .cycle = true);
}
static tare_tensor cosine(tare_tensor rate, tare_tensor step) {
    return tare_cosine_decay(rate, step, .decay_steps = 7, .alpha = .1);
}
static tare_tensor restarts(tare_tensor rate, tare_tensor step) {
    return tare_cosine_decay_restarts(rate, step, .first_decay_steps = 10);
}
static tare_tensor restarts_alike(tare_tensor rate, tare_tensor step) {
    return tare_cosine_decay_restarts(rate, step, .first_decay_steps = 10, .t_mul = 1, .m_mul = .9);
}
static tare_tensor linear_cosine(tare_tensor rate, tare_tensor step) {
    return tare_linear_cosine_decay(rate, step, .decay_steps = 7, .num_periods = 2, .alpha = .1,
                                    .beta = .01);
}
static tare_tensor piecewise(tare_tensor rate, tare_tensor step) {
    (void)rate;
    const double boundaries[] = {10, 20}, values[] = {.1, .01, .001};
    return tare_piecewise_constant(step, boundaries, values, 2);
}

static const struct {
    build_function build;
    double rate, tolerance;
    double wanted[STEPS];
} cases[] = {
    {exponential,
     .1,
     5e-8,
     {0.100000001, 0.0933033004, 0.0707106814, 0.0535886772, 0.0500000007, 0.0466516502,
      0.0250000004, 0.023325827, 0.00220970879, 9.76562515e-05, 7.88860917e-32}},
    {exponential_stairs,
     .001,
     5e-10,
     {0.00100000005, 0.00100000005, 0.00100000005, 0.00100000005, 0.00100000005, 0.00100000005,
      0.00100000005, 0.00100000005, 0.00100000005, 0.000100000005, 1.00000019e-13}},
    {inverse_time,
     1,
     5e-7,
     {1, 0.879396975, 0.593220353, 0.447570294, 0.421686769, 0.398633271, 0.267175555, 0.257731974,
      0.117056854, 0.0679611713, 0.00723888353}},
    {natural_exp,
     .1,
     5e-8,
     {0.100000001, 0.0951229483, 0.0778800771, 0.0637628138, 0.0606530681, 0.0576949827,
      0.0367879458, 0.0349937789, 0.00639278674, 0.000673794828, 1.92875198e-23}},
    {polynomial,
     .001,
     5e-10,
     {0.00100000005, 0.000995037612, 0.000974932744, 0.000954399933, 0.000949196517, 0.000943964231,
      0.000895483012, 0.00088993134, 0.000674112234, 9.99999975e-06, 9.99999975e-06}},
    {polynomial_cycle,
     1,
     5e-6,
     {1, 0.85857141, 0.292857111, 0.363571435, 0.292857111, 0.222142875, 0.0571428537,
      0.00999999978, 0.0276785623, 0.0571428537, 0.0109889843}},
    {cosine,
     1,
     5e-7,
     {1, 0.955435932, 0.269429505, 0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.100000001,
      0.100000001, 0.100000001, 0.100000001}},
    {restarts,
     .1,
     5e-8,
     {0.100000001, 0.0975528285, 0.049999997, 0.00244717603, 0.100000001, 0.0993844196, 0.049999997,
      0.0421782844, 0.0308658239, 0.0691341683, 0.0378509909}},
    {restarts_alike,
     .1,
     5e-8,
     {0.100000001, 0.0975528285, 0.049999997, 0.00244717603, 0.0899999961, 0.0877975449,
      0.0809999928, 0.0790177882, 0.029524494, 0.0348678343, 2.65613289e-06}},
    {linear_cosine,
     1,
     5e-7,
     {1.11000001, 0.382079214, 0.0290987957, 0.109999999, 0.109999999, 0.109999999, 0.109999999,
      0.109999999, 0.109999999, 0.109999999, 0.109999999}},
    {piecewise,
     0,
     0,
     {0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.100000001, 0.00999999978, 0.00999999978,
      0.00100000005, 0.00100000005, 0.00100000005, 0.00100000005}},
};

/* ------------------------------------------------------------------------- running */

static tare_session *session_of(tare_graph *graph) {
    tare_session *session = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_session_new_with(graph, NULL, &session, &error)) fail_msg("%s", error.message);
    return session;
}

static double run(tare_session *session, tare_tensor rate, tare_tensor step, double value) {
    tare_array *fed = NULL, *result = NULL;
    assert_int_equal(tare_array_new(tare_tensor_dtype(step), TARE_SCALAR, NULL, &fed), TARE_OK);
    assert_true(tare_array_set_number(fed, 0, value));
    const tare_feed feed = {step, fed};
    if (tare_session_run(session, &feed, 1, &rate, 1, &result))
        fail_msg("%s", tare_session_message(session));
    const double number = tare_array_number(result, 0);
    tare_array_free(fed);
    return number;
}

static void rates_are_tensorflows(void **state) {
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tare_graph *graph = tare_graph_new();
        const tare_tensor step = tare_placeholder(graph, TARE_INT64, TARE_SCALAR);
        const tare_tensor rate = cases[c].build(tare_number(cases[c].rate), step);
        if (tare_graph_status(graph)) fail_msg("%s", tare_message(graph));
        assert_int_equal(tare_tensor_dtype(rate), TARE_FLOAT32);
        tare_session *session = session_of(graph);
        for (int i = 0; i < STEPS; i++) {
            const double got = run(session, rate, step, (double)at[i]);
            const double wanted = (double)(float)cases[c].wanted[i];
            if (!(fabs(got - wanted) <= cases[c].tolerance + 1e-6 * wanted))
                fail_msg("case %zu, step %lld: got %.9g, wanted %.9g", c, (long long)at[i], got,
                         wanted);
        }
        tare_session_free(session);
        tare_graph_free(graph);
    }
}

static void steps_may_have_any_dtype_of_numbers(void **state) {
    (void)state;
    static const tare_dtype dtypes[] = {TARE_INT32, TARE_INT64, TARE_FLOAT32, TARE_FLOAT64};
    for (size_t d = 0; d < 4; d++) {
        tare_graph *graph = tare_graph_new();
        const tare_tensor step = tare_placeholder(graph, dtypes[d], TARE_SCALAR);
        const tare_tensor smooth = exponential(tare_number(.1), step);
        const tare_tensor pieces = piecewise(TARE_NULL, step);
        tare_session *session = session_of(graph);
        assert_true(fabs(run(session, smooth, step, 5) - 0.0707106814) < 1e-8);
        assert_true((float)run(session, pieces, step, 20) == .01f);
        tare_session_free(session);
        tare_graph_free(graph);
    }
}

/* A rate that is a float64 tensor is computed with in float64. */
static void the_rate_gives_the_dtype(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor step = tare_placeholder(graph, TARE_INT64, TARE_SCALAR);
    const double first = .1;
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT64, TARE_SCALAR, &first, &array), TARE_OK);
    const tare_tensor rate = tare_exponential_decay(tare_constant(graph, array), step,
                                                    .decay_steps = 10, .decay_rate = .5);
    tare_array_free(array);
    assert_int_equal(tare_tensor_dtype(rate), TARE_FLOAT64);
    tare_session *session = session_of(graph);
    assert_true(fabs(run(session, rate, step, 5) - .1 * sqrt(.5)) < 1e-16);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* Noise has the variance asked for, is new in every run, and is gone at the end of the cosine. */
static void noise_is_drawn_anew(void **state) {
    (void)state;
    enum { RUNS = 2000 };
    tare_graph *graph = tare_graph_new();
    const tare_tensor step = tare_placeholder(graph, TARE_INT64, TARE_SCALAR);
    const tare_tensor rate = tare_noisy_linear_cosine_decay(tare_number(1), step, .decay_steps = 10,
                                                            .initial_variance = 4, .beta = 0);
    tare_session *session = session_of(graph);
    double sum = 0, squares = 0;
    for (int i = 0; i < RUNS; i++) {
        const double x = run(session, rate, step, 0);
        sum += x;
        squares += x * x;
    }
    const double mean = sum / RUNS, deviation = sqrt(squares / RUNS - mean * mean);
    assert_true(fabs(mean - 1) < 5 * 2 / sqrt(RUNS));
    assert_true(fabs(deviation / 2 - 1) < .1);
    assert_true(fabs(run(session, rate, step, 10)) < 1e-6);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- names, refusals */

static void nodes_have_tensorflows_names(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor step = tare_placeholder(graph, TARE_INT64, TARE_SCALAR);
    assert_string_equal(tare_tensor_name(exponential(tare_number(1), step)), "ExponentialDecay:0");
    assert_string_equal(tare_tensor_name(restarts(tare_number(1), step)), "SGDRDecay:0");
    assert_string_equal(tare_tensor_name(piecewise(TARE_NULL, step)), "PiecewiseConstant:0");
    const tare_tensor named =
        tare_cosine_decay(tare_number(1), step, .decay_steps = 3, .name = "rate");
    assert_string_equal(tare_tensor_name(named), "rate:0");
    tare_graph_free(graph);
}

static void check_refusal(tare_graph *graph, tare_tensor result, tare_status status,
                          const char *words) {
    assert_false(tare_tensor_is_valid(result));
    assert_int_equal(tare_graph_status(graph), status);
    if (!strstr(tare_message(graph), words))
        fail_msg("'%s' lacks '%s'", tare_message(graph), words);
    tare_graph_clear_error(graph);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor step = tare_placeholder(graph, TARE_INT64, TARE_SCALAR);
    const tare_tensor steps = tare_placeholder(graph, TARE_INT64, TARE_SHAPE(3));
    const tare_tensor truth = tare_placeholder(graph, TARE_BOOL, TARE_SCALAR);
    const double falling[] = {20, 10}, values[] = {3, 2, 1};
    const int64_t size = tare_graph_size(graph);
    check_refusal(graph, tare_exponential_decay(tare_number(1), step, .decay_rate = .5),
                  TARE_ERROR_ARGUMENT, "0 steps");
    check_refusal(graph, exponential(tare_number(1), steps), TARE_ERROR_SHAPE, "global step");
    check_refusal(graph, exponential(tare_number(1), truth), TARE_ERROR_TYPE, "bool");
    check_refusal(graph, exponential(step, step), TARE_ERROR_TYPE, "learning rate");
    check_refusal(graph, tare_piecewise_constant(step, falling, values, 2), TARE_ERROR_ARGUMENT,
                  "rise");
    check_refusal(graph, tare_piecewise_constant(step, NULL, NULL, 0), TARE_ERROR_ARGUMENT, "one");
    assert_int_equal(tare_graph_size(graph), size);
    tare_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_tensorflows),
        cmocka_unit_test(steps_may_have_any_dtype_of_numbers),
        cmocka_unit_test(the_rate_gives_the_dtype),
        cmocka_unit_test(noise_is_drawn_anew),
        cmocka_unit_test(nodes_have_tensorflows_names),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
