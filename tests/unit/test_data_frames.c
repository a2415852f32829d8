/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of videos whose frames are put in another order. */
#include "data/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { VIDEOS = 40, FRAMES = 5, PIXELS = 3 };

/* Pixel p of frame t of video v is 15 v + 3 t + p; the label of v is v % 4. */
static tare_dataset *new_videos(void) {
    float numbers[VIDEOS * FRAMES * PIXELS];
    int32_t classes[VIDEOS];
    tare_array *inputs = NULL, *labels = NULL;
    tare_dataset *videos = NULL;
    for (int i = 0; i < VIDEOS * FRAMES * PIXELS; i++) numbers[i] = (float)i;
    for (int i = 0; i < VIDEOS; i++) classes[i] = i % 4;
    assert_int_equal(
        tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(VIDEOS, FRAMES, PIXELS), numbers, &inputs),
        TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_INT32, TARE_SHAPE(VIDEOS), classes, &labels), TARE_OK);
    assert_int_equal(tare_dataset_new(inputs, labels, &videos, NULL), TARE_OK);
    tare_array_free(inputs);
    tare_array_free(labels);
    return videos;
}

/* places[v][t]: which frame of video first + v stands at t; frames stay whole, labels too. */
static void find_places(const tare_dataset *videos, int first, int count,
                        int places[VIDEOS][FRAMES]) {
    tare_batches *batches = NULL;
    tare_batch batch;
    assert_int_equal(tare_batches_new(videos, &batches, NULL, .batch = VIDEOS, .shuffle = false),
                     TARE_OK);
    assert_int_equal(tare_batches_get(batches, 0, 0, &batch), TARE_OK);
    assert_int_equal(batch.count, count);
    const float *numbers = tare_array_const_data(batch.inputs);
    for (int v = 0; v < count; v++) {
        assert_int_equal(tare_dataset_label(videos, v), (first + v) % 4);
        for (int t = 0; t < FRAMES; t++) {
            const float *frame = numbers + (v * FRAMES + t) * PIXELS;
            const int number = (int)frame[0] - (first + v) * FRAMES * PIXELS;
            assert_in_range(number, 0, FRAMES * PIXELS - 1);
            assert_int_equal(number % PIXELS, 0);
            for (int p = 1; p < PIXELS; p++) assert_true(frame[p] == frame[0] + (float)p);
            places[v][t] = number / PIXELS;
        }
    }
    tare_batches_free(batches);
}

static void reorder(const tare_dataset *videos, tare_frames_order order, uint64_t seed, int first,
                    int count, int places[VIDEOS][FRAMES]) {
    tare_dataset *reordered = NULL;
    assert_int_equal(tare_frames_reorder(videos, order, seed, &reordered, NULL), TARE_OK);
    find_places(reordered, first, count, places);
    tare_dataset_free(reordered);
}

static void test_shuffled_videos_keep_every_frame_once(void **state) {
    (void)state;
    tare_dataset *videos = new_videos();
    int places[VIDEOS][FRAMES], moved = 0, same_as_before = 0;
    reorder(videos, TARE_FRAMES_SHUFFLED, 1, 0, VIDEOS, places);
    for (int v = 0; v < VIDEOS; v++) {
        int seen[FRAMES] = {0};
        for (int t = 0; t < FRAMES; t++) {
            assert_int_equal(seen[places[v][t]]++, 0);
            moved += places[v][t] != t;
        }
        if (v > 0) same_as_before += memcmp(places[v], places[v - 1], sizeof places[v]) == 0;
    }
    assert_in_range(moved, VIDEOS * FRAMES / 2, VIDEOS * FRAMES); /* a fifth stays by chance */
    assert_in_range(same_as_before, 0, 3);
    tare_dataset_free(videos);
}

static void test_one_frame_stands_at_all_times(void **state) {
    (void)state;
    tare_dataset *videos = new_videos();
    int places[VIDEOS][FRAMES], counts[FRAMES] = {0};
    reorder(videos, TARE_FRAMES_ONE, 1, 0, VIDEOS, places);
    for (int v = 0; v < VIDEOS; v++) {
        for (int t = 1; t < FRAMES; t++) assert_int_equal(places[v][t], places[v][0]);
        counts[places[v][0]]++;
    }
    for (int t = 0; t < FRAMES; t++) assert_in_range(counts[t], 1, VIDEOS / 2);
    tare_dataset_free(videos);
}

static void test_orders_depend_on_seed_and_number_alone(void **state) {
    (void)state;
    tare_dataset *videos = new_videos(), *part = NULL;
    int places[VIDEOS][FRAMES], again[VIDEOS][FRAMES], other[VIDEOS][FRAMES];
    reorder(videos, TARE_FRAMES_SHUFFLED, 1, 0, VIDEOS, places);
    reorder(videos, TARE_FRAMES_SHUFFLED, 1, 0, VIDEOS, again);
    reorder(videos, TARE_FRAMES_SHUFFLED, 2, 0, VIDEOS, other);
    assert_memory_equal(places, again, sizeof places);
    assert_memory_not_equal(places, other, sizeof places);
    assert_int_equal(tare_dataset_part(videos, 7, 9, &part, NULL), TARE_OK);
    reorder(part, TARE_FRAMES_SHUFFLED, 1, 7, 9, again);
    assert_memory_equal(places, again, 9 * sizeof places[0]);
    tare_dataset_free(part);
    tare_dataset_free(videos);
}

static void test_what_has_no_frames_is_refused(void **state) {
    (void)state;
    const float numbers[] = {1, 2};
    const int32_t classes[] = {0, 1};
    tare_array *inputs = NULL, *labels = NULL;
    tare_dataset *flat = NULL, *reordered = NULL;
    tare_error error = {0};
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2), numbers, &inputs), TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_INT32, TARE_SHAPE(2), classes, &labels), TARE_OK);
    assert_int_equal(tare_dataset_new(inputs, labels, &flat, NULL), TARE_OK);
    assert_int_equal(tare_frames_reorder(flat, TARE_FRAMES_ONE, 0, &reordered, &error),
                     TARE_ERROR_SHAPE);
    assert_null(reordered);
    assert_non_null(strstr(error.message, "got [2]; needs videos [count, frames, ..]"));
    tare_array_free(inputs);
    tare_array_free(labels);
    tare_dataset_free(flat);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffled_videos_keep_every_frame_once),
        cmocka_unit_test(test_one_frame_stands_at_all_times),
        cmocka_unit_test(test_orders_depend_on_seed_and_number_alone),
        cmocka_unit_test(test_what_has_no_frames_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
