/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution and its gradients in float32: which kernel does which shape. */
#include "kernel/convolution.h"

#include "kernel/convolution_depthwise.h"
#include "kernel/convolution_direct.h"
#include "kernel/convolution_filter.h"
#include "kernel/convolution_kernel.h"
#include "kernel/convolution_mirror.h"
#include "kernel/convolution_plane.h"
#include "kernel/convolution_scatter.h"
#include "kernel/convolution_sums.h"
#include "kernel/convolution_winograd_filter.h"

int64_t tare_convolution_forward_scratch_with(tare_isa isa, const tare_convolution *c) {
    if (tare_depthwise_takes(c)) return tare_depthwise_forward_scratch(c);
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    return tare_plane_forward_takes(kernel, c) ? tare_plane_forward_scratch(kernel, c)
                                               : tare_direct_forward_scratch(kernel, c, false);
}
int64_t tare_convolution_data_scratch_with(tare_isa isa, const tare_convolution *c) {
    if (tare_depthwise_takes(c)) return tare_depthwise_data_scratch(c);
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    return tare_scatter_takes(kernel, c) ? tare_scatter_data_scratch(kernel, c)
                                         : tare_direct_data_scratch(kernel, c, false);
}
int64_t tare_convolution_filter_scratch_with(tare_isa isa, const tare_convolution *c) {
    if (tare_depthwise_takes(c)) return tare_depthwise_filter_scratch(c);
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (tare_winograd_filter_takes(c)) return tare_winograd_filter_scratch(kernel, c);
    if (tare_mirror_takes(kernel, c)) return tare_mirror_filter_scratch(kernel, c, false);
    if (tare_sums_takes(c)) return tare_sums_filter_scratch(kernel, c, false, false);
    return tare_plane_filter_takes(c) ? tare_plane_filter_scratch(kernel, c, false)
                                      : tare_filter_scratch(kernel, c);
}

void tare_convolution_forward_f32_with(tare_isa isa, const tare_convolution *c, const float *x,
                                       const float *w, const float *bias, float *y, void *scratch,
                                       tare_pool *pool) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (tare_depthwise_takes(c))
        tare_depthwise_forward(isa, c, x, w, bias, y, scratch, pool);
    else if (tare_plane_forward_takes(kernel, c))
        tare_plane_forward(kernel, c, x, w, bias, y, scratch, pool);
    else
        tare_direct_forward(kernel, c, x, w, bias, y, NULL, scratch, pool);
}
void tare_convolution_data_f32_with(tare_isa isa, const tare_convolution *c, const float *dy,
                                    const float *w, float *dx, void *scratch, tare_pool *pool) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (tare_depthwise_takes(c))
        tare_depthwise_data(isa, c, dy, w, dx, scratch, pool);
    else if (tare_scatter_takes(kernel, c))
        tare_scatter_data(kernel, c, dy, w, dx, scratch, pool);
    else
        tare_direct_data(kernel, c, dy, w, dx, NULL, scratch, pool);
}
void tare_convolution_filter_f32_with(tare_isa isa, const tare_convolution *c, const float *x,
                                      const float *dy, float *dw, void *scratch, tare_pool *pool) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (tare_depthwise_takes(c))
        tare_depthwise_filter(isa, c, x, dy, dw, scratch, pool);
    else if (tare_winograd_filter_takes(c))
        tare_winograd_filter(kernel, c, x, dy, dw, NULL, scratch, pool);
    else if (tare_mirror_takes(kernel, c))
        tare_mirror_filter(kernel, c, x, dy, dw, NULL, scratch, pool);
    else if (tare_sums_takes(c))
        tare_sums_filter(kernel, c, x, dy, dw, NULL, scratch, pool);
    else if (tare_plane_filter_takes(c))
        tare_plane_filter(kernel, c, x, dy, dw, NULL, scratch, pool);
    else
        tare_filter(kernel, c, x, dy, dw, scratch, pool);
}

/* ---- with riders, which the direct kernel carries */

tare_riding tare_convolution_forward_riding_with(tare_isa isa, const tare_convolution *c,
                                                 bool reads) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (c->groups != 1 || tare_depthwise_takes(c) || tare_plane_forward_takes(kernel, c))
        return (tare_riding){.possible = false};
    return (tare_riding){true, tare_direct_forward_scratch(kernel, c, reads),
                         tare_direct_forward_slices(kernel, c, reads),
                         tare_direct_forward_packed(kernel, c),
                         tare_direct_makes(kernel, c, false)};
}
tare_riding tare_convolution_data_riding_with(tare_isa isa, const tare_convolution *c, bool reads) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (c->groups != 1 || tare_depthwise_takes(c) || tare_scatter_takes(kernel, c))
        return (tare_riding){.possible = false};
    return (tare_riding){true, tare_direct_data_scratch(kernel, c, reads),
                         tare_direct_data_slices(kernel, c, reads), 0,
                         tare_direct_makes(kernel, c, true)};
}

void tare_convolution_pack_f32_with(tare_isa isa, const tare_convolution *c, const float *w,
                                    float *packed, tare_pool *pool) {
    tare_direct_forward_pack(tare_gemm_kernel_of(isa), c, w, packed, pool);
}
void tare_convolution_forward_riding_f32_with(tare_isa isa, const tare_convolution *c,
                                              const float *x, const float *w, const float *bias,
                                              float *y, const tare_riders *riders, void *scratch,
                                              tare_pool *pool) {
    tare_direct_forward(tare_gemm_kernel_of(isa), c, x, w, bias, y, riders, scratch, pool);
}
void tare_convolution_data_riding_f32_with(tare_isa isa, const tare_convolution *c, const float *dy,
                                           const float *w, float *dx, const tare_riders *riders,
                                           void *scratch, tare_pool *pool) {
    tare_direct_data(tare_gemm_kernel_of(isa), c, dy, w, dx, riders, scratch, pool);
}

/* Winograd's and the kernel of padded strips read both; that of few channels dy, and its mirror x.
 * Those that read a number many times over read none. */
tare_riding tare_convolution_filter_riding_with(tare_isa isa, const tare_convolution *c,
                                                bool reads_x, bool reads_dy) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    if (tare_depthwise_takes(c)) return (tare_riding){.possible = false};
    if (tare_winograd_filter_takes(c)) {
        if (!tare_winograd_filter_carries(c)) return (tare_riding){.possible = false};
        return (tare_riding){
            .possible = true, .scratch = tare_winograd_filter_scratch(kernel, c), .makes = true};
    }
    if (tare_mirror_takes(kernel, c))
        return (tare_riding){.possible = !reads_dy,
                             .scratch = tare_mirror_filter_scratch(kernel, c, reads_x)};
    if (tare_sums_takes(c))
        return (tare_riding){.possible = true,
                             .scratch = tare_sums_filter_scratch(kernel, c, reads_x, reads_dy),
                             .makes = true};
    if (tare_plane_filter_takes(c))
        return (tare_riding){.possible = !reads_x,
                             .scratch = tare_plane_filter_scratch(kernel, c, reads_dy)};
    return (tare_riding){.possible = false};
}
void tare_convolution_filter_riding_f32_with(tare_isa isa, const tare_convolution *c,
                                             const float *x, const float *dy, float *dw,
                                             const tare_filter_readers *readers, void *scratch,
                                             tare_pool *pool) {
    const tare_gemm_kernel *kernel = tare_gemm_kernel_of(isa);
    const tare_reader *x_reader = readers->x.read ? &readers->x : NULL;
    const tare_reader *dy_reader = readers->dy.read ? &readers->dy : NULL;
    if (tare_winograd_filter_takes(c))
        tare_winograd_filter(kernel, c, x, dy, dw, readers, scratch, pool);
    else if (tare_mirror_takes(kernel, c))
        tare_mirror_filter(kernel, c, x, dy, dw, x_reader, scratch, pool);
    else if (tare_sums_takes(c))
        tare_sums_filter(kernel, c, x, dy, dw, readers, scratch, pool);
    else
        tare_plane_filter(kernel, c, x, dy, dw, dy_reader, scratch, pool);
}

/* ---- with the machine's best instruction set */

int64_t tare_convolution_forward_scratch(const tare_convolution *c) {
    return tare_convolution_forward_scratch_with(tare_isa_used(), c);
}
int64_t tare_convolution_data_scratch(const tare_convolution *c) {
    return tare_convolution_data_scratch_with(tare_isa_used(), c);
}
int64_t tare_convolution_filter_scratch(const tare_convolution *c) {
    return tare_convolution_filter_scratch_with(tare_isa_used(), c);
}

void tare_convolution_forward_f32(const tare_convolution *c, const float *x, const float *w,
                                  const float *bias, float *y, void *scratch, tare_pool *pool) {
    tare_convolution_forward_f32_with(tare_isa_used(), c, x, w, bias, y, scratch, pool);
}
void tare_convolution_data_f32(const tare_convolution *c, const float *dy, const float *w,
                               float *dx, void *scratch, tare_pool *pool) {
    tare_convolution_data_f32_with(tare_isa_used(), c, dy, w, dx, scratch, pool);
}
void tare_convolution_filter_f32(const tare_convolution *c, const float *x, const float *dy,
                                 float *dw, void *scratch, tare_pool *pool) {
    tare_convolution_filter_f32_with(tare_isa_used(), c, x, dy, dw, scratch, pool);
}

tare_riding tare_convolution_forward_riding(const tare_convolution *c, bool reads) {
    return tare_convolution_forward_riding_with(tare_isa_used(), c, reads);
}
tare_riding tare_convolution_data_riding(const tare_convolution *c, bool reads) {
    return tare_convolution_data_riding_with(tare_isa_used(), c, reads);
}
void tare_convolution_pack_f32(const tare_convolution *c, const float *w, float *packed,
                               tare_pool *pool) {
    tare_convolution_pack_f32_with(tare_isa_used(), c, w, packed, pool);
}
void tare_convolution_forward_riding_f32(const tare_convolution *c, const float *x, const float *w,
                                         const float *bias, float *y, const tare_riders *riders,
                                         void *scratch, tare_pool *pool) {
    tare_convolution_forward_riding_f32_with(tare_isa_used(), c, x, w, bias, y, riders, scratch,
                                             pool);
}
void tare_convolution_data_riding_f32(const tare_convolution *c, const float *dy, const float *w,
                                      float *dx, const tare_riders *riders, void *scratch,
                                      tare_pool *pool) {
    tare_convolution_data_riding_f32_with(tare_isa_used(), c, dy, w, dx, riders, scratch, pool);
}
tare_riding tare_convolution_filter_riding(const tare_convolution *c, bool reads_x, bool reads_dy) {
    return tare_convolution_filter_riding_with(tare_isa_used(), c, reads_x, reads_dy);
}
void tare_convolution_filter_riding_f32(const tare_convolution *c, const float *x, const float *dy,
                                        float *dw, const tare_filter_readers *readers,
                                        void *scratch, tare_pool *pool) {
    tare_convolution_filter_riding_f32_with(tare_isa_used(), c, x, dy, dw, readers, scratch, pool);
}
