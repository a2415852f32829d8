/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution and pooling layers of 1 to 3 spatial axes: variables, names, numbers, refusals.
 */
#include "plan_trial.h"

/* ------------------------------------------------------------------------- shapes and names */

static void check_shape(tare_tensor tensor, tare_shape wanted) {
    const tare_shape shape = tare_tensor_shape(tensor);
    if (shape.rank != wanted.rank) fail_msg("%s: rank %d", tare_tensor_name(tensor), shape.rank);
    for (int i = 0; i < shape.rank; i++)
        if (shape.extents[i] != wanted.extents[i])
            fail_msg("%s: extent %d is %lld", tare_tensor_name(tensor), i,
                     (long long)shape.extents[i]);
}

static void check_variables(tare_graph *graph, const char *const *names, const tare_shape *shapes,
                            size_t count) {
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), count);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor v = tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i);
        assert_string_equal(tare_tensor_name(v), names[i]);
        check_shape(v, shapes[i]);
    }
}

static tare_tensor placeholder(tare_graph *graph, tare_shape shape) {
    return tare_placeholder(graph, TARE_FLOAT32, shape);
}

static void convolutions_of_every_rank_bear_tensorflows_names(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor one = placeholder(graph, TARE_SHAPE(TARE_ANY, 9, 2)),
                      three = placeholder(graph, TARE_SHAPE(2, 4, 5, 6, 3));
    const tare_tensor a = tare_conv1d(one, 4, TARE_LIST(3), .strides = TARE_LIST(2));
    const tare_tensor b = tare_conv3d(three, 2, TARE_LIST(1, 2, 3), .padding = TARE_PADDING_SAME,
                                      .strides = TARE_LIST(2, 1, 3), .use_bias = false);
    assert_string_equal(tare_tensor_name(a), "conv1d/BiasAdd:0");
    check_shape(a, TARE_SHAPE(TARE_ANY, 4, 4));
    assert_string_equal(tare_tensor_name(b), "conv3d/Conv3D:0");
    check_shape(b, TARE_SHAPE(2, 2, 5, 2, 2));
    static const char *const names[] = {"conv1d/kernel:0", "conv1d/bias:0", "conv3d/kernel:0"};
    const tare_shape shapes[] = {TARE_SHAPE(3, 2, 4), TARE_SHAPE(4), TARE_SHAPE(1, 2, 3, 3, 2)};
    check_variables(graph, names, shapes, 3);
    tare_graph_free(graph);
}

static void transposed_convolutions_lead_the_way_back(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = placeholder(graph, TARE_SHAPE(TARE_ANY, 5, 4, 3)),
                      deep = placeholder(graph, TARE_SHAPE(2, 2, 3, 4, 5));
    const tare_tensor valid =
        tare_conv2d_transpose(x, 6, TARE_LIST(3, 2), .strides = TARE_LIST(2, 3));
    check_shape(valid, TARE_SHAPE(TARE_ANY, 11, 12, 6));
    assert_string_equal(tare_tensor_name(valid), "conv2d_transpose/BiasAdd:0");
    const tare_tensor same = tare_conv2d_transpose(x, 6, TARE_LIST(3), .strides = TARE_LIST(2),
                                                   .padding = TARE_PADDING_SAME, .use_bias = false,
                                                   .activation = TARE_ACTIVATION_RELU);
    check_shape(same, TARE_SHAPE(TARE_ANY, 10, 8, 6));
    assert_string_equal(tare_tensor_name(same), "conv2d_transpose_1/Relu:0");
    const tare_tensor cube = tare_conv3d_transpose(deep, 2, TARE_LIST(2), .name = "up");
    check_shape(cube, TARE_SHAPE(2, 3, 4, 5, 2));
    static const char *const names[] = {"conv2d_transpose/kernel:0", "conv2d_transpose/bias:0",
                                        "conv2d_transpose_1/kernel:0", "up/kernel:0", "up/bias:0"};
    const tare_shape shapes[] = {TARE_SHAPE(3, 2, 6, 3), TARE_SHAPE(6), TARE_SHAPE(3, 3, 6, 3),
                                 TARE_SHAPE(2, 2, 2, 2, 5), TARE_SHAPE(2)};
    check_variables(graph, names, shapes, 5);
    tare_graph_free(graph);
}

static void separable_convolutions_have_two_kernels(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor line = placeholder(graph, TARE_SHAPE(2, 9, 2)),
                      image = placeholder(graph, TARE_SHAPE(2, 6, 7, 3));
    const tare_tensor a = tare_separable_conv1d(line, 5, TARE_LIST(3), .depth_multiplier = 2);
    const tare_tensor b = tare_separable_conv2d(image, 4, TARE_LIST(3, 2), .use_bias = false);
    const tare_tensor c = tare_depthwise_conv2d(image, TARE_LIST(3), .depth_multiplier = 2);
    assert_string_equal(tare_tensor_name(a), "separable_conv1d/BiasAdd:0");
    assert_string_equal(tare_tensor_name(b), "separable_conv2d/separable_conv2d:0");
    assert_string_equal(tare_tensor_name(c), "depthwise_conv2d/BiasAdd:0");
    check_shape(a, TARE_SHAPE(2, 7, 5));
    check_shape(b, TARE_SHAPE(2, 4, 6, 4));
    check_shape(c, TARE_SHAPE(2, 4, 5, 6));
    static const char *const names[] = {"separable_conv1d/depthwise_kernel:0",
                                        "separable_conv1d/pointwise_kernel:0",
                                        "separable_conv1d/bias:0",
                                        "separable_conv2d/depthwise_kernel:0",
                                        "separable_conv2d/pointwise_kernel:0",
                                        "depthwise_conv2d/depthwise_kernel:0",
                                        "depthwise_conv2d/bias:0"};
    const tare_shape shapes[] = {
        TARE_SHAPE(3, 2, 2),    TARE_SHAPE(1, 4, 5),    TARE_SHAPE(5), TARE_SHAPE(3, 2, 3, 1),
        TARE_SHAPE(1, 1, 3, 4), TARE_SHAPE(3, 3, 3, 2), TARE_SHAPE(6)};
    check_variables(graph, names, shapes, 7);
    tare_graph_free(graph);
}

static void pools_of_every_rank(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor one = placeholder(graph, TARE_SHAPE(TARE_ANY, 9, 2)),
                      three = placeholder(graph, TARE_SHAPE(2, 4, 5, 6, 3));
    const tare_tensor a = tare_max_pooling1d(one, TARE_LIST(2), TARE_LIST(3));
    const tare_tensor b =
        tare_average_pooling1d(one, TARE_LIST(2), TARE_LIST(2), .padding = TARE_PADDING_SAME);
    const tare_tensor c = tare_max_pooling3d(three, TARE_LIST(2, 1, 3), TARE_LIST(2, 1, 3));
    const tare_tensor d = tare_average_pooling3d(three, TARE_LIST(2), TARE_LIST(1),
                                                 .data_format = TARE_CHANNELS_FIRST);
    check_shape(a, TARE_SHAPE(TARE_ANY, 3, 2));
    check_shape(b, TARE_SHAPE(TARE_ANY, 5, 2));
    check_shape(c, TARE_SHAPE(2, 2, 5, 2, 3));
    check_shape(d, TARE_SHAPE(2, 4, 4, 5, 2));
    assert_string_equal(tare_tensor_name(a), "max_pooling1d/MaxPool:0");
    assert_string_equal(tare_tensor_name(d), "average_pooling3d/AvgPool3D:0");
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- options */

static void variables_follow_their_options(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = placeholder(graph, TARE_SHAPE(2, 6, 7, 3));
    tare_separable_conv2d(x, 4, TARE_LIST(3), .depthwise_initializer = TARE_CONSTANT(2),
                          .pointwise_initializer = TARE_CONSTANT(3),
                          .bias_initializer = TARE_CONSTANT(4),
                          .depthwise_regularizer = TARE_REGULARIZER(0, .5),
                          .pointwise_regularizer = TARE_REGULARIZER(0, .25), .trainable = false);
    assert_int_equal(tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL), 0);
    assert_int_equal(tare_collection_count(graph, TARE_REGULARIZATION_LOSSES, NULL), 2);
    tare_tensor fetches[5];
    for (size_t i = 0; i < 3; i++)
        fetches[i] = tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i);
    for (size_t i = 0; i < 2; i++)
        fetches[3 + i] = tare_collection_item(graph, TARE_REGULARIZATION_LOSSES, NULL, i);
    tare_session *session = trial_session(graph, true);
    tare_array *got[5] = {NULL};
    assert_int_equal(tare_session_run(session, NULL, 0, fetches, 5, got), TARE_OK);
    for (int i = 0; i < 3; i++) assert_true(tare_array_number(got[i], 0) == i + 2);
    assert_true(tare_array_number(got[3], 0) == .5 * 27 * 4);
    assert_true(tare_array_number(got[4], 0) == .25 * 12 * 9);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void layers_share_variables_by_name(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = placeholder(graph, TARE_SHAPE(2, 6, 7, 3));
    for (int i = 0; i < 2; i++) {
        const int reuse = i == 0 ? TARE_REUSE_FALSE : TARE_REUSE_TRUE;
        tare_conv2d_transpose(x, 4, TARE_LIST(2), .name = "up", .reuse = reuse);
        tare_separable_conv2d(x, 4, TARE_LIST(2), .name = "apart", .reuse = reuse);
        tare_depthwise_conv2d(x, TARE_LIST(2), .name = "each", .reuse = reuse);
        assert_int_equal(tare_graph_status(graph), TARE_OK);
        assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 7);
    }
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------- numbers */

typedef tare_tensor (*layer)(tare_tensor x, int data_format);

static tare_tensor conv1d(tare_tensor x, int data_format) {
    return tare_conv1d(x, 4, TARE_LIST(3), .dilation_rate = TARE_LIST(2),
                       .data_format = data_format, .activation = TARE_ACTIVATION_TANH);
}
static tare_tensor conv3d(tare_tensor x, int data_format) {
    return tare_conv3d(x, 4, TARE_LIST(2, 1, 3), .padding = TARE_PADDING_SAME, .groups = 2,
                       .data_format = data_format);
}
static tare_tensor conv2d_transpose(tare_tensor x, int data_format) {
    return tare_conv2d_transpose(x, 3, TARE_LIST(4, 3), .strides = TARE_LIST(3, 2),
                                 .data_format = data_format);
}
static tare_tensor conv3d_transpose(tare_tensor x, int data_format) {
    return tare_conv3d_transpose(x, 2, TARE_LIST(1, 2, 3), .strides = TARE_LIST(2, 2, 1),
                                 .padding = TARE_PADDING_SAME, .data_format = data_format);
}
static tare_tensor separable_conv1d(tare_tensor x, int data_format) {
    return tare_separable_conv1d(x, 3, TARE_LIST(3), .depth_multiplier = 2,
                                 .padding = TARE_PADDING_SAME, .data_format = data_format);
}
static tare_tensor separable_conv2d(tare_tensor x, int data_format) {
    return tare_separable_conv2d(x, 3, TARE_LIST(3, 2), .strides = TARE_LIST(2),
                                 .data_format = data_format);
}
static tare_tensor depthwise_conv2d(tare_tensor x, int data_format) {
    return tare_depthwise_conv2d(x, TARE_LIST(3), .depth_multiplier = 2, .data_format = data_format,
                                 .activation = TARE_ACTIVATION_SIGMOID);
}
static tare_tensor max_pooling1d(tare_tensor x, int data_format) {
    return tare_max_pooling1d(x, TARE_LIST(3), TARE_LIST(2), .data_format = data_format);
}
static tare_tensor average_pooling2d(tare_tensor x, int data_format) {
    return tare_average_pooling2d(x, TARE_LIST(3, 2), TARE_LIST(2), .padding = TARE_PADDING_SAME,
                                  .data_format = data_format);
}
static tare_tensor max_pooling3d(tare_tensor x, int data_format) {
    return tare_max_pooling3d(x, TARE_LIST(2), TARE_LIST(1), .data_format = data_format);
}

static const struct {
    layer build;
    tare_shape x;
} layers[] = {
    {conv1d, {3, {2, 9, 3}}},
    {conv3d, {5, {2, 3, 4, 5, 2}}},
    {conv2d_transpose, {4, {2, 3, 4, 2}}},
    {conv3d_transpose, {5, {1, 2, 3, 2, 2}}},
    {separable_conv1d, {3, {2, 7, 3}}},
    {separable_conv2d, {4, {2, 5, 6, 3}}},
    {depthwise_conv2d, {4, {2, 5, 6, 3}}},
    {max_pooling1d, {3, {2, 9, 3}}},
    {average_pooling2d, {4, {2, 5, 6, 3}}},
    {max_pooling3d, {5, {1, 3, 4, 3, 2}}},
    {conv2d_transpose, {4, {0, 3, 4, 2}}},
    {separable_conv2d, {4, {1, 3, 2, 1}}},
};
enum { LAYERS = sizeof layers / sizeof *layers };

/* Channels first is channels last between transposes, forward and backward. */
static void both_orders_of_data_give_the_same_numbers(void **state) {
    (void)state;
    for (int i = 0; i < LAYERS; i++) {
        plan_trial t = trial_begin();
        const int rank = layers[i].x.rank;
        const tare_tensor x = trial_input(&t, TARE_FLOAT64, layers[i].x);
        tare_list to_first = {.count = rank}, to_last = {.count = rank};
        for (int k = 1; k < rank; k++) {
            to_first.values[k] = k == 1 ? rank - 1 : k - 1;
            to_last.values[k] = k == rank - 1 ? 1 : k + 1;
        }
        const tare_tensor turned = tare_transpose(x, .perm = to_first);
        tare_variable_scope_begin(t.graph, "net", NULL, TARE_REUSE_AUTO);
        const tare_tensor last = layers[i].build(x, TARE_CHANNELS_LAST);
        tare_variable_scope_end(t.graph);
        tare_variable_scope_begin(t.graph, "net", NULL, TARE_REUSE_AUTO);
        const tare_tensor first =
            tare_transpose(layers[i].build(turned, TARE_CHANNELS_FIRST), .perm = to_last);
        tare_variable_scope_end(t.graph);
        const tare_tensor apart = tare_reduce_sum(tare_square(tare_sub(last, first)));
        const tare_tensor costs[] = {tare_reduce_sum(tare_square(last)),
                                     tare_reduce_sum(tare_square(first))};
        tare_tensor d[2];
        for (int c = 0; c < 2; c++) tare_gradients(&costs[c], 1, &x, 1, NULL, &d[c]);
        const tare_tensor ys[] = {apart, tare_reduce_sum(tare_square(tare_sub(d[0], d[1])))};
        tare_session *session = trial_session(t.graph, false);
        trial_set_variables(&t, session);
        tare_array *got[2] = {NULL};
        if (tare_session_run(session, t.feeds, t.feed_count, ys, 2, got))
            fail_msg("%s", tare_session_message(session));
        for (int c = 0; c < 2; c++)
            if (!(tare_array_number(got[c], 0) <= 1e-20))
                fail_msg("layer %d, %d: %g apart", i, c, tare_array_number(got[c], 0));
        tare_session_free(session);
        const tare_tensor both[] = {last, first, d[0], d[1]};
        tare_text_free(trial_compare(&t, both, 4, 1e-12));
        trial_end(&t);
    }
}

/* The gradient of the cost for number k of tensor i of xs, by differences. */
static void gradients_agree_with_differences(void **state) {
    (void)state;
    const double step = 1e-6;
    for (int i = 0; i < LAYERS; i++) {
        plan_trial t = trial_begin();
        const tare_tensor x = trial_input(&t, TARE_FLOAT64, layers[i].x);
        const tare_tensor y = layers[i].build(x, TARE_CHANNELS_LAST);
        const tare_tensor w = trial_input(&t, TARE_FLOAT64, tare_tensor_shape(y));
        const tare_tensor cost = tare_reduce_sum(tare_mul(y, w));
        tare_tensor dx;
        tare_gradients(&cost, 1, &x, 1, NULL, &dx);
        tare_session *session = trial_session(t.graph, true);
        trial_set_variables(&t, session);
        tare_array *numbers = (tare_array *)t.feeds[0].array, *slope = NULL;
        tare_array *gradient = trial_numbers(TARE_FLOAT64, layers[i].x, 0);
        assert_int_equal(tare_session_run(session, t.feeds, 2, &dx, 1, &slope), TARE_OK);
        for (int64_t k = 0; k < tare_array_count(gradient); k++)
            tare_array_set_number(gradient, k, tare_array_number(slope, k));
        for (int64_t k = 0; k < tare_array_count(numbers); k += 5) {
            const double at = tare_array_number(numbers, k);
            double cost_at[2];
            for (int side = 0; side < 2; side++) {
                tare_array *got = NULL;
                tare_array_set_number(numbers, k, at + (side ? step : -step));
                assert_int_equal(tare_session_run(session, t.feeds, 2, &cost, 1, &got), TARE_OK);
                cost_at[side] = tare_array_number(got, 0);
            }
            tare_array_set_number(numbers, k, at);
            const double difference = (cost_at[1] - cost_at[0]) / (2 * step);
            if (!(fabs(difference - tare_array_number(gradient, k)) <=
                  1e-6 * (1 + fabs(difference))))
                fail_msg("layer %d, number %d: %g, differences %g", i, (int)k,
                         tare_array_number(gradient, k), difference);
        }
        tare_array_free(gradient);
        tare_session_free(session);
        trial_end(&t);
    }
}

/* ------------------------------------------------------------------------- refusals */

static void check_refusal(tare_graph *graph, tare_tensor y, tare_status status, const char *words) {
    assert_false(tare_tensor_is_valid(y));
    assert_int_equal(tare_graph_status(graph), status);
    if (!strstr(tare_message(graph), words))
        fail_msg("'%s' lacks '%s'", tare_message(graph), words);
    tare_graph_clear_error(graph);
}

#define REFUSED(call, status, words) check_refusal(graph, call, TARE_ERROR_##status, words)

static void windows_that_make_no_sense_are_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_list three = TARE_LIST(3), two = TARE_LIST(2);
    const tare_tensor line = placeholder(graph, TARE_SHAPE(2, 8, 3)),
                      x = placeholder(graph, TARE_SHAPE(TARE_ANY, 8, 8, 4)),
                      cube = placeholder(graph, TARE_SHAPE(2, 8, 8, 8, 2)),
                      open = placeholder(graph, TARE_SHAPE(2, TARE_ANY, 8, 4)),
                      whole = tare_placeholder(graph, TARE_INT32, TARE_SHAPE(2, 8, 8, 4));
    const int64_t size = tare_graph_size(graph);
    REFUSED(tare_conv1d(x, 2, three), SHAPE, "needs rank 3");
    REFUSED(tare_conv3d(x, 2, three), SHAPE, "needs rank 5");
    REFUSED(tare_conv1d(line, 2, TARE_LIST(3, 3)), ARGUMENT, "needs one number of 1 or more");
    REFUSED(tare_conv3d(cube, 2, TARE_LIST(3, 3)), ARGUMENT, "one or three numbers");
    REFUSED(tare_conv3d(cube, 2, three, .strides = TARE_LIST(1, 0, 1)), ARGUMENT, "strides");
    REFUSED(tare_conv1d(line, 2, three, .strides = two, .dilation_rate = two), ARGUMENT,
            "strides and dilations above 1");
    REFUSED(tare_conv2d(x, 2, three, .groups = 0), ARGUMENT, "0 groups of 4 channels");
    REFUSED(tare_conv2d(x, 2, three, .groups = 3), ARGUMENT, "that divide both");
    REFUSED(tare_conv2d(x, 3, three, .groups = 2), ARGUMENT, "3 filters");
    REFUSED(tare_conv2d(x, 3, three, .data_format = 2), ARGUMENT, "data_format that is none");
    REFUSED(tare_conv2d(open, 3, three, .data_format = TARE_CHANNELS_FIRST), SHAPE, "axis 1");
    REFUSED(tare_conv2d(x, 3, TARE_LIST(5), .data_format = TARE_CHANNELS_FIRST), SHAPE,
            "shown channels last");
    REFUSED(tare_conv2d_transpose(line, 3, three), SHAPE, "needs rank 4");
    REFUSED(tare_conv2d_transpose(x, -1, three), ARGUMENT, "-1 filters");
    REFUSED(tare_conv2d_transpose(x, 3, three, .padding = TARE_PADDING_EXPLICIT), ARGUMENT,
            "valid or same");
    REFUSED(tare_conv3d_transpose(cube, 3, three, .strides = TARE_LIST(2, 2)), ARGUMENT, "strides");
    REFUSED(tare_conv2d_transpose(whole, 3, three), TYPE, "int32");
    REFUSED(tare_separable_conv1d(x, 3, three), SHAPE, "needs rank 3");
    REFUSED(tare_separable_conv2d(x, 3, three, .depth_multiplier = 0), ARGUMENT,
            "0 depth_multiplier");
    REFUSED(tare_separable_conv2d(x, 3, three, .depth_multiplier = INT64_MAX / 2), ARGUMENT,
            "than can be counted");
    REFUSED(tare_separable_conv2d(x, 0, three), ARGUMENT, "0 filters");
    REFUSED(tare_depthwise_conv2d(line, three), SHAPE, "needs rank 4");
    REFUSED(tare_depthwise_conv2d(x, TARE_LIST(9)), SHAPE, "that fits into x");
    REFUSED(tare_max_pooling1d(x, three, two), SHAPE, "needs rank 3");
    REFUSED(tare_max_pooling3d(cube, TARE_LIST(2, 2), two), ARGUMENT, "one or three numbers");
    REFUSED(tare_average_pooling1d(line, TARE_LIST(0), two), ARGUMENT, "pool_size");
    REFUSED(tare_average_pooling1d(line, TARE_LIST(9), two), SHAPE, "window");
    REFUSED(tare_max_pooling1d(line, three, two, .padding = TARE_PADDING_EXPLICIT), ARGUMENT,
            "valid or same");
    REFUSED(tare_max_pooling2d(x, three, two, .data_format = -1), ARGUMENT, "data_format");
    assert_int_equal(tare_graph_size(graph), size);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 0);
    tare_graph_free(graph);
}

/* A layer's option by TensorFlow's word. */
static void data_formats_are_read_by_tensorflows_words(void **state) {
    (void)state;
    tare_conv_options options;
    const tare_option_table *table = tare_layer_option_table("conv3d");
    table->set_defaults(&options);
    assert_int_equal(options.data_format, TARE_CHANNELS_LAST);
    assert_int_equal(tare_option_parse(table, &options, "data_format", "channels_first", NULL),
                     TARE_OK);
    assert_int_equal(options.data_format, TARE_CHANNELS_FIRST);
    assert_int_not_equal(tare_option_parse(table, &options, "data_format", "nchw", NULL), TARE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_of_every_rank_bear_tensorflows_names),
        cmocka_unit_test(transposed_convolutions_lead_the_way_back),
        cmocka_unit_test(separable_convolutions_have_two_kernels),
        cmocka_unit_test(pools_of_every_rank),
        cmocka_unit_test(variables_follow_their_options),
        cmocka_unit_test(layers_share_variables_by_name),
        cmocka_unit_test(both_orders_of_data_give_the_same_numbers),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(windows_that_make_no_sense_are_refused),
        cmocka_unit_test(data_formats_are_read_by_tensorflows_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
