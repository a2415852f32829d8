/* SPDX-License-Identifier: Apache-2.0 */
/* What the networks that tell classes apart have in common: the loss, the optimiser, its schedule.
 */
#ifndef TARE_SRC_ZOO_CLASSIFIER_H
#define TARE_SRC_ZOO_CLASSIFIER_H

#include "zoo/training.h"

/* Defaults differ from network to network. momentum and epsilon are batch normalisation's. */
/* clang-format off */
#define TARE_CLASSIFIER_FIELDS(field, momentum_, epsilon_, optimizer_, rate_, schedule_)          \
    field(real, momentum, momentum_, "weight of the old value in moving averages")                \
    field(real, epsilon, epsilon_, "added to the variance, under the root")                       \
    TARE_ZOO_TRAINING_FIELDS(field, optimizer_, rate_, schedule_)
/* clang-format on */
#define TARE_ANY_CLASSIFIER_FIELDS(field) TARE_CLASSIFIER_FIELDS(field, .99, 1e-3, 0, 0, 0)
TARE_OPTIONS(tare_classifier_options, TARE_ANY_CLASSIFIER_FIELDS);

/* Placeholders x (float32, shape), y (int32 [?]) and training (false unless fed). */
void tare_classifier_begin(tare_graph *graph, tare_shape inputs, tare_network *network);
/* Loss and train op for network->logits. */
void tare_classifier_end(tare_graph *graph, const tare_classifier_options *options,
                         tare_network *network);
/* The same; updates: a tare_updates, which of the layers' updates the train op runs. */
void tare_classifier_end_with(tare_graph *graph, const tare_classifier_options *options,
                              int updates, tare_network *network);

#endif
