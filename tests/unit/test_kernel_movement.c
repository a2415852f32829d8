/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving numbers: strided copies of every element size against a plain walk, gather and its sum,
 * one hot, choosing, mirrored padding and its sum, random arrays.
 */
#include "kernel_check.h"

#include "kernel/draw.h"
#include "kernel/gather.h"
#include "kernel/mirror.h"
#include "kernel/select.h"
#include "kernel/strided.h"

/* ------------------------------------------------------------------------------- strided */

/* x of so many elements is copied into y of so many, both full of bytes that name their place. */
static void check_copy(tare_strided copy, int64_t x_count, int64_t y_count, tare_pool *pool) {
    static const size_t sizes[] = {1, 2, 4, 8};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t size = sizes[k];
        unsigned char *x = malloc((size_t)x_count * size + 1),
                      *y = malloc((size_t)y_count * size + 1);
        unsigned char *wanted = malloc((size_t)y_count * size + 1);
        assert_true(x && y && wanted);
        for (size_t i = 0; i < (size_t)x_count * size; i++)
            x[i] = (unsigned char)(i * 37 + i / 251);
        memset(y, 0xEE, (size_t)y_count * size + 1);
        memset(wanted, 0xEE, (size_t)y_count * size + 1);
        int64_t count = 1;
        for (int d = 0; d < copy.rank; d++) count *= copy.extents[d];
        for (int64_t i = 0; i < count; i++) {
            int64_t rest = i, from = copy.from_start, to = copy.to_start;
            for (int d = copy.rank - 1; d >= 0; d--) {
                from += rest % copy.extents[d] * copy.from[d];
                to += rest % copy.extents[d] * copy.to[d];
                rest /= copy.extents[d];
            }
            memcpy(wanted + (size_t)to * size, x + (size_t)from * size, size);
        }
        tare_strided plan = copy;
        plan.size = size;
        tare_strided_plan(&plan);
        tare_strided_run(&plan, x, y, pool);
        assert_memory_equal(y, wanted, (size_t)y_count * size + 1);
        free(x), free(y), free(wanted);
    }
}

static void strided_copies_move_every_element_and_no_other(void **state) {
    (void)state;
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    static const struct {
        tare_strided copy;
        int64_t x, y;
    } cases[] = {
        {{.rank = 0}, 1, 1},
        {{.rank = 1, .extents = {7}, .from = {1}, .to = {1}}, 7, 7},
        {{.rank = 1, .extents = {7}, .from = {-1}, .to = {1}, .from_start = 6}, 7, 7},
        {{.rank = 1, .extents = {9}, .from = {0}, .to = {1}}, 1, 9},
        {{.rank = 1, .extents = {5}, .from = {2}, .to = {3}}, 9, 13},
        {{.rank = 2, .extents = {33, 50}, .from = {1, 33}, .to = {50, 1}}, 1650, 1650},
        {{.rank = 2, .extents = {200, 300}, .from = {1, 200}, .to = {300, 1}}, 60000, 60000},
        {{.rank = 3, .extents = {4, 5, 6}, .from = {6, 24, 1}, .to = {30, 6, 1}}, 120, 120},
        {{.rank = 3, .extents = {4, 20, 18}, .from = {1, 72, 4}, .to = {360, 18, 1}}, 1440, 1440},
        {{.rank = 2,
          .extents = {3, 4},
          .from = {5, 1},
          .to = {8, 1},
          .from_start = 6,
          .to_start = 2},
         24,
         30},
        {{.rank = 4, .extents = {2, 3, 2, 5}, .from = {0, 5, 0, 1}, .to = {30, 10, 5, 1}}, 15, 60},
        {{.rank = 2, .extents = {0, 4}, .from = {4, 1}, .to = {4, 1}}, 1, 1},
        {{.rank = 3, .extents = {50, 40, 60}, .from = {60, 3000, 1}, .to = {2400, 60, 1}},
         120000,
         120000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int p = 0; p < CHECK_POOLS; p += 2)
            check_copy(cases[i].copy, cases[i].x, cases[i].y, pools[p]);
    check_free_pools(pools);
}

static void fills_repeat_the_element(void **state) {
    (void)state;
    const double element = 1.5;
    double y[37];
    tare_fill(y, &element, sizeof element, 37);
    for (int i = 0; i < 37; i++) assert_true(y[i] == 1.5);
    tare_fill(y, &element, sizeof element, 0);
}

/* --------------------------------------------------------------------------------- gather */

static void gather_and_its_sum_are_adjoint(void **state) {
    (void)state;
    const tare_gather g = {
        .outer = 3, .count = 5, .inner = 70, .indices = 400, .index_size = 4, .size = 4};
    int32_t indices[400];
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (int i = 0; i < 400; i++) indices[i] = (i * i) % 5;
    float *x = check_random(1, 3 * 5 * 70), *dy = check_random(2, 3 * 400 * 70);
    float *y = check_array(3 * 400 * 70), *first = check_array(3 * 5 * 70);
    tare_gather_run(&g, x, indices, y, pools[2]);
    tare_scatter_add(&g, TARE_FLOAT32, dy, indices, first, NULL);
    double one = 0, other = 0;
    for (int i = 0; i < 3 * 400 * 70; i++) one += (double)y[i] * (double)dy[i];
    for (int i = 0; i < 3 * 5 * 70; i++) other += (double)x[i] * (double)first[i];
    assert_true(fabs(one - other) < 1e-2 * (1 + fabs(one)) * 1e-2);
    for (int p = 1; p < CHECK_POOLS; p++) {
        float *dx = check_array(3 * 5 * 70);
        tare_scatter_add(&g, TARE_FLOAT32, dy, indices, dx, pools[p]);
        assert_true(check_same_bits(first, dx, 3 * 5 * 70));
        check_release(dx);
    }
    check_release(x), check_release(dy), check_release(y), check_release(first);
    check_free_pools(pools);
}

static void the_first_index_out_of_range_is_found(void **state) {
    (void)state;
    const int64_t wide[] = {0, 4, 5, -1};
    const int32_t narrow[] = {3, -1, 9};
    assert_int_equal(tare_index_check(wide, 8, 2, 5), -1);
    assert_int_equal(tare_index_check(wide, 8, 4, 5), 2);
    assert_int_equal(tare_index_check(narrow, 4, 3, 5), 1);
    assert_int_equal(tare_index_check(narrow, 4, 0, 0), -1);
}

static void one_hot_leaves_rows_of_wrong_indices_off(void **state) {
    (void)state;
    const int32_t indices[] = {1, -1, 7};
    const float on = 2, off = -1, wanted[] = {-1, 2, -1, -1, -1, -1};
    const tare_gather g = {.outer = 3, .count = 2, .inner = 1, .index_size = 4, .size = 4};
    float y[6];
    tare_one_hot_run(&g, indices, &on, &off, y);
    assert_true(check_same_bits(y, wanted, 6));
}

/* --------------------------------------------------------------------------------- choosing */

static void choosing_goes_by_element_or_by_row(void **state) {
    (void)state;
    const uint8_t condition[] = {1, 0, 2};
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {-1, -2, -3, -4, -5, -6};
    const float elements[] = {1, -2, 3}, rows[] = {1, 2, -3, -4, 5, 6};
    float y[6];
    tare_select_run(&(tare_select){3, 1, 4}, condition, a, b, y, NULL);
    assert_true(check_same_bits(y, elements, 3));
    tare_select_run(&(tare_select){3, 2, 4}, condition, a, b, y, NULL);
    assert_true(check_same_bits(y, rows, 6));
}

/* -------------------------------------------------------------------------------- mirroring */

static void mirrors_show_the_edge_once_or_twice(void **state) {
    (void)state;
    const float x[] = {1, 2, 3}, reflected[] = {3, 2, 1, 2, 3, 2}, symmetric[] = {2, 1, 1, 2, 3, 3};
    tare_mirror m = {.rank = 1, .small = {3}, .large = {6}, .before = {2}};
    float y[6], dx[3];
    tare_mirror_run(&m, 4, x, y);
    assert_true(check_same_bits(y, reflected, 6));
    tare_mirror_sum(&m, TARE_FLOAT32, y, dx);
    assert_true(dx[0] == 1 && dx[1] == 6 && dx[2] == 6);
    m.symmetric = true;
    tare_mirror_run(&m, 4, x, y);
    assert_true(check_same_bits(y, symmetric, 6));
}

/* ----------------------------------------------------------------------------- random arrays */

static void random_arrays_depend_on_key_stream_and_place_alone(void **state) {
    (void)state;
    enum { COUNT = 20011 };
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    const tare_random random = {.key = 5, .stream = 3}, next = {.key = 5, .stream = 4};
    for (int which = TARE_DRAW_UNIFORM; which <= TARE_DRAW_TRUNCATED; which++) {
        float *first = check_array(COUNT), *y = check_array(COUNT);
        tare_draw_run((tare_draw)which, &random, TARE_FLOAT32, COUNT, 1, 2, first, NULL);
        for (int p = 1; p < CHECK_POOLS; p++) {
            tare_draw_run((tare_draw)which, &random, TARE_FLOAT32, COUNT, 1, 2, y, pools[p]);
            assert_true(check_same_bits(first, y, COUNT));
        }
        tare_draw_run((tare_draw)which, &next, TARE_FLOAT32, COUNT, 1, 2, y, NULL);
        assert_false(check_same_bits(first, y, COUNT));
        check_release(first), check_release(y);
    }
    check_free_pools(pools);
}

/* Vectors and the plain generator: odd and even beginnings, ends within a block, words of 64 bits
 * in key, stream and place. */
static void drawn_numbers_are_those_of_the_generator(void **state) {
    (void)state;
    enum { COUNT = 203 };
    static const int64_t firsts[] = {0, 1, 62, 1000, ((int64_t)1 << 33) - 40};
    const tare_random random = {UINT64_C(0xfedcba9876543210), UINT64_C(0x0123456789abcdef)};
    double want[COUNT], got[COUNT];
    for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++)
        for (int64_t count = 0; count <= COUNT; count += 29) {
            tare_random_fill_uniform(&random, firsts[f], count, -3, 2, want);
            tare_draw_numbers(TARE_DRAW_UNIFORM, &random, firsts[f], count, -3, 2, got);
            assert_memory_equal(got, want, (size_t)count * sizeof *want);
            tare_random_fill_normal(&random, firsts[f], count, -3, 2, want);
            tare_draw_numbers(TARE_DRAW_NORMAL, &random, firsts[f], count, -3, 2, got);
            assert_memory_equal(got, want, (size_t)count * sizeof *want);
        }
}

static void uniform_floats_stay_below_their_high_end(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    const tare_random random = {.key = 1, .stream = 1};
    float *y = check_array(COUNT);
    const double low = 1, high = 1 + 4 * 0x1p-23;
    tare_draw_run(TARE_DRAW_UNIFORM, &random, TARE_FLOAT32, COUNT, low, high, y, NULL);
    for (int i = 0; i < COUNT; i++) assert_true((double)y[i] >= low && (double)y[i] < high);
    check_release(y);
}

static void dropout_drops_its_share_and_scales_the_rest(void **state) {
    (void)state;
    enum { COUNT = 40000 };
    const tare_random random = {.key = 9, .stream = 2};
    float *x = check_random(3, COUNT), *y = check_array(COUNT), *mask = check_array(COUNT);
    x[7] = NAN;
    tare_dropout_run(&random, TARE_FLOAT32, COUNT, .25, x, y, mask, NULL);
    int dropped = 0;
    for (int i = 0; i < COUNT; i++) {
        dropped += mask[i] == 0;
        assert_true(mask[i] == 0 || mask[i] == (float)(1 / .75));
        assert_true(mask[i] == 0 ? y[i] == 0 : isnan(x[i]) || y[i] == x[i] * mask[i]);
    }
    /* Five deviations of a binomial distribution. */
    assert_true(abs(dropped - COUNT / 4) < 5 * sqrt(COUNT * .25 * .75));
    check_release(x), check_release(y), check_release(mask);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strided_copies_move_every_element_and_no_other),
        cmocka_unit_test(fills_repeat_the_element),
        cmocka_unit_test(gather_and_its_sum_are_adjoint),
        cmocka_unit_test(the_first_index_out_of_range_is_found),
        cmocka_unit_test(one_hot_leaves_rows_of_wrong_indices_off),
        cmocka_unit_test(choosing_goes_by_element_or_by_row),
        cmocka_unit_test(mirrors_show_the_edge_once_or_twice),
        cmocka_unit_test(random_arrays_depend_on_key_stream_and_place_alone),
        cmocka_unit_test(drawn_numbers_are_those_of_the_generator),
        cmocka_unit_test(uniform_floats_stay_below_their_high_end),
        cmocka_unit_test(dropout_drops_its_share_and_scales_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
