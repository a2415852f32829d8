/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The branches that nodes belong to. A branch is one condition (a predicate and the side it must
 * take) inside another branch; a node in it runs only when all those conditions hold.
 */
#include "graph/state.h"

const tare_branch_side *tare_graph_branch(const tare_graph *graph, int32_t branch) {
    return &graph->branches.items[branch];
}

bool tare_branch_encloses(const tare_graph *graph, int32_t a, int32_t b) {
    while (b && b != a) b = tare_graph_branch(graph, b)->parent;
    return a == b;
}

static bool same_condition(const tare_branch_side *a, const tare_branch_side *b) {
    return a->predicate.node == b->predicate.node && a->predicate.output == b->predicate.output &&
           a->side == b->side;
}

static bool condition_holds(const tare_graph *graph, const tare_branch_side *condition,
                            int32_t branch) {
    for (; branch; branch = tare_graph_branch(graph, branch)->parent)
        if (same_condition(condition, tare_graph_branch(graph, branch))) return true;
    return false;
}

bool tare_branch_visible(const tare_graph *graph, int32_t made, int32_t used,
                         const tare_branch_side *further) {
    if (made == 0 || made == used) return true;
    for (; made; made = tare_graph_branch(graph, made)->parent) {
        const tare_branch_side *condition = tare_graph_branch(graph, made);
        if (further && same_condition(condition, further)) continue;
        if (!condition_holds(graph, condition, used)) return false;
    }
    return true;
}

int32_t tare_branch_add(tare_graph *graph, tare_branch_side branch) {
    if (!tare_vector_reserve(&graph->allocator, &graph->branches, 1)) return -1;
    graph->branches.items[graph->branches.count] = branch;
    return (int32_t)graph->branches.count++;
}

/* The branch with this condition directly inside parent, made when there is none. */
static int32_t find_or_add(tare_graph *graph, const tare_branch_side *like, int32_t parent) {
    for (int64_t i = graph->branches.count - 1; i > 0; i--) {
        const tare_branch_side *branch = &graph->branches.items[i];
        if (branch->parent == parent && same_condition(branch, like)) return (int32_t)i;
    }
    return tare_branch_add(graph, (tare_branch_side){like->predicate, like->side, parent});
}

/* The enclosing branch so many levels up. */
static int32_t ancestor(const tare_graph *graph, int32_t branch, int32_t levels) {
    while (levels-- > 0) branch = tare_graph_branch(graph, branch)->parent;
    return branch;
}

int32_t tare_branch_within(tare_graph *graph, int32_t branch, int32_t within) {
    if (tare_branch_encloses(graph, within, branch)) return branch;
    int32_t levels = 0; /* of branch that do not enclose within */
    while (!tare_branch_encloses(graph, ancestor(graph, branch, levels), within)) levels++;
    int32_t result = within;
    while (levels-- > 0 && result >= 0) {
        const tare_branch_side like = *tare_graph_branch(graph, ancestor(graph, branch, levels));
        if (!condition_holds(graph, &like, result)) result = find_or_add(graph, &like, result);
    }
    return result;
}

int32_t tare_branch_enter(tare_graph *graph, int32_t branch) {
    tare_scope *scope = tare_scope_now(graph);
    const int32_t before = scope->branch;
    scope->branch = branch;
    return before;
}
