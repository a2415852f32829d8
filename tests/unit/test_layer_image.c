/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of images: conv2d, pooling, flatten, dropout: names, numbers, modes, refusals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* Numbers between -1 and 1 that follow no simple pattern. */
static tare_array *mixed(tare_shape shape, int seed) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, sin((double)(i * i + seed)));
    return array;
}

static tare_array *run(tare_session *session, const tare_feed *feeds, size_t count,
                       tare_tensor fetch) {
    tare_array *result = NULL;
    if (tare_session_run(session, feeds, count, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(session));
    return result;
}

static void check_shape(tare_tensor tensor, tare_shape wanted) {
    const tare_shape shape = tare_tensor_shape(tensor);
    assert_int_equal(shape.rank, wanted.rank);
    for (int i = 0; i < shape.rank; i++) assert_int_equal(shape.extents[i], wanted.extents[i]);
}

/* ------------------------------------------------------------------------- names */

static void names_and_shapes_are_tensorflows(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 28, 28, 1));
    tare_tensor h = tare_conv2d(x, 6, TARE_LIST(5));
    assert_string_equal(tare_tensor_name(h), "conv2d/BiasAdd:0");
    check_shape(h, TARE_SHAPE(TARE_ANY, 24, 24, 6));
    h = tare_conv2d(h, 4, TARE_LIST(3, 5), .padding = TARE_PADDING_SAME, .strides = TARE_LIST(2),
                    .use_bias = false);
    assert_string_equal(tare_tensor_name(h), "conv2d_1/Conv2D:0");
    check_shape(h, TARE_SHAPE(TARE_ANY, 12, 12, 4));
    h = tare_max_pooling2d(h, TARE_LIST(2), TARE_LIST(2));
    assert_string_equal(tare_tensor_name(h), "max_pooling2d/MaxPool:0");
    check_shape(h, TARE_SHAPE(TARE_ANY, 6, 6, 4));
    h = tare_average_pooling2d(h, TARE_LIST(3, 2), TARE_LIST(1, 2), .padding = TARE_PADDING_SAME);
    assert_string_equal(tare_tensor_name(h), "average_pooling2d/AvgPool:0");
    check_shape(h, TARE_SHAPE(TARE_ANY, 6, 3, 4));
    h = tare_flatten(h);
    assert_string_equal(tare_tensor_name(h), "flatten/Reshape:0");
    check_shape(h, TARE_SHAPE(TARE_ANY, 72));
    h = tare_dropout(h);
    assert_string_equal(tare_tensor_name(h), "dropout/Identity:0");
    check_shape(h, TARE_SHAPE(TARE_ANY, 72));
    static const char *const names[] = {"conv2d/kernel:0", "conv2d/bias:0", "conv2d_1/kernel:0"};
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(
            tare_tensor_name(tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i)),
            names[i]);
    check_shape(tare_tensor_named(graph, "conv2d_1/kernel:0"), TARE_SHAPE(3, 5, 6, 4));
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- numbers */

/* A convolution of one image, VALID, by its definition. */
static double true_pixel(const tare_array *x, const tare_array *kernel, int64_t row, int64_t column,
                         int64_t filter, int64_t stride, int64_t dilation) {
    const tare_shape in = tare_array_shape(x), window = tare_array_shape(kernel);
    double sum = 0;
    for (int64_t i = 0; i < window.extents[0]; i++)
        for (int64_t j = 0; j < window.extents[1]; j++)
            for (int64_t c = 0; c < window.extents[2]; c++) {
                const int64_t r = row * stride + i * dilation, k = column * stride + j * dilation;
                const int64_t at = (r * in.extents[2] + k) * in.extents[3] + c;
                const int64_t of =
                    ((i * window.extents[1] + j) * window.extents[2] + c) * window.extents[3] +
                    filter;
                sum += tare_array_number(x, at) * tare_array_number(kernel, of);
            }
    return sum;
}

static void check_convolution(int64_t stride, int64_t dilation) {
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(1, 9, 8, 2));
    const tare_tensor y =
        tare_conv2d(x, 3, TARE_LIST(3, 2), .strides = TARE_LIST(stride),
                    .dilation_rate = TARE_LIST(dilation), .activation = TARE_ACTIVATION_RELU);
    tare_session *session = session_of(graph);
    tare_array *fed = mixed(TARE_SHAPE(1, 9, 8, 2), 1), *kernel = mixed(TARE_SHAPE(3, 2, 2, 3), 2);
    tare_array *bias = mixed(TARE_SHAPE(3), 3);
    assert_int_equal(tare_session_set(session, "conv2d/kernel", kernel), TARE_OK);
    assert_int_equal(tare_session_set(session, "conv2d/bias", bias), TARE_OK);
    const tare_array *got = run(session, &(tare_feed){x, fed}, 1, y);
    const tare_shape out = tare_array_shape(got);
    assert_int_equal(out.extents[1], (9 - 2 * dilation - 1) / stride + 1);
    assert_int_equal(out.extents[2], (8 - dilation - 1) / stride + 1);
    for (int64_t i = 0; i < tare_array_count(got); i++) {
        const int64_t filter = i % 3, column = i / 3 % out.extents[2], row = i / 3 / out.extents[2];
        const double sum = true_pixel(fed, kernel, row, column, filter, stride, dilation) +
                           tare_array_number(bias, filter);
        assert_true(fabs(tare_array_number(got, i) - fmax(sum, 0)) <= 1e-5);
    }
    tare_array_free(fed);
    tare_array_free(kernel);
    tare_array_free(bias);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void a_convolution_is_what_it_says(void **state) {
    (void)state;
    check_convolution(1, 1);
    check_convolution(2, 1);
    check_convolution(1, 2);
}

static void pools_take_the_greatest_and_the_mean(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(1, 4, 4, 1));
    const tare_tensor most = tare_max_pooling2d(x, TARE_LIST(2), TARE_LIST(2));
    const tare_tensor mean = tare_average_pooling2d(x, TARE_LIST(2), TARE_LIST(2));
    tare_session *session = session_of(graph);
    tare_array *fed = mixed(TARE_SHAPE(1, 4, 4, 1), 5);
    for (int64_t p = 0; p < 4; p++) {
        const int64_t at = p / 2 * 8 + p % 2 * 2;
        const double w[] = {tare_array_number(fed, at), tare_array_number(fed, at + 1),
                            tare_array_number(fed, at + 4), tare_array_number(fed, at + 5)};
        const tare_feed feed = {x, fed};
        assert_true(tare_array_number(run(session, &feed, 1, most), p) ==
                    fmax(fmax(w[0], w[1]), fmax(w[2], w[3])));
        assert_true(fabs(tare_array_number(run(session, &feed, 1, mean), p) -
                         (w[0] + w[1] + w[2] + w[3]) / 4) < 1e-6);
    }
    tare_array_free(fed);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void flatten_needs_one_extent_less_than_all(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor vector = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY));
    const tare_tensor open = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(2, TARE_ANY, 3));
    check_shape(tare_flatten(vector), TARE_SHAPE(TARE_ANY, 1));
    check_shape(tare_flatten(open), TARE_SHAPE(2, TARE_ANY));
    const tare_tensor none =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, TARE_ANY, 3));
    assert_false(tare_tensor_is_valid(tare_flatten(none)));
    assert_int_equal(tare_graph_status(graph), TARE_ERROR_SHAPE);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- dropout */

enum { COUNT = 20000 };

/* Counts zeros of a run in that mode; what is kept must be scaled. */
static int64_t zeros_in(tare_session *session, tare_tensor y, const tare_feed *feeds, size_t count,
                        double kept) {
    const tare_array *got = run(session, feeds, count, y);
    int64_t zeros = 0;
    for (int64_t i = 0; i < COUNT; i++) {
        const double number = tare_array_number(got, i);
        zeros += number == 0;
        assert_true(number == 0 || fabs(number - kept) < 1e-6);
    }
    return zeros;
}

static void dropout_drops_in_training_only(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(COUNT));
    const tare_tensor training = tare_placeholder_with_default(graph, TARE_FALSE);
    const tare_tensor always = tare_dropout(x, .rate = .25, .training = TARE_TRUE);
    const tare_tensor never = tare_dropout(x, .rate = .25, .training = TARE_FALSE);
    const tare_tensor maybe = tare_dropout(x, .rate = .25, .training = training);
    tare_session *session = session_of(graph);
    tare_array *ones = NULL, *yes = tare_array_bool(true);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(COUNT), NULL, &ones), TARE_OK);
    for (int64_t i = 0; i < COUNT; i++) tare_array_set_number(ones, i, 1);
    const tare_feed feeds[] = {{x, ones}, {training, yes}};
    const int64_t share = COUNT / 4, slack = 5 * 62; /* five standard deviations */
    assert_true(llabs(zeros_in(session, always, feeds, 1, 4. / 3) - share) < slack);
    assert_int_equal(zeros_in(session, never, feeds, 1, 1), 0);
    assert_int_equal(zeros_in(session, maybe, feeds, 1, 1), 0);
    assert_true(llabs(zeros_in(session, maybe, feeds, 2, 4. / 3) - share) < slack);
    tare_array_free(ones);
    tare_array_free(yes);
    tare_session_free(session);
    tare_graph_free(graph);
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
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 8, 8, 2));
    const tare_tensor flat = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const tare_tensor open =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 8, 8, TARE_ANY));
    const tare_tensor whole = tare_placeholder(graph, TARE_INT32, TARE_SHAPE(TARE_ANY, 8, 8, 2));
    const int64_t size = tare_graph_size(graph);
    const tare_list three = TARE_LIST(3);
    check_refusal(graph, tare_conv2d(flat, 2, three), TARE_ERROR_SHAPE, "rank 4");
    check_refusal(graph, tare_conv2d(open, 2, three), TARE_ERROR_SHAPE, "last extent");
    check_refusal(graph, tare_conv2d(whole, 2, three), TARE_ERROR_TYPE, "int32");
    check_refusal(graph, tare_conv2d(x, 0, three), TARE_ERROR_ARGUMENT, "0 filters");
    check_refusal(graph, tare_conv2d(x, 2, TARE_LIST(3, 0)), TARE_ERROR_ARGUMENT, "kernel_size");
    check_refusal(graph, tare_conv2d(x, 2, TARE_LIST(3, 3, 3)), TARE_ERROR_ARGUMENT, "[3, 3, 3]");
    check_refusal(graph, tare_conv2d(x, 2, three, .strides = TARE_LIST(0)), TARE_ERROR_ARGUMENT,
                  "strides");
    check_refusal(graph,
                  tare_conv2d(x, 2, three, .strides = TARE_LIST(2), .dilation_rate = TARE_LIST(2)),
                  TARE_ERROR_ARGUMENT, "dilations");
    check_refusal(graph, tare_conv2d(x, 2, three, .padding = TARE_PADDING_EXPLICIT),
                  TARE_ERROR_ARGUMENT, "padding");
    check_refusal(graph, tare_conv2d(x, 2, TARE_LIST(9)), TARE_ERROR_SHAPE, "");
    check_refusal(graph, tare_max_pooling2d(flat, three, three), TARE_ERROR_SHAPE, "rank 4");
    check_refusal(graph, tare_average_pooling2d(x, three, TARE_LIST(0)), TARE_ERROR_ARGUMENT,
                  "strides");
    check_refusal(graph, tare_dropout(whole), TARE_ERROR_TYPE, "int32");
    check_refusal(graph, tare_dropout(x, .rate = 1.5, .training = TARE_TRUE), TARE_ERROR_ARGUMENT,
                  "1.5");
    assert_int_equal(tare_graph_size(graph), size);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 0);
    assert_string_equal(tare_tensor_name(tare_conv2d(x, 2, three)), "conv2d/BiasAdd:0");
    tare_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_shapes_are_tensorflows),
        cmocka_unit_test(a_convolution_is_what_it_says),
        cmocka_unit_test(pools_take_the_greatest_and_the_mean),
        cmocka_unit_test(flatten_needs_one_extent_less_than_all),
        cmocka_unit_test(dropout_drops_in_training_only),
        cmocka_unit_test(what_makes_no_sense_is_refused_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
