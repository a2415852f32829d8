/* SPDX-License-Identifier: Apache-2.0 */
/* The .npz format: a zip archive whose members NAME.npy are arrays. */
#include "array/array.h"
#include "array/npy.h"
#include "array/zip.h"
#include "base/crc32c.h"
#include "base/map.h"
#include "base/status.h"
#include "base/text.h"

#include <string.h>

#define SUFFIX       ".npy"
#define SUFFIX_BYTES (sizeof SUFFIX - 1)
#define LONGEST_NAME 65535 /* zip counts the bytes of a name in 16 bits */

/* ---------------------------------------------------------------------------------- reading */

struct tare_npz {
    tare_file *file;
    tare_zip zip;
    TARE_VECTOR(const char *) names; /* of arrays; parallel to members */
    TARE_VECTOR(const tare_zip_member *) members;
    tare_map *index; /* name -> place in names */
};

void tare_npz_close(tare_npz *npz) {
    if (npz == NULL) return;
    tare_map_free(npz->index);
    tare_vector_free(NULL, &npz->members);
    tare_vector_free(NULL, &npz->names);
    tare_zip_close(&npz->zip);
    tare_file_close(npz->file);
    tare_release(NULL, npz, sizeof *npz);
}

static bool ends_as_array(const char *name) {
    const size_t length = strlen(name);
    return length > SUFFIX_BYTES && strcmp(name + length - SUFFIX_BYTES, SUFFIX) == 0;
}

/* Lists one member under its name without ".npy"; what has no such name is no array. */
static tare_status list_member(tare_npz *npz, const tare_zip_member *member, tare_error *error) {
    if (!ends_as_array(member->name)) return TARE_OK;
    char *name = tare_arena_text(npz->zip.names, member->name);
    if (name == NULL) return tare_fail_memory(error);
    name[strlen(name) - SUFFIX_BYTES] = '\0';
    if (tare_map_has(npz->index, name))
        return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(npz->file),
                              "member '%s' is there twice, again at byte %lld", member->name,
                              (long long)member->offset);
    if (!tare_map_set(npz->index, name, npz->names.count) ||
        !tare_vector_reserve(NULL, &npz->names, 1) || !tare_vector_reserve(NULL, &npz->members, 1))
        return tare_fail_memory(error);
    npz->names.items[npz->names.count++] = name;
    npz->members.items[npz->members.count++] = member;
    return TARE_OK;
}

static tare_status open_parts(tare_npz *npz, const char *path, tare_error *error) {
    npz->index = tare_map_new(NULL);
    if (npz->index == NULL) return tare_fail_memory(error);
    TARE_TRY(tare_file_open(path, &npz->file, error));
    TARE_TRY(tare_zip_open(npz->file, &npz->zip, error));
    for (int64_t i = 0; i < npz->zip.members.count; i++)
        TARE_TRY(list_member(npz, &npz->zip.members.items[i], error));
    return TARE_OK;
}

tare_status tare_npz_open(const char *path, tare_npz **npz, tare_error *error) {
    if (npz == NULL) return tare_fail(error, TARE_ERROR_ARGUMENT, "no place for the new npz");
    *npz = NULL;
    tare_npz *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    const tare_status status = open_parts(made, path, error);
    if (status == TARE_OK)
        *npz = made;
    else
        tare_npz_close(made);
    return status;
}

size_t tare_npz_count(const tare_npz *npz) { return npz == NULL ? 0 : (size_t)npz->names.count; }

const char *tare_npz_name(const tare_npz *npz, size_t i) {
    return i < tare_npz_count(npz) ? npz->names.items[i] : NULL;
}

static tare_status read_member(void *user, void *into, size_t bytes, tare_error *error) {
    return tare_zip_reader_read(user, into, bytes, error);
}

tare_status tare_npz_read(tare_npz *npz, const char *name, tare_array **array, tare_error *error) {
    if (array == NULL) return tare_fail(error, TARE_ERROR_ARGUMENT, "no place for the new array");
    *array = NULL;
    if (npz == NULL || name == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "needs an open npz and a name");
    const char *path = tare_file_path(npz->file);
    const int64_t place = tare_map_get(npz->index, name, -1);
    if (place < 0) return tare_fail_file(error, TARE_ERROR_NAME, path, "has no array '%s'", name);
    const tare_zip_member *member = npz->members.items[place];
    tare_zip_reader *reader;
    TARE_TRY(tare_zip_reader_open(&npz->zip, member, &reader, error));
    const tare_npy_source source = {path, member->name, member->size, read_member, reader};
    tare_status status = tare_npy_read_from(&source, array, error);
    if (status == TARE_OK) {
        status = tare_zip_reader_check(reader, error);
        if (status != TARE_OK) {
            tare_array_free(*array);
            *array = NULL;
        }
    }
    tare_zip_reader_close(reader);
    return status;
}

/* ---------------------------------------------------------------------------------- writing */

/* The members' names, each with ".npy", for as long as the archive is being written. */
static tare_status list_names(tare_arena *arena, tare_map *seen, size_t count,
                              const char *const *names, char **listed, tare_error *error) {
    for (size_t i = 0; i < count; i++) {
        const size_t length = names[i] == NULL ? 0 : strlen(names[i]);
        if (length == 0 || length > LONGEST_NAME - SUFFIX_BYTES || !tare_is_utf8(names[i], length))
            return tare_fail(error, TARE_ERROR_ARGUMENT,
                             "got no name for array %zu; needs UTF-8 text of 1 to %zu bytes", i,
                             LONGEST_NAME - SUFFIX_BYTES);
        if (tare_map_has(seen, names[i]))
            return tare_fail(error, TARE_ERROR_NAME, "got the name '%s' twice; needs one per array",
                             names[i]);
        listed[i] = tare_arena_allocate(arena, length + sizeof SUFFIX);
        if (listed[i] == NULL || !tare_map_set(seen, names[i], (int64_t)i))
            return tare_fail_memory(error);
        memcpy(listed[i], names[i], length);
        memcpy(listed[i] + length, SUFFIX, sizeof SUFFIX);
    }
    return TARE_OK;
}

static tare_status write_member(tare_zip_writer *zip, char *name, const tare_array *array,
                                tare_error *error) {
    char header[TARE_NPY_HEADER];
    size_t header_bytes;
    int64_t size;
    TARE_TRY(tare_npy_header(array, header, &header_bytes, error));
    if (!tare_add_sizes((int64_t)header_bytes, (int64_t)array->bytes, &size))
        return tare_fail_memory(error);
    uint32_t crc = tare_crc32(0, header, header_bytes);
    crc = tare_crc32(crc, array->data, array->bytes);
    TARE_TRY(tare_zip_writer_begin(zip, name, size, crc, error));
    TARE_TRY(tare_writer_write(zip->writer, header, header_bytes, error));
    return tare_writer_write(zip->writer, array->data, array->bytes, error);
}

static tare_status write_archive(const char *path, size_t count, char **names,
                                 const tare_array *const *arrays, tare_error *error) {
    tare_zip_writer zip = {0};
    TARE_TRY(tare_writer_open(path, &zip.writer, error));
    tare_status status = TARE_OK;
    for (size_t i = 0; i < count && status == TARE_OK; i++)
        status = write_member(&zip, names[i], arrays[i], error);
    if (status == TARE_OK) status = tare_zip_writer_end(&zip, error);
    tare_zip_writer_free(&zip);
    if (status == TARE_OK) return tare_writer_commit(zip.writer, error);
    tare_writer_abandon(zip.writer);
    return status;
}

tare_status tare_npz_write(const char *path, size_t count, const char *const *names,
                           const tare_array *const *arrays, tare_error *error) {
    if (count > 0 && (names == NULL || arrays == NULL))
        return tare_fail(error, TARE_ERROR_ARGUMENT, "got no names or no arrays; needs %zu of each",
                         count);
    if (count > INT32_MAX)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "got %zu arrays; needs at most %d", count,
                         INT32_MAX);
    tare_arena *arena = tare_arena_new(NULL);
    tare_map *seen = tare_map_new(NULL);
    tare_status status = TARE_OK;
    char **listed = NULL;
    if (arena != NULL && seen != NULL)
        listed = tare_arena_allocate_array(arena, (int64_t)count, sizeof *listed);
    if (listed == NULL)
        status = tare_fail_memory(error);
    else
        status = list_names(arena, seen, count, names, listed, error);
    if (status == TARE_OK) status = write_archive(path, count, listed, arrays, error);
    tare_map_free(seen);
    tare_arena_free(arena);
    return status;
}
