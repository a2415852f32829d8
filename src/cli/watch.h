/* SPDX-License-Identifier: Apache-2.0 */
/* What a training shows while it goes on, and how Ctrl-C ends it: the listener that commands give
 * to tare_fit. */
#ifndef TARE_SRC_CLI_WATCH_H
#define TARE_SRC_CLI_WATCH_H

#include <tare/fit.h>

typedef struct tare_watch {
    tare_progress *progress; /* NULL: quiet */
} tare_watch;

/* Makes fit tell watch of its events and ask it whether to stop. tare_watch_end in any case. */
tare_status tare_watch_begin(tare_watch *watch, bool quiet, tare_fit_options *fit,
                             tare_error *error);
void tare_watch_end(tare_watch *watch);

#endif
