/* SPDX-License-Identifier: Apache-2.0 */
/* Every node that runs chooses its kernel, keeps what it wants to know, and says how much scratch
 * it needs. */
#include "base/status.h"
#include "plan/draft.h"

static tare_status gather_types(tare_draft *draft, const tare_draft_node *node, tare_type **inputs,
                                tare_type **outputs, bool **wanted) {
    tare_arena *arena = draft->plan->arena; /* printing a plan wants the types too */
    *inputs = tare_arena_allocate_array(arena, node->input_count + 1, sizeof(tare_type));
    *outputs = tare_arena_allocate_array(arena, node->output_count + 1, sizeof(tare_type));
    *wanted = tare_arena_allocate_array(draft->work, node->output_count + 1, sizeof(bool));
    if (!*inputs || !*outputs || !*wanted) return tare_fail_memory(draft->error);
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != TARE_NO_VALUE)
            (*inputs)[i] = draft->values.items[node->inputs[i]].type;
    for (int32_t o = 0; o < node->output_count; o++) {
        (*outputs)[o] = draft->values.items[node->outputs[o]].type;
        (*wanted)[o] = draft->values.items[node->outputs[o]].used;
    }
    return TARE_OK;
}

static tare_status prepare(tare_draft *draft, tare_draft_node *node) {
    tare_type *inputs, *outputs;
    bool *wanted;
    TARE_TRY(gather_types(draft, node, &inputs, &outputs, &wanted));
    node->prepared = (tare_prepare){.op = node->def->name,
                                    .node = node->name,
                                    .options = node->options,
                                    .input_count = node->input_count,
                                    .output_count = node->output_count,
                                    .inputs = inputs,
                                    .outputs = outputs,
                                    .wanted = wanted,
                                    .threads = draft->request->threads,
                                    .random_key = node->seed,
                                    .arena = draft->plan->arena,
                                    .run = node->def->run,
                                    .in_place = -1,
                                    .alias = -1,
                                    .error = draft->error};
    if (node->def->prepare) TARE_TRY(node->def->prepare(&node->prepared));
    if (!node->prepared.run && node->prepared.alias < 0)
        return tare_fail_at(draft->error, TARE_ERROR_UNSUPPORTED, node->def->name, node->name,
                            tare_dtype_name(outputs[0].dtype), "a dtype that it has a kernel for");
    return TARE_OK;
}

tare_status tare_draft_prepare(tare_draft *draft) {
    for (int64_t i = 0; i < draft->order.count; i++) {
        tare_draft_node *node = &draft->nodes.items[draft->order.items[i]];
        if (!node->control_only) TARE_TRY(prepare(draft, node));
    }
    return TARE_OK;
}
