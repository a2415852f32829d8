/* SPDX-License-Identifier: Apache-2.0 */
/* Writing .safetensors files: header, then the tensors, through a writer that renames at the end.
 */
#include "array/array.h"
#include "base/status.h"
#include "base/text.h"
#include "model/safetensors.h"
#include "report/json.h"

#include <inttypes.h>
#include <string.h>

#define HEADER_ALIGNMENT 64 /* so that the data begin aligned in a mapped file */

void tare_safetensors_order(size_t count, const tare_array *const *arrays, size_t *order) {
    size_t placed = 0;
    for (size_t size = 8; size > 0; size /= 2)
        for (size_t i = 0; i < count; i++)
            if (tare_dtype_size(arrays[i]->dtype) == size) order[placed++] = i;
}

#ifdef TARE_HAVE_JANSSON

static tare_status refuse_name(tare_error *error, const char *path, const char *name,
                               const char *why) {
    return tare_fail_file(error, TARE_ERROR_NAME, path, "cannot save '%.120s': %s", name, why);
}

/* Refuses what could not be read back. */
static tare_status check(const char *path, size_t count, const char *const *names,
                         const tare_array *const *arrays, tare_map *seen, tare_error *error) {
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i];
        if (name == NULL || arrays[i] == NULL)
            return tare_fail_file(error, TARE_ERROR_ARGUMENT, path,
                                  "tensor %zu of %zu has no name or no array", i, count);
        if (*name == '\0' || strcmp(name, TARE_SAFETENSORS_METADATA) == 0)
            return refuse_name(error, path, name, "the format keeps that name for itself");
        if (!tare_is_utf8(name, strlen(name)))
            return refuse_name(error, path, name, "the name is not UTF-8");
        if (tare_map_has(seen, name))
            return refuse_name(error, path, name, "there are two tensors of that name");
        if (!tare_map_set(seen, name, 1)) return tare_fail_memory(error);
        if (tare_safetensors_type_of(arrays[i]->dtype) == NULL)
            return refuse_name(error, path, name, "the format has no such dtype");
    }
    return TARE_OK;
}

/* A key twice would be refused by every reader. */
static tare_status check_metadata(const char *path, size_t count, const tare_metadata *metadata,
                                  tare_error *error) {
    for (size_t i = 0; i < count; i++) {
        if (metadata[i].key == NULL || metadata[i].value == NULL)
            return tare_fail_file(error, TARE_ERROR_ARGUMENT, path,
                                  "pair %zu of the metadata has no key or no value", i);
        for (size_t j = 0; j < i; j++)
            if (strcmp(metadata[i].key, metadata[j].key) == 0)
                return refuse_name(error, path, metadata[i].key,
                                   "the metadata have that key twice");
    }
    return TARE_OK;
}

static void add_tensor(tare_json *json, const char *name, const tare_array *array, int64_t begin) {
    tare_json_key(json, name);
    tare_json_begin_object(json);
    tare_json_member_text(json, "dtype", tare_safetensors_type_of(array->dtype)->name);
    tare_json_member_shape(json, "shape", array->shape);
    tare_json_key(json, "data_offsets");
    tare_json_begin_array(json);
    tare_json_integer(json, begin);
    tare_json_integer(json, begin + (int64_t)array->bytes);
    tare_json_end_array(json);
    tare_json_end_object(json);
}

/* The header as text, padded with spaces. */
static void make_header(tare_json *json, size_t count, const char *const *names,
                        const tare_array *const *arrays, const size_t *order, size_t metadata_count,
                        const tare_metadata *metadata) {
    tare_json_begin_object(json);
    if (metadata_count > 0) {
        tare_json_key(json, TARE_SAFETENSORS_METADATA);
        tare_json_begin_object(json);
        for (size_t i = 0; i < metadata_count; i++)
            tare_json_member_text(json, metadata[i].key, metadata[i].value);
        tare_json_end_object(json);
    }
    int64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        add_tensor(json, names[order[i]], arrays[order[i]], at);
        at += (int64_t)arrays[order[i]]->bytes;
    }
    tare_json_end_object(json);
    while (!json->text.failed &&
           (json->text.length + TARE_SAFETENSORS_LENGTH_BYTES) % HEADER_ALIGNMENT != 0)
        tare_text_add(&json->text, " ");
}

static tare_status write_all(tare_writer *writer, const tare_text *header, size_t count,
                             const tare_array *const *arrays, const size_t *order,
                             tare_error *error) {
    uint8_t length[TARE_SAFETENSORS_LENGTH_BYTES];
    for (int i = 0; i < TARE_SAFETENSORS_LENGTH_BYTES; i++)
        length[i] = (uint8_t)((uint64_t)header->length >> 8 * i);
    TARE_TRY(tare_writer_write(writer, length, sizeof length, error));
    TARE_TRY(tare_writer_write(writer, header->data, header->length, error));
    for (size_t i = 0; i < count; i++)
        TARE_TRY(tare_writer_write(writer, arrays[order[i]]->data, arrays[order[i]]->bytes, error));
    return TARE_OK;
}

static tare_status write_file(const char *path, const tare_text *header, size_t count,
                              const tare_array *const *arrays, const size_t *order,
                              tare_error *error) {
    tare_writer *writer = NULL;
    TARE_TRY(tare_writer_open(path, &writer, error));
    const tare_status status = write_all(writer, header, count, arrays, order, error);
    if (status == TARE_OK) return tare_writer_commit(writer, error);
    tare_writer_abandon(writer);
    return status;
}

static tare_status write_checked(const char *path, const tare_allocator *allocator, size_t count,
                                 const char *const *names, const tare_array *const *arrays,
                                 size_t metadata_count, const tare_metadata *metadata,
                                 tare_error *error) {
    size_t *order = tare_allocate_array(allocator, (int64_t)count, sizeof *order);
    if (order == NULL) return tare_fail_memory(error);
    tare_safetensors_order(count, arrays, order);
    tare_json json = {.text.allocator = allocator};
    make_header(&json, count, names, arrays, order, metadata_count, metadata);
    const tare_status status = json.text.failed
                                   ? tare_fail_memory(error)
                                   : write_file(path, &json.text, count, arrays, order, error);
    tare_text_clear(&json.text);
    tare_release(allocator, order, count * sizeof *order);
    return status;
}

tare_status tare_safetensors_write_with(const char *path, const tare_allocator *allocator,
                                        size_t count, const char *const *names,
                                        const tare_array *const *arrays, size_t metadata_count,
                                        const tare_metadata *metadata, tare_error *error) {
    TARE_TRY(check_metadata(path, metadata_count, metadata, error));
    tare_map *seen = tare_map_new(allocator);
    if (seen == NULL) return tare_fail_memory(error);
    const tare_status status = check(path, count, names, arrays, seen, error);
    tare_map_free(seen);
    TARE_TRY(status);
    return write_checked(path, allocator, count, names, arrays, metadata_count, metadata, error);
}

#else

tare_status tare_safetensors_write_with(const char *path, const tare_allocator *allocator,
                                        size_t count, const char *const *names,
                                        const tare_array *const *arrays, size_t metadata_count,
                                        const tare_metadata *metadata, tare_error *error) {
    (void)allocator;
    (void)count;
    (void)names;
    (void)arrays;
    (void)metadata_count;
    (void)metadata;
    return tare_fail_file(error, TARE_ERROR_UNSUPPORTED, path,
                          "this library was built without jansson, which safetensors need");
}

#endif

tare_status tare_safetensors_write(const char *path, size_t count, const char *const *names,
                                   const tare_array *const *arrays, size_t metadata_count,
                                   const tare_metadata *metadata, tare_error *error) {
    if (path == NULL || (count > 0 && (names == NULL || arrays == NULL)) ||
        (metadata_count > 0 && metadata == NULL))
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "safetensors_write needs a path, names and arrays");
    return tare_safetensors_write_with(path, NULL, count, names, arrays, metadata_count, metadata,
                                       error);
}
