/* SPDX-License-Identifier: Apache-2.0 */
/* Reading .safetensors files: the directory, and tensors one by one. */
#include "model/safetensors.h"
#include "array/array.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>

/* A directory of a hundred million bytes is the most that the format's own reader takes. */
#define MOST_HEADER_BYTES UINT64_C(100000000)

/* Reads the header's length and holds it against the file's. */
static tare_status read_length(tare_file *file, const char *path, uint64_t *length,
                               tare_error *error) {
    uint8_t bytes[TARE_SAFETENSORS_LENGTH_BYTES];
    const int64_t size = tare_file_size(file);
    if (size < TARE_SAFETENSORS_LENGTH_BYTES)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "the first 8 bytes hold the header's length, the file ends at byte "
                              "%" PRId64,
                              size);
    TARE_TRY(tare_file_read_at(file, 0, bytes, sizeof bytes, error));
    *length = 0;
    for (int i = TARE_SAFETENSORS_LENGTH_BYTES; i-- > 0;) *length = *length << 8 | bytes[i];
    const uint64_t rest = (uint64_t)size - TARE_SAFETENSORS_LENGTH_BYTES;
    if (*length > rest)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "bytes 0 to 7 promise a header of %" PRIu64 " bytes; %" PRIu64
                              " follow",
                              *length, rest);
    if (*length > MOST_HEADER_BYTES)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "the header of %" PRIu64 " bytes is larger than %" PRIu64, *length,
                              MOST_HEADER_BYTES);
    return TARE_OK;
}

static tare_status read_directory(tare_safetensors *made, const char *path, tare_error *error) {
    uint64_t length = 0;
    TARE_TRY(tare_file_open(path, &made->file, error));
    TARE_TRY(read_length(made->file, path, &length, error));
    made->data_at = TARE_SAFETENSORS_LENGTH_BYTES + (int64_t)length;
    char *header = tare_allocate(&made->allocator, length);
    if (header == NULL) return tare_fail_memory(error);
    tare_status status =
        tare_file_read_at(made->file, TARE_SAFETENSORS_LENGTH_BYTES, header, length, error);
    if (status == TARE_OK)
        status = tare_safetensors_parse(made, path, header, length,
                                        tare_file_size(made->file) - made->data_at, error);
    tare_release(&made->allocator, header, length);
    return status;
}

tare_status tare_safetensors_open_with(const char *path, const tare_allocator *allocator,
                                       tare_safetensors **file, tare_error *error) {
    tare_safetensors *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->allocator = allocator == NULL ? tare_default_allocator : *allocator;
    made->arena = tare_arena_new(allocator);
    const tare_status status =
        made->arena == NULL ? tare_fail_memory(error) : read_directory(made, path, error);
    if (status != TARE_OK) {
        tare_safetensors_close(made);
        return status;
    }
    *file = made;
    return TARE_OK;
}

tare_status tare_safetensors_open(const char *path, tare_safetensors **file, tare_error *error) {
    if (file != NULL) *file = NULL;
    if (path == NULL || file == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "safetensors_open needs a path and a place for the file");
    return tare_safetensors_open_with(path, NULL, file, error);
}

void tare_safetensors_close(tare_safetensors *file) {
    if (file == NULL) return;
    const tare_allocator allocator = file->allocator;
    tare_file_close(file->file);
    tare_map_free(file->places);
    tare_arena_free(file->arena);
    tare_release(&allocator, file, sizeof *file);
}

/* ------------------------------------------------------------------------------------- asking */

static const tare_safetensors_entry *entry_at(const tare_safetensors *file, size_t i) {
    return file != NULL && i < file->count ? &file->entries[i] : NULL;
}

size_t tare_safetensors_count(const tare_safetensors *file) {
    return file == NULL ? 0 : file->count;
}

const char *tare_safetensors_name(const tare_safetensors *file, size_t i) {
    const tare_safetensors_entry *entry = entry_at(file, i);
    return entry == NULL ? NULL : entry->name;
}

const char *tare_safetensors_dtype(const tare_safetensors *file, size_t i) {
    const tare_safetensors_entry *entry = entry_at(file, i);
    return entry == NULL ? NULL : entry->type->name;
}

tare_shape tare_safetensors_shape(const tare_safetensors *file, size_t i) {
    const tare_safetensors_entry *entry = entry_at(file, i);
    return entry == NULL ? TARE_ANY_SHAPE : entry->shape;
}

int64_t tare_safetensors_bytes(const tare_safetensors *file, size_t i) {
    const tare_safetensors_entry *entry = entry_at(file, i);
    return entry == NULL ? 0 : entry->bytes;
}

size_t tare_safetensors_metadata_count(const tare_safetensors *file) {
    return file == NULL ? 0 : file->metadata_count;
}

const char *tare_safetensors_metadata_key(const tare_safetensors *file, size_t i) {
    return file != NULL && i < file->metadata_count ? file->metadata[i].key : NULL;
}

const char *tare_safetensors_metadata(const tare_safetensors *file, const char *key) {
    if (file == NULL || key == NULL) return NULL;
    for (size_t i = 0; i < file->metadata_count; i++)
        if (tare_same_text(file->metadata[i].key, key)) return file->metadata[i].value;
    return NULL;
}

int64_t tare_safetensors_find(const tare_safetensors *file, const char *name) {
    return tare_map_get(file->places, name, -1);
}

/* ------------------------------------------------------------------------------------ reading */

/* A bool of C holds 0 or 1 and nothing else. */
static tare_status check_booleans(const tare_safetensors *file, const tare_safetensors_entry *entry,
                                  const tare_array *array, tare_error *error) {
    const uint8_t *bytes = array->data;
    for (int64_t i = 0; i < array->count; i++)
        if (bytes[i] > 1)
            return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(file->file),
                                  "tensor '%.120s': byte %" PRId64 " is %d; a BOOL is 0 or 1",
                                  entry->name, i, bytes[i]);
    return TARE_OK;
}

tare_status tare_safetensors_read_entry(tare_safetensors *file, int64_t i, tare_array **array,
                                        tare_error *error) {
    const tare_safetensors_entry *entry = &file->entries[i];
    const char *path = tare_file_path(file->file);
    if (entry->type->dtype == TARE_DTYPE_NONE)
        return tare_fail_file(error, TARE_ERROR_UNSUPPORTED, path,
                              "tensor '%.120s' is of dtype %s, for which there are no arrays",
                              entry->name, entry->type->name);
    tare_array *made = NULL;
    if (tare_array_new(entry->type->dtype, entry->shape, &file->allocator, &made) != TARE_OK)
        return tare_fail_file(error, TARE_ERROR_MEMORY, path,
                              "no memory for tensor '%.120s' of %" PRId64 " bytes", entry->name,
                              entry->bytes);
    tare_status status =
        tare_file_read_at(file->file, file->data_at + entry->begin, made->data, made->bytes, error);
    if (status == TARE_OK && made->dtype == TARE_BOOL)
        status = check_booleans(file, entry, made, error);
    if (status != TARE_OK) {
        tare_array_free(made);
        return status;
    }
    *array = made;
    return TARE_OK;
}

tare_status tare_safetensors_read(tare_safetensors *file, const char *name, tare_array **array,
                                  tare_error *error) {
    if (array != NULL) *array = NULL;
    if (file == NULL || name == NULL || array == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "safetensors_read needs a file, a name and a place for the array");
    const int64_t i = tare_safetensors_find(file, name);
    if (i < 0)
        return tare_fail_file(error, TARE_ERROR_NAME, tare_file_path(file->file),
                              "there is no tensor '%.120s'", name);
    return tare_safetensors_read_entry(file, i, array, error);
}
