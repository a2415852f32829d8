/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for one test program's files, made before its tests and removed after them. */
#ifndef TARE_TESTS_SCRATCH_FOLDER_H
#define TARE_TESTS_SCRATCH_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[256];

/* Group setup and teardown of cmocka. */
static inline int scratch_make(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(scratch_folder, sizeof scratch_folder, "%s/tare-test-XXXXXX",
             base == NULL || base[0] == '\0' ? P_tmpdir : base);
    return mkdtemp(scratch_folder) == NULL ? -1 : 0;
}

static inline int scratch_remove_one(const char *path, const struct stat *about, int kind,
                                     struct FTW *walk) {
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

static inline int scratch_remove(void **state) {
    (void)state;
    return nftw(scratch_folder, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a file in it, in one of eight buffers that take turns. */
static inline const char *scratch(const char *name) {
    static char paths[8][512];
    static int turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

/* Writes a file with plain means; true when all went well. */
static inline int scratch_put(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) return 0;
    const int written = fwrite(bytes, 1, count, file) == count;
    return fclose(file) == 0 && written;
}

/* Reads at most size - 1 bytes of a file and ends them with a NUL; how many, or -1. */
static inline long scratch_get(const char *path, char *bytes, size_t size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return -1;
    const size_t count = fread(bytes, 1, size - 1, file);
    bytes[count] = '\0';
    return fclose(file) == 0 ? (long)count : -1;
}

#endif
