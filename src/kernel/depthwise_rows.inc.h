/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums of a depthwise convolution for one instruction set; the including file is compiled for
 * it and defines
 *     TABLE   the table's name
 *     ISA     its instruction set
 *     LANES   float32 numbers in a vector
 *
 * sum holds up to eight pixels of one vector of channels in registers, so that a tap's numbers are
 * loaded once for all of them; add_products holds up to nine taps, so that a pixel's dy is. Either
 * way each multiply-add loads one operand. Channels beyond whole vectors are done in fours, then
 * one by one. Both fetch ahead, in the order of memory, what comes next: sums what the next row of
 * pixels reads first and what is written soon, products the next rows of both.
 */
#include "kernel/depthwise_rows.h"
#include "kernel/rows.h"

enum { LINE = 16 /* numbers in a cache line */ };

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef float quad __attribute__((vector_size(16)));
typedef float single;
typedef float loose_vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float loose_quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef float loose_single;

/* ---- sum: `count` pixels from p on, of all channels, as many at a time as `type` has */

#define SUM_BEGIN(i) value sum_##i = shift;
#define SUM_ADD(i)   sum_##i += *(const loose *)(x + (i)*x_step) * w;
#define SUM_END(i)   *(loose *)(to + (i)*y_step) = sum_##i;

/* The last channels may overlap the ones before. */
#define DEFINE_SUM(name, type, count)                                                              \
    static void name(const tare_depthwise_run *run, int64_t p, float *y) {                         \
        typedef type value;                                                                        \
        typedef loose_##type loose;                                                                \
        const int64_t lanes = (int64_t)(sizeof(value) / sizeof(float));                            \
        const int64_t last = run->channels - lanes, taps = run->taps;                              \
        const int64_t x_step = run->x_step * run->channels, y_step = run->y_step * run->channels;  \
        const int64_t first = p * x_step;                                                          \
        for (int64_t done = 0; done < run->channels; done += lanes) {                              \
            const int64_t c = done < last ? done : last;                                           \
            value shift = {0};                                                                     \
            if (run->bias) shift = *(const loose *)(run->bias + c);                                \
            const float *x_ahead = run->x_ahead + first + done * (count)*run->x_step;              \
            const float *y_ahead = y + (p + 2 * (count)) * y_step + done * (count)*run->y_step;    \
            for (int64_t i = 0; i < (count)*lanes; i += LINE) {                                    \
                __builtin_prefetch(x_ahead + i * run->x_step, 0, 2);                               \
                __builtin_prefetch(y_ahead + i * run->y_step, 1, 2);                               \
            }                                                                                      \
            ROWS_##count(SUM_BEGIN);                                                               \
            for (int64_t t = 0; t < taps; t++) {                                                   \
                const float *x = run->x[t] + first + c;                                            \
                const value w = *(const loose *)(run->w[t] + c);                                   \
                ROWS_##count(SUM_ADD);                                                             \
            }                                                                                      \
            float *to = y + p * y_step + c;                                                        \
            ROWS_##count(SUM_END);                                                                 \
        }                                                                                          \
    }
DEFINE_SUM(sum_8, vector, 8)
DEFINE_SUM(sum_4, vector, 4)
DEFINE_SUM(sum_2, vector, 2)
DEFINE_SUM(sum_1, vector, 1)
DEFINE_SUM(sum_quad_4, quad, 4)
DEFINE_SUM(sum_quad_1, quad, 1)
DEFINE_SUM(sum_single, single, 1)

static void sum(const tare_depthwise_run *run, float *y) {
    const int64_t pixels = run->pixels;
    int64_t p = 0;
    if (run->channels >= LANES) {
        for (; p + 8 <= pixels; p += 8) sum_8(run, p, y);
        for (; p + 4 <= pixels; p += 4) sum_4(run, p, y);
        for (; p + 2 <= pixels; p += 2) sum_2(run, p, y);
        for (; p < pixels; p++) sum_1(run, p, y);
    } else if (run->channels >= 4) {
        for (; p + 4 <= pixels; p += 4) sum_quad_4(run, p, y);
        for (; p < pixels; p++) sum_quad_1(run, p, y);
    } else {
        for (; p < pixels; p++) sum_single(run, p, y);
    }
}

/* ---- add_products: `count` taps from t on, of as many channels from c on as `type` has */

#define PRODUCTS_BEGIN(i)                                                                          \
    const float *const x_##i = run->x[t + (i)] + c;                                                \
    value sum_##i = {0};
#define PRODUCTS_ADD(i) sum_##i += *(const loose *)(x_##i + at) * share;
#define PRODUCTS_END(i) *(loose *)(run->dw[t + (i)] + c) += sum_##i;

#define DEFINE_PRODUCTS(name, type, count)                                                         \
    static void name(const tare_depthwise_run *run, int64_t t, int64_t c, const float *dy) {       \
        typedef type value;                                                                        \
        typedef loose_##type loose;                                                                \
        const int64_t x_step = run->x_step * run->channels, y_step = run->y_step * run->channels;  \
        const int64_t lanes = (int64_t)(sizeof(value) / sizeof(float)), pixels = run->pixels;      \
        const float *x_ahead = run->x_ahead + c * pixels, *y_ahead = run->y_ahead + c * pixels;    \
        int64_t at = 0;                                                                            \
        ROWS_##count(PRODUCTS_BEGIN);                                                              \
        dy += c;                                                                                   \
        for (int64_t p = 0; p < pixels; p++, at += x_step, dy += y_step) {                         \
            if (p * lanes % LINE == 0) {                                                           \
                __builtin_prefetch(x_ahead + p * lanes, 0, 2);                                     \
                __builtin_prefetch(y_ahead + p * lanes, 0, 2);                                     \
            }                                                                                      \
            const value share = *(const loose *)dy;                                                \
            ROWS_##count(PRODUCTS_ADD);                                                            \
        }                                                                                          \
        ROWS_##count(PRODUCTS_END);                                                                \
    }
DEFINE_PRODUCTS(products_9, vector, 9)
DEFINE_PRODUCTS(products_6, vector, 6)
DEFINE_PRODUCTS(products_3, vector, 3)
DEFINE_PRODUCTS(products_1, vector, 1)
DEFINE_PRODUCTS(products_quad_9, quad, 9)
DEFINE_PRODUCTS(products_quad_3, quad, 3)
DEFINE_PRODUCTS(products_quad_1, quad, 1)
DEFINE_PRODUCTS(products_single_3, single, 3)
DEFINE_PRODUCTS(products_single_1, single, 1)

static void add_products(const tare_depthwise_run *run, const float *dy) {
    const int64_t channels = run->channels, taps = run->taps;
    int64_t c = 0, t;
    for (; c + LANES <= channels; c += LANES) {
        for (t = 0; t + 9 <= taps; t += 9) products_9(run, t, c, dy);
        for (; t + 6 <= taps; t += 6) products_6(run, t, c, dy);
        for (; t + 3 <= taps; t += 3) products_3(run, t, c, dy);
        for (; t < taps; t++) products_1(run, t, c, dy);
    }
    for (; c + 4 <= channels; c += 4) {
        for (t = 0; t + 9 <= taps; t += 9) products_quad_9(run, t, c, dy);
        for (; t + 3 <= taps; t += 3) products_quad_3(run, t, c, dy);
        for (; t < taps; t++) products_quad_1(run, t, c, dy);
    }
    for (; c < channels; c++) {
        for (t = 0; t + 3 <= taps; t += 3) products_single_3(run, t, c, dy);
        for (; t < taps; t++) products_single_1(run, t, c, dy);
    }
}

const tare_depthwise_rows TABLE = {ISA, sum, add_products};
