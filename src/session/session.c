/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a session: options, threads, the memory limit. */
#include "session/session.h"

#include <stdatomic.h>

#include "base/status.h"
#include "session/profile.h"

/* ------------------------------------------------------- an allocator that knows a limit */

static bool take(tare_session *session, size_t bytes) {
    _Atomic int64_t *used = (_Atomic int64_t *)&session->memory_used;
    const int64_t now = atomic_fetch_add(used, (int64_t)bytes) + (int64_t)bytes;
    if (session->memory_limit <= 0 || now <= session->memory_limit) return true;
    atomic_fetch_sub(used, (int64_t)bytes);
    session->limit_hit = true;
    return false;
}

static void give(tare_session *session, size_t bytes) {
    atomic_fetch_sub((_Atomic int64_t *)&session->memory_used, (int64_t)bytes);
}

static void *counted_allocate(void *user, size_t bytes) {
    tare_session *session = user;
    if (!take(session, bytes)) return NULL;
    void *block = session->given.allocate(session->given.user, bytes);
    if (!block) give(session, bytes);
    return block;
}

static void *counted_resize(void *user, void *block, size_t old_bytes, size_t bytes) {
    tare_session *session = user;
    if (!take(session, bytes)) return NULL;
    void *moved = session->given.resize(session->given.user, block, old_bytes, bytes);
    give(session, moved ? old_bytes : bytes);
    return moved;
}

static void counted_free(void *user, void *block, size_t bytes) {
    tare_session *session = user;
    session->given.free(session->given.user, block, bytes);
    give(session, bytes);
}

/* ------------------------------------------------------------------------ making one */

/* Fills `into` with defaults and what the caller's older or equal struct holds. */
static void adopt(const tare_session_options *user, tare_session_options *into) {
    static const tare_session_options defaults = {TARE_SESSION_DEFAULTS};
    *into = defaults;
    if (!user || user->struct_size < sizeof user->struct_size) return;
    const size_t bytes = user->struct_size < sizeof *into ? user->struct_size : sizeof *into;
    const char *from = (const char *)user;
    char *to = (char *)into;
    for (size_t i = sizeof user->struct_size; i < bytes; i++) to[i] = from[i];
}

static tare_status check(tare_graph *graph, const tare_session_options *options,
                         tare_error *error) {
    if (!graph)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "session", NULL, "no graph", "a graph");
    if (tare_graph_status(graph) != TARE_OK) {
        if (error) *error = *tare_graph_error(graph);
        return tare_graph_status(graph);
    }
    if (options->threads < 0 || options->threads > 1024)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "session", "threads",
                            "a number out of range", "0 (one per processor) to 1024");
    if (options->plans < 1 || options->plans > 100000)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "session", "plans", "a number out of range",
                            "1 to 100000");
    return TARE_OK;
}

static tare_session *make(tare_graph *graph, const tare_session_options *options) {
    const tare_allocator *allocator =
        options->allocator ? options->allocator : tare_graph_allocator(graph);
    tare_session *session = tare_allocate_zeroed(allocator, sizeof *session);
    if (!session) return NULL;
    session->graph = graph;
    session->given = *allocator;
    session->counting = (tare_allocator){counted_allocate, counted_resize, counted_free, session};
    session->memory_limit = options->memory_limit;
    session->threads = options->threads ? (int)options->threads : tare_processor_count();
    session->plan_limit = options->plans;
    session->merge = options->merge;
    session->epoch = 1;
    return session;
}

tare_status tare_session_new_with(tare_graph *graph, const tare_session_options *user,
                                  tare_session **session, tare_error *error) {
    tare_session_options options;
    if (!session)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "session", NULL, "no place for the session",
                            "the address of a tare_session *");
    *session = NULL;
    adopt(user, &options);
    TARE_TRY(check(graph, &options, error));
    tare_session *made = make(graph, &options);
    if (!made) return tare_fail_memory(error);
    tare_status status = tare_pool_new(&made->counting, made->threads, options.parallel_for,
                                       options.parallel_user, &made->pool, error);
    if (status != TARE_OK) {
        if (made->limit_hit)
            status = tare_fail_at(error, TARE_ERROR_LIMIT, "session", "memory_limit",
                                  "a limit too small for the session's threads", "more bytes");
        tare_session_free(made);
        return status;
    }
    *session = made;
    return TARE_OK;
}

void tare_session_free(tare_session *session) {
    if (!session) return;
    tare_pool_free(session->pool);
    tare_session_profile_free(session);
    tare_session_drop_plans(session);
    for (int64_t i = 0; i < session->variables.count; i++) {
        tare_array_free(session->variables.items[i].array);
        tare_release(&session->counting, session->variables.items[i].counts,
                     sizeof(tare_update_counts));
    }
    tare_vector_free(&session->counting, &session->variables);
    tare_vector_free(&session->counting, &session->plans);
    tare_vector_free(&session->counting, &session->key_feeds);
    tare_vector_free(&session->counting, &session->key_fetches);
    tare_release(&session->counting, session->arena, session->arena_bytes);
    const tare_allocator allocator = session->given;
    tare_release(&allocator, session, sizeof *session);
}

/* ------------------------------------------------------------------------------- asking */

tare_status tare_session_count(const tare_session *session, tare_session_counters *counters) {
    if (!session) return TARE_ERROR_ARGUMENT;
    int64_t variable_bytes = 0;
    for (int64_t i = 0; i < session->variables.count; i++)
        variable_bytes += (int64_t)tare_array_bytes(session->variables.items[i].array);
    const tare_session_counters now = {.runs = session->runs,
                                       .plans_made = session->plans_made,
                                       .plans_kept = session->plans.count,
                                       .arena_bytes = (int64_t)session->arena_bytes,
                                       .variable_bytes = variable_bytes,
                                       .random_draws = (int64_t)session->random_draws};
    return tare_session_hand_out(counters, &now, sizeof now);
}

tare_status tare_session_set_random_draws(tare_session *session, int64_t draws) {
    TARE_TRY(tare_session_enter(session));
    if (draws < 0)
        return tare_session_leave(session,
                                  tare_fail_at(&session->error, TARE_ERROR_ARGUMENT, "session",
                                               "random_draws", "a negative number", "0 or more"));
    session->random_draws = (uint64_t)draws;
    return tare_session_leave(session, TARE_OK);
}
