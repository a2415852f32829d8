/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of values, and nodes that take the place of others. */
#include "plan/absorb.h"

#include "base/status.h"

#include <string.h>

#define MERGED "merged: "

static bool reads(const tare_draft_node *node, int32_t input) {
    const bool shape_only = input < 32 && (node->def->shape_only >> input & 1u);
    return node->live && !node->control_only && !shape_only && node->inputs[input] != TARE_NO_VALUE;
}

tare_status tare_draft_find_readers(tare_draft *draft, tare_draft_reading *all) {
    const int64_t values = draft->values.count;
    int64_t inputs = 0;
    all->values = values;
    all->first = tare_arena_allocate_array(draft->work, values + 2, sizeof *all->first);
    if (!all->first) return tare_fail_memory(draft->error);
    for (int64_t n = 0; n < draft->nodes.count; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        for (int32_t i = 0; i < node->input_count; i++) {
            if (!reads(node, i)) continue;
            all->first[node->inputs[i] + 2]++;
            inputs++;
        }
    }
    all->readers = tare_arena_allocate_array(draft->work, inputs + 1, sizeof *all->readers);
    if (!all->readers) return tare_fail_memory(draft->error);
    for (int64_t v = 2; v <= values + 1; v++) all->first[v] += all->first[v - 1];
    for (int32_t n = 0; n < draft->nodes.count; n++) {
        const tare_draft_node *node = &draft->nodes.items[n];
        for (int32_t i = 0; i < node->input_count; i++)
            if (reads(node, i)) all->readers[all->first[node->inputs[i] + 1]++] = n;
    }
    return TARE_OK;
}

bool tare_draft_may_go(const tare_draft *draft, const tare_draft_node *node) {
    return node->live && !node->control_only && !node->target && node->output_count == 1 &&
           !draft->values.items[node->outputs[0]].fetched;
}

tare_draft_lower tare_draft_lower_for(tare_draft *draft, const tare_draft_node *node,
                                      const bool *wanted, tare_value *outputs,
                                      int32_t output_count) {
    tare_draft_lower lower =
        tare_draft_lower_of(draft, tare_draft_like_of(node), node->options, node->inputs,
                            node->input_count, wanted, outputs, output_count, 0);
    lower.lower.node = node->name;
    return lower;
}

/* What the node was merged from, or what it is: "relu 'Relu'". */
static void describe(const tare_draft_node *node, tare_text *text) {
    if (node->note && strncmp(node->note, MERGED, sizeof MERGED - 1) == 0)
        tare_text_add(text, node->note + sizeof MERGED - 1);
    else
        tare_text_format(text, "%s '%s'", node->def->name, node->name);
}

tare_status tare_draft_take_over(tare_draft *draft, tare_value made, int32_t from) {
    const int32_t index = draft->values.items[made].producer;
    const char *note = draft->nodes.items[index].note;
    tare_text text = {.allocator = draft->allocator};
    tare_text_add(&text, note ? note : MERGED);
    if (note) tare_text_add(&text, ", ");
    describe(&draft->nodes.items[from], &text);
    const tare_status status = tare_draft_note(draft, index, &text);
    tare_text_clear(&text);
    draft->nodes.items[from].replaced_by = index;
    return status == TARE_OK ? tare_draft_inherit_order(draft, index, from) : status;
}
