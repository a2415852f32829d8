/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classifier of videos by 3-D convolution. d is the option `depth` (frames), s the option `size`;
 * all kernels are 3x3x3 with zero padding.
 *
 *     conv 32; BN; relu; maximum pool 1x2x2      d x s/2 x s/2 x 32
 *     conv 64; BN; relu; maximum pool 2x2x2      d/2 x s/4 x s/4 x 64
 *     conv 128; BN; relu; maximum pool 2x2x2     d/4 x s/8 x s/8 x 128
 *     mean over the video; dense                 classes
 */
#include "zoo/image_classifier.h"

#include <tare/layer.h>
#include <tare/op.h>

/* The drawn data set of moving spots. */
#define TARE_CONV3D_FIELDS(field)                                                                  \
    TARE_IMAGE_CLASSIFIER_FIELDS(field, 16, 1, 4, 2e-2)                                            \
    field(integer, depth, 8, "frames of a video")
TARE_OPTIONS(conv3d_options, TARE_CONV3D_FIELDS);
#define TARE_TABLE_STRUCT conv3d_options
TARE_OPTION_TABLE(static, conv3d_table, TARE_CONV3D_FIELDS);

static tare_tensor convolve(const tare_image_classifier *m, tare_tensor x, int64_t filters,
                            int64_t frames) {
    x = tare_conv3d(x, filters, TARE_LIST(3), .padding = TARE_PADDING_SAME,
                    .use_bias = !m->options->batch_norm);
    x = tare_relu(tare_image_classifier_norm(m, x));
    return tare_max_pooling3d(x, TARE_LIST(frames, 2, 2), TARE_LIST(frames, 2, 2));
}

static void build(tare_graph *graph, const void *given, tare_network *network) {
    const conv3d_options *all = given;
    const tare_image_classifier_options options = TARE_IMAGE_CLASSIFIER_OF(all);
    const tare_image_classifier m = {graph, &options, network};
    if (!tare_image_classifier_fits(&m, "conv3d", 8)) return;
    const tare_shape video =
        TARE_SHAPE(TARE_ANY, all->depth, options.size, options.size, options.channels);
    tare_classifier_begin(graph, video, network);
    tare_tensor x = convolve(&m, network->inputs, 32, 1);
    x = convolve(&m, x, 64, 2);
    x = convolve(&m, x, 128, 2);
    tare_image_classifier_end(&m, x);
}

static const tare_recipe recipes[] = {
    {"default", "on videos of a moving spot", "momentum=0.9,batch=32,epochs=2"},
    {"large", "colour videos of 16 frames of 56 x 56, the rate constant",
     "depth=16,size=56,channels=3,classes=10,learning_rate=0.01,schedule=constant,batch=8,epochs="
     "1"},
    {NULL, NULL, NULL},
};

const tare_zoo_network tare_zoo_conv3d = {
    .name = "conv3d",
    .help = "video classifier: 3 convolutions 3-D, dense; softmax cross-entropy",
    .data = "moving",
    .table = &conv3d_table,
    .recipes = recipes,
    .build = build,
};
