/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a data frame from separated values. */
#include "base/status.h"
#include "data/csv_reader.h"
#include "data/data_frame.h"
#include "data/options.h"

#include <inttypes.h>
#include <string.h>

#define MOST_BYTES (((int64_t)4 << 30) - 2) /* offsets into the pool have 32 bits */

typedef struct reader {
    tare_csv_reader csv;
    tare_data_frame *frame;
} reader;

/* A number in place of a name means that the names are missing; of equal names none could be told
 * from the other. */
static tare_status check_name(const reader *r, const char *name, int64_t column) {
    double number;
    if (tare_csv_number(name, &number))
        return tare_fail_file(
            r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
            "row 1, column %" PRId64
            ": got '%.40s'; needs the name of the column (is the header missing?)",
            column + 1, name);
    if (!tare_is_utf8(name, strlen(name)))
        return tare_fail_file(r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
                              "row 1, column %" PRId64 ": the name is not UTF-8", column + 1);
    const int64_t first = tare_data_frame_find(r->frame, name);
    if (first < 0) return TARE_OK;
    return tare_fail_file(r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
                          "row 1: columns %" PRId64 " and %" PRId64 " are both called '%.80s'",
                          first + 1, column + 1, name);
}

static tare_status add_columns(reader *r) {
    const char *name = r->csv.header.data;
    for (int64_t i = 0; i < r->csv.columns; i++) {
        char own[TARE_NUMBER_TEXT];
        TARE_TRY(check_name(r, name, i));
        const char *called = name;
        if (*name == '\0') called = tare_print(own, sizeof own, "column %" PRId64, i + 1);
        if (!tare_data_frame_add_column(r->frame, called)) return tare_fail_memory(r->csv.error);
        name += strlen(name) + 1;
    }
    return TARE_OK;
}

static tare_status take_field(void *user, int64_t column) {
    reader *r = user;
    const tare_text *field = &r->csv.field;
    if (strlen(field->data) != field->length)
        return tare_fail_file(r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
                              "row %" PRId64 ", column %" PRId64 ": there is a byte 0", r->csv.row,
                              column + 1);
    if (!tare_is_utf8(field->data, field->length))
        return tare_fail_file(r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
                              "row %" PRId64 ", column %" PRId64 ": the text is not UTF-8",
                              r->csv.row, column + 1);
    const bool missing = tare_csv_is_missing(field->data, r->csv.missing);
    if (!tare_data_frame_add(r->frame, missing ? NULL : field->data))
        return tare_fail_memory(r->csv.error);
    return TARE_OK;
}

static tare_status read_rows(reader *r) {
    for (;;) {
        bool found;
        TARE_TRY(tare_csv_read_row(&r->csv, take_field, r, &found));
        if (!found) break;
        if (!tare_data_frame_end_row(r->frame, r->csv.row - 1))
            return tare_fail_memory(r->csv.error);
    }
    if (tare_data_frame_rows(r->frame) > 0) return TARE_OK;
    return tare_fail_file(r->csv.error, TARE_ERROR_FORMAT, r->csv.path,
                          "there are no rows below the names of the columns");
}

static tare_status read_frame(reader *r, const char *path) {
    TARE_TRY(tare_csv_open(&r->csv, path, MOST_BYTES));
    TARE_TRY(tare_csv_read_header(&r->csv, true));
    TARE_TRY(tare_data_frame_begin(path, &r->frame, r->csv.error));
    TARE_TRY(add_columns(r));
    return read_rows(r);
}

tare_status tare_data_frame_read_with(const char *path, const tare_data_frame_options *options,
                                      tare_data_frame **frame, tare_error *error) {
    if (frame != NULL) *frame = NULL;
    if (path == NULL || frame == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "data_frame_read needs a path and a place for the frame");
    tare_data_frame_options all;
    tare_options_adopt(&tare_data_frame_table, options, &all);
    TARE_TRY(tare_csv_check_separator("data_frame_read", all.separator, error));
    reader r = {.csv = {.separator = all.separator[0], .missing = all.missing, .error = error}};
    const tare_status status = read_frame(&r, path);
    tare_csv_close(&r.csv);
    if (status == TARE_OK) {
        *frame = r.frame;
    } else {
        tare_data_frame_free(r.frame);
    }
    return status;
}
