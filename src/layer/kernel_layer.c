/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What layers with a kernel and a bias share.
 *
 * Source: TensorFlow r1.15, python/keras/layers/core.py (Dense), convolutional.py (Conv),
 * engine/base_layer.py (_handle_activity_regularization), python/layers/base.py.
 */
#include "layer/kernel_layer.h"

#include "layer/checks.h"
#include "layer/kernel_norm.h"
#include "layer/weights.h"

/* ---- variables */

tare_tensor tare_layer_kernel(tare_graph *graph, const tare_kernel_layer *options, tare_shape shape,
                              tare_dtype dtype) {
    const tare_layer_weights_options kernel = {options->kernel_initializer,
                                               options->kernel_regularizer,
                                               options->kernel_constraint, options->trainable};
    const int output = shape.rank - (options->filters_first ? 2 : 1);
    if (options->kernel_norm != TARE_KERNEL_NORM_NONE)
        return tare_layer_normed_kernel(graph, options->layer, options->kernel_norm, shape, output,
                                        dtype, &kernel);
    return tare_layer_weights(graph, "kernel", shape, dtype, &kernel);
}

tare_tensor tare_layer_bias(tare_graph *graph, const tare_kernel_layer *options, int64_t units,
                            tare_dtype dtype) {
    const tare_layer_weights_options bias = {options->bias_initializer, options->bias_regularizer,
                                             options->bias_constraint, options->trainable};
    if (!options->use_bias) return TARE_NULL;
    return tare_layer_weights(graph, "bias", TARE_SHAPE(units), dtype, &bias);
}

/* ---- the result */

/* Ops by the values of tare_activation. */
static const char *const activations[] = {
    NULL,  "relu", "sigmoid",  "tanh",     "softmax", "relu6",
    "elu", "selu", "softplus", "softsign", "swish",   "leaky_relu",
};

static tare_tensor activate(const tare_kernel_layer *options, tare_tensor y) {
    const int activation = options->activation;
    if (activation == TARE_ACTIVATION_NONE) return y;
    if (activation < 0 || activation > TARE_ACTIVATION_LEAKY_RELU) {
        tare_layer_refuse(y.graph, options->layer, TARE_ERROR_ARGUMENT,
                          "an activation that is none", "a value of tare_activation");
        return y;
    }
    return tare_build(y.graph, activations[activation], &y, 1, NULL);
}

/* factor * sum(op(y)), op: "abs" or "square". */
static tare_tensor penalty(tare_tensor y, const char *op, double factor) {
    const tare_tensor each = tare_build(y.graph, op, &y, 1, NULL);
    return tare_mul(tare_number(factor), tare_reduce_sum(each));
}

/* The number of samples, in the dtype of y. */
static tare_tensor batch_size(tare_tensor y) {
    const tare_tensor shape = tare_shape_of(y);
    const tare_tensor first = tare_slice(shape, TARE_LIST(0), TARE_LIST(1));
    return tare_cast(tare_reshape(first, TARE_SCALAR), tare_tensor_dtype(y));
}

/* A penalty on the result counts per sample, so that it does not grow with the batch. */
static void penalize(tare_graph *graph, tare_regularizer by, tare_tensor y) {
    if (by.l1 == 0 && by.l2 == 0) return;
    tare_name_scope_begin(graph, "ActivityRegularizer");
    tare_graph_hidden_begin(graph);
    tare_tensor loss = by.l1 != 0 ? penalty(y, "abs", by.l1) : TARE_NULL;
    if (by.l2 != 0) {
        const tare_tensor l2 = penalty(y, "square", by.l2);
        loss = by.l1 != 0 ? tare_add(loss, l2) : l2;
    }
    const tare_tensor samples = batch_size(y);
    tare_graph_hidden_end(graph);
    loss = tare_div(loss, samples);
    tare_name_scope_end(graph);
    tare_add_to_collection(graph, TARE_REGULARIZATION_LOSSES, loss);
}

tare_tensor tare_layer_finish(const tare_kernel_layer *options, tare_tensor y, tare_tensor bias) {
    tare_graph *graph = y.graph;
    if (options->kernel_norm == TARE_KERNEL_NORM_WEIGHT)
        tare_layer_add_weight_norm_initializer(y, options->data_format, bias);
    if (options->use_bias) y = tare_bias_add(y, bias, .data_format = options->data_format);
    y = activate(options, y);
    if (!tare_graph_status(graph)) penalize(graph, options->activity_regularizer, y);
    return y;
}
