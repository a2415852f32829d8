/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vector of LANES float32 numbers, as long as the including file's instruction set has them, from
 * and to memory of any alignment.
 */
#include <stdint.h>

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef float loose_vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline vector load(const float *from) { return *(const loose_vector *)from; }
static inline void store(float *to, vector value) { *(loose_vector *)to = value; }

/* clamp(v) of ending.h. A comparison that is false for a NaN keeps it, as the instructions for a
 * maximum and a minimum do, which these loops become. */
static inline vector clamp(vector v, vector low, vector high) {
    for (int i = 0; i < LANES; i++) v[i] = v[i] < low[i] ? low[i] : v[i];
    for (int i = 0; i < LANES; i++) v[i] = v[i] > high[i] ? high[i] : v[i];
    return v;
}
