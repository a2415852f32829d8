/* SPDX-License-Identifier: Apache-2.0 */
/* Status names, the version, and failures as sentences. */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

const char *tare_version(void) { return TARE_VERSION; }

const char *tare_status_name(tare_status status) {
    static const char *const names[] = {
        [TARE_OK] = "TARE_OK",
        [TARE_ERROR_ARGUMENT] = "TARE_ERROR_ARGUMENT",
        [TARE_ERROR_MEMORY] = "TARE_ERROR_MEMORY",
        [TARE_ERROR_SHAPE] = "TARE_ERROR_SHAPE",
        [TARE_ERROR_TYPE] = "TARE_ERROR_TYPE",
        [TARE_ERROR_NAME] = "TARE_ERROR_NAME",
        [TARE_ERROR_UNINITIALIZED] = "TARE_ERROR_UNINITIALIZED",
        [TARE_ERROR_FEED] = "TARE_ERROR_FEED",
        [TARE_ERROR_STATE] = "TARE_ERROR_STATE",
        [TARE_ERROR_BUSY] = "TARE_ERROR_BUSY",
        [TARE_ERROR_GRADIENT] = "TARE_ERROR_GRADIENT",
        [TARE_ERROR_FILE] = "TARE_ERROR_FILE",
        [TARE_ERROR_FORMAT] = "TARE_ERROR_FORMAT",
        [TARE_ERROR_UNSUPPORTED] = "TARE_ERROR_UNSUPPORTED",
        [TARE_ERROR_CANCELLED] = "TARE_ERROR_CANCELLED",
        [TARE_ERROR_LIMIT] = "TARE_ERROR_LIMIT",
        [TARE_ERROR_SYSTEM] = "TARE_ERROR_SYSTEM",
    };
    const size_t count = sizeof names / sizeof *names;
    const int64_t index = (int64_t)status; /* the enum's own type may be signed or not */
    if (index < 0 || (size_t)index >= count) return "unknown status";
    return names[index];
}

/* Appends as much of text as a field of `size` bytes holds, never half a UTF-8 character. */
static void append(char *field, size_t size, const char *text) {
    const size_t used = strlen(field);
    size_t length = strlen(text);
    if (length >= size - used) {
        length = size - used - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    }
    memcpy(field + used, text, length);
    field[used + length] = '\0';
}

#define APPEND(field, text) append((field), sizeof(field), (text))

void tare_error_clear(tare_error *error) {
    if (error != NULL) memset(error, 0, sizeof *error);
}

/*
 * A sentence of at most `size` bytes; one byte more is asked of vsnprintf, so that a cut is seen
 * and falls between characters.
 */
static void format_message(char *message, size_t size, const char *format, va_list arguments) {
    char whole[sizeof((tare_error *)NULL)->message + 4];
    if (vsnprintf(whole, sizeof whole, format, arguments) < 0) whole[0] = '\0';
    message[0] = '\0';
    append(message, size, whole);
}

/*
 * Failures are put together in a local error and copied last: the parts may be fields of the very
 * error that is being filled.
 */
tare_status tare_fail(tare_error *error, tare_status status, const char *format, ...) {
    if (error == NULL) return status;
    tare_error made = {.status = status};
    va_list arguments;
    va_start(arguments, format);
    format_message(made.message, sizeof made.message, format, arguments);
    va_end(arguments);
    *error = made;
    return status;
}

tare_status tare_fail_file(tare_error *error, tare_status status, const char *path,
                           const char *format, ...) {
    if (error == NULL) return status;
    tare_error made = {.status = status};
    char sentence[sizeof made.message];
    va_list arguments;
    va_start(arguments, format);
    format_message(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    APPEND(made.node, path == NULL ? "" : path);
    if (made.node[0] != '\0') {
        APPEND(made.message, "'");
        APPEND(made.message, made.node);
        APPEND(made.message, "': ");
    }
    APPEND(made.message, sentence);
    *error = made;
    return status;
}

/* "conv2d 'hidden/conv2d'", or the half of it that there is. */
static void begin_sentence(tare_error *made) {
    APPEND(made->message, made->op);
    if (made->node[0] == '\0') return;
    if (made->op[0] != '\0') APPEND(made->message, " ");
    APPEND(made->message, "'");
    APPEND(made->message, made->node);
    APPEND(made->message, "'");
}

tare_status tare_fail_at(tare_error *error, tare_status status, const char *op, const char *node,
                         const char *got, const char *need) {
    if (error == NULL) return status;
    tare_error made = {.status = status};
    if (op != NULL) APPEND(made.op, op);
    if (node != NULL) APPEND(made.node, node);
    if (got != NULL) APPEND(made.got, got);
    if (need != NULL) APPEND(made.need, need);

    begin_sentence(&made);
    const char *before = made.message[0] == '\0' ? "" : ": ";
    if (made.got[0] != '\0') {
        APPEND(made.message, before);
        APPEND(made.message, "got ");
        APPEND(made.message, made.got);
        before = "; ";
    }
    if (made.need[0] != '\0') {
        APPEND(made.message, before);
        APPEND(made.message, "needs ");
        APPEND(made.message, made.need);
    }
    if (made.message[0] == '\0') APPEND(made.message, tare_status_name(status));
    *error = made;
    return status;
}

tare_status tare_fail_memory(tare_error *error) {
    return tare_fail(error, TARE_ERROR_MEMORY, "out of memory");
}
