/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of batch normalisation by hand and of the network that shows it: it equals the layers where
 * it should, and each way to normalise does what its name says. */
#include "base/random.h"
#include "zoo/by_hand.h"
#include "zoo/channelwise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tare/tare.h>

#include <cmocka.h>

/* ---------------------------------------------------------- the same numbers as the layers */

enum { STEPS = 20, BATCH = 8, SIDE = 6, PIXELS = BATCH * SIDE * SIDE * 3 };
#define MOMENTUM  .9
#define EPSILON   1e-3
#define TOLERANCE 1e-6

typedef tare_tensor (*normaliser)(tare_tensor x, tare_tensor training);

static tare_tensor by_hand(tare_tensor x, tare_tensor training) {
    return tare_batch_norm_by_hand(x, &(tare_by_hand){.axes = TARE_LIST(0, 1, 2),
                                                      .gamma_and_beta = true,
                                                      .moving_averages = true,
                                                      .momentum = MOMENTUM,
                                                      .epsilon = EPSILON,
                                                      .training = training});
}

static tare_tensor by_layer(tare_tensor x, tare_tensor training) {
    return tare_batch_norm(x, .training = training, .momentum = MOMENTUM, .epsilon = EPSILON,
                           .fused = TARE_FUSED_FALSE);
}

static tare_tensor by_slim(tare_tensor x, tare_tensor training) {
    return tare_slim_batch_norm(x, .is_training = training, .decay = MOMENTUM, .epsilon = EPSILON,
                                .scale = true, .fused = TARE_FUSED_FALSE);
}

static tare_tensor by_fused_slim(tare_tensor x, tare_tensor training) {
    return tare_slim_batch_norm(x, .is_training = training, .decay = MOMENTUM, .epsilon = EPSILON,
                                .scale = true);
}

/* A convolution, normalised, relu, and a dense layer that is fitted to the mean of x. */
typedef struct fixture {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
    double losses[STEPS], inference_loss;
} fixture;

static void build(fixture *f, normaliser normalise) {
    f->graph = tare_graph_new();
    tare_graph_set_seed(f->graph, 5);
    tare_network *n = &f->network;
    const tare_shape shape = TARE_SHAPE(TARE_ANY, SIDE, SIDE, 3);
    n->inputs = tare_placeholder(f->graph, TARE_FLOAT32, shape, .name = "x");
    n->training = tare_placeholder_with_default(f->graph, TARE_FALSE, .name = "training");
    const tare_initializer kernel = TARE_RANDOM_NORMAL(0, .3);
    tare_initializer seeded = kernel;
    seeded.seed = 7;
    tare_tensor y =
        tare_conv2d(n->inputs, 4, TARE_LIST(3), .use_bias = false, .kernel_initializer = seeded);
    TARE_VARIABLE_SCOPE (f->graph, "norm") {
        y = normalise(y, n->training);
    }
    seeded.seed = 8;
    y = tare_dense(tare_flatten(tare_relu(y)), 1, .kernel_initializer = seeded);
    const tare_tensor target = tare_reduce_mean(n->inputs, .axis = TARE_LIST(1, 2, 3));
    n->loss = tare_reduce_mean(tare_square(tare_sub(tare_squeeze(y), target)));
    n->train =
        tare_minimize(tare_gradient_descent(f->graph, .learning_rate = tare_number(.01)), n->loss);
    if (tare_graph_status(f->graph) != TARE_OK) fail_msg("%s", tare_message(f->graph));
}

static double run_step(fixture *f, int step, bool training) {
    double numbers[PIXELS];
    const tare_random random = {.key = 11};
    tare_random_fill_normal(&random, (int64_t)step * PIXELS, PIXELS, .5, 2, numbers);
    tare_array *x = NULL, *mode = tare_array_bool(training), *results[] = {NULL, NULL};
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(BATCH, SIDE, SIDE, 3), NULL, &x),
                     TARE_OK);
    for (int64_t i = 0; i < PIXELS; i++) assert_true(tare_array_set_number(x, i, numbers[i]));
    const tare_feed feeds[] = {{f->network.inputs, x}, {f->network.training, mode}};
    const tare_tensor fetches[] = {f->network.loss, f->network.train};
    if (tare_session_run(f->session, feeds, 2, fetches, training ? 2 : 1, results) != TARE_OK)
        fail_msg("%s", tare_session_message(f->session));
    const double loss = tare_array_number(results[0], 0);
    tare_array_free(x);
    tare_array_free(mode);
    return loss;
}

static void train(fixture *f, normaliser normalise) {
    build(f, normalise);
    assert_int_equal(tare_session_new(f->graph, &f->session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(f->session), TARE_OK);
    for (int step = 0; step < STEPS; step++) f->losses[step] = run_step(f, step, true);
    f->inference_loss = run_step(f, STEPS, false);
}

static void end(fixture *f) {
    tare_session_free(f->session);
    tare_graph_free(f->graph);
}

static void assert_close(const char *what, double a, double b) {
    const double most = TOLERANCE * fmax(1, fmax(fabs(a), fabs(b)));
    if (!(fabs(a - b) <= most)) fail_msg("%s: %.9g and %.9g", what, a, b);
}

/* Variable `name` of the normalisation, which layers keep in a scope of their own. */
static tare_array *value_of(const fixture *f, const char *scope, const char *name) {
    char path[96];
    tare_array *value = NULL;
    (void)snprintf(path, sizeof path, "norm/%s%s", scope, name);
    if (tare_session_get(f->session, path, &value) != TARE_OK)
        fail_msg("%s", tare_session_message(f->session));
    return value;
}

/* Variables after the last step. */
static void compare_variables(const fixture *hand, const fixture *layer, const char *scope) {
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    for (int k = 0; k < 4; k++) {
        tare_array *a = value_of(hand, "", names[k]), *b = value_of(layer, scope, names[k]);
        assert_int_equal(tare_array_count(a), 4);
        assert_int_equal(tare_array_count(b), 4);
        for (int64_t i = 0; i < 4; i++)
            assert_close(names[k], tare_array_number(a, i), tare_array_number(b, i));
        tare_array_free(a);
        tare_array_free(b);
    }
}

static void compare(normaliser other, const char *scope) {
    fixture hand = {.network.struct_size = sizeof(tare_network)}, layer = hand;
    train(&hand, by_hand);
    train(&layer, other);
    for (int i = 0; i < STEPS; i++) assert_close("loss", hand.losses[i], layer.losses[i]);
    assert_true(hand.losses[STEPS - 1] < .7 * hand.losses[0]);
    assert_close("loss in inference", hand.inference_loss, layer.inference_loss);
    compare_variables(&hand, &layer, scope);
    end(&hand);
    end(&layer);
}

static void test_by_hand_equals_the_layer_over_20_steps(void **state) {
    (void)state;
    compare(by_layer, "batch_normalization/");
}

static void test_by_hand_equals_slim_over_20_steps(void **state) {
    (void)state;
    compare(by_slim, "BatchNorm/");
}

/* moving_variance = .9^20 + sum of what was averaged; fused, each of those is N / (N - 1) times. */
static void test_fused_slim_averages_another_variance_and_trains_the_same(void **state) {
    (void)state;
    fixture hand = {.network.struct_size = sizeof(tare_network)}, slim = hand;
    train(&hand, by_hand);
    train(&slim, by_fused_slim);
    for (int i = 0; i < STEPS; i++) assert_close("loss", hand.losses[i], slim.losses[i]);
    tare_array *a = value_of(&hand, "", "moving_variance");
    tare_array *b = value_of(&slim, "BatchNorm/", "moving_variance");
    const double first = pow(MOMENTUM, STEPS), values = BATCH * 4 * 4;
    for (int64_t i = 0; i < 4; i++)
        assert_close("moving_variance", (tare_array_number(a, i) - first) * values / (values - 1),
                     tare_array_number(b, i) - first);
    tare_array_free(a);
    tare_array_free(b);
    end(&hand);
    end(&slim);
}

/* ------------------------------------------------------------------------------ the network */

static const char *const words[] = {
    "axes-0-1-2",      "axes-0",    "axes-1-2", "no-gamma-beta", "no-moving", "slim",
    "slim-no-updates", "slim-same", "instance", "layer",         "group"};
enum { WORDS = sizeof words / sizeof *words };

/* The network with --norm word. */
static void build_network(fixture *f, const char *word) {
    const tare_option_table *table = tare_zoo_option_table("channelwise");
    tare_channelwise_options options;
    tare_error error = {0};
    assert_int_equal(table->size, sizeof options);
    table->set_defaults(&options);
    assert_int_equal(tare_option_parse(table, &options, "norm", word, &error), TARE_OK);
    f->network.struct_size = sizeof f->network;
    f->graph = tare_graph_new();
    tare_graph_set_seed(f->graph, 1);
    if (tare_zoo_build(f->graph, "channelwise", &options, &f->network, &error) != TARE_OK)
        fail_msg("%s: %s", word, error.message);
}

/* The same, trained a little. */
static void fit_network(fixture *f, const char *word, const tare_dataset *examples) {
    build_network(f, word);
    tare_error error = {0};
    assert_int_equal(tare_session_new(f->graph, &f->session, .threads = 2), TARE_OK);
    assert_int_equal(tare_session_initialize(f->session), TARE_OK);
    tare_fit_result result = {.struct_size = sizeof result};
    if (tare_fit(f->session, &f->network, examples, &result, &error, .epochs = 4, .batch = 12) !=
        TARE_OK)
        fail_msg("%s: %s", word, error.message);
    if (!(result.loss < 1.5)) fail_msg("%s: loss %g", word, result.loss);
}

static bool has(const fixture *f, const char *name) {
    return tare_tensor_is_valid(tare_tensor_named(f->graph, name));
}

static void assert_extents(const char *word, const char *name, int64_t height, int64_t width,
                           int64_t channels) {
    fixture f;
    build_network(&f, word);
    const tare_shape shape = tare_tensor_shape(tare_tensor_named(f.graph, name));
    const int64_t wanted[] = {1, height, width, channels};
    assert_int_equal(shape.rank, 4);
    for (int i = 0; i < 4; i++) assert_int_equal(shape.extents[i], wanted[i]);
    tare_graph_free(f.graph);
}

static void test_parameters_have_the_extents_of_the_kept_axes(void **state) {
    (void)state;
    assert_extents("axes-0-1-2", "conv1/moving_mean:0", 1, 1, 8);
    assert_extents("axes-0", "conv1/moving_variance:0", 24, 24, 8);
    assert_extents("axes-0", "conv2/gamma:0", 8, 8, 16);
    assert_extents("axes-1-2", "conv2/moving_mean:0", 1, 1, 16);
}

/* Of the first convolution's normalisation. */
static const char *scope_of(int norm) {
    if (norm == TARE_CHANNELWISE_INSTANCE) return "conv1/InstanceNorm/";
    if (norm == TARE_CHANNELWISE_LAYER) return "conv1/LayerNorm/";
    if (norm == TARE_CHANNELWISE_GROUP) return "conv1/GroupNorm/";
    return strncmp(words[norm], "slim", 4) == 0 ? "conv1/BatchNorm/" : "conv1/";
}

static void test_what_is_left_out_has_no_variables(void **state) {
    (void)state;
    for (int i = 0; i < WORDS; i++) {
        fixture f;
        build_network(&f, words[i]);
        const bool own = i == TARE_CHANNELWISE_NO_MOVING || i >= TARE_CHANNELWISE_INSTANCE;
        const bool plain = i == TARE_CHANNELWISE_NO_GAMMA_BETA;
        const bool slim = strncmp(words[i], "slim", 4) == 0;
        const char *scope = scope_of(i);
        char name[64];
        (void)snprintf(name, sizeof name, "%smoving_mean:0", scope);
        assert_int_equal(has(&f, name), !own);
        (void)snprintf(name, sizeof name, "%sbeta:0", scope);
        assert_int_equal(has(&f, name), !plain);
        (void)snprintf(name, sizeof name, "%sgamma:0", scope);
        assert_int_equal(has(&f, name), !plain && (!slim || i == TARE_CHANNELWISE_SLIM_SAME));
        assert_int_equal(tare_collection_count(f.graph, TARE_UPDATE_OPS, NULL), own ? 0 : 4);
        tare_graph_free(f.graph);
    }
}

/* Element 0 of moving_variance of the first convolution; NaN: there is none. */
static double moving_variance(const fixture *f) {
    const bool slim = has(f, "conv1/BatchNorm/moving_variance:0");
    if (!slim && !has(f, "conv1/moving_variance:0")) return (double)NAN;
    tare_array *value = NULL;
    assert_int_equal(
        tare_session_get(
            f->session, slim ? "conv1/BatchNorm/moving_variance" : "conv1/moving_variance", &value),
        TARE_OK);
    const double number = tare_array_number(value, 0);
    tare_array_free(value);
    return number;
}

/* How far the answer to one example depends on those beside it. */
static double dependence(const fixture *f, const tare_dataset *examples) {
    tare_batches *batches = NULL;
    tare_batch batch;
    double logits[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tare_batches_new(examples, &batches, NULL, .batch = i == 0 ? 1 : 20,
                                          .shuffle = false, .input_shape = TARE_SHAPE(28, 28, 1)),
                         TARE_OK);
        assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
        tare_array *result = NULL;
        assert_int_equal(tare_session_run(f->session, TARE_FEEDS({f->network.inputs, batch.inputs}),
                                          TARE_FETCHES(f->network.logits), &result),
                         TARE_OK);
        logits[i] = tare_array_number(result, 0);
        tare_batches_free(batches);
    }
    return fabs(logits[0] - logits[1]);
}

static void test_each_way_does_what_its_name_says(void **state) {
    (void)state;
    tare_dataset *examples = NULL;
    assert_int_equal(tare_dataset_load("synthetic", &examples, NULL, .count = 240), TARE_OK);
    for (int i = 0; i < WORDS; i++) {
        fixture f = {.graph = NULL};
        fit_network(&f, words[i], examples);
        const double variance = moving_variance(&f);
        if (isnan(variance))
            assert_true(i == TARE_CHANNELWISE_NO_MOVING || i >= TARE_CHANNELWISE_INSTANCE);
        else
            assert_int_equal(variance == 1, i == TARE_CHANNELWISE_SLIM_NO_UPDATES);
        const double depends = dependence(&f, examples);
        if (i == TARE_CHANNELWISE_NO_MOVING ? !(depends > .01) : !(depends < 1e-4))
            fail_msg("%s: alone and in a batch %g apart", words[i], depends);
        end(&f);
    }
    tare_dataset_free(examples);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand_equals_the_layer_over_20_steps),
        cmocka_unit_test(test_by_hand_equals_slim_over_20_steps),
        cmocka_unit_test(test_fused_slim_averages_another_variance_and_trains_the_same),
        cmocka_unit_test(test_parameters_have_the_extents_of_the_kept_axes),
        cmocka_unit_test(test_what_is_left_out_has_no_variables),
        cmocka_unit_test(test_each_way_does_what_its_name_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
