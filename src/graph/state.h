/* SPDX-License-Identifier: Apache-2.0 */
/* The graph's own struct and what the files of this folder share; nobody else includes it. */
#ifndef TARE_SRC_GRAPH_STATE_H
#define TARE_SRC_GRAPH_STATE_H

#include "base/text.h"
#include "graph/graph.h"

/* Nodes stand in chunks, so their addresses never change. */
#define TARE_NODES_PER_CHUNK 256

/* The maps of a graph; every change to one can be taken back (tare_graph_map_set). */
typedef enum tare_graph_map {
    TARE_MAP_NAMES,        /* lower-case name in use -> see name.c */
    TARE_MAP_SCOPE_COUNTS, /* variable scope -> how often it was opened since the scope around it
                              was */
    TARE_MAP_VARIABLES,    /* name given to tare_get_variable, scope included -> node */
    TARE_MAP_COUNT
} tare_graph_map;

/* How to take back one change of a map. */
typedef struct tare_map_change {
    const char *key;
    int64_t previous; /* TARE_MAP_ABSENT: there was no entry */
    tare_graph_map map;
} tare_map_change;
#define TARE_MAP_ABSENT INT64_MIN

typedef struct tare_collection {
    const char *key;
    TARE_VECTOR(tare_edge) items;
} tare_collection;

typedef struct tare_conditional {
    tare_edge predicate;
    int32_t decided;        /* -1: when running; else the truth, known while building */
    const char *name_scope; /* that its merges are named in */
} tare_conditional;

typedef enum tare_scope_kind {
    TARE_SCOPE_ROOT,
    TARE_SCOPE_VARIABLE,
    TARE_SCOPE_NAME,
    TARE_SCOPE_CONTROL,
    TARE_SCOPE_CONDITIONAL,
    TARE_SCOPE_OUTSIDE /* the library's own: no branch, no control dependencies */
} tare_scope_kind;

/* All that holds where the next node is made. An inner scope starts as a copy of the one around it.
 */
typedef struct tare_scope {
    tare_scope_kind kind;
    const char *name_scope;     /* "a_1/b/" */
    const char *variable_scope; /* "a/b" */
    tare_reuse reuse;
    int64_t control_first, control_end; /* in force: controls[first..end) */
    int32_t branch;
    bool otherwise; /* of a conditional: its second side has begun */
    tare_conditional conditional;
} tare_scope;

/* Ranges of tensors, sorted by edge. What sessions load goes here while others read: guarded. */
typedef struct tare_ranges {
    tare_flag busy;
    TARE_VECTOR(tare_edge_range) known;
} tare_ranges;

struct tare_graph {
    tare_allocator allocator;
    tare_arena *memory; /* nodes and what they point to; goes back to a mark when a builder fails */
    tare_arena *texts;  /* scope names, collection keys, kept texts */
    tare_error error;
    uint64_t seed, revision;
    TARE_VECTOR(tare_node *) chunks;
    int64_t node_count;
    tare_map *maps[TARE_MAP_COUNT];
    tare_map *ops;                        /* names of ops looked up so far -> their defs */
    tare_map *collection_keys;            /* key -> index into collections */
    TARE_VECTOR(tare_map_change) changes; /* since the outermost attempt began */
    int64_t attempts;
    TARE_VECTOR(int32_t) variables;
    TARE_VECTOR(tare_array *) arrays; /* retained for nodes' options */
    TARE_VECTOR(tare_collection) collections;
    TARE_VECTOR(int32_t) collection_order; /* the collection of every item, in order of adding */
    TARE_VECTOR(tare_scope) scopes;        /* the first is the root */
    int64_t lost_scopes; /* begun without memory to note them, still to be ended */
    TARE_VECTOR(int32_t) controls;
    TARE_VECTOR(tare_branch_side) branches; /* the first stands for "no branch" */
    tare_conditional ended;                 /* the conditional that tare_cond_merge means */
    int64_t hidden;
    int32_t gradient_of; /* what nodes built now are the gradient of, 0: of none */
    tare_ranges *ranges;
    /* Scratch of the node being built. */
    tare_text name, key;
    TARE_VECTOR(tare_type) input_types;
    tare_type output_types[TARE_MAX_OUTPUTS];
};

/* ---- graph.c */
/* Records a building error unless there is one already; returns the graph's status. */
tare_status tare_graph_fail(tare_graph *graph, tare_status status, const char *op, const char *node,
                            const char *got, const char *need);
tare_status tare_graph_fail_memory(tare_graph *graph);
tare_tensor tare_graph_null(tare_graph *graph); /* a failed builder's tensor */

/* ---- node.c */
/* Room for the next node, zeroed; it counts once tare_node_commit is called. NULL: no memory. */
tare_node *tare_node_reserve(tare_graph *graph);
void tare_node_commit(tare_graph *graph);
/* Drops the nodes after the first `nodes`, the arrays they retained, and the memory used since. */
void tare_nodes_drop(tare_graph *graph, int64_t nodes, int64_t arrays, tare_arena_mark memory);
/* Keeps a reference to array as long as the node being built; false: no memory. NULL array: true.
 */
bool tare_graph_keep_array(tare_graph *graph, const tare_array *array);

/* ---- journal.c */
/* Sets an entry of a map so that a failing attempt takes it back. False: no memory, nothing
 * changed. */
bool tare_graph_map_set(tare_graph *graph, tare_graph_map map, const char *key, int64_t value);
/* Takes back the changes after the first `count` that an attempt has noted. */
void tare_map_changes_drop(tare_graph *graph, int64_t count);

/* ---- name.c */
/* A name found but not taken yet: graph->name, with its key in graph->key. */
typedef struct tare_name_choice {
    size_t base_length; /* of the wished name's key, which graph->key begins with */
    int64_t base_value; /* its entry so far; TARE_MAP_ABSENT: the wished name itself is free */
} tare_name_choice;
bool tare_name_is_valid(const char *scope, const char *name);
/* Chooses scope + name or, when in use, TensorFlow's next name_1, name_2. False: no memory. */
bool tare_name_choose(tare_graph *graph, const char *scope, const char *name,
                      tare_name_choice *choice);
/* The same, but a name that only a scope bears is free. */
bool tare_name_choose_of_scope(tare_graph *graph, const char *name, tare_name_choice *choice);
/* Chooses a name on the way, that nobody needs to take. */
bool tare_name_choose_hidden(tare_graph *graph, const char *scope, const char *name, int64_t id);
/* Takes the chosen name for a node, or for a scope (0). False: no memory, nothing taken. */
bool tare_name_take(tare_graph *graph, const tare_name_choice *choice, int32_t node);
/* The node of that name, of so many bytes; 0: there is none. */
int32_t tare_name_node(const tare_graph *graph, const char *name, size_t length);

/* ---- scope.c */
tare_scope *tare_scope_now(const tare_graph *graph);
/* Opens a scope like the present one; NULL: no memory (sticky), to be ended all the same. */
tare_scope *tare_scope_push(tare_graph *graph, tare_scope_kind kind);
/* Ends the innermost scope, which must be of that kind. */
tare_status tare_scope_end(tare_graph *graph, tare_scope_kind kind);
void tare_scopes_drop(tare_graph *graph, int64_t count); /* ends scopes until count are left */
/* Puts the present scope into the name scope `name`, made unique and taken. */
tare_status tare_scope_enter_name(tare_graph *graph, tare_scope *scope, const char *name);
/* The library's own nodes beside a variable: no branch, no control dependencies, an absolute name
 * scope "a/w/". */
bool tare_scope_outside_begin(tare_graph *graph, const char *name_scope);
void tare_scope_outside_end(tare_graph *graph);

/* ---- collection.c */
bool tare_collection_add(tare_graph *graph, const char *key, tare_edge item); /* false: no memory */
void tare_collections_drop(tare_graph *graph, int64_t items);

/* ---- branch.c */
/* Index of a new branch; -1: no memory. */
int32_t tare_branch_add(tare_graph *graph, tare_branch_side branch);
/* Branch a is b or encloses it. */
bool tare_branch_encloses(const tare_graph *graph, int32_t a, int32_t b);
/* A value made in branch `made` exists wherever branch `used` runs. further: one more condition
 * that holds there, or NULL. */
bool tare_branch_visible(const tare_graph *graph, int32_t made, int32_t used,
                         const tare_branch_side *further);
/* The branch in which all conditions of `branch` hold and those of `within`; -1: no memory. */
int32_t tare_branch_within(tare_graph *graph, int32_t branch, int32_t within);
/* Makes `branch` the one that the next nodes belong to; returns the one before. */
int32_t tare_branch_enter(tare_graph *graph, int32_t branch);
/* ---- cond.c */
tare_status tare_merge_infer(tare_infer *infer);
tare_status tare_merge_gradient(tare_gradient *gradient);
tare_status tare_merge_prepare(tare_prepare *prepare);
tare_status tare_merge_run(const tare_run *run);
tare_status tare_merge_operations_run(const tare_run *run);
tare_status tare_merge_operations_infer(tare_infer *infer);

/* ---- build.c */
typedef struct tare_placement {
    const char *scope; /* name scope, "a/"; NULL: the present one */
    const char *name;  /* NULL: the options' name, else the op's */
    bool of_scope;     /* the name of a scope, which is free for one node */
    bool free_of_controls;
    bool hidden; /* also when the graph is not making hidden nodes */
} tare_placement;
tare_tensor tare_build_placed(tare_graph *graph, const tare_op_def *def,
                              const tare_placement *placement, const tare_tensor *inputs,
                              size_t count, const void *options);

/* ---- immediate.c */
/* A hidden constant scalar of an immediate; node 0 and a sticky error when it fails. */
tare_tensor tare_build_immediate(tare_graph *graph, tare_tensor immediate, tare_dtype number_dtype);

/* ---- lookup.c */
/* By name, with a memory of past answers. Unknown: sticky error, null tensor. */
tare_tensor tare_build_named(tare_graph *graph, const char *op, const char *name,
                             const tare_tensor *inputs, size_t count);

/* ---- options.c */
/* Copies texts and retains arrays that options point to; false: no memory. */
bool tare_options_own(tare_graph *graph, const tare_option_table *table, void *options);
/* The field `name` of an options struct; NULL: the table has none or it is not given. */
const char *tare_options_name(const tare_option_table *table, const void *options);
void tare_options_forget_name(const tare_option_table *table, void *options);
/* "[1, 2]", "same", "zeros": the value of a field as text. */
void tare_option_text(tare_text *text, const tare_option *option, const void *options);

/* ---- source.c */
extern const tare_op_def tare_graph_ops[];
enum {
    TARE_GRAPH_OP_PLACEHOLDER,
    TARE_GRAPH_OP_PLACEHOLDER_WITH_DEFAULT,
    TARE_GRAPH_OP_CONSTANT,
    TARE_GRAPH_OP_VARIABLE,
    TARE_GRAPH_OP_MERGE,
    TARE_GRAPH_OP_MERGE_OPERATIONS
};
/* ---- variable.c */
extern const tare_option_table tare_variable_node_table;
tare_status tare_variable_infer(tare_infer *infer);

#endif
