/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the progress line: on a terminal, elsewhere, cut, coloured, and what is not known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tare/report.h>

#include <cmocka.h>

/* What was written, piece by piece. */
typedef struct screen {
    char text[4096];
    size_t length;
    int pieces;
} screen;

static void show(void *user, const char *text, size_t bytes) {
    screen *to = user;
    assert_true(to->length + bytes < sizeof to->text);
    memcpy(to->text + to->length, text, bytes);
    to->length += bytes;
    to->text[to->length] = '\0';
    to->pieces++;
}

static tare_progress *begin(screen *to, bool terminal, bool colour, int64_t columns) {
    tare_progress_options options = {TARE_PROGRESS_DEFAULTS};
    options.terminal = terminal;
    options.colour = colour;
    options.columns = columns;
    options.write = show;
    options.user = to;
    tare_progress *progress = NULL;
    assert_int_equal(tare_progress_new_with(&options, &progress, NULL), TARE_OK);
    return progress;
}

static tare_progress_facts facts_of_step(int64_t step, double seconds) {
    return (tare_progress_facts){.struct_size = sizeof(tare_progress_facts),
                                 .epoch = 2,
                                 .epochs = 5,
                                 .step = step,
                                 .steps = 235,
                                 .images = step * 256,
                                 .seconds = seconds,
                                 .seconds_left = 65.4,
                                 .loss = .42131,
                                 .accuracy = (double)NAN,
                                 .held_loss = (double)NAN};
}

static void test_a_terminal_gets_one_line_drawn_again(void **state) {
    (void)state;
    screen to = {0};
    tare_progress *progress = begin(&to, true, false, 100);
    tare_progress_facts facts = facts_of_step(118, 2);
    tare_progress_step(progress, &facts);
    assert_string_equal(to.text, "\repoch 2/5  step 118/235  15104 images/s  loss 0.4213  "
                                 "1 min 5 s left\x1b[K");
    assert_int_equal(to.pieces, 1);
    facts = facts_of_step(119, 2.05);
    tare_progress_step(progress, &facts); /* too soon */
    assert_int_equal(to.pieces, 1);
    facts = facts_of_step(120, 2.11);
    tare_progress_step(progress, &facts);
    assert_int_equal(to.pieces, 2);
    to.length = 0;
    facts = facts_of_step(235, 4);
    facts.accuracy = .8712;
    facts.held_loss = .35;
    tare_progress_epoch(progress, &facts);
    assert_string_equal(to.text, "\repoch 2/5  235 steps  15040 images/s  loss 0.4213  "
                                 "held-back loss 0.3500  accuracy 0.8712  4.0 s\x1b[K\n");
    to.length = 0;
    to.text[0] = '\0';
    tare_progress_free(progress);
    assert_string_equal(to.text, ""); /* the cursor is at the start of a line already */
}

static void test_elsewhere_there_is_one_line_an_epoch(void **state) {
    (void)state;
    screen to = {0};
    tare_progress *progress = begin(&to, false, false, 80);
    tare_progress_facts facts = facts_of_step(1, 1);
    tare_progress_step(progress, &facts);
    assert_int_equal(to.pieces, 0);
    facts = facts_of_step(235, 4);
    tare_progress_epoch(progress, &facts);
    assert_string_equal(to.text, "epoch 2/5  235 steps  15040 images/s  loss 0.4213  4.0 s\n");
    tare_progress_free(progress);
    assert_int_equal(to.pieces, 1);
}

static void test_a_line_is_cut_before_the_edge(void **state) {
    (void)state;
    screen to = {0};
    tare_progress *progress = begin(&to, true, false, 30);
    const tare_progress_facts facts = facts_of_step(118, 2);
    tare_progress_step(progress, &facts);
    assert_string_equal(to.text, "\repoch 2/5  step 118/235  1510\x1b[K");
    assert_int_equal(to.length, 1 + 29 + 3);
    tare_progress_free(progress);
}

static void test_colour_is_there_only_when_asked(void **state) {
    (void)state;
    screen to = {0};
    tare_progress *progress = begin(&to, true, true, 100);
    const tare_progress_facts facts = facts_of_step(118, 2);
    tare_progress_step(progress, &facts);
    assert_non_null(strstr(to.text, "\r\x1b[1mepoch 2/5\x1b[0m  step 118/235"));
    tare_progress_free(progress);
}

static void test_a_note_does_not_run_into_the_line(void **state) {
    (void)state;
    screen to = {0};
    tare_progress *progress = begin(&to, true, false, 100);
    const tare_progress_facts facts = facts_of_step(118, 2);
    tare_progress_step(progress, &facts);
    to.length = 0;
    tare_progress_note(progress, "saved");
    assert_string_equal(to.text, "\nsaved\n");
    to.length = 0;
    tare_progress_note(progress, "saved again");
    assert_string_equal(to.text, "saved again\n");
    tare_progress_free(progress);
}

static void test_what_is_not_known_is_left_out(void **state) {
    (void)state;
    screen to = {0};
    tare_progress *progress = begin(&to, true, false, 100);
    tare_progress_facts facts = facts_of_step(1, 0);
    facts.seconds_left = (double)NAN;
    facts.loss = (double)NAN;
    tare_progress_step(progress, &facts);
    assert_string_equal(to.text, "\repoch 2/5  step 1/235  loss nan\x1b[K");
    to.length = 0;
    facts.seconds_left = 7265;
    facts.loss = 1e30;
    facts.epoch = 3;
    tare_progress_step(progress, &facts);
    assert_string_equal(to.text, "\repoch 3/5  step 1/235  loss 1e+30  2 h 1 min left\x1b[K");
    to.length = 0;
    to.text[0] = '\0';
    tare_progress_free(progress);
    assert_string_equal(to.text, "\n");
}

static void test_progress_needs_somewhere_to_write(void **state) {
    (void)state;
    tare_progress_options options = {TARE_PROGRESS_DEFAULTS};
    tare_progress *progress = NULL;
    tare_error error = {0};
    assert_int_equal(tare_progress_new_with(&options, &progress, &error), TARE_ERROR_ARGUMENT);
    assert_null(progress);
    assert_non_null(strstr(error.message, "write"));
    assert_int_equal(tare_progress_new_with(NULL, &progress, NULL), TARE_ERROR_ARGUMENT);
    tare_progress_step(NULL, NULL);
    tare_progress_epoch(NULL, NULL);
    tare_progress_note(NULL, NULL);
    tare_progress_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_terminal_gets_one_line_drawn_again),
        cmocka_unit_test(test_elsewhere_there_is_one_line_an_epoch),
        cmocka_unit_test(test_a_line_is_cut_before_the_edge),
        cmocka_unit_test(test_colour_is_there_only_when_asked),
        cmocka_unit_test(test_a_note_does_not_run_into_the_line),
        cmocka_unit_test(test_what_is_not_known_is_left_out),
        cmocka_unit_test(test_progress_needs_somewhere_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
