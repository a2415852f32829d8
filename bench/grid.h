/* SPDX-License-Identifier: Apache-2.0 */
/* A table as Markdown with aligned columns. */
#ifndef BENCH_GRID_H
#define BENCH_GRID_H

#include <stddef.h>
#include <tare/base.h>

enum { BENCH_CELL_BYTES = 48, BENCH_MOST_GRID_ROWS = 49, BENCH_MOST_GRID_COLUMNS = 15 };

/* Rows of text under a row of headings, as many cells in every row. Zero at first; what is beyond
 * the most is dropped. */
typedef struct bench_grid {
    char cells[BENCH_MOST_GRID_ROWS][BENCH_MOST_GRID_COLUMNS][BENCH_CELL_BYTES];
    size_t rows, columns; /* whole rows; cells of the row that is being filled */
} bench_grid;

void bench_grid_add(bench_grid *grid, const char *format, ...) TARE_PRINTF(2, 3);
/* Three digits that count, at least; whole numbers from 100 on. */
void bench_grid_add_number(bench_grid *grid, double value);
/* A whole row. */
void bench_grid_add_head(bench_grid *grid, const char *const names[], size_t count);
void bench_grid_end_row(bench_grid *grid);
void bench_grid_print(const bench_grid *grid, size_t columns);

#endif
