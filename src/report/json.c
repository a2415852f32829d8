/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON (RFC 8259) piece by piece. */
#include "report/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The comma before an element, unless it is the first of its depth or stands behind its key. */
static void begin_value(tare_json *json) {
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    const uint32_t bit = UINT32_C(1) << json->depth;
    if (json->depth > 0 && (json->started & bit) != 0) tare_text_add(&json->text, ", ");
    json->started |= bit;
}

static void open_bracket(tare_json *json, const char *bracket) {
    begin_value(json);
    tare_text_add(&json->text, bracket);
    json->depth++;
    assert(json->depth < TARE_JSON_DEPTH);
    json->started &= ~(UINT32_C(1) << json->depth);
}

static void close_bracket(tare_json *json, const char *bracket) {
    assert(json->depth > 0);
    json->depth--;
    tare_text_add(&json->text, bracket);
}

void tare_json_begin_object(tare_json *json) { open_bracket(json, "{"); }
void tare_json_begin_array(tare_json *json) { open_bracket(json, "["); }
void tare_json_end_object(tare_json *json) { close_bracket(json, "}"); }
void tare_json_end_array(tare_json *json) { close_bracket(json, "]"); }

static void add_escaped(tare_text *text, const char *string) {
    while (*string != '\0') {
        const unsigned char byte = (unsigned char)*string;
        if (byte == '"' || byte == '\\') {
            tare_text_format(text, "\\%c", byte);
        } else if (byte == '\n') {
            tare_text_add(text, "\\n");
        } else if (byte == '\t') {
            tare_text_add(text, "\\t");
        } else if (byte < 0x20 || byte == 0x7F) {
            tare_text_format(text, "\\u%04x", byte);
        } else if (byte < 0x80) {
            tare_text_add_bytes(text, string, 1);
        } else {
            const size_t bytes = tare_utf8_character(string);
            if (bytes == 0) {
                tare_text_add(text, "\\ufffd");
            } else {
                tare_text_add_bytes(text, string, bytes);
                string += bytes - 1;
            }
        }
        string++;
    }
}

static void add_quoted(tare_json *json, const char *string) {
    tare_text_add(&json->text, "\"");
    add_escaped(&json->text, string);
    tare_text_add(&json->text, "\"");
}

void tare_json_key(tare_json *json, const char *key) {
    begin_value(json);
    add_quoted(json, key);
    tare_text_add(&json->text, ": ");
    json->after_key = true;
}

void tare_json_text(tare_json *json, const char *text) {
    begin_value(json);
    if (text == NULL) {
        tare_text_add(&json->text, "null");
    } else {
        add_quoted(json, text);
    }
}

void tare_json_integer(tare_json *json, int64_t number) {
    begin_value(json);
    tare_text_format(&json->text, "%" PRId64, number);
}

void tare_json_double(tare_json *json, double number) {
    begin_value(json);
    if (isfinite(number)) {
        tare_text_double(&json->text, number);
    } else {
        tare_text_add(&json->text, "null");
    }
}

void tare_json_float(tare_json *json, float number) {
    begin_value(json);
    if (isfinite(number)) {
        tare_text_float(&json->text, number);
    } else {
        tare_text_add(&json->text, "null");
    }
}

void tare_json_boolean(tare_json *json, bool truth) {
    begin_value(json);
    tare_text_add(&json->text, truth ? "true" : "false");
}

void tare_json_member_text(tare_json *json, const char *key, const char *text) {
    tare_json_key(json, key);
    tare_json_text(json, text);
}

void tare_json_member_integer(tare_json *json, const char *key, int64_t number) {
    tare_json_key(json, key);
    tare_json_integer(json, number);
}

void tare_json_member_double(tare_json *json, const char *key, double number) {
    tare_json_key(json, key);
    tare_json_double(json, number);
}

void tare_json_member_boolean(tare_json *json, const char *key, bool truth) {
    tare_json_key(json, key);
    tare_json_boolean(json, truth);
}

void tare_json_member_shape(tare_json *json, const char *key, tare_shape shape) {
    tare_json_key(json, key);
    tare_json_begin_array(json);
    for (int i = 0; i < shape.rank; i++) tare_json_integer(json, shape.extents[i]);
    tare_json_end_array(json);
}
