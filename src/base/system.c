/* SPDX-License-Identifier: Apache-2.0 */
/* The operating system: its failures as sentences, writing to a descriptor, the machine. */
#include "base/system.h"
#include "base/status.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES_PER_WRITE ((size_t)1 << 30) /* Linux writes no more than 2^31 - 4096 at once */

/* strerror may share its buffer between threads; strerror_r is one of two functions. */
static const char *words_for(int code, char *buffer, size_t size) {
#if defined(__GLIBC__)
    return strerror_r(code, buffer, size);
#else
    if (strerror_r(code, buffer, size) != 0) tare_print(buffer, size, "error %d", code);
    return buffer;
#endif
}

tare_status tare_fail_system(tare_error *error, const char *path, const char *deed, int code) {
    char buffer[128];
    return tare_fail_file(error, TARE_ERROR_FILE, path, "cannot %s: %s", deed,
                          words_for(code, buffer, sizeof buffer));
}

tare_status tare_check_path(const char *path, tare_error *error) {
    if (path != NULL && path[0] != '\0') return TARE_OK;
    return tare_fail(error, TARE_ERROR_ARGUMENT, "got no path; needs the path of a file");
}

int tare_write_bytes(int descriptor, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        const size_t piece = count < MOST_BYTES_PER_WRITE ? count : MOST_BYTES_PER_WRITE;
        const ssize_t done = write(descriptor, at, piece);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return done < 0 ? errno : EIO;
        at += done;
        count -= (size_t)done;
    }
    return 0;
}

void tare_host_name(char *buffer, size_t size) {
    if (gethostname(buffer, size) != 0 || buffer[0] == '\0') tare_print(buffer, size, "host");
    buffer[size - 1] = '\0'; /* a name that was cut may lack it */
}
