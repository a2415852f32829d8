/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading zip archives from the end:
 *
 *     local header, data; local header, data; ... central directory [zip64 end, zip64 locator] end
 *                                                 ^ offset and size stand in the end record
 *
 * Nothing read is believed before it is compared with what the file holds.
 */
#include "array/zip.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/inflate.h"
#include "base/status.h"
#include "base/text.h"

#include <string.h>

#define LONGEST_COMMENT      65535
#define MOST_PER_PACKED_BYTE 1032 /* deflate packs no better */

/* What the end record says, with the zip64 one when there is one. */
typedef struct zip_end {
    uint64_t entries, bytes, offset; /* of the central directory */
    int64_t place;                   /* where the end records begin */
} zip_end;

static tare_status bad(const tare_file *file, tare_error *error, const char *what, int64_t place) {
    return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(file), "%s at byte %lld", what,
                          (long long)place);
}

/* ------------------------------------------------------------------------------ end records */

/* The place of the end record: the last one whose comment reaches just to the end of the file. */
static tare_status find_end(tare_file *file, int64_t *place, tare_error *error) {
    const int64_t size = tare_file_size(file);
    int64_t bytes = TARE_ZIP_END_BYTES + LONGEST_COMMENT;
    if (bytes > size) bytes = size;
    unsigned char *tail = tare_allocate(NULL, (size_t)bytes);
    if (tail == NULL) return tare_fail_memory(error);
    tare_status status = tare_file_read_at(file, size - bytes, tail, (size_t)bytes, error);
    int64_t at = -1;
    if (status == TARE_OK) {
        for (at = bytes - TARE_ZIP_END_BYTES; at >= 0; at--)
            if (tare_get_32(tail + at) == TARE_ZIP_END &&
                tare_get_16(tail + at + 20) == bytes - at - TARE_ZIP_END_BYTES)
                break;
        if (at < 0)
            status = tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(file),
                                    "ends at byte %lld without the end record of a zip archive",
                                    (long long)size);
    }
    tare_release(NULL, tail, (size_t)bytes);
    *place = size - bytes + at;
    return status;
}

/* The zip64 records, when the locator in front of the end record points to one. */
static tare_status read_zip64_end(tare_file *file, zip_end *end, tare_error *error) {
    unsigned char locator[TARE_ZIP64_LOCATOR_BYTES], record[TARE_ZIP64_END_BYTES];
    const int64_t at = end->place - TARE_ZIP64_LOCATOR_BYTES;
    if (at < 0) return bad(file, error, "there is no room for a zip64 locator", end->place);
    TARE_TRY(tare_file_read_at(file, at, locator, sizeof locator, error));
    if (tare_get_32(locator) != TARE_ZIP64_LOCATOR)
        return bad(file, error, "there is no zip64 locator", at);
    const uint64_t place = tare_get_64(locator + 8);
    if (at < TARE_ZIP64_END_BYTES || place > (uint64_t)(at - TARE_ZIP64_END_BYTES))
        return bad(file, error, "there is a zip64 locator that points beyond itself", at);
    TARE_TRY(tare_file_read_at(file, (int64_t)place, record, sizeof record, error));
    if (tare_get_32(record) != TARE_ZIP64_END)
        return bad(file, error, "there is no zip64 end record", (int64_t)place);
    if (tare_get_32(record + 16) != 0 || tare_get_32(record + 20) != 0)
        return bad(file, error, "there is a zip archive of several disks", (int64_t)place);
    end->entries = tare_get_64(record + 32);
    end->bytes = tare_get_64(record + 40);
    end->offset = tare_get_64(record + 48);
    end->place = (int64_t)place;
    return TARE_OK;
}

static tare_status read_end(tare_file *file, zip_end *end, tare_error *error) {
    unsigned char record[TARE_ZIP_END_BYTES];
    TARE_TRY(find_end(file, &end->place, error));
    TARE_TRY(tare_file_read_at(file, end->place, record, sizeof record, error));
    const bool zip64 = tare_get_16(record + 10) == 0xFFFF ||
                       tare_get_32(record + 12) == UINT32_MAX ||
                       tare_get_32(record + 16) == UINT32_MAX;
    end->entries = tare_get_16(record + 10);
    end->bytes = tare_get_32(record + 12);
    end->offset = tare_get_32(record + 16);
    if (zip64) return read_zip64_end(file, end, error);
    if (tare_get_16(record + 4) != 0 || tare_get_16(record + 6) != 0)
        return bad(file, error, "there is a zip archive of several disks", end->place);
    return TARE_OK;
}

/* --------------------------------------------------------------------- the central directory */

/* One entry of the directory while it is being read. */
typedef struct entry {
    const unsigned char *record, *name, *extra;
    size_t name_bytes, extra_bytes;
    int64_t place; /* in the file, for sentences */
} entry;

/* The bytes of the zip64 extra field; NULL when there is none or it is cut. */
static const unsigned char *find_zip64(const entry *from, size_t *bytes) {
    const unsigned char *at = from->extra;
    size_t left = from->extra_bytes;
    while (left >= 4) {
        const size_t size = tare_get_16(at + 2);
        if (size > left - 4) return NULL;
        if (tare_get_16(at) == TARE_ZIP64_EXTRA) {
            *bytes = size;
            return at + 4;
        }
        at += 4 + size;
        left -= 4 + size;
    }
    return NULL;
}

/* Puts values of 64 bits, in their fixed order, where the record holds only ones. */
static bool widen(const entry *from, uint64_t *const *values, int count) {
    size_t left = 0;
    const unsigned char *at = find_zip64(from, &left);
    for (int i = 0; i < count; i++) {
        if (*values[i] != UINT32_MAX) continue;
        if (at == NULL || left < 8) return false;
        *values[i] = tare_get_64(at);
        at += 8;
        left -= 8;
    }
    return true;
}

/* Sizes and place of a member against each other and against the file. */
static tare_status check_member(const tare_zip *zip, const entry *from, uint64_t size,
                                uint64_t packed, uint64_t offset, tare_error *error) {
    const uint64_t end = (uint64_t)zip->members_end;
    const uint16_t method = tare_get_16(from->record + 10);
    if (offset > end || end - offset < TARE_ZIP_LOCAL_BYTES ||
        packed > end - offset - TARE_ZIP_LOCAL_BYTES)
        return bad(zip->file, error, "there is a zip entry whose data lie outside the file",
                   from->place);
    if (method == TARE_ZIP_STORED && packed != size)
        return bad(zip->file, error, "there is a stored zip entry of two sizes", from->place);
    if (size / MOST_PER_PACKED_BYTE > packed)
        return bad(zip->file, error, "there is a zip entry larger than its data can be unpacked to",
                   from->place);
    return TARE_OK;
}

static tare_status copy_name(tare_zip *zip, const entry *from, char **name, tare_error *error) {
    const char *text = (const char *)from->name;
    if (from->name_bytes == 0 || memchr(text, '\0', from->name_bytes) != NULL ||
        !tare_is_utf8(text, from->name_bytes))
        return bad(zip->file, error, "there is a zip entry whose name is no UTF-8 text",
                   from->place);
    *name = tare_arena_allocate(zip->names, from->name_bytes + 1);
    if (*name == NULL) return tare_fail_memory(error);
    memcpy(*name, text, from->name_bytes);
    return TARE_OK;
}

static tare_status add_member(tare_zip *zip, const entry *from, tare_error *error) {
    uint64_t size = tare_get_32(from->record + 24);
    uint64_t packed = tare_get_32(from->record + 20);
    uint64_t offset = tare_get_32(from->record + 42);
    if (!widen(from, (uint64_t *const[]){&size, &packed, &offset}, 3))
        return bad(zip->file, error, "there is a zip entry without the 64-bit sizes it refers to",
                   from->place);
    TARE_TRY(check_member(zip, from, size, packed, offset, error));
    tare_zip_member made = {.packed = (int64_t)packed,
                            .size = (int64_t)size,
                            .offset = (int64_t)offset,
                            .crc = tare_get_32(from->record + 16),
                            .method = tare_get_16(from->record + 10),
                            .flags = tare_get_16(from->record + 8)};
    TARE_TRY(copy_name(zip, from, &made.name, error));
    zip->members.items[zip->members.count++] = made; /* room was made for all */
    return TARE_OK;
}

static tare_status parse_directory(tare_zip *zip, const unsigned char *directory, size_t bytes,
                                   int64_t entries, tare_error *error) {
    size_t at = 0;
    for (int64_t i = 0; i < entries; i++) {
        const int64_t place = zip->members_end + (int64_t)at;
        if (bytes - at < TARE_ZIP_CENTRAL_BYTES)
            return bad(zip->file, error, "the zip directory is cut", place);
        const unsigned char *record = directory + at;
        if (tare_get_32(record) != TARE_ZIP_CENTRAL)
            return bad(zip->file, error, "there is no zip entry", place);
        const size_t name = tare_get_16(record + 28), extra = tare_get_16(record + 30);
        const size_t whole = TARE_ZIP_CENTRAL_BYTES + name + extra + tare_get_16(record + 32);
        if (whole > bytes - at) return bad(zip->file, error, "a zip entry is cut", place);
        const entry from = {.record = record,
                            .name = record + TARE_ZIP_CENTRAL_BYTES,
                            .extra = record + TARE_ZIP_CENTRAL_BYTES + name,
                            .name_bytes = name,
                            .extra_bytes = extra,
                            .place = place};
        TARE_TRY(add_member(zip, &from, error));
        at += whole;
    }
    return TARE_OK;
}

static tare_status read_directory(tare_zip *zip, tare_error *error) {
    zip_end end = {0};
    TARE_TRY(read_end(zip->file, &end, error));
    const uint64_t place = (uint64_t)end.place;
    if (end.offset > place || end.bytes > place - end.offset)
        return bad(zip->file, error, "the end record of a zip archive points beyond itself",
                   end.place);
    if (end.entries > end.bytes / TARE_ZIP_CENTRAL_BYTES)
        return bad(zip->file, error,
                   "there is an end record of a zip archive with too many entries", end.place);
    zip->members_end = (int64_t)end.offset;
    const size_t bytes = (size_t)end.bytes;
    if (!tare_vector_reserve(NULL, &zip->members, (int64_t)end.entries))
        return tare_fail_memory(error);
    unsigned char *directory = tare_allocate(NULL, bytes);
    if (directory == NULL) return tare_fail_memory(error);
    tare_status status = tare_file_read_at(zip->file, zip->members_end, directory, bytes, error);
    if (status == TARE_OK)
        status = parse_directory(zip, directory, bytes, (int64_t)end.entries, error);
    tare_release(NULL, directory, bytes);
    return status;
}

tare_status tare_zip_open(tare_file *file, tare_zip *zip, tare_error *error) {
    *zip = (tare_zip){.file = file, .names = tare_arena_new(NULL)};
    if (zip->names == NULL) return tare_fail_memory(error);
    const tare_status status = read_directory(zip, error);
    if (status != TARE_OK) tare_zip_close(zip);
    return status;
}

void tare_zip_close(tare_zip *zip) {
    tare_vector_free(NULL, &zip->members);
    tare_arena_free(zip->names);
    *zip = (tare_zip){0};
}

/* ---------------------------------------------------------------------------------- members */

struct tare_zip_reader {
    tare_file *file;
    const tare_zip_member *member;
    tare_inflater *inflater; /* NULL: stored */
    int64_t offset;          /* of the next stored byte */
    int64_t left;            /* of the contents */
    uint32_t crc;            /* of what was read */
};

static tare_status refuse(const tare_zip_reader *reader, tare_error *error, tare_status status,
                          const char *what) {
    return tare_fail_file(error, status, tare_file_path(reader->file),
                          "member '%s' at byte %lld %s", reader->member->name,
                          (long long)reader->member->offset, what);
}

/* A field of the local header may be left to the descriptor behind the data or to the extra field.
 */
static bool agrees(uint32_t local, uint64_t central) {
    return local == central || local == UINT32_MAX;
}

/* Where the data begin: the local header has a name and an extra field of its own. */
static tare_status find_data(const tare_zip *zip, tare_zip_reader *reader, tare_error *error) {
    const tare_zip_member *member = reader->member;
    unsigned char local[TARE_ZIP_LOCAL_BYTES];
    TARE_TRY(tare_file_read_at(reader->file, member->offset, local, sizeof local, error));
    if (tare_get_32(local) != TARE_ZIP_LOCAL)
        return refuse(reader, error, TARE_ERROR_FORMAT, "has no local header");
    const uint16_t differing = tare_get_16(local + 6) ^ member->flags;
    const bool sizes_follow = (member->flags & TARE_ZIP_DESCRIPTOR) != 0;
    const bool same = (differing & (TARE_ZIP_ENCRYPTED | TARE_ZIP_DESCRIPTOR)) == 0 &&
                      tare_get_16(local + 8) == member->method &&
                      (sizes_follow || (tare_get_32(local + 14) == member->crc &&
                                        agrees(tare_get_32(local + 18), (uint64_t)member->packed) &&
                                        agrees(tare_get_32(local + 22), (uint64_t)member->size)));
    if (!same)
        return refuse(reader, error, TARE_ERROR_FORMAT,
                      "is not described alike by its local header and the directory");
    reader->offset =
        member->offset + TARE_ZIP_LOCAL_BYTES + tare_get_16(local + 26) + tare_get_16(local + 28);
    if (reader->offset > zip->members_end || member->packed > zip->members_end - reader->offset)
        return refuse(reader, error, TARE_ERROR_FORMAT, "runs into the zip directory");
    return TARE_OK;
}

static tare_status open_member(const tare_zip *zip, tare_zip_reader *reader, tare_error *error) {
    const tare_zip_member *member = reader->member;
    if ((member->flags & TARE_ZIP_ENCRYPTED) != 0)
        return refuse(reader, error, TARE_ERROR_UNSUPPORTED, "is encrypted");
    if (member->method != TARE_ZIP_STORED && member->method != TARE_ZIP_DEFLATED)
        return refuse(reader, error, TARE_ERROR_UNSUPPORTED, "is neither stored nor deflated");
    TARE_TRY(find_data(zip, reader, error));
    if (member->method == TARE_ZIP_STORED) return TARE_OK;
    return tare_inflater_open(reader->file, reader->offset, member->packed, TARE_INFLATE_RAW, NULL,
                              &reader->inflater, error);
}

tare_status tare_zip_reader_open(const tare_zip *zip, const tare_zip_member *member,
                                 tare_zip_reader **reader, tare_error *error) {
    *reader = NULL;
    tare_zip_reader *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->file = zip->file;
    made->member = member;
    made->left = member->size;
    const tare_status status = open_member(zip, made, error);
    if (status == TARE_OK)
        *reader = made;
    else
        tare_zip_reader_close(made);
    return status;
}

void tare_zip_reader_close(tare_zip_reader *reader) {
    if (reader == NULL) return;
    tare_inflater_close(reader->inflater);
    tare_release(NULL, reader, sizeof *reader);
}

static tare_status read_stored(tare_zip_reader *reader, void *into, size_t bytes,
                               tare_error *error) {
    TARE_TRY(tare_file_read_at(reader->file, reader->offset, into, bytes, error));
    reader->offset += (int64_t)bytes;
    return TARE_OK;
}

static tare_status read_deflated(tare_zip_reader *reader, void *into, size_t bytes,
                                 tare_error *error) {
    size_t got;
    TARE_TRY(tare_inflater_read(reader->inflater, into, bytes, &got, error));
    if (got < bytes)
        return refuse(reader, error, TARE_ERROR_FORMAT, "unpacks to less than the directory says");
    return TARE_OK;
}

tare_status tare_zip_reader_read(tare_zip_reader *reader, void *into, size_t bytes,
                                 tare_error *error) {
    if (bytes > (uint64_t)reader->left)
        return refuse(reader, error, TARE_ERROR_FORMAT, "holds less than is read");
    TARE_TRY(reader->inflater == NULL ? read_stored(reader, into, bytes, error)
                                      : read_deflated(reader, into, bytes, error));
    reader->left -= (int64_t)bytes;
    reader->crc = tare_crc32(reader->crc, into, bytes);
    return TARE_OK;
}

tare_status tare_zip_reader_check(tare_zip_reader *reader, tare_error *error) {
    if (reader->left != 0)
        return refuse(reader, error, TARE_ERROR_FORMAT, "holds more than was read");
    if (reader->inflater != NULL) {
        char beyond;
        size_t got;
        TARE_TRY(tare_inflater_read(reader->inflater, &beyond, 1, &got, error));
        if (got > 0)
            return refuse(reader, error, TARE_ERROR_FORMAT,
                          "unpacks to more than the directory says");
    }
    if (reader->crc != reader->member->crc)
        return refuse(reader, error, TARE_ERROR_FORMAT, "does not match its CRC-32");
    return TARE_OK;
}
