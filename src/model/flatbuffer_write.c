/* SPDX-License-Identifier: Apache-2.0 */
/* Writing flatbuffers. */
#include "model/flatbuffer_write.h"

#include "base/bytes.h"

#include <string.h>

enum { OFFSET_BYTES = 4, ENTRY_BYTES = 2, VTABLE_HEAD = 4, TABLE_ALIGN = 8 };

static void add_zeros(tare_flat_writer *writer, size_t count) {
    static const char zeros[64] = {0};
    for (; count > sizeof zeros; count -= sizeof zeros)
        tare_text_add_bytes(&writer->bytes, zeros, sizeof zeros);
    tare_text_add_bytes(&writer->bytes, zeros, count);
}

/* What comes `ahead` bytes later begins at a multiple of align. */
static void pad(tare_flat_writer *writer, size_t align, size_t ahead) {
    const size_t past = (writer->bytes.length + ahead) % align;
    add_zeros(writer, past == 0 ? 0 : align - past);
}

static unsigned char *bytes_at(tare_flat_writer *writer, size_t place) {
    return (unsigned char *)writer->bytes.data + place;
}

void tare_flat_begin(tare_flat_writer *writer, const char *identifier) {
    add_zeros(writer, OFFSET_BYTES);
    tare_text_add_bytes(&writer->bytes, identifier, OFFSET_BYTES);
}

static int bytes_of(const tare_flat_entry *entry) {
    return entry->bytes == TARE_FLAT_OFFSET ? OFFSET_BYTES : entry->bytes;
}

/* Places of the fields in the table, the wide ones first so that each is aligned; its bytes. */
static int lay_out(tare_flat_entry *entries, int count) {
    static const int widths[] = {8, 4, 1};
    int at = OFFSET_BYTES;
    for (int w = 0; w < 3; w++) {
        if (widths[w] == 8) at = TABLE_ALIGN;
        for (int i = 0; i < count; i++) {
            if (bytes_of(&entries[i]) != widths[w]) continue;
            entries[i].place = (size_t)at;
            at += widths[w];
        }
        /* Without wide fields the narrow ones begin right behind the head. */
        if (widths[w] == 8 && at == TABLE_ALIGN) at = OFFSET_BYTES;
    }
    return at;
}

size_t tare_flat_put_table(tare_flat_writer *writer, tare_flat_entry *entries, int count) {
    int most = -1;
    for (int i = 0; i < count; i++) most = entries[i].number > most ? entries[i].number : most;
    const size_t vtable_bytes = VTABLE_HEAD + ENTRY_BYTES * (size_t)(most + 1);
    const int table_bytes = lay_out(entries, count);
    pad(writer, TABLE_ALIGN, vtable_bytes);
    const size_t vtable = writer->bytes.length, table = vtable + vtable_bytes;
    add_zeros(writer, vtable_bytes + (size_t)table_bytes);
    if (writer->bytes.failed) return 0;
    tare_put_16(bytes_at(writer, vtable), (uint16_t)vtable_bytes);
    tare_put_16(bytes_at(writer, vtable + ENTRY_BYTES), (uint16_t)table_bytes);
    tare_put_32(bytes_at(writer, table), (uint32_t)vtable_bytes);
    for (int i = 0; i < count; i++) {
        const size_t entry = vtable + VTABLE_HEAD + ENTRY_BYTES * (size_t)entries[i].number;
        tare_put_16(bytes_at(writer, entry), (uint16_t)entries[i].place);
        entries[i].place += table;
        unsigned char *to = bytes_at(writer, entries[i].place);
        for (int k = 0; k < entries[i].bytes; k++)
            to[k] = (unsigned char)(entries[i].bits >> 8 * k);
    }
    return table;
}

static size_t begin_vector(tare_flat_writer *writer, size_t count, size_t align) {
    unsigned char head[OFFSET_BYTES];
    pad(writer, align < OFFSET_BYTES ? OFFSET_BYTES : align, OFFSET_BYTES);
    const size_t at = writer->bytes.length;
    tare_put_32(head, (uint32_t)count);
    tare_text_add_bytes(&writer->bytes, (const char *)head, sizeof head);
    return at;
}

size_t tare_flat_put_bytes(tare_flat_writer *writer, const void *bytes, size_t count,
                           size_t align) {
    const size_t at = begin_vector(writer, count, align);
    tare_text_add_bytes(&writer->bytes, bytes, count);
    return at;
}

/* Numbers of 4 or 8 bytes as the machine has them. */
static size_t put_numbers(tare_flat_writer *writer, const char *numbers, size_t count,
                          size_t bytes) {
    const size_t at = begin_vector(writer, count, bytes);
    for (size_t i = 0; i < count; i++) {
        unsigned char piece[sizeof(uint64_t)];
        uint64_t wide = 0;
        uint32_t narrow = 0;
        memcpy(bytes == sizeof wide ? (void *)&wide : (void *)&narrow, numbers + i * bytes, bytes);
        tare_put_64(piece, bytes == sizeof wide ? wide : narrow);
        tare_text_add_bytes(&writer->bytes, (const char *)piece, bytes);
    }
    return at;
}

size_t tare_flat_put_32(tare_flat_writer *writer, const void *numbers, size_t count) {
    return put_numbers(writer, numbers, count, sizeof(uint32_t));
}

size_t tare_flat_put_64(tare_flat_writer *writer, const void *numbers, size_t count) {
    return put_numbers(writer, numbers, count, sizeof(uint64_t));
}

size_t tare_flat_put_text(tare_flat_writer *writer, const char *text) {
    const size_t at = tare_flat_put_bytes(writer, text, strlen(text), 1);
    add_zeros(writer, 1);
    return at;
}

size_t tare_flat_put_offsets(tare_flat_writer *writer, size_t count) {
    const size_t at = begin_vector(writer, count, OFFSET_BYTES);
    add_zeros(writer, count * OFFSET_BYTES);
    return at;
}

void tare_flat_point(tare_flat_writer *writer, size_t place, size_t target) {
    if (writer->bytes.failed) return;
    tare_put_32(bytes_at(writer, place), (uint32_t)(target - place));
}
