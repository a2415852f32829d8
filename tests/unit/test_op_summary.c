/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of summary ops: tags and names, what they compute, merging, refusals, and that no number of
 * a run depends on them. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "op/summary.h"
#include "same_variables.h"
#include <tare/tare.h>

/* ------------------------------------------------------------------------------------ helpers */

/* Records of an array, at most `most`; how many. */
static int read_records(const tare_array *array, tare_summary_record *records, int most) {
    int64_t at = 0;
    int count = 0;
    bool sound = false;
    assert_int_equal(tare_array_dtype(array), TARE_UINT8);
    while (count < most && tare_summary_next(array, &at, &records[count], &sound)) count++;
    assert_true(sound);
    return count;
}

/* Fetches a summary of a graph without placeholders; *session is to be freed afterwards. */
static const tare_array *fetch(tare_graph *graph, tare_tensor summary, tare_session **session) {
    tare_array *result = NULL;
    if (tare_graph_status(graph) != TARE_OK) fail_msg("%s", tare_message(graph));
    assert_int_equal(tare_session_new(graph, session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(*session), TARE_OK);
    if (tare_session_run(*session, TARE_NO_FEEDS, &summary, 1, &result) != TARE_OK)
        fail_msg("%s", tare_session_message(*session));
    return result;
}

static void assert_refused(tare_graph *graph, tare_status status, const char *part) {
    assert_int_equal(tare_graph_status(graph), status);
    if (strstr(tare_message(graph), part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, tare_message(graph));
    tare_graph_clear_error(graph);
}

static tare_tensor number_in(tare_graph *graph, float number) {
    tare_array *array = tare_array_float(number);
    const tare_tensor tensor = tare_constant(graph, array);
    tare_array_free(array);
    return tensor;
}

static tare_tensor numbers_of(tare_graph *graph, const float *numbers, int64_t count) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(count), numbers, &array), TARE_OK);
    const tare_tensor tensor = tare_constant(graph, array);
    tare_array_free(array);
    return tensor;
}

/* --------------------------------------------------------------------------------------- tags */

/* As tf.summary gives them: a name that is taken gets a number, scopes and families stand before.
 */
static void test_tags_are_tensorflows(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    const tare_tensor x = tare_square(number_in(graph, 3), .name = "cost");
    tare_tensor made[7];
    made[0] = tare_summary_scalar("cost", x);
    made[1] = tare_summary_scalar("loss", x);
    made[2] = tare_summary_scalar("loss", x);
    TARE_NAME_SCOPE (graph, "hidden1") {
        made[3] = tare_summary_scalar("moving_mean", x);
    }
    TARE_NAME_SCOPE (graph, "hidden1") {
        made[4] = tare_summary_scalar("loss", x, .family = "losses");
    }
    made[5] = tare_summary_scalar("//learning rate (%)", x);
    made[6] = tare_summary_scalar("Gr\xc3\xb6\xc3\x9f"
                                  "e",
                                  x);
    static const char *const tags[] = {"cost_1",
                                       "loss",
                                       "loss_1",
                                       "hidden1/moving_mean",
                                       "losses/hidden1_1/losses/loss",
                                       "learning_rate____",
                                       "Gr__e"};
    const tare_tensor all = tare_summary_merge_all(graph);
    tare_summary_record records[16];
    assert_int_equal(read_records(fetch(graph, all, &session), records, 16), 7);
    for (int i = 0; i < 7; i++) {
        assert_string_equal(records[i].tag, tags[i]);
        assert_int_equal(records[i].kind, TARE_SUMMARY_SCALAR);
        assert_true(records[i].number == 9);
    }
    assert_string_equal(tare_tensor_name(made[3]), "hidden1/moving_mean:0");
    assert_string_equal(tare_tensor_name(all), "Merge/MergeSummary:0");
    assert_string_equal(tare_tensor_name(tare_summary_merge_all(graph)), "Merge_1/MergeSummary:0");
    tare_session_free(session);
    tare_graph_free(graph);
}

static void test_collections_hold_what_they_are_told_to(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = number_in(graph, 1);
    assert_null(tare_summary_merge_all(graph).graph);
    const tare_tensor a = tare_summary_scalar("a", x);
    const tare_tensor b = tare_summary_histogram("b", x, .collection = "rare");
    const tare_tensor c = tare_summary_scalar("c", x, .collection = "");
    assert_int_equal(tare_collection_count(graph, TARE_SUMMARIES, NULL), 1);
    assert_int_equal(tare_collection_count(graph, "rare", NULL), 1);
    const tare_tensor some[] = {b, c};
    const tare_tensor both = tare_summary_merge(some, 2, .collection = "rare", .name = "both");
    assert_string_equal(tare_tensor_name(both), "both/MergeSummary:0");
    assert_int_equal(tare_collection_count(graph, "rare", NULL), 2);
    const tare_tensor found = tare_summary_merge_all(graph, .key = "rare", .scope = "b");
    assert_true(tare_tensor_is_valid(found));
    assert_true(tare_tensor_is_valid(a));
    assert_null(tare_summary_merge_all(graph, .scope = "nowhere").graph);
    assert_int_equal(tare_graph_status(graph), TARE_OK);
    tare_graph_free(graph);
}

static void test_merging_refuses_what_it_cannot_merge(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = number_in(graph, 1);
    const tare_tensor a = tare_summary_scalar("a", x);
    const int64_t nodes = tare_graph_size(graph);
    const tare_tensor twice[] = {a, a}, foreign[] = {a, x};
    assert_false(tare_tensor_is_valid(tare_summary_merge(twice, 2)));
    assert_refused(graph, TARE_ERROR_ARGUMENT, "'a:0': got a summary that is there twice");
    assert_false(tare_tensor_is_valid(tare_summary_merge(foreign, 2)));
    assert_refused(graph, TARE_ERROR_ARGUMENT, "no summary");
    assert_false(tare_tensor_is_valid(tare_summary_merge(&a, 1, .name = "a b")));
    assert_refused(graph, TARE_ERROR_NAME, "");
    assert_false(tare_tensor_is_valid(tare_summary_scalar("_hidden", x)));
    assert_refused(graph, TARE_ERROR_NAME, "_hidden");
    assert_int_equal(tare_graph_size(graph), nodes);
    assert_null(tare_summary_merge(NULL, 0).graph);
    tare_graph_free(graph);
}

/* --------------------------------------------------------------------------------- histograms */

static void test_limits_grow_by_a_tenth_on_either_side(void **state) {
    (void)state;
    static double limits[TARE_HISTOGRAM_BUCKETS];
    tare_histogram_limits(limits);
    assert_true(limits[0] == -DBL_MAX && limits[TARE_HISTOGRAM_BUCKETS - 1] == DBL_MAX);
    assert_true(limits[TARE_HISTOGRAM_SIDE] == 0 && limits[TARE_HISTOGRAM_SIDE + 1] == 1e-12);
    for (int i = 1; i < TARE_HISTOGRAM_BUCKETS; i++) assert_true(limits[i] > limits[i - 1]);
    for (int i = 0; i < TARE_HISTOGRAM_BUCKETS; i++)
        assert_true(limits[i] == -limits[TARE_HISTOGRAM_BUCKETS - 1 - i]);
    /* The last one before the greatest is the first power that would pass 1e20, less a tenth. */
    assert_true(limits[TARE_HISTOGRAM_BUCKETS - 2] < 1e20);
    assert_true(limits[TARE_HISTOGRAM_BUCKETS - 2] * 1.1 >= 1e20);
    /* As TensorFlow wrote them, see tests/golden/data/tfevents. */
    int found = 0;
    for (int i = 0; i < TARE_HISTOGRAM_BUCKETS; i++)
        found += limits[i] == 1.3429404381931362 || limits[i] == 1.47723448201245;
    assert_int_equal(found, 2);
}

static void test_a_histogram_counts_every_number_once(void **state) {
    (void)state;
    const float numbers[] = {0, -0.0f, 1, 1, -1, 1e-13f, -1e-13f, 1e30f, -FLT_MAX, 0.3f};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    static double limits[TARE_HISTOGRAM_BUCKETS];
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    const tare_tensor h = tare_summary_histogram("h", numbers_of(graph, numbers, COUNT));
    tare_summary_record record;
    assert_int_equal(read_records(fetch(graph, h, &session), &record, 1), 1);
    assert_int_equal(record.kind, TARE_SUMMARY_HISTOGRAM);
    tare_histogram_limits(limits);
    double sum = 0, squares = 0, counted = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += (double)numbers[i];
        squares += (double)numbers[i] * (double)numbers[i];
    }
    for (int i = 0; i < TARE_HISTOGRAM_BUCKETS; i++) {
        int inside = 0;
        for (int k = 0; k < COUNT; k++)
            inside +=
                (double)numbers[k] < limits[i] && (i == 0 || (double)numbers[k] >= limits[i - 1]);
        assert_true(record.histogram->buckets[i] == inside);
        counted += inside;
    }
    assert_true(counted == COUNT && record.histogram->count == COUNT);
    assert_true(record.histogram->sum == sum && record.histogram->sum_squares == squares);
    assert_true(record.histogram->least == -(double)FLT_MAX);
    assert_true(record.histogram->greatest == (double)1e30f);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* DBL_MAX lies above every limit; TensorFlow writes beyond its buckets there. */
static void test_the_greatest_doubles_and_nothing_at_all_are_counted(void **state) {
    (void)state;
    static double limits[TARE_HISTOGRAM_BUCKETS];
    static tare_histogram histogram;
    const double ends[] = {DBL_MAX, -DBL_MAX};
    tare_histogram_limits(limits);
    tare_histogram_clear(&histogram);
    assert_int_equal(tare_histogram_add(&histogram, limits, TARE_FLOAT64, ends, 0), 0);
    assert_true(histogram.least == DBL_MAX && histogram.greatest == -DBL_MAX);
    assert_int_equal(tare_histogram_add(&histogram, limits, TARE_FLOAT64, ends, 2), 2);
    assert_true(histogram.buckets[TARE_HISTOGRAM_BUCKETS - 1] == 1);
    assert_true(histogram.buckets[1] == 1);
}

static void test_every_dtype_is_counted_alike(void **state) {
    (void)state;
    enum { COUNT = 600 };
    static double limits[TARE_HISTOGRAM_BUCKETS], f64[COUNT];
    static float f32[COUNT];
    static int32_t i32[COUNT];
    static int64_t i64[COUNT];
    static int8_t i8[COUNT];
    static tare_histogram want, got;
    for (int i = 0; i < COUNT; i++) {
        i8[i] = (int8_t)(i % 200 - 100);
        i32[i] = i8[i];
        i64[i] = i8[i];
        f32[i] = (float)i8[i];
        f64[i] = (double)i8[i];
    }
    tare_histogram_limits(limits);
    tare_histogram_clear(&want);
    assert_int_equal(tare_histogram_add(&want, limits, TARE_FLOAT64, f64, COUNT), COUNT);
    const struct {
        tare_dtype dtype;
        const void *numbers;
    } others[] = {{TARE_FLOAT32, f32}, {TARE_INT32, i32}, {TARE_INT64, i64}, {TARE_INT8, i8}};
    for (int i = 0; i < 4; i++) {
        tare_histogram_clear(&got);
        assert_int_equal(
            tare_histogram_add(&got, limits, others[i].dtype, others[i].numbers, COUNT), COUNT);
        assert_memory_equal(&got, &want, sizeof want);
    }
    f32[599] = INFINITY; /* beyond the first piece that is made doubles at once */
    assert_int_equal(tare_histogram_add(&got, limits, TARE_FLOAT32, f32, COUNT), 599);
}

static void test_a_histogram_refuses_what_is_not_finite(void **state) {
    (void)state;
    const float numbers[] = {1, 2, NAN, 4};
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    const tare_tensor h = tare_summary_histogram("h", numbers_of(graph, numbers, 4));
    assert_int_equal(tare_session_new(graph, &session), TARE_OK);
    assert_int_equal(tare_session_run(session, TARE_NO_FEEDS, TARE_FETCHES(h), NULL),
                     TARE_ERROR_ARGUMENT);
    assert_string_equal(tare_session_message(session),
                        "summary_histogram 'h': got a number that is not finite at place 2 of 4; "
                        "needs finite numbers to count");
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------------------- images */

static const uint8_t *image_bytes(const float *numbers, int64_t height, int64_t width,
                                  int64_t channels, tare_graph **graph, tare_session **session) {
    tare_summary_record record;
    *graph = tare_graph_new();
    const tare_tensor flat = numbers_of(*graph, numbers, height * width * channels);
    const tare_tensor x = tare_reshape(flat, TARE_SHAPE(1, height, width, channels));
    const tare_tensor image = tare_summary_image("x", x, .max_outputs = 1);
    assert_int_equal(read_records(fetch(*graph, image, session), &record, 1), 1);
    assert_string_equal(record.tag, "x");
    assert_int_equal(record.kind, TARE_SUMMARY_IMAGES);
    assert_int_equal(record.images->count, 1);
    assert_int_equal(record.images->numbered, 0);
    return record.pixels;
}

static void check_image(const float *numbers, int64_t height, int64_t width, int64_t channels,
                        const uint8_t *want) {
    tare_graph *graph;
    tare_session *session = NULL;
    const uint8_t *got = image_bytes(numbers, height, width, channels, &graph, &session);
    for (int64_t i = 0; i < height * width * channels; i++) assert_int_equal(got[i], want[i]);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* Numbers worked out by hand from TensorFlow's rule. */
static void test_images_are_scaled_by_tensorflows_rule(void **state) {
    (void)state;
    const float positive[] = {0, .5f, 1, 2};
    check_image(positive, 2, 2, 1, (const uint8_t[]){0, 63, 127, 255});
    const float both[] = {-2, -1, 0, 1};
    check_image(both, 2, 2, 1, (const uint8_t[]){1, 64, 128, 191});
    const float tiny[] = {0, 1e-7f, 5e-7f, 0};
    check_image(tiny, 2, 2, 1, (const uint8_t[]){0, 0, 0, 0});
    const float broken[] = {NAN, 1, 2, 0, 1, 2, 1, INFINITY, 0};
    check_image(broken, 1, 3, 3, (const uint8_t[]){255, 0, 0, 0, 127, 255, 255, 0, 0});
    const float nothing_finite[] = {NAN, -INFINITY};
    check_image(nothing_finite, 1, 2, 1, (const uint8_t[]){255, 255});
}

static void test_only_the_first_images_are_kept(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_UINT8, TARE_SHAPE(TARE_ANY, 2, 3, 1));
    const tare_tensor image = tare_summary_image("x", x, .max_outputs = 2);
    tare_session *session = NULL;
    tare_array *fed = NULL, *result = NULL;
    tare_summary_record record;
    assert_int_equal(tare_session_new(graph, &session, .threads = 1), TARE_OK);
    for (int64_t count = 0; count < 4; count++) {
        assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(count, 2, 3, 1), NULL, &fed),
                         TARE_OK);
        for (int64_t i = 0; i < 6 * count; i++) tare_array_set_number(fed, i, (double)(40 + i));
        result = NULL;
        assert_int_equal(
            tare_session_run(session, TARE_FEEDS({x, fed}), TARE_FETCHES(image), &result), TARE_OK);
        assert_int_equal(read_records(result, &record, 1), 1);
        assert_int_equal(record.images->count, count < 2 ? count : 2);
        assert_int_equal(record.images->numbered, 1);
        for (int64_t i = 0; i < 6 * record.images->count; i++)
            assert_int_equal(record.pixels[i], 40 + i);
        tare_array_free(fed);
    }
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------------------ records */

/* Whatever bytes a program hands over: a record is read whole or not at all. */
static void test_broken_records_are_noticed(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    const float numbers[] = {1, 2, 3, 4};
    const tare_tensor flat = numbers_of(graph, numbers, 4);
    tare_summary_scalar("a", number_in(graph, 1));
    tare_summary_image("b", tare_reshape(flat, TARE_SHAPE(1, 2, 2, 1)));
    const tare_array *whole = fetch(graph, tare_summary_merge_all(graph), &session);
    const int64_t bytes = tare_array_count(whole);
    uint8_t *copy = aligned_alloc(64, 1024);
    assert_non_null(copy);
    assert_true(bytes < 1000);
    int64_t refused = 0;
    for (int64_t flipped = 0; flipped < bytes * 8; flipped++) {
        memcpy(copy, tare_array_const_data(whole), (size_t)bytes);
        copy[flipped / 8] ^= (uint8_t)(1 << flipped % 8);
        tare_array *array = NULL;
        assert_int_equal(tare_array_over(TARE_UINT8, TARE_SHAPE(bytes), copy, &array), TARE_OK);
        int64_t at = 0;
        bool sound = true;
        tare_summary_record record;
        while (tare_summary_next(array, &at, &record, &sound)) assert_true(at <= bytes);
        refused += !sound;
        tare_array_free(array);
    }
    assert_true(refused > bytes); /* every bit of the lengths and the magic, to say the least */
    for (int64_t length = 1; length < bytes; length++) {
        memcpy(copy, tare_array_const_data(whole), (size_t)bytes);
        tare_array *array = NULL;
        assert_int_equal(tare_array_over(TARE_UINT8, TARE_SHAPE(length), copy, &array), TARE_OK);
        int64_t at = 0;
        bool sound = true;
        tare_summary_record record;
        while (tare_summary_next(array, &at, &record, &sound)) assert_true(at <= length);
        if (sound) assert_int_equal(at, length); /* cut between two records */
        tare_array_free(array);
    }
    free(copy);
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ----------------------------------------------------------------------------- no number changes
 */

enum { ROWS = 12, COLUMNS = 5, STEPS = 4 };

/* Two layers with batch norm, where a fetched value in between could undo what the plan merges. */
typedef struct model {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y, training, loss, train, summary;
} model;

static model new_model(int threads) {
    model m = {.graph = tare_graph_new()};
    tare_graph_set_seed(m.graph, 5);
    m.x = tare_placeholder(m.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, COLUMNS), .name = "x");
    m.y = tare_placeholder(m.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "y");
    m.training = tare_placeholder_with_default(m.graph, TARE_FALSE);
    const tare_tensor a = tare_dense(m.x, 8, .use_bias = false);
    const tare_tensor b = tare_batch_norm(a, .training = m.training, .momentum = .5);
    const tare_tensor c = tare_relu(b);
    const tare_tensor d = tare_batch_norm(tare_dense(c, 1), .training = m.training);
    m.loss = tare_reduce_mean(tare_square(tare_sub(d, m.y)));
    m.train = tare_minimize(tare_adam(m.graph, .learning_rate = tare_number(.01)), m.loss);
    const tare_tensor watched[] = {a, b, c, d};
    for (int i = 0; i < 4; i++) tare_summary_histogram("watched", watched[i]);
    for (size_t i = 0; i < tare_collection_count(m.graph, TARE_GLOBAL_VARIABLES, NULL); i++)
        tare_summary_histogram("variable",
                               tare_collection_item(m.graph, TARE_GLOBAL_VARIABLES, NULL, i));
    tare_summary_scalar("loss", m.loss);
    tare_summary_image("picture", tare_reshape(b, TARE_SHAPE(1, TARE_ANY, 8, 1)));
    m.summary = tare_summary_merge_all(m.graph);
    if (tare_graph_status(m.graph) != TARE_OK) fail_msg("%s", tare_message(m.graph));
    assert_int_equal(tare_session_new(m.graph, &m.session, .threads = threads), TARE_OK);
    assert_int_equal(tare_session_initialize(m.session), TARE_OK);
    return m;
}

/* Trains and infers; losses[STEPS] is of inference. */
static void train(model *m, bool summarise, float losses[STEPS + 1]) {
    tare_array *x = NULL, *y = NULL, *yes = tare_array_bool(true), *no = tare_array_bool(false);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(ROWS, COLUMNS), NULL, &x), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(ROWS, 1), NULL, &y), TARE_OK);
    for (int64_t i = 0; i < ROWS * COLUMNS; i++) tare_array_set_number(x, i, sin((double)i * 1.7));
    for (int64_t i = 0; i < ROWS; i++) tare_array_set_number(y, i, cos((double)i));
    for (int step = 0; step <= STEPS; step++) {
        const bool last = step == STEPS;
        tare_array *results[3] = {NULL};
        const tare_tensor fetches[] = {m->loss, last ? m->loss : m->train, m->summary};
        if (tare_session_run(m->session,
                             TARE_FEEDS({m->x, x}, {m->y, y}, {m->training, last ? no : yes}),
                             fetches, summarise ? 3 : 2, results) != TARE_OK)
            fail_msg("%s", tare_session_message(m->session));
        losses[step] = *(const float *)tare_array_const_data(results[0]);
    }
    tare_array_free(x);
    tare_array_free(y);
    tare_array_free(yes);
    tare_array_free(no);
}

static void test_no_number_changes_when_summaries_are_fetched(void **state) {
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        model plain = new_model(1), watched = new_model(threads);
        float losses[STEPS + 1], watched_losses[STEPS + 1];
        train(&plain, false, losses);
        train(&watched, true, watched_losses);
        assert_memory_equal(losses, watched_losses, sizeof losses);
        assert_same_variables(plain.graph, plain.session, watched.session);
        assert_true(losses[STEPS - 1] < losses[0]); /* it did train */
        tare_session_free(plain.session);
        tare_graph_free(plain.graph);
        tare_session_free(watched.session);
        tare_graph_free(watched.graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags_are_tensorflows),
        cmocka_unit_test(test_collections_hold_what_they_are_told_to),
        cmocka_unit_test(test_merging_refuses_what_it_cannot_merge),
        cmocka_unit_test(test_limits_grow_by_a_tenth_on_either_side),
        cmocka_unit_test(test_a_histogram_counts_every_number_once),
        cmocka_unit_test(test_the_greatest_doubles_and_nothing_at_all_are_counted),
        cmocka_unit_test(test_every_dtype_is_counted_alike),
        cmocka_unit_test(test_a_histogram_refuses_what_is_not_finite),
        cmocka_unit_test(test_images_are_scaled_by_tensorflows_rule),
        cmocka_unit_test(test_only_the_first_images_are_kept),
        cmocka_unit_test(test_broken_records_are_noticed),
        cmocka_unit_test(test_no_number_changes_when_summaries_are_fetched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
