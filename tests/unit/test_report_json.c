/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of writing JSON. */
#include "report/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_commas_stand_between_elements(void **state) {
    (void)state;
    tare_json json = {.depth = 0};
    tare_json_begin_object(&json);
    tare_json_member_integer(&json, "a", INT64_MIN);
    tare_json_key(&json, "list");
    tare_json_begin_array(&json);
    tare_json_begin_array(&json);
    tare_json_end_array(&json);
    tare_json_begin_object(&json);
    tare_json_end_object(&json);
    tare_json_float(&json, .1f);
    tare_json_double(&json, .1);
    tare_json_end_array(&json);
    tare_json_member_boolean(&json, "yes", true);
    tare_json_member_text(&json, "none", NULL);
    tare_json_member_double(&json, "nan", (double)NAN);
    tare_json_key(&json, "inf");
    tare_json_float(&json, (float)INFINITY);
    tare_json_end_object(&json);
    assert_false(json.text.failed);
    assert_string_equal(
        json.text.data,
        "{\"a\": -9223372036854775808, \"list\": [[], {}, 0.1, 0.1], \"yes\": true, "
        "\"none\": null, \"nan\": null, \"inf\": null}");
    tare_text_clear(&json.text);
}

static void test_text_is_escaped(void **state) {
    (void)state;
    tare_json json = {.depth = 0};
    tare_json_text(&json, "a\"b\\c\n\t\x01\x7f naïve \xff\xe2\x82 \xf0\x9f\x8c\x8d");
    assert_string_equal(json.text.data, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f naïve \\ufffd\\ufffd"
                                        "\\ufffd \xf0\x9f\x8c\x8d\"");
    tare_text_clear(&json.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_stand_between_elements),
        cmocka_unit_test(test_text_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
