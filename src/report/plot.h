/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line plots as SVG: learning curves and their kin. Plain shapes and text, no script, no font of
 * its own; the same bytes under any locale.
 */
#ifndef TARE_SRC_REPORT_PLOT_H
#define TARE_SRC_REPORT_PLOT_H

#include "base/text.h"

/* A line. What is not finite, or not above 0 on a logarithmic axis, breaks it. */
typedef struct tare_plot_series {
    const char *label; /* in the legend; NULL: it is not there */
    const double *x, *y;
    size_t count;
} tare_plot_series;

#define TARE_PLOT_WIDTH  720
#define TARE_PLOT_HEIGHT 440

typedef struct tare_plot {
    const char *title, *x_label, *y_label; /* NULL: none */
    bool x_log, y_log;                     /* logarithmic axes */
    const tare_plot_series *series;
    size_t series_count;
    int width, height; /* in pixels; 0: as below */
} tare_plot;

/* Appends the file's text; `failed` when memory ran out. */
void tare_plot_svg(const tare_plot *plot, tare_text *svg);

#endif
