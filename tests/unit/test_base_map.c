/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the hash table from text to numbers. */
#include "base/map.h"
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *numbered(char *buffer, int i) {
    snprintf(buffer, 32, "scope_%d/kernel", i);
    return buffer;
}

static void test_what_was_set_is_found_and_nothing_else(void **state) {
    (void)state;
    tare_map *map = tare_map_new(NULL);
    assert_int_equal(tare_map_get(map, "x", -5), -5);
    assert_false(tare_map_has(map, "x"));
    assert_true(tare_map_set(map, "x", 1));
    assert_true(tare_map_set(map, "", 2)); /* an empty key is a key */
    assert_int_equal(tare_map_get(map, "x", -5), 1);
    assert_int_equal(tare_map_get(map, "", -5), 2);
    assert_int_equal(tare_map_get(map, "X", -5), -5);
    assert_true(tare_map_set(map, "x", INT64_MIN));
    assert_true(tare_map_get(map, "x", -5) == INT64_MIN);
    assert_int_equal(tare_map_count(map), 2);
    tare_map_free(map);
    tare_map_free(NULL);
}

static void test_keys_are_copied(void **state) {
    (void)state;
    tare_map *map = tare_map_new(NULL);
    char key[] = "beta";
    assert_true(tare_map_set(map, key, 3));
    key[0] = 'z';
    assert_int_equal(tare_map_get(map, "beta", 0), 3);
    assert_false(tare_map_has(map, key));
    tare_map_free(map);
}

static void test_many_keys_come_and_go(void **state) {
    (void)state;
    failing_allocator memory;
    tare_map *map = tare_map_new(failing_allocator_start(&memory, 0));
    char key[32];
    enum { KEYS = 20000 };
    for (int i = 0; i < KEYS; i++) assert_true(tare_map_set(map, numbered(key, i), i));
    assert_int_equal(tare_map_count(map), KEYS);
    for (int i = 0; i < KEYS; i += 2) tare_map_remove(map, numbered(key, i));
    tare_map_remove(map, "never there");
    assert_int_equal(tare_map_count(map), KEYS / 2);
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(tare_map_get(map, numbered(key, i), -1), i % 2 == 0 ? -1 : i);
    for (int i = 0; i < KEYS; i += 2) assert_true(tare_map_set(map, numbered(key, i), -i));
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(tare_map_get(map, numbered(key, i), 7), i % 2 == 0 ? -i : i);
    tare_map_free(map);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_setting_and_removing_for_ever_takes_bounded_memory(void **state) {
    (void)state;
    failing_allocator memory;
    tare_map *map = tare_map_new(failing_allocator_start(&memory, 0));
    char key[32];
    for (int i = 0; i < 100000; i++) {
        assert_true(tare_map_set(map, numbered(key, i), i));
        if (i >= 10) tare_map_remove(map, numbered(key, i - 10));
        assert_true(memory.bytes < 4096);
    }
    assert_int_equal(tare_map_count(map), 10);
    for (int i = 99990; i < 100000; i++)
        assert_int_equal(tare_map_get(map, numbered(key, i), -1), i);
    tare_map_free(map);
    assert_true(failing_allocator_is_clean(&memory));
}

static void test_a_walk_meets_every_entry_once(void **state) {
    (void)state;
    tare_map *map = tare_map_new(NULL);
    int64_t position = 0, value;
    const char *key;
    assert_false(tare_map_next(map, &position, &key, &value));
    char buffer[32];
    int seen[100] = {0};
    for (int i = 0; i < 100; i++) assert_true(tare_map_set(map, numbered(buffer, i), i));
    position = 0;
    while (tare_map_next(map, &position, &key, &value)) {
        assert_string_equal(key, numbered(buffer, (int)value));
        seen[value]++;
    }
    for (int i = 0; i < 100; i++) assert_int_equal(seen[i], 1);
    assert_false(tare_map_next(map, &position, &key, &value));
    position = 0;
    assert_true(tare_map_next(map, &position, NULL, NULL));
    tare_map_free(map);
}

static void test_memory_that_runs_out_leaves_the_map_as_it_was(void **state) {
    (void)state;
    failing_allocator memory;
    assert_null(tare_map_new(failing_allocator_start(&memory, 1)));
    char key[32];
    for (int64_t nth = 2; nth < 12; nth++) {
        tare_map *map = tare_map_new(failing_allocator_start(&memory, nth));
        int set = 0;
        while (tare_map_set(map, numbered(key, set), set)) set++;
        assert_int_equal(tare_map_count(map), set);
        assert_false(tare_map_has(map, numbered(key, set)));
        for (int i = 0; i < set; i++) assert_int_equal(tare_map_get(map, numbered(key, i), -1), i);
        memory.fail_at = 0;
        assert_true(tare_map_set(map, numbered(key, set), set));
        tare_map_free(map);
        assert_true(failing_allocator_is_clean(&memory));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_set_is_found_and_nothing_else),
        cmocka_unit_test(test_keys_are_copied),
        cmocka_unit_test(test_many_keys_come_and_go),
        cmocka_unit_test(test_setting_and_removing_for_ever_takes_bounded_memory),
        cmocka_unit_test(test_a_walk_meets_every_entry_once),
        cmocka_unit_test(test_memory_that_runs_out_leaves_the_map_as_it_was),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
