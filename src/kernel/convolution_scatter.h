/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data gradient for images of few channels: each output pixel's share of dx is made for all
 * taps at once, wide enough for whole vectors, and scattered. Any stride, dilation and padding; not
 * grouped; parallel over samples.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_SCATTER_H
#define TARE_SRC_KERNEL_CONVOLUTION_SCATTER_H

#include "kernel/convolution.h"
#include "kernel/gemm_kernel.h"

/* Whether this way takes the shape, and pays. */
bool tare_scatter_takes(const tare_gemm_kernel *kernel, const tare_convolution *c);

int64_t tare_scatter_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_scatter_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                       const float *w, float *dx, void *scratch, tare_pool *pool);

#endif
