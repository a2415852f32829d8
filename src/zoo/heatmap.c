/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An encoder and decoder that answers an image with a heat-map of where its target is. w is the
 * option `width`, s the option `size`; all kernels are 3x3 with zero padding.
 *
 *     conv w; BN; relu; max pool 2          s/2 x s/2 x w
 *     conv 2w; BN; relu; max pool 2         s/4 x s/4 x 2w
 *     conv 4w; BN; relu; each pixel 2 x 2   s/2 x s/2 x 4w
 *     conv 2w; BN; relu; each pixel 2 x 2   s x s x 2w
 *     conv w; BN; relu                      s x s x w
 *     conv 1 (BN too with `output_norm`)    s x s x 1
 *
 * The loss is the mean squared error in the labels' own unit. What is minimised is that of labels
 * times `label_scale`, and the network's answer is divided by it: labels near 1e-2, nearly all of
 * them 0, are better learned a thousand times as large, with a deviation near 1.
 */
#include "zoo/training.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/op.h>

/* clang-format off */
#define TARE_HEATMAP_FIELDS(field)                                                                \
    field(integer, size, 32, "side of the images, a multiple of 4")                               \
    field(integer, width, 16, "channels of the first convolution")                                \
    field(real, label_scale, 1000, "labels are learned so many times as large")                   \
    field(boolean, batch_norm, true, "normalise; without it convolutions have a bias")            \
    field(boolean, output_norm, false, "batch normalisation after the last convolution too")      \
    field(choice, updates, TARE_UPDATES_LOSS, "which moving averages a step moves")               \
    field(real, momentum, .9, "weight of the old value in moving averages")                       \
    field(real, epsilon, 1e-3, "added to the variance, under the root")                           \
    TARE_ZOO_TRAINING_FIELDS(field, TARE_ZOO_ADAM, 1e-2, TARE_ZOO_COSINE)
/* clang-format on */
TARE_OPTIONS(heatmap_options, TARE_HEATMAP_FIELDS);

#define TARE_WORDS_updates TARE_UPDATES_WORDS
#define TARE_TABLE_STRUCT  heatmap_options
TARE_OPTION_TABLE(static, heatmap_table, TARE_HEATMAP_FIELDS);

/* What its parts need to know. */
typedef struct maker {
    const heatmap_options *options;
    tare_tensor training;
    int64_t side; /* of what the part after the next is made on */
} maker;

static tare_tensor normalise(const maker *m, tare_tensor x) {
    if (!m->options->batch_norm) return x;
    return tare_batch_norm(x, .training = m->training, .momentum = m->options->momentum,
                           .epsilon = m->options->epsilon);
}

/* conv, BN, relu: (N, H, W, C) -> (N, H, W, channels) */
static tare_tensor convolve(const maker *m, tare_tensor x, int64_t channels) {
    const tare_tensor sums =
        tare_conv2d(x, channels * m->options->width, TARE_LIST(3), .padding = TARE_PADDING_SAME,
                    .use_bias = !m->options->batch_norm);
    return tare_relu(normalise(m, sums));
}

/* (N, H, W, C) -> (N, H / 2, W / 2, C) */
static tare_tensor shrink(maker *m, tare_tensor x) {
    m->side /= 2;
    return tare_max_pooling2d(x, TARE_LIST(2), TARE_LIST(2));
}

/* (N, H, W, C) -> (N, 2 H, 2 W, C) */
static tare_tensor grow(maker *m, tare_tensor x) {
    m->side *= 2;
    return tare_resize_nearest_neighbor(x, TARE_LIST(m->side, m->side));
}

static tare_tensor answer(maker *m, tare_tensor x) {
    x = shrink(m, convolve(m, x, 1));
    x = shrink(m, convolve(m, x, 2));
    x = grow(m, convolve(m, x, 4));
    x = grow(m, convolve(m, x, 2));
    x = convolve(m, x, 1);
    const bool norm = m->options->batch_norm && m->options->output_norm;
    x = tare_conv2d(x, 1, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = !norm,
                    .name = "output");
    return norm ? normalise(m, x) : x;
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const heatmap_options *options = given;
    const tare_shape image = TARE_SHAPE(TARE_ANY, options->size, options->size, 1);
    if (options->size < 4 || options->size % 4 != 0 || options->width < 1 ||
        !(options->label_scale > 0)) {
        (void)tare_build_fail(graph, TARE_ERROR_ARGUMENT, "heatmap", "",
                              "another size, width or label_scale",
                              "a size that 4 divides, a width of 1 or more, a scale above 0");
        return;
    }
    network->inputs = tare_placeholder(graph, TARE_FLOAT32, image, .name = "x");
    network->labels = tare_placeholder(graph, TARE_FLOAT32, image, .name = "y");
    network->training = tare_placeholder_with_default(graph, TARE_FALSE, .name = "training");
    maker m = {.options = options, .training = network->training, .side = options->size};
    const tare_tensor scale = tare_number(options->label_scale);
    const tare_tensor scaled = answer(&m, network->inputs);
    network->logits = tare_div(scaled, scale, .name = "heatmap");
    network->loss =
        tare_reduce_mean(tare_squared_difference(network->logits, network->labels), .name = "loss");
    const tare_tensor learned =
        tare_reduce_mean(tare_squared_difference(scaled, tare_mul(network->labels, scale)));
    tare_zoo_minimize(
        graph, &(tare_zoo_training){TARE_ZOO_TRAINING_OF(options), .updates = options->updates},
        learned, network);
}

static const tare_recipe recipes[] = {
    {"default", "labels scaled to a deviation near 1", "batch=8,epochs=8"},
    {"plain", "64 x 64 pixels, 32 channels, labels as they are, the rate constant",
     "size=64,width=32,label_scale=1,momentum=0.99,learning_rate=0.001,schedule=constant,batch=32,"
     "epochs=1"},
    {"large", "64 x 64 pixels, 32 channels", "size=64,width=32,batch=8,epochs=4"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_heatmap = {
    .name = "heatmap",
    .help = "encoder and decoder of 6 convolutions, image to heat-map; mean squared error",
    .data = "heatmap",
    .table = &heatmap_table,
    .recipes = recipes,
    .build = build,
};
