/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress line: on a terminal one line that is drawn again and again (carriage return, text,
 * erase to the end of the line), elsewhere one line for each epoch.
 */
#include "base/memory.h"
#include "base/status.h"
#include "report/line.h"

#include <math.h>
#include <string.h>

#define ERASE_TO_END  "\x1b[K"
#define BOLD          "\x1b[1m"
#define PLAIN         "\x1b[0m"
#define LEAST_COLUMNS 20

struct tare_progress {
    tare_progress_options options;
    bool drawn;          /* a line without its end is on the terminal */
    double last_drawing; /* facts' clock */
    int64_t last_epoch;
};

tare_status tare_progress_new_with(const tare_progress_options *options, tare_progress **progress,
                                   tare_error *error) {
    if (progress != NULL) *progress = NULL;
    if (progress == NULL || options == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "progress needs options and a place for itself");
    tare_progress_options all = {TARE_PROGRESS_DEFAULTS};
    const size_t given = options->struct_size < sizeof all ? options->struct_size : sizeof all;
    memcpy(&all, options, given);
    all.struct_size = sizeof all;
    if (all.write == NULL)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "progress", "write", "nothing",
                            "a function that shows the text");
    if (all.columns < LEAST_COLUMNS) all.columns = LEAST_COLUMNS;
    tare_progress *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->options = all;
    *progress = made;
    return TARE_OK;
}

static void put(const tare_progress *progress, const char *text, size_t bytes) {
    progress->options.write(progress->options.user, text, bytes);
}

/* Goes to a fresh line when one is being drawn. */
static void leave_line(tare_progress *progress) {
    if (progress->drawn) put(progress, "\n", 1);
    progress->drawn = false;
}

void tare_progress_free(tare_progress *progress) {
    if (progress == NULL) return;
    leave_line(progress);
    tare_release(NULL, progress, sizeof *progress);
}

/* Writes a line as one piece, so that nothing can come between. On a terminal it is cut one column
 * before the edge, lest it wrap. */
static void draw(tare_progress *progress, const tare_text *line, bool finished) {
    if (line->failed) return; /* no memory for a line that is only looked at */
    tare_text whole = {0};
    const bool terminal = progress->options.terminal;
    size_t length = line->length;
    if (terminal && !finished && length > (size_t)progress->options.columns - 1)
        length = (size_t)progress->options.columns - 1;
    const char *gap = strstr(line->data, "  "); /* the epoch ends there */
    size_t head = gap == NULL ? length : (size_t)(gap - line->data);
    if (head > length) head = length;
    if (terminal) tare_text_add(&whole, "\r");
    if (progress->options.colour) tare_text_add(&whole, BOLD);
    tare_text_add_bytes(&whole, line->data, head);
    if (progress->options.colour) tare_text_add(&whole, PLAIN);
    tare_text_add_bytes(&whole, line->data + head, length - head);
    if (terminal) tare_text_add(&whole, ERASE_TO_END);
    if (finished) tare_text_add(&whole, "\n");
    if (!whole.failed) put(progress, whole.data, whole.length);
    progress->drawn = terminal && !finished;
    tare_text_clear(&whole);
}

/* The caller's facts as far as its struct goes; what it does not know of is not applicable. */
static tare_progress_facts adopt(const tare_progress_facts *facts) {
    tare_progress_facts all = {.seconds_left = (double)NAN,
                               .loss = (double)NAN,
                               .accuracy = (double)NAN,
                               .held_loss = (double)NAN};
    memcpy(&all, facts, facts->struct_size < sizeof all ? facts->struct_size : sizeof all);
    return all;
}

void tare_progress_step(tare_progress *progress, const tare_progress_facts *facts) {
    if (progress == NULL || facts == NULL || !progress->options.terminal) return;
    const tare_progress_facts all = adopt(facts);
    const bool fresh = all.epoch != progress->last_epoch;
    if (!fresh && all.seconds - progress->last_drawing < progress->options.interval) return;
    tare_text line = {0};
    tare_line_of_step(&line, &all);
    draw(progress, &line, false);
    tare_text_clear(&line);
    progress->last_drawing = all.seconds;
    progress->last_epoch = all.epoch;
}

void tare_progress_epoch(tare_progress *progress, const tare_progress_facts *facts) {
    if (progress == NULL || facts == NULL) return;
    const tare_progress_facts all = adopt(facts);
    tare_text line = {0};
    tare_line_of_epoch(&line, &all);
    draw(progress, &line, true);
    tare_text_clear(&line);
    progress->last_epoch = 0;
}

void tare_progress_note(tare_progress *progress, const char *text) {
    if (progress == NULL || text == NULL) return;
    leave_line(progress);
    tare_text line = {0};
    tare_text_add(&line, text);
    tare_text_add(&line, "\n");
    if (!line.failed) put(progress, line.data, line.length);
    tare_text_clear(&line);
}
