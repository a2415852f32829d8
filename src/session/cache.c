/* SPDX-License-Identifier: Apache-2.0 */
/* The plan cache: what feeds, fetches, shapes and fed booleans have compiled to; the latest plans
 * are kept. */
#include <string.h>

#include "array/shape.h"
#include "base/status.h"
#include "session/session.h"

/* ------------------------------------------------------------------------- making a key */

static tare_status refuse_tensor(tare_session *session, tare_tensor tensor, const char *what) {
    char got[64];
    tare_print(got, sizeof got, "a %s %s", what,
               tensor.immediate   ? "that is an immediate number"
               : tensor.node == 0 ? "that no builder made"
                                  : "of another graph");
    return tare_fail_at(&session->error, TARE_ERROR_ARGUMENT, "session", tare_tensor_name(tensor),
                        got, "a tensor of the session's graph");
}

static bool is_own(const tare_session *session, tare_tensor tensor) {
    const tare_node *node = tensor.graph == session->graph ? tare_tensor_node(tensor) : NULL;
    return node && tensor.output >= 0 &&
           (tensor.output < node->output_count || (node->output_count == 0 && tensor.output == 0));
}

static tare_status check_feed(tare_session *session, const tare_feed *feed) {
    if (!is_own(session, feed->tensor)) return refuse_tensor(session, feed->tensor, "feed");
    const tare_node *node = tare_tensor_node(feed->tensor);
    const char *name = tare_tensor_name(feed->tensor);
    char got[TARE_SHAPE_TEXT + 32], need[TARE_SHAPE_TEXT + 32], shape[TARE_SHAPE_TEXT];
    if (node->output_count == 0 || (node->def->flags & TARE_OP_NOT_FEEDABLE))
        return tare_fail_at(&session->error, TARE_ERROR_FEED, "feed", name,
                            "a tensor that may not be fed", "one that may");
    const tare_type *type = &node->outputs[feed->tensor.output];
    tare_print(need, sizeof need, "%s %s", tare_dtype_name(type->dtype),
               tare_shape_text(shape, type->shape));
    if (!feed->array)
        return tare_fail_at(&session->error, TARE_ERROR_FEED, "feed", name, "no array", need);
    tare_print(got, sizeof got, "%s %s", tare_dtype_name(feed->array->dtype),
               tare_shape_text(shape, feed->array->shape));
    if (feed->array->dtype != type->dtype)
        return tare_fail_at(&session->error, TARE_ERROR_TYPE, "feed", name, got, need);
    if (!tare_shape_compatible(feed->array->shape, type->shape))
        return tare_fail_at(&session->error, TARE_ERROR_SHAPE, "feed", name, got, need);
    return TARE_OK;
}

static bool is_truth(const tare_array *array) {
    return array->dtype == TARE_BOOL && array->shape.rank == 0;
}

static bool feed_fits(const tare_plan_feed *key, const tare_feed *feed) {
    const tare_array *array = feed->array;
    if (!array || key->edge.node != feed->tensor.node || key->edge.output != feed->tensor.output ||
        key->type.dtype != array->dtype || key->type.shape.rank != array->shape.rank)
        return false;
    for (int32_t d = 0; d < array->shape.rank; d++)
        if (key->type.shape.extents[d] != array->shape.extents[d]) return false;
    return !key->known || key->truth == *(const bool *)array->data;
}

static bool plan_fits(const tare_session *session, const tare_cached_plan *cached,
                      const tare_feed *feeds, size_t feed_count, const tare_tensor *fetches,
                      size_t fetch_count) {
    if (cached->feed_count != feed_count || cached->fetch_count != fetch_count) return false;
    for (size_t f = 0; f < fetch_count; f++)
        if (fetches[f].graph != session->graph || fetches[f].immediate ||
            cached->fetches[f].node != fetches[f].node ||
            cached->fetches[f].output != fetches[f].output)
            return false;
    for (size_t f = 0; f < feed_count; f++)
        if (feeds[f].tensor.graph != session->graph || feeds[f].tensor.immediate ||
            !feed_fits(&cached->feeds[f], &feeds[f]))
            return false;
    return true;
}

static tare_status make_key(tare_session *session, const tare_feed *feeds, size_t feed_count,
                            const tare_tensor *fetches, size_t fetch_count) {
    session->key_feeds.count = session->key_fetches.count = 0;
    if (!tare_vector_reserve(&session->counting, &session->key_feeds, (int64_t)feed_count + 1) ||
        !tare_vector_reserve(&session->counting, &session->key_fetches, (int64_t)fetch_count + 1))
        return tare_fail_memory(&session->error);
    for (size_t f = 0; f < feed_count; f++) {
        TARE_TRY(check_feed(session, &feeds[f]));
        for (size_t e = 0; e < f; e++)
            if (feeds[e].tensor.node == feeds[f].tensor.node &&
                feeds[e].tensor.output == feeds[f].tensor.output)
                return tare_fail_at(&session->error, TARE_ERROR_FEED, "feed",
                                    tare_tensor_name(feeds[f].tensor), "two arrays for one tensor",
                                    "one");
        const bool known = is_truth(feeds[f].array);
        session->key_feeds.items[session->key_feeds.count++] =
            (tare_plan_feed){.edge = {feeds[f].tensor.node, feeds[f].tensor.output},
                             .type = {feeds[f].array->dtype, feeds[f].array->shape},
                             .known = known,
                             .truth = known && *(const bool *)feeds[f].array->data};
    }
    for (size_t f = 0; f < fetch_count; f++) {
        if (!is_own(session, fetches[f])) return refuse_tensor(session, fetches[f], "fetch");
        session->key_fetches.items[session->key_fetches.count++] =
            (tare_edge){fetches[f].node, fetches[f].output};
    }
    return TARE_OK;
}

/* -------------------------------------------------------------------------- the cache */

static void drop(tare_session *session, tare_cached_plan *cached) {
    for (size_t f = 0; cached->results && f < cached->fetch_count; f++)
        tare_array_free(cached->results[f]);
    tare_release(&session->counting, cached->results,
                 (cached->fetch_count + 1) * sizeof *cached->results);
    tare_release(&session->counting, cached->feeds,
                 (cached->feed_count + 1) * sizeof *cached->feeds);
    tare_release(&session->counting, cached->fetches,
                 (cached->fetch_count + 1) * sizeof *cached->fetches);
    if (cached->plan)
        tare_release(&session->counting, cached->entries,
                     ((size_t)cached->plan->step_count + 1) * sizeof *cached->entries);
    tare_plan_free(cached->plan);
    *cached = (tare_cached_plan){0};
}

void tare_session_drop_plans(tare_session *session) {
    for (int64_t i = 0; i < session->plans.count; i++) drop(session, &session->plans.items[i]);
    session->plans.count = 0;
    session->latest = NULL;
}

/* A free place in the cache: a new one, or that of the plan not used for longest. */
static tare_cached_plan *make_room(tare_session *session) {
    if (session->plans.count < session->plan_limit) {
        if (!tare_vector_reserve(&session->counting, &session->plans, 1)) return NULL;
        tare_cached_plan *fresh = &session->plans.items[session->plans.count++];
        *fresh = (tare_cached_plan){0};
        return fresh;
    }
    tare_cached_plan *oldest = &session->plans.items[0];
    for (int64_t i = 1; i < session->plans.count; i++)
        if (session->plans.items[i].used < oldest->used) oldest = &session->plans.items[i];
    drop(session, oldest);
    return oldest;
}

static tare_status keep_key(tare_session *session, tare_cached_plan *cached) {
    const size_t feeds = (size_t)session->key_feeds.count,
                 fetches = (size_t)session->key_fetches.count;
    cached->feed_count = feeds;
    cached->fetch_count = fetches;
    cached->feeds =
        tare_allocate_array(&session->counting, (int64_t)feeds + 1, sizeof *cached->feeds);
    cached->fetches =
        tare_allocate_array(&session->counting, (int64_t)fetches + 1, sizeof *cached->fetches);
    cached->results =
        tare_allocate_array(&session->counting, (int64_t)fetches + 1, sizeof *cached->results);
    if (!cached->feeds || !cached->fetches || !cached->results)
        return tare_fail_memory(&session->error);
    for (size_t f = 0; f < feeds; f++) cached->feeds[f] = session->key_feeds.items[f];
    for (size_t f = 0; f < fetches; f++) cached->fetches[f] = session->key_fetches.items[f];
    return TARE_OK;
}

static tare_status make_results(tare_session *session, tare_cached_plan *cached) {
    for (size_t f = 0; f < cached->fetch_count; f++) {
        const tare_plan_fetch *fetch = &cached->plan->fetches[f];
        if (fetch->slot.place == TARE_PLACE_NOWHERE) continue;
        if (tare_array_view(fetch->type.dtype, fetch->type.shape, NULL, &session->counting,
                            &cached->results[f]) != TARE_OK)
            return tare_fail_memory(&session->error);
    }
    return TARE_OK;
}

static tare_status grow_arena(tare_session *session, int64_t bytes) {
    if ((int64_t)session->arena_bytes >= bytes && session->arena) return TARE_OK;
    const size_t want = bytes > 0 ? (size_t)bytes : TARE_ALIGNMENT;
    void *larger = tare_allocate(&session->counting, want);
    if (!larger) return tare_fail_memory(&session->error);
    tare_release(&session->counting, session->arena, session->arena_bytes);
    session->arena = larger;
    session->arena_bytes = want;
    session->arena_touched = false;
    return TARE_OK;
}

static tare_status fill(tare_session *session, tare_cached_plan *cached) {
    TARE_TRY(keep_key(session, cached));
    const tare_plan_request request = {.graph = session->graph,
                                       .feeds = cached->feeds,
                                       .feed_count = cached->feed_count,
                                       .fetches = cached->fetches,
                                       .fetch_count = cached->fetch_count,
                                       .threads = session->threads,
                                       .merge = session->merge,
                                       .allocator = &session->counting,
                                       .error = &session->error};
    TARE_TRY(tare_plan_new(&request, &cached->plan));
    TARE_TRY(make_results(session, cached));
    for (int64_t i = 0; i < cached->plan->variable_count; i++) {
        tare_variable_state *state = NULL;
        TARE_TRY(tare_session_variable(session, cached->plan->variables[i], &state));
    }
    for (int64_t s = 0; s < cached->plan->step_count; s++) {
        tare_update_counts *counts = NULL;
        if (cached->plan->steps[s].counted)
            TARE_TRY(tare_session_counts(session, cached->plan->steps[s].counted, &counts));
    }
    return grow_arena(session, cached->plan->arena_bytes);
}

tare_status tare_session_plan(tare_session *session, const tare_feed *feeds, size_t feed_count,
                              const tare_tensor *fetches, size_t fetch_count,
                              tare_cached_plan **cached) {
    if (session->latest &&
        plan_fits(session, session->latest, feeds, feed_count, fetches, fetch_count)) {
        *cached = session->latest;
        return TARE_OK;
    }
    for (int64_t i = 0; i < session->plans.count; i++)
        if (session->plans.items[i].plan &&
            plan_fits(session, &session->plans.items[i], feeds, feed_count, fetches, fetch_count)) {
            *cached = session->latest = &session->plans.items[i];
            return TARE_OK;
        }
    TARE_TRY(make_key(session, feeds, feed_count, fetches, fetch_count));
    session->latest = NULL;
    tare_cached_plan *fresh = make_room(session);
    if (!fresh) return tare_fail_memory(&session->error);
    const tare_status status = fill(session, fresh);
    if (status != TARE_OK) {
        drop(session, fresh);
        return status;
    }
    session->plans_made++;
    *cached = session->latest = fresh;
    return TARE_OK;
}
