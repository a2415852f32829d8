/* SPDX-License-Identifier: Apache-2.0 */
/* y = condition ? a : b, element by element, or row by row with one condition for each row. */
#ifndef TARE_SRC_KERNEL_SELECT_H
#define TARE_SRC_KERNEL_SELECT_H

#include "base/threads.h"

typedef struct tare_select {
    int64_t rows, inner; /* inner 1: a condition for every element */
    size_t size;         /* of an element: 1, 2, 4 or 8 bytes */
} tare_select;

/* y may be a or b. */
void tare_select_run(const tare_select *s, const uint8_t *condition, const void *a, const void *b,
                     void *y, tare_pool *pool);

#endif
