/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of reading files, of writing them whole or not at all, and of gzip. */
#include "base/file.h"
#include "base/memory.h"
#include "failing_allocator.h"
#include "failing_libc.h"
#include "scratch_folder.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#ifdef TARE_HAVE_ZLIB
#include <zlib.h>
#endif

static void put(const char *name, const void *bytes, size_t count) {
    assert_true(scratch_put(scratch(name), bytes, count));
}

static void assert_holds(const char *name, const char *expected) {
    char bytes[4096];
    assert_true(scratch_get(scratch(name), bytes, sizeof bytes) >= 0);
    assert_string_equal(bytes, expected);
}

/* Files in the folder whose names begin with ".tare-": there are none when all is cleaned up. */
static int parts_left(void) {
    DIR *folder = opendir(scratch_folder);
    assert_non_null(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, ".tare-", 6) == 0;
    closedir(folder);
    return count;
}

/* ---------------------------------------------------------------------------------- reading */

static void test_a_whole_file_is_read_and_ends_with_nul(void **state) {
    (void)state;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    char *data;
    int64_t bytes;
    put("five", "ab\0de", 5);
    assert_int_equal(tare_file_read_all(scratch("five"), 5, allocator, &data, &bytes, NULL),
                     TARE_OK);
    assert_int_equal(bytes, 5);
    assert_memory_equal(data, "ab\0de\0", 6);
    tare_release(allocator, data, (size_t)bytes + 1);
    put("none", "", 0);
    assert_int_equal(tare_file_read_all(scratch("none"), 0, allocator, &data, &bytes, NULL),
                     TARE_OK);
    assert_int_equal(bytes, 0);
    assert_string_equal(data, "");
    tare_release(allocator, data, 1);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_a_file_beyond_the_limit_is_refused(void **state) {
    (void)state;
    char *data = (char *)&data;
    int64_t bytes = 7;
    tare_error error;
    put("five", "abcde", 5);
    assert_int_equal(tare_file_read_all(scratch("five"), 4, NULL, &data, &bytes, &error),
                     TARE_ERROR_FORMAT);
    assert_null(data);
    assert_int_equal(bytes, 0);
    assert_non_null(strstr(error.message, "five': holds more than 4 bytes"));
    assert_int_equal(tare_file_read_inflated(scratch("five"), 4, NULL, &data, &bytes, &error),
                     TARE_ERROR_FORMAT);
}

static void test_reads_are_checked_against_the_size(void **state) {
    (void)state;
    tare_file *file;
    tare_error error;
    char into[16];
    put("ten", "0123456789", 10);
    assert_int_equal(tare_file_open(scratch("ten"), &file, &error), TARE_OK);
    assert_int_equal(tare_file_size(file), 10);
    assert_string_equal(tare_file_path(file), scratch("ten"));
    assert_int_equal(tare_file_read_at(file, 3, into, 4, &error), TARE_OK);
    assert_memory_equal(into, "3456", 4);
    assert_int_equal(tare_file_read_at(file, 10, into, 0, &error), TARE_OK);
    assert_int_equal(tare_file_read_at(file, 6, into, 5, &error), TARE_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "ten': ends at byte 10 of 11"));
    assert_string_equal(error.node, scratch("ten"));
    assert_int_equal(tare_file_read_at(file, -1, into, 1, &error), TARE_ERROR_FORMAT);
    assert_int_equal(tare_file_read_at(file, INT64_MAX, into, 1, &error), TARE_ERROR_FORMAT);
    assert_int_equal(tare_file_read_at(file, 0, into, SIZE_MAX, &error), TARE_ERROR_FORMAT);
    assert_int_equal(tare_file_read_at(file, 20, into, 0, &error), TARE_ERROR_FORMAT);
    tare_file_close(file);
    tare_file_close(NULL);
}

static void test_a_file_cut_after_opening_is_noticed(void **state) {
    (void)state;
    tare_file *file;
    tare_error error;
    char into[16];
    put("ten", "0123456789", 10);
    assert_int_equal(tare_file_open(scratch("ten"), &file, &error), TARE_OK);
    assert_int_equal(truncate(scratch("ten"), 4), 0);
    assert_int_equal(tare_file_read_at(file, 2, into, 8, &error), TARE_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "ends at byte 4 of 10"));
    tare_file_close(file);
}

static void test_what_is_no_regular_file_is_refused(void **state) {
    (void)state;
    tare_file *file = (tare_file *)&file;
    tare_error error;
    assert_int_equal(tare_file_open(scratch("missing"), &file, &error), TARE_ERROR_FILE);
    assert_null(file);
    assert_non_null(strstr(error.message, "missing': cannot open: "));
    assert_non_null(strstr(error.message, strerror(ENOENT)));
    assert_int_equal(tare_file_open(scratch_folder, &file, &error), TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, strerror(EISDIR)));
    assert_int_equal(mkfifo(scratch("pipe"), 0600), 0);
    assert_int_equal(tare_file_open(scratch("pipe"), &file, &error),
                     TARE_ERROR_FILE); /* no waiting */
    assert_non_null(strstr(error.message, "is no regular file"));
    assert_int_equal(tare_file_open(NULL, &file, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_file_open("", &file, &error), TARE_ERROR_ARGUMENT);
    assert_null(file);
}

static void test_reading_without_memory_ends_in_a_status(void **state) {
    (void)state;
    char *data;
    int64_t bytes;
    failing_allocator memory;
    put("five", "abcde", 5);
    const tare_allocator *allocator = failing_allocator_start(&memory, 1);
    assert_int_equal(tare_file_read_all(scratch("five"), 5, allocator, &data, &bytes, NULL),
                     TARE_ERROR_MEMORY);
    assert_null(data);
    assert_true(failing_allocator_is_clean(&memory));
    libc_fail(1); /* the file's own struct */
    tare_file *file;
    const tare_status status = tare_file_open(scratch("five"), &file, NULL);
    libc_fail(0);
    assert_int_equal(status, TARE_ERROR_MEMORY);
    assert_null(file);
}

/* ------------------------------------------------------------------------------------- gzip */

static void test_a_file_that_is_not_compressed_is_read_as_it_is(void **state) {
    (void)state;
    char *data;
    int64_t bytes;
    put("plain", "1,2,3\n", 6);
    assert_int_equal(tare_file_read_inflated(scratch("plain"), 100, NULL, &data, &bytes, NULL),
                     TARE_OK);
    assert_int_equal(bytes, 6);
    assert_string_equal(data, "1,2,3\n");
    tare_release(NULL, data, 7);
}

#ifdef TARE_HAVE_ZLIB

/* Deflates into a gzip member; its size. */
static size_t gzip(const void *bytes, size_t count, unsigned char *into, size_t size) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = into;
    stream.avail_out = (uInt)size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t made = size - stream.avail_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return made;
}

#define LONG_TEXT 500000

/* Lines of digits that compress well, but not to nothing. */
static char *new_long_text(void) {
    char *text = malloc(LONG_TEXT + 1);
    assert_non_null(text);
    for (int i = 0; i < LONG_TEXT; i++) text[i] = (char)('0' + (int64_t)i * i / 7 % 10);
    text[LONG_TEXT] = '\0';
    return text;
}

static tare_status read_packed(const unsigned char *packed, size_t count, int64_t limit,
                               const tare_allocator *allocator, char **data, int64_t *bytes,
                               tare_error *error) {
    put("packed.gz", packed, count);
    return tare_file_read_inflated(scratch("packed.gz"), limit, allocator, data, bytes, error);
}

static void test_gzip_of_one_or_more_members_is_unpacked(void **state) {
    (void)state;
    static unsigned char packed[LONG_TEXT];
    char *text = new_long_text(), *data;
    int64_t bytes;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    size_t count = gzip(text, LONG_TEXT, packed, sizeof packed);
    assert_int_equal(read_packed(packed, count, LONG_TEXT, allocator, &data, &bytes, NULL),
                     TARE_OK);
    assert_int_equal(bytes, LONG_TEXT);
    assert_string_equal(data, text);
    tare_release(allocator, data, (size_t)bytes + 1);
    count += gzip("tail", 4, packed + count, sizeof packed - count);
    assert_int_equal(read_packed(packed, count, LONG_TEXT + 4, allocator, &data, &bytes, NULL),
                     TARE_OK);
    assert_int_equal(bytes, LONG_TEXT + 4);
    assert_memory_equal(data, text, LONG_TEXT);
    assert_string_equal(data + LONG_TEXT, "tail");
    tare_release(allocator, data, (size_t)bytes + 1);
    count = gzip("", 0, packed, sizeof packed);
    assert_int_equal(read_packed(packed, count, 0, allocator, &data, &bytes, NULL), TARE_OK);
    assert_string_equal(data, "");
    tare_release(allocator, data, 1);
    assert_true(failing_allocator_is_clean(&memory));
    free(text);
}

static void test_broken_gzip_is_refused_with_the_place(void **state) {
    (void)state;
    static unsigned char packed[LONG_TEXT];
    char *text = new_long_text(), *data;
    int64_t bytes;
    tare_error error;
    const size_t count = gzip(text, LONG_TEXT, packed, sizeof packed - 10);
    for (size_t cut = 2; cut < count; cut = cut * 3 / 2 + 1) {
        assert_int_equal(read_packed(packed, cut, LONG_TEXT, NULL, &data, &bytes, &error),
                         TARE_ERROR_FORMAT);
        assert_non_null(strstr(error.message, "packed.gz': the compressed data are cut at byte"));
        assert_null(data);
    }
    packed[count - 6] ^= 1; /* in the checksum */
    assert_int_equal(read_packed(packed, count, LONG_TEXT, NULL, &data, &bytes, &error),
                     TARE_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "the compressed data are broken"));
    packed[count - 6] ^= 1;
    memcpy(packed + count, "junk", 4);
    assert_int_equal(read_packed(packed, count + 4, LONG_TEXT, NULL, &data, &bytes, &error),
                     TARE_ERROR_FORMAT);
    free(text);
}

static void test_the_limit_holds_for_what_comes_out_of_gzip(void **state) {
    (void)state;
    static unsigned char packed[LONG_TEXT];
    char *text = new_long_text(), *data;
    int64_t bytes;
    tare_error error;
    failing_allocator memory;
    const tare_allocator *allocator = failing_allocator_start(&memory, 0);
    memset(text, 'a', LONG_TEXT);
    const size_t count = gzip(text, LONG_TEXT, packed, sizeof packed);
    assert_true(count < 2000);
    for (int64_t limit = 1000; limit < LONG_TEXT; limit += 99000)
        assert_int_equal(read_packed(packed, count, limit, allocator, &data, &bytes, &error),
                         TARE_ERROR_FORMAT);
    assert_int_equal(read_packed(packed, count, LONG_TEXT - 1, allocator, &data, &bytes, &error),
                     TARE_ERROR_FORMAT);
    assert_true(failing_allocator_is_clean(&memory));
    free(text);
}

static void test_unpacking_without_memory_ends_in_a_status(void **state) {
    (void)state;
    static unsigned char packed[LONG_TEXT];
    char *text = new_long_text(), *data;
    int64_t bytes;
    const size_t count = gzip(text, LONG_TEXT, packed, sizeof packed);
    int64_t nth = 1;
    for (;; nth++) {
        failing_allocator memory;
        const tare_allocator *allocator = failing_allocator_start(&memory, nth);
        const tare_status status =
            read_packed(packed, count, LONG_TEXT, allocator, &data, &bytes, NULL);
        if (status == TARE_OK) {
            tare_release(allocator, data, (size_t)bytes + 1);
            assert_true(failing_allocator_is_clean(&memory));
            break;
        }
        assert_int_equal(status, TARE_ERROR_MEMORY);
        assert_null(data);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_true(nth > 4);
    free(text);
}

#else

static void test_gzip_needs_a_build_with_zlib(void **state) {
    (void)state;
    char *data;
    int64_t bytes;
    tare_error error;
    put("packed.gz", "\x1F\x8B\x08", 3);
    assert_int_equal(tare_file_read_inflated(scratch("packed.gz"), 9, NULL, &data, &bytes, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "needs a build with zlib"));
}

#endif

/* ---------------------------------------------------------------------------------- writing */

static tare_writer *begin(const char *name) {
    tare_writer *writer = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_writer_open(scratch(name), &writer, &error) != TARE_OK) fail_msg("%s", error.message);
    assert_non_null(writer);
    return writer;
}

static void write_text(tare_writer *writer, const char *text) {
    assert_int_equal(tare_writer_write(writer, text, strlen(text), NULL), TARE_OK);
}

static void test_nothing_is_seen_before_commit_and_everything_after(void **state) {
    (void)state;
    tare_writer *writer = begin("fresh");
    write_text(writer, "one ");
    write_text(writer, "");
    write_text(writer, "two");
    assert_int_equal(tare_writer_position(writer), 7);
    assert_false(tare_file_exists(scratch("fresh")));
    assert_int_equal(parts_left(), 1);
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
    assert_holds("fresh", "one two");
    assert_int_equal(parts_left(), 0);

    writer = begin("fresh");
    write_text(writer, "three");
    assert_holds("fresh", "one two");
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
    assert_holds("fresh", "three");
    assert_int_equal(parts_left(), 0);
}

static void test_abandoning_leaves_the_old_file(void **state) {
    (void)state;
    put("kept", "old", 3);
    tare_writer *writer = begin("kept");
    write_text(writer, "new");
    tare_writer_abandon(writer);
    assert_holds("kept", "old");
    assert_int_equal(parts_left(), 0);
    tare_writer_abandon(NULL);
}

static void test_pieces_of_any_size_arrive_in_order(void **state) {
    (void)state;
    enum { BYTES = 1000000 };
    char *text = malloc(BYTES), *back;
    assert_non_null(text);
    for (int i = 0; i < BYTES; i++) text[i] = (char)(i * 31 + i / 1000);
    tare_writer *writer = begin("pieces");
    size_t at = 0;
    for (size_t piece = 1; at < BYTES; piece = piece * 7 % 100003) {
        const size_t count = piece < BYTES - at ? piece : BYTES - at;
        assert_int_equal(tare_writer_write(writer, text + at, count, NULL), TARE_OK);
        at += count;
        assert_int_equal(tare_writer_position(writer), at);
    }
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
    int64_t bytes;
    assert_int_equal(tare_file_read_all(scratch("pieces"), BYTES, NULL, &back, &bytes, NULL),
                     TARE_OK);
    assert_int_equal(bytes, BYTES);
    assert_memory_equal(back, text, BYTES);
    tare_release(NULL, back, BYTES + 1);
    free(text);
}

static void test_permissions_stay_and_links_are_followed(void **state) {
    (void)state;
    struct stat about;
    put("real", "old", 3);
    assert_int_equal(chmod(scratch("real"), 0640), 0);
    assert_int_equal(symlink("real", scratch("link")), 0);
    tare_writer *writer = begin("link");
    write_text(writer, "new");
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
    assert_holds("real", "new");
    assert_int_equal(lstat(scratch("link"), &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(stat(scratch("real"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);

    const mode_t before = umask(027);
    writer = begin("by umask");
    umask(before);
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
    assert_int_equal(stat(scratch("by umask"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
}

static void test_targets_that_cannot_be_files_are_refused(void **state) {
    (void)state;
    tare_writer *writer = (tare_writer *)&writer;
    tare_error error;
    assert_int_equal(tare_writer_open(scratch_folder, &writer, &error), TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, strerror(EISDIR)));
    assert_null(writer);
    assert_int_equal(tare_writer_open("/dev/null", &writer, &error), TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, "'/dev/null': is no regular file"));
    assert_int_equal(tare_writer_open(scratch("no/such/folder"), &writer, &error), TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, strerror(ENOENT)));
    put("five", "abcde", 5);
    assert_int_equal(tare_writer_open(scratch("five/below"), &writer, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_writer_open(NULL, &writer, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_writer_open("", &writer, &error), TARE_ERROR_ARGUMENT);
    assert_null(writer);
    assert_int_equal(parts_left(), 0);
}

static void test_a_name_without_a_folder_lies_in_the_current_one(void **state) {
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(scratch_folder), 0);
    tare_writer *writer = NULL;
    tare_status status = tare_writer_open("bare", &writer, NULL);
    if (status == TARE_OK) status = tare_writer_commit(writer, NULL);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(status, TARE_OK);
    assert_holds("bare", "");
}

static void test_two_writers_of_one_target_do_not_mix(void **state) {
    (void)state;
    tare_writer *first = begin("both"), *second = begin("both");
    write_text(first, "first");
    write_text(second, "second");
    assert_int_equal(tare_writer_commit(first, NULL), TARE_OK);
    assert_holds("both", "first");
    assert_int_equal(tare_writer_commit(second, NULL), TARE_OK);
    assert_holds("both", "second");
    assert_int_equal(parts_left(), 0);
}

/* A disk that is full, as far as this process can tell: files may not grow beyond 100000 bytes. */
static void test_a_full_disk_ends_in_a_status_and_leaves_the_old_file(void **state) {
    (void)state;
    struct rlimit before;
    put("precious", "old", 3);
    tare_writer *writer = begin("precious");
    char *block = calloc(1, 80000);
    assert_non_null(block);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    tare_error error = {.status = TARE_OK}, again, last;
    const tare_status first = tare_writer_write(writer, block, 80000, &error);
    const tare_status second = tare_writer_write(writer, block, 80000, &error);
    const int64_t position = tare_writer_position(writer);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    free(block);
    assert_int_equal(first, TARE_OK);
    assert_int_equal(second, TARE_ERROR_FILE);
    assert_int_equal(position, 80000);
    assert_non_null(strstr(error.message, "precious': cannot write: "));
    assert_non_null(strstr(error.message, strerror(EFBIG)));
    /* There is room again, but what is missing in the middle stays missing. */
    assert_int_equal(tare_writer_write(writer, "x", 1, &again), TARE_ERROR_FILE);
    assert_string_equal(again.message, error.message);
    assert_int_equal(tare_writer_commit(writer, &last), TARE_ERROR_FILE);
    assert_string_equal(last.message, error.message);
    assert_holds("precious", "old");
    assert_int_equal(parts_left(), 0);
}

static void test_a_folder_that_vanishes_ends_in_a_status(void **state) {
    (void)state;
    assert_int_equal(mkdir(scratch("gone"), 0700), 0);
    tare_writer *writer = begin("gone/file");
    tare_error error;
    write_text(writer, "x");
    DIR *folder = opendir(scratch("gone"));
    assert_non_null(folder);
    char path[1024];
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", scratch("gone"), entry->d_name);
        if (entry->d_name[0] == '.' && entry->d_name[1] == 't') assert_int_equal(unlink(path), 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(scratch("gone")), 0);
    assert_int_equal(tare_writer_commit(writer, &error), TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, "gone/file': cannot write: "));
}

static void test_writing_without_memory_ends_in_a_status(void **state) {
    (void)state;
    for (int64_t nth = 1; nth <= 4; nth++) {
        tare_writer *writer = NULL;
        tare_error error;
        libc_fail(nth);
        const tare_status status = tare_writer_open(scratch("unborn"), &writer, &error);
        libc_fail(0);
        assert_int_equal(status, TARE_ERROR_MEMORY);
        assert_null(writer);
        assert_int_equal(parts_left(), 0);
    }
    libc_fail(5);
    tare_writer *writer = begin("unborn");
    libc_fail(0);
    tare_writer_abandon(writer);
}

static int64_t now_in_microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void test_a_process_killed_in_a_slow_save_leaves_the_old_file(void **state) {
    (void)state;
    put("checkpoint", "old", 3);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const char block[100000];
        tare_writer *writer;
        tare_writer_slow(100000); /* ten seconds in all */
        if (tare_writer_open(scratch("checkpoint"), &writer, NULL) != TARE_OK) _exit(1);
        (void)tare_writer_write(writer, block, sizeof block, NULL);
        _exit(tare_writer_commit(writer, NULL) == TARE_OK ? 2 : 3);
    }
    for (int i = 0; i < 5000 && parts_left() == 0; i++) usleep(1000);
    usleep(20000);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status)); /* it was still at it */
    assert_int_equal(parts_left(), 1);
    assert_holds("checkpoint", "old");
    tare_writer *writer = begin("checkpoint"); /* what the dead left is in nobody's way */
    write_text(writer, "new");
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
    assert_holds("checkpoint", "new");
}

static void test_slow_writes_take_their_time(void **state) {
    (void)state;
    static const char block[4096];
    const int64_t start = now_in_microseconds();
    tare_writer_slow(5000);
    tare_writer *writer = begin("slow");
    assert_int_equal(tare_writer_write(writer, block, sizeof block, NULL), TARE_OK);
    tare_writer_slow(0);
    assert_true(now_in_microseconds() - start >= 20000);
    assert_int_equal(tare_writer_commit(writer, NULL), TARE_OK);
}

/* ---------------------------------------------------------------------------------- folders */

static void test_folders_are_made_with_those_they_lie_in(void **state) {
    (void)state;
    struct stat about;
    tare_error error;
    assert_int_equal(tare_make_folder(scratch("a/b/c"), &error), TARE_OK);
    assert_int_equal(stat(scratch("a/b/c"), &about), 0);
    assert_true(S_ISDIR(about.st_mode));
    assert_int_equal(tare_make_folder(scratch("a/b/c"), &error), TARE_OK);
    assert_int_equal(tare_make_folder(scratch("a/b/d//e/"), &error), TARE_OK);
    assert_int_equal(stat(scratch("a/b/d/e"), &about), 0);
    put("five", "abcde", 5);
    assert_int_equal(tare_make_folder(scratch("five"), &error), TARE_ERROR_FILE);
    assert_non_null(strstr(error.message, "five': cannot make the folder: "));
    assert_int_equal(tare_make_folder(scratch("five/below"), &error), TARE_ERROR_FILE);
    assert_int_equal(tare_make_folder(NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_make_folder("", &error), TARE_ERROR_ARGUMENT);
    libc_fail(1);
    const tare_status status = tare_make_folder(scratch("f"), &error);
    libc_fail(0);
    assert_int_equal(status, TARE_ERROR_MEMORY);
}

static void test_a_whole_file_is_written_at_once_or_not_at_all(void **state) {
    (void)state;
    char bytes[16];
    tare_error error = {.status = TARE_OK};
    assert_int_equal(tare_file_write_all(scratch("whole"), "first one", 9, &error), TARE_OK);
    assert_int_equal(tare_file_write_all(scratch("whole"), "two", 3, &error), TARE_OK);
    assert_int_equal(scratch_get(scratch("whole"), bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "two", 3);
    assert_int_equal(tare_file_write_all(scratch("none/whole"), "x", 1, &error), TARE_ERROR_FILE);
}

static void test_a_file_exists_and_a_folder_is_none(void **state) {
    (void)state;
    put("five", "abcde", 5);
    assert_true(tare_file_exists(scratch("five")));
    assert_false(tare_file_exists(scratch("missing")));
    assert_false(tare_file_exists(scratch_folder));
    assert_false(tare_file_exists(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_file_is_read_and_ends_with_nul),
        cmocka_unit_test(test_a_file_beyond_the_limit_is_refused),
        cmocka_unit_test(test_reads_are_checked_against_the_size),
        cmocka_unit_test(test_a_file_cut_after_opening_is_noticed),
        cmocka_unit_test(test_what_is_no_regular_file_is_refused),
        cmocka_unit_test(test_reading_without_memory_ends_in_a_status),
        cmocka_unit_test(test_a_file_that_is_not_compressed_is_read_as_it_is),
#ifdef TARE_HAVE_ZLIB
        cmocka_unit_test(test_gzip_of_one_or_more_members_is_unpacked),
        cmocka_unit_test(test_broken_gzip_is_refused_with_the_place),
        cmocka_unit_test(test_the_limit_holds_for_what_comes_out_of_gzip),
        cmocka_unit_test(test_unpacking_without_memory_ends_in_a_status),
#else
        cmocka_unit_test(test_gzip_needs_a_build_with_zlib),
#endif
        cmocka_unit_test(test_nothing_is_seen_before_commit_and_everything_after),
        cmocka_unit_test(test_abandoning_leaves_the_old_file),
        cmocka_unit_test(test_pieces_of_any_size_arrive_in_order),
        cmocka_unit_test(test_permissions_stay_and_links_are_followed),
        cmocka_unit_test(test_targets_that_cannot_be_files_are_refused),
        cmocka_unit_test(test_a_name_without_a_folder_lies_in_the_current_one),
        cmocka_unit_test(test_two_writers_of_one_target_do_not_mix),
        cmocka_unit_test(test_a_full_disk_ends_in_a_status_and_leaves_the_old_file),
        cmocka_unit_test(test_a_folder_that_vanishes_ends_in_a_status),
        cmocka_unit_test(test_writing_without_memory_ends_in_a_status),
        cmocka_unit_test(test_slow_writes_take_their_time),
        cmocka_unit_test(test_folders_are_made_with_those_they_lie_in),
        cmocka_unit_test(test_a_whole_file_is_written_at_once_or_not_at_all),
        cmocka_unit_test(test_a_file_exists_and_a_folder_is_none),
        cmocka_unit_test(test_a_process_killed_in_a_slow_save_leaves_the_old_file), /* and a part */
    };
    return cmocka_run_group_tests_name("files", tests, scratch_make, scratch_remove);
}
