/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trained network as a .tflite model: from a session's graph, node by node on the way from one
 * tensor to another. Biases, folded normalisations and factors go into the product before them,
 * rectifiers into that or a sum; ranges of fake quantisation, and those that the graph knows, stay
 * with their tensors.
 */
#include "model/tflite_export.h"

#include "array/shape.h"
#include "base/bytes.h"
#include "base/status.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

tare_status tare_export_refuse(const tare_exporting *e, const tare_node *node, const char *got,
                               const char *need) {
    return tare_fail_at(e->error, TARE_ERROR_UNSUPPORTED, node->def->name, node->name, got, need);
}

/* ------------------------------------------------------------------------------------- tensors */

static int32_t add_tensor(tare_exporting *e, const char *name, int64_t type, tare_shape shape) {
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

unsigned char *tare_export_constant(tare_exporting *e, const char *name, int64_t type,
                                    tare_shape shape, int32_t *index) {
    *index = add_tensor(e, name, type, shape);
    tare_tflite_array *array = &e->model->tensors[*index];
    const int64_t count = tare_shape_count(shape);
    unsigned char *data = tare_arena_allocate_array(e->model->arena, count + 1, sizeof(uint32_t));
    array->data = data;
    array->data_bytes = count * (int64_t)sizeof(uint32_t);
    array->told.constant = true;
    return array->told.name ? data : NULL;
}

tare_status tare_export_list(tare_exporting *e, const tare_node *node, const char *what,
                             const int64_t *numbers, int count, int32_t *index) {
    char name[256];
    tare_print(name, sizeof name, "%s/%s", node->name, what);
    unsigned char *data =
        tare_export_constant(e, name, TARE_TFLITE_INT32, TARE_SHAPE(count), index);
    if (!data) return tare_fail_memory(e->error);
    for (int i = 0; i < count; i++)
        tare_put_32(data + i * (int64_t)sizeof(uint32_t), (uint32_t)(int32_t)numbers[i]);
    return TARE_OK;
}

/* A computed tensor: float32, its batch alone unknown. */
static tare_status add_result(tare_exporting *e, const tare_node *node, const char *name,
                              tare_shape shape, int32_t *index) {
    const tare_dtype dtype = node->outputs[0].dtype;
    char got[TARE_SHAPE_TEXT + 32], text[TARE_SHAPE_TEXT];
    bool fits = dtype == TARE_FLOAT32 && shape.rank > 0;
    for (int i = 1; i < shape.rank; i++) fits = fits && shape.extents[i] >= 0;
    tare_print(got, sizeof got, "a result %s %s", tare_dtype_name(dtype),
               tare_shape_text(text, shape));
    if (!fits)
        return tare_export_refuse(e, node, got, "float32 whose extents but the batch are known");
    *index = add_tensor(e, name, TARE_TFLITE_FLOAT32, shape);
    return e->model->tensors[*index].told.name ? TARE_OK : tare_fail_memory(e->error);
}

/* ------------------------------------------------------------------------------------ operators */

const tare_node *tare_export_input(const tare_exporting *e, const tare_node *node, int i) {
    const int32_t id = i < node->input_count ? node->inputs[i].node : 0;
    return id > 0 ? tare_graph_node(e->graph, id) : NULL;
}

tare_status tare_export_operand(const tare_exporting *e, const tare_node *node, int i,
                                int32_t *index) {
    *index =
        i < node->input_count && node->inputs[i].output == 0 ? e->tensor[node->inputs[i].node] : -1;
    if (*index >= 0) return TARE_OK;
    return tare_export_refuse(e, node, "an input that is not computed from the network's",
                              "one that is; constants have no place there");
}

tare_status tare_export_numbers(const tare_exporting *e, const tare_node *node, const tare_node *of,
                                const tare_array **array) {
    const tare_session *session = e->session;
    if (!of || !(of->def->flags & TARE_OP_VARIABLE) || of->outputs[0].dtype != TARE_FLOAT32)
        return tare_export_refuse(e, node, "weights that are no float32 variable", "a variable");
    if (of->id >= session->variables.count || !session->variables.items[of->id].initialized)
        return tare_fail_at(e->error, TARE_ERROR_UNINITIALIZED, "export", of->name,
                            "a variable without a value",
                            "tare_session_initialize or a checkpoint first");
    *array = session->variables.items[of->id].array;
    return TARE_OK;
}

tare_status tare_export_step(tare_exporting *e, const tare_node *node, const char *name,
                             tare_shape shape, int64_t code, const int32_t *inputs, int count,
                             tare_tflite_operator **made) {
    tare_tflite *model = e->model;
    tare_tflite_operator *op = &model->operators[model->operator_count];
    int32_t *indices = tare_arena_allocate_array(model->arena, count + 1, sizeof *indices);
    int32_t output = -1;
    TARE_TRY(add_result(e, node, name, shape, &output));
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
    *made = op;
    return TARE_OK;
}

tare_status tare_export_operator(tare_exporting *e, const tare_node *node, int64_t code,
                                 const int32_t *inputs, int count, tare_tflite_operator **made) {
    TARE_TRY(
        tare_export_step(e, node, node->name, node->outputs[0].shape, code, inputs, count, made));
    e->tensor[node->id] = (*made)->outputs[0];
    return TARE_OK;
}

void tare_export_set(tare_tflite_operator *op, const char *name, double value) {
    for (int i = 0; op->kind->fields[i].name; i++)
        if (strcmp(op->kind->fields[i].name, name) == 0) op->options[i] = value;
}

int64_t tare_export_entry(tare_list list, int i) { return list.values[list.count == 1 ? 0 : i]; }

tare_status tare_export_windows(const tare_exporting *e, const tare_node *node,
                                tare_tflite_operator *op, int padding, tare_list strides,
                                int data_format) {
    if (padding == TARE_PADDING_EXPLICIT)
        return tare_export_refuse(e, node, "explicit padding", "valid or same");
    if (data_format != TARE_NHWC)
        return tare_export_refuse(e, node, "channels first", "channels last");
    tare_export_set(op, "padding",
                    padding == TARE_PADDING_SAME ? TARE_TFLITE_SAME : TARE_TFLITE_VALID);
    tare_export_set(op, "stride_h", (double)tare_export_entry(strides, 0));
    tare_export_set(op, "stride_w", (double)tare_export_entry(strides, 1));
    return TARE_OK;
}

tare_status tare_export_padding(tare_exporting *e, const tare_node *node, tare_list before,
                                tare_list after, int32_t *index) {
    tare_shape shape = e->model->tensors[*index].signature;
    int64_t around[2 * TARE_MAX_RANK] = {0};
    char name[256];
    int32_t inputs[2] = {*index, -1};
    tare_tflite_operator *op = NULL;
    for (int axis = 1; axis < shape.rank - 1; axis++) {
        around[2 * axis] = tare_export_entry(before, axis - 1);
        around[2 * axis + 1] = tare_export_entry(after, axis - 1);
        shape.extents[axis] += around[2 * axis] + around[2 * axis + 1];
    }
    tare_print(name, sizeof name, "%s/padded", node->name);
    TARE_TRY(tare_export_list(e, node, "paddings", around, 2 * shape.rank, &inputs[1]));
    e->model->tensors[inputs[1]].told.shape = e->model->tensors[inputs[1]].signature =
        TARE_SHAPE(shape.rank, 2);
    TARE_TRY(tare_export_step(e, node, name, shape, TARE_TFLITE_PAD, inputs, 2, &op));
    *index = op->outputs[0];
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------- together */

static const struct {
    const char *op;
    tare_status (*add)(tare_exporting *e, const tare_node *node);
} rules[] = {
    {"nn_conv2d", tare_export_conv},
    {"nn_convolution", tare_export_conv},
    {"nn_conv3d", tare_export_conv3d},
    {"nn_conv2d_transpose", tare_export_conv_transpose},
    {"nn_depthwise_conv2d", tare_export_depthwise},
    {"matmul", tare_export_matmul},
    {"bias_add", tare_export_bias},
    {"batch_norm", tare_export_batch_norm},
    {"mul", tare_export_mul},
    {"div", tare_export_div},
    {"relu", tare_export_relu},
    {"relu6", tare_export_relu6},
    {"sigmoid", tare_export_sigmoid},
    {"tanh", tare_export_tanh},
    {"softmax", tare_export_softmax},
    {"nn_max_pool2d", tare_export_max_pool},
    {"nn_avg_pool2d", tare_export_average_pool},
    {"reshape", tare_export_reshape},
    {"reduce_mean", tare_export_mean},
    {"add", tare_export_add},
    {"pad", tare_export_pad},
    {"resize_nearest_neighbor", tare_export_resize_nearest},
    {"resize_bilinear", tare_export_resize_bilinear},
    {"identity", tare_export_identity},
    {"fake_quant_with_min_max_args", tare_export_fake_quant_args},
    {"fake_quant_with_min_max_vars", tare_export_fake_quant_vars},
};

static bool is_source(const tare_node *node) {
    return node->def->flags & (TARE_OP_VARIABLE | TARE_OP_CONSTANT | TARE_OP_PLACEHOLDER);
}

static tare_status export_node(tare_exporting *e, const tare_node *node) {
    if (is_source(node)) return TARE_OK; /* whoever reads it looks at it */
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].op, node->def->name) == 0) return rules[i].add(e, node);
    return tare_export_refuse(e, node, "an op without a form in .tflite",
                              "convolutions, dense layers, pools, means, activations, reshapes, "
                              "padding, resizing and sums");
}

static tare_status make_room(tare_exporting *e) {
    const int64_t nodes = tare_graph_node_count(e->graph) + 1;
    tare_arena *arena = e->model->arena;
    int64_t tensors = 0, operators = 0;
    if (!tare_multiply_sizes(nodes, TARE_EXPORT_TENSORS, &tensors) ||
        !tare_multiply_sizes(nodes, TARE_EXPORT_OPERATORS, &operators))
        return tare_fail_memory(e->error);
    e->uses = tare_arena_allocate_array(arena, nodes, sizeof *e->uses);
    e->tensor = tare_arena_allocate_array(arena, nodes, sizeof *e->tensor);
    e->maker = tare_arena_allocate_array(arena, tensors, sizeof *e->maker);
    e->model->tensors = tare_arena_allocate_array(arena, tensors, sizeof *e->model->tensors);
    e->model->operators = tare_arena_allocate_array(arena, operators, sizeof *e->model->operators);
    if (!e->uses || !e->tensor || !e->maker || !e->model->tensors || !e->model->operators)
        return tare_fail_memory(e->error);
    for (int64_t i = 0; i < nodes; i++) e->tensor[i] = -1;
    return TARE_OK;
}

/* The range that the graph tells of a node's result stays with the tensor. */
static void tell_range(const tare_exporting *e, const tare_node *node) {
    double min = 0, max = 0;
    const int32_t tensor = e->tensor[node->id];
    if (tensor < 0 || !tare_graph_range(e->graph, node->output_names[0], &min, &max)) return;
    tare_tflite_tensor *told = &e->model->tensors[tensor].told;
    told->ranged = true;
    told->min = min;
    told->max = max;
}

/* How often each node is read on the way from the output down to the input. */
static void find_uses(tare_exporting *e, int32_t input, int32_t output) {
    e->uses[output] = 1;
    for (int32_t id = output; id > 0; id--) {
        const tare_node *node = tare_graph_node(e->graph, id);
        for (int32_t i = 0; e->uses[id] > 0 && id != input && i < node->input_count; i++)
            e->uses[node->inputs[i].node]++;
    }
}

/* Where an operator takes one example at a time, all do. */
static void close_batch(tare_exporting *e) {
    for (int64_t i = 0; i < e->model->tensor_count && e->batch_of_1; i++)
        e->model->tensors[i].signature = e->model->tensors[i].told.shape;
}

/* By name; tensors of one name in their order. */
static int by_name(const void *a, const void *b) {
    const tare_tflite_array *x = *(tare_tflite_array *const *)a,
                            *y = *(tare_tflite_array *const *)b;
    const int order = strcmp(x->told.name, y->told.name);
    return order != 0 ? order : (x > y) - (x < y);
}

/* The name with a number behind it. */
static tare_status number_name(tare_exporting *e, const char **name, const char *base, int64_t k) {
    const size_t bytes = strlen(base) + 24;
    char *numbered = tare_arena_allocate_array(e->model->arena, (int64_t)bytes, 1);
    if (!numbered) return tare_fail_memory(e->error);
    tare_print(numbered, bytes, "%s_%lld", base, (long long)k);
    *name = numbered;
    return TARE_OK;
}

/*
 * Weights that two layers share are two constants. Readers that know tensors by their names
 * (OpenVINO) take one for the other where two are called alike: the second becomes NAME_1. A name
 * grows whenever it changes, so this ends.
 */
static tare_status make_names_unique(tare_exporting *e) {
    tare_tflite *model = e->model;
    tare_tflite_array **order =
        tare_arena_allocate_array(model->arena, model->tensor_count, sizeof(tare_tflite_array *));
    if (!order) return tare_fail_memory(e->error);
    for (int64_t i = 0; i < model->tensor_count; i++) order[i] = &model->tensors[i];
    for (bool changed = true; changed;) {
        changed = false;
        qsort(order, (size_t)model->tensor_count, sizeof *order, by_name);
        for (int64_t i = 0, first = 0; i < model->tensor_count; i++) {
            if (strcmp(order[i]->told.name, order[first]->told.name) != 0) first = i;
            if (first == i) continue;
            TARE_TRY(number_name(e, &order[i]->told.name, order[first]->told.name, i - first));
            changed = true;
        }
    }
    return TARE_OK;
}

static tare_status export_all(tare_exporting *e, tare_tensor input, tare_tensor output) {
    const tare_node *from = tare_tensor_node(input), *to = tare_tensor_node(output);
    tare_tflite *model = e->model;
    int32_t *ends = tare_arena_allocate_array(model->arena, 2, sizeof *ends);
    TARE_TRY(make_room(e));
    if (!ends) return tare_fail_memory(e->error);
    find_uses(e, from->id, to->id);
    TARE_TRY(add_result(e, from, from->name, from->outputs[0].shape, &ends[0]));
    e->tensor[from->id] = ends[0];
    model->tensors[ends[0]].produced = true;
    for (int32_t id = 1; id <= to->id; id++) {
        const tare_node *node = tare_graph_node(e->graph, id);
        if (e->uses[id] == 0) continue;
        if (id != from->id) TARE_TRY(export_node(e, node));
        tell_range(e, node);
    }
    ends[1] = e->tensor[to->id];
    if (ends[1] < 0 || e->maker[ends[1]] < 0)
        return tare_export_refuse(e, to, "an output that is not computed from the input",
                                  "one that is");
    close_batch(e);
    TARE_TRY(make_names_unique(e));
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
    tare_exporting e = {.session = session, .graph = session->graph, .error = error};
    e.model = tare_tflite_new("");
    if (!e.model) return tare_fail_memory(error);
    const tare_status status = export_all(&e, input, output);
    if (status == TARE_OK)
        *model = e.model;
    else
        tare_tflite_close(e.model);
    return status;
}
