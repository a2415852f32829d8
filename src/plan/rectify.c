/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sixth pass: a rectifier max(x, 0) or another activation goes into what makes x, and the
 * gradient of a rectifier, a gate that lets
 * dy through where y is above 0, into all that reads it. Capabilities decide, never kinds.
 *
 *     normalise, relu                            ->  normalise, rectified
 *     normalise, sigmoid                         ->  normalise, sigmoid of it
 *     relu_gradient, gradient_sums, normalise_gradient  ->  the last two, on dy before the gate
 *
 * Each merged step computes what the two did, in the same order, so no bit changes: it only spares
 * passes over memory.
 */
#include "base/status.h"
#include "plan/absorb.h"

/* ---- rectifiers and other activations */

/* The maker's way to do what the node does as well; the lower's output stays unset where it has
 * none. */
static tare_status ask_maker(tare_draft_lower *lower, const tare_capabilities *maker,
                             const tare_capabilities *node) {
    if (node->is_rectifier)
        return maker->absorb_rectifier ? maker->absorb_rectifier(&lower->lower) : TARE_OK;
    return maker->absorb_activation ? maker->absorb_activation(&lower->lower, *node->activation)
                                    : TARE_OK;
}

static tare_status merge_activation(tare_draft *draft, int32_t index, const tare_draft_reading *all,
                                    tare_value *map) {
    const tare_draft_node node = draft->nodes.items[index];
    const tare_value x = node.inputs[0];
    const int32_t maker = draft->values.items[x].producer;
    const bool wanted[1] = {true};
    tare_value made = TARE_NO_VALUE;
    if (maker < 0 || x >= all->values || all->first[x + 1] - all->first[x] != 1) return TARE_OK;
    const tare_draft_node before = draft->nodes.items[maker];
    if (!tare_draft_may_go(draft, &before) || before.guard != node.guard || !before.def->can)
        return TARE_OK;
    tare_draft_lower lower = tare_draft_lower_for(draft, &before, wanted, &made, 1);
    TARE_TRY(ask_maker(&lower, before.def->can, node.def->can));
    if (made == TARE_NO_VALUE) return TARE_OK;
    draft->nodes.items[draft->values.items[made].producer].target = node.target;
    map[node.outputs[0]] = made;
    TARE_TRY(tare_draft_take_over(draft, made, maker));
    return tare_draft_take_over(draft, made, index);
}

/* ---- gates */

/* A reader's way to do without the gate: its new outputs, none where it has none. */
static tare_status ask_reader(tare_draft *draft, int32_t reader, const tare_gate *gate,
                              tare_value outputs[TARE_MAX_OUTPUTS]) {
    const tare_draft_node node = draft->nodes.items[reader];
    bool wanted[TARE_MAX_OUTPUTS];
    for (int32_t o = 0; o < TARE_MAX_OUTPUTS; o++) {
        outputs[o] = TARE_NO_VALUE;
        wanted[o] = true;
    }
    if (!node.def->can || !node.def->can->absorb_gate || node.target) return TARE_OK;
    tare_draft_lower lower = tare_draft_lower_for(draft, &node, wanted, outputs, node.output_count);
    return node.def->can->absorb_gate(&lower.lower, gate);
}

/* All readers, or none: one that needs what the gate lets through needs it made. */
static tare_status merge_gate(tare_draft *draft, int32_t index, const tare_draft_reading *all,
                              tare_value *map) {
    const tare_draft_node node = draft->nodes.items[index];
    const int32_t maker = draft->values.items[node.inputs[1]].producer;
    if (!tare_draft_may_go(draft, &node) || maker < 0) return TARE_OK;
    const tare_draft_node made_by = draft->nodes.items[maker];
    const tare_gate gate = {node.outputs[0], node.inputs[0], made_by.def, made_by.options,
                            made_by.inputs};
    const int64_t first = all->first[gate.gated], end = all->first[gate.gated + 1];
    enum { MOST = 4 };
    tare_value outputs[MOST][TARE_MAX_OUTPUTS];
    if (end - first > MOST) return TARE_OK;
    for (int64_t r = first; r < end; r++) {
        tare_draft_rewrite_node(&draft->nodes.items[all->readers[r]], map, all->values);
        TARE_TRY(ask_reader(draft, all->readers[r], &gate, outputs[r - first]));
        if (outputs[r - first][0] == TARE_NO_VALUE) return TARE_OK;
    }
    for (int64_t r = first; r < end; r++) {
        const int32_t reader = all->readers[r];
        const tare_draft_node old = draft->nodes.items[reader];
        for (int32_t o = 0; o < old.output_count; o++) map[old.outputs[o]] = outputs[r - first][o];
        TARE_TRY(tare_draft_take_over(draft, outputs[r - first][0], index));
        TARE_TRY(tare_draft_take_over(draft, outputs[r - first][0], reader));
    }
    return TARE_OK;
}

tare_status tare_draft_rectify(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    tare_draft_reading all;
    const int64_t values = draft->values.count, nodes = draft->nodes.count;
    tare_value *map = tare_draft_map(draft);
    if (!map) return tare_fail_memory(draft->error);
    TARE_TRY(tare_draft_find_readers(draft, &all));
    for (int32_t n = 0; n < nodes; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        tare_draft_rewrite_node(node, map, values);
        if (!node->live || node->control_only || !node->def->can) continue;
        if (node->def->can->is_rectifier || node->def->can->activation)
            TARE_TRY(merge_activation(draft, n, &all, map));
        else if (node->def->can->is_gate)
            TARE_TRY(merge_gate(draft, n, &all, map));
    }
    for (int64_t n = 0; n < draft->nodes.count; n++)
        tare_draft_rewrite_node(&draft->nodes.items[n], map, values);
    tare_draft_rewrite_results(draft, map);
    return TARE_OK;
}
