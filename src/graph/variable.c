/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: found or made by name (tf.get_variable) or always made (tf.Variable), with their
 * collections and the penalties of their regularisers. Their numbers are the session's matter.
 */
#include "graph/state.h"

#include "array/shape.h"

#include <string.h>

#define VARIABLE_NODE_FIELDS(field)                                                                \
    field(text, name, NULL, "name of the node")                                                    \
        field(dtype, dtype, TARE_FLOAT32, "dtype of the numbers") field(shape, shape, TARE_SCALAR, \
                                                                        "shape, known in full")    \
            field(initializer, initializer, TARE_DEFAULT_INITIALIZER, "first value")               \
                field(constraint, constraint, TARE_NO_CONSTRAINT,                                  \
                      "applied by optimisers after an update")                                     \
                    field(boolean, trainable, true, "whether optimisers change it")                \
                        field(boolean, local, false, "in local_variables instead of variables")
#define TARE_TABLE_STRUCT tare_variable_node_options
TARE_OPTION_TABLE(, tare_variable_node_table, VARIABLE_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_variable_options
TARE_OPTION_TABLE(static, variable_table, TARE_VARIABLE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- the op */

static tare_status check_initial_array(const tare_infer *infer,
                                       const tare_variable_node_options *options) {
    const tare_array *array = options->initializer.array;
    if (!array || tare_array_count(array) == 1 ||
        tare_shape_same(tare_array_shape(array), options->shape))
        return TARE_OK;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "first values of shape %s",
               tare_shape_text(text, tare_array_shape(array)));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, tare_shape_text(need, options->shape));
}

tare_status tare_variable_infer(tare_infer *infer) {
    const tare_variable_node_options *options = infer->options;
    if (tare_dtype_size(options->dtype) == 0)
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, "no dtype",
                                 "a dtype such as TARE_FLOAT32");
    if (!tare_shape_known(options->shape) || tare_shape_count(options->shape) < 0) {
        char got[TARE_SHAPE_TEXT];
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, tare_shape_text(got, options->shape),
                                 "a shape whose extents are all known");
    }
    if (options->initializer.kind < TARE_INITIALIZER_DEFAULT ||
        options->initializer.kind > TARE_INITIALIZER_VARIABLE)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "an initialiser that is none",
                                 "a value of tare_initializer_kind");
    infer->outputs[0] = (tare_type){options->dtype, options->shape};
    return check_initial_array(infer, options);
}

/* ---- penalties */

/* factor * sum(op(variable)), op: "abs" or "square". */
static tare_tensor penalty(tare_graph *graph, tare_tensor variable, const char *op, double factor) {
    tare_graph_hidden_begin(graph);
    const tare_tensor each = tare_build_named(graph, op, NULL, &variable, 1);
    const tare_tensor sum = tare_build_named(graph, "reduce_sum", NULL, &each, 1);
    tare_graph_hidden_end(graph);
    const tare_tensor factors[2] = {tare_number(factor), sum};
    return tare_build_named(graph, "mul", "mul", factors, 2);
}

static tare_tensor penalties(tare_graph *graph, tare_tensor variable,
                             tare_regularizer regularizer) {
    const bool has_l1 = regularizer.l1 != 0, has_l2 = regularizer.l2 != 0;
    const tare_tensor l1 = has_l1 ? penalty(graph, variable, "abs", regularizer.l1) : TARE_NULL;
    const tare_tensor l2 = has_l2 ? penalty(graph, variable, "square", regularizer.l2) : TARE_NULL;
    if (!has_l1) return l2;
    if (!has_l2) return l1;
    const tare_tensor both[2] = {l1, l2};
    return tare_build_named(graph, "add", "add", both, 2);
}

/* Named beside the variable, as in TensorFlow: "a/w/Regularizer/mul". The member is never hidden.
 */
static void regularize(tare_graph *graph, tare_tensor variable, tare_regularizer regularizer) {
    if (regularizer.l1 == 0 && regularizer.l2 == 0) return;
    const char *name = tare_tensor_node(variable)->name;
    if (!(regularizer.l1 >= 0) || !(regularizer.l2 >= 0)) {
        tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "variable", name,
                        "a regulariser with a negative factor", "factors of 0 or more");
        return;
    }
    tare_text scope = {.allocator = &graph->allocator};
    tare_text_add(&scope, name);
    tare_text_add(&scope, "/Regularizer/");
    const int64_t hidden = graph->hidden;
    graph->hidden = 0;
    if (scope.failed) tare_graph_fail_memory(graph);
    if (!scope.failed) {
        tare_tensor loss = tare_graph_null(graph);
        if (tare_scope_outside_begin(graph, scope.data))
            loss = penalties(graph, variable, regularizer);
        tare_scope_outside_end(graph);
        tare_add_to_collection(graph, TARE_REGULARIZATION_LOSSES, loss);
    }
    graph->hidden = hidden;
    tare_text_clear(&scope);
}

/* ---- making one */

static void collect(tare_graph *graph, tare_tensor variable, const tare_variable_options *options) {
    const tare_edge item = {variable.node, 0};
    const bool trainable = options->trainable && !options->local;
    if (!tare_collection_add(graph, options->local ? TARE_LOCAL_VARIABLES : TARE_GLOBAL_VARIABLES,
                             item) ||
        (trainable && !tare_collection_add(graph, TARE_TRAINABLE_VARIABLES, item)) ||
        (options->collection && !tare_collection_add(graph, options->collection, item)))
        tare_graph_fail_memory(graph);
}

/* The variable whose first value another takes must be one, of the same shape and dtype. */
static void check_initial_variable(tare_graph *graph, const tare_placement *placement,
                                   tare_shape shape, const tare_variable_options *options) {
    if (options->initializer.kind != TARE_INITIALIZER_VARIABLE) return;
    const tare_tensor other = options->initializer.variable;
    const tare_node *node = other.graph == graph ? tare_tensor_node(other) : NULL;
    if (!node || !(node->def->flags & TARE_OP_VARIABLE))
        tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "variable", placement->name,
                        "as first value that of a tensor which is no variable of this graph",
                        "a variable");
    else if (!tare_shape_same(tare_tensor_shape(other), shape) ||
             tare_tensor_dtype(other) != options->dtype)
        tare_graph_fail(graph, TARE_ERROR_SHAPE, "variable", placement->name,
                        "as first value that of a variable of another shape or dtype",
                        "the same shape and dtype");
}

/* As shown to the node: local variables are never trained (tf.get_local_variable). */
static tare_tensor make(tare_graph *graph, const tare_placement *placement, tare_shape shape,
                        const tare_variable_options *options) {
    const tare_variable_node_options node = {.struct_size = sizeof node,
                                             .dtype = options->dtype,
                                             .shape = shape,
                                             .initializer = options->initializer,
                                             .constraint = options->constraint,
                                             .trainable = options->trainable && !options->local,
                                             .local = options->local};
    check_initial_variable(graph, placement, shape, options);
    if (graph->error.status) return tare_graph_null(graph);
    const tare_tensor variable = tare_build_placed(graph, &tare_graph_ops[TARE_GRAPH_OP_VARIABLE],
                                                   placement, NULL, 0, &node);
    if (!variable.node) return variable;
    collect(graph, variable, options);
    if (!graph->error.status) regularize(graph, variable, options->regularizer);
    return variable;
}

tare_tensor tare_variable_with(tare_graph *graph, const char *name, tare_shape shape,
                               const tare_variable_options *options) {
    if (!graph || graph->error.status) return tare_graph_null(graph);
    tare_variable_options given;
    tare_options_adopt(&variable_table, options, &given);
    const tare_placement placement = {.name = name ? name : "Variable"};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    const tare_tensor variable = make(graph, &placement, shape, &given);
    tare_graph_attempt_end(graph, &attempt);
    return graph->error.status ? tare_graph_null(graph) : variable;
}

/* ---- finding one */

static tare_tensor refuse(tare_graph *graph, tare_status status, const char *name, const char *got,
                          const char *need) {
    return tare_build_fail(graph, status, "get_variable", name, got, need);
}

static tare_tensor share(tare_graph *graph, const char *name, int32_t node, tare_shape shape,
                         tare_dtype dtype) {
    const tare_tensor found = tare_graph_tensor(graph, node, 0);
    if (tare_scope_now(graph)->reuse == TARE_REUSE_FALSE)
        return refuse(
            graph, TARE_ERROR_NAME, name, "a name that is taken",
            "a new name, or a variable scope with TARE_REUSE_TRUE or TARE_REUSE_AUTO to share it");
    char got[TARE_SHAPE_TEXT], need[TARE_SHAPE_TEXT];
    if (!tare_shape_compatible(shape, tare_tensor_shape(found)))
        return refuse(graph, TARE_ERROR_SHAPE, name, tare_shape_text(got, shape),
                      tare_shape_text(need, tare_tensor_shape(found)));
    if (dtype != tare_tensor_dtype(found))
        return refuse(graph, TARE_ERROR_TYPE, name, tare_dtype_name(dtype),
                      tare_dtype_name(tare_tensor_dtype(found)));
    return found;
}

static tare_tensor make_named(tare_graph *graph, const char *name, bool of_scope, tare_shape shape,
                              const tare_variable_options *options) {
    if (tare_scope_now(graph)->reuse == TARE_REUSE_TRUE)
        return refuse(graph, TARE_ERROR_NAME, name, "TARE_REUSE_TRUE and no such variable",
                      "a variable made before by tare_get_variable, or TARE_REUSE_AUTO");
    const tare_placement placement = {.scope = "", .name = name, .of_scope = of_scope};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    const tare_tensor variable = make(graph, &placement, shape, options);
    if (variable.node && !graph->error.status &&
        !tare_graph_map_set(graph, TARE_MAP_VARIABLES, name, variable.node))
        tare_graph_fail_memory(graph);
    tare_graph_attempt_end(graph, &attempt);
    return graph->error.status ? tare_graph_null(graph) : variable;
}

/* "scope/name"; an empty name is the scope's own, as TensorFlow names optimiser slots. */
static bool full_name(const tare_graph *graph, const char *name, tare_text *full) {
    const char *scope = tare_graph_variable_scope(graph);
    full->allocator = &graph->allocator;
    tare_text_add(full, scope);
    if (scope[0] && name[0]) tare_text_add(full, "/");
    tare_text_add(full, name);
    return !full->failed;
}

tare_tensor tare_get_variable_with(tare_graph *graph, const char *name, tare_shape shape,
                                   const tare_variable_options *options) {
    if (!graph || graph->error.status) return tare_graph_null(graph);
    const char *scope = tare_graph_variable_scope(graph);
    if (!name || (!name[0] && !scope[0]) || (name[0] && !tare_name_is_valid(scope, name)))
        return refuse(graph, TARE_ERROR_NAME, name,
                      name ? "a name with other characters" : "no name",
                      "a name of letters, digits, '_', '.', '-' and '/'");
    tare_variable_options given;
    tare_options_adopt(&variable_table, options, &given);
    tare_text full = {.allocator = NULL};
    tare_tensor variable = tare_graph_null(graph);
    if (full_name(graph, name, &full)) {
        const int64_t found = tare_map_get(graph->maps[TARE_MAP_VARIABLES], full.data, 0);
        variable = found ? share(graph, full.data, (int32_t)found, shape, given.dtype)
                         : make_named(graph, full.data, !name[0], shape, &given);
    } else {
        tare_graph_fail_memory(graph);
    }
    tare_text_clear(&full);
    return variable;
}
