/* SPDX-License-Identifier: Apache-2.0 */
/* Examples from an .npz file: x_train, y_train, x_test, y_test, as Keras keeps them, or x and y. */
#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"

static bool has(const tare_npz *npz, const char *name) {
    const char *member;
    for (size_t i = 0; (member = tare_npz_name(npz, i)) != NULL; i++)
        if (tare_same_text(member, name)) return true;
    return false;
}

/* The names of inputs and labels in this file; false when there are none for what is asked. */
static bool choose_names(const tare_npz *npz, bool test, const char *names[2]) {
    names[0] = test ? "x_test" : "x_train";
    names[1] = test ? "y_test" : "y_train";
    if (has(npz, names[0]) && has(npz, names[1])) return true;
    names[0] = "x";
    names[1] = "y";
    return !test && has(npz, "x") && has(npz, "y");
}

static tare_status read_pair(tare_npz *npz, const char *const names[2], tare_dataset **dataset,
                             tare_error *error) {
    tare_array *inputs = NULL, *labels = NULL;
    tare_status status = tare_npz_read(npz, names[0], &inputs, error);
    if (status == TARE_OK) status = tare_npz_read(npz, names[1], &labels, error);
    if (status == TARE_OK) status = tare_dataset_new(inputs, labels, dataset, error);
    tare_array_free(inputs);
    tare_array_free(labels);
    return status;
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    tare_npz *npz = NULL;
    TARE_TRY(tare_npz_open(location, &npz, error));
    const char *names[2];
    tare_status status;
    if (choose_names(npz, options->test, names)) {
        status = read_pair(npz, names, dataset, error);
    } else {
        status =
            tare_fail_file(error, TARE_ERROR_FORMAT, location,
                           options->test ? "there are no arrays x_test and y_test"
                                         : "there are neither x_train and y_train nor x and y");
    }
    tare_npz_close(npz);
    return status;
}

const tare_source tare_source_npz = {
    .name = ".npz",
    .help = "arrays x_train, y_train, x_test, y_test (or x and y)",
    .load = load,
};
