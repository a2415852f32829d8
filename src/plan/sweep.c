/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eleventh pass, after ordering: updates of variables that follow each other become one step,
 * which goes through the elements of all of them: one barrier instead of one a variable, and work
 * that is split evenly however small some of them are. Capabilities decide, never kinds.
 *
 * Each element is changed by the arithmetic of its own update, so no bit changes. An update that
 * touches a variable which another one changes is not part of the same step.
 */
#include "plan/sweep.h"
#include "base/status.h"
#include "plan/draft.h"

typedef struct sweeping {
    tare_draft *draft;
    /* by graph node: the group that changes or reads the variable last */
    int64_t *changed, *read;
    int64_t group; /* numbers from 1 */
} sweeping;

static const tare_draft_node *node_at(const sweeping *s, int64_t at) {
    return &s->draft->nodes.items[s->draft->order.items[at]];
}

static bool is_update(const tare_draft_node *node) {
    return !node->control_only && node->output_count == 0 && node->def->can &&
           node->def->can->updates;
}

/* The variable that input i is, with its numbers: its node; 0: it is none. */
static int64_t variable_of(const sweeping *s, const tare_draft_node *node, int32_t i) {
    if (node->inputs[i] == TARE_NO_VALUE) return 0;
    const tare_slot slot = s->draft->values.items[node->inputs[i]].slot;
    return slot.place == TARE_PLACE_VARIABLE ? slot.at : 0;
}

static bool changes(const tare_draft_node *node, int32_t i) {
    return i < 32 && (node->def->writes >> i & 1U);
}

/* Whether the group touches what the node changes, or changes what it reads. */
static bool disturbs(const sweeping *s, const tare_draft_node *node) {
    for (int32_t i = 0; i < node->input_count; i++) {
        const int64_t variable = variable_of(s, node, i);
        if (variable && (s->changed[variable] == s->group ||
                         (changes(node, i) && s->read[variable] == s->group)))
            return true;
    }
    return false;
}

static void note_touched(const sweeping *s, const tare_draft_node *node) {
    for (int32_t i = 0; i < node->input_count; i++)
        (changes(node, i) ? s->changed : s->read)[variable_of(s, node, i)] = s->group;
}

/* Where the group that begins at a place in the order ends. */
static int64_t end_of_group(sweeping *s, int64_t begin) {
    const tare_draft_node *first = node_at(s, begin);
    int64_t end = begin;
    s->group++;
    while (end < s->draft->order.count) {
        const tare_draft_node *node = node_at(s, end);
        if (!is_update(node) || node->def != first->def || node->guard != first->guard ||
            node->input_count != first->input_count || disturbs(s, node))
            break;
        note_touched(s, node);
        end++;
    }
    return end;
}

/* The op as it is known by name, for many variables. */
static tare_op_def *sweeping_def(const sweeping *s, const tare_op_def *of) {
    tare_op_def *def = tare_arena_allocate(s->draft->plan->arena, sizeof *def);
    if (def)
        *def = (tare_op_def){.name = of->name,
                             .node_name = of->node_name,
                             .flags = TARE_OP_INTERNAL,
                             .writes = of->writes,
                             .prepare = tare_sweep_prepare};
    return def;
}

static tare_status note_group(const sweeping *s, int32_t index, int64_t begin, int64_t end) {
    tare_text text = {.allocator = s->draft->allocator};
    tare_text_format(&text, "merged: %lld updates, '%s' to '%s'", (long long)(end - begin),
                     node_at(s, begin)->name, node_at(s, end - 1)->name);
    const tare_status status = tare_draft_note(s->draft, index, &text);
    tare_text_clear(&text);
    return status;
}

/* One node in place of those from begin on. */
static tare_status merge_group(const sweeping *s, int64_t begin, int64_t end, int32_t *index) {
    tare_draft *draft = s->draft;
    const tare_draft_node first = *node_at(s, begin);
    const int32_t count = (int32_t)(end - begin);
    tare_sweep *of = tare_arena_allocate(draft->plan->arena, sizeof *of);
    tare_op_def *def = sweeping_def(s, first.def);
    const void **options = tare_arena_allocate_array(draft->plan->arena, count, sizeof *options);
    tare_value *inputs = tare_arena_allocate_array(
        draft->work, (int64_t)count * first.input_count + 1, sizeof *inputs);
    if (!of || !def || !options || !inputs) return tare_fail_memory(draft->error);
    *of = (tare_sweep){first.def, count, first.input_count, options};
    for (int32_t u = 0; u < count; u++) {
        tare_draft_node *node = &draft->nodes.items[draft->order.items[begin + u]];
        options[u] = node->options;
        for (int32_t i = 0; i < of->inputs; i++) inputs[u * of->inputs + i] = node->inputs[i];
        node->live = false;
    }
    *index =
        tare_draft_add_node(draft, tare_draft_like_of(&first), def, of, inputs, count * of->inputs);
    if (*index < 0) return tare_fail_memory(draft->error);
    draft->nodes.items[*index].live = true;
    for (int64_t at = begin; at < end; at++)
        draft->nodes.items[draft->order.items[at]].replaced_by = *index;
    return note_group(s, *index, begin, end);
}

tare_status tare_draft_sweep(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    const int64_t nodes = tare_graph_node_count(draft->graph);
    sweeping s = {.draft = draft};
    s.changed = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *s.changed);
    s.read = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *s.read);
    if (!s.changed || !s.read) return tare_fail_memory(draft->error);
    int64_t kept = 0;
    for (int64_t at = 0; at < draft->order.count;) {
        const int64_t end = is_update(node_at(&s, at)) ? end_of_group(&s, at) : at;
        int32_t index = draft->order.items[at];
        if (end > at + 1) TARE_TRY(merge_group(&s, at, end, &index));
        at = end > at + 1 ? end : at + 1;
        draft->order.items[kept++] = index;
    }
    draft->order.count = kept;
    return TARE_OK;
}
