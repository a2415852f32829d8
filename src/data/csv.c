/* SPDX-License-Identifier: Apache-2.0 */
/* Reads numbers from separated values, missing ones as NaN. */
#include "array/array.h"
#include "base/memory.h"
#include "base/status.h"
#include "data/csv_reader.h"
#include "data/options.h"

#include <math.h>
#include <string.h>

#define MOST_BYTES ((int64_t)4 << 30)

typedef struct reader {
    tare_csv_reader csv;
    const tare_csv_options *options;
    int64_t *targets; /* [columns] place among the wanted, -1: not wanted */
    int64_t wanted;
    TARE_VECTOR(double) numbers; /* [rows, wanted] */
} reader;

/* ----------------------------------------------------------------------------------- columns */

static tare_status want_column(void *user, int64_t column) {
    reader *r = user;
    if (r->targets[column] >= 0)
        return tare_fail_file(r->csv.error, TARE_ERROR_ARGUMENT, r->csv.path,
                              "column '%.80s' is asked for twice",
                              tare_csv_column_name(&r->csv, column));
    r->targets[column] = r->wanted++;
    return TARE_OK;
}

static tare_status leave_column(void *user, int64_t column) {
    reader *r = user;
    r->targets[column] = -1;
    return TARE_OK;
}

static bool is_given(const char *text) { return text != NULL && *text != '\0'; }

/* Finds the columns to read and their order: those asked for, or all but those to be left out. */
static tare_status choose_columns(reader *r) {
    tare_csv_reader *csv = &r->csv;
    r->targets = tare_allocate_array(NULL, csv->columns, sizeof *r->targets);
    if (r->targets == NULL) return tare_fail_memory(csv->error);
    if (is_given(r->options->columns)) {
        for (int64_t i = 0; i < csv->columns; i++) r->targets[i] = -1;
        return tare_csv_visit_named(csv, r->options->columns, want_column, r);
    }
    if (is_given(r->options->except))
        TARE_TRY(tare_csv_visit_named(csv, r->options->except, leave_column, r));
    for (int64_t i = 0; i < csv->columns; i++)
        if (r->targets[i] == 0) r->targets[i] = r->wanted++;
    if (r->wanted > 0) return TARE_OK;
    return tare_fail_file(csv->error, TARE_ERROR_ARGUMENT, csv->path, "no column is left to read");
}

/* -------------------------------------------------------------------------------------- rows */

/* Puts the field just read into its place in the row that is being read. */
static tare_status take_field(void *user, int64_t column) {
    reader *r = user;
    if (r->targets[column] < 0) return TARE_OK;
    double *number = r->numbers.items + r->numbers.count + r->targets[column];
    *number = (double)NAN;
    const tare_text *field = &r->csv.field;
    if (tare_csv_is_missing(field->data, r->csv.missing)) return TARE_OK;
    const bool whole = strlen(field->data) == field->length; /* no NUL inside */
    if (whole && tare_csv_number(field->data, number)) return TARE_OK;
    return tare_csv_refuse_field(&r->csv, column,
                                 "a number (name the columns to read to leave this one out)");
}

static tare_status read_rows(reader *r) {
    for (bool found = true; found;) {
        if (!tare_vector_reserve(NULL, &r->numbers, r->wanted))
            return tare_fail_memory(r->csv.error);
        TARE_TRY(tare_csv_read_row(&r->csv, take_field, r, &found));
        if (found) r->numbers.count += r->wanted;
    }
    if (r->numbers.count > 0) return TARE_OK;
    return tare_fail_file(r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
                          "there are no rows of numbers");
}

static tare_status make_array(const reader *r, tare_array **array) {
    const tare_shape shape = TARE_SHAPE(r->numbers.count / r->wanted, r->wanted);
    if (tare_array_new(r->options->dtype, shape, NULL, array) != TARE_OK)
        return tare_fail_memory(r->csv.error);
    for (int64_t i = 0; i < r->numbers.count; i++)
        (void)tare_array_set_number(*array, i, r->numbers.items[i]); /* i is within the array */
    return TARE_OK;
}

static tare_status read_table(reader *r, const char *path, tare_array **array) {
    TARE_TRY(tare_csv_open(&r->csv, path, MOST_BYTES));
    TARE_TRY(tare_csv_read_header(&r->csv, r->options->header));
    TARE_TRY(choose_columns(r));
    TARE_TRY(read_rows(r));
    return make_array(r, array);
}

static tare_status check_options(const tare_csv_options *options, tare_error *error) {
    TARE_TRY(tare_csv_check_separator("csv_read", options->separator, error));
    if (options->dtype != TARE_FLOAT32 && options->dtype != TARE_FLOAT64)
        return tare_fail_at(error, TARE_ERROR_TYPE, "csv_read", "dtype",
                            tare_dtype_name(options->dtype), "float32 or float64");
    if (is_given(options->columns) && is_given(options->except))
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "csv_read", NULL, "columns and except",
                            "one of the two");
    return TARE_OK;
}

tare_status tare_csv_read_with(const char *path, const tare_csv_options *options,
                               tare_array **array, tare_error *error) {
    if (array != NULL) *array = NULL;
    if (path == NULL || array == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "csv_read needs a path and a place for the array");
    tare_csv_options all;
    tare_options_adopt(&tare_csv_table, options, &all);
    TARE_TRY(check_options(&all, error));
    reader r = {.csv = {.separator = all.separator[0], .missing = all.missing, .error = error},
                .options = &all};
    const tare_status status = read_table(&r, path, array);
    tare_vector_free(NULL, &r.numbers);
    if (r.targets != NULL) tare_release(NULL, r.targets, (size_t)r.csv.columns * sizeof *r.targets);
    tare_csv_close(&r.csv);
    return status;
}
