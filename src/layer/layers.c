/* SPDX-License-Identifier: Apache-2.0 */
/* Every layer there is: one line each. */
#include "layer/layers.h"

#include <tare/layer.h>

#include <string.h>

static const struct {
    const char *name;
    const tare_option_table *table;
} layers[] = {
    {"dense", &tare_dense_table},
    {"conv1d", &tare_conv_table},
    {"conv2d", &tare_conv_table},
    {"conv3d", &tare_conv_table},
    {"conv2d_transpose", &tare_conv_transpose_table},
    {"conv3d_transpose", &tare_conv_transpose_table},
    {"separable_conv1d", &tare_separable_conv_table},
    {"separable_conv2d", &tare_separable_conv_table},
    {"depthwise_conv2d", &tare_depthwise_conv_table},
    {"max_pooling1d", &tare_pooling_table},
    {"max_pooling2d", &tare_pooling_table},
    {"max_pooling3d", &tare_pooling_table},
    {"average_pooling1d", &tare_pooling_table},
    {"average_pooling2d", &tare_pooling_table},
    {"average_pooling3d", &tare_pooling_table},
    {"dropout", &tare_dropout_table},
    {"flatten", &tare_flatten_table},
    {"batch_norm", &tare_batch_norm_table},
    {"slim_batch_norm", &tare_slim_batch_norm_table},
    {"layer_norm", &tare_layer_norm_table},
    {"slim_layer_norm", &tare_slim_layer_norm_table},
    {"group_norm", &tare_group_norm_table},
    {"instance_norm", &tare_instance_norm_table},
    {"activated_batch_norm", &tare_activated_batch_norm_table},
};

const char *tare_layer_kind(size_t i) {
    return i < sizeof layers / sizeof *layers ? layers[i].name : NULL;
}

const tare_option_table *tare_layer_option_table(const char *layer) {
    for (size_t i = 0; layer && i < sizeof layers / sizeof *layers; i++)
        if (strcmp(layers[i].name, layer) == 0) return layers[i].table;
    return NULL;
}
