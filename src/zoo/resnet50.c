/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The residual network of 50 layers. s is the option `size`.
 *
 *     conv 7x7 64, stride 2; BN; relu            s/2 x s/2 x 64
 *     maximum pool 3, stride 2                   s/4 x s/4 x 64
 *     3 blocks 64                                s/4 x s/4 x 256
 *     4 blocks 128, the first with stride 2      s/8 x s/8 x 512
 *     6 blocks 256, the first with stride 2      s/16 x s/16 x 1024
 *     3 blocks 512, the first with stride 2      s/32 x s/32 x 2048
 *     mean over the image; dense                 classes
 *
 * A block of width w: conv 1x1 w; BN; relu; conv 3x3 w; BN; relu; conv 1x1 4 w; BN; plus the
 * shortcut; relu. The stride is the 3x3 convolution's.
 *
 * Source  He, Zhang, Ren and Sun 2015, arXiv:1512.03385, table 1; Goyal et al. 2017,
 * arXiv:1706.02677, section 5.1 (where the stride is).
 */
#include "zoo/residual.h"

#include <tare/layer.h>
#include <tare/op.h>

/* ImageNet's images. */
#define TARE_RESNET50_FIELDS(field) TARE_IMAGE_CLASSIFIER_FIELDS(field, 224, 3, 1000, 5e-2)
#define TARE_TABLE_STRUCT           tare_image_classifier_options
TARE_OPTION_TABLE(static, resnet50_table, TARE_RESNET50_FIELDS);

static tare_tensor branch(const tare_image_classifier *m, tare_tensor x, int64_t width,
                          int64_t stride) {
    x = tare_relu(tare_image_classifier_conv(m, x, width, 1, 1));
    x = tare_relu(tare_image_classifier_conv(m, x, width, 3, stride));
    return tare_image_classifier_conv(m, x, 4 * width, 1, 1);
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const tare_image_classifier_options *options = given;
    const tare_image_classifier m = {graph, options, network};
    if (!tare_image_classifier_fits(&m, "resnet50", 4)) return;
    const tare_shape image = TARE_SHAPE(TARE_ANY, options->size, options->size, options->channels);
    tare_classifier_begin(graph, image, network);
    tare_tensor x = tare_relu(tare_image_classifier_conv(&m, network->inputs, 64, 7, 2));
    x = tare_max_pooling2d(x, TARE_LIST(3), TARE_LIST(2), .padding = TARE_PADDING_SAME);
    x = tare_residual_stage(&m, x, branch, 3, 64, 1);
    x = tare_residual_stage(&m, x, branch, 4, 128, 2);
    x = tare_residual_stage(&m, x, branch, 6, 256, 2);
    x = tare_residual_stage(&m, x, branch, 3, 512, 2);
    tare_image_classifier_end(&m, x);
}

static const tare_recipe recipes[] = {
    {"default", "on Fashion-MNIST", "size=28,channels=1,classes=10,momentum=0.9,batch=32,epochs=1"},
    {"imagenet", "colour images of 224 x 224, the rate constant",
     "learning_rate=0.01,schedule=constant,batch=16,epochs=1"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_resnet50 = {
    .name = "resnet50",
    .help = "residual network of 50 layers; softmax cross-entropy",
    .data = "fashion-mnist",
    .table = &resnet50_table,
    .recipes = recipes,
    .build = build,
};
