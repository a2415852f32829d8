/* SPDX-License-Identifier: Apache-2.0 */
/* Examples from a .csv file with a header: one column holds the classes, all others are the inputs.
 */
#include "array/array.h"
#include "base/status.h"
#include "data/dataset.h"

#include <inttypes.h>
#include <math.h>

/* The column of labels, [n, 1] floats, as [n] whole numbers. */
static tare_status to_classes(const char *path, const tare_array *column, tare_array **labels,
                              tare_error *error) {
    if (tare_array_new(TARE_INT32, TARE_SHAPE(column->count), NULL, labels) != TARE_OK)
        return tare_fail_memory(error);
    for (int64_t i = 0; i < column->count; i++) {
        const double label = tare_array_number(column, i);
        if (!(label == floor(label)) || fabs(label) >= INT32_MAX)
            return tare_fail_file(
                error, TARE_ERROR_FORMAT, path,
                "the label of example %" PRId64 " (counted from 0) is no whole number", i);
        (void)tare_array_set_number(*labels, i, label); /* i is within */
    }
    return TARE_OK;
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    if (options->test)
        return tare_fail_file(error, TARE_ERROR_FORMAT, location,
                              "a .csv file holds training examples only");
    tare_csv_options of_labels = {TARE_CSV_DEFAULTS}, of_inputs = {TARE_CSV_DEFAULTS};
    of_labels.columns = options->label;
    of_labels.dtype = TARE_FLOAT64;
    of_inputs.except = options->label;

    tare_array *column = NULL, *labels = NULL, *inputs = NULL;
    tare_status status = tare_csv_read_with(location, &of_labels, &column, error);
    if (status == TARE_OK) status = to_classes(location, column, &labels, error);
    if (status == TARE_OK) status = tare_csv_read_with(location, &of_inputs, &inputs, error);
    if (status == TARE_OK) status = tare_dataset_new(inputs, labels, dataset, error);
    tare_array_free(column);
    tare_array_free(labels);
    tare_array_free(inputs);
    return status;
}

const tare_source tare_source_csv = {
    .name = ".csv",
    .help = "numbers under a header; the column 'label' (or --label) holds the classes",
    .load = load,
};
