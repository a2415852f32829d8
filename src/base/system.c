/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of the operating system as sentences. */
#include "base/system.h"
#include "base/status.h"
#include "base/text.h"

#include <string.h>

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
