/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums of a depthwise convolution for one instruction set; the including file is compiled for
 * it and defines
 *     TABLE   the table's name
 *     ISA     its instruction set
 *     LANES   float32 numbers in a vector
 *
 * Channels are taken in blocks of four vectors, then of one. What is left over is done by a vector
 * that ends at the last channel; fewer channels than lanes are done one by one.
 */
#include "kernel/depthwise_rows.h"

#include <string.h>

enum { BLOCKS = 4 };

typedef float vector __attribute__((vector_size(4 * LANES)));

static inline vector load(const float *from) {
    vector v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void store(float *to, vector v) { memcpy(to, &v, sizeof v); }

/* ---- sum */

static inline __attribute__((always_inline)) void sum_blocks(int blocks, int64_t c, int64_t count,
                                                             const float *const *x,
                                                             const float *const *w,
                                                             const float *bias, float *y) {
    vector sums[BLOCKS];
    for (int b = 0; b < blocks; b++) sums[b] = bias ? load(bias + c + b * LANES) : (vector){0};
    for (int64_t i = 0; i < count; i++)
        for (int b = 0; b < blocks; b++)
            sums[b] += load(x[i] + c + b * LANES) * load(w[i] + c + b * LANES);
    for (int b = 0; b < blocks; b++) store(y + c + b * LANES, sums[b]);
}

static void sum(int64_t channels, int64_t count, const float *const *x, const float *const *w,
                const float *bias, float *y) {
    int64_t c = 0;
    for (; c + BLOCKS * LANES <= channels; c += BLOCKS * LANES)
        sum_blocks(BLOCKS, c, count, x, w, bias, y);
    for (; c + LANES <= channels; c += LANES) sum_blocks(1, c, count, x, w, bias, y);
    if (c < channels && channels >= LANES) {
        sum_blocks(1, channels - LANES, count, x, w, bias, y);
        return;
    }
    for (; c < channels; c++) {
        float one = bias ? bias[c] : 0;
        for (int64_t i = 0; i < count; i++) one += x[i][c] * w[i][c];
        y[c] = one;
    }
}

/* ---- add_products */

static inline __attribute__((always_inline)) void add_blocks(int blocks, int64_t c,
                                                             int64_t channels, int64_t count,
                                                             const float *x, int64_t step,
                                                             const float *dy, float *dw) {
    vector sums[BLOCKS];
    for (int b = 0; b < blocks; b++) sums[b] = (vector){0};
    for (int64_t i = 0; i < count; i++)
        for (int b = 0; b < blocks; b++)
            sums[b] += load(x + i * step + c + b * LANES) * load(dy + i * channels + c + b * LANES);
    for (int b = 0; b < blocks; b++) store(dw + c + b * LANES, load(dw + c + b * LANES) + sums[b]);
}

static void add_products(int64_t channels, int64_t count, const float *x, int64_t step,
                         const float *dy, float *dw) {
    int64_t c = 0;
    for (; c + BLOCKS * LANES <= channels; c += BLOCKS * LANES)
        add_blocks(BLOCKS, c, channels, count, x, step, dy, dw);
    for (; c + LANES <= channels; c += LANES) add_blocks(1, c, channels, count, x, step, dy, dw);
    for (; c < channels; c++) {
        float one = 0;
        for (int64_t i = 0; i < count; i++) one += x[i * step + c] * dy[i * channels + c];
        dw[c] += one;
    }
}

const tare_depthwise_rows TABLE = {ISA, sum, add_products};
