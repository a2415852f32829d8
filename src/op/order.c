/* SPDX-License-Identifier: Apache-2.0 */
/* Axes in another order. */
#include "op/order.h"

#include "array/shape.h"

bool tare_reorder_freely(const tare_lower *node, tare_reordering *to) {
    (void)node, (void)to;
    return true;
}

const tare_capabilities tare_pointwise_can = {.any_order = UINT32_MAX,
                                              .reorder = tare_reorder_freely};

bool tare_is_elementwise(const tare_lower *node) {
    (void)node;
    return true;
}

const tare_capabilities tare_elementwise_can = {
    .any_order = UINT32_MAX, .reorder = tare_reorder_freely, .is_elementwise = tare_is_elementwise};

int64_t tare_reordered_axis(const tare_reordering *to, int64_t axis) {
    return to->perm.values[tare_shape_axis(axis, to->perm.count)];
}

tare_list tare_reordered_axes(const tare_reordering *to, tare_list axes) {
    for (int i = 0; i < axes.count; i++) axes.values[i] = tare_reordered_axis(to, axes.values[i]);
    return axes;
}

tare_list tare_reordered_list(const tare_reordering *to, tare_list list) {
    tare_list result = {.count = list.count};
    for (int k = 0; k < list.count; k++) result.values[to->perm.values[k]] = list.values[k];
    return result;
}

bool tare_reordered_mask(const tare_reordering *to, uint32_t mask, uint32_t *result) {
    int64_t last = -1;
    *result = 0;
    for (int k = 0; k < to->perm.count; k++) {
        if (!(mask >> k & 1u)) continue;
        if (to->perm.values[k] < last) return false;
        last = to->perm.values[k];
        *result |= 1u << last;
    }
    return true;
}
