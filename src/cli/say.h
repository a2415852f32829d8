/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool says: results on standard output, everything else on standard error. */
#ifndef TARE_SRC_CLI_SAY_H
#define TARE_SRC_CLI_SAY_H

#include "base/text.h"

/* Writes text to standard output. Bytes that could steer a terminal are shown as '?', since names
 * come from files. */
void tare_say(const char *text);
/* The same for what was put together in text, which is cleared. Returns false when memory ran out.
 */
bool tare_say_text(tare_text *text);

/* "tare: SENTENCE" on standard error; the exit status of a failure, of a misuse. */
int tare_say_failure(const char *format, ...) TARE_PRINTF(1, 2);
int tare_say_misuse(const char *format, ...) TARE_PRINTF(1, 2);
/* The sentence of an error. */
int tare_say_error(const tare_error *error);
/* "tare: SENTENCE" without a status: advice. */
void tare_say_note(const char *format, ...) TARE_PRINTF(1, 2);

/* Flushes standard output; `status`, or that of a failure when something could not be written. */
int tare_say_end(int status);

/* Whether a stream is a terminal, and one that takes colours (NO_COLOR is not set, TERM is not
 * dumb). */
bool tare_is_terminal(int stream);
bool tare_takes_colour(int stream);
/* Its width; 80 when it does not say. */
int tare_terminal_columns(int stream);

/* Writes to standard error; a tare_write_function. */
void tare_write_to_stderr(void *user, const char *text, size_t bytes);

#endif
