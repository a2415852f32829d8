/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient by Winograd's minimal filtering (winograd.h): 3x3 filters, of any depth,
 * without stride or dilation, between many channels.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_WINOGRAD_FILTER_H
#define TARE_SRC_KERNEL_CONVOLUTION_WINOGRAD_FILTER_H

#include "kernel/convolution_riders.h"
#include "kernel/gemm_kernel.h"

/* Whether this way takes the shape, and pays. */
bool tare_winograd_filter_takes(const tare_convolution *c);

/* Whether it reads by readers, and dy by a maker: where it reads each number of dy once. */
bool tare_winograd_filter_carries(const tare_convolution *c);

int64_t tare_winograd_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
/* readers: NULL, or what makes x, dy or both. */
void tare_winograd_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                          const float *dy, float *dw, const tare_filter_readers *readers,
                          void *scratch, tare_pool *pool);

#endif
