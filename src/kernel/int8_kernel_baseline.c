/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for any processor: two products of 16-bit numbers a lane. 64-bit ARM has
 * them in int8_kernel_neon.c. */
#if !defined(__aarch64__)
#include <stdint.h>

#include "kernel/fixed_point.h"
#include "kernel/int8_kernel.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define LANES  4
#define ROWS   6
#define KERNEL tare_int8_kernel_baseline
#define ISA    TARE_ISA_BASELINE
#define NUMBER int16_t

typedef int32_t vector __attribute__((vector_size(16)));
typedef int16_t shorts __attribute__((vector_size(8), aligned(2), may_alias));

/* Sums wrap, as the plain loops' do. */
static inline vector dot(vector sum, vector x, vector w) {
#if defined(__SSE2__)
    return (vector)_mm_add_epi32((__m128i)sum, _mm_madd_epi16((__m128i)x, (__m128i)w));
#else
    typedef uint32_t whole __attribute__((vector_size(16)));
    const vector high = (x >> 16) * (w >> 16), low = (x << 16 >> 16) * (w << 16 >> 16);
    return (vector)((whole)sum + (whole)high + (whole)low);
#endif
}
static inline vector widen(const char *from) {
    return __builtin_convertvector(*(const shorts *)(const void *)from, vector);
}

static inline vector bytes_at(const int8_t *from) {
    return (vector){from[0], from[1], from[2], from[3]};
}

typedef struct factors {
    vector multiplier, round, shift;
} factors;
static inline factors factors_of(vector multiplier, vector round, vector shift) {
    return (factors){multiplier, round, shift};
}

static inline vector scaled(vector number, const factors *by, bool halves_up) {
    vector high;
    for (int i = 0; i < LANES; i++) {
        const int64_t product = (int64_t)number[i] * by->multiplier[i];
        high[i] = (int32_t)((product + (INT64_C(1) << 30)) >> 31);
    }
    const vector nudged = high + by->round;
    return (halves_up ? nudged : nudged + (number >> 31)) >> by->shift;
}

typedef struct bounds {
    int32_t least, most;
} bounds;
static inline bounds bounds_of(int32_t least, int32_t most) { return (bounds){least, most}; }
static inline void place(int8_t *to, vector y, const bounds *within, int64_t count) {
    for (int i = 0; i < LANES && i < count; i++)
        to[i] = (int8_t)tare_clamp_32(y[i], within->least, within->most);
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_baseline_is_not_for_arm;
#endif
