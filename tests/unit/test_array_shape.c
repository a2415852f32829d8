/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of dtypes and shapes. */
#include "array/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_dtypes_have_the_names_and_sizes_of_numpy(void **state) {
    (void)state;
    static const struct {
        tare_dtype dtype;
        const char *name;
        size_t size;
    } cases[] = {
        {TARE_FLOAT32, "float32", 4}, {TARE_FLOAT64, "float64", 8},   {TARE_INT32, "int32", 4},
        {TARE_INT64, "int64", 8},     {TARE_UINT8, "uint8", 1},       {TARE_BOOL, "bool", 1},
        {TARE_INT8, "int8", 1},       {TARE_BFLOAT16, "bfloat16", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(tare_dtype_name(cases[i].dtype), cases[i].name);
        assert_int_equal(tare_dtype_named(cases[i].name), cases[i].dtype);
        assert_int_equal(tare_dtype_size(cases[i].dtype), cases[i].size);
    }
}

static void test_what_is_no_dtype_is_none(void **state) {
    (void)state;
    static const int numbers[] = {0, 9, -1, 1000};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_string_equal(tare_dtype_name((tare_dtype)numbers[i]), "none");
        assert_int_equal(tare_dtype_size((tare_dtype)numbers[i]), 0);
    }
    assert_int_equal(tare_dtype_named("float16"), TARE_DTYPE_NONE);
    assert_int_equal(tare_dtype_named("none"), TARE_DTYPE_NONE);
    assert_int_equal(tare_dtype_named(""), TARE_DTYPE_NONE);
    assert_int_equal(tare_dtype_named(NULL), TARE_DTYPE_NONE);
}

static void test_shapes_print(void **state) {
    (void)state;
    char buffer[TARE_SHAPE_TEXT];
    assert_string_equal(tare_shape_text(buffer, TARE_SHAPE(TARE_ANY, 784)), "[?, 784]");
    assert_string_equal(tare_shape_text(buffer, TARE_SCALAR), "[]");
    assert_string_equal(tare_shape_text(buffer, TARE_SHAPE(0)), "[0]");
    assert_string_equal(tare_shape_text(buffer, TARE_ANY_SHAPE), "unknown rank");
    tare_shape widest = {.rank = TARE_MAX_RANK};
    for (int i = 0; i < TARE_MAX_RANK; i++) widest.extents[i] = INT64_MIN;
    tare_shape_text(buffer, widest);
    assert_int_equal(strlen(buffer), 8 * 20 + 7 * 2 + 2);
    assert_string_equal(tare_list_text(buffer, TARE_LIST(1, -2)), "[1, -2]");
    assert_string_equal(tare_list_text(buffer, TARE_EMPTY_LIST), "[]");
    assert_string_equal(tare_list_text(buffer, TARE_NO_LIST), "[]");
    widest.rank = 9; /* no rank that there is */
    assert_string_equal(tare_shape_text(buffer, widest), "unknown rank");
}

static void test_a_shape_is_known_when_rank_and_all_extents_are(void **state) {
    (void)state;
    assert_true(tare_shape_known(TARE_SCALAR));
    assert_true(tare_shape_known(TARE_SHAPE(0, 3)));
    assert_false(tare_shape_known(TARE_SHAPE(3, TARE_ANY)));
    assert_false(tare_shape_known(TARE_SHAPE(3, -2)));
    assert_false(tare_shape_known(TARE_ANY_SHAPE));
    assert_false(tare_shape_known((tare_shape){.rank = 9}));
}

static void test_same_shapes_have_equal_extents_and_unknown_equals_unknown(void **state) {
    (void)state;
    assert_true(tare_shape_same(TARE_SHAPE(2, TARE_ANY), TARE_SHAPE(2, TARE_ANY)));
    assert_true(tare_shape_same(TARE_ANY_SHAPE, TARE_ANY_SHAPE));
    assert_true(tare_shape_same(TARE_SCALAR, TARE_SCALAR));
    assert_false(tare_shape_same(TARE_SHAPE(2, TARE_ANY), TARE_SHAPE(2, 3)));
    assert_false(tare_shape_same(TARE_SHAPE(2), TARE_SHAPE(2, 1)));
    assert_false(tare_shape_same(TARE_SCALAR, TARE_ANY_SHAPE));
}

static void test_counts_are_products_that_fit(void **state) {
    (void)state;
    assert_int_equal(tare_shape_count(TARE_SCALAR), 1);
    assert_int_equal(tare_shape_count(TARE_SHAPE(2, 3, 4)), 24);
    assert_int_equal(tare_shape_count(TARE_SHAPE(2, 0, 4)), 0);
    assert_int_equal(tare_shape_count(TARE_SHAPE(INT64_MAX, INT64_MAX, 0)), 0);
    assert_int_equal(tare_shape_count(TARE_SHAPE(2, TARE_ANY)), -1);
    assert_int_equal(tare_shape_count(TARE_SHAPE(0, TARE_ANY)), -1);
    assert_int_equal(tare_shape_count(TARE_ANY_SHAPE), -1);
    assert_int_equal(tare_shape_count(TARE_SHAPE(INT64_C(1) << 32, INT64_C(1) << 32)), -1);
    assert_true(tare_shape_count(TARE_SHAPE(INT64_MAX)) == INT64_MAX);
}

static void test_shapes_merge_what_both_know(void **state) {
    (void)state;
    static const struct {
        tare_shape a, b;
        bool fits;
        tare_shape merged;
    } cases[] = {
        {{2, {-1, 3}}, {2, {5, -1}}, true, {2, {5, 3}}},
        {{2, {-1, -1}}, {2, {-1, 4}}, true, {2, {-1, 4}}},
        {{TARE_UNKNOWN_RANK, {0}}, {2, {-1, 4}}, true, {2, {-1, 4}}},
        {{TARE_UNKNOWN_RANK, {0}}, {TARE_UNKNOWN_RANK, {0}}, true, {TARE_UNKNOWN_RANK, {0}}},
        {{0, {0}}, {0, {0}}, true, {0, {0}}},
        {{2, {1, 3}}, {2, {5, 3}}, false, {0, {0}}}, /* merging is not broadcasting */
        {{1, {3}}, {2, {1, 3}}, false, {0, {0}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int swap = 0; swap < 2; swap++) {
            const tare_shape a = swap ? cases[i].b : cases[i].a;
            const tare_shape b = swap ? cases[i].a : cases[i].b;
            tare_shape merged = TARE_SHAPE(77);
            assert_int_equal(tare_shape_merge(a, b, &merged), cases[i].fits);
            assert_int_equal(tare_shape_compatible(a, b), cases[i].fits);
            assert_true(tare_shape_same(merged, cases[i].fits ? cases[i].merged : TARE_SHAPE(77)));
        }
    }
}

static void test_shapes_broadcast_as_in_numpy_and_tensorflow(void **state) {
    (void)state;
    static const struct {
        tare_shape a, b;
        bool fits;
        tare_shape both;
    } cases[] = {
        {{2, {4, 1}}, {2, {1, 5}}, true, {2, {4, 5}}},
        {{1, {5}}, {3, {2, 3, 5}}, true, {3, {2, 3, 5}}},
        {{0, {0}}, {2, {2, 3}}, true, {2, {2, 3}}},
        {{1, {0}}, {1, {1}}, true, {1, {0}}},
        {{1, {0}}, {1, {2}}, false, {0, {0}}},
        {{2, {2, 3}}, {1, {2}}, false, {0, {0}}},
        {{1, {-1}}, {1, {7}}, true, {1, {7}}},  /* must turn out 7 or 1 */
        {{1, {-1}}, {1, {1}}, true, {1, {-1}}}, /* whatever it is */
        {{1, {-1}}, {1, {-1}}, true, {1, {-1}}},
        {{1, {-1}}, {1, {0}}, true, {1, {-1}}},
        {{2, {-1, 3}}, {1, {3}}, true, {2, {-1, 3}}},
        {{TARE_UNKNOWN_RANK, {0}}, {1, {3}}, true, {TARE_UNKNOWN_RANK, {0}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int swap = 0; swap < 2; swap++) {
            const tare_shape a = swap ? cases[i].b : cases[i].a;
            const tare_shape b = swap ? cases[i].a : cases[i].b;
            tare_shape both = TARE_SHAPE(77);
            assert_int_equal(tare_shape_broadcast(a, b, &both), cases[i].fits);
            assert_true(tare_shape_same(both, cases[i].fits ? cases[i].both : TARE_SHAPE(77)));
        }
    }
}

static void test_axes_count_from_either_end(void **state) {
    (void)state;
    assert_int_equal(tare_shape_axis(0, 3), 0);
    assert_int_equal(tare_shape_axis(2, 3), 2);
    assert_int_equal(tare_shape_axis(-1, 3), 2);
    assert_int_equal(tare_shape_axis(-3, 3), 0);
    assert_int_equal(tare_shape_axis(3, 3), -1);
    assert_int_equal(tare_shape_axis(-4, 3), -1);
    assert_int_equal(tare_shape_axis(0, 0), -1);
    assert_int_equal(tare_shape_axis(INT64_MIN, 8), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtypes_have_the_names_and_sizes_of_numpy),
        cmocka_unit_test(test_what_is_no_dtype_is_none),
        cmocka_unit_test(test_shapes_print),
        cmocka_unit_test(test_a_shape_is_known_when_rank_and_all_extents_are),
        cmocka_unit_test(test_same_shapes_have_equal_extents_and_unknown_equals_unknown),
        cmocka_unit_test(test_counts_are_products_that_fit),
        cmocka_unit_test(test_shapes_merge_what_both_know),
        cmocka_unit_test(test_shapes_broadcast_as_in_numpy_and_tensorflow),
        cmocka_unit_test(test_axes_count_from_either_end),
    };
    return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}
