/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of .npy files: every dtype there and back, both orders, and what is refused. */
#include "array/shape.h"
#include "base/bytes.h"
#include "failing_libc.h"
#include "scratch_folder.h"
#include "shared_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A .npy of the given version, header text and data. */
static void put_npy(const char *name, int major, const char *header, const void *data,
                    size_t bytes) {
    unsigned char file[8192] = "\x93NUMPY";
    const size_t length = strlen(header);
    unsigned char *at = file + 8;
    file[6] = (unsigned char)major;
    at = major == 1 ? tare_put_16(at, (uint16_t)length) : tare_put_32(at, (uint32_t)length);
    assert_true(length + bytes + 12 <= sizeof file);
    memcpy(at, header, length);
    if (bytes > 0) memcpy(at + length, data, bytes);
    assert_true(scratch_put(scratch(name), file, (size_t)(at - file) + length + bytes));
}

static tare_array *read_npy(const char *name) {
    tare_array *array = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_npy_read(scratch(name), &array, &error) != TARE_OK) fail_msg("%s", error.message);
    return array;
}

static const float six[] = {0, 1, 2, 3, 4, 5};

/* ------------------------------------------------------------------------------------- good */

static void test_every_dtype_and_rank_comes_back_as_it_was_written(void **state) {
    (void)state;
    static const tare_dtype dtypes[] = {TARE_FLOAT32, TARE_FLOAT64, TARE_INT32, TARE_INT64,
                                        TARE_UINT8,   TARE_BOOL,    TARE_INT8};
    static const tare_shape shapes[] = {{0, {0}},    {1, {5}},       {1, {0}},
                                        {2, {2, 3}}, {3, {4, 0, 2}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};
    for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++) {
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            tare_array *array = NULL;
            assert_int_equal(tare_array_new(dtypes[d], shapes[s], NULL, &array), TARE_OK);
            for (int64_t i = 0; i < tare_array_count(array); i++)
                tare_array_set_number(array, i, (double)(i * 37 % 11));
            assert_int_equal(tare_npy_write(scratch("a.npy"), array, NULL), TARE_OK);
            tare_array *back = read_npy("a.npy");
            assert_int_equal(tare_array_dtype(back), dtypes[d]);
            assert_true(tare_shape_same(tare_array_shape(back), shapes[s]));
            assert_int_equal(tare_array_bytes(back), tare_array_bytes(array));
            assert_memory_equal(tare_array_data(back), tare_array_data(array),
                                tare_array_bytes(array));
            tare_array_free(array);
            tare_array_free(back);
        }
    }
}

static void test_files_are_written_as_numpy_writes_them(void **state) {
    (void)state;
    static const struct {
        tare_dtype dtype;
        tare_shape shape;
        const char *header;
    } cases[] = {
        {TARE_FLOAT32, {2, {2, 3}}, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"},
        {TARE_BOOL, {1, {3}}, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }"},
        {TARE_INT64, {0, {0}}, "{'descr': '<i8', 'fortran_order': False, 'shape': (), }"},
        {TARE_UINT8,
         {8, {1, 1, 1, 1, 1, 1, 1, 1}},
         "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1), }"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char bytes[1024];
        tare_array *array = NULL;
        assert_int_equal(tare_array_new(cases[i].dtype, cases[i].shape, NULL, &array), TARE_OK);
        assert_int_equal(tare_npy_write(scratch("a.npy"), array, NULL), TARE_OK);
        const long size = scratch_get(scratch("a.npy"), bytes, sizeof bytes);
        const size_t header = (size_t)size - tare_array_bytes(array);
        assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
        assert_int_equal(header % 64, 0);
        assert_int_equal(tare_get_16((const unsigned char *)bytes + 8), header - 10);
        assert_memory_equal(bytes + 10, cases[i].header, strlen(cases[i].header));
        for (size_t at = 10 + strlen(cases[i].header); at < header - 1; at++)
            assert_int_equal(bytes[at], ' ');
        assert_int_equal(bytes[header - 1], '\n');
        tare_array_free(array);
    }
}

static void test_all_three_versions_and_spellings_of_the_header_are_read(void **state) {
    (void)state;
    static const char *const headers[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }          \n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
        "{\"shape\":(2,3,),\"descr\":\"=f4\",\"fortran_order\":False}\n",
        " { 'fortran_order' : False , 'shape' : ( 2 , 3 ) , 'descr' : '<f4' , } \n",
    };
    for (int major = 1; major <= 3; major++) {
        for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
            put_npy("a.npy", major, headers[i], six, sizeof six);
            tare_array *array = read_npy("a.npy");
            assert_true(tare_shape_same(tare_array_shape(array), TARE_SHAPE(2, 3)));
            assert_memory_equal(tare_array_data(array), six, sizeof six);
            tare_array_free(array);
        }
    }
}

static void test_spellings_of_dtypes(void **state) {
    (void)state;
    static const struct {
        const char *descr;
        tare_dtype dtype;
    } cases[] = {
        {"<f4", TARE_FLOAT32}, {"=f8", TARE_FLOAT64}, {"<i4", TARE_INT32}, {"<i8", TARE_INT64},
        {"|u1", TARE_UINT8},   {"<u1", TARE_UINT8},   {"|b1", TARE_BOOL},  {"|i1", TARE_INT8},
        {">i1", TARE_INT8}, /* one byte has no order */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[128];
        const char data[8] = {1};
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (), }\n",
                 cases[i].descr);
        put_npy("a.npy", 1, header, data, tare_dtype_size(cases[i].dtype));
        tare_array *array = read_npy("a.npy");
        assert_int_equal(tare_array_dtype(array), cases[i].dtype);
        tare_array_free(array);
    }
}

static void test_fortran_order_becomes_c_order(void **state) {
    (void)state;
    float stored[24];
    for (int i = 0; i < 24; i++) stored[i] = (float)i;
    put_npy("a.npy", 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 4), }\n", stored,
            sizeof stored);
    tare_array *array = read_npy("a.npy");
    const float *numbers = tare_array_const_data(array);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++)
                assert_true(numbers[(i * 3 + j) * 4 + k] == stored[i + 2 * (j + 3 * k)]);
    tare_array_free(array);
    put_npy("a.npy", 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }\n", six,
            sizeof six);
    array = read_npy("a.npy");
    assert_memory_equal(tare_array_data(array), six, sizeof six);
    tare_array_free(array);
    put_npy("a.npy", 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 0), }\n", six, 0);
    tare_array_free(read_npy("a.npy"));
}

static void test_any_byte_but_zero_is_true(void **state) {
    (void)state;
    put_npy("a.npy", 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }\n",
            "\x00\x01\x02\xFF", 4);
    tare_array *array = read_npy("a.npy");
    assert_memory_equal(tare_array_data(array), "\x00\x01\x01\x01", 4);
    tare_array_free(array);
}

/* ---------------------------------------------------------------------------------- refused */

static void assert_refused(const char *name, tare_status status, const char *sentence) {
    tare_array *array = (tare_array *)&array;
    tare_error error = {.status = TARE_OK};
    const tare_status got = tare_npy_read(scratch(name), &array, &error);
    if (got != status || strstr(error.message, sentence) == NULL)
        fail_msg("got %s: %s; wanted: %s", tare_status_name(got), error.message, sentence);
    assert_null(array);
    assert_int_equal(error.status, status);
    assert_string_equal(error.node, scratch(name));
    assert_non_null(strstr(error.message, name)); /* the sentence names the file */
}

static void test_headers_that_are_wrong_are_refused_with_the_place(void **state) {
    (void)state;
#define F4    "'descr': '<f4'"
#define ORDER "'fortran_order': False"
    static const struct {
        const char *header;
        tare_status status;
        const char *sentence;
    } cases[] = {
        {"", TARE_ERROR_FORMAT, "an opening brace at byte 10"},
        {"{" F4 ", " ORDER "}", TARE_ERROR_FORMAT, "needs descr, fortran_order and shape"},
        {"{}", TARE_ERROR_FORMAT, "needs descr, fortran_order and shape"},
        {"{" F4 ", " F4 "}", TARE_ERROR_FORMAT, "one each of descr"},
        {"{" F4 ", 'evil': 1}", TARE_ERROR_FORMAT, "no other key, at byte 27"},
        {"{'descr' '<f4'}", TARE_ERROR_FORMAT, "a colon at byte 19"},
        {"{'descr': <f4}", TARE_ERROR_FORMAT, "a dtype in quotes at byte 20"},
        {"{'descr': '<f4}", TARE_ERROR_FORMAT, "a dtype in quotes at byte 20"},
        {"{'descr': '<f\\x34'}", TARE_ERROR_FORMAT, "a dtype in quotes"},
        {"{" F4 ", 'fortran_order': false}", TARE_ERROR_FORMAT, "True or False at byte"},
        {"{" F4 " " ORDER "}", TARE_ERROR_FORMAT, "a comma or a closing brace at byte"},
        {"{" F4 ", " ORDER ", 'shape': [2, 3]}", TARE_ERROR_FORMAT, "a shape in parentheses"},
        {"{" F4 ", " ORDER ", 'shape': (2 3)}", TARE_ERROR_FORMAT, "a comma or a closing parenth"},
        {"{" F4 ", " ORDER ", 'shape': (6)}", TARE_ERROR_FORMAT, "comma behind the only extent"},
        {"{" F4 ", " ORDER ", 'shape': (-2, -3)}", TARE_ERROR_FORMAT, "an extent at byte"},
        {"{" F4 ", " ORDER ", 'shape': (+2, 3)}", TARE_ERROR_FORMAT, "an extent at byte"},
        {"{" F4 ", " ORDER ", 'shape': (,)}", TARE_ERROR_FORMAT, "an extent at byte"},
        {"{" F4 ", " ORDER ", 'shape': (2, 3", TARE_ERROR_FORMAT, "a comma or a closing parenth"},
        {"{" F4 ", " ORDER ", 'shape': (2, ", TARE_ERROR_FORMAT, "an extent at byte"},
        {"{" F4 ", " ORDER ", 'shape': (99999999999999999999,)}", TARE_ERROR_FORMAT, "below 2^63"},
        {"{" F4 ", " ORDER ", 'shape': (2, 3)} x", TARE_ERROR_FORMAT, "nothing but spaces"},
        {"{" F4 ", " ORDER ", 'shape': (1, 1, 1, 1, 1, 1, 1, 2, 3)}", TARE_ERROR_UNSUPPORTED,
         "more than 8 dimensions"},
        {"{" F4 ", " ORDER ", 'shape': (2, 2)}", TARE_ERROR_FORMAT, "needs 16 bytes at byte"},
        {"{" F4 ", " ORDER ", 'shape': (2, 4)}", TARE_ERROR_FORMAT, "needs 32 bytes at byte"},
        {"{" F4 ", " ORDER ", 'shape': (4294967296, 4294967296)}", TARE_ERROR_FORMAT,
         "beyond all memory"},
        {"{" F4 ", " ORDER ", 'shape': (4611686018427387904,)}", TARE_ERROR_FORMAT,
         "beyond all memory"},
        {"{'descr': '|O'}", TARE_ERROR_UNSUPPORTED, "never unpickled"},
        {"{'descr': '>f4'}", TARE_ERROR_UNSUPPORTED, "big-endian"},
        {"{'descr': '|f4'}", TARE_ERROR_UNSUPPORTED, "got dtype '|f4'"},
        {"{'descr': '<f2'}", TARE_ERROR_UNSUPPORTED, "got dtype '<f2'"},
        {"{'descr': '<U5'}", TARE_ERROR_UNSUPPORTED, "got dtype '<U5'"},
        {"{'descr': ''}", TARE_ERROR_UNSUPPORTED, "got dtype ''"},
        {"{'descr': [('a', '<f4')]}", TARE_ERROR_UNSUPPORTED, "records of several fields"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_npy("bad.npy", 1, cases[i].header, six, sizeof six);
        assert_refused("bad.npy", cases[i].status, cases[i].sentence);
    }
    put_npy("good.npy", 1, "{" F4 ", " ORDER ", 'shape': (2, 3)}", six, sizeof six);
    tare_array_free(read_npy("good.npy")); /* the table's pieces are right as such */
}

static void put_bytes(const char *name, const char *bytes, size_t count) {
    assert_true(scratch_put(scratch(name), bytes, count));
}

static void test_files_that_begin_wrong_are_refused(void **state) {
    (void)state;
    put_bytes("bad.npy", "", 0);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "ends at byte 0; a .npy header needs 10");
    put_bytes("bad.npy", "\x93NUMPY\x01\x00\x00", 9);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "ends at byte 9");
    put_bytes("bad.npy", "\x93NUMPX\x01\x00\x00\x00 ", 11);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "does not begin as a .npy does");
    put_bytes("bad.npy", "\x93NUMPY\x04\x00\x00\x00\x00\x00", 12);
    assert_refused("bad.npy", TARE_ERROR_UNSUPPORTED, "format 4.0 at byte 6");
    put_bytes("bad.npy", "\x93NUMPY\x00\x00\x00\x00", 10);
    assert_refused("bad.npy", TARE_ERROR_UNSUPPORTED, "format 0.0 at byte 6");
    put_bytes("bad.npy", "\x93NUMPY\x01\x01\x00\x00", 10);
    assert_refused("bad.npy", TARE_ERROR_UNSUPPORTED, "format 1.1 at byte 6");
    put_bytes("bad.npy", "\x93NUMPY\x01\x00\xFF\xFF{", 11);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "header of 65535 bytes at byte 10 is longer");
    put_bytes("bad.npy", "\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{", 13);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "header of 4294967295 bytes at byte 12 is longer");
    put_bytes("bad.npy", "\x93NUMPY\x02\x00\x01\x00\x00", 11); /* cut inside the length */
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "");
    put_bytes("bad.npy", "\x93NUMPY\x01\x00\x04\x00{ \0}", 14);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "holds a zero byte");
}

static void test_a_header_longer_than_any_that_is_needed_is_refused(void **state) {
    (void)state;
    enum { LENGTH = 65537 };
    static char file[12 + LENGTH + 4];
    memset(file, ' ', sizeof file);
    memcpy(file, "\x93NUMPY\x02\x00", 8);
    (void)tare_put_32((unsigned char *)file + 8, LENGTH);
    static const char header[] = "{" F4 ", " ORDER ", 'shape': ()}";
    memcpy(file + 12, header, sizeof header - 1);
    put_bytes("bad.npy", file, sizeof file);
    assert_refused("bad.npy", TARE_ERROR_FORMAT, "is longer than any that is needed");
}

static void test_any_cut_of_a_good_file_is_refused(void **state) {
    (void)state;
    char bytes[256];
    put_npy("good.npy", 1, "{" F4 ", " ORDER ", 'shape': (2, 3)}\n", six, sizeof six);
    const long size = scratch_get(scratch("good.npy"), bytes, sizeof bytes);
    for (long cut = 0; cut < size; cut++) {
        put_bytes("cut.npy", bytes, (size_t)cut);
        assert_refused("cut.npy", TARE_ERROR_FORMAT, "");
    }
    put_bytes("cut.npy", bytes, (size_t)size + 1); /* nor may more follow */
    assert_refused("cut.npy", TARE_ERROR_FORMAT, "there are 25");
}

static void test_a_missing_file_and_missing_arguments_are_refused(void **state) {
    (void)state;
    tare_array *array = NULL;
    tare_error error;
    assert_refused("missing.npy", TARE_ERROR_FILE, "cannot open");
    assert_int_equal(tare_npy_read(NULL, &array, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npy_read("a.npy", NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npy_write(scratch("a"), NULL, &error), TARE_ERROR_ARGUMENT);
    array = tare_array_float(1);
    assert_int_equal(tare_npy_write(NULL, array, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npy_write(scratch("no/folder.npy"), array, &error), TARE_ERROR_FILE);
    tare_array_free(array);
}

static void test_bfloat16_is_not_written(void **state) {
    (void)state;
    tare_array *array = NULL;
    tare_error error;
    assert_int_equal(tare_array_new(TARE_BFLOAT16, TARE_SCALAR, NULL, &array), TARE_OK);
    assert_int_equal(tare_npy_write(scratch("b.npy"), array, &error), TARE_ERROR_UNSUPPORTED);
    assert_string_equal(error.message,
                        "got bfloat16, which NumPy does not have; needs another dtype");
    tare_array_free(array);
    assert_int_equal(access(scratch("b.npy"), F_OK), -1);
}

static void test_memory_that_runs_out_ends_in_a_status(void **state) {
    (void)state;
    put_npy("a.npy", 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", six,
            sizeof six);
    int64_t nth = 1;
    for (;; nth++) {
        tare_array *array = NULL;
        tare_error error;
        libc_fail(nth);
        const tare_status status = tare_npy_read(scratch("a.npy"), &array, &error);
        libc_fail(0);
        if (status == TARE_OK) {
            tare_array_free(array);
            break;
        }
        assert_int_equal(status, TARE_ERROR_MEMORY);
        assert_int_equal(error.status, TARE_ERROR_MEMORY);
        assert_null(array);
    }
    assert_int_equal(nth, 6); /* file, header, array, its numbers, those in Fortran order */
}

/* ---------------------------------------------------------------------------- from elsewhere */

static void refuse_malformed(const char *path) {
    tare_array *array = (tare_array *)&array;
    tare_error error = {.status = TARE_OK};
    const tare_status status = tare_npy_read(path, &array, &error);
    if (status != TARE_ERROR_FORMAT && status != TARE_ERROR_UNSUPPORTED)
        fail_msg("%s: %s", path, tare_status_name(status));
    assert_null(array);
    assert_non_null(strstr(error.message, strrchr(path, '/') + 1));
}

static void test_the_shared_malformed_files_are_refused(void **state) {
    (void)state;
    const int count = shared_each("golden/malformed", ".npy", refuse_malformed);
    if (count < 0) {
        print_message("%s is missing\n", shared_path("golden/malformed"));
        skip();
    }
    assert_true(count > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_dtype_and_rank_comes_back_as_it_was_written),
        cmocka_unit_test(test_files_are_written_as_numpy_writes_them),
        cmocka_unit_test(test_all_three_versions_and_spellings_of_the_header_are_read),
        cmocka_unit_test(test_spellings_of_dtypes),
        cmocka_unit_test(test_fortran_order_becomes_c_order),
        cmocka_unit_test(test_any_byte_but_zero_is_true),
        cmocka_unit_test(test_headers_that_are_wrong_are_refused_with_the_place),
        cmocka_unit_test(test_files_that_begin_wrong_are_refused),
        cmocka_unit_test(test_a_header_longer_than_any_that_is_needed_is_refused),
        cmocka_unit_test(test_any_cut_of_a_good_file_is_refused),
        cmocka_unit_test(test_a_missing_file_and_missing_arguments_are_refused),
        cmocka_unit_test(test_bfloat16_is_not_written),
        cmocka_unit_test(test_memory_that_runs_out_ends_in_a_status),
        cmocka_unit_test(test_the_shared_malformed_files_are_refused),
    };
    return cmocka_run_group_tests_name("npy", tests, scratch_make, scratch_remove);
}
