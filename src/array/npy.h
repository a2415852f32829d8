/* SPDX-License-Identifier: Apache-2.0 */
/* The .npy format, wherever its bytes come from: what npy.c and npz.c share. */
#ifndef TARE_SRC_ARRAY_NPY_H
#define TARE_SRC_ARRAY_NPY_H

#include <tare/array.h>

/* Bytes that are read from first to last. */
typedef struct tare_npy_source {
    const char *path;   /* of the file, for sentences */
    const char *member; /* of the file, for sentences; "" when it is the whole */
    int64_t size;       /* no more are read */
    tare_status (*read)(void *user, void *into, size_t bytes,
                        tare_error *error); /* exactly so many */
    void *user;
} tare_npy_source;

/* "'PATH': [member 'MEMBER':] SENTENCE"; returns status. */
tare_status tare_npy_fail(const tare_npy_source *source, tare_error *error, tare_status status,
                          const char *format, ...) TARE_PRINTF(4, 5);

/* Reads one array, which must fill the source to its end. */
tare_status tare_npy_read_from(const tare_npy_source *source, tare_array **array,
                               tare_error *error);

/* A header of format 1.0, a multiple of 64 bytes; *bytes is how many of the buffer's it takes. */
#define TARE_NPY_HEADER 384
tare_status tare_npy_header(const tare_array *array, char *header, size_t *bytes,
                            tare_error *error);

#endif
