/* SPDX-License-Identifier: Apache-2.0 */
/* An axis of a plot: which numbers it spans, where its ticks stand, where a number lies on it. */
#ifndef TARE_SRC_REPORT_PLOT_AXIS_H
#define TARE_SRC_REPORT_PLOT_AXIS_H

#include "base/text.h"

#define TARE_AXIS_TICKS 24

typedef struct tare_axis {
    bool logarithmic;
    double least, greatest; /* of the numbers, or of their decimal logarithms */
    double begin, end;      /* pixels of these */
    int tick_count;
    double ticks[TARE_AXIS_TICKS]; /* numbers, rising */
} tare_axis;

/* Zero but for `logarithmic` at first: takes a number into account if it can be shown. */
void tare_axis_show(tare_axis *axis, double number);
/* Once all numbers are known: rounds the span and sets the ticks. */
void tare_axis_finish(tare_axis *axis, double begin, double end);
bool tare_axis_can_show(const tare_axis *axis, double number);
/* The pixel of a number that can be shown. */
double tare_axis_place(const tare_axis *axis, double number);

#endif
