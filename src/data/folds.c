/* SPDX-License-Identifier: Apache-2.0 */
/* Folds of cross-validation: one random order, cut into runs that differ by one row at most. */
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include <tare/data_frame.h>

#include <inttypes.h>
#include <string.h>

/* Its own constant keeps this order apart from others of the same seed. */
#define FOLD_STREAM UINT64_C(0x666f6c6473)

/* Where fold f of a count begins: the first count % folds ones are one row longer. */
static int64_t begin_of(int64_t count, int64_t folds, int64_t fold) {
    const int64_t longer = count % folds;
    return fold * (count / folds) + (fold < longer ? fold : longer);
}

tare_status tare_fold_rows(int64_t count, int64_t folds, int64_t fold, uint64_t seed, int64_t *rows,
                           int64_t *held, tare_error *error) {
    if (rows == NULL || held == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "fold_rows needs places for the rows and for the number held out");
    if (folds < 2 || folds > count || fold < 0 || fold >= folds) {
        char got[128];
        tare_print(got, sizeof got, "fold %" PRId64 " of %" PRId64 " over %" PRId64 " rows", fold,
                   folds, count);
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "fold_rows", NULL, got,
                            "2 folds or more, a row for each at least, counted from 0");
    }
    int64_t *order = tare_allocate_array(NULL, count, sizeof *order);
    if (order == NULL) return tare_fail_memory(error);
    const tare_random random = {.key = tare_random_key(seed, FOLD_STREAM), .stream = 0};
    tare_random_permutation(&random, count, order);
    const int64_t begin = begin_of(count, folds, fold), end = begin_of(count, folds, fold + 1);
    const size_t before = (size_t)begin, of_fold = (size_t)(end - begin);
    const size_t behind = (size_t)(count - end);
    memcpy(rows, order, before * sizeof *rows);
    memcpy(rows + before, order + end, behind * sizeof *rows);
    memcpy(rows + before + behind, order + begin, of_fold * sizeof *rows);
    *held = end - begin;
    tare_release(NULL, order, (size_t)count * sizeof *order);
    return TARE_OK;
}
