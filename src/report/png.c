/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images as PNG files (ISO/IEC 15948): signature, then chunks IHDR, IDAT, IEND, each
 *
 *     length | kind | bytes | CRC-32 of kind and bytes        numbers big-endian
 *
 * Rows are not filtered: each begins with a 0.
 */
#include "report/png.h"

#include "base/crc32c.h"
#include "base/deflate.h"
#include "base/memory.h"

#include <string.h>

/* Colour types by number of channels. */
static const unsigned char colours[] = {0, 0, 4, 2, 6};

static void put_number(unsigned char *at, uint32_t number) {
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(number >> (24 - 8 * i));
}

static void add_number(tare_text *text, uint32_t number) {
    unsigned char bytes[4];
    put_number(bytes, number);
    tare_text_add_bytes(text, (const char *)bytes, sizeof bytes);
}

static void add_chunk(tare_text *text, const char kind[4], const void *bytes, size_t count) {
    const uint32_t crc = tare_crc32(tare_crc32(0, kind, 4), bytes, count);
    add_number(text, (uint32_t)count);
    tare_text_add_bytes(text, kind, 4);
    tare_text_add_bytes(text, bytes, count);
    add_number(text, crc);
}

/* All rows, a 0 before each. NULL: no memory. */
static unsigned char *filtered_rows(const tare_picture *picture, size_t row, size_t bytes) {
    unsigned char *rows = tare_allocate(NULL, bytes);
    for (int64_t y = 0; rows != NULL && y < picture->height; y++) {
        unsigned char *to = rows + (size_t)y * (row + 1);
        to[0] = 0;
        memcpy(to + 1, picture->pixels + (size_t)y * row, row);
    }
    return rows;
}

static void add_pixels(tare_text *text, const tare_picture *picture, size_t row, size_t bytes) {
    tare_text packed = {.allocator = NULL};
    unsigned char *rows = filtered_rows(picture, row, bytes);
    if (rows != NULL) tare_deflate(rows, bytes, &packed);
    if (rows != NULL && !packed.failed && packed.length <= INT32_MAX)
        add_chunk(text, "IDAT", packed.data, packed.length);
    else
        text->failed = true;
    tare_text_clear(&packed);
    tare_release(NULL, rows, bytes);
}

bool tare_png_add(tare_text *text, const tare_picture *picture) {
    int64_t row, bytes;
    if (picture->width < 1 || picture->height < 1 || picture->width > INT32_MAX ||
        picture->height > INT32_MAX || picture->channels < 1 || picture->channels > 4 ||
        !tare_multiply_sizes(picture->width, picture->channels, &row) ||
        !tare_multiply_sizes(row + 1, picture->height, &bytes))
        return false;
    unsigned char head[13] = {0}; /* compression, filter and interlacing are 0 */
    put_number(head, (uint32_t)picture->width);
    put_number(head + 4, (uint32_t)picture->height);
    head[8] = 8;
    head[9] = colours[picture->channels];
    tare_text_add_bytes(text, "\x89PNG\r\n\x1a\n", 8);
    add_chunk(text, "IHDR", head, sizeof head);
    add_pixels(text, picture, (size_t)row, (size_t)bytes);
    add_chunk(text, "IEND", "", 0);
    return true;
}
