/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing into a zlib stream. Without zlib the stream holds stored blocks:
 *
 *     78 01 | (last? 01 : 00, length, ~length, bytes)* | Adler-32, big-endian
 */
#include "base/deflate.h"

#ifdef TARE_HAVE_ZLIB

#include "base/memory.h"
#include "base/zlib_memory.h"

#define PIECE 4096

/* Takes what the stream has to give until it wants more, or has ended. */
static int drain(z_stream *stream, int flush, tare_text *text) {
    unsigned char piece[PIECE];
    int code;
    do {
        stream->next_out = piece;
        stream->avail_out = PIECE;
        code = deflate(stream, flush);
        tare_text_add_bytes(text, (const char *)piece, PIECE - stream->avail_out);
    } while (code == Z_OK && stream->avail_out == 0);
    return code;
}

void tare_deflate(const unsigned char *bytes, size_t count, tare_text *text) {
    z_stream stream = {.next_in = NULL};
    tare_zlib_use(&stream, &tare_default_allocator);
    if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) {
        text->failed = true;
        return;
    }
    int code = Z_OK;
    while (code == Z_OK || code == Z_BUF_ERROR) {
        const size_t some = count < (size_t)1 << 30 ? count : (size_t)1 << 30;
        stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
        stream.avail_in = (uInt)some;
        bytes += some;
        count -= some;
        code = drain(&stream, count == 0 ? Z_FINISH : Z_NO_FLUSH, text);
    }
    text->failed |= code != Z_STREAM_END;
    (void)deflateEnd(&stream); /* complains of a stream cut short, which was noticed */
}

#else

#define BLOCK     65535u
#define ADLER     65521u
#define ADLER_RUN 5552u /* sums stay below 2^32 for so many bytes */

static uint32_t adler32(const unsigned char *bytes, size_t count) {
    uint32_t a = 1, b = 0;
    while (count > 0) {
        const size_t run = count < ADLER_RUN ? count : ADLER_RUN;
        for (size_t i = 0; i < run; i++) {
            a += bytes[i];
            b += a;
        }
        a %= ADLER;
        b %= ADLER;
        bytes += run;
        count -= run;
    }
    return b << 16 | a;
}

static void add_byte(tare_text *text, uint32_t byte) {
    const char c = (char)(unsigned char)byte;
    tare_text_add_bytes(text, &c, 1);
}

void tare_deflate(const unsigned char *bytes, size_t count, tare_text *text) {
    const uint32_t sum = adler32(bytes, count);
    tare_text_add_bytes(text, "\x78\x01", 2);
    bool last = false;
    while (!last) {
        const size_t length = count < BLOCK ? count : BLOCK;
        last = length == count;
        add_byte(text, last);
        add_byte(text, (uint32_t)length & 255);
        add_byte(text, (uint32_t)length >> 8);
        add_byte(text, ~(uint32_t)length & 255);
        add_byte(text, ~(uint32_t)length >> 8 & 255);
        tare_text_add_bytes(text, (const char *)bytes, length);
        bytes += length;
        count -= length;
    }
    for (int shift = 24; shift >= 0; shift -= 8) add_byte(text, sum >> shift & 255);
}

#endif
