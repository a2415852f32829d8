/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TensorFlow's functions by path and the ops they are here, with the names and the order of their
 * arguments. Options mostly have TensorFlow's names already; those that differ in form (strides
 * with batch and channel, paddings in pairs) are converted by name.
 */
#include "golden.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct op_entry op_entry;
typedef struct op_call {
    golden_case *c;
    const op_entry *entry;
    const golden_arguments *arguments;
    const json_t *options;
    tare_tensor *outputs;
    size_t count;
} op_call;

struct op_entry {
    const char *path;   /* TensorFlow's: "nn.conv2d" */
    const char *op;     /* ours; NULL: made of others by build */
    const char *inputs; /* TensorFlow's names of our inputs, in our order; '*' before a list */
    const char *places; /* its names of arguments given by place that are options of ours */
    bool (*build)(const op_call *call); /* NULL: one node of op */
};

static bool build_node(const op_call *call);
static bool build_detached(const op_call *call);
static bool build_argwhere(const op_call *call);
static bool build_matrix_transpose(const op_call *call);
static bool build_l2_normalize(const op_call *call);
static bool build_clip_by_norm(const op_call *call);
static bool build_clip_by_average_norm(const op_call *call);
static bool build_clip_by_global_norm(const op_call *call);
static bool build_separable(const op_call *call);
static bool build_statistics(const op_call *call);
static bool build_affine(const op_call *call);

static const op_entry table[] = {
    /* elementwise, one argument */
    {"abs", "abs", "x", "", NULL},
    {"ceil", "ceil", "x", "", NULL},
    {"cos", "cos", "x", "", NULL},
    {"erf", "erf", "x", "", NULL},
    {"exp", "exp", "x", "", NULL},
    {"expm1", "expm1", "x", "", NULL},
    {"floor", "floor", "x", "", NULL},
    {"identity", "identity", "input", "", NULL},
    {"is_finite", "is_finite", "x", "", NULL},
    {"is_nan", "is_nan", "x", "", NULL},
    {"log", "log", "x", "", NULL},
    {"log1p", "log1p", "x", "", NULL},
    {"logical_not", "logical_not", "x", "", NULL},
    {"negative", "negative", "x", "", NULL},
    {"reciprocal", "reciprocal", "x", "", NULL},
    {"round", "round", "x", "", NULL},
    {"rsqrt", "rsqrt", "x", "", NULL},
    {"sigmoid", "sigmoid", "x", "", NULL},
    {"sign", "sign", "x", "", NULL},
    {"sin", "sin", "x", "", NULL},
    {"sqrt", "sqrt", "x", "", NULL},
    {"square", "square", "x", "", NULL},
    {"stop_gradient", "stop_gradient", "input", "", NULL},
    {"tanh", "tanh", "x", "", NULL},
    {"zeros_like", "zeros_like", "tensor", "", NULL},
    {"cast", "cast", "x", "dtype", NULL},
    {"nn.elu", "elu", "features", "", NULL},
    {"nn.leaky_relu", "leaky_relu", "features", "", NULL},
    {"nn.relu", "relu", "features", "", NULL},
    {"nn.relu6", "relu6", "features", "", NULL},
    {"nn.selu", "selu", "features", "", NULL},
    {"nn.softplus", "softplus", "features", "", NULL},
    {"nn.softsign", "softsign", "features", "", NULL},
    {"nn.swish", "swish", "features", "", NULL},
    /* elementwise, more arguments */
    {"add", "add", "x y", "", NULL},
    {"add_n", "add_n", "*inputs", "", NULL},
    {"atan2", "atan2", "y x", "", NULL},
    {"clip_by_value", "clip_by_value", "t clip_value_min clip_value_max", "", NULL},
    {"div_no_nan", "div_no_nan", "x y", "", NULL},
    {"divide", "div", "x y", "", NULL},
    {"equal", "equal", "x y", "", NULL},
    {"floordiv", "floordiv", "x y", "", NULL},
    {"floormod", "floormod", "x y", "", NULL},
    {"greater", "greater", "x y", "", NULL},
    {"greater_equal", "greater_equal", "x y", "", NULL},
    {"less", "less", "x y", "", NULL},
    {"less_equal", "less_equal", "x y", "", NULL},
    {"logical_and", "logical_and", "x y", "", NULL},
    {"logical_or", "logical_or", "x y", "", NULL},
    {"logical_xor", "logical_xor", "x y", "", NULL},
    {"maximum", "maximum", "x y", "", NULL},
    {"minimum", "minimum", "x y", "", NULL},
    {"multiply", "mul", "x y", "", NULL},
    {"not_equal", "not_equal", "x y", "", NULL},
    {"pow", "pow", "x y", "", NULL},
    {"squared_difference", "squared_difference", "x y", "", NULL},
    {"subtract", "sub", "x y", "", NULL},
    {"truediv", "div", "x y", "", NULL},
    {"truncatediv", "truncatediv", "x y", "", NULL},
    {"truncatemod", "truncatemod", "x y", "", NULL},
    {"where", "where", "condition x y", "", NULL},
    /* reductions */
    {"argmax", "argmax", "input", "axis", NULL},
    {"argmin", "argmin", "input", "axis", NULL},
    {"nn.l2_loss", "l2_loss", "t", "", NULL},
    {"reduce_all", "reduce_all", "input_tensor", "axis", NULL},
    {"reduce_any", "reduce_any", "input_tensor", "axis", NULL},
    {"reduce_logsumexp", "reduce_logsumexp", "input_tensor", "axis", NULL},
    {"reduce_max", "reduce_max", "input_tensor", "axis", NULL},
    {"reduce_mean", "reduce_mean", "input_tensor", "axis", NULL},
    {"reduce_min", "reduce_min", "input_tensor", "axis", NULL},
    {"reduce_prod", "reduce_prod", "input_tensor", "axis", NULL},
    {"reduce_sum", "reduce_sum", "input_tensor", "axis", NULL},
    /* shapes */
    {"argwhere", "argwhere", "condition", "", build_argwhere},
    {"batch_to_space", "batch_to_space", "input", "", NULL},
    {"batch_to_space_nd", "batch_to_space", "input", "", NULL},
    {"broadcast_to", "broadcast_to", "input", "shape", NULL},
    {"concat", "concat", "*values", "axis", NULL},
    {"cumsum", "cumsum", "x", "axis", NULL},
    {"depth_to_space", "depth_to_space", "input", "", NULL},
    {"diag_part", "diag_part", "input", "", NULL},
    {"expand_dims", "expand_dims", "input", "axis", NULL},
    {"fill", "broadcast_to", "value", "dims", NULL},
    {"gather", "gather", "params indices", "axis", NULL},
    {"matrix_transpose", NULL, "a", "", build_matrix_transpose},
    {"nn.in_top_k", "in_top_k", "predictions targets", "k", NULL},
    {"nn.top_k", "top_k", "input", "k", NULL},
    {"one_hot", "one_hot", "indices", "depth", NULL},
    {"pad", "pad", "tensor", "paddings", NULL},
    {"rank", "rank_of", "input", "", NULL},
    {"reshape", "reshape", "tensor", "shape", NULL},
    {"reverse", "reverse", "tensor", "axis", NULL},
    {"shape", "shape_of", "input", "", NULL},
    {"size", "size_of", "input", "", NULL},
    {"slice", "slice", "input_", "begin size", NULL},
    {"space_to_batch", "space_to_batch", "input", "", NULL},
    {"space_to_batch_nd", "space_to_batch", "input", "", NULL},
    {"space_to_depth", "space_to_depth", "input", "", NULL},
    {"split", "split", "value", "num_or_size_splits axis", NULL},
    {"squeeze", "squeeze", "input", "axis", NULL},
    {"stack", "stack", "*values", "axis", NULL},
    {"strided_slice", "strided_slice", "input_", "begin end strides", NULL},
    {"tile", "tile", "input", "multiples", NULL},
    {"transpose", "transpose", "a", "perm", NULL},
    {"unsorted_segment_sum", "unsorted_segment_sum", "data segment_ids", "num_segments", NULL},
    {"unstack", "unstack", "value", "num axis", NULL},
    /* products, convolutions, pools */
    {"matmul", "matmul", "a b", "", NULL},
    {"nn.atrous_conv2d", "nn_conv2d", "value filters", "", NULL},
    {"nn.avg_pool", "nn_avg_pool2d", "value", "", NULL},
    {"nn.avg_pool1d", "nn_avg_pool1d", "input", "", NULL},
    {"nn.avg_pool3d", "nn_avg_pool3d", "input", "", NULL},
    {"nn.bias_add", "bias_add", "value bias", "", NULL},
    {"nn.conv1d", "nn_conv1d", "value filters", "", NULL},
    {"nn.conv2d", "nn_conv2d", "input filter", "", NULL},
    {"nn.conv2d_transpose", "nn_conv2d_transpose", "value filter", "", NULL},
    {"nn.conv3d", "nn_conv3d", "input filter", "", NULL},
    {"nn.conv3d_transpose", "nn_conv3d_transpose", "value filter", "", NULL},
    {"nn.depthwise_conv2d", "nn_depthwise_conv2d", "input filter", "", NULL},
    {"nn.max_pool", "nn_max_pool2d", "value", "", NULL},
    {"nn.max_pool1d", "nn_max_pool1d", "input", "", NULL},
    {"nn.max_pool3d", "nn_max_pool3d", "input", "", NULL},
    {"nn.separable_conv2d", "nn_depthwise_conv2d", "input depthwise_filter pointwise_filter", "",
     build_separable},
    {"tensordot", "tensordot", "a b", "axes", NULL},
    {"nn.xw_plus_b", NULL, "x weights biases", "", build_affine},
    /* images and vectors */
    {"image.resize_bilinear", "resize_bilinear", "images", "size", NULL},
    {"image.resize_nearest_neighbor", "resize_nearest_neighbor", "images", "size", NULL},
    {"nn.l2_normalize", NULL, "x", "", build_l2_normalize},
    {"nn.lrn", "lrn", "input", "", NULL},
    /* softmax and cross-entropies */
    {"nn.log_softmax", "log_softmax", "logits", "", NULL},
    {"nn.sigmoid_cross_entropy_with_logits", "sigmoid_cross_entropy_with_logits", "labels logits",
     "", NULL},
    {"nn.softmax", "softmax", "logits", "", NULL},
    {"nn.softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits", "labels logits",
     "", build_detached},
    {"nn.softmax_cross_entropy_with_logits_v2", "softmax_cross_entropy_with_logits",
     "labels logits", "", NULL},
    {"nn.sparse_softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
     "labels logits", "", NULL},
    {"nn.weighted_cross_entropy_with_logits", "weighted_cross_entropy_with_logits", "labels logits",
     "", NULL},
    /* clipping */
    {"clip_by_average_norm", NULL, "t clip_norm", "", build_clip_by_average_norm},
    {"clip_by_global_norm", NULL, "*t_list clip_norm", "", build_clip_by_global_norm},
    {"clip_by_norm", NULL, "t clip_norm", "", build_clip_by_norm},
    /* normalisation */
    {"nn.batch_norm_with_global_normalization", "batch_norm_with_global_normalization",
     "t m v beta gamma", "", NULL},
    {"nn.batch_normalization", "batch_normalization", "x mean variance offset scale", "", NULL},
    {"nn.fused_batch_norm", "fused_batch_norm", "x scale offset mean variance", "", NULL},
    {"nn.moments", "moments", "x", "", NULL},
    {"nn.normalize_moments", "normalize_moments", "counts mean_ss variance_ss shift", "", NULL},
    {"nn.sufficient_statistics", "sufficient_statistics", "x shift", "", build_statistics},
    {"nn.weighted_moments", "weighted_moments", "x frequency_weights", "", NULL},
};

static const op_entry *find_op(const char *path) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].path, path)) return &table[i];
    return NULL;
}

static bool op_exists(const char *op) { return tare_op_option_table(op) != NULL; }

/* ------------------------------------------------------------------------------------ arguments */

/* Copies word i of a list separated by spaces; false beyond the last. */
static bool word_at(const char *words, size_t i, char *word) {
    while (*words && i > 0)
        if (*words++ == ' ') i--;
    size_t length = strcspn(words, " ");
    snprintf(word, GOLDEN_NAME, "%.*s", (int)length, words);
    return length > 0;
}

/* Which argument of the call stands for input or option `place` of that name; -1: none. */
static int find_argument(const golden_arguments *arguments, const char *name, size_t place) {
    for (size_t i = 0; i < arguments->count; i++) {
        const char *given = arguments->items[i].name;
        if (given[0] ? !strcmp(given, name) : i == place) return (int)i;
    }
    return -1;
}

/* What stands for an input that was given as an option: an immediate, or int32 numbers. */
static tare_tensor tensor_of(const op_call *call, const json_t *value) {
    if (json_is_number(value)) return tare_number(json_number_value(value));
    if (!json_is_array(value)) return TARE_NULL;
    const tare_array *array = golden_numbers(call->c, value, TARE_INT32);
    return tare_constant_with(call->c->graph, array, NULL);
}

/* Appends the tensors of one input; a null tensor where it was left out. */
static void gather_input(const op_call *call, const char *name, size_t place, tare_tensor *inputs,
                         size_t *count) {
    int at = find_argument(call->arguments, name, place);
    if (at < 0) {
        inputs[(*count)++] = tensor_of(call, json_object_get(call->options, name));
    } else if (call->arguments->items[at].count == 0) {
        inputs[(*count)++] = tensor_of(call, call->arguments->items[at].value);
    } else {
        for (size_t i = 0; i < call->arguments->items[at].count; i++)
            inputs[(*count)++] = call->arguments->items[at].tensors[i];
    }
}

static size_t gather_inputs(const op_call *call, tare_tensor *inputs) {
    char word[GOLDEN_NAME];
    size_t count = 0;
    for (size_t i = 0; word_at(call->entry->inputs, i, word); i++)
        gather_input(call, word[0] == '*' ? word + 1 : word, i, inputs, &count);
    return count;
}

/* -------------------------------------------------------------------------------------- options */

typedef struct op_options {
    golden_case *c;
    const tare_option_table *table;
    void *values;
} op_options;

static bool set(const op_options *o, const char *name, const json_t *value) {
    return golden_set_option(o->c, o->table, o->values, name, value);
}

static bool has_field(const op_options *o, const char *name) {
    const tare_option *field = o->table->options;
    while (field->name && strcmp(field->name, name) != 0) field++;
    return field->name != NULL;
}

static bool set_and_release(const op_options *o, const char *name, json_t *value) {
    bool fine = set(o, name, value);
    json_decref(value);
    return fine;
}

/* A list with batch and channel (as strides of a convolution) keeps its spatial part. */
static bool set_spatial(const op_options *o, const char *name, const json_t *value) {
    size_t count = json_array_size(value);
    if (count < 3) return set(o, name, value);
    json_t *inner = json_array();
    for (size_t i = 1; i + 1 < count; i++) json_array_append(inner, json_array_get(value, i));
    return set_and_release(o, name, inner);
}

/* Words are upper case in TensorFlow. */
static bool set_lower(const op_options *o, const char *name, const json_t *value) {
    char word[GOLDEN_NAME];
    snprintf(word, sizeof word, "%s", json_string_value(value) ? json_string_value(value) : "");
    for (char *at = word; *at; at++) *at = (char)tolower((unsigned char)*at);
    return set_and_release(o, name, json_string(word));
}

/* Pairs [[before, after], ...] from `first` to `last` as two lists. */
static bool set_pairs(const op_options *o, const json_t *pairs, size_t first, size_t last) {
    json_t *before = json_array(), *after = json_array();
    for (size_t i = first; i < last; i++) {
        json_array_append(before, json_array_get(json_array_get(pairs, i), 0));
        json_array_append(after, json_array_get(json_array_get(pairs, i), 1));
    }
    bool fine = set_and_release(o, "before", before);
    return set_and_release(o, "after", after) && fine;
}

static bool set_paddings(const op_options *o, const char *name, const json_t *value) {
    (void)name;
    return set_pairs(o, value, 0, json_array_size(value));
}

/* "SAME", "VALID", or explicit pairs for every axis. */
static bool set_padding(const op_options *o, const char *name, const json_t *value) {
    if (json_is_string(value)) return set_lower(o, name, value);
    return set_and_release(o, name, json_string("explicit")) &&
           set_pairs(o, value, 1, json_array_size(value) - 1);
}

static bool set_splits(const op_options *o, const char *name, const json_t *value) {
    (void)name;
    return set(o, json_is_integer(value) ? "num" : "sizes", value);
}

/* One number of pixels for both sides of a block. */
static bool set_block(const op_options *o, const char *name, const json_t *value) {
    if (!has_field(o, "block_shape")) return set(o, name, value);
    json_t *sides = json_array();
    json_array_append(sides, (json_t *)(uintptr_t)value);
    json_array_append(sides, (json_t *)(uintptr_t)value);
    return set_and_release(o, "block_shape", sides);
}

/* A number or a list, or two lists that go in pairs. */
static bool set_axes(const op_options *o, const char *name, const json_t *value) {
    if (!json_is_array(json_array_get(value, 0))) return set(o, name, value);
    return set(o, "a_axes", json_array_get(value, 0)) && set(o, "b_axes", json_array_get(value, 1));
}

static bool set_dims(const op_options *o, const char *name, const json_t *value) {
    (void)name;
    return set(o, "shape", value);
}

static bool set_rate(const op_options *o, const char *name, const json_t *value) {
    (void)name;
    return set(o, "dilations", value);
}

static bool set_stride(const op_options *o, const char *name, const json_t *value) {
    (void)name;
    return set(o, "strides", value);
}

/* The whole shape of a result, of which batch and channels follow here. */
static bool set_output_shape(const op_options *o, const char *name, const json_t *value) {
    (void)name;
    return set_spatial(o, "output_size", value);
}

static const struct {
    const char *name;
    bool (*set)(const op_options *o, const char *name, const json_t *value);
} converters[] = {
    {"axes", set_axes},         {"block_size", set_block},  {"crops", set_paddings},
    {"data_format", set_lower}, {"dilations", set_spatial}, {"dims", set_dims},
    {"ksize", set_spatial},     {"mode", set_lower},        {"num_or_size_splits", set_splits},
    {"padding", set_padding},   {"paddings", set_paddings}, {"rate", set_rate},
    {"strides", set_spatial},   {"stride", set_stride},     {"output_shape", set_output_shape},
};

static bool set_converted(const op_options *o, const char *name, const json_t *value) {
    if (json_is_null(value)) return true;
    for (size_t i = 0; i < sizeof converters / sizeof *converters; i++)
        if (!strcmp(converters[i].name, name)) return converters[i].set(o, name, value);
    return set(o, name, value);
}

/* Options by name, then arguments by place that are options here. */
static bool set_all(const op_call *call, const op_options *o) {
    const char *name;
    json_t *value;
    bool fine = true;
    json_object_foreach((json_t *)(uintptr_t)call->options, name,
                        value) if (!golden_has_word(call->entry->inputs, name)) fine =
        set_converted(o, name, value) && fine;
    char word[GOLDEN_NAME];
    size_t inputs = 0;
    while (word_at(call->entry->inputs, inputs, word)) inputs++;
    for (size_t i = 0; word_at(call->entry->places, i, word); i++) {
        int at = find_argument(call->arguments, word, inputs + i);
        if (at >= 0) fine = set_converted(o, word, call->arguments->items[at].value) && fine;
    }
    return fine;
}

/* ------------------------------------------------------------------------------------- building */

static bool build_from(const op_call *call, const tare_tensor *inputs, size_t input_count) {
    const tare_option_table *table_of = tare_op_option_table(call->entry->op);
    op_options o = {call->c, table_of, calloc(1, table_of->size)};
    if (!o.values) return false;
    table_of->set_defaults(o.values);
    bool fine = set_all(call, &o);
    if (fine) {
        tare_tensor first =
            tare_build(call->c->graph, call->entry->op, inputs, input_count, o.values);
        for (size_t i = 0; i < call->count; i++)
            call->outputs[i] = i ? tare_output(first, (int)i) : first;
    }
    free(o.values);
    return fine;
}

static bool build_node(const op_call *call) {
    tare_tensor inputs[16];
    size_t count = gather_inputs(call, inputs);
    return build_from(call, inputs, count);
}

/* The first version of the cross-entropy lets no gradient flow into the labels. */
static bool build_detached(const op_call *call) {
    tare_tensor inputs[16];
    size_t count = gather_inputs(call, inputs);
    inputs[0] = tare_stop_gradient_with(inputs[0], NULL);
    return build_from(call, inputs, count);
}

/* As many places as TensorFlow found; here one more or less is an error of the run. */
static bool build_argwhere(const op_call *call) {
    tare_tensor inputs[16];
    gather_inputs(call, inputs);
    const json_t *rows = json_object_get(golden_entry(call->c, "run", "out", "y"), "shape");
    tare_argwhere_options options = {TARE_ARGWHERE_DEFAULTS};
    options.size = (int64_t)json_integer_value(json_array_get(rows, 0));
    call->outputs[0] = tare_argwhere_with(inputs[0], &options);
    return true;
}

static bool build_matrix_transpose(const op_call *call) {
    tare_tensor inputs[16];
    gather_inputs(call, inputs);
    call->outputs[0] = tare_matrix_transpose_with(inputs[0], NULL);
    return true;
}

#define GOLDEN_STRUCT tare_l2_normalize_options
static const tare_option l2_normalize_fields[] = {TARE_L2_NORMALIZE_FIELDS(GOLDEN_FIELD)
                                                      GOLDEN_LAST_FIELD};
#undef GOLDEN_STRUCT

static bool build_l2_normalize(const op_call *call) {
    tare_tensor inputs[16];
    tare_l2_normalize_options options = {TARE_L2_NORMALIZE_DEFAULTS};
    const tare_option_table table_of = {sizeof options, l2_normalize_fields, NULL};
    gather_inputs(call, inputs);
    if (!golden_set_options(call->c, &table_of, &options, call->options, "")) return false;
    call->outputs[0] = tare_l2_normalize_with(inputs[0], &options);
    return true;
}

/* The options are those of the depthwise part. */
static bool build_separable(const op_call *call) {
    tare_tensor inputs[16];
    tare_nn_depthwise_conv2d_options options = {TARE_NN_DEPTHWISE_CONV2D_DEFAULTS};
    const op_options o = {call->c, tare_op_option_table(call->entry->op), &options};
    gather_inputs(call, inputs);
    if (!set_all(call, &o)) return false;
    call->outputs[0] = tare_nn_separable_conv2d_with(inputs[0], inputs[1], inputs[2], &options);
    return true;
}

/* Its fourth output is the shift that went in. */
static bool build_statistics(const op_call *call) {
    tare_tensor inputs[16];
    size_t count = gather_inputs(call, inputs);
    op_call inner = *call;
    if (call->count == 4) inner.count = 3;
    bool fine = build_from(&inner, inputs, count);
    if (call->count == 4) call->outputs[3] = inputs[1];
    return fine;
}

static bool build_affine(const op_call *call) {
    tare_tensor inputs[16];
    gather_inputs(call, inputs);
    call->outputs[0] =
        tare_bias_add_with(tare_matmul_with(inputs[0], inputs[1], NULL), inputs[2], NULL);
    return true;
}

static bool build_clip_by_norm(const op_call *call) {
    tare_tensor inputs[16];
    tare_clip_options options = {TARE_CLIP_DEFAULTS};
    const json_t *axes = json_object_get(call->options, "axes");
    gather_inputs(call, inputs);
    for (size_t i = 0; i < json_array_size(axes) && i < TARE_MAX_RANK; i++)
        options.axes.values[options.axes.count++] =
            (int64_t)json_integer_value(json_array_get(axes, i));
    call->outputs[0] = tare_clip_by_norm_with(inputs[0], inputs[1], &options);
    return true;
}

static bool build_clip_by_average_norm(const op_call *call) {
    tare_tensor inputs[16];
    gather_inputs(call, inputs);
    call->outputs[0] = tare_clip_by_average_norm_with(inputs[0], inputs[1], NULL);
    return true;
}

/* All clipped tensors, then their norm before. */
static bool build_clip_by_global_norm(const op_call *call) {
    tare_tensor inputs[16];
    size_t count = gather_inputs(call, inputs) - 1;
    if (call->count != count + 1) {
        golden_fail(call->c, "clip_by_global_norm gives %zu tensors, the case has %zu", count + 1,
                    call->count);
        return false;
    }
    call->outputs[count] =
        tare_clip_by_global_norm_with(inputs, count, inputs[count], call->outputs, NULL);
    return true;
}

bool golden_build_op(golden_case *c, const char *path, const golden_arguments *arguments,
                     const json_t *options, tare_tensor *outputs, size_t count) {
    if (!strncmp(path, "losses.", 7))
        return golden_build_loss(c, path + 7, arguments, options, outputs);
    const op_entry *entry = find_op(path);
    const char *last = strrchr(path, '.') ? strrchr(path, '.') + 1 : path;
    if (!entry && op_exists(last)) {
        golden_fail(c, "%s exists but has no line in the driver's table", path);
        return false;
    }
    if (!entry || (entry->op && !op_exists(entry->op))) {
        golden_lack(c, path);
        return false;
    }
    op_call call = {c, entry, arguments, options, outputs, count};
    return entry->build ? entry->build(&call) : build_node(&call);
}
