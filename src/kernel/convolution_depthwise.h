/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution in which every channel has one filter of its own: as many groups and filters as
 * channels. Nothing is gathered or packed; channels lie side by side, so every tap of a pixel is
 * one row of products.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_DEPTHWISE_H
#define TARE_SRC_KERNEL_CONVOLUTION_DEPTHWISE_H

#include "kernel/convolution.h"
#include "kernel/isa.h"

/* Whether this way takes the shape. */
bool tare_depthwise_takes(const tare_convolution *c);

int64_t tare_depthwise_forward_scratch(const tare_convolution *c);
void tare_depthwise_forward(tare_isa isa, const tare_convolution *c, const float *x, const float *w,
                            const float *bias, float *y, void *scratch, tare_pool *pool);

int64_t tare_depthwise_data_scratch(const tare_convolution *c);
void tare_depthwise_data(tare_isa isa, const tare_convolution *c, const float *dy, const float *w,
                         float *dx, void *scratch, tare_pool *pool);

int64_t tare_depthwise_filter_scratch(const tare_convolution *c);
void tare_depthwise_filter(tare_isa isa, const tare_convolution *c, const float *x, const float *dy,
                           float *dw, void *scratch, tare_pool *pool);

#endif
