/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MobileNet's plan for small images: every convolution but the first is separated in depth. s is
 * the option `size`, w the option `width`.
 *
 *     conv 3x3, stride 2; BN; relu6           s/2 x s/2 x w
 *     separable 2w                            s/2 x s/2 x 2w
 *     separable 4w, stride 2                  s/4 x s/4 x 4w
 *     separable 4w                            s/4 x s/4 x 4w
 *     separable 8w, stride 2                  s/8 x s/8 x 8w
 *     separable 8w                            s/8 x s/8 x 8w
 *     mean over the image; dense              classes
 *
 * Separable: depthwise conv 3x3; BN; relu6; conv 1x1; BN; relu6.
 *
 * Source  Howard et al. 2017, arXiv:1704.04861, table 1, of which it has fewer layers.
 */
#include "zoo/image_classifier.h"

#include <tare/layer.h>
#include <tare/op.h>

#define LEAST_SIZE 8 /* which the strides halve three times */

/* Fashion-MNIST's images. */
/* clang-format off */
#define TARE_MOBILENET_FIELDS(field)                                                              \
    TARE_IMAGE_CLASSIFIER_FIELDS(field, 28, 1, 10, 5e-2)                                          \
    field(integer, width, 16, "channels of the first convolution, which the others multiply")
/* clang-format on */
TARE_OPTIONS(mobilenet_options, TARE_MOBILENET_FIELDS);
#define TARE_TABLE_STRUCT mobilenet_options
TARE_OPTION_TABLE(static, mobilenet_table, TARE_MOBILENET_FIELDS);

static tare_tensor separable(const tare_image_classifier *m, tare_tensor x, int64_t filters,
                             int64_t stride) {
    const tare_tensor sums =
        tare_depthwise_conv2d(x, TARE_LIST(3), .strides = TARE_LIST(stride),
                              .padding = TARE_PADDING_SAME, .use_bias = !m->options->batch_norm);
    const tare_tensor maps = tare_relu6(tare_image_classifier_norm(m, sums));
    return tare_relu6(tare_image_classifier_conv(m, maps, filters, 1, 1));
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const mobilenet_options *all = given;
    const tare_image_classifier_options options = TARE_IMAGE_CLASSIFIER_OF(all);
    const tare_image_classifier m = {graph, &options, network};
    const int64_t width = all->width;
    if (!tare_image_classifier_fits(&m, "mobilenet", LEAST_SIZE)) return;
    const tare_shape image = TARE_SHAPE(TARE_ANY, options.size, options.size, options.channels);
    tare_classifier_begin(graph, image, network);
    tare_tensor x = tare_relu6(tare_image_classifier_conv(&m, network->inputs, width, 3, 2));
    x = separable(&m, x, 2 * width, 1);
    x = separable(&m, x, 4 * width, 2);
    x = separable(&m, x, 4 * width, 1);
    x = separable(&m, x, 8 * width, 2);
    x = separable(&m, x, 8 * width, 1);
    tare_image_classifier_end(&m, x);
}

static const tare_recipe recipes[] = {
    {"default", "on Fashion-MNIST", "momentum=0.9,batch=128,epochs=5"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_mobilenet = {
    .name = "mobilenet",
    .help = "depthwise-separable convolutions for small images; softmax cross-entropy",
    .data = "fashion-mnist",
    .table = &mobilenet_table,
    .recipes = recipes,
    .build = build,
};
