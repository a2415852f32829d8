/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the networks by name: shapes, variables, recipes, refusals, and that they learn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tare/tare.h>

#include <cmocka.h>

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

static tare_graph *build(const char *name, const void *options, tare_network *network) {
    tare_graph *graph = tare_graph_new();
    tare_error error = {0};
    assert_non_null(graph);
    tare_graph_set_seed(graph, 1);
    network->struct_size = sizeof *network;
    if (tare_zoo_build(graph, name, options, network, &error) != TARE_OK)
        fail_msg("%s", error.message);
    return graph;
}

/* Numbers in the members of a collection of variables. */
static int64_t numbers_in(const tare_graph *graph, const char *collection) {
    int64_t numbers = 0;
    for (size_t i = 0; i < tare_collection_count(graph, collection, NULL); i++) {
        const tare_shape shape =
            tare_tensor_shape(tare_collection_item(graph, collection, NULL, i));
        int64_t count = 1;
        for (int k = 0; k < shape.rank; k++) count *= shape.extents[k];
        numbers += count;
    }
    return numbers;
}

static void assert_variable(const tare_graph *graph, const char *name, int rank,
                            const int64_t *extents) {
    const tare_tensor variable = tare_tensor_named(graph, name);
    if (!tare_tensor_is_valid(variable)) fail_msg("there is no variable %s", name);
    const tare_shape shape = tare_tensor_shape(variable);
    assert_int_equal(shape.rank, rank);
    for (int i = 0; i < rank; i++) assert_int_equal(shape.extents[i], extents[i]);
}
#define VARIABLE(graph, name, ...)                                                                 \
    assert_variable(graph, name, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),        \
                    (int64_t[]){__VA_ARGS__})

static void test_lenet_bn_has_the_books_shapes(void **state) {
    (void)state;
    tare_network network;
    tare_graph *graph = build("lenet_bn", NULL, &network);
    VARIABLE(graph, "conv2d/kernel:0", 5, 5, 1, 6);
    VARIABLE(graph, "conv2d/bias:0", 6);
    VARIABLE(graph, "batch_normalization/moving_mean:0", 6);
    VARIABLE(graph, "conv2d_1/kernel:0", 5, 5, 6, 16);
    VARIABLE(graph, "batch_normalization_1/gamma:0", 16);
    VARIABLE(graph, "dense/kernel:0", 256, 120);
    VARIABLE(graph, "dense_1/kernel:0", 120, 84);
    VARIABLE(graph, "batch_normalization_3/moving_variance:0", 84);
    VARIABLE(graph, "logits/kernel:0", 84, 10);
    /* conv 156 + 2416, dense 30840 + 10164 + 850, gamma and beta 2 (6 + 16 + 120 + 84). */
    assert_int_equal(numbers_in(graph, TARE_TRAINABLE_VARIABLES), 44426 + 452);
    const tare_shape inputs = tare_tensor_shape(network.inputs);
    assert_int_equal(inputs.rank, 4);
    assert_int_equal(inputs.extents[0], TARE_ANY);
    assert_int_equal(inputs.extents[1], 28);
    tare_graph_free(graph);
}

static void test_mlp_bn_has_two_hidden_layers_of_256(void **state) {
    (void)state;
    tare_network network;
    tare_graph *graph = build("mlp_bn", NULL, &network);
    VARIABLE(graph, "dense/kernel:0", 784, 256);
    VARIABLE(graph, "dense_1/kernel:0", 256, 256);
    VARIABLE(graph, "logits/kernel:0", 256, 10);
    VARIABLE(graph, "logits/bias:0", 10);
    assert_false(tare_tensor_is_valid(tare_tensor_named(graph, "dense/bias:0")));
    assert_int_equal(numbers_in(graph, TARE_TRAINABLE_VARIABLES),
                     784 * 256 + 256 * 256 + 2570 + 4 * 256);
    tare_graph_free(graph);
}

/* Sets those of a recipe's settings that are options of the network. */
static void apply_recipe(const char *network, const char *name, void *options) {
    const tare_option_table *table = tare_zoo_option_table(network);
    const tare_recipe *recipe = NULL;
    for (size_t i = 0; (recipe = tare_zoo_recipe(network, i)) != NULL; i++)
        if (strcmp(recipe->name, name) == 0) break;
    assert_non_null(recipe);
    for (const tare_option *o = table->options; o->name != NULL; o++) {
        const size_t length = strlen(o->name);
        for (const char *at = recipe->settings; at != NULL; at = strchr(at, ',')) {
            char value[32] = {0};
            at += *at == ',';
            if (strncmp(at, o->name, length) != 0 || at[length] != '=') continue;
            memcpy(value, at + length + 1, strcspn(at + length + 1, ","));
            assert_int_equal(tare_option_parse(table, options, o->name, value, NULL), TARE_OK);
        }
    }
}

/* Trained numbers by the papers' tables: convolutions, the dense layer, gamma and beta. */
static void test_large_networks_have_the_papers_sizes(void **state) {
    (void)state;
    static const struct {
        const char *network, *recipe;
        int64_t numbers;
    } sizes[] = {
        /* 432 + 13824 + 4608 + 46080 + 512 + 18432 + 184320 + 2048, 650; 784 channels twice */
        {"resnet20", "cifar", 270906 + 1568},
        {"resnet20", "default", 270906 - 288 + 1568},
        {"resnet50", "imagenet", 25557032}, /* as torchvision counts it */
        {"conv3d", "large", 2592 + 55296 + 221184 + 1290 + 448},
        /* kernels 3x3 of 1, 16, 32, 64, 64, 128 channels; 1x1; the dense layer; gamma and beta */
        {"mobilenet", "default",
         144 + 9 * (16 + 32 + 64 + 64 + 128) + 512 + 2048 + 4096 + 8192 + 16384 + 1290 +
             2 * (16 + 16 + 32 + 32 + 64 + 64 + 64 + 64 + 128 + 128 + 128)},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char options[512];
        tare_zoo_option_table(sizes[i].network)->set_defaults(options);
        apply_recipe(sizes[i].network, sizes[i].recipe, options);
        tare_network network;
        tare_graph *graph = build(sizes[i].network, options, &network);
        assert_int_equal(numbers_in(graph, TARE_TRAINABLE_VARIABLES), sizes[i].numbers);
        tare_graph_free(graph);
    }
}

static void test_a_residual_network_normalises_or_has_biases(void **state) {
    (void)state;
    char options[512];
    const tare_option_table *table = tare_zoo_option_table("resnet20");
    table->set_defaults(options);
    assert_int_equal(tare_option_parse(table, options, "batch_norm", "false", NULL), TARE_OK);
    tare_network network;
    tare_graph *graph = build("resnet20", options, &network);
    assert_true(tare_tensor_is_valid(tare_tensor_named(graph, "conv2d/bias:0")));
    assert_false(tare_tensor_is_valid(tare_tensor_named(graph, "batch_normalization/gamma:0")));
    assert_int_equal(tare_collection_count(graph, TARE_UPDATE_OPS, NULL), 0);
    tare_graph_free(graph);
    graph = build("resnet20", NULL, &network);
    assert_false(tare_tensor_is_valid(tare_tensor_named(graph, "conv2d/bias:0")));
    /* 19 convolutions and two of shortcuts, each with two moving averages. */
    assert_int_equal(tare_collection_count(graph, TARE_UPDATE_OPS, NULL), 2 * (19 + 2));
    tare_graph_free(graph);
}

static void test_question_bears_the_programs_names(void **state) {
    (void)state;
    tare_network network;
    tare_graph *graph = build("question", NULL, &network);
    static const char *const names[] = {"x:0",
                                        "y:0",
                                        "rate:0",
                                        "training:0",
                                        "hidden1/dense/kernel:0",
                                        "hidden1/batch_normalization/moving_mean:0",
                                        "output/dense/kernel:0",
                                        "output/batch_normalization/gamma:0",
                                        "hidden1/dense/kernel/Adam:0"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!tare_tensor_is_valid(tare_tensor_named(graph, names[i])))
            fail_msg("there is no tensor %s", names[i]);
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(graph, &session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    tare_array *kernel = NULL;
    assert_int_equal(tare_session_get(session, "hidden1/dense/kernel", &kernel), TARE_OK);
    assert_true(tare_array_number(kernel, 0) == (double)1.4059724f);
    tare_array_free(kernel);
    assert_int_equal(tare_session_get(session, "output/dense/kernel", &kernel), TARE_OK);
    assert_true(tare_array_number(kernel, 0) == (double).13f);
    tare_array_free(kernel);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* The whole way, on drawn images: a few steps must bring the loss down and the accuracy up. */
static void learns(const char *name, double least_accuracy) {
    tare_network network;
    char options[512];
    tare_zoo_option_table(name)->set_defaults(options);
    apply_recipe(name, "default", options);
    tare_graph *graph = build(name, options, &network);
    tare_dataset *training = NULL, *test = NULL;
    assert_int_equal(tare_dataset_load("synthetic", &training, NULL, .count = 1500), TARE_OK);
    assert_int_equal(tare_dataset_load("synthetic", &test, NULL, .count = 400, .test = true), 0);
    tare_session *session = NULL;
    tare_error error = {0};
    assert_int_equal(tare_session_new(graph, &session, .threads = 2), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    tare_fit_result result = {.struct_size = sizeof result};
    if (tare_fit(session, &network, training, &result, &error, .epochs = 4, .batch = 50) != TARE_OK)
        fail_msg("%s", error.message);
    tare_evaluation found = {.struct_size = sizeof found};
    assert_int_equal(tare_evaluate(session, &network, test, &found, NULL), TARE_OK);
    const double accuracy = (double)found.correct / (double)found.count;
    if (!(accuracy >= least_accuracy)) fail_msg("%s: %d of 400", name, (int)found.correct);
    tare_dataset_free(training);
    tare_dataset_free(test);
    tare_session_free(session);
    tare_graph_free(graph);
}

static void test_mlp_bn_learns(void **state) {
    (void)state;
    learns("mlp_bn", .8);
}

static void test_lenet_bn_learns(void **state) {
    (void)state;
    learns("lenet_bn", .6);
}

static void test_mobilenet_learns(void **state) {
    (void)state;
    learns("mobilenet", .6);
}

/* Every setting of every recipe names an option of the network, or one of training. */
static void test_recipes_name_options_there_are(void **state) {
    (void)state;
    static const char *const of_fit[] = {"batch", "epochs", "shuffle"};
    const char *name;
    for (size_t i = 0; (name = tare_zoo_name(i)) != NULL; i++) {
        const tare_option_table *table = tare_zoo_option_table(name);
        assert_non_null(table);
        assert_non_null(tare_zoo_help(name));
        assert_non_null(tare_zoo_data(name));
        assert_string_equal(tare_zoo_recipe(name, 0)->name, "default");
        const tare_recipe *recipe;
        for (size_t k = 0; (recipe = tare_zoo_recipe(name, k)) != NULL; k++) {
            for (const char *at = recipe->settings; *at != '\0';) {
                char options[512], setting[64] = {0};
                assert_true(table->size <= sizeof options);
                table->set_defaults(options);
                const size_t length = strcspn(at, "=");
                assert_true(length < sizeof setting);
                memcpy(setting, at, length);
                bool known = false;
                for (size_t f = 0; f < 3; f++) known = known || strcmp(of_fit[f], setting) == 0;
                for (const tare_option *o = table->options; o->name != NULL; o++)
                    known = known || strcmp(o->name, setting) == 0;
                if (!known) fail_msg("%s, recipe %s: %s", name, recipe->name, setting);
                at += strcspn(at, ",");
                at += *at == ',';
            }
        }
    }
    assert_null(tare_zoo_recipe("lenet_bn", 2));
    assert_null(tare_zoo_recipe("nothing", 0));
}

static void test_steps_matter_to_schedules_alone(void **state) {
    (void)state;
    const tare_option_table *table = tare_zoo_option_table("lenet_bn");
    char options[512], before[512];
    assert_true(table->size <= sizeof options);
    memset(options, 0, sizeof options);
    table->set_defaults(options);
    memcpy(before, options, sizeof options);
    tare_zoo_set_steps("lenet_bn", options, 1000);
    assert_memory_not_equal(before, options, sizeof options);
    memcpy(before, options, sizeof options);
    tare_zoo_set_steps("lenet_bn", options, 2000); /* they say so already */
    assert_memory_equal(before, options, sizeof options);
    table->set_defaults(options);
    assert_int_equal(tare_option_parse(table, options, "schedule", "constant", NULL), TARE_OK);
    memcpy(before, options, sizeof options);
    tare_zoo_set_steps("lenet_bn", options, 1000);
    assert_memory_equal(before, options, sizeof options);
    const tare_option_table *linear = tare_zoo_option_table("house_prices"); /* has no choice */
    linear->set_defaults(options);
    memcpy(before, options, sizeof options);
    tare_zoo_set_steps("house_prices", options, 1000);
    assert_memory_not_equal(before, options, sizeof options);
}

static void test_networks_refuse_with_a_sentence(void **state) {
    (void)state;
    tare_network network = {.struct_size = sizeof network};
    tare_error error = {0};
    tare_graph *graph = tare_graph_new();
    assert_int_equal(tare_zoo_build(graph, "lenetbn", NULL, &network, &error), TARE_ERROR_NAME);
    assert_says(&error, "did you mean 'lenet_bn'?");
    assert_int_equal(tare_zoo_build(graph, "resnet", NULL, &network, &error), TARE_ERROR_NAME);
    assert_int_equal(tare_graph_status(graph), TARE_OK);
    assert_int_equal(tare_zoo_build(NULL, "lenet_bn", NULL, &network, &error), TARE_ERROR_ARGUMENT);
    network.struct_size = 0;
    assert_int_equal(tare_zoo_build(graph, "lenet_bn", NULL, &network, &error),
                     TARE_ERROR_ARGUMENT);
    network.struct_size = sizeof network;
    const tare_option_table *table = tare_zoo_option_table("question");
    char options[512];
    table->set_defaults(options);
    assert_int_equal(tare_option_parse(table, options, "momentum", "2", NULL), TARE_OK);
    assert_int_not_equal(tare_zoo_build(graph, "question", options, &network, &error), TARE_OK);
    assert_says(&error, "momentum");
    tare_graph_free(graph);
    graph = tare_graph_new();
    table = tare_zoo_option_table("conv3d");
    table->set_defaults(options);
    assert_int_equal(tare_option_parse(table, options, "size", "4", NULL), TARE_OK);
    assert_int_not_equal(tare_zoo_build(graph, "conv3d", options, &network, &error), TARE_OK);
    assert_says(&error, "large enough for what halves them");
    tare_graph_free(graph);
    assert_null(tare_zoo_help("nothing"));
    assert_null(tare_zoo_option_table("nothing"));
    assert_null(tare_zoo_data(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lenet_bn_has_the_books_shapes),
        cmocka_unit_test(test_mlp_bn_has_two_hidden_layers_of_256),
        cmocka_unit_test(test_large_networks_have_the_papers_sizes),
        cmocka_unit_test(test_a_residual_network_normalises_or_has_biases),
        cmocka_unit_test(test_question_bears_the_programs_names),
        cmocka_unit_test(test_mlp_bn_learns),
        cmocka_unit_test(test_lenet_bn_learns),
        cmocka_unit_test(test_mobilenet_learns),
        cmocka_unit_test(test_recipes_name_options_there_are),
        cmocka_unit_test(test_steps_matter_to_schedules_alone),
        cmocka_unit_test(test_networks_refuse_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
