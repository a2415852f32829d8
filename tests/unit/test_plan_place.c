/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that live at the same time never share memory, and few bytes do for all. */
#include "plan/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

enum { STEPS = 60 };

static int64_t place(int64_t steps, tare_block *blocks, int64_t count) {
    int64_t bytes = -1;
    tare_arena *work = tare_arena_new(NULL);
    assert_true(tare_place_blocks(work, steps, blocks, count, &bytes));
    tare_arena_free(work);
    return bytes;
}

/* Bytes that live in the fullest step. */
static int64_t fullest(int64_t steps, const tare_block *blocks, int64_t count) {
    int64_t most = 0;
    for (int64_t step = 0; step < steps; step++) {
        int64_t now = 0;
        for (int64_t b = 0; b < count; b++)
            if (blocks[b].first <= step && step <= blocks[b].last) now += blocks[b].bytes;
        if (now > most) most = now;
    }
    return most;
}

static void check_apart(const tare_block *blocks, int64_t count, int64_t bytes) {
    for (int64_t b = 0; b < count; b++) {
        assert_true(blocks[b].at >= 0 && blocks[b].at + blocks[b].bytes <= bytes);
        for (int64_t o = 0; o < b; o++) {
            const bool meet =
                blocks[o].first <= blocks[b].last && blocks[b].first <= blocks[o].last;
            const bool apart = blocks[o].at + blocks[o].bytes <= blocks[b].at ||
                               blocks[b].at + blocks[b].bytes <= blocks[o].at;
            assert_true(!meet || apart);
        }
    }
}

/* Blocks sorted by their first step: small ones, and every so often a large one. */
static void draw(uint64_t seed, tare_block *blocks, int64_t count) {
    const tare_random random = {.key = seed};
    for (int64_t b = 0; b < count; b++) {
        const int64_t first = b * STEPS / count;
        const uint64_t i = (uint64_t)b * 4;
        const int64_t most = tare_random_below(&random, i, 3) ? 40 : 40000;
        blocks[b] = (tare_block){
            .bytes = 64 * (1 + (int64_t)tare_random_below(&random, i + 1, (uint64_t)most)),
            .first = first,
            .last = first + (int64_t)tare_random_below(&random, i + 2, (uint64_t)(STEPS - first))};
    }
}

static void blocks_of_one_time_are_apart(void **state) {
    (void)state;
    enum { BLOCKS = 300 };
    tare_block blocks[BLOCKS], again[BLOCKS];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        draw(seed, blocks, BLOCKS);
        memcpy(again, blocks, sizeof again);
        const int64_t bytes = place(STEPS, blocks, BLOCKS);
        const int64_t least = fullest(STEPS, blocks, BLOCKS);
        check_apart(blocks, BLOCKS, bytes);
        assert_true(bytes >= least && bytes <= least + least / 4);
        assert_int_equal(place(STEPS, again, BLOCKS), bytes);
        assert_memory_equal(again, blocks, sizeof again);
    }
}

/* Step by step, 2 and 3 would leave no gap for 4: it has to lie where 1 and 3 will have been. */
static void large_blocks_come_first(void **state) {
    (void)state;
    tare_block blocks[] = {
        {.bytes = 100, .first = 0, .last = 1}, {.bytes = 200, .first = 0, .last = 5},
        {.bytes = 300, .first = 2, .last = 3}, {.bytes = 400, .first = 4, .last = 5},
        {.bytes = 100, .first = 3, .last = 4},
    };
    tare_block sorted[5];
    const int order[] = {0, 1, 2, 4, 3};
    for (int b = 0; b < 5; b++) sorted[b] = blocks[order[b]];
    const int64_t bytes = place(6, sorted, 5);
    check_apart(sorted, 5, bytes);
    assert_int_equal(bytes, fullest(6, sorted, 5));
}

static void nothing_takes_nothing(void **state) {
    (void)state;
    tare_block none[1];
    assert_int_equal(place(0, none, 0), 0);
    assert_int_equal(place(3, none, 0), 0);
}

/* Many blocks are dealt with one by one, not pair by pair; the large ones among them first. */
static void a_million_blocks_take_no_longer_than_reading_them(void **state) {
    (void)state;
    enum { BLOCKS = 1000000 };
    tare_block *blocks = calloc(BLOCKS, sizeof *blocks);
    assert_non_null(blocks);
    for (int64_t b = 0; b < BLOCKS; b++) {
        const int64_t last = b + (b % 7) * (b % 5 == 0);
        blocks[b] = (tare_block){64 + b % 3 * 64, b, last < BLOCKS ? last : BLOCKS - 1, 0};
    }
    const int64_t bytes = place(BLOCKS, blocks, BLOCKS);
    assert_true(bytes >= 192 && bytes <= 64 * 64);
    check_apart(blocks + BLOCKS / 2, 1000, bytes);
    free(blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_one_time_are_apart),
        cmocka_unit_test(large_blocks_come_first),
        cmocka_unit_test(nothing_takes_nothing),
        cmocka_unit_test(a_million_blocks_take_no_longer_than_reading_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
