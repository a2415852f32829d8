/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing zip archives of stored members. Sizes and offsets of 4 GiB and more, and more than 65534
 * members, take the fields and records of zip64; nothing else does. The date is the first that zip
 * knows, so that equal contents make equal files.
 */
#include "array/zip.h"
#include "base/bytes.h"
#include "base/status.h"

#include <string.h>

#define FIRST_DATE    0x0021u /* 1 January 1980 */
#define VERSION       20
#define VERSION_ZIP64 45

static bool is_large(int64_t value) { return value >= UINT32_MAX; }

static uint32_t narrow(int64_t value) { return is_large(value) ? UINT32_MAX : (uint32_t)value; }

/* Names beyond ASCII say that they are UTF-8. */
static uint16_t flags_for(const char *name) {
    for (; *name != '\0'; name++)
        if ((unsigned char)*name >= 0x80) return TARE_ZIP_UTF8;
    return 0;
}

/* What local header and central directory have in common, from the version on. */
static unsigned char *put_common(unsigned char *at, const tare_zip_member *member, bool zip64) {
    at = tare_put_16(at, zip64 ? VERSION_ZIP64 : VERSION);
    at = tare_put_16(at, member->flags);
    at = tare_put_16(at, TARE_ZIP_STORED);
    at = tare_put_16(at, 0); /* midnight */
    at = tare_put_16(at, FIRST_DATE);
    at = tare_put_32(at, member->crc);
    at = tare_put_32(at, narrow(member->packed));
    at = tare_put_32(at, narrow(member->size));
    return tare_put_16(at, (uint16_t)strlen(member->name));
}

tare_status tare_zip_writer_begin(tare_zip_writer *zip, char *name, int64_t size, uint32_t crc,
                                  tare_error *error) {
    const tare_zip_member member = {.name = name,
                                    .packed = size,
                                    .size = size,
                                    .offset = tare_writer_position(zip->writer),
                                    .crc = crc,
                                    .method = TARE_ZIP_STORED,
                                    .flags = flags_for(name)};
    unsigned char header[TARE_ZIP_LOCAL_BYTES], extra[20];
    const bool zip64 = is_large(size);
    unsigned char *at = put_common(tare_put_32(header, TARE_ZIP_LOCAL), &member, zip64);
    (void)tare_put_16(at, zip64 ? sizeof extra : 0);
    at = tare_put_16(tare_put_16(extra, TARE_ZIP64_EXTRA), 16);
    (void)tare_put_64(tare_put_64(at, (uint64_t)size), (uint64_t)size);

    if (!tare_vector_reserve(NULL, &zip->members, 1)) return tare_fail_memory(error);
    TARE_TRY(tare_writer_write(zip->writer, header, sizeof header, error));
    TARE_TRY(tare_writer_write(zip->writer, name, strlen(name), error));
    if (zip64) TARE_TRY(tare_writer_write(zip->writer, extra, sizeof extra, error));
    zip->members.items[zip->members.count++] = member;
    return TARE_OK;
}

static tare_status write_entry(tare_zip_writer *zip, const tare_zip_member *member,
                               tare_error *error) {
    unsigned char record[TARE_ZIP_CENTRAL_BYTES], extra[28];
    unsigned char *end = extra + 4; /* behind its own header */
    if (is_large(member->size)) {
        end = tare_put_64(end, (uint64_t)member->size);
        end = tare_put_64(end, (uint64_t)member->packed);
    }
    if (is_large(member->offset)) end = tare_put_64(end, (uint64_t)member->offset);
    const bool zip64 = end > extra + 4;
    const size_t extra_bytes = zip64 ? (size_t)(end - extra) : 0;
    (void)tare_put_16(tare_put_16(extra, TARE_ZIP64_EXTRA), (uint16_t)(end - extra - 4));

    unsigned char *at = tare_put_32(record, TARE_ZIP_CENTRAL);
    at = put_common(tare_put_16(at, zip64 ? VERSION_ZIP64 : VERSION), member, zip64);
    at = tare_put_16(at, (uint16_t)extra_bytes);
    at = tare_put_16(at, 0);                 /* bytes of comment */
    at = tare_put_16(at, 0);                 /* disk */
    at = tare_put_32(tare_put_16(at, 0), 0); /* attributes */
    (void)tare_put_32(at, narrow(member->offset));
    TARE_TRY(tare_writer_write(zip->writer, record, sizeof record, error));
    TARE_TRY(tare_writer_write(zip->writer, member->name, strlen(member->name), error));
    return tare_writer_write(zip->writer, extra, extra_bytes, error);
}

static tare_status write_zip64_end(tare_zip_writer *zip, int64_t offset, int64_t bytes,
                                   tare_error *error) {
    unsigned char record[TARE_ZIP64_END_BYTES + TARE_ZIP64_LOCATOR_BYTES];
    const uint64_t count = (uint64_t)zip->members.count;
    unsigned char *at = tare_put_32(record, TARE_ZIP64_END);
    at = tare_put_64(at, TARE_ZIP64_END_BYTES - 12); /* of the rest of the record */
    at = tare_put_16(tare_put_16(at, VERSION_ZIP64), VERSION_ZIP64);
    at = tare_put_64(at, 0); /* disks */
    at = tare_put_64(tare_put_64(at, count), count);
    at = tare_put_64(tare_put_64(at, (uint64_t)bytes), (uint64_t)offset);
    at = tare_put_32(tare_put_32(at, TARE_ZIP64_LOCATOR), 0);
    at = tare_put_64(at, (uint64_t)(offset + bytes));
    (void)tare_put_32(at, 1); /* disks in all */
    return tare_writer_write(zip->writer, record, sizeof record, error);
}

tare_status tare_zip_writer_end(tare_zip_writer *zip, tare_error *error) {
    const int64_t offset = tare_writer_position(zip->writer);
    const int64_t count = zip->members.count;
    for (int64_t i = 0; i < count; i++) TARE_TRY(write_entry(zip, &zip->members.items[i], error));
    const int64_t bytes = tare_writer_position(zip->writer) - offset;
    if (count >= 0xFFFF || is_large(offset) || is_large(bytes))
        TARE_TRY(write_zip64_end(zip, offset, bytes, error));

    unsigned char record[TARE_ZIP_END_BYTES];
    const uint16_t narrow_count = count >= 0xFFFF ? 0xFFFF : (uint16_t)count;
    unsigned char *at = tare_put_32(tare_put_32(record, TARE_ZIP_END), 0); /* disks */
    at = tare_put_16(tare_put_16(at, narrow_count), narrow_count);
    at = tare_put_32(tare_put_32(at, narrow(bytes)), narrow(offset));
    (void)tare_put_16(at, 0); /* bytes of comment */
    return tare_writer_write(zip->writer, record, sizeof record, error);
}

void tare_zip_writer_free(tare_zip_writer *zip) { tare_vector_free(NULL, &zip->members); }
