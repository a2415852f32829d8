/* SPDX-License-Identifier: Apache-2.0 */
/* What the networks that tell classes apart have in common. */
#include "zoo/classifier.h"

#include <tare/op.h>

#define SGD_MOMENTUM .9

void tare_classifier_begin(tare_graph *graph, tare_shape inputs, tare_network *network) {
    network->inputs = tare_placeholder(graph, TARE_FLOAT32, inputs, .name = "x");
    network->labels = tare_placeholder(graph, TARE_INT32, TARE_SHAPE(TARE_ANY), .name = "y");
    network->training = tare_placeholder_with_default(graph, TARE_FALSE, .name = "training");
}

/* The rate of a step: a number, or one that falls with the global step. */
static tare_tensor rate_of_step(const tare_classifier_options *options, tare_tensor step) {
    const tare_tensor first = tare_number(options->learning_rate);
    const double steps = (double)options->steps;
    if (options->steps <= 0 || options->schedule == TARE_ZOO_CONSTANT) return first;
    if (options->schedule == TARE_ZOO_LINEAR)
        return tare_polynomial_decay(first, step, .decay_steps = steps, .end_learning_rate = 0);
    return tare_cosine_decay(first, step, .decay_steps = steps);
}

static tare_optimizer make_optimizer(tare_graph *graph, int kind, tare_tensor rate) {
    if (kind == TARE_ZOO_SGD) return tare_gradient_descent(graph, .learning_rate = rate);
    if (kind == TARE_ZOO_MOMENTUM)
        return tare_momentum(graph, .learning_rate = rate, .momentum = tare_number(SGD_MOMENTUM));
    return tare_adam(graph, .learning_rate = rate);
}

void tare_classifier_end_with(tare_graph *graph, const tare_classifier_options *options,
                              tare_updates updates, tare_network *network) {
    network->loss = tare_reduce_mean(
        tare_sparse_softmax_cross_entropy_with_logits(network->labels, network->logits),
        .name = "loss");
    const tare_tensor step = tare_global_step(graph);
    const tare_tensor rate = rate_of_step(options, step);
    network->train = tare_minimize(make_optimizer(graph, options->optimizer, rate), network->loss,
                                   .global_step = step, .updates = updates, .name = "train");
}

void tare_classifier_end(tare_graph *graph, const tare_classifier_options *options,
                         tare_network *network) {
    tare_classifier_end_with(graph, options, TARE_UPDATES_LOSS, network);
}

void tare_classifier_set_steps(void *options, int64_t steps) {
    tare_classifier_options *classifier = options;
    if (classifier->schedule != TARE_ZOO_CONSTANT && classifier->steps == 0)
        classifier->steps = steps;
}
