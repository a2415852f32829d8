/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a recalibration: statistics of layers that are set from outside, and their report.
 */
#ifndef TARE_SRC_NORM_RECALIBRATE_H
#define TARE_SRC_NORM_RECALIBRATE_H

#include "norm/estimate.h"

struct tare_recalibration {
    tare_allocator allocator;
    tare_arena *arena;
    tare_recalibrated_layer *layers;
    size_t count;
    tare_recalibration_losses losses;
};

/* Looks at the layers of a session. patient: session, error and what else it needs are set; lives
 * in the recalibration's arena. */
tare_status tare_recalibration_begin(tare_patient *patient, tare_recalibration **made);
/* Tells of each layer how far its estimate is from the session's statistics as they are. */
tare_status tare_recalibration_compare(tare_recalibration *recalibration,
                                       const tare_patient *patient,
                                       const tare_layer_estimate *estimates);
/* Sets the estimates as statistics that came from outside. */
void tare_recalibration_set(const tare_patient *patient, const tare_layer_estimate *estimates);
/* Refuses a graph without any layer to set. */
tare_status tare_recalibration_refuse_none(const tare_patient *patient, const char *op);

#endif
