/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalisation layers by name, and what their moving averages were given so far. */
#include "base/status.h"
#include "norm/layers.h"

#include <string.h>

#define MEAN     "moving_mean"
#define VARIANCE "moving_variance"

/* The length of "a/b" when name is "a/b/LAST"; -1: it is not. */
static int scope_length(const char *name, const char *last) {
    const size_t length = strlen(name), tail = strlen(last);
    if (length <= tail || name[length - tail - 1] != '/') return -1;
    return strcmp(name + length - tail, last) == 0 ? (int)(length - tail - 1) : -1;
}

/* The variable "SCOPE/LAST"; NULL: there is none. */
static const tare_node *find(const tare_graph *graph, int length, const char *scope,
                             const char *last) {
    for (int64_t i = 0; i < tare_graph_variable_count(graph); i++) {
        const tare_node *variable = tare_graph_node(graph, tare_graph_variable(graph, i));
        if (scope_length(variable->name, last) == length &&
            memcmp(variable->name, scope, (size_t)length) == 0)
            return variable;
    }
    return NULL;
}

bool tare_norm_layer_at(const tare_graph *graph, int64_t *position, tare_norm_statistics *found) {
    while (*position < tare_graph_variable_count(graph)) {
        const tare_node *variance = tare_graph_node(graph, tare_graph_variable(graph, *position));
        const int length = scope_length(variance->name, VARIANCE);
        ++*position;
        if (length < 0) continue;
        const tare_node *mean = find(graph, length, variance->name, MEAN);
        if (!mean) continue;
        *found = (tare_norm_statistics){variance->name, length, mean, variance};
        return true;
    }
    return false;
}

const tare_node *tare_norm_variable(const tare_graph *graph, const tare_norm_statistics *layer,
                                    const char *last) {
    return find(graph, layer->name_length, layer->name, last);
}

char *tare_norm_layer_name(const tare_graph *graph, size_t i) {
    tare_norm_statistics layer;
    int64_t position = 0;
    if (!graph) return NULL;
    while (tare_norm_layer_at(graph, &position, &layer)) {
        if (i-- > 0) continue;
        tare_text name = {.allocator = tare_graph_allocator(graph)};
        tare_text_add_bytes(&name, layer.name, (size_t)layer.name_length);
        return tare_text_hand_out(&name);
    }
    return NULL;
}

/* What was counted for a variable; nothing when no plan has updated it. */
static tare_update_counts counts_of(const tare_session *session, const tare_node *variable) {
    const tare_update_counts *counts = NULL;
    if (variable->id < session->variables.count)
        counts = session->variables.items[variable->id].counts;
    return counts ? *counts : (tare_update_counts){0};
}

static bool is_given(const tare_session *session, const tare_node *variable) {
    return variable->id < session->variables.count && session->variables.items[variable->id].given;
}

tare_norm_counters tare_norm_counters_of(const tare_session *session,
                                         const tare_norm_statistics *layer) {
    const tare_update_counts variance = counts_of(session, layer->variance);
    return (tare_norm_counters){.updates = variance.updates,
                                .mean_updates = counts_of(session, layer->mean).updates,
                                .elements_last = variance.last,
                                .elements_least = variance.least,
                                .elements_most = variance.most,
                                .not_finite = variance.not_finite,
                                .complete = !is_given(session, layer->mean) &&
                                            !is_given(session, layer->variance)};
}

static tare_status count(tare_session *session, const char *name, tare_norm_counters *counters) {
    const int length = (int)strlen(name);
    const tare_norm_statistics layer = {name, length, find(session->graph, length, name, MEAN),
                                        find(session->graph, length, name, VARIANCE)};
    if (!layer.mean || !layer.variance)
        return tare_fail_at(&session->error, TARE_ERROR_NAME, "norm", name,
                            "a scope without moving_mean and moving_variance",
                            "the name of a batch normalisation layer");
    const tare_norm_counters all = tare_norm_counters_of(session, &layer);
    const size_t begin = sizeof counters->struct_size;
    const size_t bytes = counters->struct_size < sizeof all ? counters->struct_size : sizeof all;
    if (bytes > begin) memcpy((char *)counters + begin, (const char *)&all + begin, bytes - begin);
    return TARE_OK;
}

tare_status tare_norm_count(tare_session *session, const char *layer,
                            tare_norm_counters *counters) {
    if (!layer || !counters) return TARE_ERROR_ARGUMENT;
    TARE_TRY(tare_session_enter(session));
    return tare_session_leave(session, count(session, layer, counters));
}
