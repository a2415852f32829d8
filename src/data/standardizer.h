/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a standardiser: what was learned of each column. */
#ifndef TARE_SRC_DATA_STANDARDIZER_H
#define TARE_SRC_DATA_STANDARDIZER_H

#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/data_frame.h"

#define TARE_MOST_FEATURES 65536

typedef struct tare_standardizer_column {
    const char *name;
    double mean, deviation;  /* of numbers */
    const char **categories; /* [count] in the order of their bytes; NULL: a column of numbers */
    int64_t first, count;    /* its features: 1 for numbers */
} tare_standardizer_column;

struct tare_standardizer {
    tare_arena *arena; /* texts and lists */
    TARE_VECTOR(tare_standardizer_column) columns;
    tare_map *places; /* "COLUMN:CATEGORY" -> feature */
    int64_t features;
    bool scale;
    const char *target; /* NULL: none */
    bool log_target;
    double target_mean, target_deviation;
};

/* One without columns; NULL: no memory. */
tare_standardizer *tare_standardizer_new(void);
/* Adds a column; its texts are copied. TARE_ERROR_ARGUMENT: too many features. */
tare_status tare_standardizer_add_numbers(tare_standardizer *standardizer, const char *name,
                                          double mean, double deviation, tare_error *error);
tare_status tare_standardizer_add_names(tare_standardizer *standardizer, const char *name,
                                        const char *const *categories, int64_t count,
                                        tare_error *error);
/* The feature of a category, "" for missing; -1: unknown. key: a text to write in, NULL'd at first;
 * failed when memory ran out. */
int64_t tare_standardizer_place(const tare_standardizer *standardizer, int64_t column,
                                const char *category, tare_text *key);

/* The target of a row as it is learned, before it is standardised: a number, or its logarithm. */
tare_status tare_standardizer_target_number(const tare_standardizer *standardizer,
                                            const tare_data_frame *frame, int64_t row,
                                            int64_t column, double *number, tare_error *error);

/* Which rows: row i of `count` is rows[i], or i. */
typedef struct tare_row_choice {
    const int64_t *rows; /* NULL: all */
    int64_t count;
} tare_row_choice;
/* Checked against the frame; rows NULL: all of them. */
tare_status tare_choose_rows(const char *op, const tare_data_frame *frame, const int64_t *rows,
                             int64_t count, tare_row_choice *choice, tare_error *error);
static inline int64_t tare_chosen_row(const tare_row_choice *choice, int64_t i) {
    return choice->rows == NULL ? i : choice->rows[i];
}

#endif
