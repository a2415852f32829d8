/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of arrays: making, sharing, freeing, single elements. */
#include "array/array.h"
#include "array/shape.h"
#include "base/threads.h"
#include "failing_allocator.h"
#include "failing_libc.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const tare_dtype all_dtypes[] = {TARE_FLOAT32, TARE_FLOAT64, TARE_INT32, TARE_INT64,
                                        TARE_UINT8,   TARE_BOOL,    TARE_INT8,  TARE_BFLOAT16};
#define DTYPES (sizeof all_dtypes / sizeof *all_dtypes)

static tare_array *new_array(tare_dtype dtype, tare_shape shape) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    return array;
}

static void test_a_new_array_is_zero_aligned_and_as_told(void **state) {
    (void)state;
    for (size_t i = 0; i < DTYPES; i++) {
        tare_array *array = new_array(all_dtypes[i], TARE_SHAPE(2, 3));
        assert_int_equal(tare_array_dtype(array), all_dtypes[i]);
        assert_true(tare_shape_same(tare_array_shape(array), TARE_SHAPE(2, 3)));
        assert_int_equal(tare_array_count(array), 6);
        assert_int_equal(tare_array_bytes(array), 6 * tare_dtype_size(all_dtypes[i]));
        assert_int_equal((uintptr_t)tare_array_data(array) % 64, 0);
        assert_ptr_equal(tare_array_const_data(array), tare_array_data(array));
        for (int64_t n = 0; n < 6; n++) assert_true(tare_array_number(array, n) == 0);
        tare_array_free(array);
    }
}

static void test_scalars_and_empty_arrays_have_an_address(void **state) {
    (void)state;
    tare_array *scalar = new_array(TARE_INT64, TARE_SCALAR);
    assert_int_equal(tare_array_count(scalar), 1);
    assert_non_null(tare_array_data(scalar));
    tare_array *empty = new_array(TARE_INT64, TARE_SHAPE(3, 0));
    assert_int_equal(tare_array_count(empty), 0);
    assert_int_equal(tare_array_bytes(empty), 0);
    assert_non_null(tare_array_data(empty));
    tare_array_free(scalar);
    tare_array_free(empty);
    tare_array *over = NULL, *copy = NULL;
    assert_int_equal(tare_array_over(TARE_FLOAT32, TARE_SHAPE(0), NULL, &over), TARE_OK);
    assert_non_null(tare_array_data(over));
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(0), NULL, &copy), TARE_OK);
    assert_non_null(tare_array_data(copy));
    tare_array_free(over);
    tare_array_free(copy);
}

static void test_shapes_and_dtypes_that_make_no_array_are_refused(void **state) {
    (void)state;
    static const struct {
        tare_dtype dtype;
        tare_shape shape;
        tare_status status;
    } cases[] = {
        {TARE_FLOAT32, {1, {TARE_ANY}}, TARE_ERROR_SHAPE},
        {TARE_FLOAT32, {2, {3, -7}}, TARE_ERROR_SHAPE},
        {TARE_FLOAT32, {TARE_UNKNOWN_RANK, {0}}, TARE_ERROR_SHAPE},
        {TARE_FLOAT32, {9, {1}}, TARE_ERROR_SHAPE},
        {TARE_FLOAT32, {2, {INT64_C(1) << 32, INT64_C(1) << 32}}, TARE_ERROR_SHAPE},
        {TARE_FLOAT64, {1, {INT64_C(1) << 60}}, TARE_ERROR_SHAPE}, /* 2^63 bytes */
        {TARE_INT8, {1, {(INT64_C(1) << 62) + 1}}, TARE_ERROR_SHAPE},
        {TARE_INT8, {1, {INT64_C(1) << 62}}, TARE_ERROR_MEMORY},
        {TARE_DTYPE_NONE, {1, {1}}, TARE_ERROR_TYPE},
        {(tare_dtype)99, {1, {1}}, TARE_ERROR_TYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        failing_allocator memory;
        tare_array *array = (tare_array *)&memory;
        assert_int_equal(tare_array_new(cases[i].dtype, cases[i].shape,
                                        failing_allocator_start(&memory, 0), &array),
                         cases[i].status);
        assert_null(array);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SCALAR, NULL, NULL), TARE_ERROR_ARGUMENT);
    const float number = 1;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SCALAR, &number, NULL),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_array_over(TARE_FLOAT32, TARE_SCALAR, NULL, NULL), TARE_ERROR_ARGUMENT);
}

static void test_the_allocator_is_copied_and_gets_everything_back(void **state) {
    (void)state;
    failing_allocator memory;
    tare_allocator hooks = *failing_allocator_start(&memory, 0);
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(5), &hooks, &array), TARE_OK);
    memset(&hooks, 0, sizeof hooks); /* it need not outlive the call */
    assert_int_equal(memory.blocks, 2);
    for (int i = 0; i < 5; i++) assert_true(tare_array_number(array, i) == 0);
    tare_array_free(array);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_memory_that_runs_out_ends_in_a_status(void **state) {
    (void)state;
    for (int64_t nth = 1; nth <= 2; nth++) {
        failing_allocator memory;
        tare_array *array = (tare_array *)&memory;
        assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(5),
                                        failing_allocator_start(&memory, nth), &array),
                         TARE_ERROR_MEMORY);
        assert_null(array);
        assert_true(failing_allocator_is_clean(&memory));
        libc_fail(nth);
        const tare_array *number = tare_array_float(1), *yes = tare_array_bool(true);
        libc_fail(0);
        assert_null(number);
        assert_null(yes);
    }
}

static void test_a_copy_has_numbers_of_its_own(void **state) {
    (void)state;
    float numbers[] = {1, 2, 3, 4};
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 2), numbers, &array), TARE_OK);
    numbers[2] = 99;
    assert_true(tare_array_number(array, 2) == 3);
    tare_array_free(array);
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 2), NULL, &array),
                     TARE_ERROR_ARGUMENT);
    assert_null(array);
}

static void test_an_array_over_memory_shares_and_does_not_free_it(void **state) {
    (void)state;
    float numbers[] = {1, 2, 3, 4};
    tare_array *array = NULL;
    assert_int_equal(tare_array_over(TARE_FLOAT32, TARE_SHAPE(4), numbers, &array), TARE_OK);
    assert_ptr_equal(tare_array_data(array), numbers);
    numbers[2] = 99;
    assert_true(tare_array_number(array, 2) == 99);
    assert_true(tare_array_set_number(array, 0, 7));
    tare_array_free(array);
    assert_true(numbers[0] == 7);
    assert_int_equal(tare_array_over(TARE_FLOAT32, TARE_SHAPE(4), NULL, &array),
                     TARE_ERROR_ARGUMENT);
    assert_null(array);
    assert_int_equal(tare_array_over(TARE_FLOAT32, TARE_SHAPE(1), (char *)numbers + 1, &array),
                     TARE_ERROR_ARGUMENT); /* misaligned */
    assert_null(array);
}

static void test_a_view_takes_its_data_later(void **state) {
    (void)state;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    int32_t number = 5;
    tare_array *view = NULL;
    assert_int_equal(tare_array_view(TARE_INT32, TARE_SCALAR, NULL, allocator, &view), TARE_OK);
    assert_null(tare_array_data(view));
    assert_true(isnan(tare_array_number(view, 0)));
    view->data = &number;
    assert_true(tare_array_number(view, 0) == 5);
    tare_array_free(view);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_scalars_from_numbers(void **state) {
    (void)state;
    tare_array *number = tare_array_float(0.25f), *yes = tare_array_bool(true);
    assert_int_equal(tare_array_dtype(number), TARE_FLOAT32);
    assert_true(tare_shape_same(tare_array_shape(number), TARE_SCALAR));
    assert_true(tare_array_number(number, 0) == 0.25);
    assert_int_equal(tare_array_dtype(yes), TARE_BOOL);
    assert_int_equal(*(const uint8_t *)tare_array_const_data(yes), 1);
    tare_array_free(number);
    tare_array_free(yes);
}

static void test_null_is_an_array_of_nothing(void **state) {
    (void)state;
    assert_null(tare_array_retain(NULL));
    tare_array_free(NULL);
    assert_int_equal(tare_array_dtype(NULL), TARE_DTYPE_NONE);
    assert_int_equal(tare_array_shape(NULL).rank, TARE_UNKNOWN_RANK);
    assert_int_equal(tare_array_count(NULL), 0);
    assert_int_equal(tare_array_bytes(NULL), 0);
    assert_null(tare_array_data(NULL));
    assert_null(tare_array_const_data(NULL));
    assert_true(isnan(tare_array_number(NULL, 0)));
    assert_false(tare_array_set_number(NULL, 0, 1));
}

static void test_the_last_reference_frees(void **state) {
    (void)state;
    failing_allocator memory;
    tare_array *array = NULL;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(5), allocator, &array), TARE_OK);
    assert_ptr_equal(tare_array_retain(array), array);
    tare_array_free(array);
    assert_int_equal(memory.blocks, 2);
    tare_array_free(array);
    assert_true(failing_allocator_is_clean(&memory));
}

static void hold_for_a_moment(void *context, int64_t slice) {
    (void)slice;
    tare_array *array = tare_array_retain(context);
    tare_array_free(array);
}

static void test_references_are_counted_across_threads(void **state) {
    (void)state;
    tare_pool *pool = NULL;
    assert_int_equal(tare_pool_new(NULL, 4, NULL, NULL, &pool, NULL), TARE_OK);
    tare_array *array = new_array(TARE_FLOAT32, TARE_SHAPE(3));
    tare_pool_run(pool, 20000, hold_for_a_moment, array);
    assert_int_equal(array->references, 1);
    tare_array_free(array);
    tare_pool_free(pool);
}

/* --------------------------------------------------------------------------------- elements */

static double stored(tare_dtype dtype, double value) {
    tare_array *array = new_array(dtype, TARE_SCALAR);
    assert_true(tare_array_set_number(array, 0, value));
    const double back = tare_array_number(array, 0);
    tare_array_free(array);
    return back;
}

static void test_elements_round_to_the_dtype(void **state) {
    (void)state;
    static const struct {
        tare_dtype dtype;
        double value, stored;
    } cases[] = {
        {TARE_FLOAT64, 0.1, 0.1},
        {TARE_FLOAT32, 0.1, (double)0.1f},
        {TARE_FLOAT32, 1e300, HUGE_VAL},
        {TARE_INT32, 2.5, 2},
        {TARE_INT32, 3.5, 4},
        {TARE_INT32, -2.6, -3},
        {TARE_INT32, 1e10, INT32_MAX},
        {TARE_INT32, -1e10, INT32_MIN},
        {TARE_INT32, NAN, 0},
        {TARE_INT64, 1e300, 9223372036854775807.0},
        {TARE_INT64, -1e300, -9223372036854775808.0},
        {TARE_INT64, 9007199254740991.0, 9007199254740991.0},
        {TARE_INT64, HUGE_VAL, 9223372036854775807.0},
        {TARE_UINT8, 300, 255},
        {TARE_UINT8, -3, 0},
        {TARE_UINT8, 255.4, 255},
        {TARE_INT8, -129, -128},
        {TARE_INT8, 127.5, 127},
        {TARE_BOOL, 0, 0},
        {TARE_BOOL, -0.0, 0},
        {TARE_BOOL, 0.001, 1},
        {TARE_BOOL, 7, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(stored(cases[i].dtype, cases[i].value) == cases[i].stored);
    assert_true(isnan(stored(TARE_FLOAT32, NAN)));
    assert_true(isnan(stored(TARE_BFLOAT16, NAN)));
}

static void test_bfloat16_rounds_once_to_the_nearest_even(void **state) {
    (void)state;
    /* Between 1 and 2 its numbers lie 2^-7 apart. */
    const double step = 0x1p-7;
    assert_true(stored(TARE_BFLOAT16, 1 + step) == 1 + step);
    assert_true(stored(TARE_BFLOAT16, 1 + 0.4 * step) == 1);
    assert_true(stored(TARE_BFLOAT16, 1 + 0.6 * step) == 1 + step);
    assert_true(stored(TARE_BFLOAT16, 1 + 0.5 * step) == 1);            /* ties to even */
    assert_true(stored(TARE_BFLOAT16, 1 + 1.5 * step) == 1 + 2 * step); /* ties to even */
    /* A double just beside the tie, which a float32 in between would take for it. */
    assert_true(stored(TARE_BFLOAT16, 1 + 0.5 * step + 0x1p-40) == 1 + step);
    assert_true(stored(TARE_BFLOAT16, 1 + 1.5 * step - 0x1p-40) == 1 + step);
    assert_true(stored(TARE_BFLOAT16, -(1 + 0.5 * step + 0x1p-40)) == -(1 + step));
    assert_true(stored(TARE_BFLOAT16, 0x1.FEp127) == 0x1.FEp127); /* the largest */
    assert_true(stored(TARE_BFLOAT16, 0x1.FEFFFFFFFFp127) == 0x1.FEp127);
    assert_true(stored(TARE_BFLOAT16, 0x1.FFp127) == HUGE_VAL); /* the tie beyond it */
    assert_true(stored(TARE_BFLOAT16, 1e300) == HUGE_VAL);
    assert_true(stored(TARE_BFLOAT16, -HUGE_VAL) == -HUGE_VAL);
    assert_true(stored(TARE_BFLOAT16, 0x1p-133) == 0x1p-133); /* the smallest */
    assert_true(stored(TARE_BFLOAT16, 0x1p-134) == 0);
    assert_true(stored(TARE_BFLOAT16, 0x1.0001p-134) == 0x1p-133);
    assert_true(stored(TARE_BFLOAT16, 1e-300) == 0);
    assert_true(signbit(stored(TARE_BFLOAT16, -0.0)));
}

static void test_there_is_no_element_outside(void **state) {
    (void)state;
    tare_array *array = new_array(TARE_FLOAT32, TARE_SHAPE(2));
    assert_false(tare_array_set_number(array, -1, 5));
    assert_false(tare_array_set_number(array, 2, 5));
    assert_true(isnan(tare_array_number(array, -1)));
    assert_true(isnan(tare_array_number(array, 2)));
    assert_true(tare_array_number(array, 0) == 0 && tare_array_number(array, 1) == 0);
    tare_array_free(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_array_is_zero_aligned_and_as_told),
        cmocka_unit_test(test_scalars_and_empty_arrays_have_an_address),
        cmocka_unit_test(test_shapes_and_dtypes_that_make_no_array_are_refused),
        cmocka_unit_test(test_the_allocator_is_copied_and_gets_everything_back),
        cmocka_unit_test(test_memory_that_runs_out_ends_in_a_status),
        cmocka_unit_test(test_a_copy_has_numbers_of_its_own),
        cmocka_unit_test(test_an_array_over_memory_shares_and_does_not_free_it),
        cmocka_unit_test(test_a_view_takes_its_data_later),
        cmocka_unit_test(test_scalars_from_numbers),
        cmocka_unit_test(test_null_is_an_array_of_nothing),
        cmocka_unit_test(test_the_last_reference_frees),
        cmocka_unit_test(test_references_are_counted_across_threads),
        cmocka_unit_test(test_elements_round_to_the_dtype),
        cmocka_unit_test(test_bfloat16_rounds_once_to_the_nearest_even),
        cmocka_unit_test(test_there_is_no_element_outside),
    };
    return cmocka_run_group_tests_name("arrays", tests, NULL, NULL);
}
