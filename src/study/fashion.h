/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the study of images of clothes: what was asked for, and what is found. */
#ifndef TARE_SRC_STUDY_FASHION_H
#define TARE_SRC_STUDY_FASHION_H

#include "study/network.h"

/* clang-format off */
#define TARE_FASHION_STUDY_FIELDS(field)                                                          \
    field(text, data, NULL, "data set or .npz of 28 x 28 images; Fashion-MNIST where installed")  \
    field(integer, limit, 0, "train on the first N examples only; 0: on all")                     \
    field(integer, test_limit, 0, "test on the first N examples only; 0: on all")                 \
    field(integer, image, 0, "test image to predict, counted from 0")                             \
    field(integer, sweep, 5120, "examples that batches of 2, 4 .. 256 see; 0: no such sweep")
/* clang-format on */
TARE_OPTIONS(tare_fashion_study_options, TARE_FASHION_STUDY_FIELDS);

typedef struct tare_fashion {
    tare_study study;
    tare_fashion_study_options options;
    tare_study_data data;
} tare_fashion;

/* Columns of the table. */
enum {
    TARE_FASHION_TRAINING_LOSS,
    TARE_FASHION_TEST_LOSS,
    TARE_FASHION_ACCURACY,
    TARE_FASHION_TRAINING_MODE, /* accuracy by the statistics of each batch itself */
    TARE_FASHION_BATCH,
    TARE_FASHION_SPEED,
    TARE_FASHION_COLUMNS
};

/* Batch sizes of the sweep, each twice the one before. */
#define TARE_FASHION_LEAST_BATCH 2
#define TARE_FASHION_MOST_BATCH  256
/* What an update of moving averages leaves of the old value, in the sweep. */
#define TARE_FASHION_MOMENTUM .9

/* Predicts the image that was asked for, alone, in both modes. */
tare_status tare_fashion_find_image(tare_fashion *f, const char *variant,
                                    const tare_workshop *workshop);
/* The latest row is of a network with batch normalisation, the one before of the same without. */
tare_status tare_fashion_find_gain(tare_fashion *f);
/* The latest row is of batch normalisation from scratch, the one before of the layer. */
tare_status tare_fashion_find_same(tare_fashion *f);
/* The latest rows are those of the sweep, over so many examples each: first without batch
 * normalisation in the smallest batches, then with it, batch by batch. */
tare_status tare_fashion_find_sweep(tare_fashion *f, int64_t examples);

#endif
