/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans: what a set of feeds and fetches compiles to. A plan is a list of steps over memory that is
 * laid out once.
 *
 * The passes, in order, each in a file of its own:
 *
 *   select.c     what the fetches need, cut at what is fed; booleans known now decide conditionals
 *   translate.c  nodes of the graph become nodes of the plan with known shapes; ops are lowered
 *   reorder.c    transposes move towards the results, meet and cancel, by capabilities
 *   merge.c      affine maps go into the products before them, by capabilities
 *   prune.c      what still runs, and what is computed once
 *   rectify.c    rectifiers and their gradients go into their neighbours, by capabilities
 *   carry.c      steps ride on others that have the same numbers in the cache
 *   finish.c     additions and clamps behind products go into them, by capabilities
 *   pack.c       weights that last are packed once, by capabilities
 *   order.c      data, control dependencies, reads and writes of variables -> a sequence
 *   sweep.c      updates of many variables become one step, by capabilities
 *   chain.c      elementwise steps run block by block, by capabilities
 *   prepare.c    each node chooses its kernel
 *   layout.c     one arena by first and last use
 *   place.c      its offsets
 */
#ifndef TARE_SRC_PLAN_PLAN_H
#define TARE_SRC_PLAN_PLAN_H

#include "base/text.h"
#include "graph/graph.h"

/* An array that a run will bring: its type, and its truth when it is a boolean scalar. */
typedef struct tare_plan_feed {
    tare_edge edge;
    tare_type type;
    bool known, truth;
} tare_plan_feed;

typedef struct tare_plan_request {
    const tare_graph *graph;
    const tare_plan_feed *feeds;
    size_t feed_count;
    const tare_edge *fetches;
    size_t fetch_count;
    int threads;
    bool merge;
    const tare_allocator *allocator;
    tare_error *error;
} tare_plan_request;

/* Where the numbers of a value come from. */
typedef enum tare_place {
    TARE_PLACE_NOWHERE,    /* only its shape matters, or nobody reads it */
    TARE_PLACE_ARENA,      /* offset in the session's arena */
    TARE_PLACE_PERSISTENT, /* offset in the plan's own memory: depends on variables and constants
                              alone */
    TARE_PLACE_FEED,       /* index of a feed */
    TARE_PLACE_VARIABLE,   /* node id of a variable */
    TARE_PLACE_CONSTANT    /* an array of the graph's */
} tare_place;

typedef struct tare_slot {
    tare_place place;
    int64_t at;          /* offset, feed index or node id */
    const void *numbers; /* TARE_PLACE_CONSTANT */
} tare_slot;

/* A condition under which steps run: predicate's value is `side`, and the parent's condition holds.
 */
typedef struct tare_guard {
    tare_slot predicate;
    const bool *truth; /* bound */
    bool side;
    int32_t parent; /* -1: none */
} tare_guard;

/* A step as planned; `run` is what a running step reads, and comes first. */
typedef struct tare_step {
    tare_run run;
    int32_t guard; /* -1: always */
    int32_t input_count, output_count;
    int32_t counted; /* node id of the variable whose updates it counts, 0: none */
    const tare_slot *inputs, *outputs;
    int64_t scratch_at; /* offset in the arena, -1: none */
    const char *name, *op;
    const char *note; /* what was merged here, NULL */
    const tare_type *input_types, *output_types;
    const char *gradient_of; /* name of the node whose gradient it is, NULL: of none */
    double flops;            /* see tare_prepare */
    int64_t bytes;           /* that it must read and write at least */
} tare_step;

/* A place where a feed's address must be written when it changes. */
typedef struct tare_patch {
    void **where;
} tare_patch;

typedef struct tare_plan_feed_use {
    tare_patch *patches;
    int64_t patch_count;
    const void *bound; /* the address written last */
} tare_plan_feed_use;

typedef struct tare_plan_fetch {
    tare_slot slot; /* NOWHERE for operations */
    tare_type type;
    int32_t guard;
    void *numbers; /* bound */
} tare_plan_fetch;

typedef struct tare_plan {
    const tare_allocator *allocator;
    tare_arena *arena;
    /* steps[0..preamble_count-1] depend on variables and constants alone and run only when some
     * variable has changed. */
    tare_step *steps;
    int64_t step_count, preamble_count;
    tare_guard *guards;
    int32_t guard_count;
    tare_plan_feed_use *feeds;
    size_t feed_count;
    tare_plan_fetch *fetches;
    size_t fetch_count;
    const int32_t *variables; /* read or written: node ids */
    const bool *must_be_initialized;
    int64_t variable_count;
    bool writes, draws, can_fail;
    int64_t arena_bytes, persistent_bytes;
    void *persistent;
    int64_t cancelled_transposes; /* that reordering found to be needless */
    /* filled by the session */
    void *bound_arena;
    uint64_t preamble_epoch; /* variables' epoch that the preamble was run for; 0: never */
    bool initialized_seen, writes_noted;
} tare_plan;

/* Makes a plan. Errors  a placeholder that is not fed; shapes that do not fit; no memory; see the
 * sentence. */
tare_status tare_plan_new(const tare_plan_request *request, tare_plan **plan);
void tare_plan_free(tare_plan *plan);

/* Where a variable's numbers lie, and the counts of its updates; given by the session. */
typedef struct tare_variable_places {
    void *(*numbers)(void *user, int32_t node);
    tare_update_counts *(*counts)(void *user, int32_t node);
    void *user;
} tare_variable_places;
/* Writes every address into the steps, for an arena that lies at base. */
void tare_plan_bind(tare_plan *plan, void *base, tare_pool *pool, const uint64_t *random_stream,
                    tare_error *error, const tare_variable_places *variables);
/* Tells the steps where feed i lies now. */
void tare_plan_bind_feed(tare_plan *plan, size_t i, const void *numbers);
/* What the steps of one op, or all of them, amount to. */
typedef struct tare_plan_total {
    const char *op; /* NULL: all */
    int64_t steps, bytes;
    double flops;
} tare_plan_total;
/* Totals by op, those of most operations first, then of most bytes; kinds has room for one more
 * than the plan has steps and ends with the total of all. Returns how many ops there are. */
int64_t tare_plan_totals(const tare_plan *plan, tare_plan_total *kinds);

/* Where the numbers of a value lie: "arena+64", "variable", "-". */
void tare_slot_text(tare_slot slot, tare_text *text);
/* The plan as text, a step a line, and its totals. */
void tare_plan_print(const tare_plan *plan, tare_text *text);

#endif
