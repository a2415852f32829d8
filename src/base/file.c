/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files at any offset, and folders. */
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES_PER_READ ((size_t)1 << 30) /* Linux reads no more than 2^31 - 4096 at once */

struct tare_file {
    int descriptor;
    int64_t size;
    size_t path_bytes;
    char path[];
};

static tare_status refuse(int descriptor, tare_status status) {
    (void)close(descriptor); /* nothing was written */
    return status;
}

/* Looks at what was opened: a regular file, and how long it is. */
static tare_status measure(const char *path, int descriptor, int64_t *size, tare_error *error) {
    struct stat about;
    if (fstat(descriptor, &about) != 0) return tare_fail_system(error, path, "open", errno);
    if (S_ISDIR(about.st_mode)) return tare_fail_system(error, path, "open", EISDIR);
    if (!S_ISREG(about.st_mode))
        return tare_fail_file(error, TARE_ERROR_FILE, path, "is no regular file");
    *size = (int64_t)about.st_size;
    return TARE_OK;
}

tare_status tare_file_open(const char *path, tare_file **file, tare_error *error) {
    *file = NULL;
    TARE_TRY(tare_check_path(path, error));
    /* Not to wait for the other end of a pipe before it is refused. */
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return tare_fail_system(error, path, "open", errno);
    int64_t size = 0;
    const tare_status status = measure(path, descriptor, &size, error);
    if (status != TARE_OK) return refuse(descriptor, status);

    const size_t path_bytes = strlen(path) + 1;
    tare_file *opened = tare_allocate(NULL, sizeof *opened + path_bytes);
    if (opened == NULL) return refuse(descriptor, tare_fail_memory(error));
    opened->descriptor = descriptor;
    opened->size = size;
    opened->path_bytes = path_bytes;
    memcpy(opened->path, path, path_bytes);
    *file = opened;
    return TARE_OK;
}

int64_t tare_file_size(const tare_file *file) { return file->size; }

const char *tare_file_path(const tare_file *file) { return file->path; }

void tare_file_close(tare_file *file) {
    if (file == NULL) return;
    (void)close(file->descriptor); /* nothing was written */
    tare_release(NULL, file, sizeof *file + file->path_bytes);
}

static tare_status too_short(const tare_file *file, int64_t size, int64_t needed,
                             tare_error *error) {
    return tare_fail_file(error, TARE_ERROR_FORMAT, file->path, "ends at byte %lld of %lld",
                          (long long)size, (long long)needed);
}

tare_status tare_file_read_at(tare_file *file, int64_t offset, void *into, size_t bytes,
                              tare_error *error) {
    int64_t end;
    if (bytes > INT64_MAX || !tare_add_sizes(offset, (int64_t)bytes, &end))
        return tare_fail_file(error, TARE_ERROR_FORMAT, file->path, "has no byte %lld",
                              (long long)offset);
    if (end > file->size) return too_short(file, file->size, end, error);
    char *at = into;
    while (bytes > 0) {
        const size_t wanted = bytes < MOST_BYTES_PER_READ ? bytes : MOST_BYTES_PER_READ;
        const ssize_t got = pread(file->descriptor, at, wanted, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return tare_fail_system(error, file->path, "read", errno);
        if (got == 0) return too_short(file, offset, end, error); /* cut since it was opened */
        at += got;
        offset += got;
        bytes -= (size_t)got;
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------ whole files */

/* ---------------------------------------------------------------------------------- folders */

bool tare_file_exists(const char *path) {
    struct stat about;
    return path != NULL && stat(path, &about) == 0 && !S_ISDIR(about.st_mode);
}

/* Makes one folder; fine when there is one already. */
static bool make_one(const char *path) {
    struct stat about;
    if (mkdir(path, 0777) == 0) return true;
    const int code = errno;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return true;
    errno = code;
    return false;
}

tare_status tare_make_folder(const char *path, tare_error *error) {
    TARE_TRY(tare_check_path(path, error));
    const size_t bytes = strlen(path) + 1;
    char *part = tare_allocate(NULL, bytes);
    if (part == NULL) return tare_fail_memory(error);
    memcpy(part, path, bytes);
    bool made = true;
    for (char *slash = strchr(part + 1, '/'); made && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = make_one(part);
        *slash = '/';
    }
    if (made) made = make_one(part);
    const int code = errno;
    tare_release(NULL, part, bytes);
    return made ? TARE_OK : tare_fail_system(error, path, "make the folder", code);
}
