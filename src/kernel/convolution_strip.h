/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution in strips: some hundred kilobytes of gathered rows at a time, multiplied by the
 * packed filter. Serves the forward pass and the data gradient; both of any stride, dilation,
 * padding and grouping.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_STRIP_H
#define TARE_SRC_KERNEL_CONVOLUTION_STRIP_H

#include "kernel/convolution_gather.h"
#include "kernel/gemm_kernel.h"

int64_t tare_strip_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_strip_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                        const float *w, const float *bias, float *y, void *scratch,
                        tare_pool *pool);

int64_t tare_strip_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_strip_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                     const float *w, float *dx, void *scratch, tare_pool *pool);

#endif
