/* SPDX-License-Identifier: Apache-2.0 */
/* Taking lists apart. */
#include "list.h"

#include <stdlib.h>
#include <string.h>

bool bench_list_item(const char *list, int i, char *item, size_t bytes) {
    for (; i > 0 && list != NULL; i--) {
        list = strchr(list, ',');
        if (list != NULL) list++;
    }
    if (list == NULL || *list == '\0') return false;
    const size_t length = strcspn(list, ",");
    if (length >= bytes) return false;
    memcpy(item, list, length);
    item[length] = '\0';
    return true;
}

bool bench_in_list(const char *list, const char *word) {
    char item[BENCH_WORD_BYTES];
    for (int i = 0; bench_list_item(list, i, item, sizeof item); i++)
        if (strcmp(item, word) == 0) return true;
    return false;
}

int bench_whole_number(const char *text, int most) {
    char *end;
    const long value = strtol(text, &end, 10);
    return end != text && *end == '\0' && value >= 1 && value <= most ? (int)value : 0;
}
