/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the drawn heat-maps: what labels are, and that the brightest pixel does not tell. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tare/data.h>

#include <cmocka.h>

enum { EXAMPLES = 300 };

/* One batch of all examples. */
typedef struct drawn {
    tare_dataset *dataset;
    tare_batches *batches;
    tare_batch batch;
    int64_t side;
} drawn;

static drawn draw(int64_t side, int64_t seed, bool test) {
    drawn d = {.side = side};
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.count = EXAMPLES;
    options.size = side;
    options.seed = seed;
    options.test = test;
    tare_error error = {0};
    if (tare_dataset_load_with("heatmap", &options, &d.dataset, &error) != TARE_OK)
        fail_msg("%s", error.message);
    tare_batches_options whole = {TARE_BATCHES_DEFAULTS};
    whole.batch = EXAMPLES;
    whole.shuffle = false;
    assert_int_equal(tare_batches_new_with(d.dataset, &whole, &d.batches, NULL), TARE_OK);
    assert_int_equal(tare_batches_get(d.batches, 0, 0, &d.batch), TARE_OK);
    return d;
}

static void drop(drawn *d) {
    tare_batches_free(d->batches);
    tare_dataset_free(d->dataset);
}

static const float *image(const drawn *d, const tare_array *array, int64_t i) {
    return (const float *)tare_array_const_data(array) + i * d->side * d->side;
}

static int64_t brightest(const float *pixels, int64_t count) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (pixels[i] > pixels[best]) best = i;
    return best;
}

static void test_a_label_is_one_gaussian_of_small_height(void **state) {
    (void)state;
    drawn d = draw(32, 1, false);
    float least = 1, greatest = 0;
    for (int64_t i = 0; i < EXAMPLES; i++) {
        const float *label = image(&d, d.batch.labels, i);
        const int64_t peak = brightest(label, d.side * d.side);
        const int64_t x = peak % d.side, y = peak / d.side;
        const double height = (double)label[peak];
        if (label[peak] < least) least = label[peak];
        if (label[peak] > greatest) greatest = label[peak];
        for (int64_t k = 0; k < d.side * d.side; k++) {
            const double u = (double)(k % d.side - x), v = (double)(k / d.side - y);
            const double wanted = height * exp(-(u * u + v * v) / (2 * 1.5 * 1.5));
            assert_true(fabs((double)label[k] - wanted) < 1e-9);
        }
    }
    assert_true(least >= .005F && least < .0055F);
    assert_true(greatest <= .01F && greatest > .0095F);
    drop(&d);
}

static void test_the_brightest_pixel_does_not_tell_the_target(void **state) {
    (void)state;
    for (int64_t side = 32; side <= 64; side *= 2) {
        drawn d = draw(side, 7, true);
        int found = 0;
        for (int64_t i = 0; i < EXAMPLES; i++) {
            const int64_t bright = brightest(image(&d, d.batch.inputs, i), side * side);
            const int64_t peak = brightest(image(&d, d.batch.labels, i), side * side);
            found +=
                llabs(bright % side - peak % side) <= 1 && llabs(bright / side - peak / side) <= 1;
        }
        assert_true(found < EXAMPLES / 2);
        drop(&d);
    }
}

static bool same(const drawn *a, const drawn *b) {
    return memcmp(tare_array_const_data(a->batch.inputs), tare_array_const_data(b->batch.inputs),
                  tare_array_bytes(a->batch.inputs)) == 0;
}

static void test_seed_and_part_decide_what_is_drawn(void **state) {
    (void)state;
    drawn one = draw(32, 1, false), again = draw(32, 1, false), other = draw(32, 2, false),
          test = draw(32, 1, true);
    assert_true(same(&one, &again));
    assert_false(same(&one, &other));
    assert_false(same(&one, &test));
    drop(&one);
    drop(&again);
    drop(&other);
    drop(&test);
}

static void test_sizes_that_do_not_hold_four_objects_are_refused(void **state) {
    (void)state;
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    const int64_t sizes[] = {-1, 23, 1025, INT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        tare_dataset *dataset = NULL;
        tare_error error = {0};
        options.size = sizes[i];
        assert_int_equal(tare_dataset_load_with("heatmap", &options, &dataset, &error),
                         TARE_ERROR_ARGUMENT);
        assert_null(dataset);
        assert_non_null(strstr(error.message, "24 to 1024 pixels"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_label_is_one_gaussian_of_small_height),
        cmocka_unit_test(test_the_brightest_pixel_does_not_tell_the_target),
        cmocka_unit_test(test_seed_and_part_decide_what_is_drawn),
        cmocka_unit_test(test_sizes_that_do_not_hold_four_objects_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
