/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of data sets and batches. */
#include "data/dataset.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tare/data.h>

#include <cmocka.h>

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

/* n examples of two pixels (2 i, 2 i + 1) with label i % 4. */
static tare_dataset *counted(int64_t n) {
    tare_array *inputs = NULL, *labels = NULL;
    tare_dataset *dataset = NULL;
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(n, 2), NULL, &inputs), TARE_OK);
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(n), NULL, &labels), TARE_OK);
    for (int64_t i = 0; i < n; i++) {
        assert_true(tare_array_set_number(inputs, 2 * i, (double)(2 * i)));
        assert_true(tare_array_set_number(inputs, 2 * i + 1, (double)(2 * i + 1)));
        assert_true(tare_array_set_number(labels, i, (double)(i % 4)));
    }
    assert_int_equal(tare_dataset_new(inputs, labels, &dataset, NULL), TARE_OK);
    tare_array_free(inputs);
    tare_array_free(labels);
    return dataset;
}

/* Which example stands at place k of the batch; also checks that its pixels and label agree. */
static int64_t example_at(const tare_batch *batch, int64_t k) {
    const float *inputs = tare_array_const_data(batch->inputs);
    const int32_t *labels = tare_array_const_data(batch->labels);
    const int64_t i = (int64_t)lroundf(inputs[2 * k] * 255) / 2;
    assert_true(inputs[2 * k] == (float)(2 * i) / 255.0f);
    assert_true(inputs[2 * k + 1] == (float)(2 * i + 1) / 255.0f);
    assert_int_equal(labels[k], i % 4);
    return i;
}

static tare_batches *cut(const tare_dataset *dataset, const tare_batches_options *options) {
    tare_batches *batches = NULL;
    tare_error error = {0};
    if (tare_batches_new_with(dataset, options, &batches, &error) != TARE_OK)
        fail_msg("%s", error.message);
    return batches;
}

/* ---------------------------------------------------------------------------------- data sets */

static void test_a_dataset_tells_what_it_holds(void **state) {
    (void)state;
    tare_dataset *dataset = counted(10);
    assert_int_equal(tare_dataset_count(dataset), 10);
    assert_int_equal(tare_dataset_classes(dataset), 4);
    assert_int_equal(tare_dataset_label(dataset, 6), 2);
    assert_int_equal(tare_dataset_label(dataset, 10), -1);
    const tare_shape shape = tare_dataset_input_shape(dataset);
    assert_int_equal(shape.rank, 1);
    assert_int_equal(shape.extents[0], 2);
    tare_dataset_free(dataset);
}

static void test_a_dataset_refuses_what_cannot_be_trained_on(void **state) {
    (void)state;
    tare_array *good = NULL, *floats = NULL, *labels = NULL, *other = NULL;
    tare_dataset *dataset = NULL;
    tare_error error = {0};
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(3, 2), NULL, &good), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(3, 2), NULL, &floats), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT32, TARE_SHAPE(3), NULL, &labels), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT32, TARE_SHAPE(4), NULL, &other), TARE_OK);

    assert_int_equal(tare_dataset_new(good, other, &dataset, &error), TARE_ERROR_SHAPE);
    assert_says(&error, "[4]");
    tare_array_set_number(floats, 5, (double)NAN);
    assert_int_equal(tare_dataset_new(floats, labels, &dataset, &error), TARE_ERROR_FORMAT);
    assert_says(&error, "example 2 (counted from 0) has nan at element 1");
    tare_array_set_number(floats, 5, (double)INFINITY);
    assert_int_equal(tare_dataset_new(floats, labels, &dataset, &error), TARE_ERROR_FORMAT);
    tare_array_set_number(labels, 1, -1);
    assert_int_equal(tare_dataset_new(good, labels, &dataset, &error), TARE_ERROR_FORMAT);
    assert_says(&error, "example 1 (counted from 0) has class -1");
    assert_int_equal(tare_dataset_new(other, other, &dataset, &error), TARE_ERROR_TYPE);
    tare_array_free(floats);
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(0, 2), NULL, &floats), TARE_OK);
    assert_int_equal(tare_dataset_new(floats, labels, &dataset, &error), TARE_ERROR_SHAPE);
    assert_says(&error, "at least one example");
    assert_int_equal(tare_dataset_new(NULL, labels, &dataset, &error), TARE_ERROR_ARGUMENT);
    assert_null(dataset);
    tare_array_free(good);
    tare_array_free(floats);
    tare_array_free(labels);
    tare_array_free(other);
}

static void test_a_part_outlives_the_whole(void **state) {
    (void)state;
    tare_dataset *whole = counted(10), *part = NULL, *smaller = NULL;
    assert_int_equal(tare_dataset_part(whole, 3, 5, &part, NULL), TARE_OK);
    tare_dataset_free(whole);
    assert_int_equal(tare_dataset_part(part, 1, 2, &smaller, NULL), TARE_OK);
    assert_int_equal(tare_dataset_count(smaller), 2);
    assert_int_equal(tare_dataset_label(smaller, 0), 0); /* example 4 */
    assert_int_equal(tare_dataset_label(smaller, 1), 1); /* example 5 */
    tare_dataset *none = NULL;
    assert_int_equal(tare_dataset_part(part, 3, 3, &none, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_dataset_part(part, -1, 3, &none, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_dataset_part(part, 0, 0, &none, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_dataset_part(part, 2, INT64_MAX, &none, NULL), TARE_ERROR_ARGUMENT);
    tare_dataset_free(part);
    tare_dataset_free(smaller);
}

static void test_ordered_by_class_each_class_keeps_its_order(void **state) {
    (void)state;
    static const int64_t wanted[] = {4, 8, 5, 6, 3, 7}; /* of 3 to 8, whose classes are i % 4 */
    tare_dataset *whole = counted(10), *part = NULL, *ordered = NULL;
    assert_int_equal(tare_dataset_part(whole, 3, 6, &part, NULL), TARE_OK);
    assert_int_equal(tare_dataset_by_class(part, &ordered, NULL), TARE_OK);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.shuffle = false;
    tare_batches *batches = cut(ordered, &options);
    tare_batch batch;
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    assert_int_equal(batch.count, 6);
    for (int64_t k = 0; k < 6; k++) assert_int_equal(example_at(&batch, k), wanted[k]);
    tare_batches_free(batches);
    tare_dataset_free(ordered);
    tare_dataset_free(part);
    tare_dataset_free(whole);
}

static void test_targets_have_no_classes_to_be_ordered_by(void **state) {
    (void)state;
    tare_array *numbers = NULL;
    tare_dataset *targets = NULL, *ordered = NULL;
    tare_error error = {0};
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(3), NULL, &numbers), TARE_OK);
    assert_int_equal(tare_dataset_new(numbers, numbers, &targets, NULL), TARE_OK);
    assert_int_equal(tare_dataset_by_class(targets, &ordered, &error), TARE_ERROR_TYPE);
    assert_says(&error, "got targets; needs classes");
    assert_null(ordered);
    tare_dataset_free(targets);
    tare_array_free(numbers);
}

/* Marks every example of a data set; each must be new. */
static void mark(const tare_dataset *dataset, bool *seen) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.shuffle = false;
    tare_batches *batches = cut(dataset, &options);
    tare_batch batch;
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    assert_int_equal(batch.count, tare_dataset_count(dataset));
    for (int64_t k = 0; k < batch.count; k++) {
        const int64_t i = example_at(&batch, k);
        assert_false(seen[i]);
        seen[i] = true;
    }
    tare_batches_free(batches);
}

static void test_a_split_shares_out_every_example_once(void **state) {
    (void)state;
    tare_dataset *whole = counted(100), *rest = NULL, *held = NULL;
    bool seen[100] = {false}, first_ten = true;
    assert_int_equal(tare_dataset_split(whole, 10, 7, &rest, &held, NULL), TARE_OK);
    assert_int_equal(tare_dataset_count(rest), 90);
    assert_int_equal(tare_dataset_count(held), 10);
    mark(held, seen);
    for (int i = 0; i < 10; i++) first_ten = first_ten && seen[i];
    assert_false(first_ten); /* drawn, not cut off */
    mark(rest, seen);
    tare_dataset_free(rest);
    tare_dataset_free(held);

    bool again[100] = {false}, other[100] = {false}, once[100] = {false};
    assert_int_equal(tare_dataset_split(whole, 10, 7, &rest, &held, NULL), TARE_OK);
    mark(held, once);
    tare_dataset_free(rest);
    tare_dataset_free(held);
    assert_int_equal(tare_dataset_split(whole, 10, 7, &rest, &held, NULL), TARE_OK);
    mark(held, again);
    assert_memory_equal(once, again, sizeof once);
    tare_dataset_free(rest);
    tare_dataset_free(held);
    assert_int_equal(tare_dataset_split(whole, 10, 8, &rest, &held, NULL), TARE_OK);
    mark(held, other);
    assert_memory_not_equal(once, other, sizeof once);
    tare_dataset_free(rest);
    tare_dataset_free(held);
    assert_int_equal(tare_dataset_split(whole, 100, 0, &rest, &held, NULL), TARE_ERROR_ARGUMENT);
    assert_null(rest);
    assert_null(held);
    tare_dataset_free(whole);
}

/* ------------------------------------------------------------------------------------ batches */

static void test_an_epoch_shows_every_example_once(void **state) {
    (void)state;
    tare_dataset *dataset = counted(100);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = 32;
    tare_batches *batches = cut(dataset, &options);
    assert_int_equal(tare_batches_count(batches), 4);
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        bool seen[100] = {false};
        for (int64_t i = 0; i < 4; i++) {
            tare_batch batch;
            assert_int_equal(tare_batches_get(batches, epoch, i, &batch), TARE_OK);
            assert_int_equal(batch.count, i < 3 ? 32 : 4);
            assert_int_equal(tare_array_shape(batch.inputs).extents[0], batch.count);
            assert_int_equal(tare_array_dtype(batch.labels), TARE_INT32);
            for (int64_t k = 0; k < batch.count; k++) {
                const int64_t example = example_at(&batch, k);
                assert_false(seen[example]);
                seen[example] = true;
            }
        }
        for (int i = 0; i < 100; i++) assert_true(seen[i]);
    }
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

/* The examples of the first batch of an epoch. */
static void first_batch(const tare_dataset *dataset, int64_t seed, int64_t epoch,
                        int64_t examples[8]) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = 8;
    options.seed = seed;
    tare_batches *batches = cut(dataset, &options);
    tare_batch batch;
    assert_int_equal(tare_batches_get(batches, epoch, 0, &batch), TARE_OK);
    for (int k = 0; k < 8; k++) examples[k] = example_at(&batch, k);
    tare_batches_free(batches);
}

static void test_the_order_depends_on_seed_and_epoch_alone(void **state) {
    (void)state;
    tare_dataset *dataset = counted(100);
    int64_t once[8], again[8], other_epoch[8], other_seed[8];
    first_batch(dataset, 1, 5, once);
    first_batch(dataset, 1, 5, again);
    first_batch(dataset, 1, 6, other_epoch);
    first_batch(dataset, 2, 5, other_seed);
    assert_memory_equal(once, again, sizeof once);
    assert_memory_not_equal(once, other_epoch, sizeof once);
    assert_memory_not_equal(once, other_seed, sizeof once);

    /* What was read before does not matter either. */
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = 8;
    options.seed = 1;
    tare_batches *batches = cut(dataset, &options);
    tare_batch batch;
    assert_int_equal(tare_batches_get(batches, 6, 3, &batch), TARE_OK);
    assert_int_equal(tare_batches_get(batches, 5, 12, &batch), TARE_OK);
    assert_int_equal(batch.count, 4);
    assert_int_equal(tare_batches_get(batches, 5, 0, &batch), TARE_OK);
    for (int k = 0; k < 8; k++) assert_int_equal(example_at(&batch, k), once[k]);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

static void test_without_shuffling_the_order_is_the_files(void **state) {
    (void)state;
    tare_dataset *dataset = counted(20);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = 8;
    options.shuffle = false;
    tare_batches *batches = cut(dataset, &options);
    for (int64_t i = 0; i < 3; i++) {
        tare_batch batch;
        assert_int_equal(tare_batches_get(batches, i, i, &batch), TARE_OK);
        for (int64_t k = 0; k < batch.count; k++)
            assert_int_equal(example_at(&batch, k), 8 * i + k);
    }
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

static void test_the_last_batch_is_dropped_or_wrapped_on_demand(void **state) {
    (void)state;
    tare_dataset *dataset = counted(20);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = 8;
    options.shuffle = false;
    options.last = TARE_LAST_DROP;
    tare_batches *batches = cut(dataset, &options);
    assert_int_equal(tare_batches_count(batches), 2);
    tare_batch batch;
    assert_int_equal(tare_batches_get(batches, 0, 2, &batch), TARE_ERROR_ARGUMENT);
    tare_batches_free(batches);

    options.last = TARE_LAST_WRAP;
    batches = cut(dataset, &options);
    assert_int_equal(tare_batches_count(batches), 3);
    assert_int_equal(tare_batches_get(batches, 0, 2, &batch), TARE_OK);
    assert_int_equal(batch.count, 8);
    for (int64_t k = 0; k < 8; k++) assert_int_equal(example_at(&batch, k), (16 + k) % 20);
    tare_batches_free(batches);

    options.batch = 50; /* larger than the whole */
    batches = cut(dataset, &options);
    assert_int_equal(tare_batches_count(batches), 1);
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    for (int64_t k = 0; k < 50; k++) assert_int_equal(example_at(&batch, k), k % 20);
    tare_batches_free(batches);

    options.last = TARE_LAST_KEEP;
    batches = cut(dataset, &options);
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    assert_int_equal(batch.count, 20);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

static void test_batches_take_the_shape_asked_for(void **state) {
    (void)state;
    tare_dataset *dataset = counted(4);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.input_shape = TARE_SHAPE(2, 1, 1);
    tare_batches *batches = cut(dataset, &options);
    tare_batch batch;
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    const tare_shape shape = tare_array_shape(batch.inputs);
    assert_int_equal(shape.rank, 4);
    assert_int_equal(shape.extents[0], 4);
    assert_int_equal(shape.extents[1], 2);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

static void test_floats_are_divided_only_when_asked(void **state) {
    (void)state;
    const float numbers[] = {1, 2.5f};
    const float targets[] = {.5f, -1};
    tare_array *inputs = NULL, *labels = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), numbers, &inputs), TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), targets, &labels), TARE_OK);
    tare_dataset *dataset = NULL;
    assert_int_equal(tare_dataset_new(inputs, labels, &dataset, NULL), TARE_OK);
    assert_int_equal(tare_dataset_classes(dataset), 0);
    assert_int_equal(tare_dataset_label(dataset, 0), -1);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.shuffle = false;
    for (int divided = 0; divided < 2; divided++) {
        if (divided) options.divisor = 2;
        tare_batches *batches = cut(dataset, &options);
        tare_batch batch;
        assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
        assert_true(tare_array_number(batch.inputs, 1) == (divided ? 1.25 : 2.5));
        assert_int_equal(tare_array_dtype(batch.labels), TARE_FLOAT32);
        assert_true(tare_array_number(batch.labels, 1) == -1);
        tare_batches_free(batches);
    }
    tare_dataset_free(dataset);
    tare_array_free(inputs);
    tare_array_free(labels);
}

static void refuse(const tare_dataset *dataset, const tare_batches_options *options,
                   tare_status status, const char *says) {
    tare_batches *batches = NULL;
    tare_error error = {0};
    assert_int_equal(tare_batches_new_with(dataset, options, &batches, &error), status);
    assert_null(batches);
    assert_says(&error, says);
}

static void test_batches_refuse_what_cannot_be_cut(void **state) {
    (void)state;
    tare_dataset *dataset = counted(4);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = 0;
    refuse(dataset, &options, TARE_ERROR_ARGUMENT, "at least 1");
    options = (tare_batches_options){TARE_BATCHES_DEFAULTS};
    options.last = TARE_LAST_DROP;
    refuse(dataset, &options, TARE_ERROR_ARGUMENT, "batch 128 of 4 examples");
    options = (tare_batches_options){TARE_BATCHES_DEFAULTS};
    options.last = 7;
    refuse(dataset, &options, TARE_ERROR_ARGUMENT, "keep, drop or wrap");
    options = (tare_batches_options){TARE_BATCHES_DEFAULTS};
    options.input_shape = TARE_SHAPE(28, 28, 1);
    refuse(dataset, &options, TARE_ERROR_SHAPE, "[28, 28, 1]");
    options = (tare_batches_options){TARE_BATCHES_DEFAULTS};
    options.divisor = (double)NAN;
    refuse(dataset, &options, TARE_ERROR_ARGUMENT, "nan");
    refuse(NULL, NULL, TARE_ERROR_ARGUMENT, "data set");
    tare_dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dataset_tells_what_it_holds),
        cmocka_unit_test(test_a_dataset_refuses_what_cannot_be_trained_on),
        cmocka_unit_test(test_a_part_outlives_the_whole),
        cmocka_unit_test(test_ordered_by_class_each_class_keeps_its_order),
        cmocka_unit_test(test_targets_have_no_classes_to_be_ordered_by),
        cmocka_unit_test(test_a_split_shares_out_every_example_once),
        cmocka_unit_test(test_an_epoch_shows_every_example_once),
        cmocka_unit_test(test_the_order_depends_on_seed_and_epoch_alone),
        cmocka_unit_test(test_without_shuffling_the_order_is_the_files),
        cmocka_unit_test(test_the_last_batch_is_dropped_or_wrapped_on_demand),
        cmocka_unit_test(test_batches_take_the_shape_asked_for),
        cmocka_unit_test(test_floats_are_divided_only_when_asked),
        cmocka_unit_test(test_batches_refuse_what_cannot_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
