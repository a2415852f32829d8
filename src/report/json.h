/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON (RFC 8259) piece by piece: the writer knows where commas go. Numbers are the
 * shortest that read back; what JSON cannot say (NaN, infinities) becomes null. Nesting is at most
 * TARE_JSON_DEPTH.
 */
#ifndef TARE_SRC_REPORT_JSON_H
#define TARE_SRC_REPORT_JSON_H

#include "base/text.h"

#include <tare/array.h>

#define TARE_JSON_DEPTH 32

typedef struct tare_json {
    tare_text text;   /* what was written; failed when memory ran out */
    uint32_t started; /* bit d: something stands at depth d already */
    int depth;
    bool after_key;
} tare_json;

void tare_json_begin_object(tare_json *json);
void tare_json_begin_array(tare_json *json);
void tare_json_end_object(tare_json *json);
void tare_json_end_array(tare_json *json);
void tare_json_key(tare_json *json, const char *key);
void tare_json_text(tare_json *json,
                    const char *text); /* NULL: null. Bytes that are not UTF-8 become U+FFFD */
void tare_json_integer(tare_json *json, int64_t number);
void tare_json_double(tare_json *json, double number);
void tare_json_float(tare_json *json, float number);
void tare_json_boolean(tare_json *json, bool truth);

/* key and value at once, for objects. */
void tare_json_member_text(tare_json *json, const char *key, const char *text);
void tare_json_member_integer(tare_json *json, const char *key, int64_t number);
void tare_json_member_double(tare_json *json, const char *key, double number);
void tare_json_member_boolean(tare_json *json, const char *key, bool truth);
void tare_json_member_shape(tare_json *json, const char *key, tare_shape shape); /* [2, 3] */

#endif
