/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eighth pass: what is done to a product's results goes into the product, which does it while
 * they are in registers. Capabilities decide, never kinds.
 *
 *     product, add      ->  product that adds (a residual)
 *     product, relu     ->  product that clamps
 *
 * Both are done by the arithmetic of the steps that go, in their order, so no bit changes.
 */
#include <math.h>

#include "array/shape.h"
#include "base/status.h"
#include "plan/absorb.h"

/* The node that makes a value, when `reader` alone reads it and it may go; else -1. A reader that
 * waits for others besides might make the product wait for what waits for it. */
static int32_t maker_of(const tare_draft *draft, const tare_draft_reading *all, tare_value value,
                        const tare_draft_node *reader) {
    if (value == TARE_NO_VALUE || value >= all->values || reader->after.count > 0 ||
        all->first[value + 1] - all->first[value] != 1)
        return -1;
    const int32_t maker = draft->values.items[value].producer;
    if (maker < 0) return -1;
    const tare_draft_node *node = &draft->nodes.items[maker];
    const bool fits = tare_draft_may_go(draft, node) && node->guard == reader->guard &&
                      node->def->can && node->def->can->absorb_finish;
    return fits ? maker : -1;
}

/* Asks the maker; map: the node's result is then the new product's. */
static tare_status merge_into(tare_draft *draft, int32_t index, int32_t maker,
                              const tare_finish *finish, tare_value *map) {
    const bool wanted[1] = {true};
    tare_value made = TARE_NO_VALUE;
    const tare_draft_node node = draft->nodes.items[index], before = draft->nodes.items[maker];
    tare_draft_lower lower = tare_draft_lower_for(draft, &before, wanted, &made, 1);
    TARE_TRY(before.def->can->absorb_finish(&lower.lower, finish));
    if (made == TARE_NO_VALUE) return TARE_OK;
    draft->nodes.items[draft->values.items[made].producer].target = node.target;
    map[node.outputs[0]] = made;
    TARE_TRY(tare_draft_take_over(draft, made, maker));
    return tare_draft_take_over(draft, made, index);
}

static bool alike(const tare_draft *draft, tare_value a, tare_value b) {
    const tare_type *x = &draft->values.items[a].type, *y = &draft->values.items[b].type;
    return x->dtype == y->dtype && tare_shape_same(x->shape, y->shape);
}

/* A sum goes into the one of its two products that runs last: the other is then its addend. */
static tare_status merge_sum(tare_draft *draft, int32_t index, const tare_draft_reading *all,
                             tare_value *map) {
    const tare_draft_node node = draft->nodes.items[index];
    if (!alike(draft, node.inputs[0], node.inputs[1])) return TARE_OK;
    const int32_t makers[] = {maker_of(draft, all, node.inputs[0], &node),
                              maker_of(draft, all, node.inputs[1], &node)};
    const int last = makers[1] > makers[0];
    if (makers[last] < 0) return TARE_OK;
    const tare_finish finish = {node.inputs[last], node.inputs[1 - last], -INFINITY, INFINITY};
    return merge_into(draft, index, makers[last], &finish, map);
}

static tare_status merge_clamp(tare_draft *draft, int32_t index, const tare_draft_reading *all,
                               tare_value *map) {
    const tare_draft_node node = draft->nodes.items[index];
    const int32_t maker = maker_of(draft, all, node.inputs[0], &node);
    const double *bounds = node.def->can->clamps;
    if (maker < 0) return TARE_OK;
    const tare_finish finish = {node.inputs[0], TARE_NO_VALUE, bounds[0], bounds[1]};
    return merge_into(draft, index, maker, &finish, map);
}

/* All sums, or all clamps. */
static tare_status merge_all(tare_draft *draft, bool sums) {
    tare_draft_reading all;
    const int64_t values = draft->values.count, nodes = draft->nodes.count;
    tare_value *map = tare_draft_map(draft);
    if (!map) return tare_fail_memory(draft->error);
    TARE_TRY(tare_draft_find_readers(draft, &all));
    for (int32_t n = 0; n < nodes; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        tare_draft_rewrite_node(node, map, values);
        if (!node->live || node->control_only || !node->def->can) continue;
        if (sums && node->def->can->is_sum)
            TARE_TRY(merge_sum(draft, n, &all, map));
        else if (!sums && node->def->can->clamps)
            TARE_TRY(merge_clamp(draft, n, &all, map));
    }
    for (int64_t n = 0; n < draft->nodes.count; n++)
        tare_draft_rewrite_node(&draft->nodes.items[n], map, values);
    tare_draft_rewrite_results(draft, map);
    return tare_draft_prune(draft);
}

tare_status tare_draft_finish(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    TARE_TRY(merge_all(draft, true));
    return merge_all(draft, false);
}
