/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of numbers: placeholders and constants (variables are in variable.c), and the table
 * of the ops that the graph itself brings. The plan knows sources by their flags, so they have no
 * run.
 */
#include "graph/state.h"

#include "array/shape.h"

/* ---- options */

#define PLACEHOLDER_NODE_FIELDS(field)                                                             \
    field(text, name, NULL, "name of the node")                                                    \
        field(dtype, dtype, TARE_FLOAT32, "dtype of what is fed")                                  \
            field(shape, shape, TARE_SCALAR,                                                       \
                  "shape of what is fed; without rank and with a default: the default's")
#define TARE_TABLE_STRUCT tare_placeholder_node_options
TARE_OPTION_TABLE(static, placeholder_table, PLACEHOLDER_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

#define CONSTANT_NODE_FIELDS(field)                                                                \
    field(text, name, NULL, "name of the node") field(array, array, NULL, "the numbers")
#define TARE_TABLE_STRUCT tare_constant_node_options
TARE_OPTION_TABLE(static, constant_table, CONSTANT_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- placeholders */

static bool shape_is_sound(tare_shape shape) {
    if (shape.rank == TARE_UNKNOWN_RANK) return true;
    if (shape.rank < 0 || shape.rank > TARE_MAX_RANK) return false;
    for (int i = 0; i < shape.rank; i++)
        if (shape.extents[i] < 0 && shape.extents[i] != TARE_ANY) return false;
    return true;
}

static tare_status placeholder_infer(tare_infer *infer) {
    const tare_placeholder_node_options *options = infer->options;
    if (tare_dtype_size(options->dtype) == 0)
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, "no dtype",
                                 "a dtype such as TARE_FLOAT32");
    if (!shape_is_sound(options->shape))
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE,
                                 "a shape with a negative extent or too many of them",
                                 "up to eight extents, each 0 or more or TARE_ANY");
    infer->outputs[0] = (tare_type){options->dtype, options->shape};
    return TARE_OK;
}

tare_tensor tare_placeholder_with(tare_graph *graph, tare_dtype dtype, tare_shape shape,
                                  const tare_op_options *options) {
    const tare_placeholder_node_options node = {.struct_size = sizeof node,
                                                .name = options ? options->name : NULL,
                                                .dtype = dtype,
                                                .shape = shape};
    return tare_build_node(graph, &tare_graph_ops[TARE_GRAPH_OP_PLACEHOLDER], NULL, NULL, 0, &node);
}

static tare_status placeholder_with_default_infer(tare_infer *infer) {
    const tare_placeholder_node_options *options = infer->options;
    const tare_type *value = &infer->inputs[0];
    if (options->shape.rank == 0) {
        infer->outputs[0] = *value;
        return TARE_OK;
    }
    if (!shape_is_sound(options->shape) || !tare_shape_compatible(options->shape, value->shape)) {
        char got[TARE_SHAPE_TEXT], text[TARE_SHAPE_TEXT], need[TARE_SHAPE_TEXT + 32];
        tare_print(need, sizeof need, "a default that fits %s",
                   tare_shape_text(text, options->shape));
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, tare_shape_text(got, value->shape), need);
    }
    infer->outputs[0] = (tare_type){value->dtype, options->shape};
    return TARE_OK;
}

/* What is not fed is the default, so gradients pass to it. */
static tare_status placeholder_with_default_gradient(tare_gradient *gradient) {
    gradient->input_gradients[0] = gradient->output_gradients[0];
    return TARE_OK;
}

#define TARE_TABLE_STRUCT tare_placeholder_with_default_options
TARE_OPTION_TABLE(static, placeholder_with_default_table, TARE_PLACEHOLDER_WITH_DEFAULT_FIELDS);
#undef TARE_TABLE_STRUCT

tare_tensor
tare_placeholder_with_default_with(tare_graph *graph, tare_tensor value,
                                   const tare_placeholder_with_default_options *options) {
    tare_placeholder_with_default_options given;
    tare_options_adopt(&placeholder_with_default_table, options, &given);
    const tare_placeholder_node_options node = {.struct_size = sizeof node,
                                                .name = given.name,
                                                .dtype = tare_tensor_dtype(value),
                                                .shape = given.shape};
    return tare_build_node(graph, &tare_graph_ops[TARE_GRAPH_OP_PLACEHOLDER_WITH_DEFAULT], NULL,
                           &value, 1, &node);
}

/* ---- constants */

static tare_status constant_infer(tare_infer *infer) {
    const tare_constant_node_options *options = infer->options;
    if (!options->array)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "no array", "an array of numbers");
    infer->outputs[0] =
        (tare_type){tare_array_dtype(options->array), tare_array_shape(options->array)};
    return TARE_OK;
}

tare_tensor tare_constant_with(tare_graph *graph, const tare_array *array,
                               const tare_op_options *options) {
    const tare_constant_node_options node = {
        .struct_size = sizeof node, .name = options ? options->name : NULL, .array = array};
    return tare_build_node(graph, &tare_graph_ops[TARE_GRAPH_OP_CONSTANT], NULL, NULL, 0, &node);
}

/* ---- the family */

const tare_op_def tare_graph_ops[] = {
    [TARE_GRAPH_OP_PLACEHOLDER] = {.name = "placeholder",
                                   .node_name = "Placeholder",
                                   .table = &placeholder_table,
                                   .output_count = 1,
                                   .flags = TARE_OP_PLACEHOLDER,
                                   .infer = placeholder_infer},
    [TARE_GRAPH_OP_PLACEHOLDER_WITH_DEFAULT] = {.name = "placeholder_with_default",
                                                .node_name = "PlaceholderWithDefault",
                                                .table = &placeholder_table,
                                                .min_inputs = 1,
                                                .max_inputs = 1,
                                                .output_count = 1,
                                                .flags = TARE_OP_PLACEHOLDER,
                                                .infer = placeholder_with_default_infer,
                                                .gradient = placeholder_with_default_gradient},
    [TARE_GRAPH_OP_CONSTANT] = {.name = "constant",
                                .node_name = "Const",
                                .table = &constant_table,
                                .output_count = 1,
                                .flags = TARE_OP_CONSTANT,
                                .infer = constant_infer},
    [TARE_GRAPH_OP_VARIABLE] = {.name = "variable",
                                .node_name = "Variable",
                                .table = &tare_variable_node_table,
                                .output_count = 1,
                                .flags = TARE_OP_VARIABLE,
                                .infer = tare_variable_infer},
    [TARE_GRAPH_OP_MERGE] = {.name = "merge",
                             .node_name = "Merge",
                             .min_inputs = 3,
                             .max_inputs = 3,
                             .output_count = 1,
                             .flags = TARE_OP_MERGE,
                             .infer = tare_merge_infer,
                             .gradient = tare_merge_gradient,
                             .prepare = tare_merge_prepare,
                             .run = tare_merge_run},
    [TARE_GRAPH_OP_MERGE_OPERATIONS] = {.name = "merge_operations",
                                        .node_name = "Merge",
                                        .infer = tare_merge_operations_infer,
                                        .run = tare_merge_operations_run},
    {.name = NULL},
};
