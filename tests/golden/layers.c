/* SPDX-License-Identifier: Apache-2.0 */
/* tf.layers by name. */
#include "golden.h"

#include <string.h>

/* Options that are places or take a value of their own here. */
#define NOT_FIELDS "units filters kernel_size training reuse kernel_regularizer"

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

/* The field of that name, NULL when the layer has none. */
static void *field_of(const tare_option_table *table, void *options, const char *name) {
    for (const tare_option *option = table->options; option->name; option++)
        if (!strcmp(option->name, name)) return (char *)options + option->offset;
    return NULL;
}

/* Fields by name from the layer's table; regularizers are l2 penalties, keras.regularizers.l2. */
static bool read_options(golden_case *c, const golden_layer_call *call, const char *layer,
                         void *options) {
    const tare_option_table *table = tare_layer_option_table(layer);
    if (!table) {
        golden_lack(c, call->name);
        return false;
    }
    tare_regularizer *penalty = field_of(table, options, "kernel_regularizer");
    int *reuse = field_of(table, options, "reuse");
    if (penalty)
        *penalty = TARE_REGULARIZER(0, golden_real(call->options, "kernel_regularizer", 0));
    if (reuse) *reuse = reuse_of(call);
    return golden_set_options(c, table, options, call->options, NOT_FIELDS);
}

static bool dense(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    tare_dense_options options = {TARE_DENSE_DEFAULTS};
    if (!read_options(c, call, "dense", &options)) return false;
    *output = tare_dense_with(call->input, integer_of(call, "units"), &options);
    return true;
}

#define CONV_LAYER(name, type, DEFAULTS)                                                           \
    static bool name(golden_case *c, const golden_layer_call *call, tare_tensor *output) {         \
        type options = {DEFAULTS};                                                                 \
        if (!read_options(c, call, #name, &options)) return false;                                 \
        *output = tare_##name##_with(call->input, integer_of(call, "filters"),                     \
                                     list_of(call, "kernel_size"), &options);                      \
        return true;                                                                               \
    }
CONV_LAYER(conv1d, tare_conv_options, TARE_CONV_DEFAULTS)
CONV_LAYER(conv2d, tare_conv_options, TARE_CONV_DEFAULTS)
CONV_LAYER(conv3d, tare_conv_options, TARE_CONV_DEFAULTS)
CONV_LAYER(conv2d_transpose, tare_conv_transpose_options, TARE_CONV_TRANSPOSE_DEFAULTS)
CONV_LAYER(conv3d_transpose, tare_conv_transpose_options, TARE_CONV_TRANSPOSE_DEFAULTS)
CONV_LAYER(separable_conv1d, tare_separable_conv_options, TARE_SEPARABLE_CONV_DEFAULTS)
CONV_LAYER(separable_conv2d, tare_separable_conv_options, TARE_SEPARABLE_CONV_DEFAULTS)

#define POOLING_LAYER(name)                                                                        \
    static bool name(golden_case *c, const golden_layer_call *call, tare_tensor *output) {         \
        tare_pooling_options options = {TARE_POOLING_DEFAULTS};                                    \
        const tare_option_table *table = tare_layer_option_table(#name);                           \
        if (!golden_set_options(c, table, &options, call->options, "pool_size strides"))           \
            return false;                                                                          \
        *output = tare_##name##_with(call->input, list_of(call, "pool_size"),                      \
                                     list_of(call, "strides"), &options);                          \
        return true;                                                                               \
    }
POOLING_LAYER(max_pooling1d)
POOLING_LAYER(max_pooling2d)
POOLING_LAYER(max_pooling3d)
POOLING_LAYER(average_pooling1d)
POOLING_LAYER(average_pooling2d)
POOLING_LAYER(average_pooling3d)

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
    {"dense", dense},
    {"conv1d", conv1d},
    {"conv2d", conv2d},
    {"conv3d", conv3d},
    {"conv2d_transpose", conv2d_transpose},
    {"conv3d_transpose", conv3d_transpose},
    {"separable_conv1d", separable_conv1d},
    {"separable_conv2d", separable_conv2d},
    {"max_pooling1d", max_pooling1d},
    {"max_pooling2d", max_pooling2d},
    {"max_pooling3d", max_pooling3d},
    {"average_pooling1d", average_pooling1d},
    {"average_pooling2d", average_pooling2d},
    {"average_pooling3d", average_pooling3d},
    {"flatten", flatten},
    {"dropout", dropout},
    {"batch_normalization", batch_normalization},
};

bool golden_build_layer(golden_case *c, const golden_layer_call *call, tare_tensor *output) {
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (!strcmp(layers[i].name, call->name)) return layers[i].build(c, call, output);
    golden_lack(c, call->name);
    return false;
}
