/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of growing text, and of numbers to and from text. */
#include "base/text.h"
#include "failing_allocator.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A small generator of its own, so that a failure can be met again. */
/* The C library is the reference, in its own locale: what is tested runs under whatever the
 * environment says. */
static locale_t c_locale(void) {
    static locale_t made;
    if (made == (locale_t)0) made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return made;
}

static void print_in_c(char *text, size_t size, const char *format, int digits, double number) {
    const locale_t before = uselocale(c_locale());
    snprintf(text, size, format, digits, number);
    uselocale(before);
}

static uint64_t next_bits(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double double_of(uint64_t bits) {
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static float float_of(uint32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static bool same_double(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static double parsed(const char *text) {
    const char *cursor = text;
    double number = NAN;
    assert_true(tare_parse_double(&cursor, &number));
    assert_string_equal(cursor, "");
    return number;
}

/* --------------------------------------------------------------------------------- printing */

static void test_floats_print_as_numpy_prints_them(void **state) {
    (void)state;
    static const struct {
        float number;
        const char *text;
    } cases[] = {
        {0.3514931f, "0.3514931"},
        {1.404974f, "1.404974"},
        {-0.40697935f, "-0.40697935"},
        {0.74709475f, "0.74709475"},
        {1e-8f, "1e-08"},
        {0.7029862f, "0.7029862"},
        {0.0f, "0"},
        {-0.0f, "-0"},
        {1.0f, "1"},
        {-2.5f, "-2.5"},
        {100.0f, "100"},
        {16777216.0f, "16777216"},
        {0.0001f, "0.0001"},
        {0.00012345f, "0.00012345"},
        {0.00001f, "1e-05"},
        {0.0000234f, "2.34e-05"},
        {3.4028235e38f, "3.4028235e+38"},
        {1e-45f, "1e-45"},
        {1.17549435e-38f, "1.1754944e-38"},
        {1e15f, "1000000000000000"},
        {1e16f, "1e+16"},
        {0.1f, "0.1"},
        {2097152.25f, "2097152.2"}, /* two texts are as short and as near: the even one */
        {2097152.75f, "2097152.8"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {-NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[TARE_NUMBER_TEXT];
        assert_string_equal(tare_float_text(buffer, cases[i].number), cases[i].text);
    }
}

static void test_doubles_print_as_python_prints_them(void **state) {
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {0.30000000000000004, "0.30000000000000004"},
        {2.0 / 3.0, "0.6666666666666666"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {9007199254740993.0, "9007199254740992"},
        {9999999999999998.0, "9999999999999998"},
        {1e16, "1e+16"},
        {123456.789, "123456.789"},
        {1e100, "1e+100"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {5.684341886080802e-14,
         "5.684341886080802e-14"}, /* 2^-44: the lower gap is half the upper */
        {-1.5, "-1.5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[TARE_NUMBER_TEXT];
        assert_string_equal(tare_double_text(buffer, cases[i].number), cases[i].text);
    }
}

/* Significant digits of a decimal text. */
static int digits_of(const char *text) {
    int count = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && count == 0)) continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static void test_any_float_reads_back_and_no_shorter_text_would(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        /* Every exponent with mantissa 0 first: the gaps around those differ. */
        const uint32_t bits = i < 255 ? (uint32_t)i << 23 : (uint32_t)next_bits(&seed);
        const float number = float_of(bits);
        if (!isfinite(number) || number == 0) continue;
        char buffer[TARE_NUMBER_TEXT], shorter[64];
        tare_float_text(buffer, number);
        const float back = strtof_l(buffer, NULL, c_locale());
        assert_memory_equal(&back, &number, sizeof number);
        assert_true((float)parsed(buffer) == number);
        const int digits = digits_of(buffer);
        if (digits == 1) continue;
        print_in_c(shorter, sizeof shorter, "%.*e", digits - 2, (double)number);
        assert_true(strtof_l(shorter, NULL, c_locale()) != number);
    }
}

static void test_any_double_reads_back(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 20000; i++) {
        const double number = double_of(i < 2047 ? (uint64_t)i << 52 : next_bits(&seed));
        if (!isfinite(number)) continue;
        char buffer[TARE_NUMBER_TEXT];
        tare_double_text(buffer, number);
        assert_true(strlen(buffer) < TARE_NUMBER_TEXT);
        assert_true(same_double(strtod_l(buffer, NULL, c_locale()), number));
        assert_true(same_double(parsed(buffer), number));
    }
}

static void test_fixed_text_has_so_many_decimals(void **state) {
    (void)state;
    static const struct {
        double number;
        int decimals;
        const char *text;
    } cases[] = {
        {0.88124, 4, "0.8812"},
        {0.125, 2, "0.12"}, /* ties to even */
        {0.375, 2, "0.38"},
        {2.5, 0, "2"},
        {3.5, 0, "4"},
        {0.5, 0, "0"},
        {99.95, 1, "100.0"}, /* the double is a little more than 99.95 */
        {9.999, 2, "10.00"},
        {-0.004, 2, "-0.00"},
        {0, 3, "0.000"},
        {1e15, 2, "1000000000000000.00"},
        {0.1, 17, "0.10000000000000001"},
        {1, -3, "1"},
        {1, 99, "1.00000000000000000"},
        {1e20, 17, "100000000000000000000.000000000000000"}, /* what the buffer holds */
        {1e35, 3, "99999999999999996863366107917975552"},
        {1e300, 3, "1e+300"},
        {INFINITY, 2, "inf"},
        {NAN, 2, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[TARE_NUMBER_TEXT];
        tare_fixed_text(buffer, cases[i].number, cases[i].decimals);
        assert_string_equal(buffer, cases[i].text);
    }
}

static void test_significant_text_rounds_and_is_short(void **state) {
    (void)state;
    const struct {
        double number;
        int digits;
        const char *text;
    } cases[] = {
        {0.0123456, 4, "0.01235"}, {2.1e-5, 4, "2.1e-05"},
        {-1234567, 3, "-1230000"}, {9.9996, 4, "10"},
        {1e-300, 4, "1e-300"},     {5e-324, 4, "5e-324"},
        {1.7e308, 2, "1.7e+308"},  {0, 4, "0"},
        {NAN, 4, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[TARE_NUMBER_TEXT];
        assert_string_equal(tare_significant_text(buffer, cases[i].number, cases[i].digits),
                            cases[i].text);
    }
}

static void test_fixed_text_agrees_with_the_c_library_and_fits(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 20000; i++) {
        const double number = double_of(next_bits(&seed));
        const int decimals = (int)(next_bits(&seed) % 18);
        char buffer[TARE_NUMBER_TEXT], expected[64];
        tare_fixed_text(buffer, number, decimals);
        assert_true(strlen(buffer) < TARE_NUMBER_TEXT);
        if (!(fabs(number) < 1e15)) continue;
        print_in_c(expected, sizeof expected, "%.*f", decimals, number);
        assert_string_equal(buffer, expected);
    }
}

/* ---------------------------------------------------------------------------------- reading */

static void test_doubles_are_read_correctly_rounded(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (int i = 0; i < 20000; i++) {
        const double number = double_of(next_bits(&seed));
        if (!isfinite(number)) continue;
        char text[64];
        print_in_c(text, sizeof text, "%.*e", (int)(next_bits(&seed) % 25), number);
        assert_true(same_double(parsed(text), strtod_l(text, NULL, c_locale())));
    }
}

static void test_half_way_points_go_to_the_even_neighbour_and_only_they(void **state) {
    (void)state;
    /* 1 + 2^-53 lies half way between 1 and 1 + 2^-52. */
    assert_true(parsed("1.00000000000000011102230246251565404236316680908203125") == 1.0);
    assert_true(parsed("1.00000000000000011102230246251565404236316680908203124") == 1.0);
    assert_true(parsed("1.00000000000000011102230246251565404236316680908203126") > 1.0);
    assert_true(parsed("9007199254740993") == 9007199254740992.0);
    assert_true(parsed("9007199254740995") == 9007199254740996.0);
    assert_true(parsed("9007199254740993.00000000000000000000000000001") == 9007199254740994.0);
    /* Half of the smallest double, and a digit in the 900th place that tips it over. */
    assert_true(parsed("2.4703282292062327208e-324") == 0.0);
    assert_true(parsed("2.4703282292062328e-324") == 5e-324);
    char text[1100] = "9007199254740993.";
    memset(text + 17, '0', 1000);
    text[1017] = '\0';
    assert_true(parsed(text) == 9007199254740992.0);
    text[1016] = '1';
    assert_true(parsed(text) == 9007199254740994.0);
}

static void test_the_forms_a_number_may_have(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"0", 0},
        {"-0", -0.0},
        {"+3", 3},
        {".5", 0.5},
        {"5.", 5},
        {"-1.5e3", -1500},
        {"1E5", 1e5},
        {"1e+05", 1e5},
        {"0e99999999999999999999", 0},
        {"1e400", HUGE_VAL},
        {"-1e400", -HUGE_VAL},
        {"1e-400", 0},
        {"inf", HUGE_VAL},
        {"-Infinity", -HUGE_VAL},
        {"+INF", HUGE_VAL},
        {"00001.50", 1.5},
        {"1e99999999999999999999", HUGE_VAL},
        {"1e-99999999999999999999", 0},
        {"1797693134862315708145274237317043567981e269", 1.7976931348623157e308},
        {"4.9406564584124654e-324", 5e-324},
        {"100000000000000000000000000000000000000000000000000e-50", 1},
        {"0.00000000000000000000000000000000000000000000000001e50", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(same_double(parsed(cases[i].text), cases[i].number));
    assert_true(isnan(parsed("nan")));
    assert_true(isnan(parsed("-NaN")));
}

static void test_reading_stops_where_the_number_stops(void **state) {
    (void)state;
    static const struct {
        const char *text, *rest;
    } cases[] = {
        {"1.5,2.5", ",2.5"}, {"1,5", ",5"}, {"1.2.3", ".3"}, {"3e", "e"},         {"3e+", "e+"},
        {"3e5x", "x"},       {"1 ", " "},   {"0x10", "x10"}, {"infinit", "init"}, {"nano", "o"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *cursor = cases[i].text;
        double number;
        assert_true(tare_parse_double(&cursor, &number));
        assert_string_equal(cursor, cases[i].rest);
    }
}

static void test_what_is_no_number_leaves_the_cursor(void **state) {
    (void)state;
    static const char *const texts[] = {"", " 1", "x", ".", "-", "+.", "e5", "-.e5", "in", "--1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *cursor = texts[i];
        double number = 42;
        assert_false(tare_parse_double(&cursor, &number));
        assert_ptr_equal(cursor, texts[i]);
        assert_true(number == 42);
    }
}

static void test_integers_are_read_within_their_range(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t number;
    } cases[] = {
        {"0", true, 0},
        {"-12", true, -12},
        {"+7", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {" 1", false, 0},
        {"a", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *cursor = cases[i].text;
        int64_t number = 99;
        assert_int_equal(tare_parse_integer(&cursor, &number), cases[i].good);
        assert_true(number == (cases[i].good ? cases[i].number : 99));
        if (!cases[i].good) assert_ptr_equal(cursor, cases[i].text);
    }
    const char *cursor = "12.5";
    int64_t number;
    assert_true(tare_parse_integer(&cursor, &number));
    assert_string_equal(cursor, ".5");
}

static void test_numbers_are_the_same_under_a_decimal_comma(void **state) {
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
                                          "fr_FR.utf8",  "de_DE",      "it_IT.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof locales / sizeof *locales && found == NULL; i++)
        found = setlocale(LC_ALL, locales[i]);
    if (found == NULL) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    char libc[32], buffer[TARE_NUMBER_TEXT], fixed[TARE_NUMBER_TEXT], exponent[TARE_NUMBER_TEXT];
    snprintf(libc, sizeof libc, "%.1f", 1.5);
    tare_float_text(buffer, 0.3514931f);
    tare_fixed_text(fixed, 1.5, 2);
    tare_double_text(exponent, 1.25e-9);
    const char *cursor = "1.5", *hard = "1.00000000000000011102230246251565404236316680908203126";
    double number = 0, close = 0;
    const bool read = tare_parse_double(&cursor, &number) && tare_parse_double(&hard, &close);
    setlocale(LC_ALL, "C");
    assert_string_equal(libc, "1,5"); /* the locale is at work */
    assert_string_equal(buffer, "0.3514931");
    assert_string_equal(fixed, "1.50");
    assert_string_equal(exponent, "1.25e-09");
    assert_true(read);
    assert_true(number == 1.5);
    assert_true(close > 1.0);
}

/* -------------------------------------------------------------------------------- growing text */

static void test_text_grows_and_ends_with_nul(void **state) {
    (void)state;
    failing_allocator memory;
    tare_text text = {.allocator = failing_allocator_start(&memory, 0)};
    tare_text_add(&text, "");
    assert_string_equal(text.data, "");
    for (int i = 0; i < 1000; i++) {
        tare_text_format(&text, "%d;", i);
        assert_int_equal(strlen(text.data), text.length);
    }
    tare_text_add_bytes(&text, "ab\0cd", 5);
    assert_int_equal(text.data[text.length], '\0');
    assert_memory_equal(text.data + text.length - 5, "ab\0cd", 5);
    tare_text_float(&text, 0.5f);
    tare_text_double(&text, 1e-8);
    assert_memory_equal(text.data, "0;1;2;3;", 8);
    assert_string_equal(text.data + text.length - 8, "0.51e-08");
    assert_false(text.failed);
    tare_text_clear(&text);
    assert_null(text.data);
    assert_int_equal(text.length, 0);
    assert_ptr_equal(text.allocator, &memory.hooks);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_text_without_memory_fails_for_good_and_keeps_what_it_has(void **state) {
    (void)state;
    for (int64_t nth = 1; nth <= 4; nth++) {
        failing_allocator memory;
        tare_text text = {.allocator = failing_allocator_start(&memory, nth)};
        for (int i = 0; i < 100; i++) tare_text_format(&text, "%d,", 1000000 + i);
        assert_true(text.failed);
        const size_t length = text.length;
        memory.fail_at = 0;
        tare_text_add(&text, "more");
        tare_text_float(&text, 1);
        assert_int_equal(text.length, length);
        if (text.data != NULL) assert_int_equal(strlen(text.data), length);
        tare_text_clear(&text);
        assert_true(failing_allocator_is_clean(&memory));
    }
}

static void test_print_ends_within_its_buffer(void **state) {
    (void)state;
    char buffer[9] = "12345678";
    assert_ptr_equal(tare_print(buffer, 4, "%s", "abcdefgh"), buffer);
    assert_string_equal(buffer, "abc");
    assert_string_equal(buffer + 4, "5678");
    tare_print(buffer, 0, "zzz");
    assert_string_equal(buffer, "abc");
}

static void test_same_text_knows_null(void **state) {
    (void)state;
    assert_true(tare_same_text("a", "a"));
    assert_false(tare_same_text("a", "b"));
    assert_false(tare_same_text("a", NULL));
    assert_false(tare_same_text(NULL, "a"));
    assert_true(tare_same_text(NULL, NULL));
}

static void test_utf8_is_told_from_other_bytes(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "x\xE2\x82\xACy"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",         /* overlong */
                                      "\xC1\xBF",         /* overlong */
                                      "\xE0\x9F\xBF",     /* overlong */
                                      "\xF0\x8F\xBF\xBF", /* overlong */
                                      "\xED\xA0\x80",     /* a surrogate */
                                      "\xF4\x90\x80\x80", /* beyond U+10FFFF */
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xE2\x82",
                                      "\xE2\x28\xA1",
                                      "ok\xC3"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(tare_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(tare_is_utf8(bad[i], strlen(bad[i])));
    assert_true(tare_is_utf8("a\0b", 3));
    assert_false(tare_is_utf8("\xE2\x82\xAC", 2)); /* the rest lies beyond the end */
}

static void scaled_numbers_have_three_digits_and_a_prefix(void **state) {
    (void)state;
    char text[TARE_NUMBER_TEXT];
    assert_string_equal(tare_scaled_text(text, 0, "B"), "0 B");
    assert_string_equal(tare_scaled_text(text, 72, "B"), "72 B");
    assert_string_equal(tare_scaled_text(text, 999, "B"), "999 B");
    assert_string_equal(tare_scaled_text(text, 999.7, "B"), "1 kB");
    assert_string_equal(tare_scaled_text(text, 25088, "B"), "25.1 kB");
    assert_string_equal(tare_scaled_text(text, -1814400, "FLOP"), "-1.81 MFLOP");
    assert_string_equal(tare_scaled_text(text, 3e21, "B"), "3000 EB");
    assert_string_equal(tare_scaled_text(text, INFINITY, "B"), "inf EB");
    assert_string_equal(tare_scaled_text(text, NAN, "B"), "nan B");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats_print_as_numpy_prints_them),
        cmocka_unit_test(test_doubles_print_as_python_prints_them),
        cmocka_unit_test(test_any_float_reads_back_and_no_shorter_text_would),
        cmocka_unit_test(test_any_double_reads_back),
        cmocka_unit_test(test_fixed_text_has_so_many_decimals),
        cmocka_unit_test(test_significant_text_rounds_and_is_short),
        cmocka_unit_test(test_fixed_text_agrees_with_the_c_library_and_fits),
        cmocka_unit_test(test_doubles_are_read_correctly_rounded),
        cmocka_unit_test(test_half_way_points_go_to_the_even_neighbour_and_only_they),
        cmocka_unit_test(test_the_forms_a_number_may_have),
        cmocka_unit_test(test_reading_stops_where_the_number_stops),
        cmocka_unit_test(test_what_is_no_number_leaves_the_cursor),
        cmocka_unit_test(test_integers_are_read_within_their_range),
        cmocka_unit_test(test_numbers_are_the_same_under_a_decimal_comma),
        cmocka_unit_test(test_text_grows_and_ends_with_nul),
        cmocka_unit_test(test_text_without_memory_fails_for_good_and_keeps_what_it_has),
        cmocka_unit_test(test_print_ends_within_its_buffer),
        cmocka_unit_test(test_same_text_knows_null),
        cmocka_unit_test(test_utf8_is_told_from_other_bytes),
        cmocka_unit_test(scaled_numbers_have_three_digits_and_a_prefix),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
