/* SPDX-License-Identifier: Apache-2.0 */
/* Records of summaries: writing and reading them. */
#include "op/summary.h"

#include "array/array.h"
#include "base/memory.h"

#include <string.h>

#define MAGIC UINT32_C(0x53524154) /* "TARS" */
#define STEP  8

/* The next multiple of 8; -1 when it cannot be had. */
static int64_t rounded(int64_t bytes) {
    int64_t more;
    return tare_add_sizes(bytes, STEP - 1, &more) ? more / STEP * STEP : -1;
}

int64_t tare_summary_record_bytes(int64_t tag_length, int64_t payload_bytes) {
    const int64_t tag = rounded(tag_length + 1), payload = rounded(payload_bytes);
    int64_t bytes;
    if (!tare_add_sizes(tag, payload, &bytes)) return -1;
    if (!tare_add_sizes(bytes, (int64_t)sizeof(tare_summary_header), &bytes)) return -1;
    return bytes;
}

void *tare_summary_begin(void *record, tare_summary_kind kind, const char *tag,
                         int64_t payload_bytes) {
    const size_t length = strlen(tag);
    const tare_summary_header header = {.magic = MAGIC,
                                        .kind = (int32_t)kind,
                                        .tag_bytes = rounded((int64_t)length + 1),
                                        .payload_bytes = rounded(payload_bytes)};
    char *at = record;
    memcpy(at, &header, sizeof header);
    at += sizeof header;
    memset(at, 0, (size_t)header.tag_bytes);
    memcpy(at, tag, length);
    at += header.tag_bytes;
    memset(at + payload_bytes, 0, (size_t)(header.payload_bytes - payload_bytes));
    return at;
}

/* Pixels of images, which must fill the payload. */
static bool take_images(const char *payload, int64_t bytes, tare_summary_record *record) {
    const tare_summary_images *images = (const void *)payload;
    int64_t pixels = 0;
    if (bytes < (int64_t)sizeof *images || images->channels < 1 || images->channels > 4 ||
        !tare_multiply_sizes(images->count, images->height, &pixels) ||
        !tare_multiply_sizes(pixels, images->width, &pixels) ||
        !tare_multiply_sizes(pixels, images->channels, &pixels))
        return false;
    record->images = images;
    record->pixels = (const uint8_t *)(images + 1);
    return rounded(pixels) == bytes - (int64_t)sizeof *images;
}

static bool take_payload(const char *payload, int64_t bytes, tare_summary_record *record) {
    if (record->kind == TARE_SUMMARY_SCALAR) {
        if (bytes == (int64_t)sizeof record->number)
            memcpy(&record->number, payload, sizeof record->number);
        return bytes == (int64_t)sizeof record->number;
    }
    if (record->kind == TARE_SUMMARY_HISTOGRAM) {
        record->histogram = (const void *)payload;
        return bytes == (int64_t)sizeof *record->histogram;
    }
    return record->kind == TARE_SUMMARY_IMAGES && take_images(payload, bytes, record);
}

/* left: bytes from the header on. */
static bool is_sound_header(const tare_summary_header *header, int64_t left) {
    const int64_t room = left - (int64_t)sizeof *header;
    return header->magic == MAGIC && header->tag_bytes > 0 && header->tag_bytes % STEP == 0 &&
           header->payload_bytes >= 0 && header->payload_bytes % STEP == 0 &&
           header->tag_bytes <= room && header->payload_bytes <= room - header->tag_bytes;
}

bool tare_summary_next(const tare_array *array, int64_t *at, tare_summary_record *record,
                       bool *sound) {
    const int64_t left = array->count - *at;
    tare_summary_header header;
    *sound = left == 0;
    if (left < (int64_t)sizeof header) return false;
    const char *place = (const char *)array->data + *at;
    if ((uintptr_t)place % STEP != 0) return false; /* no array that a run made */
    memcpy(&header, place, sizeof header);
    if (!is_sound_header(&header, left)) return false;
    record->kind = (tare_summary_kind)header.kind;
    record->tag = place + sizeof header;
    if (record->tag[header.tag_bytes - 1] != '\0') return false;
    if (!take_payload(record->tag + header.tag_bytes, header.payload_bytes, record)) return false;
    *at += (int64_t)sizeof header + header.tag_bytes + header.payload_bytes;
    *sound = true;
    return true;
}
