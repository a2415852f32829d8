/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Philox4x32-10 and what is drawn from it. One block is ten rounds over a counter of four words:
 *
 *     c0, c1, c2, c3  ->  high(M1 c2) ^ c1 ^ k0,  low(M1 c2),  high(M0 c0) ^ c3 ^ k1,  low(M0 c0)
 *
 * with the key raised by Weyl constants from round to round. Source: Salmon, Moraes, Dror and Shaw
 * 2011, "Parallel random numbers: as easy as 1, 2, 3", section 5.3.
 */
#include "base/random.h"

#include <math.h>

#define TWO_PI 6.283185307179586476925286766559

static uint64_t splitmix(uint64_t state) {
    state += UINT64_C(0x9e3779b97f4a7c15);
    state = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ state >> 27) * UINT64_C(0x94d049bb133111eb);
    return state ^ state >> 31;
}

uint64_t tare_random_key(uint64_t graph_seed, uint64_t op_seed) {
    return splitmix(splitmix(graph_seed) ^ op_seed);
}

void tare_random_block(const tare_random *random, uint64_t index, uint32_t words[4]) {
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32);
    uint32_t c2 = (uint32_t)random->stream, c3 = (uint32_t)(random->stream >> 32);
    uint32_t k0 = (uint32_t)random->key, k1 = (uint32_t)(random->key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xD2511F53) * c0;
        const uint64_t b = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += UINT32_C(0x9E3779B9);
        k1 += UINT32_C(0xBB67AE85);
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

/* Two whole numbers of 64 bits out of one block. */
static void draw_two(const tare_random *random, uint64_t index, uint64_t numbers[2]) {
    uint32_t words[4];
    tare_random_block(random, index, words);
    numbers[0] = (uint64_t)words[1] << 32 | words[0];
    numbers[1] = (uint64_t)words[3] << 32 | words[2];
}

void tare_random_fill_uniform(const tare_random *random, int64_t first, int64_t count, double low,
                              double high, double *out) {
    const double below = nextafter(high, low);
    uint64_t numbers[2];
    for (int64_t i = first; i < first + count; i++) {
        if (i == first || i % 2 == 0) draw_two(random, (uint64_t)i / 2, numbers);
        *out++ = tare_random_between(numbers[i % 2], low, high, below);
    }
}

/*
 * Four numbers of the standard normal distribution out of one block: with u in (0, 1] and v in [0,
 * 1), sqrt(-2 ln u) times the cosine and the sine of 2 pi v (Box and Muller 1958).
 */
static void draw_normals(const tare_random *random, uint64_t index, double normals[4]) {
    uint32_t words[4];
    tare_random_block(random, index, words);
    for (int pair = 0; pair < 4; pair += 2) {
        const double radius = sqrt(-2.0 * log(((double)words[pair] + 1.0) * 0x1p-32));
        const double angle = TWO_PI * ((double)words[pair + 1] * 0x1p-32);
        normals[pair] = radius * cos(angle);
        normals[pair + 1] = radius * sin(angle);
    }
}

void tare_random_fill_normal(const tare_random *random, int64_t first, int64_t count, double mean,
                             double deviation, double *out) {
    double normals[4];
    for (int64_t i = first; i < first + count; i++) {
        if (i == first || i % 4 == 0) draw_normals(random, (uint64_t)i / 4, normals);
        *out++ = mean + deviation * normals[i % 4];
    }
}

/* Every number has 64 blocks of its own; that all of them lie outside happens once in 10^343
 * numbers. */
static double draw_truncated(const tare_random *random, uint64_t i) {
    for (uint64_t attempt = 0; attempt < 64; attempt++) {
        double normals[4];
        draw_normals(random, i * 64 + attempt, normals);
        for (int k = 0; k < 4; k++)
            if (fabs(normals[k]) < 2.0) return normals[k];
    }
    return 0.0;
}

void tare_random_fill_truncated_normal(const tare_random *random, int64_t first, int64_t count,
                                       double mean, double deviation, double *out) {
    for (int64_t i = first; i < first + count; i++)
        *out++ = mean + deviation * draw_truncated(random, (uint64_t)i);
}

/*
 * Numbers below 2^64 mod limit are drawn again, so that what is left is a multiple of limit;
 * further draws come from keys of their own.
 */
uint64_t tare_random_below(const tare_random *random, uint64_t index, uint64_t limit) {
    if (limit <= 1) return 0;
    const uint64_t refused = (0 - limit) % limit;
    tare_random from = *random;
    for (uint64_t attempt = 1;; attempt++) {
        uint64_t numbers[2];
        draw_two(&from, index, numbers);
        if (numbers[0] >= refused) return numbers[0] % limit;
        if (numbers[1] >= refused) return numbers[1] % limit;
        from.key = tare_random_key(random->key, attempt);
    }
}

void tare_random_permutation(const tare_random *random, int64_t count, int64_t *order) {
    for (int64_t i = 0; i < count; i++) order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t other = (int64_t)tare_random_below(random, (uint64_t)i, (uint64_t)i + 1);
        const int64_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}
