/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where every value lies. Values that share memory (an alias, a result written over its input) have
 * one root; a root is alive from its first step to its last; roots alive at different times share
 * the arena. Best fit over a list of free blocks, walking the steps once. What hoisted steps make
 * for others has memory of its own, for it lives on between runs.
 */
#include <string.h>

#include "array/shape.h"
#include "base/status.h"
#include "plan/draft.h"

typedef struct block {
    int64_t at, bytes;
} block;

typedef struct layout {
    tare_draft *draft;
    TARE_VECTOR(block) free; /* sorted by address, never adjacent */
    int64_t high;            /* bytes of arena so far */
    int64_t hoisted;         /* places in the order of hoisted steps: the first ones */
    int64_t *scratch;        /* by place in the order: offset, -1 */
    tare_value
        *ending; /* by place in the order: first root that ends there, chained by next_ending */
    tare_value *next_ending;
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

/* ----------------------------------------------------------------------- the free list */

static int64_t take(layout *l, int64_t bytes) {
    int64_t best = -1;
    for (int64_t i = 0; i < l->free.count; i++)
        if (l->free.items[i].bytes >= bytes &&
            (best < 0 || l->free.items[i].bytes < l->free.items[best].bytes))
            best = i;
    if (best >= 0) {
        block *found = &l->free.items[best];
        const int64_t at = found->at;
        found->at += bytes;
        found->bytes -= bytes;
        if (found->bytes == 0) {
            memmove(found, found + 1, (size_t)(l->free.count - best - 1) * sizeof *found);
            l->free.count--;
        }
        return at;
    }
    const int64_t at = l->high;
    l->high += bytes;
    return at;
}

static tare_status give(layout *l, int64_t at, int64_t bytes) {
    if (!tare_vector_reserve(l->draft->allocator, &l->free, 1))
        return tare_fail_memory(l->draft->error);
    int64_t i = l->free.count;
    while (i > 0 && l->free.items[i - 1].at > at) i--;
    memmove(l->free.items + i + 1, l->free.items + i,
            (size_t)(l->free.count - i) * sizeof *l->free.items);
    l->free.items[i] = (block){at, bytes};
    l->free.count++;
    if (i + 1 < l->free.count && at + bytes == l->free.items[i + 1].at) {
        l->free.items[i].bytes += l->free.items[i + 1].bytes;
        memmove(l->free.items + i + 1, l->free.items + i + 2,
                (size_t)(l->free.count - i - 2) * sizeof *l->free.items);
        l->free.count--;
    }
    if (i > 0 && l->free.items[i - 1].at + l->free.items[i - 1].bytes == at) {
        l->free.items[i - 1].bytes += l->free.items[i].bytes;
        memmove(l->free.items + i, l->free.items + i + 1,
                (size_t)(l->free.count - i - 1) * sizeof *l->free.items);
        l->free.count--;
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------- walking the steps */

static tare_status place_outputs(layout *l, const tare_draft_node *node) {
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
        output->slot = (tare_slot){TARE_PLACE_ARENA, take(l, rounded(bytes)), NULL};
        if (output->last < l->draft->order.count) {
            l->next_ending[node->outputs[o]] = l->ending[output->last];
            l->ending[output->last] = node->outputs[o];
        }
    }
    return TARE_OK;
}

static tare_status end_step(layout *l, int64_t step, const tare_draft_node *node) {
    for (tare_value v = l->ending[step]; v != TARE_NO_VALUE; v = l->next_ending[v]) {
        int64_t bytes = 0;
        TARE_TRY(bytes_of(l, v, &bytes));
        TARE_TRY(give(l, value_at(l, v)->slot.at, rounded(bytes)));
    }
    if (l->scratch[step] >= 0)
        TARE_TRY(give(l, l->scratch[step], rounded(node->prepared.scratch_bytes)));
    return TARE_OK;
}

static tare_status walk(layout *l) {
    tare_draft *draft = l->draft;
    for (int64_t step = 0; step < draft->order.count; step++) {
        const tare_draft_node *node = &draft->nodes.items[draft->order.items[step]];
        if (!node->control_only && node->prepared.alias < 0) {
            TARE_TRY(place_outputs(l, node));
            if (node->prepared.scratch_bytes > 0)
                l->scratch[step] = take(l, rounded(node->prepared.scratch_bytes));
        }
        TARE_TRY(end_step(l, step, node));
    }
    for (int64_t v = 0; v < draft->values.count; v++)
        draft->values.items[v].slot = value_at(l, root_of(l, (tare_value)v))->slot;
    draft->plan->arena_bytes = l->high;
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
    const int64_t steps = draft->order.count;
    l.scratch = tare_arena_allocate_array(draft->work, steps + 1, sizeof(int64_t));
    l.ending = tare_arena_allocate_array(draft->work, steps + 1, sizeof(tare_value));
    l.next_ending =
        tare_arena_allocate_array(draft->work, draft->values.count + 1, sizeof(tare_value));
    if (!l.scratch || !l.ending || !l.next_ending) return tare_fail_memory(draft->error);
    for (int64_t i = 0; i < steps; i++) l.scratch[i] = -1, l.ending[i] = TARE_NO_VALUE;
    for (int64_t i = 0; i < steps; i++)
        l.hoisted += draft->nodes.items[draft->order.items[i]].hoisted;
    tare_status status = share(&l);
    if (status == TARE_OK) status = walk(&l);
    draft->scratch = l.scratch;
    tare_vector_free(draft->allocator, &l.free);
    return status;
}
