/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX's clocks. */
#include "base/clock.h"

#include <time.h>

static double read_clock(clockid_t clock) {
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); /* cannot fail with a clock that POSIX demands */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double tare_clock_seconds(void) { return read_clock(CLOCK_MONOTONIC); }
double tare_wall_seconds(void) { return read_clock(CLOCK_REALTIME); }
