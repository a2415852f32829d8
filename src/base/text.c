/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, bounded printing, comparing, UTF-8. */
#include "base/text.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for `more` bytes and the NUL. */
static bool reserve(tare_text *text, size_t more) {
    if (text->failed) return false;
    if (more < text->capacity - text->length) return true;
    if (more > SIZE_MAX / 4 - text->length) {
        text->failed = true;
        return false;
    }
    size_t capacity = text->capacity < 64 ? 64 : 2 * text->capacity;
    if (capacity < text->length + more + 1) capacity = text->length + more + 1;
    char *data = tare_resize(text->allocator, text->data, text->capacity, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void tare_text_add_bytes(tare_text *text, const char *bytes, size_t count) {
    if (!reserve(text, count)) return;
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void tare_text_add(tare_text *text, const char *string) {
    tare_text_add_bytes(text, string, strlen(string));
}

void tare_text_format(tare_text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)length)) {
        (void)vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void tare_text_float(tare_text *text, float number) {
    char buffer[TARE_NUMBER_TEXT];
    tare_text_add(text, tare_float_text(buffer, number));
}

void tare_text_double(tare_text *text, double number) {
    char buffer[TARE_NUMBER_TEXT];
    tare_text_add(text, tare_double_text(buffer, number));
}

void tare_text_clear(tare_text *text) {
    tare_release(text->allocator, text->data, text->capacity);
    *text = (tare_text){.allocator = text->allocator};
}

char *tare_print(char *buffer, size_t size, const char *format, ...) {
    if (size == 0) return buffer;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(buffer, size, format, arguments) < 0) buffer[0] = '\0';
    va_end(arguments);
    return buffer;
}

bool tare_same_text(const char *a, const char *b) {
    if (a == NULL || b == NULL) return a == b;
    return strcmp(a, b) == 0;
}

/*
 * Bytes of the well-formed character at the start of text, 0 when there is none (RFC 3629: no
 * overlong forms, no surrogates, nothing beyond U+10FFFF).
 */
static size_t character(const unsigned char *text, size_t bytes) {
    const unsigned char first = text[0];
    if (first < 0x80) return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > bytes) return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F)) return 0;
    if ((first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F)) return 0;
    return length;
}

bool tare_is_utf8(const char *text, size_t bytes) {
    const unsigned char *at = (const unsigned char *)text;
    while (bytes > 0) {
        const size_t length = character(at, bytes);
        if (length == 0) return false;
        at += length;
        bytes -= length;
    }
    return true;
}

size_t tare_utf8_character(const char *text) {
    return character((const unsigned char *)text, 4); /* a NUL ends any character */
}

char *tare_scaled_text(char *buffer, double number, const char *unit) {
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
    const size_t last = sizeof prefixes / sizeof *prefixes - 1;
    char digits[TARE_NUMBER_TEXT];
    size_t prefix = 0;
    for (; (number >= 999.5 || number <= -999.5) && prefix < last; prefix++) number /= 1000;
    tare_significant_text(digits, number, 3);
    return tare_print(buffer, TARE_NUMBER_TEXT, "%s %s%s", digits, prefixes[prefix], unit);
}
