/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of allocation, checked sizes, arenas and vectors. */
#include "base/memory.h"
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool aligned(const void *block, size_t to) { return (uintptr_t)block % to == 0; }

static bool all_zero(const void *block, size_t bytes) {
    const unsigned char *at = block;
    for (size_t i = 0; i < bytes; i++)
        if (at[i] != 0) return false;
    return true;
}

static void test_sizes_multiply_only_when_they_fit(void **state) {
    (void)state;
    int64_t product = -7;
    assert_true(tare_multiply_sizes(3, 5, &product));
    assert_int_equal(product, 15);
    assert_true(tare_multiply_sizes(0, INT64_MAX, &product));
    assert_int_equal(product, 0);
    assert_true(tare_multiply_sizes(INT64_MAX, 1, &product));
    assert_true(product == INT64_MAX);
    product = -7;
    assert_false(tare_multiply_sizes(INT64_C(1) << 32, INT64_C(1) << 31, &product));
    assert_false(tare_multiply_sizes(INT64_MAX, 2, &product));
    assert_false(tare_multiply_sizes(-1, 1, &product));
    assert_false(tare_multiply_sizes(1, -1, &product));
    assert_false(tare_multiply_sizes(-2, -3, &product));
    assert_false(tare_multiply_sizes(0, INT64_MIN, &product));
    assert_int_equal(product, -7);
}

static void test_sizes_add_only_when_they_fit(void **state) {
    (void)state;
    int64_t sum = -7;
    assert_true(tare_add_sizes(INT64_MAX - 1, 1, &sum));
    assert_true(sum == INT64_MAX);
    sum = -7;
    assert_false(tare_add_sizes(INT64_MAX, 1, &sum));
    assert_false(tare_add_sizes(-1, 5, &sum));
    assert_false(tare_add_sizes(5, -1, &sum));
    assert_int_equal(sum, -7);
}

static void test_the_default_allocator_aligns_to_64_bytes(void **state) {
    (void)state;
    for (size_t bytes = 0; bytes < 300; bytes += 13) {
        char *block = tare_allocate(NULL, bytes);
        assert_non_null(block);
        assert_true(aligned(block, TARE_ALIGNMENT));
        memset(block, 1, bytes);
        block = tare_resize(NULL, block, bytes, bytes + 1000);
        assert_non_null(block);
        assert_true(aligned(block, TARE_ALIGNMENT));
        for (size_t i = 0; i < bytes; i++) assert_int_equal(block[i], 1);
        block = tare_resize(NULL, block, bytes + 1000, bytes / 2);
        for (size_t i = 0; i < bytes / 2; i++) assert_int_equal(block[i], 1);
        tare_release(NULL, block, bytes / 2);
    }
    tare_release(NULL, NULL, 10);
}

static void test_blocks_of_megabytes_begin_at_large_pages(void **state) {
    (void)state;
    const size_t mebi = (size_t)1 << 20;
    for (size_t bytes = 4 * mebi; bytes < 9 * mebi; bytes += mebi + 1000) {
        char *block = tare_allocate(NULL, bytes);
        assert_non_null(block);
        assert_true(aligned(block, 2 * mebi));
        block[0] = 1;
        block[bytes - 1] = 2;
        block = tare_resize(NULL, block, bytes, 2 * bytes);
        assert_non_null(block);
        assert_true(aligned(block, 2 * mebi));
        assert_int_equal(block[0], 1);
        assert_int_equal(block[bytes - 1], 2);
        tare_release(NULL, block, 2 * bytes);
    }
}

static void test_impossible_sizes_give_null(void **state) {
    (void)state;
    assert_null(tare_allocate(NULL, SIZE_MAX));
    assert_null(tare_allocate_array(NULL, INT64_MAX, 2));
    assert_null(tare_allocate_array(NULL, -1, 2));
    assert_null(tare_allocate_array(NULL, 2, SIZE_MAX));
}

static void test_an_allocator_is_never_asked_for_nothing_and_gets_sizes_back(void **state) {
    (void)state;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    void *block = tare_allocate(allocator, 0);
    assert_int_equal(memory.bytes, 1);
    block = tare_resize(allocator, block, 0, 0);
    assert_int_equal(memory.bytes, 1);
    tare_release(allocator, block, 0);
    block = tare_resize(allocator, NULL, 0, 40); /* nothing to resize: a new block */
    assert_int_equal(memory.bytes, 40);
    tare_release(allocator, block, 40);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_arrays_are_zeroed(void **state) {
    (void)state;
    failing_allocator memory; /* fills blocks with rubbish */
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    int32_t *numbers = tare_allocate_array(allocator, 100, sizeof *numbers);
    assert_non_null(numbers);
    assert_int_equal(memory.bytes, 400);
    assert_true(all_zero(numbers, 400));
    tare_release(allocator, numbers, 400);
    assert_true(failing_allocator_is_clean(&memory));
}

/* ----------------------------------------------------------------------------------- arenas */

static void test_arena_blocks_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    failing_allocator memory;
    tare_arena *arena = tare_arena_new(failing_allocator_start(&memory, 0));
    enum { BLOCKS = 400 };
    unsigned char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        const size_t bytes = i * 7;
        blocks[i] = tare_arena_allocate(arena, bytes);
        assert_non_null(blocks[i]);
        assert_true(aligned(blocks[i], bytes >= 256 ? 64 : 16));
        assert_true(all_zero(blocks[i], bytes));
        memset(blocks[i], (int)(i % 251) + 1, bytes);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t k = 0; k < i * 7; k++) assert_int_equal(blocks[i][k], i % 251 + 1);
    void *large = tare_arena_allocate(arena, (size_t)5 << 20); /* beyond the largest chunk */
    assert_non_null(large);
    assert_true(aligned(large, 64));
    assert_true(all_zero(large, (size_t)5 << 20));
    assert_null(tare_arena_allocate(arena, SIZE_MAX));
    assert_null(tare_arena_allocate(arena, SIZE_MAX - 63));
    assert_null(tare_arena_allocate_array(arena, INT64_MAX, 8));
    tare_arena_free(arena);
    assert_true(failing_allocator_is_clean(&memory));
    tare_arena_free(NULL);
}

static void test_arena_text_is_a_copy(void **state) {
    (void)state;
    tare_arena *arena = tare_arena_new(NULL);
    char original[] = "hidden/kernel";
    const char *copy = tare_arena_text(arena, original);
    original[0] = 'X';
    assert_string_equal(copy, "hidden/kernel");
    assert_string_equal(tare_arena_text(arena, ""), "");
    assert_null(tare_arena_text(arena, NULL));
    tare_arena_free(arena);
}

static void test_an_arena_rewinds_and_takes_no_new_memory_for_the_same_again(void **state) {
    (void)state;
    failing_allocator memory;
    tare_arena *arena = tare_arena_new(failing_allocator_start(&memory, 0));
    const tare_arena_mark empty = tare_arena_where(arena);
    char *kept = NULL;
    int64_t bytes_out = 0;
    for (int round = 0; round < 5; round++) {
        tare_arena_rewind(arena, empty);
        kept = tare_arena_text(arena, "kept");
        const tare_arena_mark mark = tare_arena_where(arena);
        for (int i = 0; i < 1000; i++) memset(tare_arena_allocate(arena, 100), 0xFF, 100);
        if (round == 0) bytes_out = memory.bytes;
        assert_int_equal(memory.bytes, bytes_out);
        tare_arena_rewind(arena, mark);
        for (int i = 0; i < 1000; i++) {
            void *block = tare_arena_allocate(arena, 100);
            assert_true(all_zero(block, 100));
            memset(block, 0xEE, 100);
        }
        assert_string_equal(kept, "kept");
        assert_int_equal(memory.bytes, bytes_out);
    }
    tare_arena_free(arena);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_a_rewound_arena_still_serves_larger_blocks(void **state) {
    (void)state;
    failing_allocator memory;
    tare_arena *arena = tare_arena_new(failing_allocator_start(&memory, 0));
    const tare_arena_mark empty = tare_arena_where(arena);
    for (int i = 0; i < 10; i++) assert_non_null(tare_arena_allocate(arena, 3000));
    tare_arena_rewind(arena, empty);
    for (size_t bytes = 1; bytes < 3000000; bytes *= 3) { /* does not fit the chunks that wait */
        unsigned char *block = tare_arena_allocate(arena, bytes);
        assert_non_null(block);
        assert_true(all_zero(block, bytes));
        memset(block, 0xFF, bytes);
    }
    tare_arena_free(arena);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_an_arena_without_memory_gives_null_and_stays_usable(void **state) {
    (void)state;
    failing_allocator memory;
    assert_null(tare_arena_new(failing_allocator_start(&memory, 1)));
    assert_int_equal(memory.blocks, 0);
    tare_arena *arena = tare_arena_new(failing_allocator_start(&memory, 2));
    assert_null(tare_arena_allocate(arena, 10));
    assert_null(tare_arena_text(arena, "x"));
    memory.fail_at = 0;
    assert_string_equal(tare_arena_text(arena, "x"), "x");
    memory.fail_at = memory.calls + 1;
    while (tare_arena_allocate(arena, 1000) != NULL) continue;
    memory.fail_at = 0;
    assert_non_null(tare_arena_allocate(arena, 1000));
    tare_arena_free(arena);
    assert_true(failing_allocator_is_clean(&memory));
}

/* ---------------------------------------------------------------------------------- vectors */

typedef TARE_VECTOR(int64_t) numbers;

static void test_a_vector_doubles_and_keeps_its_items(void **state) {
    (void)state;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    numbers all = {0};
    for (int64_t i = 0; i < 100000; i++) {
        assert_true(tare_vector_reserve(allocator, &all, 1));
        all.items[all.count++] = i;
    }
    for (int64_t i = 0; i < all.count; i++) assert_int_equal(all.items[i], i);
    assert_true(memory.calls < 20);
    assert_true(tare_vector_reserve(allocator, &all, 500000));
    assert_true(all.capacity >= 600000);
    tare_vector_free(allocator, &all);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_a_vector_without_memory_stays_as_it_was(void **state) {
    (void)state;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 2);
    numbers all = {0};
    assert_true(tare_vector_reserve(allocator, &all, 3));
    all.items[all.count++] = 42;
    const int64_t capacity = all.capacity;
    assert_false(tare_vector_reserve(allocator, &all, 1000));
    assert_false(tare_vector_reserve(allocator, &all, INT64_MAX));
    assert_false(tare_vector_reserve(allocator, &all, INT64_MAX / 8));
    assert_int_equal(all.capacity, capacity);
    assert_int_equal(all.items[0], 42);
    tare_vector_free(allocator, &all);
    assert_true(failing_allocator_is_clean(&memory));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_multiply_only_when_they_fit),
        cmocka_unit_test(test_sizes_add_only_when_they_fit),
        cmocka_unit_test(test_the_default_allocator_aligns_to_64_bytes),
        cmocka_unit_test(test_blocks_of_megabytes_begin_at_large_pages),
        cmocka_unit_test(test_impossible_sizes_give_null),
        cmocka_unit_test(test_an_allocator_is_never_asked_for_nothing_and_gets_sizes_back),
        cmocka_unit_test(test_arrays_are_zeroed),
        cmocka_unit_test(test_arena_blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_arena_text_is_a_copy),
        cmocka_unit_test(test_an_arena_rewinds_and_takes_no_new_memory_for_the_same_again),
        cmocka_unit_test(test_a_rewound_arena_still_serves_larger_blocks),
        cmocka_unit_test(test_an_arena_without_memory_gives_null_and_stays_usable),
        cmocka_unit_test(test_a_vector_doubles_and_keeps_its_items),
        cmocka_unit_test(test_a_vector_without_memory_stays_as_it_was),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
