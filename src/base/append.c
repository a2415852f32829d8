/* SPDX-License-Identifier: Apache-2.0 */
/* Files that grow piece by piece while others read them. */
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct tare_appender {
    int descriptor;
    int failure;    /* errno of the first failure, 0: none */
    int64_t length; /* of the whole pieces */
    size_t path_bytes;
    char path[];
};

static tare_status failed(const tare_appender *appender, tare_error *error) {
    return tare_fail_system(error, appender->path, "write", appender->failure);
}

tare_status tare_appender_open(const char *path, tare_appender **appender, tare_error *error) {
    *appender = NULL;
    TARE_TRY(tare_check_path(path, error));
    const size_t path_bytes = strlen(path) + 1;
    tare_appender *made = tare_allocate_zeroed(NULL, sizeof *made + path_bytes);
    if (made == NULL) return tare_fail_memory(error);
    made->path_bytes = path_bytes;
    memcpy(made->path, path, path_bytes);
    made->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (made->descriptor >= 0) {
        *appender = made;
        return TARE_OK;
    }
    const int code = errno;
    tare_release(NULL, made, sizeof *made + path_bytes);
    if (code == EEXIST)
        return tare_fail_file(error, TARE_ERROR_STATE, path, "is there already; needs a new name");
    return tare_fail_system(error, path, "write", code);
}

tare_status tare_appender_add(tare_appender *appender, const void *piece, size_t bytes,
                              tare_error *error) {
    if (appender->failure != 0) return failed(appender, error);
    appender->failure = tare_write_bytes(appender->descriptor, piece, bytes);
    if (appender->failure == 0) {
        appender->length += (int64_t)bytes;
        return TARE_OK;
    }
    /* Where that fails too, readers find a piece that is cut, which they must expect anyway. */
    const int cut = ftruncate(appender->descriptor, (off_t)appender->length);
    (void)cut;
    return failed(appender, error);
}

tare_status tare_appender_sync(tare_appender *appender, tare_error *error) {
    /* EINVAL: a file system that has no such thing. */
    if (appender->failure == 0 && fdatasync(appender->descriptor) != 0 && errno != EINVAL)
        appender->failure = errno;
    return appender->failure == 0 ? TARE_OK : failed(appender, error);
}

const char *tare_appender_path(const tare_appender *appender) { return appender->path; }

tare_status tare_appender_close(tare_appender *appender, tare_error *error) {
    if (appender == NULL) return TARE_OK;
    tare_status status = tare_appender_sync(appender, error);
    if (close(appender->descriptor) != 0 && errno != EINTR && status == TARE_OK)
        status = tare_fail_system(error, appender->path, "write", errno);
    tare_release(NULL, appender, sizeof *appender + appender->path_bytes);
    return status;
}
