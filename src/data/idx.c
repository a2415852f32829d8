/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads idx files, the format of MNIST: two bytes 0, one byte for the type, one for the number of
 * dimensions; then each extent and all elements, big-endian.
 * Source  Y. LeCun, "The MNIST database of handwritten digits", file formats.
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include <tare/data.h>

#include <inttypes.h>
#include <string.h>

/* What a file may inflate to. The largest idx file in common use (EMNIST) has half a gigabyte. */
#define MOST_BYTES ((int64_t)4 << 30)

typedef struct element_type {
    uint8_t code;
    uint8_t size; /* in the file */
    tare_dtype dtype;
} element_type;

static const element_type element_types[] = {
    {0x08, 1, TARE_UINT8}, {0x09, 1, TARE_INT8},    {0x0B, 2, TARE_INT32},
    {0x0C, 4, TARE_INT32}, {0x0D, 4, TARE_FLOAT32}, {0x0E, 8, TARE_FLOAT64},
};

static const element_type *find_type(uint8_t code) {
    for (size_t i = 0; i < sizeof element_types / sizeof *element_types; i++)
        if (element_types[i].code == code) return &element_types[i];
    return NULL;
}

static uint32_t big_endian_32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

static uint64_t big_endian_64(const uint8_t *bytes) {
    return (uint64_t)big_endian_32(bytes) << 32 | big_endian_32(bytes + 4);
}

/* Checks the first four bytes; *type is what the elements are. */
static tare_status read_magic(const char *path, const uint8_t *data, int64_t bytes,
                              const element_type **type, tare_error *error) {
    if (bytes < 4)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "an idx file begins with 4 bytes, this one ends at byte %" PRId64,
                              bytes);
    if (data[0] != 0 || data[1] != 0)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "no idx file: bytes 0 and 1 are %02x %02x and must be 00 00", data[0],
                              data[1]);
    *type = find_type(data[2]);
    if (*type == NULL)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "byte 2 names the type %02x, which idx does not have", data[2]);
    if (data[3] < 1 || data[3] > TARE_MAX_RANK)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "byte 3 promises %d dimensions; 1 to %d can be read", data[3],
                              TARE_MAX_RANK);
    return TARE_OK;
}

/* Reads the extents and holds their product against what the file really has. */
static tare_status read_shape(const char *path, const uint8_t *data, int64_t bytes,
                              const element_type *type, tare_shape *shape, tare_error *error) {
    const int rank = data[3];
    const int64_t header = 4 + 4 * (int64_t)rank;
    if (bytes < header)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "the header of %d dimensions takes %" PRId64
                              " bytes, the file ends at byte %" PRId64,
                              rank, header, bytes);
    shape->rank = rank;
    for (int i = 0; i < rank; i++) shape->extents[i] = (int64_t)big_endian_32(data + 4 + 4 * i);

    char text[TARE_SHAPE_TEXT];
    int64_t needed;
    const int64_t count = tare_shape_count(*shape);
    if (count < 0 || !tare_multiply_sizes(count, type->size, &needed))
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "the header promises %s elements, more than can be counted",
                              tare_shape_text(text, *shape));
    if (needed != bytes - header)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "the header promises %s elements, %" PRId64
                              " bytes; behind byte %" PRId64 " there are %" PRId64,
                              tare_shape_text(text, *shape), needed, header, bytes - header);
    return TARE_OK;
}

/* Copies the elements, from big-endian to the machine's own order. */
static void copy_elements(const element_type *type, const uint8_t *from, tare_array *array) {
    void *to = array->data;
    if (type->size == 1) {
        if (array->bytes > 0) memcpy(to, from, array->bytes);
        return;
    }
    for (int64_t i = 0; i < array->count; i++) {
        if (type->size == 2) {
            const uint16_t word = (uint16_t)(from[2 * i] << 8 | from[2 * i + 1]);
            ((int32_t *)to)[i] = word < 0x8000 ? word : (int32_t)word - 0x10000;
        } else if (type->size == 4) {
            const uint32_t word = big_endian_32(from + 4 * i);
            memcpy((uint8_t *)to + 4 * i, &word, sizeof word);
        } else {
            const uint64_t word = big_endian_64(from + 8 * i);
            memcpy((uint8_t *)to + 8 * i, &word, sizeof word);
        }
    }
}

static tare_status read_data(const char *path, const uint8_t *data, int64_t bytes,
                             tare_array **array, tare_error *error) {
    const element_type *type = NULL;
    tare_shape shape = TARE_SCALAR;
    TARE_TRY(read_magic(path, data, bytes, &type, error));
    TARE_TRY(read_shape(path, data, bytes, type, &shape, error));
    const tare_status status = tare_array_new(type->dtype, shape, NULL, array);
    if (status != TARE_OK)
        return tare_fail_file(error, status, path, "no memory for %" PRId64 " bytes", bytes);
    copy_elements(type, data + 4 + 4 * (int64_t)shape.rank, *array);
    return TARE_OK;
}

tare_status tare_idx_read(const char *path, tare_array **array, tare_error *error) {
    if (array != NULL) *array = NULL;
    if (path == NULL || array == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "idx_read needs a path and a place for the array");
    char *data = NULL;
    int64_t bytes = 0;
    TARE_TRY(tare_file_read_inflated(path, MOST_BYTES, NULL, &data, &bytes, error));
    const tare_status status = read_data(path, (const uint8_t *)data, bytes, array, error);
    tare_release(NULL, data, (size_t)bytes + 1);
    return status;
}
