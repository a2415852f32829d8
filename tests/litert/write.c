/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes every network of the zoo, and one of forms that none of them has, as .tflite models,
 * float, int8 with a scale for each channel, int8 with one scale a tensor, uint8, and uint8 with
 * default ranges, with examples and what Tare says of them (.npy). Tells on standard output, a line
 * each: a model's name, or a network that has no form with the reason.
 *
 *     write FOLDER
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tare/tare.h>

enum { EXAMPLES = 12, MOST_OPTIONS_BYTES = 1024 };

static void check(tare_status status, const char *sentence) {
    if (status == TARE_OK) return;
    fprintf(stderr, "%s: %s\n", tare_status_name(status), sentence);
    exit(1);
}

static uint32_t state = 17;
static double drawn(double least, double most) {
    state = state * 1664525u + 1013904223u;
    return least + (most - least) * (double)(state >> 8) / 16777216.0;
}

/* -------------------------------------------------------------------------------- the networks */

static void build_forms(tare_graph *graph, tare_network *network);
static void build_forms3d(tare_graph *graph, tare_network *network);

/* Networks, and options that make them small; or how they are built. */
static const struct {
    const char *name, *network, *options;
    void (*build)(tare_graph *graph, tare_network *network);
} networks[] = {
    {"question", "question", "", NULL},
    {"mlp_bn", "mlp_bn", "", NULL},
    {"lenet_bn", "lenet_bn", "", NULL},
    {"heatmap", "heatmap", "size=16,width=4", NULL},
    {"fashion_lenet", "fashion", "", NULL},
    {"channelwise", "channelwise", "", NULL},
    {"channelwise_slim", "channelwise", "norm=slim", NULL},
    {"action3d", "action3d", "", NULL},
    {"action3d_layer", "action3d", "norm=layer", NULL},
    {"house_prices", "house_prices", "", NULL},
    {"resnet20", "resnet20", "", NULL},
    {"resnet50", "resnet50", "size=28,channels=1,classes=10", NULL},
    {"conv3d", "conv3d", "", NULL},
    {"mobilenet", "mobilenet", "", NULL},
    {"forms", NULL, NULL, build_forms},
    {"forms3d", NULL, NULL, build_forms3d},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static void set_options(const char *network, const char *settings, void *options) {
    const tare_option_table *table = tare_zoo_option_table(network);
    char copy[256], *rest = copy;
    snprintf(copy, sizeof copy, "%s", settings);
    table->set_defaults(options);
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        tare_error error = {0};
        char *value = strchr(part, '=');
        *value++ = '\0';
        check(tare_option_parse(table, options, part, value, &error), error.message);
    }
}

/* Statistics and biases of a network that has been trained for a while. */
static void stir(tare_session *session, const tare_graph *graph) {
    for (size_t i = 0; i < tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL); i++) {
        const tare_tensor variable = tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, i);
        const char *name = tare_tensor_name(variable);
        const bool spread = strstr(name, "moving_variance") != NULL || strstr(name, "gamma");
        const bool shift =
            strstr(name, "moving_mean") != NULL || strstr(name, "beta") || strstr(name, "bias");
        tare_array *array = NULL;
        if (!spread && !shift) continue;
        check(tare_session_get(session, name, &array), name);
        for (int64_t k = 0; k < tare_array_count(array); k++)
            tare_array_set_number(array, k, spread ? drawn(.5, 1.5) : drawn(-.3, .3));
        check(tare_session_set(session, name, array), tare_session_message(session));
        tare_array_free(array);
    }
}

static tare_array *draw(tare_shape shape) {
    tare_array *x = NULL;
    if (shape.rank > 0) shape.extents[0] = EXAMPLES;
    check(tare_array_new(TARE_FLOAT32, shape, NULL, &x), "examples");
    for (int64_t i = 0; i < tare_array_count(x); i++) tare_array_set_number(x, i, drawn(-1, 1));
    return x;
}

/* --------------------------------------------------------------------------------- the answers */

static void save_array(const char *folder, const char *name, const char *what,
                       const tare_array *array) {
    char path[1024];
    tare_error error = {0};
    snprintf(path, sizeof path, "%s/%s.%s.npy", folder, name, what);
    check(tare_npy_write(path, array, &error), error.message);
}

/* The inputs as the model takes them. */
static tare_array *as_fed(const tare_tflite *model, const tare_array *x) {
    const tare_tflite_tensor *end =
        tare_tflite_tensor_at(model, (size_t)tare_tflite_input(model, 0));
    tare_array *fed = NULL;
    check(tare_array_new(end->dtype, tare_array_shape(x), NULL, &fed), "inputs");
    for (int64_t i = 0; i < tare_array_count(x); i++) {
        double number = tare_array_number(x, i);
        if (end->scale_count == 1) {
            const double least = end->dtype == TARE_INT8 ? -128 : 0;
            number = round(number / (double)end->scales[0]) + (double)end->zero_points[0];
            number = fmin(fmax(number, least), least + 255);
        }
        tare_array_set_number(fed, i, number);
    }
    return fed;
}

/* One example at a time: some models take no more. */
static tare_array *answer(tare_session *session, tare_tensor input, tare_tensor output,
                          const tare_array *fed) {
    tare_array *all = NULL, *one = NULL;
    tare_shape shape = tare_array_shape(fed);
    const size_t bytes = tare_array_bytes(fed) / EXAMPLES;
    shape.extents[0] = 1;
    check(tare_array_new(tare_array_dtype(fed), shape, NULL, &one), "an example");
    for (size_t i = 0; i < EXAMPLES; i++) {
        tare_array *result = NULL;
        const tare_feed feed = {input, one};
        memcpy(tare_array_data(one), (const char *)tare_array_const_data(fed) + i * bytes, bytes);
        check(tare_session_run(session, &feed, 1, &output, 1, &result),
              tare_session_message(session));
        shape = tare_array_shape(result);
        shape.extents[0] = EXAMPLES;
        if (all == NULL)
            check(tare_array_new(tare_array_dtype(result), shape, NULL, &all), "answers");
        memcpy((char *)tare_array_data(all) + i * tare_array_bytes(result),
               tare_array_const_data(result), tare_array_bytes(result));
    }
    tare_array_free(one);
    return all;
}

static void save_model(const char *folder, const char *network, const char *form,
                       const tare_tflite *model, const tare_array *x) {
    char name[128], path[1024];
    tare_error error = {0};
    tare_tensor input, output;
    tare_session *session = NULL;
    tare_array *fed = as_fed(model, x);
    snprintf(name, sizeof name, "%s_%s", network, form);
    snprintf(path, sizeof path, "%s/%s.tflite", folder, name);
    check(tare_tflite_save(model, path, &error), error.message);
    tare_graph *graph = tare_graph_new();
    check(tare_tflite_build(model, graph, &input, &output, NULL, &error), error.message);
    check(tare_session_new(graph, &session, .threads = 2), "a session");
    tare_array *answers = answer(session, input, output, fed);
    save_array(folder, name, "x", fed);
    save_array(folder, name, "y", answers);
    printf("%s\n", name);
    tare_array_free(fed);
    tare_array_free(answers);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ---------------------------------------------------------------------------------- the models */

static tare_dataset *dataset_of(const tare_array *x) {
    tare_dataset *data = NULL;
    tare_array *labels = NULL, *copy = NULL;
    tare_error error = {0};
    check(tare_array_new(TARE_INT32, TARE_SHAPE(EXAMPLES), NULL, &labels), "labels");
    memset(tare_array_data(labels), 0, tare_array_bytes(labels));
    check(tare_array_copy_of(TARE_FLOAT32, tare_array_shape(x), tare_array_const_data(x), &copy),
          "examples");
    check(tare_dataset_new(copy, labels, &data, &error), error.message);
    tare_array_free(labels);
    tare_array_free(copy);
    return data;
}

static void write_quantised(const char *folder, const char *network, const tare_tflite *model,
                            const tare_array *x) {
    static const struct {
        const char *form;
        bool per_channel, uint8, guessed;
    } forms[] = {{"int8", true, false, false},
                 {"int8_per_tensor", false, false, false},
                 {"uint8", false, true, false},
                 {"uint8_default_ranges", false, true, true}};
    const size_t count = tare_tflite_tensor_count(model);
    tare_tflite_range *seen = calloc(count + 1, sizeof *seen),
                      *guessed = calloc(count + 1, sizeof *guessed);
    tare_error error = {0};
    tare_dataset *data = dataset_of(x);
    check(tare_tflite_observe(model, data, seen, &error), error.message);
    for (size_t i = 0; i < count; i++) guessed[i] = (tare_tflite_range){true, 0, 6};
    guessed[tare_tflite_input(model, 0)] = (tare_tflite_range){true, -1, 1};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        tare_tflite *made = NULL;
        if (tare_tflite_quantise(model, forms[i].guessed ? guessed : seen, &made, &error,
                                 .per_channel = forms[i].per_channel, .uint8 = forms[i].uint8)) {
            printf("%s_%s is not written: %s\n", network, forms[i].form, error.message);
            continue;
        }
        save_model(folder, network, forms[i].form, made, x);
        tare_tflite_close(made);
    }
    tare_dataset_free(data);
    free(seen);
    free(guessed);
}

/* Groups, padding by numbers, resizing, transposed convolution, products without an activation. */
static void build_forms(tare_graph *graph, tare_network *network) {
    network->inputs = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 9, 8, 4));
    network->training = tare_placeholder_with_default(graph, TARE_FALSE);
    tare_tensor y = tare_conv2d(network->inputs, 8, TARE_LIST(3), .groups = 2);
    y = tare_relu(tare_batch_norm(y, .training = network->training));
    const tare_tensor filter = tare_get_variable(graph, "filter", TARE_SHAPE(3, 3, 8, 6));
    y = tare_nn_conv2d(y, filter, .padding = TARE_PADDING_EXPLICIT, .before = TARE_LIST(1, 0),
                       .after = TARE_LIST(2, 1));
    y = tare_resize_bilinear(y, TARE_LIST(13, 11), .half_pixel_centers = true);
    y = tare_conv2d_transpose(y, 5, TARE_LIST(3), .strides = TARE_LIST(2));
    y = tare_resize_nearest_neighbor(y, TARE_LIST(15, 20));
    y = tare_conv2d_transpose(y, 4, TARE_LIST(2, 3), .strides = TARE_LIST(2),
                              .padding = TARE_PADDING_SAME, .use_bias = false);
    y = tare_sigmoid(tare_pad(y, .before = TARE_LIST(0, 1, 0, 0), .after = TARE_LIST(0, 0, 2, 0)));
    y = tare_average_pooling2d(y, TARE_LIST(3), TARE_LIST(2), .padding = TARE_PADDING_SAME);
    network->logits = tare_softmax(tare_dense(tare_flatten(tare_tanh(y)), 7));
    network->loss = tare_reduce_mean(network->logits);
}

static void build_forms3d(tare_graph *graph, tare_network *network) {
    network->inputs = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4, 6, 5, 2));
    network->training = tare_placeholder_with_default(graph, TARE_FALSE);
    tare_tensor y = tare_conv3d(network->inputs, 3, TARE_LIST(2, 3, 3),
                                .strides = TARE_LIST(1, 2, 1), .padding = TARE_PADDING_SAME);
    y = tare_relu(tare_batch_norm(y, .training = network->training));
    network->logits = tare_dense(tare_reduce_mean(y, .axis = TARE_LIST(1, 2, 3)), 4);
    network->loss = tare_reduce_mean(network->logits);
}

static void write_network(const char *folder, size_t i) {
    char options[MOST_OPTIONS_BYTES];
    tare_network network = {.struct_size = sizeof network};
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    tare_folding *folding = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    tare_graph_set_seed(graph, 3);
    if (networks[i].build != NULL) {
        networks[i].build(graph, &network);
    } else {
        set_options(networks[i].network, networks[i].options, options);
        check(tare_zoo_build(graph, networks[i].network, options, &network, &error), error.message);
    }
    check(tare_graph_status(graph), tare_message(graph));
    check(tare_session_new(graph, &session, .threads = 2), "a session");
    check(tare_session_initialize(session), tare_session_message(session));
    stir(session, graph);
    tare_status status = tare_fold(session, &network, NULL, &folding, &error, .examples = 0);
    if (status == TARE_OK)
        status = tare_tflite_export(session, network.inputs, network.logits, &model, &error);
    if (status == TARE_OK) {
        tare_array *x = draw(tare_tensor_shape(network.inputs));
        save_model(folder, networks[i].name, "float", model, x);
        write_quantised(folder, networks[i].name, model, x);
        tare_array_free(x);
    } else {
        printf("%s is not written: %s\n", networks[i].name, error.message);
    }
    tare_tflite_close(model);
    tare_folding_free(folding);
    tare_session_free(session);
    tare_graph_free(graph);
}

int main(int count, char **words) {
    if (count != 2) return 2;
    for (size_t i = 0; i < NETWORKS; i++) write_network(words[1], i);
    return 0;
}
