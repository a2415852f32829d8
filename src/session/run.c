/* SPDX-License-Identifier: Apache-2.0 */
/* Running: find the plan, point it at the feeds, go through the steps, hand out the fetches.
 * Nothing here allocates once a plan is kept. */
#include <string.h>

#include "array/shape.h"
#include "base/clock.h"
#include "base/pages.h"
#include "base/status.h"
#include "session/profile.h"

static void *variable_address(void *user, int32_t node) {
    return ((tare_session *)user)->variables.items[node].array->data;
}

static tare_update_counts *variable_counts(void *user, int32_t node) {
    return ((tare_session *)user)->variables.items[node].counts;
}

static tare_status check_initialized(tare_session *session, tare_plan *plan) {
    for (int64_t i = 0; i < plan->variable_count; i++) {
        const int32_t id = plan->variables[i];
        if (!plan->must_be_initialized[i] || session->variables.items[id].initialized) continue;
        return tare_fail_at(&session->error, TARE_ERROR_UNINITIALIZED, "variable",
                            tare_graph_node(session->graph, id)->name, "a variable without a value",
                            "tare_session_initialize or tare_session_set first");
    }
    plan->initialized_seen = true;
    return TARE_OK;
}

/* Memory of the host's own allocator is touched by the steps alone. */
static void touch(tare_session *session, const tare_plan *plan) {
    if (session->given.allocate != tare_default_allocator.allocate) return;
    if (!session->arena_touched)
        tare_pages_touch(session->pool, session->arena, session->arena_bytes);
    if (!plan->bound_arena)
        tare_pages_touch(session->pool, plan->persistent, (size_t)plan->persistent_bytes);
    session->arena_touched = true;
}

static void bind(tare_session *session, tare_cached_plan *cached) {
    tare_plan *plan = cached->plan;
    touch(session, plan);
    const tare_variable_places variables = {variable_address, variable_counts, session};
    tare_plan_bind(plan, session->arena, session->pool, &session->random_draws, &session->error,
                   &variables);
    for (size_t f = 0; f < cached->fetch_count; f++)
        if (cached->results[f]) cached->results[f]->data = plan->fetches[f].numbers;
}

static bool holds(const tare_plan *plan, int32_t guard) {
    for (; guard >= 0; guard = plan->guards[guard].parent)
        if (*plan->guards[guard].truth != plan->guards[guard].side) return false;
    return true;
}

static tare_status check_cancelled(tare_session *session, const tare_step *step) {
    if (!tare_flag_read(&session->cancelled)) return TARE_OK;
    return tare_fail_at(&session->error, TARE_ERROR_CANCELLED, step->op, step->name,
                        "a request to stop before this step", "nothing more");
}

static const tare_step *first_step(const tare_session *session, const tare_plan *plan) {
    return plan->steps + (plan->preamble_epoch == session->epoch ? plan->preamble_count : 0);
}

static tare_status run_steps(tare_session *session, tare_plan *plan) {
    const tare_step *step = first_step(session, plan), *end = plan->steps + plan->step_count;
    for (; step < end; step++) {
        TARE_TRY(check_cancelled(session, step));
        if (step->guard >= 0 && !holds(plan, step->guard)) continue;
        TARE_TRY(step->run.function(&step->run));
    }
    plan->preamble_epoch = session->epoch;
    return TARE_OK;
}

/* The same with a clock. A step's time begins where that of the one before it ended. */
static tare_status time_steps(tare_session *session, tare_cached_plan *cached) {
    tare_plan *plan = cached->plan;
    TARE_TRY(tare_session_profile_plan(session, cached));
    const tare_step *step = first_step(session, plan), *end = plan->steps + plan->step_count;
    double begin = tare_clock_seconds();
    for (; step < end; step++) {
        TARE_TRY(check_cancelled(session, step));
        if (step->guard >= 0 && !holds(plan, step->guard)) continue;
        TARE_TRY(step->run.function(&step->run));
        const double now = tare_clock_seconds();
        tare_session_profile_step(session->profile, cached->entries[step - plan->steps], step,
                                  begin, now - begin);
        begin = now;
    }
    plan->preamble_epoch = session->epoch;
    tare_session_profile_run(session->profile);
    return TARE_OK;
}

/*
 * What was written has a value from now on. What this plan keeps depends on variables that it does
 * not write, so it stays as fresh as it was.
 */
static void note_writes(tare_session *session, tare_plan *plan) {
    if (plan->preamble_epoch == session->epoch++) plan->preamble_epoch = session->epoch;
    if (plan->writes_noted) return;
    plan->writes_noted = true;
    for (int64_t i = 0; i < plan->variable_count; i++)
        session->variables.items[plan->variables[i]].initialized = true;
}

/* A result of an earlier run that the caller hands back as it was: replaced, not filled. */
static bool is_ours(const tare_session *session, const tare_array *array) {
    const char *data = array->data, *arena = session->arena;
    return !array->owns_data && data >= arena && data < arena + session->arena_bytes;
}

static tare_status hand_out(tare_session *session, const tare_cached_plan *cached,
                            tare_array **results) {
    for (size_t f = 0; f < cached->fetch_count; f++) {
        tare_array *made = cached->results[f];
        if (!made) continue;
        if (!holds(cached->plan, cached->plan->fetches[f].guard))
            return tare_fail_at(&session->error, TARE_ERROR_STATE, "fetch",
                                tare_graph_node(session->graph, cached->fetches[f].node)->name,
                                "a tensor of the branch that was not taken",
                                "tare_cond_merge around it");
        if (!results[f] || is_ours(session, results[f])) {
            results[f] = made;
            continue;
        }
        if (results[f]->dtype != made->dtype || !tare_shape_same(results[f]->shape, made->shape)) {
            char got[TARE_SHAPE_TEXT], need[TARE_SHAPE_TEXT];
            return tare_fail_at(
                &session->error,
                results[f]->dtype != made->dtype ? TARE_ERROR_TYPE : TARE_ERROR_SHAPE, "fetch",
                tare_graph_node(session->graph, cached->fetches[f].node)->name,
                tare_shape_text(got, results[f]->shape), tare_shape_text(need, made->shape));
        }
        memcpy(results[f]->data, made->data, made->bytes);
    }
    return TARE_OK;
}

static tare_status run(tare_session *session, const tare_feed *feeds, size_t feed_count,
                       const tare_tensor *fetches, size_t fetch_count, tare_array **results) {
    tare_cached_plan *cached = NULL;
    TARE_TRY(tare_session_plan(session, feeds, feed_count, fetches, fetch_count, &cached));
    tare_plan *plan = cached->plan;
    if (!plan->initialized_seen) TARE_TRY(check_initialized(session, plan));
    if (plan->bound_arena != session->arena) bind(session, cached);
    for (size_t f = 0; f < feed_count; f++)
        if (plan->feeds[f].bound != feeds[f].array->data)
            tare_plan_bind_feed(plan, f, feeds[f].array->data);
    cached->used = (uint64_t)++session->runs;
    const tare_status status =
        session->is_profiling ? time_steps(session, cached) : run_steps(session, plan);
    if (plan->writes) note_writes(session, plan);
    if (plan->draws) session->random_draws++;
    TARE_TRY(status);
    return results ? hand_out(session, cached, results) : TARE_OK;
}

static tare_status check_arguments(tare_session *session, const void *feeds, size_t feed_count,
                                   const void *fetches, size_t fetch_count) {
    if ((feed_count == 0 || feeds) && (fetch_count == 0 || fetches)) return TARE_OK;
    return tare_fail_at(&session->error, TARE_ERROR_ARGUMENT, "session", NULL,
                        "a count without a list", "a list of that many");
}

tare_status tare_session_run(tare_session *session, const tare_feed *feeds, size_t feed_count,
                             const tare_tensor *fetches, size_t fetch_count, tare_array **results) {
    TARE_TRY(tare_session_enter(session));
    tare_flag_give(&session->cancelled);
    tare_status status = check_arguments(session, feeds, feed_count, fetches, fetch_count);
    if (status == TARE_OK) status = run(session, feeds, feed_count, fetches, fetch_count, results);
    return tare_session_leave(session, status);
}

tare_status tare_session_run_collection(tare_session *session, const tare_feed *feeds,
                                        size_t feed_count, const char *collection) {
    if (!session || !collection) return TARE_ERROR_ARGUMENT;
    const size_t count = tare_collection_count(session->graph, collection, NULL);
    tare_tensor *members =
        tare_allocate_array(&session->given, (int64_t)count + 1, sizeof *members);
    if (!members) return tare_fail_memory(&session->error);
    for (size_t i = 0; i < count; i++)
        members[i] = tare_collection_item(session->graph, collection, NULL, i);
    const tare_status status = tare_session_run(session, feeds, feed_count, members, count, NULL);
    tare_release(&session->given, members, (count + 1) * sizeof *members);
    return status;
}

tare_status tare_session_run_named(tare_session *session, const tare_feed *feeds, size_t feed_count,
                                   const char *name, tare_array **result) {
    if (!session) return TARE_ERROR_ARGUMENT;
    const tare_tensor tensor = tare_tensor_named(session->graph, name);
    if (tare_tensor_is_valid(tensor))
        return tare_session_run(session, feeds, feed_count, &tensor, 1, result);
    TARE_TRY(tare_session_enter(session));
    return tare_session_leave(
        session, tare_fail_at(&session->error, TARE_ERROR_NAME, "fetch", name ? name : "(null)",
                              "a name that nothing in the graph has",
                              "\"node:output\" of a tensor, or the name of an operation"));
}

tare_status tare_session_plan_text(tare_session *session, const tare_feed *feeds, size_t feed_count,
                                   const tare_tensor *fetches, size_t fetch_count, char **text) {
    if (!text) return TARE_ERROR_ARGUMENT;
    *text = NULL;
    TARE_TRY(tare_session_enter(session));
    tare_status status = check_arguments(session, feeds, feed_count, fetches, fetch_count);
    tare_cached_plan *cached = NULL;
    if (status == TARE_OK)
        status = tare_session_plan(session, feeds, feed_count, fetches, fetch_count, &cached);
    if (status == TARE_OK) {
        tare_text out = {.allocator = &session->given};
        tare_plan_print(cached->plan, &out);
        *text = tare_text_hand_out(&out);
        if (!*text) status = tare_fail_memory(&session->error);
    }
    return tare_session_leave(session, status);
}
