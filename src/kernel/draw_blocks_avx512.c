/* SPDX-License-Identifier: Apache-2.0 */
/* Philox blocks for AVX-512. */
#if defined(__x86_64__)
#include <immintrin.h>

#define BLOCKS         tare_draw_blocks_avx512
#define VECTOR         __m512i
#define LANES          8
#define ALL(n)         _mm512_set1_epi64((long long)(n))
#define LOAD(from)     _mm512_loadu_si512((const void *)(from))
#define STORE(to, x)   _mm512_storeu_si512((void *)(to), x)
#define MULTIPLY(a, b) _mm512_mul_epu32(a, b)
#define XOR(a, b)      _mm512_xor_si512(a, b)
#define AND(a, b)      _mm512_and_si512(a, b)
#define OR(a, b)       _mm512_or_si512(a, b)
#define LEFT(x)        _mm512_slli_epi64(x, 32)
#define RIGHT(x)       _mm512_srli_epi64(x, 32)
#include "kernel/draw_blocks.inc.h"
#else
typedef int tare_draw_blocks_avx512_is_for_x86;
#endif
