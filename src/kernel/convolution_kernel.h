/* SPDX-License-Identifier: Apache-2.0 */
/* The convolution kernels with a given instruction set, which the processor must have: for tests.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_KERNEL_H
#define TARE_SRC_KERNEL_CONVOLUTION_KERNEL_H

#include "kernel/convolution_riders.h"
#include "kernel/isa.h"

int64_t tare_convolution_forward_scratch_with(tare_isa isa, const tare_convolution *c);
int64_t tare_convolution_data_scratch_with(tare_isa isa, const tare_convolution *c);
int64_t tare_convolution_filter_scratch_with(tare_isa isa, const tare_convolution *c);

void tare_convolution_forward_f32_with(tare_isa isa, const tare_convolution *c, const float *x,
                                       const float *w, const float *bias, float *y, void *scratch,
                                       tare_pool *pool);
void tare_convolution_data_f32_with(tare_isa isa, const tare_convolution *c, const float *dy,
                                    const float *w, float *dx, void *scratch, tare_pool *pool);
void tare_convolution_filter_f32_with(tare_isa isa, const tare_convolution *c, const float *x,
                                      const float *dy, float *dw, void *scratch, tare_pool *pool);

tare_riding tare_convolution_forward_riding_with(tare_isa isa, const tare_convolution *c,
                                                 bool reads);
tare_riding tare_convolution_data_riding_with(tare_isa isa, const tare_convolution *c, bool reads);
void tare_convolution_pack_f32_with(tare_isa isa, const tare_convolution *c, const float *w,
                                    float *packed, tare_pool *pool);
void tare_convolution_forward_riding_f32_with(tare_isa isa, const tare_convolution *c,
                                              const float *x, const float *w, const float *bias,
                                              float *y, const tare_riders *riders, void *scratch,
                                              tare_pool *pool);
void tare_convolution_data_riding_f32_with(tare_isa isa, const tare_convolution *c, const float *dy,
                                           const float *w, float *dx, const tare_riders *riders,
                                           void *scratch, tare_pool *pool);

tare_riding tare_convolution_filter_riding_with(tare_isa isa, const tare_convolution *c,
                                                bool reads_x, bool reads_dy);
void tare_convolution_filter_riding_f32_with(tare_isa isa, const tare_convolution *c,
                                             const float *x, const float *dy, float *dw,
                                             const tare_filter_readers *readers, void *scratch,
                                             tare_pool *pool);

#endif
