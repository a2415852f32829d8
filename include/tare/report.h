/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reports: what training looks like to somebody who watches. Encodes plain structs it is handed;
 * writes through a function of the caller's and never by itself.
 */
#ifndef TARE_REPORT_H
#define TARE_REPORT_H

#include <tare/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Receives text to show, UTF-8, not terminated. */
typedef void (*tare_write_function)(void *user, const char *text, size_t bytes);

/* clang-format off */
#define TARE_PROGRESS_FIELDS(field)                                                               \
    field(boolean, terminal, false,                                                               \
          "redraw one line while steps go by; otherwise one line an epoch")                       \
    field(boolean, colour, false, "set the line's important parts off by colour")                 \
    field(integer, columns, 80, "width of the terminal; longer lines are cut")                    \
    field(real, interval, 0.1, "seconds between two drawings of the line")
/* clang-format on */

#ifdef __cplusplus
struct tare_progress_options {
    size_t struct_size = sizeof(tare_progress_options);
    TARE_PROGRESS_FIELDS(TARE_FIELD_MEMBER)
    tare_write_function write = nullptr;
    void *user = nullptr;
    int reserved = 0;
};
#else
typedef struct tare_progress_options {
    size_t struct_size;
    TARE_PROGRESS_FIELDS(TARE_FIELD_MEMBER)
    tare_write_function write; /* where the text goes; must be given */
    void *user;
    int reserved;
} tare_progress_options;
#endif
#define TARE_PROGRESS_DEFAULTS TARE_DEFAULTS(tare_progress_options, TARE_PROGRESS_FIELDS)

/** How far training is. Numbers that do not apply are negative, or NaN where they are real. */
typedef struct tare_progress_facts {
    size_t struct_size;
    int64_t epoch, epochs; /* epoch from 1 */
    int64_t step, steps;   /* of this epoch, from 1 */
    int64_t images;        /* seen in this epoch since seconds began */
    double seconds;        /* since this epoch began, or since training went on within it */
    double seconds_left;   /* of the whole training; NaN: not known yet */
    double loss;           /* mean of this epoch so far */
    double accuracy;       /* of held-back examples, at the end of an epoch; NaN: not measured */
    double held_loss;      /* of held-back examples; NaN: not measured */
} tare_progress_facts;

/** A progress line. Owned by the caller. */
typedef struct tare_progress tare_progress;
TARE_API tare_status tare_progress_new_with(const tare_progress_options *options,
                                            tare_progress **progress, tare_error *error);
/** NULL allowed. Leaves the cursor at the start of a line. */
TARE_API void tare_progress_free(tare_progress *progress);
/**
 * Draws the line anew, unless it was drawn less than `interval` seconds ago (by facts' clock) or
 * there is no terminal.
 */
TARE_API void tare_progress_step(tare_progress *progress, const tare_progress_facts *facts);
/** Draws the line of a finished epoch and goes to the next line. */
TARE_API void tare_progress_epoch(tare_progress *progress, const tare_progress_facts *facts);
/** Writes a line of its own, whatever is drawn at present. */
TARE_API void tare_progress_note(tare_progress *progress, const char *text);

#ifdef __cplusplus
}
#endif

#endif
