/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of random numbers, and dropout. Number i depends on key, stream and i alone, so any thread
 * may make any slice. */
#ifndef TARE_SRC_KERNEL_DRAW_H
#define TARE_SRC_KERNEL_DRAW_H

#include "base/random.h"
#include "base/threads.h"
#include <tare/array.h>

typedef enum tare_draw { TARE_DRAW_UNIFORM, TARE_DRAW_NORMAL, TARE_DRAW_TRUNCATED } tare_draw;

/* Numbers first .. first + count - 1 of the stream, as tare_random_fill_uniform and the others make
 * them; uniform ones in vectors when first is even. */
void tare_draw_numbers(tare_draw which, const tare_random *random, int64_t first, int64_t count,
                       double low, double high, double *out);

/* dtype float32 or float64. Uniform numbers are below high also after rounding to float32. */
void tare_draw_run(tare_draw which, const tare_random *random, tare_dtype dtype, int64_t count,
                   double low, double high, void *y, tare_pool *pool);

/* mask[i] = 1 / (1 - rate) with probability 1 - rate, else 0; y = x mask, 0 where mask is 0
 * whatever x. y or mask may be NULL. dtype float32 or float64. */
void tare_dropout_run(const tare_random *random, tare_dtype dtype, int64_t count, double rate,
                      const void *x, void *y, void *mask, tare_pool *pool);

#endif
