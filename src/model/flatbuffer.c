/* SPDX-License-Identifier: Apache-2.0 */
/* Reading flatbuffers, each offset held against the bytes there are. */
#include "model/flatbuffer.h"

#include "base/bytes.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

enum { OFFSET_BYTES = 4, ENTRY_BYTES = 2, VTABLE_HEAD = 4, MOST_SHOWN = 4 };

tare_status tare_flat_refuse(const tare_flatbuffer *buffer, int64_t at, const char *sentence) {
    return tare_fail_file(buffer->error, TARE_ERROR_FORMAT, buffer->path, "at byte %" PRId64 ": %s",
                          at, sentence);
}

static bool is_inside(const tare_flatbuffer *buffer, int64_t at, int64_t bytes) {
    return at >= 0 && bytes >= 0 && at <= buffer->size && bytes <= buffer->size - at;
}

/* Counts what is looked at. */
static tare_status show(tare_flatbuffer *buffer, int64_t at, int64_t bytes) {
    buffer->seen += bytes;
    if (buffer->seen <= MOST_SHOWN * buffer->size) return TARE_OK;
    return tare_flat_refuse(buffer, at, "parts are shared so often that they outgrow the file");
}

/* Where the offset at `at` leads: forward, inside. */
static tare_status follow(const tare_flatbuffer *buffer, int64_t at, int64_t *target) {
    if (!is_inside(buffer, at, OFFSET_BYTES))
        return tare_flat_refuse(buffer, at, "an offset lies past the end of the file");
    const int64_t offset = tare_get_32(buffer->bytes + at);
    *target = at + offset;
    if (offset == 0) return tare_flat_refuse(buffer, at, "an offset leads to itself");
    if (is_inside(buffer, *target, OFFSET_BYTES)) return TARE_OK;
    return tare_flat_refuse(buffer, at, "an offset leads past the end of the file");
}

static tare_status open_table(tare_flatbuffer *buffer, int64_t at, tare_flat_table *table) {
    const unsigned char *bytes = buffer->bytes;
    if (!is_inside(buffer, at, OFFSET_BYTES))
        return tare_flat_refuse(buffer, at, "a table lies past the end of the file");
    const int64_t vtable = at - (int32_t)tare_get_32(bytes + at);
    if (!is_inside(buffer, vtable, VTABLE_HEAD))
        return tare_flat_refuse(buffer, at, "a table's vtable lies outside the file");
    *table = (tare_flat_table){.at = at,
                               .bytes = tare_get_16(bytes + vtable + ENTRY_BYTES),
                               .vtable = vtable,
                               .vtable_bytes = tare_get_16(bytes + vtable)};
    if (table->vtable_bytes < VTABLE_HEAD || table->vtable_bytes % ENTRY_BYTES != 0 ||
        !is_inside(buffer, vtable, table->vtable_bytes))
        return tare_flat_refuse(buffer, vtable, "a vtable of a length that cannot be");
    if (table->bytes < OFFSET_BYTES || !is_inside(buffer, at, table->bytes))
        return tare_flat_refuse(buffer, at, "a table reaches past the end of the file");
    return show(buffer, at, OFFSET_BYTES);
}

tare_status tare_flat_root(tare_flatbuffer *buffer, const char *identifier, tare_flat_table *root) {
    int64_t at = 0;
    if (buffer->size < 2 * OFFSET_BYTES ||
        memcmp(buffer->bytes + OFFSET_BYTES, identifier, OFFSET_BYTES) != 0)
        return tare_fail_file(buffer->error, TARE_ERROR_FORMAT, buffer->path,
                              "bytes 4 to 7 are not '%s'", identifier);
    TARE_TRY(follow(buffer, 0, &at));
    return open_table(buffer, at, root);
}

/* Where a field of so many bytes stands; 0: it is not there. */
static tare_status find_field(const tare_flatbuffer *buffer, const tare_flat_table *table,
                              int field, int bytes, int64_t *at) {
    const int64_t entry = VTABLE_HEAD + (int64_t)field * ENTRY_BYTES;
    *at = 0;
    if (table->at == 0 || entry + ENTRY_BYTES > table->vtable_bytes) return TARE_OK;
    const int64_t offset = tare_get_16(buffer->bytes + table->vtable + entry);
    if (offset == 0) return TARE_OK;
    if (offset < OFFSET_BYTES || offset + bytes > table->bytes)
        return tare_flat_refuse(buffer, table->vtable + entry, "a field lies outside its table");
    *at = table->at + offset;
    return TARE_OK;
}

tare_status tare_flat_integer(const tare_flatbuffer *buffer, const tare_flat_table *table,
                              int field, int bytes, bool is_signed, int64_t *value) {
    int64_t at = 0;
    uint64_t bits = 0;
    TARE_TRY(find_field(buffer, table, field, bytes, &at));
    if (at == 0) return TARE_OK;
    for (int i = bytes; i-- > 0;) bits = bits << 8 | buffer->bytes[at + i];
    const int unused = 64 - 8 * bytes;
    if (!is_signed && bits > INT64_MAX)
        return tare_flat_refuse(buffer, at, "a number is too large");
    *value = is_signed ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
    return TARE_OK;
}

tare_status tare_flat_float(const tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                            double *value) {
    int64_t at = 0;
    float number;
    TARE_TRY(find_field(buffer, table, field, OFFSET_BYTES, &at));
    if (at == 0) return TARE_OK;
    const uint32_t bits = tare_get_32(buffer->bytes + at);
    memcpy(&number, &bits, sizeof number);
    *value = (double)number;
    return TARE_OK;
}

tare_status tare_flat_table_in(tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                               tare_flat_table *found) {
    int64_t at = 0, target = 0;
    *found = (tare_flat_table){.at = 0};
    TARE_TRY(find_field(buffer, table, field, OFFSET_BYTES, &at));
    if (at == 0) return TARE_OK;
    TARE_TRY(follow(buffer, at, &target));
    return open_table(buffer, target, found);
}

tare_status tare_flat_vector_in(tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                                int element_bytes, tare_flat_vector *found) {
    int64_t at = 0, target = 0;
    *found = (tare_flat_vector){.at = 0};
    TARE_TRY(find_field(buffer, table, field, OFFSET_BYTES, &at));
    if (at == 0) return TARE_OK;
    TARE_TRY(follow(buffer, at, &target));
    const int64_t count = tare_get_32(buffer->bytes + target);
    found->at = target + OFFSET_BYTES;
    found->count = count;
    if (!is_inside(buffer, found->at, count * element_bytes))
        return tare_flat_refuse(buffer, target, "a vector reaches past the end of the file");
    return show(buffer, target, count * element_bytes);
}

tare_status tare_flat_text_in(tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                              const char **text) {
    tare_flat_vector vector;
    *text = NULL;
    TARE_TRY(tare_flat_vector_in(buffer, table, field, 1, &vector));
    if (vector.at == 0) return TARE_OK;
    const char *start = (const char *)buffer->bytes + vector.at;
    if (!is_inside(buffer, vector.at, vector.count + 1) || start[vector.count] != '\0' ||
        strlen(start) != (size_t)vector.count || !tare_is_utf8(start, (size_t)vector.count))
        return tare_flat_refuse(buffer, vector.at, "a text is no UTF-8 with a NUL behind");
    *text = start;
    return TARE_OK;
}

tare_status tare_flat_table_at(tare_flatbuffer *buffer, tare_flat_vector vector, int64_t i,
                               tare_flat_table *found) {
    int64_t target = 0;
    TARE_TRY(follow(buffer, vector.at + i * OFFSET_BYTES, &target));
    return open_table(buffer, target, found);
}
