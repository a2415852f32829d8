/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution without gathering: tiles read a padded copy of some source rows, or the source where
 * it lies. Serves the forward pass and the data gradient; both of any stride,
 * dilation, padding and grouping.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_DIRECT_H
#define TARE_SRC_KERNEL_CONVOLUTION_DIRECT_H

#include "kernel/convolution_riders.h"
#include "kernel/gemm_kernel.h"

/* riders: NULL, or work that rides on it, when there is one group. reads: with a reader. */
int64_t tare_direct_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                    bool reads);
int64_t tare_direct_forward_slices(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                   bool reads);
void tare_direct_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                         const float *w, const float *bias, float *y, const tare_riders *riders,
                         void *scratch, tare_pool *pool);
/* Whether a maker may ride on it. */
bool tare_direct_makes(const tare_gemm_kernel *kernel, const tare_convolution *c, bool is_data);
/* Numbers of a packed filter; packs it. */
int64_t tare_direct_forward_packed(const tare_gemm_kernel *kernel, const tare_convolution *c);
void tare_direct_forward_pack(const tare_gemm_kernel *kernel, const tare_convolution *c,
                              const float *w, float *packed, tare_pool *pool);

int64_t tare_direct_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                 bool reads);
int64_t tare_direct_data_slices(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                bool reads);
void tare_direct_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                      const float *w, float *dx, const tare_riders *riders, void *scratch,
                      tare_pool *pool);

#endif
