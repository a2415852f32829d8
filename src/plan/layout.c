/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where every value lies. Values that share memory (an alias, a result written over its input) have
 * one root; a root is alive from its first step to its last; roots alive at different times share
 * the arena (place.c). What hoisted steps make for others has memory of its own, for it lives on
 * between runs.
 */
#include "array/shape.h"
#include "base/status.h"
#include "plan/draft.h"
#include "plan/place.h"

typedef struct layout {
    tare_draft *draft;
    int64_t hoisted; /* places in the order of hoisted steps: the first ones */
    tare_block *blocks;
    int64_t **offsets; /* by block: where its place is wanted */
    int64_t count;
} layout;

static tare_draft_value *value_at(const layout *l, tare_value value) {
    return &l->draft->values.items[value];
}

static tare_value root_of(const layout *l, tare_value value) {
    while (value_at(l, value)->root != value) value = value_at(l, value)->root;
    return value;
}

static int64_t rounded(int64_t bytes) {
    return bytes <= 0 ? TARE_ALIGNMENT
                      : (bytes + TARE_ALIGNMENT - 1) & ~(int64_t)(TARE_ALIGNMENT - 1);
}

static tare_status bytes_of(const layout *l, tare_value value, int64_t *bytes) {
    const tare_type *type = &value_at(l, value)->type;
    int64_t count = tare_shape_count(type->shape);
    if (count < 0 || !tare_multiply_sizes(count, (int64_t)tare_dtype_size(type->dtype), bytes) ||
        *bytes > INT64_MAX / 4) {
        char text[TARE_SHAPE_TEXT];
        return tare_fail_at(l->draft->error, TARE_ERROR_SHAPE, "plan", NULL,
                            tare_shape_text(text, type->shape), "fewer than 2^61 bytes");
    }
    return TARE_OK;
}

/* ------------------------------------------------------------ who shares whose memory */

/* An alias of memory that a caller or a variable owns is allowed only while nothing can change or
 * outlive it. */
static bool may_alias(const layout *l, tare_value input, tare_value output) {
    const tare_draft_value *root = value_at(l, root_of(l, input));
    if (root->producer >= 0) return true;
    if (value_at(l, output)->fetched) return false;
    return root->slot.place != TARE_PLACE_VARIABLE || !l->draft->variable_written[root->slot.at];
}

static tare_status make_alias(layout *l, tare_draft_node *node) {
    const int32_t input = node->prepared.alias;
    if (input < 0) return TARE_OK;
    const tare_value from = node->inputs[input], to = node->outputs[0];
    if (may_alias(l, from, to)) {
        value_at(l, to)->root = root_of(l, from);
        return TARE_OK;
    }
    /* A copy instead: the input moved to the front, the plan's own copying step. */
    node->prepared.alias = -1;
    node->prepared.run = tare_draft_copy_def.run;
    tare_prepare copy = node->prepared;
    copy.inputs = node->prepared.inputs + input;
    TARE_TRY(tare_draft_copy_def.prepare(&copy));
    node->prepared.state = copy.state;
    node->inputs[0] = from;
    node->input_count = 1;
    return TARE_OK;
}

static void touch(layout *l, tare_value value, int64_t step) {
    tare_draft_value *root = value_at(l, root_of(l, value));
    if (root->first < 0) root->first = step;
    if (root->last < step) root->last = step;
}

static void find_lifetimes(layout *l) {
    const tare_draft *draft = l->draft;
    for (int64_t step = 0; step < draft->order.count; step++) {
        const tare_draft_node *node = &draft->nodes.items[draft->order.items[step]];
        if (node->control_only) continue;
        for (int32_t i = 0; i < node->input_count; i++) {
            const bool shape_only = i < 32 && (node->def->shape_only >> i & 1u);
            if (node->inputs[i] != TARE_NO_VALUE && !shape_only) touch(l, node->inputs[i], step);
        }
        for (int32_t o = 0; o < node->output_count; o++)
            if (value_at(l, node->outputs[o])->used) touch(l, node->outputs[o], step);
    }
    for (int64_t v = 0; v < draft->values.count; v++)
        if (draft->values.items[v].fetched) touch(l, (tare_value)v, INT64_MAX);
    for (int64_t g = 0; g < draft->guards.count; g++)
        touch(l, (tare_value)draft->guards.items[g].predicate.at, INT64_MAX);
}

/* An output takes over the memory of an input that ends with this step, where the kernel allows it.
 */
static tare_status write_over(layout *l, tare_draft_node *node, int64_t step) {
    const int32_t input = node->prepared.in_place;
    const int32_t to = node->prepared.in_place_output;
    if (input < 0 || node->hoisted || node->output_count <= to ||
        !value_at(l, node->outputs[to])->used)
        return TARE_OK;
    const tare_value from = root_of(l, node->inputs[input]);
    tare_draft_value *root = value_at(l, from);
    if (root->producer < 0 || root->last != step || l->draft->nodes.items[root->producer].hoisted)
        return TARE_OK;
    for (int32_t i = 0; i < node->input_count; i++)
        if (i != input && node->inputs[i] != TARE_NO_VALUE && root_of(l, node->inputs[i]) == from)
            return TARE_OK;
    int64_t have = 0, want = 0;
    TARE_TRY(bytes_of(l, from, &have));
    TARE_TRY(bytes_of(l, node->outputs[to], &want));
    if (have != want) return TARE_OK;
    tare_draft_value *output = value_at(l, node->outputs[to]);
    root->last = output->last;
    output->root = from;
    return TARE_OK;
}

/* ------------------------------------------------------------------------- the arena's blocks */

/* What lives to the end of the run lives in the last step. */
static void add_block(layout *l, int64_t bytes, int64_t first, int64_t last, int64_t *offset) {
    const int64_t end = l->draft->order.count - 1;
    l->blocks[l->count] = (tare_block){rounded(bytes), first, last < end ? last : end, 0};
    l->offsets[l->count++] = offset;
}

static tare_status add_outputs(layout *l, const tare_draft_node *node, int64_t step) {
    for (int32_t o = 0; o < node->output_count; o++) {
        tare_draft_value *output = value_at(l, node->outputs[o]);
        int64_t bytes = 0;
        if (!output->used || output->root != node->outputs[o]) continue;
        TARE_TRY(bytes_of(l, node->outputs[o], &bytes));
        if (node->hoisted && output->last >= l->hoisted) {
            output->slot =
                (tare_slot){TARE_PLACE_PERSISTENT, l->draft->plan->persistent_bytes, NULL};
            l->draft->plan->persistent_bytes += rounded(bytes);
            continue;
        }
        output->slot = (tare_slot){TARE_PLACE_ARENA, 0, NULL};
        add_block(l, bytes, step, output->last, &output->slot.at);
    }
    return TARE_OK;
}

static tare_status place(layout *l) {
    tare_draft *draft = l->draft;
    const int64_t most = draft->values.count + draft->order.count + 1;
    l->blocks = tare_arena_allocate_array(draft->work, most, sizeof *l->blocks);
    l->offsets = tare_arena_allocate_array(draft->work, most, sizeof *l->offsets);
    if (!l->blocks || !l->offsets) return tare_fail_memory(draft->error);
    for (int64_t step = 0; step < draft->order.count; step++) {
        const tare_draft_node *node = &draft->nodes.items[draft->order.items[step]];
        draft->scratch[step] = -1;
        if (node->control_only || node->prepared.alias >= 0) continue;
        TARE_TRY(add_outputs(l, node, step));
        if (node->prepared.scratch_bytes > 0)
            add_block(l, node->prepared.scratch_bytes, step, step, &draft->scratch[step]);
    }
    if (!tare_place_blocks(draft->work, draft->order.count, l->blocks, l->count,
                           &draft->plan->arena_bytes))
        return tare_fail_memory(draft->error);
    for (int64_t b = 0; b < l->count; b++) *l->offsets[b] = l->blocks[b].at;
    for (int64_t v = 0; v < draft->values.count; v++)
        draft->values.items[v].slot = value_at(l, root_of(l, (tare_value)v))->slot;
    return TARE_OK;
}

static tare_status share(layout *l) {
    tare_draft *draft = l->draft;
    for (int64_t step = 0; step < draft->order.count; step++) {
        tare_draft_node *node = &draft->nodes.items[draft->order.items[step]];
        if (!node->control_only) TARE_TRY(make_alias(l, node));
    }
    find_lifetimes(l);
    for (int64_t step = 0; step < draft->order.count; step++) {
        tare_draft_node *node = &draft->nodes.items[draft->order.items[step]];
        if (!node->control_only && node->prepared.alias < 0) TARE_TRY(write_over(l, node, step));
    }
    return TARE_OK;
}

tare_status tare_draft_layout(tare_draft *draft) {
    layout l = {.draft = draft};
    draft->scratch =
        tare_arena_allocate_array(draft->work, draft->order.count + 1, sizeof *draft->scratch);
    if (!draft->scratch) return tare_fail_memory(draft->error);
    for (int64_t i = 0; i < draft->order.count; i++)
        l.hoisted += draft->nodes.items[draft->order.items[i]].hoisted;
    TARE_TRY(share(&l));
    return place(&l);
}
