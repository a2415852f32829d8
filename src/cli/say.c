/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool says: results on standard output, everything else on standard error. */
#include "cli/say.h"
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LONGEST_SENTENCE 2048

/* Writes text with every byte that could steer a terminal replaced. A stream's failure is kept by
 * the stream, see tare_say_end. */
static void write_safely(FILE *to, const char *text) {
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        const bool steers = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
        (void)fputc(steers ? '?' : byte, to);
    }
}

void tare_say(const char *text) { write_safely(stdout, text); }

bool tare_say_text(tare_text *text) {
    const bool whole = !text->failed;
    if (whole && text->data != NULL) tare_say(text->data);
    tare_text_clear(text);
    return whole;
}

static void say_sentence(const char *sentence) {
    const bool colour = tare_takes_colour(STDERR_FILENO);
    (void)fputs(colour ? "\x1b[1mtare:\x1b[0m " : "tare: ", stderr);
    write_safely(stderr, sentence);
    (void)fputc('\n', stderr);
}

static void say_formatted(const char *format, va_list arguments) {
    char sentence[LONGEST_SENTENCE];
    if (vsnprintf(sentence, sizeof sentence, format, arguments) < 0) sentence[0] = '\0';
    say_sentence(sentence);
}

int tare_say_failure(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_formatted(format, arguments);
    va_end(arguments);
    return TARE_EXIT_FAILURE;
}

int tare_say_misuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_formatted(format, arguments);
    va_end(arguments);
    return TARE_EXIT_MISUSE;
}

int tare_say_error(const tare_error *error) {
    const bool said = error->message[0] != '\0';
    say_sentence(said ? error->message : tare_status_name(error->status));
    return TARE_EXIT_FAILURE;
}

void tare_say_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_formatted(format, arguments);
    va_end(arguments);
}

int tare_say_end(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    const int code = errno;
    return tare_say_failure("cannot write to standard output: %s", strerror(code));
}

bool tare_is_terminal(int stream) {
    const char *kind = getenv("TERM");
    return isatty(stream) && !tare_same_text(kind, "dumb");
}

bool tare_takes_colour(int stream) {
    const char *refused = getenv("NO_COLOR");
    return (refused == NULL || *refused == '\0') && tare_is_terminal(stream);
}

int tare_terminal_columns(int stream) {
    struct winsize size = {0};
    return ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void tare_write_to_stderr(void *user, const char *text, size_t bytes) {
    (void)user;
    (void)fwrite(text, 1, bytes, stderr); /* a line that is only looked at */
}
