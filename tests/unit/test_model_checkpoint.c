/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of checkpoints: all or nothing, in both directions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <tare/model.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "scratch_files.h"

#ifdef TARE_HAVE_JANSSON

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

/* A graph with a matrix, a whole number, a truth and a local variable; and a session over it. */
typedef struct model {
    tare_graph *graph;
    tare_session *session;
} model;

static model new_model(const tare_allocator *allocator, int64_t width, const char *extra) {
    model m = {.graph = tare_graph_new_with(allocator)};
    assert_non_null(m.graph);
    tare_variable_options options = {TARE_VARIABLE_DEFAULTS};
    tare_get_variable_with(m.graph, "layer/kernel", TARE_SHAPE(2, width), &options);
    options.dtype = TARE_INT64;
    tare_get_variable_with(m.graph, "global_step", TARE_SCALAR, &options);
    options.dtype = TARE_BOOL;
    tare_get_variable_with(m.graph, "seen", TARE_SHAPE(3), &options);
    options.dtype = TARE_FLOAT32;
    options.local = true;
    tare_get_variable_with(m.graph, "total", TARE_SCALAR, &options);
    options.local = false;
    if (extra != NULL) tare_get_variable_with(m.graph, extra, TARE_SHAPE(1), &options);
    if (tare_graph_status(m.graph) != TARE_OK) fail_msg("%s", tare_message(m.graph));
    assert_int_equal(tare_session_new(m.graph, &m.session, .threads = 1), TARE_OK);
    return m;
}

static void free_model(model *m) {
    tare_session_free(m->session);
    tare_graph_free(m->graph);
}

static void fill(tare_session *session, const char *name, double first) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(session, name, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, first + (double)i);
    assert_int_equal(tare_session_set(session, name, array), TARE_OK);
    tare_array_free(array);
}

static double number_of(tare_session *session, const char *name, int64_t i) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(session, name, &array), TARE_OK);
    const double number = tare_array_number(array, i);
    tare_array_free(array);
    return number;
}

static model sound_model(void) {
    model m = new_model(NULL, 3, NULL);
    assert_int_equal(tare_session_initialize(m.session), TARE_OK);
    fill(m.session, "layer/kernel", .25);
    fill(m.session, "global_step", 7);
    fill(m.session, "total", 99);
    assert_int_equal(tare_session_set_random_draws(m.session, 12), TARE_OK);
    return m;
}

static const char *save_sound_model(void) {
    model m = sound_model();
    const char *path = scratch("model.safetensors");
    tare_checkpoint_save_options options = {TARE_CHECKPOINT_SAVE_DEFAULTS};
    const tare_metadata pairs[] = {{"network", "lenet_bn"}};
    options.epoch = 3;
    options.batch = 44;
    options.metadata = pairs;
    options.metadata_count = 1;
    tare_error error = {0};
    if (tare_checkpoint_save_with(m.session, path, &options, &error) != TARE_OK)
        fail_msg("%s", error.message);
    free_model(&m);
    return path;
}

static void test_everything_comes_back(void **state) {
    (void)state;
    const char *path = save_sound_model();
    model m = new_model(NULL, 3, NULL);
    tare_checkpoint_facts facts = {.struct_size = sizeof facts};
    tare_error error = {0};
    if (tare_checkpoint_load(m.session, path, &facts, &error) != TARE_OK)
        fail_msg("%s", error.message);
    for (int i = 0; i < 6; i++) assert_true(number_of(m.session, "layer/kernel", i) == .25 + i);
    assert_true(number_of(m.session, "global_step", 0) == 7);
    assert_int_equal(facts.epoch, 3);
    assert_int_equal(facts.batch, 44);
    assert_int_equal(facts.variables, 3); /* the local one is not saved */
    assert_int_equal(facts.numbers, 6 + 1 + 3);
    assert_int_equal(facts.random_draws, 12);
    assert_int_equal(facts.skipped, 0);
    tare_session_counters counters = {.struct_size = sizeof counters};
    assert_int_equal(tare_session_count(m.session, &counters), TARE_OK);
    assert_int_equal(counters.random_draws, 12);
    tare_array *total = NULL;
    assert_int_equal(tare_session_get(m.session, "total", &total), TARE_ERROR_UNINITIALIZED);
    free_model(&m);

    tare_checkpoint_facts inspected = {.struct_size = sizeof inspected};
    assert_int_equal(tare_checkpoint_inspect(path, &inspected, NULL), TARE_OK);
    assert_int_equal(inspected.epoch, 3);
    assert_int_equal(inspected.numbers, 10);
    tare_safetensors *file = NULL;
    assert_int_equal(tare_safetensors_open(path, &file, NULL), TARE_OK);
    assert_string_equal(tare_safetensors_metadata(file, "network"), "lenet_bn");
    assert_string_equal(tare_safetensors_metadata(file, "format"), "tare.checkpoint");
    tare_safetensors_close(file);
}

static size_t read_bytes(const char *path, char *into, size_t most) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t bytes = fread(into, 1, most, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void test_the_same_session_gives_the_same_bytes(void **state) {
    (void)state;
    static char once[8192], again[8192];
    const size_t bytes = read_bytes(save_sound_model(), once, sizeof once);
    assert_int_equal(read_bytes(save_sound_model(), again, sizeof again), bytes);
    assert_memory_equal(once, again, bytes);
    assert_int_equal(scratch_count(), 1); /* nothing is left beside it */
}

/* Loads into a model that has all numbers 0 and must keep them. */
static void assert_refused(model *m, const char *path, tare_status status, const char *says) {
    tare_error error = {0};
    fill(m->session, "layer/kernel", 1000);
    assert_int_equal(tare_checkpoint_load(m->session, path, NULL, &error), status);
    assert_int_equal(error.status, status);
    assert_says(&error, says);
    assert_true(number_of(m->session, "layer/kernel", 0) == 1000);
    assert_true(number_of(m->session, "global_step", 0) == 0);
}

static void test_what_does_not_fit_changes_nothing(void **state) {
    (void)state;
    const char *path = save_sound_model();
    model wider = new_model(NULL, 4, NULL);
    assert_int_equal(tare_session_initialize(wider.session), TARE_OK);
    assert_refused(&wider, path, TARE_ERROR_SHAPE, "got F32 [2, 3] in the file; needs F32 [2, 4]");
    free_model(&wider);

    model larger = new_model(NULL, 3, "other/bias");
    assert_int_equal(tare_session_initialize(larger.session), TARE_OK);
    assert_refused(&larger, path, TARE_ERROR_NAME,
                   "1 of the variables have no tensor here "
                   "('other/bias')");
    assert_int_equal(tare_checkpoint_save(larger.session, path, NULL), TARE_OK);
    free_model(&larger);

    model smaller = new_model(NULL, 3, NULL);
    assert_int_equal(tare_session_initialize(smaller.session), TARE_OK);
    assert_refused(&smaller, path, TARE_ERROR_NAME,
                   "1 of the tensors belong to no variable "
                   "('other/bias')");
    free_model(&smaller);

    model other = new_model(NULL, 3, "another/bias");
    assert_int_equal(tare_session_initialize(other.session), TARE_OK);
    assert_refused(&other, path, TARE_ERROR_NAME, "'another/bias'");
    assert_refused(&other, path, TARE_ERROR_NAME, "'other/bias'");
    free_model(&other);
}

static void test_a_lenient_load_takes_what_fits(void **state) {
    (void)state;
    const char *path = save_sound_model();
    model larger = new_model(NULL, 3, "other/bias");
    assert_int_equal(tare_session_initialize(larger.session), TARE_OK);
    fill(larger.session, "other/bias", 5);
    tare_checkpoint_facts facts = {.struct_size = sizeof facts};
    assert_int_equal(tare_checkpoint_load(larger.session, path, &facts, NULL, .lenient = true),
                     TARE_OK);
    assert_int_equal(facts.skipped, 1);
    assert_true(number_of(larger.session, "layer/kernel", 5) == 5.25);
    assert_true(number_of(larger.session, "other/bias", 0) == 5);
    free_model(&larger);
    model wider = new_model(NULL, 4, NULL);
    assert_int_equal(tare_checkpoint_load(wider.session, path, NULL, NULL, .lenient = true),
                     TARE_ERROR_SHAPE);
    free_model(&wider);
}

static void test_a_flipped_bit_is_noticed(void **state) {
    (void)state;
    static char bytes[8192];
    const char *path = save_sound_model();
    const size_t count = read_bytes(path, bytes, sizeof bytes);
    bytes[count - 20] ^= 4;
    path = scratch_file("model.safetensors", bytes, count);
    model m = new_model(NULL, 3, NULL);
    assert_int_equal(tare_session_initialize(m.session), TARE_OK);
    assert_refused(&m, path, TARE_ERROR_FORMAT, "CRC-32C");
    free_model(&m);
}

static void test_tensors_of_others_load_by_name(void **state) {
    (void)state;
    const float kernel[] = {1, 2, 3, 4, 5, 6};
    const int64_t step = 5;
    const bool seen[3] = {true, false, true};
    tare_array *arrays[3];
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 3), kernel, &arrays[0]), 0);
    assert_int_equal(tare_array_copy_of(TARE_INT64, TARE_SCALAR, &step, &arrays[1]), 0);
    assert_int_equal(tare_array_copy_of(TARE_BOOL, TARE_SHAPE(3), seen, &arrays[2]), 0);
    const char *const names[] = {"layer/kernel", "global_step", "seen"};
    const char *path = scratch("foreign.safetensors");
    assert_int_equal(
        tare_safetensors_write(path, 3, names, (const tare_array *const *)arrays, 0, NULL, NULL),
        TARE_OK);
    model m = new_model(NULL, 3, NULL);
    assert_int_equal(tare_session_set_random_draws(m.session, 3), TARE_OK);
    assert_int_equal(tare_checkpoint_load(m.session, path, NULL, NULL), TARE_OK);
    assert_true(number_of(m.session, "seen", 2) == 1);
    tare_session_counters counters = {.struct_size = sizeof counters};
    assert_int_equal(tare_session_count(m.session, &counters), TARE_OK);
    assert_int_equal(counters.random_draws, 3); /* such a file knows nothing of them */
    tare_error error = {0};
    tare_checkpoint_facts facts = {.struct_size = sizeof facts};
    assert_int_equal(tare_checkpoint_inspect(path, &facts, &error), TARE_ERROR_FORMAT);
    assert_says(&error, "no checkpoint");
    free_model(&m);
    for (int i = 0; i < 3; i++) tare_array_free(arrays[i]);
}

static void test_saving_refuses_with_the_old_file_in_place(void **state) {
    (void)state;
    static char before[8192], after[8192];
    const char *path = save_sound_model();
    const size_t bytes = read_bytes(path, before, sizeof before);
    model empty = new_model(NULL, 3, NULL);
    tare_error error = {0};
    assert_int_equal(tare_checkpoint_save(empty.session, path, &error), TARE_ERROR_UNINITIALIZED);
    assert_says(&error, "layer/kernel");
    free_model(&empty);
    model m = sound_model();
    const tare_metadata ours[] = {{"tare.epoch", "9"}};
    assert_int_equal(
        tare_checkpoint_save(m.session, path, &error, .metadata = ours, .metadata_count = 1),
        TARE_ERROR_NAME);
    assert_int_equal(tare_checkpoint_save(m.session, path, &error, .epoch = -1),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(read_bytes(path, after, sizeof after), bytes);
    assert_memory_equal(before, after, bytes);
    assert_int_equal(tare_checkpoint_save(m.session, scratch("no/such/folder"), &error),
                     TARE_ERROR_FILE);
    assert_int_equal(tare_checkpoint_save(NULL, path, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_checkpoint_load(m.session, NULL, NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_close(m.session), TARE_OK);
    assert_int_equal(tare_checkpoint_save(m.session, path, &error), TARE_ERROR_STATE);
    assert_says(&error, "closed");
    free_model(&m);
}

/* Saves and loads with the n-th allocation failing; true when nothing failed. */
static bool survives(int64_t fail_at, const char *path) {
    failing_allocator allocator;
    const tare_allocator *hooks = failing_allocator_start(&allocator, 0);
    model m = new_model(hooks, 3, NULL);
    assert_int_equal(tare_session_initialize(m.session), TARE_OK);
    allocator.calls = 0;
    allocator.fail_at = fail_at;
    tare_error error = {0};
    tare_status status = tare_checkpoint_save(m.session, path, &error);
    if (status == TARE_OK) status = tare_checkpoint_load(m.session, path, NULL, &error);
    assert_true(status == TARE_OK || status == TARE_ERROR_MEMORY);
    assert_int_equal(error.status, status);
    allocator.fail_at = 0;
    free_model(&m);
    assert_true(failing_allocator_is_clean(&allocator));
    return status == TARE_OK;
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    const char *path = scratch("failing.safetensors");
    int64_t n = 1;
    while (!survives(n, path)) n++;
    assert_true(n > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_comes_back),
        cmocka_unit_test(test_the_same_session_gives_the_same_bytes),
        cmocka_unit_test(test_what_does_not_fit_changes_nothing),
        cmocka_unit_test(test_a_lenient_load_takes_what_fits),
        cmocka_unit_test(test_a_flipped_bit_is_noticed),
        cmocka_unit_test(test_tensors_of_others_load_by_name),
        cmocka_unit_test(test_saving_refuses_with_the_old_file_in_place),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#else

static void test_without_jansson_saving_says_so(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(graph, &session, .threads = 1), TARE_OK);
    tare_error error = {0};
    const char *path = scratch("model.safetensors");
    assert_int_equal(tare_checkpoint_save(session, path, &error), TARE_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "jansson"));
    assert_int_equal(scratch_count(), 0);
    tare_session_free(session);
    tare_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_without_jansson_saving_says_so)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

#endif
