/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/convolution.h"

int64_t tare_convolution_forward_scratch(const tare_convolution *c) { return (void)c, 0; }
int64_t tare_convolution_data_scratch(const tare_convolution *c) { return (void)c, 0; }
int64_t tare_convolution_filter_scratch(const tare_convolution *c) { return (void)c, 0; }

void tare_convolution_forward_f32(const tare_convolution *c, const float *x, const float *w,
                                  const float *bias, float *y, void *scratch, tare_pool *pool) {
    (void)scratch, (void)pool;
    tare_convolution_forward_reference_f32(c, x, w, bias, y);
}
void tare_convolution_data_f32(const tare_convolution *c, const float *dy, const float *w,
                               float *dx, void *scratch, tare_pool *pool) {
    (void)scratch, (void)pool;
    tare_convolution_data_reference_f32(c, dy, w, dx);
}
void tare_convolution_filter_f32(const tare_convolution *c, const float *x, const float *dy,
                                 float *dw, void *scratch, tare_pool *pool) {
    (void)scratch, (void)pool;
    tare_convolution_filter_reference_f32(c, x, dy, dw);
}
