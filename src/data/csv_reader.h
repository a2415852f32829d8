/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over a file of separated values row by row and field by field: quotes and doubled quotes,
 * line ends \n, \r\n and \r in any mixture, every row as wide as the first. What becomes of a field
 * is its user's affair.
 * Source  RFC 4180.
 */
#ifndef TARE_SRC_DATA_CSV_READER_H
#define TARE_SRC_DATA_CSV_READER_H

#include "base/map.h"
#include "base/text.h"

#define TARE_CSV_MOST_FIELDS 1000000 /* in a row */

typedef struct tare_csv_reader {
    const char *path;
    char separator;
    const char *missing; /* a word that means missing, beside the empty field; NULL: none */
    char *data;
    int64_t bytes, at;
    int64_t row;      /* of the field just read; from 1, the header counted */
    tare_text field;  /* the field just read, without its quotes */
    tare_map *names;  /* name of a column -> its place, the first of equal names */
    tare_text header; /* names one after the other, each with its NUL */
    int64_t columns;  /* fields of every row */
    tare_error *error;
} tare_csv_reader;

/* "one character that is neither quote nor line end", or TARE_ERROR_ARGUMENT for `op`. */
tare_status tare_csv_check_separator(const char *op, const char *separator, tare_error *error);

/* Reads the file, of at most so many bytes when inflated. path, missing and error must outlive the
 * reader; tare_csv_close in any case. */
tare_status tare_csv_open(tare_csv_reader *reader, const char *path, int64_t most_bytes);
void tare_csv_close(tare_csv_reader *reader);

/* Reads row 1 for the width and the names of the columns; no header: they are called 1, 2, .. and
 * the row is there to be read again. */
tare_status tare_csv_read_header(tare_csv_reader *reader, bool header);
const char *tare_csv_column_name(const tare_csv_reader *reader, int64_t column);

/* Calls visit with the place of each column of a list of names with commas between. */
typedef tare_status (*tare_csv_visit)(void *user, int64_t column);
tare_status tare_csv_visit_named(tare_csv_reader *reader, const char *list, tare_csv_visit visit,
                                 void *user);

/* Hands reader->field, field by field, to take. *found: false: there is no further row. */
tare_status tare_csv_read_row(tare_csv_reader *reader, tare_csv_visit take, void *user,
                              bool *found);

/* Whether a text is empty, blanks apart, or the word for missing. */
bool tare_csv_is_missing(const char *text, const char *missing);
/* A text, blanks around it apart, as a number; false: it is none. */
bool tare_csv_number(const char *text, double *number);

/* TARE_ERROR_FORMAT at the field just read: "row 3, column 2 ('a'): got 'x'; needs NEED". */
tare_status tare_csv_refuse_field(const tare_csv_reader *reader, int64_t column, const char *need);

#endif
