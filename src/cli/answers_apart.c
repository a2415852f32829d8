/* SPDX-License-Identifier: Apache-2.0 */
/* How far one model's answers are from another's, and how often they are right. */
#include "cli/answers_apart.h"

#include "array/array.h"

#include <math.h>

static int64_t greatest(const float *row, int64_t width) {
    int64_t best = 0;
    for (int64_t i = 1; i < width; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

tare_apart tare_answers_apart(const tare_array *wanted, const tare_array *got) {
    const float *want = wanted->data, *have = got->data;
    const int64_t rows = wanted->shape.extents[0], width = rows > 0 ? wanted->count / rows : 0;
    double least = INFINITY, most = -INFINITY;
    tare_apart found = {.examples = rows};
    for (int64_t i = 0; i < wanted->count; i++) {
        const double apart = fabs((double)want[i] - (double)have[i]);
        if (!(apart <= found.worst)) found.worst = apart;
        found.mean += apart / (double)wanted->count;
        least = (double)want[i] < least ? (double)want[i] : least;
        most = (double)want[i] > most ? (double)want[i] : most;
    }
    for (int64_t row = 0; row < rows && width > 0; row++)
        found.agreeing +=
            greatest(want + row * width, width) == greatest(have + row * width, width);
    found.range = most > least ? most - least : 0;
    return found;
}

int64_t tare_answers_correct(const tare_array *answers, const tare_dataset *examples) {
    const int64_t rows = tare_dataset_count(examples), width = rows > 0 ? answers->count / rows : 0;
    const float *row = answers->data;
    int64_t correct = 0;
    for (int64_t i = 0; i < rows && width > 0; i++, row += width)
        correct += greatest(row, width) == tare_dataset_label(examples, i);
    return correct;
}
