/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flatbuffers whose writer nobody vouches for. The bytes, all little-endian:
 *
 *     0        offset of the root table, then 4 characters that name the format
 *     table    offset back to its vtable (signed), then its fields
 *     vtable   its bytes, the table's bytes, then where each field stands in the table (0: not
 * there) vector   a count, then elements; of tables and texts: offsets forward to them text     a
 * vector of bytes with a NUL behind
 *
 * Nothing is read before it is known to lie inside; offsets to tables, vectors and texts point
 * forward, so there are no cycles. Parts may be shared; what is looked at is counted, and a file
 * that has more shown than four times its size is refused, so that sharing cannot make reading
 * long.
 *
 * Source  flatbuffers.dev, "FlatBuffers internals".
 */
#ifndef TARE_SRC_MODEL_FLATBUFFER_H
#define TARE_SRC_MODEL_FLATBUFFER_H

#include <tare/base.h>

typedef struct tare_flatbuffer {
    const unsigned char *bytes;
    int64_t size, seen;
    const char *path; /* for messages */
    tare_error *error;
} tare_flatbuffer;

/* Where a table's parts are; at 0: there is no table. */
typedef struct tare_flat_table {
    int64_t at, bytes, vtable, vtable_bytes;
} tare_flat_table;

/* Elements at `at`; count 0: none, or no vector. */
typedef struct tare_flat_vector {
    int64_t at, count;
} tare_flat_vector;

/* "'FILE': what is at byte N: SENTENCE"; TARE_ERROR_FORMAT. */
tare_status tare_flat_refuse(const tare_flatbuffer *buffer, int64_t at, const char *sentence);

/* The root; identifier: 4 characters. */
tare_status tare_flat_root(tare_flatbuffer *buffer, const char *identifier, tare_flat_table *root);

/* A field that is not there leaves *value, gives no table, no vector, no text (NULL). */
tare_status tare_flat_integer(const tare_flatbuffer *buffer, const tare_flat_table *table,
                              int field, int bytes, bool is_signed, int64_t *value);
tare_status tare_flat_float(const tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                            double *value);
tare_status tare_flat_table_in(tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                               tare_flat_table *found);
tare_status tare_flat_vector_in(tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                                int element_bytes, tare_flat_vector *found);
/* UTF-8 of the buffer itself. */
tare_status tare_flat_text_in(tare_flatbuffer *buffer, const tare_flat_table *table, int field,
                              const char **text);
/* Element i < count of a vector of tables. */
tare_status tare_flat_table_at(tare_flatbuffer *buffer, tare_flat_vector vector, int64_t i,
                               tare_flat_table *found);

#endif
