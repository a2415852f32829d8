/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a profile: adding up by name, and which layer a node belongs to. */
#include "cli/profile.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

/* ---- layers */

/* Cuts "/last" off; false: there is none. */
static bool cut_last(tare_text *path) {
    const char *slash = path->data ? strrchr(path->data, '/') : NULL;
    if (!slash) return false;
    path->length = (size_t)(slash - path->data);
    path->data[path->length] = '\0';
    return true;
}

static void set_text(tare_text *text, const char *string) {
    text->length = 0;
    tare_text_add(text, string);
}

/* The scope that owns a variable; a slot's would be a variable's name. */
static bool add_scope(tare_map *scopes, const tare_map *names, const char *variable,
                      tare_text *path) {
    set_text(path, variable);
    if (path->failed) return false;
    if (!cut_last(path) || tare_map_has(names, path->data)) return true;
    return tare_map_set(scopes, path->data, 1);
}

tare_map *tare_profile_scopes(const tare_graph *graph) {
    tare_map *names = tare_map_new(NULL), *scopes = tare_map_new(NULL);
    const int64_t count = tare_graph_variable_count(graph);
    tare_text path = {0};
    bool good = names != NULL && scopes != NULL;
    for (int64_t i = 0; good && i < count; i++)
        good = tare_map_set(names, tare_graph_node(graph, tare_graph_variable(graph, i))->name, 1);
    for (int64_t i = 0; good && i < count; i++)
        good = add_scope(scopes, names, tare_graph_node(graph, tare_graph_variable(graph, i))->name,
                         &path);
    tare_text_clear(&path);
    tare_map_free(names);
    if (good) return scopes;
    tare_map_free(scopes);
    return NULL;
}

const char *tare_profile_layer(const tare_map *scopes, const char *node, tare_text *into) {
    const char *last = strrchr(node, '/');
    set_text(into, node);
    while (!into->failed && cut_last(into))
        if (tare_map_has(scopes, into->data)) return into->data;
    set_text(into, node);
    if (into->failed || (!last && node[0] == '~')) return "(other)";
    cut_last(into);
    return into->data;
}

/* ---- rows */

bool tare_profile_rows_add(tare_profile_rows *rows, tare_arena *arena, const char *name,
                           const tare_profile_row *more) {
    if (!rows->places && !(rows->places = tare_map_new(NULL))) return false;
    int64_t at = tare_map_get(rows->places, name, -1);
    if (at < 0) {
        at = rows->rows.count;
        const char *kept = tare_arena_text(arena, name);
        if (!kept || !tare_vector_reserve(NULL, &rows->rows, 1) ||
            !tare_map_set(rows->places, name, at))
            return false;
        rows->rows.items[rows->rows.count++] = (tare_profile_row){.name = kept};
    }
    tare_profile_row *row = &rows->rows.items[at];
    row->runs += more->runs;
    row->bytes += more->bytes;
    row->seconds += more->seconds;
    row->flops += more->flops;
    row->copy_seconds += more->copy_seconds;
    return true;
}

static int compare(const void *a, const void *b) {
    const tare_profile_row *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? 1 : -1;
    return strcmp(x->name, y->name);
}

void tare_profile_rows_order(tare_profile_rows *rows) {
    if (rows->rows.count > 1)
        qsort(rows->rows.items, (size_t)rows->rows.count, sizeof *rows->rows.items, compare);
}
