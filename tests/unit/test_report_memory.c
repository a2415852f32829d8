/* SPDX-License-Identifier: Apache-2.0 */
/* Event files and plots when memory fails: each allocation in turn ends in a status, and nothing
 * leaks (the address sanitizer looks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "failing_libc.h"
#include "report/plot.h"
#include "scratch_files.h"
#include <tare/tare.h>

#define MOST_CALLS 5000

#ifdef TARE_HAVE_PROTOBUF

/* Everything that is written, made before memory begins to fail. */
typedef struct material {
    tare_graph *graph;
    tare_session *session;
    tare_array *numbers, *picture, *summary;
} material;

static material prepare(void) {
    material m = {.graph = tare_graph_new()};
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(40), NULL, &m.numbers), TARE_OK);
    assert_int_equal(tare_array_new(TARE_UINT8, TARE_SHAPE(5, 7, 3), NULL, &m.picture), TARE_OK);
    const tare_tensor x = tare_constant(m.graph, m.numbers);
    tare_summary_scalar("mean", tare_reduce_mean(x));
    tare_summary_histogram("numbers", x);
    tare_summary_image("picture", tare_reshape(x, TARE_SHAPE(1, 5, 8, 1)));
    const tare_tensor all = tare_summary_merge_all(m.graph);
    assert_int_equal(tare_session_new(m.graph, &m.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_run(m.session, TARE_NO_FEEDS, &all, 1, &m.summary), TARE_OK);
    return m;
}

static void release(material *m) {
    tare_array_free(m->numbers);
    tare_array_free(m->picture);
    tare_session_free(m->session);
    tare_graph_free(m->graph);
}

static tare_status write_all(const material *m, tare_event_writer *writer) {
    tare_status status = tare_event_writer_graph(writer, m->graph);
    if (status == TARE_OK) status = tare_event_writer_summary(writer, m->summary, 1);
    if (status == TARE_OK) status = tare_event_writer_histogram(writer, "h", m->numbers, 2);
    if (status == TARE_OK) status = tare_event_writer_image(writer, "i", m->picture, 3);
    if (status == TARE_OK) status = tare_event_writer_text(writer, "t", "text", 4);
    if (status == TARE_OK) status = tare_event_writer_scalar(writer, "s", 5, 5);
    if (status == TARE_OK) status = tare_event_writer_restart(writer, 6);
    return status;
}

static tare_status write_file(const material *m, const char *folder) {
    tare_event_writer *writer = NULL;
    tare_status status = tare_event_writer_new(folder, &writer, NULL);
    if (status != TARE_OK) {
        assert_null(writer);
        return status;
    }
    status = write_all(m, writer);
    assert_int_equal(tare_event_writer_close(writer, NULL), TARE_OK);
    return status;
}

static void test_writing_survives_memory_that_fails(void **state) {
    (void)state;
    material m = prepare();
    int64_t nth = 1;
    for (tare_status status = TARE_ERROR_MEMORY; status != TARE_OK; nth++) {
        assert_true(nth < MOST_CALLS);
        libc_fail(nth);
        status = write_file(&m, scratch("run"));
        libc_fail(0);
        if (status != TARE_OK) assert_int_equal(status, TARE_ERROR_MEMORY);
        scratch_empty();
    }
    assert_true(nth > 30);
    release(&m);
}

static tare_status read_file(const char *path, int *events) {
    tare_event_reader *reader = NULL;
    tare_event event = {.struct_size = sizeof event};
    bool found = true;
    tare_status status = tare_event_reader_open(path, &reader, NULL);
    for (*events = 0; status == TARE_OK && found; *events += found)
        status = tare_event_reader_next(reader, &event, &found, NULL);
    tare_event_reader_close(reader);
    return status;
}

static void test_reading_survives_memory_that_fails(void **state) {
    (void)state;
    int64_t nth = 1;
    int events = 0;
    for (tare_status status = TARE_ERROR_MEMORY; status != TARE_OK; nth++) {
        assert_true(nth < MOST_CALLS);
        libc_fail(nth);
        status = read_file(TARE_SOURCE_DIR "/tests/golden/data/tfevents/tf1.tfevents", &events);
        libc_fail(0);
        if (status != TARE_OK) assert_int_equal(status, TARE_ERROR_MEMORY);
    }
    assert_int_equal(events, 6);
    assert_true(nth > 30);
}

#endif

static void test_a_plot_survives_memory_that_fails(void **state) {
    (void)state;
    const double numbers[] = {1, 2, 3};
    const tare_plot_series series = {"numbers", numbers, numbers, 3};
    int64_t nth = 1;
    for (bool failed = true; failed; nth++) {
        tare_text svg = {.allocator = NULL};
        assert_true(nth < MOST_CALLS);
        libc_fail(nth);
        tare_plot_svg(&(tare_plot){.series = &series, .series_count = 1}, &svg);
        libc_fail(0);
        failed = svg.failed;
        tare_text_clear(&svg);
    }
    assert_true(nth > 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef TARE_HAVE_PROTOBUF
        cmocka_unit_test(test_writing_survives_memory_that_fails),
        cmocka_unit_test(test_reading_survives_memory_that_fails),
#endif
        cmocka_unit_test(test_a_plot_survives_memory_that_fails),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
