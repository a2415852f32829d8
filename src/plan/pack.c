/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ninth pass: weights that stay as they are between runs are packed by a step of their own,
 * which runs again only when a variable has changed; the product reads them packed. The numbers
 * and their order are the same, so no bit changes.
 */
#include "base/status.h"
#include "plan/absorb.h"

static bool could_pack(const tare_draft *draft, const tare_draft_node *node) {
    return node->live && !node->control_only && node->guard < 0 && node->output_count == 1 &&
           node->input_count > 1 && node->def->can && node->def->can->pack_weights &&
           node->inputs[1] != TARE_NO_VALUE && draft->values.items[node->inputs[1]].persistent &&
           !draft->values.items[node->outputs[0]].persistent;
}

static tare_status pack(tare_draft *draft, int32_t index, tare_value *map) {
    const bool wanted[1] = {true};
    tare_value made = TARE_NO_VALUE;
    const tare_draft_node node = draft->nodes.items[index];
    tare_draft_lower lower = tare_draft_lower_for(draft, &node, wanted, &made, 1);
    TARE_TRY(node.def->can->pack_weights(&lower.lower, node.outputs[0]));
    if (made == TARE_NO_VALUE) return TARE_OK;
    tare_draft_node *packed = &draft->nodes.items[draft->values.items[made].producer];
    packed->target = node.target;
    packed->note = node.note;
    map[node.outputs[0]] = made;
    draft->nodes.items[index].replaced_by = draft->values.items[made].producer;
    return tare_draft_inherit_order(draft, draft->values.items[made].producer, index);
}

tare_status tare_draft_pack(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    const int64_t values = draft->values.count, nodes = draft->nodes.count;
    tare_value *map = tare_draft_map(draft);
    if (!map) return tare_fail_memory(draft->error);
    for (int32_t n = 0; n < nodes; n++) {
        tare_draft_rewrite_node(&draft->nodes.items[n], map, values);
        if (could_pack(draft, &draft->nodes.items[n])) TARE_TRY(pack(draft, n, map));
    }
    for (int64_t n = 0; n < draft->nodes.count; n++)
        tare_draft_rewrite_node(&draft->nodes.items[n], map, values);
    tare_draft_rewrite_results(draft, map);
    return tare_draft_prune(draft);
}
