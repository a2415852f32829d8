/* SPDX-License-Identifier: Apache-2.0 */
/* Filling and printing a table. */
#include "grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bench_grid_add(bench_grid *grid, const char *format, ...) {
    va_list arguments;
    if (grid->rows == BENCH_MOST_GRID_ROWS || grid->columns == BENCH_MOST_GRID_COLUMNS) return;
    va_start(arguments, format);
    vsnprintf(grid->cells[grid->rows][grid->columns++], BENCH_CELL_BYTES, format, arguments);
    va_end(arguments);
}

void bench_grid_add_number(bench_grid *grid, double value) {
    bench_grid_add(grid, "%.*f", value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0, value);
}

void bench_grid_end_row(bench_grid *grid) {
    if (grid->rows < BENCH_MOST_GRID_ROWS) grid->rows++;
    grid->columns = 0;
}

void bench_grid_add_head(bench_grid *grid, const char *const names[], size_t count) {
    for (size_t i = 0; i < count; i++) bench_grid_add(grid, "%s", names[i]);
    bench_grid_end_row(grid);
}

void bench_grid_print(const bench_grid *grid, size_t columns) {
    size_t widths[BENCH_MOST_GRID_COLUMNS] = {0};
    for (size_t i = 0; i < grid->rows; i++)
        for (size_t k = 0; k < columns; k++)
            if (strlen(grid->cells[i][k]) > widths[k]) widths[k] = strlen(grid->cells[i][k]);
    for (size_t i = 0; i < grid->rows; i++) {
        for (size_t k = 0; k < columns; k++) printf("| %-*s ", (int)widths[k], grid->cells[i][k]);
        puts("|");
        for (size_t k = 0; i == 0 && k < columns; k++)
            printf("|-%.*s-", (int)widths[k], "-----------------------------------------------");
        if (i == 0) puts("|");
    }
}
