/* SPDX-License-Identifier: Apache-2.0 */
/* Layer, group and instance normalisation: numbers, names, gradients, refusals. */
#include "difference_trial.h"

#include "failing_build.h"

/* Any of the layers with fixed options. */
typedef tare_tensor (*layer)(tare_tensor x);

static tare_tensor layer_of_channels(tare_tensor x) { return tare_layer_norm(x); }
static tare_tensor layer_of_two_axes(tare_tensor x) {
    return tare_layer_norm(x, .axis = TARE_LIST(1, 3));
}
static tare_tensor slim_layer(tare_tensor x) { return tare_slim_layer_norm(x); }
static tare_tensor slim_layer_from_axis_2(tare_tensor x) {
    return tare_slim_layer_norm(x, .begin_norm_axis = 2, .begin_params_axis = 1);
}
static tare_tensor group(tare_tensor x) { return tare_group_norm(x, .groups = 2); }
static tare_tensor group_first(tare_tensor x) {
    return tare_group_norm(x, .groups = 2, .channels_axis = -3,
                           .reduction_axes = TARE_LIST(-2, -1));
}
static tare_tensor instance(tare_tensor x) { return tare_instance_norm(x); }
static tare_tensor instance_first(tare_tensor x) {
    return tare_instance_norm(x, .data_format = TARE_NCHW);
}
static tare_tensor bare_layer(tare_tensor x) {
    return tare_layer_norm(x, .center = false, .scale = false);
}
static tare_tensor bare_group(tare_tensor x) {
    return tare_group_norm(x, .groups = 2, .center = false, .scale = false);
}

/* A graph with one layer and its numbers. */
typedef struct trial {
    tare_graph *graph;
    tare_tensor x, y;
    tare_session *session;
    tare_array *fed, *result;
} trial;

static void start(trial *t, layer build, tare_dtype dtype, tare_shape shape, bool known) {
    *t = (trial){.graph = tare_graph_new()};
    tare_shape declared = shape;
    if (!known) declared.extents[0] = TARE_ANY;
    t->x = tare_placeholder(t->graph, dtype, declared);
    t->y = build(t->x);
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 1), TARE_OK);
    if (tare_session_initialize(t->session)) fail_msg("%s", tare_session_message(t->session));
    assert_int_equal(tare_array_new(dtype, shape, NULL, &t->fed), TARE_OK);
}

/* Gamma and beta count up in quarters from -1/2. */
static void count_up(trial *t) {
    for (size_t i = 0; i < tare_collection_count(t->graph, TARE_GLOBAL_VARIABLES, NULL); i++) {
        const tare_tensor v = tare_collection_item(t->graph, TARE_GLOBAL_VARIABLES, NULL, i);
        tare_array *value = NULL;
        assert_int_equal(tare_array_new(tare_tensor_dtype(v), tare_tensor_shape(v), NULL, &value),
                         TARE_OK);
        for (int64_t k = 0; k < tare_array_count(value); k++)
            tare_array_set_number(value, k, (double)k / 4 - .5);
        assert_int_equal(tare_session_set(t->session, tare_tensor_name(v), value), TARE_OK);
        tare_array_free(value);
    }
}

static void run(trial *t) {
    const tare_feed feed = {t->x, t->fed};
    if (tare_session_run(t->session, &feed, 1, &t->y, 1, &t->result))
        fail_msg("%s", tare_session_message(t->session));
}

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_array_free(t->fed);
}

/* ------------------------------------------------------------------------ TensorFlow's numbers */

/*
 * Of x = (7 i mod 11) / 2 - 2 in the shape [2, 2, 2, 4] and gamma and beta that count up: the first
 * eight numbers of the result. Computed by TensorFlow 2.15.1 in its version-1 mode: tf_slim 1.1.0's
 * layers, which are those of tf.contrib, and tf.keras.layers.LayerNormalization.
 */
static const struct {
    const char *what;
    layer build;
    double y[8];
} tensorflow[] = {
    {"layer_norm",
     layer_of_channels,
     {0.156441689, -0.38128835, 0, 0.578220844, -0.599968016, 0.0998880565, 0, 0.200015992}},
    {"layer_norm, axis 1, 3",
     layer_of_two_axes,
     {0.0750644207, -0.450401247, 0, 0.659515619, -0.5, 0.142111629, 0, 0.151972085}},
    {"slim_layer_norm",
     slim_layer,
     {0.278990209, -0.399066031, 0, 0.629877925, -0.644257426, -0.0143795013, 0, 0.24519141}},
    {"slim_layer_norm from axes 2 and 1",
     slim_layer_from_axis_2,
     {0.312514424, -0.385419071, 0, 0.617566049, 0.616073489, -0.00447767973, 2.16073489,
      1.15327215}},
    {"group_norm",
     group,
     {0.23156333, -0.486682266, 0, 0.555975497, -0.80123198, -0.0563508868, 0, 0.1850961}},
    {"group_norm, channels first",
     group_first,
     {0.312514275, -0.770838082, -0.151779592, -1.23513198, -0.616073489, 0.00298503041,
      -1.08036733, -0.461308837}},
    {"instance_norm",
     instance,
     {0.075396359, -0.44611606, 0, 0.583384573, -0.910997391, 0.0441741198, 0, 0.232453436}},
    {"instance_norm, channels first",
     instance_first,
     {0.312514275, -0.770838082, -0.151779592, -1.23513198, -0.616073489, 0.00298503041,
      -1.08036733, -0.461308837}},
};

static void numbers_are_tensorflows(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof tensorflow / sizeof *tensorflow; k++) {
        trial t;
        start(&t, tensorflow[k].build, TARE_FLOAT32, TARE_SHAPE(2, 2, 2, 4), k % 2 == 0);
        for (int i = 0; i < 32; i++) tare_array_set_number(t.fed, i, 7 * i % 11 / 2. - 2);
        count_up(&t);
        run(&t);
        for (int i = 0; i < 8; i++) {
            const double got = tare_array_number(t.result, i), want = tensorflow[k].y[i];
            if (!(fabs(got - want) <= 1e-6 * (1 + fabs(want))))
                fail_msg("%s [%d]: got %.9g, TensorFlow has %.9g", tensorflow[k].what, i, got,
                         want);
        }
        end(&t);
    }
}

/* ------------------------------------------------------------------------------- in float64 */

/* Which numbers go together: those of the same value of part(); and the place of gamma and beta. */
typedef struct reference {
    layer build;
    tare_shape shape;
    double epsilon;
    int64_t (*part)(const int64_t *at, const int64_t *extents);
    int64_t (*parameter)(const int64_t *at, const int64_t *extents);
} reference;

enum { MOST = 2048 };

static int64_t by_place(const int64_t *at, const int64_t *e) {
    return (at[0] * e[1] + at[1]) * e[2] + at[2];
}
static int64_t by_sample(const int64_t *at, const int64_t *e) { return e ? at[0] : 0; }
static int64_t by_sample_and_row(const int64_t *at, const int64_t *e) {
    return at[0] * e[1] + at[1];
}
static int64_t by_sample_and_column(const int64_t *at, const int64_t *e) {
    return at[0] * e[2] + at[2];
}
static int64_t by_half_of_channels(const int64_t *at, const int64_t *e) {
    return at[0] * 2 + at[3] / (e[3] / 2);
}
static int64_t by_half_of_rows(const int64_t *at, const int64_t *e) {
    return at[0] * 2 + at[1] / (e[1] / 2);
}
static int64_t by_channel_of_sample(const int64_t *at, const int64_t *e) {
    return at[0] * e[3] + at[3];
}
static int64_t of_channel(const int64_t *at, const int64_t *e) { return e ? at[3] : 0; }
static int64_t of_row(const int64_t *at, const int64_t *e) { return e ? at[1] : 0; }
static int64_t of_row_and_channel(const int64_t *at, const int64_t *e) {
    return at[1] * e[3] + at[3];
}
static int64_t of_row_to_channel(const int64_t *at, const int64_t *e) {
    return (at[1] * e[2] + at[2]) * e[3] + at[3];
}

static void place_of(int64_t i, const int64_t *extents, int64_t *at) {
    for (int axis = 3; axis >= 0; axis--) {
        at[axis] = i % extents[axis];
        i /= extents[axis];
    }
}

/* y by the definition, in long double. */
static void normalise(const reference *r, const tare_array *x, long double *y) {
    static long double sum[MOST], squares[MOST], count[MOST];
    const int64_t *e = r->shape.extents, n = tare_array_count(x);
    int64_t at[4];
    assert_true(n <= MOST);
    for (int i = 0; i < MOST; i++) sum[i] = squares[i] = count[i] = 0;
    for (int64_t i = 0; i < n; i++) {
        place_of(i, e, at);
        sum[r->part(at, e)] += (long double)tare_array_number(x, i);
        count[r->part(at, e)] += 1;
    }
    for (int64_t i = 0; i < n; i++) {
        place_of(i, e, at);
        const int64_t p = r->part(at, e);
        const long double d = (long double)tare_array_number(x, i) - sum[p] / count[p];
        squares[p] += d * d;
    }
    for (int64_t i = 0; i < n; i++) {
        place_of(i, e, at);
        const int64_t p = r->part(at, e);
        const long double d = (long double)tare_array_number(x, i) - sum[p] / count[p];
        const long double parameter = (long double)r->parameter(at, e) / 4 - .5L;
        y[i] = d / sqrtl(squares[p] / count[p] + (long double)r->epsilon) * parameter + parameter;
    }
}

/* Numbers of deviation 1 about `middle`, exact in float32. */
static void fill(tare_array *array, double middle) {
    uint64_t state = 5;
    for (int64_t i = 0; i < tare_array_count(array); i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const double unit = (double)(state >> 44) / 1048576.0 - .5;
        tare_array_set_number(array, i, (double)(float)(middle + 3.46 * unit));
    }
}

static const reference references[] = {
    {layer_of_channels, {4, {3, 2, 5, 7}}, 1e-3, by_place, of_channel},
    {layer_of_channels, {4, {2, 1, 9, 1}}, 1e-3, by_place, of_channel},
    {layer_of_two_axes, {4, {3, 3, 5, 4}}, 1e-3, by_sample_and_column, of_row_and_channel},
    {slim_layer, {4, {3, 5, 3, 6}}, 1e-12, by_sample, of_channel},
    {slim_layer, {4, {2, 8, 8, 12}}, 1e-12, by_sample, of_channel},
    {slim_layer_from_axis_2, {4, {3, 2, 5, 3}}, 1e-12, by_sample_and_row, of_row_to_channel},
    {group, {4, {3, 5, 3, 8}}, 1e-6, by_half_of_channels, of_channel},
    {group, {4, {1, 7, 1, 2}}, 1e-6, by_half_of_channels, of_channel},
    {group_first, {4, {3, 8, 5, 3}}, 1e-6, by_half_of_rows, of_row},
    {instance, {4, {3, 5, 7, 4}}, 1e-6, by_channel_of_sample, of_channel},
    {instance, {4, {2, 9, 9, 3}}, 1e-6, by_channel_of_sample, of_channel},
    {instance_first, {4, {3, 4, 5, 7}}, 1e-6, by_sample_and_row, of_row},
};

static void check_reference(const reference *r, tare_dtype dtype, double middle, double tolerance) {
    static long double want[MOST];
    trial t;
    start(&t, r->build, dtype, r->shape, dtype == TARE_FLOAT32);
    fill(t.fed, middle);
    count_up(&t);
    run(&t);
    normalise(r, t.fed, want);
    for (int64_t i = 0; i < tare_array_count(t.result); i++) {
        const double got = tare_array_number(t.result, i), truth = (double)want[i];
        if (!(fabs(got - truth) <= tolerance * (1 + fabs(truth))))
            fail_msg("%s about %g, layer %d [%d]: got %.12g, wanted %.12g", tare_dtype_name(dtype),
                     middle, (int)(r - references), (int)i, got, truth);
    }
    end(&t);
}

/* Also where the mean is 10^4 deviations away, which rounding in float32 must survive. */
static void numbers_are_those_of_the_definition(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof references / sizeof *references; k++) {
        check_reference(&references[k], TARE_FLOAT64, .5, 1e-13);
        check_reference(&references[k], TARE_FLOAT32, .5, 1e-6);
        check_reference(&references[k], TARE_FLOAT32, 1e4, 1e-6);
    }
}

static void an_empty_batch_gives_an_empty_result(void **state) {
    (void)state;
    static const layer layers[] = {layer_of_channels, slim_layer, group, instance};
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++) {
        trial t;
        start(&t, layers[k], TARE_FLOAT32, TARE_SHAPE(0, 2, 3, 4), false);
        run(&t);
        assert_int_equal(tare_array_count(t.result), 0);
        assert_int_equal(tare_array_shape(t.result).extents[3], 4);
        end(&t);
    }
}

/* Rank 2 has no places: every number is its own mean. */
static void an_instance_of_one_number_becomes_beta(void **state) {
    (void)state;
    trial t;
    start(&t, instance, TARE_FLOAT32, TARE_SHAPE(2, 3), false);
    fill(t.fed, 1);
    count_up(&t);
    run(&t);
    for (int i = 0; i < 6; i++) assert_true(tare_array_number(t.result, i) == i % 3 / 4. - .5);
    end(&t);
}

static void extremes_of_groups_are_the_other_layers(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT64, TARE_SHAPE(3, 4, 4, 6));
    const tare_tensor ys[] = {tare_group_norm(x, .groups = 1),
                              tare_slim_layer_norm(x, .epsilon = 1e-6),
                              tare_group_norm(x, .groups = 6), tare_instance_norm(x)};
    tare_session *session = NULL;
    tare_array *fed = NULL, *results[4] = {NULL};
    assert_int_equal(tare_array_new(TARE_FLOAT64, TARE_SHAPE(3, 4, 4, 6), NULL, &fed), TARE_OK);
    fill(fed, 2);
    assert_int_equal(tare_session_new(graph, &session), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    const tare_feed feed = {x, fed};
    assert_int_equal(tare_session_run(session, &feed, 1, ys, 4, results), TARE_OK);
    for (int pair = 0; pair < 4; pair += 2)
        for (int64_t i = 0; i < tare_array_count(fed); i++)
            assert_true(fabs(tare_array_number(results[pair], i) -
                             tare_array_number(results[pair + 1], i)) <= 1e-14);
    tare_session_free(session);
    tare_graph_free(graph);
    tare_array_free(fed);
}

/* ----------------------------------------------------------------------------------- names */

static void check_names(tare_graph *graph, const char *collection, const char *const *names) {
    size_t count = 0;
    for (; names[count]; count++) {
        const tare_tensor item = tare_collection_item(graph, collection, NULL, count);
        if (!tare_tensor_is_valid(item)) fail_msg("%s lacks %s", collection, names[count]);
        assert_string_equal(tare_tensor_name(item), names[count]);
    }
    assert_int_equal(tare_collection_count(graph, collection, NULL), count);
}

static void names_are_tensorflows(void **state) {
    (void)state;
    static const char *const all[] = {"layer_normalization/gamma:0",
                                      "layer_normalization/beta:0",
                                      "LayerNorm/beta:0",
                                      "LayerNorm/gamma:0",
                                      "GroupNorm/beta:0",
                                      "GroupNorm/gamma:0",
                                      "InstanceNorm/beta:0",
                                      "InstanceNorm/gamma:0",
                                      "layer_normalization_1/beta:0",
                                      "GroupNorm_1/gamma:0",
                                      "mine/beta:0",
                                      "mine/gamma:0",
                                      NULL};
    static const char *const model[] = {"LayerNorm/beta:0",    "LayerNorm/gamma:0",
                                        "GroupNorm/beta:0",    "GroupNorm/gamma:0",
                                        "InstanceNorm/beta:0", "InstanceNorm/gamma:0",
                                        "GroupNorm_1/gamma:0", "mine/beta:0",
                                        "mine/gamma:0",        NULL};
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2, 2, 4));
    assert_string_equal(tare_tensor_name(tare_layer_norm(x)),
                        "layer_normalization/batchnorm/add_1:0");
    assert_string_equal(tare_tensor_name(tare_slim_layer_norm(x)), "LayerNorm/batchnorm/add_1:0");
    assert_string_equal(tare_tensor_name(group(x)), "GroupNorm/Reshape_2:0");
    assert_string_equal(tare_tensor_name(instance(x)), "InstanceNorm/instancenorm/add_1:0");
    tare_layer_norm(x, .scale = false);
    assert_string_equal(tare_tensor_name(tare_group_norm(x, .groups = 4, .center = false)),
                        "GroupNorm_1/Reshape_1:0");
    assert_string_equal(tare_tensor_name(tare_instance_norm(x, .scope = "mine",
                                                            .activation = TARE_ACTIVATION_RELU)),
                        "mine/Relu:0");
    tare_instance_norm(x, .scope = "mine", .reuse = TARE_REUSE_TRUE);
    check_names(g, TARE_GLOBAL_VARIABLES, all);
    check_names(g, TARE_TRAINABLE_VARIABLES, all);
    check_names(g, TARE_MODEL_VARIABLES, model);
    assert_int_equal(tare_collection_count(g, TARE_UPDATE_OPS, NULL), 0);
    tare_graph_free(g);
}

/* The tables say what the header says. */
static void defaults_are_those_of_their_sources(void **state) {
    (void)state;
    const tare_layer_norm_options keras = {TARE_LAYER_NORM_DEFAULTS};
    const tare_slim_layer_norm_options slim = {TARE_SLIM_LAYER_NORM_DEFAULTS};
    const tare_group_norm_options groups = {TARE_GROUP_NORM_DEFAULTS};
    const tare_instance_norm_options own = {TARE_INSTANCE_NORM_DEFAULTS};
    assert_true(keras.epsilon == 1e-3 && keras.axis.count == 1 && keras.axis.values[0] == -1);
    assert_true(slim.epsilon == 1e-12 && slim.begin_norm_axis == 1 && slim.begin_params_axis == -1);
    assert_true(groups.epsilon == 1e-6 && groups.groups == 32 && groups.channels_axis == -1);
    assert_true(groups.reduction_axes.values[0] == -3 && groups.reduction_axes.values[1] == -2);
    assert_true(own.epsilon == 1e-6 && own.data_format == TARE_NHWC && own.center && own.scale);
    static const char *const kinds[] = {"layer_norm", "slim_layer_norm", "group_norm",
                                        "instance_norm"};
    for (int k = 0; k < 4; k++) assert_non_null(tare_layer_option_table(kinds[k]));
}

static void penalties_and_constraints_reach_gamma_and_beta(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    tare_layer_norm(x, .gamma_regularizer = TARE_REGULARIZER(0, 1),
                    .beta_regularizer = TARE_REGULARIZER(1, 0), .trainable = false);
    assert_int_equal(tare_collection_count(g, TARE_REGULARIZATION_LOSSES, NULL), 2);
    assert_int_equal(tare_collection_count(g, TARE_TRAINABLE_VARIABLES, NULL), 0);
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------------- gradients */

static void gradients_are_true_to_the_second(void **state) {
    (void)state;
    static const struct {
        const char *what;
        layer build;
        tare_shape shape;
    } cases[] = {
        {"layer_norm", layer_of_channels, {2, {3, 4}}},
        {"layer_norm of two axes", layer_of_two_axes, {4, {2, 2, 2, 3}}},
        {"slim_layer_norm", slim_layer, {3, {2, 3, 2}}},
        {"group_norm", group, {4, {2, 1, 2, 4}}},
        {"group_norm, channels first", group_first, {4, {2, 4, 1, 2}}},
        {"instance_norm", instance, {4, {2, 2, 2, 2}}},
        {"instance_norm, channels first", instance_first, {4, {2, 2, 3, 1}}},
        {"instance_norm without places", instance, {2, {2, 3}}},
        {"layer_norm without gamma and beta", bare_layer, {2, {2, 3}}},
        {"group_norm without gamma and beta", bare_group, {4, {1, 2, 1, 4}}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        difference_trial t;
        difference_begin(&t);
        const tare_tensor x = difference_input(&t, cases[k].shape, .3, 1);
        difference_check(&t, cases[k].build(x), 2, cases[k].what);
    }
}

/* -------------------------------------------------------------------------------- refusals */

static void check_refusal(tare_tensor x, tare_tensor y, tare_status status, const char *sentence) {
    tare_graph *graph = x.graph;
    if (tare_tensor_is_valid(y)) fail_msg("accepted, wanted '%s'", sentence);
    if (tare_graph_status(graph) != status || !strstr(tare_message(graph), sentence))
        fail_msg("got %s \"%s\", wanted %s and '%s'", tare_status_name(tare_graph_status(graph)),
                 tare_message(graph), tare_status_name(status), sentence);
    assert_int_equal(tare_graph_size(graph), 1);
    assert_int_equal(tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL), 0);
}

#define REFUSED(call, shape, dtype, status, sentence, ...)                                         \
    do {                                                                                           \
        tare_graph *graph_ = tare_graph_new();                                                     \
        const tare_tensor x_ = tare_placeholder(graph_, dtype, shape);                             \
        check_refusal(x_, call(x_, __VA_ARGS__), status, sentence);                                \
        tare_graph_free(graph_);                                                                   \
    } while (0)
#define IMAGES TARE_SHAPE(TARE_ANY, 6, 6, 8)
#define F32    TARE_FLOAT32

static void what_layer_norm_cannot_take_is_refused(void **state) {
    (void)state;
    const tare_status argument = TARE_ERROR_ARGUMENT, shape = TARE_ERROR_SHAPE;
    REFUSED(tare_layer_norm, IMAGES, F32, argument,
            "layer_norm 'layer_normalization': got axis 4; needs an axis in -4..3, for rank 4",
            .axis = TARE_LIST(4));
    REFUSED(tare_layer_norm, IMAGES, F32, argument, "axes that differ", .axis = TARE_LIST(1, -3));
    REFUSED(tare_layer_norm, IMAGES, F32, argument, "no axis", .axis = TARE_NO_LIST);
    REFUSED(tare_layer_norm, IMAGES, F32, argument, "epsilon -1; needs epsilon of at least 0",
            .epsilon = -1);
    REFUSED(tare_layer_norm, IMAGES, F32, argument, "epsilon of at least 0",
            .epsilon = (double)NAN);
    REFUSED(tare_layer_norm, IMAGES, F32, shape, "axis 0; needs a known extent of that axis",
            .axis = TARE_LIST(0, 3));
    REFUSED(tare_layer_norm, TARE_SCALAR, F32, shape, "a rank of 1 to 8", .scale = true);
    REFUSED(tare_layer_norm, TARE_ANY_SHAPE, F32, shape, "a rank of 1 to 8", .scale = true);
    REFUSED(tare_layer_norm, IMAGES, TARE_INT32, TARE_ERROR_TYPE, "float32 or float64",
            .scale = true);
    REFUSED(tare_slim_layer_norm, IMAGES, F32, argument,
            "slim_layer_norm 'LayerNorm': got axis 4; needs an axis in -4..3",
            .begin_norm_axis = 4);
    REFUSED(tare_slim_layer_norm, IMAGES, F32, argument, "got axis -5", .begin_params_axis = -5);
    REFUSED(tare_slim_layer_norm, IMAGES, F32, shape, "axis 0; needs a known extent",
            .begin_params_axis = 0);
}

static void what_group_norm_cannot_take_is_refused(void **state) {
    (void)state;
    const tare_status argument = TARE_ERROR_ARGUMENT, shape = TARE_ERROR_SHAPE;
    REFUSED(tare_group_norm, IMAGES, F32, argument,
            "group_norm 'GroupNorm': got 32 groups of 8 channels; needs a number of groups that "
            "divides the channels",
            .scale = true);
    REFUSED(tare_group_norm, IMAGES, F32, argument, "3 groups of 8", .groups = 3);
    REFUSED(tare_group_norm, IMAGES, F32, argument, "0 groups of 8", .groups = 0);
    REFUSED(tare_group_norm, IMAGES, F32, argument, "axis 4;", .channels_axis = 4);
    REFUSED(tare_group_norm, IMAGES, F32, argument, "axis -5;", .groups = 2,
            .reduction_axes = TARE_LIST(-5));
    REFUSED(tare_group_norm, IMAGES, F32, argument,
            "the axis of the channels among the reduction axes", .groups = 2,
            .reduction_axes = TARE_LIST(1, 3));
    REFUSED(tare_group_norm, TARE_SHAPE(TARE_ANY, TARE_ANY, 6, 8), F32, shape,
            "one unknown extent at most", .groups = 2);
    REFUSED(tare_group_norm, TARE_SHAPE(2, 6, 6, TARE_ANY), F32, shape, "axis 3; needs a known",
            .groups = 2);
    REFUSED(tare_group_norm, TARE_SHAPE(1, 1, 1, 1, 1, 1, 1, 8), F32, shape, "rank 7 or less",
            .groups = 2);
    REFUSED(tare_group_norm, IMAGES, F32, argument, "epsilon -2;", .groups = 2, .epsilon = -2);
}

static void what_instance_norm_cannot_take_is_refused(void **state) {
    (void)state;
    REFUSED(tare_instance_norm, TARE_SHAPE(3), F32, TARE_ERROR_SHAPE,
            "instance_norm 'InstanceNorm': got an input of shape [3]; needs a rank of 2 to 8",
            .scale = true);
    REFUSED(tare_instance_norm, TARE_SHAPE(2, 6, 6, TARE_ANY), F32, TARE_ERROR_SHAPE,
            "axis 3; needs a known extent", .scale = true);
    REFUSED(tare_instance_norm, TARE_SHAPE(2, TARE_ANY, 6, 3), F32, TARE_ERROR_SHAPE,
            "axis 1; needs a known extent", .data_format = TARE_NCHW);
    REFUSED(tare_instance_norm, IMAGES, F32, TARE_ERROR_ARGUMENT, "TARE_NHWC or TARE_NCHW",
            .data_format = 2);
    REFUSED(tare_instance_norm, IMAGES, F32, TARE_ERROR_ARGUMENT, "epsilon -1;", .epsilon = -1);
    REFUSED(tare_instance_norm, IMAGES, F32, TARE_ERROR_ARGUMENT, "an activation that is none",
            .activation = 99);
}

static void null_tensors_are_passed_on(void **state) {
    (void)state;
    assert_false(tare_tensor_is_valid(tare_layer_norm(TARE_NULL)));
    assert_false(tare_tensor_is_valid(tare_slim_layer_norm(TARE_NULL)));
    assert_false(tare_tensor_is_valid(tare_group_norm(TARE_NULL)));
    assert_false(tare_tensor_is_valid(tare_instance_norm(TARE_NULL)));
}

static void build_everything(tare_graph *graph) {
    const tare_tensor x = tare_placeholder(graph, F32, TARE_SHAPE(TARE_ANY, 3, 3, 4));
    instance(slim_layer_from_axis_2(group(layer_of_two_axes(x))));
}

static void building_ends_in_a_status_whichever_allocation_fails(void **state) {
    (void)state;
    check_building_without_memory(build_everything);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_tensorflows),
        cmocka_unit_test(numbers_are_those_of_the_definition),
        cmocka_unit_test(an_empty_batch_gives_an_empty_result),
        cmocka_unit_test(an_instance_of_one_number_becomes_beta),
        cmocka_unit_test(extremes_of_groups_are_the_other_layers),
        cmocka_unit_test(names_are_tensorflows),
        cmocka_unit_test(defaults_are_those_of_their_sources),
        cmocka_unit_test(penalties_and_constraints_reach_gamma_and_beta),
        cmocka_unit_test(gradients_are_true_to_the_second),
        cmocka_unit_test(what_layer_norm_cannot_take_is_refused),
        cmocka_unit_test(what_group_norm_cannot_take_is_refused),
        cmocka_unit_test(what_instance_norm_cannot_take_is_refused),
        cmocka_unit_test(null_tensors_are_passed_on),
        cmocka_unit_test(building_ends_in_a_status_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
