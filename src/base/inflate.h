/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking deflated stretches of files, piece by piece (RFC 1951, RFC 1952), with zlib. */
#ifndef TARE_SRC_BASE_INFLATE_H
#define TARE_SRC_BASE_INFLATE_H

#include "base/file.h"

typedef enum tare_inflate_kind {
    TARE_INFLATE_RAW, /* one bare deflate stream, as in zip */
    TARE_INFLATE_GZIP /* one or more gzip members, checksums checked */
} tare_inflate_kind;

/* A stream over `bytes` bytes of the file from offset on. The file must stay open. */
typedef struct tare_inflater tare_inflater;

/* Errors  TARE_ERROR_MEMORY; TARE_ERROR_UNSUPPORTED in a build without zlib. */
tare_status tare_inflater_open(tare_file *file, int64_t offset, int64_t bytes,
                               tare_inflate_kind kind, const tare_allocator *allocator,
                               tare_inflater **inflater, tare_error *error);
/*
 * Unpacks up to `capacity` bytes; *got is less only at the end of the stream.
 * Errors  TARE_ERROR_FORMAT (broken or cut data, or bytes left over behind the end); those of
 * reading.
 */
tare_status tare_inflater_read(tare_inflater *inflater, void *into, size_t capacity, size_t *got,
                               tare_error *error);
void tare_inflater_close(tare_inflater *inflater); /* NULL allowed */

#endif
