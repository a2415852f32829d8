/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gradient of a normalisation riding on the convolutions around it (convolution_riders.h): its
 * sums are taken while the layer behind makes dy, and dx is made while the layer before reads it.
 * Formulas are those of normalisation.h, over data [pixels, channels].
 */
#ifndef TARE_SRC_KERNEL_GRADIENT_RIDERS_H
#define TARE_SRC_KERNEL_GRADIENT_RIDERS_H

#include "kernel/convolution_riders.h"
#include "kernel/normalisation.h"

/* Scratch bytes of each, aligned to 64, which hold all that a ride needs from begin to end. */
int64_t tare_sums_rider_scratch(int64_t channels, int64_t slices);
int64_t tare_gradient_rider_scratch(int64_t channels);

/* Looks at dy while a host makes it in so many slices. What is pointed to stays until the end; the
 * sums are kept there. */
tare_finisher tare_sums_rider_begin(int64_t channels, int64_t slices,
                                    const tare_normalisation_f32 *by, const float *dy,
                                    const float *x, void *scratch);
void tare_sums_rider_end(void *scratch, const tare_sums_f32 *sums);

/* What a host reads dx by, with the same bits as tare_normalise_gradient_f32 gives where it does
 * not take the plain loops of tiny data. */
tare_reader tare_gradient_rider_begin(const tare_channels *view, const tare_normalisation_f32 *by,
                                      const float *dy, const float *x, const tare_sums_f32 *sums,
                                      void *scratch);

#endif
