/* SPDX-License-Identifier: Apache-2.0 */
/* Residual networks. Source: He, Zhang, Ren and Sun 2015, arXiv:1512.03385. */
#include "zoo/residual.h"

#include <tare/op.h>

static int64_t channels_of(tare_tensor x) {
    const tare_shape shape = tare_tensor_shape(x);
    return shape.rank > 0 ? shape.extents[shape.rank - 1] : 0;
}

static tare_tensor block(const tare_image_classifier *m, tare_tensor x, tare_residual_branch branch,
                         int64_t width, int64_t stride) {
    const tare_tensor y = branch(m, x, width, stride);
    const int64_t channels = channels_of(y);
    const bool same = stride == 1 && channels == channels_of(x);
    const tare_tensor shortcut = same ? x : tare_image_classifier_conv(m, x, channels, 1, stride);
    return tare_relu(tare_add(y, shortcut));
}

tare_tensor tare_residual_stage(const tare_image_classifier *m, tare_tensor x,
                                tare_residual_branch branch, int64_t blocks, int64_t width,
                                int64_t stride) {
    for (int64_t i = 0; i < blocks && !tare_graph_status(m->graph); i++)
        x = block(m, x, branch, width, i == 0 ? stride : 1);
    return x;
}
