/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third pass: transposes move towards the results and cancel. A node that says "I do not mind
 * the order of these axes" and whose inputs are all transposed alike reads what was there before
 * the transposes, and its results are transposed instead:
 *
 *     f(transpose(x))              =  transpose(f'(x))       f' counts axes in the other order
 *     transpose(transpose(x))      =  one transpose of x, or x itself
 *     two like transposes of x     =  one
 *
 * So of a chain in channels-first order, whose convolutions and pools are computed channels last,
 * the transposes at its ends remain. Capabilities decide, never kinds.
 *
 * What is done to a node depends on what it is made of, never on who reads it: fetching more
 * changes no bit. The price is that a transpose with several such readers, none of which meets its
 * inverse, is done once for each of them.
 */
#include <string.h>

#include "array/permutation.h"
#include "array/shape.h"
#include "base/status.h"
#include "plan/draft.h"
#include <tare/op.h>

/* A transpose that is there: of which value, and the next one of the same value. */
typedef struct made {
    tare_list perm;
    int32_t guard;
    tare_value output;
    int32_t next; /* -1: none */
} made;

typedef struct reorder {
    tare_draft *draft;
    tare_value *map; /* values to what stands for them; the first `count` */
    int64_t count;
    int32_t *first; /* by value: its first transpose in `all`, -1 */
    TARE_VECTOR(made) all;
} reorder;

/* A value as a transpose of another; `by`: the node that is the transpose. */
typedef struct view {
    tare_value of;
    tare_list perm;
    int32_t by;
} view;

/* ------------------------------------------------------------------------- looking */

static const tare_capabilities *capabilities(const tare_draft *draft, int32_t node) {
    static const tare_capabilities none = {.any_order = 0};
    const tare_op_def *def = draft->nodes.items[node].def;
    return def->can ? def->can : &none;
}

/* What a node reads of a variable that this plan writes depends on the node's own place in the
 * order, so nothing may read it in its stead. */
static bool is_written(const tare_draft *draft, tare_value value) {
    const tare_slot slot = draft->values.items[value].slot;
    return slot.place == TARE_PLACE_VARIABLE && draft->variable_written[slot.at];
}

static bool is_transpose(tare_draft *draft, int32_t n, tare_list *perm) {
    const tare_draft_node *node = &draft->nodes.items[n];
    const tare_capabilities *can = capabilities(draft, n);
    if (!can->as_transpose || node->control_only || node->target) return false;
    if (node->inputs[0] == TARE_NO_VALUE || is_written(draft, node->inputs[0])) return false;
    tare_draft_lower lower = tare_draft_lower_of(draft, tare_draft_like_of(node), node->options,
                                                 node->inputs, node->input_count, NULL, NULL, 0, 0);
    can->as_transpose(&lower.lower, perm);
    return true;
}

static bool see_through(tare_draft *draft, tare_value value, view *seen) {
    const int32_t producer = value == TARE_NO_VALUE ? -1 : draft->values.items[value].producer;
    if (producer < 0 || !is_transpose(draft, producer, &seen->perm)) return false;
    seen->of = draft->nodes.items[producer].inputs[0];
    seen->by = producer;
    return true;
}

/* ---------------------------------------------------------------------- transposes */

static tare_value find(const reorder *r, const view *wanted, int32_t guard) {
    for (int32_t i = r->first[wanted->of]; i >= 0; i = r->all.items[i].next)
        if (r->all.items[i].guard == guard &&
            tare_same_permutation(r->all.items[i].perm, wanted->perm))
            return r->all.items[i].output;
    return TARE_NO_VALUE;
}

static tare_status keep(reorder *r, const view *what, int32_t guard, tare_value output) {
    if (!tare_vector_reserve(r->draft->allocator, &r->all, 1))
        return tare_fail_memory(r->draft->error);
    r->all.items[r->all.count] = (made){what->perm, guard, output, r->first[what->of]};
    r->first[what->of] = (int32_t)r->all.count++;
    return TARE_OK;
}

static tare_status emit(reorder *r, tare_draft_like like, const view *what, tare_value *output) {
    tare_draft_lower lower = tare_draft_lower_of(r->draft, like, NULL, NULL, 0, NULL, NULL, 0, 0);
    tare_transpose_options options = {TARE_TRANSPOSE_DEFAULTS};
    options.perm = what->perm;
    return lower.lower.emit(&lower.lower, "transpose", &options, &what->of, 1, output, 1);
}

/* The value that `what` describes: itself when nothing moves, one that is there, or a new one. */
static tare_status transposed(reorder *r, tare_draft_like like, const view *what,
                              tare_value *output) {
    *output = find(r, what, like.guard);
    if (*output != TARE_NO_VALUE) return TARE_OK;
    TARE_TRY(emit(r, like, what, output));
    return keep(r, what, like.guard, *output);
}

static bool is_in_order(tare_list perm) {
    for (int k = 0; k < perm.count; k++)
        if (perm.values[k] != k) return false;
    return true;
}

static tare_status visit_transpose(reorder *r, int32_t n, tare_list perm) {
    const tare_draft_node *node = &r->draft->nodes.items[n];
    const tare_value output = node->outputs[0];
    view own = {node->inputs[0], perm, n}, inner;
    const bool chained = see_through(r->draft, own.of, &inner);
    if (chained) own = (view){inner.of, tare_joined_permutations(inner.perm, perm), n};
    if (is_in_order(own.perm)) {
        r->map[output] = own.of;
        r->draft->plan->cancelled_transposes++;
        return TARE_OK;
    }
    const tare_draft_like like = tare_draft_like_of(node);
    if (!chained && find(r, &own, like.guard) == TARE_NO_VALUE)
        return keep(r, &own, like.guard, output);
    r->draft->plan->cancelled_transposes++;
    return transposed(r, like, &own, &r->map[output]);
}

/* ---------------------------------------------------------------------- other nodes */

static bool follows(const tare_draft *draft, int32_t n, int32_t input) {
    return input >= 32 ? capabilities(draft, n)->any_order == UINT32_MAX
                       : capabilities(draft, n)->any_order >> input & 1u;
}

/* The order that an input comes in by a transpose; the others must agree. */
static bool find_order(tare_draft *draft, int32_t n, view *found) {
    const tare_draft_node *node = &draft->nodes.items[n];
    for (int32_t i = 0; i < node->input_count; i++)
        if (follows(draft, n, i) && see_through(draft, node->inputs[i], found)) return true;
    return false;
}

/*
 * Input i as the node would get it, described as a view: of itself in order when it is a single
 * number, or in the inverse order when that moves nothing. False: it stands in the way.
 */
static bool find_input(tare_draft *draft, tare_value value, tare_list perm, view *given) {
    const tare_shape shape = draft->values.items[value].type.shape;
    if (see_through(draft, value, given)) {
        if (!tare_same_permutation(given->perm, perm)) return false;
        given->perm.count = 0;
        return true;
    }
    *given = (view){value, {.count = 0}, -1};
    if (tare_shape_count(shape) == 1 && shape.rank < perm.count) return true;
    given->perm = tare_inverse_permutation(perm);
    return shape.rank == perm.count && !is_written(draft, value) &&
           tare_permutation_moves_nothing(given->perm, shape);
}

/* Every input as it would be given; NULL `inputs`: no memory, *agree false: one stands in the way.
 */
static view *find_inputs(tare_draft *draft, int32_t n, tare_list perm, bool *agree) {
    const tare_draft_node *node = &draft->nodes.items[n];
    view *inputs = tare_arena_allocate_array(draft->work, node->input_count + 1, sizeof *inputs);
    *agree = inputs != NULL;
    for (int32_t i = 0; i < node->input_count && *agree; i++) {
        inputs[i] = (view){node->inputs[i], {.count = 0}, -1};
        if (follows(draft, n, i) && node->inputs[i] != TARE_NO_VALUE)
            *agree = find_input(draft, node->inputs[i], perm, &inputs[i]);
    }
    return inputs;
}

/* Asks the op; its changed options, NULL when it does mind. */
static tare_status ask(tare_draft *draft, int32_t n, tare_reordering *to, bool *agrees) {
    const tare_draft_node *node = &draft->nodes.items[n];
    const size_t size = tare_op_table(node->def)->size;
    to->options = tare_arena_allocate(draft->plan->arena, size);
    if (!to->options) return tare_fail_memory(draft->error);
    if (node->options) memcpy(to->options, node->options, size);
    tare_draft_lower lower = tare_draft_lower_of(draft, tare_draft_like_of(node), node->options,
                                                 node->inputs, node->input_count, NULL, NULL, 0, 0);
    *agrees = capabilities(draft, n)->reorder(&lower.lower, to);
    return TARE_OK;
}

static tare_status give_inputs(reorder *r, int32_t n, const view *inputs) {
    const tare_draft_like like = tare_draft_like_of(&r->draft->nodes.items[n]);
    for (int32_t i = 0; i < r->draft->nodes.items[n].input_count; i++) {
        tare_value value = inputs[i].of;
        if (inputs[i].perm.count > 0) TARE_TRY(transposed(r, like, &inputs[i], &value));
        r->draft->nodes.items[n].inputs[i] = value;
    }
    return TARE_OK;
}

/* Outputs that follow get the other order; whoever read them reads a transpose of them. */
static tare_status turn_outputs(reorder *r, int32_t n, const tare_reordering *to) {
    tare_draft *draft = r->draft;
    const tare_draft_like like = tare_draft_like_of(&draft->nodes.items[n]);
    const tare_list back = tare_inverse_permutation(to->perm);
    for (int32_t o = 0; o < draft->nodes.items[n].output_count; o++) {
        if (o < 32 ? !(to->outputs >> o & 1u) : to->outputs != UINT32_MAX) continue;
        const tare_value output = draft->nodes.items[n].outputs[o];
        tare_type *type = &draft->values.items[output].type;
        type->shape = tare_permuted_shape(type->shape, back);
        const view what = {output, to->perm, n};
        TARE_TRY(transposed(r, like, &what, &r->map[output]));
    }
    return TARE_OK;
}

static tare_status note(tare_draft *draft, int32_t n, const char *transpose) {
    tare_text text = {.allocator = draft->allocator};
    tare_text_format(&text, "moved: ahead of transpose '%s'", transpose);
    const tare_status status = tare_draft_note(draft, n, &text);
    tare_text_clear(&text);
    return status;
}

static tare_status visit_other(reorder *r, int32_t n) {
    tare_draft *draft = r->draft;
    view order;
    bool agree = false;
    if (!capabilities(draft, n)->reorder || draft->nodes.items[n].control_only ||
        !find_order(draft, n, &order))
        return TARE_OK;
    const view *inputs = find_inputs(draft, n, order.perm, &agree);
    if (!inputs) return tare_fail_memory(draft->error);
    tare_reordering to = {.perm = order.perm, .outputs = 1};
    if (agree) TARE_TRY(ask(draft, n, &to, &agree));
    if (!agree) return TARE_OK;
    TARE_TRY(give_inputs(r, n, inputs));
    draft->nodes.items[n].options = to.options;
    TARE_TRY(turn_outputs(r, n, &to));
    return note(draft, n, draft->nodes.items[order.by].name);
}

/* ------------------------------------------------------------------------- the pass */

static bool has_transposes(const tare_draft *draft) {
    for (int32_t n = 0; n < draft->nodes.count; n++)
        if (capabilities(draft, n)->as_transpose) return true;
    return false;
}

static tare_status walk(reorder *r) {
    const int64_t nodes = r->draft->nodes.count;
    tare_list perm;
    for (int32_t n = 0; n < nodes; n++) {
        tare_draft_rewrite_node(&r->draft->nodes.items[n], r->map, r->count);
        if (is_transpose(r->draft, n, &perm))
            TARE_TRY(visit_transpose(r, n, perm));
        else
            TARE_TRY(visit_other(r, n));
    }
    return TARE_OK;
}

tare_status tare_draft_reorder(tare_draft *draft) {
    if (!draft->request->merge || !has_transposes(draft)) return TARE_OK;
    reorder r = {.draft = draft, .map = tare_draft_map(draft), .count = draft->values.count};
    r.first = tare_arena_allocate_array(draft->work, r.count + 1, sizeof *r.first);
    if (!r.map || !r.first) return tare_fail_memory(draft->error);
    for (int64_t v = 0; v < r.count; v++) r.first[v] = -1;
    const tare_status status = walk(&r);
    tare_vector_free(draft->allocator, &r.all);
    TARE_TRY(status);
    tare_draft_rewrite_results(draft, r.map);
    return TARE_OK;
}
