/* SPDX-License-Identifier: Apache-2.0 */
/* Examples that are to be answered: arrays in files, or a data set by name. */
#ifndef TARE_SRC_CLI_EXAMPLES_H
#define TARE_SRC_CLI_EXAMPLES_H

#include <tare/data.h>

/* A data set of inputs whose labels are zeros. */
tare_status tare_examples_of(tare_array *inputs, tare_dataset **dataset, tare_error *error);

/* The array of a file (.npy, the x or x_test of an .npz, idx), or the test examples of a data set.
 * folder: of Fashion-MNIST's files; NULL: the usual one. */
tare_status tare_examples_load(const char *data, const char *folder, tare_dataset **dataset,
                               tare_error *error);

#endif
