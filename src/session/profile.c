/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile of a session's steps. Steps of one op and node share an entry, whatever plan they are
 * of, so that a plan made anew goes on where the old one was. A plan finds its entries in its first
 * timed run; from then on a step only adds to what is there.
 */
#include "session/profile.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/status.h"
#include "session/session.h"

#define MOST_EVENTS (INT64_C(1) << 31)

#define TARE_TABLE_STRUCT tare_profile_options
TARE_OPTION_TABLE(static, profile_table, TARE_PROFILE_FIELDS);

/* One step of one run, of the entry's op and node. */
typedef struct event {
    int64_t entry, run, bytes;
    double begin, seconds, flops;
} event;

struct tare_profile {
    tare_map *places; /* "op node" -> index into entries */
    TARE_VECTOR(tare_profile_entry) entries;
    event *events; /* a ring */
    int64_t event_room, event_count /* ever */, runs;
    double begin;
};

/* ------------------------------------------------------------------------- begin and end */

void tare_session_profile_free(tare_session *session) {
    tare_profile *profile = session->profile;
    session->profile = NULL;
    session->is_profiling = false;
    if (!profile) return;
    tare_map_free(profile->places);
    tare_vector_free(&session->counting, &profile->entries);
    tare_release(&session->counting, profile->events,
                 (size_t)profile->event_room * sizeof *profile->events);
    tare_release(&session->counting, profile, sizeof *profile);
}

static tare_status begin(tare_session *session, const tare_profile_options *options) {
    if (options->events < 0 || options->events > MOST_EVENTS)
        return tare_fail_at(&session->error, TARE_ERROR_ARGUMENT, "profile", "events",
                            "a number out of range", "0 to 2147483648");
    tare_session_profile_free(session);
    tare_profile *profile = tare_allocate_zeroed(&session->counting, sizeof *profile);
    if (!profile) return tare_fail_memory(&session->error);
    session->profile = profile;
    session->profiles++;
    profile->places = tare_map_new(&session->counting);
    if (options->events > 0)
        profile->events =
            tare_allocate_array(&session->counting, options->events, sizeof *profile->events);
    profile->event_room = profile->events ? options->events : 0;
    if (!profile->places || profile->event_room < options->events) {
        tare_session_profile_free(session);
        return tare_fail_memory(&session->error);
    }
    profile->begin = tare_clock_seconds();
    session->is_profiling = true;
    return TARE_OK;
}

tare_status tare_session_profile_begin_with(tare_session *session,
                                            const tare_profile_options *user) {
    tare_profile_options options;
    TARE_TRY(tare_session_enter(session));
    tare_options_adopt(&profile_table, user, &options);
    return tare_session_leave(session, begin(session, &options));
}

tare_status tare_session_profile_end(tare_session *session) {
    TARE_TRY(tare_session_enter(session));
    session->is_profiling = false;
    return tare_session_leave(session, TARE_OK);
}

/* -------------------------------------------------------------------------- while running */

/* The entry of a step's op and node, a new one where there is none; -1: no memory. */
static int64_t find_entry(tare_session *session, const tare_step *step, tare_text *key) {
    tare_profile *profile = session->profile;
    key->length = 0;
    tare_text_format(key, "%s %s", step->op, step->name);
    if (key->failed) return -1;
    const int64_t found = tare_map_get(profile->places, key->data, -1);
    if (found >= 0) return found;
    if (!tare_vector_reserve(&session->counting, &profile->entries, 1) ||
        !tare_map_set(profile->places, key->data, profile->entries.count))
        return -1;
    profile->entries.items[profile->entries.count] =
        (tare_profile_entry){.op = step->op, .node = step->name, .gradient_of = step->gradient_of};
    return profile->entries.count++;
}

tare_status tare_session_profile_plan(tare_session *session, tare_cached_plan *cached) {
    const tare_plan *plan = cached->plan;
    if (cached->profiled_in == session->profiles) return TARE_OK;
    if (!cached->entries)
        cached->entries =
            tare_allocate_array(&session->counting, plan->step_count + 1, sizeof *cached->entries);
    tare_text key = {.allocator = &session->counting};
    bool good = cached->entries != NULL;
    for (int64_t s = 0; good && s < plan->step_count; s++) {
        cached->entries[s] = find_entry(session, &plan->steps[s], &key);
        good = cached->entries[s] >= 0;
    }
    tare_text_clear(&key);
    if (!good) return tare_fail_memory(&session->error);
    cached->profiled_in = session->profiles;
    return TARE_OK;
}

void tare_session_profile_step(tare_profile *profile, int64_t entry, const tare_step *step,
                               double begin, double seconds) {
    tare_profile_entry *sum = &profile->entries.items[entry];
    sum->runs++;
    sum->seconds += seconds;
    sum->bytes += step->bytes;
    sum->flops += step->flops;
    if (profile->event_room == 0) return;
    profile->events[profile->event_count++ % profile->event_room] =
        (event){.entry = entry,
                .run = profile->runs,
                .bytes = step->bytes,
                .begin = begin - profile->begin,
                .seconds = seconds,
                .flops = step->flops};
}

void tare_session_profile_run(tare_profile *profile) { profile->runs++; }

/* ------------------------------------------------------------------------------- reading */

static int64_t kept_events(const tare_profile *profile) {
    return profile->event_count < profile->event_room ? profile->event_count : profile->event_room;
}

tare_status tare_session_profile_count(const tare_session *session, tare_profile_counts *counts) {
    if (!session) return TARE_ERROR_ARGUMENT;
    const tare_profile *profile = session->profile;
    tare_profile_counts now = {.runs = 0};
    if (profile)
        now = (tare_profile_counts){.runs = profile->runs,
                                    .entries = profile->entries.count,
                                    .events = kept_events(profile)};
    return tare_session_hand_out(counts, &now, sizeof now);
}

tare_status tare_session_profile_entry(const tare_session *session, int64_t i,
                                       tare_profile_entry *entry) {
    if (!session || !session->profile || i < 0 || i >= session->profile->entries.count)
        return TARE_ERROR_ARGUMENT;
    tare_profile_entry told = session->profile->entries.items[i];
    return tare_session_hand_out(entry, &told, sizeof told);
}

tare_status tare_session_profile_event(const tare_session *session, int64_t i,
                                       tare_profile_event *into) {
    if (!session || !session->profile || i < 0 || i >= kept_events(session->profile))
        return TARE_ERROR_ARGUMENT;
    const tare_profile *profile = session->profile;
    const int64_t oldest = profile->event_count - kept_events(profile);
    const event *e = &profile->events[(oldest + i) % profile->event_room];
    const tare_profile_entry *of = &profile->entries.items[e->entry];
    tare_profile_event told = {.op = of->op,
                               .node = of->node,
                               .gradient_of = of->gradient_of,
                               .run = e->run,
                               .begin = e->begin,
                               .seconds = e->seconds,
                               .bytes = e->bytes,
                               .flops = e->flops};
    return tare_session_hand_out(into, &told, sizeof told);
}
