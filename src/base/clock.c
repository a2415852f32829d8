/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX's monotonic clock. */
#include "base/clock.h"

#include <time.h>

double tare_clock_seconds(void) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with a clock that POSIX demands */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
