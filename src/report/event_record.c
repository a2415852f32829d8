/* SPDX-License-Identifier: Apache-2.0 */
/* The records of an event file. */
#include "report/event_record.h"

#include "base/bytes.h"
#include "base/crc32c.h"

static uint32_t sum_of(const void *data, size_t bytes) {
    return tare_crc32c_mask(tare_crc32c(0, data, bytes));
}

void tare_record_frame(unsigned char *record, size_t bytes) {
    unsigned char *data = record + TARE_RECORD_HEAD;
    (void)tare_put_64(record, bytes);
    (void)tare_put_32(record + 8, sum_of(record, 8));
    (void)tare_put_32(data + bytes, sum_of(data, bytes));
}

bool tare_record_length(const unsigned char head[TARE_RECORD_HEAD], uint64_t *bytes) {
    *bytes = tare_get_64(head);
    return tare_get_32(head + 8) == sum_of(head, 8);
}

bool tare_record_is_sound(const unsigned char *data, size_t bytes) {
    return tare_get_32(data + bytes) == sum_of(data, bytes);
}
