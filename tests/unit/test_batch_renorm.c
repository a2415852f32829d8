/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch renormalisation, both of TensorFlow's formulas, over several steps against the formulas in
 * float64; gradients; names; refusals.
 */
#include "difference_trial.h"

enum { SAMPLES = 5, CHANNELS = 3, NUMBERS = SAMPLES * CHANNELS, STEPS = 4 };

static const double epsilon = .01, momentum = .9, renorm_momentum = .7;

typedef struct clipping {
    double rmin, rmax, dmax;
} clipping;

/* One channel's averages, and the formulas as they stand in TensorFlow's layer. */
typedef struct channel {
    double moving_mean, moving_variance, moving_stddev;
    double renorm_mean, renorm_stddev, mean_weight, stddev_weight;
} channel;

static channel channel_of(tare_renorm_formula formula) {
    if (formula == TARE_RENORM_R1_12) return (channel){.moving_variance = 1};
    return (channel){.moving_variance = 1, .moving_stddev = 1, .renorm_stddev = 1};
}

/* The share of the new value is a float32 number in TensorFlow whatever the variable is. */
static void average(double *variable, double value, double keep) {
    *variable -= (*variable - value) * (double)(float)(1 - keep);
}

static double clip(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

/* Averages after a step that saw these moments. */
static void update(channel *c, tare_renorm_formula formula, double mean, double stddev) {
    average(&c->renorm_mean, mean, renorm_momentum);
    average(&c->renorm_stddev, stddev, renorm_momentum);
    if (formula == TARE_RENORM_R1_15) {
        average(&c->moving_mean, mean, momentum);
        average(&c->moving_stddev, stddev, momentum);
        const double left = c->moving_stddev * c->moving_stddev - epsilon;
        c->moving_variance = left > 0 ? left : 0;
        return;
    }
    average(&c->mean_weight, 1, renorm_momentum);
    average(&c->stddev_weight, 1, renorm_momentum);
    const double debiased = c->renorm_stddev / c->stddev_weight;
    average(&c->moving_mean, c->renorm_mean / c->mean_weight, momentum);
    average(&c->moving_variance, debiased * debiased - epsilon, momentum);
}

/* The channel's numbers of y in training, and its averages thereafter. */
static void step(channel *c, tare_renorm_formula formula, clipping clips, const double *x,
                 double *y) {
    double mean = 0, variance = 0;
    for (int i = 0; i < SAMPLES; i++) mean += x[i] / SAMPLES;
    for (int i = 0; i < SAMPLES; i++) variance += (x[i] - mean) * (x[i] - mean) / SAMPLES;
    const double stddev = sqrt(variance + epsilon);
    double by_mean = c->renorm_mean, by_stddev = fmax(c->renorm_stddev, sqrt(epsilon));
    if (formula == TARE_RENORM_R1_12) {
        by_mean = c->renorm_mean + (1 - c->mean_weight) * mean;
        by_stddev = c->renorm_stddev + (1 - c->stddev_weight) * stddev;
    }
    const double r = clip(stddev / by_stddev, clips.rmin, clips.rmax);
    const double d = clip((mean - by_mean) / by_stddev, -clips.dmax, clips.dmax);
    for (int i = 0; i < SAMPLES; i++) y[i] = (x[i] - mean) / stddev * r + d;
    update(c, formula, mean, stddev);
}

/* ------------------------------------------------------------------------------ a layer */

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, training, y;
    tare_array *fed, *yes, *no;
    double tolerance;
} trial;

/* asked: a run says whether it trains; else it always does. */
static void start(trial *t, tare_renorm_formula formula, clipping clips, tare_dtype dtype,
                  bool asked) {
    *t = (trial){.graph = tare_graph_new(),
                 .yes = tare_array_bool(true),
                 .no = tare_array_bool(false),
                 .tolerance = dtype == TARE_FLOAT32 ? 2e-6 : 1e-13};
    t->x = tare_placeholder(t->graph, dtype, TARE_SHAPE(TARE_ANY, CHANNELS));
    t->training = asked ? tare_placeholder(t->graph, TARE_BOOL, TARE_SCALAR) : TARE_TRUE;
    t->y = tare_batch_norm(t->x, .training = t->training, .renorm = true, .epsilon = epsilon,
                           .momentum = momentum, .renorm_momentum = renorm_momentum,
                           .renorm_formula = (int)formula, .renorm_rmin = clips.rmin,
                           .renorm_rmax = clips.rmax, .renorm_dmax = clips.dmax, .name = "bn");
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
    assert_int_equal(tare_array_new(dtype, TARE_SHAPE(SAMPLES, CHANNELS), NULL, &t->fed), TARE_OK);
}

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_array_free(t->fed);
    tare_array_free(t->yes);
    tare_array_free(t->no);
}

/* Numbers of a step: around s in channel 0, ever wider in channel 1, narrow and apart in 2. */
static void fill(trial *t, int s) {
    uint64_t state = 77 + (uint64_t)s;
    for (int i = 0; i < NUMBERS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const double unit = (double)(state >> 44) / 524288.0 - 1;
        const double x = i % 3 == 0 ? s + unit : i % 3 == 1 ? (s + 1) * unit : 2 + unit / 2;
        tare_array_set_number(t->fed, i, (double)(float)x);
    }
}

static void check(const trial *t, double got, double want, const char *what, int s) {
    if (!(fabs(got - want) <= t->tolerance * (1 + fabs(want))))
        fail_msg("step %d, %s: got %.12g, wanted %.12g", s, what, got, want);
}

static void check_y(trial *t, bool training, double (*want)[SAMPLES], int s) {
    const tare_feed feeds[] = {{t->x, t->fed}, {t->training, training ? t->yes : t->no}};
    tare_array *y = NULL;
    if (tare_session_run(t->session, feeds, t->training.graph ? 2 : 1, &t->y, 1, &y))
        fail_msg("%s", tare_session_message(t->session));
    for (int i = 0; i < NUMBERS; i++)
        check(t, tare_array_number(y, i), want[i % CHANNELS][i / CHANNELS], "y", s);
}

static void check_variable(trial *t, const char *name, int i, double want, int s) {
    tare_array *value = NULL;
    if (tare_session_get(t->session, name, &value))
        fail_msg("%s", tare_session_message(t->session));
    check(t, tare_array_number(value, i), want, name, s);
    tare_array_free(value);
}

static void check_averages(trial *t, tare_renorm_formula formula, const channel *c, int s) {
    for (int i = 0; i < CHANNELS; i++) {
        check_variable(t, "bn/moving_mean", i, c[i].moving_mean, s);
        check_variable(t, "bn/moving_variance", i, c[i].moving_variance, s);
        check_variable(t, "bn/renorm_mean", i, c[i].renorm_mean, s);
        check_variable(t, "bn/renorm_stddev", i, c[i].renorm_stddev, s);
        if (formula == TARE_RENORM_R1_15)
            check_variable(t, "bn/moving_stddev", i, c[i].moving_stddev, s);
    }
    if (formula == TARE_RENORM_R1_15) return;
    check_variable(t, "bn/renorm_mean_weight", 0, c[0].mean_weight, s);
    check_variable(t, "bn/renorm_stddev_weight", 0, c[0].stddev_weight, s);
}

static void run_updates(trial *t, bool training) {
    const tare_feed feeds[] = {{t->x, t->fed}, {t->training, training ? t->yes : t->no}};
    if (tare_session_run_collection(t->session, feeds, t->training.graph ? 2 : 1, TARE_UPDATE_OPS))
        fail_msg("%s", tare_session_message(t->session));
}

static void follow(tare_renorm_formula formula, clipping clips, tare_dtype dtype, bool asked) {
    channel channels[CHANNELS];
    double x[CHANNELS][SAMPLES], y[CHANNELS][SAMPLES];
    trial t;
    start(&t, formula, clips, dtype, asked);
    for (int c = 0; c < CHANNELS; c++) channels[c] = channel_of(formula);
    for (int s = 0; s < STEPS; s++) {
        fill(&t, s);
        if (asked) run_updates(&t, false); /* writes nothing */
        for (int i = 0; i < NUMBERS; i++)
            x[i % CHANNELS][i / CHANNELS] = tare_array_number(t.fed, i);
        for (int c = 0; c < CHANNELS; c++) step(&channels[c], formula, clips, x[c], y[c]);
        check_y(&t, true, y, s);
        run_updates(&t, true);
        check_averages(&t, formula, channels, s);
    }
    for (int c = 0; c < CHANNELS; c++)
        for (int i = 0; i < SAMPLES; i++)
            y[c][i] =
                (x[c][i] - channels[c].moving_mean) / sqrt(channels[c].moving_variance + epsilon);
    if (asked) check_y(&t, false, y, STEPS);
    end(&t);
}

static void both_formulas_are_followed_step_by_step(void **state) {
    (void)state;
    static const clipping clippings[] = {{0, (double)INFINITY, (double)INFINITY}, {.5, 1.5, .25}};
    for (int k = 0; k < 16; k++)
        follow(k & 1 ? TARE_RENORM_R1_12 : TARE_RENORM_R1_15, clippings[k >> 1 & 1],
               k & 4 ? TARE_FLOAT64 : TARE_FLOAT32, (k & 8) != 0);
}

/* What tells the two apart: without weights behind it the batch normalises itself. */
static void the_first_batch_corrects_nothing_where_averages_have_weights(void **state) {
    (void)state;
    for (int formula = TARE_RENORM_R1_15; formula <= TARE_RENORM_R1_12; formula++) {
        trial t;
        const clipping none = {0, (double)INFINITY, (double)INFINITY};
        start(&t, (tare_renorm_formula)formula, none, TARE_FLOAT64, false);
        fill(&t, 0);
        const tare_feed feed = {t.x, t.fed};
        tare_array *y = NULL;
        assert_int_equal(tare_session_run(t.session, &feed, 1, &t.y, 1, &y), TARE_OK);
        double mean = 0;
        for (int i = 2; i < NUMBERS; i += 3) mean += tare_array_number(y, i) / SAMPLES;
        if (formula == TARE_RENORM_R1_12)
            assert_true(fabs(mean) < 1e-12);
        else
            assert_true(mean > 1);
        end(&t);
    }
}

/* ---------------------------------------------------------------------------------- names */

static void each_formula_has_its_variables(void **state) {
    (void)state;
    static const char *const names[2][9] = {{"gamma", "beta", "moving_mean", "moving_variance",
                                             "moving_stddev", "renorm_mean", "renorm_stddev"},
                                            {"gamma", "beta", "moving_mean", "moving_variance",
                                             "renorm_mean", "renorm_mean_weight", "renorm_stddev",
                                             "renorm_stddev_weight"}};
    for (int formula = 0; formula < 2; formula++) {
        tare_graph *g = tare_graph_new();
        const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
        tare_batch_norm(x, .training = TARE_TRUE, .renorm = true, .renorm_formula = formula);
        size_t count = 0;
        for (; names[formula][count]; count++) {
            const tare_tensor v = tare_collection_item(g, TARE_GLOBAL_VARIABLES, NULL, count);
            const char *name = tare_tensor_name(v), *wanted = names[formula][count];
            const size_t scope = strlen("batch_normalization/");
            assert_memory_equal(name + scope, wanted, strlen(wanted));
            assert_string_equal(name + scope + strlen(wanted), ":0");
        }
        assert_int_equal(tare_collection_count(g, TARE_GLOBAL_VARIABLES, NULL), count);
        assert_int_equal(tare_collection_count(g, TARE_TRAINABLE_VARIABLES, NULL), 2);
        assert_int_equal(tare_collection_count(g, TARE_UPDATE_OPS, NULL), 2);
        tare_graph_free(g);
    }
}

static void slims_form_takes_either_formula(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    tare_slim_batch_norm(x, .renorm = true, .renorm_formula = TARE_RENORM_R1_12);
    assert_true(tare_tensor_is_valid(tare_tensor_named(g, "BatchNorm/renorm_mean_weight:0")));
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------------ gradients */

/* No gradient flows through r and d, which differences would see: so both are held at a bound. */
static void gradients_are_true_where_the_corrections_are_clipped(void **state) {
    (void)state;
    for (int formula = TARE_RENORM_R1_15; formula <= TARE_RENORM_R1_12; formula++) {
        difference_trial t;
        difference_begin(&t);
        const tare_tensor x = difference_input(&t, TARE_SHAPE(4, 2), 3, 1);
        const tare_tensor y =
            tare_batch_norm(x, .training = TARE_TRUE, .renorm = true, .renorm_rmin = 1.25,
                            .renorm_rmax = 1.25, .renorm_dmax = 0, .renorm_formula = formula);
        difference_check(&t, y, 2, "renorm");
    }
}

/* ------------------------------------------------------------------------------- refusals */

static void a_formula_that_is_none_is_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    assert_false(tare_tensor_is_valid(tare_batch_norm(x, .renorm = true, .renorm_formula = 7)));
    assert_string_equal(tare_message(g), "batch_norm 'batch_normalization': got another "
                                         "renorm_formula; needs a value of tare_renorm_formula");
    tare_graph_free(g);
}

/* Only the later formula begins at the root of the variance's first value. */
static void the_earlier_formula_takes_any_first_variance(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    const tare_tensor y = tare_batch_norm(x, .renorm = true, .renorm_formula = TARE_RENORM_R1_12,
                                          .moving_variance_initializer = TARE_RANDOM_UNIFORM(1, 2));
    assert_true(tare_tensor_is_valid(y));
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formulas_are_followed_step_by_step),
        cmocka_unit_test(the_first_batch_corrects_nothing_where_averages_have_weights),
        cmocka_unit_test(each_formula_has_its_variables),
        cmocka_unit_test(slims_form_takes_either_formula),
        cmocka_unit_test(gradients_are_true_where_the_corrections_are_clipped),
        cmocka_unit_test(a_formula_that_is_none_is_refused),
        cmocka_unit_test(the_earlier_formula_takes_any_first_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
