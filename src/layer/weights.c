/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that a layer learns. */
#include "layer/weights.h"

tare_tensor tare_layer_weights(tare_graph *graph, const char *name, tare_shape shape,
                               tare_dtype dtype, const tare_layer_weights_options *options) {
    return tare_get_variable(graph, name, shape, .dtype = dtype,
                             .initializer = options->initializer,
                             .regularizer = options->regularizer, .constraint = options->constraint,
                             .trainable = options->trainable);
}
