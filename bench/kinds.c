/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up a session's profile by op. */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

enum { MOST_KINDS = 64 };

typedef struct kind {
    const char *op;
    double seconds;
} kind;

tare_status bench_kinds_begin(bench_work *work, tare_error *error) {
    const tare_status status = tare_session_profile_begin(work->session);
    if (status != TARE_OK) *error = *tare_session_error(work->session);
    return status;
}

/* The place of that op, made where there is none. */
static kind *kind_of(kind kinds[MOST_KINDS], size_t *count, const char *op) {
    for (size_t i = 0; i < *count; i++)
        if (strcmp(kinds[i].op, op) == 0) return &kinds[i];
    if (*count < MOST_KINDS) kinds[(*count)++] = (kind){.op = op};
    return &kinds[*count - 1];
}

void bench_kinds_print(bench_work *work) {
    kind kinds[MOST_KINDS];
    size_t count = 0;
    tare_profile_counts counts = {.struct_size = sizeof counts};
    putchar('{');
    if (tare_session_profile_end(work->session) == TARE_OK &&
        tare_session_profile_count(work->session, &counts) == TARE_OK)
        for (int64_t i = 0; i < counts.entries; i++) {
            tare_profile_entry entry = {.struct_size = sizeof entry};
            if (tare_session_profile_entry(work->session, i, &entry) == TARE_OK)
                kind_of(kinds, &count, entry.op)->seconds += entry.seconds;
        }
    for (size_t i = 0; i < count; i++)
        printf("%s\"%s\": %.3f", i == 0 ? "" : ", ", kinds[i].op,
               1e6 * kinds[i].seconds / (double)counts.runs);
    putchar('}');
}
