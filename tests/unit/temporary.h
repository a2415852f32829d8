/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for the files of one test program, emptied and removed at the end. */
#ifndef TARE_TESTS_UNIT_TEMPORARY_H
#define TARE_TESTS_UNIT_TEMPORARY_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char temporary_folder[256];

/* For cmocka's group setup. */
static inline int temporary_begin(void **state) {
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(temporary_folder, sizeof temporary_folder, "%s/tare-test-XXXXXX",
             base == NULL ? "/tmp" : base);
    return mkdtemp(temporary_folder) == NULL;
}

/* Files in the folder, "." and ".." not counted. */
static inline int temporary_count(void) {
    DIR *folder = opendir(temporary_folder);
    int count = 0;
    if (folder == NULL) return -1;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static inline void temporary_empty(void) {
    DIR *folder = opendir(temporary_folder);
    if (folder == NULL) return;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", temporary_folder, entry->d_name);
        (void)unlink(path);
    }
    closedir(folder);
}

/* For cmocka's group teardown. */
static inline int temporary_end(void **state) {
    (void)state;
    temporary_empty();
    return rmdir(temporary_folder);
}

/* The path of a file of that name; one of four buffers in turn. */
static inline const char *temporary_path(const char *name) {
    static char paths[4][512];
    static int turn;
    char *path = paths[turn = (turn + 1) % 4];
    snprintf(path, sizeof paths[0], "%s/%s", temporary_folder, name);
    return path;
}

/* Writes bytes to a new file of that name; returns its path, NULL when that failed. */
static inline const char *temporary_file(const char *name, const void *data, size_t bytes) {
    const char *path = temporary_path(name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) return NULL;
    const size_t written = fwrite(data, 1, bytes, file);
    return fclose(file) == 0 && written == bytes ? path : NULL;
}

#endif
