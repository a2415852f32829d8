/* SPDX-License-Identifier: Apache-2.0 */
/* Philox blocks for AVX2. */
#if defined(__x86_64__)
#include <immintrin.h>

#define BLOCKS         tare_draw_blocks_avx2
#define VECTOR         __m256i
#define LANES          4
#define ALL(n)         _mm256_set1_epi64x((long long)(n))
#define LOAD(from)     _mm256_loadu_si256((const void *)(from))
#define STORE(to, x)   _mm256_storeu_si256((void *)(to), x)
#define MULTIPLY(a, b) _mm256_mul_epu32(a, b)
#define XOR(a, b)      _mm256_xor_si256(a, b)
#define AND(a, b)      _mm256_and_si256(a, b)
#define OR(a, b)       _mm256_or_si256(a, b)
#define LEFT(x)        _mm256_slli_epi64(x, 32)
#define RIGHT(x)       _mm256_srli_epi64(x, 32)
#include "kernel/draw_blocks.inc.h"
#else
typedef int tare_draw_blocks_avx2_is_for_x86;
#endif
