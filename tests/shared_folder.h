/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of reference data that does not belong to the repository: TARE_SHARED, or ../shared
 * beside it. Tests that need it are skipped, with a message, where it is missing.
 */
#ifndef TARE_TESTS_SHARED_FOLDER_H
#define TARE_TESTS_SHARED_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "SHARED/NAME" in a static buffer. */
static inline const char *shared_path(const char *name) {
    static char path[1024];
    const char *folder = getenv("TARE_SHARED");
    snprintf(path, sizeof path, "%s/%s", folder == NULL ? "../shared" : folder, name);
    return path;
}

/*
 * Calls visit(path) for every file of that folder whose name ends so; how many, or -1 when there is
 * no such folder.
 */
static inline int shared_each(const char *folder, const char *ending, void (*visit)(const char *)) {
    char base[1024], path[2048];
    snprintf(base, sizeof base, "%s", shared_path(folder));
    DIR *opened = opendir(base);
    if (opened == NULL) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;) {
        const size_t length = strlen(entry->d_name), tail = strlen(ending);
        if (length < tail || strcmp(entry->d_name + length - tail, ending) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
        visit(path);
        count++;
    }
    closedir(opened);
    return count;
}

#endif
