/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of .npz files: there and back, zip in all its forms, and what is refused. */
#include "array/shape.h"
#include "array/zip.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "failing_libc.h"
#include "scratch_folder.h"
#include "shared_folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#ifdef TARE_HAVE_ZLIB
#include <zlib.h>
#endif

static tare_array *new_array(int64_t count, float first) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(count), NULL, &array), TARE_OK);
    for (int64_t i = 0; i < count; i++) tare_array_set_number(array, i, (double)first + (double)i);
    return array;
}

static tare_npz *open_npz(const char *name) {
    tare_npz *npz = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_npz_open(scratch(name), &npz, &error) != TARE_OK) fail_msg("%s", error.message);
    return npz;
}

static tare_array *read_array(tare_npz *npz, const char *name) {
    tare_array *array = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_npz_read(npz, name, &array, &error) != TARE_OK) fail_msg("%s", error.message);
    return array;
}

static void assert_same(const tare_array *a, const tare_array *b) {
    assert_int_equal(tare_array_dtype(a), tare_array_dtype(b));
    assert_true(tare_shape_same(tare_array_shape(a), tare_array_shape(b)));
    assert_memory_equal(tare_array_const_data(a), tare_array_const_data(b), tare_array_bytes(a));
}

/* ----------------------------------------------------------------------------- there and back */

static void test_arrays_come_back_by_name_in_their_order(void **state) {
    (void)state;
    static const char *const names[] = {"hidden/kernel", "b", "\xC3\xA9tat", "empty", "scalar"};
    tare_array *arrays[] = {new_array(100000, 1), new_array(3, 7), new_array(1, 2), new_array(0, 0),
                            tare_array_float(0.5f)};
    assert_int_equal(
        tare_npz_write(scratch("w.npz"), 5, names, (const tare_array *const *)arrays, NULL),
        TARE_OK);
    tare_npz *npz = open_npz("w.npz");
    assert_int_equal(tare_npz_count(npz), 5);
    for (size_t i = 5; i-- > 0;) {
        assert_string_equal(tare_npz_name(npz, i), names[i]);
        tare_array *back = read_array(npz, names[i]);
        assert_same(back, arrays[i]);
        tare_array_free(back);
        tare_array_free(arrays[i]);
    }
    assert_null(tare_npz_name(npz, 5));
    tare_npz_close(npz);
}

static void test_equal_contents_make_equal_files(void **state) {
    (void)state;
    static const char *const names[] = {"a"};
    const tare_array *arrays[] = {new_array(10, 0)};
    char first[1024], second[1024];
    assert_int_equal(tare_npz_write(scratch("1.npz"), 1, names, arrays, NULL), TARE_OK);
    assert_int_equal(tare_npz_write(scratch("2.npz"), 1, names, arrays, NULL), TARE_OK);
    const long size = scratch_get(scratch("1.npz"), first, sizeof first);
    assert_int_equal(scratch_get(scratch("2.npz"), second, sizeof second), size);
    assert_memory_equal(first, second, (size_t)size);
    tare_array_free((tare_array *)(uintptr_t)arrays[0]);
}

static void test_an_archive_may_be_empty(void **state) {
    (void)state;
    assert_int_equal(tare_npz_write(scratch("e.npz"), 0, NULL, NULL, NULL), TARE_OK);
    tare_npz *npz = open_npz("e.npz");
    assert_int_equal(tare_npz_count(npz), 0);
    assert_null(tare_npz_name(npz, 0));
    tare_npz_close(npz);
}

/* More members than the old end record can count: the number stands in the zip64 record. */
static void test_more_than_65535_members_take_zip64(void **state) {
    (void)state;
    enum { MEMBERS = 65600 };
    char(*texts)[16] = malloc(MEMBERS * sizeof *texts);
    const char **names = malloc(MEMBERS * sizeof *names);
    const tare_array **arrays = malloc(MEMBERS * sizeof *arrays);
    assert_non_null(texts);
    assert_non_null(names);
    assert_non_null(arrays);
    tare_array *one = tare_array_bool(true), *last = tare_array_float(9);
    for (int i = 0; i < MEMBERS; i++) {
        snprintf(texts[i], sizeof texts[i], "n%d", i);
        names[i] = texts[i];
        arrays[i] = i == MEMBERS - 1 ? last : one;
    }
    assert_int_equal(tare_npz_write(scratch("many.npz"), MEMBERS, names, arrays, NULL), TARE_OK);
    tare_npz *npz = open_npz("many.npz");
    assert_int_equal(tare_npz_count(npz), MEMBERS);
    tare_array *back = read_array(npz, "n65599");
    assert_same(back, last);
    tare_array_free(back);
    tare_npz_close(npz);
    tare_array_free(one);
    tare_array_free(last);
    free(texts);
    free(names);
    free(arrays);
    assert_int_equal(unlink(scratch("many.npz")), 0);
}

static void test_names_that_cannot_be_written_are_refused(void **state) {
    (void)state;
    tare_array *array = new_array(1, 0), *half = NULL;
    assert_int_equal(tare_array_new(TARE_BFLOAT16, TARE_SCALAR, NULL, &half), TARE_OK);
    static char longest[70000];
    memset(longest, 'x', sizeof longest - 1);
    const struct {
        const char *names[2];
        const tare_array *arrays[2];
        tare_status status;
        const char *sentence;
    } cases[] = {
        {{"a", "a"}, {array, array}, TARE_ERROR_NAME, "got the name 'a' twice"},
        {{"a", NULL}, {array, array}, TARE_ERROR_ARGUMENT, "got no name for array 1"},
        {{"", "b"}, {array, array}, TARE_ERROR_ARGUMENT, "got no name for array 0"},
        {{"a", "\xFF"}, {array, array}, TARE_ERROR_ARGUMENT, "needs UTF-8 text"},
        {{"a", longest}, {array, array}, TARE_ERROR_ARGUMENT, "of 1 to 65531 bytes"},
        {{"a", "b"}, {array, NULL}, TARE_ERROR_ARGUMENT, "got no array"},
        {{"a", "b"}, {array, half}, TARE_ERROR_UNSUPPORTED, "got bfloat16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_error error;
        assert_int_equal(
            tare_npz_write(scratch("bad.npz"), 2, cases[i].names, cases[i].arrays, &error),
            cases[i].status);
        assert_non_null(strstr(error.message, cases[i].sentence));
        assert_int_equal(access(scratch("bad.npz"), F_OK), -1);
    }
    tare_error error;
    assert_int_equal(tare_npz_write(scratch("bad.npz"), 2, NULL, NULL, &error),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npz_write(NULL, 2, cases[0].names, cases[0].arrays, &error),
                     TARE_ERROR_NAME);
    assert_int_equal(tare_npz_write(NULL, 0, NULL, NULL, &error), TARE_ERROR_ARGUMENT);
    tare_array_free(array);
    tare_array_free(half);
}

static void test_asking_for_what_is_not_there(void **state) {
    (void)state;
    static const char *const names[] = {"a"};
    const tare_array *arrays[] = {new_array(1, 0)};
    tare_error error;
    tare_array *array = (tare_array *)&error;
    assert_int_equal(tare_npz_write(scratch("a.npz"), 1, names, arrays, NULL), TARE_OK);
    tare_array_free((tare_array *)(uintptr_t)arrays[0]);
    tare_npz *npz = open_npz("a.npz");
    assert_int_equal(tare_npz_read(npz, "b", &array, &error), TARE_ERROR_NAME);
    assert_non_null(strstr(error.message, "a.npz': has no array 'b'"));
    assert_null(array);
    assert_int_equal(tare_npz_read(npz, NULL, &array, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npz_read(NULL, "a", &array, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npz_read(npz, "a", NULL, &error), TARE_ERROR_ARGUMENT);
    tare_npz_close(npz);
    tare_npz_close(NULL);
    assert_int_equal(tare_npz_count(NULL), 0);
    assert_null(tare_npz_name(NULL, 0));
    assert_int_equal(tare_npz_open("a.npz", NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_npz_open(scratch("missing.npz"), &npz, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_npz_open(NULL, &npz, &error), TARE_ERROR_ARGUMENT);
    assert_null(npz);
}

/* --------------------------------------------------------------------- archives made by hand */

/* How a member of a hand-made archive is to be stored. */
typedef struct form {
    bool deflated, descriptor, zip64;
} form;

/* A zip archive in memory, with a note where its records lie. */
typedef struct archive {
    unsigned char bytes[16384];
    size_t size;
    size_t local[4], central[4], data[4], packed[4], end;
    int count;
    form forms[4];
    const char *names[4];
    uint32_t crcs[4];
    size_t sizes[4];
} archive;

static size_t pack(const void *bytes, size_t count, unsigned char *into, bool deflated) {
    if (!deflated) {
        memcpy(into, bytes, count);
        return count;
    }
#ifdef TARE_HAVE_ZLIB
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = into;
    stream.avail_out = 4096;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return 4096 - stream.avail_out;
#else
    fail_msg("needs zlib");
    return 0;
#endif
}

/* Version, flags, method, time, date, CRC-32, sizes: as it stands in local and central records. */
static unsigned char *put_fields(unsigned char *at, const archive *zip, int i, bool local) {
    const form how = zip->forms[i];
    const bool later = local && how.descriptor;
    at = tare_put_16(at, 45);
    at = tare_put_16(at, how.descriptor ? TARE_ZIP_DESCRIPTOR : 0);
    at = tare_put_16(at, how.deflated ? TARE_ZIP_DEFLATED : TARE_ZIP_STORED);
    at = tare_put_32(at, 0x00210000);
    at = tare_put_32(at, later ? 0 : zip->crcs[i]);
    at = tare_put_32(at, later ? 0 : how.zip64 ? UINT32_MAX : (uint32_t)zip->packed[i]);
    at = tare_put_32(at, later ? 0 : how.zip64 ? UINT32_MAX : (uint32_t)zip->sizes[i]);
    return tare_put_16(at, (uint16_t)strlen(zip->names[i]));
}

static unsigned char *put_text(unsigned char *at, const char *text) {
    memcpy(at, text, strlen(text));
    return at + strlen(text);
}

static void add(archive *zip, const char *name, const void *bytes, size_t count, form how) {
    const int i = zip->count++;
    unsigned char *at = zip->bytes + zip->size;
    unsigned char packed[4096];
    zip->forms[i] = how;
    zip->names[i] = name;
    zip->local[i] = zip->size;
    zip->crcs[i] = tare_crc32(0, bytes, count);
    zip->sizes[i] = count;
    zip->packed[i] = pack(bytes, count, packed, how.deflated);
    at = put_fields(tare_put_32(at, TARE_ZIP_LOCAL), zip, i, true);
    at = tare_put_16(at, 4); /* an extra field that nobody knows */
    at = put_text(at, name);
    at = tare_put_16(tare_put_16(at, 0x7777), 0);
    zip->data[i] = (size_t)(at - zip->bytes);
    memcpy(at, packed, zip->packed[i]);
    at += zip->packed[i];
    if (how.descriptor) {
        at = tare_put_32(tare_put_32(at, 0x08074b50), zip->crcs[i]);
        at = tare_put_32(tare_put_32(at, (uint32_t)zip->packed[i]), (uint32_t)zip->sizes[i]);
    }
    zip->size = (size_t)(at - zip->bytes);
}

/* The central directory and the end records. */
static void finish(archive *zip, bool zip64, const char *comment) {
    const size_t start = zip->size;
    unsigned char *at = zip->bytes + start;
    for (int i = 0; i < zip->count; i++) {
        const bool wide = zip->forms[i].zip64;
        zip->central[i] = (size_t)(at - zip->bytes);
        at = put_fields(tare_put_16(tare_put_32(at, TARE_ZIP_CENTRAL), 45), zip, i, false);
        at = tare_put_16(at, wide ? 4 + 28 : 4);
        at = tare_put_64(at, 0); /* comment, disk, attributes */
        at = tare_put_16(at, 0);
        at = tare_put_32(at, wide ? UINT32_MAX : (uint32_t)zip->local[i]);
        at = put_text(at, zip->names[i]);
        at = tare_put_16(tare_put_16(at, 0x7777), 0);
        if (!wide) continue;
        at = tare_put_16(tare_put_16(at, TARE_ZIP64_EXTRA), 24);
        at = tare_put_64(tare_put_64(at, zip->sizes[i]), zip->packed[i]);
        at = tare_put_64(at, zip->local[i]);
    }
    const size_t end = (size_t)(at - zip->bytes);
    if (zip64) {
        at = tare_put_64(tare_put_32(at, TARE_ZIP64_END), 44);
        at = tare_put_64(tare_put_32(at, 0), 0);
        at = tare_put_64(tare_put_64(at, (uint64_t)zip->count), (uint64_t)zip->count);
        at = tare_put_64(tare_put_64(at, end - start), start);
        at = tare_put_64(tare_put_32(tare_put_32(at, TARE_ZIP64_LOCATOR), 0), end);
        at = tare_put_32(at, 1);
    }
    zip->end = (size_t)(at - zip->bytes);
    at = tare_put_32(tare_put_32(at, TARE_ZIP_END), 0);
    at = tare_put_16(tare_put_16(at, (uint16_t)zip->count), (uint16_t)zip->count);
    at = tare_put_32(at, (uint32_t)(end - start));
    at = tare_put_32(at, zip64 ? UINT32_MAX : (uint32_t)start);
    at = tare_put_16(at, (uint16_t)strlen(comment));
    at = put_text(at, comment);
    zip->size = (size_t)(at - zip->bytes);
}

/* A .npy of so many float32, in memory; its size. */
static size_t make_npy(unsigned char *into, int count) {
    char header[64];
    snprintf(header, sizeof header, "{'descr':'<f4','fortran_order':False,'shape':(%d,)}", count);
    unsigned char *at = put_text(into, "\x93NUMPY\x01");
    *at++ = 0;
    at = put_text(tare_put_16(at, (uint16_t)strlen(header)), header);
    for (int i = 0; i < count; i++) {
        const float number = (float)i;
        memcpy(at, &number, sizeof number);
        at += sizeof number;
    }
    return (size_t)(at - into);
}

/* Two arrays, "a" of 100 numbers and "b" of 5, in the given forms. */
static void make_archive(archive *zip, form a, form b, bool zip64, const char *comment) {
    unsigned char npy[1024];
    *zip = (archive){.count = 0};
    add(zip, "a.npy", npy, make_npy(npy, 100), a);
    add(zip, "b.npy", npy, make_npy(npy, 5), b);
    finish(zip, zip64, comment);
}

static void put_archive(const archive *zip) {
    assert_true(scratch_put(scratch("zip.npz"), zip->bytes, zip->size));
}

static void test_zip_in_all_its_forms_is_read(void **state) {
    (void)state;
    archive zip;
#ifdef TARE_HAVE_ZLIB
    const int kinds = 8;
#else
    const int kinds = 4;
#endif
    for (int kind = 0; kind < kinds; kind++) {
        const form how = {
            .descriptor = (kind & 1) != 0, .zip64 = (kind & 2) != 0, .deflated = (kind & 4) != 0};
        for (int whole = 0; whole < 4; whole++) {
            make_archive(&zip, how, (form){0}, (whole & 1) != 0,
                         (whole & 2) != 0 ? "a comment PK\x05\x06 of some length" : "");
            put_archive(&zip);
            tare_npz *npz = open_npz("zip.npz");
            assert_int_equal(tare_npz_count(npz), 2);
            tare_array *a = read_array(npz, "a"), *b = read_array(npz, "b");
            assert_int_equal(tare_array_count(a), 100);
            for (int i = 0; i < 100; i++) assert_true(tare_array_number(a, i) == i);
            assert_int_equal(tare_array_count(b), 5);
            tare_array_free(a);
            tare_array_free(b);
            tare_npz_close(npz);
        }
    }
}

static void test_members_that_are_no_arrays_are_not_listed(void **state) {
    (void)state;
    archive zip = {.count = 0};
    unsigned char npy[1024];
    add(&zip, "folder/", "", 0, (form){0});
    add(&zip, "a.npy", npy, make_npy(npy, 3), (form){0});
    add(&zip, "notes.txt", "hello", 5, (form){0});
    add(&zip, ".npy", npy, make_npy(npy, 3), (form){0}); /* an array without a name */
    finish(&zip, false, "");
    put_archive(&zip);
    tare_npz *npz = open_npz("zip.npz");
    assert_int_equal(tare_npz_count(npz), 1);
    assert_string_equal(tare_npz_name(npz, 0), "a");
    tare_npz_close(npz);
}

/* Opens and reads everything; the first failure, with its sentence. */
static tare_status read_all(tare_error *error) {
    tare_npz *npz;
    const tare_status opened = tare_npz_open(scratch("zip.npz"), &npz, error);
    if (opened != TARE_OK) {
        assert_null(npz);
        return opened;
    }
    tare_status status = TARE_OK;
    for (size_t i = 0; i < tare_npz_count(npz) && status == TARE_OK; i++) {
        tare_array *array = (tare_array *)&npz;
        status = tare_npz_read(npz, tare_npz_name(npz, i), &array, error);
        if (status == TARE_OK)
            tare_array_free(array);
        else
            assert_null(array);
    }
    tare_npz_close(npz);
    return status;
}

static void assert_refused(const archive *zip, tare_status status, const char *sentence) {
    tare_error error = {.status = TARE_OK};
    put_archive(zip);
    const tare_status got = read_all(&error);
    if (got != status || strstr(error.message, sentence) == NULL)
        fail_msg("got %s: %s; wanted: %s", tare_status_name(got), error.message, sentence);
    assert_non_null(strstr(error.message, "zip.npz': ")); /* the sentence names the file */
}

typedef enum record { LOCAL, CENTRAL, END, ZIP64, LOCATOR } record;

static void test_records_that_contradict_each_other_are_refused(void **state) {
    (void)state;
    static const struct {
        record record; /* of "a" */
        size_t offset; /* of the field in it */
        size_t bytes;  /* of the field */
        uint64_t value;
        tare_status status;
        const char *sentence;
    } cases[] = {
        {END, 0, 4, 0, TARE_ERROR_FORMAT, "without the end record of a zip archive"},
        {END, 20, 2, 1, TARE_ERROR_FORMAT, "without the end record of a zip archive"},
        {END, 4, 2, 1, TARE_ERROR_FORMAT, "several disks"},
        {END, 10, 2, 0xFFF0, TARE_ERROR_FORMAT, "too many entries"},
        {END, 10, 2, 3, TARE_ERROR_FORMAT, "too many entries"},
        {END, 12, 4, 0x7FFFFFFF, TARE_ERROR_FORMAT, "points beyond itself"},
        {END, 12, 4, 93, TARE_ERROR_FORMAT, "the zip directory is cut at byte"},
        {END, 12, 4, 60, TARE_ERROR_FORMAT, "too many entries"},
        {END, 16, 4, 0x7FFFFFFF, TARE_ERROR_FORMAT, "points beyond itself"},
        {END, 16, 4, 0, TARE_ERROR_FORMAT, "there is no zip entry at byte 0"},
        {END, 16, 4, UINT32_MAX, TARE_ERROR_FORMAT, "no zip64 locator"},
        {CENTRAL, 0, 4, 0, TARE_ERROR_FORMAT, "there is no zip entry at byte"},
        {CENTRAL, 8, 2, 1, TARE_ERROR_UNSUPPORTED, "is encrypted"},
        {CENTRAL, 10, 2, 12, TARE_ERROR_UNSUPPORTED, "neither stored nor deflated"},
        {CENTRAL, 16, 4, 1, TARE_ERROR_FORMAT, "not described alike"},
        {CENTRAL, 20, 4, 1, TARE_ERROR_FORMAT, "a stored zip entry of two sizes"},
        {CENTRAL, 20, 4, 0x7FFFFFFF, TARE_ERROR_FORMAT, "data lie outside the file"},
        {CENTRAL, 24, 4, 1, TARE_ERROR_FORMAT, "a stored zip entry of two sizes"},
        {CENTRAL, 24, 4, UINT32_MAX, TARE_ERROR_FORMAT, "without the 64-bit sizes"},
        {CENTRAL, 28, 2, 0xFFFF, TARE_ERROR_FORMAT, "a zip entry is cut"},
        {CENTRAL, 28, 2, 0, TARE_ERROR_FORMAT, "name is no UTF-8 text"},
        {CENTRAL, 42, 4, 0x7FFFFFFF, TARE_ERROR_FORMAT, "data lie outside the file"},
        {CENTRAL, 42, 4, 5, TARE_ERROR_FORMAT, "has no local header"},
        {CENTRAL, 46, 1, 0, TARE_ERROR_FORMAT, "name is no UTF-8 text"},
        {CENTRAL, 46, 1, 0xFF, TARE_ERROR_FORMAT, "name is no UTF-8 text"},
        {CENTRAL, 46, 1, 'b', TARE_ERROR_FORMAT, "member 'b.npy' is there twice"},
        {LOCAL, 0, 4, 0, TARE_ERROR_FORMAT, "member 'a.npy' at byte 0 has no local header"},
        {LOCAL, 6, 2, 1, TARE_ERROR_FORMAT, "not described alike"},
        {LOCAL, 8, 2, 8, TARE_ERROR_FORMAT, "not described alike"},
        {LOCAL, 14, 4, 1, TARE_ERROR_FORMAT, "not described alike"},
        {LOCAL, 18, 4, 1, TARE_ERROR_FORMAT, "not described alike"},
        {LOCAL, 22, 4, 1, TARE_ERROR_FORMAT, "not described alike"},
        {LOCAL, 28, 2, 0xFFFF, TARE_ERROR_FORMAT, "runs into the zip directory"},
        {LOCAL, 28, 2, 5, TARE_ERROR_FORMAT, "does not begin as a .npy does"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        archive zip;
        make_archive(&zip, (form){0}, (form){0}, false, "");
        unsigned char *at = zip.bytes + cases[i].offset;
        at += cases[i].record == LOCAL     ? zip.local[0]
              : cases[i].record == CENTRAL ? zip.central[0]
                                           : zip.end;
        for (size_t k = 0; k < cases[i].bytes; k++)
            at[k] = (unsigned char)(cases[i].value >> 8 * k);
        assert_refused(&zip, cases[i].status, cases[i].sentence);
    }
}

static void test_zip64_records_that_are_wrong_are_refused(void **state) {
    (void)state;
    static const struct {
        record record;
        size_t offset;
        uint64_t value;
        const char *sentence;
    } cases[] = {
        {LOCATOR, 0, 0, "no zip64 locator"},
        {LOCATOR, 8, UINT64_MAX, "points beyond itself"},
        {LOCATOR, 8, 0, "no zip64 end record at byte 0"},
        {ZIP64, 0, 0, "no zip64 end record"},
        {ZIP64, 16, 1, "several disks"},
        {ZIP64, 32, UINT64_MAX, "too many entries"},
        {ZIP64, 40, UINT64_MAX, "points beyond itself"},
        {ZIP64, 48, UINT64_MAX, "points beyond itself"},
        {CENTRAL, 46 + 5 + 4, 0, "without the 64-bit sizes"},                 /* id and length */
        {CENTRAL, 46 + 5 + 8, UINT64_MAX, "a stored zip entry of two sizes"}, /* size */
        {CENTRAL, 46 + 5 + 16, UINT64_MAX, "data lie outside the file"},      /* packed */
        {CENTRAL, 46 + 5 + 24, UINT64_MAX, "data lie outside the file"},      /* offset */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        archive zip;
        make_archive(&zip, (form){.zip64 = true}, (form){0}, true, "");
        unsigned char *at = zip.bytes + cases[i].offset;
        at += cases[i].record == CENTRAL ? zip.central[0]
              : cases[i].record == LOCATOR
                  ? zip.end - TARE_ZIP64_LOCATOR_BYTES
                  : zip.end - TARE_ZIP64_LOCATOR_BYTES - TARE_ZIP64_END_BYTES;
        (void)tare_put_64(at, cases[i].value);
        assert_refused(&zip, TARE_ERROR_FORMAT, cases[i].sentence);
    }
}

static void test_encrypted_members_are_refused(void **state) {
    (void)state;
    archive zip;
    make_archive(&zip, (form){0}, (form){0}, false, "");
    zip.bytes[zip.local[0] + 6] = zip.bytes[zip.central[0] + 8] = 1;
    assert_refused(&zip, TARE_ERROR_UNSUPPORTED, "member 'a.npy' at byte 0 is encrypted");
}

static void test_data_that_do_not_match_their_crc_are_refused(void **state) {
    (void)state;
    archive zip;
    make_archive(&zip, (form){0}, (form){0}, false, "");
    zip.bytes[zip.data[1] + zip.packed[1] - 1] ^= 1;
    assert_refused(&zip, TARE_ERROR_FORMAT, "does not match its CRC-32");
    tare_npz *npz = open_npz("zip.npz");
    tare_array_free(read_array(npz, "a")); /* the other one is good */
    tare_npz_close(npz);
}

static void test_a_member_that_is_no_good_npy_is_refused_by_its_name(void **state) {
    (void)state;
    archive zip = {.count = 0};
    unsigned char npy[1024];
    add(&zip, "x.npy", npy, make_npy(npy, 5) - 1, (form){0});
    finish(&zip, false, "");
    assert_refused(&zip, TARE_ERROR_FORMAT, "member 'x.npy': float32 of shape [5] needs 20 bytes");
}

static void test_any_cut_of_a_good_archive_is_refused(void **state) {
    (void)state;
    archive zip;
    make_archive(&zip, (form){0}, (form){0}, true, "");
    for (size_t cut = 0; cut < zip.size; cut += cut < 64 || zip.size - cut < 200 ? 1 : 13) {
        archive shorter = zip;
        shorter.size = cut;
        assert_refused(&shorter, TARE_ERROR_FORMAT, "");
    }
}

#ifdef TARE_HAVE_ZLIB

static void test_deflated_data_that_are_wrong_are_refused(void **state) {
    (void)state;
    archive good, zip;
    make_archive(&good, (form){.deflated = true, .descriptor = true}, (form){0}, false, "");
    put_archive(&good);
    tare_error error;
    assert_int_equal(read_all(&error), TARE_OK);

    zip = good; /* the directory promises one byte less, and one more */
    zip.bytes[zip.central[0] + 24]--;
    assert_refused(&zip, TARE_ERROR_FORMAT, "there are 399");
    zip = good;
    zip.bytes[zip.central[0] + 24]++;
    assert_refused(&zip, TARE_ERROR_FORMAT, "there are 401");
    zip = good; /* the data are one byte shorter */
    zip.bytes[zip.central[0] + 20]--;
    assert_refused(&zip, TARE_ERROR_FORMAT, "the compressed data are cut");
    zip = good; /* the descriptor counts as data */
    zip.bytes[zip.central[0] + 20]++;
    assert_refused(&zip, TARE_ERROR_FORMAT, "more data follow the end of the compressed ones");
    zip = good; /* a block of the reserved type */
    zip.bytes[zip.data[0]] |= 6;
    assert_refused(&zip, TARE_ERROR_FORMAT, "the compressed data are broken");
    zip = good; /* more than deflate can pack: refused before memory is asked for */
    (void)tare_put_32(zip.bytes + zip.central[0] + 24, 0x7FFFFFFF);
    assert_refused(&zip, TARE_ERROR_FORMAT, "larger than its data can be unpacked to");
}

/* The header of a member may lie about its size in accord with the directory. */
static void test_a_member_that_unpacks_to_less_than_all_agree_on_is_refused(void **state) {
    (void)state;
    archive zip = {.count = 0};
    unsigned char npy[1024];
    const size_t size = make_npy(npy, 100);
    add(&zip, "a.npy", npy, size - 8, (form){.deflated = true});
    zip.sizes[0] = size;
    (void)tare_put_32(zip.bytes + zip.local[0] + 22, (uint32_t)size);
    finish(&zip, false, "");
    assert_refused(&zip, TARE_ERROR_FORMAT, "unpacks to less than the directory says");

    zip = (archive){.count = 0};
    add(&zip, "a.npy", npy, size + 8, (form){.deflated = true});
    zip.sizes[0] = size;
    (void)tare_put_32(zip.bytes + zip.local[0] + 22, (uint32_t)size);
    finish(&zip, false, "");
    assert_refused(&zip, TARE_ERROR_FORMAT, "unpacks to more than the directory says");
}

#else

static void test_deflated_members_need_a_build_with_zlib(void **state) {
    (void)state;
    archive zip;
    make_archive(&zip, (form){0}, (form){0}, false, "");
    zip.bytes[zip.local[0] + 8] = zip.bytes[zip.central[0] + 10] = TARE_ZIP_DEFLATED;
    assert_refused(&zip, TARE_ERROR_UNSUPPORTED, "needs a build with zlib");
}

#endif

static void test_memory_that_runs_out_ends_in_a_status(void **state) {
    (void)state;
    archive zip;
    bool deflated = false;
#ifdef TARE_HAVE_ZLIB
    deflated = true;
#endif
    make_archive(&zip, (form){.deflated = deflated}, (form){0}, false, "");
    put_archive(&zip);
    int64_t nth = 1;
    for (;; nth++) {
        tare_error error;
        libc_fail(nth);
        const tare_status status = read_all(&error);
        libc_fail(0);
        if (status == TARE_OK) break;
        assert_int_equal(status, TARE_ERROR_MEMORY);
        assert_int_equal(error.status, TARE_ERROR_MEMORY);
    }
    assert_true(nth > 15);
}

static void test_writing_without_memory_ends_in_a_status_and_no_file(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b"};
    tare_array *a = new_array(3, 0);
    const tare_array *arrays[] = {a, a};
    int64_t nth = 1;
    for (;; nth++) {
        tare_error error;
        libc_fail(nth);
        const tare_status status = tare_npz_write(scratch("m.npz"), 2, names, arrays, &error);
        libc_fail(0);
        if (status == TARE_OK) break;
        assert_int_equal(status, TARE_ERROR_MEMORY);
        assert_int_equal(access(scratch("m.npz"), F_OK), -1);
    }
    assert_true(nth > 8);
    tare_array_free(a);
}

/* ---------------------------------------------------------------------------- from elsewhere */

static void refuse_malformed(const char *path) {
    tare_npz *npz = NULL;
    tare_error error = {.status = TARE_OK};
    tare_status status = tare_npz_open(path, &npz, &error);
    for (size_t i = 0; i < tare_npz_count(npz) && status == TARE_OK; i++) {
        tare_array *array;
        status = tare_npz_read(npz, tare_npz_name(npz, i), &array, &error);
        tare_array_free(array);
    }
    tare_npz_close(npz);
    if (status != TARE_ERROR_FORMAT) fail_msg("%s: %s", path, tare_status_name(status));
    assert_non_null(strstr(error.message, strrchr(path, '/') + 1));
    assert_non_null(strstr(error.message, " at byte "));
}

static void test_the_shared_malformed_files_are_refused(void **state) {
    (void)state;
    const int count = shared_each("golden/malformed", ".npz", refuse_malformed);
    if (count < 0) {
        print_message("%s is missing\n", shared_path("golden/malformed"));
        skip();
    }
    assert_true(count > 0);
}

#ifdef TARE_HAVE_ZLIB

static size_t arrays_read;

static void read_every_array(const char *path) {
    tare_npz *npz;
    tare_error error = {.status = TARE_OK};
    if (tare_npz_open(path, &npz, &error) != TARE_OK) fail_msg("%s", error.message);
    assert_true(tare_npz_count(npz) > 0);
    for (size_t i = 0; i < tare_npz_count(npz); i++) {
        tare_array *array;
        if (tare_npz_read(npz, tare_npz_name(npz, i), &array, &error) != TARE_OK)
            fail_msg("%s", error.message);
        tare_array_free(array);
        arrays_read++;
    }
    tare_npz_close(npz);
}

static void test_every_array_of_the_shared_goldens_is_read(void **state) {
    (void)state;
    const int count = shared_each("golden", ".npz", read_every_array);
    if (count < 0) {
        print_message("%s is missing\n", shared_path("golden"));
        skip();
    }
    assert_true(count > 0 && arrays_read > (size_t)count);
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays_come_back_by_name_in_their_order),
        cmocka_unit_test(test_equal_contents_make_equal_files),
        cmocka_unit_test(test_an_archive_may_be_empty),
        cmocka_unit_test(test_more_than_65535_members_take_zip64),
        cmocka_unit_test(test_names_that_cannot_be_written_are_refused),
        cmocka_unit_test(test_asking_for_what_is_not_there),
        cmocka_unit_test(test_zip_in_all_its_forms_is_read),
        cmocka_unit_test(test_members_that_are_no_arrays_are_not_listed),
        cmocka_unit_test(test_records_that_contradict_each_other_are_refused),
        cmocka_unit_test(test_zip64_records_that_are_wrong_are_refused),
        cmocka_unit_test(test_encrypted_members_are_refused),
        cmocka_unit_test(test_data_that_do_not_match_their_crc_are_refused),
        cmocka_unit_test(test_a_member_that_is_no_good_npy_is_refused_by_its_name),
        cmocka_unit_test(test_any_cut_of_a_good_archive_is_refused),
#ifdef TARE_HAVE_ZLIB
        cmocka_unit_test(test_deflated_data_that_are_wrong_are_refused),
        cmocka_unit_test(test_a_member_that_unpacks_to_less_than_all_agree_on_is_refused),
        cmocka_unit_test(test_every_array_of_the_shared_goldens_is_read),
#else
        cmocka_unit_test(test_deflated_members_need_a_build_with_zlib),
#endif
        cmocka_unit_test(test_memory_that_runs_out_ends_in_a_status),
        cmocka_unit_test(test_writing_without_memory_ends_in_a_status_and_no_file),
        cmocka_unit_test(test_the_shared_malformed_files_are_refused),
    };
    return cmocka_run_group_tests_name("npz", tests, scratch_make, scratch_remove);
}
