/* SPDX-License-Identifier: Apache-2.0 */
/* What normalisation layers refuse alike, each with a sentence (sticky); true: it is fine. */
#ifndef TARE_SRC_LAYER_NORM_CHECKS_H
#define TARE_SRC_LAYER_NORM_CHECKS_H

#include "layer/checks.h"
#include "op/normalisation.h"

/* An axis of a shape of known rank, negative counted from the end. */
bool tare_layer_axis(tare_graph *graph, const char *layer, int64_t given, int rank, int *axis);
/* Axes that differ, at least one, as a mask. */
bool tare_layer_axes(tare_graph *graph, const char *layer, tare_list given, int rank,
                     tare_axis_mask *mask);
/* Extents that the shapes of variables are made of. */
bool tare_layer_extents_are_known(tare_graph *graph, const char *layer, tare_shape shape,
                                  tare_axis_mask axes);
bool tare_layer_epsilon_fits(tare_graph *graph, const char *layer, double epsilon);

#endif
