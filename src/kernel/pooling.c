/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Max and average pooling over NHWC data and their gradients.
 *
 *     max:      y = the largest x of the window        dx = dy at the first place where x is that
 *     average:  y = (sum of x in the window) / count   dx = sum of dy / count over the windows that
 * hold x
 *
 * count is the number of pixels of the window inside the image. A NaN in a window is its maximum
 * (the first one, which also takes the gradient), so that it is not lost: TensorFlow's CPU kernel
 * keeps it in the gradient only when it comes first. A window that lies in the padding altogether
 * (TensorFlow's padding rules allow none) has maximum -infinity and average 0, and passes no
 * gradient.
 *
 * Source: TensorFlow r1.15, core/kernels/maxpooling_op.cc and avgpooling_op.cc.
 */
#include "kernel/pooling_kernel.h"

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

enum {
    SLICE_OPERATIONS = 32768
}; /* a slice shorter than some ten microseconds is not worth a thread */

/* How many slices a call's items deserve: samples or rows of the output. */
static int64_t count_slices(const tare_pooling *p, int64_t items) {
    const int64_t work = p->batch * tare_pixels(p->out) * tare_pixels(p->window) * p->channels;
    return tare_slice_count(items, items > 0 ? work / items : 0, SLICE_OPERATIONS);
}

/* Windows side by side that cover the input exactly. */
static bool is_tiled(const tare_pooling *p) {
    for (int d = 0; d < TARE_SPATIAL; d++)
        if (p->stride[d] != p->window[d] || p->before[d] != 0 ||
            p->in[d] != p->out[d] * p->window[d])
            return false;
    return true;
}

const tare_pooling_kernel *tare_pooling_kernel_of(tare_isa isa, int64_t channels) {
#if defined(__x86_64__)
    const int64_t bytes = channels * (int64_t)sizeof(float);
    if (isa == TARE_ISA_AVX512 && bytes >= tare_pooling_kernel_avx512.bytes)
        return &tare_pooling_kernel_avx512;
    if (isa >= TARE_ISA_AVX2 && bytes >= tare_pooling_kernel_avx2.bytes)
        return &tare_pooling_kernel_avx2;
#else
    (void)isa, (void)channels;
#endif
    return &tare_pooling_kernel_baseline;
}

const tare_pooling_kernel *tare_pooling_kernel_over(tare_isa isa, int64_t channels) {
#if defined(__x86_64__)
    const int64_t bytes = channels * (int64_t)sizeof(float);
    const tare_pooling_kernel *const longer[] = {&tare_pooling_kernel_avx2,
                                                 &tare_pooling_kernel_avx512};
    for (int i = 0; i < (int)isa - TARE_ISA_BASELINE; i++)
        if (bytes > longer[i]->bytes / 2 && bytes < longer[i]->bytes) return longer[i];
#endif
    return tare_pooling_kernel_of(isa, channels);
}

static void run(tare_pooling_job job, tare_slice_function function, tare_pool *pool) {
    if (job.items == 0 || job.p->channels == 0) return;
    job.slices = count_slices(job.p, job.items);
    job.tiled = is_tiled(job.p);
    tare_pool_run(pool, job.slices, function, &job);
}

static int64_t output_rows(const tare_pooling *p) { return p->batch * p->out[0] * p->out[1]; }

static const tare_pooling_slices *slices_f32(const tare_pooling *p) {
    return &tare_pooling_kernel_of(tare_isa_used(), p->channels)->f32;
}

static const tare_pooling_slices *average_slices_f32(const tare_pooling *p) {
    return is_tiled(p) ? &tare_pooling_kernel_over(tare_isa_used(), p->channels)->f32
                       : slices_f32(p);
}

static const tare_pooling_slices *slices_f64(const tare_pooling *p) {
    (void)p;
    return &tare_pooling_doubles;
}

static const tare_pooling_slices *average_slices_f64(const tare_pooling *p) {
    return slices_f64(p);
}

#define CALLS(NUMBER, T)                                                                           \
    void tare_pool_max_##T(const tare_pooling *p, const NUMBER *x, NUMBER *y, tare_pool *pool) {   \
        const tare_pooling_job job = {                                                             \
            .p = p, .x = x, .other = x, .out = y, .items = output_rows(p)};                        \
        run(job, slices_##T(p)->max, pool);                                                        \
    }                                                                                              \
    void tare_pool_max_gradient_##T(const tare_pooling *p, const NUMBER *x, const NUMBER *dy,      \
                                    NUMBER *dx, tare_pool *pool) {                                 \
        const tare_pooling_job job = {.p = p, .x = x, .other = dy, .out = dx, .items = p->batch};  \
        run(job, slices_##T(p)->max_gradient, pool);                                               \
    }                                                                                              \
    void tare_pool_max_pick_##T(const tare_pooling *p, const NUMBER *x, const NUMBER *u,           \
                                NUMBER *picked, tare_pool *pool) {                                 \
        const tare_pooling_job job = {                                                             \
            .p = p, .x = x, .other = u, .out = picked, .items = output_rows(p)};                   \
        run(job, slices_##T(p)->pick, pool);                                                       \
    }                                                                                              \
    void tare_pool_average_##T(const tare_pooling *p, const NUMBER *x, NUMBER *y,                  \
                               tare_pool *pool) {                                                  \
        const tare_pooling_job job = {                                                             \
            .p = p, .x = x, .other = x, .out = y, .items = output_rows(p)};                        \
        run(job, average_slices_##T(p)->average, pool);                                            \
    }                                                                                              \
    void tare_pool_average_gradient_##T(const tare_pooling *p, const NUMBER *dy, NUMBER *dx,       \
                                        tare_pool *pool) {                                         \
        const tare_pooling_job job = {.p = p, .x = dx, .other = dy, .out = dx, .items = p->batch}; \
        run(job, average_slices_##T(p)->average_gradient, pool);                                   \
    }
CALLS(float, f32)
CALLS(double, f64)
