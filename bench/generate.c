/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data set `synthetic` as four idx files, which every program of the benchmark reads.
 *
 *     0 0 8 rank, then each extent (4 bytes, most significant first), then the bytes
 *
 * Source  the format of MNIST's files: LeCun, Cortes and Burges, "The MNIST database".
 */
#include "generate.h"

#include <stdio.h>
#include <tare/tare.h>

enum { MOST_RANK = 3, UNSIGNED_BYTES = 8, PATH_BYTES = 1024 };

static tare_status fail(tare_error *error, const char *path) {
    error->status = TARE_ERROR_FILE;
    snprintf(error->message, sizeof error->message, "%.500s cannot be written", path);
    return error->status;
}

static bool write_head(FILE *file, const int64_t *extents, int rank) {
    unsigned char head[4 + 4 * MOST_RANK] = {0, 0, UNSIGNED_BYTES, (unsigned char)rank};
    const size_t bytes = 4 + 4 * (size_t)rank;
    for (size_t i = 4; i < bytes; i++)
        head[i] = (unsigned char)(extents[i / 4 - 1] >> (24 - 8 * (i % 4)));
    return fwrite(head, 1, bytes, file) == bytes;
}

/* All images of the data set: its inputs are bytes already, handed out as floats. */
static bool write_images(FILE *file, const tare_dataset *dataset, tare_batches *batches) {
    const tare_shape image = tare_dataset_input_shape(dataset);
    const int64_t extents[] = {tare_dataset_count(dataset), image.extents[0], image.extents[1]};
    bool good = write_head(file, extents, 3);
    for (int64_t i = 0; good && i < tare_batches_count(batches); i++) {
        tare_batch batch;
        if (tare_batches_get(batches, 0, i, &batch) != TARE_OK) return false;
        const float *pixels = tare_array_const_data(batch.inputs);
        const int64_t count = batch.count * extents[1] * extents[2];
        for (int64_t k = 0; good && k < count; k++) good = fputc((int)pixels[k], file) != EOF;
    }
    return good;
}

static bool write_labels(FILE *file, const tare_dataset *dataset, tare_batches *batches) {
    const int64_t count = tare_dataset_count(dataset);
    bool good = write_head(file, &count, 1);
    (void)batches;
    for (int64_t i = 0; good && i < count; i++)
        good = fputc((int)tare_dataset_label(dataset, i), file) != EOF;
    return good;
}

static tare_status write_file(const char *folder, const char *name, const tare_dataset *dataset,
                              tare_batches *batches,
                              bool write(FILE *, const tare_dataset *, tare_batches *),
                              tare_error *error) {
    char path[PATH_BYTES];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path) return fail(error, folder);
    FILE *file = fopen(path, "wb");
    if (file == NULL) return fail(error, path);
    const bool good = write(file, dataset, batches);
    return fclose(file) == 0 && good ? TARE_OK : fail(error, path);
}

static tare_status generate(const char *folder, bool test, tare_error *error) {
    tare_dataset *dataset = NULL;
    tare_batches *batches = NULL;
    tare_status status = tare_dataset_load("synthetic", &dataset, error, .test = test);
    if (status == TARE_OK)
        status = tare_batches_new(dataset, &batches, error, .batch = 100, .shuffle = false,
                                  .divisor = 1);
    if (status == TARE_OK)
        status = write_file(folder, test ? "t10k-images-idx3-ubyte" : "train-images-idx3-ubyte",
                            dataset, batches, write_images, error);
    if (status == TARE_OK)
        status = write_file(folder, test ? "t10k-labels-idx1-ubyte" : "train-labels-idx1-ubyte",
                            dataset, batches, write_labels, error);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
    return status;
}

tare_status bench_generate_images(const char *folder, tare_error *error) {
    const tare_status status = generate(folder, false, error);
    return status == TARE_OK ? generate(folder, true, error) : status;
}
