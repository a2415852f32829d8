/* SPDX-License-Identifier: Apache-2.0 */
/* Losses: every reduction by hand, gradients by differences, weights' rule, refusals, collections.
 */
#include "failing_allocator.h"
#include "loss_trial.h"

static const double labels_2x3[] = {1, 0, 0, 0, 0, 1}; /* one-hot rows */
static const double numbers_2x3[] = {.2, .7, .4, .9, .35, .6};
static const char *const kinds[] = {"absolute_difference",
                                    "mean_squared_error",
                                    "mean_pairwise_squared_error",
                                    "huber_loss",
                                    "cosine_distance",
                                    "hinge_loss",
                                    "log_loss",
                                    "sigmoid_cross_entropy",
                                    "softmax_cross_entropy",
                                    "sparse_softmax_cross_entropy"};
enum { KINDS = sizeof kinds / sizeof *kinds, MOST_OPTIONS = 512 };

/* Options of a kind at their defaults, in room of the caller's. */
static void *defaults_of(const char *kind, double *room) {
    const tare_option_table *table = tare_losses_option_table(kind);
    assert_non_null(table);
    assert_true(table->size <= MOST_OPTIONS * sizeof *room);
    table->set_defaults(room);
    return room;
}

static bool set(const char *kind, void *options, const char *name, const char *value) {
    return tare_option_parse(tare_losses_option_table(kind), options, name, value, NULL) == TARE_OK;
}

static void set_tensor(const char *kind, void *options, const char *name, tare_tensor tensor) {
    const tare_option *option = tare_losses_option_table(kind)->options;
    while (strcmp(option->name, name) != 0) option++;
    memcpy((char *)options + option->offset, &tensor, sizeof tensor);
}

/* ---- the table */

static void the_table_lists_every_kind(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) assert_string_equal(tare_losses_kind(i), kinds[i]);
    assert_null(tare_losses_kind(KINDS));
    assert_null(tare_losses_option_table("mean_loss"));
    assert_null(tare_losses_option_table(NULL));
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    assert_false(tare_tensor_is_valid(tare_losses_of_kind("mean_loss", x, x, NULL)));
    trial_refused(&t, TARE_ERROR_NAME, "loss 'mean_loss': got a kind that does not exist");
    trial_free(&t);
}

/* ---- reductions */

static const double losses[] = {1, 2, 3, 4, 5, 6}, weights_2x1[] = {2, 0};

static double reduced(int reduction, tare_dtype dtype, const double *weight_numbers) {
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, dtype, TARE_SHAPE(2, 3), losses);
    const tare_tensor w = trial_fed(&t, dtype, TARE_SHAPE(2, 1), weight_numbers);
    const tare_tensor y =
        tare_losses_compute_weighted_loss(x, .weights = w, .reduction = reduction);
    trial_open(&t);
    assert_int_equal(tare_tensor_dtype(y), dtype);
    const double number = trial_number(&t, y);
    trial_free(&t);
    return number;
}

static void reductions_divide_by_what_they_say(void **state) {
    (void)state;
    /* products 2 4 6 0 0 0 */
    assert_true(reduced(TARE_REDUCTION_SUM, TARE_FLOAT32, weights_2x1) == 12);
    assert_true(reduced(TARE_REDUCTION_SUM_OVER_BATCH_SIZE, TARE_FLOAT32, weights_2x1) == 2);
    assert_true(reduced(TARE_REDUCTION_MEAN, TARE_FLOAT32, weights_2x1) == 2);
    assert_true(reduced(TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS, TARE_FLOAT32, weights_2x1) == 4);
    assert_int_equal(TARE_REDUCTION_SUM_OVER_NONZERO_WEIGHTS,
                     TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS);
}

static void a_division_by_zero_gives_zero(void **state) {
    (void)state;
    static const double none[] = {0, 0};
    assert_true(reduced(TARE_REDUCTION_MEAN, TARE_FLOAT32, none) == 0);
    assert_true(reduced(TARE_REDUCTION_SUM_BY_NONZERO_WEIGHTS, TARE_FLOAT32, none) == 0);
    trial t = trial_new();
    const tare_tensor x =
        trial_input(&t, TARE_FLOAT32, TARE_SHAPE(TARE_ANY), TARE_SHAPE(0), losses);
    const tare_tensor y = tare_losses_mean_squared_error(x, x);
    const tare_tensor nothing = tare_losses_absolute_difference(x, x, .weights = tare_number(0));
    trial_open(&t);
    assert_true(trial_number(&t, y) == 0);
    assert_true(trial_number(&t, nothing) == 0);
    trial_free(&t);
}

/* As 0 times infinity over no loss at all. */
static void a_weight_of_zero_hides_infinite_losses(void **state) {
    (void)state;
    static const double infinite[] = {(double)INFINITY};
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(1), infinite);
    const tare_tensor y = tare_losses_compute_weighted_loss(x, .weights = tare_number(0));
    trial_open(&t);
    assert_true(trial_number(&t, y) == 0);
    trial_free(&t);
}

static void whole_numbers_come_back_whole_and_doubles_double(void **state) {
    (void)state;
    assert_true(reduced(TARE_REDUCTION_SUM, TARE_INT32, weights_2x1) == 12);
    assert_true(reduced(TARE_REDUCTION_MEAN, TARE_FLOAT64, weights_2x1) == 2);
}

static void a_number_as_weight_is_that_weight_for_all(void **state) {
    (void)state;
    static const double wanted[] = {10.5, 1.75, 3.5, 1.75}; /* sum 21, 6 losses */
    for (int reduction = TARE_REDUCTION_SUM; reduction <= 4; reduction++) {
        trial t = trial_new();
        const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), losses);
        const tare_tensor y = tare_losses_compute_weighted_loss(x, .weights = tare_number(.5),
                                                                .reduction = reduction);
        trial_open(&t);
        trial_near(trial_number(&t, y), wanted[reduction - 1], 1e-6);
        trial_free(&t);
    }
}

static void no_reduction_gives_every_loss(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), losses);
    const tare_tensor w = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 1), weights_2x1);
    const tare_tensor y =
        tare_losses_compute_weighted_loss(x, .weights = w, .reduction = TARE_REDUCTION_NONE);
    double got[TRIAL_NUMBERS];
    trial_open(&t);
    assert_int_equal(trial_run(&t, y, got), 6);
    for (int i = 0; i < 6; i++) assert_true(got[i] == losses[i] * weights_2x1[i / 3]);
    trial_free(&t);
}

/* ---- formulas that the recorded cases leave out */

static void pairs_of_errors_are_all_pairs(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_FLOAT64, TARE_SHAPE(2, 3), labels_2x3);
    const tare_tensor x = trial_fed(&t, TARE_FLOAT64, TARE_SHAPE(2, 3), numbers_2x3);
    const tare_tensor y = tare_losses_mean_pairwise_squared_error(z, x);
    double wanted = 0;
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                const int a = 3 * row + i, b = 3 * row + j;
                const double d =
                    (numbers_2x3[a] - labels_2x3[a]) - (numbers_2x3[b] - labels_2x3[b]);
                wanted += d * d / (3 * 2); /* ordered pairs */
            }
    trial_open(&t);
    trial_near(trial_number(&t, y), wanted, 1e-12);
    trial_free(&t);
}

static void smoothing_counts_classes_at_run_time_too(void **state) {
    (void)state;
    double got[2];
    for (int open = 0; open < 2; open++) {
        const tare_shape declared = open ? TARE_SHAPE(TARE_ANY, TARE_ANY) : TARE_SHAPE(2, 3);
        trial t = trial_new();
        const tare_tensor z = trial_input(&t, TARE_FLOAT32, declared, TARE_SHAPE(2, 3), labels_2x3);
        const tare_tensor x =
            trial_input(&t, TARE_FLOAT32, declared, TARE_SHAPE(2, 3), numbers_2x3);
        const tare_tensor y = tare_losses_softmax_cross_entropy(z, x, .label_smoothing = .3);
        trial_open(&t);
        got[open] = trial_number(&t, y);
        trial_free(&t);
    }
    trial_near(got[1], got[0], 1e-6);
}

static void sparse_labels_and_weights_may_have_an_axis_too_many(void **state) {
    (void)state;
    static const double classes[] = {2, 0}, weights[] = {.5, 3};
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    const tare_tensor z = trial_fed(&t, TARE_INT64, TARE_SHAPE(2), classes);
    const tare_tensor w = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2), weights);
    const tare_tensor y = tare_losses_sparse_softmax_cross_entropy(z, x, .weights = w);
    const tare_tensor z1 = tare_expand_dims(z, 1), w1 = tare_expand_dims(w, 1);
    const tare_tensor y1 = tare_losses_sparse_softmax_cross_entropy(z1, x, .weights = w1);
    trial_open(&t);
    assert_true(trial_number(&t, y) == trial_number(&t, y1));
    trial_free(&t);
}

/* ---- gradients */

/* A kind's loss of labels, x and weights, in double; x away from kinks. */
typedef struct differentiated {
    trial t;
    tare_tensor x, w, y, gradients[2];
} differentiated;

static differentiated differentiate(const char *kind, const char *reduction) {
    static const double classes[] = {2, 0}, weights[] = {.5, 1.75};
    differentiated d = {.t = trial_new()};
    const bool sparse = strcmp(kind, "sparse_softmax_cross_entropy") == 0;
    const bool rows = strstr(kind, "softmax") != NULL;
    double room[MOST_OPTIONS];
    void *options = defaults_of(kind, room);
    d.x = trial_fed(&d.t, TARE_FLOAT64, TARE_SHAPE(2, 3), numbers_2x3);
    d.w = trial_fed(&d.t, TARE_FLOAT64, rows ? TARE_SHAPE(2) : TARE_SHAPE(2, 1), weights);
    const tare_tensor z = sparse ? trial_fed(&d.t, TARE_INT32, TARE_SHAPE(2), classes)
                                 : trial_fed(&d.t, TARE_FLOAT64, TARE_SHAPE(2, 3), labels_2x3);
    set_tensor(kind, options, "weights", d.w);
    (void)set(kind, options, "reduction", reduction); /* pairs have none to choose */
    (void)set(kind, options, "label_smoothing", "0.1");
    (void)set(kind, options, "delta", "0.45");
    d.y = tare_reduce_sum(tare_square(tare_losses_of_kind(kind, z, d.x, options)));
    const tare_tensor both[] = {d.x, d.w};
    tare_gradients(&d.y, 1, both, 2, NULL, d.gradients);
    trial_open(&d.t);
    return d;
}

static void hold_against_differences(differentiated *d, size_t fed, const char *kind) {
    const double step = 1e-5;
    double gradient[TRIAL_NUMBERS];
    const int64_t count = trial_run(&d->t, d->gradients[fed], gradient);
    for (int64_t i = 0; i < count; i++) {
        double around[2];
        const double middle = tare_array_number(d->t.arrays[fed], i);
        for (int side = 0; side < 2; side++) {
            tare_array_set_number(d->t.arrays[fed], i, middle + (side ? step : -step));
            around[side] = trial_number(&d->t, d->y);
        }
        tare_array_set_number(d->t.arrays[fed], i, middle);
        const double slope = (around[1] - around[0]) / (2 * step);
        if (!(fabs(gradient[i] - slope) <= 1e-6 * fmax(1, fabs(slope))))
            fail_msg("%s, input %zu, %lld: gradient %.9g, differences %.9g", kind, fed,
                     (long long)i, gradient[i], slope);
    }
}

static void gradients_agree_with_differences(void **state) {
    (void)state;
    static const char *const reductions[] = {"none", "weighted_sum", "weighted_sum_over_batch_size",
                                             "weighted_mean", "weighted_sum_by_nonzero_weights"};
    for (size_t k = 0; k < KINDS; k++)
        for (size_t r = 0; r < sizeof reductions / sizeof *reductions; r++) {
            differentiated d = differentiate(kinds[k], reductions[r]);
            for (size_t fed = 0; fed < 2; fed++) hold_against_differences(&d, fed, kinds[k]);
            trial_free(&d.t);
        }
}

static void one_hot_labels_have_no_gradient_and_squares_have(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), labels_2x3);
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    const tare_tensor softmax = tare_losses_softmax_cross_entropy(z, x);
    const tare_tensor square = tare_losses_mean_squared_error(z, x);
    tare_tensor gradient;
    assert_int_equal(tare_gradients(&softmax, 1, &z, 1, NULL, &gradient), TARE_OK);
    assert_false(tare_tensor_is_valid(gradient));
    assert_int_equal(tare_gradients(&square, 1, &z, 1, NULL, &gradient), TARE_OK);
    assert_true(tare_tensor_is_valid(gradient));
    trial_free(&t);
}

/* ---- refusals */

static void shapes_and_operands_are_refused_with_a_sentence(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    const tare_tensor b = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2), numbers_2x3);
    const int64_t size = tare_graph_size(t.graph);
    tare_losses_mean_squared_error(b, a);
    trial_refused(&t, TARE_ERROR_SHAPE,
                  "mean_squared_error 'mean_squared_error': got labels of shape [2] and "
                  "predictions of shape [2, 3]; needs one shape");
    tare_losses_hinge_loss(TARE_NULL, a, .scope = "margin");
    trial_refused(&t, TARE_ERROR_ARGUMENT, "hinge_loss 'margin': got no labels; needs a tensor");
    tare_losses_huber_loss(a, tare_number(1));
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got a number as predictions; needs a tensor");
    tare_losses_sparse_softmax_cross_entropy(b, a);
    trial_refused(&t, TARE_ERROR_TYPE, "got labels of dtype float32; needs int32 or int64");
    tare_losses_compute_weighted_loss(a, .weights = TARE_NULL);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got no weights; needs a tensor");
    tare_losses_log_loss(a, a, .scope = "a b");
    trial_refused(&t, TARE_ERROR_NAME, "name_scope 'a b'");
    assert_int_equal(tare_graph_size(t.graph), size);
    assert_int_equal(tare_collection_count(t.graph, TARE_LOSSES, NULL), 0);
    trial_free(&t);
}

static void options_are_refused_with_a_sentence(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    tare_losses_huber_loss(a, a, .delta = -1);
    trial_refused(&t, TARE_ERROR_ARGUMENT,
                  "huber_loss 'huber_loss': got delta -1; needs 0 or more");
    tare_losses_huber_loss(a, a, .delta = (double)NAN);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got delta nan; needs 0 or more");
    tare_losses_log_loss(a, a, .epsilon = -1e-7);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got epsilon -1e-07; needs 0 or more");
    tare_losses_sigmoid_cross_entropy(a, a, .label_smoothing = 1.5);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got label_smoothing 1.5; needs 0 to 1");
    tare_losses_softmax_cross_entropy(a, a, .label_smoothing = -.5);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got label_smoothing -0.5; needs 0 to 1");
    tare_losses_mean_squared_error(a, a, .reduction = 5);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got reduction 5; needs one of tare_reduction");
    tare_losses_cosine_distance(a, a, .axis = 2);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "axis 2");
    trial_free(&t);
}

static void weights_follow_their_own_rule(void **state) {
    (void)state;
    const tare_shape wrong[] = {TARE_SHAPE(3), TARE_SHAPE(3, 3), TARE_SHAPE(2, 3, 1)};
    for (int i = 0; i < 3; i++) {
        trial t = trial_new();
        const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
        const tare_tensor w = tare_placeholder_with(t.graph, TARE_FLOAT32, wrong[i], NULL);
        tare_losses_mean_squared_error(a, a, .weights = w, .reduction = TARE_REDUCTION_SUM);
        trial_refused(&t, TARE_ERROR_SHAPE, "weights that are a scalar, or have the values' axes");
        tare_losses_mean_pairwise_squared_error(a, a, .weights = w);
        trial_refused(&t, TARE_ERROR_SHAPE, "weights that are a scalar, or have the values' axes");
        trial_free(&t);
    }
}

/* NumPy would repeat losses [1, 3] to the weights' [2, 3]. */
static void open_extents_are_held_against_the_rule_in_every_run(void **state) {
    (void)state;
    for (int reduction = TARE_REDUCTION_NONE; reduction <= 4; reduction++) {
        trial t = trial_new();
        const tare_shape open = TARE_SHAPE(TARE_ANY, 3);
        const tare_tensor a = trial_input(&t, TARE_FLOAT32, open, TARE_SHAPE(1, 3), numbers_2x3);
        const tare_tensor w = trial_input(&t, TARE_FLOAT32, open, TARE_SHAPE(2, 3), numbers_2x3);
        const tare_tensor y =
            tare_losses_mean_squared_error(a, a, .weights = w, .reduction = reduction);
        tare_array *result = NULL;
        trial_open(&t);
        assert_int_equal(trial_try(&t, y, &result), TARE_ERROR_SHAPE);
        assert_non_null(strstr(tare_session_message(t.session), "weights that are a scalar"));
        trial_free(&t);
    }
}

/* ---- names and collections */

static void results_have_tensorflows_names(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    const tare_tensor sum = tare_losses_huber_loss(a, a, .reduction = TARE_REDUCTION_SUM);
    assert_string_equal(tare_tensor_name(sum), "huber_loss/Sum:0");
    assert_string_equal(tare_tensor_name(tare_losses_huber_loss(a, a)), "huber_loss_1/value:0");
    const tare_tensor each = tare_losses_mean_squared_error(a, a, .reduction = TARE_REDUCTION_NONE);
    assert_string_equal(tare_tensor_name(each), "mean_squared_error/Mul:0");
    TARE_NAME_SCOPE (t.graph, "tower") {
        const tare_tensor own = tare_losses_softmax_cross_entropy(a, a);
        assert_string_equal(tare_tensor_name(own), "tower/softmax_cross_entropy_loss/value:0");
        const tare_tensor named = tare_losses_cosine_distance(a, a, .scope = "angle");
        assert_string_equal(tare_tensor_name(named), "tower/angle/value:0");
    }
    assert_string_equal(tare_tensor_name(tare_losses_mean_pairwise_squared_error(a, a)),
                        "mean_pairwise_squared_error/value_2:0");
    trial_free(&t);
}

static void losses_are_collected_and_added_up(void **state) {
    (void)state;
    trial t = trial_new();
    tare_losses_get_total_loss(t.graph);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "get_total_loss 'total_loss': got no loss");
    const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), numbers_2x3);
    const tare_tensor z = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2, 3), labels_2x3);
    tare_get_variable(t.graph, "w", TARE_SHAPE(2), .initializer = TARE_CONSTANT(3),
                      .regularizer = TARE_REGULARIZER(0, .5));
    const tare_tensor one = tare_losses_mean_squared_error(z, a);
    tare_losses_mean_squared_error(z, a, .loss_collection = NULL);
    tare_losses_mean_squared_error(z, a, .loss_collection = "");
    const tare_tensor other = tare_losses_absolute_difference(z, a, .loss_collection = "others");
    assert_int_equal(tare_losses_add_loss(tare_reduce_mean(a, .name = "mine"), NULL), TARE_OK);
    assert_int_equal(tare_losses_add_loss(other, "others"), TARE_OK);
    assert_int_equal(tare_collection_count(t.graph, "others", NULL), 2);
    tare_tensor got[2];
    assert_int_equal(tare_losses_get_losses(t.graph, NULL, got, 1), 2);
    assert_int_equal(got[0].node, one.node);
    assert_int_equal(tare_losses_get_losses(t.graph, "mine", got, 2), 1);
    assert_int_equal(tare_losses_get_regularization_losses(t.graph, NULL, got, 2), 1);
    const tare_tensor total = tare_losses_get_total_loss(t.graph);
    const tare_tensor data =
        tare_losses_get_total_loss(t.graph, .add_regularization_losses = false, .name = "data");
    assert_string_equal(tare_tensor_name(total), "total_loss:0");
    assert_string_equal(tare_tensor_name(data), "data:0");
    trial_open(&t);
    trial_near(trial_number(&t, total) - trial_number(&t, data), 9, 1e-5);
    trial_free(&t);
}

/* ---- memory */

static void a_failing_allocation_leaves_the_graph_as_it_was(void **state) {
    (void)state;
    int failures = 0;
    for (int64_t nth = 1; failures >= 0; nth++) {
        failing_allocator memory;
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&memory, 0));
        assert_non_null(graph);
        const tare_tensor x = tare_placeholder_with(graph, TARE_FLOAT32, TARE_SHAPE(2, 3), NULL);
        const int64_t size = tare_graph_size(graph);
        memory.fail_at = memory.calls + nth;
        for (size_t k = 0; k + 1 < KINDS; k++) tare_losses_of_kind(kinds[k], x, x, NULL);
        tare_losses_get_total_loss(graph);
        const bool failed = tare_graph_status(graph) == TARE_ERROR_MEMORY;
        assert_true(failed || tare_graph_status(graph) == TARE_OK);
        if (failed && tare_collection_count(graph, TARE_LOSSES, NULL) == 0)
            assert_int_equal(tare_graph_size(graph), size);
        failures = failed ? failures + 1 : -failures - 1;
        tare_graph_free(graph);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_true(failures < -5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_lists_every_kind),
        cmocka_unit_test(reductions_divide_by_what_they_say),
        cmocka_unit_test(a_division_by_zero_gives_zero),
        cmocka_unit_test(a_weight_of_zero_hides_infinite_losses),
        cmocka_unit_test(whole_numbers_come_back_whole_and_doubles_double),
        cmocka_unit_test(a_number_as_weight_is_that_weight_for_all),
        cmocka_unit_test(no_reduction_gives_every_loss),
        cmocka_unit_test(pairs_of_errors_are_all_pairs),
        cmocka_unit_test(smoothing_counts_classes_at_run_time_too),
        cmocka_unit_test(sparse_labels_and_weights_may_have_an_axis_too_many),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(one_hot_labels_have_no_gradient_and_squares_have),
        cmocka_unit_test(shapes_and_operands_are_refused_with_a_sentence),
        cmocka_unit_test(options_are_refused_with_a_sentence),
        cmocka_unit_test(weights_follow_their_own_rule),
        cmocka_unit_test(open_extents_are_held_against_the_rule_in_every_run),
        cmocka_unit_test(results_have_tensorflows_names),
        cmocka_unit_test(losses_are_collected_and_added_up),
        cmocka_unit_test(a_failing_allocation_leaves_the_graph_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
