/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pass over pixels that has a reader make them, some at a time, and tells of each some while they
 * are in the nearest cache (convolution_riders.h has the terms). How it is cut follows from pixels
 * and channels alone.
 */
#ifndef TARE_SRC_KERNEL_PIXEL_PASS_H
#define TARE_SRC_KERNEL_PIXEL_PASS_H

#include "base/threads.h"
#include "kernel/convolution_riders.h"

typedef struct tare_pixel_pass {
    int64_t pixels, channels, slices;
} tare_pixel_pass;

tare_pixel_pass tare_pixel_pass_over(int64_t pixels, int64_t channels);

/* y [pixels, channels] is what make gives; the finisher has each slice's pixels in their order. */
void tare_pixel_pass_run(const tare_pixel_pass *pass, const tare_reader *make,
                         const tare_finisher *finisher, float *y, tare_pool *pool);

/* Some pixels of it, from number offset on; finisher: without function, or what has no slices. */
void tare_pixel_pass_part(int64_t channels, const tare_reader *make, const tare_finisher *finisher,
                          float *y, tare_finished part);

#endif
