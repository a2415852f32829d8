/* SPDX-License-Identifier: Apache-2.0 */
/* Running the passes, and turning the draft into steps. */
#include "plan/plan.h"

#include <string.h>

#include "array/shape.h"
#include "base/status.h"
#include "plan/draft.h"

/* ------------------------------------------------------------------ draft into steps */

static bool is_step(const tare_draft_node *node) {
    return !node->control_only && node->prepared.alias < 0;
}

static tare_status keep_slots(tare_draft *draft, const tare_draft_node *node, tare_step *step) {
    tare_arena *arena = draft->plan->arena;
    tare_slot *inputs = tare_arena_allocate_array(arena, node->input_count + 1, sizeof *inputs);
    tare_slot *outputs = tare_arena_allocate_array(arena, node->output_count + 1, sizeof *outputs);
    step->run.inputs = tare_arena_allocate_array(arena, node->input_count + 1, sizeof(void *));
    step->run.outputs = tare_arena_allocate_array(arena, node->output_count + 1, sizeof(void *));
    if (!inputs || !outputs || !step->run.inputs || !step->run.outputs)
        return tare_fail_memory(draft->error);
    for (int32_t i = 0; i < node->input_count; i++) {
        const bool shape_only = i < 32 && (node->def->shape_only >> i & 1u);
        if (node->inputs[i] != TARE_NO_VALUE && !shape_only)
            inputs[i] = draft->values.items[node->inputs[i]].slot;
    }
    for (int32_t o = 0; o < node->output_count; o++)
        if (draft->values.items[node->outputs[o]].used)
            outputs[o] = draft->values.items[node->outputs[o]].slot;
    step->inputs = inputs;
    step->outputs = outputs;
    return TARE_OK;
}

/* The variable whose updates a node counts: its input 0, which it writes. */
static int32_t counted_variable(const tare_draft *draft, const tare_draft_node *node) {
    if (!(node->def->flags & TARE_OP_COUNTS)) return 0;
    return (int32_t)draft->values.items[node->inputs[0]].slot.at;
}

static int64_t bytes_of(const tare_type *type) {
    return tare_shape_count(type->shape) * (int64_t)tare_dtype_size(type->dtype);
}

/* Every input read once, every output written once; variables that it changes both, but those that
 * it merely assigns. */
static int64_t count_bytes(const tare_op_def *def, const tare_step *step) {
    int64_t bytes = 0;
    for (int32_t i = 0; i < step->input_count; i++) {
        if (step->inputs[i].place == TARE_PLACE_NOWHERE) continue;
        const bool written = i < 32 && (def->writes >> i & 1u);
        const bool read = !(written && i == 0 && (def->flags & TARE_OP_OVERWRITES));
        bytes += (written + read) * bytes_of(&step->input_types[i]);
    }
    for (int32_t o = 0; o < step->output_count; o++)
        if (step->outputs[o].place != TARE_PLACE_NOWHERE) bytes += bytes_of(&step->output_types[o]);
    return bytes;
}

/* The name of the node whose gradient the node computes. */
static const char *gradient_of(const tare_draft *draft, const tare_draft_node *node) {
    const int32_t of = node->origin ? tare_graph_node(draft->graph, node->origin)->gradient_of : 0;
    return of ? tare_graph_node(draft->graph, of)->name : NULL;
}

static tare_status make_step(tare_draft *draft, int64_t at, tare_step *step) {
    tare_draft_node *node = &draft->nodes.items[draft->order.items[at]];
    *step = (tare_step){.run = {.state = node->prepared.state, .function = node->prepared.run},
                        .guard = node->guard,
                        .input_count = node->input_count,
                        .output_count = node->output_count,
                        .scratch_at = draft->scratch[at],
                        .counted = counted_variable(draft, node),
                        .name = node->name,
                        .op = node->def->name,
                        .note = node->note,
                        .input_types = node->prepared.inputs,
                        .output_types = node->prepared.outputs,
                        .gradient_of = gradient_of(draft, node),
                        .flops = node->prepared.flops};
    draft->plan->draws |= (node->def->flags & TARE_OP_RANDOM) != 0;
    draft->plan->can_fail |= (node->def->flags & TARE_OP_CAN_FAIL) != 0;
    draft->plan->writes |= node->def->writes != 0;
    TARE_TRY(keep_slots(draft, node, step));
    step->bytes = node->prepared.bytes ? node->prepared.bytes : count_bytes(node->def, step);
    return TARE_OK;
}

static tare_status make_steps(tare_draft *draft) {
    tare_plan *plan = draft->plan;
    plan->steps =
        tare_arena_allocate_array(plan->arena, draft->order.count + 1, sizeof *plan->steps);
    if (!plan->steps) return tare_fail_memory(draft->error);
    for (int64_t i = 0; i < draft->order.count; i++) {
        const tare_draft_node *node = &draft->nodes.items[draft->order.items[i]];
        if (!is_step(node)) continue;
        plan->preamble_count += node->hoisted;
        TARE_TRY(make_step(draft, i, &plan->steps[plan->step_count++]));
    }
    return TARE_OK;
}

static tare_status make_guards(tare_draft *draft) {
    tare_plan *plan = draft->plan;
    plan->guard_count = (int32_t)draft->guards.count;
    plan->guards =
        tare_arena_allocate_array(plan->arena, draft->guards.count + 1, sizeof *plan->guards);
    if (!plan->guards) return tare_fail_memory(draft->error);
    for (int32_t g = 0; g < plan->guard_count; g++) {
        plan->guards[g] = draft->guards.items[g];
        plan->guards[g].predicate = draft->values.items[draft->guards.items[g].predicate.at].slot;
    }
    return TARE_OK;
}

static tare_status make_fetches(tare_draft *draft) {
    tare_plan *plan = draft->plan;
    plan->fetch_count = draft->request->fetch_count;
    plan->fetches = tare_arena_allocate_array(plan->arena, (int64_t)plan->fetch_count + 1,
                                              sizeof *plan->fetches);
    if (!plan->fetches) return tare_fail_memory(draft->error);
    for (size_t f = 0; f < plan->fetch_count; f++) {
        plan->fetches[f].guard = -1;
        if (draft->fetched[f] == TARE_NO_VALUE) continue;
        const tare_draft_value *value = &draft->values.items[draft->fetched[f]];
        plan->fetches[f].slot = value->slot;
        plan->fetches[f].type = value->type;
        plan->fetches[f].guard =
            value->producer >= 0 ? draft->nodes.items[value->producer].guard : -1;
    }
    return TARE_OK;
}

/* Counts, or (patches given) records, the places where a feed's address stands. */
static void find_patches(tare_plan *plan, bool record) {
    for (size_t f = 0; f < plan->feed_count; f++) plan->feeds[f].patch_count = 0;
    for (int64_t s = 0; s < plan->step_count; s++) {
        const tare_step *step = &plan->steps[s];
        for (int32_t i = 0; i < step->input_count; i++) {
            if (step->inputs[i].place != TARE_PLACE_FEED) continue;
            tare_plan_feed_use *use = &plan->feeds[step->inputs[i].at];
            if (record) use->patches[use->patch_count].where = &step->run.inputs[i];
            use->patch_count++;
        }
    }
}

static tare_status make_feeds(tare_draft *draft) {
    tare_plan *plan = draft->plan;
    plan->feed_count = draft->request->feed_count;
    plan->feeds =
        tare_arena_allocate_array(plan->arena, (int64_t)plan->feed_count + 1, sizeof *plan->feeds);
    if (!plan->feeds) return tare_fail_memory(draft->error);
    find_patches(plan, false);
    for (size_t f = 0; f < plan->feed_count; f++) {
        plan->feeds[f].patches = tare_arena_allocate_array(
            plan->arena, plan->feeds[f].patch_count + 1, sizeof(tare_patch));
        if (!plan->feeds[f].patches) return tare_fail_memory(draft->error);
    }
    find_patches(plan, true);
    return TARE_OK;
}

/* Variables that the steps read or write, and which of them must have a value before: all that are
 * not merely assigned. */
static tare_status make_variables(tare_draft *draft) {
    tare_plan *plan = draft->plan;
    const int64_t nodes = tare_graph_node_count(draft->graph);
    int32_t *variables = tare_arena_allocate_array(plan->arena, nodes + 1, sizeof(int32_t));
    bool *read = tare_arena_allocate_array(plan->arena, nodes + 1, sizeof(bool));
    int64_t *place = tare_arena_allocate_array(draft->work, nodes + 1, sizeof(int64_t));
    if (!variables || !read || !place) return tare_fail_memory(draft->error);
    for (int64_t i = 0; i < draft->order.count; i++) {
        const tare_draft_node *node = &draft->nodes.items[draft->order.items[i]];
        for (int32_t k = 0; k < node->input_count && !node->control_only; k++) {
            const bool shape_only = k < 32 && (node->def->shape_only >> k & 1u);
            if (node->inputs[k] == TARE_NO_VALUE || shape_only) continue;
            const tare_slot slot = draft->values.items[node->inputs[k]].slot;
            if (slot.place != TARE_PLACE_VARIABLE) continue;
            if (!place[slot.at]) {
                variables[plan->variable_count++] = (int32_t)slot.at;
                place[slot.at] = plan->variable_count;
            }
            const bool overwritten = (node->def->flags & TARE_OP_OVERWRITES) && k == 0;
            if (!overwritten) read[place[slot.at] - 1] = true;
        }
    }
    plan->variables = variables;
    plan->must_be_initialized = read;
    return TARE_OK;
}

static tare_status make_plan(tare_draft *draft) {
    TARE_TRY(tare_draft_select(draft));
    TARE_TRY(tare_draft_translate(draft));
    TARE_TRY(tare_draft_reorder(draft));
    TARE_TRY(tare_draft_merge(draft));
    TARE_TRY(tare_draft_copy_sources(draft));
    TARE_TRY(tare_draft_prune(draft));
    TARE_TRY(tare_draft_rectify(draft));
    TARE_TRY(tare_draft_prune(draft));
    TARE_TRY(tare_draft_carry(draft));
    TARE_TRY(tare_draft_prune(draft));
    TARE_TRY(tare_draft_finish(draft));
    TARE_TRY(tare_draft_pack(draft));
    TARE_TRY(tare_draft_hoist(draft));
    TARE_TRY(tare_draft_order(draft));
    TARE_TRY(tare_draft_sweep(draft));
    TARE_TRY(tare_draft_chain(draft));
    TARE_TRY(tare_draft_prepare(draft));
    TARE_TRY(tare_draft_layout(draft));
    TARE_TRY(make_steps(draft));
    TARE_TRY(make_guards(draft));
    TARE_TRY(make_fetches(draft));
    TARE_TRY(make_feeds(draft));
    TARE_TRY(make_variables(draft));
    tare_plan *plan = draft->plan;
    if (plan->persistent_bytes > 0) {
        plan->persistent = tare_allocate(draft->allocator, (size_t)plan->persistent_bytes);
        if (!plan->persistent) return tare_fail_memory(draft->error);
    }
    return TARE_OK;
}

static void throw_away(tare_draft *draft) {
    for (int64_t n = 0; n < draft->nodes.count; n++)
        tare_vector_free(draft->allocator, &draft->nodes.items[n].after);
    tare_vector_free(draft->allocator, &draft->nodes);
    tare_vector_free(draft->allocator, &draft->values);
    tare_vector_free(draft->allocator, &draft->guards);
    tare_vector_free(draft->allocator, &draft->order);
    tare_arena_free(draft->work);
}

tare_status tare_plan_new(const tare_plan_request *request, tare_plan **plan) {
    tare_draft draft = {.request = request,
                        .graph = request->graph,
                        .allocator = request->allocator,
                        .error = request->error};
    *plan = NULL;
    draft.plan = tare_allocate_zeroed(request->allocator, sizeof *draft.plan);
    if (!draft.plan) return tare_fail_memory(request->error);
    draft.plan->allocator = request->allocator;
    draft.plan->arena = tare_arena_new(request->allocator);
    draft.work = tare_arena_new(request->allocator);
    tare_status status =
        draft.plan->arena && draft.work ? make_plan(&draft) : tare_fail_memory(request->error);
    throw_away(&draft);
    if (status != TARE_OK) {
        tare_plan_free(draft.plan);
        return status;
    }
    *plan = draft.plan;
    return TARE_OK;
}

void tare_plan_free(tare_plan *plan) {
    if (!plan) return;
    tare_release(plan->allocator, plan->persistent, (size_t)plan->persistent_bytes);
    tare_arena_free(plan->arena);
    tare_release(plan->allocator, plan, sizeof *plan);
}
