/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small convolution network whose normalisation is chosen by name: right and wrong ways to write
 * batch normalisation by hand, slim's layer, and what needs no running statistics.
 *
 *     conv 5x5, 8; norm; relu; maximum pool 2       12 x 12 x 8
 *     conv 5x5, 16; norm; relu; maximum pool 2       4 x  4 x 16
 *     flatten; dense 10                             10
 */
#include "zoo/channelwise.h"
#include "zoo/by_hand.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/normalization.h>

#define CLASSES 10
#define GROUPS  4

#define TARE_TABLE_STRUCT tare_channelwise_options
#define TARE_WORDS_norm   TARE_CHANNELWISE_WORDS
TARE_OPTION_TABLE(static, channelwise_table, TARE_CHANNELWISE_FIELDS);

/* ------------------------------------------------------------------------- ways to normalise */

static tare_tensor by_hand(tare_tensor x, const tare_channelwise_options *options,
                           tare_tensor training) {
    tare_by_hand how = {.axes = TARE_LIST(0, 1, 2),
                        .gamma_and_beta = options->norm != TARE_CHANNELWISE_NO_GAMMA_BETA,
                        .moving_averages = options->norm != TARE_CHANNELWISE_NO_MOVING,
                        .momentum = options->momentum,
                        .epsilon = options->epsilon,
                        .training = training};
    if (options->norm == TARE_CHANNELWISE_AXES_0) how.axes = TARE_LIST(0);
    if (options->norm == TARE_CHANNELWISE_AXES_1_2) how.axes = TARE_LIST(1, 2);
    return tare_batch_norm_by_hand(x, &how);
}

static tare_tensor by_slim(tare_tensor x, const tare_channelwise_options *options,
                           tare_tensor training) {
    if (options->norm != TARE_CHANNELWISE_SLIM_SAME)
        return tare_slim_batch_norm(x, .is_training = training);
    return tare_slim_batch_norm(x, .is_training = training, .scale = true,
                                .decay = options->momentum, .epsilon = options->epsilon);
}

/* Moments of each example by itself, the same in training and afterwards. */
static tare_tensor by_instance(tare_tensor x, const tare_channelwise_options *options,
                               tare_tensor training) {
    (void)training;
    return tare_instance_norm(x, .epsilon = options->epsilon);
}

static tare_tensor by_layer(tare_tensor x, const tare_channelwise_options *options,
                            tare_tensor training) {
    (void)training;
    return tare_slim_layer_norm(x, .epsilon = options->epsilon);
}

static tare_tensor by_group(tare_tensor x, const tare_channelwise_options *options,
                            tare_tensor training) {
    (void)training;
    return tare_group_norm(x, .groups = GROUPS, .epsilon = options->epsilon);
}

typedef tare_tensor (*normaliser)(tare_tensor x, const tare_channelwise_options *options,
                                  tare_tensor training);
static const normaliser normalisers[TARE_CHANNELWISE_NORMS] = {
    [TARE_CHANNELWISE_AXES_0_1_2] = by_hand,      [TARE_CHANNELWISE_AXES_0] = by_hand,
    [TARE_CHANNELWISE_AXES_1_2] = by_hand,        [TARE_CHANNELWISE_NO_GAMMA_BETA] = by_hand,
    [TARE_CHANNELWISE_NO_MOVING] = by_hand,       [TARE_CHANNELWISE_SLIM] = by_slim,
    [TARE_CHANNELWISE_SLIM_NO_UPDATES] = by_slim, [TARE_CHANNELWISE_SLIM_SAME] = by_slim,
    [TARE_CHANNELWISE_INSTANCE] = by_instance,    [TARE_CHANNELWISE_LAYER] = by_layer,
    [TARE_CHANNELWISE_GROUP] = by_group,
};

/* -------------------------------------------------------------------------------- the network */

/* What all ways to normalise have alike. Made before anything else, so that the same seed gives the
 * same first values whatever comes between. */
typedef struct kernels {
    tare_tensor conv1, conv2, logits;
} kernels;

static kernels make_kernels(tare_graph *graph) {
    return (kernels){
        .conv1 = tare_get_variable(graph, "conv1/kernel", TARE_SHAPE(5, 5, 1, 8)),
        .conv2 = tare_get_variable(graph, "conv2/kernel", TARE_SHAPE(5, 5, 8, 16)),
        .logits = tare_get_variable(graph, "logits/kernel", TARE_SHAPE(4 * 4 * 16, CLASSES))};
}

/* conv without bias, norm, relu, pool: (N, H, W, C) -> (N, (H - 4) / 2, (W - 4) / 2, filters) */
static tare_tensor stage(tare_tensor x, tare_tensor kernel, const tare_channelwise_options *options,
                         tare_tensor training) {
    x = tare_nn_conv2d(x, kernel);
    x = tare_relu(normalisers[options->norm](x, options, training));
    return tare_nn_max_pool2d(x, .ksize = TARE_LIST(2), .strides = TARE_LIST(2));
}

static tare_tensor add_logits(tare_tensor x, tare_tensor kernel) {
    const tare_tensor bias =
        tare_get_variable(x.graph, "logits/bias", TARE_SHAPE(CLASSES), .initializer = TARE_ZEROS);
    return tare_bias_add(tare_matmul(tare_flatten(x), kernel), bias, .name = "logits");
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const tare_channelwise_options *options = given;
    tare_classifier_begin(graph, TARE_SHAPE(TARE_ANY, 28, 28, 1), network);
    const kernels of = make_kernels(graph);
    tare_tensor x = network->inputs;
    TARE_VARIABLE_SCOPE (graph, "conv1") {
        x = stage(x, of.conv1, options, network->training); /* (N, 12, 12, 8) */
    }
    TARE_VARIABLE_SCOPE (graph, "conv2") {
        x = stage(x, of.conv2, options, network->training); /* (N, 4, 4, 16) */
    }
    network->logits = add_logits(x, of.logits);
    const tare_classifier_options classifier = {.struct_size = sizeof classifier,
                                                TARE_ZOO_TRAINING_OF(options)};
    const bool forgets = options->norm == TARE_CHANNELWISE_SLIM_NO_UPDATES;
    tare_classifier_end_with(graph, &classifier, forgets ? TARE_UPDATES_MANUAL : TARE_UPDATES_LOSS,
                             network);
}

static const tare_recipe recipes[] = {
    {"default", "as the study 'tare channelwise' trains it", "batch=64,epochs=3"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_channelwise = {
    .name = "channelwise",
    .help = "2 convolutions, normalised by hand or by slim, right or wrong (--norm), dense 10",
    .data = "fashion-mnist",
    .table = &channelwise_table,
    .recipes = recipes,
    .build = build,
};
