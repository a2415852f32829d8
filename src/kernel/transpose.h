/* SPDX-License-Identifier: Apache-2.0 */
/* Four rows of four float32 become four columns: what every transposition here is made of. */
#ifndef TARE_SRC_KERNEL_TRANSPOSE_H
#define TARE_SRC_KERNEL_TRANSPOSE_H

#include <stdint.h>

typedef float tare_quad __attribute__((vector_size(16)));
typedef float tare_loose_quad __attribute__((vector_size(16), aligned(4), may_alias));

/* column[p] = row[0][p], row[1][p], row[2][p], row[3][p] for p = 0 .. 3. */
static inline __attribute__((always_inline)) void tare_transpose_quads(const tare_quad row[4],
                                                                       tare_quad column[4]) {
    const tare_quad r0 = row[0], r1 = row[1], r2 = row[2], r3 = row[3];
    const tare_quad low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
    const tare_quad high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    const tare_quad low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
    const tare_quad high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    column[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    column[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    column[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    column[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}
/* The same of rows in memory. */
static inline __attribute__((always_inline)) void tare_transpose_block(const float *const row[4],
                                                                       tare_quad column[4]) {
    const tare_quad read[4] = {*(const tare_loose_quad *)row[0], *(const tare_loose_quad *)row[1],
                               *(const tare_loose_quad *)row[2], *(const tare_loose_quad *)row[3]};
    tare_transpose_quads(read, column);
}

#endif
