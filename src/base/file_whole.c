/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read into memory, plain or gzipped; written at once. */
#include "base/file.h"
#include "base/inflate.h"
#include "base/memory.h"
#include "base/status.h"

static tare_status too_large(const tare_file *file, int64_t limit, tare_error *error) {
    return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(file),
                          "holds more than %lld bytes; needs no more than that", (long long)limit);
}

static tare_status read_plain(tare_file *file, int64_t limit, const tare_allocator *allocator,
                              char **data, int64_t *bytes, tare_error *error) {
    if (tare_file_size(file) > limit) return too_large(file, limit, error);
    if ((uint64_t)tare_file_size(file) >= SIZE_MAX) return tare_fail_memory(error);
    const size_t size = (size_t)tare_file_size(file);
    char *whole = tare_allocate(allocator, size + 1);
    if (whole == NULL) return tare_fail_memory(error);
    const tare_status status = tare_file_read_at(file, 0, whole, size, error);
    if (status != TARE_OK) {
        tare_release(allocator, whole, size + 1);
        return status;
    }
    whole[size] = '\0';
    *data = whole;
    *bytes = tare_file_size(file);
    return TARE_OK;
}

/* Bytes that grow while a stream is inflated. */
typedef TARE_VECTOR(char) byte_vector;

static tare_status inflate_all(tare_inflater *inflater, const tare_file *file, int64_t limit,
                               const tare_allocator *allocator, byte_vector *whole,
                               tare_error *error) {
    for (size_t got = 1; got > 0; whole->count += (int64_t)got) {
        if (whole->count > limit) return too_large(file, limit, error);
        if (!tare_vector_reserve(allocator, whole, 65536)) return tare_fail_memory(error);
        TARE_TRY(tare_inflater_read(inflater, whole->items + whole->count,
                                    (size_t)(whole->capacity - whole->count), &got, error));
    }
    return whole->count > limit ? too_large(file, limit, error) : TARE_OK;
}

static tare_status read_gzip(tare_file *file, int64_t limit, const tare_allocator *allocator,
                             char **data, int64_t *bytes, tare_error *error) {
    tare_inflater *inflater;
    TARE_TRY(tare_inflater_open(file, 0, tare_file_size(file), TARE_INFLATE_GZIP, allocator,
                                &inflater, error));
    byte_vector whole = {0};
    tare_status status = inflate_all(inflater, file, limit, allocator, &whole, error);
    tare_inflater_close(inflater);
    if (status == TARE_OK) {
        const size_t size = (size_t)whole.count;
        char *fitted = tare_resize(allocator, whole.items, (size_t)whole.capacity, size + 1);
        if (fitted != NULL) {
            fitted[size] = '\0';
            *data = fitted;
            *bytes = whole.count;
            return TARE_OK;
        }
        status = tare_fail_memory(error);
    }
    tare_vector_free(allocator, &whole);
    return status;
}

static bool is_gzip(tare_file *file) {
    unsigned char magic[2];
    return tare_file_size(file) >= 2 &&
           tare_file_read_at(file, 0, magic, sizeof magic, NULL) == TARE_OK && magic[0] == 0x1F &&
           magic[1] == 0x8B;
}

tare_status tare_file_read_all(const char *path, int64_t limit, const tare_allocator *allocator,
                               char **data, int64_t *bytes, tare_error *error) {
    *data = NULL;
    *bytes = 0;
    tare_file *file;
    TARE_TRY(tare_file_open(path, &file, error));
    const tare_status status = read_plain(file, limit, allocator, data, bytes, error);
    tare_file_close(file);
    return status;
}

tare_status tare_file_read_inflated(const char *path, int64_t limit,
                                    const tare_allocator *allocator, char **data, int64_t *bytes,
                                    tare_error *error) {
    *data = NULL;
    *bytes = 0;
    tare_file *file;
    TARE_TRY(tare_file_open(path, &file, error));
    const tare_status status = is_gzip(file)
                                   ? read_gzip(file, limit, allocator, data, bytes, error)
                                   : read_plain(file, limit, allocator, data, bytes, error);
    tare_file_close(file);
    return status;
}

tare_status tare_file_write_all(const char *path, const void *data, size_t bytes,
                                tare_error *error) {
    tare_writer *writer = NULL;
    TARE_TRY(tare_writer_open(path, &writer, error));
    const tare_status status = tare_writer_write(writer, data, bytes, error);
    if (status == TARE_OK) return tare_writer_commit(writer, error);
    tare_writer_abandon(writer);
    return status;
}
