/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of an event file (TFRecord), numbers little-endian, sums masked CRC-32C:
 *
 *     length, 8 bytes | sum of the length | data | sum of the data
 *
 * Source: TensorFlow r1.15, core/lib/io/record_writer.h.
 */
#ifndef TARE_SRC_REPORT_EVENT_RECORD_H
#define TARE_SRC_REPORT_EVENT_RECORD_H

#include <tare/base.h>

#define TARE_RECORD_HEAD 12
#define TARE_RECORD_TAIL 4

/* Writes head and tail around bytes of data at record + TARE_RECORD_HEAD. */
void tare_record_frame(unsigned char *record, size_t bytes);
/* False: the head's sum is not its length's. */
bool tare_record_length(const unsigned char head[TARE_RECORD_HEAD], uint64_t *bytes);
/* Whether the tail behind bytes of data is their sum. */
bool tare_record_is_sound(const unsigned char *data, size_t bytes);

#endif
