/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of failures as sentences. */
#include "base/status.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_the_version_is_that_of_the_headers(void **state) {
    (void)state;
    assert_string_equal(tare_version(), TARE_VERSION);
}

static void test_every_status_has_its_name_and_no_other_number_has_one(void **state) {
    (void)state;
    assert_string_equal(tare_status_name(TARE_OK), "TARE_OK");
    assert_string_equal(tare_status_name(TARE_ERROR_SHAPE), "TARE_ERROR_SHAPE");
    assert_string_equal(tare_status_name(TARE_ERROR_SYSTEM), "TARE_ERROR_SYSTEM");
    for (int status = 0; status <= 16; status++)
        assert_memory_equal(tare_status_name((tare_status)status), "TARE_", 5);
    assert_string_equal(tare_status_name((tare_status)17), "unknown status");
    assert_string_equal(tare_status_name((tare_status)-1), "unknown status");
}

static void test_the_sentence_has_op_node_got_and_need(void **state) {
    (void)state;
    tare_error error;
    assert_int_equal(
        tare_fail_at(&error, TARE_ERROR_SHAPE, "conv2d", "hidden/conv2d", "[?, 4]", "rank 4"),
        TARE_ERROR_SHAPE);
    assert_int_equal(error.status, TARE_ERROR_SHAPE);
    assert_string_equal(error.op, "conv2d");
    assert_string_equal(error.node, "hidden/conv2d");
    assert_string_equal(error.got, "[?, 4]");
    assert_string_equal(error.need, "rank 4");
    assert_string_equal(error.message, "conv2d 'hidden/conv2d': got [?, 4]; needs rank 4");
}

static void test_missing_parts_are_left_out_with_their_words(void **state) {
    (void)state;
    static const struct {
        const char *op, *node, *got, *need, *sentence;
    } cases[] = {
        {"conv2d", NULL, "rank 2", "rank 4", "conv2d: got rank 2; needs rank 4"},
        {"", "w", "rank 2", "rank 4", "'w': got rank 2; needs rank 4"},
        {NULL, NULL, "rank 2", "rank 4", "got rank 2; needs rank 4"},
        {"conv2d", "c", "rank 2", "", "conv2d 'c': got rank 2"},
        {"conv2d", "c", "", "rank 4", "conv2d 'c': needs rank 4"},
        {"conv2d", "c", NULL, NULL, "conv2d 'c'"},
        {NULL, NULL, NULL, "rank 4", "needs rank 4"},
        {NULL, NULL, NULL, NULL, "TARE_ERROR_SHAPE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_error error;
        tare_fail_at(&error, TARE_ERROR_SHAPE, cases[i].op, cases[i].node, cases[i].got,
                     cases[i].need);
        assert_string_equal(error.message, cases[i].sentence);
    }
}

static void test_what_does_not_fit_is_cut_between_characters(void **state) {
    (void)state;
    char letters[2000], euros[2000];
    memset(letters, 'a', sizeof letters);
    letters[sizeof letters - 1] = '\0';
    for (size_t i = 0; i + 3 < sizeof euros; i += 3) memcpy(euros + i, "\xE2\x82\xAC", 4);
    for (size_t shift = 0; shift < 3; shift++) { /* the cut falls on every byte of a character */
        char shifted[2100] = {0};
        memset(shifted, 'x', shift);
        strcat(shifted, euros);
        tare_error error;
        tare_fail_at(&error, TARE_ERROR_NAME, shifted, shifted, shifted, shifted);
        const char *fields[] = {error.op, error.node, error.got, error.need, error.message};
        const size_t sizes[] = {sizeof error.op, sizeof error.node, sizeof error.got,
                                sizeof error.need, sizeof error.message};
        for (size_t i = 0; i < 5; i++) {
            assert_true(strlen(fields[i]) < sizes[i]);
            assert_true(tare_is_utf8(fields[i], strlen(fields[i])));
        }
        for (size_t i = 0; i < 4; i++) assert_true(strlen(fields[i]) + 4 > sizes[i]);
        tare_fail(&error, TARE_ERROR_NAME, "%s", shifted);
        assert_true(strlen(error.message) + 4 > sizeof error.message);
        assert_true(tare_is_utf8(error.message, strlen(error.message)));
        tare_fail_file(&error, TARE_ERROR_FILE, shifted, "%s", shifted);
        assert_true(tare_is_utf8(error.message, strlen(error.message)));
    }
    tare_error error;
    tare_fail_at(&error, TARE_ERROR_NAME, letters, letters, letters, letters);
    assert_int_equal(strlen(error.op), sizeof error.op - 1);
    assert_int_equal(strlen(error.need), sizeof error.need - 1);
    tare_fail(&error, TARE_ERROR_NAME, "%s", letters);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

static void test_the_whole_sentence_fits_when_its_parts_do(void **state) {
    (void)state;
    tare_error error;
    char op[48], node[160], got[224], need[224];
    memset(op, 'o', sizeof op - 1), op[sizeof op - 1] = '\0';
    memset(node, 'n', sizeof node - 1), node[sizeof node - 1] = '\0';
    memset(got, 'g', sizeof got - 1), got[sizeof got - 1] = '\0';
    memset(need, 'N', sizeof need - 2), need[sizeof need - 2] = 'Z', need[sizeof need - 1] = '\0';
    tare_fail_at(&error, TARE_ERROR_NAME, op, node, got, need);
    assert_int_equal(error.message[strlen(error.message) - 1], 'Z');
}

static void test_parts_may_be_fields_of_the_error_itself(void **state) {
    (void)state;
    tare_error error;
    tare_fail_at(&error, TARE_ERROR_NAME, "op", "node", "this", "that");
    tare_fail_at(&error, TARE_ERROR_SHAPE, error.need, error.got, error.node, error.op);
    assert_string_equal(error.message, "that 'this': got node; needs op");
    tare_fail(&error, TARE_ERROR_STATE, "first: %s", error.message);
    assert_string_equal(error.message, "first: that 'this': got node; needs op");
    assert_string_equal(error.op, "");
}

static void test_a_file_s_failure_names_the_file(void **state) {
    (void)state;
    tare_error error;
    assert_int_equal(tare_fail_file(&error, TARE_ERROR_FORMAT, "a.npy", "ends at byte %d", 7),
                     TARE_ERROR_FORMAT);
    assert_string_equal(error.node, "a.npy");
    assert_string_equal(error.message, "'a.npy': ends at byte 7");
}

static void test_without_an_error_only_the_status_comes_back(void **state) {
    (void)state;
    assert_int_equal(tare_fail(NULL, TARE_ERROR_NAME, "%s", "x"), TARE_ERROR_NAME);
    assert_int_equal(tare_fail_at(NULL, TARE_ERROR_TYPE, "a", "b", "c", "d"), TARE_ERROR_TYPE);
    assert_int_equal(tare_fail_file(NULL, TARE_ERROR_FILE, "a", "b"), TARE_ERROR_FILE);
    assert_int_equal(tare_fail_memory(NULL), TARE_ERROR_MEMORY);
    tare_error_clear(NULL);
}

static void test_clear_leaves_nothing(void **state) {
    (void)state;
    tare_error error;
    assert_int_equal(tare_fail_memory(&error), TARE_ERROR_MEMORY);
    assert_string_equal(error.message, "out of memory");
    tare_error_clear(&error);
    assert_int_equal(error.status, TARE_OK);
    assert_string_equal(error.message, "");
}

static tare_status fail_then_succeed(tare_status first, int *reached) {
    TARE_TRY(first);
    (*reached)++;
    return TARE_OK;
}

static void test_try_returns_at_the_first_failure(void **state) {
    (void)state;
    int reached = 0;
    assert_int_equal(fail_then_succeed(TARE_ERROR_BUSY, &reached), TARE_ERROR_BUSY);
    assert_int_equal(reached, 0);
    assert_int_equal(fail_then_succeed(TARE_OK, &reached), TARE_OK);
    assert_int_equal(reached, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_version_is_that_of_the_headers),
        cmocka_unit_test(test_every_status_has_its_name_and_no_other_number_has_one),
        cmocka_unit_test(test_the_sentence_has_op_node_got_and_need),
        cmocka_unit_test(test_missing_parts_are_left_out_with_their_words),
        cmocka_unit_test(test_what_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(test_the_whole_sentence_fits_when_its_parts_do),
        cmocka_unit_test(test_parts_may_be_fields_of_the_error_itself),
        cmocka_unit_test(test_a_file_s_failure_names_the_file),
        cmocka_unit_test(test_without_an_error_only_the_status_comes_back),
        cmocka_unit_test(test_clear_leaves_nothing),
        cmocka_unit_test(test_try_returns_at_the_first_failure),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
