/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the readers of idx and csv files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/data.h>

#include <cmocka.h>

#include "scratch_files.h"

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

/* ---------------------------------------------------------------------------------------- idx */

static void test_idx_reads_every_type(void **state) {
    (void)state;
    static const struct {
        uint8_t code;
        const char *bytes;
        size_t size;
        tare_dtype dtype;
        double numbers[2];
    } cases[] = {
        {0x08, "\x00\xff", 2, TARE_UINT8, {0, 255}},
        {0x09, "\x01\xff", 2, TARE_INT8, {1, -1}},
        {0x0B, "\x01\x02\xff\xfe", 4, TARE_INT32, {258, -2}},
        {0x0C, "\x00\x01\x00\x00\xff\xff\xff\xff", 8, TARE_INT32, {65536, -1}},
        {0x0D, "\x3f\x80\x00\x00\xc0\x40\x00\x00", 8, TARE_FLOAT32, {1, -3}},
        {0x0E, "\x3f\xf0\0\0\0\0\0\0\xc0\x08\0\0\0\0\0\0", 16, TARE_FLOAT64, {1, -3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t file[64] = {0, 0, cases[i].code, 1, 0, 0, 0, 2};
        memcpy(file + 8, cases[i].bytes, cases[i].size);
        const char *path = scratch_file("typed.idx", file, 8 + cases[i].size);
        tare_array *array = NULL;
        tare_error error = {0};
        assert_int_equal(tare_idx_read(path, &array, &error), TARE_OK);
        assert_int_equal(tare_array_dtype(array), cases[i].dtype);
        assert_int_equal(tare_array_count(array), 2);
        assert_true(tare_array_number(array, 0) == cases[i].numbers[0]);
        assert_true(tare_array_number(array, 1) == cases[i].numbers[1]);
        tare_array_free(array);
    }
}

static void test_idx_keeps_the_shape(void **state) {
    (void)state;
    uint8_t file[40] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
    for (int i = 0; i < 24; i++) file[16 + i] = (uint8_t)i;
    tare_array *array = NULL;
    assert_int_equal(tare_idx_read(scratch_file("s.idx", file, 40), &array, NULL), TARE_OK);
    const tare_shape shape = tare_array_shape(array);
    assert_int_equal(shape.rank, 3);
    assert_int_equal(shape.extents[0], 2);
    assert_int_equal(shape.extents[1], 3);
    assert_int_equal(shape.extents[2], 4);
    for (int i = 0; i < 24; i++) assert_true(tare_array_number(array, i) == i);
    tare_array_free(array);
}

static void test_idx_refuses_with_the_place(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } cases[] = {
        {"", 0, "ends at byte 0"},
        {"\0\0\x08", 3, "ends at byte 3"},
        {"PK\x03\x04....", 8, "bytes 0 and 1 are 50 4b"},
        {"\0\0\x0A\x01\0\0\0\0", 8, "byte 2 names the type 0a"},
        {"\0\0\x08\0", 4, "byte 3 promises 0 dimensions"},
        {"\0\0\x08\x09", 4, "byte 3 promises 9 dimensions"},
        {"\0\0\x08\x02\0\0\0\x01\0\0", 10, "takes 12 bytes, the file ends at byte 10"},
        {"\0\0\x08\x01\0\0\0\x03\x01\x02", 10, "there are 2"},
        {"\0\0\x08\x01\0\0\0\x01\x01\x02", 10, "there are 2"},
        {"\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, "more than can be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_array *array = NULL;
        tare_error error = {0};
        const char *path = scratch_file("bad.idx", cases[i].bytes, cases[i].size);
        assert_int_equal(tare_idx_read(path, &array, &error), TARE_ERROR_FORMAT);
        assert_null(array);
        assert_says(&error, "bad.idx");
        assert_says(&error, cases[i].says);
    }
}

static void test_readers_name_a_file_that_is_not_there(void **state) {
    (void)state;
    tare_array *array = NULL;
    tare_error error = {0};
    assert_int_equal(tare_idx_read(scratch("nowhere"), &array, &error), TARE_ERROR_FILE);
    assert_says(&error, "nowhere");
    assert_int_equal(tare_csv_read(scratch("nowhere"), &array, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_idx_read(NULL, &array, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_idx_read("x", NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_csv_read(NULL, &array, &error), TARE_ERROR_ARGUMENT);
}

/* ---------------------------------------------------------------------------------------- csv */

static tare_status read_csv(const char *text, const tare_csv_options *options, tare_array **array,
                            tare_error *error) {
    const char *path = scratch_file("table.csv", text, strlen(text));
    assert_non_null(path);
    return tare_csv_read_with(path, options, array, error);
}

/* Reads a file that must be sound and holds its numbers against those wanted; NaN equals NaN. */
static void expect(const char *text, const tare_csv_options *options, int64_t rows, int64_t columns,
                   const double *numbers) {
    tare_array *array = NULL;
    tare_error error = {0};
    if (read_csv(text, options, &array, &error) != TARE_OK) fail_msg("%s", error.message);
    const tare_shape shape = tare_array_shape(array);
    assert_int_equal(shape.rank, 2);
    assert_int_equal(shape.extents[0], rows);
    assert_int_equal(shape.extents[1], columns);
    for (int64_t i = 0; i < rows * columns; i++) {
        const double got = tare_array_number(array, i);
        assert_true(got == numbers[i] || (isnan(got) && isnan(numbers[i])));
    }
    tare_array_free(array);
}

static void test_csv_takes_line_ends_mixed(void **state) {
    (void)state;
    const double numbers[] = {1, 2, 3, 4, 5, 6, 7, 8};
    expect("a,b\r\n1,2\n3,4\r5,6\r\n7,8", NULL, 4, 2, numbers);
    expect("a,b\n1,2\n\n3,4\n\r\n5,6\n7,8\n\n", NULL, 4, 2, numbers);
    expect("\xEF\xBB\xBF"
           "a,b\n1,2\n3,4\n5,6\n7,8\n",
           NULL, 4, 2, numbers);
}

static void test_csv_takes_quotes(void **state) {
    (void)state;
    const double numbers[] = {1.5, -2e3, 3, 4};
    expect("\"a, with comma\",\"b \"\"quoted\"\"\"\n\"1.5\",-2e3\n 3 ,\"4\"\n", NULL, 2, 2,
           numbers);
    tare_csv_options options = {TARE_CSV_DEFAULTS};
    options.columns = "b \"quoted\"";
    const double second[] = {-2e3, 4};
    expect("\"a, with comma\",\"b \"\"quoted\"\"\"\n\"line\nend\",-2e3\n3,\"4\"\n", &options, 2, 1,
           second);
}

static void test_csv_reads_missing_values_as_nan(void **state) {
    (void)state;
    const double nan = (double)NAN, inf = (double)INFINITY;
    const double numbers[] = {nan, 2, nan, 4, nan, inf};
    expect("a,b\n,2\nNA,4\nnan,inf\n", NULL, 3, 2, numbers);
    tare_csv_options options = {TARE_CSV_DEFAULTS};
    options.missing = "?";
    const double one[] = {nan, 1};
    expect("a\n?\n1\n", &options, 2, 1, one);
    expect("a\n\n1\n", &options, 2, 1, one); /* with one column an empty line is a missing value */
}

static void test_csv_chooses_columns(void **state) {
    (void)state;
    tare_csv_options options = {TARE_CSV_DEFAULTS};
    options.columns = "c,a";
    const double chosen[] = {3, 1, 6, 4};
    expect("a,b,c\n1,text,3\n4,more text,6\n", &options, 2, 2, chosen);
    options.columns = NULL;
    options.except = "b";
    const double left[] = {1, 3, 4, 6};
    expect("a,b,c\n1,text,3\n4,more text,6\n", &options, 2, 2, left);
}

static void test_csv_without_header_names_columns_by_number(void **state) {
    (void)state;
    tare_csv_options options = {TARE_CSV_DEFAULTS};
    options.header = false;
    options.separator = ";";
    options.columns = "2";
    const double numbers[] = {2, 4};
    expect("1;2\n3;4\n", &options, 2, 1, numbers);
}

static void test_csv_reads_float64_exactly(void **state) {
    (void)state;
    tare_csv_options options = {TARE_CSV_DEFAULTS};
    options.dtype = TARE_FLOAT64;
    const double numbers[] = {.1, 1e300};
    expect("a,b\n0.1,1e300\n", &options, 1, 2, numbers);
}

static void test_csv_refuses_with_row_and_column(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
        tare_status status;
    } cases[] = {
        {"", "empty", TARE_ERROR_FORMAT},
        {"a,b\n", "no rows", TARE_ERROR_FORMAT},
        {"a,b\n1,2\n3\n", "row 3 has 1 fields, row 1 has 2", TARE_ERROR_FORMAT},
        {"a,b\n1,2,3\n", "row 2 has more than 2 fields", TARE_ERROR_FORMAT},
        {"a,b\n1,2\n3,four\n", "row 3, column 2 ('b'): got 'four'", TARE_ERROR_FORMAT},
        {"a,b\n1,2x\n", "row 2, column 2", TARE_ERROR_FORMAT},
        {"a,b\n1,\"2\n3,4\n", "row 2, column 2: the quote is never closed", TARE_ERROR_FORMAT},
        {"a,b\n\"1\"2,3\n", "row 2, column 1: there is text behind", TARE_ERROR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_array *array = NULL;
        tare_error error = {0};
        assert_int_equal(read_csv(cases[i].text, NULL, &array, &error), cases[i].status);
        assert_null(array);
        assert_says(&error, "table.csv");
        assert_says(&error, cases[i].says);
    }
}

static void test_csv_refuses_options_that_make_no_sense(void **state) {
    (void)state;
    tare_array *array = NULL;
    tare_error error = {0};
    tare_csv_options options = {TARE_CSV_DEFAULTS};
    options.columns = "a,z";
    assert_int_equal(read_csv("a,b\n1,2\n", &options, &array, &error), TARE_ERROR_NAME);
    assert_says(&error, "'z'");
    options.columns = "a,a";
    assert_int_equal(read_csv("a,b\n1,2\n", &options, &array, &error), TARE_ERROR_ARGUMENT);
    options.columns = "a";
    options.except = "b";
    assert_int_equal(read_csv("a,b\n1,2\n", &options, &array, &error), TARE_ERROR_ARGUMENT);
    options = (tare_csv_options){TARE_CSV_DEFAULTS};
    options.except = "a";
    assert_int_equal(read_csv("a\n1\n", &options, &array, &error), TARE_ERROR_ARGUMENT);
    options = (tare_csv_options){TARE_CSV_DEFAULTS};
    options.separator = "ab";
    assert_int_equal(read_csv("a\n1\n", &options, &array, &error), TARE_ERROR_ARGUMENT);
    options = (tare_csv_options){TARE_CSV_DEFAULTS};
    options.dtype = TARE_INT32;
    assert_int_equal(read_csv("a\n1\n", &options, &array, &error), TARE_ERROR_TYPE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idx_reads_every_type),
        cmocka_unit_test(test_idx_keeps_the_shape),
        cmocka_unit_test(test_idx_refuses_with_the_place),
        cmocka_unit_test(test_readers_name_a_file_that_is_not_there),
        cmocka_unit_test(test_csv_takes_line_ends_mixed),
        cmocka_unit_test(test_csv_takes_quotes),
        cmocka_unit_test(test_csv_reads_missing_values_as_nan),
        cmocka_unit_test(test_csv_chooses_columns),
        cmocka_unit_test(test_csv_without_header_names_columns_by_number),
        cmocka_unit_test(test_csv_reads_float64_exactly),
        cmocka_unit_test(test_csv_refuses_with_row_and_column),
        cmocka_unit_test(test_csv_refuses_options_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
