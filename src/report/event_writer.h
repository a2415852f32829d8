/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an event writer. */
#ifndef TARE_SRC_REPORT_EVENT_WRITER_H
#define TARE_SRC_REPORT_EVENT_WRITER_H

#include "base/file.h"
#include "report/event_message.h"

struct tare_event_writer {
    tare_appender *file;
    tare_bytes record; /* the one being made */
    tare_error error;  /* of the last failed call */
};

/* Writes an event, at the present time. The draft's kind is set. */
tare_status tare_event_writer_put(tare_event_writer *writer, tare_event_draft *draft);
/* Writes values of a step as one event; their tags and texts must be UTF-8. */
tare_status tare_event_writer_values(tare_event_writer *writer, const tare_event_value *values,
                                     size_t count, int64_t step);
tare_status tare_event_writer_check_tag(tare_event_writer *writer, const char *tag);

#endif
