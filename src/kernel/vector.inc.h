/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vector of LANES float32 numbers, as long as the including file's instruction set has them, from
 * and to memory of any alignment.
 */
#include <stdint.h>
#if defined(__AVX__)
#include <immintrin.h>
#endif

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef float loose_vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline vector load(const float *from) { return *(const loose_vector *)from; }
static inline void store(float *to, vector value) { *(loose_vector *)to = value; }

/* clamp(v) of ending.h. Comparisons that are false for a NaN keep it, as x86's instructions for a
 * maximum and a minimum do whose second argument it is. */
static inline __attribute__((always_inline)) vector clamp(vector v, vector low, vector high) {
#if LANES == 16 && defined(__AVX512F__)
    return _mm512_min_ps(high, _mm512_max_ps(low, v));
#elif LANES == 8 && defined(__AVX__)
    return _mm256_min_ps(high, _mm256_max_ps(low, v));
#else
    typedef int mask __attribute__((vector_size(4 * LANES)));
    const mask below = v < low;
    v = (vector)((below & (mask)low) | (~below & (mask)v));
    const mask above = v > high;
    return (vector)((above & (mask)high) | (~above & (mask)v));
#endif
}
