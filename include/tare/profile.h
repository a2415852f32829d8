/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Profiles: how long each step of a session's runs takes, what it computes, reads and writes.
 *
 *     tare_session_profile_begin(session);
 *     ... tare_session_run(session, ...) ...
 *     tare_session_profile_end(session);
 *     tare_profile_counts counts = {.struct_size = sizeof counts};
 *     tare_session_profile_count(session, &counts);
 *     for (int64_t i = 0; i < counts.entries; i++) {
 *         tare_profile_entry entry = {.struct_size = sizeof entry};
 *         tare_session_profile_entry(session, i, &entry);
 *     }
 *
 * A session that is not asked for a profile does nothing for it. Profiling changes no number; a
 * step costs one reading of the clock more, and a plan allocates for it in its first profiled run
 * only. What is told may be read until the next begin, but not while a run is going on. Names are
 * the graph's and live as long as it.
 */
#ifndef TARE_PROFILE_H
#define TARE_PROFILE_H

#include <tare/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TARE_PROFILE_FIELDS(field)                                                                 \
    field(integer, events, 0, "latest steps kept one by one, with their times, for a trace")
TARE_OPTIONS(tare_profile_options, TARE_PROFILE_FIELDS);
#define TARE_PROFILE_DEFAULTS TARE_DEFAULTS(tare_profile_options, TARE_PROFILE_FIELDS)

/**
 * Times the steps of all runs from now on; what an earlier profile told is forgotten. Memory for
 * `events` steps is taken now. Errors  events below 0 or above 2^31; no memory.
 */
TARE_API tare_status tare_session_profile_begin_with(tare_session *session,
                                                     const tare_profile_options *options);
#define tare_session_profile_begin(...) tare_session_profile_begin_(__VA_ARGS__, .reserved = 0)
#define tare_session_profile_begin_(session, ...)                                                  \
    TARE_KW(tare_session_profile_begin_with(                                                       \
        session, &(tare_profile_options){TARE_PROFILE_DEFAULTS, __VA_ARGS__}))
/** Times no more; what was told stays. Without a begin before it nothing happens. */
TARE_API tare_status tare_session_profile_end(tare_session *session);

/** How much there is to read. */
typedef struct tare_profile_counts {
    size_t struct_size; /* set by the caller */
    int64_t runs;       /* that were timed */
    int64_t entries, events;
} tare_profile_counts;
TARE_API tare_status tare_session_profile_count(const tare_session *session,
                                                tare_profile_counts *counts);

/** All runs of the steps of one op that stand for one node, whatever plan they are of. */
typedef struct tare_profile_entry {
    size_t struct_size;      /* set by the caller */
    const char *op;          /* "nn_convolution" */
    const char *node;        /* "conv2d/Conv2D" */
    const char *gradient_of; /* the node whose gradient it is a part of; NULL: it is of none */
    int64_t runs;            /* of such steps */
    double seconds;          /* of all these together; so are the next two */
    int64_t bytes;           /* that they had to read and write: inputs and outputs, once each */
    double flops; /* of products and convolutions, a multiply and an add counted as two, padding
                     counted as if it were pixels; 0 for all other ops */
} tare_profile_entry;
/** Entry i, 0 .. entries - 1, in the order in which they first ran. Errors  no such entry. */
TARE_API tare_status tare_session_profile_entry(const tare_session *session, int64_t i,
                                                tare_profile_entry *entry);

/** One step of one run. */
typedef struct tare_profile_event {
    size_t struct_size; /* set by the caller */
    const char *op, *node, *gradient_of;
    int64_t run;  /* 0: the first that was timed */
    double begin; /* seconds since the profile began */
    double seconds;
    int64_t bytes;
    double flops;
} tare_profile_event;
/** Event i, 0 .. events - 1, the oldest first. Errors  no such event. */
TARE_API tare_status tare_session_profile_event(const tare_session *session, int64_t i,
                                                tare_profile_event *event);

#ifdef __cplusplus
}
#endif

#endif
