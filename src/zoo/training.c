/* SPDX-License-Identifier: Apache-2.0 */
/* How networks of the zoo are trained. */
#include "zoo/training.h"

#include <tare/op.h>

#define SGD_MOMENTUM .9

/* The rate of a step: a number, or one that falls with the global step. */
static tare_tensor rate_of_step(const tare_zoo_training *training, tare_tensor step) {
    const tare_tensor first = tare_number(training->learning_rate);
    const double steps = (double)training->steps;
    if (training->steps <= 0 || training->schedule == TARE_ZOO_CONSTANT) return first;
    if (training->schedule == TARE_ZOO_LINEAR)
        return tare_polynomial_decay(first, step, .decay_steps = steps, .end_learning_rate = 0);
    return tare_cosine_decay(first, step, .decay_steps = steps);
}

static tare_optimizer make_optimizer(tare_graph *graph, int kind, tare_tensor rate) {
    if (kind == TARE_ZOO_SGD) return tare_gradient_descent(graph, .learning_rate = rate);
    if (kind == TARE_ZOO_MOMENTUM)
        return tare_momentum(graph, .learning_rate = rate, .momentum = tare_number(SGD_MOMENTUM));
    return tare_adam(graph, .learning_rate = rate);
}

/* With fake quantisation where it was asked for; the loss is the new one then. */
static tare_tensor quantise(tare_graph *graph, tare_tensor loss, tare_network *network) {
    tare_zoo_making *making = (tare_zoo_making *)network;
    const tare_quantise_training_options *options = making->quantise;
    tare_error error = {.status = TARE_OK};
    if (options == NULL || tare_graph_status(graph) != TARE_OK) return loss;
    if (loss.node != network->loss.node)
        return tare_build_fail(
            graph, TARE_ERROR_UNSUPPORTED, "quantise_training", tare_tensor_name(network->loss),
            "a network that learns from another loss than it tells", "one that learns from this");
    making->quantise = NULL;
    if (tare_quantise_training_with(network, options, &error) == TARE_OK) return network->loss;
    return tare_build_fail(graph, error.status, error.op, error.node, error.got, error.need);
}

void tare_zoo_minimize(tare_graph *graph, const tare_zoo_training *training, tare_tensor loss,
                       tare_network *network) {
    loss = quantise(graph, loss, network);
    const tare_tensor step = tare_global_step(graph);
    const tare_tensor rate = rate_of_step(training, step);
    network->rate = rate;
    network->train =
        tare_minimize(make_optimizer(graph, training->optimizer, rate), loss, .global_step = step,
                      .updates = training->updates, .name = "train");
}
