/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of reading and writing .safetensors files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/model.h>

#include <cmocka.h>

#include "scratch_files.h"

#ifdef TARE_HAVE_JANSSON

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

static tare_safetensors *open_file(const char *path) {
    tare_safetensors *file = NULL;
    tare_error error = {0};
    if (tare_safetensors_open(path, &file, &error) != TARE_OK) fail_msg("%s", error.message);
    return file;
}

/* A file with that header and so many zeros of data. */
static const char *forge(const char *header, size_t data) {
    static char bytes[65536];
    const size_t length = strlen(header);
    memset(bytes, 0, sizeof bytes);
    for (size_t i = 0; i < 8; i++) bytes[i] = (char)(length >> 8 * i);
    memcpy(bytes + 8, header, length);
    return scratch_file("forged.safetensors", bytes, 8 + length + data);
}

static void test_what_is_written_is_read_back(void **state) {
    (void)state;
    static const tare_dtype dtypes[] = {TARE_UINT8, TARE_FLOAT32, TARE_BOOL, TARE_FLOAT64,
                                        TARE_INT32, TARE_INT64,   TARE_INT8, TARE_BFLOAT16};
    enum { COUNT = sizeof dtypes / sizeof *dtypes };
    const char *names[COUNT] = {"byte", "layer/kernel", "naïve \"ключ\"", "d", "i", "l", "b", "h"};
    tare_array *arrays[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const tare_shape shape = i == 3 ? TARE_SCALAR : i == 4 ? TARE_SHAPE(0, 4) : TARE_SHAPE(3);
        assert_int_equal(tare_array_new(dtypes[i], shape, NULL, &arrays[i]), TARE_OK);
        for (int64_t k = 0; k < tare_array_count(arrays[i]); k++)
            tare_array_set_number(arrays[i], k, (double)(k % 2));
    }
    const tare_metadata metadata[] = {{"network", "lenet_bn"}, {"note", "a \"quote\"\n"}};
    const char *path = scratch("all.safetensors");
    tare_error error = {0};
    if (tare_safetensors_write(path, COUNT, names, (const tare_array *const *)arrays, 2, metadata,
                               &error) != TARE_OK)
        fail_msg("%s", error.message);

    tare_safetensors *file = open_file(path);
    assert_int_equal(tare_safetensors_count(file), COUNT);
    assert_int_equal(tare_safetensors_metadata_count(file), 2);
    assert_string_equal(tare_safetensors_metadata(file, "note"), "a \"quote\"\n");
    assert_string_equal(tare_safetensors_metadata_key(file, 0), "network");
    assert_null(tare_safetensors_metadata(file, "other"));
    assert_null(tare_safetensors_metadata_key(file, 2));
    assert_null(tare_safetensors_name(file, COUNT));
    for (int i = 0; i < COUNT; i++) {
        tare_array *array = NULL;
        assert_int_equal(tare_safetensors_read(file, names[i], &array, &error), TARE_OK);
        assert_int_equal(tare_array_dtype(array), dtypes[i]);
        assert_int_equal(tare_array_bytes(array), tare_array_bytes(arrays[i]));
        assert_memory_equal(tare_array_data(array), tare_array_data(arrays[i]),
                            tare_array_bytes(array));
        tare_array_free(array);
        tare_array_free(arrays[i]);
    }
    tare_array *none = NULL;
    assert_int_equal(tare_safetensors_read(file, "nothing", &none, &error), TARE_ERROR_NAME);
    assert_says(&error, "'nothing'");
    tare_safetensors_close(file);
}

/* Every tensor's offset is a multiple of its element's size, and the data begin at a multiple
 * of 64. */
static void test_tensors_are_aligned_in_the_file(void **state) {
    (void)state;
    tare_array *byte = NULL, *number = NULL;
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(3), NULL, &byte), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT64, TARE_SHAPE(2), NULL, &number), TARE_OK);
    const char *names[] = {"byte", "number"};
    const tare_array *arrays[] = {byte, number};
    const char *path = scratch("aligned.safetensors");
    assert_int_equal(tare_safetensors_write(path, 2, names, arrays, 0, NULL, NULL), TARE_OK);
    tare_safetensors *file = open_file(path);
    assert_string_equal(tare_safetensors_name(file, 0), "number");
    assert_string_equal(tare_safetensors_name(file, 1), "byte");
    tare_safetensors_close(file);
    unsigned char length[8];
    FILE *raw = fopen(path, "rb");
    assert_non_null(raw);
    assert_int_equal(fread(length, 1, 8, raw), 8);
    assert_int_equal(fclose(raw), 0);
    assert_int_equal((8 + length[0] + 256 * length[1]) % 64, 0);
    tare_array_free(byte);
    tare_array_free(number);
}

/* Written by another program: every dtype, a scalar, an empty tensor, a name outside ASCII. */
static void test_files_of_others_are_read(void **state) {
    (void)state;
    tare_safetensors *file =
        open_file(TARE_SOURCE_DIR "/tests/golden/data/checkpoint/dtypes.safetensors");
    assert_int_equal(tare_safetensors_count(file), 13);
    static const struct {
        const char *name;
        tare_dtype dtype;
        double first[4];
    } wanted[] = {
        {"bfloat16", TARE_BFLOAT16, {2.40625, 0.5234375, 0.267578125, -1.84375}},
        {"bool", TARE_BOOL, {1, 1, 1, 0}},
        {"float32",
         TARE_FLOAT32,
         {2.4098281860351562, 0.5245001316070557, 0.26693427562713623, -1.8411540985107422}},
        {"float64",
         TARE_FLOAT64,
         {2.4098281860351562, 0.5245001316070557, 0.26693427562713623, -1.8411540985107422}},
        {"int32", TARE_INT32, {2, 0, 0, -1}},
        {"int64", TARE_INT64, {2, 0, 0, -1}},
        {"int8", TARE_INT8, {2, 0, 0, -1}},
        {"uint8", TARE_UINT8, {2, 0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        tare_array *array = NULL;
        assert_int_equal(tare_safetensors_read(file, wanted[i].name, &array, NULL), TARE_OK);
        assert_int_equal(tare_array_dtype(array), wanted[i].dtype);
        assert_int_equal(tare_array_count(array), 6);
        for (int k = 0; k < 4; k++) assert_true(tare_array_number(array, k) == wanted[i].first[k]);
        tare_array_free(array);
    }
    tare_array *array = NULL;
    assert_int_equal(tare_safetensors_read(file, "naïve/ключ", &array, NULL), TARE_OK);
    assert_true(tare_array_number(array, 0) == 1);
    tare_array_free(array);
    assert_int_equal(tare_safetensors_read(file, "scalar", &array, NULL), TARE_OK);
    assert_int_equal(tare_array_shape(array).rank, 0);
    assert_true(tare_array_number(array, 0) == 2.5);
    tare_array_free(array);
    assert_int_equal(tare_safetensors_read(file, "empty", &array, NULL), TARE_OK);
    assert_int_equal(tare_array_count(array), 0);
    tare_array_free(array);
    tare_error error = {0};
    assert_int_equal(tare_safetensors_read(file, "float16", &array, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_says(&error, "F16");
    tare_safetensors_close(file);
}

#define ENTRY(name, begin, end)                                                                    \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" begin "," end "]}"

static void test_headers_are_not_believed(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *says;
    } cases[] = {
        {"[]", 0, "no JSON object"},
        {"{" ENTRY("a", "0", "4") "," ENTRY("a", "4", "8") "}", 8, "not JSON as it should be"},
        {"{" ENTRY("a", "0", "4") "," ENTRY("b", "8", "12") "}", 12, "begins at byte 8"},
        {"{" ENTRY("a", "4", "8") "}", 8, "begins at byte 4"},
        {"{" ENTRY("a", "0", "4") "}", 8, "ends at byte 4 of the data, which has 8"},
        {"{\"a\":{\"b\":[[[[[1]]]]]}}", 0, "nested deeper"},
        {"{\"a\":1}", 0, "'a': is no object"},
        {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no text 'dtype'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "no list 'shape'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "whole number"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "two whole"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "byte -4"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4,
         "not JSON as it should be"},
        {"{\"__metadata__\":{\"k\":1}}", 0, "the value of 'k' is no text"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ is no object"},
        {"{} x", 0, "not JSON as it should be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_safetensors *file = NULL;
        tare_error error = {0};
        const char *path = forge(cases[i].header, cases[i].data);
        assert_int_equal(tare_safetensors_open(path, &file, &error), TARE_ERROR_FORMAT);
        assert_null(file);
        assert_says(&error, "forged.safetensors");
        assert_says(&error, cases[i].says);
    }
    const char *deep = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],"
                       "\"data_offsets\":[0,4]}}";
    tare_safetensors *file = NULL;
    assert_int_equal(tare_safetensors_open(forge(deep, 4), &file, NULL), TARE_ERROR_UNSUPPORTED);
    file = open_file(forge("{" ENTRY("b", "4", "8") "," ENTRY("a", "0", "4") "}   ", 8));
    assert_string_equal(tare_safetensors_name(file, 0), "a");
    assert_string_equal(tare_safetensors_name(file, 1), "b");
    tare_safetensors_close(file);
}

static void test_a_bool_is_0_or_1(void **state) {
    (void)state;
    char file_bytes[] = "\x36\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"BOOL\",\"shape\":[1],"
                        "\"data_offsets\":[0,1]}}\x02";
    file_bytes[0] = (char)(sizeof file_bytes - 1 - 9);
    tare_safetensors *file =
        open_file(scratch_file("b.safetensors", file_bytes, sizeof file_bytes - 1));
    tare_array *array = NULL;
    tare_error error = {0};
    assert_int_equal(tare_safetensors_read(file, "a", &array, &error), TARE_ERROR_FORMAT);
    assert_null(array);
    assert_says(&error, "byte 0 is 2");
    tare_safetensors_close(file);
}

static void test_names_that_could_not_be_read_back_are_refused(void **state) {
    (void)state;
    tare_array *array = tare_array_float(1);
    const tare_array *arrays[] = {array, array};
    static const char *const bad[][2] = {
        {"a", "a"}, {"a", ""}, {"a", "__metadata__"}, {"a", "\xff"}};
    const char *path = scratch("never.safetensors");
    const int before = scratch_count();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tare_safetensors_write(path, 2, bad[i], arrays, 0, NULL, NULL),
                         TARE_ERROR_NAME);
    const tare_metadata twice[] = {{"k", "1"}, {"k", "2"}};
    assert_int_equal(tare_safetensors_write(path, 0, NULL, NULL, 2, twice, NULL), TARE_ERROR_NAME);
    assert_int_equal(tare_safetensors_write(NULL, 0, NULL, NULL, 0, NULL, NULL),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(scratch_count(), before);
    tare_array_free(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_tensors_are_aligned_in_the_file),
        cmocka_unit_test(test_files_of_others_are_read),
        cmocka_unit_test(test_headers_are_not_believed),
        cmocka_unit_test(test_a_bool_is_0_or_1),
        cmocka_unit_test(test_names_that_could_not_be_read_back_are_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#else

static void test_without_jansson_everything_says_so(void **state) {
    (void)state;
    tare_array *array = tare_array_float(1);
    const tare_array *const arrays[] = {array};
    const char *const names[] = {"a"};
    const char *path = scratch("a.safetensors");
    tare_error error = {0};
    assert_int_equal(tare_safetensors_write(path, 1, names, arrays, 0, NULL, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "jansson"));
    assert_int_equal(scratch_count(), 0);
    tare_safetensors *file = NULL;
    path = scratch_file("b.safetensors", "\2\0\0\0\0\0\0\0{}", 10);
    assert_int_equal(tare_safetensors_open(path, &file, &error), TARE_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "jansson"));
    assert_null(file);
    tare_array_free(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_jansson_everything_says_so)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#endif
