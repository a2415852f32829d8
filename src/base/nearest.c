/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit distance with swaps of neighbours (optimal string alignment), in three rows.
 * Source  Damerau 1964, "A technique for computer detection and correction of spelling errors".
 */
#include "base/nearest.h"

#include <string.h>

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

size_t tare_text_distance(const char *a, const char *b) {
    const size_t m = strlen(a), n = strlen(b);
    if (m > TARE_NEAREST_LETTERS || n > TARE_NEAREST_LETTERS) return m > n ? m : n;
    size_t rows[3][TARE_NEAREST_LETTERS + 1];
    for (size_t j = 0; j <= n; j++) rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], higher[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

void tare_nearest_offer(tare_nearest *nearest, const char *candidate) {
    const size_t distance = tare_text_distance(nearest->word, candidate);
    const size_t letters = strlen(nearest->word);
    if (distance > (letters < 3 ? 1 : letters / 3)) return;
    if (nearest->best != NULL && nearest->distance <= distance) return;
    nearest->best = candidate;
    nearest->distance = distance;
}
