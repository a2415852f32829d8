/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned columns of text. */
#include "cli/table.h"

#include <inttypes.h>
#include <string.h>

void tare_table_cell(tare_table *table, const char *text) {
    tare_text_add_bytes(&table->cells, text, strlen(text) + 1);
}

void tare_table_integer(tare_table *table, int64_t number) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, tare_print(text, sizeof text, "%" PRId64, number));
}

/* Characters, not bytes, of UTF-8. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void measure(const tare_table *table, int widths[TARE_TABLE_COLUMNS]) {
    int column = 0;
    for (size_t at = 0; at < table->cells.length; at += strlen(table->cells.data + at) + 1) {
        const int width = width_of(table->cells.data + at);
        if (width > widths[column]) widths[column] = width;
        column = (column + 1) % table->columns;
    }
}

static void add_spaces(tare_text *text, int count) {
    while (count-- > 0) tare_text_add(text, " ");
}

void tare_table_end(tare_table *table, tare_text *text) {
    int widths[TARE_TABLE_COLUMNS] = {0}, column = 0;
    if (table->cells.failed) text->failed = true;
    measure(table, widths);
    for (size_t at = 0; at < table->cells.length; at += strlen(table->cells.data + at) + 1) {
        const char *cell = table->cells.data + at;
        const int missing = widths[column] - width_of(cell);
        const bool last = column == table->columns - 1;
        if (table->right[column]) add_spaces(text, missing);
        tare_text_add(text, cell);
        if (!table->right[column] && !last) add_spaces(text, missing);
        tare_text_add(text, last ? "\n" : "  ");
        column = (column + 1) % table->columns;
    }
    tare_text_clear(&table->cells);
}
