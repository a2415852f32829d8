/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second pass: every node that the fetches need becomes nodes of the plan, its shapes known
 * from the feeds. Sources (feeds, variables, constants) become values without a node. Control
 * dependencies become lists of nodes.
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "plan/draft.h"

static tare_value value_at(const tare_draft *draft, tare_edge edge) {
    return edge.node ? draft->value_of[draft->output_base[edge.node] + edge.output] : TARE_NO_VALUE;
}

static tare_status add_source(tare_draft *draft, tare_edge edge, tare_type type, tare_slot slot) {
    const tare_value value = tare_draft_add_value(draft, type);
    if (value == TARE_NO_VALUE) return tare_fail_memory(draft->error);
    draft->values.items[value].slot = slot;
    draft->value_of[draft->output_base[edge.node] + edge.output] = value;
    return TARE_OK;
}

static tare_status add_feeds(tare_draft *draft) {
    for (size_t f = 0; f < draft->request->feed_count; f++) {
        const tare_plan_feed *feed = &draft->request->feeds[f];
        const tare_slot slot = {TARE_PLACE_FEED, (int64_t)f, NULL};
        TARE_TRY(add_source(draft, feed->edge, feed->type, slot));
        const tare_value value = value_at(draft, feed->edge);
        draft->values.items[value].known = feed->known;
        draft->values.items[value].truth = feed->truth;
    }
    return TARE_OK;
}

static tare_status refuse_unfed(tare_draft *draft, const tare_node *node) {
    char shape[TARE_SHAPE_TEXT], need[sizeof shape + 64];
    tare_print(need, sizeof need, "a feed of %s %s", tare_dtype_name(node->outputs[0].dtype),
               tare_shape_text(shape, node->outputs[0].shape));
    return tare_fail_at(draft->error, TARE_ERROR_FEED, node->def->name, node->name,
                        "no feed in this run", need);
}

/* Feeds are added first, so what is fed keeps its feed. */
static void keep_fed(tare_draft *draft, const tare_node *node, int32_t output, tare_value value) {
    const int32_t place = draft->output_base[node->id] + output;
    if (draft->fed[place] < 0) draft->value_of[place] = value;
}

static tare_status add_guard(tare_draft *draft, int32_t branch, int32_t *guard) {
    *guard = -1;
    /* From the outermost branch inwards; sides that are known to be taken need no guard. */
    int32_t chain[64], depth = 0;
    for (int32_t b = branch; b; b = tare_graph_branch(draft->graph, b)->parent) {
        if (depth == (int32_t)(sizeof chain / sizeof *chain))
            return tare_fail(draft->error, TARE_ERROR_UNSUPPORTED,
                             "conditionals are nested more than %d deep; needs fewer", depth);
        chain[depth++] = b;
    }
    while (depth > 0) {
        const tare_branch_side *side = tare_graph_branch(draft->graph, chain[--depth]);
        const tare_value predicate = value_at(draft, side->predicate);
        if (predicate == TARE_NO_VALUE || draft->values.items[predicate].known) continue;
        int32_t found = -1;
        for (int32_t g = 0; g < draft->guards.count && found < 0; g++)
            if (draft->guards.items[g].predicate.at == predicate &&
                draft->guards.items[g].side == side->side &&
                draft->guards.items[g].parent == *guard)
                found = g;
        if (found < 0) {
            if (!tare_vector_reserve(draft->allocator, &draft->guards, 1))
                return tare_fail_memory(draft->error);
            found = (int32_t)draft->guards.count++;
            draft->guards.items[found] =
                (tare_guard){.predicate = {.at = predicate}, .side = side->side, .parent = *guard};
        }
        *guard = found;
    }
    return TARE_OK;
}

/* Inputs as values; a variable that is written is the variable itself, whatever is fed for it. */
static tare_status gather_inputs(tare_draft *draft, const tare_node *node, tare_value *inputs) {
    for (int32_t i = 0; i < node->input_count; i++) {
        inputs[i] = value_at(draft, node->inputs[i]);
        if (i >= 32 || !(node->def->writes >> i & 1u) || !node->inputs[i].node) continue;
        const tare_node *variable = tare_graph_node(draft->graph, node->inputs[i].node);
        if (!(variable->def->flags & TARE_OP_VARIABLE))
            return tare_fail_at(draft->error, TARE_ERROR_ARGUMENT, node->def->name, node->name,
                                variable->name, "a variable to write");
        draft->variable_written[variable->id] = true;
        if (inputs[i] == TARE_NO_VALUE ||
            draft->values.items[inputs[i]].slot.place != TARE_PLACE_VARIABLE) {
            const tare_value value = tare_draft_add_value(draft, variable->outputs[0]);
            if (value == TARE_NO_VALUE) return tare_fail_memory(draft->error);
            draft->values.items[value].slot = (tare_slot){TARE_PLACE_VARIABLE, variable->id, NULL};
            inputs[i] = value;
        }
    }
    return TARE_OK;
}

/* Nodes of this one run after all nodes that stand for its control dependencies. */
static tare_status add_controls(tare_draft *draft, const tare_node *node, int32_t first,
                                int32_t last) {
    for (int32_t c = 0; c < node->control_count; c++) {
        const int32_t control = node->controls[c];
        for (int32_t k = draft->first_node[control]; k < draft->last_node[control]; k++)
            for (int32_t i = first; i < last; i++)
                if (!tare_draft_run_after(draft, i, k)) return tare_fail_memory(draft->error);
    }
    return TARE_OK;
}

static tare_status add_running(tare_draft *draft, const tare_node *node, tare_value *inputs) {
    tare_value outputs[TARE_MAX_OUTPUTS];
    int32_t output_count = 0, guard = -1;
    TARE_TRY(add_guard(draft, node->branch, &guard));
    const tare_draft_like like = {node->name, node->id, guard, node->seed};
    const int32_t first = (int32_t)draft->nodes.count;
    for (int32_t o = 0; o < TARE_MAX_OUTPUTS; o++) outputs[o] = TARE_NO_VALUE;
    const bool *wanted = draft->output_used + draft->output_base[node->id];
    TARE_TRY(tare_draft_emit(draft, like, node->def, node->options, inputs, node->input_count,
                             wanted, outputs, TARE_MAX_OUTPUTS, &output_count, 0));
    /* An operation, or what lowers to nothing, still holds its place in the order. */
    const bool nothing = draft->nodes.count == first;
    if (nothing) {
        const int32_t barrier =
            tare_draft_add_node(draft, like, node->def, node->options, inputs, node->input_count);
        if (barrier < 0) return tare_fail_memory(draft->error);
        draft->nodes.items[barrier].control_only = true;
    }
    const int32_t last = (int32_t)draft->nodes.count;
    for (int32_t i = first; i < last; i++) {
        tare_draft_node *made = &draft->nodes.items[i];
        if (!made->def->run && !made->def->prepare) made->control_only = true;
        made->target = draft->is_target[node->id] || made->def->writes != 0;
    }
    draft->first_node[node->id] = first;
    draft->last_node[node->id] = last;
    for (int32_t o = 0; o < output_count && o < node->output_count; o++)
        keep_fed(draft, node, o, outputs[o]);
    if (draft->truth[node->id] >= 0 && output_count > 0 && outputs[0] != TARE_NO_VALUE) {
        draft->values.items[outputs[0]].known = true;
        draft->values.items[outputs[0]].truth = draft->truth[node->id] == 1;
    }
    return add_controls(draft, node, first, last);
}

/* A node of which only the shapes matter: a node of the plan that nothing makes live. */
static tare_status add_typed(tare_draft *draft, const tare_node *node, const tare_value *inputs) {
    const tare_draft_like like = {node->name, node->id, -1, node->seed};
    const int32_t index =
        tare_draft_add_node(draft, like, node->def, node->options, inputs, node->input_count);
    if (index < 0) return tare_fail_memory(draft->error);
    TARE_TRY(tare_draft_infer(draft, index));
    for (int32_t o = 0; o < draft->nodes.items[index].output_count; o++)
        keep_fed(draft, node, o, draft->nodes.items[index].outputs[o]);
    return TARE_OK;
}

static bool is_known_merge(const tare_draft *draft, const tare_node *node, bool *truth) {
    if (!(node->def->flags & TARE_OP_MERGE)) return false;
    const tare_edge predicate = node->inputs[0];
    const int32_t feed = draft->fed[draft->output_base[predicate.node] + predicate.output];
    if (feed >= 0) {
        *truth = draft->request->feeds[feed].truth;
        return draft->request->feeds[feed].known;
    }
    *truth = draft->truth[predicate.node] == 1;
    return predicate.output == 0 && draft->truth[predicate.node] >= 0;
}

static tare_status add_constant(tare_draft *draft, const tare_node *node) {
    const tare_constant_node_options *options = node->options;
    const tare_slot slot = {TARE_PLACE_CONSTANT, node->id, tare_array_const_data(options->array)};
    TARE_TRY(add_source(draft, (tare_edge){node->id, 0}, node->outputs[0], slot));
    if (draft->truth[node->id] >= 0) {
        const tare_value value = value_at(draft, (tare_edge){node->id, 0});
        draft->values.items[value].known = true;
        draft->values.items[value].truth = draft->truth[node->id] == 1;
    }
    return TARE_OK;
}

static tare_status translate(tare_draft *draft, const tare_node *node) {
    const unsigned flags = node->def->flags;
    const bool fed = node->output_count == 1 && draft->fed[draft->output_base[node->id]] >= 0;
    bool truth = false;
    if (fed) return TARE_OK;
    if (flags & TARE_OP_VARIABLE) {
        const tare_slot slot = {TARE_PLACE_VARIABLE, node->id, NULL};
        return add_source(draft, (tare_edge){node->id, 0}, node->outputs[0], slot);
    }
    if (flags & TARE_OP_CONSTANT) return add_constant(draft, node);
    if ((flags & TARE_OP_PLACEHOLDER) && node->input_count == 0) return refuse_unfed(draft, node);
    if (flags & TARE_OP_PLACEHOLDER) {
        keep_fed(draft, node, 0, value_at(draft, node->inputs[0]));
        return TARE_OK;
    }
    if (node->output_count == 1 && is_known_merge(draft, node, &truth)) {
        keep_fed(draft, node, 0, value_at(draft, node->inputs[truth ? 1 : 2]));
        return TARE_OK;
    }
    tare_value *inputs =
        tare_arena_allocate_array(draft->work, node->input_count + 1, sizeof(tare_value));
    if (!inputs) return tare_fail_memory(draft->error);
    if (!draft->needs_value[node->id]) {
        for (int32_t i = 0; i < node->input_count; i++)
            inputs[i] = value_at(draft, node->inputs[i]);
        return add_typed(draft, node, inputs);
    }
    TARE_TRY(gather_inputs(draft, node, inputs));
    return add_running(draft, node, inputs);
}

/* Which values change only when some variable does. Nodes lie in topological order here. */
static void mark_persistent(tare_draft *draft) {
    draft->persistence_known = true;
    for (int64_t v = 0; v < draft->values.count; v++) {
        tare_draft_value *value = &draft->values.items[v];
        if (value->slot.place == TARE_PLACE_CONSTANT) value->persistent = true;
        if (value->slot.place == TARE_PLACE_VARIABLE)
            value->persistent = !draft->variable_written[value->slot.at];
    }
    const unsigned never = TARE_OP_RANDOM | TARE_OP_STATEFUL | TARE_OP_CAN_FAIL;
    for (int64_t n = 0; n < draft->nodes.count; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        bool persistent = node->guard < 0 && !node->def->writes && !(node->def->flags & never) &&
                          !node->control_only && node->after.count == 0;
        for (int32_t i = 0; i < node->input_count && persistent; i++)
            persistent =
                node->inputs[i] == TARE_NO_VALUE || draft->values.items[node->inputs[i]].persistent;
        for (int32_t o = 0; o < node->output_count; o++)
            draft->values.items[node->outputs[o]].persistent = persistent;
    }
}

tare_status tare_draft_translate(tare_draft *draft) {
    const int32_t count = (int32_t)tare_graph_node_count(draft->graph);
    draft->variable_written = tare_arena_allocate_array(draft->work, count + 1, sizeof(bool));
    draft->fetched = tare_arena_allocate_array(
        draft->work, (int64_t)draft->request->fetch_count + 1, sizeof(tare_value));
    if (!draft->variable_written || !draft->fetched) return tare_fail_memory(draft->error);
    TARE_TRY(add_feeds(draft));
    for (int32_t id = 1; id <= count; id++)
        if (draft->needs_value[id] || draft->needs_type[id])
            TARE_TRY(translate(draft, tare_graph_node(draft->graph, id)));
    for (size_t f = 0; f < draft->request->fetch_count; f++) {
        const tare_edge edge = draft->request->fetches[f];
        const bool operation = tare_graph_node(draft->graph, edge.node)->output_count == 0;
        draft->fetched[f] = operation ? TARE_NO_VALUE : value_at(draft, edge);
    }
    mark_persistent(draft);
    return TARE_OK;
}
