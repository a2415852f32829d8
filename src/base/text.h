/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, numbers to and from text the same under any locale, UTF-8 checks. */
#ifndef TARE_SRC_BASE_TEXT_H
#define TARE_SRC_BASE_TEXT_H

#include <tare/base.h>

/* A growable text, always NUL-terminated once something was added. `failed` stays true after memory
 * ran out. */
typedef struct tare_text {
    const tare_allocator *allocator; /* NULL: the default one */
    char *data;
    size_t length, capacity;
    bool failed;
} tare_text;
void tare_text_add(tare_text *text, const char *string);
void tare_text_add_bytes(tare_text *text, const char *bytes, size_t count);
void tare_text_format(tare_text *text, const char *format, ...) TARE_PRINTF(2, 3); /* no %f %g %e */
/*
 * The shortest decimal that reads back to the same float or double, the nearest one of that length:
 * "0.3514931", "1e-08", "inf", "-inf", "nan"; plain from 1e-4 up to below 1e16, as Python and NumPy
 * do, but without ".0": "2".
 */
void tare_text_float(tare_text *text, float number);
void tare_text_double(tare_text *text, double number);
/* A paragraph of `head` and `words`, `indent` blanks before its first line and two more before the
 * others, broken between words at 96 columns; ended by a line feed. */
void tare_text_wrap(tare_text *text, int indent, const char *head, const char *words);
void tare_text_clear(tare_text *text); /* frees */
/* The text in a block of its own, for tare_text_free; takes what it was written in. NULL: no
 * memory. */
char *tare_text_hand_out(tare_text *text);

/* The same into a buffer of at least TARE_NUMBER_TEXT bytes; returns the buffer. */
#define TARE_NUMBER_TEXT 40
char *tare_float_text(char *buffer, float number);
char *tare_double_text(char *buffer, double number);
/*
 * With so many decimals (0 to 17), "0.8812", exactly rounded, ties to even; fewer where the buffer
 * would not hold them, and the shortest form for what has more than 36 digits before the point.
 */
char *tare_fixed_text(char *buffer, double number, int decimals);
/* Rounded to so many significant digits (1 to 15), then the shortest way: "0.01235", "2.1e-05". */
char *tare_significant_text(char *buffer, double number, int digits);
/* Three digits and a decimal prefix: "1.81 MFLOP", "25.1 kB", "72 B". */
char *tare_scaled_text(char *buffer, double number, const char *unit);

/*
 * Reads a decimal number at *cursor (sign, digits, point, exponent; inf, nan), correctly rounded,
 * point always '.'. Moves *cursor behind it. False, and *cursor unmoved, when there is none.
 */
bool tare_parse_double(const char **cursor, double *number);
bool tare_parse_integer(const char **cursor, int64_t *number); /* false also when out of range */

/* snprintf that always terminates and never overflows; returns buffer. No %f %g %e. */
char *tare_print(char *buffer, size_t size, const char *format, ...) TARE_PRINTF(3, 4);

bool tare_same_text(const char *a, const char *b); /* NULL equals NULL */
bool tare_is_utf8(const char *text, size_t bytes);
/* Bytes of the UTF-8 character that a terminated text begins with; 0: it begins with none. */
size_t tare_utf8_character(const char *text);

#endif
