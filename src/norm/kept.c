/* SPDX-License-Identifier: Apache-2.0 */
/* Variables as they were: their numbers, their counts, the session's count of random draws. */
#include "norm/kept.h"

#include "array/array.h"
#include "base/status.h"

#include <string.h>

static tare_status keep(tare_kept_variables *kept, int32_t variable, tare_error *error) {
    tare_session *session = kept->session;
    for (size_t i = 0; i < kept->count; i++)
        if (kept->items[i].node == variable) return TARE_OK;
    if (variable >= session->variables.count) return TARE_OK;
    const tare_variable_state *state = &session->variables.items[variable];
    if (!state->array) return TARE_OK;
    tare_kept_variable *k = &kept->items[kept->count];
    *k = (tare_kept_variable){
        .node = variable, .initialized = state->initialized, .given = state->given};
    if (state->counts) k->counts = *state->counts;
    if (tare_array_new(state->array->dtype, state->array->shape, &session->given, &k->array) !=
        TARE_OK)
        return tare_fail_memory(error);
    kept->count++;
    memcpy(k->array->data, state->array->data, state->array->bytes);
    return TARE_OK;
}

tare_status tare_kept_take(tare_kept_variables *kept, const tare_patient *patient) {
    const tare_graph *graph = patient->graph;
    const int32_t nodes = (int32_t)tare_graph_node_count(graph);
    tare_error *error = patient->error;
    *kept = (tare_kept_variables){.session = patient->session,
                                  .random_draws = patient->session->random_draws};
    kept->items = tare_arena_allocate_array(patient->arena, nodes + 1, sizeof *kept->items);
    if (!kept->items) return tare_fail_memory(error);
    for (int32_t id = 1; id <= nodes; id++) {
        const tare_node *node = tare_graph_node(graph, id);
        if (!(node->def->flags & TARE_OP_COUNTS)) continue;
        for (int32_t i = 0; i < node->input_count; i++)
            if ((node->def->writes >> i & 1u) && node->inputs[i].node)
                TARE_TRY(keep(kept, node->inputs[i].node, error));
    }
    for (size_t i = 0; i < patient->layer_count; i++) {
        TARE_TRY(keep(kept, patient->layers[i].variables.mean->id, error));
        TARE_TRY(keep(kept, patient->layers[i].variables.variance->id, error));
    }
    return TARE_OK;
}

void tare_kept_put_back(const tare_kept_variables *kept) {
    tare_session *session = kept->session;
    if (!session) return;
    for (size_t i = 0; i < kept->count; i++) {
        const tare_kept_variable *k = &kept->items[i];
        tare_variable_state *state = &session->variables.items[k->node];
        memcpy(state->array->data, k->array->data, k->array->bytes);
        state->initialized = k->initialized;
        tare_session_renew_counts(state, &k->counts, k->given);
    }
    session->random_draws = kept->random_draws;
    session->epoch++;
}

void tare_kept_free(tare_kept_variables *kept) {
    for (size_t i = 0; i < kept->count; i++) tare_array_free(kept->items[i].array);
    kept->count = 0;
}
