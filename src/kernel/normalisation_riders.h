/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalisation that rides on convolutions (convolution_riders.h): moments of what is being made,
 * and normalising what is being read. The formulas are those of normalisation.h, computed by the
 * same functions; channels are the last axis.
 *
 * Moments: every slice merges the moments of the runs of pixels that it is told of, each shifted by
 * the mean of those before, in double by Chan's rule; slices merge in a fixed binary tree. So the
 * result depends on how the convolution is cut, which follows from its shape, and on nothing else.
 * Normalised numbers are those of tare_normalise_f32 to the bit.
 */
#ifndef TARE_SRC_KERNEL_NORMALISATION_RIDERS_H
#define TARE_SRC_KERNEL_NORMALISATION_RIDERS_H

#include "kernel/convolution_riders.h"
#include "kernel/normalisation.h"

/* Whether the view may be ridden by: the functions of normalisation.h compute few numbers in
 * another way. */
bool tare_normalisation_rides(const tare_channels *view);

/* Scratch bytes of each, aligned to 64, which hold all that a ride needs from begin to end. */
int64_t tare_moments_rider_scratch(int64_t channels, int64_t slices);
int64_t tare_normalise_rider_scratch(int64_t channels);

/* Looks at x while a host makes it in so many slices. */
tare_finisher tare_moments_rider_begin(int64_t channels, int64_t slices, const float *x,
                                       void *scratch);
void tare_moments_rider_end(void *scratch, const tare_moments_f32 *moments);

/* What a host reads y by. What `by` points at stays until the end. */
tare_reader tare_normalise_rider_begin(int64_t channels, const tare_normalisation_f32 *by,
                                       const float *x, void *scratch);

#endif
