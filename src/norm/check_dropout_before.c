/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P24: dropout before batch normalisation. What is kept is scaled up, so the mean stays and the
 * variance grows: the moving variance is that of training, and too large in inference.
 */
#include "base/status.h"
#include "norm/doctor.h"

#include <string.h>

static bool is_op(const tare_node *node, const char *name) {
    return strcmp(node->def->name, name) == 0;
}

/* Whether dropout lies on the way to a node, up to the batch normalisations before it. stack, seen:
 * [nodes + 1], seen all false. */
static bool comes_from_dropout(const tare_graph *graph, int32_t start, int32_t *stack, bool *seen) {
    size_t depth = 0;
    stack[depth++] = start;
    seen[start] = true;
    while (depth > 0) {
        const tare_node *node = tare_graph_node(graph, stack[--depth]);
        if (is_op(node, "nn_dropout")) return true;
        if (is_op(node, "batch_norm") || (node->def->flags & TARE_OP_VARIABLE)) continue;
        for (int32_t i = 0; i < node->input_count; i++) {
            const int32_t before = node->inputs[i].node;
            if (before == 0 || seen[before]) continue;
            seen[before] = true;
            stack[depth++] = before;
        }
    }
    return false;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    const int64_t nodes = tare_graph_node_count(patient->graph);
    int32_t *stack = tare_arena_allocate_array(patient->arena, nodes + 1, sizeof *stack);
    bool *seen = tare_arena_allocate_array(patient->arena, nodes + 1, sizeof *seen);
    tare_finding_draft *draft = NULL;
    size_t count = 0;
    if (!stack || !seen) return tare_fail_memory(patient->error);
    for (size_t i = 0; i < patient->layer_count; i++) {
        const tare_patient_layer *layer = &patient->layers[i];
        memset(seen, 0, (size_t)nodes + 1);
        if (!layer->update || !layer->x.node ||
            !comes_from_dropout(patient->graph, layer->x.node, stack, seen))
            continue;
        if (count++ == 0) draft = tare_finding_begin(check, patient, TARE_SEVERITY_WARNING);
        tare_finding_layer(draft, layer, 0);
    }
    if (count == 0) return TARE_OK;
    tare_finding_say(
        draft,
        "%zu of %zu layers normalise what dropout has gone over: their moving variance "
        "is that of training, larger than what inference meets.",
        count, patient->layer_count);
    tare_finding_evidence(draft, "layers behind dropout", (double)count);
    return tare_finding_end(draft);
}

const tare_check tare_check_dropout_before = {
    .about = {"P24", "dropout-before", "dropout before batch normalisation", false},
    .fix = "dropout after the last batch normalisation; or estimate the statistics anew without it",
    .run = run,
};
