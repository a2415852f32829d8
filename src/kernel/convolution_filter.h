/* SPDX-License-Identifier: Apache-2.0 */
/* The filter gradient: gathered rows, transposed, times dy; of any stride, dilation, padding and
 * grouping. */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_FILTER_H
#define TARE_SRC_KERNEL_CONVOLUTION_FILTER_H

#include "kernel/convolution_gather.h"
#include "kernel/gemm_kernel.h"

int64_t tare_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                 const float *dy, float *dw, void *scratch, tare_pool *pool);

#endif
