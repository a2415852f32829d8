/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers to decimal text, exactly, without the C library's locale.
 *
 * The shortest digits that read back to the same number are found with whole numbers, as in Steele
 * and White 1990, "How to print floating-point numbers accurately" (algorithm FPP2 with a fixed-up
 * estimate of the exponent): digits are produced until what is left is within half the gap to a
 * neighbour.
 */
#include "base/big.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

#define MOST_SHORT_DIGITS 17

/* mantissa * 2^exponent; narrow: the gap to the next smaller number is half the gap to the next
 * larger. */
typedef struct binary {
    uint64_t mantissa;
    int exponent;
    bool narrow;
} binary;

/* 0.d1 d2 d3 ... * 10^point */
typedef struct short_decimal {
    char digits[MOST_SHORT_DIGITS + 1];
    int count, point;
} short_decimal;

/* The quantities of the algorithm: value = r / s, gaps to half way below and above = low / s and
 * high / s. */
typedef struct fraction {
    tare_big r, s, low, high;
} fraction;

/* Splits a positive, finite number with so many bits of mantissa; `smallest` is the least exponent.
 */
static binary split(double number, int bits, int smallest) {
    int exponent;
    const double scaled = frexp(number, &exponent); /* 1/2 <= scaled < 1 */
    exponent -= bits;
    const int lost = exponent < smallest ? smallest - exponent : 0;
    const uint64_t mantissa = (uint64_t)ldexp(scaled, bits - lost);
    return (binary){.mantissa = mantissa,
                    .exponent = exponent + lost,
                    .narrow = mantissa == UINT64_C(1) << (bits - 1) && exponent > smallest};
}

static void set_fraction(binary number, fraction *f) {
    const int twice =
        number.narrow ? 2 : 1; /* everything doubled once more, so that low is whole */
    const int up = number.exponent > 0 ? number.exponent : 0;
    const int down = number.exponent < 0 ? -number.exponent : 0;
    tare_big_set(&f->r, number.mantissa);
    tare_big_shift_left(&f->r, up + twice);
    tare_big_set(&f->s, 1);
    tare_big_shift_left(&f->s, down + twice);
    tare_big_set(&f->low, 1);
    tare_big_shift_left(&f->low, up);
    f->high = f->low;
    if (number.narrow) tare_big_multiply(&f->high, 2);
}

/* Compares r + high with s. */
static int compare_upper(const fraction *f) {
    tare_big sum = f->r;
    tare_big_add(&sum, &f->high);
    return tare_big_compare(&sum, &f->s);
}

static void times_ten(fraction *f) {
    tare_big_multiply(&f->r, 10);
    tare_big_multiply(&f->low, 10);
    tare_big_multiply(&f->high, 10);
}

/* Scales the fraction below 1 and returns the power of ten that was taken out. */
static int scale(binary number, fraction *f, bool even) {
    int length = 0;
    for (uint64_t rest = number.mantissa; rest != 0; rest >>= 1) length++;
    /* log10(2) = 0.30103 - 4e-9: never too large by one, too small by at most one. */
    int power = (int)ceil((number.exponent + length - 1) * 0.30102999566398 - 1e-9);
    if (power >= 0) {
        tare_big_multiply_power_of_ten(&f->s, power);
    } else {
        tare_big_multiply_power_of_ten(&f->r, -power);
        tare_big_multiply_power_of_ten(&f->low, -power);
        tare_big_multiply_power_of_ten(&f->high, -power);
    }
    const int upper = compare_upper(f);
    if (upper > 0 || (upper == 0 && even)) {
        tare_big_multiply(&f->s, 10);
        power++;
    }
    return power;
}

static int take_digit(fraction *f) {
    int digit = 0;
    times_ten(f);
    for (; tare_big_compare(&f->r, &f->s) >= 0; digit++) tare_big_subtract(&f->r, &f->s);
    return digit;
}

/* True when the last digit has to be one higher: more than half of it is left. */
static bool rounds_up(const fraction *f, int digit) {
    tare_big twice = f->r;
    tare_big_multiply(&twice, 2);
    const int order = tare_big_compare(&twice, &f->s);
    return order > 0 || (order == 0 && digit % 2 != 0);
}

static short_decimal shortest(binary number) {
    short_decimal made = {.count = 0};
    fraction f;
    const bool even =
        number.mantissa % 2 == 0; /* readers round ties to even: the half-way points are ours */
    set_fraction(number, &f);
    made.point = scale(number, &f, even);
    for (;;) {
        const int digit = take_digit(&f);
        const int below = tare_big_compare(&f.r, &f.low);
        const int above = compare_upper(&f);
        const bool low = below < 0 || (below == 0 && even);
        const bool high = above > 0 || (above == 0 && even);
        const bool last = low || high || made.count == MOST_SHORT_DIGITS - 1;
        const bool up = last && (high && !low ? true : low && !high ? false : rounds_up(&f, digit));
        made.digits[made.count++] = (char)('0' + digit + (up ? 1 : 0));
        if (last) return made;
    }
}

static char *put(char *at, const char *bytes, int count) {
    memcpy(at, bytes, (size_t)count);
    return at + count;
}

static char *put_zeros(char *at, int count) {
    for (int i = 0; i < count; i++) *at++ = '0';
    return at;
}

/* "e-08": sign and at least two digits, as Python and NumPy print it. */
static char *put_exponent(char *at, int exponent) {
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    const int size = exponent < 0 ? -exponent : exponent;
    if (size >= 100) *at++ = (char)('0' + size / 100);
    *at++ = (char)('0' + size / 10 % 10);
    *at++ = (char)('0' + size % 10);
    return at;
}

/* Lays digits out: plain from 1e-4 up to below 1e16, with an exponent outside. */
static char *lay_out(char *at, const short_decimal *number) {
    const int count = number->count, point = number->point;
    if (point < -3 || point > 16) {
        *at++ = number->digits[0];
        if (count > 1) *at++ = '.';
        at = put(at, number->digits + 1, count - 1);
        return put_exponent(at, point - 1);
    }
    if (point <= 0) {
        at = put_zeros(put(at, "0.", 2), -point);
        return put(at, number->digits, count);
    }
    if (count <= point) return put_zeros(put(at, number->digits, count), point - count);
    at = put(at, number->digits, point);
    *at++ = '.';
    return put(at, number->digits + point, count - point);
}

/* What has no digits: nan, inf, 0. Returns NULL for an ordinary number; *at moves behind its sign.
 */
static char *put_special(char **at, double number) {
    if (isnan(number)) return put(*at, "nan", 3);
    if (signbit(number)) *(*at)++ = '-';
    if (isinf(number)) return put(*at, "inf", 3);
    if (number == 0) return put(*at, "0", 1);
    return NULL;
}

static char *print_shortest(char *buffer, double number, int bits, int smallest) {
    char *at = buffer;
    char *end = put_special(&at, number);
    if (end == NULL) {
        const short_decimal made = shortest(split(fabs(number), bits, smallest));
        end = lay_out(at, &made);
    }
    *end = '\0';
    return buffer;
}

char *tare_float_text(char *buffer, float number) {
    return print_shortest(buffer, (double)number, 24, -149);
}

char *tare_double_text(char *buffer, double number) {
    return print_shortest(buffer, number, 53, -1074);
}

/* Digits of a positive number before the point, about: never too few, at most one too many. */
static int whole_digits(double number) {
    int exponent;
    (void)frexp(number, &exponent);
    return exponent <= 0 ? 1 : (int)(exponent * 0.30103) + 1;
}

/* number * 10^decimals, rounded to a whole number, as digits from the last to the first. */
static int reversed_digits(double number, int decimals, char *digits) {
    tare_big big;
    const binary parts = split(number, 53, -1074);
    tare_big_set(&big, parts.mantissa);
    tare_big_multiply_power_of_ten(&big, decimals);
    if (parts.exponent >= 0)
        tare_big_shift_left(&big, parts.exponent);
    else
        tare_big_shift_right_rounded(&big, -parts.exponent);
    int count = 0;
    while (!tare_big_is_zero(&big) || count <= decimals)
        digits[count++] = (char)('0' + tare_big_divide(&big, 10));
    return count;
}

char *tare_fixed_text(char *buffer, double number, int decimals) {
    const int room = TARE_NUMBER_TEXT - 4; /* sign, point, NUL, a digit won by rounding */
    if (!isfinite(number) || whole_digits(fabs(number)) > room)
        return tare_double_text(buffer, number);
    if (decimals < 0) decimals = 0;
    if (decimals > 17) decimals = 17;
    if (decimals > room - whole_digits(fabs(number))) decimals = room - whole_digits(fabs(number));

    char digits[TARE_NUMBER_TEXT];
    int count = reversed_digits(fabs(number), decimals, digits);
    char *at = buffer;
    if (signbit(number)) *at++ = '-';
    while (count > 0) {
        *at++ = digits[--count];
        if (count == decimals && count > 0) *at++ = '.';
    }
    *at = '\0';
    return buffer;
}

char *tare_significant_text(char *buffer, double number, int digits) {
    if (number == 0 || !isfinite(number)) return tare_double_text(buffer, number);
    const int after = digits - 1 - (int)floor(log10(fabs(number)));
    const double scale = pow(10, fabs((double)after));
    if (!isfinite(scale)) return tare_double_text(buffer, number); /* below 1e-290 or so */
    const double whole = round(after > 0 ? number * scale : number / scale);
    return tare_double_text(buffer, after > 0 ? whole / scale : whole * scale);
}
