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
    {"conv2d", &tare_conv2d_table},
    {"max_pooling2d", &tare_pooling2d_table},
    {"average_pooling2d", &tare_pooling2d_table},
    {"dropout", &tare_dropout_table},
    {"flatten", &tare_flatten_table},
    {"batch_norm", &tare_batch_norm_table},
    {"slim_batch_norm", &tare_slim_batch_norm_table},
    {"layer_norm", &tare_layer_norm_table},
    {"slim_layer_norm", &tare_slim_layer_norm_table},
    {"group_norm", &tare_group_norm_table},
    {"instance_norm", &tare_instance_norm_table},
};

const char *tare_layer_kind(size_t i) {
    return i < sizeof layers / sizeof *layers ? layers[i].name : NULL;
}

const tare_option_table *tare_layer_option_table(const char *layer) {
    for (size_t i = 0; layer && i < sizeof layers / sizeof *layers; i++)
        if (strcmp(layers[i].name, layer) == 0) return layers[i].table;
    return NULL;
}
