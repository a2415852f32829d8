/* SPDX-License-Identifier: Apache-2.0 */
/* The dense layer: names, numbers for every rank, sharing, penalties, refusals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_allocator.h"

#include <tare/layer.h>
#include <tare/session.h>

static tare_session *session_of(tare_graph *graph) {
    tare_session *session = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_graph_status(graph)) fail_msg("%s", tare_message(graph));
    if (tare_session_new_with(graph, NULL, &session, &error)) fail_msg("%s", error.message);
    if (tare_session_initialize(session)) fail_msg("%s", tare_session_message(session));
    return session;
}

/* Numbers 0, 1, 2... / 8 of a shape. */
static tare_array *count_up(tare_dtype dtype, tare_shape shape) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, (double)i / 8);
    return array;
}

static void check_variables(tare_graph *graph, const char *const *names) {
    size_t count = 0;
    for (; names[count]; count++)
        assert_string_equal(
            tare_tensor_name(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, count)),
            names[count]);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), count);
}

/* ------------------------------------------------------------------------- names */

static void names_are_tensorflows(void **state) {
    (void)state;
    static const char *const names[] = {"dense/kernel:0",
                                        "dense/bias:0",
                                        "a/dense/kernel:0",
                                        "dense_1/kernel:0",
                                        "mine/kernel:0",
                                        "mine/bias:0",
                                        NULL};
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    assert_string_equal(tare_tensor_name(tare_dense(x, 3)), "dense/BiasAdd:0");
    TARE_VARIABLE_SCOPE (graph, "a") {
        assert_string_equal(tare_tensor_name(tare_dense(x, 3, .use_bias = false)),
                            "a/dense/MatMul:0");
    }
    assert_string_equal(
        tare_tensor_name(tare_dense(x, 3, .use_bias = false, .activation = TARE_ACTIVATION_RELU)),
        "dense_1/Relu:0");
    assert_string_equal(
        tare_tensor_name(tare_dense(x, 3, .name = "mine", .activation = TARE_ACTIVATION_SOFTMAX)),
        "mine/Softmax:0");
    check_variables(graph, names);
    tare_graph_free(graph);
}

static void a_layer_called_again_shares_its_variables(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const tare_tensor first = tare_dense(x, 4, .name = "d");
    const tare_tensor second = tare_dense(first, 4, .name = "d", .reuse = TARE_REUSE_TRUE);
    assert_string_equal(tare_tensor_name(second), "d_1/BiasAdd:0");
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 2);
    assert_false(tare_tensor_is_valid(tare_dense(x, 4, .name = "d")));
    assert_int_equal(tare_graph_status(graph), TARE_ERROR_NAME);
    tare_graph_clear_error(graph);
    assert_false(tare_tensor_is_valid(tare_dense(x, 4, .name = "e", .reuse = TARE_REUSE_TRUE)));
    assert_int_equal(tare_graph_status(graph), TARE_ERROR_NAME);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- numbers */

/* y[r, u] = sum over c of x[r, c] kernel[c, u] + bias[u], rows r of whatever rank. */
static void check_numbers(tare_dtype dtype, tare_shape shape, tare_shape declared, int64_t units) {
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, dtype, declared);
    const tare_tensor y = tare_dense(x, units);
    tare_session *session = session_of(graph);
    const int64_t channels = shape.extents[shape.rank - 1];
    tare_array *fed = count_up(dtype, shape),
               *kernel = count_up(dtype, TARE_SHAPE(channels, units));
    tare_array *bias = count_up(dtype, TARE_SHAPE(units)), *result = NULL;
    assert_int_equal(tare_session_set(session, "dense/kernel", kernel), TARE_OK);
    assert_int_equal(tare_session_set(session, "dense/bias", bias), TARE_OK);
    const tare_feed feed = {x, fed};
    if (tare_session_run(session, &feed, 1, &y, 1, &result))
        fail_msg("%s", tare_session_message(session));
    assert_int_equal(tare_array_shape(result).rank, shape.rank);
    assert_int_equal(tare_array_count(result), tare_array_count(fed) / channels * units);
    for (int64_t i = 0; i < tare_array_count(result); i++) {
        double wanted = tare_array_number(bias, i % units);
        for (int64_t c = 0; c < channels; c++)
            wanted += tare_array_number(fed, i / units * channels + c) *
                      tare_array_number(kernel, c * units + i % units);
        assert_true(fabs(tare_array_number(result, i) - wanted) <= 1e-5 * (1 + fabs(wanted)));
    }
    tare_array_free(fed);
    tare_array_free(kernel);
    tare_array_free(bias);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void the_last_axis_is_multiplied_whatever_the_rank(void **state) {
    (void)state;
    const tare_shape two = TARE_SHAPE(3, 5), three = TARE_SHAPE(2, 3, 5),
                     four = TARE_SHAPE(2, 1, 3, 5);
    check_numbers(TARE_FLOAT32, two, TARE_SHAPE(TARE_ANY, 5), 4);
    check_numbers(TARE_FLOAT32, three, TARE_SHAPE(TARE_ANY, TARE_ANY, 5), 4);
    check_numbers(TARE_FLOAT64, four, TARE_SHAPE(TARE_ANY, 1, 3, 5), 1);
    check_numbers(TARE_FLOAT32, TARE_SHAPE(0, 5), TARE_SHAPE(TARE_ANY, 5), 4);
}

static void rank_three_is_named_tensordot(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3, 5));
    const tare_tensor y = tare_dense(x, 2, .use_bias = false);
    assert_string_equal(tare_tensor_name(y), "dense/Tensordot:0");
    assert_int_equal(tare_tensor_shape(y).extents[1], 3);
    assert_int_equal(tare_tensor_shape(y).extents[2], 2);
    tare_graph_free(graph);
}

static void activations_are_applied(void **state) {
    (void)state;
    static const struct {
        tare_activation activation;
        double at_minus_2;
    } cases[] = {
        {TARE_ACTIVATION_NONE, -2},
        {TARE_ACTIVATION_RELU, 0},
        {TARE_ACTIVATION_SIGMOID, 0.11920292202211755},
        {TARE_ACTIVATION_TANH, -0.9640275800758169},
        {TARE_ACTIVATION_SOFTMAX, 1},
        {TARE_ACTIVATION_RELU6, 0},
        {TARE_ACTIVATION_ELU, -0.8646647167633873},
        {TARE_ACTIVATION_SELU, -1.5201664685956948},
        {TARE_ACTIVATION_SOFTPLUS, 0.1269280110429725},
        {TARE_ACTIVATION_SOFTSIGN, -2. / 3},
        {TARE_ACTIVATION_SWISH, -0.2384058440442351},
        {TARE_ACTIVATION_LEAKY_RELU, -.4},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tare_graph *graph = tare_graph_new();
        const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(1, 1));
        const tare_tensor y = tare_dense(x, 1, .activation = (int)cases[c].activation,
                                         .kernel_initializer = TARE_CONSTANT(2));
        tare_session *session = session_of(graph);
        const float minus_one = -1;
        tare_array *fed = NULL, *result = NULL;
        assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(1, 1), &minus_one, &fed),
                         TARE_OK);
        if (tare_session_run(session, &(tare_feed){x, fed}, 1, &y, 1, &result))
            fail_msg("%s", tare_session_message(session));
        if (!(fabs(tare_array_number(result, 0) - cases[c].at_minus_2) <= 1e-6))
            fail_msg("activation %d: got %.9g", (int)cases[c].activation,
                     tare_array_number(result, 0));
        tare_array_free(fed);
        tare_session_free(session);
        tare_graph_free(graph);
    }
}

/* ------------------------------------------------------------------------- options */

static void penalties_are_collected(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    tare_dense(x, 1, .kernel_initializer = TARE_CONSTANT(3), .bias_initializer = TARE_CONSTANT(-1),
               .kernel_regularizer = TARE_REGULARIZER(0, .5),
               .bias_regularizer = TARE_REGULARIZER(2, 0),
               .activity_regularizer = TARE_REGULARIZER(1, .25));
    assert_int_equal(tare_collection_count(graph, TARE_REGULARIZATION_LOSSES, NULL), 3);
    tare_tensor losses[3];
    tare_array *results[3] = {NULL};
    for (size_t i = 0; i < 3; i++)
        losses[i] = tare_collection_item(graph, TARE_REGULARIZATION_LOSSES, NULL, i);
    assert_string_equal(tare_tensor_name(losses[0]), "dense/kernel/Regularizer/mul:0");
    tare_session *session = session_of(graph);
    const float rows[] = {1, 1, -1, 0};
    tare_array *fed = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 2), rows, &fed), TARE_OK);
    if (tare_session_run(session, &(tare_feed){x, fed}, 1, losses, 3, results))
        fail_msg("%s", tare_session_message(session));
    assert_true(tare_array_number(results[0], 0) == .5 * (9 + 9));
    assert_true(tare_array_number(results[1], 0) == 2);
    /* y = 5 and -4; (5 + 4 + .25 (25 + 16)) / 2 samples */
    assert_true(tare_array_number(results[2], 0) == (9 + .25 * 41) / 2);
    tare_array_free(fed);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void what_is_not_trainable_is_not_collected(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT64, TARE_SHAPE(TARE_ANY, 2));
    tare_dense(x, 1, .trainable = false);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 2);
    assert_int_equal(tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL), 0);
    assert_int_equal(tare_tensor_dtype(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, 0)),
                     TARE_FLOAT64);
    tare_graph_free(graph);
}

static void options_are_described(void **state) {
    (void)state;
    assert_string_equal(tare_layer_kind(0), "dense");
    for (size_t i = 0; tare_layer_kind(i); i++)
        assert_non_null(tare_layer_option_table(tare_layer_kind(i)));
    static const char *const kinds[] = {"conv1d",           "conv2d",
                                        "conv3d",           "conv2d_transpose",
                                        "conv3d_transpose", "separable_conv1d",
                                        "separable_conv2d", "depthwise_conv2d",
                                        "max_pooling1d",    "average_pooling3d",
                                        "dropout",          "flatten"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_non_null(tare_layer_option_table(kinds[i]));
    tare_dense_options options;
    const tare_option_table *table = tare_layer_option_table("dense");
    assert_int_equal(table->size, sizeof options);
    table->set_defaults(&options);
    assert_true(options.use_bias && options.trainable);
    assert_int_equal(tare_option_parse(table, &options, "activation", "tanh", NULL), TARE_OK);
    assert_int_equal(options.activation, TARE_ACTIVATION_TANH);
    assert_int_equal(tare_option_parse(table, &options, "reuse", "auto", NULL), TARE_OK);
    assert_int_equal(options.reuse, TARE_REUSE_AUTO);
    assert_null(tare_layer_option_table("nothing"));
    assert_null(tare_layer_option_table(NULL));
}

/* ------------------------------------------------------------------------- refusals */

static void check_refusal(tare_graph *graph, tare_tensor y, tare_status status, const char *words) {
    assert_false(tare_tensor_is_valid(y));
    assert_int_equal(tare_graph_status(graph), status);
    if (!strstr(tare_message(graph), words))
        fail_msg("'%s' lacks '%s'", tare_message(graph), words);
    tare_graph_clear_error(graph);
}

static void what_makes_no_sense_is_refused_and_leaves_nothing(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    const tare_tensor open = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, TARE_ANY));
    const tare_tensor line = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(2));
    const tare_tensor whole = tare_placeholder(graph, TARE_INT32, TARE_SHAPE(TARE_ANY, 2));
    const int64_t size = tare_graph_size(graph);
    check_refusal(graph, tare_dense(x, 0), TARE_ERROR_ARGUMENT, "0 units");
    check_refusal(graph, tare_dense(open, 3), TARE_ERROR_SHAPE, "[?, ?]");
    check_refusal(graph, tare_dense(line, 3), TARE_ERROR_SHAPE, "rank");
    check_refusal(graph, tare_dense(whole, 3), TARE_ERROR_TYPE, "int32");
    check_refusal(graph, tare_dense(x, 3, .activation = 99), TARE_ERROR_ARGUMENT, "activation");
    check_refusal(graph, tare_dense(x, 3, .name = "not a name"), TARE_ERROR_NAME, "name");
    assert_int_equal(tare_graph_size(graph), size);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 0);
    assert_string_equal(tare_tensor_name(tare_dense(x, 3)), "dense/BiasAdd:0");
    assert_false(tare_tensor_is_valid(tare_dense(TARE_NULL, 3)));
    tare_graph_free(graph);
}

static void a_layer_without_memory_is_a_status(void **state) {
    (void)state;
    for (int64_t fail_at = 1;; fail_at++) {
        failing_allocator allocator;
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&allocator, fail_at));
        if (graph) {
            const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
            tare_dense(x, 3, .activation = TARE_ACTIVATION_RELU,
                       .kernel_regularizer = TARE_REGULARIZER(1, 1),
                       .activity_regularizer = TARE_REGULARIZER(1, 1));
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
        cmocka_unit_test(names_are_tensorflows),
        cmocka_unit_test(a_layer_called_again_shares_its_variables),
        cmocka_unit_test(the_last_axis_is_multiplied_whatever_the_rank),
        cmocka_unit_test(rank_three_is_named_tensordot),
        cmocka_unit_test(activations_are_applied),
        cmocka_unit_test(penalties_are_collected),
        cmocka_unit_test(what_is_not_trainable_is_not_collected),
        cmocka_unit_test(options_are_described),
        cmocka_unit_test(what_makes_no_sense_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_layer_without_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
