/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of standardisers as text: what is written is read back to the same bits, and nothing in a
 * text is believed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tare/model.h>

#include <cmocka.h>

static tare_standardizer *learn(tare_data_frame **frame, bool scale) {
    tare_standardizer *standardizer = NULL;
    tare_standardizer_options options = {TARE_STANDARDIZER_DEFAULTS};
    options.target = "price";
    options.log_target = true;
    options.scale = scale;
    options.categories = "month_sold";
    assert_int_equal(tare_data_frame_houses(300, 5, frame, NULL), TARE_OK);
    assert_int_equal(tare_standardizer_fit_with(*frame, NULL, 0, &options, &standardizer, NULL),
                     TARE_OK);
    return standardizer;
}

#ifdef TARE_HAVE_JANSSON

static void assert_same_numbers(tare_array *a, tare_array *b) {
    assert_int_equal(tare_array_bytes(a), tare_array_bytes(b));
    assert_memory_equal(tare_array_data(a), tare_array_data(b), tare_array_bytes(a));
    tare_array_free(a);
    tare_array_free(b);
}

static void test_what_is_written_is_read_back(void **state) {
    (void)state;
    for (int scale = 0; scale < 2; scale++) {
        tare_data_frame *frame;
        tare_standardizer *one = learn(&frame, scale), *other = NULL;
        char *text = NULL, *again = NULL;
        tare_error error = {0};
        assert_int_equal(tare_standardizer_text(one, &text, NULL), TARE_OK);
        if (tare_standardizer_from_text(text, &other, &error) != TARE_OK)
            fail_msg("%s", error.message);
        assert_int_equal(tare_standardizer_text(other, &again, NULL), TARE_OK);
        assert_string_equal(text, again);
        tare_array *x[2] = {NULL}, *y[2] = {NULL};
        assert_int_equal(tare_standardizer_inputs(one, frame, NULL, 0, &x[0], NULL, NULL), TARE_OK);
        assert_int_equal(tare_standardizer_inputs(other, frame, NULL, 0, &x[1], NULL, NULL),
                         TARE_OK);
        assert_int_equal(tare_standardizer_targets(one, frame, NULL, 0, &y[0], NULL), TARE_OK);
        assert_int_equal(tare_standardizer_targets(other, frame, NULL, 0, &y[1], NULL), TARE_OK);
        assert_same_numbers(x[0], x[1]);
        assert_same_numbers(y[0], y[1]);
        assert_true(tare_standardizer_answer(one, .3) == tare_standardizer_answer(other, .3));
        tare_text_free(text);
        tare_text_free(again);
        tare_standardizer_free(one);
        tare_standardizer_free(other);
        tare_data_frame_free(frame);
    }
}

static void test_texts_are_not_believed(void **state) {
    (void)state;
#define COLUMNS(columns) "{\"scale\": true, \"target\": null, \"columns\": [" columns "]}"
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "byte 0 is not JSON"},
        {"{\"scale\": true", "is not JSON"},
        {"[]", "no truth 'scale'"},
        {"{\"scale\": 1, \"columns\": [{}]}", "no truth 'scale'"},
        {COLUMNS(""), "no list 'columns'"},
        {COLUMNS("{}"), "a column has no name"},
        {COLUMNS("{\"name\": 3}"), "a column has no name"},
        {COLUMNS("{\"name\": \"a\"}"), "'a' has no numbers 'mean' and 'deviation'"},
        {COLUMNS("{\"name\": \"a\", \"mean\": 0, \"deviation\": -1}"),
         "'a' has a mean or a deviation that cannot be"},
        {COLUMNS("{\"name\": \"a\", \"mean\": \"0\", \"deviation\": 1}"), "'a' has no numbers"},
        {COLUMNS("{\"name\": \"a\", \"categories\": []}"), "'a' has no numbers"},
        {COLUMNS("{\"name\": \"a\", \"categories\": [1]}"), "'a' has a category that is no text"},
        {COLUMNS("{\"name\": \"a\", \"categories\": [\"x\", \"x\"]}"), "'a' has a category twice"},
        {COLUMNS("{\"name\": \"a\", \"categories\": [[[[]]]]}"), "nested deeper"},
        {COLUMNS("{\"name\": \"a\", \"mean\": 0, \"deviation\": 1},"
                 "{\"name\": \"a\", \"mean\": 0, \"deviation\": 1}"),
         "'a' is there twice"},
        {"{\"scale\": true, \"target\": {\"name\": \"p\", \"mean\": 0, \"deviation\": 1},"
         "\"columns\": [{\"name\": \"a\", \"mean\": 0, \"deviation\": 1}]}",
         "'p' has no truth 'log'"},
    };
#undef COLUMNS
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_standardizer *standardizer = NULL;
        tare_error error = {0};
        assert_int_equal(tare_standardizer_from_text(cases[i].text, &standardizer, &error),
                         TARE_ERROR_FORMAT);
        assert_null(standardizer);
        if (strstr(error.message, cases[i].says) == NULL)
            fail_msg("the sentence lacks \"%s\": %s", cases[i].says, error.message);
    }
}

static void test_null_is_refused(void **state) {
    (void)state;
    tare_standardizer *standardizer = NULL;
    char *text = NULL;
    assert_int_equal(tare_standardizer_text(NULL, &text, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_standardizer_from_text(NULL, &standardizer, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_standardizer_from_text("{}", NULL, NULL), TARE_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_texts_are_not_believed),
        cmocka_unit_test(test_null_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_without_jansson_reading_says_so(void **state) {
    (void)state;
    tare_data_frame *frame;
    tare_standardizer *standardizer = learn(&frame, true), *other = NULL;
    tare_error error = {0};
    char *text = NULL;
    assert_int_equal(tare_standardizer_text(standardizer, &text, NULL), TARE_OK);
    assert_int_equal(tare_standardizer_from_text(text, &other, &error), TARE_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "jansson"));
    tare_text_free(text);
    tare_standardizer_free(standardizer);
    tare_data_frame_free(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_jansson_reading_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
