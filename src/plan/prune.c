/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes still run, which values are read, and what is worth computing once only. */
#include "base/status.h"
#include "plan/draft.h"

/*
 * A fetched value that is no step's own result (a feed, a variable, a constant, something kept
 * between runs) is copied, so that what the caller holds is a snapshot and nobody's memory but the
 * run's.
 */
tare_status tare_draft_copy_sources(tare_draft *draft) {
    for (size_t f = 0; f < draft->request->fetch_count; f++) {
        const tare_value value = draft->fetched[f];
        if (value == TARE_NO_VALUE) continue;
        const tare_draft_value *what = &draft->values.items[value];
        if (what->producer >= 0 && !what->persistent) continue;
        const tare_node *node = tare_graph_node(draft->graph, draft->request->fetches[f].node);
        const tare_draft_like like = {node->name, node->id, -1, node->seed};
        TARE_TRY(tare_draft_copy(draft, value, like, &draft->fetched[f]));
    }
    return TARE_OK;
}

static void use(tare_draft *draft, tare_value value, int32_t *stack, int64_t *depth) {
    if (value == TARE_NO_VALUE) return;
    draft->values.items[value].used = true;
    const int32_t producer = draft->values.items[value].producer;
    if (producer < 0 || draft->nodes.items[producer].live) return;
    draft->nodes.items[producer].live = true;
    stack[(*depth)++] = producer;
}

static void use_guards(tare_draft *draft, int32_t guard, int32_t *stack, int64_t *depth) {
    for (; guard >= 0; guard = draft->guards.items[guard].parent)
        use(draft, (tare_value)draft->guards.items[guard].predicate.at, stack, depth);
}

tare_status tare_draft_prune(tare_draft *draft) {
    for (int64_t n = 0; n < draft->nodes.count; n++) draft->nodes.items[n].live = false;
    for (int64_t v = 0; v < draft->values.count; v++) draft->values.items[v].used = false;
    int32_t *stack =
        tare_arena_allocate_array(draft->work, draft->nodes.count + 1, sizeof(int32_t));
    if (!stack) return tare_fail_memory(draft->error);
    int64_t depth = 0;
    for (size_t f = 0; f < draft->request->fetch_count; f++) {
        use(draft, draft->fetched[f], stack, &depth);
        if (draft->fetched[f] != TARE_NO_VALUE)
            draft->values.items[draft->fetched[f]].fetched = true;
    }
    for (int32_t n = 0; n < draft->nodes.count; n++) {
        tare_draft_node *node = &draft->nodes.items[n];
        if (!node->target || node->live || node->replaced_by >= 0) continue;
        node->live = true;
        stack[depth++] = n;
        /* What has no effect but its result needs a place for that, though nobody reads it. */
        if (node->output_count > 0 && !(node->def->flags & TARE_OP_STATEFUL))
            draft->values.items[node->outputs[0]].used = true;
    }
    while (depth > 0) {
        const tare_draft_node *node = &draft->nodes.items[stack[--depth]];
        use_guards(draft, node->guard, stack, &depth);
        if (node->def->flags & TARE_OP_NEEDS_RESULT)
            draft->values.items[node->outputs[0]].used = true;
        /* Of what holds a place only, and runs nothing, no number is read; its order is kept by
         * `after`. */
        for (int32_t i = 0; i < node->input_count; i++) {
            const bool shape_only = i < 32 && (node->def->shape_only >> i & 1u);
            if (!shape_only) use(draft, node->inputs[i], stack, &depth);
        }
    }
    return TARE_OK;
}

/* Whether every input is a source that lasts, or made by a step that is hoisted itself. */
static bool inputs_last(const tare_draft *draft, const tare_draft_node *node) {
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TARE_NO_VALUE || (i < 32 && (node->def->shape_only >> i & 1u)))
            continue;
        const tare_draft_value *input = &draft->values.items[node->inputs[i]];
        if (!input->persistent) return false;
        if (input->producer >= 0 && !draft->nodes.items[input->producer].hoisted) return false;
    }
    return true;
}

static bool could_be_hoisted(const tare_draft *draft, const tare_draft_node *node) {
    if (!node->live || node->output_count == 0 || node->control_only || node->guard >= 0 ||
        node->after.count > 0)
        return false;
    for (int32_t o = 0; o < node->output_count; o++)
        if (!draft->values.items[node->outputs[o]].persistent ||
            draft->values.items[node->outputs[o]].fetched)
            return false;
    return true;
}

tare_status tare_draft_hoist(tare_draft *draft) {
    for (int64_t n = 0; n < draft->nodes.count; n++)
        draft->nodes.items[n].hoisted = could_be_hoisted(draft, &draft->nodes.items[n]);
    for (bool changed = true; changed;) {
        changed = false;
        for (int64_t n = 0; n < draft->nodes.count; n++) {
            tare_draft_node *node = &draft->nodes.items[n];
            if (!node->hoisted || inputs_last(draft, node)) continue;
            node->hoisted = false;
            changed = true;
        }
    }
    return TARE_OK;
}
