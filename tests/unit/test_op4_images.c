/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions of every rank against each other, transposed ones against their definition, pools,
 * resizing and local response normalisation against numbers worked out by hand or in double. */
#include "op4_trial.h"

/* ------------------------------------------------------------------------------ convolution */

static void conv1d_is_conv2d_of_one_row(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_draw(&t, TARE_FLOAT64, TARE_SHAPE(2, 9, 3)),
                      w = trial_draw(&t, TARE_FLOAT64, TARE_SHAPE(4, 3, 2));
    const tare_tensor rows = tare_expand_dims(x, 1), filter = tare_expand_dims(w, 0);
    trial_expect_equal(
        &t, tare_nn_conv1d(x, w, .strides = TARE_LIST(2), .padding = TARE_PADDING_SAME),
        tare_nn_conv2d(rows, filter, .strides = TARE_LIST(1, 2), .padding = TARE_PADDING_SAME),
        1e-12);
    trial_end(&t);
}

static void conv3d_adds_conv2d_of_its_planes(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(1, 2, 5, 4, 3)),
                      w = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 2, 3, 4));
    const tare_tensor planes = tare_unstack(x, .axis = 1), filters = tare_unstack(w);
    const tare_tensor sum =
        tare_add(tare_nn_conv2d(planes, filters),
                 tare_nn_conv2d(tare_output(planes, 1), tare_output(filters, 1)));
    trial_expect_equal(&t, tare_nn_conv3d(x, w), sum, 1e-5);
    trial_end(&t);
}

/* Channel c of x meets filters [.., c, m] alone; its results are c M + m. */
static void a_depthwise_convolution_keeps_channels_apart(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(2, 6, 5, 3)),
                      w = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(3, 2, 3, 2));
    const tare_tensor y =
        tare_nn_depthwise_conv2d(x, w, .strides = TARE_LIST(2, 1), .padding = TARE_PADDING_SAME);
    tare_tensor each[3];
    for (int c = 0; c < 3; c++)
        each[c] = tare_nn_conv2d(tare_slice(x, TARE_LIST(0, 0, 0, c), TARE_LIST(-1, -1, -1, 1)),
                                 tare_slice(w, TARE_LIST(0, 0, c, 0), TARE_LIST(-1, -1, 1, -1)),
                                 .strides = TARE_LIST(2, 1), .padding = TARE_PADDING_SAME);
    trial_expect_equal(&t, y, tare_concat(each, 3, 3), 1e-6);
    trial_expect_equal(&t, y,
                       tare_nn_convolution(x, w, .groups = 0, .strides = TARE_LIST(2, 1),
                                           .padding = TARE_PADDING_SAME),
                       0);
    trial_end(&t);
}

static void a_separable_convolution_is_a_depthwise_and_a_pointwise_one(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(1, 7, 7, 2)),
                      each = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(3, 3, 2, 2)),
                      point = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 4, 3));
    const tare_tensor y = tare_nn_separable_conv2d(x, each, point, .dilations = TARE_LIST(2, 2));
    trial_expect_equal(
        &t, y,
        tare_nn_conv2d(tare_nn_depthwise_conv2d(x, each, .dilations = TARE_LIST(2, 2)), point), 0);
    assert_string_equal(tare_tensor_name(y), "separable_conv2d:0");
    tare_nn_separable_conv2d(x, each, each);
    trial_must_refuse(&t, "needs one of 1 x 1 pixels");
    trial_end(&t);
}

/* sum(conv(x) v) = sum(x conv_transpose(v)) for any x and v. */
static void check_adjoint(int spatial, tare_padding padding, int64_t stride, int64_t dilation) {
    trial t = trial_begin();
    tare_shape shape = {.rank = spatial + 2, .extents = {2}}, filter = {.rank = spatial + 2};
    for (int d = 0; d < spatial; d++) {
        shape.extents[1 + d] = 7 - d;
        filter.extents[d] = 2 + d % 2;
    }
    shape.extents[spatial + 1] = filter.extents[spatial] = 2;
    filter.extents[spatial + 1] = 3;
    tare_nn_conv_options options = {TARE_NN_CONV_DEFAULTS};
    options.padding = (int)padding;
    options.strides = TARE_LIST(stride);
    options.dilations = TARE_LIST(dilation);
    options.before = options.after = (tare_list){.count = spatial, .values = {1, 0, 1}};
    const tare_tensor x = trial_draw(&t, TARE_FLOAT64, shape),
                      w = trial_draw(&t, TARE_FLOAT64, filter);
    const tare_tensor y = tare_nn_convolution_with(x, w, &options);
    trial_must_build(&t);
    const tare_tensor v = trial_draw(&t, TARE_FLOAT64, tare_tensor_shape(y));
    tare_nn_conv_transpose_options back = {TARE_NN_CONV_TRANSPOSE_DEFAULTS};
    back.padding = (int)padding;
    back.strides = options.strides;
    back.dilations = options.dilations;
    back.before = options.before;
    back.after = options.after;
    back.output_size = (tare_list){.count = spatial};
    for (int d = 0; d < spatial; d++) back.output_size.values[d] = shape.extents[1 + d];
    const tare_tensor transposed = spatial == 1   ? tare_nn_conv1d_transpose_with(v, w, &back)
                                   : spatial == 2 ? tare_nn_conv2d_transpose_with(v, w, &back)
                                                  : tare_nn_conv3d_transpose_with(v, w, &back);
    trial_expect_equal(&t, tare_reduce_sum(tare_mul(y, v)),
                       tare_reduce_sum(tare_mul(x, transposed)), 1e-10);
    trial_end(&t);
}

static void a_transposed_convolution_is_the_adjoint(void **state) {
    (void)state;
    for (int spatial = 1; spatial <= 3; spatial++)
        for (int padding = TARE_PADDING_VALID; padding <= TARE_PADDING_EXPLICIT; padding++)
            for (int64_t stride = 1; stride <= 3; stride++)
                for (int64_t dilation = 1; dilation <= 2; dilation++)
                    check_adjoint(spatial, (tare_padding)padding, stride, dilation);
}

static void a_transposed_convolution_has_the_extents_of_keras(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4, 5, 3)),
                      w = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(3, 2, 2, 3));
    trial_expect_shape(tare_nn_conv2d_transpose(x, w, .strides = TARE_LIST(2)),
                       TARE_SHAPE(TARE_ANY, 8, 10, 2));
    trial_expect_shape(
        tare_nn_conv2d_transpose(x, w, .strides = TARE_LIST(2), .padding = TARE_PADDING_VALID),
        TARE_SHAPE(TARE_ANY, 9, 10, 2));
    trial_expect_shape(
        tare_nn_conv2d_transpose(x, w, .strides = TARE_LIST(2), .padding = TARE_PADDING_EXPLICIT,
                                 .before = TARE_LIST(1, 0), .after = TARE_LIST(1, 1)),
        TARE_SHAPE(TARE_ANY, 7, 9, 2));
    trial_must_build(&t);
    trial_end(&t);
}

/* Windows whose reach no number holds are refused, not wrapped. */
static void immense_strides_and_dilations_are_refused(void **state) {
    (void)state;
    trial t = trial_begin();
    const int64_t immense = INT64_C(1) << 40, most = INT32_MAX;
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(1, 4, 1)),
                      w = tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(immense, 1, 1));
    tare_nn_conv1d(x, w, .strides = TARE_LIST(immense));
    trial_must_refuse(&t, "strides [1099511627776]; needs 1 or 1 values in 1..2147483647");
    tare_graph_clear_error(t.graph);
    tare_nn_conv1d(x, w, .dilations = TARE_LIST(most), .padding = TARE_PADDING_SAME);
    trial_must_refuse(&t, "that fits into x and its padding");
    tare_graph_clear_error(t.graph);
    tare_nn_conv1d_transpose(x, w, .dilations = TARE_LIST(most), .padding = TARE_PADDING_VALID);
    trial_must_refuse(&t, "a result of 0 or more");
    trial_end(&t);
}

/* ----------------------------------------------------------------------------------- pooling */

static void padding_counts_neither_in_a_maximum_nor_in_a_mean(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x =
        trial_numbers(&t, TARE_FLOAT32, TARE_SHAPE(1, 4, 1), NUMBERS(-1, -5, -3, -7));
    tare_nn_pool_options options = {TARE_NN_POOL_DEFAULTS};
    options.ksize = TARE_LIST(3);
    options.padding = TARE_PADDING_EXPLICIT;
    options.before = TARE_LIST(1);
    options.after = TARE_LIST(2);
    EXPECT(&t, tare_nn_max_pool1d_with(x, &options), -1, -3, -7);
    EXPECT(&t, tare_nn_avg_pool1d_with(x, &options), -3, -5, -7);
    trial_end(&t);
}

static void pools_of_every_rank_agree(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_draw(&t, TARE_FLOAT32, TARE_SHAPE(2, 6, 5, 3));
    const tare_tensor solid = tare_expand_dims(x, 1);
    tare_nn_pool_options flat = {TARE_NN_POOL_DEFAULTS}, deep = {TARE_NN_POOL_DEFAULTS};
    flat.ksize = TARE_LIST(3, 2);
    deep.ksize = TARE_LIST(1, 3, 2);
    flat.padding = deep.padding = TARE_PADDING_SAME;
    trial_expect_equal(&t, tare_nn_max_pool2d_with(x, &flat), tare_nn_max_pool3d_with(solid, &deep),
                       0);
    trial_expect_equal(&t, tare_nn_avg_pool2d_with(x, &flat), tare_nn_avg_pool3d_with(solid, &deep),
                       0);
    trial_expect_equal(&t, tare_nn_max_pool2d_with(x, &flat), tare_nn_max_pool_with(x, &flat), 0);
    trial_end(&t);
}

static void a_global_pool_leaves_one_number_for_each_channel(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(2, 2, 2, 2));
    EXPECT(&t, tare_nn_global_max_pool(x), 6, 7, 14, 15);
    EXPECT(&t, tare_nn_global_avg_pool(x), 3, 4, 11, 12);
    trial_expect_shape(tare_nn_global_avg_pool(x, .keepdims = true), TARE_SHAPE(2, 1, 1, 2));
    tare_nn_global_avg_pool(trial_count(&t, TARE_FLOAT32, TARE_SHAPE(2, 2)));
    trial_must_refuse(&t, "a known rank of 3 to 5");
    trial_end(&t);
}

/* ---------------------------------------------------------------------------------- resizing */

static void pixels_are_read_where_each_convention_says(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor two = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 2, 1)),
                      three = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 3, 1));
    const tare_list four = TARE_LIST(1, 4), five = TARE_LIST(1, 5);
    EXPECT(&t, tare_resize_bilinear(two, four), 0, .5, 1, 1);
    EXPECT(&t, tare_resize_bilinear(two, four, .align_corners = true), 0, 1. / 3, 2. / 3, 1);
    EXPECT(&t, tare_resize_bilinear(two, four, .half_pixel_centers = true), 0, .25, .75, 1);
    EXPECT(&t, tare_resize_nearest_neighbor(three, five), 0, 0, 1, 1, 2);
    EXPECT(&t, tare_resize_nearest_neighbor(three, five, .align_corners = true), 0, 1, 1, 2, 2);
    EXPECT(&t, tare_resize_nearest_neighbor(three, five, .half_pixel_centers = true), 0, 0, 1, 2,
           2);
    trial_end(&t);
}

/* Shares of each pixel add to 1, so gradients add up to what flows in. */
static void gradients_of_resizing_add_up(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_draw(&t, TARE_FLOAT64, TARE_SHAPE(2, 5, 4, 3));
    const tare_tensor ys[] = {
        tare_resize_bilinear(x, TARE_LIST(9, 3)),
        tare_resize_bilinear(x, TARE_LIST(2, 11), .half_pixel_centers = true),
        tare_resize_nearest_neighbor(x, TARE_LIST(7, 2), .align_corners = true),
    };
    const double wanted[] = {2 * 9 * 3 * 3, 2 * 2 * 11 * 3, 2 * 7 * 2 * 3};
    for (int i = 0; i < 3; i++) {
        tare_tensor gradient;
        tare_gradients(&ys[i], 1, &x, 1, NULL, &gradient);
        trial_expect(&t, tare_reduce_sum(gradient), &wanted[i], 1, 1e-9);
    }
    trial_end(&t);
}

/* ---------------------------------------------------------- responses and lengths of vectors */

static void a_response_is_divided_by_its_neighbours(void **state) {
    (void)state;
    trial t = trial_begin();
    const double x[] = {1, -2, 3, -4, 5};
    double wanted[5];
    for (int c = 0; c < 5; c++) {
        double sum = 0;
        for (int i = c - 1; i <= c + 1; i++) sum += i < 0 || i > 4 ? 0 : x[i] * x[i];
        wanted[c] = x[c] * pow(2 + .1 * sum, -.75);
    }
    const tare_tensor image = trial_numbers(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 1, 5), x);
    trial_expect(&t, tare_lrn(image, .depth_radius = 1, .bias = 2, .alpha = .1, .beta = .75),
                 wanted, 5, 1e-6);
    trial_end(&t);
}

/* A vector shorter than epsilon allows is divided by its root, and 0 stays 0. */
static void a_vector_gets_length_1_unless_it_is_too_short(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x =
        trial_numbers(&t, TARE_FLOAT32, TARE_SHAPE(3, 2), NUMBERS(3, -4, 0, 0, .003, .004));
    EXPECT(&t, tare_l2_normalize(x, .axis = TARE_LIST(1), .epsilon = 1e-4), .6, -.8, 0, 0, .3, .4);
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv1d_is_conv2d_of_one_row),
        cmocka_unit_test(conv3d_adds_conv2d_of_its_planes),
        cmocka_unit_test(a_depthwise_convolution_keeps_channels_apart),
        cmocka_unit_test(a_separable_convolution_is_a_depthwise_and_a_pointwise_one),
        cmocka_unit_test(a_transposed_convolution_is_the_adjoint),
        cmocka_unit_test(a_transposed_convolution_has_the_extents_of_keras),
        cmocka_unit_test(immense_strides_and_dilations_are_refused),
        cmocka_unit_test(padding_counts_neither_in_a_maximum_nor_in_a_mean),
        cmocka_unit_test(pools_of_every_rank_agree),
        cmocka_unit_test(a_global_pool_leaves_one_number_for_each_channel),
        cmocka_unit_test(pixels_are_read_where_each_convention_says),
        cmocka_unit_test(gradients_of_resizing_add_up),
        cmocka_unit_test(a_response_is_divided_by_its_neighbours),
        cmocka_unit_test(a_vector_gets_length_1_unless_it_is_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
