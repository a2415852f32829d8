/* SPDX-License-Identifier: Apache-2.0 */
/* What batch normalisation refuses, its sentences, and a graph left as it was. */
#include "normalisation_trial.h"

#include "failing_build.h"

#include <stdio.h>

static void check_untouched(tare_graph *graph, int64_t nodes) {
    assert_int_equal(tare_graph_size(graph), nodes);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 0);
    assert_int_equal(tare_collection_count(graph, TARE_TRAINABLE_VARIABLES, NULL), 0);
    assert_int_equal(tare_collection_count(graph, TARE_UPDATE_OPS, NULL), 0);
    assert_int_equal(tare_collection_count(graph, TARE_REGULARIZATION_LOSSES, NULL), 0);
}

/* What became of a call that was to fail; x is the graph's only node. */
static void check_refusal(tare_tensor x, tare_tensor y, tare_status status, const char *sentence) {
    tare_graph *graph = x.graph;
    if (tare_tensor_is_valid(y)) fail_msg("accepted, wanted '%s'", sentence);
    if (tare_graph_status(graph) != status || !strstr(tare_message(graph), sentence))
        fail_msg("got %s \"%s\", wanted %s and '%s'", tare_status_name(tare_graph_status(graph)),
                 tare_message(graph), tare_status_name(status), sentence);
    assert_non_null(strstr(tare_message(graph), "batch_norm 'batch_normalization'"));
    check_untouched(graph, 1);
    /* Once the error is forgotten a sound call makes what it would have made at first. */
    tare_graph_clear_error(graph);
    const tare_tensor rows = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3));
    assert_string_equal(tare_tensor_name(tare_batch_norm(rows)),
                        "batch_normalization/batchnorm/add_1:0");
}

#define REFUSED(shape, status, sentence, ...)                                                      \
    do {                                                                                           \
        tare_graph *graph_ = tare_graph_new();                                                     \
        const tare_tensor x_ = tare_placeholder(graph_, TARE_FLOAT32, shape);                      \
        check_refusal(x_, tare_batch_norm(x_, __VA_ARGS__), status, sentence);                     \
        tare_graph_free(graph_);                                                                   \
    } while (0)
#define ROWS   TARE_SHAPE(TARE_ANY, 3)
#define IMAGES TARE_SHAPE(2, 6, 6, 3)

static void axes_that_x_lacks_are_refused(void **state) {
    (void)state;
    const tare_status argument = TARE_ERROR_ARGUMENT, shape = TARE_ERROR_SHAPE;
    REFUSED(ROWS, argument, "axis 2; needs an axis in -2..1", .axis = TARE_LIST(2));
    REFUSED(IMAGES, argument, "axes that differ", .axis = TARE_LIST(1, 1));
    REFUSED(IMAGES, argument, "axes that differ", .axis = TARE_LIST(1, -3));
    REFUSED(ROWS, argument, "no axis", .axis = TARE_NO_LIST);
    REFUSED(TARE_SHAPE(TARE_ANY, TARE_ANY), shape, "a known extent of that axis", .scale = true);
    REFUSED(TARE_ANY_SHAPE, shape, "a known rank of at least 2", .scale = true);
    REFUSED(TARE_SHAPE(3), shape, "a known rank of at least 2", .scale = true);
}

static void numbers_out_of_range_are_refused(void **state) {
    (void)state;
    const tare_status argument = TARE_ERROR_ARGUMENT;
    REFUSED(ROWS, argument, "epsilon -1; needs epsilon of at least 0", .epsilon = -1);
    REFUSED(ROWS, argument, "epsilon of at least 0", .epsilon = (double)NAN);
    REFUSED(ROWS, argument, "momentum 1.5; needs momentum in 0..1", .momentum = 1.5);
    REFUSED(ROWS, argument, "renorm_momentum in 0..1", .renorm = true, .renorm_momentum = -.5);
    REFUSED(ROWS, argument, "renorm_rmin of at most", .renorm = true, .renorm_rmin = 2,
            .renorm_rmax = 1);
    REFUSED(ROWS, argument, "renorm_dmax of at least 0", .renorm = true, .renorm_dmax = -1);
    REFUSED(ROWS, argument, "virtual_batch_size -2", .virtual_batch_size = -2);
}

static void options_that_exclude_each_other_are_refused(void **state) {
    (void)state;
    const tare_status argument = TARE_ERROR_ARGUMENT;
    REFUSED(ROWS, argument, "renorm with", .renorm = true, .cumulative = true);
    REFUSED(ROWS, argument, "renorm with", .renorm = true, .zero_debias = true);
    REFUSED(ROWS, argument, "needs one", .cumulative = true, .zero_debias = true);
    REFUSED(TARE_SHAPE(4, 3), argument, "over axis 0", .virtual_batch_size = 2,
            .axis = TARE_LIST(0));
    REFUSED(ROWS, argument, "with adjustment", .virtual_batch_size = 2,
            .adjustment_scale = tare_number(2));
    REFUSED(ROWS, TARE_ERROR_UNSUPPORTED, "no constant", .renorm = true,
            .moving_variance_initializer = TARE_RANDOM_UNIFORM(1, 2));
}

static void tensors_that_do_not_fit_are_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(4, 5, 3));
    const tare_tensor whole = tare_placeholder(graph, TARE_INT32, TARE_SHAPE(4, 3));
    const tare_tensor five = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(5));
    const int64_t nodes = tare_graph_size(graph);
    static const char *const sentences[] = {"float32 or float64", "one weight for each sample",
                                            "without the channels", "no truth",
                                            "an unbiased moving variance"};
    for (int k = 0; k < 5; k++) {
        tare_batch_norm_options options = {TARE_BATCH_NORM_DEFAULTS};
        if (k == 1) options.batch_weights = five;
        if (k == 2) options.mask = five;
        if (k == 3) options.training = five;
        if (k == 4) {
            options.mask = tare_placeholder(graph, TARE_BOOL, TARE_SHAPE(4, 5));
            options.moving_variance = TARE_MOVING_VARIANCE_UNBIASED;
        }
        assert_false(tare_tensor_is_valid(tare_batch_norm_with(k == 0 ? whole : x, &options)));
        if (!strstr(tare_message(graph), sentences[k]))
            fail_msg("got \"%s\", wanted '%s'", tare_message(graph), sentences[k]);
        tare_graph_clear_error(graph);
    }
    check_untouched(graph, nodes + 1);
    tare_graph_free(graph);
}

static tare_status refuse_to_adjust(void *user, tare_tensor shape, tare_tensor *scale,
                                    tare_tensor *bias) {
    (void)user, (void)shape, (void)scale, (void)bias;
    return TARE_ERROR_STATE;
}

static void an_adjustment_that_fails_fails_the_layer(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const int64_t nodes = tare_graph_size(t.graph);
    tare_batch_norm(t.x, .training = TARE_TRUE, .adjustment = refuse_to_adjust);
    assert_int_equal(tare_graph_status(t.graph), TARE_ERROR_STATE);
    assert_non_null(strstr(tare_message(t.graph), "an adjustment that failed"));
    check_untouched(t.graph, nodes);
    trial_close(&t);
}

/* TensorFlow finds it when x is reshaped, with the variables made: they stay. */
static void a_batch_that_ghosts_do_not_divide_is_refused_with_the_variables_made(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(5, 2));
    tare_batch_norm(x, .training = TARE_TRUE, .virtual_batch_size = 2);
    assert_int_equal(tare_graph_status(graph), TARE_ERROR_SHAPE);
    assert_non_null(strstr(tare_message(graph), "a batch of 5 samples; needs a multiple of "
                                                "virtual_batch_size 2"));
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 4);
    assert_int_equal(tare_collection_count(graph, TARE_UPDATE_OPS, NULL), 0);
    tare_graph_free(graph);
}

static void slims_plain_way_refuses_renorm(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const int64_t nodes = tare_graph_size(t.graph);
    tare_slim_batch_norm(t.x, .renorm = true, .updates_collections = NULL);
    assert_int_equal(tare_graph_status(t.graph), TARE_ERROR_ARGUMENT);
    assert_non_null(strstr(tare_message(t.graph), "renorm or adjustment with weights"));
    check_untouched(t.graph, nodes);
    trial_close(&t);
}

static void null_and_failed_inputs_are_passed_on(void **state) {
    (void)state;
    assert_false(tare_tensor_is_valid(tare_batch_norm(TARE_NULL)));
    assert_false(tare_tensor_is_valid(tare_slim_batch_norm(TARE_NULL)));
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(3));
    const tare_tensor failed = tare_batch_norm(x);
    const char *first = tare_message(graph);
    char copy[720];
    snprintf(copy, sizeof copy, "%s", first);
    tare_batch_norm(failed);
    assert_string_equal(tare_message(graph), copy);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------------- memory */

/* Everything a layer can make, once. */
static void build_everything(tare_graph *graph) {
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(4, 3));
    const tare_tensor training = tare_placeholder_with_default(graph, TARE_FALSE);
    tare_batch_norm(x, .training = training, .gamma_regularizer = TARE_REGULARIZER(1, 1));
    tare_batch_norm(x, .training = training, .renorm = true, .renorm_rmax = 2, .renorm_dmax = 1,
                    .adjustment_scale = tare_number(2));
    tare_batch_norm(x, .training = training, .virtual_batch_size = 2, .zero_debias = true);
    tare_slim_batch_norm(x, .is_training = training, .updates_collections = NULL);
}

static void building_ends_in_a_status_whichever_allocation_fails(void **state) {
    (void)state;
    check_building_without_memory(build_everything);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_that_x_lacks_are_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(options_that_exclude_each_other_are_refused),
        cmocka_unit_test(tensors_that_do_not_fit_are_refused),
        cmocka_unit_test(an_adjustment_that_fails_fails_the_layer),
        cmocka_unit_test(a_batch_that_ghosts_do_not_divide_is_refused_with_the_variables_made),
        cmocka_unit_test(slims_plain_way_refuses_renorm),
        cmocka_unit_test(null_and_failed_inputs_are_passed_on),
        cmocka_unit_test(building_ends_in_a_status_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
