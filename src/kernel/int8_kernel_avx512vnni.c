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

/*
 * Results by float32, in 65536ths, each with as much added as it may be wrong by: they are certain
 * where what they have beyond a whole number is at least twice that. `rest` keeps the least such
 * part of each place in its lower half.
 */
#define ESTIMATES
static inline vector parts_of(__m512 sum, __m512i zero, vector *rest) {
    enum { NEAREST = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
    const __m512i parts = _mm512_add_epi32(_mm512_cvt_roundps_epi32(sum, NEAREST), zero);
    *rest = (vector)_mm512_min_epu16((__m512i)*rest, parts);
    return (vector)parts;
}
static inline bool is_certain(vector rest, int32_t wrong) {
    const __m512i lower = _mm512_and_si512((__m512i)rest, _mm512_set1_epi32(UINT16_MAX));
    return _mm512_cmplt_epi32_mask(lower, _mm512_set1_epi32(2 * wrong)) == 0;
}

/*
 * Both roundings of `scaled` are one:
 *
 *     floor((multiplier number / 2^31 + 1/2 + 2^(shift - 1)) / 2^shift) = floor(t + 1/2 + nudge)
 *     t = multiplier number / 2^(31 + shift)        nudge = 1 / 2^(shift + 1)
 *
 * and nudge changes its sign where halves go away from 0 and number < 0. Results within -128..127
 * have |t| < 256; number and factor are then wrong by 1 each, and by 1/2 each the sum, what is
 * added to it and its step to whole numbers.
 */
enum { LINE_WRONG = 4 };
typedef struct line {
    __m512 factor, nudge, offset;
    __m512i zero;
} line;
static inline line line_of(vector multiplier, vector shift, int32_t y_zero) {
    const __m512 from = -15 - _mm512_cvtepi32_ps((__m512i)shift);
    const __m512 nudge = _mm512_scalef_ps(_mm512_set1_ps(1), 30 + from);
    const int32_t zero = y_zero * (1 << 16) + (1 << 15) + LINE_WRONG;
    return (line){_mm512_scalef_ps(_mm512_cvtepi32_ps((__m512i)multiplier), from), nudge,
                  nudge + (float)zero, _mm512_set1_epi32(zero)};
}
static inline vector line_at(vector number, const line *by, bool halves_up, vector *rest) {
    enum { OR_SIGN = 0xF8 }; /* nudge | (number & sign) */
    const __m512i away = _mm512_ternarylogic_epi32((__m512i)by->nudge, (__m512i)number,
                                                   _mm512_set1_epi32(INT32_MIN), OR_SIGN);
    const __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps((__m512i)number), by->factor,
                                       halves_up ? by->offset : (__m512)away);
    return parts_of(sum, halves_up ? _mm512_setzero_si512() : by->zero, rest);
}

static inline vector plane_at(const tare_int8_sum *sum, vector x, vector z, vector *rest) {
    const __m512 other = _mm512_fmadd_ps(_mm512_cvtepi32_ps((__m512i)z),
                                         _mm512_set1_ps(sum->z_share), _mm512_set1_ps(sum->offset));
    return parts_of(
        _mm512_fmadd_ps(_mm512_cvtepi32_ps((__m512i)x), _mm512_set1_ps(sum->x_share), other),
        _mm512_setzero_si512(), rest);
}

/* The whole parts of four vectors as bytes. Packing mixes the vectors by eights of numbers; the
 * permutation puts them in order. */
static inline __m512i bytes_of(const vector four[4], const bounds *within) {
    static const int16_t upper[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21,
                                      23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43,
                                      45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    const __m512i halves = _mm512_loadu_si512(upper),
                  order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const __m512i bytes =
        _mm512_packs_epi16(_mm512_permutex2var_epi16((__m512i)four[0], halves, (__m512i)four[1]),
                           _mm512_permutex2var_epi16((__m512i)four[2], halves, (__m512i)four[3]));
    const __m512i least = _mm512_broadcast_i32x4(within->least),
                  most = _mm512_broadcast_i32x4(within->most);
    return _mm512_permutexvar_epi64(order, _mm512_min_epi8(_mm512_max_epi8(bytes, least), most));
}
/* One row of four vectors; two rows of two; four of one. */
static inline void place_1x4(int8_t *to, const vector row[4], const bounds *within) {
    _mm512_storeu_si512(to, bytes_of(row, within));
}
static inline void place_2x2(int8_t *to, int64_t stride, const vector rows[4],
                             const bounds *within) {
    const __m512i bytes = bytes_of(rows, within);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm512_castsi512_si256(bytes));
    _mm256_storeu_si256((__m256i *)(void *)(to + stride), _mm512_extracti64x4_epi64(bytes, 1));
}

static inline void place_4x1(int8_t *to, int64_t stride, const vector rows[4],
                             const bounds *within) {
    const __m512i bytes = bytes_of(rows, within);
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_castsi512_si128(bytes));
    _mm_storeu_si128((__m128i *)(void *)(to + stride), _mm512_extracti32x4_epi32(bytes, 1));
    _mm_storeu_si128((__m128i *)(void *)(to + 2 * stride), _mm512_extracti32x4_epi32(bytes, 2));
    _mm_storeu_si128((__m128i *)(void *)(to + 3 * stride), _mm512_extracti32x4_epi32(bytes, 3));
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
