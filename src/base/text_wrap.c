/* SPDX-License-Identifier: Apache-2.0 */
/* Paragraphs, their lines broken between words. */
#include <string.h>

#include "base/text.h"

#define WIDTH 96

void tare_text_wrap(tare_text *text, int indent, const char *head, const char *words) {
    size_t column = (size_t)indent + strlen(head);
    tare_text_format(text, "%*s%s", indent, "", head);
    for (bool first = true; *words; first = false) {
        const size_t length = strcspn(words, " ");
        const bool breaks = !first && column + 1 + length > WIDTH;
        if (breaks) tare_text_format(text, "\n%*s", indent + 2, "");
        if (!breaks && !first) tare_text_add(text, " ");
        column = (breaks ? (size_t)indent + 2 : column + !first) + length;
        tare_text_add_bytes(text, words, length);
        words += length + strspn(words + length, " ");
    }
    tare_text_add(text, "\n");
}
