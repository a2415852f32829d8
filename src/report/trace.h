/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile's events as a Chrome trace, the array form of the Trace Event Format: what
 * chrome://tracing and Perfetto show. Times are microseconds.
 */
#ifndef TARE_SRC_REPORT_TRACE_H
#define TARE_SRC_REPORT_TRACE_H

#include "report/json.h"
#include <tare/profile.h>

/* One complete event (ph "X") of the array that the caller has begun. category: the layer, say.
 * origin: the time that becomes 0, in seconds. */
void tare_trace_add(tare_json *json, const tare_profile_event *event, const char *category,
                    double origin);

#endif
