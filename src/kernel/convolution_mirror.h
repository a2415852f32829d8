/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter gradient of a convolution with few filters and stride 1, as that of its mirror image,
 * which has few channels.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_MIRROR_H
#define TARE_SRC_KERNEL_CONVOLUTION_MIRROR_H

#include "kernel/convolution_riders.h"
#include "kernel/gemm_kernel.h"

/* Whether this way takes the shape, and pays. */
bool tare_mirror_takes(const tare_gemm_kernel *kernel, const tare_convolution *c);

int64_t tare_mirror_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                   bool reads_x);
/* x_reader: NULL, or what makes x. */
void tare_mirror_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                        const float *dy, float *dw, const tare_reader *x_reader, void *scratch,
                        tare_pool *pool);

#endif
