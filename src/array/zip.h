/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zip archives, as far as .npz needs them: stored and deflated members, zip64, data descriptors; no
 * encryption, no second disk. Records and fields are named as in PKWARE's APPNOTE.TXT 6.3.
 */
#ifndef TARE_SRC_ARRAY_ZIP_H
#define TARE_SRC_ARRAY_ZIP_H

#include "base/file.h"
#include "base/memory.h"

#define TARE_ZIP_LOCAL     0x04034b50u
#define TARE_ZIP_CENTRAL   0x02014b50u
#define TARE_ZIP_END       0x06054b50u
#define TARE_ZIP64_END     0x06064b50u
#define TARE_ZIP64_LOCATOR 0x07064b50u

#define TARE_ZIP_LOCAL_BYTES     30
#define TARE_ZIP_CENTRAL_BYTES   46
#define TARE_ZIP_END_BYTES       22
#define TARE_ZIP64_END_BYTES     56
#define TARE_ZIP64_LOCATOR_BYTES 20

#define TARE_ZIP_STORED   0
#define TARE_ZIP_DEFLATED 8

#define TARE_ZIP_ENCRYPTED  0x0041u /* flag bits 0 and 6 */
#define TARE_ZIP_DESCRIPTOR 0x0008u /* sizes follow the data */
#define TARE_ZIP_UTF8       0x0800u

#define TARE_ZIP64_EXTRA 0x0001u

typedef struct tare_zip_member {
    char *name;
    int64_t packed, size; /* bytes in the file, bytes of the contents */
    int64_t offset;       /* of the local header */
    uint32_t crc;
    uint16_t method, flags;
} tare_zip_member;

typedef struct tare_zip {
    tare_file *file;     /* borrowed */
    int64_t members_end; /* where the central directory begins and the members end */
    TARE_VECTOR(tare_zip_member) members;
    tare_arena *names;
} tare_zip;

/*
 * Reads the central directory and checks every size in it against the file. On failure nothing is
 * held. Errors  TARE_ERROR_FORMAT with the place in the file; those of reading.
 */
tare_status tare_zip_open(tare_file *file, tare_zip *zip, tare_error *error);
void tare_zip_close(tare_zip *zip); /* the file stays open */

/* Reads a member's contents from first to last. */
typedef struct tare_zip_reader tare_zip_reader;
tare_status tare_zip_reader_open(const tare_zip *zip, const tare_zip_member *member,
                                 tare_zip_reader **reader, tare_error *error);
/* Exactly so many bytes. */
tare_status tare_zip_reader_read(tare_zip_reader *reader, void *into, size_t bytes,
                                 tare_error *error);
/* After the last byte: the data end there too, and the CRC-32 is right. */
tare_status tare_zip_reader_check(tare_zip_reader *reader, tare_error *error);
void tare_zip_reader_close(tare_zip_reader *reader); /* NULL allowed */

/* Writes stored members one after the other. */
typedef struct tare_zip_writer {
    tare_writer *writer;                  /* borrowed */
    TARE_VECTOR(tare_zip_member) members; /* names are borrowed */
} tare_zip_writer;
/* The local header of a member of so many bytes with that CRC-32; the bytes themselves come next.
 */
tare_status tare_zip_writer_begin(tare_zip_writer *zip, char *name, int64_t size, uint32_t crc,
                                  tare_error *error);
/* The central directory. */
tare_status tare_zip_writer_end(tare_zip_writer *zip, tare_error *error);
void tare_zip_writer_free(tare_zip_writer *zip); /* the writer stays open */

#endif
