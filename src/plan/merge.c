/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fourth pass: a node that says "I am an affine map of my input" (bias, frozen batch
 * normalisation, channel multiply) goes into the product before it, when that says "I can take
 * one". Capabilities decide, never kinds.
 *
 *     y = scale (x W + b) + shift  =  x (W scale) + (b scale + shift)
 *
 * A scale is taken only when it depends on variables and constants alone: folded weights are then
 * made once and again when a variable changes. Who else reads the product keeps it: it is computed
 * beside, so what is fetched changes no bit.
 */
#include "base/status.h"
#include "plan/draft.h"

/* The product that makes input 0 of the node, when the two may be merged; else NULL. */
static const tare_draft_node *product_before(const tare_draft *draft, const tare_draft_node *node) {
    if (!node->def->can || !node->def->can->as_affine || node->input_count < 1 ||
        node->inputs[0] == TARE_NO_VALUE || node->output_count != 1)
        return NULL;
    const int32_t producer = draft->values.items[node->inputs[0]].producer;
    if (producer < 0) return NULL;
    const tare_draft_node *product = &draft->nodes.items[producer];
    if (!product->def->can || !product->def->can->absorbs_affine || product->output_count != 1 ||
        product->guard != node->guard)
        return NULL;
    return product;
}

static bool persistent_or_absent(const tare_draft *draft, tare_value value) {
    return value == TARE_NO_VALUE || draft->values.items[value].persistent;
}

/* "batch_norm 'bn' into matmul 'dense/MatMul'" */
static tare_status note_merge(tare_draft *draft, int32_t index, const tare_draft_node *affine,
                              const tare_draft_node *product) {
    tare_text text = {.allocator = draft->allocator};
    tare_text_format(&text, "%s%s%s '%s' into %s '%s'",
                     product->note ? product->note : "merged: ", product->note ? "; " : "",
                     affine->def->name, affine->name, product->def->name, product->name);
    const tare_status status = tare_draft_note(draft, index, &text);
    tare_text_clear(&text);
    return status;
}

static tare_status merge_pair(tare_draft *draft, int32_t affine_index, int32_t product_index,
                              tare_value *merged) {
    const bool wanted[1] = {true};
    const tare_draft_node affine = draft->nodes.items[affine_index];
    const tare_draft_node product = draft->nodes.items[product_index];
    tare_affine map = {TARE_NO_VALUE, TARE_NO_VALUE};
    *merged = TARE_NO_VALUE;
    tare_draft_lower giver =
        tare_draft_lower_of(draft, tare_draft_like_of(&affine), affine.options, affine.inputs,
                            affine.input_count, wanted, NULL, 0, 0);
    tare_draft_lower taker =
        tare_draft_lower_of(draft, tare_draft_like_of(&affine), product.options, product.inputs,
                            product.input_count, wanted, merged, 1, 0);
    taker.lower.node = product.name;
    if (!affine.def->can->as_affine(&giver.lower) ||
        !product.def->can->absorbs_affine(&taker.lower))
        return TARE_OK;
    TARE_TRY(affine.def->can->make_affine(&giver.lower, &map));
    if (!persistent_or_absent(draft, map.scale)) return TARE_OK;
    if (map.scale != TARE_NO_VALUE && !persistent_or_absent(draft, map.shift)) return TARE_OK;
    TARE_TRY(product.def->can->absorb_affine(&taker.lower, &map));
    if (*merged == TARE_NO_VALUE) return TARE_OK;
    const int32_t index = draft->values.items[*merged].producer;
    TARE_TRY(note_merge(draft, index, &affine, &product));
    TARE_TRY(tare_draft_inherit_order(draft, index, affine_index));
    TARE_TRY(tare_draft_inherit_order(draft, index, product_index));
    draft->nodes.items[index].target = affine.target;
    draft->nodes.items[affine_index].replaced_by = index;
    return TARE_OK;
}

tare_status tare_draft_merge(tare_draft *draft) {
    if (!draft->request->merge) return TARE_OK;
    const int64_t values = draft->values.count, nodes = draft->nodes.count;
    tare_value *map = tare_draft_map(draft);
    if (!map) return tare_fail_memory(draft->error);
    for (int32_t n = 0; n < nodes; n++) {
        tare_draft_node *node = &draft->nodes.items[n];
        tare_draft_rewrite_node(node, map, values);
        const tare_draft_node *product = product_before(draft, node);
        if (!product || node->control_only) continue;
        const tare_value output = node->outputs[0];
        tare_value merged = TARE_NO_VALUE;
        TARE_TRY(merge_pair(draft, n, (int32_t)(product - draft->nodes.items), &merged));
        if (merged != TARE_NO_VALUE) map[output] = merged;
    }
    for (int64_t n = 0; n < draft->nodes.count; n++)
        tare_draft_rewrite_node(&draft->nodes.items[n], map, values);
    tare_draft_rewrite_results(draft, map);
    return TARE_OK;
}
