/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The residual network of 20 layers for small images. s is the option `size`.
 *
 *     conv 3x3 16; BN; relu                      s x s x 16
 *     3 blocks 16                                s x s x 16
 *     3 blocks 32, the first with stride 2       s/2 x s/2 x 32
 *     3 blocks 64, the first with stride 2       s/4 x s/4 x 64
 *     mean over the image; dense                 classes
 *
 * A block: conv 3x3; BN; relu; conv 3x3; BN; plus the shortcut; relu.
 *
 * Source  He, Zhang, Ren and Sun 2015, arXiv:1512.03385, section 4.2.
 */
#include "zoo/residual.h"

#include <tare/op.h>

/* Fashion-MNIST's images. */
#define TARE_RESNET20_FIELDS(field) TARE_IMAGE_CLASSIFIER_FIELDS(field, 28, 1, 10, 5e-2)
#define TARE_TABLE_STRUCT           tare_image_classifier_options
TARE_OPTION_TABLE(static, resnet20_table, TARE_RESNET20_FIELDS);

static tare_tensor branch(const tare_image_classifier *m, tare_tensor x, int64_t width,
                          int64_t stride) {
    const tare_tensor first = tare_image_classifier_conv(m, x, width, 3, stride);
    return tare_image_classifier_conv(m, tare_relu(first), width, 3, 1);
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const tare_image_classifier_options *options = given;
    const tare_image_classifier m = {graph, options, network};
    if (!tare_image_classifier_fits(&m, "resnet20", 4)) return;
    const tare_shape image = TARE_SHAPE(TARE_ANY, options->size, options->size, options->channels);
    tare_classifier_begin(graph, image, network);
    tare_tensor x = tare_relu(tare_image_classifier_conv(&m, network->inputs, 16, 3, 1));
    x = tare_residual_stage(&m, x, branch, 3, 16, 1);
    x = tare_residual_stage(&m, x, branch, 3, 32, 2);
    x = tare_residual_stage(&m, x, branch, 3, 64, 2);
    tare_image_classifier_end(&m, x);
}

static const tare_recipe recipes[] = {
    {"default", "on Fashion-MNIST", "momentum=0.9,batch=128,epochs=2"},
    {"cifar", "colour images of 32 x 32, the rate constant",
     "size=32,channels=3,learning_rate=0.01,schedule=constant,batch=128,epochs=2"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_resnet20 = {
    .name = "resnet20",
    .help = "residual network of 20 layers for small images; softmax cross-entropy",
    .data = "fashion-mnist",
    .table = &resnet20_table,
    .recipes = recipes,
    .build = build,
};
