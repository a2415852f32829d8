/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's events as a Chrome trace. Source: Trace Event Format, section "Complete Events". */
#include "report/trace.h"

#include <math.h>

/* To the nanosecond, which is as good as the clock. */
static double microseconds(double seconds) { return round(seconds * 1e9) / 1e3; }

void tare_trace_add(tare_json *json, const tare_profile_event *event, const char *category,
                    double origin) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", event->op);
    tare_json_member_text(json, "cat", category);
    tare_json_member_text(json, "ph", "X");
    tare_json_member_double(json, "ts", microseconds(event->begin - origin));
    tare_json_member_double(json, "dur", microseconds(event->seconds));
    tare_json_member_integer(json, "pid", 1);
    tare_json_member_integer(json, "tid", 1);
    tare_json_key(json, "args");
    tare_json_begin_object(json);
    tare_json_member_text(json, "node", event->node);
    if (event->gradient_of) tare_json_member_text(json, "gradient_of", event->gradient_of);
    tare_json_member_integer(json, "run", event->run);
    tare_json_member_integer(json, "bytes", event->bytes);
    tare_json_member_double(json, "flops", event->flops);
    tare_json_end_object(json);
    tare_json_end_object(json);
}
