/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing flatbuffers from front to back: a table comes before the parts that it points to, and
 * its offsets are filled in when those are written. model/flatbuffer.h shows the bytes.
 */
#ifndef TARE_SRC_MODEL_FLATBUFFER_WRITE_H
#define TARE_SRC_MODEL_FLATBUFFER_WRITE_H

#include "base/text.h"

typedef struct tare_flat_writer {
    tare_text bytes; /* failed when memory ran out: what is written then is nothing */
} tare_flat_writer;

/* One field of a table. bytes: 1, 4 or 8 of `bits`; TARE_FLAT_OFFSET: an offset to be pointed. */
#define TARE_FLAT_OFFSET 0
typedef struct tare_flat_entry {
    int number, bytes;
    uint64_t bits;
    size_t place; /* set by put_table: where it stands */
} tare_flat_entry;
#define TARE_FLAT_MOST_ENTRIES 16

/* The head, whose root is the next table. */
void tare_flat_begin(tare_flat_writer *writer, const char *identifier);
/* A table with these fields, in any order; returns where it stands. */
size_t tare_flat_put_table(tare_flat_writer *writer, tare_flat_entry *entries, int count);
/* Vectors; elements begin at a multiple of align (a power of two). Numbers of 32 and of 64 bits, of
 * any type, are written little-endian. */
size_t tare_flat_put_bytes(tare_flat_writer *writer, const void *bytes, size_t count, size_t align);
size_t tare_flat_put_32(tare_flat_writer *writer, const void *numbers, size_t count);
size_t tare_flat_put_64(tare_flat_writer *writer, const void *numbers, size_t count);
size_t tare_flat_put_text(tare_flat_writer *writer, const char *text);
/* A vector of count offsets to be pointed: element i stands 4 + 4 i bytes behind what is returned.
 */
size_t tare_flat_put_offsets(tare_flat_writer *writer, size_t count);
#define TARE_FLAT_ELEMENT(vector, i) ((vector) + 4 + 4 * (size_t)(i))
/* The offset at `place` leads to `target`, which lies behind it. */
void tare_flat_point(tare_flat_writer *writer, size_t place, size_t target);

#endif
