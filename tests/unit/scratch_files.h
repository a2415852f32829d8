/* SPDX-License-Identifier: Apache-2.0 */
/* More about the scratch folder: files by name, how many there are, and none of them any more. */
#ifndef TARE_TESTS_UNIT_SCRATCH_FILES_H
#define TARE_TESTS_UNIT_SCRATCH_FILES_H

#include <dirent.h>

#include "scratch_folder.h"

/* Writes bytes to a new file of that name; returns its path, NULL when that failed. */
static inline const char *scratch_file(const char *name, const void *data, size_t bytes) {
    const char *path = scratch(name);
    return scratch_put(path, data, bytes) ? path : NULL;
}

/* Entries of the folder; with `remove_them` they are removed. */
static inline int scratch_walk(int remove_them) {
    DIR *folder = opendir(scratch_folder);
    int count = 0;
    if (folder == NULL) return -1;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        count++;
        if (remove_them) (void)remove(scratch(entry->d_name));
    }
    closedir(folder);
    return count;
}

static inline int scratch_count(void) { return scratch_walk(0); }
static inline void scratch_empty(void) { (void)scratch_walk(1); }

#endif
