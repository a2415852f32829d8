/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fashion-MNIST from its four idx files: 60000 training and 10000 test images of 28 x 28 pixels in
 * ten classes of clothes.
 * Source  Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747; Debian's package dataset-fashion-mnist.
 */
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"

#include <string.h>

#define PATH_BYTES 4096

/* The path of one of the files, gzipped or not; false when neither is there (path is then the
 * gzipped one's). */
static bool find_file(const char *folder, const char *name, char path[PATH_BYTES]) {
    tare_print(path, PATH_BYTES, "%s/%s", folder, name);
    if (tare_file_exists(path)) return true;
    tare_print(path, PATH_BYTES, "%s/%s.gz", folder, name);
    return tare_file_exists(path);
}

static tare_status refuse_absent(const char *path, tare_error *error) {
    return tare_fail_file(error, TARE_ERROR_FILE, path,
                          "Fashion-MNIST is not there: install it with 'apt-get install "
                          "dataset-fashion-mnist', or name the folder of its four idx files, or "
                          "train on 'synthetic'");
}

static tare_status read_part(const char *folder, const char *name, tare_array **array,
                             tare_error *error) {
    char path[PATH_BYTES];
    if (!find_file(folder, name, path)) return refuse_absent(path, error);
    return tare_idx_read(path, array, error);
}

static tare_status load(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error) {
    (void)location;
    const char *folder = options->folder == NULL ? TARE_FASHION_MNIST_FOLDER : options->folder;
    if (strlen(folder) > PATH_BYTES - 64)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "the folder's name is longer than a path may be");
    tare_array *images = NULL, *labels = NULL;
    tare_status status =
        read_part(folder, options->test ? "t10k-images-idx3-ubyte" : "train-images-idx3-ubyte",
                  &images, error);
    if (status == TARE_OK)
        status =
            read_part(folder, options->test ? "t10k-labels-idx1-ubyte" : "train-labels-idx1-ubyte",
                      &labels, error);
    if (status == TARE_OK) status = tare_dataset_new(images, labels, dataset, error);
    tare_array_free(images);
    tare_array_free(labels);
    return status;
}

const tare_source tare_source_fashion_mnist = {
    .name = "fashion-mnist",
    .help = "60000 + 10000 images of clothes, 28 x 28, 10 classes; Debian's dataset-fashion-mnist",
    .load = load,
};
