/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a chain of 1x1 convolutions, as in the bottlenecks of residual networks but without their
 * 3x3 ones: what a batch normalisation has to read and write is as much as anywhere, the products
 * that it rides on are as few.
 *
 *     28 x 28 x 64
 *     conv 1x1 256; BN; relu        28 x 28 x 256
 *     conv 1x1 64; BN; relu         28 x 28 x 64
 *     conv 1x1 256; BN; relu        28 x 28 x 256
 *     conv 1x1 64; BN; relu         28 x 28 x 64
 *     mean over the image; dense    10
 */
#include "chain1x1.h"

#include "batches.h"

#include "zoo/image_classifier.h"

static const int64_t filters[] = {256, 64, 256, 64};

tare_status bench_build_chain1x1(bench_work *work, bool no_bn, tare_error *error) {
    const tare_image_classifier_options options = {
        .struct_size = sizeof options,
        .size = 28,
        .channels = 64,
        .classes = 10,
        .batch_norm = !no_bn,
        .momentum = .99,
        .epsilon = 1e-3,
        .optimizer = TARE_ZOO_MOMENTUM,
        .learning_rate = 1e-2,
        .schedule = TARE_ZOO_CONSTANT,
    };
    const tare_image_classifier m = {work->graph, &options, &work->network};
    const tare_shape image = TARE_SHAPE(TARE_ANY, options.size, options.size, options.channels);
    tare_classifier_begin(work->graph, image, &work->network);
    tare_tensor x = work->network.inputs;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        x = tare_relu(tare_image_classifier_conv(&m, x, filters[i], 1, 1));
    tare_image_classifier_end(&m, x);
    const tare_status status = tare_graph_status(work->graph);
    return status == TARE_OK ? TARE_OK : bench_fail(error, status, "%s", tare_message(work->graph));
}
