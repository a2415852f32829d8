/* SPDX-License-Identifier: Apache-2.0 */
/* How networks of the zoo are trained: the optimiser, its rate, and how the rate falls. */
#ifndef TARE_SRC_ZOO_TRAINING_H
#define TARE_SRC_ZOO_TRAINING_H

#include "zoo/network.h"
#include <tare/train.h>

/* The values are indices into the words. */
typedef enum tare_zoo_optimizer {
    TARE_ZOO_SGD,
    TARE_ZOO_MOMENTUM,
    TARE_ZOO_ADAM
} tare_zoo_optimizer;
#define TARE_ZOO_OPTIMIZER_WORDS "sgd,momentum,adam"
typedef enum tare_zoo_schedule {
    TARE_ZOO_CONSTANT,
    TARE_ZOO_LINEAR,
    TARE_ZOO_COSINE
} tare_zoo_schedule;
#define TARE_ZOO_SCHEDULE_WORDS "constant,linear,cosine"

/* Defaults differ from network to network. */
/* clang-format off */
#define TARE_ZOO_TRAINING_FIELDS(field, optimizer_, rate_, schedule_)                             \
    field(choice, optimizer, optimizer_, "of the weights; momentum keeps .9 of the old step")     \
    field(real, learning_rate, rate_, "size of a step, at first")                                 \
    field(choice, schedule, schedule_, "how the rate falls to 0 by the last step")                \
    field(integer, steps, 0,                                                                      \
          "training steps in all, for the schedule; 0: the rate is constant")
/* clang-format on */

/* For the tables of options: the words of the choices. */
#define TARE_WORDS_optimizer TARE_ZOO_OPTIMIZER_WORDS
#define TARE_WORDS_schedule  TARE_ZOO_SCHEDULE_WORDS

/* The same as a struct; TARE_ZOO_TRAINING_OF takes it from any options that have these fields. */
typedef struct tare_zoo_training {
    int optimizer; /* a tare_zoo_optimizer */
    double learning_rate;
    int schedule; /* a tare_zoo_schedule */
    int64_t steps;
    int updates; /* a tare_updates; 0: those that the loss depends on */
} tare_zoo_training;
#define TARE_ZOO_TRAINING_OF(options)                                                              \
    .optimizer = (options)->optimizer, .learning_rate = (options)->learning_rate,                  \
    .schedule = (options)->schedule, .steps = (options)->steps

/* Makes network->train, which minimises loss: the network's, or one that grows and falls with it.
 */
void tare_zoo_minimize(tare_graph *graph, const tare_zoo_training *training, tare_tensor loss,
                       tare_network *network);

#endif
