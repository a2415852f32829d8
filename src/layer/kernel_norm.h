/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of layers that are made of what is trained. */
#ifndef TARE_SRC_LAYER_KERNEL_NORM_H
#define TARE_SRC_LAYER_KERNEL_NORM_H

#include "layer/weights.h"

/* The kernel that kernel_norm (a tare_kernel_norm that is not none) makes of its variables in the
 * open scope; output: the axis of shape that counts the outputs. layer: for messages. */
tare_tensor tare_layer_normed_kernel(tare_graph *graph, const char *layer, int kernel_norm,
                                     tare_shape shape, int output, tare_dtype dtype,
                                     const tare_layer_weights_options *weights);

/* For tare_weight_norm_initialize: how kernel_g and the bias follow from the layer's result y
 * before the bias. Once for each kernel_g, by its first use. */
void tare_layer_add_weight_norm_initializer(tare_tensor y, int data_format, tare_tensor bias);

#endif
