/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for AVX-512 with VNNI: four products of unsigned and signed bytes a lane.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

#include "kernel/int8_kernel.h"

#define LANES  16
#define ROWS   14
#define KERNEL tare_int8_kernel_avx512vnni
#define ISA    TARE_ISA_AVX512
#define NUMBER uint8_t

typedef int32_t vector __attribute__((vector_size(64)));

static inline vector dot(vector sum, vector x, vector w) {
    return (vector)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}
static inline vector widen(const char *from) {
    return (vector)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
}

/* What a vector of columns is scaled by; odd: multipliers of odd lanes, moved to even ones. */
typedef struct factors {
    __m512i multiplier, odd, round, shift;
} factors;

/* Of two nested divisions rounded down, one constant carries all but the first nudge. Below 0,
 * halves go down. */
static inline __m128i scale(__m512i sum, const factors *by) {
    const __m512i nudge = _mm512_set1_epi64(INT64_C(1) << 30);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(sum, by->multiplier), nudge);
    const __m512i odd =
        _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(sum, 32), by->odd), nudge);
    const __m512i high =
        _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 31), _mm512_add_epi64(odd, odd));
    const __m512i nudged =
        _mm512_add_epi32(_mm512_add_epi32(by->round, _mm512_srai_epi32(sum, 31)), high);
    return _mm512_cvtsepi32_epi8(_mm512_srav_epi32(nudged, by->shift));
}

static void finish_plain(const tare_int8_tile *tile, int rows, int width, const int32_t *sums) {
    const __m128i least = _mm_set1_epi8((char)tile->least), most = _mm_set1_epi8((char)tile->most);
    for (int64_t j = 0; j < tile->columns; j += LANES) {
        const int32_t *facts = tile->panel + j;
        const int64_t left = tile->columns - j;
        const __mmask16 columns = (__mmask16)(left < LANES ? (1 << left) - 1 : 0xFFFF);
        factors by = {.multiplier = _mm512_loadu_si512(facts + TARE_INT8_MULTIPLIER * width),
                      .round = _mm512_loadu_si512(facts + TARE_INT8_ROUND * width),
                      .shift = _mm512_loadu_si512(facts + TARE_INT8_SHIFT * width)};
        by.odd = _mm512_srli_epi64(by.multiplier, 32);
        for (int i = 0; i < rows; i++) {
            const __m128i y = scale(_mm512_load_si512(sums + i * width + j), &by);
            const __m128i within = _mm_min_epi8(_mm_max_epi8(y, least), most);
            _mm_mask_storeu_epi8(tile->y + i * tile->y_stride + j, columns, within);
        }
    }
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_avx512vnni_is_for_x86;
#endif
