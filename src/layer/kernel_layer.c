/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What layers with a kernel and a bias share.
 *
 * Source: TensorFlow r1.15, python/keras/layers/core.py (Dense), convolutional.py (Conv),
 * engine/base_layer.py (_handle_activity_regularization), python/layers/base.py.
 */
#include "layer/kernel_layer.h"

#include "array/shape.h"
#include "base/text.h"
#include "layer/kernel_norm.h"

/* ---- refusals */

static bool refuse(tare_graph *graph, tare_status status, const char *layer, const char *got,
                   const char *need) {
    tare_build_fail(graph, status, layer, tare_graph_variable_scope(graph), got, need);
    return false;
}

bool tare_layer_input_is_floating(tare_graph *graph, const char *layer, tare_tensor x) {
    const tare_dtype dtype = tare_tensor_dtype(x);
    if (dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64) return true;
    char got[64];
    tare_print(got, sizeof got, "an input of dtype %s", tare_dtype_name(dtype));
    return refuse(graph, TARE_ERROR_TYPE, layer, got, "float32 or float64");
}

bool tare_layer_input_has_rank(tare_graph *graph, const char *layer, tare_tensor x, int least,
                               int most) {
    const tare_shape shape = tare_tensor_shape(x);
    if (shape.rank >= least && shape.rank <= most) return true;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    if (least == most)
        tare_print(need, sizeof need, "rank %d", least);
    else
        tare_print(need, sizeof need, "a rank of %d to %d", least, most);
    return refuse(graph, TARE_ERROR_SHAPE, layer, got, need);
}

bool tare_layer_channels_are_known(tare_graph *graph, const char *layer, tare_tensor x) {
    const tare_shape shape = tare_tensor_shape(x);
    if (shape.rank > 0 && shape.extents[shape.rank - 1] >= 0) return true;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    return refuse(graph, TARE_ERROR_SHAPE, layer, got,
                  "a last extent that is known, for the shape of the kernel");
}

bool tare_layer_count_is_positive(tare_graph *graph, const char *layer, const char *what,
                                  int64_t count) {
    if (count >= 1) return true;
    char got[64];
    tare_print(got, sizeof got, "%lld %s", (long long)count, what);
    return refuse(graph, TARE_ERROR_ARGUMENT, layer, got, "1 or more");
}

bool tare_layer_data_format_fits(tare_graph *graph, const char *layer, int data_format) {
    if (data_format == TARE_CHANNELS_LAST || data_format == TARE_CHANNELS_FIRST) return true;
    return refuse(graph, TARE_ERROR_ARGUMENT, layer, "a data_format that is none",
                  "channels last or channels first");
}

bool tare_layer_channels(tare_graph *graph, const char *layer, tare_tensor x, int data_format,
                         int64_t *channels) {
    const tare_shape shape = tare_tensor_shape(x);
    if (!tare_layer_data_format_fits(graph, layer, data_format)) return false;
    if (data_format == TARE_CHANNELS_LAST && !tare_layer_channels_are_known(graph, layer, x))
        return false;
    *channels = shape.extents[data_format == TARE_CHANNELS_FIRST ? 1 : shape.rank - 1];
    if (*channels >= 0) return true;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    return refuse(graph, TARE_ERROR_SHAPE, layer, got, "a known extent of axis 1, the channels");
}

bool tare_layer_spatial(tare_graph *graph, const char *layer, const char *what, tare_list given,
                        int rank, tare_list *spatial) {
    bool fits = given.count == 1 || given.count == rank;
    *spatial = (tare_list){.count = rank};
    for (int i = 0; i < rank && fits; i++) {
        spatial->values[i] = given.values[given.count == 1 ? 0 : i];
        fits = spatial->values[i] >= 1;
    }
    if (fits) return true;
    static const char *const counts[] = {"one number", "one or two numbers",
                                         "one or three numbers"};
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
    tare_print(got, sizeof got, "%s %s", what, tare_list_text(text, given));
    tare_print(need, sizeof need, "%s of 1 or more", counts[rank - 1]);
    return refuse(graph, TARE_ERROR_ARGUMENT, layer, got, need);
}

bool tare_layer_padding_fits(tare_graph *graph, const char *layer, int padding) {
    if (padding == TARE_PADDING_VALID || padding == TARE_PADDING_SAME) return true;
    return refuse(graph, TARE_ERROR_ARGUMENT, layer, "another padding",
                  "valid or same; the op of tf.nn takes explicit numbers");
}

/* ---- variables */

tare_tensor tare_layer_weights(tare_graph *graph, const char *name, tare_shape shape,
                               tare_dtype dtype, const tare_layer_weights_options *options) {
    return tare_get_variable(graph, name, shape, .dtype = dtype,
                             .initializer = options->initializer,
                             .regularizer = options->regularizer, .constraint = options->constraint,
                             .trainable = options->trainable);
}

tare_tensor tare_layer_kernel(tare_graph *graph, const tare_kernel_layer *options, tare_shape shape,
                              tare_dtype dtype) {
    const tare_layer_weights_options kernel = {options->kernel_initializer,
                                               options->kernel_regularizer,
                                               options->kernel_constraint, options->trainable};
    if (options->kernel_norm != TARE_KERNEL_NORM_NONE)
        return tare_layer_normed_kernel(graph, options, shape, dtype, &kernel);
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
        refuse(y.graph, TARE_ERROR_ARGUMENT, options->layer, "an activation that is none",
               "a value of tare_activation");
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
        tare_layer_add_weight_norm_initializer(options, y, bias);
    if (options->use_bias) y = tare_bias_add(y, bias, .data_format = options->data_format);
    y = activate(options, y);
    if (!tare_graph_status(graph)) penalize(graph, options->activity_regularizer, y);
    return y;
}
