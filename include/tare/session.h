/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sessions: the numbers of a graph's variables, and running it.
 *
 * A run computes the fetches from the feeds. What feeds, fetches, shapes and fed booleans compile
 * to is a plan, cached; a cached plan runs without allocating. One run is a snapshot: a plain read
 * or fetch of a variable sees its value before the run; a node created under a control dependency
 * on a write reads after it; read-modify-write nodes run in order of creation. Results have the
 * same bits on every run and for every number of threads.
 *
 * A session serves one thread at a time (TARE_ERROR_BUSY otherwise); several sessions may share a
 * finished graph.
 */
#ifndef TARE_SESSION_H
#define TARE_SESSION_H

#include <tare/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tare_session tare_session;

#define TARE_SESSION_FIELDS(field)                                                                 \
    field(integer, threads, 0, "threads that compute, the caller counted; 0: one per processor")   \
        field(integer, plans, 16, "latest plans kept") field(                                      \
            integer, memory_limit, 0, "bytes that arrays, plans and variables may take; 0: none")  \
            field(boolean, merge, true, "merge normalisations and biases into their neighbours")
#ifdef __cplusplus
struct tare_session_options {
    size_t struct_size = sizeof(tare_session_options);
    TARE_SESSION_FIELDS(TARE_FIELD_MEMBER)
    const tare_allocator *allocator = nullptr;
    void (*parallel_for)(void *, int64_t, void (*)(void *, int64_t), void *) = nullptr;
    void *parallel_user = nullptr;
    int reserved = 0;
};
#else
typedef struct tare_session_options {
    size_t struct_size;
    TARE_SESSION_FIELDS(TARE_FIELD_MEMBER)
    const tare_allocator *allocator; /* NULL: the graph's */
    /* The host's own executor, used instead of threads of the session's own: calls body(context, i)
     * for each i in 0..slices-1, then returns. */
    void (*parallel_for)(void *user, int64_t slices, void (*body)(void *context, int64_t slice),
                         void *context);
    void *parallel_user;
    int reserved;
} tare_session_options;
#endif
#define TARE_SESSION_DEFAULTS TARE_DEFAULTS(tare_session_options, TARE_SESSION_FIELDS)

/**
 * A session over graph, which must outlive it; variables have no values yet. *session is NULL on
 * failure; the sentence is then in the graph's place only if the graph was at fault, so pass error
 * (may be NULL) to read it. Errors  the graph has an error; no memory; threads cannot be started.
 */
TARE_API tare_status tare_session_new_with(tare_graph *graph, const tare_session_options *options,
                                           tare_session **session, tare_error *error);
#define tare_session_new(...) tare_session_new_(__VA_ARGS__, .reserved = 0)
#define tare_session_new_(graph, session, ...)                                                     \
    TARE_KW(tare_session_new_with(                                                                 \
        graph, &(tare_session_options){TARE_SESSION_DEFAULTS, __VA_ARGS__}, session, NULL))
/** Ends the session's threads and frees its numbers. NULL allowed. In a forked child it frees only.
 */
TARE_API void tare_session_free(tare_session *session);
/** Closes without freeing: later runs answer TARE_ERROR_STATE, as a closed TensorFlow session does.
 */
TARE_API tare_status tare_session_close(tare_session *session);

/** The sentence of the last failed call on the session, "" when none failed. Never NULL. */
TARE_API const char *tare_session_message(const tare_session *session);
TARE_API const tare_error *tare_session_error(const tare_session *session);

/** Gives every variable (local ones too) its first value. May be called again, and when the graph
 * has grown. */
TARE_API tare_status tare_session_initialize(tare_session *session);
/**
 * Gives the variables of one collection their first values, and leaves the others alone: with
 * TARE_LOCAL_VARIABLES all metrics begin anew. A collection that does not exist has no variables.
 * Errors  a member that is no variable. Source  tf.local_variables_initializer,
 * tf.variables_initializer.
 */
TARE_API tare_status tare_session_initialize_collection(tare_session *session,
                                                        const char *collection);

/** An array for a tensor in one run. Read during the call only. */
typedef struct tare_feed {
    tare_tensor tensor;
    const tare_array *array;
} tare_feed;
#ifndef __cplusplus
#define TARE_FEEDS(...)                                                                            \
    (const tare_feed[]){__VA_ARGS__}, sizeof((const tare_feed[]){__VA_ARGS__}) / sizeof(tare_feed)
#define TARE_FETCHES(...)                                                                          \
    (const tare_tensor[]){__VA_ARGS__},                                                            \
        sizeof((const tare_tensor[]){__VA_ARGS__}) / sizeof(tare_tensor)
#endif
#define TARE_NO_FEEDS   NULL, 0
#define TARE_NO_FETCHES NULL, 0

/**
 * Runs what the fetches need. results: NULL, or one entry per fetch: an entry that is an array of
 * the caller's is filled in place (dtype and shape checked); an entry that is NULL becomes an array
 * of the session's, valid until its next run and not to be freed. An operation without outputs
 * leaves its entry as it is. Any tensor may be fed but those of ops that say otherwise. Errors  a
 * placeholder without a feed; a feed's dtype or shape; an uninitialised variable; a closed or busy
 * session; a graph with an error or an open scope; the memory limit; cancelled; in a forked child
 * of the process that made the session. Variables written before a run-time failure keep what was
 * written.
 */
TARE_API tare_status tare_session_run(tare_session *session, const tare_feed *feeds,
                                      size_t feed_count, const tare_tensor *fetches,
                                      size_t fetch_count, tare_array **results);
/** Runs all members of a collection, "update_ops", beside the fetches. */
TARE_API tare_status tare_session_run_collection(tare_session *session, const tare_feed *feeds,
                                                 size_t feed_count, const char *collection);
/** Fetches one tensor by name, "hidden1/Relu:0"; *result as an entry of results above. */
TARE_API tare_status tare_session_run_named(tare_session *session, const tare_feed *feeds,
                                            size_t feed_count, const char *name,
                                            tare_array **result);

/** Assigns a variable by name ("hidden1/dense/kernel", with or without ":0"). dtype and shape must
 * be the variable's. */
TARE_API tare_status tare_session_set(tare_session *session, const char *variable,
                                      const tare_array *array);
/** A copy of a variable's value; the caller frees it. */
TARE_API tare_status tare_session_get(tare_session *session, const char *variable,
                                      tare_array **array);

/** Asks the run in progress to stop after its current step; that run returns TARE_ERROR_CANCELLED.
 * Safe in a signal handler. */
TARE_API void tare_session_cancel(tare_session *session);

/** What a session did so far. */
typedef struct tare_session_counters {
    size_t struct_size; /* set by the caller */
    int64_t runs, plans_made, plans_kept;
    int64_t arena_bytes, variable_bytes;
    int64_t random_draws; /* runs that drew random numbers: part of what a checkpoint keeps */
} tare_session_counters;
TARE_API tare_status tare_session_count(const tare_session *session,
                                        tare_session_counters *counters);
/** Sets the number of random draws, as a checkpoint remembers it. */
TARE_API tare_status tare_session_set_random_draws(tare_session *session, int64_t draws);

/** The steps of the plan that these feeds and fetches use, as text: what runs, in which order,
 * where it lies, what was merged with what. Free with tare_text_free. */
TARE_API tare_status tare_session_plan_text(tare_session *session, const tare_feed *feeds,
                                            size_t feed_count, const tare_tensor *fetches,
                                            size_t fetch_count, char **text);

#ifdef __cplusplus
}
#endif

#endif
