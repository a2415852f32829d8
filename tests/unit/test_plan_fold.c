/* SPDX-License-Identifier: Apache-2.0 */
/* Frozen batch normalisation goes into every product before it, and the numbers stay. */
#include "plan_trial.h"

/* conv, frozen batch norm; the two orders of data, in float32 and float64. */
typedef struct product {
    const char *op; /* that is left in the plan */
    tare_shape x;   /* channels last */
    tare_tensor (*build)(tare_tensor x, int data_format, bool biased);
} product;

static tare_tensor conv1d(tare_tensor x, int data_format, bool biased) {
    return tare_conv1d(x, 4, TARE_LIST(3), .padding = TARE_PADDING_SAME, .strides = TARE_LIST(2),
                       .data_format = data_format, .use_bias = biased);
}
static tare_tensor conv2d(tare_tensor x, int data_format, bool biased) {
    return tare_conv2d(x, 5, TARE_LIST(3, 2), .data_format = data_format, .use_bias = biased);
}
static tare_tensor conv3d(tare_tensor x, int data_format, bool biased) {
    return tare_conv3d(x, 3, TARE_LIST(2), .data_format = data_format, .use_bias = biased);
}
static tare_tensor grouped(tare_tensor x, int data_format, bool biased) {
    return tare_conv2d(x, 6, TARE_LIST(3), .padding = TARE_PADDING_SAME, .groups = 2,
                       .data_format = data_format, .use_bias = biased);
}
static tare_tensor depthwise_layer(tare_tensor x, int data_format, bool biased) {
    return tare_depthwise_conv2d(x, TARE_LIST(3), .depth_multiplier = 2, .data_format = data_format,
                                 .use_bias = biased);
}
static tare_tensor depthwise_op(tare_tensor x, int data_format, bool biased) {
    const tare_tensor w =
        tare_get_variable(x.graph, "w", TARE_SHAPE(3, 2, 4, 3), .dtype = tare_tensor_dtype(x));
    const tare_tensor y =
        tare_nn_depthwise_conv2d(x, w, .padding = TARE_PADDING_SAME, .data_format = data_format);
    const tare_tensor bias =
        tare_get_variable(x.graph, "b", TARE_SHAPE(12), .dtype = tare_tensor_dtype(x));
    return biased ? tare_bias_add(y, bias, .data_format = data_format) : y;
}
static tare_tensor separable(tare_tensor x, int data_format, bool biased) {
    return tare_separable_conv2d(x, 5, TARE_LIST(3), .depth_multiplier = 2,
                                 .data_format = data_format, .use_bias = biased);
}
static tare_tensor transposed2d(tare_tensor x, int data_format, bool biased) {
    return tare_conv2d_transpose(x, 5, TARE_LIST(3, 2), .strides = TARE_LIST(2, 1),
                                 .padding = TARE_PADDING_SAME, .data_format = data_format,
                                 .use_bias = biased);
}
static tare_tensor transposed3d(tare_tensor x, int data_format, bool biased) {
    return tare_conv3d_transpose(x, 3, TARE_LIST(2), .strides = TARE_LIST(1, 2, 1),
                                 .data_format = data_format, .use_bias = biased);
}
/* [.., 3 results of a group, 4 inputs] in 2 groups of 2 inputs each. */
static tare_tensor transposed_groups(tare_tensor x, int data_format, bool biased) {
    const tare_tensor w =
        tare_get_variable(x.graph, "w", TARE_SHAPE(2, 3, 3, 4), .dtype = tare_tensor_dtype(x));
    const tare_tensor y = tare_nn_conv2d_transpose(x, w, .groups = 2, .strides = TARE_LIST(2),
                                                   .data_format = data_format);
    const tare_tensor bias =
        tare_get_variable(x.graph, "b", TARE_SHAPE(6), .dtype = tare_tensor_dtype(x));
    return biased ? tare_bias_add(y, bias, .data_format = data_format) : y;
}
/* 2 channels, each with 2 inputs of its own. */
static tare_tensor transposed_depthwise(tare_tensor x, int data_format, bool biased) {
    const tare_tensor w =
        tare_get_variable(x.graph, "w", TARE_SHAPE(2, 3, 2, 2), .dtype = tare_tensor_dtype(x));
    const tare_tensor y = tare_nn_conv2d_transpose(x, w, .groups = 0, .data_format = data_format);
    const tare_tensor bias =
        tare_get_variable(x.graph, "b", TARE_SHAPE(2), .dtype = tare_tensor_dtype(x));
    return biased ? tare_bias_add(y, bias, .data_format = data_format) : y;
}

static tare_shape channels_first(tare_shape x) {
    tare_shape y = x;
    y.extents[1] = x.extents[x.rank - 1];
    for (int d = 2; d < x.rank; d++) y.extents[d] = x.extents[d - 1];
    return y;
}

static void check_folds(const product *p, tare_dtype dtype, int data_format, bool biased) {
    plan_trial t = trial_begin();
    const bool first = data_format == TARE_CHANNELS_FIRST;
    const tare_tensor x = trial_input(&t, dtype, first ? channels_first(p->x) : p->x);
    const tare_tensor y =
        tare_batch_norm(p->build(x, data_format, biased),
                        .axis = first ? TARE_LIST(1) : TARE_LIST(-1), .training = TARE_FALSE);
    char *plan = trial_compare(&t, &y, 1, dtype == TARE_FLOAT64 ? 1e-12 : 2e-5);
    const int products = trial_steps(plan, p->op) + trial_steps(plan, "finished_convolution");
    if (trial_steps(plan, "normalise") != 0 || trial_steps(plan, "bias_add") != 0 ||
        trial_steps(plan, "fold_weights") != 1 || products < 1)
        fail_msg("%s is not folded:\n%s", p->op, plan);
    tare_text_free(plan);
    trial_end(&t);
}

static void every_convolution_takes_a_frozen_batch_norm(void **state) {
    (void)state;
    const product products[] = {
        {"nn_convolution", TARE_SHAPE(2, 7, 3), conv1d},
        {"nn_convolution", TARE_SHAPE(2, 5, 4, 3), conv2d},
        {"nn_convolution", TARE_SHAPE(1, 3, 4, 3, 2), conv3d},
        {"nn_convolution", TARE_SHAPE(2, 5, 4, 4), grouped},
        {"nn_convolution", TARE_SHAPE(2, 5, 4, 3), depthwise_layer},
        {"nn_depthwise_conv2d", TARE_SHAPE(2, 5, 4, 4), depthwise_op},
        {"nn_convolution", TARE_SHAPE(2, 5, 4, 3), separable},
        {"nn_conv2d_transpose", TARE_SHAPE(2, 4, 3, 4), transposed2d},
        {"nn_conv3d_transpose", TARE_SHAPE(1, 2, 3, 2, 2), transposed3d},
        {"nn_conv2d_transpose", TARE_SHAPE(2, 4, 3, 4), transposed_groups},
        {"nn_conv2d_transpose", TARE_SHAPE(2, 4, 3, 4), transposed_depthwise},
        {"nn_convolution", TARE_SHAPE(0, 5, 4, 3), conv2d},
    };
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        for (int which = 0; which < 8; which++)
            check_folds(&products[i], which & 1 ? TARE_FLOAT64 : TARE_FLOAT32, which >> 1 & 1,
                        which >> 2 & 1);
}

/* What is folded forward is differentiated as it was built. */
static void gradients_through_a_frozen_batch_norm_agree(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 4, 3, 4));
    const tare_tensor y =
        tare_batch_norm(transposed2d(x, TARE_CHANNELS_LAST, true), .training = TARE_FALSE);
    const tare_tensor cost = tare_reduce_sum(tare_square(y));
    tare_tensor xs[] = {x, tare_tensor_named(t.graph, "conv2d_transpose/kernel:0")}, dxs[2];
    tare_gradients(&cost, 1, xs, 2, NULL, dxs);
    tare_text_free(trial_compare(&t, dxs, 2, 1e-3));
    trial_end(&t);
}

/* A bias alone is taken too, whatever it depends on. */
static void a_transposed_convolution_with_a_bias_adds_it(void **state) {
    (void)state;
    plan_trial t = trial_begin();
    const tare_tensor x = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(2, 4, 3, 4)),
                      w = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(3, 2, 5, 4)),
                      bias = trial_input(&t, TARE_FLOAT32, TARE_SHAPE(5));
    const tare_tensor y = tare_bias_add(tare_nn_conv2d_transpose(x, w), bias);
    char *plan = trial_compare(&t, &y, 1, 1e-6);
    assert_int_equal(trial_steps(plan, "bias_add"), 0);
    tare_text_free(plan);
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_convolution_takes_a_frozen_batch_norm),
        cmocka_unit_test(gradients_through_a_frozen_batch_norm_agree),
        cmocka_unit_test(a_transposed_convolution_with_a_bias_adds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
