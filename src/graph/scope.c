/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes: what holds where the next node is made. One stack for all kinds, so that a scope closed
 * out of turn is noticed and named. Names by TensorFlow's rules (ops/variable_scope.py): a variable
 * scope opened again keeps its name for variables ("a") and gets a new one for nodes ("a_1");
 * default names are unique among the scopes opened since the scope around them was.
 */
#include "graph/state.h"

#include <string.h>

static const char *const kind_names[] = {
    [TARE_SCOPE_ROOT] = "root",        [TARE_SCOPE_VARIABLE] = "variable_scope",
    [TARE_SCOPE_NAME] = "name_scope",  [TARE_SCOPE_CONTROL] = "control_dependencies",
    [TARE_SCOPE_CONDITIONAL] = "cond", [TARE_SCOPE_OUTSIDE] = "outside",
};

tare_scope *tare_scope_now(const tare_graph *graph) {
    return &graph->scopes.items[graph->scopes.count - 1];
}

tare_scope *tare_scope_push(tare_graph *graph, tare_scope_kind kind) {
    /* A scope that could not be noted is still ended by its block; so are those inside it, in the
     * same order. */
    if (graph->lost_scopes || !tare_vector_reserve(&graph->allocator, &graph->scopes, 1)) {
        graph->lost_scopes++;
        tare_graph_fail_memory(graph);
        return NULL;
    }
    tare_scope *scope = &graph->scopes.items[graph->scopes.count++];
    *scope = scope[-1];
    scope->kind = kind;
    scope->otherwise = false;
    return scope;
}

/* What a message calls a scope. */
static const char *label(const tare_scope *scope) {
    if (scope->kind == TARE_SCOPE_VARIABLE) return scope->variable_scope;
    if (scope->kind == TARE_SCOPE_NAME) return scope->name_scope;
    return kind_names[scope->kind];
}

const char *tare_graph_variable_scope(const tare_graph *graph) {
    return tare_scope_now(graph)->variable_scope;
}

const char *tare_graph_name_scope(const tare_graph *graph) {
    return tare_scope_now(graph)->name_scope;
}

int32_t tare_graph_open_scopes(const tare_graph *graph, const char **innermost) {
    if (innermost) *innermost = graph->scopes.count > 1 ? label(tare_scope_now(graph)) : "";
    return (int32_t)(graph->scopes.count - 1 + graph->lost_scopes);
}

/* ---- ending */

/* Default names inside the scope that ends start anew: block, block_1 (close_variable_subscopes).
 */
static void forget_subscopes(tare_graph *graph, const char *scope) {
    const size_t length = strlen(scope);
    const tare_map *counts = graph->maps[TARE_MAP_SCOPE_COUNTS];
    const char *key = NULL;
    int64_t position = 0, count = 0;
    while (tare_map_next(counts, &position, &key, &count)) {
        if (!count || strncmp(key, scope, length) != 0 || key[length] != '/') continue;
        if (!tare_graph_map_set(graph, TARE_MAP_SCOPE_COUNTS, key, 0))
            tare_graph_fail_memory(graph);
    }
}

static void pop(tare_graph *graph) {
    const tare_scope *scope = tare_scope_now(graph);
    if (scope->kind == TARE_SCOPE_VARIABLE && scope->variable_scope[0])
        forget_subscopes(graph, scope->variable_scope);
    graph->scopes.count--;
    graph->controls.count = tare_scope_now(graph)->control_end;
}

void tare_scopes_drop(tare_graph *graph, int64_t count) {
    while (graph->scopes.count > count) pop(graph);
}

static int64_t innermost_of(const tare_graph *graph, tare_scope_kind kind) {
    int64_t i = graph->scopes.count - 1;
    while (i > 0 && graph->scopes.items[i].kind != kind) i--;
    return i;
}

tare_status tare_scope_end(tare_graph *graph, tare_scope_kind kind) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    if (graph->lost_scopes) {
        graph->lost_scopes--;
        return graph->error.status;
    }
    const int64_t place = innermost_of(graph, kind);
    if (place == 0)
        return tare_graph_fail(graph, TARE_ERROR_STATE, kind_names[kind], "",
                               "an end without a begin", "one end for each begin");
    if (place != graph->scopes.count - 1) {
        char got[224];
        const tare_scope *open = tare_scope_now(graph);
        tare_print(got, sizeof got, "its end while %s '%s' inside it is open",
                   kind_names[open->kind], label(open));
        tare_graph_fail(graph, TARE_ERROR_STATE, kind_names[kind],
                        label(&graph->scopes.items[place]), got, "the inner scope to end first");
    }
    tare_scopes_drop(graph, place);
    return graph->error.status;
}

tare_status tare_variable_scope_end(tare_graph *graph) {
    return tare_scope_end(graph, TARE_SCOPE_VARIABLE);
}

tare_status tare_name_scope_end(tare_graph *graph) {
    return tare_scope_end(graph, TARE_SCOPE_NAME);
}

/* ---- names for nodes */

tare_status tare_scope_enter_name(tare_graph *graph, tare_scope *scope, const char *name) {
    tare_name_choice choice;
    if (!tare_name_choose(graph, scope->name_scope, name, &choice))
        return tare_graph_fail_memory(graph);
    tare_text *chosen = &graph->name;
    const size_t length = chosen->length;
    tare_text_add(chosen, "/");
    const char *kept = chosen->failed ? NULL : tare_arena_text(graph->texts, chosen->data);
    if (!kept) return tare_graph_fail_memory(graph);
    chosen->length = length;
    /* Nodes on the way are numbered by their ids, so their scopes need not be told apart. */
    if (!graph->hidden && !tare_name_take(graph, &choice, 0)) return tare_graph_fail_memory(graph);
    scope->name_scope = kept;
    graph->revision++;
    return TARE_OK;
}

static tare_status refuse_name(tare_graph *graph, const char *op, const char *name) {
    return tare_graph_fail(graph, TARE_ERROR_NAME, op, name ? name : "",
                           name ? (name[0] ? "a name with other characters" : "an empty name")
                                : "no name",
                           "a name of letters, digits, '_', '.', '-' and '/' that begins with a "
                           "letter, a digit or '.'");
}

static bool ends_with_slash(const char *name) {
    const size_t length = strlen(name);
    return length > 1 && name[length - 1] == '/';
}

tare_status tare_name_scope_begin(tare_graph *graph, const char *name) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    tare_scope *scope = tare_scope_push(graph, TARE_SCOPE_NAME);
    if (graph->error.status) return graph->error.status;
    if (name &&
        ends_with_slash(name)) { /* as in TensorFlow: the very scope of that name, opened again */
        const char *kept = tare_graph_keep_text(graph, name);
        if (kept) scope->name_scope = kept;
        return graph->error.status;
    }
    if (!name || !tare_name_is_valid(scope->name_scope, name))
        return refuse_name(graph, "name_scope", name);
    return tare_scope_enter_name(graph, scope, name);
}

/* ---- names for variables */

/* "a/b" from "a" and "b", kept as long as the graph; NULL: no memory. */
static const char *join(tare_graph *graph, const char *outer, const char *name) {
    tare_text text = {.allocator = &graph->allocator};
    if (outer[0]) {
        tare_text_add(&text, outer);
        tare_text_add(&text, "/");
    }
    tare_text_add(&text, name);
    const char *kept = text.failed ? NULL : tare_arena_text(graph->texts, text.data);
    tare_text_clear(&text);
    return kept;
}

static int64_t times_opened(const tare_graph *graph, const char *scope) {
    return tare_map_get(graph->maps[TARE_MAP_SCOPE_COUNTS], scope, 0);
}

/* The full name of the first of name, name_1, name_2... that is not in use beside its siblings;
 * NULL: no memory. */
static const char *unique_variable_scope(tare_graph *graph, const char *outer, const char *name) {
    const char *base = join(graph, outer, name);
    if (!base || times_opened(graph, base) == 0) return base;
    tare_text text = {.allocator = &graph->allocator};
    int64_t number = 0;
    tare_text_add(&text, base);
    const size_t length = text.length;
    do {
        text.length = length;
        tare_text_format(&text, "_%lld", (long long)++number);
    } while (!text.failed && times_opened(graph, text.data) > 0);
    const char *kept = text.failed ? NULL : tare_arena_text(graph->texts, text.data);
    tare_text_clear(&text);
    return kept;
}

/* TensorFlow's `self._reuse or self._old.reuse`: only true and auto say something, they win over
 * what is around. */
static tare_reuse reuse_inside(tare_reuse around, tare_reuse asked) {
    return asked == TARE_REUSE_TRUE || asked == TARE_REUSE_AUTO ? asked : around;
}

static tare_status enter_variable_scope(tare_graph *graph, tare_scope *scope, const char *name,
                                        const char *default_name, tare_reuse reuse) {
    const char *outer = scope->variable_scope;
    const char *full =
        name ? join(graph, outer, name) : unique_variable_scope(graph, outer, default_name);
    if (!full) return tare_graph_fail_memory(graph);
    const tare_status status = tare_scope_enter_name(graph, scope, name ? name : default_name);
    if (status) return status;
    if (!tare_graph_map_set(graph, TARE_MAP_SCOPE_COUNTS, full, times_opened(graph, full) + 1))
        return tare_graph_fail_memory(graph);
    scope->variable_scope = full;
    scope->reuse = reuse_inside(scope->reuse, reuse);
    return TARE_OK;
}

tare_status tare_variable_scope_begin(tare_graph *graph, const char *name, const char *default_name,
                                      tare_reuse reuse) {
    if (!graph) return TARE_ERROR_ARGUMENT;
    tare_scope *scope = tare_scope_push(graph, TARE_SCOPE_VARIABLE);
    if (graph->error.status) return graph->error.status;
    const char *wished = name ? name : default_name;
    if (!wished || !tare_name_is_valid(scope->name_scope, wished))
        return refuse_name(graph, "variable_scope", wished);
    if (reuse < TARE_REUSE_INHERIT || reuse > TARE_REUSE_AUTO)
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "variable_scope", wished,
                               "a reuse that is none", "a value of tare_reuse");
    if (!name && reuse == TARE_REUSE_TRUE)
        return tare_graph_fail(graph, TARE_ERROR_ARGUMENT, "variable_scope", wished,
                               "TARE_REUSE_TRUE with a default name, which is always new",
                               "the name of the scope to be shared");
    return enter_variable_scope(graph, scope, name, default_name, reuse);
}

/* ---- the library's own */

bool tare_scope_outside_begin(tare_graph *graph, const char *name_scope) {
    tare_scope *scope = tare_scope_push(graph, TARE_SCOPE_OUTSIDE);
    if (!scope) return false;
    const char *kept = tare_graph_keep_text(graph, name_scope);
    if (!kept) return false;
    scope->name_scope = kept;
    scope->branch = 0;
    scope->control_first = scope->control_end;
    return true;
}

void tare_scope_outside_end(tare_graph *graph) { (void)tare_scope_end(graph, TARE_SCOPE_OUTSIDE); }
