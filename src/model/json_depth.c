/* SPDX-License-Identifier: Apache-2.0 */
/* How deep JSON is nested. */
#include "model/json_depth.h"

#include <stdbool.h>

int64_t tare_json_too_deep(const char *text, size_t bytes, int deepest) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        if (quoted) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                quoted = false;
        } else if (text[i] == '"') {
            quoted = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > deepest) return (int64_t)i;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return -1;
}
