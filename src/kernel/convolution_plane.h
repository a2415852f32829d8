/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution of images with few channels, the first layer of a network: channels are taken apart
 * into planes, so that a tap reads a whole row of pixels in one piece. Forward with few filters,
 * and the filter gradient; not grouped, stride 1 along rows.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_PLANE_H
#define TARE_SRC_KERNEL_CONVOLUTION_PLANE_H

#include "kernel/convolution_riders.h"
#include "kernel/gemm_kernel.h"

/* Whether this way takes the shape, and pays. */
bool tare_plane_forward_takes(const tare_gemm_kernel *kernel, const tare_convolution *c);
bool tare_plane_filter_takes(const tare_convolution *c);

int64_t tare_plane_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_plane_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                        const float *w, const float *bias, float *y, void *scratch,
                        tare_pool *pool);

int64_t tare_plane_filter_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                  bool reads_dy);
/* dy_reader: NULL, or what makes dy. */
void tare_plane_filter(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                       const float *dy, float *dw, const tare_reader *dy_reader, void *scratch,
                       tare_pool *pool);

#endif
