/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of tensors: facts by name, which no plan depends on. */
#include "graph/state.h"

#include "base/status.h"

#include <math.h>
#include <string.h>

/* Held for a few comparisons or a copy of the list; nobody else needs it long enough to sleep. */
static tare_ranges *ranges_enter(const tare_graph *graph) {
    while (!tare_flag_take(&graph->ranges->busy)) continue;
    return graph->ranges;
}

static void ranges_leave(tare_ranges *ranges) { tare_flag_give(&ranges->busy); }

static bool comes_before(tare_edge a, tare_edge b) {
    return a.node != b.node ? a.node < b.node : a.output < b.output;
}

/* The first place whose edge does not come before this one. */
static int64_t place_of(const tare_ranges *ranges, tare_edge edge) {
    int64_t low = 0, high = ranges->known.count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (comes_before(ranges->known.items[middle].edge, edge))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const tare_ranges *ranges, int64_t place, tare_edge edge) {
    return place < ranges->known.count && !comes_before(edge, ranges->known.items[place].edge);
}

/* There is room. */
static void put(tare_ranges *ranges, tare_edge_range range) {
    const int64_t place = place_of(ranges, range.edge);
    tare_edge_range *at = ranges->known.items + place;
    if (!stands_at(ranges, place, range.edge)) {
        memmove(at + 1, at, (size_t)(ranges->known.count - place) * sizeof *at);
        ranges->known.count++;
    }
    *at = range;
}

bool tare_graph_set_ranges(tare_graph *graph, const tare_edge_range *ranges, int64_t count) {
    if (count == 0) return true;
    tare_ranges *all = ranges_enter(graph);
    const bool room = tare_vector_reserve(&graph->allocator, &all->known, count);
    for (int64_t i = 0; room && i < count; i++) put(all, ranges[i]);
    ranges_leave(all);
    return room;
}

tare_status tare_range_check(const char *tensor, double min, double max, tare_error *error) {
    char low[TARE_NUMBER_TEXT], high[TARE_NUMBER_TEXT], got[2 * TARE_NUMBER_TEXT + 8];
    if (isfinite(min) && isfinite(max) && min <= max) return TARE_OK;
    tare_print(got, sizeof got, "%s..%s", tare_double_text(low, min), tare_double_text(high, max));
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, "range", tensor, got,
                        "two finite numbers, the first no greater than the second");
}

tare_status tare_graph_set_range(tare_graph *graph, const char *tensor, double min, double max,
                                 tare_error *error) {
    if (!graph || !tensor)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "graph_set_range needs a graph and a name");
    const tare_tensor found = tare_tensor_named(graph, tensor);
    const tare_node *node = tare_tensor_node(found);
    if (!node || node->output_count == 0)
        return tare_fail_at(error, TARE_ERROR_NAME, "range", tensor,
                            node ? "an operation, which has no numbers"
                                 : "a name that no tensor of the graph has",
                            "\"node:output\" of a tensor");
    TARE_TRY(tare_range_check(tensor, min, max, error));
    const tare_edge_range range = {{found.node, found.output}, min, max};
    return tare_graph_set_ranges(graph, &range, 1) ? TARE_OK : tare_fail_memory(error);
}

bool tare_graph_range(const tare_graph *graph, const char *tensor, double *min, double *max) {
    const tare_tensor found = tare_tensor_named(graph, tensor);
    if (!tare_tensor_is_valid(found) || !min || !max) return false;
    const tare_edge edge = {found.node, found.output};
    tare_ranges *ranges = ranges_enter(graph);
    const int64_t place = place_of(ranges, edge);
    const bool known = stands_at(ranges, place, edge);
    if (known) {
        *min = ranges->known.items[place].min;
        *max = ranges->known.items[place].max;
    }
    ranges_leave(ranges);
    return known;
}

const char *tare_graph_range_name(const tare_graph *graph, size_t i) {
    if (!graph) return NULL;
    tare_ranges *ranges = ranges_enter(graph);
    const bool known = i < (size_t)ranges->known.count;
    const tare_edge edge = known ? ranges->known.items[i].edge : (tare_edge){0, 0};
    ranges_leave(ranges);
    return known ? tare_graph_node(graph, edge.node)->output_names[edge.output] : NULL;
}
