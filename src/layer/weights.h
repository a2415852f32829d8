/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that a layer learns. */
#ifndef TARE_SRC_LAYER_WEIGHTS_H
#define TARE_SRC_LAYER_WEIGHTS_H

#include "graph/graph.h"

#include <tare/layer.h>

/* How a variable begins and what it is held to. */
typedef struct tare_layer_weights_options {
    tare_initializer initializer;
    tare_regularizer regularizer;
    tare_constraint constraint;
    bool trainable;
} tare_layer_weights_options;

/* A variable of the open scope that the layer learns. */
tare_tensor tare_layer_weights(tare_graph *graph, const char *name, tare_shape shape,
                               tare_dtype dtype, const tare_layer_weights_options *options);

#endif
