/* SPDX-License-Identifier: Apache-2.0 */
/* What `tare train` takes besides the network's options and fit's. */
#ifndef TARE_SRC_CLI_TRAIN_OPTIONS_H
#define TARE_SRC_CLI_TRAIN_OPTIONS_H

#include "cli/workshop.h"

/* clang-format off */
#define TARE_TRAIN_FIELDS(field)                                                                  \
    field(text, data, NULL, "data set or file; 'tare list' names them")                           \
    field(text, test_data, NULL, "another file with the test examples")                           \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(text, recipe, "default", "settings to begin with; options override them")               \
    field(integer, seed, 0, "of weights, order of examples and dropout")                          \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(integer, limit, 0, "train on the first N examples only; 0: on all")                     \
    field(integer, test_limit, 0, "test on the first N examples only; 0: on all")                 \
    field(integer, held_back, 0,                                                                  \
          "hold back N training examples, drawn at random, and test on them instead")             \
    field(text, from, NULL, "checkpoint or file of weights to begin with")                        \
    field(boolean, quantise, false,                                                               \
          "round numbers in training as int8 will, and learn their ranges")                       \
    field(integer, quantise_delay, 0, "with --quantise: steps before numbers are rounded")        \
    field(integer, freeze_delay, 200000,                                                          \
          "with --quantise: steps before batch norm keeps its moving statistics")                 \
    field(boolean, per_tensor, false,                                                             \
          "with --quantise: one range for all channels of a convolution's weights")               \
    field(text, profile, NULL,                                                                    \
          "tell where the time goes; a FILE gets a Chrome trace of the latest 50000 steps")       \
    field(boolean, json, false, "print the result as JSON")                                       \
    field(boolean, quiet, false, "show no progress")
/* clang-format on */
TARE_OPTIONS(tare_train_options, TARE_TRAIN_FIELDS);

/* All that one training was asked for. */
typedef struct tare_training {
    tare_train_options options;
    tare_fit_options fit;
    tare_workshop workshop;
} tare_training;

/* Reads the command line behind the command's name. -1: go on; else an exit status. */
int tare_training_parse(tare_training *training, int count, char **texts);

#endif
