/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as protocol buffers and back (tfevents.proto). Without protobuf-c every function answers
 * TARE_ERROR_UNSUPPORTED.
 */
#ifndef TARE_SRC_REPORT_EVENT_MESSAGE_H
#define TARE_SRC_REPORT_EVENT_MESSAGE_H

#include "base/memory.h"
#include <tare/event.h>

/* Growing bytes. */
typedef TARE_VECTOR(unsigned char) tare_bytes;

/* An event to be written; what does not belong to its kind is not looked at. */
typedef struct tare_event_draft {
    tare_event event;
    const tare_bytes *graph; /* TARE_EVENT_GRAPH: its message */
    int32_t session;         /* TARE_EVENT_SESSION: 1 start, 2 stop, 3 checkpoint */
} tare_event_draft;

/* TARE_OK, or "this build .. without protobuf-c". */
tare_status tare_event_message_ready(tare_error *error);

/* Appends the event's message to bytes. */
tare_status tare_event_encode(const tare_event_draft *draft, tare_bytes *bytes, tare_error *error);
/* Appends a graph's message to bytes. */
tare_status tare_graph_encode(const tare_graph *graph, tare_bytes *bytes, tare_error *error);

/* A message opened, and the event that points into it. Zero at first; release in any case. */
typedef struct tare_event_opened {
    tare_event event;
    void *message;
    tare_arena *arena; /* what was made beside it */
} tare_event_opened;
/*
 * path, offset: for sentences. Errors  TARE_ERROR_FORMAT: not such a message, or one that wants far
 * more memory than its length explains.
 */
tare_status tare_event_decode(const char *path, int64_t offset, const void *data, size_t bytes,
                              tare_event_opened *opened, tare_error *error);
void tare_event_release(tare_event_opened *opened);

#endif
