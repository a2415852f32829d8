/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the edit distance and of suggesting the nearest word. */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_distances_count_slips(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},           {"abc", "abc", 0},      {"abc", "", 3},   {"", "abc", 3},
        {"train", "trian", 1}, {"epochs", "epoch", 1}, {"lr", "lt", 1},  {"kitten", "sitting", 3},
        {"ab", "ba", 1},       {"abcd", "badc", 2},    {"ca", "abc", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(tare_text_distance(cases[i].a, cases[i].b), cases[i].distance);
}

static void test_long_words_are_far_from_everything(void **state) {
    (void)state;
    char word[200];
    memset(word, 'a', sizeof word);
    word[199] = '\0';
    assert_int_equal(tare_text_distance(word, word), 199);
    tare_nearest nearest = {.word = word};
    tare_nearest_offer(&nearest, word);
    assert_null(nearest.best);
}

static void test_only_near_words_are_suggested(void **state) {
    (void)state;
    tare_nearest nearest = {.word = "trian"};
    tare_nearest_offer(&nearest, "inspect");
    assert_null(nearest.best);
    tare_nearest_offer(&nearest, "train");
    tare_nearest_offer(&nearest, "brian"); /* as near; the first stays */
    assert_string_equal(nearest.best, "train");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distances_count_slips),
        cmocka_unit_test(test_long_words_are_far_from_everything),
        cmocka_unit_test(test_only_near_words_are_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
