/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing event files: the file and its records. Every event is one record and goes to the system
 * in one piece, so that who reads along finds whole ones.
 */
#include "report/event_writer.h"

#include "base/clock.h"
#include "base/status.h"
#include "base/system.h"
#include "base/text.h"
#include "graph/op.h"
#include "report/event_record.h"

#include <inttypes.h>
#include <string.h>

#define FILE_VERSION  "brain.Event:2"
#define SESSION_START 1
#define HOST_NAME     256
#define ATTEMPTS      1000

#define TARE_TABLE_STRUCT tare_event_writer_options
TARE_OPTION_TABLE(static, writer_table, TARE_EVENT_WRITER_FIELDS);
#undef TARE_TABLE_STRUCT

/* ----------------------------------------------------------------------------------- the file */

/* FOLDER/events.out.tfevents.SECONDS.HOST, behind it .1, .2 .. where that is taken, the suffix. */
static void write_name(tare_text *path, const char *folder, int64_t seconds, int attempt,
                       const char *suffix) {
    char host[HOST_NAME];
    tare_host_name(host, sizeof host);
    for (char *c = host; *c != '\0'; c++)
        if (*c == '/') *c = '_';
    path->length = 0;
    tare_text_format(path, "%s/events.out.tfevents.%010" PRId64 ".%s", folder, seconds, host);
    if (attempt > 0) tare_text_format(path, ".%d", attempt);
    if (suffix != NULL) tare_text_add(path, suffix);
}

static tare_status open_file(tare_event_writer *writer, const char *folder, const char *suffix) {
    const int64_t seconds = (int64_t)tare_wall_seconds();
    tare_text path = {.allocator = NULL};
    tare_status status = TARE_ERROR_STATE; /* as long as the name is taken */
    for (int attempt = 0; attempt < ATTEMPTS && status == TARE_ERROR_STATE; attempt++) {
        write_name(&path, folder, seconds, attempt, suffix);
        status = path.failed ? tare_fail_memory(&writer->error)
                             : tare_appender_open(path.data, &writer->file, &writer->error);
    }
    tare_text_clear(&path);
    return status;
}

static tare_status begin(tare_event_writer *writer, const char *folder, const char *suffix) {
    TARE_TRY(tare_event_message_ready(&writer->error));
    if (folder == NULL || folder[0] == '\0')
        return tare_fail_at(&writer->error, TARE_ERROR_ARGUMENT, "event_writer", "folder",
                            "nothing", "the name of a folder");
    if (suffix != NULL && strchr(suffix, '/') != NULL)
        return tare_fail_at(&writer->error, TARE_ERROR_ARGUMENT, "event_writer", "suffix", suffix,
                            "the end of a file's name, without '/'");
    TARE_TRY(tare_make_folder(folder, &writer->error));
    TARE_TRY(open_file(writer, folder, suffix));
    tare_event_draft version = {.event = {.kind = TARE_EVENT_VERSION, .text = FILE_VERSION}};
    return tare_event_writer_put(writer, &version);
}

static tare_status end(tare_event_writer *writer, tare_error *error) {
    const tare_status status = tare_appender_close(writer->file, error);
    tare_vector_free(NULL, &writer->record);
    tare_release(NULL, writer, sizeof *writer);
    return status;
}

tare_status tare_event_writer_new_with(const char *folder, const tare_event_writer_options *options,
                                       tare_event_writer **writer, tare_error *error) {
    if (writer == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "an event writer needs a place for itself");
    *writer = NULL;
    tare_event_writer_options given;
    tare_options_adopt(&writer_table, options, &given);
    tare_event_writer *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    const tare_status status = begin(made, folder, given.suffix);
    if (status == TARE_OK) {
        *writer = made;
        return TARE_OK;
    }
    if (error != NULL) *error = made->error;
    (void)end(made, NULL); /* what went wrong first counts */
    return status;
}

tare_status tare_event_writer_flush(tare_event_writer *writer) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    return tare_appender_sync(writer->file, &writer->error);
}

const char *tare_event_writer_path(const tare_event_writer *writer) {
    return writer == NULL ? "" : tare_appender_path(writer->file);
}

const char *tare_event_writer_message(const tare_event_writer *writer) {
    return writer == NULL ? "" : writer->error.message;
}

const tare_error *tare_event_writer_error(const tare_event_writer *writer) {
    return writer == NULL ? NULL : &writer->error;
}

tare_status tare_event_writer_close(tare_event_writer *writer, tare_error *error) {
    return writer == NULL ? TARE_OK : end(writer, error);
}

/* --------------------------------------------------------------------------------- the records */

/* Room for `more` bytes, which count from then on. */
static tare_status extend(tare_event_writer *writer, int64_t more) {
    if (!tare_vector_reserve(NULL, &writer->record, more)) return tare_fail_memory(&writer->error);
    writer->record.count += more;
    return TARE_OK;
}

tare_status tare_event_writer_put(tare_event_writer *writer, tare_event_draft *draft) {
    tare_bytes *record = &writer->record;
    draft->event.wall_time = tare_wall_seconds();
    record->count = 0;
    TARE_TRY(extend(writer, TARE_RECORD_HEAD));
    TARE_TRY(tare_event_encode(draft, record, &writer->error));
    TARE_TRY(extend(writer, TARE_RECORD_TAIL));
    const size_t whole = (size_t)record->count;
    tare_record_frame(record->items, whole - TARE_RECORD_HEAD - TARE_RECORD_TAIL);
    return tare_appender_add(writer->file, record->items, whole, &writer->error);
}

tare_status tare_event_writer_graph(tare_event_writer *writer, const tare_graph *graph) {
    if (writer == NULL || graph == NULL) return TARE_ERROR_ARGUMENT;
    tare_bytes message = {.items = NULL};
    tare_event_draft draft = {.event = {.kind = TARE_EVENT_GRAPH}, .graph = &message};
    tare_status status = tare_graph_encode(graph, &message, &writer->error);
    if (status == TARE_OK) status = tare_event_writer_put(writer, &draft);
    tare_vector_free(NULL, &message);
    return status;
}

tare_status tare_event_writer_restart(tare_event_writer *writer, int64_t step) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    tare_event_draft draft = {.event = {.kind = TARE_EVENT_SESSION, .step = step},
                              .session = SESSION_START};
    return tare_event_writer_put(writer, &draft);
}

tare_status tare_event_writer_check_tag(tare_event_writer *writer, const char *tag) {
    if (tag != NULL && tag[0] != '\0' && tare_is_utf8(tag, strlen(tag))) return TARE_OK;
    return tare_fail_at(&writer->error, TARE_ERROR_ARGUMENT, "event_writer", "tag",
                        tag == NULL      ? "nothing"
                        : tag[0] == '\0' ? "an empty text"
                                         : "a text that is not UTF-8",
                        "a tag in UTF-8");
}

tare_status tare_event_writer_values(tare_event_writer *writer, const tare_event_value *values,
                                     size_t count, int64_t step) {
    for (size_t i = 0; i < count; i++) TARE_TRY(tare_event_writer_check_tag(writer, values[i].tag));
    tare_event_draft draft = {
        .event = {.kind = TARE_EVENT_VALUES, .step = step, .values = values, .value_count = count}};
    return tare_event_writer_put(writer, &draft);
}
