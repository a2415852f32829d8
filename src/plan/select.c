/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first pass: which nodes the fetches need, cut at what is fed. A conditional whose predicate
 * is known now (fed, defaulted, constant, or computed from such) keeps the side that is taken, so
 * each mode has a plan of its own.
 */
#include "array/array.h"
#include "base/status.h"
#include "plan/draft.h"

/* Index of an edge in the arrays by output. */
static int32_t place_of(const tare_draft *draft, tare_edge edge) {
    return draft->output_base[edge.node] + edge.output;
}

static bool is_fed(const tare_draft *draft, tare_edge edge) {
    return tare_graph_node(draft->graph, edge.node)->output_count > 0 &&
           draft->fed[place_of(draft, edge)] >= 0;
}

static tare_status make_tables(tare_draft *draft) {
    const int64_t count = tare_graph_node_count(draft->graph);
    draft->output_base = tare_arena_allocate_array(draft->work, count + 2, sizeof(int32_t));
    if (!draft->output_base) return tare_fail_memory(draft->error);
    int32_t outputs = 0;
    for (int32_t id = 1; id <= count; id++) {
        draft->output_base[id] = outputs;
        outputs += tare_graph_node(draft->graph, id)->output_count;
    }
    draft->output_base[count + 1] = outputs;
    draft->fed = tare_arena_allocate_array(draft->work, outputs + 1, sizeof(int32_t));
    draft->output_used = tare_arena_allocate_array(draft->work, outputs + 1, sizeof(bool));
    draft->value_of = tare_arena_allocate_array(draft->work, outputs + 1, sizeof(tare_value));
    draft->needs_value = tare_arena_allocate_array(draft->work, count + 1, sizeof(bool));
    draft->needs_type = tare_arena_allocate_array(draft->work, count + 1, sizeof(bool));
    draft->is_target = tare_arena_allocate_array(draft->work, count + 1, sizeof(bool));
    draft->truth = tare_arena_allocate_array(draft->work, count + 1, sizeof(signed char));
    draft->first_node = tare_arena_allocate_array(draft->work, count + 1, sizeof(int32_t));
    draft->last_node = tare_arena_allocate_array(draft->work, count + 1, sizeof(int32_t));
    if (!draft->fed || !draft->output_used || !draft->value_of || !draft->needs_value ||
        !draft->needs_type || !draft->is_target || !draft->truth || !draft->first_node ||
        !draft->last_node)
        return tare_fail_memory(draft->error);
    for (int32_t i = 0; i <= outputs; i++) draft->fed[i] = -1, draft->value_of[i] = TARE_NO_VALUE;
    for (int32_t id = 0; id <= count; id++) draft->truth[id] = -1;
    for (size_t f = 0; f < draft->request->feed_count; f++)
        draft->fed[place_of(draft, draft->request->feeds[f].edge)] = (int32_t)f;
    return TARE_OK;
}

/* Marks whatever could be needed, both sides of every conditional included. */
static void mark_reachable(tare_draft *draft, bool *reached) {
    for (size_t f = 0; f < draft->request->fetch_count; f++) {
        const tare_edge edge = draft->request->fetches[f];
        if (!is_fed(draft, edge)) reached[edge.node] = true;
    }
    for (int32_t id = (int32_t)tare_graph_node_count(draft->graph); id >= 1; id--) {
        if (!reached[id]) continue;
        const tare_node *node = tare_graph_node(draft->graph, id);
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i].node && !is_fed(draft, node->inputs[i]))
                reached[node->inputs[i].node] = true;
        for (int32_t i = 0; i < node->control_count; i++) reached[node->controls[i]] = true;
        for (int32_t b = node->branch; b; b = tare_graph_branch(draft->graph, b)->parent) {
            const tare_edge predicate = tare_graph_branch(draft->graph, b)->predicate;
            if (!is_fed(draft, predicate)) reached[predicate.node] = true;
        }
    }
}

/* What is known now of a boolean scalar: -1, 0 or 1. */
static int truth_of(const tare_draft *draft, tare_edge edge) {
    if (!edge.node) return -1;
    const tare_node *node = tare_graph_node(draft->graph, edge.node);
    if (node->output_count == 0) return -1;
    const int32_t feed = draft->fed[place_of(draft, edge)];
    if (feed >= 0)
        return draft->request->feeds[feed].known ? (int)draft->request->feeds[feed].truth : -1;
    return edge.output == 0 ? draft->truth[edge.node] : -1;
}

/* Computes a node of known boolean scalars by its own kernel, so that no kind of op is named here.
 */
static int evaluate(tare_draft *draft, const tare_node *node) {
    enum { MOST = 4 };
    const unsigned never = TARE_OP_RANDOM | TARE_OP_STATEFUL | TARE_OP_VARIABLE |
                           TARE_OP_PLACEHOLDER | TARE_OP_CONSTANT | TARE_OP_MERGE |
                           TARE_OP_CAN_FAIL;
    if (node->input_count < 1 || node->input_count > MOST || node->output_count != 1 ||
        (node->def->flags & never) || node->def->writes || node->def->lower ||
        !node->def->prepare || node->outputs[0].dtype != TARE_BOOL ||
        node->outputs[0].shape.rank != 0)
        return -1;
    _Alignas(TARE_ALIGNMENT) bool values[MOST + 1][TARE_ALIGNMENT] = {{0}};
    tare_type types[MOST], result = {TARE_BOOL, TARE_SCALAR};
    void *inputs[MOST], *outputs[1] = {values[MOST]};
    for (int32_t i = 0; i < node->input_count; i++) {
        const int truth = truth_of(draft, node->inputs[i]);
        if (truth < 0) return -1;
        values[i][0] = truth != 0;
        types[i] = result;
        inputs[i] = values[i];
    }
    const bool wanted = true;
    tare_prepare prepare = {.op = node->def->name,
                            .node = node->name,
                            .options = node->options,
                            .input_count = node->input_count,
                            .output_count = 1,
                            .inputs = types,
                            .outputs = &result,
                            .wanted = &wanted,
                            .threads = 1,
                            .arena = draft->work,
                            .run = node->def->run,
                            .in_place = -1,
                            .alias = -1};
    if (node->def->prepare(&prepare) != TARE_OK) return -1;
    if (prepare.alias >= 0) return values[prepare.alias][0];
    if (prepare.scratch_bytes > 0 || !prepare.run) return -1;
    const tare_run run = {
        .inputs = inputs, .outputs = outputs, .state = prepare.state, .function = prepare.run};
    return prepare.run(&run) == TARE_OK ? (int)values[MOST][0] : -1;
}

static int truth_of_node(tare_draft *draft, const tare_node *node) {
    if (node->output_count < 1 || node->outputs[0].dtype != TARE_BOOL) return -1;
    if (node->def->flags & TARE_OP_CONSTANT) {
        const tare_constant_node_options *options = node->options;
        return tare_array_count(options->array) == 1 && tare_array_shape(options->array).rank == 0
                   ? tare_array_number(options->array, 0) != 0
                   : -1;
    }
    if (node->def->flags & TARE_OP_PLACEHOLDER)
        return node->input_count == 1 ? truth_of(draft, node->inputs[0]) : -1;
    if (node->def->flags & TARE_OP_MERGE) {
        const int taken = truth_of(draft, node->inputs[0]);
        return taken < 0 ? -1 : truth_of(draft, node->inputs[taken ? 1 : 2]);
    }
    return evaluate(draft, node);
}

/* True when the node lies in a branch that is known not to be taken. */
static bool is_dead(const tare_draft *draft, const tare_node *node) {
    for (int32_t b = node->branch; b; b = tare_graph_branch(draft->graph, b)->parent) {
        const tare_branch_side *branch = tare_graph_branch(draft->graph, b);
        const int truth = truth_of(draft, branch->predicate);
        if (truth >= 0 && (truth != 0) != branch->side) return true;
    }
    return false;
}

static tare_status need(tare_draft *draft, tare_edge edge, bool value, const char *who) {
    if (!edge.node) return TARE_OK;
    const tare_node *node = tare_graph_node(draft->graph, edge.node);
    if (node->output_count > 0) {
        if (value) draft->output_used[place_of(draft, edge)] = true;
        if (draft->fed[place_of(draft, edge)] >= 0) return TARE_OK;
    }
    if (value && is_dead(draft, node))
        return tare_fail_at(draft->error, TARE_ERROR_STATE, node->def->name, node->name,
                            "a use of its value outside a conditional's branch that is not taken",
                            who);
    if (value)
        draft->needs_value[edge.node] = true;
    else
        draft->needs_type[edge.node] = true;
    return TARE_OK;
}

static tare_status need_inputs(tare_draft *draft, const tare_node *node) {
    const bool runs = draft->needs_value[node->id];
    if (node->def->flags & TARE_OP_MERGE) {
        const int taken = truth_of(draft, node->inputs[0]);
        if (taken >= 0)
            return need(draft, node->inputs[taken ? 1 : 2], runs, "tare_cond_merge around it");
    }
    for (int32_t i = 0; i < node->input_count; i++) {
        const bool value = runs && !(i < 32 && (node->def->shape_only >> i & 1u));
        TARE_TRY(need(draft, node->inputs[i], value, "tare_cond_merge around it"));
    }
    return TARE_OK;
}

/* Controls and the predicates of the branches that a running node lies in. */
static tare_status need_conditions(tare_draft *draft, const tare_node *node) {
    for (int32_t i = 0; i < node->control_count; i++) {
        const tare_node *control = tare_graph_node(draft->graph, node->controls[i]);
        if (is_dead(draft, control)) continue;
        draft->needs_value[control->id] = true;
        draft->is_target[control->id] = true;
    }
    for (int32_t b = node->branch; b; b = tare_graph_branch(draft->graph, b)->parent) {
        const tare_edge predicate = tare_graph_branch(draft->graph, b)->predicate;
        if (truth_of(draft, predicate) < 0)
            TARE_TRY(need(draft, predicate, true, "a predicate that can be computed"));
    }
    return TARE_OK;
}

tare_status tare_draft_select(tare_draft *draft) {
    TARE_TRY(make_tables(draft));
    const int32_t count = (int32_t)tare_graph_node_count(draft->graph);
    bool *reached = tare_arena_allocate_array(draft->work, count + 1, sizeof(bool));
    if (!reached) return tare_fail_memory(draft->error);
    mark_reachable(draft, reached);
    for (int32_t id = 1; id <= count; id++)
        if (reached[id])
            draft->truth[id] = (signed char)truth_of_node(draft, tare_graph_node(draft->graph, id));
    for (size_t f = 0; f < draft->request->fetch_count; f++) {
        const tare_edge edge = draft->request->fetches[f];
        TARE_TRY(need(draft, edge, true, "a fetch that the taken branch computes"));
        if (tare_graph_node(draft->graph, edge.node)->output_count == 0)
            draft->is_target[edge.node] = true;
    }
    for (int32_t id = count; id >= 1; id--) {
        if (!draft->needs_value[id] && !draft->needs_type[id]) continue;
        const tare_node *node = tare_graph_node(draft->graph, id);
        TARE_TRY(need_inputs(draft, node));
        if (draft->needs_value[id]) TARE_TRY(need_conditions(draft, node));
    }
    return TARE_OK;
}
