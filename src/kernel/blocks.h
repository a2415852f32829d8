/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of the axes behind the first, moved into the first axis and back: with x padded,
 *
 *     y[(p B + n), i.., c] = x[n, i.. b.. + p.. - before.., c],  p = block offset in row-major
 *     order, B the extent of the first axis of x, 0 where that lies in the padding
 *
 * and the way back, which leaves the padding out.
 */
#ifndef TARE_SRC_KERNEL_BLOCKS_H
#define TARE_SRC_KERNEL_BLOCKS_H

#include "base/threads.h"
#include <tare/array.h>

typedef struct tare_blocks {
    int rank;                       /* how many axes are cut */
    int64_t batch;                  /* first extent of x */
    int64_t inner;                  /* bytes behind the last of them */
    int64_t extents[TARE_MAX_RANK]; /* of x */
    int64_t block[TARE_MAX_RANK];
    int64_t before[TARE_MAX_RANK]; /* zeros in front */
    int64_t cells[TARE_MAX_RANK];  /* extents of y */
} tare_blocks;

void tare_blocks_cut(const tare_blocks *b, const void *x, void *y, tare_pool *pool);
/* The extents of x must be what the cells and the padding give. */
void tare_blocks_join(const tare_blocks *b, const void *y, void *x, tare_pool *pool);

#endif
