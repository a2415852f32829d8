/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for AVX-512 with VNNI: four products of unsigned and signed bytes a lane.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
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

static inline vector bytes_at(const int8_t *from) {
    return (vector)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
}

/*
 * With 2 number multiplier + 2^32 round + 2^31 the high half of 64 bits is what is left to shift.
 * odd: of odd lanes, moved to even ones.
 */
typedef struct factors {
    __m512i multiplier, multiplier_odd, round, round_odd, shift;
} factors;
static inline factors factors_of(vector multiplier, vector round, vector shift) {
    const __m512i half = _mm512_set1_epi64(INT64_C(1) << 31), by = (__m512i)multiplier;
    return (factors){by, _mm512_srli_epi64(by, 32),
                     _mm512_or_si512(_mm512_slli_epi64((__m512i)round, 32), half),
                     _mm512_mask_blend_epi32(0x5555, (__m512i)round, half), (__m512i)shift};
}

static inline vector scaled(vector number, const factors *by, bool halves_up) {
    const __m512i x = (__m512i)(number + number);
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32(x, by->multiplier), by->round);
    const __m512i odd = _mm512_add_epi64(
        _mm512_mul_epi32(_mm512_srli_epi64(x, 32), by->multiplier_odd), by->round_odd);
    const __m512i high = _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
    const __m512i down = _mm512_add_epi32(high, _mm512_srai_epi32(x, 31));
    return (vector)_mm512_srav_epi32(halves_up ? high : down, by->shift);
}

typedef struct bounds {
    __m128i least, most;
} bounds;
static inline bounds bounds_of(int32_t least, int32_t most) {
    return (bounds){_mm_set1_epi8((char)least), _mm_set1_epi8((char)most)};
}
static inline void place(int8_t *to, vector y, const bounds *within, int64_t count) {
    const __m128i bytes = _mm512_cvtsepi32_epi8((__m512i)y);
    const __m128i inside = _mm_min_epi8(_mm_max_epi8(bytes, within->least), within->most);
    if (count >= LANES)
        _mm_storeu_si128((__m128i *)(void *)to, inside);
    else
        _mm_mask_storeu_epi8(to, (__mmask16)((1 << count) - 1), inside);
}

/* Packing mixes the rows by fours of columns; the permutation puts them in order. */
#define PLACE_4
static inline void place_4(int8_t *to, int64_t stride, const vector rows[4], const bounds *within) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i bytes =
        _mm512_packs_epi16(_mm512_packs_epi32((__m512i)rows[0], (__m512i)rows[1]),
                           _mm512_packs_epi32((__m512i)rows[2], (__m512i)rows[3]));
    const __m512i least = _mm512_broadcast_i32x4(within->least),
                  most = _mm512_broadcast_i32x4(within->most);
    const __m512i inside = _mm512_min_epi8(_mm512_max_epi8(bytes, least), most);
    const __m512i sorted = _mm512_permutexvar_epi32(order, inside);
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_castsi512_si128(sorted));
    _mm_storeu_si128((__m128i *)(void *)(to + stride), _mm512_extracti32x4_epi32(sorted, 1));
    _mm_storeu_si128((__m128i *)(void *)(to + 2 * stride), _mm512_extracti32x4_epi32(sorted, 2));
    _mm_storeu_si128((__m128i *)(void *)(to + 3 * stride), _mm512_extracti32x4_epi32(sorted, 3));
}

/* Sixteen tables of sixteen answers each, taken where the upper half of a number names them. */
#define LOOK_UP
static inline __m512i answers_of(__m512i x, const int8_t table[256]) {
    const __m512i low = _mm512_and_si512(x, _mm512_set1_epi8(0x0F)),
                  upper = _mm512_andnot_si512(_mm512_set1_epi8(0x0F), x);
    __m512i y = low;
    for (int i = 0; i < 16; i++) {
        const __m512i part = _mm512_broadcast_i32x4(
            _mm_loadu_si128((const __m128i *)(const void *)(table + (ptrdiff_t)16 * i)));
        const __mmask64 here =
            _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8((char)(16 * i + INT8_MIN)));
        y = _mm512_mask_shuffle_epi8(y, here, part, low);
    }
    return y;
}
static void look_up(int8_t *y, const int8_t *x, const int8_t table[256], int64_t count) {
    int64_t i = 0;
    for (; i + 64 <= count; i += 64)
        _mm512_storeu_si512(y + i, answers_of(_mm512_loadu_si512(x + i), table));
    const __mmask64 rest = (UINT64_C(1) << (count - i)) - 1;
    _mm512_mask_storeu_epi8(y + i, rest, answers_of(_mm512_maskz_loadu_epi8(rest, x + i), table));
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_avx512vnni_is_for_x86;
#endif
