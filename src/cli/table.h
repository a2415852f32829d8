/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns of text. */
#ifndef TARE_SRC_CLI_TABLE_H
#define TARE_SRC_CLI_TABLE_H

#include "base/text.h"

#define TARE_TABLE_COLUMNS 8

/* Cells are put in row by row; numbers stand to the right, words to the left. Zero at first. */
typedef struct tare_table {
    tare_text cells; /* each with its NUL */
    int columns;
    bool right[TARE_TABLE_COLUMNS];
} tare_table;
void tare_table_cell(tare_table *table, const char *text);
void tare_table_integer(tare_table *table, int64_t number);
/* Appends the table's lines to text and empties it. */
void tare_table_end(tare_table *table, tare_text *text);

#endif
