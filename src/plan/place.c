/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways to place blocks, of which the one that takes the fewest bytes counts, the first one
 * among equals:
 *
 *     walk      step by step, each block into the smallest hole that holds it
 *     by size   the largest block first, each into the smallest gap between those placed before
 *               that live at the same time
 *     by area   the same, those of most bytes times steps first
 *
 * The last two look at pairs of blocks, so they are for the largest blocks; the others are walked
 * behind those. No way takes less than what lives in the fullest step.
 *
 * Source: Pisarchyk and Lee 2020, "Efficient memory management for deep neural net inference",
 * arXiv:2001.03288, section 5 (offset calculation, greedy by size).
 */
#include "plan/place.h"

#include <stdlib.h>
#include <string.h>

/* Blocks that are placed by size or area: so many at most, and none below such a part of the
 * fullest step. */
enum { MOST_SORTED = 2048, LEAST_PART = 1 << 14 };

typedef struct span {
    int64_t at, bytes;
} span;

typedef struct placing {
    int64_t steps, count;
    tare_block *blocks;
    int64_t *at;     /* by block: its place in the way that is tried */
    int64_t *sorted; /* blocks that are placed in an order of their own */
    bool *is_sorted; /* by block */
    int64_t *placed; /* those of them that have a place, by address */
    span *holes;     /* of the walk: sorted by address, never adjacent */
    int64_t *ending; /* by step: a block that ends there, -1; others follow in next_ending */
    int64_t *next_ending;
    int64_t hole_count, sorted_count, high;
} placing;

/* ---------------------------------------------------------------------- the fullest step */

static int64_t fullest_step(const placing *p, int64_t *change) {
    int64_t now = 0, most = 0;
    memset(change, 0, (size_t)(p->steps + 1) * sizeof *change);
    for (int64_t b = 0; b < p->count; b++) {
        change[p->blocks[b].first] += p->blocks[b].bytes;
        change[p->blocks[b].last + 1] -= p->blocks[b].bytes;
    }
    for (int64_t step = 0; step < p->steps; step++) {
        now += change[step];
        if (now > most) most = now;
    }
    return most;
}

/* ------------------------------------------------------------------------------ the walk */

static void remove_hole(placing *p, int64_t hole) {
    p->hole_count--;
    memmove(p->holes + hole, p->holes + hole + 1,
            (size_t)(p->hole_count - hole) * sizeof *p->holes);
}

static int64_t take(placing *p, int64_t bytes) {
    int64_t best = -1;
    for (int64_t i = 0; i < p->hole_count; i++)
        if (p->holes[i].bytes >= bytes && (best < 0 || p->holes[i].bytes < p->holes[best].bytes))
            best = i;
    if (best < 0) {
        p->high += bytes;
        return p->high - bytes;
    }
    span *hole = &p->holes[best];
    const int64_t at = hole->at;
    hole->at += bytes;
    hole->bytes -= bytes;
    if (hole->bytes == 0) remove_hole(p, best);
    return at;
}

static void give(placing *p, int64_t at, int64_t bytes) {
    int64_t i = p->hole_count;
    while (i > 0 && p->holes[i - 1].at > at) i--;
    memmove(p->holes + i + 1, p->holes + i, (size_t)(p->hole_count - i) * sizeof *p->holes);
    p->holes[i] = (span){at, bytes};
    p->hole_count++;
    if (i + 1 < p->hole_count && at + bytes == p->holes[i + 1].at) {
        p->holes[i].bytes += p->holes[i + 1].bytes;
        remove_hole(p, i + 1);
    }
    if (i > 0 && p->holes[i - 1].at + p->holes[i - 1].bytes == at) {
        p->holes[i - 1].bytes += p->holes[i].bytes;
        remove_hole(p, i);
    }
}

static void end_step(placing *p, int64_t step) {
    for (int64_t b = p->ending[step]; b >= 0; b = p->next_ending[b])
        give(p, p->at[b], p->blocks[b].bytes);
}

/* Places all that are not sorted, from p->high on. */
static void walk(placing *p) {
    int64_t step = 0;
    p->hole_count = 0;
    for (int64_t i = 0; i < p->steps; i++) p->ending[i] = -1;
    for (int64_t b = 0; b < p->count; b++) {
        if (p->is_sorted[b]) continue;
        while (step < p->blocks[b].first) end_step(p, step++);
        p->at[b] = take(p, p->blocks[b].bytes);
        p->next_ending[b] = p->ending[p->blocks[b].last];
        p->ending[p->blocks[b].last] = b;
    }
}

/* ------------------------------------------------------------------- in an order of ours */

typedef struct sorting {
    int64_t block;
    double weight;
} sorting;

static int by_weight(const void *left, const void *right) {
    const sorting *a = left, *b = right;
    if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
    return a->block < b->block ? -1 : 1;
}

/* The smallest gap that holds block b among those placed that live when it does; placed ones are
 * few enough for looking at each. */
static int64_t find_gap(const placing *p, int64_t placed, const tare_block *block) {
    int64_t best = -1, least = INT64_MAX, end = 0;
    for (int64_t i = 0; i < placed; i++) {
        const tare_block *other = &p->blocks[p->placed[i]];
        if (other->last < block->first || other->first > block->last) continue;
        const int64_t at = p->at[p->placed[i]], gap = at - end;
        if (gap >= block->bytes && gap < least) best = end, least = gap;
        if (at + other->bytes > end) end = at + other->bytes;
    }
    return best >= 0 ? best : end;
}

static void place_sorted(placing *p) {
    for (int64_t s = 0; s < p->sorted_count; s++) {
        const int64_t b = p->sorted[s], bytes = p->blocks[b].bytes;
        p->at[b] = find_gap(p, s, &p->blocks[b]);
        int64_t i = s;
        for (; i > 0 && p->at[p->placed[i - 1]] > p->at[b]; i--) p->placed[i] = p->placed[i - 1];
        p->placed[i] = b;
        if (p->at[b] + bytes > p->high) p->high = p->at[b] + bytes;
    }
}

static bool sort(placing *p, tare_arena *work, int64_t least, bool by_area) {
    sorting *items = tare_arena_allocate_array(work, p->count + 1, sizeof *items);
    if (!items) return false;
    int64_t count = 0;
    for (int64_t b = 0; b < p->count; b++) {
        const tare_block *block = &p->blocks[b];
        const double steps = by_area ? (double)(block->last - block->first + 1) : 1;
        p->is_sorted[b] = false;
        if (block->bytes >= least) items[count++] = (sorting){b, (double)block->bytes * steps};
    }
    qsort(items, (size_t)count, sizeof *items, by_weight);
    p->sorted_count = count < MOST_SORTED ? count : MOST_SORTED;
    for (int64_t s = 0; s < p->sorted_count; s++) {
        p->sorted[s] = items[s].block;
        p->is_sorted[items[s].block] = true;
    }
    return true;
}

/* -------------------------------------------------------------------------------- the best */

static void keep_if_less(const placing *p, int64_t *bytes) {
    if (p->high >= *bytes) return;
    *bytes = p->high;
    for (int64_t b = 0; b < p->count; b++) p->blocks[b].at = p->at[b];
}

static bool make(placing *p, tare_arena *work) {
    p->at = tare_arena_allocate_array(work, p->count + 1, sizeof *p->at);
    p->sorted = tare_arena_allocate_array(work, MOST_SORTED, sizeof *p->sorted);
    p->placed = tare_arena_allocate_array(work, MOST_SORTED, sizeof *p->placed);
    p->is_sorted = tare_arena_allocate_array(work, p->count + 1, sizeof *p->is_sorted);
    p->holes = tare_arena_allocate_array(work, p->count + 1, sizeof *p->holes);
    p->ending = tare_arena_allocate_array(work, p->steps + 1, sizeof *p->ending);
    p->next_ending = tare_arena_allocate_array(work, p->count + 1, sizeof *p->next_ending);
    return p->at && p->sorted && p->placed && p->is_sorted && p->holes && p->ending &&
           p->next_ending;
}

bool tare_place_blocks(tare_arena *work, int64_t steps, tare_block *blocks, int64_t count,
                       int64_t *bytes) {
    placing p = {.steps = steps, .count = count, .blocks = blocks};
    if (!make(&p, work)) return false;
    const int64_t fullest = fullest_step(&p, p.ending);
    *bytes = INT64_MAX;
    walk(&p);
    keep_if_less(&p, bytes);
    for (int by_area = 0; by_area < 2 && *bytes > fullest; by_area++) {
        if (!sort(&p, work, fullest / LEAST_PART, by_area)) return false;
        p.high = 0;
        place_sorted(&p);
        walk(&p);
        keep_if_less(&p, bytes);
    }
    return true;
}
