/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The greatest numbers of every row, and moving numbers along rows by index. NaN counts as greater
 * than any number; of equals the first one leads.
 */
#ifndef TARE_SRC_KERNEL_TOP_K_H
#define TARE_SRC_KERNEL_TOP_K_H

#include "base/threads.h"
#include <tare/array.h>

typedef struct tare_top_k {
    int64_t rows, count, k; /* rows of count numbers; k of each, k <= count <= INT32_MAX */
} tare_top_k;

/* values and indices [rows, k], greatest first. dtype: float32, float64, int32, int64 or uint8;
 * false: another. values may be NULL. */
bool tare_top_k_run(const tare_top_k *t, tare_dtype dtype, const void *x, void *values,
                    int32_t *indices, tare_pool *pool);

/* picked[r, j] = x[r, index[r, j]]; index within 0..count-1. size: of an element. */
void tare_row_pick(const tare_top_k *t, size_t size, const void *x, const int32_t *indices,
                   void *picked);
/* x = 0, then x[r, index[r, j]] += dy[r, j]; dtype float32 or float64. */
void tare_row_put(const tare_top_k *t, tare_dtype dtype, const void *dy, const int32_t *indices,
                  void *x);

/* Whether fewer than k numbers of a row are greater than that at target[row]; false when any of the
 * row is not finite or the target is out of range. index_size: 4 or 8. */
void tare_in_top_k_f32(const tare_top_k *t, const float *x, const void *targets, size_t index_size,
                       bool *in);
void tare_in_top_k_f64(const tare_top_k *t, const double *x, const void *targets, size_t index_size,
                       bool *in);

#endif
