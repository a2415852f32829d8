/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). Number i of a stream is a function of (key, stream, i) alone, so
 * any thread may make any part of it.
 */
#ifndef TARE_SRC_BASE_RANDOM_H
#define TARE_SRC_BASE_RANDOM_H

#include <stdint.h>

/*
 * A stream: key from the seeds of graph and op, stream from whatever counts the draws (runs of a
 * session, an epoch).
 */
typedef struct tare_random {
    uint64_t key, stream;
} tare_random;

/* Mixes two seeds into a key (splitmix64). */
uint64_t tare_random_key(uint64_t graph_seed, uint64_t op_seed);
/* Block `index` of the stream: four 32-bit words of the counter {index, stream}, low words first.
 */
void tare_random_block(const tare_random *random, uint64_t index, uint32_t words[4]);
/*
 * The next three fill `count` numbers of the stream from position `first` on; any split gives the
 * same numbers.
 */

/*
 * A number of 64 random bits as one in [low, high), by its upper 53. below: the last one below high
 * (high, when they are equal), for the sum may round up to high.
 */
static inline double tare_random_between(uint64_t number, double low, double high, double below) {
    const double value = low + (high - low) * ((double)(int64_t)(number >> 11) * 0x1p-53);
    return value >= high && low < high ? below : value;
}

/* In [low, high), or low when they are equal; 53 bits each. */
void tare_random_fill_uniform(const tare_random *random, int64_t first, int64_t count, double low,
                              double high, double *out);
/* Box and Muller, two numbers from a pair of words, in double. */
void tare_random_fill_normal(const tare_random *random, int64_t first, int64_t count, double mean,
                             double deviation, double *out);
/* Redrawn beyond two deviations, from counters of the number's own. */
void tare_random_fill_truncated_normal(const tare_random *random, int64_t first, int64_t count,
                                       double mean, double deviation, double *out);
/* A whole number in [0, limit), without bias. */
uint64_t tare_random_below(const tare_random *random, uint64_t index, uint64_t limit);
/* A random permutation of 0..count-1 (Fisher and Yates). */
void tare_random_permutation(const tare_random *random, int64_t count, int64_t *order);

#endif
