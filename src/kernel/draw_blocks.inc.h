/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Philox4x32-10 on words in lanes of 64 bits, whose upper halves hold what nobody reads: products
 * take the lower ones. To be defined before: BLOCKS (the function), VECTOR, LANES, MULTIPLY (lower
 * halves), XOR, AND, OR, LEFT and RIGHT (by 32 bits), ALL (a number in every lane), LOAD, STORE.
 */
#include "kernel/draw_blocks.h"

enum { TOGETHER = 4, ROUNDS = 10 };

typedef struct counters {
    VECTOR c0[TOGETHER], c1[TOGETHER], c2[TOGETHER], c3[TOGETHER];
} counters;

static inline void go_round(counters *c, uint32_t key0, uint32_t key1) {
    const VECTOR k0 = ALL(key0), k1 = ALL(key1);
    for (int v = 0; v < TOGETHER; v++) {
        const VECTOR a = MULTIPLY(ALL(0xD2511F53), c->c0[v]);
        const VECTOR b = MULTIPLY(ALL(0xCD9E8D57), c->c2[v]);
        c->c0[v] = XOR(XOR(RIGHT(b), c->c1[v]), k0);
        c->c1[v] = b;
        c->c2[v] = XOR(XOR(RIGHT(a), c->c3[v]), k1);
        c->c3[v] = a;
    }
}

void BLOCKS(const tare_random *random, uint64_t first, uint64_t numbers[2][TARE_DRAW_BLOCKS]) {
    const VECTOR lower = ALL(0xFFFFFFFF);
    for (int i = 0; i < TARE_DRAW_BLOCKS; i++) numbers[0][i] = first + (uint64_t)i;
    for (int from = 0; from < TARE_DRAW_BLOCKS; from += TOGETHER * LANES) {
        counters c;
        for (int v = 0; v < TOGETHER; v++) {
            c.c0[v] = LOAD(numbers[0] + from + v * LANES);
            c.c1[v] = RIGHT(c.c0[v]);
            c.c2[v] = ALL((uint32_t)random->stream);
            c.c3[v] = ALL(random->stream >> 32);
        }
        uint32_t k0 = (uint32_t)random->key, k1 = (uint32_t)(random->key >> 32);
        for (int round = 0; round < ROUNDS; round++) {
            go_round(&c, k0, k1);
            k0 += UINT32_C(0x9E3779B9);
            k1 += UINT32_C(0xBB67AE85);
        }
        for (int v = 0; v < TOGETHER; v++) {
            const int at = from + v * LANES;
            STORE(numbers[0] + at, OR(LEFT(c.c1[v]), AND(c.c0[v], lower)));
            STORE(numbers[1] + at, OR(LEFT(c.c3[v]), AND(c.c2[v], lower)));
        }
    }
}
