/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops of ceiling.h for one instruction set; included once by each of ceiling_baseline.c,
 * ceiling_avx2.c and ceiling_avx512.c, which define LANES and TABLE.
 */
#include "kernel/ceiling.h"

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef float loose_vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

/* Ten sums hide the latency of four cycles and two units; all operands are 0, so nothing is
 * denormal. TARE_IN_REGISTER keeps the compiler from working any of it out. */
#define SUMS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9)
#define BEGIN_SUM(i)                                                                               \
    vector sum_##i = {0};                                                                          \
    TARE_IN_REGISTER(sum_##i);
#define ADD_TO_SUM(i)                                                                              \
    sum_##i += a * b;                                                                              \
    TARE_IN_REGISTER(a);
#define END_SUM(i) TARE_IN_REGISTER(sum_##i);

static double multiply_add(int64_t rounds) {
    const int64_t sums = 10;
    vector a = {0}, b = {0};
    TARE_IN_REGISTER(a);
    TARE_IN_REGISTER(b);
    SUMS(BEGIN_SUM)
    for (int64_t i = 0; i < rounds; i++) {
        SUMS(ADD_TO_SUM)
    }
    SUMS(END_SUM)
    return (double)(2 * sums * LANES * rounds);
}

static void copy(float *to, const float *from, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        *(loose_vector *)(to + i) = *(const loose_vector *)(from + i);
    for (; i < count; i++) to[i] = from[i];
}

const tare_ceiling_loops TABLE = {.multiply_add = multiply_add, .copy = copy};
