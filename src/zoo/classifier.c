/* SPDX-License-Identifier: Apache-2.0 */
/* What the networks that tell classes apart have in common. */
#include "zoo/classifier.h"

#include <tare/op.h>

void tare_classifier_begin(tare_graph *graph, tare_shape inputs, tare_network *network) {
    network->inputs = tare_placeholder(graph, TARE_FLOAT32, inputs, .name = "x");
    network->labels = tare_placeholder(graph, TARE_INT32, TARE_SHAPE(TARE_ANY), .name = "y");
    network->training = tare_placeholder_with_default(graph, TARE_FALSE, .name = "training");
}

void tare_classifier_end_with(tare_graph *graph, const tare_classifier_options *options,
                              int updates, tare_network *network) {
    network->loss = tare_reduce_mean(
        tare_sparse_softmax_cross_entropy_with_logits(network->labels, network->logits),
        .name = "loss");
    const tare_zoo_training training = {TARE_ZOO_TRAINING_OF(options), .updates = updates};
    tare_zoo_minimize(graph, &training, network->loss, network);
}

void tare_classifier_end(tare_graph *graph, const tare_classifier_options *options,
                         tare_network *network) {
    tare_classifier_end_with(graph, options, TARE_UPDATES_LOSS, network);
}
