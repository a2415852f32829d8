/* SPDX-License-Identifier: Apache-2.0 */
/* Learning curves of a study's trainings, gathered while they go on and drawn into one plot. */
#ifndef TARE_SRC_STUDY_CURVES_H
#define TARE_SRC_STUDY_CURVES_H

#include "base/memory.h"
#include <tare/fit.h>

/* Points in the order of training. */
typedef struct tare_curve_line {
    TARE_VECTOR(double) epochs; /* done by then */
    TARE_VECTOR(double) values;
} tare_curve_line;

/* What is drawn of a training: its loss, means over tenths of epochs, and, where there are classes
 * and held-out examples, the share of these that is told right after each epoch. */
enum { TARE_CURVE_LOSS, TARE_CURVE_ACCURACY, TARE_CURVE_LINES };

typedef struct tare_curve {
    char variant[64];
    tare_curve_line lines[TARE_CURVE_LINES];
} tare_curve;

/* Zero at first. */
typedef struct tare_curves {
    TARE_VECTOR(tare_curve) all;
    bool failed; /* memory ran out */
    /* of the epoch that is going on, at the end of the latest tenth */
    double sum;
    int64_t images, tenth;
} tare_curves;

/* The curve of a variant begins; what is heard from now on belongs to it. */
void tare_curves_begin(tare_curves *curves, const char *variant);
/* Hears what a training tells. */
void tare_curves_hear(tare_curves *curves, tare_fit_event event, const tare_progress_facts *facts);
/* Nothing was trained: there is nothing to draw. */
bool tare_curves_are_empty(const tare_curves *curves);
/* Writes the plots as SVG, those of accuracies, if there are any, below those of losses. */
tare_status tare_curves_write(const tare_curves *curves, const char *path, const char *title,
                              tare_error *error);
void tare_curves_free(tare_curves *curves);

#endif
