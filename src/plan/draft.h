/* SPDX-License-Identifier: Apache-2.0 */
/* The plan while it is being made: values and nodes that passes add to, rewrite and throw away. */
#ifndef TARE_SRC_PLAN_DRAFT_H
#define TARE_SRC_PLAN_DRAFT_H

#include "plan/plan.h"

typedef struct tare_draft_value {
    tare_type type;
    tare_slot slot;    /* NOWHERE until layout, but for feeds, variables and constants */
    int32_t producer;  /* index of the node that makes it; -1 for feeds, variables and constants */
    bool known, truth; /* a boolean scalar whose truth is known now */
    bool
        persistent; /* depends on constants and on variables that this plan does not write, alone */
    bool used;      /* read by a live node, or fetched */
    bool fetched;
    /* by layout: */
    tare_value root;     /* whose memory it shares; itself when its own */
    int64_t first, last; /* steps between which a root is alive */
} tare_draft_value;

typedef struct tare_draft_node {
    const tare_op_def *def;
    const char *name, *note;
    const void *options;
    int32_t input_count, output_count;
    tare_value *inputs, *outputs;
    int32_t origin; /* graph node it stands for */
    uint64_t seed;
    int32_t guard; /* -1: always runs */
    bool live, hoisted;
    bool control_only;   /* holds a place in the order and runs nothing */
    bool target;         /* runs for its effect */
    int32_t replaced_by; /* the node that stands in for it after merging, -1 */
    /* nodes that must run before it, beyond its inputs' producers */
    TARE_VECTOR(int32_t) after;
    tare_prepare prepared;
} tare_draft_node;

typedef struct tare_draft {
    const tare_plan_request *request;
    const tare_graph *graph;
    const tare_allocator *allocator;
    tare_error *error;
    tare_arena *work; /* thrown away when the plan is made */
    tare_plan *plan;
    TARE_VECTOR(tare_draft_value) values;
    TARE_VECTOR(tare_draft_node) nodes;
    TARE_VECTOR(tare_guard) guards; /* predicate.at is a tare_value until layout */
    TARE_VECTOR(int32_t) order;     /* node indices in running order */
    /* by graph node id: */
    int32_t *output_base; /* index of a node's first output in the arrays below; [count + 1] */
    int32_t *fed;         /* by output: feed index or -1 */
    bool *output_used;    /* by output: somebody reads the value */
    tare_value *value_of; /* by output */
    bool *needs_value;    /* the node must run */
    bool *needs_type;     /* only its shapes matter */
    bool *is_target; /* it runs for its effect: fetched as an operation, or a control dependency */
    signed char *truth;              /* of the node's boolean output 0: -1 unknown, 0, 1 */
    int32_t *first_node, *last_node; /* the plan nodes that stand for a graph node: first..last-1 */
    int32_t *guard_of_branch;
    tare_value *fetched;    /* by fetch; TARE_NO_VALUE for operations */
    bool *variable_written; /* by graph node id: this plan writes the variable */
    bool persistence_known; /* values' `persistent` is kept up to date from here on */
    int64_t *scratch;       /* by place in the order: offset of the step's scratch, -1 */
} tare_draft;

/* Passes. */
tare_status tare_draft_select(tare_draft *draft);
tare_status tare_draft_translate(tare_draft *draft);
tare_status tare_draft_reorder(tare_draft *draft);
tare_status tare_draft_merge(tare_draft *draft);
tare_status tare_draft_copy_sources(tare_draft *draft);
tare_status tare_draft_prune(tare_draft *draft); /* marks live nodes and used values */
tare_status tare_draft_rectify(tare_draft *draft);
tare_status tare_draft_carry(tare_draft *draft);
tare_status tare_draft_finish(tare_draft *draft); /* prunes as well */
tare_status tare_draft_pack(tare_draft *draft);   /* prunes as well */
tare_status tare_draft_hoist(tare_draft *draft);
tare_status tare_draft_order(tare_draft *draft);
tare_status tare_draft_sweep(tare_draft *draft);
tare_status tare_draft_chain(tare_draft *draft);
tare_status tare_draft_prepare(tare_draft *draft);
tare_status tare_draft_layout(tare_draft *draft);

/* A use of an op, as emitted nodes take over from the node they are made for. */
typedef struct tare_draft_like {
    const char *name;
    int32_t origin, guard;
    uint64_t seed;
} tare_draft_like;

/* Shared by passes. */
tare_value tare_draft_add_value(tare_draft *draft, tare_type type); /* TARE_NO_VALUE: no memory */
int32_t tare_draft_add_node(tare_draft *draft, tare_draft_like like, const tare_op_def *def,
                            const void *options, const tare_value *inputs,
                            int32_t input_count); /* -1: no memory */
/* Infers a node's outputs from its inputs' types and gives them values. */
tare_status tare_draft_infer(tare_draft *draft, int32_t node);
/* Adds a node, or what its op lowers to; at most capacity outputs are told. depth: of lowering, 0
 * at first. */
tare_status tare_draft_emit(tare_draft *draft, tare_draft_like like, const tare_op_def *def,
                            const void *options, const tare_value *inputs, int32_t input_count,
                            const bool *wanted, tare_value *outputs, int32_t capacity,
                            int32_t *output_count, int depth);
/* A copy of a value made by a step of its own. */
tare_status tare_draft_copy(tare_draft *draft, tare_value value, tare_draft_like like,
                            tare_value *copy);
/* A map from values to what stands for them, at first each value itself; NULL: no memory. A pass
 * rewrites the inputs of nodes with it, and at its end what is fetched and what guards. */
tare_value *tare_draft_map(const tare_draft *draft);
void tare_draft_rewrite_node(const tare_draft_node *node, const tare_value *map, int64_t count);
void tare_draft_rewrite_results(tare_draft *draft, const tare_value *map);
tare_draft_like tare_draft_like_of(const tare_draft_node *node);
/* By node, a number that is higher than those of all nodes that it waits for; INT32_MAX for one
 * that waits for a write of a variable. */
tare_status tare_draft_find_levels(tare_draft *draft, int32_t **levels);
/* Hangs a note on a node, for the plan's printing. */
tare_status tare_draft_note(tare_draft *draft, int32_t index, const tare_text *text);
bool tare_draft_run_after(tare_draft *draft, int32_t node, int32_t before);
/* What had to run before `from` runs before `node`, which stands for it. */
tare_status tare_draft_inherit_order(tare_draft *draft, int32_t node, int32_t from);
extern const tare_op_def tare_draft_copy_def;
/* The lower interface for one node that is being lowered or asked for its capabilities. */
typedef struct tare_draft_lower {
    tare_lower lower; /* first */
    tare_draft *draft;
    tare_draft_like like;
    int depth;
} tare_draft_lower;
tare_draft_lower tare_draft_lower_of(tare_draft *draft, tare_draft_like like, const void *options,
                                     const tare_value *inputs, int32_t input_count,
                                     const bool *wanted, tare_value *outputs, int32_t output_count,
                                     int depth);

#endif
