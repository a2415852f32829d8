/* SPDX-License-Identifier: Apache-2.0 */
/* Weights that training begins with, from a checkpoint of the network or of the same before it was
 * quantised. */
#include "cli/train_from.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "norm/quantising.h"

#include <string.h>

typedef struct beginning {
    tare_session *session;
    const tare_graph *graph;
    tare_safetensors *file;
    const char *path;
    bool *matters; /* by node id: the answer depends on it */
    tare_error *error;
} beginning;

static void mark(const beginning *b, int32_t answer) {
    b->matters[answer] = true;
    for (int32_t id = answer; id > 0; id--) {
        const tare_node *node = tare_graph_node(b->graph, id);
        for (int32_t i = 0; b->matters[id] && i < node->input_count; i++)
            b->matters[node->inputs[i].node] = true;
    }
}

static bool is_in(const beginning *b, const char *collection, int32_t node) {
    const size_t count = tare_collection_count(b->graph, collection, NULL);
    for (size_t i = 0; i < count; i++)
        if (tare_collection_item(b->graph, collection, NULL, i).node == node) return true;
    return false;
}

static bool holds(const beginning *b, const char *name) {
    const char *held;
    for (size_t i = 0; (held = tare_safetensors_name(b->file, i)) != NULL; i++)
        if (strcmp(held, name) == 0) return true;
    return false;
}

static tare_status set(const beginning *b, const tare_node *variable) {
    tare_array *array = NULL;
    if (is_in(b, TARE_GLOBAL_STEP, variable->id)) return TARE_OK;
    if (!holds(b, variable->name) && is_in(b, TARE_QUANTISED_RANGES, variable->id)) return TARE_OK;
    if (!holds(b, variable->name))
        return tare_fail_file(b->error, TARE_ERROR_NAME, b->path,
                              "has no '%.160s', which the network begins with", variable->name);
    TARE_TRY(tare_safetensors_read(b->file, variable->name, &array, b->error));
    const tare_status status = tare_session_set(b->session, variable->name, array);
    if (status != TARE_OK && b->error != NULL) *b->error = *tare_session_error(b->session);
    tare_array_free(array);
    return status;
}

static tare_status set_all(const beginning *b) {
    const int64_t variables = tare_graph_variable_count(b->graph);
    for (int64_t i = 0; i < variables; i++) {
        const tare_node *node = tare_graph_node(b->graph, tare_graph_variable(b->graph, i));
        if (b->matters[node->id]) TARE_TRY(set(b, node));
    }
    return TARE_OK;
}

tare_status tare_begin_with(tare_session *session, const tare_network *network, const char *path,
                            tare_error *error) {
    beginning b = {.session = session, .graph = session->graph, .path = path, .error = error};
    const size_t bytes = (size_t)tare_graph_node_count(b.graph) + 1;
    TARE_TRY(tare_safetensors_open(path, &b.file, error));
    b.matters = tare_allocate_zeroed(NULL, bytes * sizeof *b.matters);
    tare_status status = b.matters != NULL ? TARE_OK : tare_fail_memory(error);
    if (status == TARE_OK) {
        mark(&b, network->logits.node);
        status = set_all(&b);
        tare_release(NULL, b.matters, bytes * sizeof *b.matters);
    }
    tare_safetensors_close(b.file);
    return status;
}
