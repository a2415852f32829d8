/* SPDX-License-Identifier: Apache-2.0 */
/* Running sums along the middle axis of [outer, count, inner]. */
#ifndef TARE_SRC_KERNEL_CUMSUM_H
#define TARE_SRC_KERNEL_CUMSUM_H

#include "base/threads.h"
#include <tare/array.h>

typedef struct tare_cumsum_pass {
    int64_t outer, count, inner;
    bool exclusive, reverse;
} tare_cumsum_pass;

/* dtype: float32, float64, int32 or int64. False: another dtype. y may be x. */
bool tare_cumsum_run(const tare_cumsum_pass *c, tare_dtype dtype, const void *x, void *y,
                     tare_pool *pool);

#endif
