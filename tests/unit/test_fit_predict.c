/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of prediction, and of the network of house prices. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tare/tare.h>

#include <cmocka.h>

#include "zoo/house_prices.h"

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

typedef struct model {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
} model;

static model new_model(const tare_house_prices_options *options) {
    model m = {.graph = tare_graph_new(), .network = {.struct_size = sizeof m.network}};
    tare_error error = {0};
    tare_graph_set_seed(m.graph, 1);
    if (tare_zoo_build(m.graph, "house_prices", options, &m.network, &error) != TARE_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tare_session_new(m.graph, &m.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(m.session), TARE_OK);
    return m;
}

static void free_model(model *m) {
    tare_session_free(m->session);
    tare_graph_free(m->graph);
}

static tare_dataset *houses(bool test, int64_t count) {
    tare_dataset *dataset = NULL;
    tare_error error = {0};
    if (tare_dataset_load("houses", &dataset, &error, .test = test, .count = count) != TARE_OK)
        fail_msg("%s", error.message);
    return dataset;
}

static tare_house_prices_options defaults(void) {
    tare_house_prices_options options;
    tare_zoo_option_table("house_prices")->set_defaults(&options);
    return options;
}

/* The drawn houses have as many features as the network expects, however few are asked for. */
static void test_houses_fit_the_network(void **state) {
    (void)state;
    for (int64_t count = 1; count < 3000; count = 3 * count + 1) {
        tare_dataset *dataset = houses(count % 2 == 0, count);
        const tare_shape shape = tare_dataset_input_shape(dataset);
        assert_int_equal(shape.rank, 1);
        assert_int_equal(shape.extents[0], TARE_HOUSES_FEATURES);
        assert_int_equal(tare_dataset_classes(dataset), 0);
        tare_dataset_free(dataset);
    }
}

/* Targets have deviation 1, so a loss of 1 is the mean's. */
static void learns(const tare_house_prices_options *options, double most) {
    model m = new_model(options);
    tare_dataset *training = houses(false, 0), *test = houses(true, 0);
    tare_evaluation found = {.struct_size = sizeof found};
    tare_error error = {0};
    if (tare_fit(m.session, &m.network, training, NULL, &error, .epochs = 10, .batch = 64) ||
        tare_evaluate(m.session, &m.network, test, &found, &error))
        fail_msg("%s", error.message);
    if (!(found.loss < most)) fail_msg("loss %g", found.loss);
    tare_dataset_free(training);
    tare_dataset_free(test);
    free_model(&m);
}

static void test_every_form_of_the_network_learns(void **state) {
    (void)state;
    tare_house_prices_options options = defaults();
    learns(&options, .15);
    options.batch_norm = false;
    options.weight_decay = 1e-3;
    learns(&options, .15);
    options.hidden = 0;
    learns(&options, .2);
    options = defaults();
    options.dropout = .2;
    options.steps = 320;
    learns(&options, .15);
}

static void test_the_forms_have_the_variables_they_should(void **state) {
    (void)state;
    tare_house_prices_options options = defaults();
    model m = new_model(&options);
    assert_true(tare_tensor_is_valid(tare_tensor_named(m.graph, "dense_1/kernel:0")));
    assert_false(tare_tensor_is_valid(tare_tensor_named(m.graph, "dense/bias:0")));
    assert_true(tare_tensor_is_valid(
        tare_tensor_named(m.graph, "batch_normalization_1/moving_variance:0")));
    free_model(&m);
    options.hidden = 0;
    m = new_model(&options);
    assert_false(tare_tensor_is_valid(tare_tensor_named(m.graph, "dense/kernel:0")));
    const tare_shape shape = tare_tensor_shape(tare_tensor_named(m.graph, "answer/kernel:0"));
    assert_int_equal(shape.extents[0], TARE_HOUSES_FEATURES);
    assert_int_equal(shape.extents[1], 1);
    free_model(&m);
}

/* The penalty is in what training minimises, not in the loss that is told. */
static void test_weight_decay_stays_out_of_the_loss(void **state) {
    (void)state;
    double losses[2];
    for (int i = 0; i < 2; i++) {
        tare_house_prices_options options = defaults();
        options.weight_decay = 1 + 100 * i;
        model m = new_model(&options);
        tare_dataset *test = houses(true, 50);
        tare_evaluation found = {.struct_size = sizeof found};
        assert_int_equal(tare_evaluate(m.session, &m.network, test, &found, NULL), TARE_OK);
        losses[i] = found.loss;
        tare_dataset_free(test);
        free_model(&m);
    }
    assert_true(losses[0] == losses[1]);
}

/* The batch changes nothing but roundings: inference uses the moving statistics. */
static void test_prediction_does_not_depend_on_the_batch(void **state) {
    (void)state;
    model m = new_model(NULL);
    tare_dataset *training = houses(false, 0), *test = houses(true, 101);
    tare_array *outputs[3] = {NULL};
    assert_int_equal(tare_fit(m.session, &m.network, training, NULL, NULL, .epochs = 2), TARE_OK);
    for (int i = 0; i < 3; i++) {
        const int64_t batches[] = {101, 7, 1};
        assert_int_equal(
            tare_predict(m.session, &m.network, test, &outputs[i], NULL, .batch = batches[i]),
            TARE_OK);
        const tare_shape shape = tare_array_shape(outputs[i]);
        assert_int_equal(shape.rank, 2);
        assert_int_equal(shape.extents[0], 101);
        assert_int_equal(shape.extents[1], 1);
        for (int64_t k = 0; k < 101; k++)
            assert_true(fabs(tare_array_number(outputs[i], k) - tare_array_number(outputs[0], k)) <
                        1e-5);
    }
    for (int i = 0; i < 3; i++) tare_array_free(outputs[i]);
    tare_dataset_free(training);
    tare_dataset_free(test);
    free_model(&m);
}

/* The mean squared difference of predictions and labels is the loss that evaluation tells. */
static void test_predictions_are_what_evaluation_saw(void **state) {
    (void)state;
    model m = new_model(NULL);
    tare_dataset *test = houses(true, 60);
    tare_batches *batches = NULL;
    tare_batch batch;
    tare_array *outputs = NULL;
    tare_evaluation found = {.struct_size = sizeof found};
    double sum = 0;
    assert_int_equal(tare_predict(m.session, &m.network, test, &outputs, NULL, .batch = 25),
                     TARE_OK);
    assert_int_equal(tare_evaluate(m.session, &m.network, test, &found, NULL), TARE_OK);
    assert_int_equal(tare_batches_new(test, &batches, NULL, .batch = 60, .shuffle = false),
                     TARE_OK);
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    for (int64_t i = 0; i < 60; i++) {
        const double off = tare_array_number(outputs, i) - tare_array_number(batch.labels, i);
        sum += off * off;
    }
    assert_true(fabs(sum / 60 - found.loss) < 1e-5 * found.loss);
    tare_array_free(outputs);
    tare_batches_free(batches);
    tare_dataset_free(test);
    free_model(&m);
}

static void test_prediction_refuses_with_a_sentence(void **state) {
    (void)state;
    tare_house_prices_options options = defaults();
    options.features = 7;
    model m = new_model(&options);
    tare_dataset *test = houses(true, 5);
    tare_array *outputs = NULL;
    tare_error error = {0};
    assert_int_not_equal(tare_predict(m.session, &m.network, test, &outputs, &error), TARE_OK);
    assert_null(outputs);
    assert_says(&error, "examples of shape [60]");
    assert_int_equal(tare_predict(NULL, &m.network, test, &outputs, &error), TARE_ERROR_ARGUMENT);
    assert_says(&error, "predict needs a session");
    tare_dataset_free(test);
    free_model(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_houses_fit_the_network),
        cmocka_unit_test(test_every_form_of_the_network_learns),
        cmocka_unit_test(test_the_forms_have_the_variables_they_should),
        cmocka_unit_test(test_weight_decay_stays_out_of_the_loss),
        cmocka_unit_test(test_prediction_does_not_depend_on_the_batch),
        cmocka_unit_test(test_predictions_are_what_evaluation_saw),
        cmocka_unit_test(test_prediction_refuses_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
