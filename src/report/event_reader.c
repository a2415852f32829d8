/* SPDX-License-Identifier: Apache-2.0 */
/* Reading event files record by record. */
#include "base/file.h"
#include "base/status.h"
#include "report/event_message.h"
#include "report/event_record.h"

#include <string.h>

struct tare_event_reader {
    tare_file *file;
    int64_t offset;  /* of the next record */
    tare_bytes data; /* of the record being read, and its tail */
    tare_event_opened opened;
};

static tare_status read_head(tare_event_reader *reader, uint64_t *bytes, tare_error *error) {
    unsigned char head[TARE_RECORD_HEAD];
    TARE_TRY(tare_file_read_at(reader->file, reader->offset, head, sizeof head, error));
    if (tare_record_length(head, bytes)) return TARE_OK;
    return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(reader->file),
                          "the record at byte %lld has a length that does not match its checksum",
                          (long long)reader->offset);
}

/* The data of the next record, in reader->data, and their length. */
static tare_status read_record(tare_event_reader *reader, size_t *bytes, tare_error *error) {
    uint64_t length;
    TARE_TRY(read_head(reader, &length, error));
    const int64_t begin = reader->offset + TARE_RECORD_HEAD;
    const int64_t left = tare_file_size(reader->file) - begin;
    if (left < TARE_RECORD_TAIL || length > (uint64_t)(left - TARE_RECORD_TAIL))
        return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(reader->file),
                              "ends within the record at byte %lld", (long long)reader->offset);
    const int64_t whole = (int64_t)length + TARE_RECORD_TAIL;
    reader->data.count = 0;
    if (!tare_vector_reserve(NULL, &reader->data, whole)) return tare_fail_memory(error);
    TARE_TRY(tare_file_read_at(reader->file, begin, reader->data.items, (size_t)whole, error));
    *bytes = (size_t)length;
    if (tare_record_is_sound(reader->data.items, *bytes)) return TARE_OK;
    return tare_fail_file(error, TARE_ERROR_FORMAT, tare_file_path(reader->file),
                          "the record at byte %lld does not match its checksum",
                          (long long)reader->offset);
}

static tare_status next(tare_event_reader *reader, bool *found, tare_error *error) {
    *found = false;
    if (reader->offset == tare_file_size(reader->file)) return TARE_OK;
    size_t bytes = 0;
    TARE_TRY(read_record(reader, &bytes, error));
    TARE_TRY(tare_event_decode(tare_file_path(reader->file), reader->offset, reader->data.items,
                               bytes, &reader->opened, error));
    reader->offset += (int64_t)bytes + TARE_RECORD_HEAD + TARE_RECORD_TAIL;
    *found = true;
    return TARE_OK;
}

tare_status tare_event_reader_next(tare_event_reader *reader, tare_event *event, bool *found,
                                   tare_error *error) {
    if (found != NULL) *found = false;
    if (reader == NULL || event == NULL || found == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "reading an event needs a reader and places for the event and whether "
                         "there was one");
    TARE_TRY(next(reader, found, error));
    if (!*found) return TARE_OK;
    const size_t size = event->struct_size;
    reader->opened.event.struct_size = size;
    memcpy(event, &reader->opened.event, size < sizeof *event ? size : sizeof *event);
    return TARE_OK;
}

static tare_status open_reader(tare_event_reader *reader, const char *path, tare_error *error) {
    TARE_TRY(tare_event_message_ready(error));
    TARE_TRY(tare_file_open(path, &reader->file, error));
    uint64_t length;
    if (tare_file_size(reader->file) >= TARE_RECORD_HEAD) return read_head(reader, &length, error);
    return tare_fail_file(error, TARE_ERROR_FORMAT, path, "is no event file: it has no record");
}

tare_status tare_event_reader_open(const char *path, tare_event_reader **reader,
                                   tare_error *error) {
    if (reader == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "an event reader needs a place for itself");
    *reader = NULL;
    tare_event_reader *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    const tare_status status = open_reader(made, path, error);
    if (status == TARE_OK)
        *reader = made;
    else
        tare_event_reader_close(made);
    return status;
}

void tare_event_reader_close(tare_event_reader *reader) {
    if (reader == NULL) return;
    tare_event_release(&reader->opened);
    tare_vector_free(NULL, &reader->data);
    tare_file_close(reader->file);
    tare_release(NULL, reader, sizeof *reader);
}
