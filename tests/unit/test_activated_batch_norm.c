/* SPDX-License-Identifier: Apache-2.0 */
/* In-place activated batch normalisation: numbers, averages, gradients from the result, memory. */
#include "difference_trial.h"

#include "failing_build.h"

enum { SAMPLES = 6, CHANNELS = 3, NUMBERS = SAMPLES * CHANNELS };

static const int activations[] = {TARE_ACTIVATION_NONE, TARE_ACTIVATION_LEAKY_RELU,
                                  TARE_ACTIVATION_ELU};
static const double gammas[CHANNELS] = {1.5, -.5, .25}, betas[CHANNELS] = {.5, -.25, 0};

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, training, z;
    tare_array *fed, *yes, *no;
} trial;

static void set(trial *t, const char *name, const double *values, int count) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(t->session, name, &array), TARE_OK);
    for (int i = 0; i < count; i++) tare_array_set_number(array, i, values[i]);
    assert_int_equal(tare_session_set(t->session, name, array), TARE_OK);
    tare_array_free(array);
}

static void open(trial *t) {
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
    set(t, "abn/gamma", gammas, CHANNELS);
    set(t, "abn/beta", betas, CHANNELS);
}

/* A layer "abn" of three channels, in float64, whose mode a run decides. */
static void begin(trial *t, int activation) {
    *t = (trial){
        .graph = tare_graph_new(), .yes = tare_array_bool(true), .no = tare_array_bool(false)};
    t->x = tare_placeholder(t->graph, TARE_FLOAT64, TARE_SHAPE(TARE_ANY, CHANNELS));
    t->training = tare_placeholder(t->graph, TARE_BOOL, TARE_SCALAR);
    t->z = tare_activated_batch_norm(t->x, .training = t->training, .activation = activation,
                                     .name = "abn");
    assert_int_equal(tare_array_new(TARE_FLOAT64, TARE_SHAPE(SAMPLES, CHANNELS), NULL, &t->fed),
                     TARE_OK);
    for (int i = 0; i < NUMBERS; i++) tare_array_set_number(t->fed, i, i * 5 % 7 - i * i % 5 / 4.);
}

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_array_free(t->fed);
    tare_array_free(t->yes);
    tare_array_free(t->no);
}

static const tare_array *run(trial *t, tare_tensor fetch, bool training) {
    const tare_feed feeds[] = {{t->x, t->fed}, {t->training, training ? t->yes : t->no}};
    tare_array *result = NULL;
    if (tare_session_run(t->session, feeds, 2, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return result;
}

static void assert_near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
        fail_msg("got %.12g, wanted %.12g", got, want);
}

static double activate(int activation, double u) {
    if (activation == TARE_ACTIVATION_NONE || u > 0) return u;
    return activation == TARE_ACTIVATION_ELU ? expm1(u) : (double).01F * u;
}

static void moments_of(const trial *t, int c, double *mean, double *variance) {
    *mean = *variance = 0;
    for (int i = c; i < NUMBERS; i += CHANNELS) *mean += tare_array_number(t->fed, i) / SAMPLES;
    for (int i = c; i < NUMBERS; i += CHANNELS) {
        const double d = tare_array_number(t->fed, i) - *mean;
        *variance += d * d / SAMPLES;
    }
}

/* ------------------------------------------------------------------------------- numbers */

static void check_result(trial *t, int activation, bool training) {
    const tare_array *z = run(t, t->z, training);
    for (int c = 0; c < CHANNELS; c++) {
        double mean = 0, variance = 1; /* the first moving averages */
        if (training) moments_of(t, c, &mean, &variance);
        for (int i = c; i < NUMBERS; i += CHANNELS) {
            const double hat = (tare_array_number(t->fed, i) - mean) / sqrt(variance + 1e-5);
            const double u = (fabs(gammas[c]) + 1e-5) * hat + betas[c];
            assert_near(tare_array_number(z, i), activate(activation, u), 1e-12);
        }
    }
}

static void check_averages(trial *t) {
    const tare_feed feeds[] = {{t->x, t->fed}, {t->training, t->yes}};
    const double kept = 1 - (double)(float)(1 - .9); /* TensorFlow's rounding of the share */
    tare_array *mean = NULL, *variance = NULL;
    assert_int_equal(tare_session_run_collection(t->session, feeds, 2, TARE_UPDATE_OPS), TARE_OK);
    assert_int_equal(tare_session_get(t->session, "abn/moving_mean", &mean), TARE_OK);
    assert_int_equal(tare_session_get(t->session, "abn/moving_variance", &variance), TARE_OK);
    for (int c = 0; c < CHANNELS; c++) {
        double m, v;
        moments_of(t, c, &m, &v);
        assert_near(tare_array_number(mean, c), (1 - kept) * m, 1e-12);
        assert_near(tare_array_number(variance, c), kept + (1 - kept) * v * SAMPLES / (SAMPLES - 1),
                    1e-12);
    }
    tare_array_free(mean);
    tare_array_free(variance);
}

static void results_and_averages_are_those_of_the_definition(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++) {
        trial t;
        begin(&t, activations[k]);
        open(&t);
        check_result(&t, activations[k], true);
        check_result(&t, activations[k], false);
        check_averages(&t);
        end(&t);
    }
}

static void variables_are_batch_norms(void **state) {
    (void)state;
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    tare_activated_batch_norm(x, .training = TARE_TRUE);
    for (size_t i = 0; i < 4; i++) {
        const tare_tensor v = tare_collection_item(g, TARE_GLOBAL_VARIABLES, NULL, i);
        assert_string_equal(strrchr(tare_tensor_name(v), '/') + 1 + strlen(names[i]), ":0");
        assert_memory_equal(tare_tensor_name(v), "activated_batch_norm/", 21);
        assert_memory_equal(tare_tensor_name(v) + 21, names[i], strlen(names[i]));
    }
    assert_int_equal(tare_collection_count(g, TARE_GLOBAL_VARIABLES, NULL), 4);
    assert_int_equal(tare_collection_count(g, TARE_TRAINABLE_VARIABLES, NULL), 2);
    assert_int_equal(tare_collection_count(g, TARE_UPDATE_OPS, NULL), 2);
    const tare_activated_batch_norm_options defaults = {TARE_ACTIVATED_BATCH_NORM_DEFAULTS};
    assert_true(defaults.momentum == .9 && defaults.epsilon == 1e-5 && defaults.alpha == .01);
    assert_int_equal(defaults.activation, TARE_ACTIVATION_LEAKY_RELU);
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------------ gradients */

/* The same function of ordinary ops, whose gradients come by x. */
static tare_tensor ordinary(trial *t, int activation) {
    const tare_tensor gamma = tare_tensor_named(t->graph, "abn/gamma:0");
    const tare_tensor scale = tare_add(tare_abs(gamma), tare_number(1e-5));
    const tare_tensor hat = tare_batch_norm(t->x, .training = t->training, .epsilon = 1e-5,
                                            .center = false, .scale = false);
    const tare_tensor u = tare_add(tare_mul(hat, scale), tare_tensor_named(t->graph, "abn/beta:0"));
    if (activation == TARE_ACTIVATION_ELU) return tare_elu(u);
    return activation == TARE_ACTIVATION_NONE ? u : tare_leaky_relu(u, .alpha = .01);
}

static void check_gradients(int activation) {
    trial t;
    tare_tensor gradients[2][3];
    begin(&t, activation);
    const tare_tensor leaves[] = {t.x, tare_tensor_named(t.graph, "abn/gamma:0"),
                                  tare_tensor_named(t.graph, "abn/beta:0")};
    const tare_tensor results[] = {t.z, ordinary(&t, activation)};
    for (int k = 0; k < 2; k++) {
        const tare_tensor loss = tare_reduce_sum(tare_mul(tare_sin(results[k]), t.x));
        assert_int_equal(tare_gradients(&loss, 1, leaves, 3, NULL, gradients[k]), TARE_OK);
    }
    open(&t);
    for (int training = 0; training < 2; training++)
        for (int leaf = 0; leaf < 3; leaf++) {
            double wanted[NUMBERS];
            const tare_array *values = run(&t, gradients[1][leaf], training);
            const int count = (int)tare_array_count(values);
            for (int i = 0; i < count; i++) wanted[i] = tare_array_number(values, i);
            values = run(&t, gradients[0][leaf], training);
            assert_int_equal(tare_array_count(values), count);
            for (int i = 0; i < count; i++)
                assert_near(tare_array_number(values, i), wanted[i], 1e-11);
        }
    end(&t);
}

/* In each mode, with a gamma below 0 among them. */
static void gradients_from_the_result_are_those_from_the_input(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++) check_gradients(activations[k]);
}

static void gradients_are_true_to_the_second(void **state) {
    (void)state;
    for (int k = 0; k < 3; k++)
        for (int below = 0; below < 2; below++) {
            difference_trial t;
            difference_begin(&t);
            if (below) t.variable_middle = -1;
            const tare_tensor x = difference_input(&t, TARE_SHAPE(5, 2), .3, 1);
            const tare_tensor z =
                tare_activated_batch_norm(x, .training = TARE_TRUE, .activation = activations[k],
                                          .alpha = .25, .epsilon = .05);
            difference_check(&t, z, 2, "activated_batch_norm");
        }
}

static void gradients_of_images_are_true(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        difference_trial t;
        difference_begin(&t);
        const tare_tensor x = difference_input(&t, TARE_SHAPE(2, 2, 2, 3), .3, 1);
        const tare_tensor z =
            tare_activated_batch_norm(x, .training = TARE_TRUE, .activation = TARE_ACTIVATION_ELU,
                                      .axis = k ? TARE_LIST(1) : TARE_LIST(1, 3), .epsilon = .05);
        difference_check(&t, z, 2, "activated_batch_norm of images");
    }
}

/* Far below 0 elu rounds to -1, of which log(1 + z) is infinite. */
static void a_result_that_has_rounded_to_its_bound_gives_a_finite_gradient(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *session = NULL;
    tare_array *fed = NULL, *dx = NULL;
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(8, 1));
    const tare_tensor z =
        tare_activated_batch_norm(x, .training = TARE_TRUE, .activation = TARE_ACTIVATION_ELU,
                                  .gamma_initializer = TARE_CONSTANT(50));
    const tare_tensor loss = tare_reduce_sum(tare_square(z));
    tare_tensor gradient = TARE_NULL;
    assert_int_equal(tare_gradients(&loss, 1, &x, 1, NULL, &gradient), TARE_OK);
    assert_int_equal(tare_session_new(g, &session), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(8, 1), NULL, &fed), TARE_OK);
    for (int i = 0; i < 8; i++) tare_array_set_number(fed, i, i * i);
    const tare_feed feed = {x, fed};
    assert_int_equal(tare_session_run(session, &feed, 1, &z, 1, &dx), TARE_OK);
    assert_true(tare_array_number(dx, 0) == -1);
    dx = NULL;
    assert_int_equal(tare_session_run(session, &feed, 1, &gradient, 1, &dx), TARE_OK);
    for (int i = 0; i < 8; i++) assert_true(isfinite(tare_array_number(dx, i)));
    tare_session_free(session);
    tare_graph_free(g);
    tare_array_free(fed);
}

/* -------------------------------------------------------------------------------- memory */

/* Bytes that a training step of four layers takes. */
static int64_t arena_of(bool activated) {
    tare_graph *g = tare_graph_new();
    tare_session *session = NULL;
    tare_array *fed = NULL;
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(4, 16, 16, 8));
    tare_tensor y = x;
    for (int i = 0; i < 4; i++) {
        y = tare_conv2d(y, 8, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = false);
        y = activated ? tare_activated_batch_norm(y, .training = TARE_TRUE)
                      : tare_leaky_relu(tare_batch_norm(y, .training = TARE_TRUE), .alpha = .01);
    }
    const tare_tensor cost = tare_reduce_mean(tare_square(y));
    const tare_tensor train =
        tare_minimize(tare_gradient_descent(g, .learning_rate = tare_number(.1)), cost);
    if (tare_graph_status(g)) fail_msg("%s", tare_message(g));
    assert_int_equal(tare_session_new(g, &session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, 16, 16, 8), NULL, &fed), TARE_OK);
    const tare_feed feed = {x, fed};
    if (tare_session_run(session, &feed, 1, &train, 1, NULL))
        fail_msg("%s", tare_session_message(session));
    tare_session_counters counters = {.struct_size = sizeof counters};
    assert_int_equal(tare_session_count(session, &counters), TARE_OK);
    tare_session_free(session);
    tare_graph_free(g);
    tare_array_free(fed);
    return counters.arena_bytes;
}

/* Of a layer's input and result one is kept, so three of four layers save an image. */
static void a_training_step_keeps_one_image_a_layer(void **state) {
    (void)state;
    const int64_t image = 4 * 16 * 16 * 8 * (int64_t)sizeof(float);
    const int64_t plain = arena_of(false), activated = arena_of(true);
    if (activated > plain - 3 * image)
        fail_msg("%lld bytes, not 3 images of %lld less than %lld", (long long)activated,
                 (long long)image, (long long)plain);
}

/* ------------------------------------------------------------------------------- refusals */

#define REFUSED(sentence, ...)                                                                     \
    do {                                                                                           \
        tare_graph *g_ = tare_graph_new();                                                         \
        const tare_tensor x_ = tare_placeholder(g_, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));        \
        assert_false(tare_tensor_is_valid(tare_activated_batch_norm(x_, __VA_ARGS__)));            \
        if (!strstr(tare_message(g_), sentence))                                                   \
            fail_msg("got \"%s\", wanted '%s'", tare_message(g_), sentence);                       \
        assert_int_equal(tare_graph_size(g_), 1);                                                  \
        assert_int_equal(tare_collection_count(g_, TARE_UPDATE_OPS, NULL), 0);                     \
        tare_graph_free(g_);                                                                       \
    } while (0)

static void what_cannot_be_undone_is_refused(void **state) {
    (void)state;
    REFUSED("activated_batch_norm 'activated_batch_norm': got an activation that cannot be undone; "
            "needs none, leaky_relu or elu",
            .activation = TARE_ACTIVATION_RELU);
    REFUSED("an activation that cannot be undone", .activation = TARE_ACTIVATION_SWISH);
    REFUSED("got a slope alpha that cannot be undone; needs alpha above 0", .alpha = 0);
    REFUSED("alpha above 0", .alpha = (double)NAN);
    REFUSED("axis 2; needs an axis in -2..1", .axis = TARE_LIST(2));
    REFUSED("epsilon of at least 0", .epsilon = -1);
    REFUSED("momentum in 0..1", .momentum = 2);
    assert_false(tare_tensor_is_valid(tare_activated_batch_norm(TARE_NULL)));
}

static void build_everything(tare_graph *graph) {
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3));
    const tare_tensor sum = tare_reduce_sum(tare_activated_batch_norm(x, .training = TARE_TRUE));
    tare_tensor dx = TARE_NULL;
    tare_gradients(&sum, 1, &x, 1, NULL, &dx);
}

static void building_ends_in_a_status_whichever_allocation_fails(void **state) {
    (void)state;
    check_building_without_memory(build_everything);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_and_averages_are_those_of_the_definition),
        cmocka_unit_test(variables_are_batch_norms),
        cmocka_unit_test(gradients_from_the_result_are_those_from_the_input),
        cmocka_unit_test(gradients_are_true_to_the_second),
        cmocka_unit_test(gradients_of_images_are_true),
        cmocka_unit_test(a_result_that_has_rounded_to_its_bound_gives_a_finite_gradient),
        cmocka_unit_test(a_training_step_keeps_one_image_a_layer),
        cmocka_unit_test(what_cannot_be_undone_is_refused),
        cmocka_unit_test(building_ends_in_a_status_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
