/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drawn houses as examples: features and the standardised logarithm of the price. What the
 * features are is learned from all training houses, however few of them are asked for.
 */
#include "base/memory.h"
#include "base/status.h"
#include "data/dataset.h"
#include <tare/data_frame.h>

enum { TRAINING_HOUSES = 2000, TEST_HOUSES = 500 };

static tare_status examples(const tare_data_frame *frame, const tare_standardizer *standardizer,
                            const int64_t *rows, int64_t count, tare_dataset **dataset,
                            tare_error *error) {
    tare_array *inputs = NULL, *targets = NULL;
    tare_status status =
        tare_standardizer_inputs(standardizer, frame, rows, count, &inputs, NULL, error);
    if (status == TARE_OK)
        status = tare_standardizer_targets(standardizer, frame, rows, count, &targets, error);
    if (status == TARE_OK) status = tare_dataset_new(inputs, targets, dataset, error);
    tare_array_free(inputs);
    tare_array_free(targets);
    return status;
}

static tare_status load_rows(const int64_t *rows, const tare_dataset_options *options,
                             int64_t count, tare_dataset **dataset, tare_error *error) {
    tare_standardizer_options how = {TARE_STANDARDIZER_DEFAULTS};
    how.target = "price";
    how.log_target = true;
    tare_data_frame *frame = NULL;
    tare_standardizer *standardizer = NULL;
    tare_status status = tare_data_frame_houses(TRAINING_HOUSES + TEST_HOUSES,
                                                (uint64_t)options->seed, &frame, error);
    if (status == TARE_OK)
        status =
            tare_standardizer_fit_with(frame, rows, TRAINING_HOUSES, &how, &standardizer, error);
    if (status == TARE_OK)
        status = examples(frame, standardizer, rows + (options->test ? TRAINING_HOUSES : 0), count,
                          dataset, error);
    tare_standardizer_free(standardizer);
    tare_data_frame_free(frame);
    return status;
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    (void)location;
    const int64_t most = options->test ? TEST_HOUSES : TRAINING_HOUSES;
    const int64_t count = options->count == 0 || options->count > most ? most : options->count;
    const int64_t all = TRAINING_HOUSES + TEST_HOUSES;
    int64_t *rows = tare_allocate_array(NULL, all, sizeof *rows);
    if (rows == NULL) return tare_fail_memory(error);
    for (int64_t i = 0; i < all; i++) rows[i] = i;
    const tare_status status = load_rows(rows, options, count, dataset, error);
    tare_release(NULL, rows, (size_t)all * sizeof *rows);
    return status;
}

const tare_source tare_source_houses = {
    .name = "houses",
    .help = "2000 + 500 houses drawn from a seed: features, and the logarithm of the price",
    .load = load,
};
