/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a progress line. */
#include "report/line.h"

#include <inttypes.h>
#include <math.h>

void tare_line_duration(tare_text *line, double seconds) {
    char number[TARE_NUMBER_TEXT];
    if (!(seconds > 0)) seconds = 0; /* NaN too */
    if (seconds < 9.95) {
        tare_text_format(line, "%s s", tare_fixed_text(number, seconds, 1));
        return;
    }
    const int64_t whole = seconds < 1e15 ? (int64_t)(seconds + .5) : (int64_t)1e15;
    if (whole < 60) {
        tare_text_format(line, "%" PRId64 " s", whole);
    } else if (whole < 3600) {
        tare_text_format(line, "%" PRId64 " min %" PRId64 " s", whole / 60, whole % 60);
    } else {
        const int64_t minutes = whole / 60;
        tare_text_format(line, "%" PRId64 " h %" PRId64 " min", minutes / 60, minutes % 60);
    }
}

/* "  NAME 0.4213", or nothing for what was not measured. A loss that is NaN because training
 * went astray is shown: that is what `always` is for. */
static void add_number(tare_text *line, const char *name, double number, bool always) {
    if (isnan(number) && !always) return;
    char text[TARE_NUMBER_TEXT];
    const bool plain = number == 0 || (fabs(number) >= .01 && fabs(number) < 1e6);
    tare_text_format(line, "  %s %s", name,
                     plain ? tare_fixed_text(text, number, 4)
                           : tare_significant_text(text, number, 4));
}

static void add_rate(tare_text *line, const tare_progress_facts *facts) {
    if (!(facts->seconds > 0) || facts->images <= 0) return;
    const double rate = (double)facts->images / facts->seconds;
    if (rate < 1e15) tare_text_format(line, "  %" PRId64 " images/s", (int64_t)(rate + .5));
}

void tare_line_of_step(tare_text *line, const tare_progress_facts *facts) {
    tare_text_format(line, "epoch %" PRId64 "/%" PRId64 "  step %" PRId64 "/%" PRId64, facts->epoch,
                     facts->epochs, facts->step, facts->steps);
    add_rate(line, facts);
    add_number(line, "loss", facts->loss, true);
    if (isnan(facts->seconds_left)) return;
    tare_text_add(line, "  ");
    tare_line_duration(line, facts->seconds_left);
    tare_text_add(line, " left");
}

void tare_line_of_epoch(tare_text *line, const tare_progress_facts *facts) {
    tare_text_format(line, "epoch %" PRId64 "/%" PRId64 "  %" PRId64 " steps", facts->epoch,
                     facts->epochs, facts->step);
    add_rate(line, facts);
    add_number(line, "loss", facts->loss, true);
    add_number(line, "held-back loss", facts->held_loss, false);
    add_number(line, "accuracy", facts->accuracy, false);
    tare_text_add(line, "  ");
    tare_line_duration(line, facts->seconds);
}
