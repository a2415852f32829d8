/* SPDX-License-Identifier: Apache-2.0 */
/* The same bits on every run, for every number of threads, and whatever is fetched beside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/tare.h>

enum { STEPS = 3, BATCH = 24, MOST_BESIDE = 64 };

/* A network of the zoo in a session, with a batch of generated images. */
typedef struct fixture {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
    tare_dataset *examples;
    tare_batches *batches;
    tare_array *yes, *no;
} fixture;

static void begin(fixture *f, const char *name, int threads) {
    tare_error error = {.status = TARE_OK};
    memset(f, 0, sizeof *f);
    f->graph = tare_graph_new();
    tare_graph_set_seed(f->graph, 11);
    f->network.struct_size = sizeof f->network;
    if (tare_zoo_build(f->graph, name, NULL, &f->network, &error) != TARE_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tare_session_new(f->graph, &f->session, .threads = threads), TARE_OK);
    assert_int_equal(tare_session_initialize(f->session), TARE_OK);
    assert_int_equal(tare_dataset_load("synthetic", &f->examples, &error, .count = 500), TARE_OK);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = BATCH;
    const tare_shape shape = tare_tensor_shape(f->network.inputs);
    options.input_shape.rank = shape.rank - 1;
    for (int d = 1; d < shape.rank; d++) options.input_shape.extents[d - 1] = shape.extents[d];
    if (tare_batches_new_with(f->examples, &options, &f->batches, &error) != TARE_OK)
        fail_msg("%s", error.message);
    f->yes = tare_array_bool(true);
    f->no = tare_array_bool(false);
}

static void end(fixture *f) {
    tare_array_free(f->yes);
    tare_array_free(f->no);
    tare_batches_free(f->batches);
    tare_dataset_free(f->examples);
    tare_session_free(f->session);
    tare_graph_free(f->graph);
}

/* FNV-1a over bytes: equal sums here are equal bits for any fault worth the name. */
static uint64_t mix(uint64_t sum, const void *bytes, size_t count) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < count; i++) sum = (sum ^ byte[i]) * 1099511628211U;
    return sum;
}

static uint64_t sum_of_variables(fixture *f) {
    uint64_t sum = 14695981039346656037U;
    const size_t count = tare_collection_count(f->graph, TARE_GLOBAL_VARIABLES, NULL);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        tare_array *array = NULL;
        const tare_tensor variable = tare_collection_item(f->graph, TARE_GLOBAL_VARIABLES, NULL, i);
        assert_int_equal(tare_session_get(f->session, tare_tensor_name(variable), &array), TARE_OK);
        sum = mix(sum, tare_array_const_data(array), tare_array_bytes(array));
        tare_array_free(array);
    }
    return sum;
}

/* Floating tensors that user code could fetch: one output of every node that has a name of its own.
 */
static size_t find_beside(fixture *f, tare_tensor *beside) {
    static const char *const names[] = {"conv2d/BiasAdd:0",
                                        "conv2d_1/BiasAdd:0",
                                        "dense/MatMul:0",
                                        "dense/BiasAdd:0",
                                        "Relu:0",
                                        "Sigmoid:0",
                                        "batch_normalization/FusedBatchNormV3:0",
                                        "batch_normalization/cond/Merge:0",
                                        "batch_normalization/batchnorm/add_1:0",
                                        "batch_normalization_1/batchnorm/add_1:0",
                                        "dense_1/MatMul:0",
                                        "dense_1/BiasAdd:0",
                                        "dense_2/BiasAdd:0",
                                        "average_pooling2d/AvgPool:0",
                                        "flatten/Reshape:0"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const tare_tensor tensor = tare_tensor_named(f->graph, names[i]);
        if (tare_tensor_is_valid(tensor)) beside[count++] = tensor;
    }
    const size_t variables = tare_collection_count(f->graph, TARE_TRAINABLE_VARIABLES, NULL);
    for (size_t i = 0; i < variables && count < MOST_BESIDE - 2; i++)
        beside[count++] = tare_collection_item(f->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    return count;
}

/* Trains some steps and infers; everything beside is fetched in each run. */
static uint64_t train(fixture *f, size_t beside_count, const tare_tensor *beside,
                      uint64_t *inference) {
    tare_tensor fetches[MOST_BESIDE];
    tare_array *results[MOST_BESIDE];
    tare_batch batch;
    for (int step = 0; step <= STEPS; step++) {
        const bool training = step < STEPS;
        assert_int_equal(tare_batches_get(f->batches, 0, step, &batch), TARE_OK);
        fetches[0] = training ? f->network.train : f->network.logits;
        fetches[1] = f->network.loss;
        for (size_t i = 0; i < beside_count; i++) fetches[2 + i] = beside[i];
        memset(results, 0, sizeof results);
        if (tare_session_run(f->session,
                             TARE_FEEDS({f->network.inputs, batch.inputs},
                                        {f->network.labels, batch.labels},
                                        {f->network.training, training ? f->yes : f->no}),
                             fetches, 2 + beside_count, results) != TARE_OK)
            fail_msg("%s", tare_session_message(f->session));
    }
    *inference = mix(7, tare_array_const_data(results[0]), tare_array_bytes(results[0]));
    return sum_of_variables(f);
}

static const char *const networks[] = {"mlp_bn", "lenet_bn"};

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 4, 7, 1};
    for (size_t n = 0; n < 2; n++) {
        uint64_t first = 0, first_inference = 0;
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            fixture f;
            uint64_t inference = 0;
            begin(&f, networks[n], threads[t]);
            const uint64_t sum = train(&f, 0, NULL, &inference);
            if (t == 0) first = sum, first_inference = inference;
            if (sum != first || inference != first_inference)
                fail_msg("%s: %d threads give other bits than one", networks[n], threads[t]);
            end(&f);
        }
    }
}

static void fetching_more_changes_no_bit(void **state) {
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        fixture f;
        tare_tensor beside[MOST_BESIDE];
        uint64_t alone_inference = 0, beside_inference = 0;
        begin(&f, networks[n], 2);
        const uint64_t alone = train(&f, 0, NULL, &alone_inference);
        end(&f);
        begin(&f, networks[n], 2);
        const size_t count = find_beside(&f, beside);
        assert_true(count > 6);
        const uint64_t sum = train(&f, count, beside, &beside_inference);
        if (sum != alone) fail_msg("%s: training changes with what is fetched", networks[n]);
        if (beside_inference != alone_inference)
            fail_msg("%s: inference changes with what is fetched", networks[n]);
        end(&f);
    }
}

static void explaining_changes_no_bit(void **state) {
    (void)state;
    fixture f;
    tare_batch batch;
    uint64_t sums[2];
    for (int explained = 0; explained < 2; explained++) {
        begin(&f, "lenet_bn", 1);
        for (int step = 0; step < STEPS; step++) {
            assert_int_equal(tare_batches_get(f.batches, 0, step, &batch), TARE_OK);
            const tare_feed feeds[] = {{f.network.inputs, batch.inputs},
                                       {f.network.labels, batch.labels},
                                       {f.network.training, f.yes}};
            tare_explanation *explanation = NULL;
            const tare_status status =
                explained
                    ? tare_explain(f.session, feeds, 3, &f.network.train, 1, NULL, &explanation)
                    : tare_session_run(f.session, feeds, 3, &f.network.train, 1, NULL);
            if (status != TARE_OK) fail_msg("%s", tare_session_message(f.session));
            if (explained) assert_int_equal(tare_explanation_count(explanation), 4);
            tare_explanation_free(explanation);
        }
        sums[explained] = sum_of_variables(&f);
        end(&f);
    }
    assert_true(sums[0] == sums[1]);
}

/* Folding at inference is printed, and what it gives is what the plain plan gives, to rounding. */
static void inference_folds_batch_norm_and_agrees_with_the_plain_plan(void **state) {
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        fixture f;
        tare_batch batch;
        tare_session *plain = NULL;
        uint64_t inference = 0;
        char *text = NULL;
        begin(&f, networks[n], 1);
        train(&f, 0, NULL, &inference);
        assert_int_equal(tare_session_new(f.graph, &plain, .merge = false, .threads = 1), TARE_OK);
        const size_t count = tare_collection_count(f.graph, TARE_GLOBAL_VARIABLES, NULL);
        for (size_t i = 0; i < count; i++) {
            const char *name =
                tare_tensor_name(tare_collection_item(f.graph, TARE_GLOBAL_VARIABLES, NULL, i));
            tare_array *value = NULL;
            assert_int_equal(tare_session_get(f.session, name, &value), TARE_OK);
            assert_int_equal(tare_session_set(plain, name, value), TARE_OK);
            tare_array_free(value);
        }
        assert_int_equal(tare_batches_get(f.batches, 0, 9, &batch), TARE_OK);
        tare_array *merged = NULL, *separate = NULL;
        const tare_feed feed = {f.network.inputs, batch.inputs};
        assert_int_equal(tare_session_run(f.session, &feed, 1, &f.network.logits, 1, &merged),
                         TARE_OK);
        assert_int_equal(tare_session_run(plain, &feed, 1, &f.network.logits, 1, &separate),
                         TARE_OK);
        for (int64_t i = 0; i < tare_array_count(merged); i++) {
            const double a = tare_array_number(merged, i), b = tare_array_number(separate, i);
            if (!(a - b < 2e-5 && b - a < 2e-5)) fail_msg("logit %d: %g and %g", (int)i, a, b);
        }
        assert_int_equal(tare_session_plan_text(f.session, &feed, 1, &f.network.logits, 1, &text),
                         TARE_OK);
        assert_non_null(strstr(text, "merged: "));
        assert_null(strstr(text, "  normalise  ")); /* no batch norm is left as a step */
        tare_text_free(text);
        assert_int_equal(tare_session_plan_text(plain, &feed, 1, &f.network.logits, 1, &text),
                         TARE_OK);
        assert_null(strstr(text, "merged: "));
        tare_text_free(text);
        tare_session_free(plain);
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(fetching_more_changes_no_bit),
        cmocka_unit_test(explaining_changes_no_bit),
        cmocka_unit_test(inference_folds_batch_norm_and_agrees_with_the_plain_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
