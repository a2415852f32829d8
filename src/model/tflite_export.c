/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trained network as a .tflite model: from a session's graph, node by node on the way from one
 * tensor to another. Biases, folded normalisations and rectifiers go into the product before them;
 * ranges of fake quantisation stay with their tensors.
 * Weights change their order: filters [H, W, C, F] become [F, H, W, C], dense ones [C, F] become
 * [F, C].
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/normalisation.h"
#include "model/tflite.h"
#include "op/batch_norm.h"
#include "session/session.h"
#include <tare/op.h>
#include <tare/quantise.h>

#include <string.h>

/* Tensors that one node may need: its result, weights and a bias. */
enum { TENSORS_OF_NODE = 3, MOST_INPUTS = 3 };

typedef struct exporting {
    tare_session *session;
    const tare_graph *graph;
    tare_tflite *model;
    int32_t *uses;   /* by node id: how often the result's way reads it */
    int32_t *tensor; /* by node id: the tensor that output 0 is; -1 */
    int32_t *maker;  /* by tensor: the operator that gives it; -1 */
    tare_error *error;
} exporting;

static tare_status refuse(const exporting *e, const tare_node *node, const char *got,
                          const char *need) {
    return tare_fail_at(e->error, TARE_ERROR_UNSUPPORTED, node->def->name, node->name, got, need);
}

/* ------------------------------------------------------------------------------------- tensors */

static int32_t add_tensor(exporting *e, const char *name, int64_t type, tare_shape shape) {
    tare_tflite *model = e->model;
    tare_tflite_array *array = &model->tensors[model->tensor_count];
    array->type = type;
    array->told.dtype = tare_tflite_type(type, &array->told.type);
    array->told.name = tare_arena_text(model->arena, name);
    array->told.shape = array->signature = shape;
    for (int i = 0; i < shape.rank; i++)
        if (shape.extents[i] == TARE_ANY) array->told.shape.extents[i] = 1;
    e->maker[model->tensor_count] = -1;
    return (int32_t)model->tensor_count++;
}

/* A constant of 32-bit numbers, to be filled; NULL: no memory. */
static unsigned char *add_constant(exporting *e, const char *name, int64_t type, tare_shape shape,
                                   int32_t *index) {
    *index = add_tensor(e, name, type, shape);
    tare_tflite_array *array = &e->model->tensors[*index];
    const int64_t count = tare_shape_count(shape);
    unsigned char *data = tare_arena_allocate_array(e->model->arena, count + 1, sizeof(uint32_t));
    array->data = data;
    array->data_bytes = count * (int64_t)sizeof(uint32_t);
    array->told.constant = true;
    return array->told.name ? data : NULL;
}

static void put_float(unsigned char *data, int64_t i, float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    tare_put_32(data + i * (int64_t)sizeof bits, bits);
}

static float get_float(const unsigned char *data, int64_t i) {
    const uint32_t bits = tare_get_32(data + i * (int64_t)sizeof bits);
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static tare_status add_list(exporting *e, const tare_node *node, const int64_t *numbers, int count,
                            int32_t *index) {
    unsigned char *data = add_constant(e, node->name, TARE_TFLITE_INT32, TARE_SHAPE(count), index);
    if (!data) return tare_fail_memory(e->error);
    for (int i = 0; i < count; i++)
        tare_put_32(data + i * (int64_t)sizeof(uint32_t), (uint32_t)(int32_t)numbers[i]);
    return TARE_OK;
}

/* The result of a node: float32, its batch alone unknown. */
static tare_status add_result(exporting *e, const tare_node *node, int32_t *index) {
    const tare_type *type = &node->outputs[0];
    bool fits = type->dtype == TARE_FLOAT32 && type->shape.rank > 0;
    for (int i = 1; i < type->shape.rank; i++) fits = fits && type->shape.extents[i] >= 0;
    if (!fits)
        return refuse(e, node, "a result of another type, or of a shape that is not known",
                      "float32 whose extents but the batch are known");
    *index = add_tensor(e, node->name, TARE_TFLITE_FLOAT32, type->shape);
    return e->model->tensors[*index].told.name ? TARE_OK : tare_fail_memory(e->error);
}

/* ------------------------------------------------------------------------------------ operators */

static const tare_node *input_of(const exporting *e, const tare_node *node, int i) {
    const int32_t id = i < node->input_count ? node->inputs[i].node : 0;
    return id > 0 ? tare_graph_node(e->graph, id) : NULL;
}

/* The tensor that input i is: computed, and its node's first output. */
static tare_status find_operand(const exporting *e, const tare_node *node, int i, int32_t *index) {
    *index =
        i < node->input_count && node->inputs[i].output == 0 ? e->tensor[node->inputs[i].node] : -1;
    if (*index >= 0) return TARE_OK;
    return refuse(e, node, "an input that is not computed from the network's",
                  "one that is; constants have no place there");
}

static tare_status add_operator(exporting *e, const tare_node *node, int64_t code,
                                const int32_t *inputs, int count, tare_tflite_operator **made) {
    tare_tflite *model = e->model;
    tare_tflite_operator *op = &model->operators[model->operator_count];
    int32_t *indices = tare_arena_allocate_array(model->arena, count + 1, sizeof *indices);
    int32_t output = -1;
    TARE_TRY(add_result(e, node, &output));
    if (!indices) return tare_fail_memory(e->error);
    memcpy(indices, inputs, (size_t)count * sizeof *indices);
    indices[count] = output;
    *op = (tare_tflite_operator){.kind = tare_tflite_kind_of(code),
                                 .code = code,
                                 .version = 1,
                                 .inputs = indices,
                                 .input_count = count,
                                 .outputs = indices + count,
                                 .output_count = 1};
    for (int i = 0; op->kind->fields && op->kind->fields[i].name; i++)
        op->options[i] = op->kind->fields[i].initial;
    model->tensors[output].produced = true;
    e->maker[output] = (int32_t)model->operator_count++;
    e->tensor[node->id] = output;
    *made = op;
    return TARE_OK;
}

static void set_option(tare_tflite_operator *op, const char *name, double value) {
    for (int i = 0; op->kind->fields[i].name; i++)
        if (strcmp(op->kind->fields[i].name, name) == 0) op->options[i] = value;
}

static int64_t entry(tare_list list, int i) { return list.values[list.count == 1 ? 0 : i]; }

static tare_status set_windows(const exporting *e, const tare_node *node, tare_tflite_operator *op,
                               int padding, tare_list strides, int data_format) {
    if (padding == TARE_PADDING_EXPLICIT)
        return refuse(e, node, "explicit padding", "valid or same");
    if (data_format != TARE_NHWC) return refuse(e, node, "channels first", "channels last");
    set_option(op, "padding", padding == TARE_PADDING_SAME ? TARE_TFLITE_SAME : TARE_TFLITE_VALID);
    set_option(op, "stride_h", (double)entry(strides, 0));
    set_option(op, "stride_w", (double)entry(strides, 1));
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------- products */

static tare_status find_numbers(const exporting *e, const tare_node *node, const tare_node *of,
                                const tare_array **array) {
    const tare_session *session = e->session;
    if (!of || !(of->def->flags & TARE_OP_VARIABLE) || of->outputs[0].dtype != TARE_FLOAT32)
        return refuse(e, node, "weights that are no float32 variable", "a variable");
    if (of->id >= session->variables.count || !session->variables.items[of->id].initialized)
        return tare_fail_at(e->error, TARE_ERROR_UNINITIALIZED, "export", of->name,
                            "a variable without a value",
                            "tare_session_initialize or a checkpoint first");
    *array = session->variables.items[of->id].array;
    return TARE_OK;
}

/* [rows, columns] as [columns, rows], or as it is. */
static void put_matrix(unsigned char *data, const float *numbers, int64_t rows, int64_t columns,
                       bool turned) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            put_float(data, turned ? c * rows + r : r * columns + c, numbers[r * columns + c]);
}

/* A product with weights in their new shape and a bias of zeros, to be added to. */
static tare_status add_product(exporting *e, const tare_node *node, int64_t code, tare_shape shape,
                               int64_t rows, int64_t columns, bool turned,
                               tare_tflite_operator **made) {
    const tare_node *variable = input_of(e, node, 1);
    const tare_array *weights = NULL;
    int32_t inputs[MOST_INPUTS];
    TARE_TRY(find_operand(e, node, 0, &inputs[0]));
    TARE_TRY(find_numbers(e, node, variable, &weights));
    unsigned char *data = add_constant(e, variable->name, TARE_TFLITE_FLOAT32, shape, &inputs[1]);
    if (!data) return tare_fail_memory(e->error);
    put_matrix(data, weights->data, rows, columns, turned);
    const int64_t results =
        code == TARE_TFLITE_DEPTHWISE_CONV_2D ? shape.extents[3] : shape.extents[0];
    char name[256];
    tare_print(name, sizeof name, "%s/bias", node->name);
    unsigned char *bias =
        add_constant(e, name, TARE_TFLITE_FLOAT32, TARE_SHAPE(results), &inputs[2]);
    if (!bias) return tare_fail_memory(e->error);
    memset(bias, 0, (size_t)results * sizeof(float));
    return add_operator(e, node, code, inputs, MOST_INPUTS, made);
}

static tare_status export_filter(exporting *e, const tare_node *node, bool depthwise,
                                 const tare_nn_conv_options *o) {
    const tare_node *variable = input_of(e, node, 1);
    const tare_shape w = variable ? variable->outputs[0].shape : TARE_ANY_SHAPE;
    tare_tflite_operator *op = NULL;
    if (w.rank != 4 || !tare_shape_known(w) || (!depthwise && o->groups != 1))
        return refuse(e, node, "another filter, or groups", "one group, or one for each channel");
    const int64_t taps = w.extents[0] * w.extents[1], last = w.extents[3];
    const tare_shape shape = depthwise
                                 ? TARE_SHAPE(1, w.extents[0], w.extents[1], w.extents[2] * last)
                                 : TARE_SHAPE(last, w.extents[0], w.extents[1], w.extents[2]);
    TARE_TRY(add_product(e, node, depthwise ? TARE_TFLITE_DEPTHWISE_CONV_2D : TARE_TFLITE_CONV_2D,
                         shape, taps * w.extents[2], last, !depthwise, &op));
    TARE_TRY(set_windows(e, node, op, o->padding, o->strides, o->data_format));
    set_option(op, "dilation_h", (double)entry(o->dilations, 0));
    set_option(op, "dilation_w", (double)entry(o->dilations, 1));
    if (depthwise) set_option(op, "depth_multiplier", (double)last);
    return TARE_OK;
}

static tare_status export_conv(exporting *e, const tare_node *node) {
    const tare_nn_conv_options *o = node->options;
    return export_filter(e, node, o->groups == 0, o);
}

static tare_status export_depthwise(exporting *e, const tare_node *node) {
    const tare_nn_depthwise_conv2d_options *given = node->options;
    tare_nn_conv_options o = {TARE_NN_CONV_DEFAULTS};
    o.strides = given->strides;
    o.padding = given->padding;
    o.dilations = given->dilations;
    o.data_format = given->data_format;
    return export_filter(e, node, true, &o);
}

static tare_status export_matmul(exporting *e, const tare_node *node) {
    const tare_matmul_options *o = node->options;
    const tare_node *variable = input_of(e, node, 1);
    const tare_shape w = variable ? variable->outputs[0].shape : TARE_ANY_SHAPE;
    tare_tflite_operator *op = NULL;
    if (w.rank != 2 || !tare_shape_known(w) || o->transpose_a || node->input_count > 2 ||
        node->outputs[0].shape.rank != 2)
        return refuse(e, node, "a product of other than rows and a matrix of weights",
                      "x [N, C] and a variable of rank 2");
    const int64_t rows = w.extents[0], columns = w.extents[1];
    return add_product(e, node, TARE_TFLITE_FULLY_CONNECTED,
                       o->transpose_b ? w : TARE_SHAPE(columns, rows), rows, columns,
                       !o->transpose_b, &op);
}

/* The product that gives input 0, when nobody else reads it and nothing is merged into it yet. */
static tare_tflite_operator *product_before(const exporting *e, const tare_node *node) {
    const int32_t id = node->inputs[0].node, tensor = e->tensor[id];
    const int32_t maker = tensor >= 0 ? e->maker[tensor] : -1;
    tare_tflite_operator *op = maker >= 0 ? &e->model->operators[maker] : NULL;
    const bool open = op && op->kind->has_weights && e->uses[id] == 1 &&
                      tare_tflite_option(op, "activation") == TARE_TFLITE_NO_ACTIVATION;
    return open ? op : NULL;
}

/* The node is the product's result from now on. */
static tare_status take_over(exporting *e, const tare_node *node, const tare_tflite_operator *op) {
    tare_tflite_array *result = &e->model->tensors[op->outputs[0]];
    result->told.name = tare_arena_text(e->model->arena, node->name);
    e->tensor[node->id] = op->outputs[0];
    return result->told.name ? TARE_OK : tare_fail_memory(e->error);
}

static tare_status add_to_bias(exporting *e, const tare_node *node, const float *numbers,
                               int64_t count) {
    tare_tflite_operator *op = product_before(e, node);
    if (!op) return refuse(e, node, "an input that is no product of its own", "a product");
    const tare_tflite_array *bias = &e->model->tensors[op->inputs[2]];
    unsigned char *data = (unsigned char *)bias->data;
    if (count != bias->told.shape.extents[0])
        return refuse(e, node, "channels of another axis than the product's", "the last axis");
    for (int64_t i = 0; i < count; i++) put_float(data, i, get_float(data, i) + numbers[i]);
    return take_over(e, node, op);
}

static tare_status export_bias(exporting *e, const tare_node *node) {
    const tare_array *bias = NULL;
    TARE_TRY(find_numbers(e, node, input_of(e, node, 1), &bias));
    return add_to_bias(e, node, bias->data, bias->count);
}

/* What folding left of a layer: a shift, or nothing. */
static tare_status export_batch_norm(exporting *e, const tare_node *node) {
    const tare_batch_norm_node_options *o = node->options;
    const tare_array *arrays[TARE_BATCH_NORM_TRAINING] = {NULL};
    for (int i = TARE_BATCH_NORM_GAMMA; i < TARE_BATCH_NORM_TRAINING; i++)
        if (input_of(e, node, i)) TARE_TRY(find_numbers(e, node, input_of(e, node, i), &arrays[i]));
    const tare_array *mean = arrays[TARE_BATCH_NORM_MOVING_MEAN],
                     *variance = arrays[TARE_BATCH_NORM_MOVING_VARIANCE],
                     *gamma = arrays[TARE_BATCH_NORM_GAMMA], *beta = arrays[TARE_BATCH_NORM_BETA];
    if (!mean || !variance)
        return refuse(e, node, "a normalisation by the batch's own statistics", "moving ones");
    const int64_t channels = variance->count;
    float *scale = tare_arena_allocate_array(e->model->arena, channels + 1, 2 * sizeof *scale);
    if (!scale) return tare_fail_memory(e->error);
    const tare_normalisation_f32 by = {.mean = mean->data,
                                       .variance = variance->data,
                                       .gamma = gamma ? gamma->data : NULL,
                                       .beta = beta ? beta->data : NULL,
                                       .epsilon = o->epsilon};
    tare_scale_and_shift_f32(channels, &by, scale, scale + channels);
    for (int64_t c = 0; c < channels; c++)
        if (scale[c] != 1)
            return refuse(e, node, "a batch normalisation that is not folded",
                          "tare_fold first, which tells why one stays");
    return add_to_bias(e, node, scale + channels, channels);
}

/* ---------------------------------------------------------------------------------------- others
 */

static tare_status export_plain(exporting *e, const tare_node *node, int64_t code,
                                tare_tflite_operator **op) {
    int32_t input = -1;
    TARE_TRY(find_operand(e, node, 0, &input));
    return add_operator(e, node, code, &input, 1, op);
}

static tare_status export_rectifier(exporting *e, const tare_node *node, int activation,
                                    int64_t code) {
    tare_tflite_operator *op = product_before(e, node);
    if (!op) return export_plain(e, node, code, &op);
    set_option(op, "activation", activation);
    return take_over(e, node, op);
}

static tare_status export_relu(exporting *e, const tare_node *node) {
    return export_rectifier(e, node, TARE_TFLITE_RELU, TARE_TFLITE_RELU_OPERATOR);
}
static tare_status export_relu6(exporting *e, const tare_node *node) {
    return export_rectifier(e, node, TARE_TFLITE_RELU6, TARE_TFLITE_RELU6_OPERATOR);
}
static tare_status export_sigmoid(exporting *e, const tare_node *node) {
    tare_tflite_operator *op;
    return export_plain(e, node, TARE_TFLITE_LOGISTIC, &op);
}
static tare_status export_tanh(exporting *e, const tare_node *node) {
    tare_tflite_operator *op;
    return export_plain(e, node, TARE_TFLITE_TANH, &op);
}

static tare_status export_softmax(exporting *e, const tare_node *node) {
    const tare_softmax_options *o = node->options;
    const int rank = node->outputs[0].shape.rank;
    tare_tflite_operator *op = NULL;
    if (tare_shape_axis(o->axis, rank) != rank - 1)
        return refuse(e, node, "another axis", "the last one");
    TARE_TRY(export_plain(e, node, TARE_TFLITE_SOFTMAX, &op));
    set_option(op, "beta", 1);
    return TARE_OK;
}

static tare_status export_pool(exporting *e, const tare_node *node, int64_t code) {
    const tare_nn_pool_options *o = node->options;
    tare_tflite_operator *op = NULL;
    TARE_TRY(export_plain(e, node, code, &op));
    set_option(op, "filter_h", (double)entry(o->ksize, 0));
    set_option(op, "filter_w", (double)entry(o->ksize, 1));
    return set_windows(e, node, op, o->padding, o->strides, o->data_format);
}

static tare_status export_max_pool(exporting *e, const tare_node *node) {
    return export_pool(e, node, TARE_TFLITE_MAX_POOL_2D);
}
static tare_status export_average_pool(exporting *e, const tare_node *node) {
    return export_pool(e, node, TARE_TFLITE_AVERAGE_POOL_2D);
}

/* An operator whose second input is a list. */
static tare_status export_with_list(exporting *e, const tare_node *node, int64_t code,
                                    const int64_t *numbers, int count, tare_tflite_operator **op) {
    int32_t inputs[2];
    TARE_TRY(find_operand(e, node, 0, &inputs[0]));
    TARE_TRY(add_list(e, node, numbers, count, &inputs[1]));
    return add_operator(e, node, code, inputs, 2, op);
}

static tare_status export_reshape(exporting *e, const tare_node *node) {
    const tare_shape y = node->outputs[0].shape;
    tare_tflite_operator *op;
    if (y.rank < 1) return refuse(e, node, "a scalar", "rank 1 or more");
    return export_with_list(e, node, TARE_TFLITE_RESHAPE, y.extents, y.rank, &op);
}

static tare_status export_mean(exporting *e, const tare_node *node) {
    const tare_reduce_options *o = node->options;
    tare_tflite_operator *op = NULL;
    if (o->axis.count < 1) return refuse(e, node, "a mean over all axes", "axes that are named");
    TARE_TRY(export_with_list(e, node, TARE_TFLITE_MEAN, o->axis.values, o->axis.count, &op));
    set_option(op, "keep_dims", o->keepdims);
    return TARE_OK;
}

static tare_status export_add(exporting *e, const tare_node *node) {
    int32_t inputs[2];
    tare_tflite_operator *op;
    for (int i = 0; i < 2; i++) TARE_TRY(find_operand(e, node, i, &inputs[i]));
    return add_operator(e, node, TARE_TFLITE_ADD, inputs, 2, &op);
}

static tare_status export_identity(exporting *e, const tare_node *node) {
    return find_operand(e, node, 0, &e->tensor[node->id]);
}

/* The range that training saw stays with the tensor; the numbers stay float. */
static tare_status keep_range(exporting *e, const tare_node *node, double min, double max) {
    int32_t *tensor = &e->tensor[node->id];
    TARE_TRY(find_operand(e, node, 0, tensor));
    tare_tflite_tensor *told = &e->model->tensors[*tensor].told;
    told->ranged = min <= max;
    told->min = min;
    told->max = max;
    return TARE_OK;
}

static tare_status export_fake_quant_args(exporting *e, const tare_node *node) {
    const tare_fake_quant_args_options *o = node->options;
    return keep_range(e, node, o->min, o->max);
}

static tare_status export_fake_quant_vars(exporting *e, const tare_node *node) {
    const tare_array *min = NULL, *max = NULL;
    TARE_TRY(find_numbers(e, node, input_of(e, node, 1), &min));
    TARE_TRY(find_numbers(e, node, input_of(e, node, 2), &max));
    return keep_range(e, node, tare_array_number(min, 0), tare_array_number(max, 0));
}

/* ------------------------------------------------------------------------------------- together */

static const struct {
    const char *op;
    tare_status (*add)(exporting *e, const tare_node *node);
} rules[] = {
    {"nn_conv2d", export_conv},
    {"nn_convolution", export_conv},
    {"nn_depthwise_conv2d", export_depthwise},
    {"matmul", export_matmul},
    {"bias_add", export_bias},
    {"batch_norm", export_batch_norm},
    {"relu", export_relu},
    {"relu6", export_relu6},
    {"sigmoid", export_sigmoid},
    {"tanh", export_tanh},
    {"softmax", export_softmax},
    {"nn_max_pool2d", export_max_pool},
    {"nn_avg_pool2d", export_average_pool},
    {"reshape", export_reshape},
    {"reduce_mean", export_mean},
    {"add", export_add},
    {"identity", export_identity},
    {"fake_quant_with_min_max_args", export_fake_quant_args},
    {"fake_quant_with_min_max_vars", export_fake_quant_vars},
};

static bool is_source(const tare_node *node) {
    return node->def->flags & (TARE_OP_VARIABLE | TARE_OP_CONSTANT | TARE_OP_PLACEHOLDER);
}

static tare_status export_node(exporting *e, const tare_node *node) {
    if (is_source(node)) return TARE_OK; /* whoever reads it looks at it */
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].op, node->def->name) == 0) return rules[i].add(e, node);
    return refuse(e, node, "an op without a form in .tflite",
                  "convolutions, dense layers, pools, means, activations, reshapes and sums");
}

static tare_status make_room(exporting *e) {
    const int64_t nodes = tare_graph_node_count(e->graph) + 1;
    tare_arena *arena = e->model->arena;
    int64_t most = 0;
    if (!tare_multiply_sizes(nodes, TENSORS_OF_NODE, &most)) return tare_fail_memory(e->error);
    e->uses = tare_arena_allocate_array(arena, nodes, sizeof *e->uses);
    e->tensor = tare_arena_allocate_array(arena, nodes, sizeof *e->tensor);
    e->maker = tare_arena_allocate_array(arena, most, sizeof *e->maker);
    e->model->tensors = tare_arena_allocate_array(arena, most, sizeof *e->model->tensors);
    e->model->operators = tare_arena_allocate_array(arena, nodes, sizeof *e->model->operators);
    if (!e->uses || !e->tensor || !e->maker || !e->model->tensors || !e->model->operators)
        return tare_fail_memory(e->error);
    for (int64_t i = 0; i < nodes; i++) e->tensor[i] = -1;
    return TARE_OK;
}

/* How often each node is read on the way from the output down to the input. */
static void find_uses(exporting *e, int32_t input, int32_t output) {
    e->uses[output] = 1;
    for (int32_t id = output; id > 0; id--) {
        const tare_node *node = tare_graph_node(e->graph, id);
        for (int32_t i = 0; e->uses[id] > 0 && id != input && i < node->input_count; i++)
            e->uses[node->inputs[i].node]++;
    }
}

static tare_status export_all(exporting *e, tare_tensor input, tare_tensor output) {
    const tare_node *from = tare_tensor_node(input), *to = tare_tensor_node(output);
    tare_tflite *model = e->model;
    int32_t *ends = tare_arena_allocate_array(model->arena, 2, sizeof *ends);
    TARE_TRY(make_room(e));
    if (!ends) return tare_fail_memory(e->error);
    find_uses(e, from->id, to->id);
    TARE_TRY(add_result(e, from, &ends[0]));
    e->tensor[from->id] = ends[0];
    model->tensors[ends[0]].produced = true;
    for (int32_t id = 1; id <= to->id; id++)
        if (e->uses[id] > 0 && id != from->id)
            TARE_TRY(export_node(e, tare_graph_node(e->graph, id)));
    ends[1] = e->tensor[to->id];
    if (ends[1] < 0 || e->maker[ends[1]] < 0)
        return refuse(e, to, "an output that is not computed from the input", "one that is");
    model->version = TARE_TFLITE_SCHEMA_VERSION;
    model->inputs = &ends[0];
    model->outputs = &ends[1];
    model->input_count = model->output_count = 1;
    return TARE_OK;
}

tare_status tare_tflite_export(tare_session *session, tare_tensor input, tare_tensor output,
                               tare_tflite **model, tare_error *error) {
    if (model) *model = NULL;
    if (!session || !model || !tare_tensor_node(input) || !tare_tensor_node(output) ||
        input.graph != session->graph || output.graph != session->graph)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tflite_export needs a session, an input and an output of its graph, and "
                         "a place for the model");
    exporting e = {.session = session, .graph = session->graph, .error = error};
    e.model = tare_tflite_new("");
    if (!e.model) return tare_fail_memory(error);
    const tare_status status = export_all(&e, input, output);
    if (status == TARE_OK)
        *model = e.model;
    else
        tare_tflite_close(e.model);
    return status;
}
