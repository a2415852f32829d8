/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a .safetensors file:
 *
 *     8 bytes     n, the length of the header, little-endian
 *     n bytes     JSON: {"__metadata__": {KEY: TEXT, ..},
 *                        NAME: {"dtype": "F32", "shape": [..], "data_offsets": [BEGIN, END]}, ..}
 *     the rest    data; offsets count from its first byte, tensors follow each other without gap
 */
#ifndef TARE_SRC_MODEL_SAFETENSORS_H
#define TARE_SRC_MODEL_SAFETENSORS_H

#include "base/file.h"
#include "base/map.h"
#include "base/memory.h"
#include <tare/model.h>

#define TARE_SAFETENSORS_LENGTH_BYTES 8
#define TARE_SAFETENSORS_METADATA     "__metadata__"

/* A dtype of the format; dtype TARE_DTYPE_NONE: listed, never read. */
typedef struct tare_safetensors_type {
    const char *name;
    int64_t size;
    tare_dtype dtype;
} tare_safetensors_type;
const tare_safetensors_type *tare_safetensors_type_named(const char *name); /* NULL: none */
const tare_safetensors_type *tare_safetensors_type_of(tare_dtype dtype);    /* NULL: none */

typedef struct tare_safetensors_entry {
    const char *name;
    const tare_safetensors_type *type;
    tare_shape shape;
    int64_t begin, bytes; /* in the data */
} tare_safetensors_entry;

struct tare_safetensors {
    tare_allocator allocator;
    tare_file *file;
    tare_arena *arena; /* entries, metadata and their texts */
    tare_map *places;  /* name -> index of its entry */
    tare_safetensors_entry *entries;
    tare_metadata *metadata;
    size_t count, metadata_count;
    int64_t data_at; /* offset of the data in the file */
};

/* Reads the header's JSON into file and holds it against data_bytes, the length of the data. */
tare_status tare_safetensors_parse(tare_safetensors *file, const char *path, const char *header,
                                   size_t bytes, int64_t data_bytes, tare_error *error);

/* tare_safetensors_open with memory of the allocator's (NULL: the default one), arrays included. */
tare_status tare_safetensors_open_with(const char *path, const tare_allocator *allocator,
                                       tare_safetensors **file, tare_error *error);

/* Index of a tensor, -1 when there is none. */
int64_t tare_safetensors_find(const tare_safetensors *file, const char *name);
/* Reads a tensor by its index. */
tare_status tare_safetensors_read_entry(tare_safetensors *file, int64_t i, tare_array **array,
                                        tare_error *error);

/*
 * The order in which arrays are written: by falling size of an element, so that every tensor is
 * aligned to its elements; otherwise as they were given. order: [count].
 */
void tare_safetensors_order(size_t count, const tare_array *const *arrays, size_t *order);

/* tare_safetensors_write with memory of the allocator's. */
tare_status tare_safetensors_write_with(const char *path, const tare_allocator *allocator,
                                        size_t count, const char *const *names,
                                        const tare_array *const *arrays, size_t metadata_count,
                                        const tare_metadata *metadata, tare_error *error);

#endif
