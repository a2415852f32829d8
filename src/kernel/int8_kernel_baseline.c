/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for any processor: two products of 16-bit numbers a lane. */
#include <stdint.h>

#include "kernel/fixed_point.h"
#include "kernel/int8_kernel.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define LANES  4
#define ROWS   6
#define KERNEL tare_int8_kernel_baseline
#define ISA    TARE_ISA_BASELINE
#define NUMBER int16_t

typedef int32_t vector __attribute__((vector_size(16)));
typedef int16_t shorts __attribute__((vector_size(8), aligned(2), may_alias));

static inline vector dot(vector sum, vector x, vector w) {
#if defined(__SSE2__)
    return sum + (vector)_mm_madd_epi16((__m128i)x, (__m128i)w);
#elif defined(__ARM_NEON)
    const int16x8_t numbers = (int16x8_t)x, factors = (int16x8_t)w;
    const int32x4_t low = vmull_s16(vget_low_s16(numbers), vget_low_s16(factors));
    return sum + (vector)vpaddq_s32(low, vmull_high_s16(numbers, factors));
#else
    return sum + (x >> 16) * (w >> 16) + (x << 16 >> 16) * (w << 16 >> 16);
#endif
}
static inline vector widen(const char *from) {
    return __builtin_convertvector(*(const shorts *)(const void *)from, vector);
}

static void finish_plain(const tare_int8_tile *tile, int rows, int width, const int32_t *sums) {
    const int32_t *multipliers = tile->panel + TARE_INT8_MULTIPLIER * width;
    const int32_t *rounds = tile->panel + TARE_INT8_ROUND * width;
    const int32_t *shifts = tile->panel + TARE_INT8_SHIFT * width;
    for (int i = 0; i < rows; i++) {
        for (int64_t j = 0; j < tile->columns; j++) {
            const int32_t sum = sums[i * width + j];
            const int64_t product = (int64_t)sum * multipliers[j];
            const int32_t high = (int32_t)((product + (INT64_C(1) << 30)) >> 31);
            const int32_t down = sum < 0 && !tile->halves_up;
            const int32_t y = (high + rounds[j] - down) >> shifts[j];
            tile->y[i * tile->y_stride + j] = (int8_t)tare_clamp_32(y, tile->least, tile->most);
        }
    }
}

#include "kernel/int8_kernel.inc.h"
