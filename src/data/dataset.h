/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a data set, and the interface of a source of data. */
#ifndef TARE_SRC_DATA_DATASET_H
#define TARE_SRC_DATA_DATASET_H

#include <tare/data.h>

struct tare_dataset {
    tare_array *inputs, *labels; /* a reference each; labels int32, or float32 targets */
    int64_t *rows;               /* [count] which row of the arrays example i is; NULL: row i */
    int64_t count;
    int64_t classes; /* greatest label + 1; 0: targets */
};

/* The row of the arrays that example i is; i within the count. */
int64_t tare_dataset_row(const tare_dataset *dataset, int64_t i);
/*
 * The same examples ordered by class, those of a class in their order. Takes count x classes
 * steps.
 * Errors  targets instead of classes.
 */
tare_status tare_dataset_by_class(const tare_dataset *dataset, tare_dataset **ordered,
                                  tare_error *error);
/* The number of elements of one row of an array with at least one dimension. */
int64_t tare_row_elements(const tare_array *array);

/* Where examples come from: one file each, and one line in source.c. */
typedef struct tare_source {
    const char *name; /* "fashion-mnist", or ".npz" for files that end so */
    const char *help;
    /* location: what the user named. */
    tare_status (*load)(const char *location, const tare_dataset_options *options,
                        tare_dataset **dataset, tare_error *error);
} tare_source;

extern const tare_source tare_source_fashion_mnist;
extern const tare_source tare_source_synthetic;
extern const tare_source tare_source_heatmap;
extern const tare_source tare_source_moving;
extern const tare_source tare_source_question;
extern const tare_source tare_source_houses;
extern const tare_source tare_source_npz;
extern const tare_source tare_source_csv;

#endif
