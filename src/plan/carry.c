/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seventh pass: steps that pass over memory ride on others that have the same numbers in the
 * cache (graph/op.h). Capabilities decide, never kinds.
 *
 *     rider, host              ->  host that makes its input by the rider, for all who read that
 *     riders, host             ->  host before which riders make its input bit by bit, for others
 *                                  who read it later
 *     host, rider              ->  host that tells the rider of its result
 *     host, changing rider     ->  host whose result the rider changes, where nobody else reads it
 *                                  and the host lets it
 *
 * A rider that looks at a result takes its other inputs before the host begins, so none of them may
 * wait for the host. Levels tell: what is lower does not.
 */
#include "plan/carry.h"
#include "base/status.h"
#include "plan/absorb.h"

typedef struct riding {
    tare_draft *draft;
    tare_draft_reading reading;
    int32_t *levels;
    uint32_t *made; /* by node: bits of its inputs that riders make, and keep */
    int32_t *bound; /* by node: what its riders wait for is below this level */
    bool *aboard;   /* by node: it rides, or carries */
    tare_value *map;
    int64_t nodes;
} riding;

/* Those that go together: host first. */
typedef struct crew {
    int32_t count, nodes[TARE_MOST_SEATS];
    int32_t host_inputs[TARE_MOST_SEATS]; /* that a rider makes; -1 */
    int32_t looked_at[TARE_MOST_SEATS];   /* input of a rider that others make; -1 */
    bool kept[TARE_MOST_SEATS];           /* it makes or changes a host's input in memory */
    tare_value result;                    /* what the host's result has become */
} crew;

static tare_draft_node *node_at(const riding *r, int32_t index) {
    return &r->draft->nodes.items[index];
}

static tare_draft_lower lower_of(const riding *r, int32_t index) {
    return tare_draft_lower_for(r->draft, node_at(r, index), NULL, NULL, 0);
}

static const tare_rider *rider_of(const riding *r, int32_t index) {
    const tare_draft_node *node = node_at(r, index);
    const bool runs = node->live && !node->control_only && !r->aboard[index];
    return runs && node->def->can ? node->def->can->rider : NULL;
}

static const tare_host *host_of(const riding *r, int32_t index) {
    const tare_draft_node *node = node_at(r, index);
    const bool runs = node->live && !node->control_only && node->output_count == 1;
    return runs && node->def->can ? node->def->can->host : NULL;
}

static bool rides(const riding *r, const tare_rider *rider, int32_t index) {
    const tare_draft_lower lower = lower_of(r, index);
    return rider->rides(&lower.lower);
}

static bool carries(const riding *r, const tare_host *host, int32_t index, uint32_t reads) {
    const tare_draft_lower lower = lower_of(r, index);
    return (reads & ~host->reads) == 0 && host->carries(&lower.lower, reads);
}

static bool lets_change(const riding *r, const tare_host *host, int32_t index) {
    const tare_draft_lower lower = lower_of(r, index);
    return host->changes && host->changes(&lower.lower);
}

/* ---- riders that make inputs */

/* The node's only input that has the value; -1: there is none. */
static int32_t only_input(const tare_draft_node *node, tare_value value) {
    int32_t found = -1;
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] != value) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
}

/* The bit of the host's only input that has the value; 0: there is none that riders may make. */
static uint32_t bit_of(const tare_draft_node *host, tare_value value) {
    const int32_t input = only_input(host, value);
    return input < 0 || input >= TARE_HOST_INPUTS ? 0 : 1U << input;
}

static bool makes_for(const riding *r, int32_t rider, int32_t host) {
    const tare_draft_node *node = node_at(r, rider);
    const tare_host *by = host_of(r, host);
    const uint32_t bit = by ? bit_of(node_at(r, host), node->outputs[0]) : 0;
    return bit != 0 && node->guard == node_at(r, host)->guard &&
           carries(r, by, host, r->made[host] | bit);
}

/* For all readers, or for none: one that needs the numbers in memory needs the pass. */
static void seat_maker(riding *r, int32_t index) {
    const tare_rider *rider = rider_of(r, index);
    const tare_draft_node *node = node_at(r, index);
    if (!rider || !rider->reads || !tare_draft_may_go(r->draft, node)) return;
    const tare_value value = node->outputs[0];
    const int64_t first = r->reading.first[value], end = r->reading.first[value + 1];
    if (end == first || end - first > rider->most_hosts || !rides(r, rider, index)) return;
    for (int64_t i = first; i < end; i++)
        if (!makes_for(r, index, r->reading.readers[i])) return;
    for (int64_t i = first; i < end; i++) {
        const int32_t host = r->reading.readers[i];
        r->made[host] |= bit_of(node_at(r, host), value);
    }
    r->aboard[index] = true;
}

/* Whether all that a node waits for is below a level, the value that it looks at aside. */
static bool waits_for_less(const riding *r, const tare_draft_node *node, tare_value looked_at,
                           int32_t level) {
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TARE_NO_VALUE || node->inputs[i] == looked_at) continue;
        const int32_t producer = r->draft->values.items[node->inputs[i]].producer;
        if (producer >= 0 && r->levels[producer] >= level) return false;
    }
    return node->after.count == 0;
}

/* ---- riders that make inputs in memory */

enum { MOST_LINKS = 3 }; /* one that makes, and others that change what it made */

/* Of a node that waits for its inputs alone, whether it is aboard or not; NULL: it does not ride.
 */
static const tare_rider *rider_at(const riding *r, int32_t index) {
    const tare_draft_node *node = index >= 0 ? node_at(r, index) : NULL;
    if (!node || !node->live || node->control_only || node->after.count > 0 || !node->def->can)
        return NULL;
    const tare_rider *rider = node->def->can->rider;
    return rider && rides(r, rider, index) ? rider : NULL;
}

/* The input that a changing node changes: one that another rider makes or changes for it alone, the
 * first that is made; -1: there is none. */
static int32_t changed_input(const riding *r, const tare_draft_node *node,
                             const tare_rider *rider) {
    int32_t found = -1;
    for (int32_t k = rider->input; k <= rider->input + rider->either; k++) {
        const tare_value value = node->inputs[k];
        const int32_t producer = r->draft->values.items[value].producer;
        const tare_rider *before = rider_at(r, producer);
        const bool alone = r->reading.first[value + 1] - r->reading.first[value] == 1;
        if (!before || !alone || only_input(node, value) != k ||
            !tare_draft_may_go(r->draft, node_at(r, producer)))
            continue;
        if (before->reads) return k;
        if (before->changes) found = k;
    }
    return found;
}

/* The riders that make a value, the last one first, and which input each changes; 0: it is not made
 * so. */
static int32_t climb(const riding *r, tare_value value, int32_t links[MOST_LINKS],
                     int32_t changed[MOST_LINKS]) {
    for (int32_t count = 0; count < MOST_LINKS;) {
        const int32_t index = r->draft->values.items[value].producer;
        const tare_rider *rider = rider_at(r, index);
        if (!rider || !(rider->reads || rider->changes)) return 0;
        const tare_draft_node *node = node_at(r, index);
        links[count] = index;
        changed[count] = rider->reads ? -1 : changed_input(r, node, rider);
        if (node->guard != node_at(r, links[0])->guard) return 0;
        if (changed[count++] < 0) return rider->reads ? count : 0;
        value = node->inputs[changed[count - 1]];
    }
    return 0;
}

/* Whether nothing that the host and its riders need waits for who reads the value. */
static bool is_ready(const riding *r, int32_t host, tare_value value) {
    const tare_draft_node *node = node_at(r, host);
    const int32_t level = r->levels[r->draft->values.items[value].producer] + 1;
    for (int32_t i = 0; i < TARE_HOST_INPUTS; i++)
        if ((r->made[host] >> i & 1U) &&
            !waits_for_less(r, node_at(r, r->draft->values.items[node->inputs[i]].producer),
                            TARE_NO_VALUE, level))
            return false;
    return waits_for_less(r, node, value, level);
}

/* The last node that the value may be made for in memory; -1: there is none. */
static int32_t find_keeper(const riding *r, tare_value value, int32_t guard) {
    const int64_t first = r->reading.first[value], end = r->reading.first[value + 1];
    for (int64_t i = end; end - first > 1 && i-- > first;) {
        const int32_t host = r->reading.readers[i];
        const tare_host *by = host_of(r, host);
        const uint32_t bit = by ? bit_of(node_at(r, host), value) << TARE_HOST_INPUTS : 0;
        if (bit && r->made[host] < TARE_KEEPS(0) && node_at(r, host)->guard == guard &&
            carries(r, by, host, r->made[host] | bit) && is_ready(r, host, value))
            return host;
    }
    return -1;
}

static void seat_keeper(riding *r, int32_t index) {
    const tare_draft_node *node = node_at(r, index);
    int32_t links[MOST_LINKS], changed[MOST_LINKS];
    if (!node->live || node->control_only || node->output_count != 1) return;
    const int32_t count = climb(r, node->outputs[0], links, changed);
    for (int32_t i = 0; i < count; i++)
        if (r->aboard[links[i]]) return;
    const int32_t host = count > 0 ? find_keeper(r, node->outputs[0], node->guard) : -1;
    if (host < 0) return;
    for (int32_t i = 0; i < count; i++) r->aboard[links[i]] = true;
    r->made[host] |= bit_of(node_at(r, host), node->outputs[0]) << TARE_HOST_INPUTS;
    r->bound[host] = r->levels[index] + 1;
}

static void take_links(const riding *r, crew *c, int32_t input) {
    int32_t links[MOST_LINKS], changed[MOST_LINKS];
    int32_t at = climb(r, node_at(r, c->nodes[0])->inputs[input], links, changed);
    while (at-- > 0) {
        c->host_inputs[c->count] = input;
        c->looked_at[c->count] = changed[at];
        c->kept[c->count] = true;
        c->nodes[c->count++] = links[at];
    }
}

/* ---- riders that look at results */

static bool looks_at(const riding *r, int32_t index, const crew *c) {
    const tare_rider *rider = rider_of(r, index);
    const tare_draft_node *node = node_at(r, index);
    if (!rider || rider->reads || c->count == TARE_MOST_SEATS ||
        node->guard != node_at(r, c->nodes[0])->guard)
        return false;
    const int32_t input = only_input(node, c->result);
    if (input != rider->input && !(rider->either && input == rider->input + 1)) return false;
    return waits_for_less(r, node, c->result, r->bound[c->nodes[0]]) && rides(r, rider, index);
}

static void take_aboard(riding *r, crew *c, int32_t index) {
    c->host_inputs[c->count] = -1;
    c->looked_at[c->count] = only_input(node_at(r, index), c->result);
    c->nodes[c->count++] = index;
    r->aboard[index] = true;
}

static void seat_listeners(riding *r, crew *c) {
    const int64_t end = r->reading.first[c->result + 1];
    for (int64_t i = r->reading.first[c->result]; i < end; i++) {
        const int32_t index = r->reading.readers[i];
        if (looks_at(r, index, c) && !rider_of(r, index)->changes) take_aboard(r, c, index);
    }
}

/* The only reader of the result, when it changes it; false: there is none. */
static bool seat_changer(riding *r, crew *c) {
    const int64_t first = r->reading.first[c->result], end = r->reading.first[c->result + 1];
    if (end - first != 1 || r->draft->values.items[c->result].fetched) return false;
    const int32_t index = r->reading.readers[first];
    if (!looks_at(r, index, c) || !rider_of(r, index)->changes) return false;
    take_aboard(r, c, index);
    c->result = node_at(r, index)->outputs[0];
    return true;
}

/* ---- the node that stands for all */

static const tare_type *types_of(const riding *r, const tare_value *values, int32_t count) {
    tare_type *types = tare_arena_allocate_array(r->draft->plan->arena, count + 1, sizeof *types);
    for (int32_t i = 0; types && i < count; i++)
        if (values[i] != TARE_NO_VALUE) types[i] = r->draft->values.items[values[i]].type;
    return types;
}

/* Whether the carrying node has the input itself: not of what is made by riders, only looked at, or
 * wanted for its shape. */
static bool is_own_input(const riding *r, const crew *c, int32_t seat, int32_t input) {
    const tare_op_def *def = node_at(r, c->nodes[seat])->def;
    if (def->shape_only >> input & 1U) return false;
    const uint32_t made = r->made[c->nodes[0]];
    if (seat == 0) return !((made | made >> TARE_HOST_INPUTS) >> input & 1U);
    return input != c->looked_at[seat];
}

/* Inputs that the node's op can have. */
static int32_t room_of(const tare_draft_node *node) {
    return node->def->max_inputs < 0 ? node->input_count : node->def->max_inputs;
}

/* Inputs and outputs of all, one after the other; a rider has all inputs that its op can have, and
 * one that makes or changes numbers no output of its own. */
static tare_status fill_seats(const riding *r, const crew *c, tare_carrying *of, tare_value *inputs,
                              int32_t *input_count, int32_t *output_count) {
    int32_t kept = 0;
    of->reads = r->made[c->nodes[0]];
    for (int32_t s = 0; s < c->count; s++) {
        const tare_draft_node *node = node_at(r, c->nodes[s]);
        const tare_rider *rider = s > 0 ? node->def->can->rider : NULL;
        tare_seat *seat = &of->seats[of->count++];
        const bool has_output = !rider || (rider->reads ? c->kept[s] : !rider->changes);
        *seat = (tare_seat){.def = node->def,
                            .options = node->options,
                            .input_count = node->input_count,
                            .output_count = node->output_count,
                            .room = room_of(node),
                            .first_input = *input_count,
                            .first_output = has_output   ? *output_count
                                            : c->kept[s] ? kept
                                                         : 0,
                            .host_input = c->host_inputs[s],
                            .kept = c->kept[s],
                            .inputs = types_of(r, node->inputs, node->input_count),
                            .outputs = types_of(r, node->outputs, node->output_count)};
        if (!seat->inputs || !seat->outputs) return tare_fail_memory(r->draft->error);
        for (int32_t i = 0; i < seat->room; i++)
            inputs[(*input_count)++] =
                i < node->input_count && is_own_input(r, c, s, i) ? node->inputs[i] : TARE_NO_VALUE;
        if (c->kept[s] && has_output) kept = *output_count;
        if (has_output) *output_count += node->output_count;
    }
    return TARE_OK;
}

/* The host's op as it is known by name, with riders. */
static tare_op_def *carrying_def(const riding *r, const tare_op_def *host) {
    tare_op_def *def = tare_arena_allocate(r->draft->plan->arena, sizeof *def);
    if (def)
        *def = (tare_op_def){.name = host->name,
                             .node_name = host->node_name,
                             .flags = TARE_OP_INTERNAL | TARE_OP_NEEDS_RESULT,
                             .prepare = tare_carry_prepare};
    return def;
}

/* The values that the carrying node makes stand for its crew's. */
static tare_status make_outputs(riding *r, const crew *c, int32_t index, int32_t count) {
    tare_draft *draft = r->draft;
    tare_value *made = tare_arena_allocate_array(draft->work, count + 1, sizeof *made);
    if (!made) return tare_fail_memory(draft->error);
    draft->nodes.items[index].outputs = made;
    draft->nodes.items[index].output_count = count;
    int32_t at = 0, kept = 0;
    for (int32_t s = 0; s < c->count; s++) {
        const tare_draft_node node = *node_at(r, c->nodes[s]);
        const tare_rider *rider = s > 0 ? node.def->can->rider : NULL;
        if (rider && rider->reads && !c->kept[s]) continue;
        for (int32_t o = 0; o < node.output_count; o++) {
            if (rider && rider->changes) {
                r->map[node.outputs[o]] = made[c->kept[s] ? kept : 0];
                continue;
            }
            if (c->kept[s]) kept = at;
            const tare_type type = draft->values.items[node.outputs[o]].type;
            const tare_value value = tare_draft_add_value(draft, type);
            if (value == TARE_NO_VALUE) return tare_fail_memory(draft->error);
            draft->values.items[value].producer = index;
            made[at++] = r->map[node.outputs[o]] = value;
        }
    }
    return TARE_OK;
}

static tare_status make_carrier(riding *r, const crew *c) {
    tare_draft *draft = r->draft;
    tare_carrying *of = tare_arena_allocate(draft->plan->arena, sizeof *of);
    int32_t room = 0, inputs = 0, outputs = 0;
    for (int32_t s = 0; s < c->count; s++) room += room_of(node_at(r, c->nodes[s]));
    tare_value *values = tare_arena_allocate_array(draft->work, room + 1, sizeof *values);
    const tare_draft_node host = *node_at(r, c->nodes[0]);
    tare_op_def *def = carrying_def(r, host.def);
    if (!of || !values || !def) return tare_fail_memory(draft->error);
    TARE_TRY(fill_seats(r, c, of, values, &inputs, &outputs));
    const int32_t index =
        tare_draft_add_node(draft, tare_draft_like_of(&host), def, of, values, inputs);
    if (index < 0) return tare_fail_memory(draft->error);
    TARE_TRY(make_outputs(r, c, index, outputs));
    for (int32_t s = 0; s < c->count; s++) {
        draft->nodes.items[index].target |= node_at(r, c->nodes[s])->target;
        TARE_TRY(tare_draft_take_over(draft, draft->nodes.items[index].outputs[0], c->nodes[s]));
    }
    return TARE_OK;
}

static tare_status fill_host(riding *r, int32_t index) {
    const tare_host *host = host_of(r, index);
    if (!host || r->aboard[index]) return TARE_OK;
    const tare_draft_node *node = node_at(r, index);
    crew c = {.count = 1,
              .nodes = {index},
              .host_inputs = {-1},
              .looked_at = {-1},
              .result = node->outputs[0]};
    for (int32_t i = 0; i < TARE_HOST_INPUTS; i++) {
        if (r->made[index] & TARE_KEEPS(i)) take_links(r, &c, i);
        if (!(r->made[index] >> i & 1U)) continue;
        c.host_inputs[c.count] = i;
        c.looked_at[c.count] = -1;
        c.nodes[c.count++] = r->draft->values.items[node->inputs[i]].producer;
    }
    if (host->finishes && carries(r, host, index, r->made[index])) {
        seat_listeners(r, &c);
        const bool changes = lets_change(r, host, index);
        while (changes && seat_changer(r, &c)) seat_listeners(r, &c);
    }
    if (c.count == 1) return TARE_OK;
    r->aboard[index] = true;
    return make_carrier(r, &c);
}

tare_status tare_draft_carry(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    riding r = {.draft = draft, .nodes = draft->nodes.count};
    const int64_t values = draft->values.count;
    r.map = tare_draft_map(draft);
    r.made = tare_arena_allocate_array(draft->work, r.nodes + 1, sizeof *r.made);
    r.aboard = tare_arena_allocate_array(draft->work, r.nodes + 1, sizeof *r.aboard);
    r.bound = tare_arena_allocate_array(draft->work, r.nodes + 1, sizeof *r.bound);
    if (!r.map || !r.made || !r.aboard || !r.bound) return tare_fail_memory(draft->error);
    TARE_TRY(tare_draft_find_readers(draft, &r.reading));
    TARE_TRY(tare_draft_find_levels(draft, &r.levels));
    for (int32_t n = 0; n < r.nodes; n++) r.bound[n] = r.levels[n];
    for (int32_t n = 0; n < r.nodes; n++) seat_maker(&r, n);
    for (int32_t n = 0; n < r.nodes; n++) seat_keeper(&r, n);
    for (int32_t n = 0; n < r.nodes; n++) TARE_TRY(fill_host(&r, n));
    for (int64_t n = 0; n < draft->nodes.count; n++)
        tare_draft_rewrite_node(&draft->nodes.items[n], r.map, values);
    tare_draft_rewrite_results(draft, r.map);
    return TARE_OK;
}
