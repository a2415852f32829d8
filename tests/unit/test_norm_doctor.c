/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor: each check with a network that has the fault and with one that has not. */
#include "failing_allocator.h"
#include "scratch_files.h"

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

enum { INPUTS = 3, HIDDEN = 6, EXAMPLES = 512 };

/* dense, batch norm, relu, dense; a regression. What the cases change: */
typedef struct plan {
    double momentum, label_scale, shift; /* labels are so large; inputs lie around shift */
    bool manual, output_norm, bias, dropout, twice, zero_debias, cumulative, in_place;
    int64_t batch;
    double rate;
    const tare_allocator *allocator;
} plan;
#define SOUND .momentum = .9, .label_scale = 1, .batch = 32, .rate = 1e-2

typedef struct case_ {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
    tare_dataset *data;
    tare_diagnosis *diagnosis;
    plan plan;
} case_;

static tare_tensor normalise(const case_ *c, tare_tensor x, const char *name, int reuse) {
    if (c->plan.in_place)
        return tare_slim_batch_norm(x, .is_training = c->network.training,
                                    .decay = c->plan.momentum, .updates_collections = NULL,
                                    .scope = name);
    return tare_batch_norm(x, .training = c->network.training, .momentum = c->plan.momentum,
                           .zero_debias = c->plan.zero_debias, .cumulative = c->plan.cumulative,
                           .name = name, .reuse = reuse);
}

static void build(case_ *c) {
    const plan *p = &c->plan;
    c->network.struct_size = sizeof c->network;
    c->network.inputs =
        tare_placeholder(c->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, INPUTS), .name = "x");
    c->network.labels =
        tare_placeholder(c->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "y");
    c->network.training = tare_placeholder_with_default(c->graph, TARE_FALSE, .name = "training");
    tare_tensor h = tare_dense(c->network.inputs, HIDDEN, .use_bias = p->bias, .name = "hidden");
    if (p->dropout) h = tare_dropout(h, .training = c->network.training);
    tare_tensor n = normalise(c, h, "bn", TARE_REUSE_INHERIT);
    if (p->twice) n = tare_add(n, normalise(c, tare_negative(h), "bn", TARE_REUSE_TRUE));
    tare_tensor y = tare_dense(tare_relu(n), 1, .use_bias = !p->output_norm, .name = "output");
    if (p->output_norm) y = normalise(c, y, "bn_output", TARE_REUSE_INHERIT);
    c->network.logits = y;
    c->network.loss = tare_reduce_mean(tare_squared_difference(y, c->network.labels));
    const tare_tensor step = tare_global_step(c->graph);
    c->network.train =
        tare_minimize(tare_adam(c->graph, .learning_rate = tare_number(p->rate)), c->network.loss,
                      .global_step = step, .updates = p->manual ? TARE_UPDATES_MANUAL : 0);
}

/* y = scale times a smooth function of x before it is shifted; the same numbers every time. shifts:
 * of each example, NULL: the plan's. */
static void make_data(case_ *c, int64_t examples, const double *shifts) {
    tare_array *x = NULL, *y = NULL;
    uint64_t random = 7;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(examples, INPUTS), NULL, &x), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(examples, 1), NULL, &y), TARE_OK);
    for (int64_t i = 0; i < examples; i++) {
        double v[INPUTS];
        for (int k = 0; k < INPUTS; k++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            v[k] = (double)(random >> 40) / (double)(1 << 23) - 1;
            tare_array_set_number(x, i * INPUTS + k, v[k] + (shifts ? shifts[i] : c->plan.shift));
        }
        tare_array_set_number(y, i, c->plan.label_scale * (v[0] + v[1] * v[2]));
    }
    assert_int_equal(tare_dataset_new(x, y, &c->data, NULL), TARE_OK);
    tare_array_free(x);
    tare_array_free(y);
}

static case_ open_case(plan p) {
    case_ c = {.plan = p};
    c.graph = tare_graph_new_with(p.allocator);
    tare_graph_set_seed(c.graph, 3);
    build(&c);
    if (tare_graph_status(c.graph)) fail_msg("%s", tare_message(c.graph));
    make_data(&c, EXAMPLES, NULL);
    assert_int_equal(tare_session_new(c.graph, &c.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(c.session), TARE_OK);
    return c;
}

static void close_case(case_ *c) {
    tare_diagnosis_free(c->diagnosis);
    tare_session_free(c->session);
    tare_dataset_free(c->data);
    tare_graph_free(c->graph);
}

static void train(case_ *c, int64_t epochs) {
    tare_fit_options options = {TARE_FIT_DEFAULTS};
    options.epochs = epochs;
    options.batch = c->plan.batch;
    tare_error error = {0};
    if (tare_fit_with(c->session, &c->network, c->data, &options, NULL, &error))
        fail_msg("%s", error.message);
}

static void examine(case_ *c) {
    tare_error error = {0};
    tare_diagnosis_free(c->diagnosis);
    if (tare_examine(c->session, &c->network, c->data, &c->diagnosis, &error))
        fail_msg("%s", error.message);
}

static const tare_finding *finding(const case_ *c, const char *check) {
    const tare_finding *found;
    for (size_t i = 0; (found = tare_diagnosis_finding(c->diagnosis, i)); i++)
        if (strcmp(found->check, check) == 0) return found;
    return NULL;
}

static double evidence(const tare_finding *f, const char *name) {
    for (size_t i = 0; i < f->evidence_count; i++)
        if (strcmp(f->evidence[i].name, name) == 0) return f->evidence[i].value;
    fail_msg("%s has no evidence '%s'", f->check, name);
    return NAN;
}

static const tare_finding *must_find(const case_ *c, const char *check, const char *id,
                                     tare_severity severity) {
    const tare_finding *f = finding(c, check);
    if (!f) fail_msg("'%s' was not found", check);
    assert_string_equal(f->id, id);
    assert_int_equal(f->severity, severity);
    assert_true(strlen(f->sentence) > 20 && strlen(f->fix) > 10);
    return f;
}

static void must_not_find(const case_ *c, const char *check) {
    const tare_finding *f = finding(c, check);
    if (f) fail_msg("'%s' was found: %s", check, f->sentence);
}

/* ------------------------------------------------------------------------------ soundness */

static void a_sound_network_has_no_finding(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    examine(&c); /* not even before training */
    assert_int_equal(tare_diagnosis_count(c.diagnosis), 0);
    train(&c, 20);
    examine(&c);
    if (tare_diagnosis_count(c.diagnosis) > 0)
        fail_msg("%s", tare_diagnosis_finding(c.diagnosis, 0)->sentence);
    close_case(&c);
}

/* ------------------------------------------------------------------------------- the checks */

static void updates_left_out_are_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .manual = true, .shift = 2});
    train(&c, 20);
    examine(&c);
    const tare_finding *f = must_find(&c, "never-updated", "P01", TARE_SEVERITY_ERROR);
    assert_int_equal(f->layer_count, 1);
    assert_string_equal(f->layers[0], "bn");
    assert_true(evidence(f, "training steps") == 20 * EXAMPLES / 32);
    /* What follows from it is told too, and that the weights are fine. */
    f = must_find(&c, "mode-gap", "P14", TARE_SEVERITY_ERROR);
    const double batch = evidence(f, "loss by the batch's statistics");
    assert_true(evidence(f, "loss by the stored statistics") > 2 * batch);
    assert_true(evidence(f, "loss by statistics estimated anew") < 1.2 * batch);
    must_not_find(&c, "slow-momentum");
    must_not_find(&c, "update-rhythm");
    close_case(&c);
}

static void momentum_too_slow_for_the_steps_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){.momentum = .999, .label_scale = 1, .batch = 32, .rate = 1e-2});
    train(&c, 10);
    examine(&c);
    const tare_finding *f = must_find(&c, "slow-momentum", "P06", TARE_SEVERITY_ERROR);
    assert_true(fabs(evidence(f, "weight of the first value") - pow(.999, 160)) < 1e-9);
    assert_true(evidence(f, "updates until it is below 1 %") == 4603);
    close_case(&c);

    c = open_case((plan){.momentum = .97, .label_scale = 1, .batch = 32, .rate = 1e-2});
    train(&c, 8); /* .97^128 = .0203 */
    examine(&c);
    must_find(&c, "slow-momentum", "P06", TARE_SEVERITY_WARNING);
    close_case(&c);
}

/* Averages without a first value have nothing to wash out. */
static void averages_without_a_first_value_are_never_too_slow(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        case_ c = open_case((plan){.momentum = .999,
                                   .label_scale = 1,
                                   .batch = 32,
                                   .rate = 1e-2,
                                   .zero_debias = i == 0,
                                   .cumulative = i == 1});
        train(&c, 2);
        examine(&c);
        must_not_find(&c, "slow-momentum");
        must_not_find(&c, "never-updated");
        close_case(&c);
    }
}

static void a_momentum_of_the_other_convention_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){.momentum = .1, .label_scale = 1, .batch = 32, .rate = 1e-2});
    examine(&c);
    const tare_finding *f = must_find(&c, "inverted-momentum", "P10", TARE_SEVERITY_WARNING);
    assert_true(fabs(evidence(f, "batches remembered") - 1.1 / .9) < 1e-12);
    close_case(&c);
}

static void batches_of_one_value_are_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    c.plan.batch = 7; /* 512 = 73 x 7 + 1 */
    train(&c, 1);
    examine(&c);
    const tare_finding *f = must_find(&c, "one-value", "P05", TARE_SEVERITY_ERROR);
    assert_true(evidence(f, "of them with never more") == 0);
    close_case(&c);
}

static void tiny_batches_are_found_and_measured(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    c.plan.batch = 2;
    train(&c, 1);
    examine(&c);
    const tare_finding *f = must_find(&c, "tiny-batches", "P07", TARE_SEVERITY_ERROR);
    assert_true(evidence(f, "N") == 2);
    assert_true(evidence(f, "examples in a batch") == 2);
    const double spread = evidence(f, "spread of the deviation"); /* theory: 0.75, normal data */
    assert_true(spread > .5 && spread < 1);
    tare_diagnosis_free(c.diagnosis);
    c.diagnosis = NULL; /* the counters alone tell it too */
    assert_int_equal(tare_examine(c.session, NULL, NULL, &c.diagnosis, NULL), TARE_OK);
    must_find(&c, "tiny-batches", "P07", TARE_SEVERITY_ERROR);
    close_case(&c);

    c = open_case((plan){SOUND});
    c.plan.batch = 8;
    train(&c, 1);
    assert_int_equal(tare_examine(c.session, NULL, NULL, &c.diagnosis, NULL), TARE_OK);
    must_find(&c, "tiny-batches", "P07", TARE_SEVERITY_WARNING);
    close_case(&c);
}

static void nan_in_a_batch_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    train(&c, 1);
    tare_array *x = NULL, *y = NULL, *yes = tare_array_bool(true);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, INPUTS), NULL, &x), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, 1), NULL, &y), TARE_OK);
    tare_array_set_number(x, 0, (double)NAN);
    const tare_tensor update = tare_collection_item(c.graph, TARE_UPDATE_OPS, NULL, 1);
    assert_int_equal(tare_session_run(c.session,
                                      TARE_FEEDS({c.network.inputs, x}, {c.network.training, yes}),
                                      &update, 1, NULL),
                     TARE_OK);
    examine(&c);
    const tare_finding *f = must_find(&c, "not-finite", "P12", TARE_SEVERITY_ERROR);
    assert_true(evidence(f, "updates with NaN or infinity") == 1);
    assert_true(evidence(f, "channels not sound") == HIDDEN);
    must_find(&c, "mode-gap", "P14", TARE_SEVERITY_ERROR); /* the loss by the stored ones is NaN */
    tare_array_free(x);
    tare_array_free(y);
    tare_array_free(yes);
    close_case(&c);
}

static void a_negative_variance_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    tare_array *variance = NULL;
    assert_int_equal(tare_session_get(c.session, "bn/moving_variance", &variance), TARE_OK);
    tare_array_set_number(variance, 2, -1e-5);
    assert_int_equal(tare_session_set(c.session, "bn/moving_variance", variance), TARE_OK);
    tare_array_free(variance);
    assert_int_equal(tare_examine(c.session, NULL, NULL, &c.diagnosis, NULL), TARE_OK);
    const tare_finding *f = must_find(&c, "not-finite", "P12", TARE_SEVERITY_ERROR);
    assert_true(evidence(f, "channels not sound") == 1);
    close_case(&c);
}

static void normalisation_on_the_output_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .output_norm = true});
    examine(&c);
    const tare_finding *f = must_find(&c, "output-norm", "P23", TARE_SEVERITY_WARNING);
    assert_string_equal(f->layers[0], "bn_output");
    close_case(&c);

    c = open_case((plan){
        .momentum = .9, .label_scale = 1e-2, .batch = 32, .rate = 1e-3, .output_norm = true});
    train(&c, 2);
    examine(&c);
    f = must_find(&c, "output-norm", "P23", TARE_SEVERITY_ERROR);
    assert_true(fabs(evidence(f, "learning rate") - 1e-3) < 1e-9);
    const double wanted = evidence(f, "deviation that the labels want");
    assert_true(wanted > .005 && wanted < .01);
    assert_true(fabs(evidence(f, "steps from 1") - (1 - wanted) / 1e-3) <= 1);
    assert_true(evidence(f, "gamma") < 1);
    must_find(&c, "predicts-mean", "P23", TARE_SEVERITY_ERROR);
    close_case(&c);
}

static void labels_of_a_strange_scale_are_found(void **state) {
    (void)state;
    case_ c = open_case((plan){.momentum = .9, .label_scale = 1e-2, .batch = 32, .rate = 1e-1});
    examine(&c);
    const tare_finding *f = must_find(&c, "label-scale", "P23", TARE_SEVERITY_WARNING);
    const double deviation = evidence(f, "deviation of the labels");
    assert_true(deviation > .005 && deviation < .01);
    must_not_find(&c, "output-norm");
    must_not_find(&c, "predicts-mean"); /* not trained yet */
    close_case(&c);
}

/* Dividing the answer by a constant is scaling the labels: the last layer's own scale counts. */
static void an_answer_that_is_scaled_wants_no_scaled_labels(void **state) {
    (void)state;
    case_ c = open_case((plan){.momentum = .9, .label_scale = 1e-2, .batch = 32, .rate = 1e-2});
    c.network.logits = tare_identity(tare_div(c.network.logits, tare_number(100)));
    examine(&c);
    must_not_find(&c, "label-scale");
    close_case(&c);
}

static void a_regression_that_learned_nothing_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    train(&c, 1);
    tare_array *kernel = NULL;
    assert_int_equal(tare_session_get(c.session, "output/kernel", &kernel), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(kernel); i++) tare_array_set_number(kernel, i, 0);
    assert_int_equal(tare_session_set(c.session, "output/kernel", kernel), TARE_OK);
    tare_array_free(kernel);
    examine(&c);
    const tare_finding *f = must_find(&c, "predicts-mean", "P23", TARE_SEVERITY_ERROR);
    assert_true(evidence(f, "R2") < .05);
    assert_non_null(strstr(f->sentence, "it predicts the mean"));
    close_case(&c);
}

static void updates_out_of_step_are_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    train(&c, 2);
    tare_array *x = NULL, *yes = tare_array_bool(true);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(32, INPUTS), NULL, &x), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(x); i++) tare_array_set_number(x, i, (double)(i % 5));
    const tare_feed feeds[] = {{c.network.inputs, x}, {c.network.training, yes}};
    for (int i = 0; i < 32; i++)
        assert_int_equal(tare_session_run_collection(c.session, feeds, 2, TARE_UPDATE_OPS),
                         TARE_OK);
    examine(&c);
    const tare_finding *f = must_find(&c, "update-rhythm", "P22", TARE_SEVERITY_WARNING);
    assert_true(evidence(f, "training steps") == 32 && evidence(f, "updates") == 64);
    tare_array_free(x);
    tare_array_free(yes);
    close_case(&c);
}

static void a_layer_called_twice_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .twice = true});
    train(&c, 2);
    examine(&c);
    const tare_finding *f = must_find(&c, "several-streams", "P20", TARE_SEVERITY_WARNING);
    assert_true(evidence(f, "calls in a step") == 2);
    must_not_find(&c, "update-rhythm"); /* two updates a step are right here */
    close_case(&c);
}

static void dropout_before_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .dropout = true});
    examine(&c);
    must_find(&c, "dropout-before", "P24", TARE_SEVERITY_WARNING);
    close_case(&c);
}

static void a_bias_before_is_remarked(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .bias = true});
    examine(&c);
    const tare_finding *f = must_find(&c, "bias-before", "P25", TARE_SEVERITY_REMARK);
    assert_int_equal(f->layer_count, 1);
    close_case(&c);
}

static void channels_that_hardly_vary_are_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    train(&c, 20);
    tare_array *variance = NULL;
    assert_int_equal(tare_session_get(c.session, "bn/moving_variance", &variance), TARE_OK);
    tare_array_set_number(variance, 2, 1e-4);
    assert_int_equal(tare_session_set(c.session, "bn/moving_variance", variance), TARE_OK);
    tare_array_free(variance);
    assert_int_equal(tare_examine(c.session, NULL, NULL, &c.diagnosis, NULL), TARE_OK);
    const tare_finding *f = must_find(&c, "dead-channels", "P30", TARE_SEVERITY_WARNING);
    assert_true(evidence(f, "channels that hardly vary") == 1);
    close_case(&c);
}

/* The batches that the doctor, and here the training, cuts. */
static tare_batches *cut(const tare_dataset *data, int64_t batch) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    tare_batches *batches = NULL;
    options.batch = batch;
    assert_int_equal(tare_batches_new_with(data, &options, &batches, NULL), TARE_OK);
    return batches;
}

/* Shifts the examples of each batch by a number of its own, which normalising by it takes away. */
static void shift_by_batch(case_ *c) {
    static double shifts[EXAMPLES];
    tare_array *numbers = NULL, *labels = NULL;
    tare_dataset *places = NULL;
    tare_array_new(TARE_FLOAT32, TARE_SHAPE(EXAMPLES), NULL, &numbers);
    tare_array_new(TARE_INT32, TARE_SHAPE(EXAMPLES), NULL, &labels);
    for (int64_t i = 0; i < EXAMPLES; i++) tare_array_set_number(numbers, i, (double)i);
    assert_int_equal(tare_dataset_new(numbers, labels, &places, NULL), TARE_OK);
    tare_batches *batches = cut(places, c->plan.batch);
    for (int64_t b = 0; b < tare_batches_count(batches); b++) {
        tare_batch batch;
        assert_int_equal(tare_batches_get(batches, 0, b, &batch), TARE_OK);
        for (int64_t i = 0; i < batch.count; i++)
            shifts[(int)tare_array_number(batch.inputs, i)] = 5 * (double)(b % 5 - 2);
    }
    tare_batches_free(batches);
    tare_dataset_free(places);
    tare_array_free(numbers);
    tare_array_free(labels);
    tare_dataset_free(c->data);
    make_data(c, EXAMPLES, shifts);
}

static void train_on_the_same_batches(case_ *c, int times) {
    tare_array *yes = tare_array_bool(true);
    tare_batches *batches = cut(c->data, c->plan.batch);
    for (int64_t i = 0; i < times * tare_batches_count(batches); i++) {
        tare_batch batch;
        assert_int_equal(tare_batches_get(batches, 0, i % tare_batches_count(batches), &batch),
                         TARE_OK);
        assert_int_equal(tare_session_run(c->session,
                                          TARE_FEEDS({c->network.inputs, batch.inputs},
                                                     {c->network.labels, batch.labels},
                                                     {c->network.training, yes}),
                                          &c->network.train, 1, NULL),
                         TARE_OK);
    }
    tare_batches_free(batches);
    tare_array_free(yes);
}

static void a_network_that_lives_on_its_batches_is_told_from_stale_statistics(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    c.plan.batch = 16;
    shift_by_batch(&c);
    train_on_the_same_batches(&c, 40);
    examine(&c);
    const tare_finding *f = must_find(&c, "mode-gap", "P14", TARE_SEVERITY_ERROR);
    assert_non_null(strstr(f->sentence, "depends on the batch itself"));
    assert_non_null(strstr(f->fix, "training anew"));
    assert_true(evidence(f, "loss by statistics estimated anew") >
                2 * evidence(f, "loss by the batch's statistics"));
    close_case(&c);
}

#ifdef TARE_HAVE_JANSSON
static void a_checkpoint_without_statistics_is_found(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    const char *path = scratch("weights.safetensors");
    tare_array *kernel = NULL;
    assert_int_equal(tare_session_get(c.session, "hidden/kernel", &kernel), TARE_OK);
    const char *const name = "hidden/kernel";
    const tare_array *const array = kernel;
    assert_int_equal(tare_safetensors_write(path, 1, &name, &array, 0, NULL, NULL), TARE_OK);
    tare_array_free(kernel);
    tare_examine_options options = {TARE_EXAMINE_DEFAULTS};
    options.checkpoint = path;
    assert_int_equal(tare_examine_with(c.session, NULL, NULL, &options, &c.diagnosis, NULL),
                     TARE_OK);
    must_find(&c, "missing-statistics", "P04", TARE_SEVERITY_ERROR);
    tare_diagnosis_free(c.diagnosis);
    assert_int_equal(tare_checkpoint_save(c.session, path, NULL), TARE_OK);
    assert_int_equal(tare_examine_with(c.session, NULL, NULL, &options, &c.diagnosis, NULL),
                     TARE_OK);
    must_not_find(&c, "missing-statistics");
    close_case(&c);
}
#endif

/* -------------------------------------------------------------------- what it leaves alone */

/* All variables' bytes as one number (FNV-1a), and what was counted. */
typedef struct snapshot {
    uint64_t hash;
    tare_norm_counters counters;
    tare_session_counters session;
} snapshot;

static snapshot look(const case_ *c) {
    snapshot s = {.hash = 14695981039346656037U,
                  .counters = {.struct_size = sizeof s.counters},
                  .session = {.struct_size = sizeof s.session}};
    const size_t count = tare_collection_count(c->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor v = tare_collection_item(c->graph, TARE_GLOBAL_VARIABLES, NULL, i);
        tare_array *array = NULL;
        assert_int_equal(tare_session_get(c->session, tare_tensor_name(v), &array), TARE_OK);
        const unsigned char *bytes = tare_array_const_data(array);
        for (size_t k = 0; k < tare_array_bytes(array); k++)
            s.hash = (s.hash ^ bytes[k]) * 1099511628211U;
        tare_array_free(array);
    }
    assert_int_equal(tare_norm_count(c->session, "bn", &s.counters), TARE_OK);
    assert_int_equal(tare_session_count(c->session, &s.session), TARE_OK);
    return s;
}

/* Updates in place run with every training-mode pass, and dropout draws: all is put back. */
static void examining_changes_no_number(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        case_ c = open_case((plan){SOUND, .in_place = i == 0, .dropout = i == 1});
        train(&c, 2);
        const snapshot before = look(&c);
        examine(&c);
        const snapshot after = look(&c);
        assert_true(before.hash == after.hash);
        assert_memory_equal(&before.counters, &after.counters, sizeof before.counters);
        assert_int_equal(before.session.random_draws, after.session.random_draws);
        close_case(&c);
    }
}

/* ----------------------------------------------------------------------- suppressing, text */

static void a_check_is_suppressed_by_id_or_name(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .bias = true, .output_norm = true, .dropout = true});
    tare_error error = {0};
    assert_int_equal(tare_examine(c.session, &c.network, NULL, &c.diagnosis, &error,
                                  .suppress = "P25,output-norm"),
                     TARE_OK);
    must_not_find(&c, "bias-before");
    must_not_find(&c, "output-norm");
    must_find(&c, "dropout-before", "P24", TARE_SEVERITY_WARNING);
    tare_diagnosis_free(c.diagnosis);
    assert_int_equal(
        tare_examine(c.session, NULL, NULL, &c.diagnosis, &error, .suppress = "bias-befor"),
        TARE_ERROR_NAME);
    assert_null(c.diagnosis);
    assert_string_equal(error.message,
                        "suppress 'bias-befor': got a check that there is not; needs "
                        "the id or name of one; did you mean 'bias-before'?");
    close_case(&c);
}

static void findings_stand_by_severity_and_are_told_as_text_and_json(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND, .manual = true, .dropout = true});
    train(&c, 1);
    examine(&c);
    const size_t count = tare_diagnosis_count(c.diagnosis);
    assert_true(count >= 2);
    for (size_t i = 1; i < count; i++)
        assert_true(tare_diagnosis_finding(c.diagnosis, i)->severity <=
                    tare_diagnosis_finding(c.diagnosis, i - 1)->severity);
    assert_null(tare_diagnosis_finding(c.diagnosis, count));
    char *text = tare_diagnosis_text(c.diagnosis), *json = tare_diagnosis_json(c.diagnosis);
    assert_non_null(strstr(text, "error P01 never-updated\n"));
    assert_non_null(strstr(text, "  layer: bn\n"));
    assert_non_null(strstr(text, "  evidence:\n    training steps = 16\n    updates = 0\n"));
    assert_non_null(strstr(text, "16 checks of 1 layer and 16 batches of 32 examples\n"));
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        assert_true(strcspn(line, "\n") <= 100);
    assert_non_null(strstr(json, "\"check\": \"never-updated\", \"severity\": \"error\", "
                                 "\"layers\": [\"bn\"]"));
    assert_non_null(strstr(json, "\"evidence\": {\"training steps\": 16, \"updates\": 0"));
    tare_text_free(text);
    tare_text_free(json);
    close_case(&c);
}

static void without_data_the_checks_left_out_are_told(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    assert_int_equal(tare_examine(c.session, &c.network, NULL, &c.diagnosis, NULL), TARE_OK);
    char *text = tare_diagnosis_text(c.diagnosis);
    assert_non_null(
        strstr(text, "left out for want of data: mode-gap, label-scale, predicts-mean"));
    tare_text_free(text);
    close_case(&c);
}

static void every_check_is_described_once(void **state) {
    (void)state;
    const tare_check_description *a, *b;
    size_t count = 0;
    for (; (a = tare_check_at(count)); count++) {
        assert_true(a->id[0] == 'P' && strlen(a->name) > 3 && strlen(a->help) > 10);
        for (size_t i = 0; i < count; i++) {
            b = tare_check_at(i);
            assert_string_not_equal(a->name, b->name);
        }
    }
    assert_true(count >= 16);
    assert_string_equal(tare_severity_name(TARE_SEVERITY_WARNING), "warning");
    assert_string_equal(tare_severity_name((tare_severity)7), "");
}

static void misuse_is_refused(void **state) {
    (void)state;
    case_ c = open_case((plan){SOUND});
    tare_error error = {0};
    assert_int_equal(tare_examine(NULL, NULL, NULL, &c.diagnosis, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_examine(c.session, NULL, NULL, NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_examine(c.session, NULL, NULL, &c.diagnosis, &error, .batches = 0),
                     TARE_ERROR_ARGUMENT);
    const tare_network empty = {.struct_size = sizeof empty};
    assert_int_equal(tare_examine(c.session, &empty, c.data, &c.diagnosis, &error),
                     TARE_ERROR_ARGUMENT);
    assert_null(c.diagnosis);
    tare_session *fresh = NULL;
    assert_int_equal(tare_session_new(c.graph, &fresh, .threads = 1), TARE_OK);
    assert_int_equal(tare_examine(fresh, NULL, NULL, &c.diagnosis, &error),
                     TARE_ERROR_UNINITIALIZED);
    tare_session_free(fresh);
    assert_int_equal(tare_diagnosis_count(NULL), 0);
    assert_null(tare_diagnosis_text(NULL));
    assert_null(tare_diagnosis_json(NULL));
    tare_diagnosis_free(NULL);
    close_case(&c);
}

static void a_graph_without_layers_has_nothing_to_find(void **state) {
    (void)state;
    case_ c = {.graph = tare_graph_new()};
    tare_get_variable(c.graph, "w", TARE_SHAPE(2));
    assert_int_equal(tare_session_new(c.graph, &c.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(c.session), TARE_OK);
    assert_int_equal(tare_examine(c.session, NULL, NULL, &c.diagnosis, NULL), TARE_OK);
    assert_int_equal(tare_diagnosis_count(c.diagnosis), 0);
    close_case(&c);
}

/* Each allocation of an examination fails in turn: a status, no leak, and no number changed. */
static void memory_may_fail_at_any_place(void **state) {
    (void)state;
    failing_allocator failing;
    case_ c = open_case((plan){SOUND, .manual = true, .bias = true,
                               .allocator = failing_allocator_start(&failing, 0)});
    train(&c, 1);
    examine(&c);
    tare_diagnosis_free(c.diagnosis);
    const uint64_t before = look(&c).hash;
    tare_status status = TARE_ERROR_MEMORY;
    for (int64_t nth = 1; status != TARE_OK; nth++) {
        const int64_t blocks = failing.blocks;
        failing.fail_at = failing.calls + nth;
        status = tare_examine(c.session, &c.network, c.data, &c.diagnosis, NULL);
        failing.fail_at = 0;
        if (status != TARE_OK) {
            assert_int_equal(status, TARE_ERROR_MEMORY);
            assert_null(c.diagnosis);
            assert_int_equal(failing.blocks, blocks);
        }
        assert_true(nth < 3000);
    }
    assert_true(before == look(&c).hash);
    close_case(&c);
    assert_true(failing_allocator_is_clean(&failing));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_network_has_no_finding),
        cmocka_unit_test(updates_left_out_are_found),
        cmocka_unit_test(momentum_too_slow_for_the_steps_is_found),
        cmocka_unit_test(averages_without_a_first_value_are_never_too_slow),
        cmocka_unit_test(a_momentum_of_the_other_convention_is_found),
        cmocka_unit_test(batches_of_one_value_are_found),
        cmocka_unit_test(tiny_batches_are_found_and_measured),
        cmocka_unit_test(nan_in_a_batch_is_found),
        cmocka_unit_test(a_negative_variance_is_found),
        cmocka_unit_test(normalisation_on_the_output_is_found),
        cmocka_unit_test(labels_of_a_strange_scale_are_found),
        cmocka_unit_test(an_answer_that_is_scaled_wants_no_scaled_labels),
        cmocka_unit_test(a_regression_that_learned_nothing_is_found),
        cmocka_unit_test(updates_out_of_step_are_found),
        cmocka_unit_test(a_layer_called_twice_is_found),
        cmocka_unit_test(dropout_before_is_found),
        cmocka_unit_test(a_bias_before_is_remarked),
        cmocka_unit_test(channels_that_hardly_vary_are_found),
        cmocka_unit_test(a_network_that_lives_on_its_batches_is_told_from_stale_statistics),
#ifdef TARE_HAVE_JANSSON
        cmocka_unit_test(a_checkpoint_without_statistics_is_found),
#endif
        cmocka_unit_test(examining_changes_no_number),
        cmocka_unit_test(a_check_is_suppressed_by_id_or_name),
        cmocka_unit_test(findings_stand_by_severity_and_are_told_as_text_and_json),
        cmocka_unit_test(without_data_the_checks_left_out_are_told),
        cmocka_unit_test(every_check_is_described_once),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(a_graph_without_layers_has_nothing_to_find),
        cmocka_unit_test(memory_may_fail_at_any_place),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
