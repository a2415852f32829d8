/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing files so that a reader sees the old one or the whole new one, whatever happens in
 * between:
 *
 *     folder/.tare-0123456789abcdef.part   written, fsynced, then renamed to   folder/target
 */
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES    ((size_t)65536)
#define SLOW_PIECE      ((size_t)1024)
#define PART_NAME_BYTES (sizeof ".tare-0123456789abcdef.part")
#define ATTEMPTS        100

struct tare_writer {
    int descriptor;
    int failure;      /* errno of the first failure, 0: none */
    int64_t position; /* bytes taken, written or not */
    size_t buffered;
    size_t path_bytes, part_bytes, target_bytes;
    char *path;   /* as given, for sentences */
    char *target; /* the same, links followed */
    char *part;
    char buffer[BUFFER_BYTES];
};

/*
 * A global, because a test has to slow down writes in a process of which it knows nothing but its
 * environment. Nothing but such tests sets it.
 */
static _Atomic int slowness;

void tare_writer_slow(int microseconds_per_kib) { atomic_store(&slowness, microseconds_per_kib); }

/* ----------------------------------------------------------------------------------- opening */

static char *copy_text(const char *text, size_t *bytes) {
    *bytes = strlen(text) + 1;
    char *copy = tare_allocate(NULL, *bytes);
    if (copy != NULL) memcpy(copy, text, *bytes);
    return copy;
}

static void release(tare_writer *writer) {
    tare_release(NULL, writer->path, writer->path_bytes);
    tare_release(NULL, writer->target, writer->target_bytes);
    tare_release(NULL, writer->part, writer->part_bytes);
    tare_release(NULL, writer, sizeof *writer);
}

/* Bytes of the folder's part of a path, with the slash: 0 for the current folder. */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static tare_status name_files(tare_writer *writer, const char *path, tare_error *error) {
    struct stat about;
    char real[PATH_MAX];
    const bool link = lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
    if (link && realpath(path, real) == NULL) return tare_fail_system(error, path, "write", errno);
    writer->path = copy_text(path, &writer->path_bytes);
    writer->target = copy_text(link ? real : path, &writer->target_bytes);
    if (writer->path == NULL || writer->target == NULL) return tare_fail_memory(error);
    const size_t folder = folder_length(writer->target);
    writer->part_bytes = folder + PART_NAME_BYTES;
    writer->part = tare_allocate(NULL, writer->part_bytes);
    if (writer->part == NULL) return tare_fail_memory(error);
    memcpy(writer->part, writer->target, folder);
    return TARE_OK;
}

/* A number that another process or an earlier attempt is unlikely to find: time, process, attempt.
 */
static uint64_t unlikely_number(uint64_t attempt) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_REALTIME, &time); /* O_EXCL makes sure; this only makes it quick */
    uint64_t mixed = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    mixed = (mixed ^ (uint64_t)getpid() << 32) + attempt;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return mixed ^ mixed >> 31;
}

/* Makes the new file; as errno when it cannot be. */
static int create_part(tare_writer *writer) {
    const size_t folder = folder_length(writer->target);
    for (uint64_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        tare_print(writer->part + folder, PART_NAME_BYTES, ".tare-%016llx.part",
                   (unsigned long long)unlikely_number(attempt));
        writer->descriptor = open(writer->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->descriptor >= 0) return 0;
        if (errno != EEXIST && errno != EINTR) return errno;
    }
    return EEXIST;
}

/* The target as it is now: none, or a regular file whose permissions the new one takes over. */
static tare_status look_at_target(const tare_writer *writer, mode_t *mode, tare_error *error) {
    struct stat about;
    *mode = 0;
    if (stat(writer->target, &about) != 0)
        return errno == ENOENT ? TARE_OK : tare_fail_system(error, writer->path, "write", errno);
    if (S_ISDIR(about.st_mode)) return tare_fail_system(error, writer->path, "write", EISDIR);
    if (!S_ISREG(about.st_mode))
        return tare_fail_file(error, TARE_ERROR_FILE, writer->path, "is no regular file");
    *mode = about.st_mode & 0777;
    return TARE_OK;
}

static tare_status open_part(tare_writer *writer, const char *path, tare_error *error) {
    mode_t mode;
    TARE_TRY(name_files(writer, path, error));
    TARE_TRY(look_at_target(writer, &mode, error));
    const int code = create_part(writer);
    if (code != 0) return tare_fail_system(error, writer->path, "write", code);
    /* A file system without permissions refuses; then there are none to keep. */
    if (mode != 0) (void)fchmod(writer->descriptor, mode);
    return TARE_OK;
}

tare_status tare_writer_open(const char *path, tare_writer **writer, tare_error *error) {
    *writer = NULL;
    TARE_TRY(tare_check_path(path, error));
    tare_writer *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    const tare_status status = open_part(made, path, error);
    if (status == TARE_OK)
        *writer = made;
    else
        release(made);
    return status;
}

/* ----------------------------------------------------------------------------------- writing */

static void pause_for(int64_t microseconds) {
    struct timespec left = {(time_t)(microseconds / 1000000),
                            (long)(microseconds % 1000000 * 1000)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

/* Hands bytes to the system; false, with `failure` set, when it does not take them. */
static bool hand_over(tare_writer *writer, const char *bytes, size_t count) {
    const int slow = atomic_load(&slowness);
    while (count > 0 && writer->failure == 0) {
        const size_t piece = slow > 0 && count > SLOW_PIECE ? SLOW_PIECE : count;
        writer->failure = tare_write_bytes(writer->descriptor, bytes, piece);
        if (slow > 0) pause_for(((int64_t)piece * slow + 1023) / 1024);
        bytes += piece;
        count -= piece;
    }
    return writer->failure == 0;
}

static bool flush(tare_writer *writer) {
    const size_t count = writer->buffered;
    writer->buffered = 0;
    return hand_over(writer, writer->buffer, count);
}

/* Small pieces gather in the buffer, large ones go straight through. */
static bool take(tare_writer *writer, const char *bytes, size_t count) {
    if (count > BUFFER_BYTES - writer->buffered && !flush(writer)) return false;
    if (count >= BUFFER_BYTES) return hand_over(writer, bytes, count);
    memcpy(writer->buffer + writer->buffered, bytes, count);
    writer->buffered += count;
    /* A test that kills a slow writer wants to find what it wrote so far. */
    return atomic_load(&slowness) <= 0 || flush(writer);
}

static tare_status failed(const tare_writer *writer, tare_error *error) {
    return tare_fail_system(error, writer->path, "write", writer->failure);
}

tare_status tare_writer_write(tare_writer *writer, const void *data, size_t bytes,
                              tare_error *error) {
    if (writer->failure == 0 && bytes > 0 && take(writer, data, bytes))
        writer->position += (int64_t)bytes;
    return writer->failure == 0 ? TARE_OK : failed(writer, error);
}

int64_t tare_writer_position(const tare_writer *writer) { return writer->position; }

/* ----------------------------------------------------------------------------------- closing */

/* Makes the renaming last: an entry of a folder is data of the folder. */
static int sync_folder(const char *path) {
    char folder[PATH_MAX];
    const size_t length = folder_length(path);
    if (length + sizeof "." > sizeof folder) return ENAMETOOLONG;
    memcpy(folder, path, length);
    memcpy(folder + length, ".", sizeof ".");
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A folder that may be written but not read cannot be synced by us. */
    if (descriptor < 0) return errno == EACCES ? 0 : errno;
    int code = fsync(descriptor) == 0 ? 0 : errno;
    if (code == EINVAL || code == ENOTSUP) code = 0; /* some file systems do not sync folders */
    (void)close(descriptor);
    return code;
}

/* Everything up to the closed file; true when it is whole and on the disk. */
static bool finish_part(tare_writer *writer) {
    if (writer->failure == 0 && flush(writer) && fsync(writer->descriptor) != 0)
        writer->failure = errno;
    if (close(writer->descriptor) != 0 && errno != EINTR && writer->failure == 0)
        writer->failure = errno;
    return writer->failure == 0;
}

tare_status tare_writer_commit(tare_writer *writer, tare_error *error) {
    if (finish_part(writer) && rename(writer->part, writer->target) != 0) writer->failure = errno;
    if (writer->failure != 0)
        (void)unlink(writer->part);
    else
        writer->failure = sync_folder(writer->target);
    const tare_status status = writer->failure == 0 ? TARE_OK : failed(writer, error);
    release(writer);
    return status;
}

void tare_writer_abandon(tare_writer *writer) {
    if (writer == NULL) return;
    (void)close(writer->descriptor); /* the file goes away */
    (void)unlink(writer->part);
    release(writer);
}
