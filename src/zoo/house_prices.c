/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regression on the features of a table's rows: a linear model, or a network of dense layers, with
 * batch normalisation or without.
 *
 *     `layers` times: dense `hidden`; BN; relu; dropout        features -> hidden
 *     dense 1                                                  the standardised target
 *
 * The loss is the mean squared error; training minimises it plus weight_decay sum w^2.
 */
#include "zoo/house_prices.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/train.h>

#define TARE_TABLE_STRUCT tare_house_prices_options
TARE_OPTION_TABLE(static, house_prices_table, TARE_HOUSE_PRICES_FIELDS);

/* (N, C) -> (N, hidden). Batch normalisation's beta does what a bias would do. */
static tare_tensor hidden(tare_tensor x, const tare_house_prices_options *options,
                          tare_tensor training) {
    x = tare_dense(x, options->hidden, .use_bias = !options->batch_norm,
                   .kernel_regularizer = TARE_REGULARIZER(0, options->weight_decay));
    if (options->batch_norm)
        x = tare_batch_norm(x, .training = training, .momentum = options->momentum,
                            .epsilon = options->epsilon);
    x = tare_relu(x);
    if (options->dropout > 0) x = tare_dropout(x, .rate = options->dropout, .training = training);
    return x;
}

/* The loss and the layers' penalties. */
static tare_tensor penalised(const tare_graph *graph, tare_tensor loss) {
    const size_t count = tare_collection_count(graph, TARE_REGULARIZATION_LOSSES, NULL);
    for (size_t i = 0; i < count; i++)
        loss = tare_add(loss, tare_collection_item(graph, TARE_REGULARIZATION_LOSSES, NULL, i));
    return loss;
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const tare_house_prices_options *options = given;
    network->inputs =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, options->features), .name = "x");
    network->labels = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "y");
    network->training = tare_placeholder_with_default(graph, TARE_FALSE, .name = "training");

    tare_tensor x = network->inputs;
    for (int64_t i = 0; i < options->layers && options->hidden > 0; i++)
        x = hidden(x, options, network->training);
    network->logits = tare_dense(x, 1, .name = "answer",
                                 .kernel_regularizer = TARE_REGULARIZER(0, options->weight_decay));

    network->loss =
        tare_reduce_mean(tare_square(tare_sub(network->logits, network->labels)), .name = "loss");
    const tare_tensor step = tare_global_step(graph);
    tare_tensor rate = tare_number(options->learning_rate);
    if (options->steps > 0)
        rate = tare_polynomial_decay(rate, step, .decay_steps = (double)options->steps,
                                     .end_learning_rate = 0);
    network->train =
        tare_minimize(tare_adam(graph, .learning_rate = rate), penalised(graph, network->loss),
                      .global_step = step, .name = "train");
}

static const tare_recipe recipes[] = {
    {"default", "as the study 'tare house_prices' trains it", "batch=64,epochs=40"},
    {"linear", "without hidden layers", "hidden=0,batch=64,epochs=40"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_house_prices = {
    .name = "house_prices",
    .help = "prices from a table's rows: linear, or dense layers with batch normalisation",
    .data = "houses",
    .table = &house_prices_table,
    .recipes = recipes,
    .build = build,
};
