/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that must be refused, each by its own reader, with the place named; and the same files with
 * their fault repaired, which must be accepted. The folder is the clone's own copy, or
 * $TARE_SHARED/golden/malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/data.h>
#include <tare/model.h>

#include <cmocka.h>

#include "scratch_files.h"

#ifdef TARE_HAVE_ZLIB
#include <zlib.h>
#endif

#define MOST_BYTES 65536

static const char *in_folder(const char *file) {
    static char path[1024];
    const char *shared = getenv("TARE_SHARED");
    const char *own = TARE_SOURCE_DIR "/tests/golden/data";
    snprintf(path, sizeof path, "%s%s/malformed/%s", shared == NULL ? own : shared,
             shared == NULL ? "" : "/golden", file);
    return path;
}

static size_t read_file(const char *path, char *into) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    const size_t bytes = fread(into, 1, MOST_BYTES, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

/* ------------------------------------------------------------------------------------ readers */

static tare_status read_npy(const char *path, tare_error *error) {
    tare_array *array = NULL;
    const tare_status status = tare_npy_read(path, &array, error);
    assert_true((status == TARE_OK) == (array != NULL));
    tare_array_free(array);
    return status;
}

static tare_status read_npz(const char *path, tare_error *error) {
    tare_npz *npz = NULL;
    tare_status status = tare_npz_open(path, &npz, error);
    for (size_t i = 0; status == TARE_OK && i < tare_npz_count(npz); i++) {
        tare_array *array = NULL;
        status = tare_npz_read(npz, tare_npz_name(npz, i), &array, error);
        tare_array_free(array);
    }
    tare_npz_close(npz);
    return status;
}

static tare_status read_idx(const char *path, tare_error *error) {
    tare_array *array = NULL;
    const tare_status status = tare_idx_read(path, &array, error);
    assert_true((status == TARE_OK) == (array != NULL));
    tare_array_free(array);
    return status;
}

static tare_status read_safetensors(const char *path, tare_error *error) {
    tare_safetensors *file = NULL;
    tare_status status = tare_safetensors_open(path, &file, error);
    for (size_t i = 0; status == TARE_OK && i < tare_safetensors_count(file); i++) {
        tare_array *array = NULL;
        status = tare_safetensors_read(file, tare_safetensors_name(file, i), &array, error);
        tare_array_free(array);
    }
    tare_safetensors_close(file);
    return status;
}

typedef struct reader {
    const char *ending;
    tare_status (*read)(const char *path, tare_error *error);
    bool built_in;
    int refused, accepted;
} reader;

#ifdef TARE_HAVE_ZLIB
#define HAS_ZLIB true
#else
#define HAS_ZLIB false
#endif
#ifdef TARE_HAVE_JANSSON
#define HAS_JANSSON true
#else
#define HAS_JANSSON false
#endif

static bool ends_with(const char *name, const char *ending) {
    const size_t length = strlen(name), end = strlen(ending);
    return length > end && strcmp(name + length - end, ending) == 0;
}

static reader *find_reader(reader *readers, const char *file) {
    for (reader *r = readers; r->ending != NULL; r++)
        if (ends_with(file, r->ending)) return r;
    return NULL;
}

/* ------------------------------------------------------------------------------------- faults */

static void expect_refusal(reader *r, const char *file) {
    tare_error error = {0};
    const tare_status status = r->read(in_folder(file), &error);
    if (status == TARE_OK) fail_msg("%s is accepted", file);
    assert_int_equal(error.status, status);
    /* The file is named, and something is said about it beyond its name. */
    const char *named = strstr(error.message, file);
    if (named == NULL) fail_msg("%s: the sentence does not name it: %s", file, error.message);
    assert_true(strlen(named) > strlen(file) + 10);
    /* Without its library a reader still sees what is wrong before it needs it. */
    if (status != TARE_ERROR_FORMAT && status != TARE_ERROR_UNSUPPORTED)
        fail_msg("%s: %s", file, error.message);
    r->refused++;
}

/* Walks the index; returns how many files have no reader yet. */
static int refuse_all(reader *readers) {
    static char index[MOST_BYTES + 1];
    const size_t bytes = read_file(in_folder("index.json"), index);
    assert_true(bytes > 0 && bytes < MOST_BYTES);
    index[bytes] = '\0';
    int without = 0;
    static const char key[] = "\"file\": \"";
    for (char *at = index; (at = strstr(at, key)) != NULL;) {
        at += sizeof key - 1;
        char *end = strchr(at, '"');
        assert_non_null(end);
        *end = '\0';
        reader *r = find_reader(readers, at);
        if (r == NULL) {
            without++;
        } else {
            expect_refusal(r, at);
        }
        at = end + 1;
    }
    return without;
}

/* ------------------------------------------------------------------------------------ repairs */

/* In this file, wrong bytes become right ones of the same length, and so many zeros follow. */
typedef struct repair {
    const char *file;
    const char *wrong, *right;
    size_t length, zeros;
} repair;
#define REPAIR(file, wrong, right, zeros)                                                          \
    { file, wrong, right, sizeof(wrong) - 1, zeros }

static const repair repairs[] = {
    REPAIR("magic.npy", "NUMPI", "NUMPY", 0),
    REPAIR("header_beyond.npy", "\x60\xea", "\x76\x00", 0),
    REPAIR("truncated.npy", "", "", 5),
    REPAIR("shape_huge.npy", "(4294967296, 4294967296)", "(2, 3)                  ", 0),
    REPAIR("crc.npz", "\x00\x00\x80\x3f\xff\xff\x00\x40", "\x00\x00\x80\x3f\x00\x00\x00\x40", 0),
    REPAIR("length_max.safetensors", "\xff\xff\xff\xff\xff\xff\xff\xff", "\x36\0\0\0\0\0\0\0", 0),
    REPAIR("length_beyond.safetensors", "\x88\x13", "\x36\x00", 0),
    REPAIR("truncated.safetensors", "", "", 7),
    REPAIR("dtype_unknown.safetensors", "F33", "F32", 0),
    REPAIR("dtype_wrong.safetensors", "F64", "F32", 0),
    REPAIR("overlap.safetensors", "[2],\"data_offsets\":[12,20]", "[1],\"data_offsets\":[16,20]",
           0),
    REPAIR("shape_negative.safetensors", "[-2,-1]", "[ 2, 1]", 0),
    REPAIR("offsets_reversed.safetensors", "[8,0]", "[0,8]", 0),
    REPAIR("shape_overflow.safetensors", "[8589934592,2147483648,2]", "[8589934592,         0,2]",
           0),
};

static char *find_bytes(char *data, size_t bytes, const char *wanted, size_t length) {
    for (size_t i = 0; i + length <= bytes; i++)
        if (memcmp(data + i, wanted, length) == 0) return data + i;
    return NULL;
}

/* Writes the repaired bytes to a file of the same name; returns its path. */
static const char *write_repaired(const repair *what) {
    static char data[MOST_BYTES + 64];
    size_t bytes = read_file(in_folder(what->file), data);
    assert_true(bytes > 0);
    char *at = find_bytes(data, bytes, what->wrong, what->length);
    assert_non_null(at);
    memcpy(at, what->right, what->length);
    memset(data + bytes, 0, what->zeros);
    const char *path = scratch_file(what->file, data, bytes + what->zeros);
    assert_non_null(path);
    return path;
}

static void accept(reader *r, const char *path) {
    if (!r->built_in) return;
    tare_error error = {0};
    if (r->read(path, &error) != TARE_OK) fail_msg("repaired, yet refused: %s", error.message);
    r->accepted++;
}

#ifdef TARE_HAVE_ZLIB
/* Inflates a gzipped file, changes one byte and deflates it again. */
static void accept_repaired_idx(reader *r, const char *file, size_t place, char right) {
    static char data[MOST_BYTES];
    gzFile in = gzopen(in_folder(file), "rb");
    assert_non_null(in);
    const int bytes = gzread(in, data, sizeof data);
    assert_true(bytes > (int)place);
    assert_int_equal(gzclose(in), Z_OK);
    data[place] = right;
    const char *path = scratch(file);
    gzFile out = gzopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(gzwrite(out, data, (unsigned)bytes), bytes);
    assert_int_equal(gzclose(out), Z_OK);
    accept(r, path);
}
#endif

static void test_malformed_files_are_refused_and_their_sound_siblings_accepted(void **state) {
    (void)state;
    reader readers[] = {
        {".npy", read_npy, true, 0, 0},
        {".npz", read_npz, true, 0, 0},
        {".idx.gz", read_idx, HAS_ZLIB, 0, 0},
        {".safetensors", read_safetensors, HAS_JANSSON, 0, 0},
        {NULL, NULL, false, 0, 0},
    };
    const int without = refuse_all(readers);
    for (size_t i = 0; i < sizeof repairs / sizeof *repairs; i++) {
        accept(find_reader(readers, repairs[i].file), write_repaired(&repairs[i]));
    }
#ifdef TARE_HAVE_ZLIB
    accept_repaired_idx(&readers[2], "magic.idx.gz", 1, 0);
    accept_repaired_idx(&readers[2], "count.idx.gz", 7, 3);
#endif
    assert_int_equal(readers[0].refused, 5);
    assert_int_equal(readers[1].refused, 2);
    assert_int_equal(readers[2].refused, 3);
    assert_int_equal(readers[3].refused, 12);
    for (const reader *r = readers; r->ending != NULL; r++) {
        print_message("%s: %d refused, %d repaired and accepted\n", r->ending, r->refused,
                      r->accepted);
        assert_true(r->accepted > 0 || !r->built_in);
    }
    print_message("%d files: no reader yet\n", without);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_files_are_refused_and_their_sound_siblings_accepted),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
