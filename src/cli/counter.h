/* SPDX-License-Identifier: Apache-2.0 */
/* How far long work is, on one line of a terminal that is redrawn; nothing where standard error is
 * none. */
#ifndef TARE_SRC_CLI_COUNTER_H
#define TARE_SRC_CLI_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tare_counter {
    bool shown;
    const char *what; /* is counted, "int8 per channel" */
    double last;      /* when the line was drawn */
} tare_counter;

/* shown: on a terminal, where somebody is to see it. */
tare_counter tare_counter_new(bool wanted);
/* user: a tare_counter. Redraws the line ten times a second at most. */
void tare_counter_seen(void *user, int64_t done, int64_t all);
/* Clears the line. */
void tare_counter_end(tare_counter *counter);

#endif
