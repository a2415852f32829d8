/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of batch normalisation from primitives and of the network action3d: it equals the layer at
 * every rank, nothing but motion tells the videos apart, every variable has its summaries. */
#include "base/random.h"
#include "data/frames.h"
#include "zoo/primitives.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tare/tare.h>

#include <cmocka.h>

enum { STEPS = 20 };
#define TOLERANCE 1e-5

/* ------------------------------------------------------------------------ networks of the zoo */

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
} trial;

static void open_session(trial *t) {
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 2), TARE_OK);
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
}

/* The network with `name=value` options; ends with NULL. */
static trial new_trial(const char *const *settings) {
    const tare_option_table *table = tare_zoo_option_table("action3d");
    char options[512], name[64];
    tare_error error = {0};
    assert_true(table->size <= sizeof options);
    memset(options, 0, sizeof options);
    table->set_defaults(options);
    for (; *settings != NULL; settings++) {
        const char *value = strchr(*settings, '=');
        (void)snprintf(name, sizeof name, "%.*s", (int)(value - *settings), *settings);
        if (tare_option_parse(table, options, name, value + 1, &error) != TARE_OK)
            fail_msg("%s", error.message);
    }
    trial t = {.graph = tare_graph_new(), .network.struct_size = sizeof(tare_network)};
    tare_graph_set_seed(t.graph, 1);
    if (tare_zoo_build(t.graph, "action3d", options, &t.network, &error) != TARE_OK)
        fail_msg("%s", error.message);
    open_session(&t);
    return t;
}

static void free_trial(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
}

static tare_dataset *new_videos(int64_t count, bool test) {
    tare_dataset *videos = NULL;
    assert_int_equal(tare_dataset_load("moving", &videos, NULL, .count = count, .test = test),
                     TARE_OK);
    return videos;
}

/* What is trained and bears the same name begins alike. */
static void copy_weights(const trial *from, const trial *to) {
    const size_t count = tare_collection_count(from->graph, TARE_TRAINABLE_VARIABLES, NULL);
    int copied = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name =
            tare_tensor_name(tare_collection_item(from->graph, TARE_TRAINABLE_VARIABLES, NULL, i));
        tare_array *value = NULL;
        if (!tare_tensor_is_valid(tare_tensor_named(to->graph, name))) continue;
        assert_int_equal(tare_session_get(from->session, name, &value), TARE_OK);
        assert_int_equal(tare_session_set(to->session, name, value), TARE_OK);
        tare_array_free(value);
        copied++;
    }
    assert_int_equal(copied, 6); /* the weights of four layers, kernel and bias of the logits */
}

/* --------------------------------------------------------------------- primitives and layer */

/* Greatest differences of two networks, relative to the greatest number. */
typedef struct differences {
    double loss, logits;
    double first, last; /* losses of the first network */
} differences;

static double difference(const tare_array *a, const tare_array *b) {
    double most = 0, size = 0;
    assert_int_equal(tare_array_count(a), tare_array_count(b));
    for (int64_t i = 0; i < tare_array_count(a); i++) {
        most = fmax(most, fabs(tare_array_number(a, i) - tare_array_number(b, i)));
        size = fmax(size, fabs(tare_array_number(a, i)));
    }
    assert_true(size > 0 && isfinite(most));
    return most / size;
}

static tare_array *run_step(const trial *t, const tare_batch *batch, const tare_array *yes) {
    tare_array *results[] = {NULL, NULL};
    const tare_network *n = &t->network;
    if (tare_session_run(
            t->session,
            TARE_FEEDS({n->inputs, batch->inputs}, {n->labels, batch->labels}, {n->training, yes}),
            TARE_FETCHES(n->loss, n->train), results) != TARE_OK)
        fail_msg("%s", tare_session_message(t->session));
    return results[0];
}

static tare_array *infer(const trial *t, const tare_batch *batch) {
    tare_array *logits = NULL;
    if (tare_session_run(t->session, TARE_FEEDS({t->network.inputs, batch->inputs}),
                         TARE_FETCHES(t->network.logits), &logits) != TARE_OK)
        fail_msg("%s", tare_session_message(t->session));
    return logits;
}

/* Both trained on the same batches, two videos each, from the same weights. */
static differences compare(const char *const *one, const char *const *other, int steps) {
    trial a = new_trial(one), b = new_trial(other);
    tare_dataset *videos = new_videos((int64_t)2 * STEPS, false);
    tare_array *yes = tare_array_bool(true);
    tare_batches *batches = NULL;
    tare_batch batch;
    differences d = {.loss = 0};
    copy_weights(&a, &b);
    assert_int_equal(tare_batches_new(videos, &batches, NULL, .batch = 2), TARE_OK);
    for (int i = 0; i < steps; i++) {
        assert_int_equal(tare_batches_get(batches, 0, i, &batch), TARE_OK);
        const tare_array *loss = run_step(&a, &batch, yes);
        d.loss = fmax(d.loss, difference(loss, run_step(&b, &batch, yes)));
        d.last = tare_array_number(loss, 0);
        if (i == 0) d.first = d.last;
    }
    d.logits = difference(infer(&a, &batch), infer(&b, &batch));
    tare_batches_free(batches);
    tare_dataset_free(videos);
    tare_array_free(yes);
    free_trial(&a);
    free_trial(&b);
    return d;
}

/* Plain gradient descent: Adam's first steps are as long as the rate whatever the gradient. Double
 * precision: in single precision rounding decides for some relu on which side of 0 it stands, and
 * from there on two forms of the same computation part. */
#define COMMON                                                                                     \
    "double_precision=true", "optimizer=sgd", "schedule=constant", "learning_rate=0.005", NULL
static const char *const by_hand[] = {"norm=by-hand", COMMON};

static void test_primitives_equal_the_layer_over_20_steps(void **state) {
    (void)state;
    const differences d = compare(by_hand, (const char *const[]){"norm=layer", COMMON}, STEPS);
    if (!(d.loss <= TOLERANCE)) fail_msg("losses differ by %g", d.loss);
    if (!(d.logits <= TOLERANCE)) fail_msg("logits differ by %g", d.logits);
    assert_true(fabs(d.last - d.first) > .01);
}

static void test_another_momentum_shows_in_inference(void **state) {
    (void)state;
    const differences d =
        compare(by_hand, (const char *const[]){"norm=layer", "momentum=0.9001", COMMON}, 4);
    assert_true(d.loss <= TOLERANCE);
    assert_true(d.logits > 2 * TOLERANCE);
}

static void test_another_epsilon_shows_in_training(void **state) {
    (void)state;
    const differences d =
        compare(by_hand, (const char *const[]){"norm=layer", "epsilon=0.0011", COMMON}, 4);
    assert_true(d.loss > 2 * TOLERANCE);
}

/* ------------------------------------------------------------------------- the helper by rank */

enum { BATCH = 6, CHANNELS = 3 };

/* x times a trained number for each channel, normalised, tanh: nothing in it has a kink, so that
 * rounding stays rounding in single precision too. */
static trial new_model(tare_shape shape, bool from_primitives) {
    trial t = {.graph = tare_graph_new(), .network.struct_size = sizeof(tare_network)};
    tare_network *n = &t.network;
    n->inputs = tare_placeholder(t.graph, TARE_FLOAT32, shape, .name = "x");
    n->training = tare_placeholder_with_default(t.graph, TARE_FALSE, .name = "training");
    const tare_tensor scale =
        tare_get_variable(t.graph, "scale", TARE_SHAPE(CHANNELS), .initializer = TARE_ONES);
    tare_tensor y = tare_mul(tare_add(tare_sin(n->inputs), tare_number(.5)), scale);
    if (from_primitives)
        y = tare_batch_norm_from_primitives(
            y, &(tare_primitives){.momentum = .9, .epsilon = 1e-2, .training = n->training});
    else
        y = tare_batch_norm(y, .training = n->training, .momentum = .9, .epsilon = 1e-2,
                            .fused = TARE_FUSED_FALSE, .moving_variance_initializer = TARE_ZEROS);
    n->logits = tare_tanh(y);
    n->loss = tare_reduce_mean(tare_square(tare_sub(n->logits, n->inputs)));
    n->train =
        tare_minimize(tare_gradient_descent(t.graph, .learning_rate = tare_number(.5)), n->loss);
    if (tare_graph_status(t.graph) != TARE_OK) fail_msg("%s", tare_message(t.graph));
    open_session(&t);
    return t;
}

static double run_model(const trial *t, const tare_array *x, bool training) {
    const tare_network *n = &t->network;
    tare_array *mode = tare_array_bool(training), *results[] = {NULL, NULL};
    const tare_feed feeds[] = {{n->inputs, x}, {n->training, mode}};
    const tare_tensor fetches[] = {n->loss, n->train};
    if (tare_session_run(t->session, feeds, 2, fetches, training ? 2 : 1, results) != TARE_OK)
        fail_msg("%s", tare_session_message(t->session));
    tare_array_free(mode);
    return tare_array_number(results[0], 0);
}

static void assert_close(const char *what, int rank, double a, double b) {
    const double most = TOLERANCE * fmax(1e-3, fabs(a));
    if (!(fabs(a - b) <= most)) fail_msg("%s at rank %d: %.9g and %.9g", what, rank, a, b);
}

static void compare_ranks(tare_shape shape) {
    trial hand = new_model(shape, true), layer = new_model(shape, false);
    tare_array *x = NULL;
    tare_shape whole = shape;
    whole.extents[0] = BATCH;
    double first = 0, last = 0, number;
    assert_int_equal(tare_array_new(TARE_FLOAT32, whole, NULL, &x), TARE_OK);
    for (int step = 0; step < STEPS; step++) {
        const tare_random random = {.key = 7, .stream = (uint64_t)step};
        for (int64_t i = 0; i < tare_array_count(x); i++) {
            tare_random_fill_normal(&random, i, 1, .3, 1, &number);
            assert_true(tare_array_set_number(x, i, number));
        }
        last = run_model(&hand, x, true);
        if (step == 0) first = last;
        assert_close("loss", shape.rank, last, run_model(&layer, x, true));
        assert_close("loss in inference", shape.rank, run_model(&hand, x, false),
                     run_model(&layer, x, false));
    }
    assert_true(last < .9 * first);
    tare_array_free(x);
    free_trial(&hand);
    free_trial(&layer);
}

static void test_the_helper_equals_the_layer_at_ranks_2_4_and_5(void **state) {
    (void)state;
    compare_ranks(TARE_SHAPE(TARE_ANY, CHANNELS));
    compare_ranks(TARE_SHAPE(TARE_ANY, 4, 5, CHANNELS));
    compare_ranks(TARE_SHAPE(TARE_ANY, 2, 4, 5, CHANNELS));
}

/* What stays: to compute y in training mode moves the averages, whether anything is trained or not.
 */
static void test_the_helpers_averages_move_without_a_train_op(void **state) {
    (void)state;
    trial t = new_model(TARE_SHAPE(TARE_ANY, CHANNELS), true);
    tare_array *x = NULL, *yes = tare_array_bool(true), *loss = NULL;
    const float numbers[] = {0, 1, 2, 3, 4, 5};
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, CHANNELS), numbers, &x),
                     TARE_OK);
    const double before = run_model(&t, x, false);
    assert_int_equal(tare_session_run(t.session,
                                      TARE_FEEDS({t.network.inputs, x}, {t.network.training, yes}),
                                      TARE_FETCHES(t.network.loss), &loss),
                     TARE_OK);
    assert_true(fabs(run_model(&t, x, false) - before) > 1e-3);
    tare_array_free(x);
    tare_array_free(yes);
    free_trial(&t);
}

/* The averages of the network after a few steps that are exactly 0, of all. */
static int64_t count_zeros(const char *norm, int64_t *all) {
    trial t = new_trial((const char *const[]){norm, NULL});
    tare_dataset *videos = new_videos(8, false);
    tare_fit_result result = {.struct_size = sizeof result};
    int64_t zeros = 0;
    assert_int_equal(
        tare_fit(t.session, &t.network, videos, &result, NULL, .epochs = 2, .batch = 4), TARE_OK);
    *all = 0;
    const size_t count = tare_collection_count(t.graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name =
            tare_tensor_name(tare_collection_item(t.graph, TARE_GLOBAL_VARIABLES, NULL, i));
        tare_array *value = NULL;
        if (strstr(name, "ExponentialMovingAverage") == NULL) continue;
        assert_int_equal(tare_session_get(t.session, name, &value), TARE_OK);
        *all += tare_array_count(value);
        for (int64_t k = 0; k < tare_array_count(value); k++)
            zeros += tare_array_number(value, k) == 0;
        tare_array_free(value);
    }
    tare_dataset_free(videos);
    free_trial(&t);
    return zeros;
}

static void test_averages_that_nothing_waits_for_are_never_updated(void **state) {
    (void)state;
    int64_t all = 0;
    const int64_t zeros = count_zeros("norm=by-hand", &all);
    assert_int_equal(all, 2 * (16 + 32 + 32 + 64));
    assert_true(zeros < all / 10);
    assert_int_equal(count_zeros("norm=no-updates", &all), all);
    assert_int_equal(all, 2 * (16 + 32 + 32 + 64));
}

/* --------------------------------------------------------------------------------- summaries */

static size_t count_summaries(const char *norm) {
    const char *const settings[] = {norm, "summaries=true", NULL};
    trial t = new_trial(settings);
    assert_true(tare_tensor_is_valid(t.network.summary));
    const size_t count = tare_collection_count(t.graph, TARE_SUMMARIES, NULL);
    free_trial(&t);
    return count;
}

/* Four scalars and a histogram for weights, beta, gamma and two averages of four layers; with the
 * layer for the weights alone. */
static void test_every_variable_has_five_summaries(void **state) {
    (void)state;
    assert_int_equal(count_summaries("norm=by-hand"), 5 * 5 * 4);
    assert_int_equal(count_summaries("norm=layer"), 5 * 4);
    trial t = new_trial((const char *const[]){"norm=by-hand", NULL});
    assert_false(tare_tensor_is_valid(t.network.summary));
    free_trial(&t);
}

/* ---------------------------------------------------------------------------- without motion */

/* Share of held-out videos told right after training, frames in order or not. */
static double accuracy(const char *model, const tare_frames_order *order) {
    trial t = new_trial((const char *const[]){model, "learning_rate=0.005", NULL});
    tare_dataset *sets[2];
    for (int test = 0; test < 2; test++) {
        tare_dataset *videos = new_videos(400, test == 1);
        sets[test] = videos;
        if (order == NULL) continue;
        assert_int_equal(tare_frames_reorder(videos, *order, (uint64_t)test, &sets[test], NULL),
                         TARE_OK);
        tare_dataset_free(videos);
    }
    tare_evaluation found = {.struct_size = sizeof found};
    tare_error error = {0};
    if (tare_fit(t.session, &t.network, sets[0], NULL, &error, .epochs = 4, .batch = 32) != TARE_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tare_evaluate(t.session, &t.network, sets[1], &found, NULL), TARE_OK);
    for (int test = 0; test < 2; test++) tare_dataset_free(sets[test]);
    free_trial(&t);
    return (double)found.correct / (double)found.count;
}

/* Four classes; four standard errors of a quarter of 400. */
#define CHANCE (.25 + 4 * .0217)

static void test_nothing_but_motion_tells_videos_apart(void **state) {
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* four trainings take minutes there, and share nothing that those above do not */
#endif
    const tare_frames_order shuffled = TARE_FRAMES_SHUFFLED, one = TARE_FRAMES_ONE;
    const double with = accuracy("model=convolution", NULL);
    if (!(with > .8)) fail_msg("with motion %g", with);
    const double without[] = {accuracy("model=convolution", &shuffled),
                              accuracy("model=convolution", &one), accuracy("model=linear", NULL)};
    for (int i = 0; i < 3; i++)
        if (!(without[i] < CHANCE)) fail_msg("without motion, way %d: %g", i, without[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_primitives_equal_the_layer_over_20_steps),
        cmocka_unit_test(test_another_momentum_shows_in_inference),
        cmocka_unit_test(test_another_epsilon_shows_in_training),
        cmocka_unit_test(test_the_helper_equals_the_layer_at_ranks_2_4_and_5),
        cmocka_unit_test(test_the_helpers_averages_move_without_a_train_op),
        cmocka_unit_test(test_averages_that_nothing_waits_for_are_never_updated),
        cmocka_unit_test(test_every_variable_has_five_summaries),
        cmocka_unit_test(test_nothing_but_motion_tells_videos_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
