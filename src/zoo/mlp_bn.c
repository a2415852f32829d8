/* SPDX-License-Identifier: Apache-2.0 */
/* Two hidden layers of 256 with batch normalisation: 784-256-BN-relu-256-BN-relu-10. */
#include "zoo/classifier.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>

#define HIDDEN  256
#define CLASSES 10

#define TARE_MLP_BN_FIELDS(field)                                                                  \
    TARE_CLASSIFIER_FIELDS(field, .99, 1e-3, TARE_ZOO_ADAM, 2e-3, TARE_ZOO_LINEAR)                 \
    field(boolean, batch_norm, true, "normalise; without it layers have a bias")
TARE_OPTIONS(mlp_bn_options, TARE_MLP_BN_FIELDS);
#define TARE_TABLE_STRUCT mlp_bn_options
TARE_OPTION_TABLE(static, mlp_bn_table, TARE_MLP_BN_FIELDS);

/* dense without bias, batch norm, relu: (N, C) -> (N, HIDDEN) */
static tare_tensor hidden(tare_tensor x, const mlp_bn_options *options, tare_tensor training) {
    x = tare_dense(x, HIDDEN, .use_bias = !options->batch_norm);
    if (options->batch_norm)
        x = tare_batch_norm(x, .training = training, .momentum = options->momentum,
                            .epsilon = options->epsilon);
    return tare_relu(x);
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const mlp_bn_options *options = given;
    const tare_classifier_options training = {.struct_size = sizeof training,
                                              TARE_ZOO_TRAINING_OF(options)};
    tare_classifier_begin(graph, TARE_SHAPE(TARE_ANY, 784), network);
    tare_tensor x = hidden(network->inputs, options, network->training);
    x = hidden(x, options, network->training);
    network->logits = tare_dense(x, CLASSES, .name = "logits");
    tare_classifier_end(graph, &training, network);
}

static const tare_recipe recipes[] = {
    {"default", "tuned on 5000 held-back training images", "batch=128,epochs=3"},
    {"d2l", "Adam at a constant rate of .001",
     "learning_rate=0.001,schedule=constant,batch=128,epochs=3"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_mlp_bn = {
    .name = "mlp_bn",
    .help = "784-256-BN-relu-256-BN-relu-10, softmax cross-entropy",
    .data = "fashion-mnist",
    .table = &mlp_bn_table,
    .recipes = recipes,
    .build = build,
};
