/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: reading whole ones, writing beside the target, synced and renamed over it, and appending.
 * Everything POSIX about files is here. Failures are TARE_ERROR_FILE with the system's words,
 * unless said otherwise; the error's node is the path. A path of NULL or "" is TARE_ERROR_ARGUMENT.
 */
#ifndef TARE_SRC_BASE_FILE_H
#define TARE_SRC_BASE_FILE_H

#include <tare/base.h>

/* A file opened for reading at any offset. Size is known; every read is checked against it. */
typedef struct tare_file tare_file;
/* Refuses what is no regular file: folders, pipes, devices. */
tare_status tare_file_open(const char *path, tare_file **file, tare_error *error);
int64_t tare_file_size(const tare_file *file);
const char *tare_file_path(const tare_file *file); /* as it was opened */
/* Reads exactly bytes at offset; TARE_ERROR_FORMAT "ends at byte .. of .." when the file is too
 * short. */
tare_status tare_file_read_at(tare_file *file, int64_t offset, void *into, size_t bytes,
                              tare_error *error);
void tare_file_close(tare_file *file);

/*
 * Reads a whole file of at most limit bytes; *data (through allocator) is followed by a NUL that
 * *bytes does not count. Release with *bytes + 1. TARE_ERROR_FORMAT when the file is larger.
 */
tare_status tare_file_read_all(const char *path, int64_t limit, const tare_allocator *allocator,
                               char **data, int64_t *bytes, tare_error *error);
/*
 * The same, gunzipped when it begins with the gzip magic (TARE_ERROR_UNSUPPORTED without zlib);
 * limit bounds the inflated size.
 */
tare_status tare_file_read_inflated(const char *path, int64_t limit,
                                    const tare_allocator *allocator, char **data, int64_t *bytes,
                                    tare_error *error);

/*
 * A file being written: bytes go to a new file beside the target (same folder, ".tare-" and 16
 * hexadecimal digits and ".part"); commit flushes, fsyncs, renames it over the target and fsyncs
 * the folder; abandon (or a failed commit) removes it. After a failed write all later ones fail,
 * with the same sentence. An old target keeps its permissions; a link is followed; what is no
 * regular file is refused.
 */
typedef struct tare_writer tare_writer;
tare_status tare_writer_open(const char *path, tare_writer **writer, tare_error *error);
tare_status tare_writer_write(tare_writer *writer, const void *data, size_t bytes,
                              tare_error *error);
int64_t tare_writer_position(const tare_writer *writer);
/* Frees the writer in any case. */
tare_status tare_writer_commit(tare_writer *writer, tare_error *error);
void tare_writer_abandon(tare_writer *writer); /* NULL allowed */
/* All of that at once. */
tare_status tare_file_write_all(const char *path, const void *data, size_t bytes,
                                tare_error *error);

/*
 * Makes every write of at least one byte take so many microseconds per KiB; for tests that kill a
 * process inside a save. 0: off. Set from the environment variable TARE_TEST_SLOW_WRITES by the
 * command-line tool alone.
 */
void tare_writer_slow(int microseconds_per_kib);

/*
 * A file that grows while others read it: always a new one. A piece goes to the system at once and
 * whole, or, when that fails, not at all: the file is cut back to what it was, and later pieces
 * fail with the same sentence.
 */
typedef struct tare_appender tare_appender;
/* Errors  TARE_ERROR_STATE: there is something of that name already; TARE_ERROR_FILE. */
tare_status tare_appender_open(const char *path, tare_appender **appender, tare_error *error);
tare_status tare_appender_add(tare_appender *appender, const void *piece, size_t bytes,
                              tare_error *error);
tare_status tare_appender_sync(tare_appender *appender, tare_error *error); /* to the disk */
const char *tare_appender_path(const tare_appender *appender);
/* Frees the appender in any case; NULL allowed. */
tare_status tare_appender_close(tare_appender *appender, tare_error *error);

bool tare_file_exists(const char *path); /* anything but a folder */
/* Makes a folder and those it lies in; existing ones are fine. */
tare_status tare_make_folder(const char *path, tare_error *error);

#endif
