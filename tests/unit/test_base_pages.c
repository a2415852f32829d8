/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the first touch of large blocks: what it writes, what it leaves alone. */
#include "base/memory.h"
#include "base/pages.h"
#include "session/session.h"
#include <tare/tare.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEGABYTE = 1 << 20, HUGE_PAGE = 2 * MEGABYTE };

static void test_the_pages_lie_inside_the_block(void **state) {
    (void)state;
    char *const at = (char *)(uintptr_t)(64 * HUGE_PAGE), *first = NULL;
    assert_int_equal(tare_pages_inside(at, 16 * MEGABYTE, &first), 8);
    assert_ptr_equal(first, at);
    assert_int_equal(tare_pages_inside(at + 64, 16 * MEGABYTE, &first), 7);
    assert_ptr_equal(first, at + HUGE_PAGE);
    assert_int_equal(tare_pages_inside(at + 64, 18 * MEGABYTE - 64, &first), 8);
    assert_int_equal(tare_pages_inside(at + HUGE_PAGE - 64, 18 * MEGABYTE + 63, &first), 8);
    assert_int_equal(tare_pages_inside(at, 16 * MEGABYTE - 1, &first), 0);
    assert_int_equal(tare_pages_inside(NULL, 0, &first), 0);
}

/* On one thread and on three: at most the first byte of each page changes. */
static void test_one_byte_of_a_page_is_written(void **state) {
    (void)state;
    const size_t bytes = 21 * MEGABYTE + 4711;
    for (int threads = 1; threads <= 3; threads += 2) {
        char *block = tare_allocate(NULL, bytes), *first = NULL;
        tare_pool *pool = NULL;
        assert_non_null(block);
        assert_int_equal(tare_pool_new(NULL, threads, NULL, NULL, &pool, NULL), TARE_OK);
        memset(block, 0x5A, bytes);
        const int64_t pages = tare_pages_inside(block, bytes, &first);
        assert_true(pages >= 9);
        tare_pages_touch(pool, block, bytes);
        int64_t touched = 0;
        for (int64_t p = 0; p < pages; p++) {
            char *page = first + p * HUGE_PAGE;
            touched += *page == 0;
            *page = 0x5A;
        }
        /* It was in memory before, so none is slow: all, or none where there are no huge pages. */
        assert_true(touched == 0 || touched == pages);
        for (size_t i = 0; i < bytes; i++)
            if (block[i] != 0x5A) fail_msg("byte %zu of %zu was written", i, bytes);
        tare_pool_free(pool);
        tare_release(NULL, block, bytes);
    }
}

static void test_small_blocks_are_left_alone(void **state) {
    (void)state;
    const size_t bytes = 16 * MEGABYTE - 64;
    char *block = tare_allocate(NULL, bytes);
    assert_non_null(block);
    memset(block, 0x5A, bytes);
    tare_pages_touch(NULL, block, bytes);
    for (size_t i = 0; i < bytes; i++)
        if (block[i] != 0x5A) fail_msg("byte %zu of %zu was written", i, bytes);
    tare_release(NULL, block, bytes);
    tare_pages_touch(NULL, NULL, 0);
}

/* What one run computes in a large arena, another plan that moves to a larger arena, and the first
 * plan again in that one. */
static void test_runs_in_large_arenas_compute_the_same(void **state) {
    (void)state;
    enum { ROWS = 2048, COLUMNS = 3072 };
    tare_graph *graph = tare_graph_new();
    tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, COLUMNS));
    tare_tensor y = tare_exp(tare_matrix_transpose(tare_matrix_transpose(tare_negative(x))));
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(graph, &session, .threads = 2), TARE_OK);
    for (int round = 0; round < 3; round++) {
        const int64_t rows = round == 1 ? 2 * ROWS : ROWS;
        tare_array *in = NULL, *out = NULL;
        assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(rows, COLUMNS), NULL, &in),
                         TARE_OK);
        float *numbers = tare_array_data(in);
        for (int64_t i = 0; i < rows * COLUMNS; i++) numbers[i] = (float)(i % 2);
        const tare_feed feed = {x, in};
        assert_int_equal(tare_session_run(session, &feed, 1, &y, 1, &out), TARE_OK);
        const float *got = tare_array_const_data(out);
        for (int64_t i = 2; i < rows * COLUMNS; i++)
            if (got[i] != got[i % 2]) fail_msg("number %d differs", (int)i);
        assert_float_equal(got[0], 1, 1e-6);
        assert_float_equal(got[1], 0.36787944, 1e-6);
        tare_array_free(in);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_pages_lie_inside_the_block),
        cmocka_unit_test(test_one_byte_of_a_page_is_written),
        cmocka_unit_test(test_small_blocks_are_left_alone),
        cmocka_unit_test(test_runs_in_large_arenas_compute_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
