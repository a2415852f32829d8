/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of event files: what was written is read back; files by TensorFlow and PyTorch are read;
 * from the same numbers TensorFlow wrote the same histograms and images; broken files are refused.
 * The golden files' values are those that TensorBoard's own reader gives.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "scratch_folder.h"
#include <tare/tare.h>

#ifdef TARE_HAVE_PROTOBUF

#include "report/event_record.h"

#ifdef TARE_HAVE_ZLIB
#include <zlib.h>
#endif

#define GOLDEN TARE_SOURCE_DIR "/tests/golden/data/tfevents/"

/* ------------------------------------------------------------------------------------ helpers */

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

static tare_event_writer *begin(const char *folder) {
    tare_event_writer *writer = NULL;
    tare_error error = {.status = TARE_OK};
    if (tare_event_writer_new(folder, &writer, &error) != TARE_OK) fail_msg("%s", error.message);
    return writer;
}

/* Closes the writer and opens what it wrote. */
static tare_event_reader *reopen(tare_event_writer *writer) {
    char path[512];
    tare_event_reader *reader = NULL;
    snprintf(path, sizeof path, "%s", tare_event_writer_path(writer));
    assert_int_equal(tare_event_writer_close(writer, NULL), TARE_OK);
    assert_int_equal(tare_event_reader_open(path, &reader, NULL), TARE_OK);
    return reader;
}

static tare_event next(tare_event_reader *reader) {
    tare_event event = {.struct_size = sizeof event};
    tare_error error = {.status = TARE_OK};
    bool found = false;
    if (tare_event_reader_next(reader, &event, &found, &error) != TARE_OK)
        fail_msg("%s", error.message);
    assert_true(found);
    return event;
}

static void assert_ended(tare_event_reader *reader) {
    tare_event event = {.struct_size = sizeof event};
    bool found = true;
    assert_int_equal(tare_event_reader_next(reader, &event, &found, NULL), TARE_OK);
    assert_false(found);
    tare_event_reader_close(reader);
}

static const tare_event_value *value_of(const tare_event *event, const char *tag) {
    for (size_t i = 0; i < event->value_count; i++)
        if (strcmp(event->values[i].tag, tag) == 0) return &event->values[i];
    fail_msg("there is no value '%s'", tag);
    return NULL;
}

static tare_array *floats(tare_shape shape, const float *numbers) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, shape, numbers, &array), TARE_OK);
    return array;
}

/* --------------------------------------------------------------------------------- writing */

static void test_what_was_written_is_read_back(void **state) {
    (void)state;
    tare_event_writer *writer = begin(scratch("run"));
    const tare_event_scalar pair[] = {{"loss", 1.25},
                                      {"Gr\xc3\xb6\xc3\x9f"
                                       "e",
                                       0}};
    const float numbers[] = {1, 2, 2, -3};
    tare_array *some = floats(TARE_SHAPE(4), numbers), *none = floats(TARE_SHAPE(0), numbers);
    assert_int_equal(tare_event_writer_scalars(writer, pair, 2, 1), TARE_OK);
    assert_int_equal(tare_event_writer_scalar(writer, "rate", .1, INT64_C(1) << 40), TARE_OK);
    assert_int_equal(tare_event_writer_scalar(writer, "nan", (double)NAN, -1), TARE_OK);
    assert_int_equal(tare_event_writer_histogram(writer, "some", some, 2), TARE_OK);
    assert_int_equal(tare_event_writer_histogram(writer, "none", none, 2), TARE_OK);
    assert_int_equal(tare_event_writer_text(writer, "note", "gamma *and* beta", 3), TARE_OK);
    assert_int_equal(tare_event_writer_restart(writer, 7), TARE_OK);
    assert_int_equal(tare_event_writer_flush(writer), TARE_OK);
    assert_string_equal(tare_event_writer_message(writer), "");

    tare_event_reader *reader = reopen(writer);
    tare_event event = next(reader);
    assert_int_equal(event.kind, TARE_EVENT_VERSION);
    assert_string_equal(event.text, "brain.Event:2");
    assert_true(event.wall_time > 1.6e9 && event.wall_time < 1e11);
    event = next(reader);
    assert_int_equal(event.kind, TARE_EVENT_VALUES);
    assert_int_equal(event.step, 1);
    assert_int_equal(event.value_count, 2);
    assert_true(value_of(&event, "loss")->number == 1.25);
    assert_true(value_of(&event, pair[1].tag)->number == 0);
    assert_int_equal(value_of(&event, pair[1].tag)->kind, TARE_VALUE_SCALAR);
    event = next(reader);
    assert_int_equal(event.step, INT64_C(1) << 40);
    assert_true(value_of(&event, "rate")->number == (double).1f);
    event = next(reader);
    assert_int_equal(event.step, -1);
    assert_true(isnan(value_of(&event, "nan")->number));
    event = next(reader);
    const tare_event_histogram *h = &value_of(&event, "some")->histogram;
    assert_true(h->least == -3 && h->greatest == 2 && h->count == 4);
    assert_true(h->sum == 2 && h->sum_squares == 18);
    double counted = 0;
    for (size_t i = 0; i < h->buckets; i++) {
        counted += h->counts[i];
        assert_true(i == 0 || h->limits[i] > h->limits[i - 1]);
        assert_true(i == 0 || h->counts[i] > 0 || h->counts[i - 1] > 0); /* runs stand as one */
    }
    assert_true(counted == 4 && h->limits[h->buckets - 1] == DBL_MAX);
    event = next(reader);
    h = &value_of(&event, "none")->histogram;
    assert_true(h->buckets == 1 && h->counts[0] == 0 && h->limits[0] == DBL_MAX);
    assert_true(h->least == DBL_MAX && h->greatest == -DBL_MAX && h->count == 0);
    event = next(reader);
    assert_int_equal(value_of(&event, "note")->kind, TARE_VALUE_TEXT);
    assert_string_equal(value_of(&event, "note")->text, "gamma *and* beta");
    event = next(reader);
    assert_int_equal(event.kind, TARE_EVENT_SESSION);
    assert_string_equal(event.text, "start");
    assert_int_equal(event.step, 7);
    assert_ended(reader);
    tare_array_free(some);
    tare_array_free(none);
}

/* Two writers of one second: two files, the later one's name behind the other's. */
static void test_no_file_is_ever_written_over(void **state) {
    (void)state;
    tare_event_writer *writers[3];
    for (int i = 0; i < 3; i++) writers[i] = begin(scratch("deep/er/run"));
    for (int i = 0; i < 3; i++)
        assert_non_null(
            strstr(tare_event_writer_path(writers[i]), "/deep/er/run/events.out.tfevents."));
    assert_true(strcmp(tare_event_writer_path(writers[0]), tare_event_writer_path(writers[1])) < 0);
    assert_true(strcmp(tare_event_writer_path(writers[1]), tare_event_writer_path(writers[2])) < 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tare_event_writer_close(writers[i], NULL), TARE_OK);
    tare_event_writer *named = NULL;
    assert_int_equal(tare_event_writer_new(scratch("run"), &named, NULL, .suffix = ".x"), TARE_OK);
    const char *path = tare_event_writer_path(named);
    assert_string_equal(path + strlen(path) - 2, ".x");
    assert_int_equal(tare_event_writer_close(named, NULL), TARE_OK);
    assert_int_equal(tare_event_writer_close(NULL, NULL), TARE_OK);
}

static void test_what_cannot_be_written_is_refused_and_leaves_the_file(void **state) {
    (void)state;
    tare_error error = {.status = TARE_OK};
    tare_event_writer *writer = NULL;
    assert_true(scratch_put(scratch("plain"), "x", 1));
    assert_int_equal(tare_event_writer_new(scratch("plain"), &writer, &error), TARE_ERROR_FILE);
    assert_null(writer);
    assert_int_equal(tare_event_writer_new("", &writer, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_writer_new(scratch("run"), &writer, &error, .suffix = "a/b"),
                     TARE_ERROR_ARGUMENT);
    writer = begin(scratch("run"));
    const float numbers[] = {1, NAN};
    tare_array *array = floats(TARE_SHAPE(2), numbers), *truth = tare_array_bool(true);
    tare_array *flat = NULL;
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(24), NULL, &flat), TARE_OK);
    assert_int_equal(tare_event_writer_histogram(writer, "h", array, 0), TARE_ERROR_ARGUMENT);
    assert_says(tare_event_writer_error(writer), "not finite at place 1 of 2");
    assert_int_equal(tare_event_writer_histogram(writer, "h", truth, 0), TARE_ERROR_TYPE);
    assert_int_equal(tare_event_writer_image(writer, "i", array, 0), TARE_ERROR_SHAPE);
    assert_int_equal(tare_event_writer_image(writer, "i", truth, 0), TARE_ERROR_TYPE);
    assert_int_equal(tare_event_writer_scalar(writer, "", 1, 0), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_writer_scalar(writer, "\xff", 1, 0), TARE_ERROR_ARGUMENT);
    assert_says(tare_event_writer_error(writer), "not UTF-8");
    assert_int_equal(tare_event_writer_text(writer, "t", "\xc3", 0), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_writer_summary(writer, flat, 0), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_writer_summary(writer, array, 0), TARE_ERROR_TYPE);
    assert_int_equal(tare_event_writer_summary(writer, NULL, 0), TARE_ERROR_TYPE);
    assert_int_equal(tare_event_writer_graph(writer, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_writer_scalar(NULL, "t", 1, 0), TARE_ERROR_ARGUMENT);
    tare_event_reader *reader = reopen(writer);
    assert_int_equal(next(reader).kind, TARE_EVENT_VERSION);
    assert_ended(reader);
    tare_array_free(array);
    tare_array_free(truth);
    tare_array_free(flat);
}

static void test_the_graph_is_written_with_all_its_nodes(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_network network = {.struct_size = sizeof network};
    assert_int_equal(tare_zoo_build(graph, "question", NULL, &network, NULL), TARE_OK);
    tare_event_writer *writer = begin(scratch("run"));
    assert_int_equal(tare_event_writer_graph(writer, graph), TARE_OK);
    tare_event_reader *reader = reopen(writer);
    assert_int_equal(next(reader).kind, TARE_EVENT_VERSION);
    const tare_event event = next(reader);
    assert_int_equal(event.kind, TARE_EVENT_GRAPH);
    assert_int_equal(event.nodes, tare_graph_size(graph));
    assert_ended(reader);
    tare_graph_free(graph);
}

/* --------------------------------------------------------- what TensorFlow and PyTorch wrote */

static tare_event_reader *open_golden(const char *name) {
    tare_event_reader *reader = NULL;
    tare_error error = {.status = TARE_OK};
    char path[512];
    snprintf(path, sizeof path, "%s%s", GOLDEN, name);
    if (tare_event_reader_open(path, &reader, &error) != TARE_OK) fail_msg("%s", error.message);
    return reader;
}

static void test_a_file_by_tensorflow_is_read(void **state) {
    (void)state;
    static const double costs[] = {12.492141723632812, 12.411948204040527, 12.332138061523438};
    static const double means[] = {0, 0.35149309039115906, 0.5247748494148254};
    tare_event_reader *reader = open_golden("tf1.tfevents");
    tare_event event = next(reader);
    assert_string_equal(event.text, "brain.Event:2");
    for (int step = 0; step < 3; step++) {
        event = next(reader);
        assert_int_equal(event.step, step);
        assert_int_equal(event.value_count, 11);
        assert_true(value_of(&event, "cost_1")->number == costs[step]);
        assert_true(value_of(&event, "hidden1/moving_mean")->number == means[step]);
        const tare_event_image *image = &value_of(&event, "picture_1/image/1")->image;
        assert_true(image->width == 5 && image->height == 6 && image->channels == 3);
        assert_int_equal(image->count, 164);
    }
    event = next(reader);
    assert_int_equal(event.kind, TARE_EVENT_SESSION);
    assert_string_equal(event.text, "checkpoint");
    assert_int_equal(event.step, 20);
    event = next(reader);
    assert_int_equal(event.step, INT64_C(1) << 40);
    assert_true(isnan(value_of(&event, "special/nan")->number));
    assert_true(value_of(&event, "special/infinity")->number == (double)INFINITY);
    assert_ended(reader);
}

static void test_a_file_by_pytorch_is_read(void **state) {
    (void)state;
    tare_event_reader *reader = open_golden("torch.tfevents");
    tare_event event = next(reader);
    int old = 0, fresh = 0, histograms = 0, images = 0, texts = 0;
    bool found = true;
    while (tare_event_reader_next(reader, &event, &found, NULL) == TARE_OK && found) {
        assert_int_equal(event.value_count, 1);
        const tare_event_value *value = event.values;
        if (strcmp(value->tag, "loss/train") == 0) {
            assert_true(event.wall_time == 1000.0 + old);
            assert_int_equal(event.step, old++);
            assert_true(fabs(value->number - exp(-(double)event.step / 10)) < .06);
        } else if (value->kind == TARE_VALUE_SCALAR) { /* new style: a tensor */
            assert_true(value->number == (double)(float)(fresh / 3.0));
            assert_string_equal(value->text, "scalars");
            fresh++;
        }
        histograms += value->kind == TARE_VALUE_HISTOGRAM;
        images += value->kind == TARE_VALUE_IMAGE;
        if (value->kind == TARE_VALUE_TEXT) assert_string_equal(value->text, "gamma *and* beta");
        texts += value->kind == TARE_VALUE_TEXT;
    }
    assert_false(found);
    assert_int_equal(old, 30);
    assert_int_equal(fresh, 30);
    assert_int_equal(histograms, 2);
    assert_int_equal(images, 1);
    assert_int_equal(texts, 1);
    tare_event_reader_close(reader);
}

#ifdef TARE_HAVE_ZLIB

/* ------------------------------------------ the same numbers: the same histograms, the same images
 */

static unsigned paeth(int a, int b, int c) {
    const int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return (unsigned)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* Takes a PNG row's filter back (ISO/IEC 15948, clause 9). */
static void unfilter(unsigned char *row, const unsigned char *above, int count, int step) {
    const int kind = row[0];
    for (int i = 1; i <= count; i++) {
        const int left = i > step ? row[i - step] : 0, up = above ? above[i] : 0;
        const int corner = i > step && above ? above[i - step] : 0;
        const unsigned guess[] = {0, (unsigned)left, (unsigned)up, (unsigned)((left + up) / 2),
                                  paeth(left, up, corner)};
        assert_in_range(kind, 0, 4);
        row[i] = (unsigned char)(row[i] + guess[kind]);
    }
}

static uint32_t big_endian(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The rows of a small PNG with 8 bits a channel, each with its filter's byte before it. */
static void read_png(const tare_event_image *image, unsigned char *rows, size_t room) {
    static const unsigned char colours[] = {0, 0, 4, 2, 6};
    const unsigned char *at = image->bytes, *const stop = image->bytes + image->count;
    assert_memory_equal(at, "\x89PNG\r\n\x1a\n", 8);
    uLongf length = room;
    for (at += 8; at < stop; at += 12 + big_endian(at)) {
        const uint32_t bytes = big_endian(at);
        assert_true(bytes <= (size_t)(stop - at) - 12);
        assert_int_equal(crc32(crc32(0, NULL, 0), at + 4, bytes + 4), big_endian(at + 8 + bytes));
        if (memcmp(at + 4, "IHDR", 4) == 0) {
            assert_int_equal(big_endian(at + 8), image->width);
            assert_int_equal(big_endian(at + 12), image->height);
            assert_int_equal(at[16], 8);
            assert_int_equal(at[17], colours[image->channels]);
        }
        if (memcmp(at + 4, "IDAT", 4) == 0)
            assert_int_equal(uncompress(rows, &length, at + 8, bytes), Z_OK);
    }
    const int row = (int)(image->width * image->channels);
    assert_int_equal(length, (size_t)(row + 1) * (size_t)image->height);
    for (int y = 0; y < image->height; y++)
        unfilter(rows + y * (row + 1), y ? rows + (y - 1) * (row + 1) : NULL, row,
                 (int)image->channels);
}

static void assert_same_images(const tare_event_image *got, const tare_event_image *want) {
    unsigned char left[4096], right[4096];
    assert_true(got->width == want->width && got->height == want->height);
    assert_int_equal(got->channels, want->channels);
    read_png(got, left, sizeof left);
    read_png(want, right, sizeof right);
    const size_t row = (size_t)(want->width * want->channels);
    for (int64_t y = 0; y < want->height; y++)
        assert_memory_equal(left + (size_t)y * (row + 1) + 1, right + (size_t)y * (row + 1) + 1,
                            row);
}

static void assert_same_histograms(const tare_event_histogram *got,
                                   const tare_event_histogram *want) {
    assert_true(got->least == want->least && got->greatest == want->greatest);
    assert_true(got->count == want->count && got->sum == want->sum);
    assert_true(got->sum_squares == want->sum_squares);
    assert_int_equal(got->buckets, want->buckets);
    assert_memory_equal(got->limits, want->limits, want->buckets * sizeof(double));
    assert_memory_equal(got->counts, want->counts, want->buckets * sizeof(double));
}

static tare_array *golden_input(tare_npz *inputs, const char *name, int step) {
    char key[32];
    tare_array *array = NULL;
    snprintf(key, sizeof key, "%s_%d", name, step);
    assert_int_equal(tare_npz_read(inputs, key, &array, NULL), TARE_OK);
    return array;
}

/* Runs the summary ops on what was fed to TensorFlow's and writes the three steps. */
static tare_event_reader *write_same(void) {
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    tare_npz *inputs = NULL;
    const tare_tensor noise =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY), .name = "noise");
    const tare_tensor picture =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 6, 5, 3), .name = "picture");
    tare_summary_histogram("noise", noise);
    tare_summary_image("picture", picture, .max_outputs = 2);
    const tare_tensor all = tare_summary_merge_all(graph);
    assert_int_equal(tare_session_new(graph, &session), TARE_OK);
    assert_int_equal(tare_npz_open(GOLDEN "tf1_inputs.npz", &inputs, NULL), TARE_OK);
    tare_event_writer *writer = begin(scratch("same"));
    for (int step = 0; step < 3; step++) {
        tare_array *x = golden_input(inputs, "noise", step), *result = NULL;
        tare_array *y = golden_input(inputs, "picture", step);
        assert_int_equal(tare_session_run(session, TARE_FEEDS({noise, x}, {picture, y}),
                                          TARE_FETCHES(all), &result),
                         TARE_OK);
        if (tare_event_writer_summary(writer, result, step) != TARE_OK)
            fail_msg("%s", tare_event_writer_message(writer));
        tare_array_free(x);
        tare_array_free(y);
    }
    tare_npz_close(inputs);
    tare_session_free(session);
    tare_graph_free(graph);
    return reopen(writer);
}

static void test_the_same_numbers_give_tensorflows_histograms_and_images(void **state) {
    (void)state;
    tare_event_reader *golden = open_golden("tf1.tfevents"), *own = write_same();
    (void)next(golden);
    (void)next(own);
    for (int step = 0; step < 3; step++) {
        const tare_event want = next(golden), got = next(own);
        assert_int_equal(got.step, step);
        assert_int_equal(got.value_count, 3);
        assert_same_histograms(&value_of(&got, "noise_1")->histogram,
                               &value_of(&want, "noise_1")->histogram);
        for (int i = 0; i < 2; i++) {
            char tag[32];
            snprintf(tag, sizeof tag, "picture_1/image/%d", i);
            assert_same_images(&value_of(&got, tag)->image, &value_of(&want, tag)->image);
        }
    }
    assert_ended(own);
    tare_event_reader_close(golden);
}

static void test_images_of_every_kind_are_png(void **state) {
    (void)state;
    tare_event_writer *writer = begin(scratch("pictures"));
    unsigned char rows[4096];
    const int channels[] = {1, 3, 4};
    for (int k = 0; k < 3; k++) {
        tare_array *image = NULL;
        assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(7, 9, channels[k]), NULL, &image),
                         TARE_OK);
        for (int64_t i = 0; i < tare_array_count(image); i++)
            tare_array_set_number(image, i, (double)(i * 31 % 256));
        assert_int_equal(tare_event_writer_image(writer, "image", image, k), TARE_OK);
        tare_array_free(image);
    }
    tare_event_reader *reader = reopen(writer);
    (void)next(reader);
    for (int k = 0; k < 3; k++) {
        const tare_event event = next(reader);
        const int row = 9 * channels[k];
        read_png(&value_of(&event, "image")->image, rows, sizeof rows);
        for (int i = 0; i < 7 * row; i++)
            assert_int_equal(rows[i / row * (row + 1) + 1 + i % row], i * 31 % 256);
    }
    assert_ended(reader);
}

#endif

/* ------------------------------------------------------------------------------- broken files */

static long read_golden(unsigned char *bytes, size_t size) {
    return scratch_get(GOLDEN "torch.tfevents", (char *)bytes, size);
}

/* Reads a file to its end or first fault. */
static tare_status read_all(const char *path, int *events, tare_error *error) {
    tare_event_reader *reader = NULL;
    tare_event event = {.struct_size = sizeof event};
    bool found = true;
    *events = 0;
    tare_status status = tare_event_reader_open(path, &reader, error);
    while (status == TARE_OK && found) {
        status = tare_event_reader_next(reader, &event, &found, error);
        *events += status == TARE_OK && found;
    }
    tare_event_reader_close(reader);
    return status;
}

static void test_a_cut_file_is_read_up_to_its_last_whole_record(void **state) {
    (void)state;
    unsigned char bytes[8192];
    tare_error error = {.status = TARE_OK};
    int events;
    const long count = read_golden(bytes, sizeof bytes);
    const char *path = scratch("cut");
    int most = 0, whole = 0;
    for (long length = 0; length < count; length += length < 400 ? 1 : 37) {
        assert_true(scratch_put(path, bytes, (size_t)length));
        const tare_status status = read_all(path, &events, &error);
        assert_true(events >= most);
        most = events;
        whole += status == TARE_OK;
        if (status == TARE_OK) continue;
        assert_int_equal(status, TARE_ERROR_FORMAT);
        assert_says(&error, length < 12 ? "no event file" : "end");
    }
    assert_true(whole > 3 && whole < 20); /* cut between two records */
    assert_true(most > 50);
}

static void test_a_flipped_bit_anywhere_is_noticed(void **state) {
    (void)state;
    unsigned char bytes[8192];
    tare_error error = {.status = TARE_OK};
    int events;
    const long count = read_golden(bytes, sizeof bytes);
    const char *path = scratch("flipped");
    for (long i = 0; i < count * 8; i += 61) {
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_true(scratch_put(path, bytes, (size_t)count));
        assert_int_equal(read_all(path, &events, &error), TARE_ERROR_FORMAT);
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
    }
}

/* Behind right checksums anything may stand; a record is decoded or refused. */
static void test_nonsense_behind_right_checksums_is_refused_or_decoded(void **state) {
    (void)state;
    static unsigned char record[TARE_RECORD_HEAD + 4096 + TARE_RECORD_TAIL], golden[8192];
    tare_error error = {.status = TARE_OK};
    int events, refused = 0;
    const long count = read_golden(golden, sizeof golden);
    const char *path = scratch("nonsense");
    uint32_t draw = 9;
    for (int trial = 0; trial < 3000; trial++) {
        draw = draw * 1664525u + 1013904223u;
        const size_t length = 1 + draw % 300;
        /* A stretch of a sound file, some bytes of it changed. */
        memcpy(record + TARE_RECORD_HEAD, golden + (draw >> 8) % (uint32_t)(count - 400), length);
        for (int k = 0; k < trial % 7; k++) {
            draw = draw * 1664525u + 1013904223u;
            record[TARE_RECORD_HEAD + (draw >> 8) % length] = (unsigned char)(draw >> 24);
        }
        tare_record_frame(record, length);
        assert_true(scratch_put(path, record, length + TARE_RECORD_HEAD + TARE_RECORD_TAIL));
        const tare_status status = read_all(path, &events, &error);
        if (status == TARE_OK) continue;
        assert_int_equal(status, TARE_ERROR_FORMAT);
        assert_says(&error, "at byte 0");
        refused++;
    }
    assert_true(refused > 1000);
}

/* One event whose summary holds a value of so many bytes. */
static size_t wrap(unsigned char *into, const unsigned char *value, size_t bytes) {
    size_t at = 0;
    assert_true(bytes + 2 < 128);
    into[at++] = 0x2a; /* Event.summary */
    into[at++] = (unsigned char)(bytes + 2);
    into[at++] = 0x0a; /* Summary.value */
    into[at++] = (unsigned char)bytes;
    memcpy(into + at, value, bytes);
    return at + bytes;
}

static void test_a_histogram_with_more_limits_than_counts_is_refused(void **state) {
    (void)state;
    static const unsigned char value[] = {0x0a, 1, 'h', 0x2a, 20, 0x32, 16, 0, 0, 0, 0,    0, 0,
                                          0,    0, 0,   0,    0,  0,    0,  0, 0, 0, 0x3a, 0};
    unsigned char record[256];
    tare_error error = {.status = TARE_OK};
    int events;
    const size_t bytes = wrap(record + TARE_RECORD_HEAD, value, sizeof value);
    tare_record_frame(record, bytes);
    const char *path = scratch("limits");
    assert_true(scratch_put(path, record, bytes + TARE_RECORD_HEAD + TARE_RECORD_TAIL));
    assert_int_equal(read_all(path, &events, &error), TARE_ERROR_FORMAT);
    assert_says(&error, "'h' of the event at byte 0 has not as many counts as limits");
}

/* A million empty values: small in the file, large in memory. */
static void test_a_small_event_cannot_ask_for_much_memory(void **state) {
    (void)state;
    enum { VALUES = 4000000 };
    const size_t bytes = 5 + 2 * (size_t)VALUES;
    unsigned char *record = calloc(1, TARE_RECORD_HEAD + bytes + TARE_RECORD_TAIL);
    assert_non_null(record);
    unsigned char *at = record + TARE_RECORD_HEAD;
    *at++ = 0x2a;
    for (size_t left = bytes - 5, i = 0; i < 4; i++, left >>= 7)
        *at++ = (unsigned char)((left & 127) | (i < 3 ? 128 : 0));
    for (int i = 0; i < VALUES; i++) at[2 * i] = 0x0a;
    tare_record_frame(record, bytes);
    tare_error error = {.status = TARE_OK};
    int events;
    const char *path = scratch("many");
    assert_true(scratch_put(path, record, bytes + TARE_RECORD_HEAD + TARE_RECORD_TAIL));
    free(record);
    assert_int_equal(read_all(path, &events, &error), TARE_ERROR_FORMAT);
    assert_says(&error, "far more memory");
}

static void test_what_is_no_event_file_is_refused(void **state) {
    (void)state;
    tare_error error = {.status = TARE_OK};
    int events;
    assert_true(scratch_put(scratch("empty"), "", 0));
    assert_int_equal(read_all(scratch("empty"), &events, &error), TARE_ERROR_FORMAT);
    assert_true(scratch_put(scratch("text"), "epoch,loss\n1,2\n1,2\n", 19));
    assert_int_equal(read_all(scratch("text"), &events, &error), TARE_ERROR_FORMAT);
    assert_int_equal(read_all(scratch("missing"), &events, &error), TARE_ERROR_FILE);
    tare_event_reader *reader = NULL;
    bool found;
    assert_int_equal(tare_event_reader_open("x", NULL, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_reader_open(NULL, &reader, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_event_reader_next(NULL, NULL, &found, NULL), TARE_ERROR_ARGUMENT);
    tare_event_reader_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read_back),
        cmocka_unit_test(test_no_file_is_ever_written_over),
        cmocka_unit_test(test_what_cannot_be_written_is_refused_and_leaves_the_file),
        cmocka_unit_test(test_the_graph_is_written_with_all_its_nodes),
        cmocka_unit_test(test_a_file_by_tensorflow_is_read),
        cmocka_unit_test(test_a_file_by_pytorch_is_read),
#ifdef TARE_HAVE_ZLIB
        cmocka_unit_test(test_the_same_numbers_give_tensorflows_histograms_and_images),
        cmocka_unit_test(test_images_of_every_kind_are_png),
#endif
        cmocka_unit_test(test_a_cut_file_is_read_up_to_its_last_whole_record),
        cmocka_unit_test(test_a_flipped_bit_anywhere_is_noticed),
        cmocka_unit_test(test_nonsense_behind_right_checksums_is_refused_or_decoded),
        cmocka_unit_test(test_a_histogram_with_more_limits_than_counts_is_refused),
        cmocka_unit_test(test_a_small_event_cannot_ask_for_much_memory),
        cmocka_unit_test(test_what_is_no_event_file_is_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#else

/* Without protobuf-c both sides say so, and nothing is made. */
static void test_a_build_without_protobuf_says_so(void **state) {
    (void)state;
    tare_error error = {.status = TARE_OK};
    tare_event_writer *writer = NULL;
    tare_event_reader *reader = NULL;
    struct stat about;
    assert_int_equal(tare_event_writer_new(scratch("run"), &writer, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_null(writer);
    assert_string_equal(error.message,
                        "this build has no protobuf-c, so it neither writes nor reads event files");
    assert_int_not_equal(stat(scratch("run"), &about), 0);
    assert_int_equal(tare_event_reader_open(scratch("run"), &reader, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_null(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_build_without_protobuf_says_so)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#endif
