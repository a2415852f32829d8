/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph as TensorFlow's GraphDef, as far as TensorBoard shows it: names, kinds, edges ("name",
 * "name:1" for a further output, "^name" for a control dependency), dtypes and shapes.
 */
#include "report/event_message.h"

#ifdef TARE_HAVE_PROTOBUF

#include "base/status.h"
#include "base/text.h"
#include "graph/graph.h"
#include "report/event_tree.h"

#include <inttypes.h>
#include <string.h>

#define DEVICE     "/device:CPU:0"
#define ATTRIBUTES 3

/* TensorFlow's numbers (types.proto), by tare_dtype. */
static const int32_t type_numbers[] = {
    [TARE_DTYPE_NONE] = 0, [TARE_FLOAT32] = 1, [TARE_FLOAT64] = 2,
    [TARE_INT32] = 3,      [TARE_INT64] = 9,   [TARE_UINT8] = 4,
    [TARE_BOOL] = 10,      [TARE_INT8] = 6,    [TARE_BFLOAT16] = 14};

/* Every function answers NULL or false when there is no memory. */

static bool fill_shape(tare_arena *arena, tare_shape from, Tare__Pb__Shape *shape) {
    tare__pb__shape__init(shape);
    shape->unknown_rank = from.rank == TARE_UNKNOWN_RANK;
    if (from.rank <= 0) return true;
    shape->extent = tare_arena_allocate_array(arena, from.rank, sizeof *shape->extent);
    Tare__Pb__Extent *extents = tare_arena_allocate_array(arena, from.rank, sizeof *extents);
    if (shape->extent == NULL || extents == NULL) return false;
    for (int32_t i = 0; i < from.rank; i++) {
        tare__pb__extent__init(&extents[i]);
        extents[i].size = from.extents[i];
        shape->extent[i] = &extents[i];
    }
    shape->n_extent = (size_t)from.rank;
    return true;
}

static Tare__Pb__Shape *make_shape(tare_arena *arena, tare_shape from) {
    Tare__Pb__Shape *shape = tare_arena_allocate(arena, sizeof *shape);
    return shape != NULL && fill_shape(arena, from, shape) ? shape : NULL;
}

static Tare__Pb__Shapes *make_shapes(tare_arena *arena, const tare_node *node) {
    Tare__Pb__Shapes *made = tare_arena_allocate(arena, sizeof *made);
    if (made == NULL) return NULL;
    tare__pb__shapes__init(made);
    made->shape = tare_arena_allocate_array(arena, node->output_count, sizeof *made->shape);
    if (made->shape == NULL) return NULL;
    for (int32_t i = 0; i < node->output_count; i++) {
        made->shape[i] = make_shape(arena, node->outputs[i].shape);
        if (made->shape[i] == NULL) return NULL;
    }
    made->n_shape = (size_t)node->output_count;
    return made;
}

/* The next attribute of a node, its value still to be set. */
static Tare__Pb__AttributeValue *add_attribute(tare_arena *arena, Tare__Pb__Node *node,
                                               const char *key) {
    Tare__Pb__Attribute *made = tare_arena_allocate(arena, sizeof *made);
    Tare__Pb__AttributeValue *value = tare_arena_allocate(arena, sizeof *value);
    if (made == NULL || value == NULL) return NULL;
    tare__pb__attribute__init(made);
    tare__pb__attribute_value__init(value);
    made->key = tare_message_text(key);
    made->value = value;
    node->attribute[node->n_attribute++] = made;
    return value;
}

static bool is_source(const tare_node *node) {
    return (node->def->flags & (TARE_OP_VARIABLE | TARE_OP_PLACEHOLDER | TARE_OP_CONSTANT)) != 0;
}

/* T, or dtype and shape of what has no inputs; and the shapes of all outputs. */
static bool add_attributes(tare_arena *arena, const tare_node *from, Tare__Pb__Node *node) {
    if (from->output_count == 0) return true;
    node->attribute = tare_arena_allocate_array(arena, ATTRIBUTES, sizeof *node->attribute);
    if (node->attribute == NULL) return false;
    Tare__Pb__AttributeValue *type = add_attribute(arena, node, is_source(from) ? "dtype" : "T");
    Tare__Pb__AttributeValue *shapes = add_attribute(arena, node, "_output_shapes");
    if (type == NULL || shapes == NULL) return false;
    type->value_case = TARE__PB__ATTRIBUTE_VALUE__VALUE_TYPE;
    type->type = type_numbers[from->outputs[0].dtype];
    shapes->value_case = TARE__PB__ATTRIBUTE_VALUE__VALUE_SHAPES;
    shapes->shapes = make_shapes(arena, from);
    if (!is_source(from)) return shapes->shapes != NULL;
    Tare__Pb__AttributeValue *shape = add_attribute(arena, node, "shape");
    if (shape == NULL) return false;
    shape->value_case = TARE__PB__ATTRIBUTE_VALUE__VALUE_SHAPE;
    shape->shape = make_shape(arena, from->outputs[0].shape);
    return shapes->shapes != NULL && shape->shape != NULL;
}

/* "name", "name:1", "^name" */
static char *edge_text(tare_arena *arena, const tare_node *node, int32_t output, bool control) {
    const size_t room = strlen(node->name) + 16;
    char *text = tare_arena_allocate(arena, room);
    if (text == NULL) return NULL;
    if (output > 0) return tare_print(text, room, "%s:%" PRId32, node->name, output);
    return tare_print(text, room, "%s%s", control ? "^" : "", node->name);
}

static bool add_edges(tare_arena *arena, const tare_graph *graph, const tare_node *from,
                      Tare__Pb__Node *node) {
    const int64_t most = (int64_t)from->input_count + from->control_count;
    node->input = tare_arena_allocate_array(arena, most, sizeof *node->input);
    if (node->input == NULL) return false;
    for (int32_t i = 0; i < from->input_count; i++) {
        const tare_edge edge = from->inputs[i];
        if (edge.node == 0) continue; /* an input left out */
        char *text = edge_text(arena, tare_graph_node(graph, edge.node), edge.output, false);
        if (text == NULL) return false;
        node->input[node->n_input++] = text;
    }
    for (int32_t i = 0; i < from->control_count; i++) {
        char *text = edge_text(arena, tare_graph_node(graph, from->controls[i]), 0, true);
        if (text == NULL) return false;
        node->input[node->n_input++] = text;
    }
    return true;
}

static bool add_node(tare_arena *arena, const tare_graph *graph, int32_t id,
                     Tare__Pb__Graph *message) {
    const tare_node *from = tare_graph_node(graph, id);
    Tare__Pb__Node *node = tare_arena_allocate(arena, sizeof *node);
    if (node == NULL) return false;
    tare__pb__node__init(node);
    node->name = tare_message_text(from->name);
    node->op = tare_message_text(from->def->node_name);
    node->device = tare_message_text(DEVICE);
    message->node[message->n_node++] = node;
    return add_edges(arena, graph, from, node) && add_attributes(arena, from, node);
}

static tare_status encode(tare_arena *arena, const tare_graph *graph, tare_bytes *bytes,
                          tare_error *error) {
    const int64_t count = tare_graph_node_count(graph);
    Tare__Pb__Graph message;
    tare__pb__graph__init(&message);
    message.node = tare_arena_allocate_array(arena, count + 1, sizeof *message.node);
    if (message.node == NULL) return tare_fail_memory(error);
    for (int32_t id = 1; id <= count; id++)
        if (!add_node(arena, graph, id, &message)) return tare_fail_memory(error);
    return tare_message_pack(&message.base, bytes, error);
}

tare_status tare_graph_encode(const tare_graph *graph, tare_bytes *bytes, tare_error *error) {
    tare_arena *arena = tare_arena_new(NULL);
    if (arena == NULL) return tare_fail_memory(error);
    const tare_status status = encode(arena, graph, bytes, error);
    tare_arena_free(arena);
    return status;
}

#endif
