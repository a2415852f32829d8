/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The twelfth pass, after ordering: elementwise steps over one shape whose results only the next
 * ones read run as one step, block by block. What passes between them stays in the nearest cache
 * and has no place in the arena. Capabilities decide, never kinds.
 *
 *     mul, add, sigmoid   ->  chain
 *
 * The steps' own kernels make every element, so no bit changes. The chain stands where its last
 * link stood: what an earlier one reads is there, and has not changed but for variables, so only
 * the last one may read a variable that is written.
 */
#include "plan/chain.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "plan/absorb.h"

typedef struct chaining {
    tare_draft *draft;
    tare_draft_reading reading;
    /* by node: the last link of the chain that it belongs to, -1; and the link after it, -1 */
    int32_t *last, *next;
    /* by last link: the first one, how many there are, after how many elements they repeat */
    int32_t *first, *count;
    int64_t *period;
} chaining;

static tare_draft_node *node_at(const chaining *c, int32_t index) {
    return &c->draft->nodes.items[index];
}

static const tare_type *type_of(const chaining *c, tare_value value) {
    return &c->draft->values.items[value].type;
}

/* ---- what can be a link */

/* How many elements of an input go round while all of `whole` are made: 0 where it is broadcast in
 * another way than a row at the end of the axes. */
static int64_t period_of(tare_shape input, tare_shape whole) {
    const int64_t count = tare_shape_count(input);
    int leading = 0;
    while (leading < input.rank && input.extents[leading] == 1) leading++;
    if (input.rank - leading > whole.rank) return 0;
    for (int d = leading; d < input.rank; d++)
        if (input.extents[d] != whole.extents[d + whole.rank - input.rank]) return 0;
    return count;
}

static bool may_repeat(int64_t period, int64_t with) {
    return period % with == 0 || with % period == 0;
}

/* The period of a node's inputs among each other, those as long as the result left out; 0: they do
 * not go by blocks. */
static int64_t period_of_inputs(const chaining *c, const tare_draft_node *node) {
    const tare_shape whole = type_of(c, node->outputs[0])->shape;
    const int64_t elements = tare_shape_count(whole);
    int64_t all = 1;
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TARE_NO_VALUE) return 0;
        const int64_t period = period_of(type_of(c, node->inputs[i])->shape, whole);
        if (period == elements) continue;
        if (period <= 0 || !may_repeat(period, all)) return 0;
        if (period > all) all = period;
    }
    return all <= 4 * TARE_CHAIN_BLOCK ? all : 0;
}

/* Arrays of fewer than two blocks stay in the cache as they are. */
static bool is_link(chaining *c, const tare_draft_node *node) {
    const unsigned never = TARE_OP_RANDOM | TARE_OP_STATEFUL | TARE_OP_CAN_FAIL;
    if (node->control_only || node->hoisted || node->output_count != 1 || !node->def->can ||
        !node->def->can->is_elementwise || (node->def->flags & never) || node->input_count < 1 ||
        node->input_count > TARE_LINK_INPUTS ||
        tare_shape_count(type_of(c, node->outputs[0])->shape) < 2 * TARE_CHAIN_BLOCK)
        return false;
    const tare_draft_lower lower = tare_draft_lower_for(c->draft, node, NULL, NULL, 0);
    return node->def->can->is_elementwise(&lower.lower) && period_of_inputs(c, node) > 0;
}

/* ---- who goes with whom */

static bool reads_what_changes(const chaining *c, const tare_draft_node *node) {
    for (int32_t i = 0; i < node->input_count; i++) {
        const tare_slot slot = c->draft->values.items[node->inputs[i]].slot;
        if (slot.place == TARE_PLACE_VARIABLE && c->draft->variable_written[slot.at]) return true;
    }
    return false;
}

/* The chain that alone reads what the node makes; -1: there is none. */
static int32_t chain_of_readers(const chaining *c, const tare_draft_node *node) {
    const tare_value made = node->outputs[0];
    const int64_t begin = c->reading.first[made], end = c->reading.first[made + 1];
    int32_t last = -1;
    for (int64_t r = begin; r < end; r++) {
        const int32_t chain = c->last[c->reading.readers[r]];
        if (chain < 0 || (r > begin && chain != last)) return -1;
        last = chain;
    }
    return last;
}

static bool joins(const chaining *c, const tare_draft_node *node, int32_t last) {
    const tare_draft_node *end = node_at(c, last);
    return last >= 0 && tare_draft_may_go(c->draft, node) && node->guard == end->guard &&
           c->count[last] < TARE_MOST_LINKS && !reads_what_changes(c, node) &&
           tare_shape_same(type_of(c, node->outputs[0])->shape,
                           type_of(c, end->outputs[0])->shape) &&
           may_repeat(period_of_inputs(c, node), c->period[last]);
}

/* Called from the last node to the first. */
static void place(chaining *c, int32_t index) {
    const tare_draft_node *node = node_at(c, index);
    if (!is_link(c, node)) return;
    const int32_t readers = chain_of_readers(c, node);
    const int32_t last = readers >= 0 && joins(c, node, readers) ? readers : index;
    const int64_t period = period_of_inputs(c, node);
    c->last[index] = last;
    c->next[index] = last == index ? -1 : c->first[last];
    c->first[last] = index;
    c->count[last]++;
    if (period > c->period[last]) c->period[last] = period;
}

/* ---- the node that stands for all */

/* The number of a value among those that the chain takes, which it is added to. */
static int32_t number_of(tare_value value, tare_value *taken, int32_t *count) {
    for (int32_t i = 0; i < *count; i++)
        if (taken[i] == value) return i;
    taken[*count] = value;
    return (*count)++;
}

/* The link that makes a value; -1: none of those before. */
static int32_t maker_of(const chaining *c, tare_value value, int32_t last, int32_t before) {
    int32_t link = 0;
    for (int32_t n = c->first[last]; n != before; n = c->next[n], link++)
        if (node_at(c, n)->outputs[0] == value) return link;
    return -1;
}

static tare_link link_of(const chaining *c, int32_t index, tare_value *taken, int32_t *count) {
    const tare_draft_node *node = node_at(c, index);
    tare_link link = {.def = node->def,
                      .options = node->options,
                      .input_count = node->input_count,
                      .output = type_of(c, node->outputs[0])->dtype};
    for (int32_t i = 0; i < node->input_count; i++) {
        const tare_type *type = type_of(c, node->inputs[i]);
        const int32_t maker = maker_of(c, node->inputs[i], c->last[index], index);
        link.inputs[i] = maker >= 0 ? maker : -1 - number_of(node->inputs[i], taken, count);
        link.dtypes[i] = type->dtype;
        link.single[i] = tare_shape_count(type->shape) == 1;
    }
    return link;
}

/* An input as large as the result that nobody else reads. */
static int32_t input_to_overwrite(const chaining *c, int32_t last, const tare_value *taken,
                                  int32_t count) {
    const tare_type *made = type_of(c, node_at(c, last)->outputs[0]);
    for (int32_t i = 0; i < count; i++) {
        const tare_draft_value *value = &c->draft->values.items[taken[i]];
        bool ends = value->producer >= 0 && !value->fetched &&
                    tare_dtype_size(value->type.dtype) == tare_dtype_size(made->dtype) &&
                    tare_shape_count(value->type.shape) == tare_shape_count(made->shape);
        for (int64_t r = c->reading.first[taken[i]]; r < c->reading.first[taken[i] + 1]; r++)
            ends = ends && c->last[c->reading.readers[r]] == last;
        if (ends) return i;
    }
    return -1;
}

/* "merged: mul 'a', add 'b', tanh 'c'; spares 2 arrays of 1.05 MB" */
static tare_status note_links(const chaining *c, int32_t index, int32_t last) {
    char number[TARE_NUMBER_TEXT];
    int64_t bytes = 0;
    tare_text text = {.allocator = c->draft->allocator};
    for (int32_t n = c->first[last]; n >= 0; n = c->next[n]) {
        const tare_draft_node *node = node_at(c, n);
        const tare_type *type = type_of(c, node->outputs[0]);
        tare_text_format(&text, "%s%s '%s'", n == c->first[last] ? "merged: " : ", ",
                         node->def->name, node->name);
        if (n != last)
            bytes += tare_shape_count(type->shape) * (int64_t)tare_dtype_size(type->dtype);
    }
    tare_text_format(&text, "; spares %s", tare_scaled_text(number, (double)bytes, "B"));
    const tare_status status = tare_draft_note(c->draft, index, &text);
    tare_text_clear(&text);
    return status;
}

static const tare_op_def chain_def = {.name = "chain",
                                      .node_name = "chain",
                                      .output_count = 1,
                                      .flags = TARE_OP_INTERNAL,
                                      .prepare = tare_chain_prepare};

static tare_status make_chain(const chaining *c, int32_t last, int32_t *index) {
    tare_draft *draft = c->draft;
    tare_chain *chain = tare_arena_allocate(draft->plan->arena, sizeof *chain);
    if (!chain) return tare_fail_memory(draft->error);
    tare_value taken[TARE_MOST_LINKS * TARE_LINK_INPUTS];
    int32_t count = 0;
    *chain = (tare_chain){.period = c->period[last]};
    for (int32_t n = c->first[last]; n >= 0; n = c->next[n])
        chain->links[chain->count++] = link_of(c, n, taken, &count);
    chain->over = input_to_overwrite(c, last, taken, count);
    const tare_draft_node end = *node_at(c, last);
    *index = tare_draft_add_node(draft, tare_draft_like_of(&end), &chain_def, chain, taken, count);
    if (*index < 0) return tare_fail_memory(draft->error);
    tare_draft_node *node = node_at(c, *index);
    node->live = true;
    node->target = end.target;
    node->outputs = end.outputs;
    node->output_count = 1;
    draft->values.items[end.outputs[0]].producer = *index;
    for (int32_t n = c->first[last]; n >= 0; n = c->next[n]) {
        node_at(c, n)->live = false;
        node_at(c, n)->replaced_by = *index;
    }
    return note_links(c, *index, last);
}

/* Chains in place of their last links, nothing in place of the others. */
static tare_status make_chains(const chaining *c, int64_t nodes) {
    tare_draft *draft = c->draft;
    int64_t kept = 0;
    for (int64_t at = 0; at < draft->order.count; at++) {
        int32_t index = draft->order.items[at];
        const int32_t last = index < nodes ? c->last[index] : -1;
        if (last >= 0 && last != index) continue;
        if (last >= 0 && c->count[last] > 1) TARE_TRY(make_chain(c, last, &index));
        draft->order.items[kept++] = index;
    }
    draft->order.count = kept;
    return TARE_OK;
}

tare_status tare_draft_chain(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    const int64_t nodes = draft->nodes.count;
    chaining c = {.draft = draft};
    c.last = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *c.last);
    c.next = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *c.next);
    c.first = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *c.first);
    c.count = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *c.count);
    c.period = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *c.period);
    if (!c.last || !c.next || !c.first || !c.count || !c.period)
        return tare_fail_memory(draft->error);
    TARE_TRY(tare_draft_find_readers(draft, &c.reading));
    for (int64_t n = 0; n < nodes; n++) {
        c.last[n] = -1;
        c.period[n] = 1;
    }
    for (int64_t at = draft->order.count; at-- > 0;) place(&c, draft->order.items[at]);
    return make_chains(&c, nodes);
}
