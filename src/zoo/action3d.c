/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classifier of short videos, written as TensorFlow-1 programs of its time were: weights by hand,
 * ops of tf.nn, and batch normalisation from primitives by one helper that serves ranks 2, 4 and 5.
 *
 *     conv 3x3x3 16; norm; relu; maximum pool 1x2x2     8 x 8 x 8 x 16
 *     conv 3x3x3 32; norm; relu; maximum pool 2x2x2     4 x 4 x 4 x 32
 *     mean over time                                    4 x 4 x 32
 *     conv 3x3 32; norm; relu; mean over the image     32
 *     dense 64; norm; relu; dense 4                     4
 *
 * The helper:
 *
 *     mean, variance = moments(x, all axes but the last)
 *     training:   averages.apply([mean, variance]), and the batch's moments after it
 *     inference:  the averages, which start at 0
 *     y = batch_normalization(x, mean, variance, beta, gamma, epsilon)
 *
 * `model` = linear is what motion must beat: a dense layer on the mean frame.
 *
 * With `norm` = layer the layer stands in its place, its averages starting at 0 too: the same
 * numbers.
 */
#include "zoo/classifier.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/op.h>
#include <tare/summary.h>

#define CLASSES 4

/* The values are indices into the words. */
enum { ACTION_BY_HAND, ACTION_LAYER, ACTION_NORMS };
#define ACTION_NORM_WORDS "by-hand,layer"
enum { ACTION_CONVOLUTION, ACTION_LINEAR, ACTION_MODELS };
#define ACTION_MODEL_WORDS "convolution,linear"

/* clang-format off */
#define TARE_ACTION3D_FIELDS(field)                                                               \
    field(choice, model, ACTION_CONVOLUTION, "convolution; or linear, of the mean frame")         \
    field(choice, norm, ACTION_BY_HAND, "batch normalisation: from primitives, or the layer")     \
    field(boolean, summaries, false, "scalars and a histogram for every variable")                \
    TARE_CLASSIFIER_FIELDS(field, .9, 1e-3, TARE_ZOO_ADAM, 5e-3, TARE_ZOO_COSINE)
/* clang-format on */
TARE_OPTIONS(action3d_options, TARE_ACTION3D_FIELDS);
#define TARE_TABLE_STRUCT action3d_options
#define TARE_WORDS_model  ACTION_MODEL_WORDS
#define TARE_WORDS_norm   ACTION_NORM_WORDS
TARE_OPTION_TABLE(static, action3d_table, TARE_ACTION3D_FIELDS);

/* What its parts need to know. */
typedef struct maker {
    const action3d_options *options;
    tare_graph *graph;
    tare_tensor training;
} maker;

/* ------------------------------------------------------------------------------- variables */

/* What the program tells TensorBoard of a variable. */
static void summarise(const maker *m, tare_tensor variable) {
    if (!m->options->summaries) return;
    TARE_NAME_SCOPE (m->graph, "summaries") {
        const tare_tensor mean = tare_reduce_mean(variable);
        const tare_tensor off = tare_squared_difference(variable, mean);
        (void)tare_summary_scalar("mean", mean);
        (void)tare_summary_scalar("stddev", tare_sqrt(tare_reduce_mean(off)));
        (void)tare_summary_scalar("max", tare_reduce_max(variable));
        (void)tare_summary_scalar("min", tare_reduce_min(variable));
        (void)tare_summary_histogram("histogram", variable);
    }
}

static tare_tensor weights(const maker *m, tare_shape shape) {
    const tare_tensor w =
        tare_get_variable(m->graph, "weights", shape, .initializer = TARE_GLOROT_UNIFORM);
    summarise(m, w);
    return w;
}

static tare_tensor per_channel(const maker *m, const char *name, int64_t channels,
                               tare_initializer first) {
    const tare_tensor v =
        tare_get_variable(m->graph, name, TARE_SHAPE(channels), .initializer = first);
    summarise(m, v);
    return v;
}

/* ------------------------------------------------------------------------ batch normalisation */

static int64_t channels_of(tare_tensor x) {
    const tare_shape shape = tare_tensor_shape(x);
    return shape.rank > 0 ? shape.extents[shape.rank - 1] : TARE_ANY;
}

/* All axes but the last, of any rank up to 5. */
static tare_list axes_of(tare_tensor x) {
    tare_list axes = TARE_LIST(0, 1, 2, 3);
    axes.count = tare_tensor_shape(x).rank - 1;
    return axes;
}

static tare_tensor from_primitives(const maker *m, tare_tensor x) {
    tare_graph *graph = m->graph;
    const tare_tensor beta = per_channel(m, "beta", channels_of(x), TARE_ZEROS);
    const tare_tensor gamma = per_channel(m, "gamma", channels_of(x), TARE_ONES);
    const tare_tensor mean = tare_moments(x, .axes = axes_of(x));
    const tare_tensor moments[] = {mean, tare_output(mean, 1)};
    const tare_average averages =
        tare_exponential_moving_average(graph, tare_number(m->options->momentum));
    tare_tensor now[2] = {TARE_NULL, TARE_NULL}, later[2];
    tare_cond_begin(graph, m->training);
    const tare_tensor apply = tare_average_apply(averages, moments, 2);
    TARE_CONTROL_DEPENDENCIES (graph, &apply, 1) {
        for (int i = 0; i < 2; i++) now[i] = tare_identity(moments[i]);
    }
    tare_cond_otherwise(graph);
    for (int i = 0; i < 2; i++) later[i] = tare_average_of(averages, moments[i]);
    tare_cond_end(graph);
    const tare_tensor used_mean = tare_cond_merge(graph, now[0], later[0]);
    const tare_tensor used_variance = tare_cond_merge(graph, now[1], later[1]);
    return tare_batch_normalization(x, used_mean, used_variance, beta, gamma,
                                    .variance_epsilon = m->options->epsilon);
}

static tare_tensor by_layer(const maker *m, tare_tensor x) {
    return tare_batch_norm(x, .training = m->training, .momentum = m->options->momentum,
                           .epsilon = m->options->epsilon, .fused = TARE_FUSED_FALSE,
                           .moving_variance_initializer = TARE_ZEROS);
}

typedef tare_tensor (*normaliser)(const maker *m, tare_tensor x);
static const normaliser normalisers[ACTION_NORMS] = {from_primitives, by_layer};

/* -------------------------------------------------------------------------------- the network */

/* conv 3x3x3, norm, relu: (N, T, H, W, C) -> (N, T, H, W, filters) */
static tare_tensor convolve3d(const maker *m, tare_tensor x, int64_t filters) {
    const tare_tensor w = weights(m, TARE_SHAPE(3, 3, 3, channels_of(x), filters));
    x = tare_nn_conv3d(x, w, .padding = TARE_PADDING_SAME);
    return tare_relu(normalisers[m->options->norm](m, x));
}

/* conv 3x3, norm, relu: (N, H, W, C) -> (N, H, W, filters) */
static tare_tensor convolve2d(const maker *m, tare_tensor x, int64_t filters) {
    const tare_tensor w = weights(m, TARE_SHAPE(3, 3, channels_of(x), filters));
    x = tare_nn_conv2d(x, w, .padding = TARE_PADDING_SAME);
    return tare_relu(normalisers[m->options->norm](m, x));
}

/* dense, norm, relu: (N, C) -> (N, units) */
static tare_tensor connect(const maker *m, tare_tensor x, int64_t units) {
    x = tare_matmul(x, weights(m, TARE_SHAPE(channels_of(x), units)));
    return tare_relu(normalisers[m->options->norm](m, x));
}

static tare_tensor convolution(const maker *m, tare_tensor x) {
    TARE_VARIABLE_SCOPE (m->graph, "conv1") {
        x = convolve3d(m, x, 16);
        x = tare_nn_max_pool3d(x, .ksize = TARE_LIST(1, 2, 2), .strides = TARE_LIST(1, 2, 2));
    }
    TARE_VARIABLE_SCOPE (m->graph, "conv2") {
        x = convolve3d(m, x, 32);
        x = tare_nn_max_pool3d(x, .ksize = TARE_LIST(2, 2, 2), .strides = TARE_LIST(2, 2, 2));
    }
    x = tare_reduce_mean(x, .axis = TARE_LIST(1)); /* (N, 4, 4, 32) */
    TARE_VARIABLE_SCOPE (m->graph, "conv3") {
        x = tare_reduce_mean(convolve2d(m, x, 32), .axis = TARE_LIST(1, 2));
    }
    TARE_VARIABLE_SCOPE (m->graph, "dense4") {
        x = connect(m, x, 64);
    }
    return x;
}

/* The mean frame: (N, T, H, W, 1) -> (N, H W) */
static tare_tensor linear(const maker *m, tare_tensor x) {
    (void)m;
    return tare_flatten(tare_reduce_mean(x, .axis = TARE_LIST(1)));
}

typedef tare_tensor (*model)(const maker *m, tare_tensor x);
static const model models[ACTION_MODELS] = {convolution, linear};

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const action3d_options *options = given;
    tare_classifier_begin(graph, TARE_SHAPE(TARE_ANY, 8, 16, 16, 1), network);
    const maker m = {.options = options, .graph = graph, .training = network->training};
    const tare_tensor x = models[options->model](&m, network->inputs);
    network->logits = tare_dense(x, CLASSES, .name = "logits");
    const tare_classifier_options classifier = {.struct_size = sizeof classifier,
                                                TARE_ZOO_TRAINING_OF(options)};
    tare_classifier_end(graph, &classifier, network);
}

static void set_steps(void *given, int64_t steps) {
    action3d_options *options = given;
    if (options->schedule != TARE_ZOO_CONSTANT && options->steps == 0) options->steps = steps;
}

static const tare_recipe recipes[] = {
    {"default", "as the study 'tare action3d' trains it", "batch=32,epochs=6"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_action3d = {
    .name = "action3d",
    .help = "video classifier: 3-D and 2-D convolution, dense; batch norm from primitives",
    .data = "moving",
    .table = &action3d_table,
    .recipes = recipes,
    .build = build,
    .set_steps = set_steps,
};
