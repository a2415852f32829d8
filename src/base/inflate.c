/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking deflated data with zlib, which gets its memory from our allocator. */
#include "base/inflate.h"
#include "base/memory.h"
#include "base/status.h"

#ifdef TARE_HAVE_ZLIB

#include "base/zlib_memory.h"

#include <limits.h>

struct tare_inflater {
    tare_allocator allocator;
    tare_file *file;
    int64_t offset, left; /* of what was not yet read from the file */
    tare_inflate_kind kind;
    bool ended; /* the stream said so */
    z_stream stream;
    unsigned char input[16384];
};

static voidpf allocate_for_zlib(voidpf user, uInt items, uInt size) {
    int64_t bytes;
    if (!tare_multiply_sizes(items, size, &bytes) || (uint64_t)bytes > SIZE_MAX) return NULL;
    return tare_allocate_sized(user, (size_t)bytes);
}

static void free_for_zlib(voidpf user, voidpf address) { tare_release_sized(user, address); }

void tare_zlib_use(z_stream *stream, const tare_allocator *allocator) {
    stream->zalloc = allocate_for_zlib;
    stream->zfree = free_for_zlib;
    stream->opaque = (voidpf)(uintptr_t)allocator; /* handed back to us, who do not change it */
}

tare_status tare_inflater_open(tare_file *file, int64_t offset, int64_t bytes,
                               tare_inflate_kind kind, const tare_allocator *allocator,
                               tare_inflater **inflater, tare_error *error) {
    *inflater = NULL;
    tare_inflater *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->allocator = allocator == NULL ? tare_default_allocator : *allocator;
    made->file = file;
    made->offset = offset;
    made->left = bytes;
    made->kind = kind;
    tare_zlib_use(&made->stream, &made->allocator);
    /* zlib's convention: negative for a bare stream, 16 more for gzip. */
    const int window = kind == TARE_INFLATE_RAW ? -MAX_WBITS : MAX_WBITS + 16;
    if (inflateInit2(&made->stream, window) != Z_OK) {
        tare_release(allocator, made, sizeof *made);
        return tare_fail_memory(error);
    }
    *inflater = made;
    return TARE_OK;
}

void tare_inflater_close(tare_inflater *inflater) {
    if (inflater == NULL) return;
    (void)inflateEnd(&inflater->stream); /* complains about nothing but a stream that never was */
    const tare_allocator allocator = inflater->allocator;
    tare_release(&allocator, inflater, sizeof *inflater);
}

static tare_status broken(const tare_inflater *inflater, const char *sentence, tare_error *error) {
    const int64_t place = inflater->offset - (int64_t)inflater->stream.avail_in;
    return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(inflater->file),
                          "%s at byte %lld", sentence, (long long)place);
}

static tare_status refill(tare_inflater *inflater, tare_error *error) {
    if (inflater->stream.avail_in > 0) return TARE_OK;
    if (inflater->left == 0) return broken(inflater, "the compressed data are cut", error);
    int64_t bytes = (int64_t)sizeof inflater->input;
    if (bytes > inflater->left) bytes = inflater->left;
    TARE_TRY(
        tare_file_read_at(inflater->file, inflater->offset, inflater->input, (size_t)bytes, error));
    inflater->offset += bytes;
    inflater->left -= bytes;
    inflater->stream.next_in = inflater->input;
    inflater->stream.avail_in = (uInt)bytes;
    return TARE_OK;
}

/* At the end of a stream: nothing may follow but, with gzip, another member. */
static tare_status end_or_go_on(tare_inflater *inflater, tare_error *error) {
    inflater->ended = inflater->left == 0 && inflater->stream.avail_in == 0;
    if (inflater->ended) return TARE_OK;
    if (inflater->kind == TARE_INFLATE_RAW)
        return broken(inflater, "more data follow the end of the compressed ones", error);
    return inflateReset(&inflater->stream) == Z_OK ? TARE_OK : tare_fail_memory(error);
}

tare_status tare_inflater_read(tare_inflater *inflater, void *into, size_t capacity, size_t *got,
                               tare_error *error) {
    char *at = into;
    *got = 0;
    while (*got < capacity && !inflater->ended) {
        TARE_TRY(refill(inflater, error));
        const size_t room = capacity - *got < UINT_MAX ? capacity - *got : UINT_MAX;
        inflater->stream.next_out = (Bytef *)(at + *got);
        inflater->stream.avail_out = (uInt)room;
        const int code = inflate(&inflater->stream, Z_NO_FLUSH);
        *got += room - inflater->stream.avail_out;
        if (code == Z_MEM_ERROR) return tare_fail_memory(error);
        if (code == Z_STREAM_END)
            TARE_TRY(end_or_go_on(inflater, error));
        else if (code != Z_OK && code != Z_BUF_ERROR)
            return broken(inflater, "the compressed data are broken", error);
    }
    return TARE_OK;
}

#else

tare_status tare_inflater_open(tare_file *file, int64_t offset, int64_t bytes,
                               tare_inflate_kind kind, const tare_allocator *allocator,
                               tare_inflater **inflater, tare_error *error) {
    (void)offset, (void)bytes, (void)kind, (void)allocator;
    *inflater = NULL;
    return tare_fail_file(error, TARE_ERROR_UNSUPPORTED, tare_file_path(file),
                          "is compressed; needs a build with zlib");
}

tare_status tare_inflater_read(tare_inflater *inflater, void *into, size_t capacity, size_t *got,
                               tare_error *error) {
    (void)inflater, (void)into, (void)capacity;
    *got = 0;
    return tare_fail(error, TARE_ERROR_UNSUPPORTED, "got compressed data; needs a build with zlib");
}

void tare_inflater_close(tare_inflater *inflater) { (void)inflater; }

#endif
