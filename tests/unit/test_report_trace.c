/* SPDX-License-Identifier: Apache-2.0 */
/* A profile's events as a Chrome trace, read back by another reader of JSON. */
#include "report/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void write_two(tare_json *json) {
    const tare_profile_event events[2] = {{.op = "matmul",
                                           .node = "dense/MatMul",
                                           .run = 3,
                                           .begin = 12.5,
                                           .seconds = 1.25e-6,
                                           .bytes = INT64_C(5000000000),
                                           .flops = 3e12},
                                          {.op = "matmul",
                                           .node = "a \"b\" \\ c",
                                           .gradient_of = "dense/MatMul",
                                           .run = 4,
                                           .begin = 12.5 + 1.0625e-3,
                                           .seconds = 0}};
    tare_json_begin_array(json);
    tare_trace_add(json, &events[0], "dense", 12.5);
    tare_trace_add(json, &events[1], "dense", 12.5);
    tare_json_end_array(json);
    assert_false(json->text.failed);
}

static void events_are_written_to_the_letter(void **state) {
    (void)state;
    tare_json json = {.depth = 0};
    write_two(&json);
    assert_string_equal(
        json.text.data,
        "[{\"name\": \"matmul\", \"cat\": \"dense\", \"ph\": \"X\", \"ts\": 0, \"dur\": 1.25, "
        "\"pid\": 1, \"tid\": 1, \"args\": {\"node\": \"dense/MatMul\", \"run\": 3, "
        "\"bytes\": 5000000000, \"flops\": 3000000000000}}, "
        "{\"name\": \"matmul\", \"cat\": \"dense\", \"ph\": \"X\", \"ts\": 1062.5, \"dur\": 0, "
        "\"pid\": 1, \"tid\": 1, \"args\": {\"node\": \"a \\\"b\\\" \\\\ c\", "
        "\"gradient_of\": \"dense/MatMul\", \"run\": 4, \"bytes\": 0, \"flops\": 0}}]");
    tare_text_clear(&json.text);
}

#ifdef TARE_HAVE_JANSSON
#include <jansson.h>

static void another_reader_reads_what_was_written(void **state) {
    (void)state;
    tare_json json = {.depth = 0};
    json_error_t error;
    write_two(&json);
    json_t *trace = json_loads(json.text.data, JSON_REJECT_DUPLICATES, &error);
    if (!trace) fail_msg("%s", error.text);
    assert_int_equal(json_array_size(trace), 2);
    const json_t *second = json_array_get(trace, 1);
    assert_string_equal(json_string_value(json_object_get(second, "ph")), "X");
    assert_true(json_number_value(json_object_get(second, "ts")) == 1062.5);
    const json_t *args = json_object_get(second, "args");
    assert_string_equal(json_string_value(json_object_get(args, "node")), "a \"b\" \\ c");
    args = json_object_get(json_array_get(trace, 0), "args");
    assert_true(json_integer_value(json_object_get(args, "bytes")) == INT64_C(5000000000));
    json_decref(trace);
    tare_text_clear(&json.text);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_written_to_the_letter),
#ifdef TARE_HAVE_JANSSON
        cmocka_unit_test(another_reader_reads_what_was_written),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
