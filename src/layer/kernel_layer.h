/* SPDX-License-Identifier: Apache-2.0 */
/* What layers with a kernel and a bias share: their variables, bias, activation, penalties. */
#ifndef TARE_SRC_LAYER_KERNEL_LAYER_H
#define TARE_SRC_LAYER_KERNEL_LAYER_H

#include "graph/graph.h"

#include <tare/layer.h>

/* The options that all of them have, taken out of a layer's own struct. */
typedef struct tare_kernel_layer {
    const char *layer; /* "dense" */
    int data_format;   /* of the result: where the bias goes */
    int activation;
    int kernel_norm;
    bool filters_first; /* the kernel ends in [filters, channels], not [channels, filters] */
    bool use_bias, trainable;
    tare_initializer kernel_initializer, bias_initializer;
    tare_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    tare_constraint kernel_constraint, bias_constraint;
} tare_kernel_layer;

#define TARE_KERNEL_LAYER_OF(layer_, o)                                                            \
    ((tare_kernel_layer){.layer = layer_,                                                          \
                         .activation = (o)->activation,                                            \
                         .kernel_norm = (o)->kernel_norm,                                          \
                         .use_bias = (o)->use_bias,                                                \
                         .trainable = (o)->trainable,                                              \
                         .kernel_initializer = (o)->kernel_initializer,                            \
                         .bias_initializer = (o)->bias_initializer,                                \
                         .kernel_regularizer = (o)->kernel_regularizer,                            \
                         .bias_regularizer = (o)->bias_regularizer,                                \
                         .activity_regularizer = (o)->activity_regularizer,                        \
                         .kernel_constraint = (o)->kernel_constraint,                              \
                         .bias_constraint = (o)->bias_constraint})

/* The variables "kernel" and, with use_bias, "bias" [units] of the open scope, in this order; or
 * the kernel that kernel_norm makes of its variables. */
tare_tensor tare_layer_kernel(tare_graph *graph, const tare_kernel_layer *options, tare_shape shape,
                              tare_dtype dtype);
tare_tensor tare_layer_bias(tare_graph *graph, const tare_kernel_layer *options, int64_t units,
                            tare_dtype dtype);

/* y + bias (bias null: y), then the activation, whose penalty is collected. */
tare_tensor tare_layer_finish(const tare_kernel_layer *options, tare_tensor y, tare_tensor bias);

#endif
