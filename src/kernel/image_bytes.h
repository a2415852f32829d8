/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of any numbers as bytes, by TensorFlow's rule. Of the pixels all of whose channels are
 * finite, l and h being the least and the greatest number:
 *
 *     l < 0    y = 128 + x 127 / max(-l, |h|)        l >= 0    y = x 255 / h
 *
 * with 0 for the quotient where its divisor is below 1e-6; fractions are cut off. Other pixels
 * become red (255, 0, 0, opaque), or 255 where there is one channel.
 *
 * Source: TensorFlow r1.15, core/kernels/summary_image_op.cc.
 */
#ifndef TARE_SRC_KERNEL_IMAGE_BYTES_H
#define TARE_SRC_KERNEL_IMAGE_BYTES_H

#include <tare/array.h>

/* float32, float64, uint8 (whose numbers stay as they are) */
bool tare_image_takes(tare_dtype dtype);
/* One image of so many pixels of 1 to 4 channels. */
void tare_image_bytes(tare_dtype dtype, const void *image, int64_t pixels, int64_t channels,
                      uint8_t *bytes);

#endif
