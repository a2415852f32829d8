/* SPDX-License-Identifier: Apache-2.0 */
/* The study of house prices: its options, its variants, and one training of one of them. */
#ifndef TARE_SRC_STUDY_HOUSE_PRICES_H
#define TARE_SRC_STUDY_HOUSE_PRICES_H

#include "study/study.h"
#include <tare/data_frame.h>

/* clang-format off */
#define TARE_PRICES_FIELDS(field)                                                                 \
    field(text, data, NULL, "a .csv file with a header; none given: houses that are drawn")       \
    field(integer, houses, 1500, "so many of them, where there is no file")                       \
    field(text, target, "price", "column to predict; its logarithm is learned")                   \
    field(text, ignore, NULL,                                                                     \
          "columns to leave out, with commas between; none given: those that number the rows")    \
    field(text, categories, NULL, "columns whose numbers are names, with commas between")         \
    field(integer, folds, 5, "parts of the data, each held out once")                             \
    field(integer, hidden, 64, "units of a hidden layer")                                         \
    field(integer, layers, 2, "hidden layers")                                                    \
    field(real, weight_decay, 1e-3, "weight of the penalty sum w^2 on the kernels")               \
    field(real, dropout, .1, "share of hidden units left out in a training step")
/* clang-format on */
TARE_OPTIONS(tare_prices_options, TARE_PRICES_FIELDS);

/* What is trained, and how. */
typedef struct tare_prices_variant {
    const char *name;
    bool hidden_layers, batch_norm;
    bool raw; /* inputs as they stand in the file */
} tare_prices_variant;

/* The study at work. */
typedef struct tare_prices {
    tare_study study;
    tare_prices_options options;
    tare_data_frame *frame;
    tare_text ignored; /* names of the columns left out */
} tare_prices;

/* Rows to train on, and behind them rows held out; held 0: none. */
typedef struct tare_prices_rows {
    const int64_t *rows;
    int64_t training, held;
} tare_prices_rows;

/* Root of the mean squared difference between the logarithms of price and prediction. */
typedef struct tare_prices_errors {
    double training, held; /* NaN: nothing was held out */
} tare_prices_errors;

/* Learns from the training rows what the columns become. */
tare_status tare_prices_standardize(tare_prices *prices, const tare_prices_rows *rows, bool raw,
                                    tare_standardizer **standardizer);
/* Trains a variant, its checkpoint called `name`, and measures it in inference mode; nothing is
 * measured when study.stopped. */
tare_status tare_prices_train(tare_prices *prices, const tare_prices_variant *variant,
                              const char *name, const tare_prices_rows *rows,
                              tare_prices_errors *errors);
/* The same for a model that always says the mean of the training rows. */
tare_status tare_prices_guess(tare_prices *prices, const tare_prices_rows *rows,
                              tare_prices_errors *errors);

#endif
