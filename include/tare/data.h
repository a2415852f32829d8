/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Data: files of examples, data sets, shuffling and batches.
 *
 * A data set is inputs and labels with the same first extent. Batches are a pure function of
 * (data set, options, epoch, number of the batch): nothing is hidden between two calls, so
 * training goes on from any place with the same numbers. Every reader checks sizes before it
 * allocates, and answers foreign, cut or empty files with one sentence that names the file and
 * the place.
 */
#ifndef TARE_DATA_H
#define TARE_DATA_H

#include <tare/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------ readers */

/**
 * Reads an idx file (the format of MNIST), plain or gzipped. int16 becomes int32; int8, uint8,
 * int32, float32 and float64 stay.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_FORMAT: magic number, number of dimensions, extents that
 *         overflow or do not agree with the length of the data; TARE_ERROR_UNSUPPORTED: gzipped,
 *         without zlib. *array is NULL then.
 */
TARE_API tare_status tare_idx_read(const char *path, tare_array **array, tare_error *error);

/* clang-format off */
#define TARE_CSV_FIELDS(field)                                                                    \
    field(boolean, header, true, "the first row holds the names of the columns")                  \
    field(text, separator, ",", "one character between fields")                                   \
    field(text, columns, NULL,                                                                    \
          "names of the columns to read, separated by commas; none given: all")                   \
    field(text, except, NULL, "names of columns to leave out, separated by commas")               \
    field(text, missing, "NA", "a word that means missing, beside the empty field")               \
    field(dtype, dtype, TARE_FLOAT32, "float32 or float64")
/* clang-format on */
TARE_OPTIONS(tare_csv_options, TARE_CSV_FIELDS);
#define TARE_CSV_DEFAULTS TARE_DEFAULTS(tare_csv_options, TARE_CSV_FIELDS)

/**
 * Reads numbers from a file of separated values (RFC 4180: quotes, doubled quotes; line ends \n,
 * \r\n or \r, mixed), plain or gzipped. *array is [rows, columns]; a missing value is NaN.
 * Columns that are not asked for may hold text.
 * Errors  TARE_ERROR_FORMAT: a row with more or fewer fields than the first, text where a number
 *         should be, an open quote (with row and column); no rows; TARE_ERROR_NAME: an unknown
 *         column.
 */
TARE_API tare_status tare_csv_read_with(const char *path, const tare_csv_options *options,
                                        tare_array **array, tare_error *error);
#define tare_csv_read(...) tare_csv_read_(__VA_ARGS__, .reserved = 0)
#define tare_csv_read_(path, array, error, ...)                                                    \
    TARE_KW(tare_csv_read_with(path, &(tare_csv_options){TARE_CSV_DEFAULTS, __VA_ARGS__}, array,   \
                               error))

/* ----------------------------------------------------------------------------------- data sets */

/**
 * Examples: inputs [n, ...] and labels [n] or targets [n, ...]. Immutable; owned by the caller;
 * parts of it keep it alive.
 */
typedef struct tare_dataset tare_dataset;

/**
 * A data set of two arrays, which it retains. inputs: uint8, float32 or float64. labels: whole
 * numbers (classes, at least 0; kept as int32) or floats (targets).
 * Errors  no examples; different numbers of examples; NaN or infinity among floats, with example
 *         and element; a negative label.
 */
TARE_API tare_status tare_dataset_new(tare_array *inputs, tare_array *labels,
                                      tare_dataset **dataset, tare_error *error);
/** NULL allowed. */
TARE_API void tare_dataset_free(tare_dataset *dataset);
/** Number of examples. */
TARE_API int64_t tare_dataset_count(const tare_dataset *dataset);
/** Shape of one example's input: [28, 28]. */
TARE_API tare_shape tare_dataset_input_shape(const tare_dataset *dataset);
/** Greatest label + 1; 0 when the labels are targets. */
TARE_API int64_t tare_dataset_classes(const tare_dataset *dataset);
/** The label of example i, -1 when there is none or labels are targets. */
TARE_API int64_t tare_dataset_label(const tare_dataset *dataset, int64_t i);

/** Examples first .. first + count - 1 as a data set that shares the numbers. */
TARE_API tare_status tare_dataset_part(const tare_dataset *dataset, int64_t first, int64_t count,
                                       tare_dataset **part, tare_error *error);
/** Splits at random, the same way for the same seed: so many go to *held, the others to *rest. */
TARE_API tare_status tare_dataset_split(const tare_dataset *dataset, int64_t held_back,
                                        uint64_t seed, tare_dataset **rest, tare_dataset **held,
                                        tare_error *error);

/** Where Debian's package dataset-fashion-mnist puts its files. */
#define TARE_FASHION_MNIST_FOLDER "/usr/share/datasets/fashion-mnist"

/* clang-format off */
#define TARE_DATASET_FIELDS(field)                                                                \
    field(boolean, test, false, "the test examples instead of the training examples")             \
    field(text, folder, NULL, "where the files are; none given: " TARE_FASHION_MNIST_FOLDER)      \
    field(integer, count, 0,                                                                      \
          "examples to draw; 0: as many as the data set has for training or test")                \
    field(integer, size, 0, "side of the images that heatmap draws; 0: 64")                       \
    field(integer, seed, 0, "seed of what is drawn")                                              \
    field(text, label, "label", "column of a .csv file that holds the labels")
/* clang-format on */
TARE_OPTIONS(tare_dataset_options, TARE_DATASET_FIELDS);
#define TARE_DATASET_DEFAULTS TARE_DEFAULTS(tare_dataset_options, TARE_DATASET_FIELDS)

/**
 * A data set by name:
 *   fashion-mnist  60000 + 10000 images of 28 x 28 pixels, 10 classes; four idx files in one
 *                  folder, .gz or not. Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747
 *   synthetic      ten classes of 28 x 28 pixels drawn here from the seed, needing no file
 *   heatmap        images with one target among three distractors, and heat-maps of where it is,
 *                  .005 to .01 high; drawn from the seed
 *   moving         videos of a spot on a circle, 8 frames of 16 x 16; four classes that differ in
 *                  motion and in nothing else; drawn from the seed
 *   question       the two examples of the zoo's network of that name: x = {0, 1}, y = {3, 4}
 *   FILE.npz       x_train, y_train, x_test, y_test (or x and y, training examples only)
 *   FILE.csv       numbers with a header; one column holds the labels (training examples only)
 * Errors  TARE_ERROR_NAME: no such data set (the nearest name is told); what the files' readers
 *         say; TARE_ERROR_FILE: Fashion-MNIST is not installed (and how to get it).
 */
TARE_API tare_status tare_dataset_load_with(const char *name, const tare_dataset_options *options,
                                            tare_dataset **dataset, tare_error *error);
#define tare_dataset_load(...) tare_dataset_load_(__VA_ARGS__, .reserved = 0)
#define tare_dataset_load_(name, dataset, error, ...)                                              \
    TARE_KW(tare_dataset_load_with(                                                                \
        name, &(tare_dataset_options){TARE_DATASET_DEFAULTS, __VA_ARGS__}, dataset, error))
/** Name i of the data sets known, and what it is; NULL beyond the last. */
TARE_API const char *tare_dataset_name(size_t i);
TARE_API const char *tare_dataset_help(size_t i);

/* ------------------------------------------------------------------------------------- batches */

/** What becomes of the examples left over when the count is no multiple of the batch. */
typedef enum tare_last_batch {
    TARE_LAST_KEEP = 0, /* a shorter batch */
    TARE_LAST_DROP = 1, /* left out in this epoch */
    TARE_LAST_WRAP = 2  /* filled up with the first examples of the same epoch */
} tare_last_batch;
#define TARE_LAST_BATCH_WORDS "keep,drop,wrap"

/* clang-format off */
#define TARE_BATCHES_FIELDS(field)                                                                \
    field(integer, batch, 128, "examples in a batch")                                             \
    field(choice, last, TARE_LAST_KEEP, "the last, short batch: keep, drop or wrap")              \
    field(boolean, shuffle, true, "another order in every epoch")                                 \
    field(integer, seed, 0, "seed of the orders")                                                 \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")                 \
    field(shape, input_shape, TARE_ANY_SHAPE,                                                     \
          "shape given to one input; unknown: the data set's own")
/* clang-format on */
TARE_OPTIONS(tare_batches_options, TARE_BATCHES_FIELDS);
#define TARE_BATCHES_DEFAULTS TARE_DEFAULTS(tare_batches_options, TARE_BATCHES_FIELDS)

/** Cuts a data set into batches of float32. Owned by the caller; the data set must outlive it. */
typedef struct tare_batches tare_batches;

/** A batch: arrays of the tare_batches', valid until its next get. */
typedef struct tare_batch {
    int64_t count;      /* examples, those wrapped in counted */
    tare_array *inputs; /* float32 [count, ...] */
    tare_array *labels; /* int32 [count], or float32 [count, ...] for targets */
} tare_batch;

/**
 * Errors  batch < 1; drop with fewer examples than a batch; an input_shape of another size; a
 *         divisor that is not finite.
 */
TARE_API tare_status tare_batches_new_with(const tare_dataset *dataset,
                                           const tare_batches_options *options,
                                           tare_batches **batches, tare_error *error);
#define tare_batches_new(...) tare_batches_new_(__VA_ARGS__, .reserved = 0)
#define tare_batches_new_(dataset, batches, error, ...)                                            \
    TARE_KW(tare_batches_new_with(                                                                 \
        dataset, &(tare_batches_options){TARE_BATCHES_DEFAULTS, __VA_ARGS__}, batches, error))
TARE_API void tare_batches_free(tare_batches *batches);
/** Batches in an epoch. */
TARE_API int64_t tare_batches_count(const tare_batches *batches);
/**
 * Batch number i of that epoch (both from 0). The order of an epoch depends on seed and epoch
 * alone. Nothing is allocated.
 */
TARE_API tare_status tare_batches_get(tare_batches *batches, int64_t epoch, int64_t i,
                                      tare_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
