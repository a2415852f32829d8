/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a graph: nodes, scopes, branches; what the plan, layers and printers read. */
#ifndef TARE_SRC_GRAPH_GRAPH_H
#define TARE_SRC_GRAPH_GRAPH_H

#include "base/map.h"
#include "graph/op.h"

typedef struct tare_edge {
    int32_t node; /* 0: not given */
    int32_t output;
} tare_edge;

/* One use of an op. Ids run from 1 in order of creation, which is a topological order: inputs and
 * controls have smaller ids. */
typedef struct tare_node {
    const tare_op_def *def;
    const char *name;    /* unique; nodes made on the way begin with '~' in their last part and take
                            nobody's name */
    const void *options; /* the def's struct, owned by the graph */
    int32_t id, input_count, output_count, control_count;
    const tare_edge *inputs;
    const int32_t *controls;
    const tare_type *outputs;
    const char *const *output_names; /* "name:0"; an operation without outputs has none */
    int32_t branch;                  /* index into branches, 0: none */
    int32_t gradient_of; /* the node whose gradient it was built for; of a gradient's gradient, the
                            one behind both; 0: none */
    uint64_t
        seed; /* for random ops and initialisers: from the graph's seed at creation and the id */
} tare_node;

/* One side of a conditional. */
typedef struct tare_branch_side {
    tare_edge predicate;
    bool side;      /* nodes inside run when predicate == side */
    int32_t parent; /* enclosing branch, 0: none */
} tare_branch_side;

int64_t tare_graph_node_count(const tare_graph *graph);                /* ids are 1..count */
const tare_node *tare_graph_node(const tare_graph *graph, int32_t id); /* id in 1..count */
const tare_branch_side *tare_graph_branch(const tare_graph *graph, int32_t branch);
const tare_allocator *tare_graph_allocator(const tare_graph *graph);
tare_tensor tare_graph_tensor(const tare_graph *graph, int32_t node, int32_t output);
const tare_node *tare_tensor_node(tare_tensor tensor); /* NULL for null tensors and immediates */
/* Grows with every change; a session knows by it that the graph grew. */
uint64_t tare_graph_revision(const tare_graph *graph);
/* Number of open scopes, and the innermost one's name: a session refuses a graph with open scopes.
 */
int32_t tare_graph_open_scopes(const tare_graph *graph, const char **innermost);
/* Variables in order of creation: node ids. */
int64_t tare_graph_variable_count(const tare_graph *graph);
int32_t tare_graph_variable(const tare_graph *graph, int64_t i);

/* A range as the graph keeps it; sorted by edge. */
typedef struct tare_edge_range {
    tare_edge edge;
    double min, max;
} tare_edge_range;
/* Sets ranges of tensors that the graph has, sound ones, all or (false: no memory) none. */
bool tare_graph_set_ranges(tare_graph *graph, const tare_edge_range *ranges, int64_t count);
/* A sentence where min..max is no range. */
tare_status tare_range_check(const char *tensor, double min, double max, tare_error *error);

/* For layers: the current scopes. Layer names are unique per enclosing variable scope (dense,
 * dense_1). */
const char *tare_graph_variable_scope(
    const tare_graph *graph); /* "a/b", "" at the root; owned by the graph until the scope closes */
const char *tare_graph_name_scope(
    const tare_graph *graph); /* "a_1/b/" with a slash at the end, "" at the root */
/* Text kept as long as the graph lives. */
const char *tare_graph_keep_text(tare_graph *graph, const char *text);
/*
 * A builder of several nodes keeps the graph as it was when it fails half way: begin; build;
 * end(ok). When the graph has an error at the end, nodes, names, variables and collections made
 * since are taken back (the error stays). Nestable.
 */
typedef struct tare_graph_attempt {
    int64_t nodes, names, collection_items, scopes, lost_scopes, branches, arrays;
    tare_arena_mark memory;
} tare_graph_attempt;
tare_graph_attempt tare_graph_attempt_begin(tare_graph *graph);
void tare_graph_attempt_end(tare_graph *graph, const tare_graph_attempt *attempt);
/* Puts `by` into the place of an item. Nothing takes that back: not while an attempt may fail.
 * False: there is no such item. */
bool tare_graph_replace_in_collection(tare_graph *graph, const char *key, tare_tensor item,
                                      tare_tensor by);
/* Nodes made until the matching end are "on the way": named with '~', taking no name a user could
 * want. Nestable. */
void tare_graph_hidden_begin(tare_graph *graph);
void tare_graph_hidden_end(tare_graph *graph);

/* The options of the built-in sources. */
typedef struct tare_variable_node_options { /* of op "variable" */
    size_t struct_size;
    const char *name;
    tare_dtype dtype;
    tare_shape shape;
    tare_initializer initializer;
    tare_constraint constraint;
    bool trainable, local;
    int reserved;
} tare_variable_node_options;
typedef struct tare_constant_node_options { /* of op "constant" */
    size_t struct_size;
    const char *name;
    const tare_array *array; /* retained */
    int reserved;
} tare_constant_node_options;
typedef struct tare_placeholder_node_options { /* of ops "placeholder" and
                                                  "placeholder_with_default" */
    size_t struct_size;
    const char *name;
    tare_dtype dtype;
    tare_shape shape;
    int reserved;
} tare_placeholder_node_options;

#endif
