/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about the operating system and its failures. */
#ifndef TARE_SRC_BASE_SYSTEM_H
#define TARE_SRC_BASE_SYSTEM_H

#include <tare/base.h>

/* "'PATH': cannot DEED: the system's words for code"; returns TARE_ERROR_FILE. code is an errno. */
tare_status tare_fail_system(tare_error *error, const char *path, const char *deed, int code);

/* Hands bytes to the system, all of them; an errno, or 0. */
int tare_write_bytes(int descriptor, const void *bytes, size_t count);

/* The name of this machine, cut to the buffer; "host" when it has none. */
void tare_host_name(char *buffer, size_t size);

/* TARE_ERROR_ARGUMENT for a path that is NULL or empty. */
tare_status tare_check_path(const char *path, tare_error *error);

#endif
