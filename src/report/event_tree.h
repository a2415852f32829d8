/* SPDX-License-Identifier: Apache-2.0 */
/* What encoding and decoding share; in builds with protobuf-c alone. */
#ifndef TARE_SRC_REPORT_EVENT_TREE_H
#define TARE_SRC_REPORT_EVENT_TREE_H

#include "report/event_message.h"
#include <tfevents.pb-c.h>

/* protobuf-c's structs do not promise that packing leaves a text alone; it does. */
static inline char *tare_message_text(const char *text) { return (char *)(uintptr_t)text; }

/* Appends a message to bytes. */
tare_status tare_message_pack(const ProtobufCMessage *message, tare_bytes *bytes,
                              tare_error *error);

#endif
