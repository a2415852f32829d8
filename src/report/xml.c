/* SPDX-License-Identifier: Apache-2.0 */
/* Text as XML 1.0 wants it. */
#include "report/xml.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The entity of a character, or NULL. */
static const char *entity(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Characters that XML 1.0 (section 2.2) has not: controls, U+FFFE and U+FFFF. */
static bool is_forbidden(const char *at, size_t bytes) {
    const unsigned char c = (unsigned char)*at;
    if (bytes == 1) return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    return bytes == 3 && (memcmp(at, "\xEF\xBF\xBE", 3) == 0 || memcmp(at, "\xEF\xBF\xBF", 3) == 0);
}

void tare_xml_add(tare_text *text, const char *string) {
    while (string != NULL && *string != '\0') {
        const size_t bytes = tare_utf8_character(string);
        if (entity(*string) != NULL)
            tare_text_add(text, entity(*string));
        else if (bytes == 0 || is_forbidden(string, bytes))
            tare_text_add(text, REPLACEMENT);
        else
            tare_text_add_bytes(text, string, bytes);
        string += bytes == 0 ? 1 : bytes;
    }
}
