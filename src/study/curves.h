/* SPDX-License-Identifier: Apache-2.0 */
/* Learning curves of a study's trainings, gathered while they go on and drawn into one plot. */
#ifndef TARE_SRC_STUDY_CURVES_H
#define TARE_SRC_STUDY_CURVES_H

#include "base/memory.h"
#include <tare/fit.h>

/* The training loss of one variant: means over tenths of epochs. */
typedef struct tare_curve {
    char variant[64];
    TARE_VECTOR(double) epochs; /* done at the end of each tenth */
    TARE_VECTOR(double) losses;
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
/* Writes the plot as SVG. */
tare_status tare_curves_write(const tare_curves *curves, const char *path, const char *title,
                              tare_error *error);
void tare_curves_free(tare_curves *curves);

#endif
