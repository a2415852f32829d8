/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classifier of short videos, written as TensorFlow-1 programs of its time were: weights by hand,
 * ops of tf.nn, and batch normalisation by one helper that serves ranks 2, 4 and 5 (primitives.h).
 *
 *     conv 3x3x3 16; norm; relu; maximum pool 1x2x2     8 x 8 x 8 x 16
 *     conv 3x3x3 32; norm; relu; maximum pool 2x2x2     4 x 4 x 4 x 32
 *     mean over time                                    4 x 4 x 32
 *     conv 3x3 32; norm; relu; mean over the image     32
 *     dense 64; norm; relu; dense 4                     4
 *
 * `model` = linear is what motion must beat: a dense layer on the mean frame.
 *
 * With `norm` = layer the layer stands in its place, its averages starting at 0 too: the same
 * numbers. In single precision they stay the same until rounding puts the input of one relu, of the
 * million that a step has, on the other side of 0; with double_precision they stay the same.
 */
#include "zoo/classifier.h"
#include "zoo/primitives.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/op.h>

#define CLASSES 4

/* The values are indices into the words. */
enum { ACTION_BY_HAND, ACTION_LAYER, ACTION_NO_UPDATES, ACTION_NORMS };
#define ACTION_NORM_WORDS "by-hand,layer,no-updates"
enum { ACTION_CONVOLUTION, ACTION_LINEAR, ACTION_MODELS };
#define ACTION_MODEL_WORDS "convolution,linear"

/* clang-format off */
#define TARE_ACTION3D_FIELDS(field)                                                               \
    field(choice, model, ACTION_CONVOLUTION, "convolution; or linear, of the mean frame")         \
    field(choice, norm, ACTION_BY_HAND, "from primitives; the layer; updates forgotten")          \
    field(boolean, summaries, false, "scalars and a histogram for every variable")                \
    field(boolean, double_precision, false, "compute in float64")                                 \
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
    tare_primitives norm;
    tare_dtype dtype;
} maker;

/* ------------------------------------------------------------------------------- variables */

static tare_tensor weights(const maker *m, tare_shape shape) {
    const tare_tensor w = tare_get_variable(m->graph, "weights", shape,
                                            .initializer = TARE_GLOROT_UNIFORM, .dtype = m->dtype);
    tare_primitives_summarise(w, "weights", &m->norm);
    return w;
}

static int64_t channels_of(tare_tensor x) {
    const tare_shape shape = tare_tensor_shape(x);
    return shape.rank > 0 ? shape.extents[shape.rank - 1] : TARE_ANY;
}

/* ------------------------------------------------------------------------ batch normalisation */

static tare_tensor by_hand(const maker *m, tare_tensor x) {
    return tare_batch_norm_from_primitives(x, &m->norm);
}

static tare_tensor by_layer(const maker *m, tare_tensor x) {
    return tare_batch_norm(x, .training = m->norm.training, .momentum = m->norm.momentum,
                           .epsilon = m->norm.epsilon, .fused = TARE_FUSED_FALSE,
                           .moving_variance_initializer = TARE_ZEROS);
}

typedef tare_tensor (*normaliser)(const maker *m, tare_tensor x);
static const normaliser normalisers[ACTION_NORMS] = {
    [ACTION_BY_HAND] = by_hand, [ACTION_LAYER] = by_layer, [ACTION_NO_UPDATES] = by_hand};

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

static tare_tensor as(tare_tensor x, tare_dtype dtype) {
    return tare_tensor_dtype(x) == dtype ? x : tare_cast(x, dtype);
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const action3d_options *options = given;
    tare_classifier_begin(graph, TARE_SHAPE(TARE_ANY, 8, 16, 16, 1), network);
    const maker m = {.options = options,
                     .graph = graph,
                     .norm = {.momentum = options->momentum,
                              .epsilon = options->epsilon,
                              .training = network->training,
                              .forgets = options->norm == ACTION_NO_UPDATES,
                              .summaries = options->summaries},
                     .dtype = options->double_precision ? TARE_FLOAT64 : TARE_FLOAT32};
    const tare_tensor videos = as(network->inputs, m.dtype);
    network->logits = tare_dense(models[options->model](&m, videos), CLASSES, .name = "logits");
    const tare_classifier_options classifier = {.struct_size = sizeof classifier,
                                                TARE_ZOO_TRAINING_OF(options)};
    tare_classifier_end(graph, &classifier, network);
    network->logits = as(network->logits, TARE_FLOAT32); /* networks have them so */
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
};
