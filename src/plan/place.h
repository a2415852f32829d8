/* SPDX-License-Identifier: Apache-2.0 */
/* Where blocks of memory that live at different times lie, so that few bytes do for all. */
#ifndef TARE_SRC_PLAN_PLACE_H
#define TARE_SRC_PLAN_PLACE_H

#include "base/memory.h"

typedef struct tare_block {
    int64_t bytes;       /* above 0, and so much that no sum of them overflows */
    int64_t first, last; /* steps between which it lives, both included */
    int64_t at;          /* to be found: its offset */
} tare_block;

/*
 * Places blocks that are sorted by their first step; steps are 0 .. steps - 1. *bytes: what all
 * take together. The same blocks always get the same places. false: no memory.
 */
bool tare_place_blocks(tare_arena *work, int64_t steps, tare_block *blocks, int64_t count,
                       int64_t *bytes);

#endif
