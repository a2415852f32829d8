/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal text to numbers, correctly rounded, without the C library's locale.
 *
 * A number is digits * 10^exponent. When the digits fit 53 bits and the power of ten is exact, one
 * multiplication or division rounds once and is right (Clinger 1990, "How to read floating point
 * numbers accurately"). Otherwise the quotient of two whole numbers is taken to 64 bits, with a
 * note whether a remainder is left, and rounded from there.
 */
#include "base/big.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* A half-way point between two doubles has at most 767 significant digits. */
#define MOST_DIGITS       800
#define FARTHEST_EXPONENT 100000

typedef struct decimal {
    const char *digits, *end; /* from the first digit that is not 0; a point may lie between them */
    int64_t count;            /* of those digits */
    int64_t exponent;         /* the value is digits * 10^exponent, read as a whole number */
} decimal;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Moves over a word, in any case. */
static bool take_word(const char **cursor, const char *word) {
    const char *at = *cursor;
    for (; *word != '\0'; word++, at++)
        if (lower(*at) != *word) return false;
    *cursor = at;
    return true;
}

static bool take_sign(const char **cursor) {
    const bool negative = **cursor == '-';
    if (negative || **cursor == '+') (*cursor)++;
    return negative;
}

/* The exponent's text, "e-5"; what is no exponent is left alone. */
static int64_t take_exponent(const char **cursor) {
    if (lower(**cursor) != 'e') return 0;
    const char *at = *cursor + 1;
    const bool negative = take_sign(&at);
    if (!is_digit(*at)) return 0;
    int64_t exponent = 0;
    for (; is_digit(*at); at++)
        if (exponent < FARTHEST_EXPONENT) exponent = 10 * exponent + (*at - '0');
    *cursor = at;
    return negative ? -exponent : exponent;
}

/* Digits with at most one point among them; false when there is no digit. */
static bool take_decimal(const char **cursor, decimal *number) {
    const char *at = *cursor;
    bool any = false, point = false;
    int64_t behind_point = 0;
    *number = (decimal){0};
    for (; is_digit(*at) || (*at == '.' && !point); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        any = true;
        if (point) behind_point++;
        if (number->count == 0 && *at == '0') continue;
        if (number->count == 0) number->digits = at;
        number->count++;
        number->end = at + 1;
    }
    if (!any) return false;
    number->exponent = take_exponent(&at) - behind_point;
    *cursor = at;
    return true;
}

static bool quick(const decimal *number, double *value) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (number->count > 18 || number->exponent < -22 || number->exponent > 22) return false;
    uint64_t digits = 0;
    for (const char *at = number->digits; at < number->end; at++)
        if (*at != '.') digits = 10 * digits + (uint64_t)(*at - '0');
    if (digits > UINT64_C(1) << 53) return false;
    *value = number->exponent < 0 ? (double)digits / powers[-number->exponent]
                                  : (double)digits * powers[number->exponent];
    return true;
}

/* The digits as a whole number, at most MOST_DIGITS of them; whatever follows them is one more
 * digit. */
static void load_digits(decimal *number, tare_big *big) {
    int64_t loaded = 0;
    tare_big_set(big, 0);
    for (const char *at = number->digits; at < number->end; at++) {
        if (*at == '.') continue;
        if (loaded == MOST_DIGITS) {
            tare_big_multiply_add(big, 10, 1); /* counting ends at a digit that is not 0 */
            loaded++;
            break;
        }
        tare_big_multiply_add(big, 10, (uint32_t)(*at - '0'));
        loaded++;
    }
    number->exponent += number->count - loaded;
    number->count = loaded;
}

/* Zeros at the end change nothing, and load_digits wants them gone. */
static void drop_zeros(decimal *number) {
    while (number->count > 0 && (number->end[-1] == '0' || number->end[-1] == '.')) {
        if (number->end[-1] == '0') {
            number->count--;
            number->exponent++;
        }
        number->end--;
    }
}

/* quotient * 2^exponent, plus a little when `inexact`, to the nearest double; bit 63 or 62 is set.
 */
static double assemble(uint64_t quotient, bool inexact, int exponent) {
    int drop = (quotient >> 63 != 0 ? 64 : 63) - 53;
    if (exponent + drop < -1074) drop = -1074 - exponent; /* subnormal: fewer bits */
    if (drop > 64) return 0;
    const uint64_t half = UINT64_C(1) << (drop - 1);
    const uint64_t rest = quotient & (half | (half - 1));
    uint64_t kept = drop == 64 ? 0 : quotient >> drop;
    if (rest > half || (rest == half && (inexact || (kept & 1) != 0))) kept++;
    return ldexp((double)kept, exponent + drop);
}

static double slow(decimal *number) {
    if (number->count + number->exponent > 310) return HUGE_VAL;
    if (number->count + number->exponent < -325) return 0;
    tare_big above, below;
    load_digits(number, &above);
    tare_big_set(&below, 1);
    if (number->exponent > 0)
        tare_big_multiply_power_of_ten(&above, (int)number->exponent);
    else
        tare_big_multiply_power_of_ten(&below, (int)-number->exponent);

    /* above / below is brought between 1/2 and 2, then divided bit by bit. */
    const int shift = tare_big_length(&below) - tare_big_length(&above);
    if (shift > 0)
        tare_big_shift_left(&above, shift);
    else
        tare_big_shift_left(&below, -shift);
    uint64_t quotient = 0;
    for (int i = 0; i < 64; i++) {
        quotient <<= 1;
        if (tare_big_compare(&above, &below) >= 0) {
            tare_big_subtract(&above, &below);
            quotient |= 1;
        }
        tare_big_shift_left(&above, 1);
    }
    return assemble(quotient, !tare_big_is_zero(&above), -63 - shift);
}

bool tare_parse_double(const char **cursor, double *number) {
    const char *at = *cursor;
    const bool negative = take_sign(&at);
    double value;
    decimal digits;
    if (take_word(&at, "infinity") || take_word(&at, "inf")) {
        value = HUGE_VAL;
    } else if (take_word(&at, "nan")) {
        value = (double)NAN;
    } else if (!take_decimal(&at, &digits)) {
        return false;
    } else {
        drop_zeros(&digits);
        if (digits.count == 0)
            value = 0;
        else if (!quick(&digits, &value))
            value = slow(&digits);
    }
    *number = negative ? -value : value;
    *cursor = at;
    return true;
}

bool tare_parse_integer(const char **cursor, int64_t *number) {
    const char *at = *cursor;
    const bool negative = take_sign(&at);
    if (!is_digit(*at)) return false;
    const uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    for (; is_digit(*at); at++) {
        const uint64_t digit = (uint64_t)(*at - '0');
        if (value > (limit - digit) / 10) return false;
        value = 10 * value + digit;
    }
    *number = negative ? (int64_t)(0 - value) : (int64_t)value;
    *cursor = at;
    return true;
}
