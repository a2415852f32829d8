/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of steps: data first, then control dependencies, then variables.
 *
 * Writes of a variable run in order of creation. A plain read sees the value before the run, unless
 * the reader was created under a control dependency on writes: then it sees the value after the
 * last of those. A reader that cannot run before the next write (it depends on it) reads a copy
 * taken at the right moment.
 */
#include <stdlib.h>

#include "base/status.h"
#include "plan/draft.h"

typedef struct access {
    int32_t variable, node, input; /* input: of a read; -1 for a write */
} access;

typedef struct ordering {
    tare_draft *draft;
    TARE_VECTOR(access) reads;
    TARE_VECTOR(access) writes;
    int32_t *seen; /* by node: stamp of the last search that came by */
    int32_t stamp, *stack;
    int64_t room; /* nodes that seen and stack have room for */
} ordering;

/* Order of creation: the graph node first, then the order in which the plan's nodes were made for
 * it. */
static bool is_before(const tare_draft *draft, int32_t a, int32_t b) {
    const int32_t x = draft->nodes.items[a].origin, y = draft->nodes.items[b].origin;
    return x != y ? x < y : a < b;
}

/* The node that stands for another after merging; -1 when it does not run. */
static int32_t standing_for(const tare_draft *draft, int32_t node) {
    while (node >= 0 && !draft->nodes.items[node].live) node = draft->nodes.items[node].replaced_by;
    return node;
}

static tare_status make_room(ordering *o) {
    if (o->room >= o->draft->nodes.count) return TARE_OK;
    o->room = o->draft->nodes.count * 2;
    o->seen = tare_arena_allocate_array(o->draft->work, o->room + 1, sizeof(int32_t));
    o->stack = tare_arena_allocate_array(o->draft->work, o->room + 1, sizeof(int32_t));
    o->stamp = 0;
    return o->seen && o->stack ? TARE_OK : tare_fail_memory(o->draft->error);
}

static void visit(ordering *o, int32_t node, int64_t *depth) {
    node = standing_for(o->draft, node);
    if (node < 0 || o->seen[node] == o->stamp) return;
    o->seen[node] = o->stamp;
    o->stack[(*depth)++] = node;
}

static void visit_parents(ordering *o, int32_t index, int64_t *depth) {
    const tare_draft_node *node = &o->draft->nodes.items[index];
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TARE_NO_VALUE || (i < 32 && (node->def->shape_only >> i & 1u)))
            continue;
        const int32_t producer = o->draft->values.items[node->inputs[i]].producer;
        if (producer >= 0) visit(o, producer, depth);
    }
    for (int64_t i = 0; i < node->after.count; i++) visit(o, node->after.items[i], depth);
}

/* Stamps everything that must run before `node` because of its `after` list (all: its inputs too),
 * itself excluded. */
static tare_status stamp_ancestors(ordering *o, int32_t index, bool all) {
    TARE_TRY(make_room(o));
    o->stamp++;
    int64_t depth = 0;
    const tare_draft_node *node = &o->draft->nodes.items[index];
    if (all)
        visit_parents(o, index, &depth);
    else
        for (int64_t i = 0; i < node->after.count; i++) visit(o, node->after.items[i], &depth);
    while (depth > 0) visit_parents(o, o->stack[--depth], &depth);
    return TARE_OK;
}

static tare_status collect(ordering *o) {
    const tare_draft *draft = o->draft;
    for (int32_t n = 0; n < draft->nodes.count; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        if (!node->live || node->control_only) continue;
        for (int32_t i = 0; i < node->input_count; i++) {
            if (node->inputs[i] == TARE_NO_VALUE) continue;
            const tare_slot slot = draft->values.items[node->inputs[i]].slot;
            const bool shape_only = i < 32 && (node->def->shape_only >> i & 1u);
            if (slot.place != TARE_PLACE_VARIABLE || shape_only) continue;
            const bool writes = i < 32 && (node->def->writes >> i & 1u);
            if (!tare_vector_reserve(draft->allocator, &o->reads, 1) ||
                !tare_vector_reserve(draft->allocator, &o->writes, 1))
                return tare_fail_memory(draft->error);
            const access found = {(int32_t)slot.at, n, writes ? -1 : i};
            if (writes)
                o->writes.items[o->writes.count++] = found;
            else
                o->reads.items[o->reads.count++] = found;
        }
    }
    return TARE_OK;
}

/* By variable, then by index. */
static int compare_access(const void *left, const void *right) {
    const access *a = left, *b = right;
    if (a->variable != b->variable) return a->variable < b->variable ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static void sort_writes(ordering *o) {
    if (o->writes.count == 0) return;
    qsort(o->writes.items, (size_t)o->writes.count, sizeof(access), compare_access);
    /* Within a variable by creation: merging may have added nodes out of turn, so a final stable
     * pass. */
    for (int64_t i = 1; i < o->writes.count; i++)
        for (int64_t k = i;
             k > 0 && o->writes.items[k - 1].variable == o->writes.items[k].variable &&
             is_before(o->draft, o->writes.items[k].node, o->writes.items[k - 1].node);
             k--) {
            const access swapped = o->writes.items[k];
            o->writes.items[k] = o->writes.items[k - 1];
            o->writes.items[k - 1] = swapped;
        }
}

static tare_status chain_writes(ordering *o) {
    for (int64_t i = 1; i < o->writes.count; i++) {
        const access *before = &o->writes.items[i - 1], *after = &o->writes.items[i];
        if (before->variable == after->variable && before->node != after->node &&
            !tare_draft_run_after(o->draft, after->node, before->node))
            return tare_fail_memory(o->draft->error);
    }
    return TARE_OK;
}

/* First write of the variable, or -1. */
static int64_t first_write(const ordering *o, int32_t variable) {
    int64_t low = 0, high = o->writes.count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (o->writes.items[middle].variable < variable)
            low = middle + 1;
        else
            high = middle;
    }
    return low < o->writes.count && o->writes.items[low].variable == variable ? low : -1;
}

/* The reader reads a copy that is made between the writes `previous` (-1: none) and `next`. */
static tare_status read_a_copy(ordering *o, const access *read, int64_t previous, int64_t next) {
    tare_draft *draft = o->draft;
    const tare_draft_node *writer = &draft->nodes.items[o->writes.items[next].node];
    const tare_draft_like like = {writer->name, writer->origin, -1, writer->seed};
    tare_value copy = TARE_NO_VALUE;
    TARE_TRY(
        tare_draft_copy(draft, draft->nodes.items[read->node].inputs[read->input], like, &copy));
    const int32_t maker = draft->values.items[copy].producer;
    draft->nodes.items[maker].live = true;
    draft->values.items[copy].used = true;
    draft->nodes.items[read->node].inputs[read->input] = copy;
    if ((previous >= 0 && !tare_draft_run_after(draft, maker, o->writes.items[previous].node)) ||
        !tare_draft_run_after(draft, o->writes.items[next].node, maker))
        return tare_fail_memory(draft->error);
    return TARE_OK;
}

/* The last write that the reader was created after by a control dependency: -1 when there is none.
 */
static tare_status last_write_seen(ordering *o, const access *read, int64_t first, int64_t *last) {
    *last = -1;
    if (o->draft->nodes.items[read->node].after.count == 0) return TARE_OK;
    TARE_TRY(stamp_ancestors(o, read->node, false));
    for (int64_t w = first; w < o->writes.count && o->writes.items[w].variable == read->variable;
         w++)
        if (o->seen[o->writes.items[w].node] == o->stamp) *last = w;
    return TARE_OK;
}

static tare_status place_read(ordering *o, const access *read, int64_t last, int64_t first) {
    const int64_t next = last < 0 ? first : last + 1;
    if (next >= o->writes.count || o->writes.items[next].variable != read->variable) return TARE_OK;
    const int32_t writer = o->writes.items[next].node;
    if (writer == read->node) /* it reads and writes the same variable by different inputs */
        return read_a_copy(o, read, last, next);
    if (is_before(o->draft, writer, read->node)) {
        TARE_TRY(stamp_ancestors(o, read->node, true));
        if (o->seen[writer] == o->stamp) return read_a_copy(o, read, last, next);
    }
    if (!tare_draft_run_after(o->draft, writer, read->node))
        return tare_fail_memory(o->draft->error);
    return TARE_OK;
}

/* Which write each read sees is decided before any edge is added; readers created before a write go
 * first. */
static tare_status place_reads(ordering *o) {
    int64_t *seen = tare_arena_allocate_array(o->draft->work, o->reads.count + 1, sizeof *seen);
    if (!seen) return tare_fail_memory(o->draft->error);
    for (int64_t r = 0; r < o->reads.count; r++) {
        const int64_t first = first_write(o, o->reads.items[r].variable);
        seen[r] = -1;
        if (first >= 0) TARE_TRY(last_write_seen(o, &o->reads.items[r], first, &seen[r]));
    }
    TARE_TRY(chain_writes(o));
    for (int late = 0; late < 2; late++)
        for (int64_t r = 0; r < o->reads.count; r++) {
            const access *read = &o->reads.items[r];
            const int64_t first = first_write(o, read->variable);
            if (first < 0) continue;
            const int64_t next = seen[r] < 0 ? first : seen[r] + 1;
            const bool is_late = next < o->writes.count &&
                                 o->writes.items[next].variable == read->variable &&
                                 is_before(o->draft, o->writes.items[next].node, read->node);
            if (is_late == (late == 1)) TARE_TRY(place_read(o, read, seen[r], first));
        }
    return TARE_OK;
}

/* ------------------------------------------------------------- the sequence itself */

/* Updates of variables wait for all else that can run, so that they stand together. */
static bool is_late(const tare_draft *draft, int32_t node) {
    const tare_draft_node *it = &draft->nodes.items[node];
    return draft->request->merge && it->def->can && it->def->can->updates;
}

static bool is_sooner(const tare_draft *draft, int32_t a, int32_t b) {
    const bool late = is_late(draft, a);
    return late != is_late(draft, b) ? !late : is_before(draft, a, b);
}

/* A heap of nodes that are ready, the one to run next on top. */
typedef struct ready {
    const tare_draft *draft;
    int32_t *nodes;
    int64_t count;
} ready;

static void ready_push(ready *heap, int32_t node) {
    int64_t at = heap->count++;
    while (at > 0 && is_sooner(heap->draft, node, heap->nodes[(at - 1) / 2])) {
        heap->nodes[at] = heap->nodes[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->nodes[at] = node;
}

static int32_t ready_pop(ready *heap) {
    const int32_t top = heap->nodes[0], moved = heap->nodes[--heap->count];
    int64_t at = 0;
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= heap->count) break;
        if (child + 1 < heap->count &&
            is_sooner(heap->draft, heap->nodes[child + 1], heap->nodes[child]))
            child++;
        if (!is_sooner(heap->draft, heap->nodes[child], moved)) break;
        heap->nodes[at] = heap->nodes[child];
        at = child;
    }
    heap->nodes[at] = moved;
    return top;
}

/* Pairs of which the first must run before the second. */
typedef struct edges {
    int32_t *start, *next, *to; /* adjacency: start[from], chained by next */
    int32_t *waiting;           /* by node: how many it still waits for */
    int64_t count;
} edges;

static int64_t count_edges(const tare_draft *draft) {
    int64_t count = 0;
    for (int64_t n = 0; n < draft->nodes.count; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        int32_t guards = 0;
        for (int32_t g = node->guard; g >= 0; g = draft->guards.items[g].parent) guards++;
        count += node->input_count + node->after.count + guards;
    }
    return count;
}

static void add_edge(edges *e, const tare_draft *draft, int32_t from, int32_t to) {
    from = standing_for(draft, from);
    if (from < 0 || from == to) return;
    e->to[e->count] = to;
    e->next[e->count] = e->start[from];
    e->start[from] = (int32_t)e->count++;
    e->waiting[to]++;
}

static void add_edges_of(edges *e, const tare_draft *draft, int32_t n) {
    const tare_draft_node *node = &draft->nodes.items[n];
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TARE_NO_VALUE || (i < 32 && (node->def->shape_only >> i & 1u)))
            continue;
        const int32_t producer = draft->values.items[node->inputs[i]].producer;
        if (producer >= 0) add_edge(e, draft, producer, n);
    }
    for (int64_t i = 0; i < node->after.count; i++) add_edge(e, draft, node->after.items[i], n);
    for (int32_t g = node->guard; g >= 0; g = draft->guards.items[g].parent) {
        const int32_t producer = draft->values.items[draft->guards.items[g].predicate.at].producer;
        if (producer >= 0) add_edge(e, draft, producer, n);
    }
}

static tare_status make_edges(tare_draft *draft, edges *e) {
    const int64_t nodes = draft->nodes.count, count = count_edges(draft);
    e->start = tare_arena_allocate_array(draft->work, nodes + 1, sizeof(int32_t));
    e->waiting = tare_arena_allocate_array(draft->work, nodes + 1, sizeof(int32_t));
    e->next = tare_arena_allocate_array(draft->work, count + 1, sizeof(int32_t));
    e->to = tare_arena_allocate_array(draft->work, count + 1, sizeof(int32_t));
    if (!e->start || !e->waiting || !e->next || !e->to) return tare_fail_memory(draft->error);
    for (int64_t n = 0; n < nodes; n++) e->start[n] = -1;
    for (int32_t n = 0; n < nodes; n++)
        if (draft->nodes.items[n].live) add_edges_of(e, draft, n);
    return TARE_OK;
}

/* The node on top; when it is late, so are all that are ready, and they go together. */
static void take_next(tare_draft *draft, ready *heap) {
    int32_t node;
    do {
        node = ready_pop(heap);
        draft->order.items[draft->order.count++] = node;
    } while (heap->count > 0 && is_late(draft, node));
}

static tare_status sequence(tare_draft *draft) {
    edges e = {0};
    TARE_TRY(make_edges(draft, &e));
    const int64_t nodes = draft->nodes.count;
    ready heap = {.draft = draft,
                  .nodes = tare_arena_allocate_array(draft->work, nodes + 1, sizeof(int32_t))};
    if (!heap.nodes || !tare_vector_reserve(draft->allocator, &draft->order, nodes))
        return tare_fail_memory(draft->error);
    int64_t live = 0;
    for (int32_t n = 0; n < nodes; n++) {
        live += draft->nodes.items[n].live;
        if (draft->nodes.items[n].live && e.waiting[n] == 0) ready_push(&heap, n);
    }
    while (heap.count > 0) {
        int64_t at = draft->order.count;
        take_next(draft, &heap);
        for (; at < draft->order.count; at++)
            for (int32_t i = e.start[draft->order.items[at]]; i >= 0; i = e.next[i])
                if (--e.waiting[e.to[i]] == 0) ready_push(&heap, e.to[i]);
    }
    if (draft->order.count != live)
        return tare_fail(draft->error, TARE_ERROR_STATE,
                         "the steps of this run wait for each other in a circle of control "
                         "dependencies; needs an order");
    return TARE_OK;
}

/* Nodes of a circle, which ordering refuses later, keep level 0. */
tare_status tare_draft_find_levels(tare_draft *draft, int32_t **levels) {
    edges e = {0};
    const int64_t nodes = draft->nodes.count;
    int32_t *level = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *level);
    int32_t *queue = tare_arena_allocate_array(draft->work, nodes + 1, sizeof *queue);
    int64_t count = 0;
    if (!level || !queue) return tare_fail_memory(draft->error);
    TARE_TRY(make_edges(draft, &e));
    for (int32_t n = 0; n < nodes; n++)
        if (draft->nodes.items[n].live && e.waiting[n] == 0) queue[count++] = n;
    for (int64_t at = 0; at < count; at++) {
        const int32_t from = queue[at];
        if (draft->nodes.items[from].def->writes) level[from] = INT32_MAX;
        for (int32_t i = e.start[from]; i >= 0; i = e.next[i]) {
            const int32_t to = e.to[i], next = level[from] + (level[from] < INT32_MAX);
            if (next > level[to]) level[to] = next;
            if (--e.waiting[to] == 0) queue[count++] = to;
        }
    }
    *levels = level;
    return TARE_OK;
}

/* What is hoisted goes first; its inputs are hoisted too, so both halves stay in order. */
static tare_status hoisted_first(tare_draft *draft) {
    int32_t *sorted =
        tare_arena_allocate_array(draft->work, draft->order.count + 1, sizeof(int32_t));
    if (!sorted) return tare_fail_memory(draft->error);
    int64_t at = 0;
    for (int want = 1; want >= 0; want--)
        for (int64_t i = 0; i < draft->order.count; i++)
            if (draft->nodes.items[draft->order.items[i]].hoisted == (want == 1))
                sorted[at++] = draft->order.items[i];
    for (int64_t i = 0; i < at; i++) draft->order.items[i] = sorted[i];
    return TARE_OK;
}

tare_status tare_draft_order(tare_draft *draft) {
    ordering o = {.draft = draft};
    tare_status status = collect(&o);
    if (status == TARE_OK) {
        sort_writes(&o);
        status = place_reads(&o);
    }
    tare_vector_free(draft->allocator, &o.reads);
    tare_vector_free(draft->allocator, &o.writes);
    TARE_TRY(status);
    TARE_TRY(sequence(draft));
    return hoisted_first(draft);
}
