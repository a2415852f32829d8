/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads numbers from separated values: quotes and doubled quotes, line ends \n, \r\n and \r in any
 * mixture, missing values as NaN. A reader walks over the bytes field by field; a field is text in
 * a buffer of its own, so that quotes are taken out once.
 * Source  RFC 4180.
 */
#include "array/array.h"
#include "base/file.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "data/options.h"
#include <tare/data.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MOST_BYTES  ((int64_t)4 << 30)
#define MOST_FIELDS 1000000 /* in a row */
#define SHOWN_BYTES 40      /* of a field in a sentence */

/* What ended a field. */
typedef enum field_end { END_OF_FIELD, END_OF_ROW, END_OF_FILE } field_end;

typedef struct reader {
    const char *path;
    const tare_csv_options *options;
    const char *data;
    int64_t bytes, at;
    int64_t row;      /* from 1, the header counted */
    tare_text field;  /* the field just read */
    tare_map *names;  /* name of a column -> its place */
    tare_text header; /* names one after the other, each with its NUL */
    int64_t columns;  /* fields of every row */
    int64_t *targets; /* [columns] place among the wanted, -1: not wanted */
    int64_t wanted;
    TARE_VECTOR(double) numbers; /* [rows, wanted] */
    tare_error *error;
} reader;

/* ------------------------------------------------------------------------------------ fields */

static char byte_at(const reader *r, int64_t at) { return at < r->bytes ? r->data[at] : '\n'; }

/* Steps over a line end, if there is one. */
static bool skip_line_end(reader *r) {
    if (r->at >= r->bytes) return false;
    if (r->data[r->at] == '\n') {
        r->at++;
        return true;
    }
    if (r->data[r->at] != '\r') return false;
    r->at += r->at + 1 < r->bytes && r->data[r->at + 1] == '\n' ? 2 : 1;
    return true;
}

static bool ends_field(const reader *r, char byte) {
    return byte == r->options->separator[0] || byte == '\n' || byte == '\r';
}

/* Reads from behind the opening quote to behind the closing one. */
static tare_status read_quoted(reader *r, int64_t column) {
    const int64_t begin = r->row;
    for (r->at++; r->at < r->bytes; r->at++) {
        const char byte = r->data[r->at];
        if (byte != '"') {
            tare_text_add_bytes(&r->field, &byte, 1);
        } else if (byte_at(r, r->at + 1) == '"') {
            tare_text_add_bytes(&r->field, "\"", 1);
            r->at++;
        } else {
            r->at++;
            if (r->at >= r->bytes || ends_field(r, r->data[r->at])) return TARE_OK;
            return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path,
                                  "row %" PRId64 ", column %" PRId64
                                  ": there is text behind the closing quote",
                                  r->row, column + 1);
        }
    }
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path,
                          "row %" PRId64 ", column %" PRId64 ": the quote is never closed", begin,
                          column + 1);
}

/* Reads one field into r->field (without quotes) and steps behind what ends it. */
static tare_status read_field(reader *r, int64_t column, field_end *end) {
    r->field.length = 0;
    tare_text_add_bytes(&r->field, "", 0); /* so that there is a NUL */
    if (r->at < r->bytes && r->data[r->at] == '"') {
        TARE_TRY(read_quoted(r, column));
    } else {
        const int64_t begin = r->at;
        while (r->at < r->bytes && !ends_field(r, r->data[r->at])) r->at++;
        tare_text_add_bytes(&r->field, r->data + begin, (size_t)(r->at - begin));
    }
    if (r->field.failed) return tare_fail_memory(r->error);
    if (r->at >= r->bytes) {
        *end = END_OF_FILE;
    } else if (skip_line_end(r)) {
        *end = r->at >= r->bytes ? END_OF_FILE : END_OF_ROW;
    } else {
        r->at++;
        *end = END_OF_FIELD;
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ header */

static tare_status add_column(reader *r) {
    if (r->columns == MOST_FIELDS)
        return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path, "row 1 has more than %d fields",
                              MOST_FIELDS);
    char number[TARE_NUMBER_TEXT];
    const char *name = r->field.data;
    if (!r->options->header) name = tare_print(number, sizeof number, "%" PRId64, r->columns + 1);
    tare_text_add_bytes(&r->header, name, strlen(name) + 1);
    const bool known = tare_map_has(r->names, name); /* of equal names the first counts */
    if (r->header.failed || (!known && !tare_map_set(r->names, name, r->columns)))
        return tare_fail_memory(r->error);
    r->columns++;
    return TARE_OK;
}

/* Reads row 1 for its width, and its names when it is a header; otherwise columns are called 1, 2,
 * ... and the row is read again as numbers. */
static tare_status read_header(reader *r) {
    if (r->bytes >= 3 && memcmp(r->data, "\xEF\xBB\xBF", 3) == 0) r->at = 3; /* UTF-8's mark */
    const int64_t begin = r->at;
    if (begin >= r->bytes)
        return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path, "the file is empty");
    field_end end = END_OF_FIELD;
    r->row = 1;
    while (end == END_OF_FIELD) {
        TARE_TRY(read_field(r, r->columns, &end));
        TARE_TRY(add_column(r));
    }
    if (r->options->header) {
        r->row = 2;
    } else {
        r->at = begin;
    }
    return TARE_OK;
}

/* The name of a column, for sentences. */
static const char *column_name(const reader *r, int64_t column) {
    const char *name = r->header.data;
    while (column-- > 0) name += strlen(name) + 1;
    return name;
}

/* Marks one column as wanted, or as not. */
typedef tare_status (*mark_column)(reader *r, int64_t column);

static tare_status want_column(reader *r, int64_t column) {
    if (r->targets[column] >= 0)
        return tare_fail_file(r->error, TARE_ERROR_ARGUMENT, r->path,
                              "column '%.80s' is asked for twice", column_name(r, column));
    r->targets[column] = r->wanted++;
    return TARE_OK;
}

static tare_status leave_column(reader *r, int64_t column) {
    r->targets[column] = -1;
    return TARE_OK;
}

/* Marks each column of a list of names with commas between. */
static tare_status mark_columns(reader *r, const char *list, mark_column mark) {
    for (;;) {
        const char *comma = strchr(list, ',');
        const size_t length = comma == NULL ? strlen(list) : (size_t)(comma - list);
        r->field.length = 0;
        tare_text_add_bytes(&r->field, list, length);
        if (r->field.failed) return tare_fail_memory(r->error);
        const int64_t column = tare_map_get(r->names, r->field.data, -1);
        if (column < 0)
            return tare_fail_file(r->error, TARE_ERROR_NAME, r->path,
                                  "there is no column '%.80s'; the first one is '%.80s'",
                                  r->field.data, column_name(r, 0));
        TARE_TRY(mark(r, column));
        if (comma == NULL) return TARE_OK;
        list = comma + 1;
    }
}

static bool is_given(const char *text) { return text != NULL && *text != '\0'; }

/* Finds the columns to read and their order: those asked for, or all but those to be left out. */
static tare_status choose_columns(reader *r) {
    r->targets = tare_allocate_array(NULL, r->columns, sizeof *r->targets);
    if (r->targets == NULL) return tare_fail_memory(r->error);
    if (is_given(r->options->columns)) {
        for (int64_t i = 0; i < r->columns; i++) r->targets[i] = -1;
        return mark_columns(r, r->options->columns, want_column);
    }
    if (is_given(r->options->except)) TARE_TRY(mark_columns(r, r->options->except, leave_column));
    for (int64_t i = 0; i < r->columns; i++)
        if (r->targets[i] == 0) r->targets[i] = r->wanted++;
    if (r->wanted > 0) return TARE_OK;
    return tare_fail_file(r->error, TARE_ERROR_ARGUMENT, r->path, "no column is left to read");
}

/* -------------------------------------------------------------------------------------- rows */

static const char *skip_spaces(const char *text) {
    while (*text == ' ' || *text == '\t') text++;
    return text;
}

/* The field as a number; NaN when it is empty or the word for missing. */
static tare_status field_number(const reader *r, int64_t column, double *number) {
    const char *text = skip_spaces(r->field.data);
    *number = (double)NAN;
    if (*text == '\0' || (r->options->missing != NULL && tare_same_text(text, r->options->missing)))
        return TARE_OK;
    const bool whole = strlen(r->field.data) == r->field.length; /* no NUL inside */
    const char *cursor = text;
    if (whole && tare_parse_double(&cursor, number) && *skip_spaces(cursor) == '\0') return TARE_OK;
    const char *more = strlen(text) > SHOWN_BYTES ? "..." : "";
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path,
                          "row %" PRId64 ", column %" PRId64
                          " ('%.40s'): got '%.*s%s'; needs a number (name the columns to read to "
                          "leave this one out)",
                          r->row, column + 1, column_name(r, column), SHOWN_BYTES, text, more);
}

static tare_status refuse_width(const reader *r, int64_t fields, const char *more) {
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path,
                          "row %" PRId64 " has %s%" PRId64 " fields, row 1 has %" PRId64
                          ": the rows differ at column %" PRId64,
                          r->row, more, fields, r->columns,
                          (fields < r->columns ? fields : r->columns) + 1);
}

/* Reads one row into the next r->wanted numbers. */
static tare_status read_row(reader *r, field_end *end) {
    if (!tare_vector_reserve(NULL, &r->numbers, r->wanted)) return tare_fail_memory(r->error);
    double *into = r->numbers.items + r->numbers.count;
    int64_t fields = 0;
    for (*end = END_OF_FIELD; *end == END_OF_FIELD; fields++) {
        if (fields == r->columns) return refuse_width(r, fields, "more than ");
        TARE_TRY(read_field(r, fields, end));
        double number;
        if (r->targets[fields] < 0) continue;
        TARE_TRY(field_number(r, fields, &number));
        into[r->targets[fields]] = number;
    }
    if (fields < r->columns) return refuse_width(r, fields, "");
    r->numbers.count += r->wanted;
    return TARE_OK;
}

static tare_status read_rows(reader *r) {
    field_end end = END_OF_ROW;
    while (r->at < r->bytes && end != END_OF_FILE) {
        /* A line without a byte is no row, unless rows are of one field. */
        if (r->columns > 1 && skip_line_end(r)) {
            r->row++;
            continue;
        }
        TARE_TRY(read_row(r, &end));
        r->row++;
    }
    if (r->numbers.count == 0)
        return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path, "there are no rows of numbers");
    return TARE_OK;
}

static tare_status make_array(const reader *r, tare_array **array) {
    const tare_shape shape = TARE_SHAPE(r->numbers.count / r->wanted, r->wanted);
    if (tare_array_new(r->options->dtype, shape, NULL, array) != TARE_OK)
        return tare_fail_memory(r->error);
    for (int64_t i = 0; i < r->numbers.count; i++)
        (void)tare_array_set_number(*array, i, r->numbers.items[i]); /* i is within the array */
    return TARE_OK;
}

static tare_status read_table(reader *r, tare_array **array) {
    r->names = tare_map_new(NULL);
    if (r->names == NULL) return tare_fail_memory(r->error);
    TARE_TRY(read_header(r));
    TARE_TRY(choose_columns(r));
    TARE_TRY(read_rows(r));
    return make_array(r, array);
}

static tare_status check_options(const tare_csv_options *options, tare_error *error) {
    if (options->separator == NULL || strlen(options->separator) != 1 ||
        strchr("\"\r\n", options->separator[0]) != NULL)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "csv_read", "separator",
                            options->separator == NULL ? "nothing" : options->separator,
                            "one character that is neither quote nor line end");
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
    char *data = NULL;
    int64_t bytes = 0;
    TARE_TRY(tare_file_read_inflated(path, MOST_BYTES, NULL, &data, &bytes, error));

    reader r = {.path = path, .options = &all, .data = data, .bytes = bytes, .error = error};
    const tare_status status = read_table(&r, array);
    tare_vector_free(NULL, &r.numbers);
    if (r.targets != NULL) tare_release(NULL, r.targets, (size_t)r.columns * sizeof *r.targets);
    tare_map_free(r.names);
    tare_text_clear(&r.header);
    tare_text_clear(&r.field);
    tare_release(NULL, data, (size_t)bytes + 1);
    return status;
}
