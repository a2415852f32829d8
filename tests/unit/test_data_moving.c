/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the drawn videos: without motion nothing tells their classes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tare/data.h>

#include <cmocka.h>

enum { EXAMPLES = 2000, FRAMES = 8, SIDE = 16, PIXELS = SIDE * SIDE, CLASSES = 4 };

static tare_batches *load(bool test, tare_dataset **dataset, tare_batch *batch) {
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.count = EXAMPLES;
    options.test = test;
    tare_error error = {0};
    if (tare_dataset_load_with("moving", &options, dataset, &error) != TARE_OK)
        fail_msg("%s", error.message);
    tare_batches_options whole = {TARE_BATCHES_DEFAULTS};
    whole.batch = EXAMPLES;
    whole.shuffle = false;
    tare_batches *batches = NULL;
    assert_int_equal(tare_batches_new_with(*dataset, &whole, &batches, NULL), TARE_OK);
    assert_int_equal(tare_batches_get(batches, 0, 0, batch), TARE_OK);
    return batches;
}

static int brightest(const float *frame) {
    int best = 0;
    for (int i = 1; i < PIXELS; i++)
        if (frame[i] > frame[best]) best = i;
    return best;
}

/* The brightest pixels of all frames in the order of their positions: what is left of a video when
 * its order is lost. */
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static void test_shapes_and_classes(void **state) {
    (void)state;
    tare_dataset *dataset = NULL;
    tare_batch batch;
    tare_batches *batches = load(false, &dataset, &batch);
    const tare_shape shape = tare_array_shape(batch.inputs);
    assert_int_equal(shape.rank, 5);
    assert_int_equal(shape.extents[1], FRAMES);
    assert_int_equal(shape.extents[4], 1);
    int counts[CLASSES] = {0};
    const int32_t *labels = tare_array_const_data(batch.labels);
    for (int i = 0; i < EXAMPLES; i++) counts[labels[i]]++;
    for (int c = 0; c < CLASSES; c++) assert_in_range(counts[c], EXAMPLES / 5, EXAMPLES / 3);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

/* The turn from frame 0 to frame 1 as seen from the centre of all places: with motion a few lines
 * of code tell most classes. */
static int guess_by_motion(const float *video) {
    double x[FRAMES], y[FRAMES], cx = 0, cy = 0;
    for (int t = 0; t < FRAMES; t++) {
        const int at = brightest(video + t * PIXELS);
        x[t] = at % SIDE;
        y[t] = at / SIDE;
        cx += x[t] / FRAMES;
        cy += y[t] / FRAMES;
    }
    double votes[CLASSES] = {0};
    static const double turns[CLASSES] = {.78539816, -.78539816, 2.35619449, -2.35619449};
    for (int t = 0; t + 1 < FRAMES; t++) {
        const double turn = atan2(y[t + 1] - cy, x[t + 1] - cx) - atan2(y[t] - cy, x[t] - cx);
        for (int c = 0; c < CLASSES; c++) votes[c] += cos(turn - turns[c]);
    }
    int best = 0;
    for (int c = 1; c < CLASSES; c++)
        if (votes[c] > votes[best]) best = c;
    return best;
}

static void test_motion_tells_the_classes(void **state) {
    (void)state;
    tare_dataset *dataset = NULL;
    tare_batch batch;
    tare_batches *batches = load(true, &dataset, &batch);
    const float *videos = tare_array_const_data(batch.inputs);
    const int32_t *labels = tare_array_const_data(batch.labels);
    int right = 0;
    for (int i = 0; i < EXAMPLES; i++)
        right += guess_by_motion(videos + (int64_t)i * FRAMES * PIXELS) == labels[i];
    assert_true(right > EXAMPLES * 9 / 10);
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

/* Means of the class over the frames' brightest places, sorted: equal for all classes. */
static void test_places_without_their_order_tell_nothing(void **state) {
    (void)state;
    tare_dataset *dataset = NULL;
    tare_batch batch;
    tare_batches *batches = load(false, &dataset, &batch);
    const float *videos = tare_array_const_data(batch.inputs);
    const int32_t *labels = tare_array_const_data(batch.labels);
    double sums[CLASSES][FRAMES] = {{0}}, squares[FRAMES] = {0}, all[FRAMES] = {0};
    double counts[CLASSES] = {0};
    for (int i = 0; i < EXAMPLES; i++) {
        int places[FRAMES];
        for (int t = 0; t < FRAMES; t++)
            places[t] = brightest(videos + ((int64_t)i * FRAMES + t) * PIXELS);
        qsort(places, FRAMES, sizeof *places, compare);
        counts[labels[i]]++;
        for (int t = 0; t < FRAMES; t++) {
            sums[labels[i]][t] += places[t];
            all[t] += places[t];
            squares[t] += (double)places[t] * places[t];
        }
    }
    /* Within four deviations of the difference of two means. */
    for (int t = 0; t < FRAMES; t++) {
        const double mean = all[t] / EXAMPLES, variance = squares[t] / EXAMPLES - mean * mean;
        for (int c = 1; c < CLASSES; c++)
            assert_true(fabs(sums[c][t] / counts[c] - sums[0][t] / counts[0]) <
                        4 * sqrt(variance * (1 / counts[c] + 1 / counts[0])));
    }
    tare_batches_free(batches);
    tare_dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_and_classes),
        cmocka_unit_test(test_motion_tells_the_classes),
        cmocka_unit_test(test_places_without_their_order_tell_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
