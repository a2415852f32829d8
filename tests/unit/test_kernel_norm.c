/* SPDX-License-Identifier: Apache-2.0 */
/* Weight normalisation and weight standardisation: as functions and as kernels of layers. */
#include "difference_trial.h"

#include "failing_build.h"

/* One graph, its session and the arrays that are fed; a run's results are float64 or float32. */
typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_feed feeds[4];
    size_t feed_count;
} trial;

static void begin(trial *t) { *t = (trial){.graph = tare_graph_new()}; }

/* A fed input of numbers that look random. */
static tare_tensor input(trial *t, tare_dtype dtype, tare_shape shape, double middle) {
    tare_array *array = NULL;
    const tare_tensor x = tare_placeholder(t->graph, dtype, shape);
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    uint64_t state = 3 + t->feed_count;
    for (int64_t i = 0; i < tare_array_count(array); i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        tare_array_set_number(array, i, middle + (double)(state >> 44) / 524288.0 - 1);
    }
    t->feeds[t->feed_count++] = (tare_feed){x, array};
    return x;
}

static void open(trial *t) {
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    if (tare_session_initialize(t->session)) fail_msg("%s", tare_session_message(t->session));
}

static const tare_array *run(trial *t, tare_tensor fetch) {
    tare_array *result = NULL;
    if (tare_session_run(t->session, t->feeds, t->feed_count, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return result;
}

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    for (size_t i = 0; i < t->feed_count; i++) tare_array_free((tare_array *)t->feeds[i].array);
}

static void assert_near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
        fail_msg("got %.12g, wanted %.12g", got, want);
}

/* ------------------------------------------------------------------------------- numbers */

/* Of a kernel [2, 3, outputs or others, others or outputs]: sums for each output. */
static void check_weight_norm(int64_t output_axis, tare_dtype dtype, double tolerance) {
    enum { A = 4, B = 5 };
    trial t;
    begin(&t);
    const tare_tensor v = input(&t, dtype, TARE_SHAPE(2, 3, A, B), 0);
    const int outputs = output_axis == 3 ? B : A;
    const tare_tensor g = input(&t, dtype, TARE_SHAPE(outputs), 2);
    const tare_tensor w = tare_weight_norm(v, g, .axis = TARE_LIST(output_axis));
    open(&t);
    const tare_array *result = run(&t, w), *vs = t.feeds[0].array, *gs = t.feeds[1].array;
    double squares[B] = {0};
    for (int i = 0; i < 6 * A * B; i++) {
        const double x = tare_array_number(vs, i);
        squares[output_axis == 3 ? i % B : i / B % A] += x * x;
    }
    for (int i = 0; i < 6 * A * B; i++) {
        const int o = output_axis == 3 ? i % B : i / B % A;
        assert_near(tare_array_number(result, i),
                    tare_array_number(gs, o) * tare_array_number(vs, i) / sqrt(squares[o]),
                    tolerance);
    }
    end(&t);
}

static void weight_norm_is_g_times_the_direction_of_v(void **state) {
    (void)state;
    for (int axis = 2; axis < 4; axis++) {
        check_weight_norm(axis, TARE_FLOAT32, 1e-6);
        check_weight_norm(axis, TARE_FLOAT64, 1e-14);
    }
}

static void weight_standardize_makes_mean_0_and_variance_1(void **state) {
    (void)state;
    enum { INPUTS = 7, OUTPUTS = 3 };
    for (int k = 0; k < 2; k++) {
        trial t;
        begin(&t);
        const tare_tensor w =
            input(&t, k ? TARE_FLOAT64 : TARE_FLOAT32, TARE_SHAPE(INPUTS, OUTPUTS), 100);
        const tare_tensor y = tare_weight_standardize(w, .epsilon = .01);
        open(&t);
        const tare_array *result = run(&t, y), *ws = t.feeds[0].array;
        for (int o = 0; o < OUTPUTS; o++) {
            double mean = 0, variance = 0;
            for (int i = 0; i < INPUTS; i++)
                mean += tare_array_number(ws, i * OUTPUTS + o) / INPUTS;
            for (int i = 0; i < INPUTS; i++) {
                const double d = tare_array_number(ws, i * OUTPUTS + o) - mean;
                variance += d * d / INPUTS;
            }
            for (int i = 0; i < INPUTS; i++)
                assert_near(tare_array_number(result, i * OUTPUTS + o),
                            (tare_array_number(ws, i * OUTPUTS + o) - mean) / sqrt(variance + .01),
                            k ? 1e-12 : 1e-6);
        }
        end(&t);
    }
}

/* A length of 0 has no direction: w is 0 and not NaN. */
static void a_direction_of_zeros_gives_zeros(void **state) {
    (void)state;
    trial t;
    begin(&t);
    const tare_tensor v = input(&t, TARE_FLOAT32, TARE_SHAPE(3, 2), 0);
    const tare_tensor g = input(&t, TARE_FLOAT32, TARE_SHAPE(2), 1);
    const tare_tensor w = tare_weight_norm(v, g);
    open(&t);
    for (int i = 0; i < 3; i++) tare_array_set_number((tare_array *)t.feeds[0].array, 2 * i, 0);
    const tare_array *result = run(&t, w);
    for (int i = 0; i < 3; i++) assert_true(tare_array_number(result, 2 * i) == 0);
    end(&t);
}

/* -------------------------------------------------------------------------------- layers */

static void check_names(tare_graph *graph, const char *const *names) {
    size_t count = 0;
    for (; names[count]; count++)
        assert_string_equal(
            tare_tensor_name(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, count)),
            names[count]);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), count);
}

static void layers_keep_direction_and_length_as_variables(void **state) {
    (void)state;
    static const char *const names[] = {"dense/kernel_v:0",
                                        "dense/kernel_g:0",
                                        "dense/bias:0",
                                        "conv2d/kernel_v:0",
                                        "conv2d/kernel_g:0",
                                        "conv2d_transpose/kernel_v:0",
                                        "conv2d_transpose/kernel_g:0",
                                        "dense_1/kernel:0",
                                        "dense_1/bias:0",
                                        NULL};
    tare_graph *g = tare_graph_new();
    const int norm = TARE_KERNEL_NORM_WEIGHT;
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 5, 5, 4));
    assert_string_equal(tare_tensor_name(tare_dense(tare_flatten(x), 3, .kernel_norm = norm)),
                        "dense/BiasAdd:0");
    tare_conv2d(x, 6, TARE_LIST(3), .kernel_norm = norm, .use_bias = false);
    tare_conv2d_transpose(x, 7, TARE_LIST(3), .kernel_norm = norm, .use_bias = false);
    tare_dense(x, 2, .kernel_norm = TARE_KERNEL_NORM_WEIGHT_STANDARDIZED);
    check_names(g, names);
    assert_int_equal(tare_tensor_shape(tare_tensor_named(g, "conv2d/kernel_g:0")).extents[0], 6);
    const tare_tensor transposed = tare_tensor_named(g, "conv2d_transpose/kernel_v:0");
    assert_int_equal(tare_tensor_shape(transposed).extents[2], 7);
    assert_int_equal(
        tare_tensor_shape(tare_tensor_named(g, "conv2d_transpose/kernel_g:0")).extents[0], 7);
    assert_int_equal(tare_collection_count(g, TARE_WEIGHT_NORM_INITIALIZERS, NULL), 3);
    tare_graph_free(g);
}

/* A layer's result is that of the op on the function's kernel. */
static void a_layers_result_is_the_ops_on_the_normed_kernel(void **state) {
    (void)state;
    for (int norm = 0; norm < 3; norm++) {
        trial t;
        begin(&t);
        const tare_tensor x = input(&t, TARE_FLOAT32, TARE_SHAPE(2, 6, 6, 3), .5);
        const tare_tensor y = tare_conv2d(x, 4, TARE_LIST(3), .kernel_norm = norm, .name = "c",
                                          .kernel_initializer = TARE_RANDOM_NORMAL(1, .5));
        const tare_tensor v = tare_tensor_named(
            t.graph, norm == TARE_KERNEL_NORM_WEIGHT ? "c/kernel_v:0" : "c/kernel:0");
        const tare_tensor g = tare_tensor_named(t.graph, "c/kernel_g:0");
        const tare_tensor w = norm == TARE_KERNEL_NORM_WEIGHT ? tare_weight_norm(v, g)
                              : norm                          ? tare_weight_standardize(v)
                                                              : v;
        const tare_tensor both = tare_sub(y, tare_nn_conv2d(x, w, .padding = TARE_PADDING_VALID));
        open(&t);
        const tare_array *difference = run(&t, both);
        for (int64_t i = 0; i < tare_array_count(difference); i++)
            assert_true(tare_array_number(difference, i) == 0);
        end(&t);
    }
}

/* Inference folds batch normalisation into a kernel that is made anew, too. */
static void batch_norm_after_a_normed_kernel_infers_the_same(void **state) {
    (void)state;
    for (int norm = 1; norm < 3; norm++) {
        trial t;
        begin(&t);
        const tare_tensor x = input(&t, TARE_FLOAT64, TARE_SHAPE(5, 4), .5);
        const tare_tensor hidden = tare_dense(x, 3, .kernel_norm = norm);
        const tare_tensor y = tare_batch_norm(hidden, .moving_mean_initializer = TARE_CONSTANT(.25),
                                              .moving_variance_initializer = TARE_CONSTANT(4));
        open(&t);
        double wanted[15];
        for (int i = 0; i < 15; i++)
            wanted[i] = (tare_array_number(run(&t, hidden), i) - .25) / sqrt(4.001);
        for (int i = 0; i < 15; i++)
            assert_near(tare_array_number(run(&t, y), i), wanted[i], 1e-14);
        end(&t);
    }
}

/* ------------------------------------------------------------------------------ from data */

/* Mean and variance of channel c of a result, channels last or (rank 4) first. */
static void moments_of(const tare_array *y, int channels, int inner, int c, double *mean,
                       double *variance) {
    double n = 0, sum = 0, squares = 0;
    for (int64_t i = 0; i < tare_array_count(y); i++)
        if (i / inner % channels == c) {
            const double x = tare_array_number(y, i);
            sum += x;
            squares += x * x;
            n += 1;
        }
    *mean = sum / n;
    *variance = squares / n - *mean * *mean;
}

/* Layer after layer, so that the second sees what the first has become. */
static void data_make_every_layers_result_standard(void **state) {
    (void)state;
    trial t;
    begin(&t);
    const int norm = TARE_KERNEL_NORM_WEIGHT;
    const tare_tensor x = input(&t, TARE_FLOAT64, TARE_SHAPE(6, 3, 7, 7), 3);
    const tare_tensor a =
        tare_conv2d(x, 4, TARE_LIST(3), .kernel_norm = norm, .data_format = TARE_CHANNELS_FIRST);
    const tare_tensor flat = tare_flatten(tare_relu(a));
    const tare_tensor b = tare_dense(flat, 5, .kernel_norm = norm);
    const tare_tensor c = tare_dense(tare_relu(b), 2, .kernel_norm = norm, .use_bias = false);
    open(&t);
    for (int again = 0; again < 2; again++) /* from whatever g is */
        if (tare_weight_norm_initialize(t.session, t.feeds, t.feed_count))
            fail_msg("%s", tare_session_message(t.session));
    double mean, variance;
    for (int channel = 0; channel < 4; channel++) {
        moments_of(run(&t, a), 4, 25, channel, &mean, &variance);
        assert_near(mean, 0, 1e-12);
        assert_near(variance, 1, 1e-8);
    }
    for (int unit = 0; unit < 5; unit++) {
        moments_of(run(&t, b), 5, 1, unit, &mean, &variance);
        assert_near(mean, 0, 1e-12);
        assert_near(variance, 1, 1e-8);
    }
    for (int unit = 0; unit < 2; unit++) {
        moments_of(run(&t, c), 2, 1, unit, &mean, &variance);
        assert_true(fabs(mean) > 1e-3); /* there is no bias to move it */
        assert_near(variance, 1, 1e-8);
    }
    end(&t);
}

static void a_layer_called_twice_takes_its_first_values_once(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const int norm = TARE_KERNEL_NORM_WEIGHT;
    const tare_tensor y = tare_dense(x, 4, .kernel_norm = norm, .name = "d");
    tare_dense(y, 4, .kernel_norm = norm, .name = "d", .reuse = TARE_REUSE_TRUE);
    assert_int_equal(tare_graph_status(g), TARE_OK);
    assert_int_equal(tare_collection_count(g, TARE_WEIGHT_NORM_INITIALIZERS, NULL), 1);
    assert_int_equal(tare_weight_norm_initialize(NULL, NULL, 0), TARE_ERROR_ARGUMENT);
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(g, &session), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    assert_true(tare_weight_norm_initialize(session, NULL, 0) != TARE_OK);
    assert_non_null(strstr(tare_session_message(session), "laceholder"));
    tare_session_free(session);
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------------ gradients */

static void gradients_are_true_to_the_second(void **state) {
    (void)state;
    for (int k = 0; k < 4; k++) {
        difference_trial t;
        difference_begin(&t);
        const tare_tensor v = difference_input(&t, TARE_SHAPE(3, 2, 2), .2, 1);
        tare_tensor w = TARE_NULL;
        if (k < 2) {
            const tare_tensor g = difference_input(&t, TARE_SHAPE(2), 1, .5);
            w = tare_weight_norm(v, g, .axis = TARE_LIST(k ? -2 : -1));
        } else {
            w = tare_weight_standardize(v, .axis = TARE_LIST(k == 2 ? -2 : -1));
        }
        difference_check(&t, w, 2, k < 2 ? "weight_norm" : "weight_standardize");
    }
}

static void gradients_of_layers_reach_what_kernels_are_made_of(void **state) {
    (void)state;
    for (int norm = 1; norm < 3; norm++)
        for (int k = 0; k < 3; k++) {
            difference_trial t;
            difference_begin(&t);
            const tare_shape shape = k ? TARE_SHAPE(1, 3, 3, 2) : TARE_SHAPE(3, 4);
            const tare_tensor x = difference_input(&t, shape, .2, 1);
            const tare_tensor y =
                k == 0   ? tare_dense(x, 2, .kernel_norm = norm)
                : k == 1 ? tare_conv2d(x, 2, TARE_LIST(2), .kernel_norm = norm)
                         : tare_conv2d_transpose(x, 3, TARE_LIST(2), .kernel_norm = norm);
            difference_check(&t, y, 1, "layer");
        }
}

/* Moving v along itself changes nothing, so its gradient has no part in that direction. */
static void the_gradient_for_v_is_at_right_angles_to_v(void **state) {
    (void)state;
    trial t;
    begin(&t);
    const tare_tensor v = input(&t, TARE_FLOAT64, TARE_SHAPE(5, 3), .5);
    const tare_tensor g = input(&t, TARE_FLOAT64, TARE_SHAPE(3), 1);
    const tare_tensor sum = tare_reduce_sum(tare_square(tare_sin(tare_weight_norm(v, g))));
    tare_tensor dv = TARE_NULL;
    assert_int_equal(tare_gradients(&sum, 1, &v, 1, NULL, &dv), TARE_OK);
    const tare_tensor along = tare_reduce_sum(tare_mul(dv, v), .axis = TARE_LIST(0));
    open(&t);
    for (int o = 0; o < 3; o++) assert_near(tare_array_number(run(&t, along), o), 0, 1e-14);
    end(&t);
}

/* ------------------------------------------------------------------------------- refusals */

static void check_sentence(tare_graph *graph, tare_tensor y, const char *sentence) {
    if (tare_tensor_is_valid(y)) fail_msg("accepted, wanted '%s'", sentence);
    if (!strstr(tare_message(graph), sentence))
        fail_msg("got \"%s\", wanted '%s'", tare_message(graph), sentence);
    tare_graph_clear_error(graph);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor v = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(3, 4));
    const tare_tensor three = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(3));
    const tare_tensor four = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(4));
    const tare_tensor whole = tare_placeholder(g, TARE_INT32, TARE_SHAPE(3, 4));
    const int64_t nodes = tare_graph_size(g);
    check_sentence(g, tare_weight_norm(v, three),
                   "weight_norm: got g of shape [3]; needs g of shape [4]");
    check_sentence(g, tare_weight_norm(v, TARE_NULL), "g of shape none");
    check_sentence(g, tare_weight_norm(v, four, .axis = TARE_LIST(2)),
                   "axis 2; needs an axis in -2..1, for rank 2");
    check_sentence(g, tare_weight_norm(v, four, .axis = TARE_LIST(0, 0)), "axes that differ");
    check_sentence(g, tare_weight_norm(v, four, .epsilon = -1), "epsilon of at least 0");
    check_sentence(g, tare_weight_norm(whole, four), "float32 or float64");
    check_sentence(g, tare_weight_standardize(v, .axis = TARE_LIST(-3)),
                   "weight_standardize: got axis -3");
    check_sentence(g, tare_weight_standardize(v, .epsilon = -1), "epsilon of at least 0");
    check_sentence(g, tare_weight_standardize(whole), "float32 or float64");
    check_sentence(g, tare_dense(v, 2, .kernel_norm = 9),
                   "dense 'dense': got another kernel_norm; needs a value of tare_kernel_norm");
    assert_int_equal(tare_graph_size(g), nodes);
    assert_int_equal(tare_collection_count(g, TARE_GLOBAL_VARIABLES, NULL), 0);
    assert_false(tare_tensor_is_valid(tare_weight_norm(TARE_NULL, four)));
    assert_false(tare_tensor_is_valid(tare_weight_standardize(TARE_NULL)));
    tare_graph_free(g);
}

static void build_everything(tare_graph *graph) {
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3));
    const tare_tensor y = tare_dense(x, 4, .kernel_norm = TARE_KERNEL_NORM_WEIGHT);
    tare_dense(y, 2, .kernel_norm = TARE_KERNEL_NORM_WEIGHT_STANDARDIZED);
}

static void building_ends_in_a_status_whichever_allocation_fails(void **state) {
    (void)state;
    check_building_without_memory(build_everything);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weight_norm_is_g_times_the_direction_of_v),
        cmocka_unit_test(weight_standardize_makes_mean_0_and_variance_1),
        cmocka_unit_test(a_direction_of_zeros_gives_zeros),
        cmocka_unit_test(layers_keep_direction_and_length_as_variables),
        cmocka_unit_test(a_layers_result_is_the_ops_on_the_normed_kernel),
        cmocka_unit_test(batch_norm_after_a_normed_kernel_infers_the_same),
        cmocka_unit_test(data_make_every_layers_result_standard),
        cmocka_unit_test(a_layer_called_twice_takes_its_first_values_once),
        cmocka_unit_test(gradients_are_true_to_the_second),
        cmocka_unit_test(gradients_of_layers_reach_what_kernels_are_made_of),
        cmocka_unit_test(the_gradient_for_v_is_at_right_angles_to_v),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(building_ends_in_a_status_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
