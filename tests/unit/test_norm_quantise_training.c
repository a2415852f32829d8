/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training with fake quantisation: without rounding it is the network as it was, in every phase;
 * with it, what a reference written by hand says, value and gradient; and what cannot be quantised
 * is refused.
 */
#include "failing_allocator.h"
#include "product_forms.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tare/batch_norm.h>
#include <tare/norm.h>
#include <tare/quantise.h>
#include <tare/train.h>

#define ROWS   6
#define NEVER  1000000
#define SPREAD 1e-12 /* of float64, over a few layers */

/* A network in float64, and what it was before. */
typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_network network, before;
} trial;

static double number(int64_t i, int64_t seed) {
    return sin((double)(3 * i * i + i + 100 * seed + 1));
}

static trial begin_with(tare_dtype dtype, tare_shape shape, const tare_allocator *allocator) {
    trial t = {.graph = tare_graph_new_with(allocator)};
    t.network.struct_size = sizeof t.network;
    t.network.inputs = tare_placeholder(t.graph, dtype, shape, .name = "x");
    t.network.training = tare_placeholder_with_default(t.graph, TARE_FALSE, .name = "training");
    return t;
}

static trial begin(tare_shape shape) { return begin_with(TARE_FLOAT64, shape, NULL); }

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
}

/* Answers y, whose loss weighs every number differently. */
static void answer(trial *t, tare_tensor y) {
    t->network.logits = y;
    t->network.loss = tare_reduce_mean(tare_mul(tare_square(tare_add(y, tare_number(.3))), y));
    t->before = t->network;
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
}

static void quantise(trial *t, const tare_quantise_training_options *options) {
    tare_error error = {0};
    if (tare_quantise_training_with(&t->network, options, &error)) fail_msg("%s", error.message);
    assert_int_not_equal(t->network.logits.node, t->before.logits.node);
}

static void open(trial *t) {
    if (tare_session_new(t->graph, &t->session, .threads = 1))
        fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
    const size_t count = tare_collection_count(t->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t v = 0; v < count; v++) {
        const tare_tensor variable = tare_collection_item(t->graph, TARE_GLOBAL_VARIABLES, NULL, v);
        const char *name = tare_tensor_name(variable);
        tare_array *array = NULL;
        if (tare_tensor_dtype(variable) == TARE_INT64 || strstr(name, "act_quant")) continue;
        assert_int_equal(
            tare_array_new(tare_tensor_dtype(variable), tare_tensor_shape(variable), NULL, &array),
            TARE_OK);
        const bool positive = strstr(name, "variance") || strstr(name, "gamma");
        for (int64_t i = 0; i < tare_array_count(array); i++) {
            const double some = number(i, (int64_t)v);
            tare_array_set_number(array, i, positive ? .5 + fabs(some) : some);
        }
        assert_int_equal(tare_session_set(t->session, name, array), TARE_OK);
        tare_array_free(array);
    }
}

static void set_step(const trial *t, int64_t steps) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_INT64, TARE_SCALAR, &steps, &array), TARE_OK);
    assert_int_equal(tare_session_set(t->session, "global_step", array), TARE_OK);
    tare_array_free(array);
}

static tare_array *inputs_of(const trial *t, int64_t seed) {
    tare_array *array = NULL;
    tare_shape shape = tare_tensor_shape(t->network.inputs);
    shape.extents[0] = ROWS;
    assert_int_equal(tare_array_new(tare_tensor_dtype(t->network.inputs), shape, NULL, &array),
                     TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, number(i, seed));
    return array;
}

/* Runs and copies the results. */
static void fetch(const trial *t, bool training, const tare_tensor *wanted, size_t count,
                  tare_array **copies) {
    tare_array *results[8] = {NULL}, *x = inputs_of(t, 7), *mode = NULL;
    assert_true(count <= sizeof results / sizeof *results);
    assert_int_equal(tare_array_copy_of(TARE_BOOL, TARE_SCALAR, &training, &mode), TARE_OK);
    const tare_feed feeds[] = {{t->network.inputs, x}, {t->network.training, mode}};
    if (tare_session_run(t->session, feeds, 2, wanted, count, results))
        fail_msg("%s", tare_session_message(t->session));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(tare_array_copy_of(tare_array_dtype(results[i]),
                                            tare_array_shape(results[i]),
                                            tare_array_const_data(results[i]), &copies[i]),
                         TARE_OK);
    tare_array_free(x);
    tare_array_free(mode);
}

static tare_array *fetch_one(const trial *t, bool training, tare_tensor wanted) {
    tare_array *copy = NULL;
    fetch(t, training, &wanted, 1, &copy);
    return copy;
}

static double difference(const tare_array *a, const tare_array *b) {
    double worst = 0, most = 0;
    assert_int_equal(tare_array_count(a), tare_array_count(b));
    for (int64_t i = 0; i < tare_array_count(a); i++) {
        const double want = tare_array_number(b, i), apart = fabs(tare_array_number(a, i) - want);
        if (!(apart <= worst)) worst = apart;
        most = fmax(most, fabs(want));
    }
    return worst / fmax(most, .01); /* the gradient of a bias before a layer is 0 */
}

static void compare(const trial *t, bool training, tare_tensor a, tare_tensor b, const char *what) {
    const tare_tensor both[] = {a, b};
    tare_array *copies[2];
    fetch(t, training, both, 2, copies);
    const double worst = difference(copies[0], copies[1]);
    if (!(worst <= SPREAD)) fail_msg("%s: %g apart", what, worst);
    tare_array_free(copies[0]);
    tare_array_free(copies[1]);
}

/* ----------------------------------------------------------------------------- without rounding */

enum { MOST_VARIABLES = 16 };

/* Gradients of both losses for every trainable variable. */
static size_t differentiate(trial *t, tare_tensor before[], tare_tensor after[]) {
    tare_tensor variables[MOST_VARIABLES];
    const size_t count = tare_collection_count(t->graph, TARE_TRAINABLE_VARIABLES, NULL);
    assert_in_range(count, 1, MOST_VARIABLES);
    for (size_t i = 0; i < count; i++)
        variables[i] = tare_collection_item(t->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    if (tare_gradients(&t->before.loss, 1, variables, count, NULL, before) ||
        tare_gradients(&t->network.loss, 1, variables, count, NULL, after))
        fail_msg("%s", tare_message(t->graph));
    return count;
}

static void compare_all(trial *t, bool training, const tare_tensor before[],
                        const tare_tensor after[], size_t count, const char *what) {
    compare(t, training, t->network.logits, t->before.logits, what);
    compare(t, training, t->network.loss, t->before.loss, what);
    for (size_t i = 0; i < count; i++) compare(t, training, after[i], before[i], what);
}

typedef struct way {
    const form *form;
    bool first, biased;
} way;

static trial build_way(const way *w) {
    trial t = begin(input_shape(w->form, w->first));
    const tare_list axis = w->first ? TARE_LIST(1) : TARE_LIST(-1);
    const tare_tensor sums = w->form->build(
        t.network.inputs, w->first ? TARE_CHANNELS_FIRST : TARE_CHANNELS_LAST, w->biased);
    answer(&t, tare_tanh(tare_batch_norm(sums, .axis = axis, .training = t.network.training)));
    return t;
}

static void check_way(const way *w, int64_t weight_bits, int64_t delay) {
    trial t = build_way(w);
    tare_tensor before[MOST_VARIABLES], after[MOST_VARIABLES];
    tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
    options.weight_bits = options.activation_bits = weight_bits;
    options.delay = delay;
    options.freeze_delay = NEVER;
    quantise(&t, &options);
    const size_t count = differentiate(&t, before, after);
    open(&t);
    compare_all(&t, true, before, after, count, w->form->name);
    compare_all(&t, false, before, after, count, w->form->name);
    end(&t);
}

static void check_ways(int64_t bits, int64_t delay) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (int which = 0; which < 4; which++) {
            const way w = {&forms[i], .first = which & 1, .biased = which >> 1 & 1};
            if (!w.first || w.form->spatial) check_way(&w, bits, delay);
        }
}

static void without_bits_every_product_is_as_it_was(void **state) {
    (void)state;
    check_ways(0, 0);
}

static void before_the_delay_every_product_is_as_it_was(void **state) {
    (void)state;
    check_ways(8, 3);
}

/* After it the numbers are rounded, in training and in inference. */
static void the_delay_ends(void **state) {
    (void)state;
    const way w = {.form = &forms[0]};
    trial t = build_way(&w);
    tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
    options.weight_bits = options.activation_bits = 4;
    options.delay = 3;
    quantise(&t, &options);
    open(&t);
    for (int64_t step = 0; step < 5; step++)
        for (int training = 0; training < 2; training++) {
            set_step(&t, step);
            tare_array *a = fetch_one(&t, training, t.network.logits),
                       *b = fetch_one(&t, training, t.before.logits);
            const double worst = difference(a, b);
            assert_true(step < 3 ? worst <= SPREAD : worst > 1e-3);
            tare_array_free(a);
            tare_array_free(b);
        }
    end(&t);
}

/* Frozen, training mode goes by the moving statistics, values and gradients. */
static void frozen_statistics_are_those_of_inference(void **state) {
    (void)state;
    const way w = {&forms[3], .biased = true};
    trial t = build_way(&w);
    tare_tensor before[MOST_VARIABLES], after[MOST_VARIABLES];
    tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
    options.weight_bits = options.activation_bits = 0;
    options.freeze_delay = 2;
    quantise(&t, &options);
    const size_t count = differentiate(&t, before, after);
    open(&t);
    for (int64_t step = 0; step < 4; step++) {
        set_step(&t, step);
        for (size_t i = 0; i < count; i++) {
            tare_array *got = fetch_one(&t, true, after[i]),
                       *want = fetch_one(&t, step < 2, before[i]);
            assert_true(difference(got, want) <= SPREAD);
            tare_array_free(got);
            tare_array_free(want);
        }
        tare_array *got = fetch_one(&t, true, t.network.logits),
                   *want = fetch_one(&t, step < 2, t.before.logits);
        assert_true(difference(got, want) <= SPREAD);
        tare_array_free(got);
        tare_array_free(want);
    }
    end(&t);
}

/* ---------------------------------------------------------------------------------- the updates */

static void run_updates(const trial *t) {
    tare_tensor updates[8];
    tare_array *copies[8];
    const size_t count = tare_collection_count(t->graph, TARE_UPDATE_OPS, NULL);
    assert_in_range(count, 1, 8);
    for (size_t i = 0; i < count; i++)
        updates[i] = tare_collection_item(t->graph, TARE_UPDATE_OPS, NULL, i);
    fetch(t, true, updates, count, copies);
    for (size_t i = 0; i < count; i++) tare_array_free(copies[i]);
}

static double value_of(const trial *t, const char *name, int64_t i) {
    tare_array *array = NULL;
    if (tare_session_get(t->session, name, &array))
        fail_msg("%s", tare_session_message(t->session));
    const double value = tare_array_number(array, i);
    tare_array_free(array);
    return value;
}

/* Moving statistics take the batch's, as the layer's own updates do; frozen they stay. */
static void statistics_move_as_before_until_they_are_frozen(void **state) {
    (void)state;
    for (int unbiased = 0; unbiased < 2; unbiased++) {
        double want[2][3], got[2][3];
        for (int quantised = 0; quantised < 2; quantised++) {
            trial t = begin(TARE_SHAPE(TARE_ANY, 5, 4, 2));
            answer(&t, tare_batch_norm(tare_conv2d(t.network.inputs, 3, TARE_LIST(2)),
                                       .training = t.network.training, .momentum = .75,
                                       .moving_variance = unbiased ? TARE_MOVING_VARIANCE_UNBIASED
                                                                   : TARE_MOVING_VARIANCE_BIASED));
            tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
            options.weight_bits = options.activation_bits = 0;
            options.freeze_delay = 1;
            if (quantised) quantise(&t, &options);
            assert_int_equal(tare_collection_count(t.graph, TARE_UPDATE_OPS, NULL), 2);
            open(&t);
            run_updates(&t);
            double(*to)[3] = quantised ? got : want;
            for (int c = 0; c < 3; c++) {
                to[0][c] = value_of(&t, "batch_normalization/moving_mean", c);
                to[1][c] = value_of(&t, "batch_normalization/moving_variance", c);
            }
            if (quantised) set_step(&t, 1);
            if (quantised) run_updates(&t);
            for (int c = 0; quantised && c < 3; c++)
                assert_true(to[0][c] == value_of(&t, "batch_normalization/moving_mean", c));
            end(&t);
        }
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 2; k++) assert_true(fabs(got[k][c] - want[k][c]) <= SPREAD);
    }
}

/* Ranges: of the first batch its own ends and 0, then averages without the first value's share. */
static void ranges_are_debiased_moving_averages(void **state) {
    (void)state;
    trial t = begin(TARE_SHAPE(TARE_ANY, 2));
    answer(&t, tare_dense(t.network.inputs, 2, .name = "fc"));
    tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
    options.decay = .75;
    quantise(&t, &options);
    open(&t);
    assert_true(value_of(&t, "x/act_quant/min", 0) == -6);
    assert_true(value_of(&t, "fc/act_quant/max", 0) == 6);
    double biased[2] = {0}, share = 1;
    static const double batches[][4] = {{1, 2, 3, 4}, {-1, .5, .25, 0}, {-8, -7, -6, -5}};
    for (int b = 0; b < 3; b++) {
        tare_array *x = NULL;
        assert_int_equal(tare_array_copy_of(TARE_FLOAT64, TARE_SHAPE(2, 2), batches[b], &x),
                         TARE_OK);
        const bool yes = true;
        tare_array *mode = NULL, *results[6] = {NULL};
        assert_int_equal(tare_array_copy_of(TARE_BOOL, TARE_SCALAR, &yes, &mode), TARE_OK);
        const tare_feed feeds[] = {{t.network.inputs, x}, {t.network.training, mode}};
        tare_tensor updates[6];
        for (size_t i = 0; i < 6; i++)
            updates[i] = tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, i);
        assert_int_equal(tare_session_run(t.session, feeds, 2, updates, 6, results), TARE_OK);
        double least = 0, most = 0;
        for (int i = 0; i < 4; i++) {
            least = fmin(least, batches[b][i]);
            most = fmax(most, batches[b][i]);
        }
        biased[0] = .75 * biased[0] + .25 * least;
        biased[1] = .75 * biased[1] + .25 * most;
        share *= .75;
        assert_true(fabs(value_of(&t, "x/act_quant/min", 0) - biased[0] / (1 - share)) < 1e-14);
        assert_true(fabs(value_of(&t, "x/act_quant/max", 0) - biased[1] / (1 - share)) < 1e-14);
        assert_true(value_of(&t, "x/act_quant/count", 0) == b + 1);
        tare_array_free(x);
        tare_array_free(mode);
    }
    end(&t);
}

/* ------------------------------------------------------------------- the reference, by hand */

/*
 * x [ROWS, IN] -> quantised -> dense [IN, OUT] with bias -> batch norm -> relu -> quantised, in
 * float64. Where `frozen_offsets` holds numbers, rounding adds those instead: what the gradient
 * takes rounding for.
 */
enum { IN = 3, OUT = 4, MOST = 32 };

typedef struct reference {
    double x[ROWS * IN], w[IN * OUT], b[OUT], gamma[OUT], beta[OUT], mean[OUT], variance[OUT];
    double epsilon;
    bool batch; /* statistics of the batch */
    /* What rounding added to each number, and where it clipped: then the gradient is 0. */
    double x_offset[ROWS * IN], w_offset[IN * OUT], y_offset[ROWS * OUT];
    bool x_clipped[ROWS * IN], y_clipped[ROWS * OUT];
    double x_end[ROWS * IN], y_end[ROWS * OUT];
    double y[ROWS * OUT];
} reference;

typedef struct quanta {
    double low, high, scale;
} quanta;

static quanta nudge(double min, double max, double least, double greatest) {
    const double scale = (max - min) / (greatest - least);
    double zero = round(least - min / scale);
    zero = fmin(fmax(zero, least), greatest);
    return (quanta){(least - zero) * scale, (greatest - zero) * scale, scale};
}

static double nearest(quanta q, double v) {
    const double clipped = fmin(fmax(v, q.low), q.high);
    return floor((clipped - q.low) / q.scale + .5) * q.scale + q.low;
}

static quanta range_of(const double *v, int count) {
    double min = 0, max = 0;
    for (int i = 0; i < count; i++) {
        min = fmin(min, v[i]);
        max = fmax(max, v[i]);
    }
    return nudge(min, max, 0, 255);
}

/* Rounds n numbers to q, or (again) as they were rounded when the offsets were taken. */
static void round_all(double *v, int n, quanta q, bool again, double *offset, bool *clipped,
                      double *end) {
    for (int i = 0; i < n; i++) {
        if (!again) {
            clipped[i] = v[i] < q.low || v[i] > q.high;
            end[i] = nearest(q, v[i]);
            offset[i] = end[i] - v[i];
        }
        v[i] = clipped[i] ? end[i] : v[i] + offset[i];
    }
}

static void round_weights(reference *r, double *w, bool again) {
    double peak = 0;
    for (int i = 0; i < IN * OUT; i++) peak = fmax(peak, fabs(w[i]));
    const quanta q = nudge(-peak, peak, 1, 255);
    for (int i = 0; i < IN * OUT; i++) {
        if (!again) r->w_offset[i] = nearest(q, w[i]) - w[i];
        w[i] += r->w_offset[i];
    }
}

static void multiply(const double *x, const double *w, double *y) {
    for (int n = 0; n < ROWS; n++)
        for (int o = 0; o < OUT; o++) {
            y[n * OUT + o] = 0;
            for (int i = 0; i < IN; i++) y[n * OUT + o] += x[n * IN + i] * w[i * OUT + o];
        }
}

static void statistics_of(const reference *r, const double *sums, int o, double *mean,
                          double *variance) {
    *mean = r->mean[o];
    *variance = r->variance[o];
    if (!r->batch) return;
    *mean = *variance = 0;
    for (int n = 0; n < ROWS; n++) *mean += (sums[n * OUT + o] + r->b[o]) / ROWS;
    for (int n = 0; n < ROWS; n++) *variance += pow(sums[n * OUT + o] + r->b[o] - *mean, 2) / ROWS;
}

static void compute(reference *r, bool again) {
    double x[ROWS * IN], w[IN * OUT], sums[ROWS * OUT];
    memcpy(x, r->x, sizeof x);
    round_all(x, ROWS * IN, range_of(r->x, ROWS * IN), again, r->x_offset, r->x_clipped, r->x_end);
    multiply(x, r->w, sums);
    for (int i = 0; i < IN * OUT; i++)
        w[i] = r->w[i] * r->gamma[i % OUT] / sqrt(r->variance[i % OUT] + r->epsilon);
    round_weights(r, w, again);
    multiply(x, w, r->y);
    for (int o = 0; o < OUT; o++) {
        double mean, variance;
        statistics_of(r, sums, o, &mean, &variance);
        const double s = sqrt(variance + r->epsilon), moving = sqrt(r->variance[o] + r->epsilon);
        for (int n = 0; n < ROWS; n++) {
            double *y = &r->y[n * OUT + o];
            *y = *y * moving / s + r->beta[o] + (r->b[o] - mean) * r->gamma[o] / s;
            *y = fmax(*y, 0);
        }
    }
    round_all(r->y, ROWS * OUT, range_of(r->y, ROWS * OUT), again, r->y_offset, r->y_clipped,
              r->y_end);
}

/* The loss of `answer`. */
static double loss_of(const double *y) {
    double sum = 0;
    for (int i = 0; i < ROWS * OUT; i++) sum += (y[i] + .3) * (y[i] + .3) * y[i];
    return sum / (ROWS * OUT);
}

static void read_into(const trial *t, const char *name, double *to, int count) {
    for (int i = 0; i < count; i++) to[i] = value_of(t, name, i);
}

static reference reference_of(const trial *t, bool batch) {
    reference r = {.epsilon = 1e-3, .batch = batch};
    tare_array *x = inputs_of(t, 7);
    for (int i = 0; i < ROWS * IN; i++) r.x[i] = tare_array_number(x, i);
    tare_array_free(x);
    read_into(t, "dense/kernel", r.w, IN * OUT);
    read_into(t, "dense/bias", r.b, OUT);
    read_into(t, "batch_normalization/gamma", r.gamma, OUT);
    read_into(t, "batch_normalization/beta", r.beta, OUT);
    read_into(t, "batch_normalization/moving_mean", r.mean, OUT);
    read_into(t, "batch_normalization/moving_variance", r.variance, OUT);
    return r;
}

static trial build_reference(void) {
    trial t = begin(TARE_SHAPE(TARE_ANY, IN));
    const tare_tensor sums = tare_dense(t.network.inputs, OUT);
    answer(&t, tare_relu(tare_batch_norm(sums, .training = t.network.training)));
    tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
    options.freeze_delay = 1;
    quantise(&t, &options);
    return t;
}

/* Both phases of training, and inference after the ranges were learnt. */
static void answers_are_the_reference_by_hand(void **state) {
    (void)state;
    trial t = build_reference();
    open(&t);
    for (int phase = 0; phase < 3; phase++) { /* training, frozen, inference */
        set_step(&t, phase > 0);
        if (phase == 2) run_updates(&t); /* one batch's ranges: its own */
        reference r = reference_of(&t, phase == 0);
        compute(&r, false);
        tare_array *y = fetch_one(&t, phase < 2, t.network.logits);
        double least = INFINITY;
        for (int i = 0; i < ROWS * OUT; i++) {
            if (!(fabs(tare_array_number(y, i) - r.y[i]) <= SPREAD))
                fail_msg("phase %d, number %d: got %.17g, want %.17g", phase, i,
                         tare_array_number(y, i), r.y[i]);
            least = fmin(least, r.y[i]);
        }
        assert_true(least == 0); /* the rectifier has something to do */
        tare_array_free(y);
    }
    end(&t);
}

/* The straight line that the gradient takes rounding for, by central differences. */
static void check_gradient(const trial *t, tare_tensor gradient, reference *r, double *numbers,
                           int count, const char *what) {
    tare_array *got = fetch_one(t, true, gradient);
    assert_int_equal(tare_array_count(got), count);
    for (int i = 0; i < count; i++) {
        const double h = 1e-6, at = numbers[i];
        numbers[i] = at + h;
        compute(r, true);
        const double above = loss_of(r->y);
        numbers[i] = at - h;
        compute(r, true);
        const double below = loss_of(r->y);
        numbers[i] = at;
        const double want = (above - below) / (2 * h);
        if (!(fabs(tare_array_number(got, i) - want) <= 1e-8 * (1 + fabs(want))))
            fail_msg("%s %d: got %.12g, want %.12g", what, i, tare_array_number(got, i), want);
    }
    tare_array_free(got);
}

static void gradients_pass_straight_through_rounding(void **state) {
    (void)state;
    trial t = build_reference();
    static const char *const names[] = {"dense/kernel", "dense/bias", "batch_normalization/gamma",
                                        "batch_normalization/beta"};
    tare_tensor leaves[5] = {t.network.inputs}, gradients[5];
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s:0", names[i]);
        leaves[i + 1] = tare_tensor_named(t.graph, name);
    }
    if (tare_gradients(&t.network.loss, 1, leaves, 5, NULL, gradients))
        fail_msg("%s", tare_message(t.graph));
    open(&t);
    for (int phase = 0; phase < 2; phase++) {
        set_step(&t, phase);
        reference r = reference_of(&t, phase == 0);
        compute(&r, false);
        check_gradient(&t, gradients[0], &r, r.x, ROWS * IN, "x");
        check_gradient(&t, gradients[1], &r, r.w, IN * OUT, names[0]);
        check_gradient(&t, gradients[2], &r, r.b, OUT, names[1]);
        check_gradient(&t, gradients[3], &r, r.gamma, OUT, names[2]);
        check_gradient(&t, gradients[4], &r, r.beta, OUT, names[3]);
    }
    end(&t);
}

/* ------------------------------------------------------------------------------------- refusals */

static void refuses(trial *t, const tare_quantise_training_options *options, const char *part) {
    tare_error error = {0};
    const tare_network before = t->network;
    const int64_t variables = (int64_t)tare_collection_count(t->graph, TARE_GLOBAL_VARIABLES, NULL);
    assert_int_not_equal(tare_quantise_training_with(&t->network, options, &error), TARE_OK);
    if (!strstr(error.message, part)) fail_msg("'%s' lacks '%s'", error.message, part);
    assert_memory_equal(&before, &t->network, sizeof before);
    assert_int_equal(tare_collection_count(t->graph, TARE_GLOBAL_VARIABLES, NULL), variables);
    assert_int_equal(tare_graph_status(t->graph), TARE_OK);
}

static void options_out_of_range_are_refused(void **state) {
    (void)state;
    static const struct {
        int64_t weight_bits, activation_bits, delay, freeze_delay;
        double decay;
        const char *part;
    } cases[] = {
        {1, 8, 0, 0, .9, "'weight_bits': got 1 bits; needs 2 to 16, or 0"},
        {17, 8, 0, 0, .9, "'weight_bits': got 17 bits"},
        {8, -8, 0, 0, .9, "'activation_bits': got -8 bits"},
        {8, 8, -1, 0, .9, "'delay': got -1 steps; needs 0 or more"},
        {8, 8, 0, -2, .9, "'freeze_delay': got -2 steps; needs 0 or more"},
        {8, 8, 0, 0, 1, "'decay': got another number; needs 0 to below 1"},
        {8, 8, 0, 0, NAN, "'decay': got another number"},
    };
    trial t = begin(TARE_SHAPE(TARE_ANY, 3));
    answer(&t, tare_dense(t.network.inputs, 2));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
        options.weight_bits = cases[i].weight_bits;
        options.activation_bits = cases[i].activation_bits;
        options.delay = cases[i].delay;
        options.freeze_delay = cases[i].freeze_delay;
        options.decay = cases[i].decay;
        refuses(&t, &options, cases[i].part);
    }
    quantise(&t, NULL); /* nothing is left behind */
    refuses(&t, NULL, "got a network that is quantised already");
    assert_int_equal(tare_quantise_training_with(NULL, NULL, NULL), TARE_ERROR_ARGUMENT);
    end(&t);
}

static void a_training_step_that_is_built_already_is_refused(void **state) {
    (void)state;
    trial t = begin(TARE_SHAPE(TARE_ANY, 3));
    answer(&t, tare_dense(t.network.inputs, 2));
    t.network.train =
        tare_minimize(tare_gradient_descent(t.graph, .learning_rate = tare_number(.1)),
                      t.network.loss, .name = "train");
    refuses(&t, NULL, "'train': got a training step, whose gradients are those of the network");
    end(&t);
}

static void networks_that_do_not_fold_are_refused(void **state) {
    (void)state;
    for (int which = 0; which < 6; which++) {
        static const char *const parts[] = {
            "got no product on the way to the answer",
            "got what it normalises, 'Relu', is no product",
            "got a normalisation before its product",
            "got fake quantisation on the way to the answer",
            "got 'dense/MatMul' is read elsewhere too, as it is",
            "got something between the normalisation and its product",
        };
        trial t = begin(TARE_SHAPE(TARE_ANY, 3));
        const tare_tensor x = t.network.inputs, mode = t.network.training;
        if (which == 0) answer(&t, tare_relu(x));
        if (which == 1) answer(&t, tare_batch_norm(tare_relu(tare_dense(x, 2)), .training = mode));
        if (which == 2) answer(&t, tare_dense(tare_batch_norm(x, .training = mode), 2));
        if (which == 3)
            answer(&t, tare_dense(tare_fake_quant_with_min_max_args(x, .min = -1, .max = 1), 2));
        if (which == 4) {
            const tare_tensor y = tare_dense(x, 2, .use_bias = false);
            answer(&t, tare_add(y, tare_batch_norm(y, .training = mode)));
        }
        if (which == 5) {
            const tare_tensor factor =
                tare_get_variable(t.graph, "factor", TARE_SHAPE(2), .dtype = TARE_FLOAT64);
            const tare_tensor y = tare_mul(tare_dense(x, 2), factor);
            answer(&t, tare_batch_norm(y, .training = mode));
        }
        refuses(&t, NULL, parts[which]);
        end(&t);
    }
}

static void ranges_of_a_network_that_is_not_quantised_are_refused(void **state) {
    (void)state;
    tare_error error = {0};
    trial t = begin(TARE_SHAPE(TARE_ANY, 3));
    answer(&t, tare_dense(t.network.inputs, 2));
    open(&t);
    assert_int_equal(tare_quantise_trained(t.session, &t.network, &error), TARE_ERROR_STATE);
    assert_non_null(strstr(error.message, "got a network that is not quantised"));
    assert_int_equal(tare_quantise_trained(NULL, &t.network, &error), TARE_ERROR_ARGUMENT);
    end(&t);
}

/* -------------------------------------------------------------------------------- where ranges are
 */

static bool has_range(const trial *t, const char *tensor) {
    double min, max;
    return tare_graph_range(t->graph, tensor, &min, &max);
}

/* Every tensor that an int8 model holds has a range after a step, and the others have none. */
static void ranges_are_where_int8_wants_them(void **state) {
    (void)state;
    trial t = begin(TARE_SHAPE(TARE_ANY, 8, 8, 2));
    tare_tensor x = tare_relu(tare_batch_norm(tare_conv2d(t.network.inputs, 4, TARE_LIST(3)),
                                              .training = t.network.training));
    x = tare_max_pooling2d(x, TARE_LIST(2), TARE_LIST(2));
    const tare_tensor side = tare_relu6(
        tare_batch_norm(tare_depthwise_conv2d(x, TARE_LIST(3), .padding = TARE_PADDING_SAME),
                        .training = t.network.training));
    x = tare_relu(tare_add(x, side, .name = "sum"));
    const tare_tensor both[] = {tare_conv2d(x, 2, TARE_LIST(1)), tare_conv2d(x, 3, TARE_LIST(1))};
    x = tare_concat(both, 2, -1);
    x = tare_average_pooling2d(x, TARE_LIST(3), TARE_LIST(3));
    x = tare_sigmoid(tare_dense(tare_flatten(x), 3));
    answer(&t, x);
    quantise(&t, NULL);
    open(&t);
    const size_t updates = tare_collection_count(t.graph, TARE_UPDATE_OPS, NULL);
    for (size_t i = 0; i < updates; i++)
        tare_array_free(
            fetch_one(&t, true, tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, i)));
    assert_int_equal(tare_quantise_trained(t.session, &t.network, NULL), TARE_OK);
    assert_int_equal(t.network.logits.node, t.before.logits.node);
    static const char *const ranged[] = {"x:0",
                                         "Relu:0",
                                         "max_pooling2d/MaxPool:0",
                                         "Relu6:0",
                                         "Relu_1:0",
                                         "concat:0",
                                         "conv2d_1/BiasAdd:0",
                                         "conv2d_2/BiasAdd:0",
                                         "average_pooling2d/AvgPool:0",
                                         "flatten/Reshape:0",
                                         "dense/BiasAdd:0",
                                         "Sigmoid:0"};
    for (size_t i = 0; i < sizeof ranged / sizeof *ranged; i++)
        if (!has_range(&t, ranged[i])) fail_msg("no range for %s", ranged[i]);
    static const char *const bare[] = {"conv2d/Conv2D:0", "conv2d/BiasAdd:0", "dense/MatMul:0",
                                       "sum:0"};
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++)
        if (has_range(&t, bare[i])) fail_msg("a range for %s", bare[i]);
    double ends[2][2];
    assert_true(tare_graph_range(t.graph, "Sigmoid:0", &ends[0][0], &ends[0][1]));
    assert_true(ends[0][0] == 0 && ends[0][1] == 255. / 256);
    assert_true(tare_graph_range(t.graph, "concat:0", &ends[0][0], &ends[0][1]));
    assert_true(tare_graph_range(t.graph, "conv2d_2/BiasAdd:0", &ends[1][0], &ends[1][1]));
    assert_memory_equal(ends[0], ends[1], sizeof ends[0]);
    end(&t);
}

/* --------------------------------------------------------------------------------------- memory */

static void no_memory_leaves_a_graph_that_can_be_freed(void **state) {
    (void)state;
    failing_allocator memory;
    const way w = {&forms[0], .biased = true};
    int64_t calls = 0, done = 0;
    for (int64_t fail_at = 0; fail_at <= calls; fail_at++) {
        trial t = begin_with(TARE_FLOAT64, w.form->x, failing_allocator_start(&memory, 0));
        answer(&t, tare_relu(tare_batch_norm(tare_dense(t.network.inputs, 2),
                                             .training = t.network.training)));
        const int64_t before = memory.calls;
        if (fail_at > 0) memory.fail_at = before + fail_at;
        const tare_status status = tare_quantise_training_with(&t.network, NULL, NULL);
        if (fail_at == 0) calls = memory.calls - before;
        if (fail_at == 0) assert_int_equal(status, TARE_OK);
        done += status == TARE_OK;
        if (status) assert_int_equal(status, TARE_ERROR_MEMORY);
        end(&t);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_true(calls > 5 && done < calls);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_bits_every_product_is_as_it_was),
        cmocka_unit_test(before_the_delay_every_product_is_as_it_was),
        cmocka_unit_test(the_delay_ends),
        cmocka_unit_test(frozen_statistics_are_those_of_inference),
        cmocka_unit_test(statistics_move_as_before_until_they_are_frozen),
        cmocka_unit_test(ranges_are_debiased_moving_averages),
        cmocka_unit_test(answers_are_the_reference_by_hand),
        cmocka_unit_test(gradients_pass_straight_through_rounding),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(a_training_step_that_is_built_already_is_refused),
        cmocka_unit_test(networks_that_do_not_fold_are_refused),
        cmocka_unit_test(ranges_of_a_network_that_is_not_quantised_are_refused),
        cmocka_unit_test(ranges_are_where_int8_wants_them),
        cmocka_unit_test(no_memory_leaves_a_graph_that_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
