/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of files that grow, and of packing into zlib streams. */
#include "base/deflate.h"
#include "base/file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "scratch_files.h"

#ifdef TARE_HAVE_ZLIB
#include <zlib.h>
#endif

static void test_pieces_are_there_for_others_at_once(void **state) {
    (void)state;
    tare_appender *file = NULL;
    char seen[64];
    const char *path = scratch("grows");
    assert_int_equal(tare_appender_open(path, &file, NULL), TARE_OK);
    assert_string_equal(tare_appender_path(file), path);
    assert_int_equal(scratch_get(path, seen, sizeof seen), 0);
    assert_int_equal(tare_appender_add(file, "one ", 4, NULL), TARE_OK);
    assert_int_equal(scratch_get(path, seen, sizeof seen), 4);
    assert_int_equal(tare_appender_add(file, "two", 3, NULL), TARE_OK);
    assert_int_equal(scratch_get(path, seen, sizeof seen), 7);
    assert_string_equal(seen, "one two");
    assert_int_equal(tare_appender_sync(file, NULL), TARE_OK);
    assert_int_equal(tare_appender_close(file, NULL), TARE_OK);
}

static void test_what_is_there_already_is_left_alone(void **state) {
    (void)state;
    tare_error error = {.status = TARE_OK};
    tare_appender *file = NULL;
    char seen[64];
    const char *path = scratch_file("old", "kept", 4);
    assert_int_equal(tare_appender_open(path, &file, &error), TARE_ERROR_STATE);
    assert_null(file);
    assert_non_null(strstr(error.message, "is there already"));
    assert_int_equal(scratch_get(path, seen, sizeof seen), 4);
    assert_int_equal(tare_appender_open(scratch("no/such/folder"), &file, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_appender_open("", &file, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_appender_close(NULL, NULL), TARE_OK);
}

/* A limit on the length of files stands in for a full disk. */
static void test_a_piece_that_does_not_fit_leaves_whole_ones(void **state) {
    (void)state;
    tare_error error = {.status = TARE_OK};
    tare_appender *file = NULL;
    char seen[64];
    struct rlimit old, tight;
    const char *path = scratch("full");
    assert_int_equal(tare_appender_open(path, &file, NULL), TARE_OK);
    assert_int_equal(tare_appender_add(file, "whole", 5, NULL), TARE_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 8;
    void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const tare_status status = tare_appender_add(file, "does not fit", 12, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, before);
    assert_int_equal(status, TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, "cannot write"));
    assert_int_equal(scratch_get(path, seen, sizeof seen), 5);
    assert_string_equal(seen, "whole");
    assert_int_equal(tare_appender_add(file, "later", 5, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_appender_close(file, &error), TARE_ERROR_FILE);
    assert_int_equal(scratch_get(path, seen, sizeof seen), 5);
}

/* ---------------------------------------------------------------------------------- deflating */

enum { LONG = 200000 };

static unsigned char *make_bytes(void) {
    unsigned char *bytes = malloc(LONG);
    assert_non_null(bytes);
    uint32_t state = 3;
    for (int i = 0; i < LONG; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(i % 1000 < 500 ? 7 : state >> 24);
    }
    return bytes;
}

#ifdef TARE_HAVE_ZLIB

static void check_unpacked(const tare_text *packed, const unsigned char *bytes, size_t count) {
    unsigned char *back = malloc(count + 1);
    uLongf length = count + 1;
    assert_non_null(back);
    assert_int_equal(uncompress(back, &length, (const Bytef *)packed->data, packed->length), Z_OK);
    assert_int_equal(length, count);
    assert_memory_equal(back, bytes, count);
    free(back);
}

#else

/* Stored blocks read by hand: 1 byte last, 2 length, 2 its complement; Adler-32 by its definition.
 */
static void check_unpacked(const tare_text *packed, const unsigned char *bytes, size_t count) {
    const unsigned char *at = (const unsigned char *)packed->data;
    const unsigned char *const stop = at + packed->length;
    uint32_t a = 1, b = 0;
    assert_true((at[0] << 8 | at[1]) % 31 == 0 && (at[0] & 15) == 8);
    at += 2;
    for (int last = 0; !last;) {
        last = at[0];
        const size_t length = at[1] | (size_t)at[2] << 8;
        assert_int_equal(at[1] ^ at[3], 255);
        assert_int_equal(at[2] ^ at[4], 255);
        assert_true(length <= count);
        assert_memory_equal(at + 5, bytes, length);
        for (size_t i = 0; i < length; i++) {
            a = (a + bytes[i]) % 65521;
            b = (b + a) % 65521;
        }
        at += 5 + length;
        bytes += length;
        count -= length;
    }
    assert_int_equal(count, 0);
    assert_int_equal((uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3], b << 16 | a);
    assert_ptr_equal(at + 4, stop);
}

#endif

static void test_a_packed_stream_unpacks_to_its_bytes(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 100, 65535, 65536, LONG};
    unsigned char *bytes = make_bytes();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        tare_text packed = {.allocator = NULL};
        tare_deflate(bytes, lengths[i], &packed);
        assert_false(packed.failed);
        check_unpacked(&packed, bytes, lengths[i]);
        tare_text_clear(&packed);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_there_for_others_at_once),
        cmocka_unit_test(test_what_is_there_already_is_left_alone),
        cmocka_unit_test(test_a_piece_that_does_not_fit_leaves_whole_ones),
        cmocka_unit_test(test_a_packed_stream_unpacks_to_its_bytes),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
