/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of tables of mixed columns, of folds, and of the standardiser, against numbers that are
 * computed here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/data_frame.h>

#include <cmocka.h>

#include "scratch_files.h"

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

static tare_status read_bytes(const char *text, size_t bytes, tare_data_frame **frame,
                              tare_error *error) {
    const char *path = scratch_file("rows.csv", text, bytes);
    assert_non_null(path);
    return tare_data_frame_read(path, frame, error);
}

static tare_data_frame *read_frame(const char *text) {
    tare_data_frame *frame = NULL;
    tare_error error = {0};
    if (read_bytes(text, strlen(text), &frame, &error) != TARE_OK) fail_msg("%s", error.message);
    return frame;
}

/* ------------------------------------------------------------------------------------ reading */

static void test_frame_reads_numbers_names_and_missing_values(void **state) {
    (void)state;
    tare_data_frame *frame =
        read_frame("area,\"zo,ne\",alley,\r\n 12.5 ,RL ,NA,1\n,\"a \"\"b\"\"\",,2\r"
                   "1e3,RL,Grvl,3");
    assert_int_equal(tare_data_frame_rows(frame), 3);
    assert_int_equal(tare_data_frame_columns(frame), 4);
    assert_string_equal(tare_data_frame_name(frame, 1), "zo,ne");
    assert_string_equal(tare_data_frame_name(frame, 3), "column 4");
    assert_null(tare_data_frame_name(frame, 4));
    assert_int_equal(tare_data_frame_find(frame, "alley"), 2);
    assert_int_equal(tare_data_frame_find(frame, "nothing"), -1);
    assert_int_equal(tare_data_frame_kind(frame, 0), TARE_COLUMN_NUMBERS);
    assert_int_equal(tare_data_frame_kind(frame, 1), TARE_COLUMN_NAMES);
    assert_true(tare_data_frame_number(frame, 0, 0) == 12.5);
    assert_true(isnan(tare_data_frame_number(frame, 1, 0)));
    assert_true(tare_data_frame_number(frame, 2, 0) == 1000);
    assert_string_equal(tare_data_frame_text(frame, 0, 1), "RL"); /* without the blank */
    assert_string_equal(tare_data_frame_text(frame, 1, 1), "a \"b\"");
    assert_null(tare_data_frame_text(frame, 0, 2));
    assert_null(tare_data_frame_text(frame, 3, 0));
    tare_data_frame_free(frame);
}

static void test_frame_tells_mixed_columns(void **state) {
    (void)state;
    tare_data_frame *frame = read_frame("a,b,c\n1,x,inf\n2,1,1\nx,y,2\n,,\n3,z,4\n");
    assert_int_equal(tare_data_frame_kind(frame, 0), TARE_COLUMN_MIXED);
    assert_int_equal(tare_data_frame_kind(frame, 1), TARE_COLUMN_NAMES);
    assert_int_equal(tare_data_frame_kind(frame, 2), TARE_COLUMN_MIXED); /* inf is no number */
    tare_data_frame_free(frame);
}

static void test_frame_refuses_with_row_and_column(void **state) {
    (void)state;
#define CASE(text, says)                                                                           \
    { text, sizeof text - 1, says }
    static const struct {
        const char *text;
        size_t bytes;
        const char *says;
    } cases[] = {
        CASE("", "the file is empty"),
        CASE("a,b\n", "there are no rows below the names"),
        CASE("a,b\n1,2\n1\n", "row 3 has 1 fields, row 1 has 2: the rows differ at column 2"),
        CASE("a,b\n1,2,3\n", "row 2 has more than 2 fields"),
        CASE("a,b\r\n1,2\r3\n", "row 3 has 1 fields"),
        CASE("RL,12\nRM,13\n", "row 1, column 2: got '12'; needs the name of the column (is the "
                               "header missing?)"),
        CASE("a,b,a\n1,2,3\n", "row 1: columns 1 and 3 are both called 'a'"),
        CASE("a,b\n1,\"2\n3,4\n", "row 2, column 2: the quote is never closed"),
        CASE("a,b\n1,\"2\"3\n", "row 2, column 2: there is text behind the closing quote"),
        CASE("a,b\n1,x\0y\n", "row 2, column 2: there is a byte 0"),
        CASE("a,b\n1,caf\xE9\n", "row 2, column 2: the text is not UTF-8"),
        CASE("a,caf\xE9\n1,2\n", "row 1, column 2: the name is not UTF-8"),
    };
#undef CASE
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_data_frame *frame = NULL;
        tare_error error = {0};
        assert_int_equal(read_bytes(cases[i].text, cases[i].bytes, &frame, &error),
                         TARE_ERROR_FORMAT);
        assert_null(frame);
        assert_says(&error, cases[i].says);
        assert_says(&error, "rows.csv");
    }
    tare_data_frame *frame = NULL;
    tare_error error = {0};
    assert_int_equal(tare_data_frame_read(scratch("nowhere"), &frame, &error), TARE_ERROR_FILE);
    assert_int_equal(tare_data_frame_read(NULL, &frame, &error), TARE_ERROR_ARGUMENT);
}

/* A header of that many names, and one row of as many numbers. */
static char *wide_file(int columns, size_t *bytes) {
    const size_t room = (size_t)columns * 12;
    char *text = malloc(room);
    assert_non_null(text);
    size_t at = 0;
    for (int i = 0; i < columns; i++)
        at += (size_t)snprintf(text + at, room - at, "c%d%c", i, i + 1 < columns ? ',' : '\n');
    for (int i = 0; i < columns; i++) {
        text[at++] = '1';
        text[at++] = i + 1 < columns ? ',' : '\n';
    }
    *bytes = at;
    return text;
}

static void test_frame_takes_a_million_columns_and_no_more(void **state) {
    (void)state;
    size_t bytes;
    tare_data_frame *frame = NULL;
    tare_standardizer *standardizer = NULL;
    tare_error error = {0};
    char *text = wide_file(1000000, &bytes);
    assert_int_equal(read_bytes(text, bytes, &frame, &error), TARE_OK);
    free(text);
    assert_int_equal(tare_data_frame_columns(frame), 1000000);
    assert_string_equal(tare_data_frame_name(frame, 999999), "c999999");
    assert_int_equal(tare_standardizer_fit(frame, NULL, 0, &standardizer, &error),
                     TARE_ERROR_ARGUMENT);
    assert_says(&error, "the columns up to 'c65536' make 65537 features; needs at most 65536");
    tare_data_frame_free(frame);
    text = wide_file(1000001, &bytes);
    assert_int_equal(read_bytes(text, bytes, &frame, &error), TARE_ERROR_FORMAT);
    assert_says(&error, "row 1 has more than 1000000 fields");
    free(text);
}

/* -------------------------------------------------------------------------------------- folds */

static void test_folds_hold_every_row_out_once(void **state) {
    (void)state;
    enum { COUNT = 23, FOLDS = 5 };
    int times[COUNT] = {0};
    for (int64_t fold = 0; fold < FOLDS; fold++) {
        int64_t rows[COUNT], held = 0;
        bool seen[COUNT] = {false};
        assert_int_equal(tare_fold_rows(COUNT, FOLDS, fold, 7, rows, &held, NULL), TARE_OK);
        assert_int_equal(held, fold < 3 ? 5 : 4);
        for (int i = 0; i < COUNT; i++) {
            assert_in_range(rows[i], 0, COUNT - 1);
            assert_false(seen[rows[i]]);
            seen[rows[i]] = true;
            if (i >= COUNT - held) times[rows[i]]++;
        }
    }
    for (int i = 0; i < COUNT; i++) assert_int_equal(times[i], 1);
}

static void test_folds_depend_on_the_seed_alone(void **state) {
    (void)state;
    int64_t one[40], same[40], other[40], held;
    assert_int_equal(tare_fold_rows(40, 2, 1, 1, one, &held, NULL), TARE_OK);
    assert_int_equal(tare_fold_rows(40, 2, 1, 1, same, &held, NULL), TARE_OK);
    assert_int_equal(tare_fold_rows(40, 2, 1, 2, other, &held, NULL), TARE_OK);
    assert_memory_equal(one, same, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    static const int64_t refused[][3] = {{10, 1, 0}, {3, 4, 0}, {10, 5, 5}, {10, 5, -1}};
    for (size_t i = 0; i < 4; i++) {
        tare_error error = {0};
        assert_int_equal(
            tare_fold_rows(refused[i][0], refused[i][1], refused[i][2], 0, one, &held, &error),
            TARE_ERROR_ARGUMENT);
        assert_says(&error, "needs 2 folds or more");
    }
}

/* ------------------------------------------------------------------------------- standardiser */

static tare_standardizer *fit(const tare_data_frame *frame, const int64_t *rows, int64_t count,
                              const tare_standardizer_options *options) {
    tare_standardizer *standardizer = NULL;
    tare_error error = {0};
    if (tare_standardizer_fit_with(frame, rows, count, options, &standardizer, &error) != TARE_OK)
        fail_msg("%s", error.message);
    return standardizer;
}

static void assert_near(double got, double wanted, double tolerance) {
    if (!(fabs(got - wanted) <= tolerance * fmax(1, fabs(wanted))))
        fail_msg("got %.17g, wanted %.17g", got, wanted);
}

/* Mean and deviation of training rows only, in long double; a held-out row of huge numbers must not
 * be felt. */
static void test_standardizer_learns_from_training_rows_alone(void **state) {
    (void)state;
    enum { ROWS = 400, TRAINING = 300 };
    char text[ROWS * 40];
    double numbers[ROWS];
    int64_t rows[TRAINING];
    size_t at = (size_t)snprintf(text, sizeof text, "a,b\n");
    for (int i = 0; i < ROWS; i++) {
        const bool training = i % 4 != 3;
        const int eighths = i * 37 % 101;
        numbers[i] = training ? 1e6 + eighths / 8. : 1e12;
        if (training) rows[i - (i + 1) / 4] = i;
        at += (size_t)(training ? snprintf(text + at, sizeof text - at, "%d.%03d,%d\n",
                                           1000000 + eighths / 8, eighths % 8 * 125, i)
                                : snprintf(text + at, sizeof text - at, "1e12,%d\n", i));
    }
    long double sum = 0, squares = 0;
    for (int i = 0; i < TRAINING; i++) sum += (long double)numbers[rows[i]];
    const long double mean = sum / TRAINING;
    for (int i = 0; i < TRAINING; i++)
        squares += ((long double)numbers[rows[i]] - mean) * ((long double)numbers[rows[i]] - mean);
    const double deviation = sqrt((double)(squares / TRAINING));

    tare_data_frame *frame = read_frame(text);
    tare_standardizer *standardizer = fit(frame, rows, TRAINING, NULL);
    assert_near(tare_standardizer_mean(standardizer, 0), (double)mean, 1e-15);
    assert_near(tare_standardizer_deviation(standardizer, 0), deviation, 1e-9);
    tare_array *inputs = NULL;
    assert_int_equal(tare_standardizer_inputs(standardizer, frame, NULL, 0, &inputs, NULL, NULL),
                     TARE_OK);
    assert_int_equal(tare_array_shape(inputs).extents[0], ROWS);
    for (int i = 0; i < ROWS; i++) /* float32 */
        assert_near(tare_array_number(inputs, 2 * i), (numbers[i] - (double)mean) / deviation,
                    1e-6);
    tare_array_free(inputs);
    tare_standardizer_free(standardizer);
    tare_data_frame_free(frame);
}

static void test_standardizer_makes_a_feature_of_every_category(void **state) {
    (void)state;
    tare_data_frame *frame =
        read_frame("zone,size,level,flat,price\nRM,1,2,5,10\nRL,3,10,5,20\n,,2,5,30\nRL,5,1,5,40\n"
                   "FV,,7,6,50\n");
    const int64_t training[] = {0, 1, 2, 3};
    tare_standardizer_options options = {TARE_STANDARDIZER_DEFAULTS};
    options.target = "price";
    options.categories = "level";
    tare_standardizer *s = fit(frame, training, 4, &options);
    assert_int_equal(tare_standardizer_columns(s), 4);
    assert_int_equal(tare_standardizer_features(s), 3 + 1 + 3 + 1);
    assert_string_equal(tare_standardizer_category(s, 0, 0), ""); /* missing, in training */
    assert_string_equal(tare_standardizer_category(s, 0, 1), "RL");
    assert_string_equal(tare_standardizer_category(s, 0, 2), "RM");
    assert_null(tare_standardizer_category(s, 0, 3));
    assert_null(tare_standardizer_category(s, 1, 0));
    assert_string_equal(tare_standardizer_category(s, 2, 1), "10"); /* bytes, not numbers */
    assert_true(isnan(tare_standardizer_mean(s, 0)));

    tare_array *inputs = NULL;
    tare_standardizer_facts facts = {.struct_size = sizeof facts};
    assert_int_equal(tare_standardizer_inputs(s, frame, NULL, 0, &inputs, &facts, NULL), TARE_OK);
    const float r = (float)sqrt(1.5); /* 1, 3 and 5 have the mean 3 and the variance 8/3 */
    const float wanted[5]
                      [8] = {
                          {0, 0, 1, -r, 0, 0, 1, 0}, {0, 1, 0, 0, 0, 1, 0, 0},
                          {1, 0, 0, 0, 0, 0, 1, 0},  {0, 1, 0, r, 1, 0, 0, 0},
                          {0, 0, 0, 0, 0, 0, 0, 0}, /* FV and 7 are new; flat never varied */
                      };
    for (int64_t i = 0; i < 40; i++)
        assert_near(tare_array_number(inputs, i), (double)wanted[i / 8][i % 8], 1e-6);
    assert_int_equal(facts.missing_columns, 0);
    assert_int_equal(facts.missing, 3);
    assert_int_equal(facts.unknown, 2);
    assert_string_equal(facts.unknown_column, "zone");
    assert_string_equal(facts.unknown_name, "FV");
    assert_int_equal(facts.unknown_row, 6); /* of the file */
    tare_array_free(inputs);
    tare_standardizer_free(s);
    tare_data_frame_free(frame);
}

/* Three times .1 has a sum whose third is not .1. */
static void test_standardizer_sees_that_a_constant_does_not_vary(void **state) {
    (void)state;
    tare_data_frame *frame = read_frame("a,b,c\n.1,1,\n.1,2,\n.1,3,\n");
    tare_data_frame *rows = read_frame("a,b,c\n7,1,7\n");
    tare_standardizer *s = fit(frame, NULL, 0, NULL);
    assert_true(tare_standardizer_mean(s, 0) == .1);
    assert_true(tare_standardizer_deviation(s, 0) == 0);
    assert_true(tare_standardizer_mean(s, 2) == 0); /* nothing at all was there */
    tare_array *inputs = NULL;
    assert_int_equal(tare_standardizer_inputs(s, rows, NULL, 0, &inputs, NULL, NULL), TARE_OK);
    assert_true(tare_array_number(inputs, 0) == 0);
    assert_true(tare_array_number(inputs, 1) != 0);
    assert_true(tare_array_number(inputs, 2) == 0);
    tare_array_free(inputs);
    tare_standardizer_free(s);
    tare_data_frame_free(rows);
    tare_data_frame_free(frame);
}

static void test_standardizer_leaves_raw_numbers_alone(void **state) {
    (void)state;
    tare_data_frame *frame = read_frame("id,size\n1,100\n2,\n3,300\n");
    tare_standardizer_options options = {TARE_STANDARDIZER_DEFAULTS};
    options.scale = false;
    options.except = "id";
    tare_standardizer *s = fit(frame, NULL, 0, &options);
    tare_array *inputs = NULL;
    assert_int_equal(tare_standardizer_inputs(s, frame, NULL, 0, &inputs, NULL, NULL), TARE_OK);
    assert_int_equal(tare_array_count(inputs), 3);
    const double wanted[] = {100, 200, 300}; /* missing: the mean */
    for (int64_t i = 0; i < 3; i++) assert_true(tare_array_number(inputs, i) == wanted[i]);
    tare_array_free(inputs);
    tare_standardizer_free(s);
    tare_data_frame_free(frame);
}

static void test_standardizer_takes_logarithms_of_the_target_and_back(void **state) {
    (void)state;
    tare_data_frame *frame = read_frame("size,price\n1,100\n2,200\n3,400\n");
    tare_standardizer_options options = {TARE_STANDARDIZER_DEFAULTS};
    options.target = "price";
    options.log_target = true;
    tare_standardizer *s = fit(frame, NULL, 0, &options);
    assert_string_equal(tare_standardizer_target(s), "price");
    const double deviation = log(2) * sqrt(2. / 3);
    assert_near(tare_standardizer_target_deviation(s), deviation, 1e-14);
    tare_array *targets = NULL;
    assert_int_equal(tare_standardizer_targets(s, frame, NULL, 0, &targets, NULL), TARE_OK);
    assert_near(tare_array_number(targets, 0), -log(2) / deviation, 1e-6);
    assert_near(tare_array_number(targets, 1), 0, 1e-6);
    assert_near(tare_standardizer_answer(s, log(2) / deviation), 400, 1e-13);
    assert_near(tare_standardizer_answer(s, 0), 200, 1e-13);
    tare_array_free(targets);
    tare_standardizer_free(s);
    tare_data_frame_free(frame);
}

static void test_standardizer_finds_columns_by_name(void **state) {
    (void)state;
    tare_data_frame *training = read_frame("a,b,c\n1,x,5\n3,y,7\n");
    tare_data_frame *rows = read_frame("more,b,a\nzz,y,3\n");
    tare_standardizer *s = fit(training, NULL, 0, NULL);
    tare_array *inputs = NULL;
    tare_standardizer_facts facts = {.struct_size = sizeof facts};
    assert_int_equal(tare_standardizer_inputs(s, rows, NULL, 0, &inputs, &facts, NULL), TARE_OK);
    const double wanted[] = {1, 0, 1, 0};
    for (int64_t i = 0; i < 4; i++) assert_true(tare_array_number(inputs, i) == wanted[i]);
    assert_int_equal(facts.missing_columns, 1);
    assert_string_equal(facts.missing_column, "c");
    assert_int_equal(facts.missing, 0);
    tare_array_free(inputs);
    tare_data_frame *others = read_frame("d\n1\n");
    tare_error error = {0};
    assert_int_equal(tare_standardizer_inputs(s, others, NULL, 0, &inputs, NULL, &error),
                     TARE_ERROR_NAME);
    assert_null(inputs);
    assert_says(&error, "none of the columns of training; the first of them is 'a'");
    tare_data_frame_free(others);
    tare_data_frame_free(rows);
    tare_data_frame_free(training);
    tare_standardizer_free(s);
}

static void assert_fit_refused(const char *text, const tare_standardizer_options *options,
                               tare_status status, const char *says) {
    tare_data_frame *frame = read_frame(text);
    tare_standardizer *standardizer = NULL;
    tare_error error = {0};
    assert_int_equal(tare_standardizer_fit_with(frame, NULL, 0, options, &standardizer, &error),
                     status);
    assert_null(standardizer);
    assert_says(&error, says);
    tare_data_frame_free(frame);
}

static void test_standardizer_refuses_with_row_and_column(void **state) {
    (void)state;
    tare_standardizer_options options = {TARE_STANDARDIZER_DEFAULTS};
    assert_fit_refused("a,size\n1,5\n2,x7\n3,8\n", &options, TARE_ERROR_FORMAT,
                       "row 3, column 2 ('size'): got 'x7'; needs a number, as in 2 other rows");
    options.categories = "size";
    tare_data_frame *frame = read_frame("a,size\n1,5\n2,x7\n3,8\n");
    tare_standardizer_free(fit(frame, NULL, 0, &options)); /* so it is said to be names */
    tare_data_frame_free(frame);
    options.categories = "sice";
    assert_fit_refused("a,size\n1,5\n", &options, TARE_ERROR_NAME, "did you mean 'size'?");
    options = (tare_standardizer_options){TARE_STANDARDIZER_DEFAULTS};
    options.except = "a,zzzzz";
    assert_fit_refused("a,size\n1,5\n", &options, TARE_ERROR_NAME, "no column 'zzzzz'");
    options.except = "a,size";
    assert_fit_refused("a,size\n1,5\n", &options, TARE_ERROR_ARGUMENT, "no column is left");
    options.except = NULL;
    options.target = "price";
    options.log_target = true;
    assert_fit_refused("a,size\n1,5\n", &options, TARE_ERROR_NAME, "no column 'price'");
    assert_fit_refused("a,price\n1,5\n2,\n", &options, TARE_ERROR_FORMAT,
                       "row 3, column 2 ('price'): got nothing; needs a number to learn from");
    assert_fit_refused("a,price\n1,5\n2,0\n", &options, TARE_ERROR_FORMAT,
                       "row 3, column 2 ('price'): got '0'; needs a number above 0");
    assert_fit_refused("a,price\n1e308,5\n1.1e308,7\n", &options, TARE_ERROR_FORMAT,
                       "column 1 ('a'): its numbers are so large");
}

static void test_standardizer_refuses_text_in_numbers_and_foreign_rows(void **state) {
    (void)state;
    tare_data_frame *training = read_frame("a,b\n1,2\n3,4\n"),
                    *rows = read_frame("a,b\n1,2\n3,four\n");
    tare_standardizer *s = fit(training, NULL, 0, NULL);
    tare_array *inputs = NULL;
    tare_error error = {0};
    assert_int_equal(tare_standardizer_inputs(s, rows, NULL, 0, &inputs, NULL, &error),
                     TARE_ERROR_FORMAT);
    assert_null(inputs);
    assert_says(&error, "row 3, column 2 ('b'): got 'four'; needs a number, as in training");
    const int64_t beyond[] = {0, 2};
    assert_int_equal(tare_standardizer_inputs(s, training, beyond, 2, &inputs, NULL, &error),
                     TARE_ERROR_ARGUMENT);
    assert_says(&error, "one row at least, of 0 to 1");
    tare_array *targets = NULL;
    assert_int_equal(tare_standardizer_targets(s, training, NULL, 0, &targets, &error),
                     TARE_ERROR_ARGUMENT);
    assert_true(isnan(tare_standardizer_answer(s, 1)));
    tare_standardizer_free(s);
    tare_data_frame_free(rows);
    tare_data_frame_free(training);
}

/* ------------------------------------------------------------------------------------- houses */

static void test_houses_are_the_same_for_every_count(void **state) {
    (void)state;
    tare_data_frame *few = NULL, *many = NULL, *others = NULL;
    assert_int_equal(tare_data_frame_houses(20, 3, &few, NULL), TARE_OK);
    assert_int_equal(tare_data_frame_houses(500, 3, &many, NULL), TARE_OK);
    assert_int_equal(tare_data_frame_houses(20, 4, &others, NULL), TARE_OK);
    const int64_t price = tare_data_frame_find(few, "price");
    int different = 0;
    for (int64_t row = 0; row < 20; row++) {
        for (int64_t column = 0; column < tare_data_frame_columns(few); column++) {
            const char *one = tare_data_frame_text(few, row, column);
            const char *other = tare_data_frame_text(many, row, column);
            assert_true((one == NULL) == (other == NULL));
            if (one != NULL) assert_string_equal(one, other);
        }
        different +=
            tare_data_frame_number(few, row, price) != tare_data_frame_number(others, row, price);
    }
    assert_true(different >= 19);
    tare_data_frame_free(few);
    tare_data_frame_free(others);
    for (int64_t row = 0; row < 500; row++)
        assert_in_range(tare_data_frame_number(many, row, price), 10000, 2000000);
    assert_int_equal(tare_data_frame_kind(many, tare_data_frame_find(many, "fence")),
                     TARE_COLUMN_NAMES);
    tare_data_frame_free(many);
    tare_error error = {0};
    assert_int_equal(tare_data_frame_houses(0, 1, &few, &error), TARE_ERROR_ARGUMENT);
    assert_says(&error, "1 to 1000000 houses");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_reads_numbers_names_and_missing_values),
        cmocka_unit_test(test_frame_tells_mixed_columns),
        cmocka_unit_test(test_frame_refuses_with_row_and_column),
        cmocka_unit_test(test_frame_takes_a_million_columns_and_no_more),
        cmocka_unit_test(test_folds_hold_every_row_out_once),
        cmocka_unit_test(test_folds_depend_on_the_seed_alone),
        cmocka_unit_test(test_standardizer_learns_from_training_rows_alone),
        cmocka_unit_test(test_standardizer_makes_a_feature_of_every_category),
        cmocka_unit_test(test_standardizer_sees_that_a_constant_does_not_vary),
        cmocka_unit_test(test_standardizer_leaves_raw_numbers_alone),
        cmocka_unit_test(test_standardizer_takes_logarithms_of_the_target_and_back),
        cmocka_unit_test(test_standardizer_finds_columns_by_name),
        cmocka_unit_test(test_standardizer_refuses_with_row_and_column),
        cmocka_unit_test(test_standardizer_refuses_text_in_numbers_and_foreign_rows),
        cmocka_unit_test(test_houses_are_the_same_for_every_count),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
