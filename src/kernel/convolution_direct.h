/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution without gathering: tiles read a padded copy of some source rows, or the source where
 * it lies. Serves the forward pass and the data gradient; both of any stride,
 * dilation, padding and grouping.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_DIRECT_H
#define TARE_SRC_KERNEL_CONVOLUTION_DIRECT_H

#include "kernel/convolution.h"
#include "kernel/gemm_kernel.h"

int64_t tare_direct_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_direct_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                         const float *w, const float *bias, float *y, void *scratch,
                         tare_pool *pool);

int64_t tare_direct_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_direct_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                      const float *w, float *dx, void *scratch, tare_pool *pool);

#endif
