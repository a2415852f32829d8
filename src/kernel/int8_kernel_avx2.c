/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for AVX2: two products of 16-bit numbers a lane. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernel/int8_kernel.h"

#define LANES  8
#define ROWS   6
#define KERNEL tare_int8_kernel_avx2
#define ISA    TARE_ISA_AVX2
#define NUMBER int16_t

typedef int32_t vector __attribute__((vector_size(32)));

static inline vector dot(vector sum, vector x, vector w) {
    return (vector)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16((__m256i)x, (__m256i)w));
}
static inline vector widen(const char *from) {
    return (vector)_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
}

static inline vector bytes_at(const int8_t *from) {
    return (vector)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
}

/*
 * With 2 number multiplier + 2^32 round + 2^31 the high half of 64 bits is what is left to shift.
 * odd: of odd lanes, moved to even ones.
 */
typedef struct factors {
    __m256i multiplier, multiplier_odd, round, round_odd, shift;
} factors;
static inline factors factors_of(vector multiplier, vector round, vector shift) {
    const __m256i half = _mm256_set1_epi64x(INT64_C(1) << 31), by = (__m256i)multiplier;
    return (factors){by, _mm256_srli_epi64(by, 32),
                     _mm256_or_si256(_mm256_slli_epi64((__m256i)round, 32), half),
                     _mm256_blend_epi32((__m256i)round, half, 0x55), (__m256i)shift};
}

static inline vector scaled(vector number, const factors *by, bool halves_up) {
    const __m256i x = (__m256i)(number + number);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, by->multiplier), by->round);
    const __m256i odd = _mm256_add_epi64(
        _mm256_mul_epi32(_mm256_srli_epi64(x, 32), by->multiplier_odd), by->round_odd);
    const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
    const __m256i down = _mm256_add_epi32(high, _mm256_srai_epi32(x, 31));
    return (vector)_mm256_srav_epi32(halves_up ? high : down, by->shift);
}

typedef struct bounds {
    __m128i least, most;
} bounds;
static inline bounds bounds_of(int32_t least, int32_t most) {
    return (bounds){_mm_set1_epi8((char)least), _mm_set1_epi8((char)most)};
}
/* The lowest bits of a byte go first, as x86 has them. */
static inline void place(int8_t *to, vector y, const bounds *within, int64_t count) {
    const __m256i numbers = (__m256i)y;
    const __m128i halves =
        _mm_packs_epi32(_mm256_castsi256_si128(numbers), _mm256_extracti128_si256(numbers, 1));
    const __m128i bytes = _mm_packs_epi16(halves, halves);
    const __m128i inside = _mm_min_epi8(_mm_max_epi8(bytes, within->least), within->most);
    const int64_t all = _mm_cvtsi128_si64(inside);
    memcpy(to, &all, count >= LANES ? LANES : (size_t)count);
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_avx2_is_for_x86;
#endif
