/* SPDX-License-Identifier: Apache-2.0 */
/* What a training shows while it goes on, and how Ctrl-C ends it. */
#include "cli/watch.h"
#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/say.h"

#include <inttypes.h>
#include <unistd.h>

/* Where training goes on, or that nothing is left of it. */
static void note_resumed(tare_progress *progress, const tare_progress_facts *facts) {
    char note[128];
    if (facts->epoch > facts->epochs)
        tare_print(note, sizeof note, "epochs done already: %" PRId64, facts->epoch - 1);
    else
        tare_print(note, sizeof note, "going on in epoch %" PRId64 " after step %" PRId64,
                   facts->epoch, facts->step);
    tare_progress_note(progress, note);
}

static void show(void *user, tare_fit_event event, const tare_progress_facts *facts) {
    const tare_watch *watch = user;
    if (event == TARE_FIT_STEP) tare_progress_step(watch->progress, facts);
    if (event == TARE_FIT_EPOCH) tare_progress_epoch(watch->progress, facts);
    if (event == TARE_FIT_RESUMED) note_resumed(watch->progress, facts);
}

tare_status tare_watch_begin(tare_watch *watch, bool quiet, tare_fit_options *fit,
                             tare_error *error) {
    watch->progress = NULL;
    fit->event = show;
    fit->stop = tare_interrupt_came;
    fit->user = watch;
    if (quiet) return TARE_OK;
    tare_progress_options options = {TARE_PROGRESS_DEFAULTS};
    options.terminal = tare_is_terminal(STDERR_FILENO);
    options.colour = tare_takes_colour(STDERR_FILENO);
    options.columns = tare_terminal_columns(STDERR_FILENO);
    options.write = tare_write_to_stderr;
    return tare_progress_new_with(&options, &watch->progress, error);
}

void tare_watch_end(tare_watch *watch) {
    tare_progress_free(watch->progress);
    watch->progress = NULL;
}
