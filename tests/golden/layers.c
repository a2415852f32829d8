/* SPDX-License-Identifier: Apache-2.0 */
/* tf.layers by name: dense, conv2d, max_pooling2d, flatten, dropout, batch_normalization. */
#include "golden.h"

#include <string.h>

/* Options that are places or take a value of their own here. */
#define NOT_FIELDS "units filters kernel_size pool_size training reuse kernel_regularizer"

static int64_t integer_of(const golden_layer_call *call, const char *name) {
    return golden_integer(call->options, name, 0);
}

static tare_list list_of(const golden_layer_call *call, const char *name) {
    const json_t *value = json_object_get(call->options, name);
    tare_list list = {.count = 0};
    if (json_is_integer(value)) return (tare_list){1, {(int64_t)json_integer_value(value)}};
    for (size_t i = 0; i < json_array_size(value) && i < TARE_MAX_RANK; i++)
        list.values[list.count++] = (int64_t)json_integer_value(json_array_get(value, i));
    return list;
}

static int reuse_of(const golden_layer_call *call) {
    const json_t *reuse = json_object_get(call->options, "reuse");
    if (!json_is_boolean(reuse)) return TARE_REUSE_INHERIT;
    return json_boolean_value(reuse) ? TARE_REUSE_TRUE : TARE_REUSE_FALSE;
}

/* Fields by name from the layer's table; regularizers are l2 penalties, keras.regularizers.l2. */
static bool read_options(golden_case *c, const golden_layer_call *call, const char *layer,
                         void *options) {
    const tare_option_table *table = tare_layer_option_table(layer);
    if (table) return golden_set_options(c, table, options, call->options, NOT_FIELDS);
    golden_lack(c, call->name);
    return false;
}

static tare_regularizer penalty_of(const golden_layer_call *call) {
    return TARE_REGULARIZER(0, golden_real(call->options, "kernel_regularizer", 0));
}

static bool dense(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    tare_dense_options options = {TARE_DENSE_DEFAULTS};
    if (!read_options(c, call, "dense", &options)) return false;
    options.kernel_regularizer = penalty_of(call);
    options.reuse = reuse_of(call);
    *output = tare_dense_with(call->input, integer_of(call, "units"), &options);
    return true;
}

static bool conv2d(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    tare_conv2d_options options = {TARE_CONV2D_DEFAULTS};
    if (!read_options(c, call, "conv2d", &options)) return false;
    options.kernel_regularizer = penalty_of(call);
    options.reuse = reuse_of(call);
    *output = tare_conv2d_with(call->input, integer_of(call, "filters"),
                               list_of(call, "kernel_size"), &options);
    return true;
}

static bool max_pooling2d(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    (void)c;
    *output = tare_max_pooling2d_with(call->input, list_of(call, "pool_size"),
                                      list_of(call, "strides"), NULL);
    return true;
}

static bool flatten(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    (void)c;
    *output = tare_flatten_with(call->input, NULL);
    return true;
}

static bool dropout(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    tare_dropout_options options = {TARE_DROPOUT_DEFAULTS};
    if (!read_options(c, call, "dropout", &options)) return false;
    options.training = call->training;
    *output = tare_dropout_with(call->input, &options);
    return true;
}

static bool batch_normalization(golden_case *c, const golden_layer_call *call,
                                tare_tensor *output) {
    tare_batch_norm_options options = {TARE_BATCH_NORM_DEFAULTS};
    if (!golden_batch_norm_options(c, call->options, &options)) return false;
    options.training = call->training;
    options.reuse = reuse_of(call);
    *output = tare_batch_norm_with(call->input, &options);
    return true;
}

static const struct {
    const char *name;
    bool (*build)(golden_case *c, const golden_layer_call *call, tare_tensor *output);
} layers[] = {
    {"dense", dense},     {"conv2d", conv2d},   {"max_pooling2d", max_pooling2d},
    {"flatten", flatten}, {"dropout", dropout}, {"batch_normalization", batch_normalization},
};

bool golden_build_layer(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (!strcmp(layers[i].name, call->name)) return layers[i].build(c, call, output);
    golden_lack(c, call->name);
    return false;
}
