/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a data frame. Texts lie one after the other in one pool, each with its NUL; a value
 * is the offset of its text, and missing values share the empty text at offset 0.
 */
#ifndef TARE_SRC_DATA_DATA_FRAME_H
#define TARE_SRC_DATA_DATA_FRAME_H

#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include <tare/data_frame.h>

typedef struct tare_frame_column {
    const char *name;
    int64_t numbers, words; /* values that are, and are not, numbers; missing ones are neither */
} tare_frame_column;

struct tare_data_frame {
    tare_arena *arena;  /* names, source */
    const char *source; /* for sentences: the path */
    TARE_VECTOR(tare_frame_column) columns;
    tare_map *places; /* name -> column */
    tare_text pool;
    TARE_VECTOR(uint32_t) values;     /* [rows, columns] offsets into the pool */
    TARE_VECTOR(int64_t) row_numbers; /* [rows] as the file counts them, the header being row 1 */
};

/* A frame to be filled, column by column, then row by row. The functions below answer false when
 * memory runs out. */
tare_status tare_data_frame_begin(const char *source, tare_data_frame **frame, tare_error *error);
bool tare_data_frame_add_column(tare_data_frame *frame, const char *name);
/* The next value of the row; blanks around it are taken off. NULL: missing. */
bool tare_data_frame_add(tare_data_frame *frame, const char *text);
bool tare_data_frame_end_row(tare_data_frame *frame, int64_t row_number);

/* A value that is a finite number; false: it is missing, or none. */
bool tare_data_frame_has_number(const tare_data_frame *frame, int64_t row, int64_t column,
                                double *number);

/* TARE_ERROR_FORMAT: "row 3, column 'a': got 'x'; needs NEED". */
tare_status tare_data_frame_refuse(const tare_data_frame *frame, int64_t row, int64_t column,
                                   const char *need, tare_error *error);

#endif
