/* SPDX-License-Identifier: Apache-2.0 */
/* What `tare house_prices` asks of the network: its options, which the study's variants differ in.
 */
#ifndef TARE_SRC_ZOO_HOUSE_PRICES_H
#define TARE_SRC_ZOO_HOUSE_PRICES_H

#include "zoo/network.h"

/* Features that tare_data_frame_houses' columns make. */
#define TARE_HOUSES_FEATURES 60

/* clang-format off */
#define TARE_HOUSE_PRICES_FIELDS(field)                                                           \
    field(integer, features, TARE_HOUSES_FEATURES, "numbers of one example")                      \
    field(integer, hidden, 64, "units of a hidden layer; 0: a linear model")                      \
    field(integer, layers, 2, "hidden layers")                                                    \
    field(boolean, batch_norm, true, "normalise every hidden layer over the batch")               \
    field(real, momentum, .9, "weight of the old value in moving averages")                       \
    field(real, epsilon, 1e-3, "added to the variance, under the root")                           \
    field(real, weight_decay, 0, "weight of the penalty sum w^2 on the kernels")                  \
    field(real, dropout, 0, "share of hidden units left out in a training step")                  \
    field(real, learning_rate, 5e-3, "Adam's, at first")                                          \
    field(integer, steps, 0,                                                                      \
          "training steps in all, by which the rate falls to 0; 0: it is constant")
/* clang-format on */
TARE_OPTIONS(tare_house_prices_options, TARE_HOUSE_PRICES_FIELDS);

#endif
