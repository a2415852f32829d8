/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets that are drawn from a seed, example by example, so that no file is needed. */
#ifndef TARE_SRC_DATA_DRAWN_H
#define TARE_SRC_DATA_DRAWN_H

#include "base/random.h"
#include "data/dataset.h"

/* What a source draws. */
typedef struct tare_drawn {
    const char *name;
    int64_t training_count, test_count; /* unless asked otherwise */
    tare_dtype input_dtype, label_dtype;
    tare_shape input_shape, label_shape; /* of one example */
    int64_t numbers;                     /* random ones that an example takes */
    /*
     * Draws one example from `numbers` numbers in [0, 1). No function of libm may be called, so
     * that every machine draws the same bytes.
     */
    void (*draw)(const void *context, const double *numbers, void *input, void *label);
    const void *context;
} tare_drawn;

/*
 * Draws as many examples as the options want. Training and test examples are different streams of
 * the same key, which follows from the options' seed.
 * Errors  a count below 1 or beyond 10^7; an array that is too large; no memory.
 */
tare_status tare_dataset_draw(const tare_drawn *drawn, const tare_dataset_options *options,
                              tare_dataset **dataset, tare_error *error);

#endif
