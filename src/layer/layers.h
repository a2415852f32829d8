/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables of all layers. */
#ifndef TARE_SRC_LAYER_LAYERS_H
#define TARE_SRC_LAYER_LAYERS_H

#include <tare/graph.h>

extern const tare_option_table tare_dense_table, tare_dropout_table, tare_flatten_table;
extern const tare_option_table tare_conv_table, tare_conv_transpose_table,
    tare_separable_conv_table, tare_depthwise_conv_table, tare_pooling_table;
extern const tare_option_table tare_batch_norm_table, tare_slim_batch_norm_table;
extern const tare_option_table tare_layer_norm_table, tare_slim_layer_norm_table,
    tare_group_norm_table, tare_instance_norm_table, tare_activated_batch_norm_table;

#endif
