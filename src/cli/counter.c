/* SPDX-License-Identifier: Apache-2.0 */
/* How far long work is, on one line of a terminal. */
#include "cli/counter.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/say.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define INTERVAL .1 /* seconds between two drawings */

tare_counter tare_counter_new(bool wanted) {
    return (tare_counter){.shown = wanted && tare_is_terminal(STDERR_FILENO)};
}

void tare_counter_seen(void *user, int64_t done, int64_t all) {
    tare_counter *counter = user;
    const double now = tare_clock_seconds();
    char line[128];
    if (!counter->shown || now - counter->last < INTERVAL) return;
    counter->last = now;
    tare_print(line, sizeof line, "\r%s: %" PRId64 " of %" PRId64 " examples\033[K", counter->what,
               done, all);
    tare_write_to_stderr(NULL, line, strlen(line));
}

void tare_counter_end(tare_counter *counter) {
    static const char clear[] = "\r\033[K";
    if (counter->shown && counter->last > 0) tare_write_to_stderr(NULL, clear, strlen(clear));
    counter->last = 0;
}
