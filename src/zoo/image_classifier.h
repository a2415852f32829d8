/* SPDX-License-Identifier: Apache-2.0 */
/* What networks share that tell images or videos of any size apart: options, and their small parts.
 */
#ifndef TARE_SRC_ZOO_IMAGE_CLASSIFIER_H
#define TARE_SRC_ZOO_IMAGE_CLASSIFIER_H

#include "zoo/classifier.h"

/* Defaults differ from network to network. */
/* clang-format off */
#define TARE_IMAGE_CLASSIFIER_FIELDS(field, size_, channels_, classes_, rate_)                    \
    TARE_CLASSIFIER_FIELDS(field, .99, 1e-3, TARE_ZOO_MOMENTUM, rate_, TARE_ZOO_COSINE)           \
    field(integer, size, size_, "side of the images")                                             \
    field(integer, channels, channels_, "of the images")                                          \
    field(integer, classes, classes_, "kinds of images")                                          \
    field(boolean, batch_norm, true, "normalise; without it convolutions have a bias")
/* clang-format on */
#define TARE_ANY_IMAGE_CLASSIFIER_FIELDS(field) TARE_IMAGE_CLASSIFIER_FIELDS(field, 0, 0, 0, 0)
TARE_OPTIONS(tare_image_classifier_options, TARE_ANY_IMAGE_CLASSIFIER_FIELDS);

/* These of a struct with more fields. */
#define TARE_IMAGE_CLASSIFIER_OF(all)                                                              \
    {                                                                                              \
        .struct_size = sizeof(tare_image_classifier_options), .size = (all)->size,                 \
        .channels = (all)->channels, .classes = (all)->classes, .batch_norm = (all)->batch_norm,   \
        .momentum = (all)->momentum, .epsilon = (all)->epsilon, TARE_ZOO_TRAINING_OF(all)          \
    }

/* A network while it is built. */
typedef struct tare_image_classifier {
    tare_graph *graph;
    const tare_image_classifier_options *options;
    tare_network *network;
} tare_image_classifier;

/* False, with an error in the graph: an extent below the least. */
bool tare_image_classifier_fits(const tare_image_classifier *m, const char *name, int64_t least);
/* Batch normalisation, or x itself. */
tare_tensor tare_image_classifier_norm(const tare_image_classifier *m, tare_tensor x);
/* Convolution with a square kernel, same padding, then batch normalisation. */
tare_tensor tare_image_classifier_conv(const tare_image_classifier *m, tare_tensor x,
                                       int64_t filters, int64_t kernel, int64_t stride);
/* (N, ..., C) -> the mean of each channel -> a dense layer: logits, loss and train op. */
void tare_image_classifier_end(const tare_image_classifier *m, tare_tensor x);

#endif
