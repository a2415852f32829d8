/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of data sets by name: synthetic, Fashion-MNIST, .npz and .csv files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/data.h>

#include <cmocka.h>

#include "scratch_files.h"

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

static tare_dataset *load(const char *name, const tare_dataset_options *options) {
    tare_dataset *dataset = NULL;
    tare_error error = {0};
    if (tare_dataset_load_with(name, options, &dataset, &error) != TARE_OK)
        fail_msg("%s", error.message);
    return dataset;
}

static void assert_refused(const char *name, const tare_dataset_options *options,
                           tare_status status, const char *says) {
    tare_dataset *dataset = NULL;
    tare_error error = {0};
    assert_int_equal(tare_dataset_load_with(name, options, &dataset, &error), status);
    assert_null(dataset);
    assert_says(&error, says);
}

/* All examples in their own order, as one batch. */
static tare_batches *whole(const tare_dataset *dataset, tare_batch *batch) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.shuffle = false;
    options.batch = tare_dataset_count(dataset);
    tare_batches *batches = NULL;
    assert_int_equal(tare_batches_new_with(dataset, &options, &batches, NULL), TARE_OK);
    assert_int_equal(tare_batches_get(batches, 0, 0, batch), TARE_OK);
    return batches;
}

/* ---------------------------------------------------------------------------------- synthetic */

static tare_dataset *synthetic(int64_t seed, bool test, int64_t count) {
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.seed = seed;
    options.test = test;
    options.count = count;
    return load("synthetic", &options);
}

static bool same_pixels(const tare_dataset *a, const tare_dataset *b) {
    tare_batch one, other;
    tare_batches *ones = whole(a, &one), *others = whole(b, &other);
    const bool same = memcmp(tare_array_data(one.inputs), tare_array_data(other.inputs),
                             tare_array_bytes(one.inputs)) == 0;
    tare_batches_free(ones);
    tare_batches_free(others);
    return same;
}

static void test_synthetic_depends_on_its_seed_alone(void **state) {
    (void)state;
    tare_dataset *a = synthetic(1, false, 200), *again = synthetic(1, false, 200);
    tare_dataset *other = synthetic(2, false, 200), *test = synthetic(1, true, 200);
    assert_int_equal(tare_dataset_count(a), 200);
    assert_int_equal(tare_dataset_classes(a), 10);
    assert_int_equal(tare_dataset_input_shape(a).extents[0], 28);
    assert_true(same_pixels(a, again));
    assert_false(same_pixels(a, other));
    assert_false(same_pixels(a, test));
    tare_dataset_free(a);
    tare_dataset_free(again);
    tare_dataset_free(other);
    tare_dataset_free(test);
}

enum { PIXELS = 28 * 28, CLASSES = 10 };

/* Learning by class means from one part and telling the other's classes by the nearest mean. */
static double nearest_mean_accuracy(const tare_dataset *training, const tare_dataset *test) {
    static double means[CLASSES][PIXELS];
    memset(means, 0, sizeof means);
    double counts[CLASSES] = {0};
    tare_batch batch;
    tare_batches *batches = whole(training, &batch);
    const float *pixels = tare_array_const_data(batch.inputs);
    for (int64_t i = 0; i < batch.count; i++) {
        const int64_t label = tare_dataset_label(training, i);
        counts[label]++;
        for (int p = 0; p < PIXELS; p++) means[label][p] += (double)pixels[i * PIXELS + p];
    }
    tare_batches_free(batches);
    for (int c = 0; c < CLASSES; c++)
        for (int p = 0; p < PIXELS; p++) means[c][p] /= counts[c];
    batches = whole(test, &batch);
    pixels = tare_array_const_data(batch.inputs);
    int64_t right = 0;
    for (int64_t i = 0; i < batch.count; i++) {
        int best = 0;
        double best_distance = (double)INFINITY;
        for (int c = 0; c < CLASSES; c++) {
            double distance = 0;
            for (int p = 0; p < PIXELS; p++) {
                const double d = (double)pixels[i * PIXELS + p] - means[c][p];
                distance += d * d;
            }
            if (distance < best_distance) {
                best_distance = distance;
                best = c;
            }
        }
        right += best == tare_dataset_label(test, i);
    }
    const double accuracy = (double)right / (double)batch.count;
    tare_batches_free(batches);
    return accuracy;
}

static void test_synthetic_can_be_learned_but_not_by_a_mean_alone(void **state) {
    (void)state;
    tare_dataset *training = synthetic(0, false, 4000), *test = synthetic(0, true, 1000);
    const double accuracy = nearest_mean_accuracy(training, test);
    if (!(accuracy > .5 && accuracy < .995)) fail_msg("accuracy %d / 1000", (int)(accuracy * 1000));
    tare_dataset_free(training);
    tare_dataset_free(test);
}

static void test_synthetic_refuses_counts_out_of_range(void **state) {
    (void)state;
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.count = -1;
    assert_refused("synthetic", &options, TARE_ERROR_ARGUMENT, "-1");
    options.count = INT64_MAX;
    assert_refused("synthetic", &options, TARE_ERROR_ARGUMENT, "1 to");
}

/* ------------------------------------------------------------------------------ fashion-mnist */

/* An idx file of bytes: [count] or [count, 2, 2], element i being i. */
static void write_idx(const char *name, int count, bool images) {
    uint8_t file[256] = {0, 0, 8, images ? 3 : 1, 0, 0, 0, (uint8_t)count};
    size_t at = 8;
    if (images) {
        file[11] = file[15] = 2;
        at = 16;
    }
    const size_t elements = (size_t)count * (images ? 4 : 1);
    for (size_t i = 0; i < elements; i++) file[at + i] = (uint8_t)i;
    assert_non_null(scratch_file(name, file, at + elements));
}

static void test_fashion_mnist_is_four_idx_files_in_a_folder(void **state) {
    (void)state;
    write_idx("train-images-idx3-ubyte", 6, true);
    write_idx("train-labels-idx1-ubyte", 6, false);
    write_idx("t10k-images-idx3-ubyte", 3, true);
    write_idx("t10k-labels-idx1-ubyte", 3, false);
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.folder = scratch_folder;
    tare_dataset *dataset = load("fashion-mnist", &options);
    assert_int_equal(tare_dataset_count(dataset), 6);
    assert_int_equal(tare_dataset_label(dataset, 5), 5);
    tare_dataset_free(dataset);
    options.test = true;
    dataset = load("fashion-mnist", &options);
    assert_int_equal(tare_dataset_count(dataset), 3);
    tare_dataset_free(dataset);
    write_idx("t10k-labels-idx1-ubyte", 2, false);
    assert_refused("fashion-mnist", &options, TARE_ERROR_SHAPE, "as many labels as inputs");
    scratch_empty();
}

static void test_absent_fashion_mnist_says_how_to_get_it(void **state) {
    (void)state;
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.folder = scratch_folder;
    assert_refused("fashion-mnist", &options, TARE_ERROR_FILE,
                   "apt-get install dataset-fashion-mnist");
}

static void test_the_installed_fashion_mnist_is_read_when_there(void **state) {
    (void)state;
    if (access(TARE_FASHION_MNIST_FOLDER "/t10k-images-idx3-ubyte.gz", R_OK) != 0) skip();
#ifndef TARE_HAVE_ZLIB
    skip();
#endif
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.test = true;
    tare_dataset *dataset = load("fashion-mnist", &options);
    assert_int_equal(tare_dataset_count(dataset), 10000);
    assert_int_equal(tare_dataset_classes(dataset), 10);
    int64_t counts[10] = {0};
    for (int64_t i = 0; i < 10000; i++) counts[tare_dataset_label(dataset, i)]++;
    for (int c = 0; c < 10; c++) assert_int_equal(counts[c], 1000);
    tare_dataset_free(dataset);
}

/* --------------------------------------------------------------------------------------- files */

static void test_npz_files_hold_training_and_test_examples(void **state) {
    (void)state;
    tare_array *x = NULL, *y = NULL, *z = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, 3), NULL, &x), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT64, TARE_SHAPE(4), NULL, &y), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT64, TARE_SHAPE(5), NULL, &z), TARE_OK);
    tare_array_set_number(y, 2, 7);
    const char *path = scratch("set.npz");
    const char *const names[] = {"x_train", "y_train", "x_test", "y_test"};
    const tare_array *const arrays[] = {x, y, x, z};
    assert_int_equal(tare_npz_write(path, 4, names, arrays, NULL), TARE_OK);
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    tare_dataset *dataset = load(path, &options);
    assert_int_equal(tare_dataset_count(dataset), 4);
    assert_int_equal(tare_dataset_label(dataset, 2), 7);
    tare_dataset_free(dataset);
    options.test = true;
    assert_refused(path, &options, TARE_ERROR_SHAPE, "[5]");

    const char *const plain[] = {"x", "y"};
    assert_int_equal(tare_npz_write(path, 2, plain, arrays, NULL), TARE_OK);
    assert_refused(path, &options, TARE_ERROR_FORMAT, "x_test");
    options.test = false;
    dataset = load(path, &options);
    tare_dataset_free(dataset);
    assert_int_equal(tare_npz_write(path, 1, plain, arrays, NULL), TARE_OK);
    assert_refused(path, &options, TARE_ERROR_FORMAT, "neither");
    tare_array_free(x);
    tare_array_free(y);
    tare_array_free(z);
}

static const char *csv_file(const char *text) {
    const char *path = scratch_file("set.csv", text, strlen(text));
    assert_non_null(path);
    return path;
}

static void test_csv_files_name_the_column_of_labels(void **state) {
    (void)state;
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    tare_dataset *dataset = load(csv_file("a,label,b\n1,3,2\n4,0,5\n"), &options);
    assert_int_equal(tare_dataset_count(dataset), 2);
    assert_int_equal(tare_dataset_label(dataset, 0), 3);
    assert_int_equal(tare_dataset_input_shape(dataset).extents[0], 2);
    tare_dataset_free(dataset);
    assert_refused(csv_file("a,b\n1,2\n"), &options, TARE_ERROR_NAME, "'label'");
    options.label = "b";
    dataset = load(csv_file("a,b\n1,2\n"), &options);
    tare_dataset_free(dataset);
    assert_refused(csv_file("a,b\n1,2.5\n"), &options, TARE_ERROR_FORMAT, "no whole number");
    assert_refused(csv_file("a,b\n1,\n"), &options, TARE_ERROR_FORMAT, "no whole number");
    assert_refused(csv_file("a,b\n,1\n"), &options, TARE_ERROR_FORMAT, "nan");
}

static void test_the_questions_two_examples(void **state) {
    (void)state;
    tare_dataset *dataset = load("question", NULL);
    tare_batch batch;
    tare_batches *batches = whole(dataset, &batch);
    assert_int_equal(batch.count, 2);
    assert_true(tare_array_number(batch.inputs, 0) == 0);
    assert_true(tare_array_number(batch.inputs, 1) == 1);
    assert_true(tare_array_number(batch.labels, 0) == 3);
    assert_true(tare_array_number(batch.labels, 1) == 4);
    assert_int_equal(tare_array_shape(batch.labels).rank, 2);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

static void test_an_unknown_name_is_told_the_nearest(void **state) {
    (void)state;
    assert_refused("fashon-mnist", NULL, TARE_ERROR_NAME, "did you mean 'fashion-mnist'?");
    assert_refused("imagenet", NULL, TARE_ERROR_NAME, "there are fashion-mnist, synthetic");
    assert_refused(NULL, NULL, TARE_ERROR_ARGUMENT, "name");
    assert_string_equal(tare_dataset_name(0), "fashion-mnist");
    size_t count = 0;
    for (; tare_dataset_name(count) != NULL; count++) assert_non_null(tare_dataset_help(count));
    assert_true(count >= 5);
    assert_null(tare_dataset_help(count));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synthetic_depends_on_its_seed_alone),
        cmocka_unit_test(test_synthetic_can_be_learned_but_not_by_a_mean_alone),
        cmocka_unit_test(test_synthetic_refuses_counts_out_of_range),
        cmocka_unit_test(test_fashion_mnist_is_four_idx_files_in_a_folder),
        cmocka_unit_test(test_absent_fashion_mnist_says_how_to_get_it),
        cmocka_unit_test(test_the_installed_fashion_mnist_is_read_when_there),
        cmocka_unit_test(test_npz_files_hold_training_and_test_examples),
        cmocka_unit_test(test_csv_files_name_the_column_of_labels),
        cmocka_unit_test(test_the_questions_two_examples),
        cmocka_unit_test(test_an_unknown_name_is_told_the_nearest),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
