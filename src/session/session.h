/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a session: variables' numbers, the plan cache, the arena that plans share. */
#ifndef TARE_SRC_SESSION_SESSION_H
#define TARE_SRC_SESSION_SESSION_H

#include "array/array.h"
#include "plan/plan.h"
#include <tare/session.h>

/* The numbers of one variable. */
typedef struct tare_variable_state {
    tare_array *array;          /* NULL until its memory is first wanted */
    tare_update_counts *counts; /* NULL: nothing has counted yet */
    bool initialized;
    bool given; /* the value came from outside without its counts: they begin there */
} tare_variable_state;

/* A plan with the key it was made for. */
typedef struct tare_cached_plan {
    tare_plan *plan;
    tare_plan_feed *feeds;
    tare_edge *fetches;
    size_t feed_count, fetch_count;
    tare_array **results; /* per fetch: a view of its numbers; NULL for operations */
    uint64_t used;        /* when last, in runs */
    int64_t *entries;     /* per step: its entry in the profile */
    uint64_t profiled_in; /* the profile that these are of; 0: none */
} tare_cached_plan;

typedef struct tare_profile tare_profile;

struct tare_session {
    tare_graph *graph;
    tare_allocator given;              /* the host's or the graph's */
    tare_allocator counting;           /* wraps it: the memory limit */
    int64_t memory_used, memory_limit; /* accessed atomically */
    bool limit_hit;
    tare_pool *pool;
    int threads;
    bool merge, closed, is_profiling;
    tare_flag busy, cancelled;
    tare_error error;
    TARE_VECTOR(tare_variable_state) variables; /* by node id */
    uint64_t epoch; /* grows whenever a variable may have changed; starts at 1 */
    TARE_VECTOR(tare_cached_plan) plans;
    int64_t plan_limit;
    tare_cached_plan *latest;
    void *arena;
    size_t arena_bytes;
    bool arena_touched; /* a run has begun in it */
    uint64_t random_draws;
    int64_t runs, plans_made;
    tare_profile *profile; /* the latest; NULL: there was none */
    uint64_t profiles;     /* begun so far */
    /* room for a call's key, grown outside the running step */
    TARE_VECTOR(tare_plan_feed) key_feeds;
    TARE_VECTOR(tare_edge) key_fetches;
};

/* Enters a call: busy, forked, closed, graph errors. On TARE_OK tare_session_leave must follow. */
tare_status tare_session_enter(tare_session *session);
/* Ends a call; turns an allocation refused by the limit into TARE_ERROR_LIMIT. Returns the status
 * to give. */
tare_status tare_session_leave(tare_session *session, tare_status status);

/* Copies what was made into a caller's struct, as far as that goes. Both begin with their
 * struct_size; the caller's stays. Errors  it has none. */
tare_status tare_session_hand_out(void *into, const void *made, size_t size);

/* Memory for a variable (by node id); its numbers are zeros until it is set. */
tare_status tare_session_variable(tare_session *session, int32_t node, tare_variable_state **state);
/* The counts of its updates; all zero at first. */
tare_status tare_session_counts(tare_session *session, int32_t node, tare_update_counts **counts);
/* Its value is another one from now on. given: it came from outside, with these counts or (NULL)
 * without any. Cannot fail when there is no counts. */
void tare_session_renew_counts(tare_variable_state *state, const tare_update_counts *counts,
                               bool given);
/* The node id of a variable by name; 0 when there is none. */
int32_t tare_session_variable_named(const tare_session *session, const char *name);

/* The plan for this key: cached, or made now. */
tare_status tare_session_plan(tare_session *session, const tare_feed *feeds, size_t feed_count,
                              const tare_tensor *fetches, size_t fetch_count,
                              tare_cached_plan **cached);
void tare_session_drop_plans(tare_session *session);

#endif
