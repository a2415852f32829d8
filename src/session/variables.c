/* SPDX-License-Identifier: Apache-2.0 */
/* Variables: their memory, first values, and setting and reading them by name. */
#include <string.h>

#include "array/shape.h"
#include "base/status.h"
#include "session/initialize.h"
#include "session/session.h"

tare_status tare_session_variable(tare_session *session, int32_t node,
                                  tare_variable_state **state) {
    while (session->variables.count <= node) {
        if (!tare_vector_reserve(&session->counting, &session->variables, 1))
            return tare_fail_memory(&session->error);
        session->variables.items[session->variables.count++] = (tare_variable_state){0};
    }
    *state = &session->variables.items[node];
    if ((*state)->array) return TARE_OK;
    const tare_node *variable = tare_graph_node(session->graph, node);
    if (tare_array_new(variable->outputs[0].dtype, variable->outputs[0].shape, &session->counting,
                       &(*state)->array) != TARE_OK)
        return tare_fail_memory(&session->error);
    return TARE_OK;
}

tare_status tare_session_counts(tare_session *session, int32_t node, tare_update_counts **counts) {
    tare_variable_state *state = NULL;
    TARE_TRY(tare_session_variable(session, node, &state));
    if (!state->counts)
        state->counts = tare_allocate_zeroed(&session->counting, sizeof *state->counts);
    *counts = state->counts;
    return *counts ? TARE_OK : tare_fail_memory(&session->error);
}

void tare_session_renew_counts(tare_variable_state *state, const tare_update_counts *counts,
                               bool given) {
    state->given = given;
    if (state->counts) *state->counts = counts ? *counts : (tare_update_counts){0};
}

int32_t tare_session_variable_named(const tare_session *session, const char *name) {
    char tensor[512];
    if (!name) return 0;
    const size_t length = strlen(name);
    if (length + 3 > sizeof tensor) return 0;
    const bool has_output = length > 2 && strcmp(name + length - 2, ":0") == 0;
    tare_print(tensor, sizeof tensor, "%s%s", name, has_output ? "" : ":0");
    const tare_node *node = tare_tensor_node(tare_tensor_named(session->graph, tensor));
    return node && (node->def->flags & TARE_OP_VARIABLE) ? node->id : 0;
}

static tare_status refuse_name(tare_session *session, const char *name) {
    return tare_fail_at(&session->error, TARE_ERROR_NAME, "variable", name ? name : "(null)",
                        "a name that no variable has", "the name of a variable of the graph");
}

static tare_status initialize_one(tare_session *session, int32_t id) {
    tare_variable_state *state = NULL;
    TARE_TRY(tare_session_variable(session, id, &state));
    TARE_TRY(tare_initial_value(session->graph, tare_graph_node(session->graph, id), session->pool,
                                state->array, &session->error));
    session->variables.items[id].initialized = true;
    tare_session_renew_counts(&session->variables.items[id], NULL, false);
    return TARE_OK;
}

static tare_status initialize(tare_session *session) {
    const int64_t count = tare_graph_variable_count(session->graph);
    for (int64_t i = 0; i < count; i++)
        TARE_TRY(initialize_one(session, tare_graph_variable(session->graph, i)));
    return TARE_OK;
}

tare_status tare_session_initialize(tare_session *session) {
    TARE_TRY(tare_session_enter(session));
    session->epoch++;
    return tare_session_leave(session, initialize(session));
}

static tare_status initialize_collection(tare_session *session, const char *collection) {
    const size_t count = tare_collection_count(session->graph, collection, NULL);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor item = tare_collection_item(session->graph, collection, NULL, i);
        const tare_node *node = tare_tensor_node(item);
        if (!(node->def->flags & TARE_OP_VARIABLE))
            return tare_fail_at(&session->error, TARE_ERROR_ARGUMENT, "collection", collection,
                                node->name, "variables only");
        TARE_TRY(initialize_one(session, node->id));
    }
    return TARE_OK;
}

tare_status tare_session_initialize_collection(tare_session *session, const char *collection) {
    if (!collection) return TARE_ERROR_ARGUMENT;
    TARE_TRY(tare_session_enter(session));
    session->epoch++;
    return tare_session_leave(session, initialize_collection(session, collection));
}

static tare_status set(tare_session *session, const char *name, const tare_array *array) {
    const int32_t id = tare_session_variable_named(session, name);
    if (!id) return refuse_name(session, name);
    const tare_type *type = &tare_graph_node(session->graph, id)->outputs[0];
    char got[TARE_SHAPE_TEXT + 32], need[TARE_SHAPE_TEXT + 32], shape[TARE_SHAPE_TEXT];
    tare_print(need, sizeof need, "%s %s", tare_dtype_name(type->dtype),
               tare_shape_text(shape, type->shape));
    if (!array)
        return tare_fail_at(&session->error, TARE_ERROR_ARGUMENT, "variable", name, "no array",
                            need);
    tare_print(got, sizeof got, "%s %s", tare_dtype_name(array->dtype),
               tare_shape_text(shape, array->shape));
    if (array->dtype != type->dtype)
        return tare_fail_at(&session->error, TARE_ERROR_TYPE, "variable", name, got, need);
    if (!tare_shape_same(array->shape, type->shape))
        return tare_fail_at(&session->error, TARE_ERROR_SHAPE, "variable", name, got, need);
    tare_variable_state *state = NULL;
    TARE_TRY(tare_session_variable(session, id, &state));
    memcpy(state->array->data, array->data, array->bytes);
    state->initialized = true;
    tare_session_renew_counts(state, NULL, true);
    session->epoch++;
    return TARE_OK;
}

tare_status tare_session_set(tare_session *session, const char *variable, const tare_array *array) {
    TARE_TRY(tare_session_enter(session));
    return tare_session_leave(session, set(session, variable, array));
}

static tare_status get(tare_session *session, const char *name, tare_array **array) {
    const int32_t id = tare_session_variable_named(session, name);
    if (!id) return refuse_name(session, name);
    if (id >= session->variables.count || !session->variables.items[id].initialized)
        return tare_fail_at(&session->error, TARE_ERROR_UNINITIALIZED, "variable", name,
                            "a variable without a value",
                            "tare_session_initialize or tare_session_set first");
    const tare_array *from = session->variables.items[id].array;
    if (tare_array_new(from->dtype, from->shape, &session->given, array) != TARE_OK)
        return tare_fail_memory(&session->error);
    memcpy((*array)->data, from->data, from->bytes);
    return TARE_OK;
}

tare_status tare_session_get(tare_session *session, const char *variable, tare_array **array) {
    if (!array) return TARE_ERROR_ARGUMENT;
    *array = NULL;
    TARE_TRY(tare_session_enter(session));
    return tare_session_leave(session, get(session, variable, array));
}
