/* SPDX-License-Identifier: Apache-2.0 */
/* The word somebody may have meant: nearest by edit distance. */
#ifndef TARE_SRC_BASE_NEAREST_H
#define TARE_SRC_BASE_NEAREST_H

#include <stddef.h>

/*
 * Letters to insert, delete, change or swap with their neighbour to turn a into b (optimal string
 * alignment). Words longer than TARE_NEAREST_LETTERS bytes count as far from everything: their
 * distance is their length.
 */
#define TARE_NEAREST_LETTERS 63
size_t tare_text_distance(const char *a, const char *b);

/* A search: start with {word}, offer candidates, read `best` (NULL: none is near enough to be a
 * slip, that is within a third of the letters, at least one). */
typedef struct tare_nearest {
    const char *word;
    const char *best;
    size_t distance;
} tare_nearest;
void tare_nearest_offer(tare_nearest *nearest, const char *candidate);

#endif
