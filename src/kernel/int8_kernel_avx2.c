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
    return sum + (vector)_mm256_madd_epi16((__m256i)x, (__m256i)w);
}
static inline vector widen(const char *from) {
    return (vector)_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
}

static inline __m256i load_lanes(const int32_t *from) {
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

/* What a vector of columns is scaled by; odd: multipliers of odd lanes, moved to even ones;
 * below: what is added to a number below 0. */
typedef struct factors {
    __m256i multiplier, odd, round, shift, below;
} factors;

/* Of two nested divisions rounded down, one constant carries all but the first nudge. Below 0,
 * halves go down where they go away from 0. */
static inline __m128i scale(__m256i sum, const factors *by) {
    const __m256i nudge = _mm256_set1_epi64x(INT64_C(1) << 30);
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(sum, by->multiplier), nudge);
    const __m256i odd =
        _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(sum, 32), by->odd), nudge);
    const __m256i high =
        _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_add_epi64(odd, odd), 0xAA);
    const __m256i nudged = _mm256_add_epi32(
        _mm256_add_epi32(by->round, _mm256_and_si256(_mm256_srai_epi32(sum, 31), by->below)), high);
    const __m256i y = _mm256_srav_epi32(nudged, by->shift);
    const __m128i halves =
        _mm_packs_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
    return _mm_packs_epi16(halves, halves);
}

/* The lowest bits of a byte go first, as x86 has them. */
static inline void place(int8_t *to, __m128i bytes, int64_t count) {
    const int64_t all = _mm_cvtsi128_si64(bytes);
    if (count >= LANES)
        memcpy(to, &all, LANES);
    else
        memcpy(to, &all, (size_t)count);
}

/* SSE2 has the least and greatest of unsigned bytes, SSE4.1 of signed ones, which AVX2 implies. */
static void finish_plain(const tare_int8_tile *tile, int rows, int width, const int32_t *sums) {
    const __m128i least = _mm_set1_epi8((char)tile->least), most = _mm_set1_epi8((char)tile->most);
    for (int64_t j = 0; j < tile->columns; j += LANES) {
        const int32_t *facts = tile->panel + j;
        factors by = {.multiplier = load_lanes(facts + TARE_INT8_MULTIPLIER * width),
                      .round = load_lanes(facts + TARE_INT8_ROUND * width),
                      .shift = load_lanes(facts + TARE_INT8_SHIFT * width),
                      .below = _mm256_set1_epi32(tile->halves_up ? 0 : -1)};
        by.odd = _mm256_srli_epi64(by.multiplier, 32);
        for (int i = 0; i < rows; i++) {
            const __m128i y = scale(load_lanes(sums + i * width + j), &by);
            const __m128i within = _mm_min_epi8(_mm_max_epi8(y, least), most);
            place(tile->y + i * tile->y_stride + j, within, tile->columns - j);
        }
    }
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_avx2_is_for_x86;
#endif
