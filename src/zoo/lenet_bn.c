/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LeNet with batch normalisation after every convolution and hidden dense layer.
 *
 *     conv 5x5, 6; BN; sigmoid       24 x 24 x 6
 *     average pool 2                 12 x 12 x 6
 *     conv 5x5, 16; BN; sigmoid       8 x  8 x 16
 *     average pool 2; flatten       256
 *     dense 120; BN; sigmoid        120
 *     dense 84; BN; sigmoid          84
 *     dense 10                       10
 *
 * Source  Zhang, Lipton, Li and Smola, "Dive into Deep Learning", section 8.5; LeCun et al. 1998.
 */
#include "zoo/classifier.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>

#define CLASSES 10

#define TARE_LENET_BN_FIELDS(field)                                                                \
    TARE_CLASSIFIER_FIELDS(field, .9, 1e-5, TARE_ZOO_ADAM, 1e-2, TARE_ZOO_COSINE)
#define TARE_TABLE_STRUCT tare_classifier_options
TARE_OPTION_TABLE(static, lenet_bn_table, TARE_LENET_BN_FIELDS);

/* batch norm, sigmoid */
static tare_tensor normalise(tare_tensor x, const tare_classifier_options *options,
                             tare_tensor training) {
    return tare_sigmoid(tare_batch_norm(x, .training = training, .momentum = options->momentum,
                                        .epsilon = options->epsilon));
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const tare_classifier_options *options = given;
    tare_classifier_begin(graph, TARE_SHAPE(TARE_ANY, 28, 28, 1), network);
    const tare_tensor training = network->training;

    tare_tensor x = tare_conv2d(network->inputs, 6, TARE_LIST(5)); /* (N, 24, 24, 6) */
    x = normalise(x, options, training);
    x = tare_average_pooling2d(x, TARE_LIST(2), TARE_LIST(2)); /* (N, 12, 12, 6) */
    x = tare_conv2d(x, 16, TARE_LIST(5));                      /* (N, 8, 8, 16) */
    x = normalise(x, options, training);
    x = tare_average_pooling2d(x, TARE_LIST(2), TARE_LIST(2)); /* (N, 4, 4, 16) */
    x = tare_flatten(x);
    x = normalise(tare_dense(x, 120), options, training);
    x = normalise(tare_dense(x, 84), options, training);
    network->logits = tare_dense(x, CLASSES, .name = "logits");

    tare_classifier_end(graph, options, network);
}

static const tare_recipe recipes[] = {
    {"default", "tuned on 5000 held-back training images", "batch=128,epochs=5"},
    {"d2l", "the book's: plain gradient descent at a rate of 1",
     "optimizer=sgd,learning_rate=1,schedule=constant,batch=256,epochs=5"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_lenet_bn = {
    .name = "lenet_bn",
    .help = "LeNet with batch normalisation: 2 convolutions, 3 dense layers, softmax cross-entropy",
    .data = "fashion-mnist",
    .table = &lenet_bn_table,
    .recipes = recipes,
    .build = build,
};
