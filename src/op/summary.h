/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What summary ops compute: records, one after another, in an array of bytes.
 *
 *     tare_summary_header | tag, NUL, zeros up to a multiple of 8 | payload, zeros likewise
 *
 *     scalar      double
 *     histogram   tare_histogram
 *     images      tare_summary_images | pixels, 8 bits a channel
 *
 * They live as long as the process, so their numbers stand as the machine has them. An array that a
 * program hands over may hold anything: whoever reads one goes through tare_summary_next.
 */
#ifndef TARE_SRC_OP_SUMMARY_H
#define TARE_SRC_OP_SUMMARY_H

#include "graph/op.h"
#include "kernel/histogram.h"
#include <tare/summary.h>

typedef enum tare_summary_kind {
    TARE_SUMMARY_SCALAR = 1,
    TARE_SUMMARY_HISTOGRAM = 2,
    TARE_SUMMARY_IMAGES = 3
} tare_summary_kind;

typedef struct tare_summary_header {
    uint32_t magic;
    int32_t kind;
    int64_t tag_bytes, payload_bytes; /* both multiples of 8 */
} tare_summary_header;

typedef struct tare_summary_images {
    int64_t count, height, width, channels;
    int64_t numbered; /* 1: tags end in their number */
} tare_summary_images;

/* One record of an array. Payloads are aligned to 8 bytes where the array is. */
typedef struct tare_summary_record {
    tare_summary_kind kind;
    const char *tag;
    union {
        double number;
        const tare_histogram *histogram;
        struct {
            const tare_summary_images *images;
            const uint8_t *pixels;
        };
    };
} tare_summary_record;

/*
 * The record at *at, which moves behind it. False at the end, and, with *sound false, where there
 * is something else than a record.
 */
bool tare_summary_next(const tare_array *array, int64_t *at, tare_summary_record *record,
                       bool *sound);

/* Options of the nodes; the public ones name collections too, which are the builders' affair. */
/* clang-format off */
#define TARE_SUMMARY_NODE_FIELDS(field)                                                           \
    field(text, name, NULL, "name of the node")                                                   \
    field(text, family, NULL, "put before the tag")
#define TARE_SUMMARY_IMAGE_NODE_FIELDS(field)                                                     \
    TARE_SUMMARY_NODE_FIELDS(field)                                                               \
    field(integer, max_outputs, 3, "the first so many images of the batch")
/* clang-format on */
TARE_OPTIONS(tare_summary_node_options, TARE_SUMMARY_NODE_FIELDS);
TARE_OPTIONS(tare_summary_image_node_options, TARE_SUMMARY_IMAGE_NODE_FIELDS);

extern const tare_op_def tare_summary_ops[];
enum {
    TARE_SUMMARY_OP_SCALAR,
    TARE_SUMMARY_OP_HISTOGRAM,
    TARE_SUMMARY_OP_IMAGE,
    TARE_SUMMARY_OP_MERGE
};

/* Bytes of a record; -1 when they cannot be counted. */
int64_t tare_summary_record_bytes(int64_t tag_length, int64_t payload_bytes);
/* Writes header and tag at the start of a record, zeros to its end; returns the payload's place. */
void *tare_summary_begin(void *record, tare_summary_kind kind, const char *tag,
                         int64_t payload_bytes);

#endif
