/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics estimated anew from data, and averages without the weight of their first value. */
#include "failing_allocator.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/norm.h>
#include <tare/op.h>
#include <tare/train.h>

enum { CHANNELS = 3, EXAMPLES = 64, BATCH = 32, BATCHES = EXAMPLES / BATCH };
#define EPSILON 1e-3

/* x -> bn -> relu -> second -> dense -> y, a regression. What the cases change: */
typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
    tare_dataset *data;
    tare_batch_norm_options first; /* of bn */
    bool twice;                    /* bn is called on x and on -3 x */
    bool dropout;                  /* behind it */
    double momentum;               /* of second */
} trial;

/* ------------------------------------------------------------------------------ the network */

static void build(trial *t) {
    tare_network *n = &t->network;
    n->struct_size = sizeof *n;
    n->inputs = tare_placeholder(t->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, CHANNELS));
    n->labels = tare_placeholder(t->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1));
    n->training = tare_placeholder_with_default(t->graph, TARE_FALSE, .name = "training");
    t->first.training = n->training;
    t->first.name = "bn";
    tare_tensor h = tare_batch_norm_with(n->inputs, &t->first);
    if (t->twice) {
        t->first.reuse = TARE_REUSE_TRUE;
        const tare_tensor scaled = tare_mul(n->inputs, tare_number(-3));
        h = tare_add(h, tare_batch_norm_with(scaled, &t->first));
    }
    if (t->dropout) h = tare_dropout(h, .training = n->training);
    h = tare_batch_norm(tare_relu(h), .training = n->training, .momentum = t->momentum,
                        .name = "second");
    n->logits = tare_dense(h, 1, .name = "output");
    n->loss = tare_reduce_mean(tare_squared_difference(n->logits, n->labels));
    n->train = tare_minimize(tare_adam(t->graph, .learning_rate = tare_number(1e-2)), n->loss);
}

/* Numbers around 2, the channels of different scale; the same every time. */
static double input(int64_t i, int64_t c) {
    return (double)(float)(2 + (double)(c + 1) * sin((double)(7 * i * i + 3 * c + 1)));
}

static tare_dataset *make_data(int64_t bad) {
    tare_array *x = NULL, *y = NULL;
    tare_dataset *data = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(EXAMPLES, CHANNELS), NULL, &x),
                     TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(EXAMPLES, 1), NULL, &y), TARE_OK);
    for (int64_t i = 0; i < EXAMPLES; i++) {
        for (int64_t c = 0; c < CHANNELS; c++)
            tare_array_set_number(x, i * CHANNELS + c, i == bad ? 3e38 : input(i, c));
        tare_array_set_number(y, i, input(i, 0) - fabs(input(i, 1)));
    }
    assert_int_equal(tare_dataset_new(x, y, &data, NULL), TARE_OK);
    tare_array_free(x);
    tare_array_free(y);
    return data;
}

static trial usual(void) { return (trial){.first = {TARE_BATCH_NORM_DEFAULTS}, .momentum = .9}; }

static void begin(trial *t, const tare_allocator *allocator) {
    t->graph = tare_graph_new_with(allocator);
    tare_graph_set_seed(t->graph, 5);
    build(t);
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    t->data = make_data(-1);
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
}

static void end(trial *t) {
    tare_dataset_free(t->data);
    tare_session_free(t->session);
    tare_graph_free(t->graph);
}

static void train_by(trial *t, int64_t epochs, int64_t batch) {
    tare_error error = {0};
    if (tare_fit(t->session, &t->network, t->data, NULL, &error, .epochs = epochs, .batch = batch))
        fail_msg("%s", error.message);
}

static void train(trial *t, int64_t epochs) { train_by(t, epochs, BATCH); }

static tare_recalibration *recalibrate_by(const trial *t, int64_t batch) {
    tare_recalibration *made = NULL;
    tare_error error = {0};
    if (tare_recalibrate(t->session, &t->network, t->data, &made, &error, .batch = batch))
        fail_msg("%s", error.message);
    return made;
}

static tare_recalibration *recalibrate(const trial *t) { return recalibrate_by(t, BATCH); }

static double statistic(const trial *t, const char *name, int64_t channel) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(t->session, name, &array), TARE_OK);
    const double number = tare_array_number(array, channel);
    tare_array_free(array);
    return number;
}

static void set_all(const trial *t, const char *name, double number) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(t->session, name, &array), TARE_OK);
    for (int64_t c = 0; c < tare_array_count(array); c++) tare_array_set_number(array, c, number);
    assert_int_equal(tare_session_set(t->session, name, array), TARE_OK);
    tare_array_free(array);
}

static void assert_near(double got, double want, double relative) {
    if (!(fabs(got - want) <= relative * (fabs(want) + 1e-6)))
        fail_msg("%.9g is not %.9g", got, want);
}

/* Of all variables but (without) the moving statistics, and of the count of random draws. */
static uint64_t hash(const trial *t, bool without) {
    uint64_t hash = 14695981039346656037U;
    const size_t count = tare_collection_count(t->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        tare_array *array = NULL;
        const char *name =
            tare_tensor_name(tare_collection_item(t->graph, TARE_GLOBAL_VARIABLES, NULL, i));
        if (without && strstr(name, "/moving_")) continue;
        assert_int_equal(tare_session_get(t->session, name, &array), TARE_OK);
        const unsigned char *bytes = tare_array_const_data(array);
        for (size_t k = 0; k < tare_array_bytes(array); k++)
            hash = (hash ^ bytes[k]) * 1099511628211U;
        tare_array_free(array);
    }
    tare_session_counters counters = {.struct_size = sizeof counters};
    assert_int_equal(tare_session_count(t->session, &counters), TARE_OK);
    return hash ^ (uint64_t)counters.random_draws;
}

static tare_norm_counters counters_of(const trial *t, const char *layer) {
    tare_norm_counters counters = {.struct_size = sizeof counters};
    assert_int_equal(tare_norm_count(t->session, layer, &counters), TARE_OK);
    return counters;
}

/* ------------------------------------------------------------------- float64, by hand */

/* Mean and variance, which divides by the count. */
static void moments_of(const double *numbers, int64_t count, double *mean, double *variance) {
    *mean = *variance = 0;
    for (int64_t i = 0; i < count; i++) *mean += numbers[i] / (double)count;
    for (int64_t i = 0; i < count; i++)
        *variance += (numbers[i] - *mean) * (numbers[i] - *mean) / (double)count;
}

/* The statistics of both layers by the definition, of the batches that are cut. */
static void by_hand(const trial *t, int64_t c, double first[2], double second[2]) {
    double means[BATCHES], variances[BATCHES], means2[BATCHES], variances2[BATCHES], ignored;
    tare_batches *batches = NULL;
    assert_int_equal(tare_batches_new(t->data, &batches, NULL, .batch = BATCH), TARE_OK);
    for (int64_t b = 0; b < BATCHES; b++) {
        double x[BATCH];
        tare_batch batch;
        assert_int_equal(tare_batches_get(batches, 0, b, &batch), TARE_OK);
        for (int64_t i = 0; i < BATCH; i++)
            x[i] = tare_array_number(batch.inputs, i * CHANNELS + c);
        moments_of(x, BATCH, &means[b], &variances[b]);
        for (int64_t i = 0; i < BATCH; i++)
            x[i] = fmax(0, (x[i] - means[b]) / sqrt(variances[b] + EPSILON));
        moments_of(x, BATCH, &means2[b], &variances2[b]);
    }
    moments_of(means, BATCHES, &first[0], &first[1]);
    moments_of(means2, BATCHES, &second[0], &second[1]);
    double within = 0, within2 = 0;
    moments_of(variances, BATCHES, &within, &ignored);
    moments_of(variances2, BATCHES, &within2, &ignored);
    first[1] += within;
    second[1] += within2;
    tare_batches_free(batches);
}

static void the_statistics_are_those_of_float64_over_two_batches(void **state) {
    (void)state;
    trial t = usual();
    begin(&t, NULL);
    tare_recalibration *made = recalibrate(&t);
    for (int64_t c = 0; c < CHANNELS; c++) {
        double first[2], second[2], all[EXAMPLES], mean, variance;
        by_hand(&t, c, first, second);
        assert_near(statistic(&t, "bn/moving_mean", c), first[0], 1e-6);
        assert_near(statistic(&t, "bn/moving_variance", c), first[1], 1e-6);
        assert_near(statistic(&t, "second/moving_mean", c), second[0], 1e-5);
        assert_near(statistic(&t, "second/moving_variance", c), second[1], 1e-5);
        for (int64_t i = 0; i < EXAMPLES; i++) all[i] = input(i, c);
        moments_of(all, EXAMPLES, &mean, &variance);
        assert_near(first[0], mean, 1e-12); /* batches of one size: those of all examples */
        assert_near(first[1], variance, 1e-12);
    }
    tare_recalibration_free(made);
    end(&t);
}

static void the_report_tells_how_far_the_statistics_moved(void **state) {
    (void)state;
    trial t = usual();
    begin(&t, NULL);
    tare_recalibration *made = recalibrate(&t);
    assert_int_equal(tare_recalibration_count(made), 2);
    assert_null(tare_recalibration_layer(made, 2));
    const tare_recalibrated_layer *layer = tare_recalibration_layer(made, 0);
    double shift = 0, ratio = 0;
    for (int64_t c = 0; c < CHANNELS; c++) { /* the old ones: mean 0, variance 1 */
        const double variance = statistic(&t, "bn/moving_variance", c) + EPSILON;
        shift = fmax(shift, statistic(&t, "bn/moving_mean", c) / sqrt(variance));
        ratio = fmax(ratio, fmax(variance / (1 + EPSILON), (1 + EPSILON) / variance));
    }
    assert_string_equal(layer->name, "bn");
    assert_int_equal(layer->channels, CHANNELS);
    assert_null(layer->reason);
    assert_near(layer->mean_shift, shift, 1e-5);
    assert_near(layer->variance_ratio, ratio, 1e-5);
    char *text = tare_recalibration_text(made), *json = tare_recalibration_json(made);
    assert_non_null(strstr(text, "layer   channels  mean shift  variance ratio\nbn "));
    assert_non_null(strstr(text, " by the batch's statistics (2 batches of 32 examples)\n"));
    assert_non_null(strstr(json, "{\"layers\": [{\"layer\": \"bn\", \"channels\": 3, \"reason\": "
                                 "null, \"mean_shift\": "));
    assert_non_null(strstr(json, "\"batches\": 2, \"batch\": 32, \"loss\": {\"by_batch\": "));
    tare_text_free(text);
    tare_text_free(json);
    tare_recalibration_free(made);
    made = recalibrate(&t); /* again: nothing moves any more */
    assert_true(tare_recalibration_layer(made, 1)->mean_shift < 1e-6);
    assert_near(tare_recalibration_layer(made, 1)->variance_ratio, 1, 1e-6);
    tare_recalibration_free(made);
    end(&t);
}

static void statistics_that_were_none_are_infinitely_far(void **state) {
    (void)state;
    trial t = usual();
    begin(&t, NULL);
    set_all(&t, "bn/moving_variance", (double)NAN);
    tare_recalibration *made = recalibrate(&t);
    assert_true(isinf(tare_recalibration_layer(made, 0)->variance_ratio));
    assert_true(isfinite(statistic(&t, "bn/moving_variance", 0)));
    tare_recalibration_losses losses = {.struct_size = sizeof losses};
    assert_int_equal(tare_recalibration_loss(made, &losses), TARE_OK);
    assert_true(isnan(losses.before) && isfinite(losses.after));
    tare_recalibration_free(made);
    end(&t);
}

/* ----------------------------------------------------------------------------- healing */

static const tare_finding *finding(const tare_diagnosis *diagnosis, const char *check) {
    const tare_finding *found;
    for (size_t i = 0; (found = tare_diagnosis_finding(diagnosis, i)); i++)
        if (strcmp(found->check, check) == 0) return found;
    return NULL;
}

static bool is_ill(const trial *t) {
    tare_diagnosis *diagnosis = NULL;
    assert_int_equal(tare_examine(t->session, &t->network, t->data, &diagnosis, NULL, .batch = 8),
                     TARE_OK);
    const bool ill = finding(diagnosis, "slow-momentum") || finding(diagnosis, "mode-gap");
    tare_diagnosis_free(diagnosis);
    return ill;
}

static void a_momentum_too_slow_is_healed(void **state) {
    (void)state;
    trial t = usual();
    t.first.momentum = t.momentum = .9999;
    begin(&t, NULL);
    train_by(&t, 100, EXAMPLES);
    assert_true(is_ill(&t));
    const uint64_t before = hash(&t, true);
    tare_recalibration *made = recalibrate_by(&t, 0); /* as the counters tell */
    tare_recalibration_losses losses = {.struct_size = sizeof losses};
    assert_int_equal(tare_recalibration_loss(made, &losses), TARE_OK);
    assert_int_equal(losses.batches, 1);
    assert_int_equal(losses.batch, EXAMPLES);
    assert_int_equal(losses.correct_before, -1);
    assert_true(losses.before > 2 * losses.by_batch);
    assert_near(losses.after, losses.by_batch, 1e-4); /* of one batch: the same statistics */
    assert_true(hash(&t, true) == before);
    assert_false(is_ill(&t));
    const tare_norm_counters counters = counters_of(&t, "bn");
    assert_false(counters.complete);
    assert_int_equal(counters.updates, 0);
    tare_evaluation found = {.struct_size = sizeof found};
    assert_int_equal(tare_evaluate(t.session, &t.network, t.data, &found, NULL), TARE_OK);
    assert_near(found.loss, losses.after, 1e-5);
    tare_recalibration_free(made);
    end(&t);
}

static void random_draws_and_averages_beside_are_as_before(void **state) {
    (void)state;
    trial t = usual();
    t.dropout = true;
    t.first.zero_debias = true; /* a shadow of each average, and a step */
    begin(&t, NULL);
    train(&t, 2);
    const uint64_t before = hash(&t, true);
    tare_recalibration_free(recalibrate(&t));
    assert_true(hash(&t, true) == before);
    end(&t);
}

static void a_layer_called_twice_takes_both_calls(void **state) {
    (void)state;
    trial t = usual();
    t.twice = true;
    begin(&t, NULL);
    tare_recalibration_free(recalibrate(&t));
    for (int64_t c = 0; c < CHANNELS; c++) {
        double both[2 * EXAMPLES], mean, variance;
        for (int64_t i = 0; i < EXAMPLES; i++) {
            both[i] = input(i, c);
            both[EXAMPLES + i] = -3 * input(i, c);
        }
        moments_of(both, 2 * EXAMPLES, &mean, &variance);
        assert_near(statistic(&t, "bn/moving_mean", c), mean, 1e-6);
        assert_near(statistic(&t, "bn/moving_variance", c), variance, 1e-6);
    }
    end(&t);
}

/* By either formula: the batch's own, not what the correcting averages make of them. */
static void a_renormalised_layer_takes_the_batches_own(void **state) {
    (void)state;
    for (int formula = TARE_RENORM_R1_15; formula <= TARE_RENORM_R1_12; formula++) {
        trial t = usual();
        t.first.renorm = true;
        t.first.renorm_formula = formula;
        begin(&t, NULL);
        train(&t, 1);
        const uint64_t before = hash(&t, true);
        tare_recalibration_free(recalibrate(&t));
        for (int64_t c = 0; c < CHANNELS; c++) {
            double first[2], second[2];
            by_hand(&t, c, first, second);
            assert_near(statistic(&t, "bn/moving_mean", c), first[0], 1e-6);
            assert_near(statistic(&t, "bn/moving_variance", c), first[1], 1e-5);
        }
        assert_true(hash(&t, true) == before);
        end(&t);
    }
}

static void a_layer_that_nothing_updates_stays(void **state) {
    (void)state;
    trial t = usual();
    t.first.frozen = true;
    begin(&t, NULL);
    tare_recalibration *made = recalibrate(&t);
    const tare_recalibrated_layer *layer = tare_recalibration_layer(made, 0);
    assert_string_equal(layer->reason, "nothing in the graph updates its averages");
    assert_true(layer->mean_shift == 0 && statistic(&t, "bn/moving_mean", 0) == 0);
    assert_true(counters_of(&t, "bn").complete);
    assert_null(tare_recalibration_layer(made, 1)->reason);
    char *text = tare_recalibration_text(made);
    assert_non_null(strstr(text, "stays: nothing in the graph updates its averages\n"));
    tare_text_free(text);
    tare_recalibration_free(made);
    end(&t);
}

/* ---------------------------------------------------------------------------- failures */

static void an_overflow_in_a_batch_is_refused_and_changes_nothing(void **state) {
    (void)state;
    trial t = usual();
    t.dropout = true; /* runs draw, but must not count */
    begin(&t, NULL);
    train(&t, 1);
    tare_dataset_free(t.data);
    t.data = make_data(EXAMPLES / 2);
    const uint64_t before = hash(&t, false);
    tare_recalibration *made = NULL;
    tare_error error = {0};
    assert_int_equal(tare_recalibrate(t.session, &t.network, t.data, &made, &error, .batch = BATCH),
                     TARE_ERROR_ARGUMENT);
    assert_null(made);
    if (!strstr(error.message, "'bn': got NaN or infinity in the statistics of batch 0 (") &&
        !strstr(error.message, "'bn': got NaN or infinity in the statistics of batch 1 ("))
        fail_msg("%s", error.message);
    assert_true(hash(&t, false) == before);
    assert_true(counters_of(&t, "bn").complete && counters_of(&t, "bn").updates == BATCHES);
    end(&t);
}

static void memory_may_fail_at_any_place(void **state) {
    (void)state;
    failing_allocator failing;
    trial t = usual();
    begin(&t, failing_allocator_start(&failing, 0));
    train(&t, 1);
    tare_recalibration_free(recalibrate(&t)); /* plans are made */
    train(&t, 1);
    const uint64_t before = hash(&t, false);
    const tare_norm_counters counters = counters_of(&t, "second");
    tare_recalibration *made = NULL;
    tare_status status = TARE_ERROR_MEMORY;
    int64_t nth = 1;
    for (; status != TARE_OK; nth++) {
        const int64_t blocks = failing.blocks;
        failing.fail_at = failing.calls + nth;
        status = tare_recalibrate(t.session, &t.network, t.data, &made, NULL, .batch = BATCH);
        failing.fail_at = 0;
        if (status == TARE_OK) break;
        assert_int_equal(status, TARE_ERROR_MEMORY);
        assert_null(made);
        assert_int_equal(failing.blocks, blocks);
        assert_true(hash(&t, false) == before);
        const tare_norm_counters now = counters_of(&t, "second");
        assert_true(now.updates == counters.updates && now.complete == counters.complete);
        assert_true(now.elements_least == counters.elements_least);
        assert_true(nth < 3000);
    }
    assert_true(nth > 5);
    assert_true(hash(&t, false) != before);
    tare_recalibration_free(made);
    end(&t);
    assert_true(failing_allocator_is_clean(&failing));
}

static void misuse_is_refused(void **state) {
    (void)state;
    trial t = usual();
    t.first.frozen = true;
    begin(&t, NULL);
    tare_recalibration *made = NULL;
    tare_error error = {0};
    assert_int_equal(tare_recalibrate(NULL, &t.network, t.data, &made, &error),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_recalibrate(t.session, NULL, t.data, &made, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_recalibrate(t.session, &t.network, NULL, &made, &error),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_recalibrate(t.session, &t.network, t.data, NULL, &error),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_recalibrate(t.session, &t.network, t.data, &made, &error, .batches = -1),
                     TARE_ERROR_ARGUMENT);
    tare_session *fresh = NULL;
    assert_int_equal(tare_session_new(t.graph, &fresh, .threads = 1), TARE_OK);
    assert_int_equal(tare_recalibrate(fresh, &t.network, t.data, &made, &error),
                     TARE_ERROR_UNINITIALIZED);
    tare_session_free(fresh);
    assert_null(made);
    assert_int_equal(tare_debias(NULL, &made, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_debias(t.session, NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_recalibration_count(NULL), 0);
    assert_null(tare_recalibration_layer(NULL, 0));
    assert_null(tare_recalibration_text(NULL));
    assert_null(tare_recalibration_json(NULL));
    assert_int_equal(tare_recalibration_loss(NULL, NULL), TARE_ERROR_ARGUMENT);
    tare_recalibration_free(NULL);
    end(&t);
}

static void a_graph_without_layers_is_refused(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    tare_recalibration *made = NULL;
    tare_error error = {0};
    tare_get_variable(graph, "w", TARE_SHAPE(2));
    assert_int_equal(tare_session_new(graph, &session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    assert_int_equal(tare_debias(session, &made, &error), TARE_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "got no layer of batch normalisation;"));
    tare_session_free(session);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------------- debias */

/* The averages of equal batches are those batches' statistics, whatever the momentum. */
static void debiased_averages_of_one_batch_are_its_statistics(void **state) {
    (void)state;
    trial t = usual();
    t.first.momentum = .99;
    t.first.moving_variance_initializer = TARE_ZEROS; /* or ones, in the other layer */
    begin(&t, NULL);
    tare_error error = {0};
    train_by(&t, 7, EXAMPLES);
    assert_int_equal(counters_of(&t, "bn").updates, 7);
    const double second = statistic(&t, "second/moving_variance", 0);
    const double weight = pow(.9, 7);
    tare_recalibration *made = NULL;
    if (tare_debias(t.session, &made, &error)) fail_msg("%s", error.message);
    for (int64_t c = 0; c < CHANNELS; c++) {
        double all[EXAMPLES], mean, variance;
        for (int64_t i = 0; i < EXAMPLES; i++) all[i] = input(i, c);
        moments_of(all, EXAMPLES, &mean, &variance);
        assert_near(statistic(&t, "bn/moving_mean", c), mean, 1e-5);
        assert_near(statistic(&t, "bn/moving_variance", c), variance, 1e-5);
    }
    assert_near(statistic(&t, "second/moving_variance", 0), (second - weight) / (1 - weight), 1e-5);
    tare_recalibration_losses losses = {.struct_size = sizeof losses};
    assert_int_equal(tare_recalibration_loss(made, &losses), TARE_OK);
    assert_int_equal(losses.batches, 0);
    char *text = tare_recalibration_text(made);
    assert_null(strstr(text, "loss"));
    tare_text_free(text);
    tare_recalibration_free(made);
    assert_int_equal(tare_debias(t.session, &made, &error), TARE_ERROR_STATE); /* once is enough */
    assert_non_null(strstr(error.message, "came from outside without their counters"));
    end(&t);
}

static void refuse_debias(trial *t, tare_status wanted, const char *sentence) {
    tare_recalibration *made = NULL;
    tare_error error = {0};
    const uint64_t before = hash(t, false);
    assert_int_equal(tare_debias(t->session, &made, &error), wanted);
    assert_null(made);
    if (!strstr(error.message, sentence)) fail_msg("%s", error.message);
    assert_true(hash(t, false) == before);
    assert_true(counters_of(t, "second").complete);
    end(t);
}

static void averages_that_cannot_be_debiased_are_refused(void **state) {
    (void)state;
    trial t = usual();
    begin(&t, NULL);
    refuse_debias(&t, TARE_ERROR_STATE, "averages that were never updated");
    t = usual();
    t.first.zero_debias = true;
    begin(&t, NULL);
    train(&t, 1);
    refuse_debias(&t, TARE_ERROR_ARGUMENT, "'bn': got averages that have no bias");
    t = usual();
    t.first.cumulative = true;
    begin(&t, NULL);
    train(&t, 1);
    refuse_debias(&t, TARE_ERROR_ARGUMENT, "'bn': got averages that have no bias");
    t = usual();
    t.first.renorm = true;
    begin(&t, NULL);
    train(&t, 1);
    refuse_debias(&t, TARE_ERROR_ARGUMENT, "'bn': got a layer with batch renormalisation");
    t = usual();
    t.first.momentum = 1;
    begin(&t, NULL);
    train(&t, 1);
    refuse_debias(&t, TARE_ERROR_ARGUMENT, "'bn': got a momentum of 1");
    t = usual();
    begin(&t, NULL);
    train(&t, 1);
    set_all(&t, "bn/moving_mean", 1);
    refuse_debias(&t, TARE_ERROR_STATE, "'bn': got statistics that came from outside");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_statistics_are_those_of_float64_over_two_batches),
        cmocka_unit_test(the_report_tells_how_far_the_statistics_moved),
        cmocka_unit_test(statistics_that_were_none_are_infinitely_far),
        cmocka_unit_test(a_momentum_too_slow_is_healed),
        cmocka_unit_test(random_draws_and_averages_beside_are_as_before),
        cmocka_unit_test(a_layer_called_twice_takes_both_calls),
        cmocka_unit_test(a_renormalised_layer_takes_the_batches_own),
        cmocka_unit_test(a_layer_that_nothing_updates_stays),
        cmocka_unit_test(an_overflow_in_a_batch_is_refused_and_changes_nothing),
        cmocka_unit_test(memory_may_fail_at_any_place),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(a_graph_without_layers_is_refused),
        cmocka_unit_test(debiased_averages_of_one_batch_are_its_statistics),
        cmocka_unit_test(averages_that_cannot_be_debiased_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
