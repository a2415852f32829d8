/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Networks by name: what the examples, the tests, the benchmarks and `tare train` share.
 *
 *   question   dense 1, batch norm, relu, dense 1, batch norm; mean squared error; Adam
 *   mlp_bn     784-256-BN-relu-256-BN-relu-10; softmax cross-entropy
 *   lenet_bn   LeNet with batch normalisation; Zhang et al., "Dive into Deep Learning", section
 *              8.5
 *   heatmap    an encoder and decoder of convolutions that answers an image with a heat-map; mean
 *              squared error
 *   fashion    the book's MLP and LeNet, without batch normalisation, with the layer, from scratch
 *   action3d   a classifier of short videos by 3-D convolution, batch normalisation from primitives
 *   channelwise  2 convolutions normalised by hand or by slim, right or wrong; docs/channelwise.md
 *   house_prices  prices from a table's rows: linear, or dense layers with batch normalisation
 *   resnet20, resnet50  residual networks; He et al. 2015
 *   conv3d     a classifier of videos by 3-D convolution
 *   mobilenet  depthwise-separable convolutions for small images; Howard et al. 2017
 *
 * Every network describes its options as a table, and its recipes as settings of those options
 * and of tare_fit's.
 */
#ifndef TARE_ZOO_H
#define TARE_ZOO_H

#include <tare/norm.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Name of network i, in order; NULL beyond the last. */
TARE_API const char *tare_zoo_name(size_t i);
/** What the network is, in one line; NULL: there is none of that name. */
TARE_API const char *tare_zoo_help(const char *name);
/** The data set it is trained on unless another is named (see tare_dataset_load). */
TARE_API const char *tare_zoo_data(const char *name);
/** The network's options; NULL: there is no network of that name. */
TARE_API const tare_option_table *tare_zoo_option_table(const char *name);

/** A way to train a network: "optimizer=sgd,learning_rate=1,batch=256,epochs=5". */
typedef struct tare_recipe {
    const char *name;     /* "default", "d2l" */
    const char *help;     /* in one line */
    const char *settings; /* of options of the network and of tare_fit, with commas between */
} tare_recipe;
/** Recipe i of a network, the default first; NULL beyond the last. */
TARE_API const tare_recipe *tare_zoo_recipe(const char *name, size_t i);

/**
 * Tells a network's options how many training steps there will be, where its learning rate
 * depends on that and they do not say so yet.
 */
TARE_API void tare_zoo_set_steps(const char *name, void *options, int64_t steps);

/**
 * Builds a network into graph (set the graph's seed before). options: a struct that the network's
 * table describes, NULL: defaults. network->struct_size must be set.
 * Errors  TARE_ERROR_NAME: no such network, the nearest is told; the graph's, with its sentence.
 */
TARE_API tare_status tare_zoo_build(tare_graph *graph, const char *name, const void *options,
                                    tare_network *network, tare_error *error);
/**
 * The same, to be trained with fake quantisation (tare_quantise_training), whose options may be
 * NULL: none.
 * Errors  those of both; TARE_ERROR_UNSUPPORTED: a network that learns from another loss than it
 *         tells.
 */
TARE_API tare_status tare_zoo_build_quantised(tare_graph *graph, const char *name,
                                              const void *options,
                                              const tare_quantise_training_options *quantise,
                                              tare_network *network, tare_error *error);

#ifdef __cplusplus
}
#endif

#endif
