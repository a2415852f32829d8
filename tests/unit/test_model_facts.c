/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of tensors: ranges in graphs, and how checkpoints keep ranges and counters. */
#include "failing_allocator.h"
#include "normalisation_trial.h"
#include "scratch_files.h"

#include <pthread.h>

#include <tare/layer.h>
#include <tare/model.h>
#include <tare/norm.h>
#include <tare/op.h>

static void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

static trial two_layers(const tare_allocator *allocator) {
    trial t = {.graph = tare_graph_new_with(allocator)};
    t.x = tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2), .name = "x");
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .name = "first");
    tare_batch_norm(tare_relu(y), .training = TARE_TRUE, .name = "second");
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, 2), NULL, &t.fed), TARE_OK);
    return t;
}

static void assert_range(const tare_graph *graph, const char *tensor, double min, double max) {
    double low = NAN, high = NAN;
    if (!tare_graph_range(graph, tensor, &low, &high)) fail_msg("no range of %s", tensor);
    assert_true(low == min && high == max);
}

/* ------------------------------------------------------------------------------ in a graph */

static void a_range_is_kept_by_name(void **state) {
    (void)state;
    trial t = two_layers(NULL);
    double low = 7, high = 8;
    assert_false(tare_graph_range(t.graph, "Relu:0", &low, &high));
    assert_true(low == 7 && high == 8);
    assert_int_equal(tare_graph_set_range(t.graph, "Relu", 0, 6, NULL), TARE_OK);
    assert_int_equal(tare_graph_set_range(t.graph, "x:0", -1.5, 1e-3, NULL), TARE_OK);
    assert_int_equal(tare_graph_set_range(t.graph, "Relu:0", 0, 5, NULL), TARE_OK);
    assert_range(t.graph, "Relu:0", 0, 5);
    assert_range(t.graph, "x", -1.5, 1e-3);
    assert_string_equal(tare_graph_range_name(t.graph, 0), "x:0");
    assert_string_equal(tare_graph_range_name(t.graph, 1), "Relu:0");
    assert_null(tare_graph_range_name(t.graph, 2));
    tare_relu(t.x); /* the graph grows; facts stay */
    assert_range(t.graph, "Relu:0", 0, 5);
    assert_int_equal(tare_graph_status(t.graph), TARE_OK);
    trial_close(&t);
}

static void what_is_no_range_is_refused_with_a_sentence(void **state) {
    (void)state;
    trial t = two_layers(NULL);
    tare_error error = {0};
    static const double pairs[][2] = {{NAN, 1}, {0, NAN}, {1, 0.5}, {0, INFINITY}, {-INFINITY, 0}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(tare_graph_set_range(t.graph, "x", pairs[i][0], pairs[i][1], &error),
                         TARE_ERROR_ARGUMENT);
    tare_graph_set_range(t.graph, "x", 1, 0.5, &error);
    assert_string_equal(error.message, "range 'x': got 1..0.5; needs two finite numbers, the first "
                                       "no greater than the second");
    assert_int_equal(tare_graph_set_range(t.graph, "Relu7", 0, 1, &error), TARE_ERROR_NAME);
    assert_string_equal(error.message, "range 'Relu7': got a name that no tensor of the graph has; "
                                       "needs \"node:output\" of a tensor");
    const tare_tensor y = tare_tensor_named(t.graph, "Relu:0");
    tare_group(t.graph, &y, 1, .name = "nothing");
    assert_int_equal(tare_graph_set_range(t.graph, "nothing", 0, 1, &error), TARE_ERROR_NAME);
    assert_says(&error, "an operation, which has no numbers");
    assert_int_equal(tare_graph_set_range(NULL, "x", 0, 1, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_graph_set_range(t.graph, NULL, 0, 1, &error), TARE_ERROR_ARGUMENT);
    assert_false(tare_graph_range(NULL, "x", NULL, NULL));
    assert_null(tare_graph_range_name(NULL, 0));
    assert_null(tare_graph_range_name(t.graph, 0));
    assert_int_equal(tare_graph_status(t.graph), TARE_OK);
    trial_close(&t);
}

static void *set_many(void *given) {
    tare_graph *graph = given;
    double low, high;
    for (int i = 0; i < 500; i++) {
        (void)tare_graph_set_range(graph, "x", -i, i, NULL);
        (void)tare_graph_set_range(graph, "Relu", 0, i, NULL);
        if (tare_graph_range(graph, "x", &low, &high) && low != -high) return graph;
    }
    return NULL;
}

static void threads_that_share_a_graph_may_set_ranges(void **state) {
    (void)state;
    trial t = two_layers(NULL);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, set_many, t.graph), 0);
    for (int i = 0; i < 3; i++) {
        void *torn = NULL;
        assert_int_equal(pthread_join(threads[i], &torn), 0);
        assert_null(torn);
    }
    assert_range(t.graph, "x", -499, 499);
    trial_close(&t);
}

#ifdef TARE_HAVE_JANSSON

/* -------------------------------------------------------------------------- in a checkpoint */

static tare_norm_counters counted(const trial *t, const char *layer) {
    tare_norm_counters counters = {.struct_size = sizeof counters};
    if (tare_norm_count(t->session, layer, &counters))
        fail_msg("%s", tare_session_message(t->session));
    return counters;
}

static const char *save_trained(void) {
    const char *path = scratch("facts.safetensors");
    trial t = two_layers(NULL);
    trial_open(&t);
    trial_update(&t);
    trial_update(&t);
    tare_array_set_number(t.fed, 0, (double)NAN);
    trial_update(&t);
    assert_int_equal(tare_graph_set_range(t.graph, "Relu", 0, 6.25, NULL), TARE_OK);
    assert_int_equal(tare_graph_set_range(t.graph, "x", -0.1, 1e30, NULL), TARE_OK);
    tare_error error = {0};
    if (tare_checkpoint_save(t.session, path, &error)) fail_msg("%s", error.message);
    trial_close(&t);
    return path;
}

static void ranges_and_counters_come_back(void **state) {
    (void)state;
    const char *path = save_trained();
    trial t = two_layers(NULL);
    trial_open(&t);
    tare_error error = {0};
    if (tare_checkpoint_load(t.session, path, NULL, &error)) fail_msg("%s", error.message);
    assert_range(t.graph, "Relu", 0, 6.25);
    assert_range(t.graph, "x", -0.1, 1e30);
    const tare_norm_counters c = counted(&t, "second");
    assert_int_equal(c.updates, 3);
    assert_int_equal(c.mean_updates, 3);
    assert_int_equal(c.elements_least, 4);
    assert_int_equal(c.not_finite, 1);
    assert_true(c.complete);
    trial_update(&t);
    assert_int_equal(counted(&t, "first").updates, 4);
    trial_close(&t);
}

/* A session that has updated already takes the file's counts, not the sum. */
static void counters_belong_to_the_numbers_they_were_saved_with(void **state) {
    (void)state;
    const char *path = save_trained();
    trial t = two_layers(NULL);
    trial_open(&t);
    for (int i = 0; i < 7; i++) trial_update(&t);
    assert_int_equal(tare_checkpoint_load(t.session, path, NULL, NULL), TARE_OK);
    assert_int_equal(counted(&t, "first").updates, 3);
    trial_close(&t);
}

/* No update at all is a count too: what the doctor looks for first. */
static void statistics_that_were_never_updated_are_known_to_be_so(void **state) {
    (void)state;
    const char *path = scratch("untrained.safetensors");
    trial t = two_layers(NULL);
    trial_open(&t);
    assert_int_equal(tare_checkpoint_save(t.session, path, NULL), TARE_OK);
    assert_int_equal(tare_checkpoint_load(t.session, path, NULL, NULL), TARE_OK);
    assert_int_equal(counted(&t, "first").updates, 0);
    assert_true(counted(&t, "first").complete);
    trial_close(&t);
}

/* Copies a file's tensors into another with other facts; NULL: none. */
static const char *with_facts(const char *path, const char *facts) {
    const char *copy = scratch("other.safetensors");
    tare_safetensors *file = NULL;
    assert_int_equal(tare_safetensors_open(path, &file, NULL), TARE_OK);
    const size_t count = tare_safetensors_count(file);
    const char *names[16];
    tare_array *arrays[16] = {NULL};
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        names[i] = tare_safetensors_name(file, i);
        assert_int_equal(tare_safetensors_read(file, names[i], &arrays[i], NULL), TARE_OK);
    }
    const tare_metadata pair = {"tare.facts", facts};
    assert_int_equal(tare_safetensors_write(copy, count, names, (const tare_array *const *)arrays,
                                            facts != NULL, &pair, NULL),
                     TARE_OK);
    for (size_t i = 0; i < count; i++) tare_array_free(arrays[i]);
    tare_safetensors_close(file);
    return copy;
}

static void numbers_from_elsewhere_have_no_complete_counters(void **state) {
    (void)state;
    const char *path = with_facts(save_trained(), NULL);
    trial t = two_layers(NULL);
    trial_open(&t);
    trial_update(&t);
    assert_int_equal(tare_checkpoint_load(t.session, path, NULL, NULL), TARE_OK);
    assert_int_equal(counted(&t, "first").updates, 0);
    assert_false(counted(&t, "first").complete);
    trial_close(&t);
}

static void unsound_facts_are_refused_and_change_nothing(void **state) {
    (void)state;
    static const struct {
        const char *facts, *says;
    } cases[] = {
        {"", "'tare.facts'"},
        {"[]", "no object of facts by name"},
        {"{\"x:0\": {\"range\": [1, 0]}}", "got 1..0"},
        {"{\"x:0\": {\"range\": [1]}}", "a range is two numbers"},
        {"{\"x:0\": {\"range\": [null, 1]}}", "a range is two numbers"},
        {"{\"x:0\": {\"range\": [0, 1]}, \"x:0\": {}}", "'tare.facts'"},
        {"{\"nobody:0\": {\"range\": [0, 1]}}", "which the network has not"},
        {"{\"x:0\": [[[[[[[]]]]]]]}", "nested deeper"},
        {"{\"first/moving_mean\": {\"updates\": -1}}", "whole numbers of at least 0"},
        {"{\"first/moving_mean\": {\"updates\": 1, \"elements\": [1, 2], \"not_finite\": 0}}",
         "whole numbers of at least 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = with_facts(save_trained(), cases[i].facts);
        trial t = two_layers(NULL);
        trial_open(&t);
        trial_update(&t);
        tare_error error = {0};
        assert_true(tare_checkpoint_load(t.session, path, NULL, &error) != TARE_OK);
        assert_says(&error, cases[i].says);
        assert_int_equal(counted(&t, "first").updates, 1);
        assert_null(tare_graph_range_name(t.graph, 0));
        trial_close(&t);
    }
}

static void a_lenient_load_passes_over_unknown_names(void **state) {
    (void)state;
    const char *path =
        with_facts(save_trained(), "{\"nobody:0\": {\"range\": [0, 1]}, \"x:0\": {\"range\": "
                                   "[0, 2]}, \"nothing\": {\"updates\": 1, \"elements\": "
                                   "[1, 1, 1], \"not_finite\": 0, \"complete\": true}}");
    trial t = two_layers(NULL);
    trial_open(&t);
    tare_checkpoint_load_options lenient = {TARE_CHECKPOINT_LOAD_DEFAULTS};
    lenient.lenient = true;
    assert_int_equal(tare_checkpoint_load_with(t.session, path, &lenient, NULL, NULL), TARE_OK);
    assert_range(t.graph, "x", 0, 2);
    assert_null(tare_graph_range_name(t.graph, 1));
    trial_close(&t);
}

static void a_checkpoint_without_facts_says_nothing_of_them(void **state) {
    (void)state;
    const char *path = scratch("plain.safetensors");
    trial t = {.graph = tare_graph_new()};
    tare_get_variable(t.graph, "w", TARE_SHAPE(2));
    trial_open(&t);
    assert_int_equal(tare_checkpoint_save(t.session, path, NULL), TARE_OK);
    tare_safetensors *file = NULL;
    assert_int_equal(tare_safetensors_open(path, &file, NULL), TARE_OK);
    assert_null(tare_safetensors_metadata(file, "tare.facts"));
    tare_safetensors_close(file);
    trial_close(&t);
}

/* Each allocation of saving and loading fails in turn: a status, nothing lost, nothing half done.
 */
static void memory_may_fail_at_any_place(void **state) {
    (void)state;
    const char *sound = save_trained(), *path = scratch("again.safetensors");
    tare_status status = TARE_ERROR_MEMORY;
    for (int64_t nth = 1; status != TARE_OK; nth++) {
        failing_allocator failing;
        trial t = two_layers(failing_allocator_start(&failing, 0));
        trial_open(&t);
        failing.fail_at = failing.calls + nth;
        status = tare_checkpoint_load(t.session, sound, NULL, NULL);
        if (status == TARE_OK) status = tare_checkpoint_save(t.session, path, NULL);
        if (status != TARE_OK) assert_int_equal(status, TARE_ERROR_MEMORY);
        trial_close(&t);
        assert_true(failing_allocator_is_clean(&failing));
        assert_true(nth < 2000);
    }
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_kept_by_name),
        cmocka_unit_test(what_is_no_range_is_refused_with_a_sentence),
        cmocka_unit_test(threads_that_share_a_graph_may_set_ranges),
#ifdef TARE_HAVE_JANSSON
        cmocka_unit_test(ranges_and_counters_come_back),
        cmocka_unit_test(counters_belong_to_the_numbers_they_were_saved_with),
        cmocka_unit_test(statistics_that_were_never_updated_are_known_to_be_so),
        cmocka_unit_test(numbers_from_elsewhere_have_no_complete_counters),
        cmocka_unit_test(unsound_facts_are_refused_and_change_nothing),
        cmocka_unit_test(a_lenient_load_passes_over_unknown_names),
        cmocka_unit_test(a_checkpoint_without_facts_says_nothing_of_them),
        cmocka_unit_test(memory_may_fail_at_any_place),
#endif
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
