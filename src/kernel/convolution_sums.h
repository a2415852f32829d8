/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient of small layers, without gathering: tiles read a padded copy of some input
 * rows, or the input where it lies. Any stride, dilation and padding; not grouped.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_SUMS_H
#define TARE_SRC_KERNEL_CONVOLUTION_SUMS_H

#include "kernel/convolution_riders.h"
#include "kernel/gemm_kernel.h"

/* Whether this way takes the shape, and pays. */
bool tare_sums_takes(const tare_convolution *c);

int64_t tare_sums_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                 bool reads_x, bool reads_dy);
/* readers: NULL, or what makes x, dy or both. */
void tare_sums_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                      const float *dy, float *dw, const tare_filter_readers *readers, void *scratch,
                      tare_pool *pool);

#endif
