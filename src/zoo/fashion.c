/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two networks that the book "Dive into Deep Learning" shows batch normalisation with, in three
 * forms each: without it, with the layer, and with batch normalisation written from scratch.
 *
 *     mlp     784; dense 256, norm, relu; dense 256, norm, relu; dense 10
 *     lenet   conv 5x5 6, norm, sigmoid; average pool 2; conv 5x5 16, norm, sigmoid; average
 *             pool 2; dense 120, norm, sigmoid; dense 84, norm, sigmoid; dense 10
 *
 * Source  Zhang, Lipton, Li and Smola, "Dive into Deep Learning", sections 5.2 and 8.5.
 */
#include "zoo/by_hand.h"
#include "zoo/classifier.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/op.h>

#define CLASSES 10

/* The values are indices into the words. */
enum { FASHION_MLP, FASHION_LENET, FASHION_MODELS };
#define FASHION_MODEL_WORDS "mlp,lenet"
enum { FASHION_NONE, FASHION_LAYER, FASHION_BY_HAND, FASHION_NORMS };
#define FASHION_NORM_WORDS "none,layer,by-hand"

/* clang-format off */
#define TARE_FASHION_FIELDS(field)                                                                \
    field(choice, model, FASHION_LENET, "mlp or lenet")                                           \
    field(choice, norm, FASHION_LAYER, "batch normalisation: none, the layer, or from scratch")   \
    TARE_CLASSIFIER_FIELDS(field, .9, 1e-5, TARE_ZOO_ADAM, 5e-3, TARE_ZOO_COSINE)
/* clang-format on */
TARE_OPTIONS(fashion_options, TARE_FASHION_FIELDS);
#define TARE_TABLE_STRUCT fashion_options
#define TARE_WORDS_model  FASHION_MODEL_WORDS
#define TARE_WORDS_norm   FASHION_NORM_WORDS
TARE_OPTION_TABLE(static, fashion_table, TARE_FASHION_FIELDS);

/* ------------------------------------------------------------------------- ways to normalise */

typedef tare_tensor (*normaliser)(tare_tensor x, const fashion_options *options,
                                  tare_tensor training);

static tare_tensor leave(tare_tensor x, const fashion_options *options, tare_tensor training) {
    (void)options;
    (void)training;
    return x;
}

static tare_tensor by_layer(tare_tensor x, const fashion_options *options, tare_tensor training) {
    return tare_batch_norm(x, .training = training, .momentum = options->momentum,
                           .epsilon = options->epsilon);
}

/* Over all axes but the last; each in a scope of its own, which the variables' names need. */
static tare_tensor from_scratch(tare_tensor x, const fashion_options *options,
                                tare_tensor training) {
    tare_graph *graph = x.graph;
    const tare_by_hand how = {.axes = tare_tensor_shape(x).rank == 4 ? TARE_LIST(0, 1, 2)
                                                                     : TARE_LIST(0),
                              .gamma_and_beta = true,
                              .moving_averages = true,
                              .momentum = options->momentum,
                              .epsilon = options->epsilon,
                              .training = training};
    if (tare_variable_scope_begin(graph, NULL, "batch_norm", TARE_REUSE_INHERIT) == TARE_OK)
        x = tare_batch_norm_by_hand(x, &how);
    (void)tare_variable_scope_end(graph); /* an error is the graph's already */
    return x;
}

static const normaliser normalisers[FASHION_NORMS] = {leave, by_layer, from_scratch};

/* -------------------------------------------------------------------------------- the networks */

static tare_tensor normalise(tare_tensor x, const fashion_options *options, tare_tensor training) {
    return normalisers[options->norm](x, options, training);
}

static tare_tensor mlp(tare_tensor x, const fashion_options *options, tare_tensor training) {
    for (int i = 0; i < 2; i++)
        x = tare_relu(normalise(tare_dense(x, 256), options, training)); /* (N, 256) */
    return x;
}

/* conv 5x5, norm, sigmoid, average pool 2: (N, H, W, C) -> (N, (H - 4) / 2, (W - 4) / 2, filters)
 */
static tare_tensor stage(tare_tensor x, int64_t filters, const fashion_options *options,
                         tare_tensor training) {
    x = tare_conv2d(x, filters, TARE_LIST(5));
    x = tare_sigmoid(normalise(x, options, training));
    return tare_average_pooling2d(x, TARE_LIST(2), TARE_LIST(2));
}

static tare_tensor lenet(tare_tensor x, const fashion_options *options, tare_tensor training) {
    x = stage(x, 6, options, training);  /* (N, 12, 12, 6) */
    x = stage(x, 16, options, training); /* (N, 4, 4, 16) */
    x = tare_flatten(x);
    x = tare_sigmoid(normalise(tare_dense(x, 120), options, training));
    return tare_sigmoid(normalise(tare_dense(x, 84), options, training));
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const fashion_options *options = given;
    const bool is_mlp = options->model == FASHION_MLP;
    tare_classifier_begin(
        graph, is_mlp ? TARE_SHAPE(TARE_ANY, 784) : TARE_SHAPE(TARE_ANY, 28, 28, 1), network);
    const tare_tensor features = is_mlp ? mlp(network->inputs, options, network->training)
                                        : lenet(network->inputs, options, network->training);
    network->logits = tare_dense(features, CLASSES, .name = "logits");
    const tare_classifier_options classifier = {.struct_size = sizeof classifier,
                                                TARE_ZOO_TRAINING_OF(options)};
    tare_classifier_end(graph, &classifier, network);
}

static const tare_recipe recipes[] = {
    {"default", "as the study 'tare fashion' trains it", "batch=128,epochs=3"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_fashion = {
    .name = "fashion",
    .help = "the book's MLP or LeNet without batch norm, with the layer, or with it from scratch",
    .data = "fashion-mnist",
    .table = &fashion_table,
    .recipes = recipes,
    .build = build,
};
