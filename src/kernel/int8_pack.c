/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights of whole-number products as micro-kernels read them, once for all images.
 *
 *     sum of (x - x_zero) w = sum of (x - minus) w - (x_zero - minus) sum of w
 *
 * where x - minus is how a kernel stores x; the last term goes into the bias. A factor's shift to
 * the right and its rounding become constants too; `plain` tells that int32 holds all of it,
 * `bounded` that results are small.
 */
#include "kernel/int8_kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

enum {
    STEP = 4,        /* bytes */
    MOST_SHIFT = 22, /* y_zero 2^shift stays below 2^30 */
    MOST_X = 255     /* of |x - x_zero| and |x - minus| */
};
static const int64_t most_sum = (INT64_C(1) << 30) - 1;

const tare_int8_kernel *tare_int8_kernel_of(tare_isa isa) {
#if defined(__x86_64__)
    if (isa == TARE_ISA_AVX512 && tare_isa_has_vnni()) return &tare_int8_kernel_avx512vnni;
    if (isa >= TARE_ISA_AVX2) return &tare_int8_kernel_avx2;
#elif defined(__aarch64__)
    if (isa == TARE_ISA_DOTPROD) return &tare_int8_kernel_dotprod;
#endif
    (void)isa;
    return &tare_int8_kernel_baseline;
}

const tare_int8_kernel *tare_int8_kernel_for(tare_isa isa, const tare_int8_product *p) {
    const bool wide = p->w_zero != 0 || p->halves_up;
    const tare_int8_kernel *kernel = tare_int8_kernel_of(isa);
    while (wide && kernel->bytes == 1) kernel = tare_int8_kernel_of(--isa);
    return kernel;
}

tare_int8_form tare_int8_form_of(const tare_int8_kernel *kernel, const tare_int8_product *p) {
    const tare_convolution *c = &p->c;
    tare_int8_form f = {.groups = c->groups};
    f.depthwise = c->groups == c->channels && c->filters == c->channels && c->groups > 1;
    if (f.depthwise) f.groups = 1;
    f.columns = c->filters / f.groups;
    f.depth = c->channels / f.groups;
    f.merged = !f.depthwise && (c->dilation[2] == 1 || c->kernel[2] == 1);
    f.stretches = tare_pixels(c->kernel) / (f.merged ? c->kernel[2] : 1);
    f.run = f.merged ? c->kernel[2] * f.depth : f.depth;
    f.steps = f.depthwise ? 1 : tare_quotient_up(f.run * kernel->bytes, STEP);
    f.width = f.depthwise ? kernel->lanes : 2 * (int64_t)kernel->lanes;
    f.panels = tare_quotient_up(f.columns, f.width);
    f.column = TARE_INT8_PANEL_FACTS + f.stretches * f.steps;
    f.group = tare_round_up(f.columns, kernel->lanes) * f.column;
    return f;
}

int64_t tare_int8_packed_bytes_with(const tare_int8_kernel *kernel, const tare_int8_product *p) {
    const tare_int8_form f = tare_int8_form_of(kernel, p);
    return TARE_INT8_HEAD + f.groups * f.group * (int64_t)sizeof(int32_t);
}

/* One column of a panel. */
typedef struct column_job {
    const tare_int8_kernel *kernel;
    const tare_int8_product *p;
    const tare_int8_weights *weights;
    const tare_int8_form *form;
    int64_t filter;
    int32_t *panel; /* at the column */
    int64_t width;
} column_job;

/* Number i of a stretch: (w - w_zero). */
static int32_t weight_at(const column_job *job, int64_t stretch, int64_t i) {
    const tare_int8_form *f = job->form;
    const int64_t columns = f->merged ? job->p->c.kernel[2] : 1;
    const int64_t tap = stretch * columns + (f->depthwise ? 0 : i / f->depth);
    const int64_t channel = f->depthwise ? 0 : i % f->depth;
    const int64_t at = job->filter * job->p->filter_step + tap * job->p->tap_step + channel;
    return job->weights->w[at] - job->p->w_zero;
}

static void put_number(void *step, int bytes, int64_t i, int32_t number) {
    const int8_t narrow = (int8_t)number;
    const int16_t wide = (int16_t)number;
    memcpy((char *)step + i * bytes, bytes == 1 ? (const void *)&narrow : (const void *)&wide,
           (size_t)bytes);
}

/* Puts a column's numbers; sums them, and their magnitudes. */
static void pack_numbers(const column_job *job, uint32_t *sum, int64_t *magnitude) {
    const tare_int8_form *f = job->form;
    const int64_t each = STEP / job->kernel->bytes, run = f->depthwise ? 1 : f->run;
    int32_t *step = job->panel + TARE_INT8_PANEL_FACTS * job->width;
    for (int64_t s = 0; s < f->stretches; s++) {
        for (int64_t q = 0; q < f->steps; q++, step += job->width) {
            *step = 0;
            for (int64_t i = q * each; i < run && i < (q + 1) * each; i++) {
                const int32_t w = weight_at(job, s, i);
                put_number(step, job->kernel->bytes, i - q * each, w);
                *sum += (uint32_t)w;
                *magnitude += abs(w);
            }
        }
    }
}

/* The facts of a column, and what they are. */
static tare_int8_head pack_facts(const column_job *job, uint32_t sum, int64_t magnitude) {
    const int64_t filters = job->p->c.filters;
    const int32_t bias = job->weights->bias ? job->weights->bias[job->filter] : 0;
    const int32_t off = job->p->x_zero - tare_int8_minus(job->kernel, job->p->x_zero);
    int32_t multiplier = job->weights->multipliers[job->filter];
    int32_t shift = -job->weights->multipliers[filters + job->filter];
    const int64_t most = magnitude * MOST_X + llabs((long long)bias);
    const bool small = most <= most_sum;
    if (multiplier == 0 || (small && shift > MOST_SHIFT && most >> MOST_SHIFT == 0)) {
        multiplier = 0; /* all results are y_zero */
        shift = 1;
    }
    const bool plain = small && shift >= 1 && shift <= MOST_SHIFT;
    job->panel[TARE_INT8_BIAS * job->width] = (int32_t)((uint32_t)bias - (uint32_t)off * sum);
    job->panel[TARE_INT8_MULTIPLIER * job->width] = multiplier;
    job->panel[TARE_INT8_SHIFT * job->width] = shift;
    job->panel[TARE_INT8_ROUND * job->width] =
        plain ? (1 << (shift - 1)) + job->p->y_zero * (1 << shift) : 0;
    const double greatest = ldexp((double)most * multiplier, -31 - shift);
    return (tare_int8_head){plain, plain && greatest < TARE_INT8_BOUNDED};
}

static tare_int8_head pack_column(const column_job *job) {
    uint32_t sum = 0;
    int64_t magnitude = 0;
    pack_numbers(job, &sum, &magnitude);
    return pack_facts(job, sum, magnitude);
}

void tare_int8_pack_with(const tare_int8_kernel *kernel, const tare_int8_product *p,
                         const tare_int8_weights *weights, void *packed) {
    const tare_int8_form f = tare_int8_form_of(kernel, p);
    int32_t *numbers = (int32_t *)((char *)packed + TARE_INT8_HEAD);
    tare_int8_head head = {.plain = true, .bounded = true};
    memset(packed, 0, (size_t)tare_int8_packed_bytes_with(kernel, p));
    for (int64_t g = 0; g < f.groups; g++) {
        for (int64_t j = 0; j < f.columns; j++) {
            const int64_t first = j / f.width * f.width;
            const bool narrow = f.columns - first <= kernel->lanes;
            const column_job job = {.kernel = kernel,
                                    .p = p,
                                    .weights = weights,
                                    .form = &f,
                                    .filter = g * f.columns + j,
                                    .panel = numbers + g * f.group + first * f.column + j - first,
                                    .width = narrow ? kernel->lanes : f.width};
            const tare_int8_head column = pack_column(&job);
            head.plain = head.plain && column.plain;
            head.bounded = head.bounded && column.bounded;
        }
    }
    memcpy(packed, &head, sizeof head);
}

static const tare_int8_kernel *kernel_used(const tare_int8_product *p) {
    return tare_int8_kernel_for(tare_isa_used(), p);
}

int64_t tare_int8_packed_bytes(const tare_int8_product *p) {
    return tare_int8_packed_bytes_with(kernel_used(p), p);
}
void tare_int8_pack(const tare_int8_product *p, const tare_int8_weights *weights, void *packed) {
    tare_int8_pack_with(kernel_used(p), p, weights, packed);
}
int64_t tare_int8_product_scratch(const tare_int8_product *p) {
    return tare_int8_product_scratch_with(kernel_used(p), p);
}
void tare_int8_product_run(const tare_int8_product *p, const int8_t *x, const void *packed,
                           int8_t *y, void *scratch, tare_pool *pool) {
    tare_int8_product_run_with(kernel_used(p), p, x, packed, y, scratch, pool);
}
