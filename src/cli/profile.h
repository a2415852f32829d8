/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `--profile` tells of a session's profile: time by kind of step and by layer, speeds as parts
 * of what the machine can do, and a trace.
 */
#ifndef TARE_SRC_CLI_PROFILE_H
#define TARE_SRC_CLI_PROFILE_H

#include "base/map.h"
#include "cli/ceilings.h"
#include "report/json.h"
#include <tare/profile.h>

/* Steps that are kept one by one for a trace. */
#define TARE_PROFILE_EVENTS 50000

/* All steps of one kind, or of one layer. */
typedef struct tare_profile_row {
    const char *name;
    int64_t runs, bytes;
    double seconds, flops;
    double copy_seconds; /* that copying as much would take */
} tare_profile_row;
typedef struct tare_profile_rows {
    TARE_VECTOR(tare_profile_row) rows;
    tare_map *places;
} tare_profile_rows;

/* A profile looked at. Zero at first; tare_profile_end in any case. */
typedef struct tare_profile_view {
    const tare_session *session;
    tare_arena *arena;
    tare_map *scopes; /* of variables: the layers' */
    tare_profile_rows kinds, layers;
    tare_ceilings ceilings;
    tare_profile_counts counts;
    double seconds; /* of all steps */
} tare_profile_view;

/* Reads the session's profile and measures the ceilings of so many threads. */
tare_status tare_profile_look(tare_profile_view *view, const tare_graph *graph,
                              const tare_session *session, int64_t threads, tare_error *error);
void tare_profile_end(tare_profile_view *view);

/* Tables, the most costly first; an object; a file for chrome://tracing. */
void tare_profile_add_text(const tare_profile_view *view, tare_text *text);
void tare_profile_add_json(const tare_profile_view *view, tare_json *json);
tare_status tare_profile_write_trace(const tare_profile_view *view, const char *path,
                                     tare_error *error);

/* ---- profile_rows.c */
/* Scopes that own variables, slots left out; NULL: no memory. */
tare_map *tare_profile_scopes(const tare_graph *graph);
/* The layer that a node belongs to: the innermost scope around it that owns variables, else the
 * scope it lies in, else itself; "(other)" for what was built on the way. into is overwritten. */
const char *tare_profile_layer(const tare_map *scopes, const char *node, tare_text *into);
/* Adds to the row of that name; false: no memory. */
bool tare_profile_rows_add(tare_profile_rows *rows, tare_arena *arena, const char *name,
                           const tare_profile_row *more);
/* Orders them by time, the longest first. */
void tare_profile_rows_order(tare_profile_rows *rows);

#endif
