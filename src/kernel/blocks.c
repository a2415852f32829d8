/* SPDX-License-Identifier: Apache-2.0 */
/* Moving blocks into the first axis and back. An item is one sample of y: a block offset of a
 * sample of x, so items meet in no byte of either. */
#include "kernel/blocks.h"

#include <string.h>

#include "kernel/slices.h"

enum { SLICE_BYTES = 1 << 17 };

typedef struct blocks_job {
    const tare_blocks *b;
    const char *from;
    char *to;
    bool joins; /* from is y, to is x */
    int64_t items, cells, slices;
} blocks_job;

static int64_t product(int rank, const int64_t *extents) {
    int64_t product = 1;
    for (int d = 0; d < rank; d++) product *= extents[d];
    return product;
}

/* The pixel of x that a cell holds, from its offset in the block; -1: in the padding. */
static int64_t pixel_of(const tare_blocks *b, int64_t cell, const int64_t *offset) {
    int64_t pixel = 0, step = 1;
    for (int d = b->rank - 1; d >= 0; d--) {
        const int64_t at = cell % b->cells[d] * b->block[d] + offset[d] - b->before[d];
        if (at < 0 || at >= b->extents[d]) return -1;
        pixel += at * step;
        step *= b->extents[d];
        cell /= b->cells[d];
    }
    return pixel;
}

static void move_item(const blocks_job *job, int64_t item) {
    const tare_blocks *b = job->b;
    const int64_t pixels = product(b->rank, b->extents);
    const size_t inner = (size_t)b->inner;
    int64_t offset[TARE_MAX_RANK], rest = item / b->batch;
    for (int d = b->rank - 1; d >= 0; d--) {
        offset[d] = rest % b->block[d];
        rest /= b->block[d];
    }
    for (int64_t cell = 0; cell < job->cells; cell++) {
        const int64_t pixel = pixel_of(b, cell, offset);
        const size_t in_x = (size_t)(item % b->batch * pixels + pixel) * inner;
        const size_t in_y = (size_t)(item * job->cells + cell) * inner;
        if (pixel >= 0)
            memcpy(job->to + (job->joins ? in_x : in_y), job->from + (job->joins ? in_y : in_x),
                   inner);
        else if (!job->joins)
            memset(job->to + in_y, 0, inner);
    }
}

static void move_slice(void *context, int64_t slice) {
    const blocks_job *job = context;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(job->items, job->slices, slice); item < end; item++)
        move_item(job, item);
}

static void move(const tare_blocks *b, const char *from, char *to, bool joins, tare_pool *pool) {
    blocks_job job = {.b = b, .from = from, .to = to, .joins = joins};
    job.items = b->batch * product(b->rank, b->block);
    job.cells = product(b->rank, b->cells);
    if (job.items == 0 || job.cells == 0 || b->inner == 0) return;
    job.slices = tare_slice_count(job.items, job.cells * (b->inner + 16), SLICE_BYTES);
    tare_pool_run(pool, job.slices, move_slice, &job);
}

void tare_blocks_cut(const tare_blocks *b, const void *x, void *y, tare_pool *pool) {
    move(b, x, y, false, pool);
}

void tare_blocks_join(const tare_blocks *b, const void *y, void *x, tare_pool *pool) {
    move(b, y, x, true, pool);
}
