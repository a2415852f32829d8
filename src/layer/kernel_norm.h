/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of layers that are made of what is trained. */
#ifndef TARE_SRC_LAYER_KERNEL_NORM_H
#define TARE_SRC_LAYER_KERNEL_NORM_H

#include "layer/kernel_layer.h"

/* The kernel that options->kernel_norm makes of its variables in the open scope. */
tare_tensor tare_layer_normed_kernel(tare_graph *graph, const tare_kernel_layer *options,
                                     tare_shape shape, tare_dtype dtype,
                                     const tare_layer_weights_options *weights);

/* For tare_weight_norm_initialize: how kernel_g and the bias follow from the layer's result y
 * before the bias. Once for each kernel_g, by its first use. */
void tare_layer_add_weight_norm_initializer(const tare_kernel_layer *options, tare_tensor y,
                                            tare_tensor bias);

#endif
