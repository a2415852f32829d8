/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the question that batch normalisation's users ask again and again: two dense
 * layers of one unit, each followed by batch normalisation, and Adam. Placeholders, scopes and
 * names are the program's own.
 */
#include "zoo/network.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/train.h>

/* clang-format off */
#define TARE_QUESTION_FIELDS(field)                                                               \
    field(real, momentum, .5, "weight of the old value in moving averages")                       \
    field(real, epsilon, 1e-3, "added to the variance, under the root")                           \
    field(real, learning_rate, 1e-3, "Adam's, unless `rate` is fed")                              \
    field(real, hidden_kernel, 1.4059724, "first value of hidden1/dense/kernel")                  \
    field(real, output_kernel, .13, "first value of output/dense/kernel")
/* clang-format on */
TARE_OPTIONS(question_options, TARE_QUESTION_FIELDS);

#define TARE_TABLE_STRUCT question_options
TARE_OPTION_TABLE(static, question_table, TARE_QUESTION_FIELDS);

/* dense 1 without bias, then batch norm: (N, 1) -> (N, 1) */
static tare_tensor layer(tare_tensor x, double kernel, const question_options *options,
                         tare_tensor training) {
    const tare_tensor hidden =
        tare_dense(x, 1, .use_bias = false, .kernel_initializer = TARE_CONSTANT(kernel));
    return tare_batch_norm(hidden, .training = training, .momentum = options->momentum,
                           .epsilon = options->epsilon);
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const question_options *options = given;
    const tare_shape column = TARE_SHAPE(TARE_ANY, 1);
    network->inputs = tare_placeholder(graph, TARE_FLOAT32, column, .name = "x");
    network->labels = tare_placeholder(graph, TARE_FLOAT32, column, .name = "y");
    const tare_tensor rate =
        tare_placeholder_with_default(graph, tare_number(options->learning_rate), .name = "rate");
    network->training = tare_placeholder_with_default(graph, TARE_FALSE, .name = "training");

    tare_tensor activation = TARE_NULL;
    TARE_VARIABLE_SCOPE (graph, "hidden1") {
        activation =
            tare_relu(layer(network->inputs, options->hidden_kernel, options, network->training));
    }
    TARE_VARIABLE_SCOPE (graph, "output") {
        network->logits = layer(activation, options->output_kernel, options, network->training);
    }
    network->loss =
        tare_reduce_mean(tare_square(tare_sub(network->logits, network->labels)), .name = "cost");
    network->rate = rate;
    network->train = tare_minimize(tare_adam(graph, .learning_rate = rate), network->loss);
}

static const tare_recipe recipes[] = {
    {"default", "the program's own: both examples in every step", "batch=2,shuffle=false,epochs=1"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_question = {
    .name = "question",
    .help = "dense 1, BN, relu, dense 1, BN; mean squared error; Adam",
    .data = "question",
    .table = &question_table,
    .recipes = recipes,
    .build = build,
};
