/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over a file of separated values row by row and field by field. */
#include "data/csv_reader.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_BYTES 40 /* of a field in a sentence */

/* What ended a field. */
typedef enum field_end { END_OF_FIELD, END_OF_ROW, END_OF_FILE } field_end;

tare_status tare_csv_check_separator(const char *op, const char *separator, tare_error *error) {
    if (separator != NULL && strlen(separator) == 1 && strchr("\"\r\n", separator[0]) == NULL)
        return TARE_OK;
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, op, "separator",
                        separator == NULL ? "nothing" : separator,
                        "one character that is neither quote nor line end");
}

tare_status tare_csv_open(tare_csv_reader *r, const char *path, int64_t most_bytes) {
    r->path = path;
    TARE_TRY(tare_file_read_inflated(path, most_bytes, NULL, &r->data, &r->bytes, r->error));
    r->names = tare_map_new(NULL);
    return r->names == NULL ? tare_fail_memory(r->error) : TARE_OK;
}

void tare_csv_close(tare_csv_reader *r) {
    if (r->data != NULL) tare_release(NULL, r->data, (size_t)r->bytes + 1);
    tare_map_free(r->names);
    tare_text_clear(&r->header);
    tare_text_clear(&r->field);
}

/* ------------------------------------------------------------------------------------ fields */

static char byte_at(const tare_csv_reader *r, int64_t at) {
    return at < r->bytes ? r->data[at] : '\n';
}

/* Steps over a line end, if there is one. */
static bool skip_line_end(tare_csv_reader *r) {
    if (r->at >= r->bytes) return false;
    if (r->data[r->at] == '\n') {
        r->at++;
        return true;
    }
    if (r->data[r->at] != '\r') return false;
    r->at += r->at + 1 < r->bytes && r->data[r->at + 1] == '\n' ? 2 : 1;
    return true;
}

static bool ends_field(const tare_csv_reader *r, char byte) {
    return byte == r->separator || byte == '\n' || byte == '\r';
}

/* Reads from behind the opening quote to behind the closing one. */
static tare_status read_quoted(tare_csv_reader *r, int64_t column) {
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
static tare_status read_field(tare_csv_reader *r, int64_t column, field_end *end) {
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

static tare_status add_column(tare_csv_reader *r, bool header) {
    if (r->columns == TARE_CSV_MOST_FIELDS)
        return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path, "row 1 has more than %d fields",
                              TARE_CSV_MOST_FIELDS);
    char number[TARE_NUMBER_TEXT];
    const char *name = r->field.data;
    if (!header) name = tare_print(number, sizeof number, "%" PRId64, r->columns + 1);
    tare_text_add_bytes(&r->header, name, strlen(name) + 1);
    const bool known = tare_map_has(r->names, name);
    if (r->header.failed || (!known && !tare_map_set(r->names, name, r->columns)))
        return tare_fail_memory(r->error);
    r->columns++;
    return TARE_OK;
}

tare_status tare_csv_read_header(tare_csv_reader *r, bool header) {
    if (r->bytes >= 3 && memcmp(r->data, "\xEF\xBB\xBF", 3) == 0) r->at = 3; /* UTF-8's mark */
    const int64_t begin = r->at;
    if (begin >= r->bytes)
        return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path, "the file is empty");
    field_end end = END_OF_FIELD;
    r->row = 1;
    while (end == END_OF_FIELD) {
        TARE_TRY(read_field(r, r->columns, &end));
        TARE_TRY(add_column(r, header));
    }
    if (header) {
        r->row = 2;
    } else {
        r->at = begin;
    }
    return TARE_OK;
}

const char *tare_csv_column_name(const tare_csv_reader *r, int64_t column) {
    const char *name = r->header.data;
    while (column-- > 0) name += strlen(name) + 1;
    return name;
}

tare_status tare_csv_visit_named(tare_csv_reader *r, const char *list, tare_csv_visit visit,
                                 void *user) {
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
                                  r->field.data, tare_csv_column_name(r, 0));
        TARE_TRY(visit(user, column));
        if (comma == NULL) return TARE_OK;
        list = comma + 1;
    }
}

/* -------------------------------------------------------------------------------------- rows */

static tare_status refuse_width(const tare_csv_reader *r, int64_t fields, const char *more) {
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path,
                          "row %" PRId64 " has %s%" PRId64 " fields, row 1 has %" PRId64
                          ": the rows differ at column %" PRId64,
                          r->row, more, fields, r->columns,
                          (fields < r->columns ? fields : r->columns) + 1);
}

tare_status tare_csv_read_row(tare_csv_reader *r, tare_csv_visit take, void *user, bool *found) {
    /* A line without a byte is no row, unless rows are of one field. */
    while (r->columns > 1 && skip_line_end(r)) r->row++;
    *found = r->at < r->bytes;
    if (!*found) return TARE_OK;
    int64_t fields = 0;
    for (field_end end = END_OF_FIELD; end == END_OF_FIELD; fields++) {
        if (fields == r->columns) return refuse_width(r, fields, "more than ");
        TARE_TRY(read_field(r, fields, &end));
        TARE_TRY(take(user, fields));
    }
    if (fields < r->columns) return refuse_width(r, fields, "");
    r->row++;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ meaning */

static const char *skip_blanks(const char *text) {
    while (*text == ' ' || *text == '\t') text++;
    return text;
}

bool tare_csv_is_missing(const char *text, const char *missing) {
    text = skip_blanks(text);
    return *text == '\0' || (missing != NULL && tare_same_text(text, missing));
}

bool tare_csv_number(const char *text, double *number) {
    const char *cursor = skip_blanks(text);
    return tare_parse_double(&cursor, number) && *skip_blanks(cursor) == '\0';
}

tare_status tare_csv_refuse_field(const tare_csv_reader *r, int64_t column, const char *need) {
    const char *text = skip_blanks(r->field.data);
    const char *more = strlen(text) > SHOWN_BYTES ? "..." : "";
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path,
                          "row %" PRId64 ", column %" PRId64 " ('%.40s'): got '%.*s%s'; needs %s",
                          r->row, column + 1, tare_csv_column_name(r, column), SHOWN_BYTES, text,
                          more, need);
}
