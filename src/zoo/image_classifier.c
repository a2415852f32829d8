/* SPDX-License-Identifier: Apache-2.0 */
/* What networks share that tell images or videos of any size apart. */
#include "zoo/image_classifier.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/op.h>

bool tare_image_classifier_fits(const tare_image_classifier *m, const char *name, int64_t least) {
    const tare_image_classifier_options *o = m->options;
    if (o->size >= least && o->channels >= 1 && o->classes >= 2) return true;
    (void)tare_build_fail(m->graph, TARE_ERROR_ARGUMENT, name, "",
                          "another size, channels or classes",
                          "images large enough for what halves them, a channel, two classes");
    return false;
}

tare_tensor tare_image_classifier_norm(const tare_image_classifier *m, tare_tensor x) {
    if (!m->options->batch_norm) return x;
    return tare_batch_norm(x, .training = m->network->training, .momentum = m->options->momentum,
                           .epsilon = m->options->epsilon);
}

tare_tensor tare_image_classifier_conv(const tare_image_classifier *m, tare_tensor x,
                                       int64_t filters, int64_t kernel, int64_t stride) {
    const tare_tensor sums =
        tare_conv2d(x, filters, TARE_LIST(kernel), .strides = TARE_LIST(stride),
                    .padding = TARE_PADDING_SAME, .use_bias = !m->options->batch_norm);
    return tare_image_classifier_norm(m, sums);
}

void tare_image_classifier_end(const tare_image_classifier *m, tare_tensor x) {
    tare_list positions = {.count = tare_tensor_shape(x).rank - 2};
    for (int32_t i = 0; i < positions.count; i++) positions.values[i] = i + 1;
    const tare_tensor means = tare_reduce_mean(x, .axis = positions);
    m->network->logits = tare_dense(means, m->options->classes, .name = "logits");
    const tare_classifier_options training = {.struct_size = sizeof training,
                                              TARE_ZOO_TRAINING_OF(m->options)};
    tare_classifier_end(m->graph, &training, m->network);
}
