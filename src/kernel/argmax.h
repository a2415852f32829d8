/* SPDX-License-Identifier: Apache-2.0 */
/* Where the first greatest or smallest number stands along the middle axis of [outer, count,
 * inner]. NaN is neither; where all are NaN the answer is 0. */
#ifndef TARE_SRC_KERNEL_ARGMAX_H
#define TARE_SRC_KERNEL_ARGMAX_H

#include "base/threads.h"
#include <tare/array.h>

typedef struct tare_argmax_search {
    int64_t outer, count, inner;
    bool smallest;
    size_t index_size; /* 4 or 8 bytes of a result */
} tare_argmax_search;

/* dtype: float32, float64, int32, int64 or uint8. count > 0. False: another dtype. */
bool tare_argmax_run(const tare_argmax_search *a, tare_dtype dtype, const void *x, void *y,
                     tare_pool *pool);

#endif
